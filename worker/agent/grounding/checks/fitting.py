"""Whether a fact is of everything that the sentence says of a figure, slot by slot."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from worker.agent.grounding.checks import belonging, counted, dimensions
from worker.agent.grounding.checks.dimensions import EXPLAINED_BY, OF_VERSION
from worker.agent.grounding.report import counts, metrics, owners
from worker.agent.grounding.report.fields import QUANTILES
from worker.agent.grounding.report.known import NOBODY, Fact
from worker.agent.grounding.report.said import Said
from worker.agent.grounding.text import context, roles
from worker.agent.grounding.text.topics import AS_MANY_REQUESTS, EXCLUSIVE, SIGNALS

# Of what the words around a figure are no signal.
UNTOLD = {
    None, "message", "span", "change", "between", "between changes", "until alert", "to alert", "looked back",
    "part of a rise", "revenue", "cost", "calls", "days", "explained", "functional unit", "affected",
    "contributing", "threshold", "basis", "helped", "baseline", "slower", "fewer", "unsampled", "alerted",
    "equivalent",
}  # fmt: skip


def fits(fact: Fact, said: Said) -> bool:
    if said.metric:
        # Its own name says of which signal, statistic and whole it is.
        is_on_side = fact.dimension != "deviations" or dimensions.fits(fact, said)
        return fact.metric == said.metric and _fits_role(fact, said) and _fits_subject(fact, said) and is_on_side
    return all(slot(fact, said) for slot in SLOTS) and dimensions.fits(fact, said)


ALL_OF_NOW = ("grams", "vcpu_hours", "usd", "kwh", "orders", "users", "share_of_users")


def _fits_role(fact: Fact, said: Said) -> bool:
    if said.role and fact.role and fact.role != said.role:
        return False
    bare = ("count",) if "lines" in said.topics or said.types else ()
    # What is told as usual is known to be that; "a higher threshold than 0.18 kg" tells none.
    is_level = fact.signal != "threshold" and fact.dimension in (*ALL_OF_NOW, *bare)
    if said.role == "usual" and fact.role is None and is_level:
        return False
    if fact.value > 0 and said.before.endswith(("−", "-")):
        return False
    if fact.dimension == "times" and USUAL_IS.search(said.before) and not roles.LESS.match(said.after):
        return fact.value < 1
    if fact.role != "excess":
        return True
    # What an hour less of it saves is the excess.
    is_less = fact.dimension != "grams_per_hour" and roles.LESS.match(said.after)
    side = roles.side(said.before) or (-1 if is_less else 0)
    return side * fact.value >= 0


# "The usual latency is 8.4 times that of the window": it is the other way round.
USUAL_IS = re.compile(
    r"(?:^|[;:,] )(?:(?:the|its|their|[\w-]+['’]s) )?(?:usual|normal|expected|typical|baseline)\b"
    r"(?: (?!it\b|this\b)[\w-]+){1,7}"
    r" (?:is|was|are|were|had been)(?: about| roughly| nearly| only)* $"
    r"|(?:^|[;:,] )(?:usually|in the baseline),? [^,;\d]{0,60}$",
    re.IGNORECASE,
)


def _fits_subject(fact: Fact, said: Said) -> bool:
    if fact.dimension.startswith("of ") and not counts.is_of_whom(fact, said):
        return False
    if fact.dimension == "confidence" and said.it:
        return (fact.of or fact.subject.service) in said.it
    if _is_of_another(fact, said):
        return False
    if fact.subject == NOBODY and (is_told := _of_nobody(fact, said)) is not None:
        return is_told
    if fact.signal == "calls":
        return _is_of_its_call(fact, said)
    is_naming = fact.whole == "errors" and fact.of in said.services and IN_THE_CASES.search(said.before)
    return _names_it(fact, said) if is_naming else _is_of_subjects(fact, said)


def _names_it(fact: Fact, said: Said) -> bool:
    """ "checkout's errors name payments always, but ledger in a fifth of the cases"."""
    near = re.split(r"\b(?:but|while|whereas)\b", said.before)[-1] + said.clause
    return fact.subject.service in said.services and f"{fact.of}" in near


def _is_of_subjects(fact: Fact, said: Said) -> bool:
    is_elsewhere = fact.subject.region and said.regions and fact.subject.region not in said.regions
    is_of_all = fact.subject.region and AS_A_WHOLE.search(said.clause)
    is_elsewhere = is_elsewhere or (is_of_all and not any(one in said.clause for one in said.regions))
    # "12 of the sampled log lines of us-central1": of all of them, and not of one service's.
    is_anothers = fact.dimension == "lines" and fact.evidence and fact.subject.service and fact.of is None
    if is_anothers and said.subjects and not any(one.service for one in said.subjects):
        return False
    if is_elsewhere or (said.caller and fact.dimension == "seconds") or belonging.is_of_its_caller(fact, said):
        return False
    is_behind = fact.signal == "explained" and EXPLAINED_BY.match(said.after)
    return bool(is_behind or not said.subjects) or any(owners.is_of(fact.subject, one) for one in said.subjects)


# "payments as a whole": no figure of one region's, unless that is named.
AS_A_WHOLE = re.compile(
    r"\b(?:as a whole|(?:in|across|over) (?:all|every|each)(?: of)?(?: the| its)? regions?|worldwide|globally)\b",
    re.IGNORECASE,
)


def _is_of_another(fact: Fact, said: Said) -> bool:
    """What one explains of another names no third; the cause's confidence is the verdict's own, of nobody."""
    if fact.signal == "explained":
        by = EXPLAINED_BY.match(said.after)
        if by and by["by"].rstrip(".,;") != fact.subject.service:
            return True
        return not {one for one in said.services if one in said.clause} <= {fact.of, fact.subject.service}
    is_the_cause = fact.dimension == "confidence" and not said.services and OF_THE_CAUSE.search(said.clause)
    return bool(is_the_cause) and fact.subject != NOBODY


IN_THE_CASES = re.compile(r"\b(?:nam(?:e|es|ing)|mention\w*)\b[^;.]* in (?:only |just |about |some )?(?:a |one )?$")
OF_THE_CAUSE = re.compile(r"\b(?:(?<!as )(?<!as a )causes?|verdict|finding)\b", re.IGNORECASE)


def _of_nobody(fact: Fact, said: Said) -> bool | None:
    """What counts everything is of none that is named; the verdict's confidence is of its cause."""
    if fact.dimension.startswith("of "):
        named = [one for one in said.services if one in said.before + said.clause]
        return counts.fits(fact, said) and (not named or fact.signal is not None)
    if fact.dimension == "confidence":
        told = {one.service for one in said.subjects} & said.services
        return not said.services or fact.of in (told if OWN.search(said.clause) else said.services)
    clause = AS_OF.sub(" ", said.clause)
    is_of_one = any(one in clause for one in said.services) or owners.PRONOUN.search(clause)
    return not is_of_one if fact.dimension == "incidents" else None


