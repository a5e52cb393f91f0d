"""A WebSocket of Channels."""

from channels.generic.websocket import WebsocketConsumer

from dashboards.live import push
from tests.interplay.dashboards import Live


class Echo(WebsocketConsumer):
    """Pushes each message to a dashboard, and sends it back."""

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        push(Live, "number", text_data)
        self.send(text_data=text_data)
