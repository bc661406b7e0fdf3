"""Slack's incoming webhook, the methods of its web interface that an incident needs, and buttons to press.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/reference/methods/chat.postMessage (chat.update, conversations.history, conversations.replies)
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from markupsafe import Markup, escape
from pydantic import BaseModel, Field

from demo.standins.adf import link

MOST_BLOCKS = 50
LONGEST_TEXT = 40_000
LONGEST_BLOCK_TEXT = 3_000
LONGEST_BUTTON_TEXT = 75
LONGEST_VALUE = 2_000
MOST_BUTTONS = 25
BLOCK_TYPES = frozenset({"section", "context", "header", "divider", "actions", "image"})
# What a bot's token needs for each method.
SCOPES = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
}
ALL_SCOPES = frozenset(SCOPES.values())
READING = frozenset({"conversations.history", "conversations.replies"})
# <address|label>, <address>, *bold*, `code`: what is marked up, between text that is shown as it stands.
MARKUP = re.compile(r"<(?P<address>[^<>|]+)(?:\|(?P<label>[^<>]*))?>|\*(?P<bold>[^*\n]+)\*|`(?P<code>[^`\n]+)`")

Json = dict[str, Any]


class Message(BaseModel):
    """`thread_ts` names the message that a reply stands under."""

    ts: str
    channel: str
    by: str
    text: str
    blocks: list[Json]
    received_at: float = Field(default_factory=time.time)
    edits: int = 0
    metadata: Json | None = None
    thread_ts: str | None = None
    replies: list[Message] = Field(default_factory=list)


class Rights(BaseModel):
    """What the bot's token may do, and how many messages a second its channel takes."""

    scopes: list[str] = sorted(ALL_SCOPES)
    a_second: float | None = None


class Slack:
    """The messages of one channel. `messages` are those in the channel itself, each with its `replies`.

    `scopes` are the rights of the bot's token. `a_second` is how many messages a channel takes in one; none: any.
    """

    def __init__(self, *, channel: str, a_second: float | None = None) -> None:
        self.messages: list[Message] = []
        self.scopes = set(ALL_SCOPES)
        self.a_second = a_second
        self._channel = channel
        self._last_ts = 0.0
        self._posted_at: float = float("-inf")

    def forget(self) -> None:
        self.messages.clear()
        self.scopes = set(ALL_SCOPES)
        self.a_second = None

    def error_in(self, body: Json) -> str | None:
        """The name by which Slack calls what is wrong with a message."""
        blocks, metadata = body.get("blocks", []), body.get("metadata")
        if not body.get("text") and not blocks:
            return "no_text"
        if len(body.get("text", "")) > LONGEST_TEXT:
            return "msg_too_long"
        if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS or not all(_is_block(block) for block in blocks):
            return "invalid_blocks"
        return "invalid_metadata_format" if metadata is not None and not _is_metadata(metadata) else None

    def post(self, body: Json, *, by: str) -> Message:
        message = Message(
            ts=self._next_ts(),
            channel=self._channel,
            by=by,
            text=body.get("text", ""),
            blocks=body.get("blocks", []),
            metadata=body.get("metadata"),
            thread_ts=body.get("thread_ts"),
        )
        parent = self._parent(message.thread_ts)
        (parent.replies if parent else self.messages).append(message)
        self._posted_at = time.monotonic()
        return message

    def seconds_to_wait(self) -> int:
        """One message a second in a channel, and 429 beyond (https://docs.slack.dev/apis/web-api/rate-limits/)."""
        if self.a_second is None:
            return 0
        return int(time.monotonic() - self._posted_at < 1 / self.a_second)

    def web_method(self, method: str, body: Json) -> Json:
        needed = SCOPES[method]
        if needed not in self.scopes:
            return {**_refused("missing_scope"), "needed": needed, "provided": ",".join(sorted(self.scopes))}
        if body.get("channel") != self._channel:
            return _refused("channel_not_found")
        if method in READING:
            return self._read(method, body)
        if error := self.error_in(body):
            return _refused(error)
        if method == "chat.postMessage":
            return self._answer(self.post(body, by="bot"))
        message = self._named(body.get("ts"))
        return self._answer(self._edited(message, body)) if message else _refused("message_not_found")

    def _answer(self, message: Message) -> Json:
        return {"ok": True, "channel": self._channel, "ts": message.ts, "message": {"text": message.text}}

    def _next_ts(self) -> str:
        """A message's name, different for each."""
        self._last_ts = max(time.time(), self._last_ts + 0.000_001)
        return f"{self._last_ts:.6f}"

    def _parent(self, thread_ts: str | None) -> Message | None:
        return next((message for message in self.messages if message.ts == thread_ts), None)

    def _named(self, ts: Any) -> Message | None:
        everything = (one for message in self.messages for one in (message, *message.replies))
        return next((message for message in everything if message.ts == ts), None)

    def _edited(self, message: Message, body: Json) -> Message:
        message.text, message.blocks = body.get("text", ""), body.get("blocks", [])
        message.metadata = body.get("metadata", message.metadata)
        message.edits += 1
        return message

    def _read(self, method: str, query: Json) -> Json:
        """History is the newest first and without replies; a thread is the oldest first and begins with its message."""
        if method == "conversations.history":
            oldest = float(query.get("oldest", 0))
            found = [message for message in self.messages if float(message.ts) > oldest][::-1]
        else:
            parent = self._parent(query.get("ts"))
            if parent is None:
                return _refused("thread_not_found")
            found = [parent, *parent.replies]
        start, limit = int(query.get("cursor") or 0), int(query.get("limit") or 100)
        has_more = len(found) > start + limit
        with_metadata = query.get("include_all_metadata") in ("true", "1")
        shown = [_shown(message, with_metadata) for message in found[start : start + limit]]
        cursor = {"response_metadata": {"next_cursor": str(start + limit)}} if has_more else {}
        return {"ok": True, "messages": shown, "has_more": has_more, **cursor}

    def interaction(self, ts: str, action_id: str, *, user: str) -> Json:
        """What Slack posts when `user` presses that button of that message. Raises LookupError."""
        message = self._named(ts)
        if message is None:
            raise LookupError(f"there is no message {ts}")
        pressed = [element for element in buttons_of(message) if element["action_id"] == action_id]
        if not pressed:
            raise LookupError(f"the message has no button {action_id}")
        action = {"type": "button", "action_id": action_id, "value": pressed[0].get("value")}
        return {
            "type": "block_actions",
            "user": {"id": user, "username": "someone"},
            "channel": {"id": self._channel},
            "container": {"type": "message", "message_ts": ts, "channel_id": self._channel},
            "actions": [{**action, "action_ts": f"{time.time():.6f}"}],
        }


