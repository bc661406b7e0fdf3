"""The A2A server: the card, JSON-RPC, and HTTP with JSON. https://a2a-protocol.org"""

from __future__ import annotations

from a2a.server.context import ServerCallContext
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.routes.common import DefaultServerCallContextBuilder
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from interop.a2a_server.agent import CALLER, Agent
from interop.a2a_server.card import agent_card
from interop.a2a_server.handler import OncePerMessage
from interop.a2a_server.task_store import RedisTaskStore
from interop.offered import Offered
from worker.settings import Settings


class WithCaller(DefaultServerCallContextBuilder):
    """Tells the agent what the caller may do; the library knows names only."""

    def build(self, request: Request) -> ServerCallContext:
        context = super().build(request)
        context.state[CALLER] = request.user
        return context


class A2A:
    """`url` is where other agents find it. For one event loop."""

    def __init__(self, settings: Settings, offered: Offered, *, url: str) -> None:
        self._store = RedisTaskStore(settings.broker_url)
        self._card = agent_card(settings, url)
        self._handler = OncePerMessage(Agent(offered), self._store, self._card)

    def routes(self, path: str) -> list[BaseRoute]:
        callers = WithCaller()
        rest = create_rest_routes(self._handler, callers, path_prefix=path)
        return [
            *create_agent_card_routes(self._card),
            *create_jsonrpc_routes(self._handler, path, callers),
            # Without the mount for tenants, of which there are none.
            *(route for route in rest if isinstance(route, Route)),
        ]

    async def close(self) -> None:
        await self._handler.aclose()
        await self._store.close()
