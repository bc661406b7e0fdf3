"""What a quoted log line is said to have done, against how often it was logged: "“token validated” surged"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import QUOTED, Claim, Found

_MORE = (
    r"surg(?:ed|es|ing)|rose|rises?|increased?|grew|jumped|spiked|multiplied|(?:is|are|was|were) (?:\w+ )?"
    r"(?:new|surging|more frequent|logged more often)|emerged"
    r"|(?:became|become|becomes|got|grew) (?:more (?:frequent|common)|louder)"
)
_LESS = (
    r"vanish(?:ed|es)|disappear(?:ed|s)|stopped|ceased|went (?:silent|missing|quiet|away)|fell|dropped|declined"
    r"|(?:became|become|becomes|got|grew) (?:less (?:frequent|common)|rarer)"
    r"|dried up|(?:is|are|was|were) (?:\w+ )?(?:gone|missing|no longer logged)"
    r"|(?:is|are|was|were) no longer (?:logged|seen|there)"
)
_OF = r"[^,;.]{0,24}?(?:, which [^,;]{0,40},)? (?:(?:has|have|had|also|then|all|both|suddenly|clearly) )*"
TREND = re.compile(rf"{_OF}(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\b")
NOT = re.compile(r"\b(?:not|never|no|hardly)\b")


def trends(sentence: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A line that is gone did not surge, and one that is new did not vanish."""
    for quoted in QUOTED.finditer(sentence):
        found = TREND.match(sentence, quoted.end())
        if found is None or NOT.search(found[0]):
            continue
        text = claims.quoted(quoted).casefold().rstrip("….,")
        group = "more" if found["more"] else "less"
        went = list(_went(text, {one.text for one in mentions} & known.services, known))
        if went:
            holds = all(one == (1 if found["more"] else -1) for one in went)
            yield Claim("direction", found.span(group), found[group], holds, "" if holds else "it went another way")


def _went(text: str, services: set[str], known: Known) -> Iterator[int]:
    """Which way the line went in each of those services, or in any where none is named."""
    lines = [one for one in known.facts if one.dimension == "lines" and one.of in known.patterns]
    of = {(one.of, one.subject.service) for one in lines if one.of and text in one.of.casefold()}
    for pattern, service in sorted(of, key=str):
        if services and service not in services:
            continue
        told = [one for one in lines if (one.of, one.subject.service) == (pattern, service)]
        now = [one.value for one in told if one.role == "now"]
        usual = [one.value for one in told if one.role == "usual"]
        if now and usual:
            yield 1 if now[0] > min(usual) else -1 if now[0] < min(usual) else 0
