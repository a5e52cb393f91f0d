"""Servers, pushers, users, and their faults."""

import asyncio
import contextlib
import json
import logging
import signal
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from tests.faults.checker import Checker, PromiseBrokenError, User
from tests.faults.edges import OwnEdge, PushpinEdge, make_edge
from tests.faults.network import End, Network, ask
from tests.faults.readers import HEARTBEAT_SECONDS, Reader, events_in, number_in
from tests.faults.stores import STORES, Fault, Store, network_faults
from tests.harness import ROOT, Site

logger = logging.getLogger(__name__)

RECOVERY_SECONDS = 20.0
"""After all faults have ended every page shows the newest within this time."""

_LIVE, _QUIET, _STAFF, _TROUBLED = (
    f"/site/{name}/@stream/" for name in ("live", "quiet", "staff", "troubled")
)
_USERS = 4
_SERVERS = 2


def _shown_by(key: str, number: int) -> Any:
    """Return a value of each kind that contains the number of its push."""
    # Each third with a character that no store can keep: it is replaced by U+FFFD.
    text = f"n:{number}:" if number % 3 else f"n:{number}:\udc80"
    if key == "chart":
        return {"data": [], "layout": {"title": {"text": text}}}
    return {"value": number % 100, "text": text} if key in {"bar", "dial"} else text


class Pusher:
    """A process that pushes to components of its own, so that their order is known."""

    def __init__(self, site: Site, dashboard: str, keys: Sequence[str], checker: Checker) -> None:
        self.keys = keys
        self.pushing = asyncio.Event()
        self._site = site
        self._dashboard = dashboard
        self._checker = checker
        self._busy = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, random: Random) -> None:
        while True:
            await self.pushing.wait()
            keys = random.sample(self.keys, random.randint(1, len(self.keys)))
            async with self._busy:
                done = await self._push(keys)
            await asyncio.sleep(random.uniform(0.1, 0.5) if done else 0.5)

    async def rest(self) -> None:
        """Stop pushing, and wait for the acknowledgement of the last push."""
        self.pushing.clear()
        async with self._busy:
            pass

    async def push_huge(self) -> None:
        """Push a value that is refused for its size, together with one that is accepted."""
        async with self._busy:
            await self._push(self.keys[:1], huge=True)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _push(self, keys: Sequence[str], *, huge: bool = False) -> bool:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "django", "push_values", self._dashboard),
                cwd=ROOT,
                env=self._site.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        number = self._checker.next_push()
        values = {key: _shown_by(key, number) for key in keys}
        if huge:
            values = dict.fromkeys(keys, f"n:{number}:" + "x" * 3000000)
        assert self._process.stdin
        assert self._process.stdout
        answer = b""
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(values).encode() + b"\n")
            await self._process.stdin.drain()
            answer = await self._process.stdout.readline()
        if not answer:
            await self._process.wait()
            self._process = None
            return False
        if "failed" in json.loads(answer):
            return False
        self._checker.acknowledged(number, list(keys))
        return True


