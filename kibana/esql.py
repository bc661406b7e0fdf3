"""What of an ES|QL query matters to a rule: the fields that name its rows, and the places where it asks for the time.

No parser of the language: it is cut into strings, comments, quoted names and the rest, so that nothing is mistaken for
what it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from worker.domain.window import iso

_TOKEN = re.compile(
    r'(?P<string>""".*?"""|"(?:\\.|[^"\\])*")'
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r"|(?P<quoted>`(?:``|[^`])*`)"
    r"|(?P<word>[^\W\d][\w.@]*|@[\w.@]+)"
    r"|(?P<sign>\S)"
    r"|(?P<space>\s+)",
    re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"

# What stands for the start and the end of the rule's window in a query.
# https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/lib/fetch_esql_query.ts
START_PARAMETER, END_PARAMETER = "_tstart", "_tend"


def grouping_fields(query: str) -> list[str]:
    """The columns after BY of the last STATS, under the names that RENAME gives them later; none without.

    What BY computes is none of them, as Kibana sees it.
    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/common/esql_query_utils.ts
    """
    commands = list(_commands(query))
    last = max((at for at, words in enumerate(commands) if _is(words, "stats")), default=None)
    if last is None:
        return []
    fields = _after_by(commands[last])
    for words in commands[last:]:
        if _is(words, "rename"):
            fields = _renamed(fields, words[1:])
    return fields


def row_fields(query: str, columns: Sequence[str]) -> list[str]:
    """The columns of an answer that make a row's id: those after BY that are left, else `_id`, else all of them."""
    if left := [field for field in grouping_fields(query) if field in columns]:
        return left
    first = next(_commands(query), [])
    lower = [word.lower() for word in first]
    if "_id" in columns and "metadata" in lower and "_id" in lower[lower.index("metadata") :]:
        return ["_id"]
    return list(columns)


def at_time(query: str, date: datetime) -> str:
    """The query as it would have been asked then: each NOW() is that moment."""
    return "".join(_with_time(list(_tokens(query)), date))


def clock_out_of_reach(query: str) -> str | None:
    """Why the query cannot be asked as of another moment; None if it can."""
    words = {text.lower() for kind, text in _tokens(query) if kind == "word"}
    return "TRANGE" if "trange" in words else None


def has_window_parameters(query: str) -> bool:
    """Whether it names the start or the end of the window itself: `?_tstart`, `?_tend`."""
    text = "".join(text for kind, text in _tokens(query) if kind in {"word", "sign", "space"})
    return bool(re.search(rf"\?({START_PARAMETER}|{END_PARAMETER})\b", text, re.IGNORECASE))


def _with_time(tokens: list[tuple[str, str]], date: datetime) -> Iterator[str]:
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        length = _call_without_arguments(tokens, at + 1) if kind == "word" and text.lower() == "now" else 0
        yield f'TO_DATETIME("{iso(date)}")' if length else text
        at += 1 + length


def _call_without_arguments(tokens: list[tuple[str, str]], start: int) -> int:
    """How many tokens from there are `()`, with the space in and before it; 0 if they are something else."""
    signs = ""
    for number, (kind, text) in enumerate(tokens[start:], start=1):
        if kind in {"space", "comment"}:
            continue
        signs += text
        if signs == "()":
            return number
        if signs != "(":
            break
    return 0


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(query):
        yield found.lastgroup or "", found.group()


def _commands(query: str) -> Iterator[list[str]]:
    """The words and signs of each command between the pipes; a quoted name without its quotes."""
    words: list[str] = []
    depth = 0
    for kind, text in _tokens(query):
        if kind in {"space", "comment"}:
            continue
        depth += (text in _OPEN) - (text in _CLOSE)
        if text == "|" and not depth:
            yield words
            words = []
        else:
            words.append(text[1:-1].replace("``", "`") if kind == "quoted" else text)
    yield words


def _is(words: Sequence[str], command: str) -> bool:
    return bool(words) and words[0].lower() == command


def _after_by(words: Sequence[str]) -> list[str]:
    depth = 0
    for at, word in enumerate(words):
        depth += (word in _OPEN) - (word in _CLOSE)
        if not depth and word.lower() == "by":
            return [item[0] for item in _items(words[at + 1 :]) if len(item) == 1]
    return []


def _renamed(fields: list[str], words: Sequence[str]) -> list[str]:
    """`old AS new`, or `new = old`."""
    new_names = {}
    for item in _items(words):
        match item:
            case [old, "AS" | "as" | "As" | "aS", new] | [new, "=", old]:
                new_names[old] = new
    return [new_names.get(field, field) for field in fields]


def _items(words: Sequence[str]) -> Iterator[list[str]]:
    """What stands between the commas that are in no parentheses."""
    item: list[str] = []
    depth = 0
    for word in words:
        depth += (word in _OPEN) - (word in _CLOSE)
        if word == "," and not depth:
            yield item
            item = []
        else:
            item.append(word)
    yield item
