"""Workflows: which transitions an issue has in its status, and what their screens ask for."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from demo.standins.jira_fields import Refused

Json = dict[str, Any]

CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done", "Declined": "done"}
RESOLUTIONS = ("Duplicate", "Fixed", "Won't Do")


WorkflowName = Literal["simple", "endless", "strict"]


class Step(NamedTuple):
    """`only_from`: the status that it starts in; None for any other than its end."""

    id: str
    name: str
    to: str
    only_from: str | None = None
    asks_for_resolution: bool = False


# `strict` asks for a resolution at its end, and lets nothing out of it but by reopening.
WORKFLOWS: dict[WorkflowName, list[Step]] = {
    "simple": [Step("11", "To Do", "To Do"), Step("21", "In Progress", "In Progress"), Step("31", "Done", "Done")],
    "endless": [Step("11", "To Do", "To Do"), Step("21", "In Progress", "In Progress")],
    "strict": [
        Step("41", "Decline", "Declined", only_from="To Do"),
        Step("51", "Resolve this issue", "Done", only_from="To Do", asks_for_resolution=True),
        Step("61", "Reopen", "To Do", only_from="Done"),
    ],
}


def status(name: str) -> Json:
    return {"name": name, "statusCategory": {"key": CATEGORIES[name]}}


def offered(workflow: WorkflowName, issue_status: str, *, with_fields: bool) -> list[Json]:
    return [_shown(step, with_fields) for step in _steps(workflow, issue_status)]


def taken(workflow: WorkflowName, issue_status: str, body: Json) -> Step:
    """Raises Refused."""
    wanted = (body.get("transition") or {}).get("id")
    for step in _steps(workflow, issue_status):
        if step.id == wanted:
            _check(step, body.get("fields") or {})
            return step
    raise Refused(
        "It seems that you have tried to perform a workflow operation that is not valid for the current state of "
        "this issue."
    )


def _steps(workflow: WorkflowName, issue_status: str) -> list[Step]:
    return [step for step in WORKFLOWS[workflow] if step.only_from in (None, issue_status)]


def _shown(step: Step, with_fields: bool) -> Json:
    fields = {"resolution": _resolution()} if step.asks_for_resolution else {}
    shown: Json = {"id": step.id, "name": step.name, "to": status(step.to)}
    return {**shown, "fields": fields} if with_fields else shown


def _resolution() -> Json:
    allowed = [{"id": str(number), "name": name} for number, name in enumerate(RESOLUTIONS, start=1)]
    return {"required": True, "hasDefaultValue": False, "name": "Resolution", "allowedValues": allowed}


def _check(step: Step, fields: Json) -> None:
    unknown = set(fields) - ({"resolution"} if step.asks_for_resolution else set())
    if unknown:
        raise Refused(errors={name: f"Field '{name}' cannot be set." for name in unknown})
    if step.asks_for_resolution and (fields.get("resolution") or {}).get("name") not in RESOLUTIONS:
        raise Refused(errors={"resolution": "Resolution is required."})
