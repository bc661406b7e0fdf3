"""What the report's own text says, which code wrote from the evidence."""

from __future__ import annotations

import re

from worker.agent.grounding import claims, numerals, roster
from worker.agent.grounding.known import Known
from worker.domain.report import Report


def said(known: Known) -> frozenset[str]:
    """The template's sentences; without those that a name or a log line would have put there."""
    planted = {
        claims.plain(part)
        for name in {*known.names, *known.services, *known.regions, *known.lines}
        if " " in name.strip()
        for part in claims.sentences(name)
    } - {""}
    found = {claims.plain(one) for text in texts(known.report) for one in claims.sentences(text)}
    return frozenset(one for one in found if not any(part in one or one in part for part in planted))


# What changes nothing of what a sentence says; "may", "if", "only" and "still" are none of these.
FILLING = re.compile(
    r"(?:an?|the|this|that|it|its|itself|is|are|was|were|be|been|there|of|in|on|at|to|for|by|as|each|every|much|and|or"
    r"|because|since|with|has|have|had|do|does|did|lies?|stay(?:s|ed)|remains?|service|one)"
)
DENIAL = re.compile(r"(?:no|not|nothing|none|never|without|neither|nor|\w+n['’]t)")


def restatable(known: Known) -> frozenset[frozenset[str]]:
    """What the template says without a figure or the name of another, each as the words that it is said with.

    Advice is left out: that something is to be done is not that it was done.
    """
    sections = known.report.sections.model_dump()
    parts = (
        part
        for text in sections.values()
        if isinstance(text, str)
        for sentence in claims.sentences(text)
        if claims.plain(sentence) in known.said
        for part in (sentence, *re.split(r"[:;()]", sentence))
    )
    return frozenset(words for part in parts if len(words := said_with(part, known)) > 1)


def said_with(sentence: str, known: Known) -> frozenset[str]:
    """The words that say it, a denial with the word that it denies; none where it has figures or others' names."""
    text = claims.CITED.sub(" ", sentence)
    mentions = roster.mentions(text, known)
    text = claims.blanked(text, [one.span for one in mentions])
    if {one.text for one in mentions} - {*known.scope} or re.search(r"\d", text) or numerals.numbers(text):
        return frozenset()
    words, denied = set(), ""
    for word in re.findall(r"[^\W\d_]+(?:['’]t)?[₂2]?", text.lower()):
        if DENIAL.fullmatch(word):
            denied = "no "
        elif len(word) > 1 and not FILLING.fullmatch(word):
            words.add(denied + stem(word))
            denied = ""
    return frozenset(words | ({denied} if denied else set()))


def stem(word: str) -> str:
    return re.sub(r"(?:ly|ed|ing|es|s|e)$", "", word) if len(word) > 4 else word


def texts(report: Report) -> list[str]:
    sections = report.sections.model_dump()
    return [*(text for text in sections.values() if isinstance(text, str)), *report.sections.recommendations]
