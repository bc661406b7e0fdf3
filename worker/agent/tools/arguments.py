"""What a tool may be asked: bounded, and nothing that is not named here."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from worker.domain.telemetry import Scope
from worker.domain.window import Window, parse_time

LONGEST_NAME = 200
LONGEST_WORDS = 200
# What a window is compared with, unless the asker says otherwise.
BASELINE_WINDOWS = 6


def _moment(value: object) -> object:
    """A time without a zone is UTC."""
    return parse_time(value) if isinstance(value, str) else value


def _everything(name: str | None) -> str | None:
    return None if name in ("*", "") else name


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Name = Annotated[str | None, Field(max_length=LONGEST_NAME), AfterValidator(_everything)]
Service = Annotated[Name, Field(description="One service by its exact name; all if left out")]
Region = Annotated[Name, Field(description="One region by its exact name; all if left out")]


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InWindow(Arguments):
    """The span of time to look at."""

    start: Moment = Field(description="Start of the window, ISO 8601, UTC")
    end: Moment = Field(description="End of the window")

    @model_validator(mode="after")
    def _runs_forward(self) -> InWindow:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self

    @property
    def window(self) -> Window:
        return Window(start=self.start, end=self.end)


class InScope(InWindow):
    """A span of time, and whose."""

    service: Service = None
    region: Region = None

    @property
    def scope(self) -> Scope:
        return Scope(self.service, self.region)


class InRegion(InWindow):
    region: Region = None

    @property
    def scope(self) -> Scope:
        return Scope(None, self.region)


class WithBaseline(InScope):
    """A span of time beside the one before it."""

    baseline_start: Moment | None = Field(
        default=None,
        description="Start of the baseline, which ends where the window starts; six windows before if left out",
    )

    @model_validator(mode="after")
    def _starts_before(self) -> WithBaseline:
        if self.baseline_start and self.baseline_start >= self.start:
            raise ValueError("baseline_start must be before start")
        return self

    @property
    def baseline(self) -> Window:
        before = self.baseline_start or self.start - BASELINE_WINDOWS * timedelta(minutes=self.window.minutes)
        return Window(start=before, end=self.start)


class LogSearch(InScope):
    words: str | None = Field(
        default=None,
        max_length=LONGEST_WORDS,
        description="Words that the lines should hold; the best matches come first",
    )
    errors_only: bool = Field(default=True, description="Errors only, or every line")
    limit: int = Field(default=10, ge=1, le=20, description="At most so many lines")


class Likeness(Arguments):
    symptom: str = Field(
        min_length=3,
        max_length=LONGEST_WORDS,
        description="A few words about what is seen, e.g. connection pool timeout after deployment",
    )
    service: Service = None
    region: Region = None

    @property
    def scope(self) -> Scope:
        return Scope(self.service, self.region)
