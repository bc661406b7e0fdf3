"""TLS in front of a broker that has none built in, as stunnel, a service mesh or a cloud's endpoint does it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
# For localhost and 127.0.0.1; and one for another name, signed by itself, which a client may show as well.
SERVER, AUTHORITY = TESTS / "delivery/tls/localhost.pem", TESTS / "delivery/tls/authority.pem"
ANOTHER = TESTS / "broker/tls/client.pem"
HANDSHAKE = 0x16
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextmanager
def terminating(upstream_port: int, *, certificate: Path = SERVER, asks_for: Path | None = None) -> Iterator[int]:
    """The port at which TLS is spoken. `asks_for`: the certificate without which no client is let in.

    What is not TLS is passed on as it is, since a Sentinel of the tests watches the same address in plain text.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if asks_for:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(asks_for)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    loop = asyncio.new_event_loop()
    task = loop.create_task(_serve(listening, context, upstream_port))
    thread = threading.Thread(target=_run, args=(loop, task))
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        listening.close()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _serve(listening: socket.socket, context: ssl.SSLContext, upstream_port: int) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as clients:
        while True:
            accepted, _ = await loop.sock_accept(listening)
            clients.create_task(_pass_on(accepted, context, upstream_port))


async def _pass_on(accepted: socket.socket, context: ssl.SSLContext, upstream_port: int) -> None:
    """Until either side has gone; a client that does not trust us, or that we do not, goes at once."""
    with suppress(OSError):
        is_tls = await _first_byte(accepted) == HANDSHAKE
        async with (
            _open(accepted, context if is_tls else None) as theirs,
            _connect(upstream_port) as ours,
            asyncio.TaskGroup() as pumps,
        ):
            pumps.create_task(_pump(theirs[0], ours[1]))
            pumps.create_task(_pump(ours[0], theirs[1]))


async def _first_byte(accepted: socket.socket) -> int | None:
    readable, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(accepted, readable.set)
    await readable.wait()
    loop.remove_reader(accepted)
    return next(iter(accepted.recv(1, socket.MSG_PEEK)), None)


@asynccontextmanager
async def _open(accepted: socket.socket, context: ssl.SSLContext | None) -> AsyncIterator[Streams]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, ssl=context)
    try:
        yield reader, asyncio.StreamWriter(transport, protocol, reader, loop)
    finally:
        transport.abort()


@asynccontextmanager
async def _connect(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends what it writes into, so that the pump of the other direction ends as well."""
    with suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
    writer.close()
