"""What is told of things that only log lines speak of: what was done to them, that they are fine, how it all came."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import log, vocabulary
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import SIGNALS, topics

# What people do to systems: of that a report knows what is recorded, and what lines tell.
_DONE = (
    r"raised|lowered|shortened|lengthened|extended|halved|removed|added|disabled|enabled|renewed|rotated|restarted"
    r"|tested|replaced|rebuilt|resized|migrated|patched|upgraded|reindexed|dropped|switched (?:on|off)|moved|tuned"
    r"|moved|started again|turned (?:on|off)|failed over|swapped|revoked|reissued|scaled (?:up|down|out|in)"
)
DONE = re.compile(
    r"(?P<what>\b[\w-]+)(?: (?:of|for|in|from) [^,;]{2,40}?)? "
    rf"(?:was|were|had been|has been|have been|got)(?: \w+ly| then| also| already)* (?P<done>{_DONE})\b"
    r"(?! (?:by|to|from|for) (?:about |over |more |the same |a|an|its|\d))",
    re.IGNORECASE,
)
# "The rollback of deploy-9 has already been carried out", "the restart brought the errors down".
REMEDIED = re.compile(
    r"\b(?P<done>(?:rollback|roll-back|restart|revert|failover|fail-over|hotfix|fix|workaround|remedy|mitigation)\b"
    r"(?: (?:of|to|for|in|from) [^,;.]{2,40}?)?(?:, [^,;]{2,60},)?"
    r" (?:(?:has|have|had|was|were)(?: \w+ly| then| also| already| now| since| just)* (?:been )?"
    r"(?:carried out|done|made|performed|executed|applied|completed?|finished|deployed|rolled out|under way|successful)"
    r"|(?:has |have |had )?(?:already |then |\w+ly )?(?:brought|lowered|reduced|cured|fixed|helped|ended|stopped|halved"
    r"|resolved|restored|calmed|settled|worked|succeeded|normali[sz]ed|cleared|eased|cut|mended|solved)))\b",
    re.IGNORECASE,
)
# "The certificate is still valid".
FINE = re.compile(
    r"\b(?:the |its )?(?P<what>[a-z-]{3,})(?: of [^,;]{2,30}?)?"
    r" (?:is|are|was|were|stays?|remains?) (?:still |all |otherwise )*"
    r"(?:valid|intact|in order|sound|reachable|available|complete|correct|up|alive|accepted"
    r"|working)\b(?! (?:to|for|with)\b)",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|never|none|neither|nor|nothing|hardly|longer|without)\b|n['’]t\b", re.IGNORECASE)
AWAITED = re.compile(r"\b(?:after|as soon as|again|before)\b", re.IGNORECASE)
# "The certificate of orderservice itself", "orderservice's own certificate".
OF_ITSELF = re.compile(r"\b(?P<what>[a-z-]{4,}) of (?:the )?$", re.IGNORECASE)
ITSELF = re.compile(r" itself\b| ?['’]s? own (?P<what>[a-z-]{4,})\b")
# "Auth issues no tokens at all any more".
NONE_AT_ALL = re.compile(
    r"\b(?:no|not a single|none|nothing)\b[^,;]{0,30}\b(?:at all|any ?more|any longer|whatsoever)\b", re.IGNORECASE
)
DOES = re.compile(
    r"\b(?:issues?|issued|answers?|answered|accepts?|accepted|serves?|served|process\w*|handles?|handled|completes?"
    r"|completed|succeeds?|succeeded|gets? through|delivers?|delivered|returns?|returned)\b",
    re.IGNORECASE,
)
# Of so many requests that fail, none is left.
ALL = 0.995
# "The certificate expired at 21:46 UTC", of which a line says "expired 47m ago".
THAT_TIME = re.compile(r"\b(?P<verb>[a-z]{4,}ed)(?: exactly| precisely)? (?:at|on) (?=\d{1,2}:\d\d)", re.IGNORECASE)
# "Orders-db is slow": what lines name, and nobody measured.
THING = re.compile(
    r"\b(?P<what>[\w-]*(?:-db|database|pool|queue|cache|disk|network|cluster|replica))"
    r" (?:itself )?(?:is|was|are|were|became|has become|runs?|ran)(?: too| very)?"
    r" (?P<how>slow|slower|full|locked|hot|cold)\b",
    re.IGNORECASE,
)
USED_UP = re.compile(r"\b(?:full|no space|exhausted|quota|limit)\b", re.IGNORECASE)
BEFORE_THE_ONSET = re.compile(
    r"\b(?:was|were|had been|has been)\b[^,;]{0,50}?"
    r" (?:already |long |well )*before the (?:onset|alert|incident|window)\b",
    re.IGNORECASE,
)


def happenings(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the lines of those who are named, else of the alerted service and the cause."""
    is_of_lines = any(pattern.search(text) for pattern in (FINE, THAT_TIME, THING, BEFORE_THE_ONSET))
    lines = _lines(mentions, known) if is_of_lines else []
    ids = {one.deployment_id for one in known.changes}
    if not any(one.text in ids for one in mentions):
        yield from _done(text, known)
    for found in FINE.finditer(text):
        is_told = any(_has(line, found["what"]) for line in lines) and found["what"].lower() not in known.services
        is_awaited = IF.search(text[: found.start()]) or AWAITED.search(f"{text[: found.start()]}{text[found.end() :]}")
        if is_told and not NOT.search(found[0]) and not is_awaited:
            yield judged("state", found, holds=False, otherwise="a line tells of its failing")
    yield from _own(text, mentions, known)
    yield from _at_all(text, mentions, known)
    for found in THAT_TIME.finditer(text):
        if any(re.search(rf"\b{found['verb'].lower()}\b.*\bago\b", line) for line in lines):
            yield judged("time", found, holds=False, otherwise="a line tells another time")
    for found in THING.finditer(text):
        how = USED_UP if found["how"].lower() == "full" else re.compile(rf"\b{found['how'][:4]}", re.IGNORECASE)
        holds = any(how.search(line) for line in lines)
        is_figured = re.search(r"\d", text[found.end() : context.clause((found.end(), found.end() + 1), text)[1] + 24])
        if not (is_figured or NOT.search(found[0]) or IF.search(text[: found.start()])):
            yield judged("state", found, holds, "no line tells that", is_open=not holds)
    yield from _earlier(text, lines, known)


