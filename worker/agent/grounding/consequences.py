"""What is told with a cause's words and causes nothing: reasons of judgements, parts, places, why the alert fired."""

from __future__ import annotations

import re

from worker.agent.grounding.claims import Found, Span
from worker.agent.grounding.known import Known
from worker.agent.grounding.topics import SIGNALS, topics


def is_besides(found: re.Match[str], cause: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether nothing is blamed; `cause` is the place of what is told as the cause."""
    return bool(
        SEVERITY.match(found["effect"])
        or A_SHARE.search(found[0])
        or _is_part(found, known)
        or _is_consequence(found, mentions, known)
        or _is_inferred(found)
        or _is_where_it_rises(text, cause, found.span("effect"), mentions, known)
    )


# "checkout explains 80 % of what frontend shows": a figure, which is checked by itself.
A_SHARE = re.compile(r"\bexplains? (?:about |nearly |almost )?\d+(?:\.\d+)? ?% of (?:what|it|that|this)\b")
# "216 g were expected, so the difference lies within the usual range": from a figure follows how it is to be judged.
JUDGEMENT = re.compile(
    r"\b(?:within|in line with|as usual|as expected|(?:is|are|was|were) (?:\w+ )?normal|not (?:measured|known)|unknown"
    r"|not (?:an )?incident|not (?:be )?confirmed|does not deviate|do not deviate|no deviation)\b",
    re.IGNORECASE,
)
MEASURED = re.compile(
    r"\d|\b(?:usual|normal|expected|measured|recorded|confirmed|deviates?|rose|fell|logged|wrote|empty)\b",
    re.IGNORECASE,
)


def _is_inferred(found: re.Match[str]) -> bool:
    """Both sides are checked by themselves."""
    return bool(JUDGEMENT.search(found["effect"]) and MEASURED.search(found["cause"]))


# What a severity is for is figures, which are checked by themselves.
SEVERITY = re.compile(r"\W*(?:the )?severity (?:is|was) \w+\s*$", re.IGNORECASE)
# What follows of itself from what, where both rose: callers try again, which adds requests.
FOLLOWS = {("errors", "retries"), ("latency", "retries"), ("retries", "traffic"), ("errors", "traffic")}


def is_swapped(found: re.Match[str]) -> bool:
    """ "Requests fail because of retries"; and emissions bring about nothing."""
    cause, effect = topics(found["cause"]) & set(SIGNALS), topics(found["effect"]) & set(SIGNALS)
    return (cause == {"carbon"} and bool(effect - cause)) or any(
        one in effect and other in cause for one, other in FOLLOWS
    )


def _is_consequence(found: re.Match[str], mentions: list[Found], known: Known) -> bool:
    """ "Retries are up, which is a consequence of the failures", "traffic rose because clients retried"."""
    cause, effect = topics(found["cause"]) & set(SIGNALS), topics(found["effect"]) & set(SIGNALS)
    if "retries" in effect:
        effect = frozenset({"retries"})
    elif not effect and re.search(r"\brequests?\b", found["effect"], re.IGNORECASE):
        effect = frozenset({"traffic"})
    cause = cause - {"traffic"} or cause
    rose = {one.signal for one in known.levels if one.subject == known.scope and one.deviations >= 3}
    named = {one.text for one in mentions} & known.services
    pairs = {(one, other) for one in cause for other in effect}
    return bool(pairs) and pairs <= FOLLOWS and cause | effect <= rose and named <= {known.report.service}


def _is_part(found: re.Match[str], known: Known) -> bool:
    """ "Retries caused 15 gCO₂e of the excess": a part of it, whose figure is checked by itself."""
    parts = {fact.of for fact in known.facts if fact.whole == "excess" and fact.of}
    said = found["cause"].strip().lower().removeprefix("the ")
    said = re.sub(r"\W+$", "", said)
    return said in parts and bool(PART_OF.search(found["effect"]))


PART_OF = re.compile(r"\d ?(?:m|k)?g(?:CO|\b)|\d vCPU|\$\d|\d % of (?:it|the excess)")
RISE = re.compile(
    r"\b(?:rise|increase|growth|excess|spike|surge|emissions?|carbon|co₂|errors?|failures?|all)\b", re.IGNORECASE
)


def _is_where_it_rises(text: str, cause: Span, effect: Span, mentions: list[Found], known: Known) -> bool:
    """ "Nearly all of the rise comes from us-central1": where, not why."""
    places = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]}
    if not places or not RISE.search(text[slice(*effect)]):
        return False
    least = 0.5 if places <= known.regions else 0.05
    parts = [fact for fact in known.facts if fact.whole == "rise" and fact.dimension == "share" and fact.value >= least]
    if places & known.services and places & known.regions:
        parts = [fact for fact in parts if {*fact.subject} <= places]
    rising = {one for fact in parts for one in fact.subject}
    is_told = places <= known.regions or re.search(
        r"\d|\b(?:most|half|third|quarter|all|whole|entire)\b", text[slice(*effect)]
    )
    return bool(is_told) and places <= rising
