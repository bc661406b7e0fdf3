"""What can be said of an ES|QL query without Elasticsearch: its shape, its parameters, its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.artifacts.tree import index_fields

_WORD = re.compile(
    "from|where|stats|by|eval|keep|sort|limit|asc|desc|nulls|last|first|and|or|not|null|is|in|like|as|metadata|true|false",
    re.IGNORECASE,
)
_FUNCTIONS = re.compile(
    "avg|case|count|count_distinct|date_diff|match|max|min|now|percentile|round|sum|to_datetime|to_double|to_timeduration",
    re.IGNORECASE,
)
_SPAN = re.compile(r"\b\d+ (minute|hour|day)s?\b")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"\?(?P<parameter>\w+)|(?P<name>[@A-Za-z_][\w@]*(?:\.\w+)*)(?P<call>\s*\()?")
_ALIAS = re.compile(r"(?<![=!<>])\b(\w+)\s*=(?!=)")
_DAYS = re.compile(r"to_timeduration\s*\(\s*(\?|\"[^\"]*\bdays?\b)", re.IGNORECASE)
_BOUNDED = re.compile(r"^LIMIT [1-9][0-9]{0,2}$")


def faults(query: str, declared: Iterable[str]) -> Iterator[str]:
    """Sentences about what is wrong with a query that declares these parameters."""
    commands = [part.strip() for part in query.split("|")]
    if not re.match(r"(FROM|ROW|TS) ", commands[0]):
        yield "the query does not begin with FROM, ROW or TS"
        return
    if not any(_BOUNDED.match(command) for command in commands):
        yield "the query has no LIMIT below 1,000"
    if _DAYS.search(query):
        yield "TO_TIMEDURATION takes milliseconds to hours only, and no parameter that may be days"
    used = {match["parameter"] for match in _NAME.finditer(_TEXT.sub('""', query)) if match["parameter"]}
    for name in sorted(set(declared) - used):
        yield f"the parameter {name} is declared and not used"
    for name in sorted(used - set(declared)):
        yield f"the parameter {name} is used and not declared"
    for name in sorted(_unknown_functions(query)):
        yield f"no function of ES|QL that is used here is called {name}"
    for name in sorted(unknown_fields(query)):
        yield f"no field of the index is called {name}"


def _unknown_functions(query: str) -> set[str]:
    names = {match["name"] for match in _NAME.finditer(_TEXT.sub('""', query)) if match["call"]}
    return {name for name in names if not _FUNCTIONS.fullmatch(name) and not _WORD.fullmatch(name)}


def unknown_fields(query: str) -> set[str]:
    source, _, rest = query.partition("|")
    pattern = source.split()[1]
    if pattern not in index_fields():
        return {pattern}
    text = _SPAN.sub("", _TEXT.sub('""', rest))
    known = index_fields()[pattern].keys() | set(_ALIAS.findall(text)) | {"_score", "_id", "_index"}
    names = {match["name"] for match in _NAME.finditer(text) if match["name"] and not match["call"]}
    return {name for name in names if not _WORD.fullmatch(name) and name not in known}
