"""Kibana's signal, as SpikeTrace keeps it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

RECOVERED = "recovered"
# The rule that a yes to an answer's offer names: nobody's rule raised such an alert, and none will end it.
QUESTION_RULE = "spiketrace-question"


class AlertState(StrEnum):
    QUEUED = "queued"
    INVESTIGATING = "investigating"
    REPORTED = "reported"
    FAILED = "failed"
    RECOVERED = "recovered"


class Origin(StrEnum):
    """How an alert came: by Kibana's webhook or index connector, or found in Kibana's own index of alerts.

    REQUEST: no rule raised it, another agent asked for the investigation.
    """

    WEBHOOK = "webhook"
    INDEX = "index"
    SWEEP = "sweep"
    REQUEST = "request"


class Rule(BaseModel):
    """The Kibana rule that spoke. Only `id` is certain; everything else may be empty."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str = ""
    type: str = ""
    space_id: str = "default"
    url: str = ""
    tags: tuple[str, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict)


class Alert(BaseModel):
    """One notification of one alert instance of one rule.

    `instance` is Kibana's `alert.id` (the group's value, "all documents", "query matched", or the
    rule's id in a summary). `uuid` is stable while that instance is active. `date` is when Kibana
    scheduled the action: an alert is investigated as of then, however old it is.
    """

    model_config = ConfigDict(frozen=True)

    rule: Rule
    instance: str
    uuid: str
    action_group: str
    date: AwareDatetime
    flapping: bool = False
    consecutive_matches: int | None = None
    title: str = ""
    message: str = ""
    conditions: str = ""
    value: float | None = None
    group: str = ""
    context_date: AwareDatetime | None = None
    link: str = ""

    @property
    def is_recovery(self) -> bool:
        return self.action_group == RECOVERED

    @property
    def alert_id(self) -> str:
        """The id of the alert instance while it is active: the same for its recovery.

        Kibana gives an instance a new uuid after it has recovered
        (https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/rule-action-variables),
        so rule and uuid name one life of it.
        """
        return life_id(self.rule.space_id, self.rule.id, self.uuid)

    @property
    def renotification_id(self) -> str:
        """The id of a further notification of an alert that is already known under another date."""
        return renotification_id(self.alert_id, self.date)


def life_id(space_id: str, rule_id: str, uuid: str) -> str:
    """`Alert.alert_id`, where no more of the alert is known."""
    return _digest("alert", space_id, rule_id, uuid)


def renotification_id(alert_id: str, date: datetime) -> str:
    return _digest("renotification", alert_id, date.isoformat())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
