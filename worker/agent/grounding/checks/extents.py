"""How far a thing goes: most of whose requests, down to nearly nothing, past a threshold, into which regions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.movements import went
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context, numerals
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics

OF_THESE = re.compile(
    r"\b(?P<many>nearly all|almost all|all|most|the majority|the bulk|(?:about |nearly )?half|hardly any|none) of "
    r"(?:these|them|its requests|their requests|the requests|those)(?: requests)? (?:are|were) "
    r"(?P<what>retries|errors|failures)\b"
    r"|\b(?P<no>no) (?:single )?(?:sampled )?(?:requests?|(?:log )?lines?)(?: (?:of|in|from) [^,;.]{2,40}?)?"
    r" (?:is|was|are|were) (?:an? )?(?P<that>retr(?:y|ies)|errors?|failures?)\b",
    re.IGNORECASE,
)
# From which share of all on, and up to which, it is told so.
SHARES = {
    "nearly all": (0.85, 1.0),
    "almost all": (0.85, 1.0),
    "all": (0.98, 1.0),
    "most": (0.5, 1.0),
    "the majority": (0.5, 1.0),
    "the bulk": (0.5, 1.0),
    "hardly any": (0.0, 0.1),
    "none": (0.0, 0.005),
}
HALF = (0.4, 0.6)
A_FEW = re.compile(
    r"\b(?:only )?(?:a (?:very )?(?:small|tiny) (?:part|share|fraction|number|minority)|few|a (?:small )?minority"
    r"|a handful|a fraction) of (?:its|the|their|\S+['’]s?) (?:requests|calls) (?:fail|failed|are failing|were lost)\b",
    re.IGNORECASE,
)
FEW = 0.25
# "Fails for every address".
FOR_ALL = re.compile(
    r"\b(?:fails?|failed|failing) (?:for|on|with) (?:every|all|each) (?:single )?"
    r"(?:of (?:its|the) )?[a-z]+",
    re.IGNORECASE,
)
TO_NOTHING = re.compile(
    r"\b(?:to|at|of) (?:nearly|almost|practically|virtually|close to|next to) (?:zero|nothing|none)\b", re.IGNORECASE
)
BUDGET = re.compile(r"\b(?:error budget|SLOs?|service level objectives?)\b(?! (?:is|was|are) not)", re.IGNORECASE)
NOT_REACHED = re.compile(
    r"\bthreshold\b(?:[^,;.]|\.\d){0,24}\b(?:not|never) (?:\w+ )?(?:reached|exceeded|crossed|met|passed|breached)\b"
    r"|\b(?:stay(?:ed|s)|remain(?:ed|s)|kept|is|was) (?:\w+ )?(?:below|under) (?:the|its) (?:\w+['’]s )?threshold\b",
    re.IGNORECASE,
)
A_SEVERITY = re.compile(r"\b(?:severity|low|medium|high|critical)\b", re.IGNORECASE)
FIRED_AT = re.compile(
    r"\b(?:alert|rule|alarm)\b[^,;.]{0,20}\b(?:fired|triggered|went off|raised)\b[^,;.\d]{0,12} (?:at|with|on) "
    r"(?P<what>an? (?:[\w-]+ ){1,4}of )(?=\d)",
    re.IGNORECASE,
)
WATCHES = re.compile(
    r"\b(?:rule|alert)\b[^,;.]{0,12} (?:fires?|fired|triggers?|triggered|is triggered) "
    r"(?:when|if|whenever|as soon as) (?P<what>[^,;.]{3,30}?) "
    r"(?:exceeds?|exceeded|is above|was above|is greater|rises? above|is more)\b",
    re.IGNORECASE,
)
FOR_MORE = re.compile(r"\bfor (?P<more>more|additional|fewer) (?:requests|traffic|demand|load)\b", re.IGNORECASE)
SHARED = re.compile(
    r"\b(?:split|shared|divided|spread|distributed) (?:\w+ )?(?:between|among|over|across|by)\b[^,;.]*", re.IGNORECASE
)


def extents(text: str, sentence: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    yield from _parts(text, mentions, known)
    yield from _literals(sentence, known)
    yield from _thresholds(text, known)
    yield from _regions(text, mentions, known)
    for found in BUDGET.finditer(text):
        yield judged("state", found, known.report.impact.users.slo is not None, "none is known", is_open=True)
    for found in FOR_MORE.finditer(text):
        levels = [one for one in _levels(found, text, mentions, known) if one.signal == "traffic"]
        wanted = -1 if found["more"].lower() == "fewer" else 1
        if levels:
            yield judged("direction", found, any(went(one) == wanted for one in levels), "they did not change so")


def _levels(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> list[Level]:
    subjects = owners.subjects_or_scope(found.span(), text, mentions, known) or [known.scope]
    return [one for one in known.levels if any(owners.is_of(one.subject, subject) for subject in subjects)]


def _parts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Nearly all of these are retries": by the share that was measured."""
    for found in OF_THESE.finditer(text):
        signal = "retries" if (found["what"] or found["that"]).lower().startswith("retr") else "errors"
        shares = [one.actual for one in _levels(found, text, mentions, known) if one.signal == signal]
        low, high = SHARES.get((found["many"] or "none").lower(), HALF)
        holds = any(low <= one <= high for one in shares)
        yield judged("number", found, holds, "it is another share", is_open=not shares)
    for found in A_FEW.finditer(text):
        shares = [one.actual for one in _levels(found, text, mentions, known) if one.signal == "errors"]
        if shares:
            yield judged("number", found, any(one <= FEW for one in shares), "it is a larger share")
    for found in FOR_ALL.finditer(text):
        shares = [one.actual for one in _levels(found, text, mentions, known) if one.signal == "errors"]
        if shares and not DENIED.search(text[: found.start()]):
            yield judged("number", found, any(one >= SHARES["all"][0] for one in shares), "not for all")
    for found in TO_NOTHING.finditer(text):
        start, end = context.clause(found.span(), text)
        told = topics(text[start:end]) & {*SIGNALS}
        levels = _levels(found, text, mentions, known)
        those = [one for one in levels if one.signal in told or _is_named(one, text[start:end])]
        if those:
            holds = any(abs(one.actual) <= 0.1 * abs(one.expected) for one in those)
            yield judged("number", found, holds, "there is more of it")


