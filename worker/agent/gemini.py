"""Gemini as a LanguageModel: by an API key, or on Vertex AI. Of Google's interface only generateContent is called.

As an Embedder, by an API key alone: batchEmbedContents (https://ai.google.dev/api/embeddings).

The library is loaded when the first reply is asked for: it takes seconds, and most processes never need it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import httpx
from google import genai
from google.auth.exceptions import GoogleAuthError
from google.genai import errors, types
from google.oauth2 import service_account
from pydantic import ValidationError

from worker.domain.conversation import Conversation, Exchange, Reply, ToolCall, Usage
from worker.domain.embedding import DIMENSIONS, Vector, unit_vector
from worker.domain.redaction.redact import excerpt
from worker.errors import ConfigurationError, ModelUnavailable
from worker.settings import Settings

Answer = TypeVar("Answer")

DEFAULT_URL = "https://generativelanguage.googleapis.com"
# The version that https://ai.google.dev/api documents with tools and structured output; Vertex AI has its own.
API_VERSION = "v1beta"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
# https://ai.google.dev/gemini-api/docs/troubleshooting: of these "wait and try again" is the advice.
RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
MOST_ATTEMPTS = 3
PAUSE_SECONDS = 1.0
# A shorter request cannot end well.
LEAST_SECONDS = 0.5
WHAT_TO_DO = {
    400: "look at SPIKETRACE_GEMINI_MODEL and SPIKETRACE_GEMINI_API_KEY",
    401: "look at SPIKETRACE_GEMINI_API_KEY",
    403: "the key or the account may not use this model: look at SPIKETRACE_GEMINI_API_KEY and _GEMINI_GCP_CREDENTIALS",
    404: "there is no such model here: look at SPIKETRACE_GEMINI_MODEL and _GEMINI_GCP_REGION",
}
# Models that think by themselves: evidence is in the prompt, and what they think is paid for and counted as output.
# https://ai.google.dev/gemini-api/docs/thinking#set-budget
THINKING_TOKENS = {"gemini-2.5-flash-lite": 0, "gemini-2.5-flash": 0, "gemini-2.5-pro": 128}
CUT_OFF = {"MAX_TOKENS": "the answer was cut off at its longest"}


@dataclass
class Gemini:
    """The LanguageModel. `pause` waits between two attempts; `clock` counts seconds."""

    settings: Settings
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    @property
    def name(self) -> str:
        return self.settings.gemini_model

    @property
    def embedding_model(self) -> str:
        return self.settings.embedding_model

    def reply(self, conversation: Conversation, *, seconds: float) -> Reply:
        """Raises ModelUnavailable; what a busy service asks to wait is waited within `seconds`, and not beyond."""
        return self._within(seconds, lambda left: self._ask(conversation, left))

    def embed(self, text: str, *, seconds: float) -> Vector:
        """Raises ModelUnavailable, as `reply` does."""
        return self._within(seconds, lambda left: self._embed(text, left))

    def _within(self, seconds: float, ask: Callable[[float], Answer]) -> Answer:
        until = self.clock() + seconds
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                left = min(until - self.clock(), self.settings.gemini_timeout_seconds)
                if left < LEAST_SECONDS:
                    raise ModelUnavailable("Gemini: no time was left for an answer", retryable=True)
                return self._in_time(left, partial(ask, left))
            except _Busy as busy:
                wait = max(busy.retry_seconds or 0.0, PAUSE_SECONDS * attempt)
                if attempt == MOST_ATTEMPTS or self.clock() + wait + LEAST_SECONDS > until:
                    raise ModelUnavailable(busy.reason, retryable=True) from busy
                self.pause(wait)
        raise AssertionError("every attempt ends in an answer or in an error")

    def _in_time(self, seconds: float, ask: Callable[[], Answer]) -> Answer:
        """Over all: the client's own limit is from one byte to the next, and an answer can come drop by drop."""
        thread = ThreadPoolExecutor(1, "gemini")
        try:
            return thread.submit(ask).result(timeout=seconds)
        except TimeoutError as error:
            # Its connection is closed, which ends the thread; the next request gets a new one.
            self.close()
            raise _Busy("Gemini did not answer in time") from error
        finally:
            thread.shutdown(wait=False)

    def _ask(self, conversation: Conversation, seconds: float) -> Reply:
        config = _config(conversation, self.name, seconds)
        try:
            with _gemini_errors():
                answer = self._client.models.generate_content(
                    model=self.name, contents=list(_contents(conversation)), config=config
                )
                return _reply(answer)
        except _Unreadable as error:
            # It was answered, and so is paid for.
            return Reply("", [], Usage(), flaw=error.reason)

    def _embed(self, text: str, seconds: float) -> Vector:
        config = types.EmbedContentConfig(
            output_dimensionality=DIMENSIONS,
            task_type="SEMANTIC_SIMILARITY",
            http_options=_at_most(seconds),
        )
        with _gemini_errors():
            answer = self._client.models.embed_content(
                model=self.settings.embedding_model, contents=[text], config=config
            )
        return _vector(answer)

    def close(self) -> None:
        self._http.close()
        for made in ("_http", "_client"):
            self.__dict__.pop(made, None)

    @cached_property
    def _http(self) -> httpx.Client:
        """A redirect would carry the key to wherever it leads."""
        return httpx.Client(follow_redirects=False)

    @cached_property
    def _client(self) -> genai.Client:
        options = types.HttpOptions(
            base_url=self.settings.gemini_base_url,
            httpx_client=self._http,
            # Retries are ours: they keep to the narrative's seconds.
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        if key := self.settings.gemini_api_key:
            options.base_url, options.api_version = options.base_url or DEFAULT_URL, API_VERSION
            return genai.Client(api_key=key.get_secret_value(), vertexai=False, http_options=options)
        return genai.Client(
            vertexai=True,
            project=self.settings.gemini_gcp_project,
            location=self.settings.gemini_gcp_region,
            credentials=_credentials(self.settings),
            http_options=options,
        )


@contextmanager
def _gemini_errors() -> Iterator[None]:
    try:
        yield
    except errors.APIError as error:
        raise _refused(error) from error
    except httpx.TimeoutException as error:
        raise _Busy("Gemini did not answer in time") from error
    except httpx.HTTPError as error:
        raise _Busy(f"Gemini cannot be reached: {type(error).__name__}") from error
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _Unreadable("Gemini's answer could not be read", retryable=False) from error
    except GoogleAuthError as error:
        raise ModelUnavailable("Google did not accept SPIKETRACE_GEMINI_GCP_CREDENTIALS", retryable=False) from error


class _Busy(Exception):
    """Worth another attempt, after `retry_seconds` if the service says so."""

    def __init__(self, reason: str, retry_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.retry_seconds = reason, retry_seconds


class _Unreadable(ModelUnavailable):
    """It was answered, and not in the interface's form."""


def _credentials(settings: Settings) -> service_account.Credentials:
    secret = settings.gemini_gcp_credentials
    try:
        account = json.loads(secret.get_secret_value()) if secret else {}
        made: service_account.Credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            account, scopes=SCOPES
        )
    except (ValueError, GoogleAuthError) as error:
        raise ConfigurationError(
            "SPIKETRACE_GEMINI_GCP_CREDENTIALS is not the JSON key of a service account"
        ) from error
    return made


def _config(conversation: Conversation, model: str, seconds: float) -> types.GenerateContentConfig:
    thinking = next((tokens for name, tokens in THINKING_TOKENS.items() if model.startswith(name)), None)
    tools = [
        types.FunctionDeclaration(name=tool.name, description=tool.description, parameters_json_schema=tool.parameters)
        for tool in conversation.tools
    ]
    return types.GenerateContentConfig(
        system_instruction=conversation.system,
        temperature=0.0,
        max_output_tokens=conversation.most_output_tokens,
        tools=[types.Tool(function_declarations=tools)] if tools else None,
        # Tools are called by the loop, which counts and bounds them, and never by the library.
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        response_mime_type="application/json" if conversation.schema else None,
        response_json_schema=conversation.schema,
        thinking_config=types.ThinkingConfig(thinking_budget=thinking) if thinking is not None else None,
        http_options=_at_most(seconds),
    )


def _at_most(seconds: float) -> types.HttpOptions:
    return types.HttpOptions(timeout=max(1, int(seconds * 1000)))


def _contents(conversation: Conversation) -> Iterator[types.Content]:
    yield types.Content(role="user", parts=[types.Part(text=conversation.prompt)])
    for exchange in conversation.exchanges:
        yield exchange.said
        yield types.Content(role="user", parts=_answers(exchange))


def _answers(exchange: Exchange) -> list[types.Part]:
    """A model that numbers its calls wants the numbers back."""
    asked = [part.function_call for part in exchange.said.parts or [] if part.function_call]
    return [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=answer.call.name, response=answer.content))
        for call, answer in zip(asked, exchange.answers, strict=False)
    ]


