"""What no report looks at: courses over weeks, trends of what was not measured, what a change holds, whole days."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.denials import LEFT_OPEN
from worker.agent.grounding.text.topics import SIGNALS, topics

_LONG = r"(?:hours|days|weeks|months|years|ages)"
_FAR = (
    r"\ball (?:day|night|week|morning|afternoon)\b",
    # "As last Friday", "which is a record", "on every instance".
    r"\blast (?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend|night)\b",
    r"\b(?:is|was|sets?|marks?|hit|reached) an? (?:new )?record\b(?! of\b)|\brecord (?:high|low|level)s?\b",
    r"\b(?:on|by|from|in) (?:all|every|each) (?:(?:of )?(?:its|the) )?(?:instances?|pods?|hosts?|nodes?|replicas?)\b",
    (
        r"\b(?:runs?|ran|running) (?:on|with|as) (?:only |just )?(?:an?|one|two|three|\d+) (?:single )?"
        r"(?:instances?|pods?|hosts?|nodes?|replicas?)\b"
    ),
    # "Its pool has been shrinking for weeks".
    (
        r"\b(?:for|over|since) (?:(?:the )?(?:past|last|previous|several|many|some|a few|a couple of) )?"
        rf"{_LONG}\b|\bsince (?:yesterday|last (?:week|month|year|night))\b"
    ),
    # "The lines are sampled at 1 in 10".
    r"\bsampl(?:ed|ing)(?: rate)? (?:at|by|to|is|of) (?:a rate of )?(?:1|one|every|\d+ ?%)",
    r"\b(?:every|one in|1 in) \S+ (?:log )?lines? (?:is|are|was|were) (?:kept|sampled|stored)",
    # "More than it uses in a day".
    (
        r"\b(?:than|as) (?:what )?(?:\S+ ){1,4}?"
        r"(?:uses?|used|emits?|emitted|takes?|took|consumes?|handles?|serves?|costs?)(?: \w+)?"
        r" (?:in|within|over|during|per) (?:an?|one|the whole|the entire) (?:\w+ )?(?:day|week|month|year|hour)\b"
    ),
    # "At 31 %, the error rate has reached its peak": of what goes on nobody knows.
    (
        r"\b(?:(?:has |have |had )?(?:reached|hit|passed)|(?:is|was) (?:at|past)) (?:its|the|their)"
        r" (?:peak|maximum|high point|worst)\b(?! (?:of|at|with|in|value)\b)"
    ),
    # "Memory tripled within a minute".
    (
        r"\b(?:rose|fell|tripled|doubled|jumped|climbed|dropped|surged|collapsed|halved)\b[^,;.]{0,30}? within"
        r" (?:an?|one|two|a few|three) (?:seconds?|minutes?|hours?)\b(?! (?:of|after|before))"
    ),
    # "More than has ever been measured".
    r"\b(?:than|as) (?:has |have |was |were )?ever (?:been )?(?:measured|seen|recorded|reached|observed|before)",
    (
        r"\b(?:highest|lowest|most|worst|longest|largest) (?:\w+ )?(?:in|for|since) "
        rf"(?:an?|the last) (?:\w+ )?(?:day|week|month|year|{_LONG})\b"
    ),
)
TOO_FAR = tuple(re.compile(one, re.IGNORECASE) for one in _FAR)
# "10 requests a day".
A_DAY = re.compile(r"\d(?: [a-z]+)? (?:a|per|each|every) (?:day|week|month|year)\b", re.IGNORECASE)


def unseen(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Marked, unless a past incident is spoken of, or it is denied."""
    for found in () if known.past else (one for words in TOO_FAR for one in words.finditer(text)):
        # "Without an error all week" tells how long it was so.
        said = text[context.clause(found.span(), text)[0] : found.start()].replace("without", "")
        if not LEFT_OPEN.search(said):
            yield judged("number", found, False, "nothing was looked at so far", is_open=True)
    for found in () if known.past else A_DAY.finditer(text):
        yield judged("number", found, False, "no figure is of a day")


