"""When signals are said to have begun: against each other, the window and the alert; what the usual value rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context, quantifiers
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.denials import DENIED, LEFT_OPEN
from worker.agent.grounding.text.topics import SIGNALS, topics

_BEGAN = (
    r"rose|rising|risen|climb\w*|beg[aiu]n\w*|start\w*|fell|falling|fail\w*|deviat\w*|increas\w+|jump\w*|grew|grow\w*"
    r"|elevated|up|slow\w*|there"
)
# "At 09:43 UTC, before the window began".
BEFORE_WINDOW = re.compile(
    r"\b(?P<at>\d?\d:\d\d)(?: UTC)?,? (?:still |even |that is,? )?before the (?:\w+['’]s )?window\b"
    r"(?!(?: of [\w-]+)? (?:ended|closed|was over))",
    re.IGNORECASE,
)
_LONG = r"\d(?=\d* (?:seconds?|minutes?|hours?|min)\b)"
# "The alert was raised before ledger began to deviate", "it began only after the alert".
AGAINST_ALERT = re.compile(
    rf"\b(?:alert|alarm)\b(?:(?! for )(?:[^,;.\d]|{_LONG})){{0,40}}?"
    r"\b(?:(?P<early>before|ahead of|prior to|earlier than|preced(?:ed|es|ing)(?! by\b))"
    rf"|after|later than) (?=[^;.]*\b(?:{_BEGAN}|onset)\b)"
    rf"|\b(?:{_BEGAN}|onset)\b(?:[^,;.\d]|{_LONG}){{0,40}}?"
    r"\b(?:(?P<late>after|later than)|before|ahead of|prior to|earlier than|preced(?:ed|es)(?! by\b))"
    r" (?:the |this )?(?:alert|alarm)\b",
    re.IGNORECASE,
)
# "… which had already been failing the evening before", "it has been slow since yesterday".
_DAY = r"mornings?|afternoons?|evenings?|nights?|days?|weeks?|months?"
DAYS_EARLIER = re.compile(
    rf"\b(?:had|has|have|was|were|already)\b[^,;.\d]{{0,40}}?\b(?:{_BEGAN}|broken|unhealthy|down)\b[^,;.\d]{{0,30}}?"
    r"\b(?:yesterday|for (?:days|weeks|months)"
    rf"|(?:{_DAY}) (?:before|earlier|ago)|(?:previous|preceding|last) (?:\w+ )?(?:{_DAY}))\b",
    re.IGNORECASE,
)
OF_CHANGES = re.compile(
    r"\b(?:deploy\w*|release[ds]?|rollout|rollback|change[ds]?|version|flag|instances?|onset|alert|window)\b",
    re.IGNORECASE,
)


def beginnings(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Against the window, the days before it, and the alert."""
    for found in BEFORE_WINDOW.finditer(text):
        is_earlier = found["at"].zfill(5) < f"{known.report.window.start:%H:%M}"
        yield judged("cause", found, is_earlier, "that is in the window")
    yield from _days_earlier(text, mentions, known)
    yield from _against_alert(text, mentions, known)


# "Retries of payments began at 09:49 UTC. Ledger began to fail only after that".
AFTER_THAT = re.compile(r"\b(?:after|later than) that\b", re.IGNORECASE)
A_CLOCK = re.compile(r"\b[012]?\d:[0-5]\d\b")


