"""The labelled corpus: a history of incidents in a made-up company, and new incidents whose cause was there before.

A history is `corpus.yaml` laid out over services, regions and dates: of every cause four records by people, and two by
SpikeTrace as it would have written them. A quarter of people's records names no service. Every service so has records
of many other causes, which are the distractors. A new incident is told as a report knows it: error type, message, kind
of cause, service and region.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from worker.analysis.likeness.structure import Wanted
from worker.domain.window import iso
from worker.similar import words_of

SERVICES = (
    "checkout",
    "payments",
    "catalog",
    "search",
    "inventory",
    "shipping",
    "auth",
    "ledger",
    "gateway",
    "pricing",
)
REGIONS = ("us-central1", "europe-west1", "asia-east1")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STATUSES = ("Resolved", "closed", "done", "fixed, see ticket", "mitigated")
SEEDS = tuple(range(10))
WITHOUT_SERVICE = 0.25
AT_HOME = 0.5

Hit = dict[str, Any]


@dataclass(frozen=True)
class Cause:
    """`errors` are (type, message), `notes` (title, summary)."""

    id: str
    half: str
    kind: str
    errors: list[tuple[str, str]]
    notes: list[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """A new incident. `right` are the ids of the records of its cause."""

    half: str
    wanted: Wanted
    right: frozenset[str]


@dataclass(frozen=True)
class Company:
    """A history `{"_id", "_source"}` and what is asked of it."""

    history: list[Hit]
    asked: list[Asked]


@cache
def causes() -> tuple[Cause, ...]:
    text = (files("evaluation.similar") / "corpus.yaml").read_text(encoding="utf-8")
    return tuple(
        Cause(
            one["id"], one["half"], one["kind"], [(a, b) for a, b in one["errors"]], [(a, b) for a, b in one["notes"]]
        )
        for one in yaml.safe_load(text)
    )


def company(seed: int, known: Sequence[Cause] | None = None) -> Company:
    """Laid out by chance, the same for the same seed."""
    random = Random(seed)  # noqa: S311
    history: list[Hit] = []
    asked: list[Asked] = []
    for cause in known or causes():
        home = random.choice(SERVICES)
        records = [*_by_people(cause, home, random), *_by_spiketrace(cause, home, random)]
        hits: list[Hit] = [{"_id": f"{cause.id}-{number}", "_source": one} for number, one in enumerate(records)]
        history += hits
        right = frozenset(str(hit["_id"]) for hit in hits)
        asked += [Asked(cause.half, one, right) for one in _new(cause, home, random)]
    random.shuffle(history)
    return Company(history, asked)


def _by_people(cause: Cause, home: str, random: Random) -> Iterator[Hit]:
    for title, summary in cause.notes:
        service = _place(home, random)
        named = {} if random.random() < WITHOUT_SERVICE else {"service": service, "region": random.choice(REGIONS)}
        yield {
            "@timestamp": _date(random),
            "title": title,
            "summary": summary,
            "status": random.choice(STATUSES),
            "duration_minutes": random.randint(8, 400),
            **named,
        }


def _by_spiketrace(cause: Cause, home: str, random: Random) -> Iterator[Hit]:
    for _ in range(2):
        service, region, number = _place(home, random), random.choice(REGIONS), random.randint(100, 9999)
        error = random.choice(cause.errors)[0]
        deployment = f"deploy-{number}" if cause.kind == "deployment" else None
        because = f" since {deployment}" if deployment else f", cause: {error}"
        share = random.randint(4, 60)
        yield {
            "@timestamp": _date(random),
            "title": f"{service} {region}: failing requests{because}",
            "summary": f"{share} % of its requests fail (usually 0.4 %), because of {service}.",
            "service": service,
            "region": region,
            "tags": ["spiketrace", cause.kind],
            "status": "closed",
            "alert_ids": [f"alert-{number}"],
            "root_cause": {"kind": cause.kind, "service": service, "region": region, "error_type": error},
        }


def _new(cause: Cause, home: str, random: Random) -> Iterator[Wanted]:
    """At home and elsewhere; of one in four no kind of cause was found."""
    for service in (home, _place(home, random), random.choice(SERVICES)):
        error, message = random.choice(cause.errors)
        kind = None if random.random() < 0.25 else cause.kind
        yield Wanted(
            text=words_of(["errors"], kind, error, [message]),
            service=service,
            services=frozenset({service}),
            regions=frozenset({random.choice(REGIONS)}),
            kind=kind,
            error_type=error,
        )


def _place(home: str, random: Random) -> str:
    return home if random.random() < AT_HOME else random.choice(SERVICES)


def _date(random: Random) -> str:
    return iso(NOW - timedelta(minutes=random.randint(1_440, 380 * 1_440)))
