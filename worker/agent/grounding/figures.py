"""Whether a figure holds: a fact has its value, and is of everything that the sentence says it is of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from worker.agent.grounding import context, dimensions, owners
from worker.agent.grounding.claims import Claim, Found, Span
from worker.agent.grounding.dimensions import Said
from worker.agent.grounding.fields import QUANTILES
from worker.agent.grounding.known import NOBODY, Fact, Known
from worker.agent.grounding.numerals import Number
from worker.agent.grounding.topics import AS_MANY_REQUESTS, EXCLUSIVE, SIGNALS

# Of what the words around a figure are no signal.
UNTOLD = (
    None,
    "message",
    "span",
    "change",
    "between",
    "until alert",
    "to alert",
    "looked back",
    "part of a rise",
    "revenue",
    "cost",
    "calls",
    "days",
    "explained",
)
COUNTED = ("count", "requests", "orders", "users", "per_minute", "lines", "incidents")


def figure(number: Number, text: str, mentions: list[Found], known: Known) -> Claim:
    number = _counted(number, text)
    close = [fact for fact in known.facts if _is_close(number, fact)]
    said = _said(number, text, mentions, known)
    fitting = [fact for fact in close if _fits(fact, said) and context.in_range(number.span, text, fact.end)]
    if end := context.bound(number.span, text):
        fitting = [fact for fact in fitting if fact.end == end or not _is_ranged(fact, end, known)]
    if fitting:
        return Claim("number", number.span, number.text, holds=True)
    why = "another figure has this value" if close else "no figure has this value"
    return Claim(
        "number", number.span, number.text, holds=False, why=why, is_open=not _is_measured(number, said, known)
    )


def _is_measured(number: Number, said: Said, known: Known) -> bool:
    """Whether what the sentence speaks of has a figure, which then is another one."""
    return any(
        _is_of_dimension(number, fact) and (fact.role is not None or said.role is None) and _fits(fact, said)
        for fact in known.facts
    )


def _is_ranged(fact: Fact, end: str, known: Known) -> bool:
    """Whether there is another figure that is that end of it."""
    return any(replace(one, value=fact.value, end=fact.end) == fact for one in known.facts if one.end == end)


def _said(number: Number, text: str, mentions: list[Found], known: Known) -> Said:
    span = number.span
    paired = owners.paired(span, text, mentions, known)
    return Said(
        services=frozenset(one.text for one in mentions if one.text in known.services),
        subjects=(paired,) if paired else tuple(owners.subjects_or_scope(span, text, mentions, known)),
        regions=frozenset(one.text for one in mentions if one.text in known.regions),
        role=context.role(span, text),
        topics=context.spoken_of(span, text) | _errors_named(span, text, mentions, known),
        statistic=context.statistic(span, text),
        whole=context.whole(span, text, known.services) if number.dimension == "share" else None,
        types=frozenset(one.text for one in mentions if one.text in known.types),
        of_time=context.says_of_time(span, text),
        deployment=owners.deployment(span, mentions, known),
        deployments=frozenset(change.deployment_id for change in known.changes),
        caller=owners.caller(span, text, mentions, known),
        clause=text[slice(*context.clause(span, text))],
        before=text[: span[0]],
        after=text[span[1] :],
        is_errors=_is_of_errors(number, text),
        quantile=next((one for one in QUANTILES if f" {one} " in known.report.headline), None),
        has_mean=any(fact.signal == "latency" and fact.statistic == "mean" for fact in known.facts),
        per=context.per(span, text),
        rank=context.rank(span, text),
    )


def _errors_named(span: Span, text: str, mentions: list[Found], known: Known) -> frozenset[str]:
    """A clause that names a type of errors speaks of errors."""
    start, end = context.clause(span, text)
    named = any(one.text in known.types and start <= one.span[0] < end for one in mentions)
    return frozenset({"errors"} if named else ())


ERRORS = re.compile(r"\berrors$")
ARE_ERRORS = re.compile(r"[^,;.()]{0,25}\b(?:are|were) (?:errors|failures)\b")
TIMES_LOGGED = re.compile(
    r"\b(?:log(?:s|ged)?|says?|said|occur\w*|seen|appear\w*|raised|thrown|recorded|found|counted|happened|report\w*)\b"
    r"[^.;]{0,90}$",
    re.IGNORECASE,
)


def _counted(number: Number, text: str) -> Number:
    """ "Logged 62 times" counts lines."""
    is_count = (
        number.dimension == "times" and number.text.endswith("times") and TIMES_LOGGED.search(text[: number.span[0]])
    )
    return replace(number, dimension="lines") if is_count else number


def _is_of_errors(number: Number, text: str) -> bool:
    """ "0 of 54 lines are errors": the 54 are not."""
    is_whole = re.search(r"\bof (?:the |about )?$", text[: number.span[0]])
    return bool(ERRORS.search(number.text) or (not is_whole and ARE_ERRORS.match(text[number.span[1] :])))


def _is_close(number: Number, fact: Fact) -> bool:
    value = abs(fact.value)
    if number.dimension == "days" and fact.dimension == "seconds":
        return number.low * 86_400 <= value <= number.high * 86_400
    if number.dimension in ("requests", "of requests") and _is_sampled(fact):
        # "None of the 60 sampled requests failed": each was a line.
        return number.low - 1e-9 <= value <= number.high + 1e-9
    if number.dimension.startswith("of ") and fact.dimension == "count" and fact.signal:
        # "30 envelopes flushed per minute": a metric that is called so.
        return number.low - 1e-9 <= value <= number.high + 1e-9 and _is_counted_by(fact.signal, number.dimension)
    if number.dimension and number.dimension != fact.dimension:
        return False
    # "An error rate of 0.7", as the field has it.
    is_ratio = fact.dimension == "share" and re.fullmatch(r"[01]?\.\d+", number.text)
    if not number.dimension and not is_ratio and fact.dimension not in COUNTED:
        return False
    return number.low - 1e-9 <= value <= number.high + 1e-9


def _is_of_dimension(number: Number, fact: Fact) -> bool:
    is_metric = fact.dimension == "count" and fact.signal and _is_counted_by(fact.signal, number.dimension)
    return fact.dimension == number.dimension or bool(is_metric)


def _is_counted_by(metric: str, dimension: str) -> bool:
    """`of envelopes a minute`, and the metric `envelopes_flushed_per_min`."""
    noun, _, per = dimension.removeprefix("of ").partition(" a ")
    words = metric.split("_")
    return noun[:5] in {word[:5] for word in words} and (not per or any(word.startswith(per[:3]) for word in words))


def _is_sampled(fact: Fact) -> bool:
    """How many lines were sampled, as the template tells it; not a deployment's own."""
    return (fact.dimension, fact.signal, fact.role) == ("lines", "lines", "now") and not (fact.of or fact.evidence)


