"""docs/profiles.md tells of every key, kind and role, and what it shows is a profile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from worker.domain.telemetry import Role
from worker.telemetry import impact_profile, profiles
from worker.telemetry.profiles import Profile, Signal, parse_profile, shipped_profiles

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
MODELS = [
    *(profiles.Sampling, profiles.Metrics, profiles.Signal, profiles.Discovered, profiles.CrossCheck, profiles.Logs),
    *(impact_profile.Users, impact_profile.Slo, impact_profile.Business, impact_profile.Machine, impact_profile.Sci),
    *(profiles.Changes, profiles.Edges, profiles.Duration, profiles.Matching, profiles.Incidents, Profile),
]


def test_what_it_shows_is_a_profile_with_every_part() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    shown = parse_profile(block, "docs/profiles.md")
    assert all(getattr(shown, part) for part in Profile.model_fields)
    assert shown.is_of_roles


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_told_of(model: type[BaseModel]) -> None:
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE)) + " ".join(re.findall(r"## .*", PAGE))))
    shown = set(re.findall(r"(\w+):", PAGE))
    assert set(model.model_fields) - told - shown == set()


def test_every_kind_role_and_shipped_profile_has_a_line() -> None:
    lines = set(re.findall(r"^\| `([\w-]+)`", PAGE, re.MULTILINE))
    kinds = get_args(Signal.model_fields["kind"].annotation)
    assert {*get_args(Role), *kinds, *shipped_profiles()} <= lines
