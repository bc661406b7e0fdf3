"""Whether a figure holds: a fact has its value, and is of everything that the sentence says it is of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from worker.agent.grounding import context, owners
from worker.agent.grounding.claims import Claim, Found, Span
from worker.agent.grounding.fields import QUANTILES
from worker.agent.grounding.known import NOBODY, Fact, Known, Subject
from worker.agent.grounding.numerals import Number
from worker.agent.grounding.topics import AS_MANY_REQUESTS, EXCLUSIVE, SIGNALS

# Of what the words around a figure are no signal.
UNTOLD = (None, "message", "span", "change", "to alert", "looked back", "part of a rise", "revenue", "cost", "calls")
COUNTED = ("count", "requests", "orders", "users", "per_minute", "lines", "incidents")


class Said(NamedTuple):
    """What the sentence says of one of its figures: whose it is, when, and of what."""

    subjects: tuple[Subject, ...]
    role: str | None
    topics: frozenset[str]
    statistic: str | None
    whole: str | None
    types: frozenset[str]
    of_time: str | None
    deployment: str | None
    deployments: frozenset[str]
    caller: str | None
    clause: str
    before: str
    after: str
    is_errors: bool
    has_mean: bool
    per: str | None
    rank: str | None


def figure(number: Number, text: str, mentions: list[Found], known: Known) -> Claim:
    number = _counted(number, text)
    close = [fact for fact in known.facts if _is_close(number, fact)]
    said = _said(number, text, mentions, known)
    fitting = [fact for fact in close if _fits(fact, said) and context.in_range(number.span, text, fact.end)]
    if end := context.bound(number.span, text):
        fitting = [fact for fact in fitting if fact.end == end or not _is_ranged(fact, end, known)]
    why = "" if fitting else "another figure has this value" if close else "no figure has this value"
    return Claim("number", number.span, number.text, bool(fitting), why)


def _is_ranged(fact: Fact, end: str, known: Known) -> bool:
    """Whether there is another figure that is that end of it."""
    return any(replace(one, value=fact.value, end=fact.end) == fact for one in known.facts if one.end == end)


def _said(number: Number, text: str, mentions: list[Found], known: Known) -> Said:
    span = number.span
    paired = owners.paired(span, text, mentions, known)
    return Said(
        subjects=(paired,) if paired else tuple(owners.subjects_or_scope(span, text, mentions, known)),
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
    if number.dimension and number.dimension != fact.dimension:
        return False
    # "An error rate of 0.7", as the field has it.
    is_ratio = fact.dimension == "share" and re.fullmatch(r"[01]?\.\d+", number.text)
    if not number.dimension and not is_ratio and fact.dimension not in COUNTED:
        return False
    return number.low - 1e-9 <= value <= number.high + 1e-9


def _is_sampled(fact: Fact) -> bool:
    """How many lines were sampled, as the template tells it; not a deployment's own."""
    return (fact.dimension, fact.signal, fact.role) == ("lines", "lines", "now") and not (fact.of or fact.evidence)


def _fits(fact: Fact, said: Said) -> bool:
    return all(fits(fact, said) for fits in SLOTS) and BY_DIMENSION.get(fact.dimension, _always)(fact, said)


def _always(_: Fact, __: Said) -> bool:
    return True


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
    return not said.subjects or any(owners.is_of(fact.subject, subject) for subject in said.subjects)


def _fits_topics(fact: Fact, said: Said) -> bool:
    """The clause speaks of nothing that has figures of its own, and of the fact's signal."""
    if said.topics & EXCLUSIVE - _own_topics(fact):
        return False
    if fact.signal in UNTOLD or fact.dimension == "vcpu_hours":
        return fact.dimension != "share" or fact.signal is not None or fact.role == "excess"
    if fact.dimension in ("grams", "grams_per_requests"):
        # Every figure in grams speaks of carbon; where it says whose part it is, it is that part.
        return not (parts := said.topics & {"retries", "errors", "latency"}) or fact.signal in parts
    return _fits_signal(fact, said)


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


def _fits_statistic(fact: Fact, said: Said) -> bool:
    if said.statistic in QUANTILES and fact.dimension == "seconds" and fact.signal == "latency":
        return fact.statistic == said.statistic
    if said.statistic == "extreme":
        return False
    if said.statistic == "sum" and (
        fact.dimension == "times" or fact.signal == "latency" or fact.dimension.endswith("minute")
    ):
        return False
    if fact.statistic not in QUANTILES or fact.statistic == said.statistic:
        return True
    # A quantile that is not said to be one is the mean's lie, where there is a mean.
    is_threshold = re.search(r"\b(?:slower|longer|above|more|over) (?:than )?(?:the )?(?:\w+ )?$", said.before)
    return said.statistic is None and (not said.has_mean or (fact.role == "usual" and bool(is_threshold)))


