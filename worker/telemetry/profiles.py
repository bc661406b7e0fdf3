"""Profiles: which index and field holds which signal. `docs/profiles.md` explains them to those who write one."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from worker.domain.telemetry import Edge, Metric, Role, Worse
from worker.errors import ConfigurationError
from worker.telemetry.impact_profile import Business, Machine, Sci, Slo, Users
from worker.yaml_file import parse_yaml, why_unreadable

WORSE: dict[str, Worse] = {"availability": "down", "traffic": "both", "other": "both"}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Matching(_Strict):
    """Documents whose `field` has one of `values`."""

    field: str
    values: list[str] = Field(min_length=1)


class Sampling(_Strict):
    """How often metrics are sampled, and how far back is read: in steps of that length, and in coarser ones."""

    step_seconds: int = Field(default=60, ge=10, le=86_400)
    recent_hours: float = Field(default=4, gt=0, le=24 * 60)
    past_step_seconds: int = Field(default=1800, ge=60, le=86_400)
    past_days: int = Field(default=7, ge=1, le=60)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.past_step_seconds < self.step_seconds:
            raise ValueError("past_step_seconds must not be shorter than step_seconds")
        return self


class Signal(_Strict):
    """One numeric field. `kind` says how samples add up (see docs/profiles.md).

    A signal with a `role` is weighed by it, whatever its name. `scale` turns the field's values into `unit`.
    """

    name: str
    field: str
    kind: Literal["mass", "gauge", "rate", "count", "summary"]
    unit: str = ""
    label: str = ""
    role: Role | None = None
    worse: Worse | None = None
    scale: float = 1.0

    @property
    def metric(self) -> Metric | None:
        if self.role is None:
            return None
        worse = self.worse or WORSE.get(self.role, "up")
        adds_up = self.kind in ("rate", "mass", "count")
        return Metric(self.name, self.role, worse, self.unit, self.label, adds_up)

    @property
    def is_counted(self) -> bool:
        """Whether a sample is made of many values, so that the field's highest value is not the highest sample."""
        return self.kind in ("count", "summary")


class Discovered(_Strict):
    """Every numeric field whose name matches, as one signal each; the first entry that matches a name decides."""

    match: str | list[str]
    role: Role | None = None
    worse: Worse | None = None
    kind: Literal["gauge", "rate"] = "gauge"
    unit: str = ""
    scale: float = 1.0
    ignore: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.role is None) == (not self.ignore):
            raise ValueError("needs a role, or ignore: true")
        return self

    def matches(self, name: str) -> bool:
        patterns = [self.match] if isinstance(self.match, str) else self.match
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)

    def signal(self, name: str, *, is_summary: bool) -> Signal:
        kind = "summary" if is_summary else self.kind
        return Signal(
            name=name, field=name, kind=kind, unit=self.unit, role=self.role, worse=self.worse, scale=self.scale
        )


class CrossCheck(_Strict):
    """A second field for signal `name`: its value times `factor` should be the signal's."""

    name: str
    field: str
    factor: float


class Metrics(_Strict):
    index: str
    service: str
    region: str | None = None
    instance: str | None = None
    deployment: str | None = None
    provider: str | None = None
    signals: list[Signal] = []
    discover: list[Discovered] = []
    cross_check: CrossCheck | None = None

    @model_validator(mode="after")
    def _has_signals(self) -> Self:
        if not self.signals and not self.discover:
            raise ValueError("needs signals, or discover to find them by name")
        return self

    def with_fields(self, numeric: list[str], summaries: Collection[str] = ()) -> Metrics:
        """With a signal for each of these fields that `discover` wants and that is none yet.

        `summaries`: those of them that hold the sum and the count of many values.
        """
        known = {signal.field for signal in self.signals}
        found = [(name, first) for name in sorted(numeric) if name not in known and (first := self.discovery_of(name))]
        later = [first.signal(name, is_summary=name in summaries) for name, first in found if not first.ignore]
        return self.model_copy(update={"signals": [*self.signals, *later]})

    def discovery_of(self, name: str) -> Discovered | None:
        """The entry that decides on a field of this name."""
        return next((one for one in self.discover if one.matches(name)), None)