def _is_named(one: Level, text: str) -> bool:
    return bool({*re.findall(r"[a-z]{4,}", one.metric)} & {*re.findall(r"[a-z]{4,}", text.lower())})


ALL_OR_ONLY = re.compile(r"\b(?:all|every|each|only|just|solely|exclusively|alone)\b", re.IGNORECASE)
LITERAL = re.compile(r"['\"“`](?P<quoted>[^'\"”`]{2,24})['\"”`]|\b(?P<code>[A-Z]{2,}-\d+)\b")


def _literals(text: str, known: Known) -> Iterator[Claim]:
    """ "Only the tariff zone DK-2 is missing": where the other lines of that kind name others."""
    lines = {line for some in known.logged.values() for line in some}
    for found in LITERAL.finditer(text):
        token, before = found["quoted"] or found["code"], text[: found.start()]
        having = [line for line in lines if token in line]
        if having and ALL_OR_ONLY.search(before[-40:]) and " " not in token:
            kind = re.sub(r"\S*\d\S*", "", having[0].split(token)[0])[-16:].strip(" '\"(:")
            others = [line for line in lines if token not in line and kind and kind in re.sub(r"\S*\d\S*", "", line)]
            yield Claim("word", found.span(), found[0], not others, "other lines name another" if others else "")


def _thresholds(text: str, known: Known) -> Iterator[Claim]:
    """An alert fires past its threshold, with its own value."""
    alert = known.report.alert
    for found in NOT_REACHED.finditer(text) if alert.conditions and not A_SEVERITY.search(text) else ():
        yield Claim("state", found.span(), found[0], holds=False, why="the alert fired")
    signal = (known.report.signal or "").removesuffix("_per_demand")
    for found in WATCHES.finditer(text) if signal in SIGNALS and alert.conditions else ():
        told = topics(found["what"]) & {*SIGNALS}
        if told:
            yield judged("state", found, signal in told, "it looks at something else")
    for found in FIRED_AT.finditer(text) if alert.value is not None else ():
        number = next((one for one in numerals.numbers(text) if one.span[0] >= found.end()), None)
        if number and number.dimension in ("seconds", "grams", "", "count", "lines"):
            factors = {"seconds": 0.001, "grams": 1000.0 if "_kg" in alert.conditions else 1.0}
            value = float(alert.value or 0) * factors.get(number.dimension, 1.0)
            yield Claim("number", number.span, number.text, number.low <= value <= number.high, WRONG)


WRONG = "it fired at another value"


def _regions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The rise is split between …", "latency rose in us-central1 too": of regions with a part of the rise."""
    parts = {
        (one.subject.service, one.subject.region): one.value
        for one in known.facts
        if one.whole == "rise" and one.dimension == "share"
    }
    measured = {one.subject.region for one in known.levels}
    for one in [one for one in mentions if one.text in known.regions and one.text not in measured]:
        start, end = context.clause(one.span, text)
        said = text[start:end]
        own = [value for (service, region), value in parts.items() if region == one.text]
        shared = any(it.start() < one.span[0] < it.end() for it in SHARED.finditer(text))
        is_told = shared or ROSE_THERE.search(said[: one.span[0] - start])
        if own and is_told and not DENIED.search(said) and max(own) <= 0:
            yield Claim("direction", one.span, one.text, holds=False, why="there is no rise there")


ROSE_THERE = re.compile(
    r"\b(?:rose|increased|grew|climbed|jumped|went up|is up|are up|higher)\b[^,;]{0,40} in $", re.IGNORECASE
)
DENIED = re.compile(r"\b(?:no|not|nothing|none|nor|neither|hardly|without|only|never)\b|n['’]t\b", re.IGNORECASE)
