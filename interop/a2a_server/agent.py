"""What is done for a message of another agent: one task, told as it goes, with the answer as its artifact."""

from __future__ import annotations

import asyncio

import structlog
from a2a.helpers import get_data_parts, get_text_parts, new_data_part, new_task_from_user_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Message
from a2a.utils.errors import InternalError

from interop.a2a_server.wishes import HOW, wish_of
from interop.asking import Investigation, Question, ReportWanted
from interop.metrics import A2A_TASKS
from interop.offered import Offered
from interop.reports import PREFACE
from interop.telling import UNFORESEEN, Standing, Told
from webhook.credentials import Caller
from worker.errors import RequestRefused, SpikeTraceError

# So long a task follows its investigation; the investigation goes on, whoever follows it.
FOLLOWED_SECONDS = 900.0
MARKDOWN, JSON = "text/markdown", "application/json"
# Where the state of a call holds whose credential it is (`interop.a2a_server.server`).
CALLER = "caller"

log = structlog.get_logger(__name__)


class Agent(AgentExecutor):
    """Answers each message by a task of its own."""

    def __init__(self, offered: Offered) -> None:
        self._offered = offered

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """A task that another process left is there already, and is done from the beginning: nothing is begun twice."""
        assert context.message is not None
        task = context.current_task
        if task is None:
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        try:
            await self._work(context, updater)
        except RequestRefused as error:
            await updater.reject(_said(updater, error.reason))
            A2A_TASKS.labels("rejected").inc()
        except SpikeTraceError as error:
            await updater.failed(_said(updater, f"{error.reason}. Send the message again, under another id"))
            A2A_TASKS.labels("failed").inc()
        except Exception as error:
            # The library would tell the caller the error's own words, which may hold anything.
            A2A_TASKS.labels("failed").inc()
            log.exception("a task failed", action="task-failed", task=task.id)
            raise InternalError(UNFORESEEN) from error
        else:
            A2A_TASKS.labels("answered").inc()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id
        assert context.context_id
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        told = "No longer followed. An investigation that was begun goes on, since others may have asked for it as well"
        await updater.cancel(_said(updater, told))

    async def _work(self, context: RequestContext, updater: TaskUpdater) -> None:
        assert context.message is not None
        parts, caller = context.message.parts, context.call_context.state[CALLER]
        wish = wish_of(get_text_parts(parts), get_data_parts(parts))
        await updater.start_work()
        if isinstance(wish, Investigation):
            await self._investigate(wish, caller, updater)
        elif isinstance(wish, ReportWanted):
            standing = await asyncio.to_thread(self._offered.reports.get, wish.model_copy(update={"form": "markdown"}))
            await _finish(standing, updater)
        else:
            await self._answer(wish, caller, updater)

    async def _investigate(self, asked: Investigation, caller: Caller, updater: TaskUpdater) -> None:
        investigations, reports = self._offered.investigations, self._offered.reports

        async def tell(standing: Standing) -> None:
            await updater.start_work(_said(updater, f"{standing.alert_id}: {standing.state}"))

        alert_id, _ = await investigations.start(asked, caller)
        standing = await investigations.follow(alert_id, FOLLOWED_SECONDS, tell)
        if standing.report_id:
            wanted = ReportWanted(id=standing.report_id, form="markdown")
            standing = await asyncio.to_thread(reports.get, wanted)
        await _finish(standing, updater)

    async def _answer(self, question: Question, caller: Caller, updater: TaskUpdater) -> None:
        async def tell(step: str) -> None:
            await updater.start_work(_said(updater, step))

        answered = await self._offered.questions.ask(question, caller, tell)
        await _attach("answer", answered.model_copy(update={"text": ""}), PREFACE + answered.text, updater)
        if answered.is_understood:
            await updater.complete()
        else:
            raise RequestRefused(f"this was not understood, and the answer says what may be asked. Or {HOW}")


async def _finish(standing: Standing, updater: TaskUpdater) -> None:
    """A report ends the task well; an investigation that failed, or takes too long, does not."""
    if standing.report_id is None:
        await _attach("report", standing, None, updater)
        await updater.failed(_said(updater, f"{standing.state}: {standing.reason or standing.next}"))
        return
    await _attach("report", standing.model_copy(update={"markdown": None}), standing.markdown, updater)
    await updater.complete(_said(updater, f"The report is at {standing.url}"))


async def _attach(name: str, told: Told, text: str | None, updater: TaskUpdater) -> None:
    """For people in Markdown, which says itself that it quotes; for programs as data, which says so as well."""
    parts = [new_text_part(text, MARKDOWN)] if text else []
    data = new_data_part(told.model_dump(mode="json", exclude_none=True), JSON)
    await updater.add_artifact([*parts, data], artifact_id=name, name=name, last_chunk=True)


def _said(updater: TaskUpdater, text: str) -> Message:
    return updater.new_agent_message([new_text_part(text)])
