"""Whether a type of errors or a log line is new, was there before, or is gone, against how often it was counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from worker.agent.grounding.report import log, roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims, context
from worker.agent.grounding.text.claims import QUOTED, Claim, Found
from worker.agent.grounding.text.denials import DENIED


class Counted(NamedTuple):
    """How often in the window and before it; of which service."""

    service: str | None
    now: float
    before: float


_SEEN = r"(?:logged|seen|recorded|raised|reported|observed|found|thrown|known|noted|present|there|around|occurring)"
_BEFORE = (
    r"(?:before(?! (?:\d|its|that\b))|earlier(?! than)|previously|in (?:the|its|their) baseline|prior to|ahead of"
    r"|until then)"
)
SEEN_BEFORE = re.compile(
    r"\b(?:(?:had|has|have|was|were)(?: \w+ly)?(?: also| already| even| previously| long| not| never)*"
    rf" (?:been )?{_SEEN}"
    r"|(?:do|does|did) (?:not|never) (?:occur|appear|exist|happen|show up)"
    r"|(?:had|has) (?:\w+ )?been|used to (?:occur|appear|fail)"
    rf"|(?:had |has |have )?(?:also |already |previously )*(?:occurred|appeared|existed|happened))\b[^;.]{{0,40}}?"
    rf"\b{_BEFORE}|\bpredat(?:es?|ed) (?:the|this)\b"
    r"|\b(?:is|was) an? (?:old|familiar|well-known|regular) (?:acquaintance|friend|sight|guest)\b"
    r"|\b(?:is|was|are|were) (?:an? )?(?:old|usual|ordinary|familiar|long[- ]known|well-known|known|regular|common)"
    r" (?:errors?|failures?|types?|kinds?)\b",
    re.IGNORECASE,
)
NEW = re.compile(
    r"\b(?:is|are|was|were) (?:entirely |completely |all )?new\b(?! (?:version|release|deployment))"
    r"|\bappear(?:ed|s) for the first time\b|\bfirst (?:appeared|occurred|logged|seen) (?:in|within|during) the window"
    r"|\b(?:unseen|unknown) before\b",
    re.IGNORECASE,
)
NOT_NEW = re.compile(r"\b(?:is|was|are|were)(?: (?:nothing|not|hardly)|n['’]t) new\b", re.IGNORECASE)
# "It became rarer", "it is more frequent than before".
OFTENER = re.compile(
    r"\b(?:(?P<rarer>rarer|scarcer|sparser|(?:less|not so) (?:frequent|common|numerous|often)\w*)"
    r"|commoner|more (?:frequent|common|numerous|often)\w*)\b(?! than (?!before|usual|normal|in the|expected|earlier))"
    r"(?P<then> (?:before(?! \d)|earlier|usually|in the baseline))?",
    re.IGNORECASE,
)
# "As many PoolTimeout errors before the window as in it", "more of them in the window than before".
AS_MANY = re.compile(
    r"\b(?:(?P<more>more)|(?P<less>fewer|less)|as (?:many|often|frequently))\b(?! (?:as|than)\b)"
    rf"(?:(?!than\b)[^,;.]){{0,60}}? (?:as|than) (?:(?P<then>{_BEFORE}|usual(?:ly)?|ever|normal(?:ly)?)"
    r"|(?:in|during|within) (?:it|the window)|(?:after|since)\b(?= (?:it|that|then)?))\b",
    re.IGNORECASE,
)
NEVER = re.compile(r"\b(?:not|never)\b", re.IGNORECASE)
COUNTED = re.compile(r"\d|\b(?:once|twice|one|two|three|four|five|six|seven|eight|nine|ten|single)\b", re.IGNORECASE)


# What was logged before, and no more: "CarrierUnavailable no longer appears".
OF_THEN = re.compile(
    r"\b(?:baseline|before|previous\w*|usual\w*|normal\w*|earlier|no longer|disappear\w*|vanish\w*|gone|absent|missing"
    r"|used to|never|none|zero|instead|stopped|ceased|not|only|hardly|silent|without|once|rarer|0|expected)\b|n['’]t\b",
    re.IGNORECASE,
)


# "Checkout logged no PaymentDeclined in the window".
NO_SUCH = re.compile(
    r"\b(?:no|nor|neither|not a single|without any)(?: further)?"
    r"(?: (?:errors?|(?:log )?lines?|failures?) (?:of|with)(?: (?:the )?(?:type|kind))?)? $",
    re.IGNORECASE,
)
OF_BEFORE = re.compile(rf"\b(?:{_BEFORE}|before|usual\w*|normal\w*|baseline)\b", re.IGNORECASE)


def _present(text: str, span: tuple[int, int], counts: list[Counted]) -> Iterator[Claim]:
    """Whether it is in the window, of which a sentence tells where nothing says that it is of before."""
    is_there = any(one.now for one in counts)
    if NO_SUCH.search(text[: span[0]]):
        if not OF_BEFORE.search(text):
            yield Claim("direction", span, text[slice(*span)], not is_there, "it is in the window" if is_there else "")
    elif not is_there and not OF_THEN.search(text):
        yield Claim("name", span, text[slice(*span)], holds=False, why="it is not in the window")


def novelty(sentence: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "CertificateExpired had been logged before as well": only of what was counted before the window."""
    for span, counts in _spoken_of(sentence, mentions, known):
        start, _ = context.clause(span, sentence)
        seen = SEEN_BEFORE.search(sentence, start)
        if seen and not COUNTED.search(seen[0]):
            if not _is_denied(seen, start, sentence):
                yield _claim(seen, any(one.before > 0 for one in counts), "it was not there before")
            elif NEVER.search(seen[0]):
                yield _claim(seen, all(one.before == 0 for one in counts), "it was there before")
        if known_one := NOT_NEW.search(sentence, span[1]):
            yield _claim(known_one, any(one.before > 0 for one in counts), "it was not there before")
        if (new := NEW.search(sentence, span[1])) and not DENIED.search(sentence[span[1] : new.start()]):
            yield _claim(new, all(one.before == 0 and one.now > 0 for one in counts), "it was there before")
        yield from _not_once(sentence, span[1], counts)
        yield from _oftener(sentence, start, counts)
        yield from _gone(sentence, span[1], counts)
        yield from _present(sentence, span, counts) if counts else ()