# "12 incidents were known when cart in us-central1 was investigated": not of cart.
AS_OF = re.compile(
    r"\bwhen [\w.:@-]+(?: in [\w-]+)? (?:was|were|got) (?:being )?(?:investigated|analy[sz]ed|examined)\b"
)
# "Ledger has 0.62, while payments has 0.09": each its own.
OWN = re.compile(r"\b(?:has|have|had|gets?|got|reach(?:es)?|stands? at|is at|are at)\b")


def _is_of_its_call(fact: Fact, said: Said) -> bool:
    """The time of a call is its caller's as well, as long as it is not said to be another's."""
    is_it = said.caller in (None, fact.of) and said.callee in (None, fact.subject.service)
    of = (None, fact.of, fact.subject.service)
    return is_it and any(subject.service in of for subject in said.subjects or (NOBODY,))


def _fits_topics(fact: Fact, said: Said) -> bool:
    """The clause speaks of nothing that has figures of its own, and of the fact's signal."""
    if (
        fact.signal == "helped"
        or fact.dimension in ("confidence", "place")
        or (fact.dimension == "deviations" and not said.topics & set(SIGNALS))
    ):
        return True
    if said.topics & EXCLUSIVE - _own_topics(fact):
        return False
    if _is_told_so(fact, said) or (fact.metric in said.alone and not said.topics):
        return True
    if fact.signal in UNTOLD or fact.dimension == "vcpu_hours":
        return fact.dimension != "share" or fact.signal is not None or fact.role == "excess"
    return _fits_grams(fact, said) if fact.dimension in OF_CARBON else _fits_signal(fact, said)


