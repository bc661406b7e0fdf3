"""What past incidents were caused by, how many are of whom, and which was the last, the longest or the likest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.past import NOW, is_in, spelled
from worker.agent.grounding.checks.placing import PLACED, at_end, length
from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import quantifiers
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.domain.report import SimilarIncident

# "It was caused by a power failure", "whose cause was a full disk", "the same cause as now".
CAUSED = re.compile(
    r"\b(?:caused by|due to|because of|triggered by|set off by|brought about by|traced (?:back )?to|blamed on"
    r"|put down to"
    r"|resulted from|stemmed from|goes back to|went back to"
    r"|(?<!kind of )(?:root )?cause\b[^,;.()]{0,60}? (?:was|is|had been|lay in))"
    r" (?P<what>[^,;.()]+)",
    re.IGNORECASE,
)
SAME_CAUSE = re.compile(r"\b(?:the )?(?:same|identical|very same) (?:root )?cause\b", re.IGNORECASE)
_ALIKE = (
    "service|services|region|error|errors|types?|words?|kinds?|signals?|hours?|times?|days?|dates?|month|year|rule|metric"
    "|cause|root|one|ones|way|place|name|names|trouble|symptoms?|team|thing"
)
# "It is the same job as in February", "the job is back": what people wrote is of then.
SAME_AGAIN = re.compile(
    rf"\bthe (?:very )?same (?!(?:{_ALIKE})\b)(?-i:[a-z]+)\b(?!-)"
    r"|\b(?:is|are|was) back(?! (?:to|at|within|on|in)\b)|\b(?:has|have) (?:returned(?! to)|come back|recurred)\b"
    r"|\b(?:happened|struck|hit|occurred|failed) again\b|\breappeared\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|nothing|nobody|never|none|neither|whether|unknown|how|if|perhaps|may|might)\b|n['’]t\b")
KIND = re.compile(r"\bsame kind of cause: (?P<kind>\w+)")


def precedents(sentence: str, text: str, past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """`past`: those that the sentence can be about; `text` has blanks for what it quotes."""
    if not past:
        return
    told = _told(past)
    for found in CAUSED.finditer(text):
        content = _content(found["what"])
        is_of_then = not NOW.search(text[: found.start()]) and not NOT.search(found[0])
        if content and is_of_then:
            holds = all({*vocabulary.forms(word)} & told for word in content)
            yield judged("cause", found, holds, "nobody wrote so")
    for found in SAME_CAUSE.finditer(text):
        if not NOT.search(text):
            yield judged("cause", found, holds=False, otherwise="nobody wrote so")
    for found in SAME_AGAIN.finditer(text):
        if not NOT.search(text):
            yield judged("cause", found, holds=False, otherwise="nobody wrote so", is_open=True)
    yield from _longer(sentence, known)


def _told(past: list[SimilarIncident]) -> frozenset[str]:
    """What people wrote of them, and the kind of cause that the report names; why they are alike says nothing else."""
    kinds = [found["kind"] for one in past for found in KIND.finditer(one.why or "")]
    wrote = " ".join(filter(None, (text for one in past for text in (one.title, one.helped, one.ended))))
    services = {word for one in past for word in _words(one.service or "")}
    words = {*_words(f"{wrote} {' '.join(kinds)}")} - services
    return frozenset(form for word in words for form in vocabulary.forms(word))


def _words(text: str) -> list[str]:
    return vocabulary.WORD.findall(text.lower())


def _content(what: str) -> set[str]:
    return {word for word in _words(what) if word not in FUNCTION and len(word) > 2}


_FUNCTION = "the its their that this another one some own new and with been which service itself"
FUNCTION = frozenset(_FUNCTION.split(" "))


_MANY = r"(?P<many>all(?: of)?|both|each(?: of)?|every|none|no|one|two|three|four|five|six|seven|eight|nine|ten|\d+)"
# "Two of the past incidents concern ledger", "three past incidents are of ledger".
SO_MANY = re.compile(
    rf"\b{_MANY} (?:(?:of )?(?:the|these|those) )?(?:\w+ ){{0,2}}?(?:past|earlier|previous|prior|similar|known|listed)"
    r" incidents?\b(?! (?:is|are|was|were) (?:similar|alike|like))(?P<between>[^,;.()]{0,24}?)"
    r" (?:concern(?:s|ed)?|affect(?:s|ed)?|hit|involved?|of|in|at|from)(?: the)? $",
    re.IGNORECASE,
)


def counted(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of the service or the region that they are said to be of."""
    past = known.report.similar_incidents
    for one in mentions if past else ():
        found = SO_MANY.search(text[: one.span[0]]) if one.text in known.services | known.regions else None
        if found and not NOT.search(found["between"]):
            many = sum(one.text in (it.service, it.region) for it in past)
            yield judged("number", found, _is_so_many(found["many"].lower(), many, len(past)), "it is another number")


def _is_so_many(word: str, many: int, every: int) -> bool:
    if word in ("none", "no"):
        return many == 0
    if word.startswith(("all", "each", "every", "both")):
        return many == every and (word != "both" or every == len(("one", "other")))
    count = int(word) if word.isdigit() else quantifiers.SMALL.index(word) + 1
    return many >= 1 if count == 1 else many == count


# "… was on 2026-02-16".
HAPPENED = re.compile(
    r"\b(?:was|happened|occurred|took place)(?: \w+)? on (?:\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]+(?: \d{4})?)"
)


def dated(sentence: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """The one incident that is named happened on its day."""
    titled = [one for one in known.report.similar_incidents if one.title and one.title in sentence]
    found = HAPPENED.search(sentence, sentence.index(titled[0].title)) if len(titled) == 1 else None
    if found:
        holds = any(is_in(one, found[0]) for one in spelled(titled[0].at))
        yield judged("time", found, holds, "it was on another day")


# "“Psp alpha slow” is the oldest of the past incidents": between the two nothing else is told.
IS = re.compile(r"[”\"'’]?,?(?: (?:is|was|being|which|also|by far))* ?(?:the )?", re.IGNORECASE)


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


def placed(sentence: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    past = known.report.similar_incidents
    for found in PLACED.finditer(sentence) if past else ():
        for one in (it for it in past if it.title and it.title in sentence[: found.start()]):
            between = sentence[sentence.rindex(one.title, 0, found.start()) + len(one.title) : found.start()]
            if IS.fullmatch(between):
                yield judged("state", found, at_end(found["which"].lower(), past) == one, "another one was")


THAN = re.compile(
    r"\b(?:lasted|took|went on|was)(?: \w+)? (?:(?P<more>longer)|shorter|less long)(?: \w+)? than\b", re.IGNORECASE
)


def _longer(sentence: str, known: Known) -> Iterator[Claim]:
    """ "“A” lasted longer than “B”": of the two whose titles stand around it."""
    for found in THAN.finditer(sentence):
        titled = [one for one in known.report.similar_incidents if one.title]
        one, other = (
            [it for it in titled if it.title in part] for part in (sentence[: found.start()], sentence[found.end() :])
        )
        if len(one) == len(other) == 1 and length(one[0]) and length(other[0]):
            holds = (length(one[0]) > length(other[0])) == bool(found["more"])
            yield judged("state", found, holds, "it is the other way round")