# "The baseline already held 12 errors of that type".
HELD = re.compile(
    r"\bbaseline (?:already |also )*(?:held|had|contained|knew|shows?|showed) (?!no\b|none\b)", re.IGNORECASE
)
# "It appears 12 times during the window and not once before it", "… 51 times, before not once".
_NOT_AT_ALL = r"(?:not (?:once|at all|a single time)|never)"
NOT_ONCE = re.compile(
    rf"\b(?:and|but|yet)(?: it)? (?:{_NOT_AT_ALL}|not)(?: (?:was|is) (?:there|seen))?"
    rf" (?:{_BEFORE}|in (?:its|their|\S+['’]s?) baseline)\b"
    r"|(?:,|\band|\bbut) (?:in )?none (?:of|in|from) (?:the|its) baseline\b"
    rf"|(?:,|\band|\bbut) (?:before (?:it|that)|{_BEFORE}),? {_NOT_AT_ALL}\b",
    re.IGNORECASE,
)
# "… are PoolTimeout, a type that the baseline does not hold".
NONE_HELD = re.compile(
    r"\bbaseline (?:does|did)(?: not|n['’]t) (?:hold|contain|have|know|show)\b"
    r"|\bof an? (?:kind|type|sort) (?:that|which) (?:did|does)(?: not|n['’]t) (?:occur|appear|exist)\b"
    r"[^;.]{0,20}\bbefore\b",
    re.IGNORECASE,
)


# "There were none before": of what the sentence before told.
NONE_BEFORE = re.compile(
    rf"\W*(?:There (?:was|were|had been) (?:none|no such (?:lines?|errors?))|It (?:was|is) new|(?:Both|They) are new"
    rf"|None (?:did|was|were|had been|occurred)(?= {_BEFORE}\b))"
    rf"(?: (?:of (?:it|them|these|those)|at all))?(?: {_BEFORE}| in the hours before)?\b",
    re.IGNORECASE,
)


def none_before(text: str, known: Known) -> Iterator[Claim]:
    found = NONE_BEFORE.match(text)
    told = list(_spoken_of(known.previous, roster.mentions(known.previous, known), known)) if found else []
    if found and told:
        holds = all(one.before == 0 and one.now > 0 for _, counts in told for one in counts)
        yield _claim(found, holds, "it was there before")


def _not_once(text: str, start: int, counts: list[Counted]) -> Iterator[Claim]:
    if found := HELD.search(text) if counts else None:
        yield _claim(found, all(one.before > 0 for one in counts), "it was not there before")
    for words in (NONE_HELD, NOT_ONCE) if counts else ():
        if found := words.search(text, start):
            yield _claim(found, all(one.before == 0 and one.now > 0 for one in counts), "it was there before")