OF_CARBON = ("grams", "grams_per_requests", "grams_per_minute", "grams_per_hour")


def _fits_grams(fact: Fact, said: Said) -> bool:
    """Every figure in grams speaks of carbon; where it says whose part it is, it is that part."""
    if fact.of == "overhead" and (
        re.search(r"\boverhead [^,;\d]*$", said.before) or re.match(r"[^,;]{0,24}\boverhead\b", said.after)
    ):
        return True
    return not (parts := said.topics & {"retries", "errors", "latency"}) or fact.signal in parts


def _is_told_so(fact: Fact, said: Said) -> bool:
    """ "Of the errors name ledger", "68 sampled lines", "the excess of 91 g": by its own words."""
    if (
        fact.dimension in ("grams_per_minute", "deviations")
        and fact.of == "demand"
        and said.topics <= {"traffic", "cost"}
    ):
        return True
    if fact.dimension == "share" and fact.signal is None:
        is_naming = SPEAKING_OF.search(said.after)
        return fact.whole == said.whole == "errors" and bool(is_naming)
    if fact.dimension == "grams" and fact.role == "excess" and fact.whole != "excess":
        return bool(THE_EXCESS.search(said.before) or OF_EXCESS.match(said.after))
    return counted.is_sampled(fact) and bool(SAMPLED.match(said.after))


OF_EXCESS = re.compile(r"(?: (?:of|in)| carbon| CO[₂2]e?)? excess\b", re.IGNORECASE)
THE_EXCESS = re.compile(r"\bexcess (?:of |is |was |amounts to )?(?:about )?$", re.IGNORECASE)
SPEAKING_OF = re.compile(r"\b(?:nam(?:e|es|ing)|mention\w*|refer\w*|point\w*)\b", re.IGNORECASE)
SAMPLED = re.compile(r" (?:sampled|logged|log lines|lines|requests)\b")


# "At a higher rate, 19,342 per minute", "the number of requests has grown, to 221,218 per minute".
OF_REQUESTS = re.compile(
    r"\b(?:requests|traffic|demand)\b(?:[^;.\d]|\d\d:\d\d){0,60}(?:\d[\d,]* per minute rather than )?$", re.IGNORECASE
)


def _fits_signal(fact: Fact, said: Said) -> bool:
    if fact.dimension == "per_minute" and (REQUESTS.search(said.clause) or OF_REQUESTS.search(said.before)):
        return fact.signal == ("errors" if counted.FAILED.match(said.after) else "traffic")
    if "retries" in said.topics:
        return fact.signal == "retries"
    if fact.dimension == "times" and (wanted := _multiplied(said)):
        return fact.signal in wanted or (fact.signal not in SIGNALS and _is_named(fact.signal, said))
    if fact.signal not in SIGNALS:
        is_lined = fact.signal == "lines" and (fact.value or not said.topics & {"errors", "latency"} - {"lines"})
        return bool(is_lined) or _is_named(fact.signal, said)
    signals = said.topics & set(SIGNALS)
    # In a list of who emitted how much, every share is of that.
    needs_none = fact.dimension != "share" or fact.whole == "emissions"
    return fact.signal in signals or (not signals and needs_none)


