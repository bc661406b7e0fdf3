"""What a case and a past incident have in common beside their words: service, region, kind of cause, error type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.analysis.likeness.words import words

# What people call a kind of cause where nobody filled in a field for it, as `words` gives it.
KIND_WORDS = {
    "deployment": ("deployment", "rollback"),
    "dependency": ("provider", "upstream", "downstream", "dependency"),
    "resource": ("cpu", "memory", "disk"),
    "traffic": ("traffic", "campaign", "crawler", "newsletter"),
}


@dataclass(frozen=True)
class Wanted:
    """What is known of a case. `service` is the one to blame, `services` has those in trouble, too."""

    text: str = ""
    service: str | None = None
    services: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    kind: str | None = None
    error_type: str | None = None


@dataclass(frozen=True)
class Past:
    """A past incident, as far as it is written. `is_told`: its kind is a field and no guess from its words."""

    text: str
    service: str | None
    services: frozenset[str]
    region: str | None
    kind: str | None
    error_type: str | None
    is_told: bool


@dataclass(frozen=True)
class Shared:
    """0–1 each. `cause`: the same kind of cause in the same service, as both were investigated."""

    service: float
    region: float
    kind: float
    error: float
    cause: bool


def past_of(document: Mapping[str, Any]) -> Past:
    """Of an incident of ours, or of one that others wrote in whatever form."""
    cause = document.get("root_cause")
    cause = cause if isinstance(cause, Mapping) else {}
    text = _text(document, cause)
    told = _name(cause.get("kind"))
    kind = told if told not in (None, "unknown") else kind_in(text)
    service, services = _name(document.get("service")), document.get("services")
    listed = services if isinstance(services, list) else []
    return Past(
        text=text,
        service=service,
        services=frozenset(one for one in (service, *listed) if isinstance(one, str)),
        region=_name(document.get("region")),
        kind=kind,
        error_type=_name(cause.get("error_type")),
        is_told=told is not None,
    )


def compare(wanted: Wanted, past: Past) -> Shared:
    is_service = wanted.service is not None and wanted.service == past.service
    meets = bool((wanted.services | {wanted.service}) & past.services)
    same_kind = wanted.kind is not None and wanted.kind != "unknown" and wanted.kind == past.kind
    return Shared(
        service=1.0 if is_service else 0.5 if meets else 0.0,
        region=1.0 if past.region in wanted.regions else 0.0,
        kind=(1.0 if past.is_told else 0.5) if same_kind else 0.0,
        error=_same_error(wanted.error_type, past),
        cause=is_service and same_kind and past.is_told and _agree(wanted.error_type, past.error_type),
    )


def _same_error(error_type: str | None, past: Past) -> float:
    """1 where both name the type; the share of its words that a text has, where only one does."""
    if not error_type:
        return 0.0
    if past.error_type:
        return 1.0 if past.error_type == error_type else 0.0
    named = set(words(error_type))
    return len(named & set(words(past.text))) / len(named) if named else 0.0


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _text(document: Mapping[str, Any], cause: Mapping[str, Any]) -> str:
    tags = document.get("tags")
    parts = [document.get("title"), document.get("summary"), *(tags if isinstance(tags, list) else [])]
    return " ".join(str(part) for part in (*parts, cause.get("error_type")) if part)


def kind_in(text: str) -> str | None:
    found = set(words(text))
    return next((kind for kind, names in KIND_WORDS.items() if found.intersection(names)), None)


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