class Storm:
    """The test site on two servers, its readers, pushers and staff."""

    def __init__(
        self,
        store: Store,
        edge: OwnEdge | PushpinEdge,
        sites: Sequence[Site],
        ports: Sequence[int],
        random: Random,
    ) -> None:
        self.checker = Checker()
        self.recoveries: list[float] = []
        self.faults_struck = 0
        self._store = store
        self._edge = edge
        self._sites = sites
        self._random = random
        self._networks = [Network(partial(_connect, port)) for port in ports]
        self._site_locks = [asyncio.Lock() for _ in sites]
        self._users = [User(f"user{number}") for number in range(_USERS)]
        self._readers: list[Reader] = []
        self._work: list[asyncio.Task[None]] = []
        self._pushers = [
            Pusher(sites[0], "Live", ("number", "note", "bar"), self.checker),
            Pusher(sites[0], "Live", ("dial", "chart"), self.checker),
            # No later push repairs a missed one there.
            Pusher(sites[0], "Quiet", ("silence",), self.checker),
            Pusher(sites[0], "Staff", ("secret",), self.checker),
        ]
        self._changing_users = asyncio.Event()
        self._users_lock = asyncio.Lock()
        self._store_lock = asyncio.Lock()
        self._admin = User("admin")
        self.faults = self._all_faults()

    def _all_faults(self) -> dict[str, Fault]:
        faults: dict[str, Fault] = {}
        for number, network in enumerate(self._networks):
            faults |= network_faults(network, self._random, f"network to server {number}")
            faults[f"server {number} killed"] = partial(self._restart, number, signal.SIGKILL)
            faults[f"server {number} stopped"] = partial(self._restart, number, signal.SIGTERM)
            faults[f"server {number} frozen"] = partial(self._freeze, number)
        for number, pusher in enumerate(self._pushers):
            faults[f"pusher {number} killed"] = pusher.kill
            faults[f"pusher {number} pushes too much"] = pusher.push_huge
        faults |= {
            name: partial(self._store_fault, each) for name, each in self._store.faults.items()
        }
        faults |= self._edge.faults
        if self._store.wipe:
            faults["store emptied"] = partial(self._store_fault, self._wipe)
        return faults

    async def _restart(self, number: int, how: signal.Signals) -> None:
        site = self._sites[number]
        async with self._site_locks[number]:
            site.signal(how)
            assert site.process
            try:
                await asyncio.to_thread(site.process.wait, 5)
            except subprocess.TimeoutExpired:
                # Else a server waits without limit for a client that does not read.
                await asyncio.to_thread(site.kill)
            await asyncio.sleep(self._random.uniform(0, 1))
            await asyncio.to_thread(site.start)

    async def _freeze(self, number: int) -> None:
        site = self._sites[number]
        async with self._site_locks[number]:
            site.signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(self._random.uniform(1, 8))
            finally:
                site.signal(signal.SIGCONT)

    async def _store_fault(self, fault: Fault) -> None:
        # One after the other: a server that is down cannot be killed.
        async with self._store_lock:
            self.checker.store_fails()
            try:
                await fault()
            finally:
                self.checker.store_healed()

    async def _wipe(self) -> None:
        assert self._store.wipe
        # A put acknowledged while the store is killed may be lost or not.
        for pusher in self._pushers:
            await pusher.rest()
        await self._store.wipe()
        self.checker.forget()
        self._start_pushing()

    def _start_pushing(self) -> None:
        for pusher in self._pushers:
            pusher.pushing.set()

    @asynccontextmanager
    async def raging(self, readers: int) -> AsyncIterator[None]:
        """Let readers read, pushers push, and users sign in and out."""
        for network in self._networks:
            await network.start()
        ports = [network.port for network in self._networks]
        await asyncio.gather(*(self._grant(user) for user in (self._admin, *self._users)))
        staff = max(len(self._users), readers // 10)
        self._readers = [
            Reader(ports, _STAFF, self.checker, self._users[number % len(self._users)])
            for number in range(staff)
        ]
        self._readers += [
            Reader(ports, _QUIET if number % 5 == 0 else _LIVE, self.checker)
            for number in range(readers - staff)
        ]
        # Values that hang, raise or are refused, beside those that are checked.
        self._troubled = Reader(ports, _TROUBLED, self.checker)
        for work in (
            *(reader.run() for reader in (*self._readers, self._troubled)),
            *(pusher.run(self._random) for pusher in self._pushers),
            self._change_users(),
        ):
            self._work.append(asyncio.create_task(work))
        try:
            yield
        finally:
            for task in self._work:
                task.cancel()
            await asyncio.gather(*self._work, return_exceptions=True)
            for pusher in self._pushers:
                await pusher.kill()
            for network in self._networks:
                await network.stop()

    # ---- People ----

    async def _ask(self, path: str, **headers: str) -> tuple[Mapping[str, str], str]:
        """Send a request to the servers until one answers."""
        while True:
            site = self._random.choice(self._sites)
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(10):
                    status, answered, body = await ask(site.port, path, **headers)
                if status == 200:
                    return answered, body
            await asyncio.sleep(0.2)

    async def _grant(self, user: User) -> None:
        user.revoked_at = None
        await self._ask(f"/staff/{user.name}/1/")
        if not user.cookie:
            headers, _ = await self._ask(f"/login/{user.name}/")
            user.cookie = headers["set-cookie"].split(";")[0]
        for reader in self._readers:
            if reader.user is user:
                reader.reload()

    async def _revoke(self, user: User) -> None:
        user.revoked_by = self._random.choice(["demotion", "logout"])
        if user.revoked_by == "demotion":
            await self._ask(f"/staff/{user.name}/0/")
        else:
            await self._ask("/logout/", Cookie=user.cookie)
            user.cookie = ""
        user.revoked_at = monotonic()

    async def _change_users(self) -> None:
        while True:
            await self._changing_users.wait()
            user = self._random.choice(self._users)
            async with self._users_lock:
                await (self._revoke if user.revoked_at is None else self._grant)(user)
            await asyncio.sleep(self._random.uniform(0, 1))

    # ---- Rounds ----

    async def strike(self, names: Sequence[str]) -> None:
        """Let these faults happen together; after their end, check all readers."""
        self._start_pushing()
        self._changing_users.set()
        logger.info("Now: %s.", "; ".join(names))
        self.faults_struck += len(names)
        await asyncio.gather(*(self._after_a_moment(self.faults[name]) for name in names))
        for pusher in self._pushers:
            await pusher.rest()
        self._changing_users.clear()
        async with self._users_lock:
            pass
        logger.info("All has ended; pages may take %d s.", RECOVERY_SECONDS)
        await self._recover()
        for task in self._work:
            assert not task.done(), task

    async def _after_a_moment(self, fault: Fault) -> None:
        await asyncio.sleep(self._random.uniform(0, 1))
        await fault()

    async def _recover(self) -> None:
        calm_since = monotonic()
        laggards = ["nobody was asked"]
        while laggards:
            self.checker.check()
            if monotonic() > calm_since + RECOVERY_SECONDS:
                shown = "\n".join(laggards[:10])
                msg = f"{len(laggards)} of {len(self._readers)} pages are wrong:\n{shown}"
                raise PromiseBrokenError(msg)
            await asyncio.sleep(0.1)
            truth = {path: await self._truth(path) for path in (_LIVE, _QUIET, _STAFF)}
            laggards = list(self._laggards(truth, calm_since))
        self.recoveries.append(monotonic() - calm_since)
        logger.info("All pages are right after %.1f s.", self.recoveries[-1])

    async def _truth(self, path: str) -> dict[str, int]:
        """Return the values of a page that is opened now."""
        cookie = {"Cookie": self._admin.cookie}
        _, body = await self._ask(f"{path}?hold=0", Accept="text/event-stream", **cookie)
        numbers = {
            event["event"]: number_in(event["data"]) for event in events_in(body) if "data" in event
        }
        return {key: number for key, number in numbers.items() if number is not None}

    def _laggards(self, truth: Mapping[str, dict[str, int]], calm_since: float) -> Iterable[str]:
        everything = {key: number for each in truth.values() for key, number in each.items()}
        for key, number in self.checker.expected.items():
            shown = everything.get(key, 0)
            # An unacknowledged put may have taken effect later, too.
            if shown < number and shown not in self.checker.unacknowledged:
                yield f"a new page shows push {shown} of {key}, not {number}"
        for number, reader in enumerate(self._readers):
            name = f"reader {number} ({reader.user.name if reader.user else 'anonymous'})"
            if reader.user and reader.user.revoked_at is not None:
                if reader.state != "refused":
                    yield f"{name} lost access and is {reader.state}"
                continue
            shown_there = {key: reader.shown.get(key) for key in truth[reader.path]}
            if shown_there != truth[reader.path]:
                yield f"{name}, {reader.state}, shows {shown_there}, not {truth[reader.path]}"
            elif reader.path == _LIVE and reader.computed_at < calm_since:
                yield f"{name}, {reader.state}, shows an old computed value"

    def summary(self) -> str:
        checker, recoveries = self.checker, sorted(self.recoveries)
        return (
            f"{self.faults_struck} faults in {len(recoveries)} rounds on {len(self._readers)} "
            f"readers; {checker.connects} connects, {checker.silences} given up in silence, "
            f"{checker.dropped} events late or again and dropped; "
            f"{checker.pushes} pushes acknowledged, {len(checker.unacknowledged)} not; "
            f"{checker.events} events, {checker.excused} of them after a revocation that the "
            "failing store may not have been told; recovery in "
            f"{statistics.median(recoveries):.1f} s (median), {recoveries[-1]:.1f} s (slowest)."
        )


async def _connect(port: int) -> End:
    return await asyncio.open_connection("127.0.0.1", port)


@asynccontextmanager
async def storm(
    folder: Path, store: str, random: Random, readers: int, edge: str = "own"
) -> AsyncIterator[Storm]:
    """Run two servers of the test site on one store, with readers, pushers and staff."""
    async with AsyncExitStack() as stack:
        failing = await stack.enter_async_context(STORES[store](folder, random))
        holding = make_edge(edge, _SERVERS, random)
        environment = {
            **failing.environment,
            **holding.environment,
            "TEST_HEARTBEAT": str(HEARTBEAT_SECONDS),
            "TEST_TROUBLED": "1",
        }
        site = await asyncio.to_thread(partial(Site, folder, **environment))
        sites = [site, *(site.twin() for _ in range(_SERVERS - 1))]
        for site in sites:
            stack.callback(site.stop)
        await asyncio.gather(*(asyncio.to_thread(site.start) for site in sites))
        ports = await stack.enter_async_context(holding.before(sites))
        storm = Storm(failing, holding, sites, ports, random)
        await stack.enter_async_context(storm.raging(readers))
        yield storm
