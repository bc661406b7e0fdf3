"""What a sentence claims, each claim with its place, and what times, names and quotations look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from worker.domain.text import CITATION

Span = tuple[int, int]

TIME = re.compile(
    r"(?<![\w:.])(?:(?P<iso>\d{4}-\d\d-\d\d)[T ])?(?P<clock>\d{1,2}(?::\d\d(?::\d\d)?|(?= ?[AaPp]\.?[Mm]\b)))(?:\.\d+)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\b\.?)?"
    r"(?P<zone> ?Z| UTC| ?[+-]\d\d:?\d\d| [A-Z]{2,4}T)?(?:, (?P<day>\d{1,2} [A-Z][a-z]{2} \d{4}))?(?![\w:])"
)
_MONTH = (
    r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?"
)
DATE = re.compile(
    r"(?<![\w:.-])(?:(?P<iso>\d{4}-\d\d-\d\d)|(?P<day>\d{1,2} [A-Z][a-z]{2,8} \d{4})"
    rf"|(?P<date>\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})|(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?(?:, \d{{4}})?)"
    r"|(?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day))(?![\w-]|:\d)"
)
QUOTED = re.compile(r"“(?P<a>[^”]{3,})”|\"(?P<b>[^\"]{3,})\"|`(?P<c>[^`]{2,})`|(?<!\w)'(?P<d>[^']{3,})'(?!\w)")
# What looks like a name of something: ids, versions, types of errors, regions.
NAME_LIKE = re.compile(
    r"(?<![\w./-])(?:v?\d+\.\d+\.\d+[\w.+-]*|[A-Za-z][\w]*(?:[-_.][\w]+)*[-_.]\w*\d\w*(?:[-_.]\w+)*"
    r"|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+|[A-Z]\w*(?:Error|Exception|Timeout|Failure)|[a-z]+_[a-z_]+"
    # "/v2/quote", "--pool-size", "DB_POOL_SIZE".
    r"|/[A-Za-z{](?:[\w{}:.-]*[\w}])?(?:/[\w{}:.-]*[\w}])*|--[a-z][a-z-]+\b|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    # "2026490" is a figure.
    r"|[A-Za-z]{1,8}\d{3,}\w*|(?=\d*[a-f])[0-9a-f]{7,40}(?=[a-f0-9]*\b)|https?://\S+"
    r"|(?<=[a-z,;] )[A-Z][A-Za-z]+)(?![\w-])"
)
SERVICE_LIKE = re.compile(
    r"\b(?:service|of service) (?P<a>[a-z][\w-]+)|\b(?P<b>[a-z][\w-]+)(?: service\b|['’]s? (?!s\b)(?=[a-z]))"
    r"|\bcalls? (?:to|from) (?P<c>[a-z][\w-]+)|\b(?P<d>[a-z][\w-]+) itself\b|^(?P<e>[a-z][\w-]{2,})(?=: )"
)
# What was deployed, released or rolled back: whatever word stands there is a name.
CHANGED = re.compile(
    r"\b(?:deployments?|releases?|rollouts?|rollbacks?|upgrades?|restarts?) of (?:the service )?"
    r"(?P<changed>[a-z][\w-]{2,})(?=\s*(?:$|[,.;:()\[]|\b(?:in|at|on|was|were|is|came|had|has|and|but|which|that|before"
    r"|after|with|by|itself|would|will|could|did|does|helps?|helped|preceded|explains?|caused|\d\S*)\b))"
)
VERSION = re.compile(r"\bversions? (?P<name>v?\d[\w.+-]*\w)")
CITED = re.compile(CITATION)


Kind = Literal["number", "time", "name", "quotation", "cause", "direction", "state", "citation", "word", "message"]


@dataclass(frozen=True)
class Claim:
    """Why one does not hold: the evidence says something else, unless it says nothing of it.

    `is_open`: that may stay, marked. `is_unproven`: it goes, unless the report itself says so in words.
    `sources`: the evidence that a figure may be from.
    """

    kind: Kind
    span: Span
    text: str
    holds: bool
    why: str = ""
    is_open: bool = False
    is_unproven: bool = False
    sources: frozenset[str] = frozenset()

    @property
    def is_mere(self) -> bool:
        """A figure or a name, of which a single one that is wrong may stay marked."""
        return self.kind in ("number", "time", "name", "citation", "word")


def judged(kind: Kind, found: re.Match[str], holds: bool, otherwise: str, *, is_open: bool = False) -> Claim:
    """What was found, as a claim; `otherwise` is what is so where it does not hold."""
    return judged_at(kind, found.span(), found.string, holds, otherwise, is_open=is_open)


def judged_at(kind: Kind, span: Span, text: str, holds: bool, otherwise: str, *, is_open: bool = False) -> Claim:
    """What stands there in `text`, as `judged`."""
    return Claim(kind, span, text[slice(*span)], holds, "" if holds else otherwise, is_open and not holds)


class Found(NamedTuple):
    span: Span
    text: str


def is_term(name: str) -> bool:
    """Units and terms of the trade that have the form of a name."""
    return bool(re.fullmatch(r"(?:g|kg|mg|t)?CO2e?|vCPU(?:-h\w*)?|p\d\d|[45]xx|HTTP_\d+|UTC|SCI|PUE|CPU|HTTP", name))


def without_names(text: str) -> str:
    """`text` with blanks for what looks like a name: the digits in it are no figures."""
    return blanked(text, [found.span() for found in NAME_LIKE.finditer(text) if not is_term(found[0])])


def blanked(text: str, spans: list[Span]) -> str:
    """`text` with those stretches as blanks, so that every place stays where it is."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


