"""The client over HTTP: what is sent, what is read, and what becomes of each kind of failure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.agent.server import GeminiServer
from worker.agent.gemini import Gemini
from worker.domain.conversation import Conversation, Exchange, Reply, ToolAnswer, ToolSpec
from worker.errors import ConfigurationError, ModelUnavailable

SCHEMA = {"type": "object", "properties": {"overview": {"type": "string"}}}
TOOL = ToolSpec("search_logs", "Finds lines.", {"type": "object", "properties": {"words": {"type": "string"}}})
ASKED = Conversation(system="Be true.", prompt="DATA")


@dataclass
class Clock:
    """Counts the pauses; nothing else takes time."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def opened(gemini: GeminiServer) -> Iterator[Gemini]:
    """One for all: making a client loads the machine's certificates."""
    made = Gemini(gemini.settings())
    yield made
    made.close()


@pytest.fixture
def model(opened: Gemini, clock: Clock) -> Gemini:
    opened.pause, opened.clock = clock.pause, clock
    return opened


def ask(model: Gemini, conversation: Conversation = ASKED, *, seconds: float = 30.0) -> Reply:
    return model.reply(conversation, seconds=seconds)


def test_text_and_tokens_are_read(gemini: GeminiServer, model: Gemini) -> None:
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 7, "totalTokenCount": 127}
    gemini.script({"text": "hello", "usage": usage})
    reply = ask(model)
    assert (reply.text, reply.calls, reply.flaw) == ("hello", [], None)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (100, 27)


def test_what_is_asked_for_is_sent(gemini: GeminiServer, model: Gemini) -> None:
    gemini.script({"text": "{}"}, {"text": "{}"})
    ask(model, Conversation(system="Be true.", prompt="DATA", tools=[TOOL]))
    ask(model, Conversation(system="Be true.", prompt="DATA", schema=SCHEMA, most_output_tokens=77))
    first, second = gemini.requests
    assert first["path"].startswith("/v1beta/models/")
    assert (first["model"], first["method"]) == ("gemini-2.5-flash", "generateContent")
    assert first["body"]["systemInstruction"]["parts"] == [{"text": "Be true."}]
    assert first["body"]["contents"] == [{"role": "user", "parts": [{"text": "DATA"}]}]
    (declared,) = first["body"]["tools"][0]["functionDeclarations"]
    assert (declared["name"], declared["parameters_json_schema"]) == (TOOL.name, TOOL.parameters)
    assert "responseJsonSchema" not in first["body"]["generationConfig"]
    assert "tools" not in second["body"]
    generation = second["body"]["generationConfig"]
    assert (generation["responseMimeType"], generation["maxOutputTokens"]) == ("application/json", 77)
    assert generation["responseJsonSchema"] == SCHEMA
    assert generation["thinkingConfig"] == {"thinking_budget": 0}


def test_tools_go_round_in_turns(gemini: GeminiServer, model: Gemini) -> None:
    calls = [{"name": "search_logs", "args": {"words": "pool"}}, {"name": "search_logs", "args": {}, "id": "c2"}]
    gemini.script({"calls": calls}, {"text": "done"})
    reply = ask(model, Conversation(system="s", prompt="p", tools=[TOOL]))
    assert [(one.name, one.arguments) for one in reply.calls] == [
        ("search_logs", {"words": "pool"}),
        ("search_logs", {}),
    ]
    exchange = Exchange(reply.said, [ToolAnswer(one, {"result": number}) for number, one in enumerate(reply.calls)])
    assert ask(model, Conversation(system="s", prompt="p", exchanges=[exchange], tools=[TOOL])).text == "done"
    _, asked, answered = gemini.requests[1]["body"]["contents"]
    assert [part["functionCall"]["name"] for part in asked["parts"]] == ["search_logs", "search_logs"]
    assert [part["functionResponse"]["response"] for part in answered["parts"]] == [{"result": 0}, {"result": 1}]
    assert answered["parts"][1]["functionResponse"]["id"] == "c2"


def test_a_busy_service_is_asked_again_when_it_says(gemini: GeminiServer, model: Gemini, clock: Clock) -> None:
    gemini.script({"status": 429, "retry_seconds": 7}, {"status": 503}, {"text": "at last"})
    assert ask(model).text == "at last"
    assert clock.pauses == [7.0, 2.0]


def test_no_longer_than_the_budget_of_seconds(gemini: GeminiServer, model: Gemini, clock: Clock) -> None:
    gemini.script({"status": 429, "retry_seconds": 45, "message": "quota"}, {"text": "never asked"})
    with pytest.raises(ModelUnavailable, match="429: quota") as caught:
        ask(model, seconds=30)
    assert caught.value.retryable
    assert clock.pauses == []
    assert len(gemini.requests) == 1


