"""What is told of another by a word: "…, and so does checkout", "as does payments", "the same holds for ledger".

It is read once more with the other in the place of the first, and holds where that does; or, of "… and not ledger",
where that does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Found, Span
from worker.agent.grounding.text.topics import SIGNALS, topics

_DO = r"(?:is|are|was|were|does|do|did|has|have|had)"
# Right before the other that is named.
BEFORE = re.compile(
    rf"(?:,|;)? (?:and |but )?(?:(?:so|neither|nor) {_DO}|as {_DO}|as in|(?:just )?like)(?: (?:also|now))?"
    r" (?:the |th(?:at|ose) (?:of|to|in|at|from) (?:(?:its|their) (?:callers?|callees?|dependency) )?)?$"
    r"|[,;:] (?:and )?(?:the same|this|that) (?:holds|applies|goes|is true)(?: also| equally)? (?:for|of|to)"
    r" (?:the )?$",
    re.IGNORECASE,
)
NEXT = re.compile(
    rf"^\W*(?:(?:so|neither|nor) {_DO}|the same (?:holds|applies|goes|is true) (?:for|of|to)) (?:the )?$", re.IGNORECASE
)
# "…, and checkout does too".
AND = re.compile(r"(?:,|;)? (?:and|but) (?:the )?$", re.IGNORECASE)
TOO = re.compile(
    rf" (?:{_DO} )?(?:too|as well|likewise|also)\b(?! \w)|,? likewise\b(?! \w)|,? too\b(?! \w)", re.IGNORECASE
)

# "…, and so do those to its caller recommendations": of whom nothing is known.
OF_NOBODY = re.compile(
    rf"(?<=,) and so {_DO} (?:the \w+|that|those) (?:of|to|in|at|from) (?P<whom>[^,;.\[\]]{{2,60}})", re.IGNORECASE
)


class Again(NamedTuple):
    """`text`: what the words at `span` say, spelled out."""

    span: Span
    text: str


def again(text: str, known: Known) -> Iterator[Again]:
    mentions = [one for one in roster.mentions(text, known) if one.text in known.services]
    for one in mentions:
        before = text[: one.span[0]]
        if NEXT.match(before) and known.previous:
            yield from _spelled(known.previous, one, 0, known)
        elif found := BEFORE.search(before) or (AND.search(before) if TOO.match(text, one.span[1]) else None):
            yield from _spelled(text[: found.start()], one, found.start(), known)


def of_nobody(text: str, known: Known) -> Iterator[re.Match[str]]:
    """Where no service and no region stands that it could be read of."""
    mentions = roster.mentions(text, known)
    for found in OF_NOBODY.finditer(text):
        if not any(found.start("whom") <= one.span[0] < found.end() for one in mentions):
            yield found


# "Its new errors name ledger": whom that means stands in the place of the first.
ITS = re.compile(r"^\W*(?P<it>Its|Their|It|They)\b")


def _spelled(said: str, other: Found, start: int, known: Known) -> Iterator[Again]:
    """Of the only service that it names, or of whom it means."""
    named = [one for one in roster.mentions(said, known) if one.text in known.services]
    if its := ITS.match(said):
        of = f"{other.text}’s" if its["it"] in ("Its", "Their") else other.text
        yield Again((start, other.span[1]), f"{of}{said[its.end() :].rstrip(' .')}.")
    elif len({one.text for one in named}) == 1 and named[0].text != other.text:
        for one in reversed(named):
            said = f"{said[: one.span[0]]}{other.text}{said[one.span[1] :]}"
        yield Again((start, other.span[1]), f"{said.rstrip(' .')}.")


# "… name psp-alpha and not ledger", "in europe-west1, so not in the region us-central1".
NOT = re.compile(
    r"(?:,? (?:but|and|so)|,) (?:never|not)(?: (?:of|in|from|by|with|against|to|on)(?: (?:those|that) of)?)?"
    r" (?:the )?$",
    re.IGNORECASE,
)
ALONE = re.compile(r" (?:alone|only|entirely|solely|just)\b", re.IGNORECASE)


def instead(text: str, known: Known) -> Iterator[Again]:
    """What is denied of another, as if it were told of it: of the name of its kind that stands before."""
    mentions = roster.mentions(text, known)
    for one in mentions:
        found = NOT.search(text[: one.span[0]])
        before = [
            it for it in mentions if found and it.span[1] <= found.start() and _kind(it, known) == _kind(one, known)
        ]
        if found and before and before[-1].text != one.text:
            first = before[-1].span
            said = f"{text[: first[0]]}{one.text}{text[first[1] : found.start()]}"
            yield Again((found.start(), one.span[1]), f"{ALONE.sub('', said).rstrip(' .')}.")


def _kind(one: Found, known: Known) -> str:
    return "service" if one.text in known.services else "region" if one.text in known.regions else "name"


_ADVERB = r"(?:(?:entirely|perfectly|quite|also|just|only|about|roughly|still) )?"
_AS_USUAL = (
    r"normal|as usual|(?:nothing|not|hardly) (?:unusual|abnormal|out of the ordinary|special|remarkable)|unremarkable"
    r"|(?:(?:at|within|about|near) )?(?:its|the|their) (?:usual|normal|ordinary) (?:level|value|rate|range)"
    r"|what (?:it|they) (?:usually|normally|always) (?:is|are|takes?|needs?|shows?)|what (?:is|was) (?:usual|expected)"
    r"|no deviation"
)
_APART = (
    r"(?:far|much|well|clearly|considerably|slightly|a little|no)? ?"
    r"(?:more|less|higher|lower|longer|slower|faster|above|below)"
    r" (?:than )?(?:(?:the|its|their) )?(?:usual|normal|expected|expectation)(?: [\d.,]+ ?[^\s\d]{1,12})?"
)
# "That is nothing unusual", "this is far more than the usual 0.3 %": of what the sentence before told.
JUDGING = re.compile(
    r"\W*(?:so |and |but )?(?:this|that|these|both)(?: (?:value|figure|level|rate)s?)?"
    rf" (?:is|was|are|were|lies|remains|stays) {_ADVERB}(?:(?P<usual>{_AS_USUAL})|(?P<apart>{_APART}))[\s.]*",
    re.IGNORECASE,
)
CALLED = {
    "errors": "error rate",
    "retries": "share of retries",
    "latency": "latency",
    "cpu": "CPU",
    "memory": "memory",
    "carbon": "carbon",
    "traffic": "traffic",
}


def judged(text: str, known: Known) -> list[str]:
    """What it says of each signal of which the sentence before told, spelled out; nothing where that is not clear."""
    found = JUDGING.fullmatch(claims.CITED.sub(" ", text))
    named = roster.mentions(known.previous, known)
    services = {one.text for one in named if one.text in known.services} or known.about
    signals = topics(known.previous) & {*SIGNALS}
    if found is None or len(services) > 1 or not 0 < len(signals) <= 2:
        return []
    places = {one.text for one in named if one.text in known.regions}
    of = " in ".join([*services, *places][:2]) or known.report.service or known.report.region
    verdict = found["apart"] or "as usual"
    return [f"The {CALLED[one]} of {of} is {verdict.strip()}." for one in sorted(signals)]
