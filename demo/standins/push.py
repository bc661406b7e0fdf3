"""A service that Apprise sends its JSON to (https://appriseit.com/services/json/)."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, Field, ValidationError


class Push(BaseModel):
    title: str
    message: str
    type: str
    received_at: float = Field(default_factory=time.time)


class Pushes:
    def __init__(self) -> None:
        self.pushes: list[Push] = []


def router(pushes: Pushes, *, token: str) -> APIRouter:
    routes = APIRouter()

    @routes.post("/{sent}")
    async def push(sent: str, request: Request) -> Response:
        if sent != token:
            return PlainTextResponse("no such channel", 404)
        body: Any = await request.body()
        try:
            pushes.pushes.append(Push.model_validate_json(body))
        except ValidationError:
            return PlainTextResponse("no notification", 400)
        return PlainTextResponse("ok")

    return routes
