"""An answer as a terminal shows it: words, a small chart, and where to read more."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import fmean

import click
from rich.console import Console

from worker.answering.answer import ANSWER, Answer, AnswerChart, Step
from worker.answering.writing import left_out
from worker.domain.evidence import Evidence
from worker.domain.figures import clock, day, number
from worker.domain.text import reveal
from worker.markdown import section_title

# Where no terminal says how wide it is; and no wider, since long lines are hard to read.
WIDE = 120
BARS = "▁▂▃▄▅▆▇█"
NO_SAMPLE = "·"
MOST_POINTS = 60
LONGEST_BAR = 30
STEPS = {"looking": "Looking at ", "found": "Found: ", "asking_model": "Asking the model: "}
_RANKED = re.compile(r"- \d+\. ")


def tell_step(step: Step) -> None:
    """What happens meanwhile, on standard error; how the question was taken stands in the answer."""
    if step.kind != "understood":
        tell_waiting(f"{STEPS[step.kind]}{step.text}")


def tell_waiting(text: str) -> None:
    click.secho(reveal(text), err=True, dim=True)


def tell_answer(answer: Answer) -> None:
    width = min(Console().width, WIDE) if Console().is_terminal else WIDE
    click.echo("\n".join(_wrapped(reveal(line), width) for line in _lines(answer)))


def _wrapped(line: str, width: int) -> str:
    """Long words, such as addresses, are not broken; an item's further lines stand below its text."""
    if line.startswith("  "):
        return line
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _lines(answer: Answer) -> Iterator[str]:
    if answer.understood.topic:
        yield from (answer.understood.sentence, "")
    yield from _paragraphs(answer.direct)
    bars = next((chart for chart in answer.charts if chart.kind == "bars"), None)
    for name, text in answer.sections.items():
        if name != ANSWER:
            yield section_title(name).upper()
        yield from _with_bars(list(_section(text)), bars)
    for chart in answer.charts:
        yield from _line(chart)
    yield from _paragraphs(answer.closing)
    if answer.understood.topic:
        yield from _paragraphs("\n".join(left_out(answer.not_understood)))
    if answer.reason:
        yield answer.reason
    yield from _evidence(answer.evidence)


def _section(text: str | list[str]) -> Iterator[str]:
    if isinstance(text, list):
        yield from (f"{index}. {line}" for index, line in enumerate(text, 1))
        yield ""
    else:
        yield from _paragraphs(text)


def _paragraphs(text: str) -> Iterator[str]:
    if text:
        yield from text.splitlines()
        yield ""


def _evidence(evidence: Sequence[Evidence]) -> Iterator[str]:
    """Where all of it is on one page, its address once."""
    pages = {(item.link or "").partition("#")[0] for item in evidence}
    page = pages.pop() if len(pages) == 1 else ""
    if evidence:
        yield f"EVIDENCE{f' in {page}' if page and len(evidence) > 1 else ''}"
    for item in evidence:
        own = f"  {item.link}" if item.link and (not page or len(evidence) == 1) else ""
        yield f"  {item.id}: {item.title}, {item.index}{own}"


def _with_bars(lines: list[str], chart: AnswerChart | None) -> Iterator[str]:
    """A ranking's items, each with its bar beside it."""
    ranked = [line for line in lines if _RANKED.match(line)]
    values = [value or 0.0 for _, value in chart.series[0].points] if chart else []
    if not ranked or len(ranked) != len(values):
        yield from lines
        return
    wide, bars = max(map(len, ranked)), iter(values)
    for line in lines:
        yield f"  {line[2:]:<{wide}} {_long(next(bars), max(values))}".rstrip() if line in ranked else line


def _long(value: float, most: float) -> str:
    return "█" * max(1, round(LONGEST_BAR * value / most)) if 0 < value <= most else ""


def _line(chart: AnswerChart) -> Iterator[str]:
    """Lowest and highest are of the points themselves, the drawing may be of several at a time."""
    points = chart.series[0].points if chart.kind == "line" and chart.series else []
    values = [value for _, value in points]
    known = [value for value in values if value is not None]
    if not known:
        return
    low, high = min(known), max(known)
    first, last = points[0][0], points[-1][0]
    yield f"{chart.title}: {number(low)} to {number(high)} {chart.unit}"
    yield f"  {''.join(_bar(value, low, high) for value in _grouped(values))}"
    if isinstance(first, datetime) and isinstance(last, datetime):
        yield f"  {_moment(first)} to {_moment(last)} UTC"
    yield ""


def _moment(moment: datetime) -> str:
    return f"{day(moment)} {clock(moment)}"


def _grouped(values: Sequence[float | None]) -> list[float | None]:
    size = -(-len(values) // MOST_POINTS) or 1
    groups = ([one for one in values[start : start + size] if one is not None] for start in range(0, len(values), size))
    return [fmean(group) if group else None for group in groups]


def _bar(value: float | None, low: float, high: float) -> str:
    if value is None:
        return NO_SAMPLE
    place = (value - low) / (high - low) if high > low else 0.0
    return BARS[min(int(place * len(BARS)), len(BARS) - 1)]
