"""What a sentence tells of a past incident: its cause, place and day, how long it took, what ended it, which it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.past import NOW, is_in, lasted, spelled
from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.report.roster import WORD
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import DATE, Claim, Found, judged, judged_at
from worker.domain.report import SimilarIncident

Incidents = list[SimilarIncident]


def remembered(sentence: str, text: str, mentions: list[Found], past: Incidents, known: Known) -> Iterator[Claim]:
    """`past`: those that the sentence can be about; `text` has blanks for what it quotes."""
    if not past:
        return
    yield from _caused(text, past)
    yield from _likened(sentence, text, past, known)
    yield from _helped(sentence, text, past, known)
    yield from _ongoing(text, past)
    yield from _lengths(sentence, text, past)
    yield from _placed(sentence, known)
    yield from _concerned(sentence, mentions, past, known)


def _meant(place: int, text: str, past: Incidents) -> Incidents:
    """The one that is named last before `place`, by its title or its day; else all that the sentence can be about."""
    named = [(text.rfind(name, 0, place), name, one) for one in past for name in (one.title, *spelled(one.at)) if name]
    named = [(begin, name, one) for begin, name, one in named if begin >= 0 and is_in(name, text[:place])]
    last = max((begin for begin, *_ in named), default=0)
    at_end = AT_END.search(text[:place])
    return [one for begin, _, one in named if begin == last] or (_at_end(at_end, past) if at_end else past)


# "The most recent of the past incidents ended after 2 h", "“Psp alpha slow” is the oldest of the past incidents".
AT_END = re.compile(
    r"\b(?:the )?(?:most )?(?:(?P<last>recent|last|latest|newest)|oldest|earliest|first|(?P<long>longest)"
    r"|(?P<short>shortest))(?: one)?(?: (?:of|among) (?:the|these|those|all)(?: \w+){0,2}"
    r"| (?:past|earlier|previous|prior|similar|known)) incidents?\b",
    re.IGNORECASE,
)
IS = re.compile(r"[”\"'’]?,?(?: (?:is|was|being|which|also|by far))* $", re.IGNORECASE)


def _at_end(found: re.Match[str], past: Incidents) -> Incidents:
    if found["long"] or found["short"]:
        past = [one for one in past if lasted(one)] or past
        return [(max if found["long"] else min)(past, key=lasted)]
    return [(max if found["last"] else min)(past, key=lambda one: one.at)]


def _placed(sentence: str, known: Known) -> Iterator[Claim]:
    past = known.report.similar_incidents
    for found in AT_END.finditer(sentence):
        for one in _titled(sentence[: found.start()], known):
            if IS.fullmatch(sentence[: found.start()].rpartition(one.title or "")[2]):
                yield judged("state", found, _at_end(found, past) == [one], "another one was")


# "It was caused by a power failure", "whose cause was a full disk".
CAUSED = re.compile(
    r"\b(?:caused by|due to|because of|triggered by|set off by|brought about by|traced (?:back )?to|blamed on"
    r"|put down to"
    r"|resulted from|stemmed from|goes back to|went back to"
    r"|(?<!kind of )(?:root )?cause\b[^,;.()]{0,60}? (?:was|is|had been|lay in))"
    r" (?P<what>[^,;.()]+)",
    re.IGNORECASE,
)
_ALIKE = (
    "service|services|region|error|errors|types?|words?|kinds?|signals?|hours?|times?|days?|dates?|month|year|rule|metric"
    "|cause|root|one|ones|way|place|name|names|trouble|symptoms?|team|thing"
)
SAME_CAUSE = re.compile(r"\b(?:the )?(?:same|identical|very same) (?:root )?cause\b", re.IGNORECASE)
# "It is the same job as in February", "the job is back": what people wrote is of then.
SAME_AGAIN = re.compile(
    rf"\bthe (?:very )?same (?!(?:{_ALIKE})\b)(?-i:[a-z]+)\b(?!-)"
    r"|\b(?:is|are|was) back(?! (?:to|at|within|on|in)\b)|\b(?:has|have) (?:returned(?! to)|come back|recurred)\b"
    r"|\b(?:happened|struck|hit|occurred|failed) again\b|\breappeared\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|nothing|nobody|never|none|neither|whether|unknown|how|if|perhaps|may|might)\b|n['’]t\b")
KIND = re.compile(r"\bsame kind of cause: (?P<kind>\w+)")


def _caused(text: str, past: Incidents) -> Iterator[Claim]:
    told = _told(past)
    for found in CAUSED.finditer(text):
        content = {one for one in _words(found["what"]) if one not in FUNCTION and len(one) > 2}
        if content and not NOW.search(text[: found.start()]) and not NOT.search(found[0]):
            holds = all({*vocabulary.forms(word)} & told for word in content)
            yield judged("cause", found, holds, "nobody wrote so")
    for words in () if NOT.search(text) else (SAME_CAUSE, SAME_AGAIN):
        for found in words.finditer(text):
            yield judged("cause", found, holds=False, otherwise="nobody wrote so", is_open=words is SAME_AGAIN)


def _told(past: Incidents) -> frozenset[str]:
    """What people wrote of them, and the kind of cause that the report names; why they are alike says nothing else."""
    kinds = [found["kind"] for one in past for found in KIND.finditer(one.why or "")]
    services = {word for one in past for word in _words(one.service or "")}
    words = {*_words(f"{_wrote(past)} {' '.join(kinds)}")} - services
    return frozenset(form for word in words for form in vocabulary.forms(word))


def _wrote(past: Incidents) -> str:
    return " ".join(filter(None, (text for one in past for text in (one.title, one.helped, one.ended))))


def _words(text: str) -> list[str]:
    return vocabulary.WORD.findall(text.lower())


FUNCTION = frozenset(
    """
    the its their his her that this these those then after when once and for with from into one another some own new
    been was were had has again them they itself while all any not what which who where there being service
    """.split()  # noqa: SIM905 - read as prose
)
THE_SAME = re.compile(
    r"\b(?:the same|this|that same|(?P<other>another|a different|some other))"
    r" (?P<what>region|service|error|kind of cause)\b",
    re.IGNORECASE,
)
SAME_DAY = re.compile(r"\bsame (?P<unit>day|date|month|year)\b", re.IGNORECASE)
IN_UNIT = {"day": "%Y-%m-%d", "date": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def _likened(sentence: str, text: str, past: Incidents, known: Known) -> Iterator[Claim]:
    """ "In the same region", "on the same day"."""
    for found in THE_SAME.finditer(text):
        what, own = found["what"].lower(), known.report
        shared = [f"same {what}" in one.why or (getattr(one, what, own) == getattr(own, what, "")) for one in past]
        holds = any(one != bool(found["other"]) for one in shared)
        yield judged("state", found, holds, "it was another one", is_open=True)
    for found in SAME_DAY.finditer(text):
        is_so = _is_same_day(found, _meant(found.start(), sentence, past), known)
        yield judged("state", found, is_so, "it was another")


def _is_same_day(found: re.Match[str], of: Incidents, known: Known) -> bool:
    """As the report's own, or all of them as each other."""
    unit = IN_UNIT[found["unit"].lower()]
    window, days = known.report.window, {f"{one.at:{unit}}" for one in of}
    return bool(days & {f"{window.start:{unit}}", f"{window.end:{unit}}"}) or (len(of) > 1 and len(days) == 1)


