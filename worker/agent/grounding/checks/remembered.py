"""What a sentence tells of a past incident: where it was, how long it took, and what ended it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.past import is_in, spelled
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.report.roster import WORD
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import DATE, Claim, Found, judged
from worker.domain.report import SimilarIncident

# "The current incident in us-central1 is like that of 16 November": the region is that of now.
LIKE_IT = re.compile(
    r"\b(?:resembl\w+|(?:is|was|looks?) (?:much )?like|unlike|remind\w*|recall\w*|match(?:es|ed)|compar\w+"
    r"|similar to|current|this (?:incident|time)|now)\b",
    re.IGNORECASE,
)
THE_SAME = re.compile(
    r"\b(?:the same|this|that same|(?P<other>another|a different|some other))"
    r" (?P<what>region|service|error|kind of cause)\b",
    re.IGNORECASE,
)
_ENDED = r"ended|resolved|fixed|mitigated|closed|cured|solved|remedied|stopped|helped|recovered|over"
ENDED_BY = re.compile(
    rf"\b(?:{_ENDED})\b(?: (?:\w+ly|then|again|at last))? "
    r"(?:by|with|through|thanks to|using|when|once|after|because of) (?P<how>[^,.;()]+)",
    re.IGNORECASE,
)
A_WHILE = re.compile(r"(?:about |only |just |roughly |some )?(?:\d|an? (?:few )?(?:hour|minute)|half an hour|one hour)")
# "What helped in that incident was to roll back"; what is quoted is checked as a quotation.
WHAT_HELPED = re.compile(
    r"\bwhat (?:helped|worked|ended it)\b(?:(?! is | was )[^,;.]){0,80}? (?:is|was)(?: to)? "
    r"(?!noted|told|recorded|given|described|written|quoted|not\b)(?P<how>[^,.;()]*\w[^,.;()]*)",
    re.IGNORECASE,
)


def remembered(text: str, mentions: list[Found], past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """ "The incident of 16 November in europe-west1 was ended by a rollback": of one of those that it can be about."""
    if not past:
        return
    yield from _places(text, mentions, past, known)
    yield from _of_now(text, mentions, past, known)
    for found in THE_SAME.finditer(text):
        what, own = found["what"].lower(), known.report
        shared = [f"same {what}" in one.why or (getattr(one, what, own) == getattr(own, what, "")) for one in past]
        holds = any(one != bool(found["other"]) for one in shared)
        yield judged("state", found, holds, "it was another one", is_open=True)
    for found in [one for words in (ENDED_BY, WHAT_HELPED) for one in words.finditer(text)]:
        if not A_WHILE.match(found["how"]):
            yield judged("state", found, is_what_helped(found["how"], past), "that is not what helped", is_open=True)
    yield from _turned(text, past)
    yield from _as_now(text, past)
    for found in UNTOLD.finditer(text):
        yield judged("state", found, all(not one.helped for one in past), "it is told")


# "What helped then is not recorded".
UNTOLD = re.compile(
    r"\bwhat (?:helped|worked|ended it|fixed it|solved it|was done|mended it)\b(?: [a-z]+){0,4}? (?:is|was|has)"
    r" (?:unknown|not (?:been )?(?:recorded|noted|told|known|given|described|written|on record|on file))\b",
    re.IGNORECASE,
)
# "“Psp alpha slow” is still open": of one that has ended; and nobody told what was done of it this time.
ONGOING = re.compile(
    r"\b(?:is|are|remains?|stays?|stands?)(?: still| yet| currently| now)* (?:open|ongoing|active|under way|unresolved"
    r"|unsolved|going on|(?:not|far from) (?:yet )?(?:over|closed|resolved|solved|ended|fixed))\b"
    r"|\b(?:has|have) (?:still )?(?:not|never) (?:yet )?(?:ended|been (?:closed|resolved|solved|fixed))\b"
    r"|\b(?:was|were) never (?:closed|resolved|solved|fixed)\b|\b(?:continues|lasts|persists|goes on|going on)\b",
    re.IGNORECASE,
)


def _as_now(text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    for found in ONGOING.finditer(text):
        holds = any(not one.ended and (one.status or "").lower() in UNENDED for one in past)
        yield judged("state", found, holds, "it has ended", is_open=not any(one.ended for one in past))


UNENDED = ("open", "active", "ongoing", "in progress", "investigating", "new")
NOT_ITS = re.compile(r"\b(?:after|before|since|than|unlike|later|earlier|that of|like|as on|and)\b|;", re.IGNORECASE)


def titled(sentence: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "“Psp alpha slow” took place on 18 November": the only date beside the only title is its own."""
    told = [one for one in known.report.similar_incidents if one.title and one.title in sentence]
    dates = [one for one in DATE.finditer(sentence) if not one["weekday"]]
    if len(told) != 1 or len(dates) != 1:
        return
    begin = sentence.index(told[0].title)
    apart = sentence[min(dates[0].end(), begin + len(told[0].title)) : max(dates[0].start(), begin)]
    window, text = known.report.window, dates[0][0]
    is_own = any(is_in(it, text) for at in (window.start, window.end) for it in spelled(at))
    if not NOT_ITS.search(apart) and not is_own:
        yield judged("time", dates[0], any(is_in(it, text) for it in spelled(told[0].at)), "it was on another day")


