"""Whether a figure holds: a fact has its value, and is of everything that the sentence says it is of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from worker.agent.grounding.checks import (
    belonging,
    charted,
    counted,
    degrees,
    fitting,
    leads,
    names,
    pauses,
    quoted,
    sources,
)
from worker.agent.grounding.report import metrics, owners, vocabulary
from worker.agent.grounding.report.fields import OF_SIGNALS, QUANTILES
from worker.agent.grounding.report.known import Fact, Known
from worker.agent.grounding.report.said import Said
from worker.agent.grounding.text import claims, context, judging, numerals, ranges, roles, wholes
from worker.agent.grounding.text.claims import Claim, Found, Span
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import EXCLUSIVE, SIGNALS, topics


def figure(number: Number, text: str, mentions: list[Found], known: Known) -> Claim:
    """Of "cpu_ratio of cart (0.95)" the figure has the form of a confidence, and is the field's."""
    if context.is_of_quantile(number.span, text) or (
        number.value == INTERVAL and OF_INTERVAL.match(text, number.span[1])
    ):
        return Claim("number", number.span, number.text, holds=True)
    if of_extreme := charted.extreme(number, text, mentions, known):
        return of_extreme
    claim = _figure(number, text, mentions, known)
    if not claim.holds and (of_chart := charted.drawn(number, text, mentions, known)):
        return of_chart
    return claim if claim.holds else _otherwise(number, text, mentions, known) or claim


# "With a 90 % interval from 36,400 to 87,100": so wide is every range (`domain.report.Quantity`).
INTERVAL = 0.9
OF_INTERVAL = re.compile(r" (?:confidence |uncertainty |credible )?(?:interval|range)\b")