_ENDED = r"ended|resolved|fixed|mitigated|closed|cured|solved|remedied|stopped|helped|recovered|over"
_DID_HELP = r"helped|worked|(?:ended|fixed|solved|mended|cured|did) it"
# "It was ended by a rollback", "what helped in that incident was to roll back", "a restart helped".
HOW_ENDED = (
    re.compile(
        rf"\b(?:{_ENDED})\b(?: (?:\w+ly|then|again|at last))? "
        r"(?:by|with|through|thanks to|using|when|once|after|because of) (?P<how>[^,.;()]+)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bwhat (?:{_DID_HELP})\b(?:(?! is | was )[^,;.]){{0,80}}? (?:is|was)(?: to)? "
        r"(?!noted|told|recorded|given|described|written|quoted|unknown|on record|not\b)(?P<how>[^,.;()]*\w[^,.;()]*)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:^\W*|[,:;] (?:and )?|\b(?:then|that) )"
        r"(?P<how>(?:an?|the|\w+ing) (?:(?!\bwhat\b|\bnotes?\b)[^,;.:]){3,60}?)"
        rf" (?:had |has |have )?(?:{_DID_HELP})\b",
        re.IGNORECASE,
    ),
)
A_WHILE = re.compile(r"(?:about |only |just |roughly |some )?(?:\d|an? (?:few )?(?:hour|minute)|half an hour|one hour)")
# "What helped then is not recorded".
UNTOLD = re.compile(
    rf"\b(?:what (?:{_DID_HELP}|was done)|the remedy|how it was (?:ended|solved|fixed))\b(?: [a-z]+){{0,4}}?"
    r" (?:(?:is|was) unknown|(?:is|was|has)(?: not|n['’]t) (?:been )?"
    r"(?:recorded|noted|told|known|given|described|written|on record|on file))\b",
    re.IGNORECASE,
)


