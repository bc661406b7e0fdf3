"""Which of two rose or fell more, and which quantile is how much higher: both are worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from worker.agent.grounding.checks.movements import levels_of, went
from worker.agent.grounding.report import log, owners, roster
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context, numerals
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import NEGATED
from worker.agent.grounding.text.topics import SIGNALS, topics

_MOVED = (
    r"rose|rises|risen|rising|increased|increases|grew|grown|climbed|jumped|surged|went up|fell|falls|fallen|dropped"
    r"|drops|decreased|declined|sank|went down|deviat(?:es|ed)|changed|moved|worsened|slowed|suffered|lost|affected|hit"
)
_BY = r"(?:strongly|sharply|steeply|clearly|quickly|markedly|severely|heavily)"
MOVED_MORE = re.compile(
    rf"\b(?:{_MOVED})\b(?:(?! than\b)[^;.]){{0,24}}?\b(?:(?P<more>more|further|harder|stronger|worse)|(?P<less>less))\b"
    rf"(?: {_BY})?"
    r"(?P<mine>[^,;.]{0,24}?) than(?P<other>[^,;.]+(?:\.\w[^,;.]*)*)",
    re.IGNORECASE,
)
NO_MORE = re.compile(r"\b(?:no|not|hardly) (?:more|less|further|harder|stronger|worse)\b", re.IGNORECASE)
QUANTILE = re.compile(
    r"\b(?:p(?P<q>50|75|90|95|99)\b|(?P<median>median)|(?P<n>50|75|90|95|99)th percentile)", re.IGNORECASE
)
HIGHER = re.compile(
    r"\b(?P<much>far|much|considerably|significantly|clearly|well|a lot|substantially|many times) "
    r"(?:(?P<up>higher|slower|longer|above|larger|greater)|(?P<down>lower|faster|shorter|below|smaller))\b",
    re.IGNORECASE,
)
# From so much of the other on it is "far" higher.
FAR = 1.25


def degrees(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "CPU rose more than carbon": by its ratio, or at least by its difference where both have one unit."""
    for found in MOVED_MORE.finditer(text):
        mine, other = text[: found.start()] + found["mine"], found["other"]
        moved = _quantiles(found["mine"] or text[: found.start()], other, known) or _levels(
            found, mine, other, mentions, known
        )
        if moved:
            is_denied = NO_MORE.search(found[0])
            holds = any(
                (one > then) != bool(is_denied) if found["more"] else one < then and not is_denied
                for one, then in moved
            )
            yield judged("direction", found, holds, "it is the other way round")
    for found in HIGHER.finditer(text):
        first, second = _quantile(text[: found.start()]), _quantile(text[found.end() :])
        it = _measured(known).get("baseline" if USUALLY.search(text) else "window", {})
        if first and second and first != second and first in it and second in it:
            higher, lower = (it[first], it[second]) if found["up"] else (it[second], it[first])
            holds = higher >= lower * FAR
            yield judged("direction", found, holds, "they are close together")


USUALLY = re.compile(r"\b(?:usual\w*|before|baseline|normal\w*)\b", re.IGNORECASE)
# "The new version is no slower than the old one".
NO_SLOWER = re.compile(
    r"\b(?:the )?new (?:version|release|deployment)\b[^,;.]{0,16}? (?:is|was|runs|ran|answers|answered) "
    r"(?P<not>no |not |n't )?(?:any )?(?P<what>slower|faster|as fast as|more slowly)\b",
    re.IGNORECASE,
)


def versions(text: str, known: Known) -> Iterator[Claim]:
    """Where the documents of the new version were compared with those of the old one, and whether both ran at once."""
    pairs = [
        (float(item.result["latency_new_ms"]), float(item.result["latency_old_ms"]))
        for item in known.report.evidence
        if isinstance(item.result.get("latency_new_ms"), int | float)
        and isinstance(item.result.get("latency_old_ms"), int | float)
    ]
    for found in NO_SLOWER.finditer(text) if pairs else ():
        is_slower = any(new > old * 1.1 for new, old in pairs)
        told = found["what"].lower() in ("slower", "more slowly")
        yield judged("direction", found, (told != bool(found["not"])) == is_slower, "the figures tell otherwise")
    yield from _beside(text, known)


