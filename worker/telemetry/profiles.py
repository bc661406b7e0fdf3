"""Profiles: which index and field holds which signal."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.errors import ConfigurationError
from worker.telemetry.impact_profile import Business, Machine, Sci, Slo, Users


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Signal(_Strict):
    """One numeric field. `kind` says how samples add up (see the shipped profile)."""

    name: str
    field: str
    kind: Literal["mass", "gauge", "rate"]
    unit: str
    label: str


class CrossCheck(_Strict):
    """A second field for signal `name`: its value times `factor` should be the signal's."""

    name: str
    field: str
    factor: float


class Metrics(_Strict):
    index: str
    service: str
    region: str
    deployment: str | None = None
    provider: str | None = None
    signals: list[Signal] = Field(min_length=1)
    cross_check: CrossCheck | None = None


class Logs(_Strict):
    index: str
    service: str
    region: str
    deployment: str | None = None
    level: str
    error_levels: list[str] = Field(min_length=1)
    message: str
    error_type: str | None = None
    retry: str | None = None
    latency_ms: str | None = None


class Changes(_Strict):
    index: str
    service: str
    region: str
    deployment: str
    version: str | None = None
    status: str | None = None


class Incidents(_Strict):
    index: str


class Profile(_Strict):
    name: str
    metrics: Metrics
    logs: Logs
    changes: Changes
    incidents: Incidents
    users: Users | None = None
    business: Business | None = None
    machine: Machine | None = None
    slo: Slo | None = None
    sci: Sci = Sci()


def load_profile(name: str) -> Profile:
    """A shipped profile by its name, or one of your own by its path.

    Raises ConfigurationError naming the file and the key that is wrong.
    """
    shipped = files("worker.telemetry") / "shipped" / f"{name}.yaml"
    source = Path(str(shipped)) if shipped.is_file() else Path(name)
    try:
        return Profile.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(
            f"SPIKETRACE_PROFILE names {name!r}: neither a shipped profile nor a readable file ({error.strerror})"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"profile {source} is not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(f"profile {source}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