# "Lowering the pool size to 10 helped", where it was raised.
OPPOSITES = (
    (
        r"rais(?:ed?|es|ing)|increas\w+|enlarg\w+|lengthen\w*|extend\w*|widen\w*",
        r"lower(?:ed|s|ing)?|reduc\w+|decreas\w+|shrink\w*|shrank|shorten\w*|narrow\w*|halv\w+",
    ),
    (r"enabl\w+|(?:switch|turn)\w* (?:\w+ ){0,3}?on", r"disabl\w+|(?:switch|turn)\w* (?:\w+ ){0,3}?off"),
    (r"roll\w* (?:\w+ ){0,3}?back|rollback|revert\w*", r"roll\w* (?:\w+ ){0,3}?(?:out|forward)|upgrad\w+"),
    (r"add(?:ed|ing|s)?", r"remov\w+|delet\w+"),
)
TURNED = tuple(re.compile(rf"\b(?:(?P<one>{one})|(?P<other>{other}))\b", re.IGNORECASE) for one, other in OPPOSITES)


def _helped(sentence: str, text: str, past: Incidents, known: Known) -> Iterator[Claim]:
    for found in (one for words in HOW_ENDED for one in words.finditer(text)):
        if not A_WHILE.match(found["how"]):
            holds = _is_what_helped(found["how"], _meant(found.start(), sentence, past))
            yield judged("state", found, holds, "that is not what helped", is_open=True)
    for words in TURNED:
        said, told = ({it.lastgroup for it in words.finditer(one)} for one in (text, _wrote(past)))
        if len(said) == len(told) == 1 and said != told and (turned := words.search(text)):
            yield judged("state", turned, holds=False, otherwise="it was the contrary")
    for found in UNTOLD.finditer(text):
        yield judged("state", found, not any(one.helped for one in known.spoken.past or past), "it is told")


def _is_what_helped(how: str, past: Incidents) -> bool:
    """Whether it shares a word with what is known to have helped."""
    said = {word[:4] for word in WORD.findall(how.lower()) if len(word) > 2 and word not in FUNCTION}
    told = [
        {word[:4] for word in WORD.findall(f"{one.helped} {one.ended or ''}".lower())} for one in past if one.helped
    ]
    return not said or any(said & one for one in told)


# "“Psp alpha slow” is still open": of one that has ended; and nobody told what was done of it this time.
ONGOING = re.compile(
    r"\b(?:is|are|remains?|stays?|stands?)(?: still| yet| currently| now)* (?:open|ongoing|active|under way|unresolved"
    r"|unsolved|going on|(?:not|far from) (?:yet )?(?:over|closed|resolved|solved|ended|fixed))\b"
    r"|\b(?:has|have) (?:still )?(?:not|never) (?:yet )?(?:ended|been (?:closed|resolved|solved|fixed))\b"
    r"|\b(?:was|were) never (?:closed|resolved|solved|fixed)\b|\b(?:continues|lasts|persists|goes on|going on)\b",
    re.IGNORECASE,
)
UNENDED = ("open", "active", "ongoing", "in progress", "investigating", "new")


def _ongoing(text: str, past: Incidents) -> Iterator[Claim]:
    for found in ONGOING.finditer(text):
        holds = any(not one.ended and (one.status or "").lower() in UNENDED for one in past)
        yield judged("state", found, holds, "it has ended", is_open=not any(one.ended for one in past))


# "Ended after", "was resolved within", "lasted".
SO_LONG = re.compile(
    r"\b(?:(?:ended|over|resolved|closed|fixed|solved|mitigated|done|open|stopped)\b(?: \w+ly)? (?:after|within|in|for)"
    r"|lasted(?: for)?|took)(?: about| only| just| roughly| some)* $",
    re.IGNORECASE,
)


def _lengths(sentence: str, text: str, past: Incidents) -> Iterator[Claim]:
    for one in numerals.numbers(text):
        if one.dimension == "seconds" and SO_LONG.search(text[: one.span[0]]):
            of = _meant(one.span[0], sentence, past)
            told = [seconds for it in of for seconds in lasted(it)]
            if not any(one.low <= seconds <= one.high for seconds in told):
                yield judged_at("number", one.span, text, False, "it lasted otherwise", is_open=not told)


