"""What a figure of one dimension is told with: shares, grams, seconds, money and lines each in their own words."""

from __future__ import annotations

import re
from collections.abc import Callable

from worker.agent.grounding.report.fields import QUANTILES
from worker.agent.grounding.report.known import Fact
from worker.agent.grounding.report.said import Said
from worker.agent.grounding.text import pairs
from worker.agent.grounding.text.topics import SIGNALS, topics


def fits(fact: Fact, said: Said) -> bool:
    check = _is_of_alert if fact.signal == "alerted" else BY_DIMENSION.get(fact.dimension)
    return check is None or check(fact, said)


# "72 % of the requests were answered" has no share of those that fail.
NOT_FAILED = re.compile(
    r"\b(?:(?:do|did|does|have|has|will|would|could|are|were)(?: not|n['’]t)\b[^,;]{0,12}\bfail|succe\w+"
    r"|(?:was|were|are) served|passed|completed|answered|worked|would fail)",
    re.IGNORECASE,
)
# A share of a deployment's lines is no share of all lines, nor of requests.
OF_VERSION = re.compile(
    r"\b(?:deploy\w*|versions?|release\w*|rollout|its log lines|the others?|comparison"
    r"|(?:new|old|older) (?:lines|ones))\b|-\d",
    re.IGNORECASE,
)
# "Share of retries" is none of a rise.
OF_REQUESTS = re.compile(
    r"\bshare(?= of (?:its |the |all )?(?:retr\w+|requests|fail\w+|errors?|log|lines|calls|HTTP))", re.IGNORECASE
)
RISING = re.compile(
    r"\b(?:rises?|shares?|excess|increase|more|additional|extra|all of it|growth|spike)\b|co[2₂]|carbon|emission|emit",
    re.IGNORECASE,
)
THE_RISE = re.compile(r"\b(?:rises?|increase|growth|what(?: [a-z]+){0,3} (?:rose|grew|was added))\b", re.IGNORECASE)
# "80 % of its deviation is explained by …".
EXPLAINED_BY = re.compile(r" of (?:its|it|the|what|\S+['’]s?) [^,;.\d]{0,40}\bexplained by (?:the )?(?=(?P<by>\S+))")
EXPLAINS = re.compile(r"\bexplain(?:s|ed|ing)? (?:about |some |only |roughly )?$", re.IGNORECASE)


def _share(fact: Fact, said: Said) -> bool:
    """Whether it is the kind of share that the words speak of."""
    if fact.signal == "errors" and fact.role != "usual" and NOT_FAILED.search(said.clause):
        return False
    if fact.signal == "explained" or (fact.metric and EXPLAINS.search(said.before)):
        # What one explains of another was worked out, and is no level of its own.
        is_told = re.search(r"\b(?:explain\w*|account\w* for)\b", said.before) or EXPLAINED_BY.match(said.after)
        return not fact.metric and bool(is_told)
    if fact.whole in ("rise", "emissions"):
        # "Behind it come frontend with 0.20 and auth with 0.11 of the rise": both are of it.
        listed = "" if topics(said.clause) & {*SIGNALS} else said.opening + said.previous + said.after
        told = OF_REQUESTS.sub(" ", said.before + said.clause)
        return bool(RISING.search(told) or THE_RISE.search(listed))
    if fact.whole == "lines":
        return said.whole != "requests" and bool(
            OF_VERSION.search(said.before + said.clause)
            or fact.of in {None, *said.patterns}
            or (f"{fact.of}" in said.previous.lower() and not ALL_LINES.search(said.clause + said.after))
        )
    return True


# "42 % of all log lines of checkout are errors": not of one version's.
ALL_LINES = re.compile(r"\ball (?:of )?(?:the )?(?:log )?lines\b", re.IGNORECASE)


def _grams(fact: Fact, said: Said) -> bool:
    """What the rule fires at is told as that."""
    return fact.signal != "threshold" or _is_of_threshold(fact, said)


def _grams_per_minute(fact: Fact, said: Said) -> bool:
    """The grid's intensity is in grams per kWh, not in grams per minute; what the demand explains is told as such."""
    moves, by = (RISES, MORE) if fact.value > 0 else (FALLS, LESS)
    is_moved = moves.search(said.before) or by.match(said.after)
    if fact.whole == "rise" and (said.before.endswith("from ") or not is_moved):
        return False
    return "intensity" not in said.clause and (fact.of != "demand" or bool(OF_DEMAND.search(said.before + said.clause)))


