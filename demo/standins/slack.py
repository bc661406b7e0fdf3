"""Slack's incoming webhook and the two methods of its web interface that a message needs.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

import re
import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from markupsafe import Markup, escape
from pydantic import BaseModel, Field

from demo.standins.adf import link

MOST_BLOCKS = 50
LONGEST_TEXT = 40_000
LONGEST_BLOCK_TEXT = 3_000
BLOCK_TYPES = frozenset({"section", "context", "header", "divider", "actions", "image"})
# <address|label>, <address>, *bold*: what is marked up, between text that is shown as it stands.
MARKUP = re.compile(r"<(?P<address>[^<>|]+)(?:\|(?P<label>[^<>]*))?>|\*(?P<bold>[^*\n]+)\*")

Json = dict[str, Any]


class Message(BaseModel):
    ts: str
    channel: str
    by: str
    text: str
    blocks: list[Json]
    received_at: float = Field(default_factory=time.time)
    edits: int = 0


class Slack:
    """The messages of one channel."""

    def __init__(self, *, channel: str) -> None:
        self.messages: list[Message] = []
        self._channel = channel

    def error_in(self, body: Json) -> str | None:
        """The name by which Slack calls what is wrong with a message."""
        blocks = body.get("blocks", [])
        if not body.get("text") and not blocks:
            return "no_text"
        if len(body.get("text", "")) > LONGEST_TEXT:
            return "msg_too_long"
        if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS or not all(_is_block(block) for block in blocks):
            return "invalid_blocks"
        return None

    def post(self, body: Json, *, by: str) -> Message:
        ts = f"{time.time():.6f}"
        message = Message(ts=ts, channel=self._channel, by=by, text=body.get("text", ""), blocks=body.get("blocks", []))
        self.messages.append(message)
        return message

    def web_method(self, method: str, body: Json) -> Json:
        if body.get("channel") != self._channel:
            return {"ok": False, "error": "channel_not_found"}
        if error := self.error_in(body):
            return {"ok": False, "error": error}
        message = self.post(body, by="bot") if method == "chat.postMessage" else self._update(body)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        return {"ok": True, "channel": self._channel, "ts": message.ts, "message": {"text": message.text}}

    def _update(self, body: Json) -> Message | None:
        for message in self.messages:
            if message.ts == body.get("ts"):
                message.text, message.blocks = body.get("text", ""), body.get("blocks", [])
                message.edits += 1
                return message
        return None


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict) or block.get("type") not in BLOCK_TYPES:
        return False
    return all(1 <= len(text.get("text", "")) <= LONGEST_BLOCK_TEXT for text in texts_of(block))


def texts_of(block: Json) -> list[Json]:
    if block["type"] == "context":
        return [element for element in block.get("elements", []) if "text" in element]
    return [block["text"]] if isinstance(block.get("text"), dict) else []


def to_html(text: Json) -> Markup:
    """A text object as Slack would show it, as far as messages of ours use its markup."""
    if text.get("type") != "mrkdwn":
        return escape(text["text"])
    shown, end = Markup(), 0
    for found in MARKUP.finditer(text["text"]):
        shown += _plain(text["text"][end : found.start()]) + _marked_up(found)
        end = found.end()
    return shown + _plain(text["text"][end:])


def _marked_up(found: re.Match[str]) -> Markup:
    if found["bold"] is not None:
        return Markup("<strong>{}</strong>").format(_plain(found["bold"]))
    address = found["address"]
    if address.startswith(("!", "@", "#")):
        # Everybody in the channel, or somebody, has just been called: to be seen at once.
        return Markup('<span class="mention">{}</span>').format(address)
    return link(str(_unescaped(address)), _plain(found["label"] or address))


def _plain(text: str) -> Markup:
    return escape(_unescaped(text))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def router(slack: Slack, *, webhook_path: str, token: str) -> APIRouter:
    routes = APIRouter()

    @routes.post("/services/{path:path}")
    async def webhook(path: str, request: Request) -> Response:
        body = await _json(request)
        if path != webhook_path:
            return PlainTextResponse("no_service", 404)
        if body is None:
            return PlainTextResponse("invalid_payload", 400)
        if error := slack.error_in(body):
            return PlainTextResponse(error, 400)
        slack.post(body, by="incoming webhook")
        return PlainTextResponse("ok")

    @routes.post("/api/{method}")
    async def web_method(method: str, request: Request) -> Json:
        sent = request.headers.get("authorization")
        if sent != f"Bearer {token}":
            return {"ok": False, "error": "invalid_auth" if sent else "not_authed"}
        if method not in ("chat.postMessage", "chat.update"):
            return {"ok": False, "error": "unknown_method"}
        body = await _json(request)
        return {"ok": False, "error": "invalid_json"} if body is None else slack.web_method(method, body)

    return routes


async def _json(request: Request) -> Json | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
