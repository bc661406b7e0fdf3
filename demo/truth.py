"""The truth about the demo shop: kept beside its telemetry, never in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from demo.incidents import Kind, Verdict

STILL_ITS_ALERT = timedelta(minutes=25)


class Affected(BaseModel):
    """A scope in which an alert may be about this entry; None stands for every service."""

    model_config = ConfigDict(frozen=True)

    service: str | None
    region: str


class TruthEntry(BaseModel):
    """One hidden thing. `service`, `region`, `kinds` and `deployment_id` describe the root cause.

    `excess_co2_grams` is what it added in [start, end) in the root cause's own scope (in all its scopes
    where there is no such service), `total_excess_co2_grams` in all of them: the same shop, the same noise,
    with and without it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    sentence: str
    verdicts: tuple[Verdict, ...]
    kinds: tuple[Kind, ...]
    service: str | None
    region: str
    deployment_id: str | None
    version: str | None
    start: AwareDatetime
    end: AwareDatetime
    affected: tuple[Affected, ...]
    excess_co2_grams: float
    total_excess_co2_grams: float

    @property
    def is_incident(self) -> bool:
        return "not_confirmed" not in self.verdicts

    def concerns(self, service: str | None, region: str | None, at: AwareDatetime) -> bool:
        """Whether an alert at that moment, about that service or region (None: not named), may be about this."""
        return self.start <= at < self.end + STILL_ITS_ALERT and any(
            (service is None or scope.service in (None, service)) and region in (None, scope.region)
            for scope in self.affected
        )


class Truth(BaseModel):
    """`log_sampling` is by service: one log line was kept in that many requests."""

    now: AwareDatetime
    seed: int
    log_sampling: dict[str, int]
    entries: tuple[TruthEntry, ...]

    def save(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.model_validate_json(path.read_text(encoding="utf-8"))
