"""What is told with a cause's words and causes nothing: reasons of judgements, parts, places, why the alert fired."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import alerting, degrees, judgements, shares
from worker.agent.grounding.report.known import DEVIATING, Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import CauseKind


def is_besides(found: re.Match[str], cause: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether nothing is blamed; `cause` is the place of what is told as the cause."""
    return bool(
        SEVERITY_BEHIND.search(found["cause"])
        or A_SHARE.search(found[0])
        or BASIS.fullmatch(found["effect"])
        or alerting.is_why_it_fired(found, cause, mentions, known)
        or _is_consequence(found, mentions, known)
        or _is_reckoned(found, mentions)
        or _is_less_for_less(found, mentions, known)
        or degrees.REQUEST_COSTS.search(found["effect"])
        or shares.is_why_alone(found["effect"], found["cause"])
        or _is_where_it_rises(text, cause, found.span("effect"), mentions, known)
    )


# "The usual value for this hour comes from just 1 earlier day" (`beginnings`).
BASIS = re.compile(
    r"[^,;:]*\b(?:(?:usual|expected) (?:value|level|rate|figure)s?|baseline|comparison|expectation)\b[^,;:]*",
    re.IGNORECASE,
)
# "checkout explains 80 % of what frontend shows": a figure, which is checked by itself.
A_SHARE = re.compile(
    r"\bexplains? (?:about |nearly |almost )?\d+(?:\.\d+)? ?% of (?:what|it|that|this)\b"
    r"|\bexplained by \S+ to (?:about |nearly |almost )?\d+(?:\.\d+)? ?%"
    r"|\d+(?:\.\d+)? ?% of (?:what|the deviation of|that of|its) [^,;]*\bexplained by\b"
)


def is_cause_open(known: Known) -> bool:
    """Whether why it happened is not known: there is no cause, or it is one of unknown kind."""
    root = known.report.root_cause
    return not known.has_cause or root is None or root.kind is CauseKind.UNKNOWN


# "7.2 lines were expected, so 19 is 2.6 times as many", "…, so the likely excess is 3.9 g".
RECKONED = re.compile(
    r"\W*(?:about |only |roughly )?(?:\d"
    r"|(?:the|its) (?:(?:likely|estimated) (?:excess|difference)|(?:measured|actual) \d))",
    re.IGNORECASE,
)


def _is_reckoned(found: re.Match[str], mentions: list[Found]) -> bool:
    """What follows from figures is figures, or what to call them: each is checked by itself."""
    start, end = found.span("cause")
    if any(start <= one.span[0] < end for one in mentions) and found.start("effect") < start:
        return False
    told_of = found[0].replace(found["cause"], " ", 1)
    is_of_figures = re.search(r"\d", found["cause"]) and RECKONED.match(found["effect"])
    return bool(is_of_figures) and not judgements.BLAMING.search(told_of)


LOAD = re.compile(r"\b(?:requests|traffic|load|demand|calls)\b", re.IGNORECASE)
FEWER = re.compile(r"\b(?:fewer|less|lower|fell|dropped|falling|reduced|decreas\w+)\b", re.IGNORECASE)


def _is_less_for_less(found: re.Match[str], mentions: list[Found], known: Known) -> bool:
    """ "Because fewer requests came, ledger emitted less": where both fell."""
    if not FEWER.search(found["cause"]) or "carbon" not in topics(found["effect"]):
        return False
    named: set[str | None] = {one.text for one in mentions if one.text in known.services} or {known.report.service}
    levels = {one.signal: one for one in known.levels if named == {one.subject.service}}
    told = [levels.get(signal) for signal in ("traffic", "carbon")]
    is_load = topics(found["cause"]) & set(SIGNALS) <= {"traffic"} and LOAD.search(found["cause"])
    return bool(is_load) and all(one and one.actual < one.expected for one in told)


# "Because of the failing requests the severity is critical".
SEVERITY_BEHIND = re.compile(r"\bthe severity is (?:low|medium|high|critical)\b", re.IGNORECASE)
# What follows of itself from what, where both rose: callers try again, which adds requests.
FOLLOWS = {("errors", "retries"), ("latency", "retries"), ("retries", "traffic"), ("errors", "traffic")}


def is_swapped(found: re.Match[str]) -> bool:
    """ "Requests fail because of retries"."""
    cause, effect = topics(found["cause"]) & set(SIGNALS), topics(found["effect"]) & set(SIGNALS)
    return is_of_emissions(found) or any(one in effect and other in cause for one, other in FOLLOWS)