RISES = re.compile(r"\b(?:rise|rises|rose|increased?|grew|climbed|growth|adds?|added)\b[^;]*$", re.IGNORECASE)
FALLS = re.compile(
    r"\b(?:rise|increase|growth|falls?|fell|fallen|drop(?:s|ped)?|declined?|declines|decreased?|sank|lower|down)\b[^;]*$",
    re.IGNORECASE,
)
# "0.35 g/min more CO₂ than usual".
MORE = re.compile(r" more\b(?: CO[₂2]e?)?(?! requests)")
LESS = re.compile(r" less\b(?: CO[₂2]e?)?")
OF_DEMAND = re.compile(r"\b(?:requests?|demand|traffic|load)\b", re.IGNORECASE)


def _seconds(fact: Fact, said: Said) -> bool:
    kind = fact.signal or ""
    check = _OF_TIME.get("distance" if kind in DISTANCES else "length" if kind in ("span", "looked back") else kind)
    if check is not None:
        return check(fact, said)
    return said.of_time in (None, "taking")


NONE = re.compile(r"\b(?:no|none|without)\b", re.IGNORECASE)


def _is_length(fact: Fact, said: Said) -> bool:
    """How long the window is, or how far back changes were looked for; neither is how long a request takes."""
    is_of_request = said.topics & {"latency", "calls"} or _is_of_metric(said)
    if is_of_request and (said.of_time in (None, "taking") or said.statistic):
        return False
    if fact.signal == "looked back" and re.match(r" ?(?:after|following)\b", said.after):
        return False
    is_none = said.of_time == "span" and NONE.search(re.split(r"[:;] |, (?:as|since|and|but|while)\b", said.before)[-1])
    wanted = "looked back" if is_none else said.of_time
    is_compared = COMPARED_WITH.search(said.before) and BEFORE.match(said.after)
    if wanted is None and (is_compared or AS_BASELINE.search(said.before)):
        return False
    return wanted in (fact.signal, "taking") or (said.of_time is None and fact.signal == "span")


def _is_of_metric(said: Said) -> bool:
    """ "The travel time is 1,260 s", of `travel_seconds`: how long that takes, and not how long the window is."""
    return any(re.search(rf"\b{one.split('_')[0]}\b", said.clause, re.IGNORECASE) for one in said.metrics)


def _are_days(_: Fact, said: Said) -> bool:
    return bool(EARLIER.search(said.before[-14:] + " " + said.after[:14]))


# "In the almost four hours before".
HOURS_BEFORE = re.compile(
    r"\b(?:in|during|over|within|of|from|on|with|to|against) the (?:almost |nearly |roughly |about |some |last )*$"
)
BEFORE = re.compile(r" (?:before|earlier|of (?:data|comparison)|(?:it|that) (?:is|was) compared)\b", re.IGNORECASE)
# "As a baseline, the 23 hours and 50 minutes before 22:10 UTC are used".
AS_BASELINE = re.compile(
    r"\b(?:baseline|comparison|reference)\b(?:(?!\bwindow\b)(?:[^;.\d]|\d\d:\d\d))*$", re.IGNORECASE
)


# "Compared with the 15 min before": as long as the baseline, and not as the window.
COMPARED_WITH = re.compile(r"\b(?:with|to|against) the (?:almost |nearly |roughly |about |some |last )*$")


def _is_of_baseline(_: Fact, said: Said) -> bool:
    is_before = HOURS_BEFORE.search(said.before) and BEFORE.match(said.after)
    return bool(is_before or AS_BASELINE.search(said.before)) or "baseline" in said.clause.lower()


def _is_of_message(_: Fact, said: Said) -> bool:
    """ "Timed out after 2000 ms", "a 503 after 1500 ms" is what the lines say."""
    return bool(
        said.topics & {"errors", "lines"}
        or re.search(r"(?<![\d,.])[45]\d\d\b|\bwait(?:s|ed|ing)?\b|\blast seen\b", said.clause)
    )


def _is_unsampled(_: Fact, said: Said) -> bool:
    """ "No sample speaks of 7 of the window's 10 minutes": told of samples, not of sampled lines."""
    text = f"{said.previous} {said.before}{said.after}"
    return bool(
        re.search(r"\bsampl(?!ed (?:log|requests|lines))|\bnot (?:known|measured) by (?:itself|themselves)\b", text)
    )


OF_CALLS = re.compile(r"\b(?:calls?|calling|waits?|waiting|waited)\b")


def _is_of_call(_: Fact, said: Said) -> bool:
    """Of calls no quantile was measured."""
    is_told = said.statistic not in QUANTILES or OF_CALLS.search(said.clause)
    return bool(is_told) and said.of_time in (None, "taking", "span")