SIDE_BY_SIDE = re.compile(
    r"\b(?:side by side|in parallel|at the same time|simultaneously|on the same (?:traffic|requests|load)"
    r"|(?:alongside|next to) (?:each other|(?:(?:the|its) )?(?:old|previous|earlier|other)))(?![\w-])",
    re.IGNORECASE,
)
BOTH_RAN = re.compile(
    r"\b(?:versions?|releases?|deployments?|documents|lines|instances|comparison|compared)\b", re.IGNORECASE
)
# "At the same time the latency is 1,960 ms, compared with 231 ms usually": two things that are told.
TWO = re.compile(r"\b(?:both|two|versions|releases|deployments|old|previous|documents|instances)\b", re.IGNORECASE)
UNTOLD = re.compile(r"\b(?:no|not|never|neither|nor|without|hardly|rather than)\b|n['’]t\b", re.IGNORECASE)


def _beside(text: str, known: Known) -> Iterator[Claim]:
    """ "Both versions ran side by side": as the comparison of their documents says."""
    told = [item.result["side_by_side"] for item in known.report.evidence if "side_by_side" in item.result]
    for found in SIDE_BY_SIDE.finditer(text):
        part = text[slice(*context.part(found.span(), text))]
        if BOTH_RAN.search(part) and (found.start() or TWO.search(part)):
            holds = bool(told) and any(told) != bool(UNTOLD.search(part[: part.find(found[0])]))
            yield judged("state", found, holds, "the comparison says otherwise", is_open=not told)


HARDLY = re.compile(
    r"\b(?:hardly|barely|scarcely) (?:moved?|changed?|rose|fell|differs?|grew|increased|budged|deviates?)\b",
    re.IGNORECASE,
)
PER = re.compile(r"\bper\b|\b(?:each|every|a) (?:\w+ )?(?:request|call)\b", re.IGNORECASE)