def _otherwise(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """As it holds in the unit of what it speaks of, by a word of a line, or as what it may be besides."""
    found = (_figure(one, text, mentions, known) for one in _read_besides(number, text, known))
    if holding := next((one for one in found if one.holds), None):
        return holding
    is_in_line = names.is_counted_in_line(number.span, text, mentions, known)
    return Claim("number", number.span, number.text, holds=True) if is_in_line else None


def _read_besides(number: Number, text: str, known: Known) -> Iterator[Number]:
    """What a figure without a unit may be besides: as a field has it, of a share, or in the unit told before."""
    yield from metrics.in_units_of(number, text, known)
    if told := _told_besides(number, text, known):
        yield replace(number, dimension="" if told == "metric" else told)
    if number.dimension == "grams":
        yield from _rates_besides(number, text, known)
    behind = text[number.span[1] :]
    if number.value == 0 and number.dimension == "share" and OF_LINES.match(behind):
        # "None of the 13 timed lines was slower": as many lines.
        yield replace(number, dimension="lines")
    if number.dimension not in ("", "confidence") or A_UNIT.match(behind):
        return
    if number.dimension == "" and DEVIATING.search(text[: number.span[0]]):
        yield replace(number, dimension="deviations")
    if "." in number.text:
        start, end = context.part(number.span, text)
        spoken = topics(text[start:end])
        yield from (number.scaled(factor, of) for signal, (of, factor) in AS_READ.items() if signal in spoken)
        if A_PART.search(f"{known.previous} {text}"):
            yield replace(number, dimension="share")


def _rates_besides(number: Number, text: str, known: Known) -> Iterator[Number]:
    """ "SCI: 180 mg per 1,000 requests. Before: 114 mg": a rate as well."""
    if SCI.search(text):
        yield replace(number, dimension="grams_per_requests")
    if (found := RATED.search(text[: number.span[0]])) and not IN_ALL.search(text):
        yield replace(number, dimension=f"grams_per_{found['per']}")
    if FRAGMENT.match(text[: number.span[0]]):
        rates = {one.dimension for one in numerals.numbers(known.previous)} & {*ALL_RATES}
        yield from (replace(number, dimension=one) for one in sorted(rates))


# "It emits 18 g a minute, and 19 g is usual": a rate as well.
RATED = re.compile(r"\b(?:per|an?|each|every) (?P<per>minute|hour)\b[^;]*$", re.IGNORECASE)
IN_ALL = re.compile(
    r"\b(?:in|over|within|during) (?:the |its )?(?:[\w-]+[ -])?(?:min(?:ute)?s?|window)\b|\bin (?:all|total)\b"
)
# The software carbon intensity is per 1,000 requests, wherever it is told.
SCI = re.compile(r"\bSCI\b")
FRAGMENT = re.compile(
    r"\W*(?:before(?: that)?|previously|usually?|expected|normally|now|in the baseline|at present)\b[^\d;.]{0,24}$",
    re.IGNORECASE,
)
ALL_RATES = ("grams_per_requests", "grams_per_minute", "grams_per_hour")
DEVIATING = re.compile(r"\bstandard deviations?\b", re.IGNORECASE)
OF_LINES = re.compile(r" of (?:(?:the |its )?\d+ (?:\w+ ){0,2}lines|them|these)\b[^,;.]*\b(?:slower|faster)\b")
# "5.3 g/s": of a unit that is none of ours.
A_UNIT = re.compile(r" ?(?:%|/|[mkMGµ]?(?:g|B|s|W|Hz|CO₂e?|gCO₂e)\b|(?:min|hours?|seconds?|percent|points?|times)\b)")
A_PART = re.compile(r"\b(?:shares?|rise|increase|growth)\b", re.IGNORECASE)
# In which unit and by which factor the evidence has a signal, where a text copies the bare figure.
AS_READ = {one: OF_SIGNALS[one] for one in ("carbon", "cpu", "memory", "latency", "traffic")}


def _told_besides(number: Number, text: str, known: Known) -> str | None:
    """ "checkout is at 0.04 only": where its clause speaks of no signal, it may be a confidence."""
    if number.dimension == "confidence":
        return "metric" if metrics.fields(text, known) else None
    is_score = not number.dimension and re.fullmatch(r"0\.\d+", number.text)
    clause = text[slice(*context.clause(number.span, text))]
    return "confidence" if is_score and not topics(clause) & {*SIGNALS} else None


# "Half of the requests took longer than 303 ms": a figure of now.
SLOWER_THAN = re.compile(rf"{context.SLOWEST.pattern}$", re.IGNORECASE)


def _figure(number: Number, text: str, mentions: list[Found], known: Known) -> Claim:
    if of_line := quoted.figure(number, text, mentions, known) or degrees.between(number, text, mentions, known):
        return of_line
    is_lead = leads.is_lead(number, text, known)
    if (is_so := pauses.measured(number, text, known) if is_lead is None else is_lead) is not None:
        return Claim("number", number.span, number.text, is_so, "" if is_so else "it is another distance")
    number = _counted(number, text)
    number = metrics.in_its_unit(number, metrics.of_figure(number, text, known), known)
    close = [fact for fact in known.facts if _is_close(number, fact)]
    said = _said(number, text, mentions, known)
    if not close or number.dimension in ("share", "confidence"):
        close = [*close, *_sums(number, text, mentions, known)]
    if _is_status(number, text):
        close += [fact for fact in known.facts if fact.dimension == "status" and fact.value == number.value]
    held = [
        fact
        for fact in close
        if _fits(fact, said, known) and ranges.in_range(number.span, text, _end(fact, number, text))
    ]
    spelled = metrics.spelled_in(number.span, text, known) if held else frozenset()
    held = [fact for fact in held if not belonging.is_anothers(fact, said, spelled, known)]
    if of := owners.each(number.span, text, mentions, known):
        told = [said._replace(subjects=(one,), per=None) for one in of]
        held = held or close[:1] if all(any(fitting.fits(fact, one) for fact in close) for one in told) else []
    if end := ranges.bound(number.span, text):
        held = [fact for fact in held if fact.end == end or not _is_ranged(fact, end, known)]
    if held:
        return Claim("number", number.span, number.text, holds=True, sources=sources.of(held, close))
    why = "another figure has this value" if close else "no figure has this value"
    return Claim(
        "number", number.span, number.text, holds=False, why=why, is_open=not _is_measured(number, said, known)
    )


def _end(fact: Fact, number: Number, text: str) -> str | None:
    """ "0.13 g less, with a range of 0.11 to 0.16": without its sign the high end of -0.16 to -0.11 is the low one."""
    is_signed = fact.value >= 0 or text[: number.span[0]].endswith(("-", "−"))
    return fact.end if is_signed or fact.end is None else {"low": "high", "high": "low"}[fact.end]


def _fits(fact: Fact, said: Said, known: Known) -> bool:
    """ "37 % of its requests fail. Usually it is 0.7 %": a share of what the sentence before speaks of."""
    besides = judging.besides(said.before) if "excess" not in said.previous else None
    if besides == "usual" and (fact.dimension, fact.role) == ("grams", "now"):
        # What was emitted lies in no range of its own.
        return False
    if fitting.fits(fact, said):
        # A rise of nothing is no level of 0.
        return bool(fact.value or fact.signal or fact.dimension != "count" or not said.topics & {*SIGNALS} - {"carbon"})
    if besides and fitting.fits(fact, said._replace(role=besides)):
        return True
    if fact.dimension == "kwh" and "excess" in (said.previous + said.before).lower():
        # "The excess is 55 g. It corresponds to 0.114 kWh": of the same.
        return fitting.fits(fact, said._replace(role=fact.role))
    before = context.last_spoken_of(len(known.previous), known.previous)
    is_open = before and fact.dimension in ("share", "points") and not said.topics & {*SIGNALS, *EXCLUSIVE}
    return bool(is_open) and fitting.fits(fact, said._replace(topics=before))


def _sums(number: Number, text: str, mentions: list[Found], known: Known) -> Iterator[Fact]:
    """ "recommendations and frontend account for 62 % of the rise": what the named parts are together."""
    before = [one for one in mentions if one.span[1] <= number.span[0]]
    if not re.search(r"\b(?:together|account\w*|make up|makes up|contribut\w+|combined|between them)\b", text):
        return
    for told in ({one.text for one in before} & known.services, {one.text for one in before} & known.regions):
        parts = {
            one.subject: one
            for one in known.facts
            if one.whole == "rise" and one.dimension == "share" and told & {*one.subject}
        }
        if number.dimension == "confidence":
            parts = {one.subject: one for one in known.facts if one.dimension == "confidence" and told & {*one.subject}}
        total = sum(one.value for one in parts.values())
        if len(told) > 1 and len(parts) == len(told) and number.low <= total <= number.high:
            yield from (replace(one, value=total) for one in parts.values())


def _is_measured(number: Number, said: Said, known: Known) -> bool:
    """Whether what the sentence speaks of has a figure, which then is another one."""
    return any(
        _is_of_dimension(number, fact) and (fact.role is not None or said.role is None) and fitting.fits(fact, said)
        for fact in known.facts
    )


def _is_ranged(fact: Fact, end: str, known: Known) -> bool:
    """Whether there is another figure that is that end of it."""
    return any(replace(one, value=fact.value, end=fact.end) == fact for one in known.facts if one.end == end)


def _said(number: Number, text: str, mentions: list[Found], known: Known) -> Said:
    span = number.span
    part = context.part(span, text)
    is_so_far = bool(SO_FAR.match(text)) and number.dimension == "deviations"
    paired = owners.paired(span, text, mentions, known)
    # "frontend waits 127 ms and cart 120 ms, where 4.2 ms and 3.5 ms are usual".
    own = context.set_against(span, text) or span
    subjects = (paired,) if paired else tuple(owners.subjects_or_scope(own, text, mentions, known))
    return Said(
        lines=vocabulary.telling(claims.blanked(text, [one.span for one in mentions]))
        & frozenset().union(*known.patterns.values()),
        patterns=known.patterns,
        previous=known.previous,
        opening=known.spoken.opening,
        metrics=_metrics(known),
        metric=metrics.of_figure(number, text, known),
        names=frozenset(one.text for one in mentions),
        services=frozenset(one.text for one in mentions if _is_of_it(one, part, text, known)),
        subjects=subjects,
        it=_meant(span, text, mentions, known),
        alone=metrics.alone(subjects, known),
        regions=frozenset(one.text for one in mentions if one.text in known.regions),
        role=_role(span, text, known),
        topics=_topics(number, _unnamed(text, mentions, known))
        | _errors_named(span, text, mentions, known)
        | (context.last_spoken_of(len(known.previous), known.previous) if is_so_far else frozenset()),
        statistic=_statistic(span, text, known.previous),
        whole=wholes.whole(span, text, known.services) if number.dimension == "share" else None,
        types=frozenset(one.text for one in mentions if one.text in known.types),
        of_time=context.says_of_time(span, text),
        deployment=owners.deployment(span, mentions, known),
        named_part=owners.named_part(own, text, mentions, known),
        deployments=frozenset(change.deployment_id for change in known.changes),
        caller=owners.caller(own, text, mentions, known),
        callee=owners.callee(own, text, mentions, known),
        clause=text[slice(*context.clause(span, text))],
        before=text[: span[0]],
        after=text[span[1] :],
        is_errors=_is_of_errors(number, text),
        quantile=next((one for one in QUANTILES if f" {one} " in known.report.headline), None),
        has_mean=any(fact.signal == "latency" and fact.statistic == "mean" for fact in known.facts),
        per=None if number.dimension == f"grams_per_{(per := context.per(span, text))}" else per,
        rank=context.rank(span, text),
    )


def _role(span: Span, text: str, known: Known) -> str | None:
    """ "The excess is 1.2 g. Its interval runs from −0.97 to 3.4 g": as the figure before."""
    slower = SLOWER_THAN.search(text[: span[0]])
    if slower:
        # "Usually 95 % are done within 40 ms": which quantile it is stands between, and is no other figure.
        return roles.role(span, claims.blanked(text, [slower.span("share")])) if slower["at_most"] else "now"
    before = numerals.numbers(known.previous) if roles.opens_with_range(span, text) else []
    return roles.role(before[-1].span, known.previous) if before else roles.role(span, text)


def _topics(number: Number, text: str) -> frozenset[str]:
    """ "checkout fails on 43 % of its requests and needs 2,010 ms": an error rate has no seconds."""
    spoken = context.spoken_of(number.span, text)
    is_timed = number.dimension == "seconds" and not spoken & {"latency", "calls"}
    own = A_RATE.sub(" ", context.own_clause(number.span, text))
    return spoken & topics(own) if is_timed else spoken


# "This lies 1.1 standard deviations below the expectation": what the sentence before told.
SO_FAR = re.compile(
    r"\W*(?:This|That|It) (?:is|was|lies|lay|stands|makes|means|amounts|comes|corresponds|deviates|equals)\b"
)


# "It was 2.2 s at 1.47 requests per second".
A_RATE = re.compile(r"\d [a-z]+ (?:per|a) (?:second|minute)\b")


def _unnamed(text: str, mentions: list[Found], known: Known) -> str:
    """ "ts-user-service" speaks of no users."""
    return claims.blanked(text, [one.span for one in mentions if one.text in known.services and "-" in one.text])


def _statistic(span: Span, text: str, previous: str) -> str | None:
    """ "It peaked at 3,394, against an expected 2,636": the second is no peak."""
    found = context.statistic(span, text)
    if found is None and LEANING.match(text) and not topics(text) & {*SIGNALS}:
        # "Its p95 is 5.0 s. Before, it was 0.4 s": of the same.
        told = context.named_statistics(previous)
        return next(iter(told)) if len(told) == 1 else None
    return None if found == "extreme" and roles.role(span, text) == "usual" else found


LEANING = re.compile(
    r"\W*(?:(?:Before(?: that)?|Previously|Usually|Normally|Typically|In the baseline|Until then|Now),? )?"
    r"(?:it|this|that)(?: value| figure)? (?:is|was|has been|had been|stood|lay|stands|lies|used to be)\b",
    re.IGNORECASE,
)


def _meant(span: Span, text: str, mentions: list[Found], known: Known) -> frozenset[str]:
    """Whom "it" means in "it is a poor candidate, with confidence 0.01": who was named in the sentence before."""
    if ITS_CONFIDENCE.match(text):
        return _of_its_confidence(known)
    pronoun = IT.search(text[: span[0]])
    start, end = context.clause(span, text)
    if any(
        one.text in known.services and OF_ONE.search(text[span[1] : one.span[0]])
        for one in mentions
        if _is_within(one, (span[1], end))
    ):
        # "Yet it is given just 0.06, against 0.86 for cart".
        return frozenset()
    services = [one.span[0] for one in mentions if one.text in known.services and one.span[1] <= span[0]]
    is_told = pronoun and not any(
        place < pronoun.start() or place >= start or NAMELY.search(text[:place]) for place in services
    )
    return known.about if is_told or (not services and IT_BEHIND.match(text, span[1])) else frozenset()


def _of_its_confidence(known: Known) -> frozenset[str]:
    """Whom the sentence before named, or went on with by a pronoun; of one that did neither it is not told."""
    subject = known.spoken.subject
    if subject and re.search(rf"(?<![\w-]){re.escape(subject)}(?![\w-])", known.previous):
        return known.about
    return frozenset({subject} if subject and GOES_ON.match(known.previous) else ())


# "Nothing that was read connects it with checkout", "yet its new errors name ledger".
GOES_ON = re.compile(
    r"\W*(?:(?:But|And|Yet|Still|However|So),? )?(?:(?:it|its|they|their)\b|(?:nothing|no)\b[^;.]*\bit\b)",
    re.IGNORECASE,
)
# "payments suffers. Its new errors name ledger. Its confidence is 0.09": that of payments.
ITS_CONFIDENCE = re.compile(r"\W*(?:[A-Z]\w+,? )?its (?:[a-z]+ )?confidence\b|\W*it (?:has|gets|got)\b", re.IGNORECASE)
IT = re.compile(r"\b(?:it|this one|that one)\b", re.IGNORECASE)
# "With a confidence of 0.98 it is the clear first".
IT_BEHIND = re.compile(r",? it\b")
OF_ONE = re.compile(r"^ (?:for|of) $")
# "The cause lies in what it calls, namely ledger, with 0.93".
NAMELY = re.compile(r"\b(?:namely|i\.e\.|that is),? $")


def _is_of_it(one: Found, part: Span, text: str, known: Known) -> bool:
    return one.text in known.services and _is_within(one, part) and not owners.OF_ALERT.match(text, one.span[1])


def _is_within(one: Found, part: Span) -> bool:
    return part[0] <= one.span[0] < part[1]


def _metrics(known: Known) -> frozenset[str]:
    return frozenset(one.signal for one in known.levels if one.signal not in SIGNALS)


def _errors_named(span: Span, text: str, mentions: list[Found], known: Known) -> frozenset[str]:
    """A clause that names a type of errors speaks of errors."""
    start, end = context.clause(span, text)
    named = any(one.text in known.types and start <= one.span[0] < end for one in mentions)
    return frozenset({"errors"} if named else ())


def _is_status(number: Number, text: str) -> bool:
    """ "HTTP 401 responses" are not so many responses."""
    return bool(A_STATUS.search(text[: number.span[0]])) and (
        not number.dimension or number.dimension.startswith("of ")
    )


# "Half of its calls end with HTTP 401".
A_STATUS = re.compile(r"\b(?:HTTP|status|codes?) $", re.IGNORECASE)
ERRORS = re.compile(r"\berrors$")
ARE_ERRORS = re.compile(r"[^,;.()]{0,80}\b(?:are|were) (?:errors|failures)\b")
TIMES_LOGGED = re.compile(
    r"\b(?:lines?|log(?:s|ged)?|says?|said|occur\w*|seen|appear\w*|raised|thrown|recorded|found|counted|happened"
    r"|report\w*|did|r[ua]ns? into"
    r"|(?:turn|show|crop|c[oa]m)\w* up|c[ao]mes?(?! to))\b"
    r"[^.;]{0,90}$",
    re.IGNORECASE,
)


# "Ledger shows DatabaseUnavailable 4 times", "new in payments: DownstreamTimeout, 9 times".
SHOWN = re.compile(
    r"\b(?:shows?|has|had|with|logs|logged) [A-Z]\w*[a-z][A-Z]\w* $|\b[A-Z]\w*[a-z][A-Z]\w*(?:, |: | \()(?:about )?$"
)


AS_MANY = re.compile(r" (?:as (?:many|much)|more|(?:the|its|their) (?:usual|expected|normal)|what)\b")


# "It runs at 0.185 g a minute, and 0.151 g is expected": the second is a minute's as well.
SO_MUCH_A_MINUTE = re.compile(
    r"\bg(?: (?:a|per) minute|/min),?(?: (?:and|but|where|while|when|with))?(?: only| about)? $"
)
IS_USUAL = re.compile(r" (?:(?:is|was|were|would be) )?(?:expected|usual|normal)\b")


def _counted(number: Number, text: str) -> Number:
    """ "Logged 62 times" and "62 occurrences" count lines."""
    if number.dimension in quoted.OCCURRENCES:
        return replace(number, dimension="lines")
    if _is_status(number, text):
        return replace(number, dimension="")
    if number.dimension == "grams" and SO_MUCH_A_MINUTE.search(text[: number.span[0]]):
        return replace(number, dimension="grams_per_minute") if IS_USUAL.match(text, number.span[1]) else number
    is_count = (
        number.dimension == "times"
        and number.text.lower().endswith(("times", "twice"))
        and not AS_MANY.match(text, number.span[1])
        and (TIMES_LOGGED.search(text[: number.span[0]]) or SHOWN.search(text[: number.span[0]]))
    )
    return replace(number, dimension="lines") if is_count else number


def _is_of_errors(number: Number, text: str) -> bool:
    """ "0 of 54 lines are errors": the 54 are not."""
    is_whole = re.search(r"\b[Oo]f (?:the |its |their |about )?$", text[: number.span[0]])
    return bool(ERRORS.search(number.text) or (not is_whole and ARE_ERRORS.match(text[number.span[1] :])))


def _is_no_level(number: Number, fact: Fact) -> bool:
    """That no requests were slow is not told of a level: "its latency was 0"."""
    return not number.dimension and (fact.dimension, fact.signal) == ("requests", "latency")


# So small a share is told as 0.
NOTHING = 0.005


def _is_close(number: Number, fact: Fact) -> bool:
    value = abs(fact.value)
    if number.dimension == "days" and fact.dimension == "seconds":
        return number.low * 86_400 <= value <= number.high * 86_400
    # "None of the 60 sampled requests failed": each was a line.
    is_line = number.dimension in ("requests", "of requests") and counted.is_sampled(fact)
    # "30 envelopes flushed per minute": a metric that is called so.
    if is_line or (number.dimension.startswith("of ") and fact.dimension == "count" and fact.signal):
        is_so = is_line or metrics.is_counted_by(fact.signal or "", number.dimension)
        return number.low - 1e-9 <= value <= number.high + 1e-9 and is_so
    # "30 envelopes a minute", "30 a minute": of a metric that is called so.
    is_rate = number.dimension == "per_minute" and fact.dimension == "count" and "_per_min" in (fact.signal or "")
    if number.dimension and number.dimension != fact.dimension and not is_rate:
        return False
    if number.text == "0" and (fact.dimension == "share" or _is_no_level(number, fact)):
        # "Its retries stayed at 0".
        return fact.dimension == "share" and value < NOTHING
    # "An error rate of 0.7", as the field has it.
    is_ratio = fact.dimension == "share" and re.fullmatch(r"[01]?\.\d+|zero", number.text)
    # A cost is written as its metric is, without its currency.
    is_bare = fact.dimension in (*sources.COUNTED, "pue") or (fact.dimension == "usd" and fact.metric)
    if not number.dimension and not is_ratio and not is_bare:
        return False
    return number.low - 1e-9 <= value <= number.high + 1e-9


def _is_of_dimension(number: Number, fact: Fact) -> bool:
    is_metric = fact.dimension == "count" and fact.signal and metrics.is_counted_by(fact.signal, number.dimension)
    return fact.dimension == number.dimension or bool(is_metric)
