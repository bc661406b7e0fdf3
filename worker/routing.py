"""Which destinations an incident goes to: the rules of a policy, from top to bottom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from worker.domain.incident import Incident
from worker.domain.severity import Severity
from worker.hours import Period

Options = Mapping[str, str]
NOWHERE_SPECIAL: Options = MappingProxyType({})
TICKETS = ("jira", "servicenow")
PAGES = ("pagerduty",)
# What each destination may be told besides: its name, and where in it.
OPTIONS: Mapping[str, frozenset[str]] = {
    "slack": frozenset({"channel"}),
    "jira": frozenset({"project", "issue_type", "request_type"}),
    "servicenow": frozenset({"assignment_group"}),
    "pagerduty": frozenset({"on_call"}),
    "email": frozenset({"to"}),
}
# Words for several destinations; `messages` is every configured one that is neither a ticket nor a page.
GROUPS = ("messages", "tickets", "pages")
# Where validation finds the destinations that the settings name besides (Apprise's).
KNOWN = "known"


@dataclass(frozen=True)
class Routes:
    """Where an incident goes: the destinations that are told, and those that people are asked about, with options."""

    told: Mapping[str, Options] = field(default_factory=dict)
    asked: Mapping[str, Options] = field(default_factory=dict)


def _read_targets(value: Any, info: ValidationInfo) -> dict[str, dict[str, str]]:
    """`[slack, {jira: {project: PAY}}]`, or `{slack: , jira: {project: PAY}}`, as the latter."""
    targets: dict[str, dict[str, str]] = {}
    for name, options in _named(value):
        if name in targets:
            raise ValueError(f"{name!r} is named twice")
        targets[name] = _checked(name, options, info)
    return targets


def _named(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case None:
            return
        case str():
            yield value, None
        case dict():
            yield from ((str(name), options) for name, options in value.items())
        case list() | tuple():
            for one in value:
                yield from _named(one)
        case _:
            raise ValueError(f"{value!r} is no destination")


def _checked(name: str, options: Any, info: ValidationInfo) -> dict[str, str]:
    known = {*OPTIONS, *GROUPS, *(info.context or {}).get(KNOWN, ())}
    if name not in known:
        raise ValueError(
            f"there is no destination {name!r}: known are {', '.join(sorted(known))}, "
            "and the names in SPIKETRACE_APPRISE_URLS"
        )
    if options is None:
        return {}
    if not isinstance(options, dict):
        complaint = f"the options of {name} are keys with values, such as channel: C0INCIDENTS"
        raise ValueError(complaint)  # noqa: TRY004 - what pydantic takes for a complaint
    allowed = OPTIONS.get(name, frozenset())
    if unknown := sorted(str(key) for key in options if key not in allowed):
        has = f"it has {', '.join(sorted(allowed))}" if allowed else "it has none"
        raise ValueError(f"{name} has no option {', '.join(unknown)}; {has}")
    if empty := sorted(key for key, option in options.items() if not isinstance(option, str | int) or option == ""):
        raise ValueError(f"{name}: {', '.join(empty)} needs a text")
    return {key: str(option) for key, option in options.items()}


Targets = Annotated[dict[str, dict[str, str]], BeforeValidator(_read_targets)]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


class When(BaseModel):
    """What a rule asks of an incident; what is left out is not asked.

    `severity` is the least. `services` and `regions` are patterns (`*`, `?`, `[ab]`) of the service and region to
    blame, or of the alerted ones where the cause is not known; one of them has to fit, in the same letters. `times`:
    in one of these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity = Severity.LOW
    services: Annotated[list[str], BeforeValidator(_as_list)] = Field(default_factory=list)
    regions: Annotated[list[str], BeforeValidator(_as_list)] = Field(default_factory=list)
    times: Annotated[list[Period], BeforeValidator(_as_list)] = Field(default_factory=list)

    def why_not(self, incident: Incident, now: datetime) -> str | None:
        """What does not fit, in words; None if all fits."""
        if not incident.severity.at_least(self.severity):
            return f"the severity is {incident.severity}, not {self.severity} or worse"
        if self.services and not _fits(incident.service, self.services):
            return f"the service is {incident.service or 'not one'}, not {' or '.join(self.services)}"
        if self.regions and not _fits(incident.region, self.regions):
            return f"the region is {incident.region or 'not known'}, not {' or '.join(self.regions)}"
        if self.times and not any(period.holds(now) for period in self.times):
            return f"the time is not {' or '.join(map(str, self.times))}"
        return None


def _fits(name: str | None, patterns: Sequence[str]) -> bool:
    return name is not None and any(fnmatchcase(name, pattern) for pattern in patterns)


class Rule(BaseModel):
    """`tell` are told at once, people are asked about `ask`; with neither the incident is only investigated.

    `goes_on`: the rules below are looked at as well, and add what this one does not name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    when: When = When()
    tell: Targets = Field(default_factory=dict)
    ask: Targets = Field(default_factory=dict)
    goes_on: bool = Field(default=False, alias="continue")

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Rule:
        if both := sorted(self.tell.keys() & self.ask.keys()):
            raise ValueError(f"{', '.join(both)} cannot be told and asked about")
        return self


@dataclass(frozen=True)
class Step:
    """One rule, looked at: it fitted, or `why_not`."""

    rule: Rule
    why_not: str | None


def follow(rules: Sequence[Rule], incident: Incident, now: datetime) -> list[Step]:
    """The rules that were looked at, in their order: up to the first that fits and does not go on."""
    steps = []
    for rule in rules:
        steps.append(Step(rule, rule.when.why_not(incident, now)))
        if steps[-1].why_not is None and not rule.goes_on:
            break
    return steps


def routes_of(steps: Sequence[Step], configured: Collection[str]) -> Routes:
    """Of what the fitting rules name, what is configured. An earlier rule's word goes before a later one's."""
    told: dict[str, Options] = {}
    asked: dict[str, Options] = {}
    for step in steps:
        if step.why_not is None:
            tell, ask = (_expanded(targets, configured) for targets in (step.rule.tell, step.rule.ask))
            new = {name: options for name, options in tell.items() if name not in told and name not in asked}
            told |= new
            asked |= {name: options for name, options in ask.items() if name not in told and name not in asked}
    return Routes(told=told, asked=asked)


def _expanded(targets: Mapping[str, Options], configured: Collection[str]) -> dict[str, Options]:
    """A destination's own name goes before the group it is in."""
    groups = [name for name in targets if name in GROUPS]
    named = {name: options for name, options in targets.items() if name not in GROUPS and name in configured}
    members = {one: NOWHERE_SPECIAL for one in configured if group_of(one) in groups}
    return {**members, **named}


def group_of(name: str) -> str:
    if name in TICKETS:
        return "tickets"
    return "pages" if name in PAGES else "messages"


def called(name: str) -> str:
    """What one thing is called that goes there: a ticket, a page or a message."""
    return group_of(name).removesuffix("s")