def _fits(fact: Fact, said: Said) -> bool:
    return all(fits(fact, said) for fits in SLOTS) and dimensions.fits(fact, said)


ALL_OF_NOW = ("grams", "vcpu_hours", "usd", "kwh", "orders", "users", "share_of_users")


def _fits_role(fact: Fact, said: Said) -> bool:
    if said.role and fact.role and fact.role != said.role:
        return False
    # What is told as usual is known to be that.
    if said.role == "usual" and fact.role is None and fact.dimension in ALL_OF_NOW:
        return False
    return not (fact.role == "excess" and fact.value > 0 and context.LESS.match(said.after))


def _fits_subject(fact: Fact, said: Said) -> bool:
    if fact.dimension == "incidents" and fact.subject == NOBODY:
        return not any(subject.service for subject in said.subjects)
    if said.caller and fact.signal != "calls" and fact.dimension == "seconds":
        return False
    if fact.signal == "calls":
        # The time of a call is its caller's as well, as long as it is not said to be another's.
        return said.caller in (None, fact.of) and any(
            subject.service in (None, fact.of, fact.subject.service) for subject in said.subjects or (NOBODY,)
        )
    if fact.subject.region and said.regions and fact.subject.region not in said.regions:
        return False
    return not said.subjects or any(owners.is_of(fact.subject, subject) for subject in said.subjects)


def _fits_topics(fact: Fact, said: Said) -> bool:
    """The clause speaks of nothing that has figures of its own, and of the fact's signal."""
    if fact.dimension == "confidence":
        return True
    if said.topics & EXCLUSIVE - _own_topics(fact):
        return False
    if _is_told_so(fact, said):
        return True
    if fact.signal in UNTOLD or fact.dimension == "vcpu_hours":
        return fact.dimension != "share" or fact.signal is not None or fact.role == "excess"
    if fact.dimension in ("grams", "grams_per_requests"):
        # Every figure in grams speaks of carbon; where it says whose part it is, it is that part.
        return not (parts := said.topics & {"retries", "errors", "latency"}) or fact.signal in parts
    return _fits_signal(fact, said)


def _is_told_so(fact: Fact, said: Said) -> bool:
    """ "Of the errors name ledger", "68 sampled lines", "the excess of 91 g": by its own words."""
    if fact.dimension == "share" and fact.signal is None:
        return fact.whole == said.whole == "errors" and bool(NAMING.search(said.after))
    if fact.dimension == "grams" and fact.role == "excess" and fact.whole != "excess":
        return bool(THE_EXCESS.search(said.before))
    return _is_sampled(fact) and bool(SAMPLED.match(said.after))


