"""Which errors were logged, by whom, of which type; and the log lines that hold given words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import floor

from worker.answering.answer import AnswerChart, Series
from worker.answering.asking import Asking, Draft
from worker.answering.course import grid_of, summed
from worker.answering.saying import counted, in_quotes, length_in_words
from worker.domain.figures import duration
from worker.domain.lookup import ErrorKind, Logged, LogLine, Reading
from worker.domain.redaction.redact import excerpt
from worker.domain.text import one_line
from worker.domain.window import Window
from worker.errors import NotMeasured

MOST = 10
MOST_LINES = 15
LONGEST_MESSAGE = 160
LATELY = timedelta(hours=1)


def list_errors(asking: Asking) -> Draft:
    if asking.understood.words:
        return _matching_lines(asking, asking.understood.words)
    asking.looking("log lines and errors")
    reading = asking.looks.logged(asking.scope, asking.window)
    lines, errors = _lines_and_errors(reading)
    cite = asking.exhibits.add("Log lines and errors by service", reading, {"lines": lines, "errors": errors})
    asking.found(f"{errors:,} errors in {lines:,} log lines")
    if not lines:
        return Draft([f"Nothing was logged by {asking.scope} in this time {cite}: whether it failed is not known."])
    text = (
        f"{counted(errors, 'error')} in {counted(lines, 'log line')} of {asking.scope}, {_share(errors, lines)} {cite}."
    )
    draft = Draft([text, *_by_scope(asking, reading.rows), *_kinds(asking)])
    draft.charts += _chart(asking)
    return draft


def in_short(asking: Asking) -> list[str]:
    """Errors of the scope in one line, for an answer that is about something else."""
    try:
        reading = asking.looks.logged(asking.scope, asking.window)
    except NotMeasured:
        return []
    lines, errors = _lines_and_errors(reading)
    cite = asking.exhibits.add("Log lines and errors", reading, {"lines": lines, "errors": errors})
    if not lines:
        return [f"It logged nothing in this time {cite}: whether it failed is not known."]
    return [f"{counted(errors, 'error')} in {counted(lines, 'log line')}, {_share(errors, lines)} {cite}."]


def lately(asking: Asking) -> list[str]:
    """The share of errors in the last hour of the time, beside that of all of it; nothing where nothing failed."""
    last = Window.before(asking.window.end, min(LATELY, asking.window.length))
    try:
        found = [asking.looks.logged(asking.scope, window) for window in (last, asking.window)]
    except NotMeasured:
        return []
    (lines, errors), whole = (_lines_and_errors(reading) for reading in found)
    if not errors:
        return []
    cite = asking.exhibits.add("Log lines and errors of the last hour", found[0], {"lines": lines, "errors": errors})
    beside = f"{_share(errors, lines)}, and {_share(whole[1], whole[0])} in all of this time"
    until = f"{length_in_words(last.length)} until {asking.when(last.end)}"
    return [f"In the {until}: {counted(errors, 'error')} in {counted(lines, 'log line')}, {beside} {cite}."]


def since(asking: Asking, moment: datetime) -> str:
    """How many there were from then to the end of the time, to go on a sentence with."""
    try:
        reading = asking.looks.logged(asking.scope, Window(start=moment, end=asking.window.end))
    except NotMeasured:
        return ""
    lines, errors = _lines_and_errors(reading)
    cite = asking.exhibits.add("Log lines and errors of now", reading, {"lines": lines, "errors": errors})
    if not lines:
        return f"; nothing was logged since {asking.when(moment)} {cite}, so whether it fails is not known"
    share = f"{counted(errors, 'error')} in {counted(lines, 'log line')}, {_share(errors, lines)}"
    return f"; since {asking.when(moment)} {share} {cite}"


def _lines_and_errors(reading: Reading[Logged]) -> tuple[int, int]:
    return sum(row.lines for row in reading.rows), sum(row.errors or 0 for row in reading.rows)


def _share(part: int, whole: int) -> str:
    """All of it is 100 % and nothing less is."""
    percent = 100 * part / whole
    return f"{percent:.2g} %" if percent < 99 else f"{floor(percent * 10) / 10:g} %"


def _by_scope(asking: Asking, rows: list[Logged]) -> list[str]:
    """The worst first; one service in one region needs no list."""
    by_region = asking.understood.by == "region"
    rows = _regions(rows) if by_region else rows
    if len(rows) < 2 and not by_region:
        return []
    ranked = sorted(rows, key=lambda row: -((row.errors or 0) / row.lines if row.lines else 0))
    told = [
        f"- {_place(row)}: {counted(row.errors or 0, 'error')} in {counted(row.lines, 'line')}, "
        f"{_share(row.errors or 0, row.lines)}"
        for row in ranked[: asking.understood.most or MOST]
    ]
    more = len(ranked) - len(told)
    return [
        f"By {'region' if by_region else 'service and region'}, the largest share of errors first:",
        *told,
        *([f"- {more} more, with a smaller share"] if more else []),
    ]


def _place(row: Logged) -> str:
    return ", ".join(filter(None, (row.service, row.region))) or "without a region"


def _regions(rows: list[Logged]) -> list[Logged]:
    """All services of a region together."""
    of: dict[str | None, list[Logged]] = defaultdict(list)
    for row in rows:
        of[row.region].append(row)
    return [
        Logged(
            service=None, region=name, lines=sum(one.lines for one in some), errors=sum(one.errors or 0 for one in some)
        )
        for name, some in of.items()
    ]


def _kinds(asking: Asking) -> list[str]:
    """The commonest types over all scopes, each with its newest message."""
    try:
        reading = asking.looks.error_kinds(asking.scope, asking.window)
    except NotMeasured:
        return []
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
    message = f": {told(rows[0].message)}" if rows[0].message else ""
    return f"{one_line(kind or 'without a type')}, {sum(row.count for row in rows):,}{whose}{message}"


def told(message: str | None) -> str:
    """Redacted and short: what a log line says is data."""
    return excerpt(one_line(message or ""), LONGEST_MESSAGE)


def _chart(asking: Asking) -> list[AnswerChart]:
    grid = grid_of(asking.window)
    try:
        reading = asking.looks.errors_over_time(asking.scope, grid, asking.window.end)
    except NotMeasured:
        return []
    points = [(grid.time(index), value) for index, value in enumerate(summed(reading.rows, grid))]
    if not any(value for _, value in points):
        return []
    title = f"Errors of {asking.scope}, steps of {duration(grid.step)}"
    return [AnswerChart(title, "errors", "line", [Series(str(asking.scope), points)])]  # type: ignore[arg-type]


def _matching_lines(asking: Asking, words: str) -> Draft:
    """Those that hold what was quoted as it stands; where none does, those that hold some of its words."""
    asking.looking("log lines that hold those words")
    phrases = asking.understood.phrases or (words,)
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
    asking.found(f"{count:,} lines")
    return reading.rows, count, cite


def _told_lines(asking: Asking, rows: Iterable[LogLine], opening: str) -> Draft:
    return Draft([opening, *(f"- {_line(row, asking)}" for row in rows)])


def _line(row: LogLine, asking: Asking) -> str:
    where = ", ".join(filter(None, (row.service, row.region, row.level, row.error_type)))
    return f"{asking.when(row.at)}, {one_line(where)}: {told(row.message)}"