def _multiplied(said: Said) -> frozenset[str]:
    """What is so many times the usual: "twice as many requests" is traffic."""
    if AS_MANY_REQUESTS.match(said.after) or (not said.topics and REQUESTS.search(said.clause)):
        return frozenset({"traffic"})
    return said.topics


REQUESTS = re.compile(r"^(?!.*\bretr).*\b(?:requests?|traffic|demand|load)\b", re.IGNORECASE)


def _is_named(signal: str | None, said: Said) -> bool:
    """A metric that is no signal of ours is told by words of its name, and by no fewer than another would be."""
    if not said.topics and said.metrics == {signal}:
        return True
    for text in (said.clause, said.before + said.clause, said.previous):
        shared = {one: metrics.words_told(one, text) for one in {*said.metrics, signal or ""}}
        if most := max(shared.values()):
            return shared[signal or ""] == most
    return False


@lru_cache(maxsize=4_000)
def _own_topics(fact: Fact) -> frozenset[str]:
    """The exclusive topics that the fact may be told with."""
    of_users = {"users"} if fact.dimension in ("users", "share_of_users", "orders", "usd") else set()
    of_grid = {"intensity"} if fact.dimension in ("usd", "vcpu_hours", "kwh") else set()
    return frozenset({fact.signal or "", *of_users, *of_grid})


NAMING = re.compile(r" (?:of [^,;.\d]{0,30} )?(?:names?|mentions?|points? to) (?:the )?(?P<name>[\w.@:-]*\w)")


# "Those lines also take longer, 2,560 ms against 230 ms".
THOSE_LINES = re.compile(r"\W*(?:(?:Those|These|Its|The (?:new|same)) (?:log )?lines|They)\b")


def _fits_deployment(fact: Fact, said: Said) -> bool:
    if fact.dimension == "seconds" and said.deployment is None and fact.of in said.names & said.deployments:
        # "Sixteen minutes before the onset, deploy-8724 was made".
        return True
    if fact.of in said.deployments:
        is_told_on = THOSE_LINES.match(said.before) and OF_VERSION.search(said.previous)
        is_spoken_of = OF_VERSION.search(said.before + said.clause) or fact.of in said.previous.lower() or is_told_on
        return said.deployment == fact.of or (said.deployment is None and bool(is_spoken_of))
    if fact.whole == "errors" and fact.of and said.names - {fact.subject.service} & said.services:
        named = NAMING.match(said.after)
        return fact.of == named["name"] if named and named["name"] in said.services else fact.of in said.names
    # What is told of one deployment among several is told with its name.
    return fact.whole != "by name" or fact.of == said.named_part


# "Most of the excess comes from retries": by kind of work, not by place.
FROM_A_PART = re.compile(r"\b(?:from|to|by|with|is|are|were|was) (?:the |its )?(?:retr|slow|errors?\b|more demand)")
OF_A_PART = re.compile(
    r"\b(?<!rise of )(?<!rise in )(?:retries|slow\w* work|errors|more demand) (?:alone )?"
    r"(?:account|make|contribut|explain|are|is|were|was)\w*[^,;.\d]*$",
    re.IGNORECASE,
)
PARTS = ("retr", "slow", "error", "demand")
THEY_ARE = re.compile(r"\W*(?:They|These|Those)\b")


def _fits_line(fact: Fact, said: Said) -> bool:
    """ "The panic line makes up 100 % of its lines": of the line that has that word."""
    return not said.lines or fact.of not in said.patterns or bool(said.lines & said.patterns[fact.of])