def still(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The p95 hardly moved": of a quantile, or of the one signal that the clause speaks of."""
    of = _measured(known)
    for found in HARDLY.finditer(text):
        start, end = context.clause(found.span(), text)
        part = text[start:end]
        if (quantile := _quantile(part)) and of and quantile in of["window"] and quantile in of["baseline"]:
            low, high = sorted((of["window"][quantile], of["baseline"][quantile]))
            yield judged("direction", found, high <= low * FAR, "it did")
            continue
        told = topics(part) & {*SIGNALS}
        subjects = owners.subjects_or_scope(found.span(), text, mentions, known) or [known.scope]
        levels = [one for one in known.levels if any(owners.is_of(one.subject, subject) for subject in subjects)]
        those = [one for one in levels if {one.signal} == told and one.metric in SIGNALS]
        if those and not PER.search(part):
            holds = any(abs(one.deviations) < LEAST or _ratio(one) < ALIKE for one in those)
            yield judged("direction", found, holds, "it did")


AS_EVER = re.compile(
    r" (?:\w+ly |still |also )*(?:answers?|answered|responds?|responded|works?|worked|runs?|ran|is|was) as "
    r"(?:(?P<quick>quick|quickly|fast)|well|reliably|healthy) as (?:ever|before|usual|usually|always)\b",
    re.IGNORECASE,
)


def as_ever(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "ledger answers as quickly as ever": by its latency, or by all that was measured of it."""
    for one in mentions:
        if one.text in known.services and (found := AS_EVER.match(text, one.span[1])):
            levels = [it for it in known.levels if it.subject.service == one.text]
            levels = [it for it in levels if it.signal == "latency"] if found["quick"] else levels
            holds = bool(levels) and all(abs(it.deviations) < LEAST for it in levels)
            yield judged("direction", found, holds, "it does not", is_open=not levels)


# "Each request costs no more CO₂ than it usually does".
REQUEST_COSTS = re.compile(
    r"\b(?:each|every|a|any|one|per) requests?\b[^,;.]{0,60}?"
    r" (?:costs?|takes?|took|emit(?:s|ted)?|caus(?:es|ed)|needs?|needed|uses?|used)"
    r"(?: (?:about |roughly |just |exactly )?"
    r"(?:the (?:amount of )?(?:CO₂e?|CO2e?|carbon|amount)|what) (?:that )?(?:it|they|one)"
    r" (?:usually|normally|always) (?:does|costs?|takes?|took|emits?|causes?|needs?|uses?)\b"
    r"| (?P<how>(?:no|not|any) more|no less|more|less|(?:just |about )?as much|the same)"
    r"(?: (?:amount of )?(?:CO₂e?|CO2e?|carbon|emissions))? (?:than|as) "
    r"(?:it|they) (?:(?:usually|normally|ordinarily|always) (?:does|do|did)|(?:does|do|did) (?:before|usually))\b)",
    re.IGNORECASE,
)


def costs(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How the carbon of a request compares with the usual: by the carbon that its demand would take."""
    for found in REQUEST_COSTS.finditer(text):
        subjects = owners.subjects_or_scope((found.end() - 1, found.end()), text, mentions, known) or [known.scope]
        levels = [one for one in known.levels if one.signal == "carbon_per_demand"]
        levels = [one for one in levels if any(owners.is_of(one.subject, it) for it in subjects)]
        how = (found["how"] or "").lower()
        moved = {(one.deviations >= LEAST) - (one.deviations <= -LEAST) for one in levels}
        wanted = {"more": {1}, "less": {-1}, "no more": {0, -1}, "not more": {0, -1}, "no less": {0, 1}}.get(how, {0})
        yield judged("direction", found, bool(levels) and moved <= wanted, "it does not", is_open=not levels)


# "That is the largest deviation": of whom is named, by the figure of the sentence before.
FURTHEST = re.compile(
    r"\W*(?:That|This|It) is the (?:(?P<most>largest|biggest|greatest|strongest)|smallest|weakest) deviation\b"
)


def furthest(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Among all the levels of it that were measured."""
    told = [one.value for one in numerals.numbers(known.previous) if one.dimension == "deviations"][-1:]
    for found in FURTHEST.finditer(text) if told else ():
        of = {one.text for one in mentions} & known.services or known.about or {known.report.service or ""}
        sizes = [abs(one.deviations) for one in known.levels if one.subject.service in of]
        last = (max if found["most"] else min)(sizes, default=None)
        holds = last is not None and abs(abs(told[0]) - last) <= ROUNDED * max(last, 1)
        yield judged("state", found, holds, "another one is", is_open=last is None)


# As a figure is rounded.
ROUNDED = 0.02
EQUALLY = re.compile(
    r"\b(?P<verb>fails?|failed|is|are|was|were|rejects?)\b[^,;.]{0,16}? (?:equally|(?:just |about )?as) "
    r"(?P<how>often|slow|fast|frequently|badly|much)\b(?: as (?:the )?(?=\S))?",
    re.IGNORECASE,
)
ALIKE = 1.15
NOT = re.compile(r"\b(?:not|no|never|hardly)\b|n['’]t\b", re.IGNORECASE)


def equals(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "ledger and payments fail equally often": by the metric that both have."""
    for found in EQUALLY.finditer(text):
        services = [one for one in mentions if one.text in known.services]
        before = [one.text for one in services if one.span[1] <= found.start()]
        other = [one.text for one in services if one.span[0] == found.end()] or before[-2:-1]
        named = re.sub(r"often|frequently", "fails", found[0])
        one = _signal(f"{text[: found.start()]} {named}", {level.signal for level in known.levels})
        if (
            before
            and other
            and before[-1] != other[0]
            and found["how"].lower() in ("often", "frequently", "slow", "fast")
        ):
            signals = {"latency"} if found["how"].lower() in ("slow", "fast") else {"errors", one or ""}
            pairs = [
                (a.actual, b.actual)
                for a in known.levels
                for b in known.levels
                if (a.subject.service, b.subject.service) == (before[-1], other[0]) and a.metric == b.metric
                if a.signal in signals or "error" in a.metric
            ]
            if pairs:
                is_denied = bool(NOT.search(text[max(0, found.start() - 12) : found.end()]))
                holds = any(max(pair) <= min(pair) * ALIKE for pair in pairs) != is_denied
                yield judged("direction", found, holds, "one does so more")


LOGGED_MORE = re.compile(
    r"\blogg(?:ed|s) (?:(?P<more>more)|(?:fewer|less)) (?:\w+ )?(?:errors|error lines) than ", re.IGNORECASE
)


def logged(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "payments logged more new errors than ledger": by how many of each type were counted."""
    if not LOGGED_MORE.search(text):
        return
    counted: dict[str, float] = {}
    for item in known.report.evidence:
        of = roster.subject_of(item.title, known).service or ""
        for one in log.types(item.result):
            counted[of] = counted.get(of, 0) + float(one.get("in_window") or 0)
    for found in LOGGED_MORE.finditer(text):
        own = [one.text for one in mentions if one.span[1] <= found.start() and one.text in counted][-1:]
        other = [one.text for one in mentions if one.span[0] >= found.end() and one.text in counted][:1]
        if own and other:
            holds = (counted[own[0]] > counted[other[0]]) == bool(found["more"])
            yield judged("direction", found, holds, "it is the other way round")


def _quantile(part: str) -> str | None:
    found = [*QUANTILE.finditer(part)]
    if not found:
        return None
    one = found[-1] if len(found) > 1 else found[0]
    return "p50" if one["median"] else f"p{one['q'] or one['n']}"


def _measured(known: Known) -> dict[str, Mapping[str, float]]:
    """The quantiles of the window and of the baseline."""
    for item in known.report.evidence:
        window, baseline = item.result.get("window"), item.result.get("baseline")
        if isinstance(window, Mapping) and isinstance(baseline, Mapping) and {*window} & {"p50", "p95", "p99"}:
            return {"window": window, "baseline": baseline}
    return {}


def _quantiles(mine: str, other: str, known: Known) -> list[tuple[float, float]]:
    """By what factor, and by how much, each of both quantiles rose."""
    first, second, of = _quantile(mine), _quantile(other), _measured(known)
    if not first or not second or not of or {first, second} - {*of["window"]} or {first, second} - {*of["baseline"]}:
        return []
    now, before = of["window"], of["baseline"]
    ratio = (now[first] / before[first], now[second] / before[second])
    return [ratio, (now[first] - before[first], now[second] - before[second])]


def _levels(
    found: re.Match[str], mine: str, other: str, mentions: list[Found], known: Known
) -> list[tuple[float, float]]:
    """Of two signals of one service, or of one signal of two."""
    start, end = found.span("other")
    theirs = [one.text for one in mentions if start <= one.span[0] < end and one.text in known.services]
    own = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services]
    measured = {level.signal for level in known.levels}
    one, then = _signal(mine, measured), _signal(other, measured)
    if theirs and own and one and then in (None, one):
        return _pairs(_of(own[-1], one, known), _of(theirs[0], one, known), is_one_signal=True)
    if theirs and own and not one and not then:
        return _pairs(_all_of(own[-1], known), _all_of(theirs[0], known), is_one_signal=True)
    if one and then and one != then and not theirs:
        of = own[-1] if own else known.report.service
        return _pairs(_of(of, one, known), _of(of, then, known), is_one_signal=False)
    return []


def _signal(part: str, measured: set[str]) -> str | None:
    found = (topics(part) & {*SIGNALS}) & measured or {one for one in measured if one.split("_")[0] in part.lower()}
    return next(iter(found)) if len(found) == 1 else None


def _of(service: str | None, signal: str, known: Known) -> list[Level]:
    return [one for one in known.levels if (one.subject.service, one.signal) == (service, signal)]


def _all_of(service: str, known: Known) -> list[Level]:
    return [one for one in known.levels if one.subject.service == service and abs(one.deviations) >= LEAST]


LEAST = 3


def _pairs(mine: list[Level], theirs: list[Level], *, is_one_signal: bool) -> list[tuple[float, float]]:
    pairs = [(a, b) for a in mine for b in theirs if not is_one_signal or a.metric == b.metric]
    ratios = [(_ratio(a), _ratio(b)) for a, b in pairs]
    return ratios + ([(_apart(a), _apart(b)) for a, b in pairs] if is_one_signal else [])


def _ratio(one: Level) -> float:
    low, high = sorted((abs(one.actual), abs(one.expected)))
    return high / low if low else float("inf")


def _apart(one: Level) -> float:
    return abs(one.actual - one.expected)


# "More requests failed in the window than in the baseline".
FAILED_MORE = re.compile(
    r"(?<![Nn]o )(?<![Nn]ot )\b(?P<more>more|fewer|less)(?: of (?:its|the))? (?:requests|calls)\b[^,;.]{0,60}\bfail\w*"
    r"\b[^,;.]{0,40} than (?:usual|before|normal|expected|in the baseline)\b",
    re.IGNORECASE,
)


def failed_more(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in FAILED_MORE.finditer(text):
        levels = levels_of(found.span(), text, mentions, "errors", known)
        if levels and not NEGATED.search(text[: found.start()]):
            is_more, is_usual = found["more"].lower() == "more", not found[0].endswith(("before", "baseline"))
            ways = [went(one) if is_more and is_usual else one.actual - one.expected for one in levels]
            holds = any(one > 0 if is_more else one < 0 for one in ways)
            yield judged("direction", found, holds, "it is the other way round")
