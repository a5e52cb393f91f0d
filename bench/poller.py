"""Viewers that poll like htmx: each requests every stat at each interval."""

import select
import socket
import time

_HEAD_END = b"\r\n\r\n"


class _Viewer:
    """One browser: one connection, one request after the other."""

    def __init__(self, port: int, requests: list[bytes], due: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.requests = requests
        self.due = due
        self.left: list[bytes] = []
        self.waits = False
        self._rest = b""

    def send(self) -> None:
        self.socket.sendall(self.left.pop())
        self.waits = True

    def read(self) -> bool:
        """Read; return True if a response is complete."""
        data = self.socket.recv(65_536)
        if not data:
            msg = "A polled server closed its connection."
            raise RuntimeError(msg)
        self._rest += data
        head, found, body = self._rest.partition(_HEAD_END)
        if not found:
            return False
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return False
        self._rest = body[length:]
        self.waits = False
        return True


def poll(port: int, requests: list[bytes], viewers: int, every: float, seconds: float) -> int:
    """Send all requests of the viewers at an interval; return how many were answered."""
    began = time.monotonic()
    crowd = [_Viewer(port, requests, began + every * n / viewers) for n in range(viewers)]
    epoll = select.epoll()
    by_descriptor = {viewer.socket.fileno(): viewer for viewer in crowd}
    for descriptor in by_descriptor:
        epoll.register(descriptor, select.EPOLLIN)
    answers = 0
    try:
        while (now := time.monotonic()) < began + seconds:
            for viewer in crowd:
                if viewer.due <= now:
                    viewer.due += every
                    if not viewer.waits:
                        viewer.left = list(viewer.requests)
                        viewer.send()
            pause = max(0.0, min(viewer.due for viewer in crowd) - time.monotonic())
            for descriptor, _ in epoll.poll(pause):
                viewer = by_descriptor[descriptor]
                if viewer.read():
                    answers += 1
                    if viewer.left:
                        viewer.send()
    finally:
        epoll.close()
        for viewer in crowd:
            viewer.socket.close()
    return answers
