"""Which signals the words around a direction speak of, the levels of whom they are told, and which way each went."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from worker.agent.grounding.report import metrics, owners
from worker.agent.grounding.report.known import DEVIATING, Fact, Known, Level, Subject
from worker.agent.grounding.text import comparisons, context
from worker.agent.grounding.text.claims import Found, Span
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

# "Each of them took the CO₂ that it usually takes".
OF_A_REQUEST = re.compile(
    r"(?:each|every|an?(?: single)?|one) (?:request|of \w+(?: requests)?) (?:\w+ )?"
    r"(?:costs?|takes?|took|emits?|emitted|uses?|used|causes?|caused) ",
    re.IGNORECASE,
)


def signals_of(span: Span, text: str, known: Known) -> list[str]:
    """Those that the clause speaks of; "CPU, memory and traffic are …" speaks of three."""
    measured = {level.signal for level in known.levels}
    if OF_A_REQUEST.match(text[slice(*span)]):
        return ["carbon_per_demand"]
    if told := metrics.of_clause(span, text, known) or _at_the_usual(span, text, measured):
        return told
    # "The rise in us-central1" is of what stands before it.
    if re.search(r" (?:of|in)$", text[slice(*span)]) and not text[span[1] + 1 :].startswith((*known.regions,)):
        return sorted(topics(re.split(context.BREAK, text[span[1] :])[0]) & measured)
    if named := topics(text[slice(*span)]) & measured:
        return sorted(named)
    start, end = context.clause(span, text)
    own = _spoken_of(text[start:end], measured, is_of_demand="demand" in text) or _by_a_word(text[start:end], known)
    listed = re.split(r"[.;:]|\b(?:while|whereas|although|but)\b", text[:end])[-1]
    if (
        own
        and listed
        and re.search(r", [^,;]*\band\b[^,;]*$|\band\b[^,;]*$", text[: span[0]])
        and not re.search(r"\b(?:rose|fell|is|are|was|were|fails?|failed)\b.*\band\b", text[: span[0]])
    ):
        own = topics(listed) & measured
    begin, over = context.part(span, text)
    parts = [text[begin : span[0]], text[span[1] : over]]
    for one in reversed(parts) if AT_THE.search(text[slice(*span)]) else parts:
        own = own or topics(one) & measured
    if special := own & {"retries", "carbon_per_demand"}:
        return sorted(special)
    return sorted(own - ({"lines"} if len(own) > 1 else set()))


# "Its traffic is 1,860 requests/min. It does not stand out", "… of the rise of latency. In asia-east1 it did not rise".
OF_IT = re.compile(r"\W*(?:(?:In|At|For) [\w-]+,? )?(?:it|this|that)\b", re.IGNORECASE)


def spoken_before(text: str, known: Known) -> list[str]:
    """The measured signals of which the sentence before spoke last, where "it" goes on with them."""
    spoken = context.last_spoken_of(len(known.previous), known.previous) if OF_IT.match(text) else frozenset()
    return sorted(spoken & {level.signal for level in known.levels})


# "Served at the usual error rate and latency": what is as usual stands behind.
AT_THE = re.compile(r"\b(?:the|its|their) (?:usual|normal|expected)$")


LIST = re.compile(r"(?: [a-z]+){1,3}(?:,(?: [a-z]+){1,2})*(?: and(?: [a-z]+){1,2})?(?=\s*(?:[,;.]|$))")


def _at_the_usual(span: Span, text: str, measured: set[str]) -> list[str]:
    """The signals of a list that "at the usual" stands before; "cost" is what a request takes."""
    found = LIST.match(text, span[1]) if AT_THE.search(text[slice(*span)]) else None
    of = topics(found[0]) if found else frozenset()
    return sorted((of & {*SIGNALS} | ({"carbon_per_demand"} if "cost" in of else set())) & measured)


# "Latency did not rise with the errors": of latency.
BESIDE_IT = re.compile(
    r"\b(?:along )?(?:with|besides|despite|unlike|alongside) the (?:errors|failures|retries|latency|traffic)\b"
)


def _spoken_of(text: str, measured: set[str], *, is_of_demand: bool = False) -> frozenset[str]:
    """Our signals by what is said of them, others by a word of their name: `availability_percent`."""
    text = BESIDE_IT.sub(" ", text)
    told = topics(text) & measured
    others = measured - {*SIGNALS, *(() if is_of_demand or "demand" in text else ("carbon_per_demand",))}
    named = {one for one in others if re.search(rf"\b{one.split('_')[0]}", text, re.IGNORECASE)}
    # "The RPC client error rate" is of errors, and not `rpc_server_cancelled_rate`.
    return frozenset(told | {one for one in named if not told or metrics.is_told_by_words(one, text)})


def _by_a_word(text: str, known: Known) -> frozenset[str]:
    """ "The flush rate" is of `envelopes_flushed_per_min`, where that moved."""
    moved = {one.signal for one in known.levels if one.signal not in SIGNALS and went(one)}
    return frozenset(one for one in moved if any(re.search(rf"\b{word}", text, re.IGNORECASE) for word in _stems(one)))


def _stems(metric: str) -> list[str]:
    return [word[:5] for word in metric.split("_") if len(word) > 5 and word not in UNTELLING]


UNTELLING = ("messages", "requests", "seconds", "percent", "milliseconds", "number", "average", "second", "minute")


def split_signals(known: Known) -> set[str]:
    """Of which signals it is known whose rise they are: "Whose rise of latency it is" tells nothing of errors."""
    return {signal for signals, _ in splits(known) for signal in signals} & {*SIGNALS}


def splits(known: Known) -> Iterator[tuple[frozenset[str], list[Mapping[str, Any]]]]:
    """Of each rise that was split what its title speaks of, and its parts."""
    for item in known.report.evidence:
        if item.title.startswith("Whose rise of "):
            yield topics(item.title), [one for one in item.result.get("parts") or () if isinstance(one, Mapping)]


def levels_of(span: Span, text: str, mentions: list[Found], signal: str, known: Known) -> list[Level]:
    subjects = owners.subjects_or_scope(span, text, mentions, known) or [known.scope]
    is_elsewhere = known.about - {known.report.service} and not owners.subjects(span, text, mentions, known)
    if signal == "carbon_per_demand" and is_elsewhere:
        # "Each request …" is of whom the sentence before spoke.
        return []
    start, end = context.clause(span, text)
    if signal == "carbon" and PER_MANY.search(text[start:end]) and (of_requests := rated(subjects, known)):
        return of_requests
    regions = {one.text for one in mentions if start <= one.span[0] < end} & known.regions
    statistic = {"mean": "avg"}.get(told := context.statistic(span, text) or "", told)
    found = [
        level
        for level in known.levels
        if signal in (level.signal, level.metric)
        and any(owners.is_of(level.subject, subject) for subject in subjects)
        and (not regions or level.subject.region in {None, *regions})
    ]
    begin, over = context.part(span, text)
    if signal != "carbon_per_demand" or any(begin <= one.span[0] < over for one in mentions):
        # "Keep deploy-8711 of frontend; a request takes no more CO₂ than usual" is of all of them.
        found = owners.of_services(subjects, found, known)
    # "At the median it is faster": of that metric, where it was measured.
    own = [one for one in found if statistic and statistic in one.metric.split("_")]
    return own or [one for one in found if not _is_of_another_statistic(one, statistic)]


# What 1,000 requests take has figures of its own.
PER_MANY = re.compile(r"\bper (?:thousand|\d)", re.IGNORECASE)


def rated(subjects: Sequence[Subject], known: Known) -> list[Level]:
    """What 1,000 requests take, now and before, of what was alerted."""
    sci = known.report.impact.carbon.sci
    is_of_scope = all(owners.is_of(known.scope, one) for one in subjects)
    if sci is None or sci.baseline is None or sci.incident is None or not is_of_scope:
        return []
    is_moved = abs(sci.incident - sci.baseline) > BARELY * sci.baseline
    return [Level(known.scope, "sci", sci.incident, sci.baseline, DEVIATING if is_moved else 0.0)]


# "From 80.5 to 80.7 mg": as before.
BARELY = 0.02


def _is_of_another_statistic(level: Level, statistic: str) -> bool:
    """ "The median latency rose", of `latency_p99_seconds`."""
    named = {*level.metric.split("_")} & {*QUANTILES, "avg"}
    return bool(named) and statistic in (*QUANTILES, "avg") and statistic not in named


def is_settled(level: Level, known: Known) -> bool:
    """What the alert was of is as usual, where the verdict says so."""
    is_signal = level.signal.removesuffix("_per_demand") == known.report.signal
    return known.report.verdict is Verdict.NOT_CONFIRMED and is_signal and level.subject == known.scope


SERVED = "served at the usual cost, error rate and latency"


def is_served(level: Level, known: Known) -> bool:
    """What the verdict has of more demand."""
    is_of_it = level.signal in ("carbon_per_demand", "errors", "latency") and level.subject == known.scope
    return is_of_it and SERVED in known.report.headline


def logged_errors(subjects: list[Subject], known: Known) -> list[float]:
    """How many of the sampled lines of each were errors, by service and region."""
    return [
        one.value
        for one in known.facts
        if (one.signal, one.dimension, one.role, one.of) == ("errors", "lines", "now", None)
        and one.subject.region
        and any(it.service == one.subject.service and owners.is_of(one.subject, it) for it in subjects)
    ]


def gone(level: Level, known: Known) -> int:
    """Which way it went; the only thing measured of the cause did, however much it usually varies."""
    own = [one for one in known.levels if one.subject.service == level.subject.service]
    root = known.report.root_cause
    is_blamed = known.has_cause and root is not None and root.service == level.subject.service and len(own) == 1
    return went(level) or (int(math.copysign(1, level.actual - level.expected)) if is_blamed else 0)


# As the template has it: by what was alerted, though one or the other metric may deviate.
OWN_AS_USUAL = "its own metrics are as usual"


def is_alerted(level: Level, known: Known) -> bool:
    """What the alert was of deviates, where the verdict says so, however much it usually varies."""
    is_signal = known.report.signal in (level.signal, level.metric)
    is_so = known.report.verdict is not Verdict.NOT_CONFIRMED and OWN_AS_USUAL not in known.report.headline
    return is_so and is_signal and level.subject == known.scope


def went(level: Level) -> int:
    if abs(level.deviations) < 3:
        return 0
    return 1 if level.actual > level.expected else -1


# "The bytes that it receives rose to 30,161".
ROSE_TO = re.compile(
    r"\b(?:(?P<up>rose|risen|rises|climbed|increased|grew|jumped|went up|up)|fell|fallen|falls|dropped|declined"
    r"|decreased"
    r"|sank|went down|down) (?:(?:again|sharply|slightly|even|from [^,;]{1,24}) )?to (?:about |only |roughly "
    r"|around )?$",
    re.IGNORECASE,
)


def went_otherwise(fact: Fact, before: str, known: Known) -> bool:
    """Where a figure of now is told as that to which it went, and it went the other way from the usual one."""
    found = ROSE_TO.search(before)
    if found is None or fact.role != "now" or not fact.metric:
        return False
    own = [one for one in known.levels if (one.subject, one.metric) == (fact.subject, fact.metric)]
    return bool(own) and all((one.actual > one.expected) != bool(found["up"]) for one in own)


def as_quantiles(wanted: int, span: Span, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "The p95 latency did not change": now against usual, of a quantile that has no level of its own."""
    ratios = _quantiles(span, text, mentions, known) if signals_of(span, text, known) == ["latency"] else []
    if not ratios and comparisons.LEVEL.fullmatch(text[slice(*span)]):
        ratios = _levels_of_quantiles(span, text, mentions, known)
    return all(_is_so(wanted, one) for one in ratios) if ratios else None