# "The average latency, 526 ms, was greater than 500 ms".
IS_OVER = re.compile(
    r"\b(?:exceed(?:s|ed|ing)|(?:greater|higher|more|larger) than|above|over) (?:the )?$", re.IGNORECASE
)
ALERTED = re.compile(r"\b(?:alert\w*|rule|fire[ds]?|firing|threshold|limit)\b", re.IGNORECASE)


def _is_of_threshold(_: Fact, said: Said) -> bool:
    near = f"{said.before[-24:]}{said.after[:24]}"
    return bool(THRESHOLD.search(near) or (IS_OVER.search(said.before) and ALERTED.search(said.before)))


# "Alert “Carbon by service” at 05:30 UTC: 142 g".
THE_ALERTS = re.compile(
    r"\W*(?:(?:the|an?|this|that) )?(?:[\w-]+ )?(?:alert|alarm|rule)\b"
    # "Carbon by region fired with 0.21 kg".
    r"|\W*[a-z]+ by [a-z]+ (?:fired|triggered|alerted|went off)\b",
    re.IGNORECASE,
)


def _is_of_alert(_: Fact, said: Said) -> bool:
    is_its = said.statistic in (None, "mean") and said.role not in ("usual", "excess")
    return is_its and not said.types and bool(THE_ALERTS.match(said.before))


DEPLOYING = re.compile(r"\b(?:deploy\w*|release\w*|rollout|version|went (?:out|live)|shipped)\b|-\d", re.IGNORECASE)
EARLIER = re.compile(r"\b(?:last|earlier|previous|past|prior)\b")
DISTANCES = ("between", "between changes", "until alert", "change", "to alert")
TO_ONSET = re.compile(r"\b(?:onset|alert|incident)\b", re.IGNORECASE)


def _is_apart(fact: Fact, said: Said) -> bool:
    """How far two events are from each other: both onsets are named, or the alert is."""
    if said.topics & {"latency", "calls"} and said.of_time is None:
        return False
    if fact.signal in ("between", "between changes"):
        is_of_both = {fact.of, fact.subject.service} <= said.services or (
            len(said.services) == 1 and said.services <= {fact.of, fact.subject.service}
        )
        is_of_changes = bool(DEPLOYING.search(said.clause)) == (fact.signal == "between changes")
        is_of_onset = fact.signal == "between changes" and bool(TO_ONSET.search(said.clause))
        return said.of_time == "change" and is_of_both and is_of_changes and not is_of_onset
    if fact.signal == "until alert":
        is_of_alert = re.search(r"\balert\b", said.clause) or OF_ALERT.search(said.before)
        is_of_onset = not DEPLOYING.search(said.clause)
        return said.of_time in ("change", "to alert") and bool(is_of_alert) and is_of_onset
    return said.of_time in (fact.signal, None)


# "The alert fired at 21:54 UTC, four minutes after the onset".
OF_ALERT = re.compile(r"\b(?:alert|rule|alarm)\b[^;]{0,80}, (?:only |just |about )*$", re.IGNORECASE)


_OF_TIME: dict[str, Callable[[Fact, Said], bool]] = {
    "distance": _is_apart,
    "length": _is_length,
    "days": _are_days,
    "baseline": _is_of_baseline,
    "unsampled": _is_unsampled,
    "message": _is_of_message,
    "threshold": _is_of_threshold,
    "calls": _is_of_call,
}
MONEY_LOST = re.compile(
    r"\b(?:revenue|loss(?:es)?|lost|loses|refund\w*|sales|turnover|income|earn\w*|damage\w*)\b", re.IGNORECASE
)
MONEY_SPENT = re.compile(r"\b(?:comput\w+|vcpu\w*|list prices?|cloud|energy|grid)\b", re.IGNORECASE)


def _usd(fact: Fact, said: Said) -> bool:
    if fact.signal == "revenue":
        return not MONEY_SPENT.search(said.clause)
    return fact.signal != "cost" or not MONEY_LOST.search(said.clause)