# "They do not occur in the window at all".
GONE = re.compile(
    r"\b(?:(?:do|does|did)(?: not|n['’]t) (?:occur|appear|exist|(?:show|turn|come) up)|no longer (?:occurs?|appears?)"
    r"|(?:is|are|was|were) (?:absent|missing|gone|not (?:seen|logged|found))|disappeared|vanished)\b"
    r"[^,;.]{0,40}? (?:in|within|during|from) (?:the window|it(?! \w))\b|(?<=: )none in the window\b"
    r"|(?<=and )(?:not|never) (?:in|within|during) (?:the window\b|it\b(?! \w))",
    re.IGNORECASE,
)
# "Each seen once in auth's baseline", "seen once each before".
SO_OFTEN = re.compile(
    r"\b(?:seen|logged|counted|recorded|found|there|occurr\w+|appear\w+) (?:only |just )?"
    r"(?P<many>once|twice)(?: each)?\b"
    rf"(?: {_BEFORE}\b|(?:(?!\b(?:and|but|not)\b)[^,;.]){{0,24}}?"
    r"\b(?:in|within|during) (?:(?:(?P<now>the window)|\S+ baseline)\b))",
    re.IGNORECASE,
)


# "It occurred during the window".
THERE = re.compile(
    r"\b(?:occurs?|occurred|appears?|appeared|(?:is|was|were) (?:seen|logged|found))(?: \w+)?"
    r" (?:in|within|during) (?:the window|it(?! \w))\b",
    re.IGNORECASE,
)


def _gone(text: str, start: int, counts: list[Counted]) -> Iterator[Claim]:
    """By how often each was counted then."""
    if found := GONE.search(text, start) if counts else None:
        yield _claim(found, not any(one.now for one in counts), "it is in the window")
    there = THERE.search(text, start) if counts else None
    if there and not DENIED.search(text[start : there.start()]):
        yield _claim(there, any(one.now for one in counts), "it is not in the window")
    for found in SO_OFTEN.finditer(text, start) if counts else ():
        many = 1 if found["many"].lower() == "once" else 2
        holds = any((one.now if found["now"] else one.before) == many for one in counts)
        yield _claim(found, holds, "it was another number of times")


def _oftener(text: str, start: int, counts: list[Counted]) -> Iterator[Claim]:
    """ "PoolTimeout became rarer", "it was commoner before"."""
    found = OFTENER.search(text, start)
    if found and counts and not DENIED.search(text[start : found.start()]):
        fell = [(one.now < one.before) != bool(found["then"]) for one in counts if one.now != one.before]
        holds = bool(fell) and all(it == bool(found["rarer"]) for it in fell)
        yield _claim(found, holds, "it is the other way round")
    found = AS_MANY.search(text, start)
    if counts and found and not DENIED.search(text[start : found.start()]):
        more = sum(one.now - one.before for one in counts) * (1 if found["then"] else -1)
        holds = more > 0 if found["more"] else more < 0 if found["less"] else more == 0
        yield _claim(found, holds, "it was logged more or less often")


def _is_denied(seen: re.Match[str], start: int, text: str) -> bool:
    begin, end = context.clause(seen.span(), text)
    return bool(DENIED.search(text[start : seen.end()]) or DENIED.search(text[begin:end]))


def _claim(found: re.Match[str], holds: bool, why: str) -> Claim:
    return Claim("direction", found.span(), found[0], holds, "" if holds else why)


def _spoken_of(text: str, mentions: list[Found], known: Known) -> Iterator[tuple[tuple[int, int], list[Counted]]]:
    """The types and the lines that it names, each with its counts in the services that it names."""
    services = {one.text for one in mentions} & known.services
    found: list[tuple[tuple[int, int], list[Counted]]] = []
    types, lines = list(_types(known)), list(_lines(known))
    named = [one for one in mentions if one.text in known.types and one.text not in known.services]
    found += [(one.span, [it for name, it in types if name == one.text]) for one in named]
    for quoted in QUOTED.finditer(text):
        said = claims.even(claims.quoted(quoted).rstrip("….,"))
        found.append((quoted.span(), [it for line, it in lines if said in claims.even(line)]))
    for span, counts in found:
        if near := [one for one in counts if one.service in services] or counts:
            yield span, near


def _types(known: Known) -> Iterator[tuple[str, Counted]]:
    for item in known.report.evidence:
        of = roster.subject_of(item.title, known).service
        for one in log.types(item.result):
            if "in_window" in one:
                yield str(one.get("name")), Counted(of, float(one["in_window"]), float(one.get("in_baseline") or 0))


def _lines(known: Known) -> Iterator[tuple[str, Counted]]:
    for one in log.patterns(known.report):
        if "within" in one:
            counted = Counted(one.get("service"), float(one["within"]), float(one.get("before") or 0))
            yield from ((str(one.get(key) or ""), counted) for key in ("text", "example"))