def is_of_emissions(found: re.Match[str]) -> bool:
    """ "Because CO₂ rose, requests became slow": emissions follow from what is done, and bring about nothing."""
    cause, effect = topics(found["cause"]) & set(SIGNALS), topics(found["effect"]) & set(SIGNALS)
    return cause == {"carbon"} and bool(effect - cause)


def _is_consequence(found: re.Match[str], mentions: list[Found], known: Known) -> bool:
    """ "Retries are up, which is a consequence of the failures", "traffic rose because clients retried"."""
    cause, effect = topics(found["cause"]) & set(SIGNALS), topics(found["effect"]) & set(SIGNALS)
    if "retries" in effect:
        effect = frozenset({"retries"})
    elif not effect and re.search(r"\brequests?\b", found["effect"], re.IGNORECASE):
        effect = frozenset({"traffic"})
    cause = cause - {"traffic"} or cause
    rose = {one.signal for one in known.levels if one.subject == known.scope and one.deviations >= DEVIATING}
    named = {one.text for one in mentions} & known.services
    pairs = {(one, other) for one in cause for other in effect}
    others = {one for one, other in FOLLOWS if other in effect} & rose - cause
    if others and re.search(r"\b(?:alone|only|solely|nothing but|exclusively)\b", found["cause"], re.IGNORECASE):
        return False
    return bool(pairs) and pairs <= FOLLOWS and cause | effect <= rose and named <= {known.report.service}


# "Most of which is attributed to retries", "all of the excess is put down to retries".
MOST = re.compile(
    r"\b(?:most(?:ly)?|mainly|largely|primarily|chiefly|predominantly|bulk|majority|largest|greatest|biggest"
    r"|(?:main|major|lion['’]s) (?:part|share|portion))\b",
    re.IGNORECASE,
)
ALL = re.compile(
    r"\b(?:all|entire(?:ly)?|exclusively|solely|only(?! [\d$])|wholly|completely|alone|just(?! [\d$]))\b", re.IGNORECASE
)
NEARLY_ALL = re.compile(r"\b(?:nearly|almost|practically|virtually) (?:all|entirely|exclusively|only)\b", re.IGNORECASE)
LEAST = re.compile(r"\b(?:smallest|least|lowest) (?:part|share|portion|amount)?\b", re.IGNORECASE)
LARGE = re.compile(
    r"\b(?:large|big|major|considerable|substantial|significant|sizeable|great) (?:part|share|portion|fraction)\b",
    re.IGNORECASE,
)
SOME = re.compile(r"\b(?:part(?:ly|ially)?|some|also|small|little|minor|rest|remainder|remaining)\b", re.IGNORECASE)
THE_PART = re.compile(
    r"\b(?P<part>retries|errors|slower work|failed requests|failures|slowness)(?: alone)? "
    r"(?:accounts? for|accounted for|makes? up|made up|are|were|is|was|forms?|formed|contributes?|contributed"
    r"|caused?|has|have|had)"
    r" (?:by far )?the (?:(?P<most>largest|biggest|greatest|main|bulk)|(?P<least>smallest|least|lowest))"
    r" (?:part|share|portion|contribution|amount|one)\b",
    re.IGNORECASE,
)


def parts(text: str, known: Known) -> Iterator[Claim]:
    """ "Errors account for the largest part": of the excess, where nothing else is spoken of."""
    split = known.report.impact.carbon.split or known.report.impact.compute.split or {}
    sizes = {name.lower(): part.likely for name, part in split.items()}
    for found in THE_PART.finditer(text) if sizes else ():
        name = found["part"].lower()
        name = {"failed requests": "errors", "failures": "errors", "slowness": "slower work"}.get(name, name)
        if name in sizes and not re.search(r"\brise\b", text):
            holds = sizes[name] == (max if found["most"] else min)(sizes.values())
            yield judged("number", found, holds, NOT_A_PART)


EXCESS = re.compile(r"\b(?:excess|emissions|co[₂2]e?|carbon|compute|costs?|vcpu)|\$\d", re.IGNORECASE)
NOT_A_PART = "another part of the excess is larger"