def _fits_part(fact: Fact, said: Said) -> bool:
    """A part of the excess is told by its name."""
    if fact.whole == "rise" and (FROM_A_PART.search(said.after) or OF_A_PART.search(said.before)):
        return False
    if fact.whole != "excess" or fact.of is None:
        return True
    if fact.dimension == "share":
        return _parts_named(said) == {one for one in PARTS if one in fact.of}
    if given := TO_A_PART.match(said.after):
        return given["part"].lower()[:4] == fact.of[:4]
    behind = re.match(
        r"(?: of [\d.,]+ ?\w+)?, (?:is|are|was|were|comes?|came|goes|go|went|stems?|belongs?) [^,;\d]*", said.after
    )
    near = said.before[-80:]
    if THEY_ARE.match(said.before):
        # "Retries went up. They are responsible for 62 mg of the excess".
        near = f"{said.previous} {near}"
    # "Retries set in at 09:44 UTC, …, and they account for 104 mg".
    before = near if any(re.search(rf"\b{one}", near, re.IGNORECASE) for one in PARTS) else said.before
    around = f"{said.clause} {before} {behind[0] if behind else ''}"
    return any(
        re.search(rf"\b{re.escape(word[:4])}", around, re.IGNORECASE) for word in fact.of.removesuffix(" work").split()
    )


# "61 mg (85 %) went to retries, 5.9 mg to errors and 5.3 mg to overhead".
TO_A_PART = re.compile(
    r"(?: \([^)]*\))?(?: (?:went|goes|go|fell|falls|belongs?|(?:is|are|was|were) due))? (?:to|on|for) (?:the |more )?"
    r"(?P<part>retries|errors|slow\w* work|overhead|demand)\b",
    re.IGNORECASE,
)


def _parts_named(said: Said) -> set[str]:
    """Of several, the one that is told right before the figure: "retries are 22 % and errors 17 %"."""
    behind = re.split(r",? (?:and|but|while|whereas) |;", said.after)[0]
    texts = (re.split(r"\d", said.before)[-1], said.before + behind, said.before + said.after)
    found = [{one for one in PARTS if re.search(rf"\b{one}", text, re.IGNORECASE)} for text in texts]
    return next(filter(None, found), set())


SLOWER = re.compile(r"\b(?:slow|longer|above|over|exceed)", re.IGNORECASE)


FASTER = re.compile(r"\b(?:faster|quicker|no slower) than\b", re.IGNORECASE)


def _fits_statistic(fact: Fact, said: Said) -> bool:
    if fact.statistic in ("slower", "faster"):
        is_faster = bool(FASTER.search(said.clause))
        return is_faster if fact.statistic == "faster" else bool(SLOWER.search(said.clause)) and not is_faster
    is_latency = fact.signal == "latency" or (fact.signal is None and fact.role is not None)
    if said.statistic in QUANTILES and fact.dimension in ("seconds", "times") and is_latency:
        return fact.statistic == said.statistic
    # What a region emits or gets is that of all of its services.
    is_total = fact.dimension.endswith("minute") and fact.subject.region and not fact.subject.service
    if said.statistic == "extreme" or (said.statistic == "sum" and _has_no_sum(fact) and not is_total):
        return False
    if fact.statistic not in QUANTILES or fact.statistic == (said.statistic or said.quantile):
        return True
    # A quantile that is not said to be one is the mean's lie, where there is a mean.
    is_threshold = re.search(
        r"\b(?:slower|longer|above|more|over|exceed\w*) (?:than )?(?:the )?(?:\w+ )?$", said.before
    )
    told = context.named_statistics(said.before + said.after)
    if not told and fact.dimension == "deviations":
        # "Its p99 is 371 ms. This lies 1.2 standard deviations below the expectation".
        told = context.named_statistics(said.previous)
    if said.statistic is None and told == {fact.statistic}:
        # "Instead of the usual 34 ms, it showed a p99 of 45 ms", "3,660 ms is the p99".
        return True
    return said.statistic is None and (not said.has_mean or (fact.role == "usual" and bool(is_threshold)))


