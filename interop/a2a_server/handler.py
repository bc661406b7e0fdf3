"""The library's request handler, for which a message that comes again is the task that it was."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator

from a2a.server.agent_execution import RequestContext, SimpleRequestContextBuilder
from a2a.server.agent_execution.active_task import TERMINAL_TASK_STATES
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.owner_resolver import resolve_user_scope
from a2a.server.request_handlers import DefaultRequestHandlerV2
from a2a.types import Message, SendMessageRequest, Task
from a2a.utils.errors import InvalidParamsError, UnsupportedOperationError

OURS = uuid.UUID("5b0cbdf0-7b7f-4e37-9d3b-8a5f6c1d2e90")
LONGEST_ID = 200


def task_id_of(message: Message, context: ServerCallContext) -> str:
    """The same for the same message of the same credential."""
    return str(uuid.uuid5(OURS, f"{resolve_user_scope(context)}\x1f{message.message_id}"))


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
    """A task that has ended is answered with as it is; one that runs is joined; one whose process died is taken up."""

    async def on_message_send(self, params: SendMessageRequest, context: ServerCallContext) -> Message | Task:
        if done := await self._done(params, context):
            return done
        answer: Message | Task = await super().on_message_send(params, context)
        return answer

    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        if done := await self._done(params, context):
            yield done
            return
        async for event in super().on_message_send_stream(params, context):
            yield event

    async def _done(self, params: SendMessageRequest, context: ServerCallContext) -> Task | None:
        message = params.message
        if message.task_id:
            raise UnsupportedOperationError("a task is one message here: send a new message, without a task's id")
        if max(len(message.message_id), len(message.context_id)) > LONGEST_ID:
            raise InvalidParamsError(f"an id has at most {LONGEST_ID} characters")
        stored = await self.task_store.get(task_id_of(message, context), context)
        assert stored is None or isinstance(stored, Task)
        return stored if stored and stored.status.state in TERMINAL_TASK_STATES else None
