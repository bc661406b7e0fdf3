"""What a sentence tells of a past incident: where it was, how long it took, and what ended it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.past import is_in, spelled, spoken_of
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.report.roster import WORD
from worker.agent.grounding.report.vocabulary import common
from worker.agent.grounding.text import context, numerals
from worker.agent.grounding.text.claims import DATE, Claim, Found, judged
from worker.agent.grounding.text.topics import topics
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
SO_LONG = re.compile(
    r"\b(?P<under>(?:within|in under|in less than|less than|under) (?:the|an|one) hour|within minutes)"
    r"|\b(?P<over>(?:more than|over) (?:an|one) hour|(?:for )?(?:several|many) hours|for hours|for days)\b",
    re.IGNORECASE,
)
_ENDED = r"ended|resolved|fixed|mitigated|closed|cured|solved|remedied|stopped|helped|recovered|over"
ENDED_BY = re.compile(
    rf"\b(?:{_ENDED})\b(?: (?:\w+ly|then|again|at last))? "
    r"(?:by|with|through|thanks to|using|when|once|after|because of) (?P<how>[^,.;()]+)",
    re.IGNORECASE,
)
# "A restart of the database was what helped".
HELPED_IT = re.compile(
    r"(?:^|, )(?P<how>[^,.;]{3,60}?) (?:was|is|had been|proved to be)"
    r" what (?:helped|ended it|fixed it|solved it|cured it)\b"
)
A_WHILE = re.compile(r"(?:about |only |just |roughly |some )?(?:\d|an? (?:few )?(?:hour|minute)|half an hour|one hour)")
# "What helped then is not recorded".
UNTOLD_HELP = re.compile(
    r"\bwhat (?:helped|ended it|fixed it|solved it)\b[^,;.]{0,20} (?:is|was) (?:not (?:recorded|known|told|noted)"
    r"|unknown)\b"
    r"|\b(?:not (?:recorded|known|told|noted)|unknown) what (?:helped|ended it|fixed it|solved it)\b",
    re.IGNORECASE,
)
# "What helped in that incident was to roll back"; what is quoted is checked as a quotation.
WHAT_HELPED = re.compile(
    r"\bwhat (?:helped|worked|ended it)\b(?:(?! is | was )[^,;.]){0,80}? (?:is|was)(?: to)? "
    r"(?!noted|told|recorded|given|described|written|quoted|not\b)(?P<how>[^,.;()]*\w[^,.;()]*)",
    re.IGNORECASE,
)
NOT_HELPED = re.compile(
    r"\b(?:has|had|have|did) not help(?:ed)?\b|\b(?:was|were) (?:of )?(?:no help|in vain|without success)\b",
    re.IGNORECASE,
)
SHOWN = re.compile(
    r",? (?:as|which|because that|since that)\b[^,;.]*\b(?:showed|helped|did|worked|suggests?|fixed it|ended it)\b"
)


def remembered(text: str, mentions: list[Found], past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """ "The incident of 16 November in europe-west1 was ended by a rollback": of one of those that it can be about."""
    if not past:
        return
    yield from _places(text, mentions, past, known)
    yield from _of_now(text, mentions, past, known)
    yield from _unknown(text, past)
    yield from _ranked(text, past, known)
    for found in THE_SAME.finditer(text):
        what, own = found["what"].lower(), known.report
        shared = [f"same {what}" in one.why or (getattr(one, what, own) == getattr(own, what, "")) for one in past]
        holds = any(one != bool(found["other"]) for one in shared)
        yield judged("state", found, holds, "it was another one", is_open=True)
    for found in SO_LONG.finditer(text):
        lasted = [one for it in past for one in _lasted(it)]
        holds = any((one <= _HOUR) == bool(found["under"]) for one in lasted)
        yield judged("number", found, holds, "it lasted otherwise", is_open=not lasted)
    yield from _so_long(text, past)
    yield from _there(text, mentions, past)
    for found in [one for words in (ENDED_BY, WHAT_HELPED, HELPED_IT) for one in words.finditer(text)]:
        if not A_WHILE.match(found["how"]):
            is_each = bool(EVERY.search(text[: found.start()]))
            holds = _is_what_helped(found["how"], past, is_each=is_each)
            yield judged("state", found, holds, "that is not what helped", is_open=True)
    yield from _turned(text, past)
    yield from _as_now(text, past)
    yield from _untold(text, past, known)
    for found in NOT_HELPED.finditer(text):
        told = _content(text[: found.start()]) and _is_told(text[: found.start()], past)
        yield Claim("state", found.span(), found[0], holds=False, why="nobody wrote so", is_open=not told)
    if (shown := SHOWN.search(text)) and _content(text[: shown.start()]):
        yield judged("state", shown, _is_told(text[: shown.start()], past), "that is not what helped", is_open=True)


# "It ended after 52 min", "… lasted about 5 h".
LASTED = re.compile(
    rf"\b(?:{_ENDED}|lasted|took|went on)(?: again)?(?:,? (?:after|for|in|within))?"
    r"(?: (?:about|only|just|roughly|some))* $",
    re.IGNORECASE,
)
# Of the time it took, as it is rounded.
ROUNDED = 0.03


def _so_long(text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    for one in numerals.numbers(text):
        before = text[: one.span[0]]
        if one.dimension == "seconds" and LASTED.search(before):
            titled = max(past, key=lambda it: before.rfind(it.title))
            of = [titled] if titled.title and titled.title in before else past
            lasted = [seconds for it in of for seconds in _lasted(it)]
            if lasted and not any(abs(one.value - seconds) <= ROUNDED * seconds for seconds in lasted):
                yield Claim("number", one.span, one.text, holds=False, why="it lasted otherwise")


# "It was in europe-west1", "it concerned ledger": the clause has nothing else to be checked.
WAS_THERE = re.compile(
    r"\W*(?:it|this|that)(?: one)?(?: also| itself)? (?:(?:was|happened|occurred|took place) (?:one )?(?:in|of|at)"
    r"|concerned|affected|hit|struck) (?:the )?(?:service |region )?$",
    re.IGNORECASE,
)


def _there(text: str, mentions: list[Found], past: list[SimilarIncident]) -> Iterator[Claim]:
    for one in mentions:
        if WAS_THERE.match(text[: one.span[0]]):
            holds = all(one.text in (it.service, it.region) for it in past)
            yield Claim("state", one.span, one.text, holds, "" if holds else "it was not there")


# "“Psp alpha slow” is still open": of one that has ended; and nobody told what was done of it this time.
ONGOING = re.compile(
    r"\b(?:is|are|remains?|stays?|stands?)(?: still| yet| currently| now)* (?:open|ongoing|active|under way|unresolved"
    r"|unsolved|going on|(?:not|far from) (?:yet )?(?:over|closed|resolved|solved|ended|fixed))\b"
    r"|\b(?:has|have) (?:still )?(?:not|never) (?:yet )?(?:ended|been (?:closed|resolved|solved|fixed))\b"
    r"|\b(?:was|were) never (?:closed|resolved|solved|fixed)\b|\b(?:continues|lasts|persists|goes on|going on)\b",
    re.IGNORECASE,
)
REPEATED = re.compile(
    r"\b(?:has|have|was|were|is|are|had) (?:already |again |now |also |just )*(?:been )?(?:being )?(?:done|tried"
    r"|applied|repeated|taken|carried out|attempted|used|performed)\b(?=[^,;.]*\b(?:this time|now|again|today|here"
    r"|already|once more|as well|too|for this)\b)",
    re.IGNORECASE,
)


def _as_now(text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    for found in ONGOING.finditer(text):
        holds = any(not one.ended and (one.status or "").lower() in UNENDED for one in past)
        yield judged("state", found, holds, "it has ended", is_open=not any(one.ended for one in past))
    for found in REPEATED.finditer(text):
        yield judged("state", found, holds=False, otherwise="nobody tells that", is_open=True)


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


def _untold(text: str, past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    for found in UNTOLD_HELP.finditer(text):
        of = spoken_of(known.previous, known) if not any(_is_dated(one, text) for one in past) else past
        yield judged("state", found, any(not one.helped for one in of or past), "it is recorded")


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


_HOUR = 3600.0
# What nobody writes of an incident, unless it was of that.
UNTOLD = frozenset({"carbon", "cpu", "memory", "traffic", "users", "orders", "revenue", "retries"})
AS_THEN = re.compile(
    r"\b(?:just |exactly |much )?as (?:in|on|with|during|after) [^,;.]*"
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|incident)\b[^,;.]*,(?P<same>[^,;.]+)",
    re.IGNORECASE,
)


def _unknown(text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    """ "The failover of 5 November had the same effect on emissions", "as in October, a certificate had expired"."""
    told = topics(" ".join(filter(None, (it for one in past for it in (one.title, one.why, one.helped)))))
    for day in {day for one in past for day in _days(one)}:
        if is_in(day, text) and not LIKE_IT.search(text):
            place = text.find(day)
            start, end = context.clause((place, place + len(day)), text)
            if (topics(text[start:end]) & UNTOLD) - told:
                yield Claim("number", (place, place + len(day)), day, False, "that is not known of it", is_open=True)
    for found in AS_THEN.finditer(text):
        if _content(found["same"]) and not _is_told(found["same"], past):
            yield judged("state", found, False, "that is not told of it", is_open=True)


def _places(text: str, mentions: list[Found], past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """The regions of a clause that tells of it, one of which must be that where it was."""
    regions = [one for one in mentions if one.text in known.regions]
    for one in regions:
        start, end = context.clause(one.span, text)
        beside = {other.text for other in regions if start <= other.span[0] < end}
        is_of_it = any(is_in(day, text[start:end]) for it in past for day in _days(it)) or THEN.search(text[start:end])
        there = [bool(beside & {it.region}) for it in past]
        is_there = all(there) if EVERY.search(text[start:end]) else any(there)
        if is_of_it and not LIKE_IT.search(text[start:end]) and not is_there:
            yield Claim("state", one.span, one.text, holds=False, why="it was not there", is_open=True)


THEN = re.compile(r"\b(?:past|earlier|previous|prior|former|similar) incidents?\b", re.IGNORECASE)
EVERY = re.compile(r"\b(?:all|both|each|every)\b", re.IGNORECASE)
RANKED = re.compile(
    r"\b(?:(?P<last>most recent|latest|newest|last)|(?P<first>oldest|earliest|first)|(?P<longest>longest)"
    r"|(?P<shortest>shortest|briefest))\b[^,;.]{0,30}\bincidents?\b",
    re.IGNORECASE,
)


def _ranked(text: str, dated: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """ "The most recent similar incident was that of 18 November": of all that are listed, by date or length."""
    past = known.report.similar_incidents
    told = [one for one in dated if any(is_in(day, text) for day in _days(one))]
    for found in RANKED.finditer(text) if told else ():
        by_length = sorted((it for it in past if _lasted(it)), key=lambda it: _lasted(it)[0])
        by_time = sorted(past, key=lambda it: it.at)
        order = by_length if found["longest"] or found["shortest"] else by_time
        first = order[-1 if found["last"] or found["longest"] else 0] if order else None
        yield judged("state", found, first in told, "it was another one", is_open=True)


def _days(one: SimilarIncident) -> Iterator[str]:
    for month in (f"{one.at:%B}", f"{one.at:%b}"):
        yield from (f"{one.at.day} {month}", f"{month} {one.at.day}")


def _is_dated(one: SimilarIncident, text: str) -> bool:
    return any(is_in(day, text) for day in _days(one))


def _lasted(one: SimilarIncident) -> list[float]:
    found = [it.value for it in numerals.numbers(one.ended or "") if it.dimension == "seconds"]
    return [sum(found)] if found else []


def _is_told(how: str, past: list[SimilarIncident]) -> bool:
    """Whether what is known to have helped has one of its words; of which nothing is known, nothing is told."""
    said = _content(how)
    helped = [one for one in past if one.helped]
    return not said or any(said & _content(f"{one.helped} {one.title}") for one in helped)


def _is_what_helped(how: str, past: list[SimilarIncident], *, is_each: bool) -> bool:
    """Whether it shares a word with what is known to have helped; in "both were ended by …" in each of them."""
    said = {word[:4] for word in WORD.findall(how.lower()) if len(word) > 2 and word not in _FUNCTION}
    told = [
        {word[:4] for word in WORD.findall(f"{one.helped} {one.ended or ''}".lower())} for one in past if one.helped
    ]
    if is_each and len(past) > 1:
        return len(told) == len(past) and all(said & one for one in told)
    return not said or any(said & one for one in told)


_FUNCTION = frozenset(
    """
    the was were been had has again its his her that this these those then after when once and for with from into one
    them they itself while some all any not what which who where there
    """.split()  # noqa: SIM905 - read as prose
)


def _content(text: str) -> set[str]:
    """ "a rollback" and "rolled back" begin alike."""
    words = {word for word in WORD.findall(text.lower()) if len(word) > 2}
    return {word[:4] for word in words - _EMPTY if word not in common() or word in _TELLING}


_EMPTY = {"incident", "incidents", "that", "then", "similar"}
_TELLING = {"rollback", "rolled", "rolling", "restart", "restarted", "deployment", "database", "failover", "retry"}