def _fits_whole(fact: Fact, said: Said) -> bool:
    if said.whole is None:
        return True
    # A share of requests is told from the lines that were logged of them.
    if fact.whole == "emissions":
        return said.whole == "rise"
    return said.whole == fact.whole or (said.whole == "lines" and fact.signal == "errors" and fact.whole == "requests")


def _fits_per(fact: Fact, said: Said) -> bool:
    """A figure "of each request" is none of all of them; but a request is what takes so long."""
    is_of_each = fact.signal in ("latency", "calls") or (fact.of, fact.dimension) == ("demand", "times")
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
NOT_FAILED = re.compile(
    r"\b(?:(?:do|did|does|have|has|will|would|could|are|were)(?: not|n['’]t)\b[^,;]{0,12}\bfail|succe\w+"
    r"|(?:was|were|are) served"
    r"|passed|completed|answered|worked|would fail)",
    re.IGNORECASE,
)
# A share of a deployment's lines is no share of all lines, nor of requests.
OF_VERSION = re.compile(r"\b(?:deploy\w*|versions?|release\w*|rollout|its log lines|the others?)\b|-\d", re.IGNORECASE)
# "… in 42 % of the cases, those of the other version in none".
OF_ANOTHER = re.compile(r"[^,;.\d]{0,20}, (?:those|that) of (?:the )?(?:other|old|previous|former|earlier)\b")
RISING = re.compile(
    r"\b(?:rise|share|excess|increase|more|all of it|growth|spike)\b|co[2₂]|carbon|emission|emit", re.IGNORECASE
)


def _share(fact: Fact, said: Said) -> bool:
    """Whether it is the kind of share that the words speak of."""
    if fact.signal == "errors" and fact.role != "usual" and NOT_FAILED.search(said.clause):
        return False
    if fact.whole == "requests" and OF_ANOTHER.match(said.after):
        return False
    if fact.whole in ("rise", "emissions"):
        return bool(RISING.search(said.before + said.clause))
    if fact.whole == "lines":
        return said.whole != "requests" and bool(OF_VERSION.search(said.before + said.clause) or fact.of is None)
    return True


def _grams_per_minute(fact: Fact, said: Said) -> bool:
    """The grid's intensity is in grams per kWh, not in grams per minute; what the demand explains is told as such."""
    return "intensity" not in said.clause and (fact.of != "demand" or bool(OF_DEMAND.search(said.before + said.clause)))


OF_DEMAND = re.compile(r"\b(?:requests?|demand|traffic|load)\b", re.IGNORECASE)


def _seconds(fact: Fact, said: Said) -> bool:
    if fact.signal in ("change", "to alert"):
        return said.of_time in (fact.signal, None)
    if fact.signal in ("span", "looked back"):
        is_none = said.of_time == "span" and re.search(r"\b(?:no|none|without)\b", said.before, re.IGNORECASE)
        wanted = "looked back" if is_none else said.of_time
        return wanted in (fact.signal, "taking") or (said.of_time is None and fact.signal == "span")
    if fact.signal == "message":
        # "Timed out after 2000 ms", "a 503 after 1500 ms" is what the lines say.
        return bool(said.topics & {"errors", "lines"} or re.search(r"\b[45]\d\d\b", said.clause))
    return said.of_time in (None, "taking") and not ENDS_AFTER.search(said.before)


# "Fails after 50 ms": a latency is no time until a failure.
ENDS_AFTER = re.compile(
    r"\b(?:fail\w*|time[sd]? out|timing out|hung|hangs?|broke|breaks?) (?:after|within|in) $", re.IGNORECASE
)


MONEY_LOST = re.compile(
    r"\b(?:revenue|loss(?:es)?|lost|loses|refund\w*|sales|turnover|income|earn\w*|damage\w*)\b", re.IGNORECASE
)
MONEY_SPENT = re.compile(r"\b(?:comput\w+|vcpu\w*|list prices?|cloud|energy|grid)\b", re.IGNORECASE)


def _usd(fact: Fact, said: Said) -> bool:
    if fact.signal == "revenue":
        return not MONEY_SPENT.search(said.clause)
    return fact.signal != "cost" or not MONEY_LOST.search(said.clause)


def _lines(fact: Fact, said: Said) -> bool:
    if said.types and fact.signal == "errors" and fact.of not in said.types:
        return False
    if fact.signal == "errors" and fact.of and not said.types and not said.topics & {"errors", "lines"}:
        return False
    return not said.is_errors or fact.signal == "errors"


# "A 503 from ledger", "answers with status 503"; "traffic is at 503" is none.
A_STATUS = re.compile(
    r"\b(?:an?|HTTP|status|codes?|returns?|returned|with) (?:status |HTTP )?(?:code )?$", re.IGNORECASE
)


def _count(fact: Fact, said: Said) -> bool:
    return fact.signal != "message" or bool(A_STATUS.search(said.before))


BY_DIMENSION: dict[str, Callable[[Fact, Said], bool]] = {
    "share": _share,
    "grams_per_minute": _grams_per_minute,
    "seconds": _seconds,
    "usd": _usd,
    "lines": _lines,
    "count": _count,
}
