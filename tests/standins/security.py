"""Elasticsearch's calls for roles and API keys, in front of an engine that does what the others ask.

The distributions that the tests can fetch are without them: API keys are kept in a system index whose module is left
out, and the embedded engine has no security at all.
https://www.elastic.co/docs/api/doc/elasticsearch/group/endpoint-security
"""

from __future__ import annotations

import base64
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.standins.serving import address, serving

ADMIN = ("elastic", "admin-password-of-the-tests")
CLUSTER = {"monitor", "manage_security", "manage_index_templates", "manage_own_api_key", "all"}
INDICES = {
    "read", "view_index_metadata", "create_index", "auto_configure", "index", "create", "delete", "maintenance",
}  # fmt: skip
NOT_PASSED_ON = {"host", "content-length", "authorization", "accept-encoding"}
Json = dict[str, Any]
Work = Callable[[Request], Awaitable[Response]]


@dataclass
class Security:
    """Running at `url`; all of its state is there to look at."""

    url: str
    engine_url: str
    roles: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, Json] = field(default_factory=dict)

    def encoded(self, key_id: str) -> str:
        return base64.b64encode(f"{key_id}:{self.keys[key_id]['secret']}".encode()).decode()

    def knows(self, authorization: str) -> bool:
        valid = {f"ApiKey {self.encoded(key_id)}" for key_id, key in self.keys.items() if not key["invalidated"]}
        admin = base64.b64encode(":".join(ADMIN).encode()).decode()
        return authorization in valid | {f"Basic {admin}"}

    async def put_role(self, request: Request) -> Response:
        body = await request.json()
        unknown = [name for entry in body.get("indices", []) for name in entry["privileges"] if name not in INDICES]
        if unknown or set(body.get("cluster", [])) - CLUSTER:
            return _error(400, f"unknown privilege {unknown}")
        defaults = {"applications": [], "run_as": [], "transient_metadata": {"enabled": True}}
        for entry in body.get("indices", []):
            entry["allow_restricted_indices"] = False
        self.roles[request.path_params["name"]] = {**defaults, **body}
        return JSONResponse({"role": {"created": True}})

    async def get_role(self, request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse({name: self.roles[name]} if name in self.roles else {}, 200 if name in self.roles else 404)

    async def delete_role(self, request: Request) -> Response:
        found = self.roles.pop(request.path_params["name"], None) is not None
        return JSONResponse({"found": found}, 200 if found else 404)

    async def create_key(self, request: Request) -> Response:
        body = await request.json()
        key_id = secrets.token_hex(10)
        self.keys[key_id] = {**body, "id": key_id, "secret": secrets.token_hex(11), "invalidated": False}
        return JSONResponse({"id": key_id, "name": body["name"], "encoded": self.encoded(key_id)})

    async def update_key(self, request: Request) -> Response:
        self.keys[request.path_params["id"]] |= await request.json()
        return JSONResponse({"updated": True})

    async def get_keys(self, request: Request) -> Response:
        found = [key for key in self.keys.values() if key["name"] == request.query_params.get("name")]
        return JSONResponse({"api_keys": [{**key, "secret": None} for key in found]})

    async def invalidate_keys(self, request: Request) -> Response:
        body = await request.json()
        found = [key for key in self.keys.values() if key["name"] == body["name"]]
        for key in found:
            key["invalidated"] = True
        return JSONResponse({"invalidated_api_keys": [key["id"] for key in found], "error_count": 0})

    def _may(self, request: Request, privilege: str, index: str | None = None) -> bool:
        """Of a key by its roles; whoever has no key is the administrator."""
        authorization = request.headers["authorization"]
        for key_id, key in self.keys.items():
            if authorization == f"ApiKey {self.encoded(key_id)}":
                described = key["role_descriptors"].values()
                lists = [one["cluster"] for one in described] if index is None else _granted(described, index)
                return any(privilege in granted for granted in lists)
        return True

    async def has_privileges(self, request: Request) -> Response:
        """https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-has-privileges"""
        asked = await request.json()
        entries = [(index, entry["privileges"]) for entry in asked.get("index", []) for index in entry["names"]]
        found = {index: {name: self._may(request, name, index) for name in names} for index, names in entries}
        return JSONResponse(
            {"index": found, "cluster": {name: self._may(request, name) for name in asked.get("cluster", [])}}
        )

    async def get_templates(self, request: Request) -> Response:
        """Who may not monitor the cluster sees none."""
        return await self.pass_on(request) if self._may(request, "monitor") else _error(403, "unauthorized")

    async def authenticate(self, request: Request) -> Response:
        return JSONResponse({"username": "somebody"})

    async def pass_on(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED_ON}
        url = f"{self.engine_url}{request.url.path}?{request.url.query}"
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.request(request.method, url, content=await request.body(), headers=headers)
        kept = {name: value for name, value in answer.headers.items() if name.lower() == "content-type"}
        return Response(answer.content, answer.status_code, kept)


def _granted(described: Iterable[Json], index: str) -> list[list[str]]:
    entries = [entry for one in described for entry in one["indices"]]
    return [entry["privileges"] for entry in entries if any(fnmatch(index, name) for name in entry["names"])]


def _error(status: int, reason: str) -> Response:
    return JSONResponse({"error": {"type": "security_exception", "reason": reason}, "status": status}, status)


def _app(security: Security) -> Starlette:
    def known(work: Work) -> Work:
        async def checked(request: Request) -> Response:
            if not security.knows(request.headers.get("authorization", "")):
                return _error(401, "unable to authenticate")
            answer = await work(request)
            # Elasticsearch's own client refuses to talk to anything that does not say this.
            answer.headers["x-elastic-product"] = "Elasticsearch"
            return answer

        return checked

    def route(method: str, path: str, work: Work) -> Route:
        return Route(path, known(work), methods=[method])

    every = ["GET", "HEAD", "POST", "PUT", "DELETE"]
    return Starlette(
        routes=[
            route("GET", "/_security/_authenticate", security.authenticate),
            route("POST", "/_security/user/_has_privileges", security.has_privileges),
            route("GET", "/_index_template", security.get_templates),
            route("GET", "/_security/role/{name}", security.get_role),
            route("PUT", "/_security/role/{name}", security.put_role),
            route("DELETE", "/_security/role/{name}", security.delete_role),
            route("GET", "/_security/api_key", security.get_keys),
            route("POST", "/_security/api_key", security.create_key),
            route("PUT", "/_security/api_key", security.create_key),
            route("DELETE", "/_security/api_key", security.invalidate_keys),
            route("PUT", "/_security/api_key/{id}", security.update_key),
            Route("/{rest:path}", known(security.pass_on), methods=every),
        ]
    )


@contextmanager
def running_security(engine_url: str) -> Iterator[Security]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        security = Security(address(listening), engine_url)
        with serving(_app(security), listening, ready="/_security/_authenticate", auth=ADMIN):
            yield security