def after_that(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Behind the time that the sentence before told last."""
    found, told = AFTER_THAT.search(text), A_CLOCK.findall(known.previous)
    begun = _onsets(text, mentions, known) if found and told and not A_CLOCK.search(text) else []
    if found and begun and {one.text for one in mentions} & known.services:
        is_so = f"{min(begun):%H:%M}" > told[-1].zfill(5)
        yield judged("cause", found, is_so, "it was the other way round")


# "The window of this incident lies on 14 September 2026".
WINDOW_ON = re.compile(
    r"\bwindow\b[^,;.]{0,40}? (?:lies|lay|is|was|falls|fell) on (?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2})[a-z]*"
)


def window_day(text: str, known: Known) -> Iterator[Claim]:
    window = known.report.window
    days = {f"{one.day} {one:%b}" for one in (window.start, window.end)}
    for found in WINDOW_ON.finditer(text):
        yield judged("time", found, f"{int(found['day'])} {found['month']}" in days, "it is of another day")


def _days_earlier(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of another day than that of the window: only with an onset, or a past incident, that was so early."""
    start = known.report.window.start
    for found in DAYS_EARLIER.finditer(text):
        said = text[context.clause(found.span(), text)[0] : found.end()]
        if DENIED.search(said) or OF_CHANGES.search(said):
            continue
        reach = timedelta(days=31 if re.search(r"week|month", found[0]) else 2)
        seen = [one.at for one in known.report.similar_incidents if start - one.at <= reach] if known.past else []
        seen += [one for one in _onsets(said, mentions, known) if start - one > timedelta(hours=6)]
        yield judged("cause", found, bool(seen), "nothing shows that it began so early")


def _against_alert(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in AGAINST_ALERT.finditer(text):
        said = text[slice(*context.part(found.span(), text))]
        if (begun := _onsets(said, mentions, known)) and not re.search(r"\b(?:not|no|nothing)\b", said):
            is_later = min(begun) > known.report.alert.date
            yield judged(
                "cause", found, is_later == bool(found["early"] or found["late"]), "it was the other way round"
            )


def _onsets(said: str, mentions: list[Found], known: Known) -> list[datetime]:
    """Of the signals that it speaks of, or of any, in the services that it names, else in the alerted one."""
    services = {one.text for one in mentions if one.text.lower() in said.lower()} & known.services
    return _begun(topics(said) & {*SIGNALS}, services or {known.report.service or ""}, known)


def _begun(signals: frozenset[str], services: set[str], known: Known) -> list[datetime]:
    onsets = [one for one in known.moments if one.kind == "onset" and (one.of or "") in services]
    return [one.at for one in onsets if not signals or one.signal in signals]


_MANY = r"(?:an?|one|single|\d+|two|three|four|five|six|seven|several|many|some|multiple|(?:dozens|weeks|months) of)"
_EARLIER = r"(?:earlier|previous|prior|past|last|preceding)"
_EARLIER_DAY = (
    rf"(?:{_MANY} )?(?:{_EARLIER} (?:\w+ )?days?\b"
    r"|days? before\b(?! (?:(?:the|a) (?!alert|onset|window)|it |you |\w+ing)))"
)
BASELINE = re.compile(
    r"\b(?:usual|baseline|compar\w+|expected|normal)\b[^;.]*?"
    rf"(?:(?P<day>\b{_EARLIER_DAY})|(?P<hours>\b(?:hours before|preceding hours|previous hours)\b)"
    r"|(?P<long>(?<=of )(?:weeks|months|years)\b|\b(?:weeks|months?|years?) of (?:data|history|records|days)\b))",
    re.IGNORECASE,
)
DAYS = re.compile(r"(?P<many>\d+) earlier days?\b")


def _are_so_many(told: str | None, known: Known) -> bool:
    """ "Several earlier days": as many as the headline has; without a number any."""
    found = DAYS.search(known.report.headline)
    many, word = int(found["many"]) if found else 0, (told or "").lower()
    if not word:
        return many > 0
    count = int(word) if word.isdigit() else {"a": 1, "an": 1, "single": 1}.get(word) or _in_words(word)
    return many == count


def _in_words(word: str) -> int:
    return quantifiers.SMALL.index(word) + 1 if word in quantifiers.SMALL else 0


def baselines(text: str, known: Known) -> Iterator[Claim]:
    """ "Usual at this hour (1 earlier day)", or "by the hours before": as the headline says."""
    by_day, by_hours = (mark in known.report.headline for mark in ("earlier day", "by the hours before"))
    for found in BASELINE.finditer(text) if by_day != by_hours else ():
        group = next(name for name in ("day", "hours", "long") if found[name])
        many = re.search(rf"\b{_MANY}\b", found["day"] or "", re.IGNORECASE)
        so_many = by_day and _are_so_many(many[0] if many else None, known)
        holds = {"day": so_many, "hours": by_hours, "long": False}[group]
        yield Claim("state", found.span(group), found[group], holds, "" if holds else "it is of another time")


# "Traffic rose only after the errors had begun".
ORDERED = re.compile(
    r"\b(?P<earlier>before|ahead of|earlier than|prior to|followed by|preced(?:ed|es|ing))\b(?! (?:usual|that\b|\d))"
    r"|\b(?P<later>after|later than)\b(?! (?:that\b|\d))"
    r"|\bfirst\b(?P<first>[^;.]{0,24}?\b(?:and|with|then|while|before|only|afterwards)\b"
    r"|, (?=[^,;.]{0,30} (?:followed|follows|later|afterwards|came after)\b))",
    re.IGNORECASE,
)


def sequences(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of two signals of one service: where both have an onset, as these were."""
    for found in ORDERED.finditer(text):
        if re.match(r"\s*(?:[,;:).]|$)", text[found.end() :]):
            # "… were errors before, with the latency rising".
            continue
        left, right = _left(text[: found.start()]), re.split(r"[;.]|, (?!and|with)", text[found.end() :])[0]
        if OF_CHANGES.search(left) or OF_CHANGES.search(right) or LEFT_OPEN.search(f"{left} {right}"):
            continue
        one, other = _signal(left) or _signal(text[: found.start()]), _signal(right)
        if not one or not other or one == other:
            continue
        behind = {it.text for it in mentions if it.span[0] >= found.end()} & known.services
        before = {it.text for it in mentions if it.span[1] <= found.start()} & known.services
        before = before or behind or {known.report.service or ""}
        begun = min(_begun(one, before, known), default=None)
        then = min(_begun(other, behind or before, known), default=None)
        if found["later"]:
            begun, then = then, begun
        is_open = begun is None or then is None
        holds = begun is not None and then is not None and begun < then
        why = "" if holds else "nothing shows that order" if is_open else "it was the other way round"
        yield Claim("cause", found.span(), found[0], holds, why, is_open)


def _left(text: str) -> str:
    return re.split(r"[;.]|, (?:and|but|while|whereas)?", text)[-1]


def _signal(text: str) -> frozenset[str]:
    """The one signal that a part speaks of; of failing requests it is the errors."""
    found = topics(text) & {*SIGNALS}
    return found if len(found) == 1 else frozenset()
