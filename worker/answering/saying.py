"""How a question was taken, in one plain sentence; and times on the asker's own clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from worker.answering.answer import Topic, Understood
from worker.answering.times import Named
from worker.answering.zones import Zone
from worker.domain.figures import duration
from worker.domain.redaction.redact import excerpt, redact
from worker.domain.severity import Severity
from worker.domain.text import one_line
from worker.domain.window import Window

T = TypeVar("T")

LONGEST_TEXT = 160

# {of}, {by_whom} and {with_what} are the scope behind the preposition that fits.
SUBJECTS = {
    Topic.EMISSIONS_WHY: "why emissions{of} rose",
    Topic.EMISSIONS_TOTAL: "how much CO₂ was emitted{by_whom}",
    Topic.EMISSIONS_RANKING: "which {ranked}s emitted most CO₂{of}",
    Topic.WRONG: "what goes wrong{with_what}",
    Topic.INCIDENTS: "which{status} incidents affect{whom}",
    Topic.SIMILAR: "which past incidents resemble what goes wrong{with_what}",
    Topic.ERRORS: "which errors were logged{by_whom}",
    Topic.DEPLOYMENTS: "which deployments there were{of}",
    Topic.REPORTS: "which reports there are{of}",
    Topic.TICKET: "a ticket for what goes wrong{with_what}",
}


def in_words(understood: Understood, named: Named | None, zone: Zone) -> str:
    """Taken as: which incidents affect payments in europe-west1; this week (…)."""
    assert understood.topic is not None
    assert understood.window is not None
    if understood.record_id:
        about = "which past incidents resemble that of" if understood.topic is Topic.SIMILAR else "what"
        is_about = "" if understood.topic is Topic.SIMILAR else " is about"
        return f"Taken as: {about} {understood.record_id}{is_about}."
    subject = _share_asked(understood) or SUBJECTS[understood.topic].format(
        of=scope_in(understood, "of"),
        by_whom=scope_in(understood, "by"),
        with_what=scope_in(understood, "with"),
        whom=scope_in(understood, "") or " anything",
        ranked=understood.by,
        status=f" {understood.status.value}" if understood.status else "",
    )
    if understood.severity:
        subject += f", {at_least(understood.severity)}"
    if understood.words:
        subject += f", lines that hold {in_quotes(understood.phrases)}"
    if understood.topic is Topic.ERRORS and understood.by == "region":
        subject += ", by region"
    if understood.most:
        subject += f", at most {understood.most}"
    when = named.words if named else f"no time was named, so the last {_length(understood.window)}"
    return f"Taken as: {subject}; {when} {span_in(understood.window, zone)}."


def _share_asked(understood: Understood) -> str:
    """Where a ranking is of what was named itself, it is the share of that which is asked for."""
    named = named_of_ranking(understood)
    return f"what share of all CO₂ {named} emitted{scope_in(ranked_among(understood), 'by')}" if named else ""


def named_of_ranking(understood: Understood) -> str | None:
    """The service of a ranking of services, or the region of one of regions."""
    name: str | None = getattr(understood, understood.by)
    return name if understood.topic is Topic.EMISSIONS_RANKING else None


def ranked_among(understood: Understood) -> Understood:
    """With all of those that the ranking is of."""
    if understood.by == "service":
        return replace(understood, service=None)
    return replace(understood, region=None)


def length_in_words(length: timedelta) -> str:
    """What stands behind "the": day, 7 days, hour, 3 hours, 30 minutes, 1 h 20 min."""
    day, hour, minute = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
    unit, name = (day, "day") if length >= day else (hour, "hour") if length >= hour else (minute, "minute")
    if length < unit or length % unit:
        return duration(length)
    return name if length == unit else f"{length // unit} {name}s"


def in_these(length: timedelta) -> str:
    """In this hour; in these 24 hours; in these 30 minutes."""
    told = "24 hours" if length == timedelta(days=1) else length_in_words(length)
    return f"in these {told}" if told[0].isdigit() else f"in this {told}"


def in_quotes(phrases: Sequence[str]) -> str:
    """The asker's own words, as they may be repeated."""
    return " and ".join(f'"{redact(one_line(phrase))}"' for phrase in phrases)


def at_least(severity: Severity) -> str:
    return severity.value if severity is Severity.CRITICAL else f"{severity.value} or worse"


def _length(window: Window) -> str:
    days = window.length.days
    return f"{days} days" if days > 1 else "24 hours"


def scope_in(understood: Understood, preposition: str) -> str:
    """With checkout in us-central1; in us-central1; nothing where it is all of them."""
    service, region = understood.service, understood.region
    if service:
        words = [preposition, service, "in" if region else "", region]
    else:
        words = ["in" if preposition and region else "", region]
    return "".join(f" {word}" for word in words if word)


def span_in(window: Window, zone: Zone) -> str:
    """(25 Nov 2026 00:00 to 26 Nov 2026 00:00 UTC, 1 d)."""
    start, end = time_in(window.start, zone), until_in(window.end, window.start, zone)
    return f"({start} to {end} {zone.name}, {duration(window.length)})"


def until_in(end: datetime, start: datetime, zone: Zone) -> str:
    """The end of what has just been said to begin at `start`: without the day where it is the same one."""
    began, ended = time_in(start, zone), time_in(end, zone)
    return ended[-5:] if began[:-5] == ended[:-5] else ended


def time_in(moment: datetime, zone: Zone) -> str:
    local = moment.astimezone(zone.clock)
    return f"{local.day} {local:%b %Y %H:%M}"


def brief(text: str) -> str:
    """What others wrote is data: on one line, redacted and short."""
    return excerpt(one_line(text), LONGEST_TEXT)


def counted(number: int, what: str) -> str:
    """1 error; 1,200 errors."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def bullets(every: Sequence[T], most: int, line: Callable[[T], str], *, count: int | None = None) -> list[str]:
    """An item for each of the first, and how many there are besides; of `count`, where those are not all of them."""
    more = (len(every) if count is None else count) - len(every[:most])
    return [*(f"- {line(one)}" for one in every[:most]), *([f"- {more:,} more"] if more > 0 else [])]
