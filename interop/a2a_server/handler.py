"""The library's request handler, made idempotent: by the id of a message, and across a restart."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator

from a2a.helpers import get_data_parts, new_data_part
from a2a.server.agent_execution import AgentExecutor, RequestContext, SimpleRequestContextBuilder
from a2a.server.agent_execution.active_task import TERMINAL_TASK_STATES
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.owner_resolver import resolve_user_scope
from a2a.server.request_handlers import DefaultRequestHandlerV2
from a2a.server.tasks import TaskStore
from a2a.types import (
    AgentCard,
    GetTaskRequest,
    Message,
    SendMessageConfiguration,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
)
from a2a.utils.errors import InvalidParamsError, UnsupportedOperationError

from worker.domain.redaction.redact import redact, redact_values

OURS = uuid.UUID("5b0cbdf0-7b7f-4e37-9d3b-8a5f6c1d2e90")
LONGEST_ID = 200


def task_id_of(message: Message, context: ServerCallContext) -> str:
    """The same for the same message of the same credential."""
    return str(uuid.uuid5(OURS, f"{resolve_user_scope(context)}\x1f{message.message_id}"))


def without_secrets(params: SendMessageRequest) -> SendMessageRequest:
    """A task holds its message for a week, and what it asks for needs no secret. Raises InvalidParamsError."""
    kept = SendMessageRequest()
    kept.CopyFrom(params)
    kept.message.ClearField("metadata")
    for part in kept.message.parts:
        part.ClearField("metadata")
        match part.WhichOneof("content"):
            case "text" if not part.text:
                raise InvalidParamsError("a text part says nothing")
            case "text" | "url" as name:
                setattr(part, name, redact(getattr(part, name)))
            case "data":
                (data,) = get_data_parts([part])
                part.CopyFrom(new_data_part(redact_values(data), part.media_type or None))
    return kept


class NamedByMessage(SimpleRequestContextBuilder):
    """Gives a task the id that follows from its message."""

    async def build(
        self,
        context: ServerCallContext,
        params: SendMessageRequest | None = None,
        task_id: str | None = None,
        context_id: str | None = None,
        task: Task | None = None,
    ) -> RequestContext:
        if params is not None and task_id is None:
            task_id = task_id_of(params.message, context)
        return await super().build(context, params, task_id, context_id, task)


class OncePerMessage(DefaultRequestHandlerV2):
    """A message that comes again is the task that it was: as it ended, or joined while it runs.

    A task whose process died is taken up again by whoever is asked for it.
    """

    def __init__(self, agent: AgentExecutor, store: TaskStore, card: AgentCard) -> None:
        super().__init__(agent, store, card, request_context_builder=NamedByMessage())
        self._store = store

    async def on_message_send(self, params: SendMessageRequest, context: ServerCallContext) -> Message | Task:
        params = without_secrets(params)
        if done := await self._done(params, context):
            return done
        answer: Message | Task = await super().on_message_send(params, context)
        return answer

    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        params = without_secrets(params)
        if done := await self._done(params, context):
            yield done
            return
        async for event in super().on_message_send_stream(params, context):
            yield event

    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task | None:
        await self._take_up(params.id, context)
        task: Task | None = await super().on_get_task(params, context)
        return task

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        await self._take_up(params.id, context)
        async for event in super().on_subscribe_to_task(params, context):
            yield event

    async def _done(self, params: SendMessageRequest, context: ServerCallContext) -> Task | None:
        message = params.message
        if message.task_id:
            raise UnsupportedOperationError("a task is one message here: send a new message, without a task's id")
        if max(len(message.message_id), len(message.context_id)) > LONGEST_ID:
            raise InvalidParamsError(f"an id has at most {LONGEST_ID} characters")
        stored = await self._store.get(task_id_of(message, context), context)
        return stored if stored and _has_ended(stored) else None

    async def _take_up(self, task_id: str, context: ServerCallContext) -> None:
        """Where a task neither runs here nor has ended, its message is worked on again."""
        if await self._active_task_registry.get(task_id):
            return
        stored = await self._store.get(task_id, context)
        if stored is None or _has_ended(stored) or not stored.history:
            return
        at_once = SendMessageConfiguration(return_immediately=True)
        await super().on_message_send(SendMessageRequest(message=stored.history[0], configuration=at_once), context)


def _has_ended(task: Task) -> bool:
    return task.status.state in TERMINAL_TASK_STATES
