"""What is told of things that only log lines speak of: what was done to them, that they are fine, how it all came."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.denials import DENIED
from worker.agent.grounding.text.topics import SIGNALS, topics

# "The rollback of deploy-9 has already been carried out", "the restart brought the errors down".
_REMEDY = r"(?:rollback|roll-back|restart|revert|failover|fail-over|hotfix|fix|workaround|remedy|mitigation)\b"
REMEDIED = re.compile(
    rf"\b(?:since|despite|in spite of|following) (?:the|a|an) (?P<remedy>{_REMEDY})"
    rf"|\b(?P<done>{_REMEDY}"
    r"(?: (?:of|to|for|in|from) [^,;.]{2,40}?)?(?:, [^,;]{2,60},)?"
    r" (?:(?:has|have|had|was|were)(?: \w+ly| then| also| already| now| since| just)* (?:been )?"
    r"(?:carried out|done|made|performed|executed|applied|completed?|finished|deployed|rolled out|under way|successful)"
    r"|(?:has |have |had )?(?:already |then |\w+ly )?(?:brought|lowered|reduced|cured|fixed|helped|ended|stopped|halved"
    r"|resolved|restored|calmed|settled|worked|succeeded|normali[sz]ed|cleared|eased|cut|mended|solved)))\b",
    re.IGNORECASE,
)
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


def happenings(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the lines of those who are named, else of the alerted service and the cause."""
    is_of_lines = any(pattern.search(text) for pattern in (THAT_TIME, THING))
    lines = _lines(mentions, known) if is_of_lines else []
    for found in THAT_TIME.finditer(text):
        if any(re.search(rf"\b{found['verb'].lower()}\b.*\bago\b", line) for line in lines):
            yield judged("time", found, holds=False, otherwise="a line tells another time")
    for found in THING.finditer(text):
        how = USED_UP if found["how"].lower() == "full" else re.compile(rf"\b{found['how'][:4]}", re.IGNORECASE)
        holds = any(how.search(line) for line in lines)
        is_figured = re.search(r"\d", text[found.end() : context.clause((found.end(), found.end() + 1), text)[1] + 24])
        if not (is_figured or DENIED.search(found[0]) or IF.search(text[: found.start()])):
            yield judged("state", found, holds, "no line tells that", is_open=not holds)


# "The fix has worked when frontend's success is back at 50 %".
WHEN = re.compile(r",? (?:only )?(?:when|if|once|as soon as)\b")


def remedied(text: str, known: Known) -> Iterator[Claim]:
    """What people did against an incident is told by lines and past incidents only."""
    for found in REMEDIED.finditer(text) if not known.past else ():
        told = {word for words in (*known.messages.values(), *known.told.values()) for word in words}
        is_denied = DENIED.search(text[: found.end()])
        is_untold = is_denied or IF.search(text[: found.start()]) or WHEN.match(text, found.end())
        if not is_untold and (found["remedy"] or found["done"].split()[0]).lower() not in told:
            yield judged("state", found, holds=False, otherwise="nobody tells that")


# What people do to systems, and how it comes: of that a report knows what lines and past incidents tell.
_DONE = (
    r"raised|lowered|shortened|lengthened|extended|halved|removed|added|disabled|enabled|renewed|rotated|restarted"
    r"|tested|replaced|rebuilt|resized|migrated|patched|upgraded|reindexed|dropped|switched (?:on|off)|moved|tuned"
    r"|started again|turned (?:on|off)|failed over|swapped|revoked|reissued|scaled (?:up|down|out|in)"
)
# "The job was started again", "its CPU is throttled".
DONE = re.compile(
    rf"\b(?:was|were|been|got)(?: \w+ly| then| also| already)* (?P<done>{_DONE})\b"
    r"(?! (?:by|to|from|for) (?:about |over |more |the same |a|an|its|\d))"
    r"|\b(?:is|are|was|were|been|being|of|to|by) (?:\w+ )?(?P<how>throttl(?:ed|ing)|starv(?:ed|ing|ation)|contention"
    r"|thrashing|deadlock(?:s|ed)?|rate[- ]limit(?:ed|ing))\b",
    re.IGNORECASE,
)
# What the report itself records.
RECORDED = re.compile(
    r"\b(?:alerts?|alarms?|flags?|incidents?|tickets?|rules?|changes?|deployments?|versions?|deploy\w*-\d+)\b",
    re.IGNORECASE,
)


def done(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    words = known.past or {word for told in (*known.messages.values(), *known.told.values()) for word in told}
    ids = {one.deployment_id for one in known.changes} & {one.text for one in mentions}
    for found in DONE.finditer(text):
        said = text[slice(*context.clause(found.span(), text))]
        is_recorded = found["done"] and (ids or RECORDED.search(text[: found.end()]) or topics(said) & {*SIGNALS})
        word = re.split(r"[ -]", found["done"] or found["how"])[0].lower()
        is_told = {*vocabulary.forms(word)} & {form for one in words for form in vocabulary.forms(one)} or any(
            word[:6] in one.lower() for one in known.fields
        )
        if not (is_recorded or is_told or DENIED.search(said) or IF.search(text[: found.start()])):
            yield judged("state", found, False, "nobody tells that", is_open=True)


def _lines(mentions: list[Found], known: Known) -> list[str]:
    named = {one.text for one in mentions} & known.services
    root = known.report.root_cause
    of = named or {*known.about, known.report.service or "", (root.service if root else None) or ""}
    return [line.lower() for service in {*of, ""} for line in known.logged.get(service, ())]


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
