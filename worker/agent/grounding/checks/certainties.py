"""How sure a report is said to be, on how many lines that rests, and of how many errors something is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.domain.report import Verdict

_LOW = r"little|low|weak|poor|scant|small|slight|limited"
_HIGH = r"high|great|full|strong|considerable|absolute|complete|near"
SURE = re.compile(
    rf"\b(?:with|at|of) (?:only |very |rather |a )*(?:(?P<low>{_LOW})|(?P<high>{_HIGH}))"
    r" (?:certainty|confidence)\b(?! (?:of|is|in|level)\b)"
    r"|\b(?:certainty|confidence)(?: in (?:it|that|this))? (?:is|stays|remains|was)"
    rf" (?:only |very |rather |quite |fairly )*(?:(?P<few>{_LOW})|(?P<much>{_HIGH}))\b",
    re.IGNORECASE,
)
# Less than that is low, and from that on it is high.
LOW, HIGH = 0.5, 0.65
RESTS = re.compile(
    r"\b(?:rests?|rested|relies|is based|are based|built) on (?:only |just |about |merely )*$", re.IGNORECASE
)
RELIABLE = re.compile(
    r"\b(?:is|are|was|were) (?:\w+ly |very |quite )?(?:reliable|robust|solid|trustworthy|well[- ]founded|conclusive"
    r"|firm|significant|beyond (?:any )?(?:doubt|chance)|more than chance)\b"
    r"|\b(?P<enough>(?:(?:is|are|was|were|be) |more than )*(?:enough|sufficient|plenty|ample)|suffic(?:e|es|ed))"
    r" (?:for|to (?:confirm|show|tell|prove|establish|conclude|decide|support|judge|exclude|rule out"
    r"|be (?:sure|certain)))\b"
    r"|\b(?:exclud|rul)\w+ (?:out )?(?:mere |pure )?(?:chance|coincidence|an accident)\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|never|hardly|too|neither|nor|without)\b|n['’]t\b", re.IGNORECASE)
EVERY_ERROR = re.compile(
    r"\b(?:every|each|all)\b[^,;]{0,40}?\berrors?\b[^,;]{0,40}? (?:names?|mentions?|points? (?:to|at)|speaks? of)"
    r" (?:the )?$",
    re.IGNORECASE,
)
# "checkout's new errors name only ledger".
NAME_ONLY = re.compile(
    r"\b(?:names?|naming|mentions?|points? (?:to|at)) (?:only|solely|just|exclusively"
    r"|(?:nothing|nobody|none|no (?:one|\w+)) (?:but|except|other than)) (?:the )?$",
    re.IGNORECASE,
)
ALL = 0.995


def certainties(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the confidence of whom is named, else of the first candidate."""
    for found in SURE.finditer(text):
        confidence = _confidence(found.start(), mentions, known)
        is_low = bool(found["low"] or found["few"]) != bool(NOT.search(text[max(0, found.start() - 8) : found.end()]))
        if confidence is not None:
            yield judged("state", found, confidence < LOW if is_low else confidence >= HIGH, "it is another one")
    for found in RELIABLE.finditer(text):
        is_open = known.report.verdict is Verdict.INCONCLUSIVE
        is_open = is_open or (known.report.verdict is Verdict.NOT_CONFIRMED and bool(found["enough"]))
        if is_open and not NOT.search(text):
            yield judged("state", found, holds=False, otherwise="the report gives no verdict")
    yield from _rests(text, known)
    yield from _every_error(text, mentions, known)


def _confidence(place: int, mentions: list[Found], known: Known) -> float | None:
    told = {name: one.confidence for one in known.report.candidates for name in (one.service, one.deployment_id)}
    named = [told[one.text] for one in mentions if one.span[1] <= place and one.text in told]
    return named[-1] if named else next((one.confidence for one in known.report.candidates), None)


def _rests(text: str, known: Known) -> Iterator[Claim]:
    """ "That rests on 9 log lines": on as many as the template says."""
    if " on " not in text:
        return
    told = [
        one.value
        for one in numerals.numbers(known.report.headline)
        if RESTS.search(known.report.headline[: one.span[0]])
    ]
    for one in numerals.numbers(text) if told else ():
        if RESTS.search(text[: one.span[0]]):
            yield Claim(
                "number", one.span, one.text, one.value in told, "" if one.value in told else "it rests on others"
            )


def _every_error(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Every error of checkout names ledger": not where 60 % of them do."""
    shares: dict[tuple[str | None, str], float] = {}
    for item in known.report.evidence:
        names = item.result.get("names") if "types" in item.result else None
        shares |= {(roster.subject_of(item.title, known).service, callee): one for callee, one in (names or {}).items()}
    yield from _name_only(text, mentions, shares, known)
    for one in mentions:
        if found := EVERY_ERROR.search(text[: one.span[0]]):
            inside = [
                it.text for it in mentions if found.start() <= it.span[0] < found.end() and it.text in known.services
            ]
            before = [it.text for it in mentions if it.span[1] <= found.start() and it.text in known.services]
            about = [*known.about] if len(known.about) == 1 else [known.report.service]
            told = [shares[of, one.text] for of in inside[:1] or before or about if (of, one.text) in shares]
            span = (found.start(), one.span[1])
            if told:
                holds = max(told) >= ALL
                yield judged_at("number", span, text, holds, "not all of them do")


def _name_only(
    text: str, mentions: list[Found], shares: dict[tuple[str | None, str], float], known: Known
) -> Iterator[Claim]:
    """Not where others are named as well."""
    services = [one for one in mentions if one.text in known.services]
    for one in mentions:
        if only := NAME_ONLY.search(text[: one.span[0]]):
            listed = {it.text for it in mentions if it.span[0] >= one.span[0]}
            of = next((it.text for it in services[::-1] if it.span[1] <= only.start()), known.report.service)
            others = {callee for (caller, callee), share in shares.items() if caller == of and share > 0} - listed
            if any(caller == of for caller, _ in shares):
                span = (only.start(), one.span[1])
                yield Claim("number", span, text[slice(*span)], not others, "they name others" if others else "")