class Logs(_Strict):
    index: str
    service: str
    region: str | None = None
    deployment: str | None = None
    level: str | None = None
    error_levels: list[str] = []
    message: str
    error_type: str | None = None
    retry: str | None = None
    latency_ms: str | None = None

    @model_validator(mode="after")
    def _knows_errors(self) -> Self:
        if self.level and not self.error_levels:
            raise ValueError("a level needs error_levels: those of its values that are errors")
        return self


class Changes(_Strict):
    """Deployments or other changes; `kind` is what the report calls them. `only`: where the index holds others, too."""

    index: str
    service: str
    region: str | None = None
    deployment: str | None = None
    version: str | None = None
    status: str | None = None
    kind: str = "deployment"
    only: Matching | None = None


class Duration(_Strict):
    """A duration of calls: `field` holds that of one call (a mean or a median), or `total` the sum over all of them."""

    field: str | None = None
    total: str | None = None
    unit: Literal["s", "ms", "us", "ns"] = "s"

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.field) == bool(self.total):
            raise ValueError("needs field or total, and not both")
        return self

    @property
    def seconds(self) -> float:
        return {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[self.unit]


class Edges(_Strict):
    """Calls between services, one document an edge and time.

    `strip`: where it stands in a callee's name, it and what follows are cut off. `failures`: the documents of calls
    that failed.
    """

    index: str
    caller: str
    callee: str
    calls: str | None = None
    duration: Duration | None = None
    callee_duration: Duration | None = None
    failures: Matching | None = None
    strip: str = ""

    @model_validator(mode="after")
    def _can_divide(self) -> Self:
        totals = [one.total for one in (self.duration, self.callee_duration) if one]
        if any(totals) and not self.calls:
            raise ValueError("a total of durations needs calls to be divided by")
        return self


class Incidents(_Strict):
    index: str


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class Profile(_Strict):
    """Every part but the name may be left out; a report names what it so could not look at."""

    name: str
    sampling: Sampling = Sampling()
    metrics: Metrics | None = None
    logs: Logs | None = None
    changes: Annotated[list[Changes], BeforeValidator(_as_list)] = []
    edges: Edges | None = None
    topology: list[Edge] = []
    incidents: Incidents | None = None
    users: Users | None = None
    business: Business | None = None
    machine: Machine | None = None
    slo: Slo | None = None
    sci: Sci = Sci()

    @model_validator(mode="after")
    def _reads_something(self) -> Self:
        if not self.metrics and not self.logs:
            raise ValueError("needs metrics or logs")
        for name, value in (("users", self.users), ("slo", self.slo)):
            if value and not (self.logs and self.logs.level):
                raise ValueError(f"{name} needs logs with a level, to tell failed requests from others")
        return self

    @property
    def is_of_roles(self) -> bool:
        signals = self.metrics.signals if self.metrics else []
        discovers = bool(self.metrics and self.metrics.discover)
        return discovers or bool(self.edges or self.topology) or any(signal.role for signal in signals)


def shipped_profiles() -> list[str]:
    folder = files("worker.telemetry") / "shipped"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_profile(name: str) -> Profile:
    """A shipped profile by its name, or one of your own by its path.

    Raises ConfigurationError naming the file, the line and the key that is wrong.
    """
    shipped = files("worker.telemetry") / "shipped" / f"{name}.yaml"
    source = Path(str(shipped)) if shipped.is_file() else Path(name)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"SPIKETRACE_PROFILE names {name!r}: neither a shipped profile ({', '.join(shipped_profiles())}) "
            f"nor a readable file ({why_unreadable(error)})"
        ) from None
    return parse_profile(text, str(source))


def parse_profile(text: str, source: str) -> Profile:
    """Raises ConfigurationError."""
    return parse_yaml(text, Profile, kind="profile", source=source)