# What was done then, and its contrary.
OPPOSITES = (
    (
        r"rais(?:ed?|es|ing)|increas\w+|enlarg\w+|lengthen\w*|extend\w*|widen\w*",
        r"lower(?:ed|s|ing)?|reduc\w+|decreas\w+|shrink\w*|shrank|shorten\w*|narrow\w*|halv\w+",
    ),
    (
        r"enabl\w+|(?:switch|turn)(?:ed|ing|es|s)? (?:\w+ ){0,3}?on",
        r"disabl\w+|(?:switch|turn)(?:ed|ing|es|s)? (?:\w+ ){0,3}?off",
    ),
    (
        r"roll(?:ed|ing|s)? (?:\w+ ){0,3}?back|rollback|revert\w*",
        r"roll(?:ed|ing|s)? (?:\w+ ){0,3}?(?:out|forward)|upgrad\w+",
    ),
    (r"add(?:ed|ing|s)?", r"remov\w+|delet\w+"),
)
TURNED = tuple(re.compile(rf"\b(?:(?P<one>{one})|(?P<other>{other}))\b", re.IGNORECASE) for one, other in OPPOSITES)


def _turned(text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    """ "Lowering the pool size to 10 helped", where it was raised: the contrary of what is told of it."""
    wrote = " ".join(filter(None, (it for one in past for it in (one.title, one.helped, one.ended))))
    for words in TURNED:
        said, told = ({it.lastgroup for it in words.finditer(one)} for one in (text, wrote))
        if len(said) == len(told) == 1 and said != told and (found := words.search(text)):
            yield judged("state", found, holds=False, otherwise="it was the contrary")


# "The past incident was also caused by deploy-8736": of which nothing was known then.
OF_NOW = re.compile(
    r"\bincidents?\b[^,;.]{0,60}\b(?:was|were|had been) (?:also |likewise |equally |even )?"
    r"(?:caused by|due to|triggered by|brought about by|traced (?:back )?to) ",
    re.IGNORECASE,
)


def _of_now(text: str, mentions: list[Found], past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """A change of now as the cause of what was then, where nobody wrote so."""
    changes = {change.deployment_id for change in known.changes}
    for found in OF_NOW.finditer(text):
        named = [one.text for one in mentions if one.span[0] >= found.end() - 1 and one.text in changes]
        wrote = " ".join(filter(None, (text for one in past for text in (one.title, one.helped, one.ended, one.why))))
        if any(one not in wrote for one in named):
            yield Claim("cause", found.span(), found[0], holds=False, why="nobody wrote so")


def _places(text: str, mentions: list[Found], past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """The regions of a clause that tells of it, one of which must be that where it was."""
    regions = [one for one in mentions if one.text in known.regions]
    for one in regions:
        start, end = context.clause(one.span, text)
        beside = {other.text for other in regions if start <= other.span[0] < end}
        is_of_it = any(is_in(day, text[start:end]) for it in past for day in _days(it)) or THEN.search(text[start:end])
        there = [bool(beside & {it.region}) for it in past]
        if is_of_it and not LIKE_IT.search(text[start:end]) and not any(there):
            yield Claim("state", one.span, one.text, holds=False, why="it was not there", is_open=True)


THEN = re.compile(r"\b(?:past|earlier|previous|prior|former|similar) incidents?\b", re.IGNORECASE)


def _days(one: SimilarIncident) -> Iterator[str]:
    for month in (f"{one.at:%B}", f"{one.at:%b}"):
        yield from (f"{one.at.day} {month}", f"{month} {one.at.day}")


def is_what_helped(how: str, past: list[SimilarIncident]) -> bool:
    """Whether it shares a word with what is known to have helped."""
    said = {word[:4] for word in WORD.findall(how.lower()) if len(word) > 2 and word not in _FUNCTION}
    told = [
        {word[:4] for word in WORD.findall(f"{one.helped} {one.ended or ''}".lower())} for one in past if one.helped
    ]
    return not said or any(said & one for one in told)


_FUNCTION = frozenset(
    """
    the was were been had has again its his her that this these those then after when once and for with from into one
    them they itself while some all any not what which who where there
    """.split()  # noqa: SIM905 - read as prose
)
