"""Gemini's REST interface as this machine's own: python -m demo.standins.gemini --port N

Answers `POST /v1beta/models/{model}:generateContent` (and streamGenerateContent, countTokens, embedContent,
batchEmbedContents, and Vertex AI's paths) as a script says, one step a request; without a script it writes a truthful
narrative from the evidence it was given. Its embeddings are of words, not of meaning: texts that share words are near.
https://ai.google.dev/api/generate-content https://ai.google.dev/api/embeddings

    POST /script     [{"text": "…"}, {"calls": [{"name": "…", "args": {}}]}, {"status": 429, "retry_seconds": 2}, …]
    GET /requests    what was asked, in order; credentials are not kept
    DELETE /script   forgets both
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from demo.standins import gemini_embedder, gemini_narrator
from demo.standins.ready import write_at_once

KEY = "gemini-demo-key"
PATH = re.compile(r"/v1(?:beta1?|)/(?:projects/[^/]+/locations/[^/]+/publishers/google/)?models/([^/:]+):(\w+)")
STATUS_NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUS_NAMES |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
METHODS = ("generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents")
CHARACTERS_A_TOKEN = 4

Json = dict[str, Any]


class Step(BaseModel):
    """One answer. With none of `text`, `answer`, `calls`, `status`, `body`, `block` it is the truthful narrator's.

    `answer` is sent as JSON text; `body` takes the place of the whole answer; with `drip_seconds` the answer comes a
    byte at a time, so far apart; a step is taken `times` times.
    """

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    answer: Any = None
    calls: list[Json] | None = None
    status: int | None = None
    message: str = "as the script says"
    retry_seconds: float | None = None
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    finish: str = "STOP"
    block: str | None = None
    body: str | None = None
    usage: dict[str, int] | None = None
    times: int = Field(default=1, ge=1)

    @property
    def is_truthful(self) -> bool:
        said = (self.text, self.answer, self.calls, self.status, self.body, self.block)
        return all(one is None for one in said)


class Script:
    """The steps that are left, and the requests that were answered."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.requests: list[Json] = []

    def take(self) -> Step:
        if not self.steps:
            return Step()
        first = self.steps[0]
        if first.times > 1:
            self.steps[0] = first.model_copy(update={"times": first.times - 1})
            return first
        return self.steps.pop(0)


def create_app(script: Script | None = None, *, key: str = KEY) -> FastAPI:
    script = script or Script()
    app = FastAPI(title="Stand-in for Gemini", openapi_url=None)
    _add_script_routes(app, script)

    @app.post("/{path:path}")
    async def call(request: Request) -> Response:
        found = PATH.fullmatch(request.url.path)
        if found is None:
            return _error(404, "no such method")
        if not _is_let_in(request, key):
            return _error(400, "API key not valid. Please pass a valid API key.")
        body = await request.json()
        model, method = found.groups()
        script.requests.append({"method": method, "model": model, "path": request.url.path, "body": body})
        return await _answered(method, body, script)

    return app


def _add_script_routes(app: FastAPI, script: Script) -> None:
    @app.post("/script", status_code=204)
    async def add(steps: list[Step]) -> None:
        script.steps += steps

    @app.get("/requests")
    async def requests() -> list[Json]:
        return script.requests

    @app.delete("/script", status_code=204)
    async def forget() -> None:
        script.steps.clear()
        script.requests.clear()


def _is_let_in(request: Request, key: str) -> bool:
    """A key, or on Vertex AI's paths any token: nobody here can tell a good one."""
    if "/projects/" in request.url.path:
        return request.headers.get("authorization", "").startswith("Bearer ")
    return request.headers.get("x-goog-api-key") == key


async def _answered(method: str, body: Json, script: Script) -> Response:
    if method == "countTokens":
        return JSONResponse({"totalTokens": _tokens(body)})
    if method not in METHODS:
        return _error(404, f"this stand-in has no {method}")
    step = script.take()
    await asyncio.sleep(step.delay_seconds)
    if step.status:
        return _error(step.status, step.message, retry_seconds=step.retry_seconds)
    if step.body is not None:
        return Response(step.body, media_type="application/json")
    if method in ("embedContent", "batchEmbedContents"):
        return JSONResponse(gemini_embedder.answer(method, body))
    return _sent(_answer(step, body), method, step)


def _sent(answer: Json, method: str, step: Step) -> Response:
    if step.drip_seconds:
        return StreamingResponse(_dripping(json.dumps(answer), step.drip_seconds), media_type="application/json")
    return _streamed(answer) if method == "streamGenerateContent" else JSONResponse(answer)


async def _dripping(text: str, seconds: float) -> AsyncIterator[str]:
    for letter in text:
        yield letter
        await asyncio.sleep(seconds)


def _streamed(answer: Json) -> Response:
    return StreamingResponse(iter([f"data: {json.dumps(answer)}\r\n\r\n"]), media_type="text/event-stream")


def _answer(step: Step, body: Json) -> Json:
    if step.block:
        return {"promptFeedback": {"blockReason": step.block}, "usageMetadata": _usage(step, body, [])}
    parts = _parts(step, body)
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": step.finish, "index": 0}
    return {"candidates": [candidate], "usageMetadata": _usage(step, body, parts), "modelVersion": "stand-in"}


def _parts(step: Step, body: Json) -> list[Json]:
    if step.is_truthful:
        return gemini_narrator.parts(body)
    parts: list[Json] = [{"functionCall": call} for call in step.calls or []]
    if step.answer is not None:
        parts.append({"text": json.dumps(step.answer, ensure_ascii=False)})
    return [*parts, *([{"text": step.text}] if step.text is not None else [])]


def _usage(step: Step, body: Json, parts: list[Json]) -> dict[str, int]:
    """About as many as Gemini would count: four characters a token."""
    asked, answered = _tokens(body), _tokens(parts)
    counted = {"promptTokenCount": asked, "candidatesTokenCount": answered, "totalTokenCount": asked + answered}
    return step.usage if step.usage is not None else counted


def _tokens(value: Any) -> int:
    return max(1, len(json.dumps(value, ensure_ascii=False)) // CHARACTERS_A_TOKEN)


def _error(status: int, message: str, *, retry_seconds: float | None = None) -> JSONResponse:
    error: Json = {"code": status, "message": message, "status": STATUS_NAMES.get(status, "UNKNOWN")}
    if retry_seconds is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": f"{retry_seconds:g}s"}]
    return JSONResponse({"error": error}, status_code=status)


def environment(url: str) -> dict[str, str]:
    """The settings that make SpikeTrace ask the stand-in at `url`."""
    return {"SPIKETRACE_GEMINI_API_KEY": KEY, "SPIKETRACE_GEMINI_BASE_URL": url}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.standins.gemini", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="gets the address and the settings, in JSON")
    arguments = parser.parse_args()
    with socket.create_server(("127.0.0.1", arguments.port)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        print(" ".join(f"{name}={value}" for name, value in environment(url).items()), flush=True)
        if arguments.ready_file:
            ready = {"url": url, "pid": os.getpid(), "environment": environment(url)}
            write_at_once(arguments.ready_file, json.dumps(ready))
        uvicorn.Server(uvicorn.Config(create_app(), log_level="warning", lifespan="off")).run(sockets=[listening])


if __name__ == "__main__":
    main()
