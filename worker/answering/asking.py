"""One question while it is answered: what is asked, where it is looked up, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from worker.answering.answer import AnswerChart, Offer, Step, Tell, Topic, Understood
from worker.answering.exhibits import Exhibits
from worker.answering.ports import Incidents, Investigate, Looks, Reports
from worker.answering.saying import time_in
from worker.answering.zones import Zone
from worker.domain.incident import Incident
from worker.domain.report import Report
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.errors import NotMeasured
from worker.policy import Policy

Asked = ParamSpec("Asked")
Told = TypeVar("Told")


@dataclass(frozen=True)
class Asking:
    """`now` is as of when it is asked: nothing later is looked at."""

    understood: Understood
    zone: Zone
    now: datetime
    looks: Looks
    reports: Reports
    incidents: Incidents
    investigate: Investigate
    policy: Policy
    configured: Collection[str]
    exhibits: Exhibits
    on_step: Tell

    @property
    def scope(self) -> Scope:
        return Scope(self.understood.service, self.understood.region)

    @property
    def window(self) -> Window:
        assert self.understood.window is not None
        return self.understood.window

    @property
    def is_about_emissions(self) -> bool:
        return self.understood.topic is Topic.EMISSIONS_WHY

    @property
    def whose(self) -> str:
        """Behind what is of the scope: " of checkout, us-central1"; nothing where it is of everything."""
        return f" of {self.scope}" if any(self.scope) else ""

    def when(self, moment: datetime) -> str:
        """On the asker's clock, with its name."""
        return f"{time_in(moment, self.zone)} {self.zone.name}"

    def looking(self, text: str) -> None:
        self.on_step(Step("looking", text))

    def found(self, text: str) -> None:
        self.on_step(Step("found", text))


def nothing_if_not_measured(look: Callable[Asked, list[Told]]) -> Callable[Asked, list[Told]]:
    """For what an answer tells besides: it is left out where the profile has no such source."""

    @wraps(look)
    def measured(*args: Asked.args, **kwargs: Asked.kwargs) -> list[Told]:
        try:
            return look(*args, **kwargs)
        except NotMeasured:
            return []

    return measured


@dataclass
class Draft:
    """What an answer is to say. `lines` are paragraphs, or items that begin with "- "; `report` explains it, if any.

    `sections`: those of the report's six that are told otherwise than it does, for more is known since.
    """

    lines: list[str] = field(default_factory=list)
    report: Report | None = None
    sections: dict[str, str] = field(default_factory=dict)
    charts: list[AnswerChart] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    others: list[dict[str, object]] = field(default_factory=list)
    reports: list[dict[str, object]] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    offer: Offer | None = None
