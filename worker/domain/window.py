"""Spans of time: half-open, aware, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator


def utc_now() -> datetime:
    return datetime.now(UTC)


def parse_time(text: str) -> datetime:
    """An ISO 8601 time as aware UTC; a time without a zone is taken as UTC.

    Raises ValueError when `text` is no time.
    """
    parsed = datetime.fromisoformat(text.strip())
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is before or after all dates in UTC") from error


def iso(moment: datetime) -> str:
    """The form Elasticsearch and people both read: `2026-02-26T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def floor_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


class Window(BaseModel):
    """[start, end): `end` itself is outside."""

    model_config = ConfigDict(frozen=True)

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"a window must end after it starts: {self.start} to {self.end}")
        return self

    @classmethod
    def before(cls, end: datetime, length: timedelta) -> Self:
        return cls(start=end - length, end=end)

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def minutes(self) -> float:
        return self.length.total_seconds() / 60

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end
