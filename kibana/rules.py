"""Rule files: `kibana_rules/*.json`, each the body of Kibana's call that creates a rule.

The models refuse what Kibana would refuse, as far as the shipped rule types need it.
https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-alerting-rule-id
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from worker.errors import ConfigurationError

SHIPPED_RULES = Path(__file__).resolve().parent.parent / "kibana_rules"
RECOVERED = "recovered"
ACTION_GROUPS = {".index-threshold": "threshold met", ".es-query": "query matched"}
# Kibana takes no notice of anything else beside the query.
# https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/rule-type-es-query
READ_BESIDE_THE_QUERY = {"fields", "_source", "runtime_mappings"}
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]*[smhd]$")]
Comparator = Literal[">", "<", ">=", "<=", "between", "notBetween"]
Aggregation = Literal["count", "avg", "min", "max", "sum"]


class _Strict(BaseModel):
    """Kibana answers 400 to a key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Frequency(_Strict):
    summary: bool
    notify_when: Literal["onActionGroupChange", "onActiveAlert", "onThrottleInterval"]
    throttle: Duration | None

    @model_validator(mode="after")
    def _throttles_only_by_interval(self) -> Self:
        if (self.notify_when == "onThrottleInterval") != (self.throttle is not None):
            raise ValueError("a throttle goes with onThrottleInterval, and only with it")
        return self


class WebhookParams(_Strict):
    body: str


class Action(_Strict):
    """`frequency` is required: without it Kibana answers "Actions missing frequency parameters"."""

    group: str
    id: str
    params: WebhookParams
    frequency: Frequency


class Schedule(_Strict):
    interval: Duration


class AlertDelay(_Strict):
    active: int = Field(ge=1)


class Flapping(_Strict):
    """When an alert that comes and goes counts as flapping: of a rule's own, or of the space for all its rules.

    The defaults are Kibana's.
    https://www.elastic.co/docs/explore-analyze/alerting/alerts/create-manage-rules#defining-rules-flapping-details
    """

    enabled: bool = True
    look_back_window: int = Field(default=20, ge=2, le=20)
    status_change_threshold: int = Field(default=4, ge=2, le=20)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.status_change_threshold > self.look_back_window:
            raise ValueError("status_change_threshold must not be larger than look_back_window")
        return self


