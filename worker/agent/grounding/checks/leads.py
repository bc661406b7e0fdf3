"""Confidences that are told by a place: of the first, of the next, of all others, and how far the first leads."""

from __future__ import annotations

import re

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.pairs import Number

# "The first candidate leads the second by 0.91 in confidence".
LEADING = re.compile(
    r"\b(?P<one>[\w:.-]+) (?:leads|is ahead of|beats|outranks) (?:the (?:second|next|runner-up)(?: one| candidate)?"
    r"|(?P<other>[\w:.-]+))(?:,)? by (?:about |a margin of )?$"
)


# "Far below the 0.62 of the first candidate".
OF_PLACE = re.compile(
    r" (?:of|for|held by) the (?P<place>first|top|leading|likeliest|second|next|third|fourth|last)"
    r"(?:[ -](?:ranked|placed))?(?: (?:candidate|suspect|one|cause)\b|(?=\s*(?:[.,;]|$)))",
    re.IGNORECASE,
)
_CARRIES = r"has|had|gets|got|reache[sd]|carrie[sd]|holds|held|stands|comes|leads|receives|received"
# "The first candidate carries a confidence of 0.62, well ahead of payments": whose place that is, the figure shows.
SUBJECT = re.compile(rf" (?:candidate|suspect) (?:{_CARRIES})\b[^,;]{{0,30}}? [01]\.\d", re.IGNORECASE)
# "Where the first candidate has 0.85".
PLACE_HAS = re.compile(
    r"(?<!\bbehind )(?<!\bafter )(?<!\bbelow )(?<!\bthan )\bthe (?P<place>first|second|next|third|fourth|last)"
    r"(?: (?:candidate|suspect|one))?"
    rf"(?: (?:{_CARRIES}|with|at|of|a confidence|one|only))+ $",
    re.IGNORECASE,
)
HUNDREDTH = 0.0051
# "The next candidates have a confidence of 0.11", "the other three candidates all have 0.00".
OTHERS_HAVE = re.compile(
    r"(?:^\W*|, |; )(?:(?:and|while|whereas|but) )?(?:the|all|both)"
    r"(?: (?:(?P<next>next)|others?|remaining|two|three|four|five|six|seven)){1,2}(?: candidates|(?<=others))"
    r" (?:(?:all|each|both|only) )?(?:have|reach|get|got"
    r"|are given|stand at|are at|are left with|come with)\b[^;.,\d]*$",
    re.IGNORECASE,
)
NEXT_TWO = 3
PLACES = {"second": 1, "next": 1, "third": 2, "fourth": 3, "last": -1}


def is_lead(number: Number, text: str, known: Known) -> bool | None:
    """Whether it is how far the first candidate's confidence is above the second's; None where that is not told."""
    of = known.report.candidates
    told = OF_PLACE.match(text, number.span[1]) or PLACE_HAS.search(text[: number.span[0]])
    if number.dimension == "confidence" and told:
        place = PLACES.get(told["place"].lower(), 0)
        return place < len(of) and abs(of[place].confidence - number.value) <= HUNDREDTH
    if number.dimension == "confidence" and (sure := _own(text[: number.span[0]], text[number.span[1] :], known)):
        return any(abs(one - number.value) <= HUNDREDTH for one in sure)
    if number.dimension == "confidence" and (others := OTHERS_HAVE.search(text[: number.span[0]])):
        rest = of[1:NEXT_TWO] if others["next"] else of[1:]
        return bool(rest) and all(abs(one.confidence - number.value) <= HUNDREDTH for one in rest)
    if len(known.report.candidates) < SECOND or not LEADING.search(text[: number.span[0]]):
        return None
    first, second = known.report.candidates[:SECOND]
    return number.low <= first.confidence - second.confidence <= number.high


# "The traffic candidate has a confidence of 0.73", "CertificateExpired leads with 0.77".
_HAS = r"(?:has|gets|got|leads|stands|comes|is given)(?: (?:an?|with|at|of|confidence|only))* $"
KIND_HAS = re.compile(rf"\b(?:the )?(?P<kind>traffic|demand|deployment|dependency) candidate {_HAS}", re.IGNORECASE)
TYPE_HAS = re.compile(rf"\b(?P<type>[A-Z]\w*[a-z][A-Z]\w*) {_HAS}")
THEIR_EACH = re.compile(r"\b(?:their confidence (?:is|was)|both have a confidence of)(?: only| just)? $", re.IGNORECASE)


def _own(before: str, after: str, known: Known) -> list[float]:
    """The confidences of the candidates of that kind, or of that type of errors; of both that were spoken of."""
    of = known.report.candidates
    if kind := KIND_HAS.search(before):
        told = kind["kind"].lower().replace("demand", "traffic")
        return [one.confidence for one in of if f"{one.kind}" == told]
    if error := TYPE_HAS.search(before):
        return [one.confidence for one in of if one.error_type == error["type"]]
    both = [one.confidence for one in of if one.service in known.about] if THEIR_EACH.search(before) else []
    return both[:1] if after.startswith(" each") and len({*both}) == 1 else []


SECOND = 2