def _refused(error: str) -> Json:
    return {"ok": False, "error": error}


def _shown(message: Message, with_metadata: bool) -> Json:
    shown: Json = {"type": "message", "ts": message.ts, "text": message.text, "bot_id": "B0DEMO"}
    if with_metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown


def _is_metadata(metadata: Any) -> bool:
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        return False
    return isinstance(metadata.get("event_type"), str) and metadata["event_type"] != ""


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict) or block.get("type") not in BLOCK_TYPES:
        return False
    if block["type"] == "actions":
        elements = block.get("elements")
        return isinstance(elements, list) and 1 <= len(elements) <= MOST_BUTTONS and all(map(_is_button, elements))
    return all(1 <= len(text.get("text", "")) <= LONGEST_BLOCK_TEXT for text in texts_of(block))


def _is_button(element: Any) -> bool:
    text = element.get("text") if isinstance(element, dict) else None
    return (
        isinstance(text, dict)
        and element.get("type") == "button"
        and text.get("type") == "plain_text"
        and 1 <= len(text.get("text", "")) <= LONGEST_BUTTON_TEXT
        and isinstance(element.get("action_id"), str)
        and len(element.get("value", "")) <= LONGEST_VALUE
    )


def buttons_of(message: Message) -> list[Json]:
    return [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]


def texts_of(block: Json) -> list[Json]:
    if block["type"] in ("context", "actions"):
        return [_text_of(element) for element in block.get("elements", []) if "text" in element]
    return [block["text"]] if isinstance(block.get("text"), dict) else []


def _text_of(element: Json) -> Json:
    """A button holds a text object; in a context block the element is one."""
    inner = element["text"]
    return inner if isinstance(inner, dict) else element


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
    if found["code"] is not None:
        return Markup("<code>{}</code>").format(_plain(found["code"]))
    address = found["address"]
    if address.startswith(("!", "@", "#")):
        # Everybody in the channel, or somebody, has just been called: to be seen at once.
        return Markup('<span class="mention">{}</span>').format(address)
    return link(str(_unescaped(address)), _plain(found["label"] or address))


def _plain(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in _unescaped(text).split("\n"))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def signed(payload: Json, *, secret: str, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of an interaction, as Slack sends it at that time (of now).

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    timestamp = str(int(time.time() if at is None else at))
    body = urlencode({"payload": json.dumps(payload)}).encode()
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={digest}",
    }


def send_interaction(
    url: str, payload: Json, *, secret: str, at: float | None = None, forged: bool = False
) -> httpx.Response:
    """Presses a button at SpikeTrace's webhook at `url`; long ago with `at`, or with a signature of somebody else."""
    body, headers = signed(payload, secret=f"not {secret}" if forged else secret, at=at)
    return httpx.post(f"{url}/v1/slack/interactions", content=body, headers=headers, trust_env=False)


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
        if seconds := slack.seconds_to_wait():
            return PlainTextResponse("rate_limited", 429, headers={"retry-after": str(seconds)})
        # A webhook's message is not marked, and stands under none.
        slack.post({**body, "metadata": None, "thread_ts": None}, by="incoming webhook")
        return PlainTextResponse("ok")

    @routes.post("/api/{method}")
    async def web_method(method: str, request: Request) -> Response:
        return _web_method(slack, method, await _json(request), request.headers.get("authorization"), token)

    @routes.get("/api/{method}")
    async def reading_method(method: str, request: Request) -> Response:
        body = dict(request.query_params) if method in READING else {}
        return _web_method(slack, method, body, request.headers.get("authorization"), token)

    return routes


def _web_method(slack: Slack, method: str, body: Json | None, sent: str | None, token: str) -> Response:
    """Refusals are answered with 200 too; only who asks too often hears of it by the status."""
    if sent != f"Bearer {token}":
        return JSONResponse(_refused("invalid_auth" if sent else "not_authed"))
    if method not in SCOPES:
        return JSONResponse(_refused("unknown_method"))
    if body is None:
        return JSONResponse(_refused("invalid_json"))
    if method == "chat.postMessage" and (seconds := slack.seconds_to_wait()):
        return JSONResponse(_refused("ratelimited"), 429, headers={"retry-after": str(seconds)})
    return JSONResponse(slack.web_method(method, body))


async def _json(request: Request) -> Json | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
