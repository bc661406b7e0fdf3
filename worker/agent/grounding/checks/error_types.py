"""How often each type of errors was logged, and of what kind all of somebody's errors are said to be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import quantifiers
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at

COUNTED = re.compile(r"(?<![\d.,])(?P<many>\d{1,6}|one|two|three|four|five|six|seven|eight|nine|ten) $", re.IGNORECASE)
_MANY = rf"(?:\d{{1,6}}|{'|'.join(quantifiers.SMALL)}|zero|none)"
# "PaymentDeclined errors of checkout went from 1 in the baseline to 5 in the window".
COURSE = re.compile(
    rf"(?: errors?| failures?| lines?)?[^,;.\d]{{0,60}}? from (?P<then>{_MANY})\b(?! ?[%\w]*%)"
    r"[^,;.\d%]{0,40}? to"
    rf" (?P<now>{_MANY})\b(?! ?%)",
    re.IGNORECASE,
)


# "One PoolTimeout line of checkout reads “…”": some line, and no count.
SOME_LINE = re.compile(r" (?:line|message)\b(?=[^;.]*\b(?:reads?|says?|tells?|reports?|complains?)\b)", re.IGNORECASE)


def counted(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Just one DownstreamTimeout": as it is recorded of that type; told as a course, before and in the window."""
    for one in mentions if not known.past else ():
        own = {(it.role, abs(it.value)) for it in known.facts if (it.of, it.dimension) == (one.text, "lines")}
        is_some = SOME_LINE.match(text, one.span[1])
        if own and not is_some and (found := COUNTED.search(text[: one.span[0]])):
            every = {abs(it.value) for it in known.facts if it.of == one.text}
            if quantifiers.count(found["many"]) not in {round(it) for it in every}:
                yield judged("number", found, False, "of that type there are others")
        if own and (found := COURSE.match(text, one.span[1])):
            told = {("usual", quantifiers.count(found["then"])), ("now", quantifiers.count(found["now"]))}
            if not told <= own:
                yield judged("number", found, False, "of that type there are others")


# "The new errors of checkout are almost all of type PaymentDeclined", "most of its errors are PoolTimeout".
OF_TYPE = re.compile(
    rf"\berrors\b[^,;.]{{0,50}}? (?:are|were) (?P<part>{quantifiers.PART}) (?:of (?:the )?type )?$", re.IGNORECASE
)
PART_IS = re.compile(
    rf"(?:^|[,;:] )\W*(?P<part>{quantifiers.PART}) (?:of )?"
    r"[^,;.]{0,40}\berrors\b[^,;.]{0,40}? (?:are|were) (?:of (?:the )?type )?$",
    re.IGNORECASE,
)


def of_type(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """As large a part of the errors of whom is named, in the window, as are counted of that type."""
    for one in mentions if not known.past else ():
        told = OF_TYPE.search(text[: one.span[0]]) or PART_IS.search(text[: one.span[0]])
        part = _part_of(one.text, mentions, known) if told and one.text in known.types else None
        if told and part is not None:
            holds = quantifiers.is_part(part, told["part"])
            span = (told.start(), one.span[1])
            yield judged_at("number", span, text, holds, "it is another part")


# "Ledger's errors are all timeouts", "all of its errors are refusals".
OF_A_KIND = re.compile(
    r"\berrors (?:are|were) (?:all|only|mostly|mainly|exclusively|solely) (?P<a>[a-z]{5,})"
    r"|\b(?:all|most|every one) of (?:the |its )?(?:\S+ )?errors (?:are|were) (?P<b>[a-z]{5,})",
    re.IGNORECASE,
)


def all_of_a_kind(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A kind of errors of which no type and no line speaks, of whom is named."""
    named = {one.text for one in mentions} & known.services
    types = [one for one, of in known.types.items() if not named or named & of]
    lines = [line for one in named for line in known.logged.get(one, ())] if named else known.lines
    read = "".join((*types, *lines)).replace(" ", "").lower()
    for found in OF_A_KIND.finditer(text) if known.types else ():
        if (found["a"] or found["b"]).lower()[:6] not in read:
            yield judged("message", found, False, "none of them is")


def _part_of(name: str, mentions: list[Found], known: Known) -> float | None:
    """The largest, of whose errors there is a list."""
    named = {one.text for one in mentions} & known.services
    parts = []
    for item in known.report.evidence:
        counts = {one["name"]: one.get("in_window", 0) for one in item.result.get("types") or () if "name" in one}
        is_its = not named or roster.subject_of(item.title, known).service in named
        if is_its and sum(counts.values()):
            parts.append(counts.get(name, 0) / sum(counts.values()))
    return max(parts, default=None)
