"""A sender that costs little: requests made beforehand, a few connections that stay, one process of its own.

`python -m benchmarks.sender` reads a plan as JSON from stdin and writes what came back as JSON to stdout. With a rate,
requests are due at fixed moments and their time counts from those, so that a server that stalls is charged for all
that would have come meanwhile; without one, each connection sends the next as soon as it has its answer.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

# Stands in a body where the request's number goes: as wide as the number, so that the length stays.
MARK = "000000000000"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Plan:
    """`bodies` take turns and hold MARK where requests differ, whose numbers begin at `first`.

    `per_second` None: as fast as answers come.
    """

    url: str
    bodies: Sequence[str]
    headers: Mapping[str, str]
    seconds: float
    connections: int
    first: int = 0
    per_second: float | None = None


@dataclass
class Sent:
    """`latencies`: seconds of each answer. `seconds`: from the first request to the last answer."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    unanswered: int = 0
    cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def answered(self, status: int) -> int:
        return self.statuses[str(status)]


def send(plan: Plan) -> Sent:
    """In a process of its own, so that it waits for no one but the server. Raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sender"],
        input=json.dumps(vars(plan)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=plan.seconds + 6 * PATIENCE_SECONDS,
    )
    found = json.loads(done.stdout)
    return Sent(**{**found, "statuses": Counter(found["statuses"])})


def rendered(plan: Plan) -> Callable[[int], bytes]:
    """Request number → its bytes."""
    parts = urlsplit(plan.url)
    lines = [f"POST {parts.path} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in plan.headers.items()]
    requests = [_in_pieces([*lines, f"content-length: {len(body.encode())}", "", body]) for body in plan.bodies]
    return lambda number: (b"%012d" % number).join(requests[(number - plan.first) % len(requests)])


def _in_pieces(lines: Sequence[str]) -> list[bytes]:
    return "\r\n".join(lines).encode().split(MARK.encode())


class Connection(asyncio.Protocol):
    """One request at a time. `on_free` is called with it when it is connected and after each answer."""

    def __init__(self, sent: Sent, on_free: Callable[[Connection], None]) -> None:
        self._sent = sent
        self._on_free = on_free
        self._since = 0.0
        self._received = b""
        self.is_busy = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def request(self, raw: bytes, since: float) -> None:
        self._since, self.is_busy = since, True
        self._transport.write(raw)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not _is_whole(self._received):
            return
        self._sent.latencies.append(time.perf_counter() - self._since)
        self._sent.statuses[self._received[9:12].decode()] += 1
        self._received, self.is_busy = b"", False
        self._on_free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        if self.is_busy:
            self._sent.unanswered += 1
            self.is_busy = False

    def close(self) -> None:
        self._transport.close()


def _is_whole(received: bytes) -> bool:
    """Every server that is measured says its answer's length."""
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    _, _, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.partition(b"\r\n")[0])


async def run(plan: Plan) -> Sent:
    sent, loop, parts = Sent(), asyncio.get_running_loop(), urlsplit(plan.url)
    turns = Turns(plan, rendered(plan))
    connections: list[Connection] = []
    for _ in range(plan.connections):
        _, connection = await loop.create_connection(
            lambda: Connection(sent, turns.take), parts.hostname or "", parts.port or 0
        )
        connections.append(connection)
    began = time.perf_counter()
    await turns.run(connections)
    await _until(lambda: not any(one.is_busy for one in connections))
    sent.seconds = time.perf_counter() - began
    sent.unanswered += sum(one.is_busy for one in connections) + len(turns.due)
    for connection in connections:
        connection.close()
    sent.cpu_seconds = time.process_time()
    return sent


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while not condition() and time.perf_counter() < deadline:  # noqa: ASYNC110 - an event for it would cost each answer
        await asyncio.sleep(0.002)


class Turns:
    """Which connection sends what, and when."""

    def __init__(self, plan: Plan, render: Callable[[int], bytes]) -> None:
        self._plan = plan
        self._render = render
        self._number = plan.first
        self._until = 0.0
        self._free: deque[Connection] = deque()
        self.due: deque[float] = deque()

    def take(self, connection: Connection) -> None:
        if self._plan.per_second is None:
            if time.perf_counter() < self._until:
                self._send(connection, time.perf_counter())
        elif self.due:
            self._send(connection, self.due.popleft())
        else:
            self._free.append(connection)

    def _send(self, connection: Connection, since: float) -> None:
        connection.request(self._render(self._number), since)
        self._number += 1

    async def run(self, connections: list[Connection]) -> None:
        self._until = time.perf_counter() + self._plan.seconds
        for connection in connections:
            self.take(connection)
        if self._plan.per_second is None:
            await asyncio.sleep(self._plan.seconds)
        else:
            await self._by_schedule(self._plan.per_second)

    async def _by_schedule(self, per_second: float) -> None:
        began = time.perf_counter()
        for number in range(int(per_second * self._plan.seconds)):
            moment = began + number / per_second
            if (wait := moment - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            self.due.append(moment)
            if self._free:
                self._send(self._free.popleft(), self.due.popleft())
        await _until(lambda: not self.due)


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    json.dump(vars(uvloop.run(run(plan))), sys.stdout)


if __name__ == "__main__":
    main()
