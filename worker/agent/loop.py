"""The loop between a model and the tools: bounded in calls, tokens, seconds and money, and in what may be asked."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from worker.agent.budget import Meter
from worker.agent.prompting import data_block
from worker.agent.tools.result import LONGEST_RESULT, ToolRefused
from worker.agent.tools.toolbox import TOOLS, Toolbox
from worker.domain.conversation import Conversation, Exchange, Reply, ToolAnswer, ToolCall, ToolSpec, Usage
from worker.errors import EvidenceUnavailable, ModelUnavailable
from worker.ports import LanguageModel

Form = TypeVar("Form", bound=BaseModel)

# Of one turn; further ones are answered with a refusal.
MOST_TOOLS_A_TURN = 4
# Before a call its tokens are guessed: never fewer than there are, in English or in JSON.
CHARACTERS_A_TOKEN = 3
# What asking for tools takes a model to say, and what one result takes at most, marks and all.
TOOL_TURN_TOKENS = 300
RESULT_TOKENS = (LONGEST_RESULT + 200) // CHARACTERS_A_TOKEN
NO_ROOM = "no room is left for more: answer from what you have"
FENCED = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)


@dataclass
class Loop:
    model: LanguageModel
    toolbox: Toolbox
    meter: Meter
    clock: Callable[[], float] = time.monotonic

    def answer(self, conversation: Conversation, form: type[Form]) -> Form:
        """What the model finally answers, as `form`. Raises ModelUnavailable, BudgetExceeded.

        Tools are offered as long as a call and its tokens are left for the answer itself; the last call gets none, and
        the answer's form instead. What is no answer of that form before is asked for once more.
        """
        schema = compact(form.model_json_schema())
        is_last = False
        while True:
            is_last = is_last or not self._may_ask_for_tools(conversation, schema)
            asked = replace(conversation, tools=() if is_last else tool_specs(), schema=schema if is_last else None)
            reply = self._reply(asked)
            if reply.flaw:
                raise ModelUnavailable(reply.flaw, retryable=False)
            if reply.calls and not is_last:
                conversation = self._told(conversation, reply, schema)
                continue
            if read := read_as(form, reply.text):
                return read
            if is_last:
                why = (
                    "the model asked for tools to the end" if reply.calls else "the answer is not of the form asked for"
                )
                raise ModelUnavailable(why, retryable=False)
            is_last = True

    def _may_ask_for_tools(self, conversation: Conversation, schema: Any) -> bool:
        turn = guessed_tokens(replace(conversation, tools=tool_specs())) + TOOL_TURN_TOKENS
        return self.meter.calls_left > 1 and self._room(replace(conversation, schema=schema)) >= turn

    def _room(self, last: Conversation) -> int:
        """Tokens that are left beside those of the answer."""
        answer = guessed_tokens(last) + last.most_output_tokens
        return self.meter.limit.tokens - self.meter.usage.tokens - answer

    def _reply(self, conversation: Conversation) -> Reply:
        guessed = Usage(guessed_tokens(conversation), conversation.most_output_tokens)
        self.meter.check(guessed)
        began = self.clock()
        try:
            reply = self.model.reply(conversation, seconds=self.meter.seconds_left)
        finally:
            self.meter.seconds += self.clock() - began
        # Who does not say what it took is taken to have taken as much as it may.
        self.meter.count(reply.usage if reply.usage.tokens else guessed)
        return reply

    def _told(self, conversation: Conversation, reply: Reply, schema: Any) -> Conversation:
        """With the tools' results, as many as leave room for the answer itself."""
        answers: list[ToolAnswer] = []
        told = replace(conversation, exchanges=[*conversation.exchanges, Exchange(reply.said, answers)])
        for call in reply.calls:
            is_room = self._room(replace(told, schema=schema)) >= RESULT_TOKENS
            answers.append(self._call(len(answers), call) if is_room else ToolAnswer(call, {"refused": NO_ROOM}))
        return told

    def _call(self, place: int, call: ToolCall) -> ToolAnswer:
        """A refusal is the model's to read: it says what may be asked instead."""
        if place >= MOST_TOOLS_A_TURN:
            return ToolAnswer(call, {"refused": f"at most {MOST_TOOLS_A_TURN} tools at once"})
        try:
            told = self.toolbox.call(call.name, call.arguments).told()
        except (ToolRefused, EvidenceUnavailable) as error:
            return ToolAnswer(call, {"refused": error.reason})
        return ToolAnswer(call, {"result": data_block(told)})


def guessed_tokens(conversation: Conversation) -> int:
    exchanged = [(*answer.call, answer.content) for exchange in conversation.exchanges for answer in exchange.answers]
    told = [conversation.system, conversation.prompt, exchanged, conversation.tools, conversation.schema]
    return len(json.dumps(told, ensure_ascii=False, default=str)) // CHARACTERS_A_TOKEN


def read_as(form: type[Form], text: str) -> Form | None:
    fenced = FENCED.match(text)
    try:
        return form.model_validate_json(fenced[1] if fenced else text)
    except ValidationError:
        return None


@cache
def tool_specs() -> tuple[ToolSpec, ...]:
    return tuple(ToolSpec(tool.name, tool.description, compact(tool.schema())) for tool in TOOLS.values())


# Of JSON Schema, what tells a model nothing that it needs: every word of it is paid for with each call.
UNSAID = frozenset({"title", "default", "format", "maxLength", "minLength", "maxItems", "additionalProperties"})


def compact(schema: Any) -> Any:
    if isinstance(schema, list):
        return [compact(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: compact(value) for name, value in schema.items() if name not in UNSAID or isinstance(value, Mapping)}
    match kept.pop("anyOf", None):
        case [only, {"type": "null"}]:
            return only | kept
        case None:
            return kept
        case several:
            return kept | {"anyOf": several}