class _Window(_Strict):
    """What all kinds of params have in common: a span of time, and what is compared with what."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    time_field: str
    time_window_size: int = Field(ge=1)
    time_window_unit: Literal["s", "m", "h", "d"]
    threshold: list[float] = Field(min_length=1, max_length=2)
    threshold_comparator: Comparator

    @property
    def window(self) -> timedelta:
        return duration(f"{self.time_window_size}{self.time_window_unit}")


class _Condition(_Window):
    """An aggregation over documents, with or without groups."""

    agg_type: Aggregation = "count"
    agg_field: str | None = None
    group_by: Literal["all", "top"] = "all"
    term_field: str | list[str] | None = None
    term_size: int | None = Field(default=None, ge=1, le=1000)
    index: list[str] = Field(min_length=1)

    @field_validator("index", mode="before")
    @classmethod
    def _one_index_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if (self.agg_type == "count") != (self.agg_field is None):
            raise ValueError("aggField goes with every aggType but count")
        if (self.group_by == "top") != (self.term_field is not None and self.term_size is not None):
            raise ValueError("termField and termSize go with groupBy top")
        if (self.threshold_comparator in {"between", "notBetween"}) != (len(self.threshold) == 2):
            raise ValueError("between and notBetween take two thresholds, the others one")
        return self

    @property
    def term_fields(self) -> list[str]:
        if self.term_field is None:
            return []
        return [self.term_field] if isinstance(self.term_field, str) else self.term_field


class IndexThresholdParams(_Condition):
    """Params of `.index-threshold`."""

    term_field: str | None = None
    filter_kuery: str | None = None


class EsQueryParams(_Condition):
    """Params of `.es-query` with a query in the query language of Elasticsearch."""

    search_type: Literal["esQuery"] = "esQuery"
    es_query: str
    size: int = Field(ge=0, le=10_000)
    exclude_hits_from_previous_run: bool = True
    term_field: str | Annotated[list[str], Field(min_length=2, max_length=4)] | None = None

    @field_validator("es_query")
    @classmethod
    def _holds_a_query(cls, value: str) -> str:
        match json.loads(value):
            case {"query": dict(query), **others} if query and others.keys() <= READ_BESIDE_THE_QUERY:
                return value
        raise ValueError(f'esQuery must be a JSON object with a "query" and no more than {READ_BESIDE_THE_QUERY}')

    @property
    def runtime_fields(self) -> dict[str, Any]:
        """Fields that Elasticsearch computes by script while it searches."""
        fields: dict[str, Any] = json.loads(self.es_query).get("runtime_mappings", {})
        return fields


class EsqlText(_Strict):
    esql: str = Field(min_length=1)


class EsqlQueryParams(_Window):
    """Params of `.es-query` with ES|QL: the query does the grouping and the comparing, and each row is an alert.

    Kibana takes no other threshold than "more than 0 rows"; a row's alert id is made of the fields after BY.
    """

    search_type: Literal["esqlQuery"]
    esql_query: EsqlText
    size: int = Field(ge=0, le=10_000)
    exclude_hits_from_previous_run: bool = True
    group_by: Literal["row"]
    threshold_comparator: Literal[">"]

    @field_validator("threshold")
    @classmethod
    def _any_row(cls, value: list[float]) -> list[float]:
        if value != [0]:
            raise ValueError("the threshold of an ES|QL query is [0]: the query does the comparing")
        return value


class Rule(_Strict):
    """A rule as Kibana takes it. `id` is the file's name and goes into the call's path, not its body."""

    id: str = Field(exclude=True)
    name: str
    rule_type_id: Literal[".index-threshold", ".es-query"]
    consumer: Literal["stackAlerts"]
    enabled: bool = True
    tags: list[str] = Field(default_factory=list)
    schedule: Schedule
    params: IndexThresholdParams | EsQueryParams | EsqlQueryParams
    raw_params: dict[str, Any] = Field(exclude=True)
    alert_delay: AlertDelay = AlertDelay(active=1)
    flapping: Flapping | None = None
    actions: list[Action] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if isinstance(self.params, IndexThresholdParams) != (self.rule_type_id == ".index-threshold"):
            raise ValueError(f"the params are not those of {self.rule_type_id}")
        groups = {ACTION_GROUPS[self.rule_type_id], RECOVERED}
        for action in self.actions:
            if action.group not in groups:
                raise ValueError(f"{self.rule_type_id} has no action group {action.group!r}")
            throttle = action.frequency.throttle
            if throttle and duration(throttle) < self.interval:
                raise ValueError("a throttle must not be shorter than the rule's interval")
        return self

    @property
    def condition(self) -> IndexThresholdParams | EsQueryParams:
        """The params as something that can be evaluated here. Raises ConfigurationError for ES|QL."""
        if isinstance(self.params, EsqlQueryParams):
            raise ConfigurationError(f"rule {self.id} cannot be simulated: its ES|QL runs in Elasticsearch only")
        return self.params

    @property
    def excludes_seen_hits(self) -> bool:
        """Whether a hit that once met the condition is not counted again. Kibana ignores the setting with groups.

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-es-query#_handling_multiple_matches_of_the_same_document
        """
        params = self.params
        if not isinstance(params, EsQueryParams) or params.term_fields:
            return False
        # The newest hit says until when hits were seen: with none asked for, Kibana forgets none.
        return params.exclude_hits_from_previous_run and params.size > 0

    @property
    def action_group(self) -> str:
        return ACTION_GROUPS[self.rule_type_id]

    @property
    def interval(self) -> timedelta:
        return duration(self.schedule.interval)


def duration(text: str) -> timedelta:
    """Kibana's `5m` as a time span."""
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})


def load_rules(folder: Path = SHIPPED_RULES) -> list[Rule]:
    """Every rule file of a folder, by name. Raises ConfigurationError naming the file and what is wrong in it."""
    return [load_rule(path) for path in sorted(folder.glob("*.json"))]


def load_rule(path: Path) -> Rule:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return make_rule(path.stem, body)
    except (ValidationError, ValueError) as error:
        raise ConfigurationError(f"{path.name} is no rule that Kibana would take: {error}") from None


def make_rule(rule_id: str, body: dict[str, Any]) -> Rule:
    """Raises ValidationError for a body that Kibana would not take."""
    return Rule.model_validate({**body, "id": rule_id, "raw_params": body.get("params")})