def test_a_service_that_stays_broken_is_given_up(gemini: GeminiServer, model: Gemini, clock: Clock) -> None:
    gemini.script({"status": 500, "times": 9})
    with pytest.raises(ModelUnavailable, match="500") as caught:
        ask(model)
    assert caught.value.retryable
    assert len(gemini.requests) == 3
    assert len(clock.pauses) == 2


@pytest.mark.parametrize(("status", "advice"), [(400, "GEMINI_MODEL"), (403, "may not use"), (404, "no such model")])
def test_a_refusal_is_not_repeated_and_says_what_to_do(
    gemini: GeminiServer, model: Gemini, status: int, advice: str
) -> None:
    gemini.script({"status": status}, {"text": "never asked"})
    with pytest.raises(ModelUnavailable, match=advice) as caught:
        ask(model)
    assert not caught.value.retryable
    assert len(gemini.requests) == 1


@pytest.mark.parametrize("slow", [{"delay_seconds": 1.5}, {"drip_seconds": 0.1}])
def test_a_slow_answer_ends_in_time(gemini: GeminiServer, slow: dict[str, float]) -> None:
    clock = Clock()
    model = Gemini(gemini.settings(SPIKETRACE_GEMINI_TIMEOUT_SECONDS="0.6"), pause=clock.pause, clock=clock)
    gemini.script({"text": "late", **slow}, {"text": "in time"})
    with closing(model):
        with pytest.raises(ModelUnavailable, match="in time"):
            ask(model, seconds=1.2)
        assert ask(model).text == "in time"


@pytest.mark.filterwarnings("ignore:SOMETHING_NEW is not a valid")
@pytest.mark.parametrize(
    ("step", "flaw"),
    [
        ({"text": '{"over', "finish": "MAX_TOKENS"}, "cut off"),
        ({"text": "", "finish": "SAFETY"}, "ended with safety"),
        ({"text": "", "finish": "MALFORMED_FUNCTION_CALL"}, "malformed function call"),
        ({"text": "", "finish": "SOMETHING_NEW"}, "something new"),
        ({"block": "PROHIBITED_CONTENT"}, "blocked the request .prohibited content"),
        ({"body": "{}"}, "without a candidate"),
    ],
)
def test_what_is_not_whole_says_why(gemini: GeminiServer, model: Gemini, step: dict[str, Any], flaw: str) -> None:
    gemini.script(step)
    found = ask(model).flaw
    assert found is not None
    assert re.search(flaw, found)


@pytest.mark.parametrize(
    "body", ["not json", "", "[]", '{"candidates": 7}', '{"candidates": [{"content": {"parts": "x"}}]}', "null"]
)
def test_what_cannot_be_read_is_no_crash_and_was_a_call(gemini: GeminiServer, model: Gemini, body: str) -> None:
    gemini.script({"body": body, "times": 3})
    assert ask(model).flaw


def test_tokens_below_zero_give_nothing_back_to_a_budget(gemini: GeminiServer, model: Gemini) -> None:
    usage = {"promptTokenCount": -500, "candidatesTokenCount": -7, "totalTokenCount": -507}
    gemini.script({"text": "hello", "usage": usage})
    assert ask(model).usage == (0, 0)


def test_a_wrong_key_is_told_without_the_key(gemini: GeminiServer) -> None:
    key = "AIza" + "x" * 35
    model = Gemini(gemini.settings(SPIKETRACE_GEMINI_API_KEY=key))
    with closing(model), pytest.raises(ModelUnavailable, match="API key not valid") as caught:
        ask(model)
    assert key not in caught.value.reason
    assert key not in gemini.told


def test_nobody_there(clock: Clock) -> None:
    model = Gemini(GeminiServer("http://127.0.0.1:9").settings(), pause=clock.pause, clock=clock)
    with closing(model), pytest.raises(ModelUnavailable, match="cannot be reached"):
        ask(model)


def test_vertex_wants_a_service_account() -> None:
    settings = GeminiServer("http://127.0.0.1:9").settings(
        SPIKETRACE_GEMINI_API_KEY="",
        SPIKETRACE_GEMINI_GCP_PROJECT="shop",
        SPIKETRACE_GEMINI_GCP_REGION="us-central1",
        SPIKETRACE_GEMINI_GCP_CREDENTIALS=json.dumps({"type": "nonsense"}),
    )
    assert settings.has_model
    with closing(Gemini(settings)) as model, pytest.raises(ConfigurationError, match="GEMINI_GCP_CREDENTIALS"):
        ask(model)
