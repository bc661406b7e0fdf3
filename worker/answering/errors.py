"""Which errors were logged, by whom, of which type; and the log lines that hold given words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import floor
from typing import NamedTuple

from worker.answering.answer import AnswerChart
from worker.answering.asking import Asking, Draft, nothing_if_not_measured
from worker.answering.course import grid_of, line_chart, summed
from worker.answering.saying import brief, counted, in_quotes, length_in_words
from worker.domain.lookup import ErrorKind, Logged, LogLine, Reading
from worker.domain.text import one_line
from worker.domain.window import Window
from worker.errors import NotMeasured

MOST = 10
MOST_LINES = 15
LATELY = timedelta(hours=1)


class Tally(NamedTuple):
    """Lines that were logged, and the errors among them."""

    lines: int
    errors: int

    @property
    def share(self) -> str:
        """All of it is 100 % and nothing less is."""
        percent = 100 * self.errors / self.lines
        return f"{percent:.2g} %" if percent < 99 else f"{floor(percent * 10) / 10:g} %"

    def in_words(self, whose: str = "", line: str = "log line") -> str:
        return f"{counted(self.errors, 'error')} in {counted(self.lines, line)}{whose}, {self.share}"


def list_errors(asking: Asking) -> Draft:
    if asking.understood.words:
        return _matching_lines(asking, asking.understood.words)
    asking.looking("log lines and errors")
    reading = asking.looks.logged(asking.scope, asking.window)
    found, cite = _cited(asking, "Log lines and errors by service", reading)
    asking.found(f"{counted(found.errors, 'error')} in {counted(found.lines, 'log line')}")
    if not found.lines:
        return Draft([f"Nothing was logged by {asking.scope} in this time {cite}: whether it failed is not known."])
    text = f"{found.in_words(f' of {asking.scope}')} {cite}."
    draft = Draft([text, *_by_scope(asking, reading.rows), *_kinds(asking)])
    draft.charts += _chart(asking)
    return draft


@nothing_if_not_measured
def in_short(asking: Asking) -> list[str]:
    """Errors of the scope in one line, for an answer that is about something else."""
    found, cite = _cited(asking, "Log lines and errors", asking.looks.logged(asking.scope, asking.window))
    if not found.lines:
        return [f"It logged nothing in this time {cite}: whether it failed is not known."]
    return [f"{found.in_words()} {cite}."]


@nothing_if_not_measured
def lately(asking: Asking) -> list[str]:
    """The share of errors in the last hour of the time, beside that of all of it; nothing where nothing failed."""
    last = Window.before(asking.window.end, min(LATELY, asking.window.length))
    of_last, of_all = (asking.looks.logged(asking.scope, window) for window in (last, asking.window))
    if not _tally(of_last.rows).errors:
        return []
    found, cite = _cited(asking, "Log lines and errors of the last hour", of_last)
    beside = f"{found.in_words()}, and {_tally(of_all.rows).share} in all of this time"
    return [f"In the {length_in_words(last.length)} until {asking.when(last.end)}: {beside} {cite}."]


def since(asking: Asking, moment: datetime) -> str:
    """How many there were from then to the end of the time, to go on a sentence with."""
    try:
        reading = asking.looks.logged(asking.scope, Window(start=moment, end=asking.window.end))
    except NotMeasured:
        return ""
    found, cite = _cited(asking, "Log lines and errors of now", reading)
    if not found.lines:
        return f"; nothing was logged since {asking.when(moment)} {cite}, so whether it fails is not known"
    return f"; since {asking.when(moment)} {found.in_words()} {cite}"


def _cited(asking: Asking, title: str, reading: Reading[Logged]) -> tuple[Tally, str]:
    found = _tally(reading.rows)
    return found, asking.exhibits.add(title, reading, found._asdict())


def _tally(rows: Iterable[Logged]) -> Tally:
    each = [(row.lines, row.errors or 0) for row in rows]
    return Tally(sum(lines for lines, _ in each), sum(errors for _, errors in each))


def _by_scope(asking: Asking, rows: list[Logged]) -> list[str]:
    """The worst first; one service in one region needs no list."""
    by_region = asking.understood.by == "region"
    of: dict[str, list[Logged]] = defaultdict(list)
    for row in rows:
        place = (row.region,) if by_region else (row.service, row.region)
        of[", ".join(filter(None, place)) or "without a region"].append(row)
    if len(of) < 2 and not by_region:
        return []
    tallies = [(place, _tally(some)) for place, some in of.items()]
    tallies.sort(key=lambda pair: -pair[1].errors / pair[1].lines)
    by = "region" if by_region else "service and region"
    most = asking.understood.most or MOST
    told = [f"- {place}: {found.in_words(line='line')}" for place, found in tallies[:most]]
    more = len(tallies) - len(told)
    rest = [f"- {more} more, with a smaller share"] if more else []
    return [f"By {by}, the largest share of errors first:", *told, *rest]


@nothing_if_not_measured
def _kinds(asking: Asking) -> list[str]:
    """The commonest types over all scopes, each with its newest message."""
    reading = asking.looks.error_kinds(asking.scope, asking.window)
    kinds: dict[str | None, list[ErrorKind]] = defaultdict(list)
    for row in reading.rows:
        kinds[row.error_type].append(row)
    ranked = sorted(kinds.items(), key=lambda item: -sum(row.count for row in item[1]))[:MOST]
    if not ranked:
        return []
    counts = {kind or "(no type)": sum(row.count for row in rows) for kind, rows in ranked}
    cite = asking.exhibits.add("Errors by type", reading, {"errors": counts})
    return [f"By type {cite}:", *(f"- {_kind_in_words(kind, rows)}" for kind, rows in ranked)]


def _kind_in_words(kind: str | None, rows: list[ErrorKind]) -> str:
    services = sorted({row.service for row in rows if row.service})
    whose = f" ({', '.join(services[:3])}{' …' if len(services) > 3 else ''})"
    message = f": {brief(rows[0].message)}" if rows[0].message else ""
    return f"{one_line(kind or 'without a type')}, {sum(row.count for row in rows):,}{whose}{message}"


@nothing_if_not_measured
def _chart(asking: Asking) -> list[AnswerChart]:
    grid = grid_of(asking.window)
    values = summed(asking.looks.errors_over_time(asking.scope, grid, asking.window.end).rows, grid)
    return [line_chart("Errors of", "errors", asking.scope, grid, values)] if any(values) else []


def _matching_lines(asking: Asking, words: str) -> Draft:
    """Those that hold what was quoted as it stands; where none does, those that hold some of its words."""
    asking.looking("log lines that hold those words")
    phrases = asking.understood.phrases
    rows, count, cite = _lines(asking, None, phrases)
    quoted = in_quotes(phrases)
    if count:
        return _told_lines(asking, rows, f"{_holding(asking, count)} {quoted}, the newest first {cite}:")
    none = f"No log line of {asking.scope} in this time holds {quoted} {cite}"
    rows, count, cite = _lines(asking, words, ())
    if not count:
        return Draft([f"{none}, nor any of its words {cite}."])
    return _told_lines(asking, rows, f"{none}. {_holding(asking, count)} some of these words, the best first {cite}:")


def _holding(asking: Asking, count: int) -> str:
    return f"{counted(count, 'log line')} of {asking.scope} hold{'s' if count == 1 else ''}"


def _lines(asking: Asking, words: str | None, phrases: Sequence[str]) -> tuple[list[LogLine], int, str]:
    """Those to show, how many there are, and what cites them."""
    most = asking.understood.most or MOST_LINES
    reading: Reading[LogLine] = asking.looks.lines(
        asking.scope, asking.window, words=words, phrases=phrases, errors_only=False, limit=most
    )
    count = reading.total if reading.total is not None else len(reading.rows)
    cite = asking.exhibits.add("Log lines by words", reading, {"lines": count})
    asking.found(counted(count, "line"))
    return reading.rows, count, cite


def _told_lines(asking: Asking, rows: Iterable[LogLine], opening: str) -> Draft:
    return Draft([opening, *(f"- {_line(row, asking)}" for row in rows)])


def _line(row: LogLine, asking: Asking) -> str:
    where = ", ".join(filter(None, (row.service, row.region, row.level, row.error_type)))
    return f"{asking.when(row.at)}, {one_line(where)}: {brief(row.message)}"
