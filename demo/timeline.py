"""When things happen in the demo shop: the span of its telemetry, its releases, its moments.

Everything recurs at a fixed time of day, so that the shop looks the same whenever the demo is run: an
incident at 15:36 UTC is in the American morning, whether "now" is noon or midnight.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Literal

from demo.services import ASIA, EUROPE, SERVICES, US

LENGTH = timedelta(days=2)
SETTLED = timedelta(minutes=45)
SOME_HISTORY = timedelta(hours=12)
ROLLOUT_MINUTES = 10
ROLLOUT_ORDER = (EUROPE, ASIA, US)
FIRST_DEPLOYMENT_NUMBER = 8_611
FIRST_CONFIGURATION_NUMBER = 3_094


@dataclass(frozen=True)
class Rollout:
    """A change of one service in one region, spread evenly over `minutes` unless it is of configuration alone.

    `label` is how an incident refers to it before it has got its `deployment_id`. Without a `version` a
    release is the next patch, a rollback what ran before, and a configuration what is running.
    """

    service: str
    region: str
    at: datetime
    version: str = ""
    label: str = ""
    change: Literal["release", "rollback", "configuration"] = "release"
    minutes: int = ROLLOUT_MINUTES
    deployment_id: str = ""

    @property
    def is_configuration(self) -> bool:
        return self.change == "configuration"


@dataclass(frozen=True)
class Clock:
    """Two days that end at `now`."""

    now: datetime

    @property
    def start(self) -> datetime:
        return self.now - LENGTH

    def at(self, time_of_day: time, length: timedelta, *, on_first_day: bool = False) -> datetime:
        """The latest such time after which `length` has passed and things have settled again.

        On the first day, if that leaves half a day of history before it.
        """
        latest = self.now - length - SETTLED
        moment = datetime.combine(latest.date(), time_of_day, tzinfo=latest.tzinfo)
        if moment > latest:
            moment -= timedelta(days=1)
        day_before = moment - timedelta(days=1)
        return day_before if on_first_day and day_before >= self.start + SOME_HISTORY else moment


def ordinary_rollouts(clock: Clock, rng: random.Random) -> list[Rollout]:
    """Harmless releases, region after region, over the nine days before now."""
    rollouts = []
    for service in SERVICES.values():
        at = clock.start - timedelta(days=7) + timedelta(hours=rng.uniform(0, 60))
        while at < clock.now - timedelta(minutes=90):
            rollouts += _release(service.name, at, rng)
            at += timedelta(hours=rng.uniform(22, 75))
    return rollouts


def _release(service: str, at: datetime, rng: random.Random) -> list[Rollout]:
    rollouts = []
    for region in ROLLOUT_ORDER:
        if region in SERVICES[service].regions:
            rollouts.append(Rollout(service, region.name, at.replace(second=rng.randrange(60), microsecond=0)))
            at += timedelta(minutes=rng.uniform(18, 45))
    return rollouts


def without_clashes(
    ordinary: Iterable[Rollout], moments: Iterable[tuple[str, str, datetime]], quiet: timedelta
) -> list[Rollout]:
    """The rollouts of which none changes the same service in the same region within `quiet` of a moment.

    What is released in an incident's own scope is written down with the incident, so that its truth is certain.
    """
    busy = list(moments)
    return [rollout for rollout in ordinary if not any(_clashes(rollout, moment, quiet) for moment in busy)]


def _clashes(rollout: Rollout, moment: tuple[str, str, datetime], quiet: timedelta) -> bool:
    service, region, at = moment
    return (rollout.service, rollout.region) == (service, region) and abs(rollout.at - at) < quiet


def numbered(rollouts: Iterable[Rollout]) -> list[Rollout]:
    """In the order of time, each with the id and the version that the shop's pipeline would have given it."""
    return list(_with_versions(_with_ids(rollouts)))


def _with_ids(rollouts: Iterable[Rollout]) -> list[Rollout]:
    result = []
    deployments, configurations = FIRST_DEPLOYMENT_NUMBER, FIRST_CONFIGURATION_NUMBER
    for rollout in sorted(rollouts, key=lambda item: (item.at, item.service, item.region)):
        if rollout.is_configuration:
            configurations += 1
            result.append(replace(rollout, deployment_id=f"cfg-{configurations}"))
        else:
            deployments += 1
            result.append(replace(rollout, deployment_id=f"deploy-{deployments}"))
    return result


def _with_versions(rollouts: Iterable[Rollout]) -> Iterator[Rollout]:
    running: dict[tuple[str, str], list[str]] = {}
    for rollout in rollouts:
        service = SERVICES[rollout.service]
        versions = running.setdefault((rollout.service, rollout.region), [service.version])
        if rollout.change == "release":
            versions.append(rollout.version or _next_patch(versions[-1]))
        elif rollout.change == "rollback":
            versions.pop()
        yield replace(rollout, version=versions[-1])


def _next_patch(version: str) -> str:
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"