def _titled(text: str, known: Known) -> Incidents:
    return [one for one in known.report.similar_incidents if one.title and one.title in text]


CONCERNED = re.compile(
    r"\b(?:concern(?:s|ed)|affect(?:s|ed)|hit|struck|involved|was (?:about|(?:an? incident )?(?:of|in|on|at))"
    r"|(?:occurred|happened) (?:in|on"
    r"|at|to)"
    r"|took place (?:in|at|on))(?: also| only| the| service)* $",
    re.IGNORECASE,
)
# "In the past incident “catalog slow”, the service ledger was in trouble".
IN_TROUBLE = re.compile(
    r" (?:was|were|had been) (?:in trouble|affected|hit|failing|slow|down|broken|struck|concerned|involved|the one)\b"
)


def _concerned(sentence: str, mentions: list[Found], past: Incidents, known: Known) -> Iterator[Claim]:
    """The service or region right behind such a verb, where the incident is its subject."""
    for one in (one for one in mentions if one.text in known.services | known.regions):
        found = CONCERNED.search(sentence[: one.span[0]]) or IN_TROUBLE.match(sentence, one.span[1])
        of = _meant(found.start(), sentence, past) if found else []
        if found and not NOW.search(_since(found.start(), sentence, of)):
            holds = one.text in {place for it in of for place in (it.service, it.region)}
            yield judged_at("state", (found.start(), one.span[1]), sentence, holds, "it was of another")


def _since(place: int, text: str, of: Incidents) -> str:
    """What stands between the name of the incident and `place`."""
    ends = [text.rfind(name, 0, place) for one in of for name in (one.title, *spelled(one.at)) if name]
    return text[max([0, *ends]) : place]


NOT_ITS = re.compile(r"\b(?:after|before|since|than|unlike|later|earlier|that of|like|as on|and)\b|;", re.IGNORECASE)
# "… was on 2026-02-16": its own day, also where that is the alert's.
HAPPENED = re.compile(r"\b(?:was|happened|occurred|took place)(?: \w+)? on $")


def titled(sentence: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "“Psp alpha slow” took place on 18 November": the only date beside the only title is its own."""
    told = _titled(sentence, known)
    dates = [one for one in DATE.finditer(sentence) if not one["weekday"]]
    if len(told) != 1 or len(dates) != 1:
        return
    begin, window, day = sentence.index(told[0].title), known.report.window, dates[0]
    apart = sentence[min(day.end(), begin + len(told[0].title)) : max(day.start(), begin)]
    is_own = any(is_in(it, day[0]) for at in (window.start, window.end) for it in spelled(at))
    if not NOT_ITS.search(apart) and (not is_own or HAPPENED.search(apart)):
        yield judged("time", day, any(is_in(it, day[0]) for it in spelled(told[0].at)), "it was on another day")


_NTH = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# "It is the third time this month that checkout hangs", "the second outage today".
NTH = re.compile(
    rf"\b(?:(?P<nth>{'|'.join(_NTH)}|umpteenth|nth)"
    r"(?: (?:such|similar|major|consecutive|\w+ed))?"
    r" (?:time|incident|outage|failure|alert|occurrence|occasion|crash|breakdown|disruption|spike|surge)"
    r"|(?<=[a-z] )(?:failed|broken|crashed|been down|gone down) "
    r"(?:twice|(?:three|four|five|several|many) times)(?: already| before| so far)?)\b"
    r"(?! (?:out )?of (?:the|these|those|all)\b)",
    re.IGNORECASE,
)
PERIOD = re.compile(
    r"\b(?:this|last|in (?:an?|one|two|three|the|\w+ber)|within|today|since|already)\b|\bin [A-Z]\w+", re.IGNORECASE
)


def repeated(text: str, known: Known) -> Iterator[Claim]:
    """Nobody counted how often it has happened, but those that are alike, of whatever time."""
    past = [one for one in known.report.similar_incidents if one.service == known.report.service]
    for found in NTH.finditer(text):
        place = _NTH.index(found["nth"].lower()) + 1 if (found["nth"] or "").lower() in _NTH else 0
        holds = place == len(past) > 0 and not PERIOD.search(text, found.start())
        yield judged("number", found, holds, "nobody counted them", is_open=True)
