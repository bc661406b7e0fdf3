"""What an answer rests on: numbered, with what was sent to the engine and a link to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic_core import to_jsonable_python

from worker.domain.evidence import Evidence, last_number
from worker.domain.lookup import Reading
from worker.domain.redaction.redact import redact_values
from worker.domain.report import Report
from worker.domain.window import Window, iso

# The indices of our own that answers cite.
REPORTS, INCIDENTS = "spiketrace-reports", "spiketrace-incidents"


@dataclass(frozen=True)
class Places:
    """Where people look: reports at `public_url`; Kibana, if there is one, in its space."""

    public_url: str
    kibana_url: str | None = None
    kibana_space: str = "default"

    def report(self, report_id: str) -> str:
        return f"{self.public_url}/reports/{quote(report_id, safe='')}"

    def incident(self, incident_id: str) -> str:
        return f"{self.public_url}/v1/incidents/{quote(incident_id, safe='')}"

    def discover(self, index: str, query: Mapping[str, Any], window: Window) -> str | None:
        """Kibana's Discover with the documents that the query read, by ES|QL, which needs no data view.

        https://www.elastic.co/docs/explore-analyze/query-filter/languages/esql-kibana
        """
        if self.kibana_url is None or INCIDENTS in index:
            return None
        space = "" if self.kibana_space == "default" else f"/s/{self.kibana_space}"
        wanted = " AND ".join(f"`{name.replace('`', '``')}` == {_literal(value)}" for name, value in _terms(query))
        esql = f"FROM {index}" + (f" | WHERE {wanted}" if wanted else "")
        time = f"(time:(from:'{iso(window.start)}',to:'{iso(window.end)}'))"
        state = f"(dataSource:(type:esql),query:(esql:'{esql.replace('!', '!!').replace(chr(39), '!' + chr(39))}'))"
        return f"{self.kibana_url}{space}/app/discover#/?_g={quote(time, safe='')}&_a={quote(state, safe='')}"


def _terms(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    filters = query.get("query", {}).get("bool", {}).get("filter", [])
    for one in filters:
        yield from ((name, value) for name, value in one.get("term", {}).items() if isinstance(value, str))


def _literal(value: str) -> str:
    """A string of ES|QL: https://www.elastic.co/docs/reference/query-languages/esql/esql-syntax"""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(letter if letter.isprintable() else " " for letter in escaped)}"'


@dataclass
class Exhibits:
    """The evidence of one answer. Of a report that it explains the evidence comes first, under the report's own ids."""

    places: Places
    items: list[Evidence] = field(default_factory=list)

    def of_report(self, report: Report, *, is_stored: bool) -> None:
        for item in report.evidence:
            link = f"{self.places.report(report.report_id)}#{item.id}" if is_stored else None
            seen = link or item.link or self.places.discover(item.index, item.query, item.window)
            self.items.append(item.model_copy(update={"link": seen}))

    def add(self, title: str, reading: Reading[Any], result: Mapping[str, Any]) -> str:
        """Its id, in brackets: what a sentence ends with."""
        seen = self.places.discover(reading.index, reading.query, reading.window)
        return self.add_plain(title, reading.index, reading.window, result, query=reading.query, link=seen)

    def add_plain(
        self,
        title: str,
        index: str,
        window: Window,
        result: Mapping[str, Any],
        *,
        query: Mapping[str, Any] | None = None,
        link: str | None = None,
    ) -> str:
        number = f"e{last_number(self.items) + 1}"
        # As it is stored: the model's briefing is written from it before that.
        found: dict[str, Any] = redact_values(to_jsonable_python(dict(result)))
        self.items.append(
            Evidence(
                id=number, title=title, index=index, query=dict(query or {}), window=window, result=found, link=link
            )
        )
        return f"[{number}]"