_MOVED = (
    r"rose|risen|rises|rising|fell|fallen|dropped|increased|decreased|grew|climbed|jumped|doubled|halved|surged"
    r"|went (?:up|down)|(?:is|are|was|were) (?:up|down|higher|lower|unchanged|stable|elevated)"
)
_UNMEASURED = (
    r"(?:grid(?:['’]s)?|carbon) intensity|users?|customers?|visitors?|sessions?|sign-?ups?|logins?"
    r"|conversions?|sales|revenue"
)
_THINGS = r"replicas?|pods?|instances?|threads?|queue(?: length)?|connections?"
# "The grid intensity rose at 05:22 UTC": whatever else is so of it.
TREND = re.compile(
    rf"\b(?P<what>{_UNMEASURED}|(?P<thing>{_THINGS}))\b(?: (?:of|in|from|for) [\w-]+){{0,2}} (?:{_MOVED})\b",
    re.IGNORECASE,
)


def trends(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of what has no level; a line may speak of threads and queues."""
    measured = {one.signal for one in known.levels}
    for found in () if known.past else TREND.finditer(text):
        told = found["what"].lower()[:5]
        is_read = any(told in one for one in measured) or bool(topics(found[0]) & {*SIGNALS})
        is_read |= bool(found["thing"]) and any(told in line.lower() for line in known.lines)
        if not is_read and not LEFT_OPEN.search(text[: found.start()]):
            yield judged("direction", found, False, "it was not measured", is_open=True)


# "deploy-8733 reduced the pool", "the tariff zones were changed by cfg-3095": what a change holds is not recorded.
_ALTERED = (
    r"(?:chang|alter|reduc|shr[au]nk|lower|remov|renam|replac|halv|switch|mov|introduc|add|dropp|delet|rewr[io]t"
    r"|limit|set\b|empt|disabl|enabl)\w*"
)
ALTERS = re.compile(
    r"(?: (?:of|on|in) [\w-]+)? (?:has |had |also |itself )*"
    rf"{_ALTERED} (?:the|its|how|an?|which|where|all) (?P<what>[^,;.]+)"
)
ALTERED_BY = re.compile(
    rf"(?P<what>[^,;.]{{3,60}}?) (?:is|was|were|been) (?:\w+ )?{_ALTERED} (?:by|with|in) (?:the )?$"
)
# Of its consequences others tell, and a configuration or a flag is what it is.
OF_OTHERS = re.compile(
    r"\b(?:config\w*|version|release|behaviou?r|nothing|requests?|rate|share|value|candidates?|rank\w*|flags?"
    r"|baseline)\b",
    re.IGNORECASE,
)


def contents(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    made = {name for one in known.changes for name in (one.deployment_id, one.version) if name}
    for one in mentions if not known.past and not LEFT_OPEN.search(text) else ():
        found = ALTERS.match(text, one.span[1]) or ALTERED_BY.search(text[: one.span[0]]) if one.text in made else None
        if found and not (OF_OTHERS.search(found["what"]) or topics(found["what"]) & {*SIGNALS}):
            yield judged("cause", found, False, "what it changed is not recorded", is_open=True)


# "The log lines of orderservice hold no latency", "…, as the log holds no latency".
NO_LATENCY = re.compile(
    r"\b(?:log|lines?)\b(?: of (?P<of>[\w.:@-]+)\s*)? (?:holds?|held|contains?|contained|carry|carries)"
    r" no (?:latency|latencies|durations?)\b",
    re.IGNORECASE,
)


def untimed(text: str, known: Known) -> Iterator[Claim]:
    """That its lines tell no latency: a gap of the report says so, of what was alerted."""
    is_gap = any(one.reason.startswith("no latency") for one in known.report.gaps)
    for found in NO_LATENCY.finditer(text):
        is_own = found["of"] is None or found["of"] == known.report.service
        yield judged("state", found, is_gap and is_own, "a latency was logged")