# "The fix has worked when frontend's success is back at 50 %".
WHEN = re.compile(r",? (?:only )?(?:when|if|once|as soon as)\b")


def remedied(text: str, known: Known) -> Iterator[Claim]:
    """What people did against an incident is told by lines and past incidents only."""
    for found in REMEDIED.finditer(text) if not known.past else ():
        told = {word for words in (*known.messages.values(), *known.told.values()) for word in words}
        is_untold = IF.search(text[: found.start()]) or NOT.search(text[: found.end()]) or WHEN.match(text, found.end())
        if not is_untold and found["done"].split()[0].lower() not in told:
            yield judged("state", found, holds=False, otherwise="nobody tells that")


def _lines(mentions: list[Found], known: Known) -> list[str]:
    named = {one.text for one in mentions} & known.services
    root = known.report.root_cause
    of = named or {*known.about, known.report.service or "", (root.service if root else None) or ""}
    return [line.lower() for service in {*of, ""} for line in known.logged.get(service, ())]


def _has(line: str, word: str) -> bool:
    return any(re.search(rf"\b{re.escape(form)}", line) for form in vocabulary.forms(word.lower()) if len(form) > 2)


# What the report itself records.
RECORDED = re.compile(
    r"\b(?:alerts?|alarms?|flags?|incidents?|tickets?|rules?|changes?|deployments?|versions?)\b", re.IGNORECASE
)


def _done(text: str, known: Known) -> Iterator[Claim]:
    """Where a line, the template or a past incident that is spoken of tells that it was done."""
    for found in DONE.finditer(text):
        said = text[slice(*context.clause(found.span(), text))]
        is_told = topics(found["what"]) & {*SIGNALS} or RECORDED.search(text[: found.end("what")])
        if is_told or IF.search(text[: found.start()]) or NOT.search(said):
            continue
        forms = {*vocabulary.forms(found["done"].split()[0].lower())}
        told = known.past or {word for words in (*known.messages.values(), *known.told.values()) for word in words}
        holds = bool(forms & {form for word in told for form in vocabulary.forms(word)})
        span = found.span("done")
        yield Claim("state", span, found["done"], holds, "" if holds else "nobody tells that", is_open=not holds)


def _own(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The certificate of orders itself has expired": not where its lines tell that of another service."""
    for one in mentions:
        found = ITSELF.match(text, one.span[1]) if one.text in known.services else None
        of = OF_ITSELF.search(text[: one.span[0]])
        what = (found["what"] or (of["what"] if of else "")) if found else ""
        told = [line.lower() for line in known.logged.get(one.text, ()) if "<*>" not in line]
        lines = [line for line in told if what and _has(line, what)]
        others = known.services - {one.text}
        if lines and all(any(re.search(rf"\b{re.escape(other)}\b", line) for other in others) for line in lines):
            yield Claim("state", one.span, what, holds=False, why="its lines tell that of another", is_open=True)


def _at_all(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in NONE_AT_ALL.finditer(text):
        said = text[slice(*context.clause(found.span(), text))]
        named = {one.text for one in mentions if one.span[1] <= found.start()} & known.services
        of = named or {known.report.service or ""}
        failing = [one.actual for one in known.levels if one.signal == "errors" and one.subject.service in of]
        if failing and DOES.search(said):
            yield judged("direction", found, max(failing) >= ALL, "some still do")


def _earlier(text: str, lines: list[str], known: Known) -> Iterator[Claim]:
    """ "The database was in recovery mode before the onset": only what was logged before."""
    for found in BEFORE_THE_ONSET.finditer(text):
        said = vocabulary.telling(text[slice(*context.clause(found.span(), text))])
        told = [line for line in lines if said & vocabulary.telling(line)]
        if said and told and not NOT.search(text) and not _is_logged_before(told, known):
            yield judged("direction", found, holds=False, otherwise="it was not logged before")


def _is_logged_before(lines: list[str], known: Known) -> bool:
    """By the types of errors whose messages those are; of other lines nothing is known."""
    types = [one for item in known.report.evidence for one in log.types(item.result)]
    of = [one for one in types if {str(it).lower() for it in one.get("messages") or ()} & {*lines}]
    return not of or any(one.get("in_baseline") for one in of)


# "The database of PetSite shows no deviation": what only lines could tell of.
THING_OF = re.compile(
    r"\bthe (?P<what>database|cache|queue|broker|disk|network|host|cluster|pool|index) (?:of|behind|under) $",
    re.IGNORECASE,
)


def things(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A thing of a service of which no line of that service speaks."""
    for one in mentions:
        found = THING_OF.search(text[: one.span[0]]) if one.text in known.services else None
        if found and not any(found["what"].lower() in line.lower() for line in known.logged.get(one.text, ())):
            why = "nothing that was read speaks of it"
            yield Claim("word", found.span("what"), found["what"], holds=False, why=why, is_open=True)
