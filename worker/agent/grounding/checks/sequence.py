"""Which of two signals moved first, against their onsets: "traffic rose only after the errors had begun"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics

_MOVED = (
    r"beg[aiu]n\w*|start\w*|set in|sets in|rose|risen|rise|increas\w+|climb\w*|jump\w*|fail\w*|fell|dropped|spik\w*"
    r"|deviat\w*|mov\w+|c[ao]me|go|went|follow\w*|errors|retries|traffic"
)
MOVED = re.compile(rf"\b(?:{_MOVED})\b", re.IGNORECASE)
ORDERED = re.compile(
    r"\b(?P<earlier>before|ahead of|earlier than|prior to|followed by|preced(?:ed|es|ing))\b(?! (?:usual|that\b|\d))"
    r"|\b(?P<later>after|later than)\b(?! (?:that\b|\d))"
    r"|\bfirst\b(?P<first>[^;.]{0,24}?\b(?:and|with|then|while|before|only|afterwards)\b"
    r"|, (?=[^,;.]{0,30} (?:followed|follows|later|afterwards|came after)\b))",
    re.IGNORECASE,
)
OF_CHANGES = re.compile(
    r"\b(?:deploy\w*|release[ds]?|rollout|change|version|onset|alert|window|rollback)\b", re.IGNORECASE
)
DENIED = re.compile(r"\b(?:not|no|never|nor|neither|if|whether|until|once|when)\b|n['’]t\b", re.IGNORECASE)


def sequences(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of two signals of one service: where both have an onset, as these were."""
    for found in ORDERED.finditer(text):
        if re.match(r"\s*(?:[,;:).]|$)", text[found.end() :]):
            # "… were errors before, with the latency rising".
            continue
        left, right = _left(text[: found.start()]), re.split(r"[;.]|, (?!and|with)", text[found.end() :])[0]
        if OF_CHANGES.search(left) or OF_CHANGES.search(right) or DENIED.search(f"{left} {right}"):
            continue
        one, other = _signal(left) or _signal(text[: found.start()]), _signal(right)
        if one is None or other is None or one == other or not MOVED.search(f"{left or text[: found.start()]} {right}"):
            continue
        behind = {it.text for it in mentions if it.span[0] >= found.end()} & known.services
        before = {it.text for it in mentions if it.span[1] <= found.start()} & known.services
        before = before or behind or {known.report.service or ""}
        begun, then = _onset(one, before, known), _onset(other, behind or before, known)
        if found["later"]:
            begun, then = then, begun
        is_open = begun is None or then is None
        holds = begun is not None and then is not None and begun < then
        why = "" if holds else "nothing shows that order" if is_open else "it was the other way round"
        yield Claim("cause", found.span(), found[0], holds, why, is_open)


# "Ledger began to fail last", "cart was the first to fail".
PLACED = re.compile(
    r" (?:itself )?(?:(?:began|started) (?:to fail|failing)|failed) (?:(?P<first>first)|last)\b"
    r"(?! (?:week|month|year|night))"
    r"|,? (?:is|was) the (?:(?P<the>first)|last)(?: one| service)? (?:to (?:fail|break|begin)|that failed)\b",
    re.IGNORECASE,
)
# "All three services began to fail in the same minute".
AT_ONCE = re.compile(
    r"\b(?:all|both|every one|each)\b[^,;.]{0,40} (?:began|started|set in)(?: to fail| failing)?"
    r" (?:at|in|within) the (?:very )?same (?:minute|moment|time)\b",
    re.IGNORECASE,
)
MINUTE = 60


def placed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the onsets of the errors of all services that have one."""
    begun = {one.of: one.at for one in known.moments if (one.kind, one.signal) == ("onset", "errors") and one.of}
    for one in mentions if len(begun) > 1 else ():
        found = PLACED.match(text, one.span[1]) if one.text in begun else None
        if found and not DENIED.search(found[0]):
            best = min if found["first"] or found["the"] else max
            yield judged("cause", found, begun[one.text] == best(begun.values()), "another one did")
    named = {one.text for one in mentions} & {*begun} or {*begun}
    for found in AT_ONCE.finditer(text) if len(named) > 1 and not OF_CHANGES.search(text) else ():
        of = [begun[one] for one in named]
        holds = (max(of) - min(of)).total_seconds() < MINUTE
        yield judged("cause", found, holds, "each began in another minute")


def _left(text: str) -> str:
    return re.split(r"[;.]|, (?:and|but|while|whereas)?", text)[-1]


def _signal(text: str) -> str | None:
    """The one signal that a part speaks of; of failing requests it is the errors."""
    found = topics(text) & set(SIGNALS)
    return next(iter(found)) if len(found) == 1 else None


def _onset(signal: str, services: set[str], known: Known) -> datetime | None:
    found = [
        one.at for one in known.moments if one.kind == "onset" and one.signal == signal and (one.of or "") in services
    ]
    return min(found, default=None)