def of_part(found: re.Match[str], cause: Span, mentions: list[Found], known: Known) -> str | None:
    """ "Retries caused 15 gCO₂e of the excess": "" of a part that is as large as it is told, whose figure is checked.

    None where no part of the excess is spoken of.
    """
    split = known.report.impact.carbon.split or known.report.impact.compute.split or {}
    sizes = {name.lower(): part.likely for name, part in split.items()}
    named = "|".join(re.escape(one) for one in sizes) or "(?!)"
    told = found["cause"].lower()
    for name, words in CALLED_SO.items():
        told = words.sub(name, told) if name in sizes else told
    said = re.match(
        r"\W*(?:of (?:it|this|the [^,]{2,30}), |.*\bof which )?(?:the |its |additional |these )*"
        rf"(?P<part>{named})(?P<rest>\W.*|$)",
        told,
        re.DOTALL,
    )
    effect = re.split(r"[,;]| (?:while|whereas|but)\b", found["effect"].lstrip(" ,"))[0]
    alone = said and ONLY.match(said["rest"])
    if said is None or not (EXCESS.search(found["effect"]) or PART_OF.search(found["effect"])):
        return None
    if topics(re.sub(rf"\b(?:{named}) (?:about |only )?\d", " ", effect.lower())) & {"errors", "latency", "retries"}:
        # "… of the excess and of the errors".
        return None
    inside = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]} - {*known.scope}
    rest = said["rest"][alone.end() :] if alone else said["rest"]
    if inside or re.match(r" (?!which|that|at|with|and|in|by|a\b)\w", rest):
        return None
    if alone and sizes[said["part"]] < 0.995 * sum(sizes.values()):
        return NOT_A_PART
    return "" if _is_as_large(said["part"], sizes, found) else NOT_A_PART


# "… put down to retries alone".
ONLY = re.compile(r" (?:alone|only|exclusively|entirely)\b")
# What the parts are called besides.
CALLED_SO = {
    "errors": re.compile(r"\A\W*(?:the |its )*(?:fail(?:ed|ing) (?:requests|calls)|failures)\b"),
    "retries": re.compile(r"\A\W*(?:the |its )*(?:retried|repeated) (?:requests|calls)\b"),
    "slower work": re.compile(
        r"\A\W*(?:the |its )*(?:slow(?:er)? (?:requests|calls|responses)|slowness|(?:higher|longer) latency)\b"
    ),
}


def _is_as_large(part: str, sizes: dict[str, float], found: re.Match[str]) -> bool:
    share = sizes[part] / (sum(sizes.values()) or 1)
    told = found[0].replace(found["cause"], " ", 1)
    if LEAST.search(told):
        return sizes[part] == min(sizes.values())
    if LARGE.search(told):
        return share >= 0.25
    if NEARLY_ALL.search(told):
        return share >= 0.85
    if ALL.search(told) and not MOST.search(told):
        return share >= 0.995
    if PART_OF.search(found["effect"]) and OF_THE_EXCESS.search(found["effect"]) and not MOST.search(told):
        return True
    return share > 0 if SOME.search(told) and not MOST.search(told) else share > 0.5


# "… 15 gCO₂e of the excess", "an excess of 15 g": the figure is that of the part.
OF_THE_EXCESS = re.compile(r"\d[^,;]{0,20} of (?:it|the|that)\b|\bexcess of\b")
PART_OF = re.compile(r"\d ?(?:m|k)?g(?:CO|\b)|\d vCPU|\$\d|\d % of (?:it|the excess)")
# "… comes mostly from auth with 76 % of it", "… with a share of 61 %".
PARTLY = re.compile(
    r"\b(?:mostly|mainly|largely|chiefly|primarily) from\b|\d ?% of (?:it|this|that|the (?:rise|increase))\b"
    r"|\bshare of (?:about )?\d",
    re.IGNORECASE,
)
RISE = re.compile(
    r"\b(?:rise|increase|growth|excess|spike|surge|emissions?|carbon|co₂|errors?|failures?|latency|all"
    r"|what (?:little )?there)\b",
    re.IGNORECASE,
)


def _is_where_it_rises(text: str, cause: Span, effect: Span, mentions: list[Found], known: Known) -> bool:
    """ "Nearly all of the rise comes from us-central1": where, not why."""
    # "… from us-central1, whereas europe-west1 contributes 4 %": the rest are figures.
    other = re.search(r",? (?:whereas|while|and only|and just|but)\b", text[slice(*cause)])
    cause = (cause[0], cause[0] + other.start()) if other else cause
    places = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]}
    shared = PARTLY.search(text[effect[0] : cause[1]])
    if not places or not (RISE.search(text[slice(*effect)]) or (shared and "rise" in text[slice(*cause)])):
        return False
    least = 0.5 if places <= known.regions else 0.05
    parts = [fact for fact in known.facts if fact.whole == "rise" and fact.dimension == "share" and fact.value >= least]
    if places & known.services and places & known.regions:
        parts = [fact for fact in parts if {*fact.subject} <= places]
    rising = {one for fact in parts for one in fact.subject}
    told = claims.blanked(text, [one.span for one in mentions])[slice(*effect)]
    is_told = places <= known.regions or re.search(r"\d|\b(?:most|half|third|quarter|all|whole|entire)\b", told)
    if shared and (is_cause_open(known) or "rise" in text[effect[0] : cause[1]]):
        is_told = True
    return bool(is_told) and places <= rising