def _has_no_sum(fact: Fact) -> bool:
    return fact.dimension == "times" or fact.signal == "latency" or fact.dimension.endswith("minute")


def _fits_whole(fact: Fact, said: Said) -> bool:
    if fact.dimension == "share" and fact.whole == "excess":
        return said.whole == "rise"
    if fact.whole == "errors":
        is_naming = SPEAKING_OF.search(said.clause + said.after) or IN_THE_CASES.search(said.before)
        return said.whole == "errors" or bool(is_naming)
    if fact.whole == "emissions":
        # "27 % of what was emitted is excess" is no rise of so much.
        return said.whole in ({"emissions"} if fact.role == "excess" else {None, "rise", "emissions"})
    if said.whole is None or fact.signal == "explained" or (said.whole, fact.whole) == ("rise", "by name"):
        return True
    # A share of requests is told from the lines that were logged of them.
    if fact.whole is None and fact.signal not in (*SIGNALS, None):
        # "Half of its calls end with HTTP 401": the share that a metric of that name is.
        return said.whole in ("requests", "lines") and _is_named(fact.signal, said)
    is_of_lines = said.whole == "lines" and fact.signal in ("errors", "retries") and fact.whole == "requests"
    return said.whole == fact.whole or is_of_lines


def _fits_per(fact: Fact, said: Said) -> bool:
    """A figure "of each request" is none of all of them; but a request is what takes so long, or has many queries."""
    is_more = fact.dimension == "times" or (fact.dimension == "share" and fact.role == "excess")
    is_of_each = fact.signal in ("latency", "calls") or (fact.of == "demand" and is_more)
    is_called_so = f"_per_{said.per}" in (fact.metric or "")
    # A line tells of a request.
    is_lined = (said.per == "line" and fact.dimension == "seconds") or fact.dimension.endswith(f"per_{said.per}")
    return said.per is None or is_called_so or is_lined or (is_of_each and said.per in ("request", "call"))


def _fits_rank(fact: Fact, said: Said) -> bool:
    """ "The largest part": of what was split, it is that part."""
    return said.rank is None or (fact.rank is not None and fact.rank == said.rank)


THE_THRESHOLD = re.compile(
    r"\b(?:threshold|limit) (?:of|is|was|at|than|above|from) (?:about |only )?$"
    r"|\bexceed\w* (?:its|the) (?:threshold|limit)[^,;\d]{0,12} by (?:\w+ ){0,3}$",
    re.IGNORECASE,
)


def _fits_threshold(fact: Fact, said: Said) -> bool:
    """ "Its threshold of 9": what the rule fires at, and nothing else."""
    if fact.signal == "threshold" and fact.dimension in ("times", "share"):
        return bool(dimensions.THRESHOLD.search(f"{said.before[-30:]}{said.after[:30]}"))
    return fact.signal == "threshold" or not THE_THRESHOLD.search(said.before)


# "1.2 times the CO₂ its requests usually take".
OF_A_REQUEST = re.compile(
    r" (?:the|as much) (?:CO[₂2]e?|carbon|emissions) (?:as |that )?(?:its|their|an?|each|every|the same|those) "
    r"requests? (?:usually|normally|typically)\b",
    re.IGNORECASE,
)


def _fits_demand(fact: Fact, said: Said) -> bool:
    """So many times what a request takes: as measured for the demand, or as the headline says it."""
    is_of_a_request = fact.dimension == "times" and OF_A_REQUEST.match(said.after)
    return not is_of_a_request or fact.of == "demand" or fact.role == "usual"


SLOTS: tuple[Callable[[Fact, Said], bool], ...] = (
    _fits_per,
    _fits_demand,
    _fits_threshold,
    _fits_deployment,
    _fits_part,
    _fits_line,
    _fits_rank,
    _fits_role,
    _fits_subject,
    _fits_topics,
    _fits_statistic,
    _fits_whole,
    counted.fits_outcome,
    counted.fits_type,
)