# "30 of 54 lines are PoolTimeoutError": the 54 are all of them.
OF_ALL_LINES = re.compile(r"\bof (?:the |its |about )*\||\| (?:sampled|timed)\b|\| of (?:the )?\d", re.IGNORECASE)
# "That rests on 9 log lines".
BASIS = re.compile(
    r"\b(?:rest(?:s|ed|ing)?|based|relies|built|founded|(?:comes|came|drawn|taken|computed|calculated) from|only|just"
    r"|no more than)\b[^,;.\d]{0,20}$",
    re.IGNORECASE,
)
# "The 12 log lines of payments are too few to confirm the rise".
TOO_FEW = re.compile(
    r"(?: of [^,;.]{2,40}?)? (?:is|are|was|were) (?:\w+ly |far )?(?:too few|(?:not|hardly) enough|insufficient)\b"
)
# "Only 1 of 10 timed lines was slower than the usual p95".
SLOWER_LINES = re.compile(
    r" (?:of (?:the )?[\d,]+ |of (?:them|these) )?(?:[a-z]+ ){0,3}(?:was|were|is|are|took|takes?)"
    r" (?:[a-z]+ )?(?:slower|longer|faster) than "
)
OF_ALL = re.compile(r"\bof (?:the |its |all )*$")


def _lines(fact: Fact, said: Said) -> bool:
    if fact.signal == "basis":
        return bool(BASIS.search(said.before) or TOO_FEW.match(said.after))
    is_part = SLOWER_LINES.match(said.after) and not OF_ALL.search(said.before)
    if is_part and fact.statistic not in ("slower", "faster"):
        return False
    if said.types and fact.signal == "errors" and fact.of not in said.types:
        return False
    if said.types and fact.of not in said.types and not OF_ALL_LINES.search(f"{said.before[-12:]}|{said.after[:12]}"):
        return False
    if fact.signal == "errors" and fact.of and not said.types and not said.topics & {"errors", "lines"}:
        return False
    return not said.is_errors or fact.signal == "errors"


# "A 503 from ledger", "answers with status 503"; "traffic is at 503" is none.
A_STATUS = re.compile(
    r"\b(?:an?|HTTP|status|codes?|returns?|returned|with) (?:status |HTTP )?(?:code )?$", re.IGNORECASE
)
THRESHOLD = re.compile(r"\b(?:thresholds?|limit|a fixed|fires? (?:at|above|over|when)|allows?)\b", re.IGNORECASE)


def _count(fact: Fact, said: Said) -> bool:
    if fact.signal == "threshold":
        return bool(THRESHOLD.search(said.before + said.after[:24]))
    if fact.signal == "unsampled":
        return _is_unsampled(fact, said)
    if fact.signal == "equivalent":
        return said.after.startswith(f" {fact.of} ")
    if "_per_" in (fact.signal or "") and not _says_per_what(fact.signal or "", said):
        return False
    return fact.signal != "message" or bool(A_STATUS.search(said.before))


def _says_per_what(metric: str, said: Said) -> bool:
    """ "30 envelopes" are no `envelopes_flushed_per_min`, "30 envelopes a minute" are: two words of its name."""
    text = f"{said.previous} {said.before}{said.clause}{said.after}".replace("_", " ")
    words = [word[:4] for word in metric.split("_") if len(word) > 1 and word != "per"]
    return sum(bool(re.search(rf"\b{word}", text, re.IGNORECASE)) for word in words) > 1


def _requests(fact: Fact, said: Said) -> bool:
    """What emissions are told per: "20 g per 1,000 requests"."""
    return fact.signal != "functional unit" or bool(
        re.search(r"\b(?:per|each|every|for|an?|(?:carbon|co[₂2]e?|emissions?) of) $", said.before, re.IGNORECASE)
        or re.match(rf"{pairs.OF_WHOM}{pairs.TAKING} (?:about |only )?[\d.,]+ ?m?g", said.after)
    )


def _deviations(fact: Fact, said: Said) -> bool:
    """On the side that is told."""
    is_below = re.match(r" (?:below|under|beneath|lower)\b", said.after)
    is_above = re.match(r" (?:above|over|beyond|higher)\b", said.after)
    return not (is_below and fact.value > 0) and not (is_above and fact.value < 0)


def _per_minute(fact: Fact, said: Said) -> bool:
    """How many lines a minute are logged is told as a rate."""
    return fact.signal != "lines" or bool(re.search(r"\b(?:minute|rate)", said.before + said.clause + said.after))


def _incidents(_: Fact, said: Said) -> bool:
    """ "There are 12": told of incidents."""
    around = said.previous + said.before + said.after + said.clause
    return bool(re.search(r"\b(?:incident|happened|occurred|case|times?\b)", around, re.IGNORECASE))


BY_DIMENSION: dict[str, Callable[[Fact, Said], bool]] = {
    "grams": _grams,
    "share": _share,
    "grams_per_minute": _grams_per_minute,
    "seconds": _seconds,
    "usd": _usd,
    "lines": _lines,
    "requests": _requests,
    "per_minute": _per_minute,
    "count": _count,
    "incidents": _incidents,
    "deviations": _deviations,
}
