"""What other agents may ask for, checked before anything is done with it."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from worker.agent.tools.arguments import LONGEST_NAME, Arguments, Moment
from worker.domain.asked import LONGEST_QUESTION
from worker.domain.window import iso
from worker.errors import RequestRefused

LONGEST_WAIT_SECONDS = 60
USUAL_WAIT_SECONDS = 20
MOST_REPORTS = 20
# Ids become part of a path in Elasticsearch, where "." and ".." would name something else.
ID = r"^[A-Za-z0-9_-][A-Za-z0-9._:-]{0,199}$"
TIMES = "times are ISO 8601, such as 2026-02-26T09:30:00Z; without a zone they are UTC"


def _is_a_name(text: str) -> str:
    name = text.strip()
    if not name or name == "*":
        raise ValueError("name one service, as the telemetry calls it; error_rate_by_service lists those with logs")
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise ValueError("a name holds no control or hidden characters")
    return name


Asked = TypeVar("Asked", bound=BaseModel)
Named = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_is_a_name)]


class Investigation(Arguments):
    """An investigation of one service, looking back from a moment."""

    service: Named = Field(description="The service by its exact name, as the telemetry calls it")
    region: Named | None = Field(default=None, description="One region by its exact name; all if left out")
    at: Moment | None = Field(
        default=None,
        description="The moment to look back from, ISO 8601, UTC: soon after the spike began. The present minute if "
        "left out. The same service, region and moment is the same investigation",
    )
    wait_seconds: int = Field(
        default=USUAL_WAIT_SECONDS,
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="So long the answer waits for the report; it usually takes a few seconds",
    )

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Investigation:
        if self.region and "," in self.service + self.region:
            raise ValueError("a name with a comma can only be investigated without a region")
        return self


class ReportWanted(Arguments):
    id: str = Field(pattern=ID, description="A report_id, or the alert_id of an investigation")
    form: Literal["facts", "markdown"] = Field(default="facts", description="The facts, or the whole report as well")


class Question(Arguments):
    """A question in plain words."""

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION, description="The question, in English")
    timezone: str = Field(
        default="UTC", max_length=60, description='Whose "yesterday" and "14:30" are meant: Europe/Berlin, UTC, +02:00'
    )


class ReportsWanted(Arguments):
    limit: int = Field(default=10, ge=1, le=MOST_REPORTS, description="At most so many")


def understood(form: type[Asked], arguments: Any) -> Asked:
    """Raises RequestRefused with what was wrong and what may be asked; what was given is not repeated."""
    try:
        return form.model_validate(arguments)
    except ValidationError as error:
        wrong = "; ".join(_complaint(item) for item in error.errors()[:3])
        raise RequestRefused(f"{wrong}. {what_may_be_asked(form)}") from None


def what_may_be_asked(form: type[BaseModel]) -> str:
    names = ", ".join(name if field.is_required() else f"{name}?" for name, field in form.model_fields.items())
    return f"It takes {names} (those with ? may be left out); {TIMES}"


def _complaint(item: Any) -> str:
    where = ".".join(map(str, item["loc"]))[:100] or "the arguments"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}"[:200]


def in_reach(at: datetime, now: datetime, days: int) -> datetime:
    """Raises RequestRefused for a moment of which there is nothing to be read."""
    if at > now:
        raise RequestRefused(f"at: {iso(at)} lies in the future, and now is {iso(now)}: ask for a moment that is past")
    if at < now - timedelta(days=days):
        raise RequestRefused(
            f"at: {iso(at)} is more than {days} days ago (SPIKETRACE_AGENTS_DAYS); ask for a later one"
        )
    return at
