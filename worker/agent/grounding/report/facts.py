"""Reads a report into what it knows: every figure with what it is of, every moment, name and quoted line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from worker.agent.grounding.report import charts, log, measures, metrics, owners, record, roster, template, vocabulary
from worker.agent.grounding.report.fields import OF_SIGNALS, QUANTILES, WHOLES, Path, dimension_of, signal_of, slots
from worker.agent.grounding.report.known import NOBODY, Fact, Known, Level, Moment, Subject
from worker.agent.grounding.text import claims, context, numerals, ranges, roles, wholes
from worker.agent.grounding.text.claims import Found
from worker.agent.grounding.text.pairs import Number
from worker.domain.report import Candidate, Report
from worker.domain.window import parse_time

# Units that the template works out, and that say by themselves of what they are.
RATES = ("grams_per_minute", "grams_per_hour")
# Signals close enough that a number of one may be told as the other's.
CARBON = {"carbon", "carbon_per_demand"}


def known_of(report: Report) -> Known:
    known = Known(report)
    roster.enrol(known)
    for item in report.evidence:
        subject, deployment = roster.subject_of(item.title, known), roster.deployment_of(item.title, known)
        rise = "carbon" if item.title.startswith("Whose rise of carbon") else None
        of = Fact(0.0, "", subject, rise, evidence=item.id, of=deployment)
        _walk(known, item.result, of, ())
        roster.logged(known, item.result, subject.service or "")
        for pause in item.result.get("pauses", []):
            _pause(known, pause, item.id)
        if "types" in item.result:
            known.heard.setdefault(subject.service or "", set()).add(subject.region)
    metrics.enrol(known)
    charts.enrol(known)
    known.facts += _of_lines(known)
    measures.of_impact(known)
    measures.moments(known)
    measures.rest(known)
    known.facts += measures.distances(known)
    _told(known)
    _named_in_errors(known)
    known.facts += _derived(known.facts)
    known.words = vocabulary.words_of(report)
    known.patterns = {one["text"]: vocabulary.telling(one["text"]) for one in log.patterns(report)}
    root = report.root_cause
    for service in {report.service or "", root.service or "" if root else ""}:
        known.told[service] = vocabulary.of_template(report)
    known.said = template.said(known)
    known.statements = record.statements(report, known)
    known.involved = roster.involved(known)
    known.made_up = roster.made_up(known)
    return known


# What weighs a pattern.
UNTOLD = {"bits"}


def _pause(known: Known, pause: Mapping[str, Any], evidence: str) -> None:
    whose, since, until = (
        Subject(pause["service"], pause["region"]),
        *(parse_time(pause[at]) for at in ("since", "until")),
    )
    known.moments += [Moment(at, "pause", *whose) for at in (since, until)]
    known.facts.append(Fact((until - since).total_seconds(), "seconds", whose, evidence=evidence, of="pause"))


def _walk(known: Known, value: Any, of: Fact, path: Path) -> None:
    """`of` is what is known of the figures there before they are read: whose they are, and of what."""
    match value:
        case {"actual": _, "expected": _} if path:
            _level(known, value, of, path[-1])
        case {"edge": [str(caller), str(callee)], **rest}:
            _edge(known, rest, replace(of, subject=Subject(callee), of=caller))
        case Mapping():
            of = _narrowed(of, value)
            for key in [one for one in value if one not in UNTOLD]:
                _walk(known, value[key], of, (*path, str(key)))
        case list() | tuple():
            for item in value:
                _walk(known, item, of, path)
        case int() | float() if not isinstance(value, bool):
            known.facts.append(_fact(value, of, path))


def _narrowed(of: Fact, value: Mapping[str, Any]) -> Fact:
    service, region = roster.text_of(value.get("service")), roster.text_of(value.get("region"))
    if isinstance(value.get("text"), str) and "within" in value:
        of = replace(of, of=value["text"])
    is_named = isinstance(value.get("name"), str)
    of_type = value["name"] if is_named and ("in_window" in value or "rise" in value) else of.of
    if is_named and "rise" in value:
        of = replace(of, whole="by name")
    if isinstance(value.get("signal"), str) and "parts" in value:
        of = replace(of, signal=value["signal"])
    return replace(of, subject=Subject(service or of.subject.service, region or of.subject.region), of=of_type)


def _fact(value: float, of: Fact, path: Path) -> Fact:
    found = slots(path)
    if path[0] == "names":
        of = replace(of, of=path[-1])
    if of.whole == "by name" and path[-1] in ROLES_OF_PARTS and of.signal in OF_SIGNALS:
        dimension, factor = OF_SIGNALS[of.signal]
        return replace(of, value=value * factor, dimension=dimension, role=ROLES_OF_PARTS[path[-1]])
    if path[-1] == "rise" and of.signal == "carbon":
        return replace(of, value=value, dimension="grams_per_minute", whole="rise")
    return replace(
        of,
        value=value * found.factor,
        dimension=found.dimension,
        signal=found.signal,
        role=found.role,
        statistic=_PATTERN_STATISTICS.get(path[-1], found.statistic) if path[0] == "patterns" else found.statistic,
        whole=of.whole or found.whole,
    )


# "deploy-8737 rose from 4.1 to 7.5 g/min": of each part by its name, in the unit of the signal.
ROLES_OF_PARTS = {"before": "usual", "within": "now", "rise": "excess"}
# Both are usual: how often a line was logged before, and how often that makes for a window.
_PATTERN_STATISTICS = {"before": "before", "expected": "expected"}


def _edge(known: Known, value: Mapping[Any, Any], of: Fact) -> None:
    """How long the calls of `of.of` to its subject take, in seconds."""
    for name, role in (("actual", "now"), ("usual", "usual"), ("rise", "excess")):
        if isinstance(value.get(name), int | float):
            known.facts.append(replace(of, value=float(value[name]), dimension="seconds", signal="calls", role=role))


def _level(known: Known, value: Mapping[str, Any], of: Fact, signal: str) -> None:
    dimension, factor = OF_SIGNALS.get(signal) or dimension_of((signal,))
    actual, expected = float(value["actual"]) * factor, float(value["expected"]) * factor
    if dimension == "count" and signal.endswith("rate") and max(abs(actual), abs(expected)) <= 1:
        dimension = "share"
    name = signal if signal in OF_SIGNALS else signal_of((signal,)) or signal
    is_of_demand = signal == "carbon_per_demand"
    name = "carbon" if name in CARBON else "lines" if name == "silence" else name
    deviations = abs(float(value["standard_deviations"]))
    known.levels.append(Level(of.subject, signal if is_of_demand else name, actual, expected, deviations, signal))
    quantile = next((one for one in QUANTILES if one in signal), None)
    of = replace(
        of,
        dimension=dimension,
        signal=name,
        statistic=quantile or ("mean" if name == "latency" else None),
        whole=WHOLES.get(name, "requests" if SERVED.search(signal) else None) if dimension == "share" else None,
        of="demand" if is_of_demand else of.of,
        metric=signal,
    )
    known.facts += [replace(of, value=actual, role="now"), replace(of, value=expected, role="usual")]
    # 21 % more is a ratio; of shares the difference is in points.
    apart = "points" if dimension == "share" else dimension
    known.facts.append(replace(of, value=actual - expected, dimension=apart, role="excess"))
    known.facts.append(
        replace(
            of, value=deviations if actual >= expected else -deviations, dimension="deviations", role=None, whole=None
        )
    )
    if SERVED.search(signal) and dimension == "share" and max(actual, expected) > 0:
        _failed(known, of, actual, expected, deviations)
    # "http_401_unauthorized_ratio" counts 401s.
    codes = re.findall(r"(?<!\d)[45]\d\d(?!\d)", signal)
    known.facts += [Fact(float(code), "status", of.subject) for code in codes]
    if value.get("onset"):
        known.moments.append(Moment(parse_time(str(value["onset"])), "onset", *of.subject, name))


# What is told in it is the share of requests that were served: the others failed.
SERVED = re.compile(r"availab|success|uptime")


def _failed(known: Known, of: Fact, served: float, usually: float, deviations: float) -> None:
    """ "97.7 % availability, usually 100 %: 2.3 % of requests failed"."""
    now, usual = 1 - served, 1 - usually
    known.levels.append(Level(of.subject, "errors", now, usual, deviations))
    of = replace(of, signal="errors", whole="requests", metric=None)
    known.facts += [replace(of, value=now, role="now"), replace(of, value=usual, role="usual")]
    known.facts.append(replace(of, value=now - usual, dimension="points", role="excess"))


def _derived(facts: list[Fact]) -> Iterator[Fact]:
    """How many times the usual each figure is, and how much more."""
    usual: dict[Fact, list[float]] = {}
    for fact in facts:
        if fact.role == "usual" and fact.value:
            usual.setdefault(replace(fact, value=0.0, role=None), []).append(fact.value)
    for fact in facts:
        for before in usual.get(replace(fact, value=0.0, role=None), []) if fact.role == "now" else []:
            ratio = replace(fact, whole=fact.whole if fact.whole == "by name" else None)
            yield replace(ratio, value=fact.value / before, dimension="times", role=None)
            yield replace(ratio, value=fact.value / before - 1, dimension="share", role="excess")


def _told(known: Known) -> None:
    """The ranking says what it rests on; the evidence does not repeat all of it."""
    for candidate in known.report.candidates:
        for text in (candidate.reason, candidate.against):
            told = [fact for fact in _of_text(text or "", known, candidate) if not _is_bare(fact)]
            known.facts += told
            known.levels += [*_ranked_levels(told, candidate, known)]
    for text in claims.sentences(known.report.sections.deployment_correlation or ""):
        owner = {one.deployment_id: Subject(one.service, one.region) for one in known.changes if one.at}
        told = [fact for fact in _of_text(text, known) if fact.whole == "lines" and fact.of in owner]
        known.facts += [replace(fact, subject=owner[fact.of]) for fact in told if fact.of]
    for text in template.texts(known.report):
        # A figure without a unit is nothing without its sentence.
        told = [fact for fact in _of_text(text, known) if _tells_of_what(fact)]
        known.facts += [*told, *_usual_beside(text, told)]


def _named_in_errors(known: Known) -> None:
    """ "Named by 50 % of checkout's new errors": checkout has errors, and calls it."""
    for one in known.facts:
        is_told = one.whole == "errors" and one.role == "now" and one.value > 0 and one.subject.service
        if is_told and one.of in known.services:
            known.calls.add((str(one.subject.service), str(one.of)))
            known.failing.add(str(one.subject.service))


def _usual_beside(text: str, told: list[Fact]) -> Iterator[Fact]:
    """ "Server latency p99 of ts-ui-dashboard is 972 ms; 975 ms is usual": the second is of the same."""
    found = IS_USUAL.search(claims.without_names(text))
    for one in numerals.numbers(found["usual"]) if found and len(told) == 1 else ():
        if one.dimension == told[0].dimension:
            yield replace(told[0], value=one.value, role="usual")


IS_USUAL = re.compile(r"; (?P<usual>\d[\d.,]*(?: \S+)?) is usual\b")


def _ranked_levels(told: list[Fact], candidate: Candidate, known: Known) -> Iterator[Level]:
    """ "latency p99 154 ms (usually 30 ms)" of a candidate whose evidence has no levels."""
    measured = {(one.subject.service, one.metric) for one in known.levels}
    usual = {one.metric: one.value for one in told if one.role == "usual" and one.metric}
    # What the ranking names deviates, unless it says otherwise.
    deviations = 0.0 if CHANCE in (candidate.against or "") else LEAST_DEVIATION
    for one in told:
        if one.metric in usual and one.role == "now" and (one.subject.service, one.metric) not in measured:
            yield Level(one.subject, one.signal or "", one.value, usual[one.metric], deviations, one.metric or "")


CHANCE = "hardly more than chance"
# From so many standard deviations on a figure is told to have gone some way (`movements.went`).
LEAST_DEVIATION = 3.0


def _is_bare(fact: Fact) -> bool:
    """ "0 lines, 4.4 expected": of what there are 4.4 stands in the evidence."""
    return fact.dimension == "count" and fact.signal is None and fact.metric is None


def _tells_of_what(fact: Fact) -> bool:
    return fact.dimension in RATES or (fact.dimension == "seconds" and fact.signal == "latency")


def _of_lines(known: Known) -> Iterator[Fact]:
    """Durations that log lines tell: "timed out after 2000 ms"."""
    for service, lines in known.logged.items():
        spelled = [SHORT.sub(_in_full, claims.without_names(line)) for line in lines]
        for one in {number for line in spelled for number in numerals.numbers(line)}:
            if one.dimension == "seconds":
                yield from (Fact(one.value, one.dimension, of, "message") for of in _parties(service, lines, known))
        for status in {found for line in lines for found in STATUS.findall(line)}:
            yield from (Fact(float(status), "count", of, "message") for of in _parties(service, lines, known))


# "Expired 72m ago", "retry in 3h".
SHORT = re.compile(r"(?<![\w.,/:-])(?P<many>\d+)(?P<unit>[mhd])(?![\w/])")


def _in_full(found: re.Match[str]) -> str:
    return f"{found['many']} {'minutes' if found['unit'] == 'm' else 'hours' if found['unit'] == 'h' else 'days'}"


def _parties(service: str, lines: set[str], known: Known) -> list[Subject]:
    """Whose line it is, and whom it calls: `POST http://ledger/entries: timed out after 2000 ms`."""
    called = {callee for caller, callee in known.calls if caller == service and any(callee in one for one in lines)}
    return [Subject(one or None) for one in sorted({service, *called})]


STATUS = re.compile(r"(?<![\w.:/-])[45]\d\d(?![\w.:/-]| ?ms)")


def _of_text(text: str, known: Known, candidate: Candidate | None = None) -> list[Fact]:
    plain = claims.without_names(text)
    mentions = roster.mentions(text, known)
    owner = Subject(candidate.service, candidate.region) if candidate else known.scope
    return [_of_number(one, plain, mentions, known, owner, candidate) for one in numerals.numbers(plain)]


def _of_number(
    number: Number,
    text: str,
    mentions: list[Found],
    known: Known,
    owner: Subject,
    candidate: Candidate | None,
) -> Fact:
    if candidate and (metric := metrics.titled(number.span, text, known)):
        return _symptom(metrics.in_its_unit(number, metric, known), text, owner, metric)
    if candidate and candidate.deployment_id and BEFORE_ONSET.match(text, number.span[1]):
        return Fact(number.value, "seconds", Subject(candidate.service), "change", of=candidate.deployment_id)
    is_lines = OF_LINES.match(text[number.span[1] :])
    part = context.part(number.span, text)
    near = [one for one in mentions if part[0] <= one.span[0] < part[1]]
    caller = owners.caller(number.span, text, near, known) if number.dimension == "seconds" else None
    subject = NOBODY if caller else next(iter(owners.subjects(number.span, text, near, known)), NOBODY)
    # "No verdict on payments: latency 700 ms (usually 277 ms) in payments, us-central1".
    regions = {one.text for one in near} & known.regions
    region = regions.pop() if len(regions) == 1 else owner.region
    signal = "errors" if is_lines else "calls" if caller else context.signal(number.span, text)
    # "100 % of catalog's new errors name it": of errors, not of requests.
    if EXPLAINS.search(text[: number.span[0]]):
        by = Subject(subject.service or owner.service)
        return Fact(number.value, number.dimension, by, "explained", of=owner.service)
    is_of_errors = wholes.whole(number.span, text, known.services) == "errors" or OF_NEW_ERRORS.match(
        text, number.span[1]
    )
    return Fact(
        number.value,
        number.dimension or "count",
        Subject(subject.service or owner.service, subject.region or region),
        signal,
        roles.role(number.span, text),
        statistic="slower" if SLOWER.search(text[: number.span[0]]) else context.statistic(number.span, text),
        whole="lines" if is_lines else "errors" if is_of_errors else WHOLES.get(signal or ""),
        end=ranges.bound(number.span, text),
        of=caller
        or (owner.service if is_of_errors and candidate else None)
        or (owners.deployment(number.span, mentions, known) if is_lines else None),
    )


def _symptom(number: Number, text: str, owner: Subject, metric: str) -> Fact:
    """ "db cpu 98 % (usually 41 %)": a level of the candidate's own, as those of the evidence."""
    signal = signal_of((metric,)) or metric
    role = "usual" if text[: number.span[0]].endswith("(usually ") else "now"
    quantile = next((one for one in QUANTILES if one in metric), None)
    statistic = quantile or ("mean" if signal == "latency" else None)
    whole = WHOLES.get(signal, "requests" if SERVED.search(metric) else None) if number.dimension == "share" else None
    return Fact(number.value, number.dimension, owner, signal, role, statistic=statistic, whole=whole, metric=metric)


# "Deployment deploy-8738 (version 2.18.0), 5 min before the onset".
BEFORE_ONSET = re.compile(r" before the onset\b")
# "Named by 100 % of payments' new errors".
OF_NEW_ERRORS = re.compile(r" of \S+ new errors\b")
# "27,800 more requests than usual were slower than 431 ms": no usual mean.
SLOWER = re.compile(r"\bslower than (?:about )?$")
EXPLAINS = re.compile(r"\b(?:explains?|accounts? for) (?:about )?$")
# "42 % of its log lines are errors, of the others 0 %": the second, too.
OF_LINES = re.compile(
    r" of (?:its|the) (?:sampled )?(?:log lines|others)|[^.;]{0,40}\bno worse|[^.;]{0,30}of the others"
)