def _vector(answer: types.EmbedContentResponse) -> Vector:
    try:
        (embedding,) = answer.embeddings or []
        return unit_vector(embedding.values or [])
    except ValueError as error:
        reason = f"the embedding is not a vector of {DIMENSIONS} dimensions: look at SPIKETRACE_EMBEDDING_MODEL"
        raise ModelUnavailable(reason, retryable=False) from error


def _reply(answer: types.GenerateContentResponse) -> Reply:
    usage = _usage(answer.usage_metadata)
    if not answer.candidates:
        blocked = answer.prompt_feedback.block_reason if answer.prompt_feedback else None
        return Reply("", [], usage, flaw=_blocked(blocked))
    candidate = answer.candidates[0]
    parts = (candidate.content.parts if candidate.content else None) or []
    calls = [
        ToolCall(part.function_call.name or "", dict(part.function_call.args or {}))
        for part in parts
        if part.function_call
    ]
    text = "".join(part.text for part in parts if part.text and not part.thought)
    return Reply(text, calls, usage, said=candidate.content, flaw=_flaw(candidate.finish_reason))


def _usage(metadata: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    if metadata is None:
        return Usage()
    output = (metadata.candidates_token_count or 0) + (metadata.thoughts_token_count or 0)
    asked = (metadata.prompt_token_count or 0) + (metadata.tool_use_prompt_token_count or 0)
    # Nothing that is answered gives anything back to the budget.
    return Usage(max(asked, 0), max(output, (metadata.total_token_count or 0) - asked, 0))


def _flaw(finished: Any) -> str | None:
    """A reason's name is one of the interface's own words."""
    name = str(getattr(finished, "value", finished) or "STOP")
    if name in ("STOP", "FINISH_REASON_UNSPECIFIED"):
        return None
    return CUT_OFF.get(name) or f"the answer ended with {_word(name)}"


def _blocked(reason: Any) -> str:
    name = str(getattr(reason, "value", reason) or "")
    return f"Gemini blocked the request ({_word(name)})" if name else "Gemini answered without a candidate"


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "", name)[:40].lower().replace("_", " ")


def _refused(error: errors.APIError) -> Exception:
    """The message is Google's, or whoever's answered: it is told redacted and short."""
    code = int(error.code or 0)
    said = excerpt(" ".join(str(error.message or error.status or "").split()), 160)
    reason = f"Gemini answered {code or 'something unreadable'}" + (f": {said}" if said else "")
    if code in RETRYABLE:
        wait = _retry_seconds(error.details)
        return _Busy(f"{reason} (it asks to wait for {wait:g} s)" if wait else reason, wait)
    advice = WHAT_TO_DO.get(code)
    return ModelUnavailable(f"{reason} ({advice})" if advice else reason, retryable=False)


def _retry_seconds(details: Any) -> float | None:
    """RetryInfo of a 429: `retryDelay` is "12s" (https://cloud.google.com/apis/design/errors#error_payloads)."""
    inner = details.get("error", details) if isinstance(details, dict) else {}
    listed = inner.get("details", []) if isinstance(inner, dict) else []
    for detail in listed if isinstance(listed, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (found := re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", delay)):
            return float(found[1])
    return None