THE_EXCESS = re.compile(r"\bexcess (?:of |is |was |amounts to )?(?:about )?$", re.IGNORECASE)
NAMING = re.compile(r"\b(?:nam(?:e|es|ing)|mention\w*|refer\w*|point\w*)\b", re.IGNORECASE)
SAMPLED = re.compile(r" (?:sampled|logged|log lines|lines|requests)\b")


def _fits_signal(fact: Fact, said: Said) -> bool:
    if fact.dimension == "per_minute" and REQUESTS.search(said.clause):
        return fact.signal == "traffic"
    if "retries" in said.topics:
        return fact.signal == "retries"
    if fact.dimension == "times" and AS_MANY_REQUESTS.match(said.after):
        return fact.signal == "traffic"
    if fact.dimension == "times" and said.topics and fact.signal not in said.topics:
        return False
    if fact.signal not in SIGNALS:
        return fact.signal == "lines" or _is_named(fact.signal, said)
    signals = said.topics & set(SIGNALS)
    # In a list of who emitted how much, every share is of that.
    needs_none = fact.dimension != "share" or fact.whole == "emissions"
    return fact.signal in signals or (not signals and needs_none)


REQUESTS = re.compile(r"^(?!.*\bretr).*\b(?:requests?|traffic|demand|load)\b", re.IGNORECASE)


def _is_named(signal: str | None, said: Said) -> bool:
    """A metric that is no signal of ours is told by a word of its name: `availability_percent`."""
    words = set(re.findall(r"[a-z]{3,}", signal or "")) - UNITS
    return any(re.search(rf"\b{word[:6]}", said.before + said.clause, re.IGNORECASE) for word in words)


UNITS = {"percent", "ratio", "per", "sec", "seconds", "avg", "count", "rate", "total"}


def _own_topics(fact: Fact) -> frozenset[str]:
    """The exclusive topics that the fact may be told with."""
    of_users = {"users"} if fact.dimension in ("users", "share_of_users", "orders", "usd") else set()
    of_grid = {"intensity"} if fact.dimension in ("usd", "vcpu_hours", "kwh") else set()
    return frozenset({fact.signal or "", *of_users, *of_grid})


def _fits_deployment(fact: Fact, said: Said) -> bool:
    return fact.of not in said.deployments or said.deployment in (None, fact.of)


def _fits_part(fact: Fact, said: Said) -> bool:
    """A part of the excess is told by its name."""
    if fact.whole != "excess" or fact.of is None:
        return True
    return any(
        re.search(rf"\b{re.escape(word[:4])}", said.clause + said.before[-80:], re.IGNORECASE)
        for word in fact.of.split()
    )


SLOWER = re.compile(r"\b(?:slow|longer|above|over)", re.IGNORECASE)


def _fits_statistic(fact: Fact, said: Said) -> bool:
    if fact.statistic == "slower":
        return bool(SLOWER.search(said.clause))
    if said.statistic in QUANTILES and fact.dimension == "seconds" and fact.signal == "latency":
        return fact.statistic == said.statistic
    if said.statistic == "extreme" or (said.statistic == "sum" and _has_no_sum(fact)):
        return False
    if fact.statistic not in QUANTILES or fact.statistic == (said.statistic or said.quantile):
        return True
    # A quantile that is not said to be one is the mean's lie, where there is a mean.
    is_threshold = re.search(r"\b(?:slower|longer|above|more|over) (?:than )?(?:the )?(?:\w+ )?$", said.before)
    return said.statistic is None and (not said.has_mean or (fact.role == "usual" and bool(is_threshold)))


def _has_no_sum(fact: Fact) -> bool:
    return fact.dimension == "times" or fact.signal == "latency" or fact.dimension.endswith("minute")


def _fits_whole(fact: Fact, said: Said) -> bool:
    if said.whole is None:
        return True
    # A share of requests is told from the lines that were logged of them.
    if fact.whole == "emissions":
        return said.whole == "rise"
    return said.whole == fact.whole or (said.whole == "lines" and fact.signal == "errors" and fact.whole == "requests")


def _fits_per(fact: Fact, said: Said) -> bool:
    """A figure "of each request" is none of all of them; but a request is what takes so long."""
    is_more = fact.dimension == "times" or (fact.dimension == "share" and fact.role == "excess")
    is_of_each = fact.signal in ("latency", "calls") or (fact.of == "demand" and is_more)
    return said.per is None or (is_of_each and said.per in ("request", "call"))


def _fits_rank(fact: Fact, said: Said) -> bool:
    """ "The largest part": of what was split, it is that part."""
    return said.rank is None or (fact.rank is not None and fact.rank == said.rank)


SLOTS: tuple[Callable[[Fact, Said], bool], ...] = (
    _fits_per,
    _fits_deployment,
    _fits_part,
    _fits_rank,
    _fits_role,
    _fits_subject,
    _fits_topics,
    _fits_statistic,
    _fits_whole,
)
