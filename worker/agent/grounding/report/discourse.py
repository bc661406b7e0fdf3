"""What a text speaks of from sentence to sentence, and whether a sentence says something without the one before."""

from __future__ import annotations

import re

from worker.agent.grounding.report import owners, roster
from worker.agent.grounding.report.known import Known, Spoken
from worker.agent.grounding.text.claims import Found
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import SimilarIncident

# What says "it" of what is gone would say it of something else.
PRONOUN = r"(?:This|That|These|Those|It|They|Its|Their|The (?:former|latter)|Both of (?:these|those|them))\b"
CONNECTING = r"(?:Therefore|Thus|Hence|So|Consequently|As a (?:result|consequence))\b,? ?"
LEANING = re.compile(rf"{CONNECTING}(?P<it>{PRONOUN})?|(?P<that>{PRONOUN})", re.IGNORECASE)
# "This indicates that catalog does more work": what it concludes stands behind it.
CONCLUDING = re.compile(
    r"(?:This|That) (?:\w+ly )?(?:indicates?|suggests?|supports?|confirms?|shows?|means|implies|tells|aligns with"
    r"|agrees with|fits|points to|is (?:\w+ )?(?:consistent|in line|in keeping) with)\b"
)


def leans(sentence: str, known: Known) -> bool:
    """Whether it means somebody or something that only the sentence before names."""
    found = LEANING.match(sentence)
    if found is None:
        return False
    is_bare = (found["it"] or found["that"]) and not CONCLUDING.match(sentence)
    return bool(is_bare) or not {one.text for one in roster.mentions(sentence, known)} & known.services


ITS = re.compile(
    r"\W*(?:(?:But|And|Yet|Still|However),? )?(?:(?:all|most|some|\d+ %) (?:of )?)?(?:its|their)\b", re.IGNORECASE
)


def after(sentence: str, known: Known, past: list[SimilarIncident]) -> Spoken:
    """What is spoken of behind it. `past`: the incidents that it is about."""
    mentions = roster.mentions(sentence, known)
    services = {one.text for one in mentions} & known.services
    before = known.spoken
    change = _change(mentions, known)
    if (
        services
        and ITS.match(sentence)
        and all(_is_named_by(one, sentence) for one in mentions if one.text in services)
    ):
        # "All its new errors name auth. It logged three of them": whose errors they are is spoken of as well.
        services |= before.about
    is_maker = any(one.deployment_id == before.change and services == {one.service} for one in known.changes)
    goes_on = change is None and (is_maker or (not services and bool(LEANING.match(sentence))))
    return Spoken(
        sentence,
        frozenset(services) if services else before.about,
        before.change if goes_on else change or "",
        tuple(past) if len(past) == 1 else before.past if goes_on else (),
        (before.opening or before.sentence) if _goes_on_listing(sentence) else "",
        _subject(sentence, [one for one in mentions if one.text in services]) or before.subject,
    )


# "Nothing connects it with checkout", "yet its new errors name ledger": of whom was spoken before.
PRONOUN_BEFORE = re.compile(r"\b(?:its?|they|their|them|this|that service)\b", re.IGNORECASE)


def _subject(text: str, services: list[Found]) -> str:
    """The first service that is named, unless a pronoun before it goes on with another."""
    return services[0].text if services and not PRONOUN_BEFORE.search(text[: services[0].span[0]]) else ""


def _is_named_by(one: Found, text: str) -> bool:
    """ "Its errors name ledger and payments": both."""
    return owners.is_called(one, text) or text[: one.span[0]].endswith((" and ", " or "))


def _goes_on_listing(sentence: str) -> bool:
    """ "Frontend follows with 27 % and search with 23 %": of what the sentence before told shares of."""
    return bool(A_SHARE.search(sentence)) and not topics(sentence) & {*SIGNALS}


A_SHARE = re.compile(r"\d ?%|\b0\.\d")


def _change(mentions: list[Found], known: Known) -> str | None:
    """The only deployment that is named, "" where there are several, or where another service is named before it."""
    makers = {one.deployment_id: one.service for one in known.changes}
    changes = {one.text for one in mentions if one.text in makers}
    if not changes:
        return None
    first = next(one.text for one in mentions if one.text in known.services | changes)
    is_of_it = len(changes) == 1 and {first} <= {*changes, makers[next(iter(changes))]}
    return next(iter(changes)) if is_of_it else ""
