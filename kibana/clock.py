"""A query as it would have been asked at another moment: what it says of now, said of then.

Elasticsearch has no way to ask as of a moment: date math, and a script's clock, take the time in which they run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from worker.domain.window import iso

# Date math that is relative to now, as a value in a query: "now", "now-7d/d".
# https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#date-math
_RELATIVE = re.compile(r"now([+\-/].*)?", re.IGNORECASE | re.DOTALL)
# The same as a bound in Lucene's syntax: `@timestamp:[now-1h TO now]`, `@timestamp:>now-1h`.
_IN_TEXT = re.compile(r"(?:[\[{<>=]\s*|\bTO\s+)now\b", re.IGNORECASE)
_BOUNDS = frozenset({"gt", "gte", "lt", "lte", "from", "to"})
_MILLISECONDS = re.compile(r"System\s*\.\s*currentTimeMillis\s*\(\s*\)")
_OTHER_CLOCKS = re.compile(r"\.\s*now\s*\(|nanoTime|new\s+Date\s*\(\s*\)")
# In a parameter, so that the script stays one and is compiled once for all runs.
# https://www.elastic.co/docs/explore-analyze/scripting/modules-scripting-using#prefer-params
CLOCK_PARAMETER = "spiketrace_run_at"


def query_at(query: Any, date: datetime) -> Any:
    """The same query as of that moment: its ranges by date math, and the clock of its scripts."""
    if isinstance(query, list):
        return [query_at(item, date) for item in query]
    if not isinstance(query, dict):
        return query
    return {name: _clause_at(name, value, date) for name, value in query.items()}


def is_of_now(query: Any) -> bool:
    """Whether the query speaks of the moment in which it runs."""
    return any(
        _reads_a_clock(name, value)
        or _is_text_of_now(name, value)
        or (isinstance(value, str) and _RELATIVE.fullmatch(value.strip()))
        for name, value in _walk(query)
    )


def clock_out_of_reach(query: Any) -> str | None:
    """Why the query cannot be asked as of another moment; None if it can."""
    for name, value in _walk(query):
        if _is_text_of_now(name, value):
            return "its query text asks for times relative to now, which was another moment then"
        if name == "script" and isinstance(value, dict) and "id" in value:
            return "a stored script's clock cannot be set"
        if name == "script" and _OTHER_CLOCKS.search(_source(value)):
            return "a script reads the clock otherwise than by System.currentTimeMillis()"
    return None


def _clause_at(name: str, value: Any, date: datetime) -> Any:
    if name == "range" and isinstance(value, dict):
        return {field: _range_at(bounds, date) for field, bounds in value.items()}
    if name == "script":
        return _script_at(value, date)
    return query_at(value, date)


def _range_at(bounds: Any, date: datetime) -> Any:
    if not isinstance(bounds, dict) or not any(_is_relative(name, value) for name, value in bounds.items()):
        return bounds
    moved = {name: _moment(value, date) if _is_relative(name, value) else value for name, value in bounds.items()}
    # The moment must be readable beside whatever form the rule's own dates have.
    return {**moved, "format": f"strict_date_optional_time||{bounds['format']}"} if "format" in bounds else moved


def _is_relative(name: str, value: Any) -> bool:
    return name in _BOUNDS and isinstance(value, str) and bool(_RELATIVE.fullmatch(value.strip()))


def _moment(value: str, date: datetime) -> str:
    """`now-7d/d` as `2026-11-23T12:00:00.000Z||-7d/d`."""
    rest = value.strip()[len("now") :]
    return f"{iso(date)}||{rest}" if rest else iso(date)


def _script_at(script: Any, date: datetime) -> Any:
    source = _source(script)
    if not _MILLISECONDS.search(source):
        return script
    known = script if isinstance(script, dict) else {}
    told = _MILLISECONDS.sub(f"((long) params['{CLOCK_PARAMETER}'])", source)
    params = {**known.get("params", {}), CLOCK_PARAMETER: round(date.timestamp() * 1000)}
    return {**known, "source": told, "params": params}


def _source(script: Any) -> str:
    source = script.get("source", "") if isinstance(script, dict) else script
    return source if isinstance(source, str) else ""


def _is_text_of_now(name: str, value: Any) -> bool:
    return name == "query_string" and isinstance(value, dict) and bool(_IN_TEXT.search(str(value.get("query", ""))))


def _reads_a_clock(name: str, value: Any) -> bool:
    source = _source(value) if name == "script" else ""
    return bool(_MILLISECONDS.search(source) or _OTHER_CLOCKS.search(source))


def _walk(query: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in it, with the name under which it stands."""
    yield name, query
    if isinstance(query, dict):
        for key, value in query.items():
            yield from _walk(value, key)
    elif isinstance(query, list):
        for item in query:
            yield from _walk(item, name)
