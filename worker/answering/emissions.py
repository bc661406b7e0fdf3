"""How much was emitted, and by whom: sums of the samples themselves. What was not sampled is not known, not zero."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from worker.answering.answer import AnswerChart, Series
from worker.answering.asking import Asking, Draft, nothing_if_not_measured
from worker.answering.course import grid_of, line_chart, summed
from worker.answering.saying import counted, length_in_words, named_of_ranking, ranked_among, scope_in
from worker.domain.figures import CO2_GRAMS, describe, duration
from worker.domain.lookup import Emitted, EmittedReading
from worker.domain.report import Quantity
from worker.domain.telemetry import Scope
from worker.domain.window import Window, iso
from worker.errors import NotMeasured

MOST = 20
# The two ways of stating emissions may differ by rounding.
DISAGREE = 0.01
# So much of a span without a sample at its edge is worth a word.
UNSAMPLED = timedelta(minutes=30)
BARELY = 0.0005
# So many times the samples are not those of the same services, or not all of them.
UNLIKE = 2


class Part(NamedTuple):
    """What one service or region emitted, in grams, by so many samples."""

    name: str
    grams: float
    samples: int


def rounded(grams: float) -> str:
    """Three figures in the unit that fits: 41.3 kgCO₂e."""
    return describe(Quantity(low=grams * 0.999999, likely=grams, high=grams), CO2_GRAMS).likely


def share(part: float, whole: float) -> str:
    if whole <= 0:
        return "0 %"
    return f"{100 * part / whole:.1f} %" if part / whole >= BARELY else "under 0.1 %"


def rank(asking: Asking) -> Draft:
    """Where one of those that are ranked is named itself, it is held against all of them."""
    asking.looking("the sums of all samples of emissions")
    among = ranked_among(asking.understood)
    reading = asking.looks.emitted(Scope(among.service, among.region), asking.window)
    if reading.grams is None:
        return _nothing(asking, reading)
    parts = parts_of(reading, asking.understood.by)
    shown = parts[: asking.understood.most or MOST]
    cite = asking.exhibits.add("Emissions by service and region", reading, _result(reading, parts))
    asking.found(f"{rounded(reading.grams)} by {counted(len(parts), asking.understood.by)}")
    named = named_of_ranking(asking.understood)
    draft = Draft(
        [_share_of(named, asking, reading, parts, cite) if named else _headline(asking, reading, shown, cite)]
    )
    draft.lines += [
        f"- {number}. {part.name}: {rounded(part.grams)}, {share(part.grams, reading.grams)}"
        for number, part in enumerate(shown, 1)
    ]
    draft.lines += _remainder(reading, parts, shown)
    draft.lines += [*_unmeasured(asking, reading), *_flaws(reading)]
    title = f"CO₂ by {asking.understood.by}"
    bars = Series(title, [(part.name, part.grams) for part in shown])
    draft.charts.append(AnswerChart(title, "gCO₂e", "bars", [bars]))
    return draft


def total(asking: Asking) -> Draft:
    asking.looking("the sum of all samples of emissions, and that of the same time before")
    window = asking.window
    reading = asking.looks.emitted(asking.scope, window)
    if reading.grams is None:
        return _nothing(asking, reading)
    cite = asking.exhibits.add("Emissions", reading, _result(reading, parts_of(reading, "service")))
    asking.found(rounded(reading.grams))
    samples = sum(row.samples for row in reading.rows)
    text = f"{_of_scope(asking)} emitted {rounded(reading.grams)} in {duration(window.length)}: {samples:,} samples"
    draft = Draft([f"{text} {cite}.", *_beside_before(asking, reading)])
    draft.lines += [*_parts_in_words(reading, asking), *_unmeasured(asking, reading), *_flaws(reading)]
    draft.charts += course_chart(asking)
    return draft


@nothing_if_not_measured
def in_short(asking: Asking) -> list[str]:
    """Emissions of the scope in one line, for an answer that is about something else."""
    reading = asking.looks.emitted(asking.scope, asking.window)
    cite = asking.exhibits.add("Emissions", reading, {"total_grams": reading.grams})
    if reading.grams is None:
        return [f"No sample of emissions is of this time {cite}: how much it was is not known."]
    return [f"{_of_scope(asking)} emitted {rounded(reading.grams)} {cite}."]


def course_chart(asking: Asking) -> list[AnswerChart]:
    """The emissions of the scope, step by step."""
    grid = grid_of(asking.window)
    whole = summed(asking.looks.emitted_over_time(asking.scope, grid, asking.window.end).rows, grid)
    if all(value is None for value in whole):
        return []
    return [line_chart("CO₂", "g/min", asking.scope, grid, whole, per=grid.step_seconds / 60)]


def parts_of(reading: EmittedReading, by: str) -> list[Part]:
    """The largest first."""
    sums: dict[str, list[Emitted]] = defaultdict(list)
    for row in reading.rows:
        sums[getattr(row, by) or f"(no {by} named)"].append(row)
    parts = [
        Part(name, sum(row.grams for row in rows), sum(row.samples for row in rows)) for name, rows in sums.items()
    ]
    return sorted(parts, key=lambda part: (-part.grams, part.name))


def _result(reading: EmittedReading, parts: list[Part]) -> dict[str, object]:
    return {"total_grams": reading.grams, "grams": {part.name: part.grams for part in parts[:100]}}


def _of_scope(asking: Asking) -> str:
    """At the beginning of a sentence, where names keep their letters."""
    return str(asking.scope) if any(asking.scope) else "All services"


def _headline(asking: Asking, reading: EmittedReading, parts: list[Part], cite: str) -> str:
    assert reading.grams is not None
    first = parts[0]
    whole = f"of {rounded(reading.grams)}{asking.whose} in {duration(asking.window.length)}"
    return f"{first.name} emitted most: {rounded(first.grams)}, {share(first.grams, reading.grams)} {whole} {cite}."


def _share_of(named: str, asking: Asking, reading: EmittedReading, parts: list[Part], cite: str) -> str:
    """search emitted 1.2 kgCO₂e, 12.4 % of the 9.67 kgCO₂e of all services in 1 d: place 3 of 10."""
    assert reading.grams is not None
    own = next(((place, part) for place, part in enumerate(parts, 1) if part.name == named), None)
    among = scope_in(ranked_among(asking.understood), "of" if asking.understood.by == "region" else "by")
    whole = f"{rounded(reading.grams)} of all {asking.understood.by}s{among} in {duration(asking.window.length)}"
    if own is None:
        return f"No sample of emissions of {named} is of this time: its share of the {whole} is not known {cite}."
    place, part = own
    ranked = f"place {place} of {len(parts)}"
    return f"{named} emitted {rounded(part.grams)}, {share(part.grams, reading.grams)} of the {whole}: {ranked} {cite}."


def _remainder(reading: EmittedReading, parts: list[Part], shown: list[Part]) -> list[str]:
    assert reading.grams is not None
    rest, hidden = sum(part.grams for part in parts[len(shown) :]), len(parts) - len(shown)
    beyond = reading.grams - sum(part.grams for part in parts)
    lines = [f"- {hidden} more: {rounded(rest)}, {share(rest, reading.grams)}"] if hidden else []
    if beyond > reading.grams * 1e-9:
        lines.append(
            f"- services beyond those that one answer holds: {rounded(beyond)}, {share(beyond, reading.grams)}"
        )
    return lines


def _parts_in_words(reading: EmittedReading, asking: Asking) -> list[str]:
    """By region, where one service was asked for; else by service."""
    by = "region" if asking.scope.service else "service"
    parts = parts_of(reading, by)
    assert reading.grams is not None
    if len(parts) < 2:
        return []
    told = [f"{part.name} {rounded(part.grams)} ({share(part.grams, reading.grams)})" for part in parts[:5]]
    more = f", and {len(parts) - 5} more" if len(parts) > 5 else ""
    return [f"By {by}: {', '.join(told)}{more}."]


def _beside_before(asking: Asking, reading: EmittedReading) -> list[str]:
    """The same length of time before it; as a change only where both are sampled alike."""
    before = Window.before(asking.window.start, asking.window.length)
    earlier = asking.looks.emitted(asking.scope, before)
    assert reading.grams is not None
    then = f"the {length_in_words(before.length)} before"
    if not earlier.grams:
        return [f"What it was in {then} is not known: no sample is of then."]
    cite = asking.exhibits.add("Emissions of the time before", earlier, {"total_grams": earlier.grams})
    if unlike := _unlike(reading, earlier, before):
        known = f"Only {rounded(earlier.grams)} is known of {then} {cite}"
        return [f"{known}, which is not sampled alike: {unlike}. So it does not tell a rise or a fall."]
    change = reading.grams / earlier.grams - 1
    sign = "+" if change >= 0 else "−"
    return [f"In {then} it was {rounded(earlier.grams)}: {sign}{abs(change) * 100:.1f} % since {cite}."]


def _unlike(reading: EmittedReading, earlier: EmittedReading, before: Window) -> str:
    """Why a comparison would be one of the sampling."""
    room = max(UNSAMPLED, before.length / 20)
    first, last = min(row.first for row in earlier.rows), max(row.last for row in earlier.rows)
    if first - before.start > room:
        return f"the samples of then begin at {iso(first)[:16]}Z only"
    if before.end - last > room:
        return f"the samples of then end at {iso(last)[:16]}Z"
    then, now = (sum(row.samples for row in one.rows) for one in (earlier, reading))
    return f"{then:,} samples then, {now:,} since" if max(then, now) > UNLIKE * min(then, now) else ""


def _nothing(asking: Asking, reading: EmittedReading) -> Draft:
    cite = asking.exhibits.add("Emissions", reading, {"samples": 0})
    none = f"There is no sample of emissions of {asking.scope} in this time {cite}"
    text = f"{none}: how much it was is not known, and not zero."
    return Draft([text, *_flaws(reading)])


def _unmeasured(asking: Asking, reading: EmittedReading) -> list[str]:
    """Services that log in this time and have no sample of emissions; and an edge of it that nothing was sampled in."""
    lines = []
    try:
        logged = {row.service for row in asking.looks.logged(asking.scope, asking.window).rows if row.service}
    except NotMeasured:
        logged = set()
    if missing := sorted(logged - {row.service for row in reading.rows}):
        log = "logs and sends" if len(missing) == 1 else "log and send"
        lines.append(f"Not measured, and so not in it: {', '.join(missing[:MOST])}, which {log} no emissions.")
    first, last = min(row.first for row in reading.rows), max(row.last for row in reading.rows)
    if first - asking.window.start > UNSAMPLED:
        lines.append(f"The first sample is of {iso(first)[:16]}Z: nothing is known of the time before.")
    if asking.window.end - last > UNSAMPLED:
        lines.append(f"The last sample is of {iso(last)[:16]}Z: nothing is known of the time after.")
    return lines


def _flaws(reading: EmittedReading) -> list[str]:
    lines = [f"The engine's answer is not whole: {reading.flaw}."] if reading.flaw else []
    stated, other = reading.checked_grams, reading.other_grams
    if stated and other is not None and abs(stated - other) > DISAGREE * abs(stated):
        lines.append(f"A second field states {rounded(other)} where the first states {rounded(stated)}: they disagree.")
    return lines
