"""Which way of a workflow leads where: from what Jira offers for an issue in its present status.

Statuses have names of their own in every workflow, and one of three categories: `new`, `indeterminate`, `done`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError

DONE = "done"
# Where something is done again, the beginning is more honest than a status that says that somebody is at it.
AT_WORK = ("new", "indeterminate")
# Ways that end an issue well, the best first; a name in another language comes after these.
WELCOME = ("done", "resolved", "fixed", "completed", "closed")
# Ways that end it by saying it was none.
UNWELCOME = ("cancel", "declin", "reject", "duplicate", "won't", "wont", "invalid", "cannot reproduce")
RESOLUTION = "resolution"
LAST = len(WELCOME)


class _Named(BaseModel):
    id: str = ""
    name: str = ""


class _Category(BaseModel):
    key: str = ""


class _Status(_Named):
    category: _Category = Field(default_factory=_Category, alias="statusCategory")


class _Field(BaseModel):
    required: bool = False
    has_default: bool = Field(default=False, alias="hasDefaultValue")
    allowed: list[Any] = Field(default_factory=list, alias="allowedValues")


class Transition(BaseModel):
    """`fields` are those of its screen, by their id."""

    id: str
    name: str = ""
    to: _Status = Field(default_factory=_Status)
    fields: dict[str, _Field] = Field(default_factory=dict)


def offered(body: Any) -> list[Transition]:
    """Raises ValueError for what is not Jira's answer."""
    try:
        return [Transition.model_validate(one) for one in body["transitions"]]
    except (KeyError, TypeError, ValidationError):
        raise ValueError("no list of transitions") from None


def to_done(transitions: Sequence[Transition], named: str | None) -> Transition | None:
    """The way to go when the incident is over: the one that is `named` (by name, id or status), or the best."""
    if named:
        return next((one for one in transitions if named.casefold() in _names(one) and _values(one) is not None), None)
    ways = [one for one in transitions if one.to.category.key == DONE and _is_welcome(one) and _values(one) is not None]
    return min(ways, key=_rank, default=None)


def back_to_work(transitions: Sequence[Transition]) -> Transition | None:
    ways = [one for one in transitions if one.to.category.key in AT_WORK and _values(one) is not None]
    return min(ways, key=lambda one: AT_WORK.index(one.to.category.key), default=None)


def request_of(transition: Transition) -> dict[str, Any]:
    """The body of the call that takes it."""
    values = _values(transition)
    return {"transition": {"id": transition.id}, **({"fields": values} if values else {})}


def _names(transition: Transition) -> set[str]:
    return {name.casefold() for name in (transition.id, transition.name, transition.to.name)}


def _rank(transition: Transition) -> int:
    name = transition.to.name.casefold()
    return WELCOME.index(name) if name in WELCOME else LAST


def _is_welcome(transition: Transition) -> bool:
    name = f"{transition.name} {transition.to.name}".casefold()
    return not any(word in name for word in UNWELCOME)


def _values(transition: Transition) -> dict[str, Any] | None:
    """What its screen asks for; None where it asks for what only people know."""
    resolution = _resolution(transition.fields.get(RESOLUTION))
    filled = {RESOLUTION: {"name": resolution}} if resolution else {}
    missing = [name for name, field in transition.fields.items() if field.required and not field.has_default]
    return filled if set(missing) <= set(filled) else None


def _resolution(field: _Field | None) -> str | None:
    """An issue that is done without one is listed as unresolved, so it is given where the screen has it."""
    names = [value.get("name") for value in field.allowed if isinstance(value, dict)] if field else []
    known = {name.casefold(): name for name in names if isinstance(name, str)}
    return next((known[name] for name in WELCOME if name in known), None)