# It is noted as "Job moved." The next sentence.
ENDS_QUOTED = re.compile(rf"(?<=\w)[.!?][\"”](?:\s*{CITATION})*(?=\s+[A-Z“\"]|\s+[a-z]+-\d)")
# "No. 3 among the candidates".
NUMBERED = re.compile(r"\b[Nn]o\.$")
# "At 9:46 p.m. UTC", "at 1 a.m. on March 3" end no sentence there.
OF_DAY = re.compile(r"\d ?[ap]\.m\.$", re.IGNORECASE)
GOES_ON = re.compile(r"\s+(?:UTC|GMT|[A-Z]{2,4}T\b|[a-z(\[])")


def clock(found: re.Match[str]) -> str:
    """What TIME found as it reads on a clock of 24 hours: "9:46 p.m." is 21:46."""
    hour, *rest = found["clock"].split(":")
    if found["half"]:
        # Of no hour of that half of a day there is no time.
        hour = str(int(hour) % 12 + 12 * (found["half"] in "Pp")) if 1 <= int(hour) <= 12 else "99"
    return ":".join([f"{int(hour):02}", *(rest or ["00"])])


def sentences(text: str) -> list[str]:
    """A citation behind a full stop belongs to the sentence before it; what is quoted is not taken apart."""
    quoted = [found.span() for found in QUOTED.finditer(text)]
    plain = re.sub(r"[.!?]", lambda found: "_" if any(a < found.start() < b for a, b in quoted) else found[0], text)
    ends = [found.end() for found in re.finditer(rf"[.!?](?:\s*{CITATION})*(?=\s+[A-Z“\"0-9$\[a-z]|\s*$)", plain)]
    ends = sorted({*ends, *(found.end() for found in ENDS_QUOTED.finditer(text))})
    ends = [end for end in ends if not re.search(r"\b(?:e\.g|i\.e|approx|ca|vs)\.$", plain[:end])]
    ends = [end for end in ends if not (NUMBERED.search(plain[:end]) and re.match(r" \d", plain[end:]))]
    ends = [end for end in ends if not (OF_DAY.search(plain[:end]) and GOES_ON.match(plain, end))]
    starts = [0, *ends]
    return [part for start, end in zip(starts, [*ends, len(text)], strict=True) if (part := text[start:end].strip())]


def quoted(found: re.Match[str]) -> str:
    """What stands between the marks of a quotation that QUOTED found."""
    return next(part for part in found.groups() if part is not None)


def quotations(text: str) -> list[str]:
    """All that a text quotes, without the marks."""
    return [quoted(found) for found in QUOTED.finditer(text)]


def even(text: str) -> str:
    """In one case and with single blanks, for comparing."""
    return " ".join(text.casefold().split())


def plain(sentence: str) -> str:
    """As it reads without its citations, for comparing."""
    return " ".join(CITED.sub(" ", sentence).split()).rstrip(" .")