_OF_THEM = r"(?:the |its )?(?:p\d\d|median)(?: latency)?"
LISTED = re.compile(rf"(?:\b{_OF_THEM}(?:, and |, | and | as well as )){{0,4}}\b{_OF_THEM}\b[^,;.]{{0,30}}$")


def _levels_of_quantiles(span: Span, text: str, mentions: list[Found], known: Known) -> list[float]:
    """ "Both the p95 and the p99 latency were below their usual values": each of those that the clause names."""
    told = LISTED.search(text[: span[0]])
    named = context.named_statistics(told[0] if told else "") & {*QUANTILES}
    subjects = owners.subjects_or_scope(span, text, mentions, known) or [known.scope]
    found = [
        {
            one.metric: one.actual / one.expected
            for one in known.levels
            if one.expected and one.subject in subjects and statistic in one.metric.split("_")
        }
        for statistic in named
    ]
    return [ratio for one in found for ratio in one.values()] if all(found) else []


def _quantiles(span: Span, text: str, mentions: list[Found], known: Known) -> list[float]:
    statistic = context.statistic(span, text)
    subjects = owners.subjects_or_scope(span, text, mentions, known) or [known.scope]
    if statistic not in QUANTILES or any(statistic in one.metric for one in known.levels):
        return []
    found = {
        role: {one.subject: one.value for one in known.facts if _is_quantile(one, statistic, role, subjects)}
        for role in ("now", "usual")
    }
    return [value / found["usual"][of] for of, value in found["now"].items() if found["usual"].get(of)]


QUANTILES = ("p50", "p75", "p90", "p95", "p99")
# So much more or less than usual is a change, where no spread is known; "below its usual value" is less by anything.
CHANGED, BY_ANYTHING = 1.15, 0.03


def _is_quantile(fact: Fact, statistic: str, role: str, subjects: list[Subject]) -> bool:
    is_of = any(fact.subject.service and owners.is_of(fact.subject, one) for one in subjects)
    return (fact.signal, fact.statistic, fact.role, fact.of) == ("latency", statistic, role, None) and is_of


def _is_so(wanted: int, ratio: float) -> bool:
    return wanted * (ratio - 1) > BY_ANYTHING if wanted else 1 / CHANGED <= ratio <= CHANGED
