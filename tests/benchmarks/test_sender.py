"""The sender against a server that counts: what it sends, and from when it measures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.bodies import numbered_body
from benchmarks.sender import MARK, Plan, rendered, run
from tests.store.builders import NOON
from worker.posted import look_at

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Server:
    """Answers every request, the first only after `hold_seconds`, in two pieces."""

    hold_seconds: float = 0.0
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    talks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self.talks.append(task)
        while head := await _until_empty_line(reader):
            (length,) = [line for line in head.split(b"\r\n") if line.startswith(b"content-length")]
            self.bodies.append(await reader.readexactly(int(length.split(b":")[1])))
            if len(self.bodies) == 1:
                await asyncio.sleep(self.hold_seconds)
            for piece in (ANSWER[:20], ANSWER[20:]):
                writer.write(piece)
                await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _until_empty_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Server]:
    async with await asyncio.start_server(server.talk, "127.0.0.1", 0) as started:
        server.url = f"http://127.0.0.1:{started.sockets[0].getsockname()[1]}/x"
        yield server
        await asyncio.gather(*server.talks)


def plan(server: Server, **changes: object) -> Plan:
    standard = {"bodies": [f'"{MARK}"'], "headers": {}, "seconds": 0.2, "connections": 1, "per_second": 50.0}
    return Plan(url=server.url, **(standard | changes))  # type: ignore[arg-type]


async def test_as_many_as_are_due_are_sent_each_with_a_number_of_its_own() -> None:
    async with listening(Server()) as server:
        sent = await run(plan(server, connections=3, first=7))
    assert sorted(server.bodies) == [b'"%012d"' % number for number in range(7, 17)]
    assert (len(sent.latencies), sent.answered(202), sent.unanswered) == (10, 10, 0)


async def test_what_had_to_wait_behind_a_stalled_answer_is_charged_for_it() -> None:
    async with listening(Server(hold_seconds=0.15)) as server:
        sent = await run(plan(server))
    # Those due at 20 ms and 40 ms could not even be sent: an honest clock runs from then on.
    assert sent.latencies[1] > 0.12
    assert sent.latencies[2] > 0.1


async def test_without_a_rate_the_next_goes_when_the_answer_is_there() -> None:
    async with listening(Server()) as server:
        sent = await run(plan(server, per_second=None, seconds=0.05, connections=2))
    assert len(server.bodies) == len(sent.latencies) > 2
    assert sent.per_second == pytest.approx(len(sent.latencies) / sent.seconds)


async def test_a_server_that_hangs_up_leaves_requests_unanswered() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _until_empty_line(reader)
        writer.close()
        await writer.wait_closed()

    server = Server()
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as started:
        server.url = f"http://127.0.0.1:{started.sockets[0].getsockname()[1]}/x"
        sent = await run(plan(server, per_second=None, seconds=0.05, connections=2))
    assert (sent.unanswered, sent.latencies) == (2, [])


async def test_every_body_is_an_alert_of_its_own_with_a_message_of_its_own() -> None:
    requests = rendered(Plan("http://127.0.0.1:1/x", [numbered_body("r", NOON)], {"x-y": "z"}, 1, 1))
    heads, bodies = zip(*(requests(number).split(b"\r\n\r\n", 1) for number in (1, 2)), strict=True)
    assert heads[0].endswith(b"x-y: z\r\ncontent-length: %d" % len(bodies[0]))
    alerts = [look_at(body, received_at=NOON).read().alert for body in bodies]
    assert len({alert.alert_id for alert in alerts}) == 2
    assert len({alert.message for alert in alerts}) == 2
    assert json.loads(bodies[0])["rule"] == json.loads(bodies[1])["rule"]
