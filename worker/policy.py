"""The policy: what is how severe, how long an incident waits, and who is told of it. `docs/incidents.md` explains it.

What was not confirmed, is nobody's fault or was replayed makes no incident (`worker.incidents`), so nobody is told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from worker.domain.incident import Incident
from worker.domain.severity import Severity
from worker.errors import ConfigurationError
from worker.life import Life
from worker.routing import GROUPS, KNOWN, OPTIONS, Routes, Rule, Step, When, follow, routes_of
from worker.severity import Thresholds
from worker.yaml_file import parse_yaml, why_unreadable


def _default_routes() -> list[Rule]:
    """A message from `medium`, a ticket from `high`; below that people may ask for one."""
    serious = Rule.model_validate(
        {"name": "serious", "when": When(severity=Severity.HIGH), "tell": ["messages", "tickets", "pages"]}
    )
    notable = Rule.model_validate(
        {"name": "notable", "when": When(severity=Severity.MEDIUM), "tell": ["messages"], "ask": ["tickets"]}
    )
    return [serious, notable]


class Policy(BaseModel):
    """What happens at which severity, by service, region and time of day. Without a file: the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Thresholds = Thresholds()
    incidents: Life = Life()
    rules: list[Rule] = Field(default_factory=_default_routes, alias="routes")

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, rules: list[Rule]) -> list[Rule]:
        names = [rule.name for rule in rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are called {', '.join(twice)}")
        return rules

    def routes(self, incident: Incident, configured: Collection[str], now: datetime) -> Routes:
        return routes_of(self.follow(incident, now), configured)

    def follow(self, incident: Incident, now: datetime) -> list[Step]:
        """The rules that were looked at, with what did not fit."""
        return follow(self.rules, incident, now)

    @property
    def named(self) -> set[str]:
        """The destinations that a rule calls by their name."""
        return {name for rule in self.rules for name in (*rule.tell, *rule.ask) if name not in GROUPS}


def load_policy(path: Path | None, configured: Collection[str] = ()) -> Policy:
    """The policy of the file, or the default one. `configured` may be named besides the shipped destinations.

    Raises ConfigurationError naming the file, the line and the key that is wrong.
    """
    if path is None:
        return Policy()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = why_unreadable(error)
        raise ConfigurationError(f"the policy {path} cannot be read ({why}): set SPIKETRACE_POLICY to one") from None
    return parse_policy(text, str(path), configured)


def parse_policy(text: str, source: str, configured: Collection[str] = ()) -> Policy:
    """Raises ConfigurationError."""
    return parse_yaml(text, Policy, kind="policy", source=source, context={KNOWN: {*OPTIONS, *configured}})
