"""What contradicts itself: a figure on the wrong side of another, all lines where none are, the cause as a victim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.agent.grounding.text.denials import DENIED
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

_USUAL = r"(?:usual|expected|normal|typical|earlier|previous)"
# "93 %, above the 118 % expected at this traffic", "0.3 %, below its usual 0.2 %".
BEYOND = re.compile(
    r"\b(?:(?P<up>above|beyond|(?:higher|greater|more|larger|longer|slower) than|exceeding)"
    r"|(?P<down>below|(?:lower|less|fewer|smaller|shorter|faster) than))"
    rf" (?:(?:the|its|their) )?(?P<usual>{_USUAL} )?(?:about |some )?$",
    re.IGNORECASE,
)
IS_USUAL = re.compile(rf"(?: [\w₂]+)?(?: (?:that|which))?(?: (?:is|was|were|are))? {_USUAL}\b", re.IGNORECASE)
# "91 %, compared with below 0.1 % in normal times".
COMPARED = re.compile(r"\b(?:with|against|to|usually|normally|is|was|where)$", re.IGNORECASE)
# So far before the second the first is told.
NEAR = 48


def sides(text: str, known: Known) -> Iterator[Claim]:
    """Of a figure and the usual one behind it, which is the larger."""
    for one, other in pairwise(numerals.numbers(text) if not known.past else []):
        between = text[one.span[1] : other.span[0]]
        found = BEYOND.search(between) if _are_alike(one, other, between) else None
        if found is None or DENIED.search(between) or not _is_usual(found, other, text):
            continue
        if not (one.value > other.value if found["up"] else one.value < other.value):
            span = (one.span[1] + found.start(), other.span[1])
            yield judged_at("direction", span, text, False, "it is the other way round")


def _is_usual(found: re.Match[str], other: Number, text: str) -> bool:
    """Whether the second is told as the usual one, by a word before it or behind it."""
    before = found.string[: found.start()].rstrip()
    return bool(found["usual"] or (IS_USUAL.match(text, other.span[1]) and not COMPARED.search(before)))


def _are_alike(one: Number, other: Number, between: str) -> bool:
    return one.dimension == other.dimension != "" and len(between) < NEAR and not re.search(r"[;:]|\. ", between)


# "All of the 189 sampled log lines are errors", "all 8 timed lines were faster than the usual p95".
ALL = re.compile(
    r"\b(?:all|each|every one)(?: of)?(?: the| its| these)? (?P<many>\d[\d,]*)(?: of the)?"
    r" (?:(?:sampled|timed|log) ){0,3}(?:lines|requests)\b[^,;.]{0,40}? (?:is|are|was|were|took)"
    r" (?:(?P<errors>(?:an? )?(?:errors?|failures?|failed))|(?P<slower>slower|longer)|(?P<faster>faster|shorter))\b",
    re.IGNORECASE,
)


def all_of(text: str, known: Known) -> Iterator[Claim]:
    lines = [one for one in known.facts if one.dimension == "lines"]
    for found in ALL.finditer(text):
        many = float(found["many"].replace(",", ""))
        of = "slower" if found["slower"] else "faster" if found["faster"] else None
        told = [one for one in lines if (one.statistic == of if of else one.signal == "errors")]
        if told and all(one.value != many for one in told):
            yield judged("number", found, False, "it is another number")


# "2 of 28 sampled log lines are not errors": what was counted is told of those that are.
NOT_COUNTED = re.compile(
    r"\d ?%?[^,;.\d]{0,60}\b(?:are|is|were|was)(?: not|n['’]t) (?:an? )?(?:errors?|retries|failures?|repeated)\b",
    re.IGNORECASE,
)
# "The victim is auth itself".
VICTIM = re.compile(r"\bvictim(?: of it| here)? (?:is|was) (?:the )?(?:\w+ )?$", re.IGNORECASE)


# "… at 09:44 UTC, and ledger was still healthy then".
STILL_WELL = re.compile(r" (?:itself )?(?:is|was|were) still (?:healthy|fine|normal|well|unaffected|in order)\b")


def turned(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Counts of the others, and the cause as the one that suffers."""
    for found in NOT_COUNTED.finditer(text):
        yield judged("number", found, False, "it was counted of those that are")
    for one in mentions:
        well = STILL_WELL.match(text, one.span[1])
        if well and one.text in {*known.suffering, *cause_names(known)}:
            yield judged_at("state", (one.span[0], well.end()), text, False, "it deviates", is_open=True)
        victim = VICTIM.search(text[: one.span[0]]) if one.text in cause_names(known) else None
        if victim:
            yield judged_at("cause", (victim.start(), one.span[1]), text, False, "it is the cause")


# "CPU of auth, at 75 %, shows a deviation": of that signal, whatever else deviates there.
SIGNAL_OF = re.compile(r"\b(?P<signal>[\w₂]+(?: (?:use|usage|rate|utili[sz]ation))?) of (?:the )?$", re.IGNORECASE)
DEVIATES = re.compile(
    r"(?: in [\w-]+)?(?:, [^;,.]{1,30},)? (?:shows? an?(?: \w+)? deviation|deviates?)\b(?! (?:by|since|from)\b)"
)


def deviating(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for one in mentions:
        told, found = SIGNAL_OF.search(text[: one.span[0]]), DEVIATES.match(text, one.span[1])
        signals = topics(told["signal"]) & {*SIGNALS} if told and found else set()
        levels = [it for it in known.levels if it.subject.service == one.text and it.signal in signals]
        if found and levels and not any(it.deviates for it in levels):
            yield judged_at("direction", (one.span[0], found.end()), text, False, "it does not")
