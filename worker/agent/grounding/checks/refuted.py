"""What is told plainly and was recorded otherwise: nothing is said of a sentence that may be so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import causation, consequences, suspects
from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import claims, numerals, quantifiers
from worker.agent.grounding.text.claims import Claim, Found, judged

# "Neither checkout nor search in us-central1 was deployed".
NEITHER_MADE = re.compile(
    r"\b(?:neither|nor) [^,;.]{2,60}? (?:was|were|has been|had been|got) (?:newly )?"
    r"(?:re)?(?:deployed|released|changed|rolled out|updated|upgraded|shipped)\b",
    re.IGNORECASE,
)


def neither_made(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Wrong where one of those named was, there and within the time that is told."""
    within = min((one.value for one in numerals.numbers(text) if one.dimension == "seconds"), default=None)
    regions = {one.text for one in mentions} & known.regions
    for found in NEITHER_MADE.finditer(text) if not known.past else ():
        named = {one.text for one in mentions if found.start() <= one.span[0] < found.end()}
        for one in known.changes:
            ago = (known.report.window.start - one.at).total_seconds() if one.at else None
            is_near = ago is not None and (within is None or 0 <= ago <= within)
            if is_near and one.service in named and (not regions or one.region in regions):
                yield judged("cause", found, False, "there is one")
                return


LEAST = {"dozens": 24, "scores": 40, "hundreds": 100, "thousands": 1000, "millions": 1_000_000, "billions": 10**9}
MANY_LINES = re.compile(
    rf"\b(?P<many>{'|'.join(LEAST)}) of (?:(?:the|its|new|sampled|log|error|matching|recorded) ){{0,3}}"
    r"(?:lines?|log entries|entries|log messages|messages|logs|samples)\b",
    re.IGNORECASE,
)


def many_lines(text: str, known: Known) -> Iterator[Claim]:
    """ "Thousands of sampled log lines": where at least so many are known."""
    counted = [one.value for one in known.facts if one.dimension == "lines"]
    for found in MANY_LINES.finditer(text) if counted and not known.past else ():
        if max(counted) < LEAST[found["many"].lower()]:
            yield judged("number", found, False, "there are fewer")


# "Most of the 17 timed lines were slower than the usual p95".
MOST_SLOWER = re.compile(
    rf"\b(?P<part>{quantifiers.PART}) of (?:the |its )?(?:\d+ )?timed (?:log )?lines\b"
    r"[^,;.]{0,50}? (?:slower|longer|above|over)\b(?: than)? (?:the |its )?usual p95\b",
    re.IGNORECASE,
)


def most_slower(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of whom is named, else of any: as many as were counted."""
    named = {one.text for one in mentions} & known.services
    for found in MOST_SLOWER.finditer(text) if not known.past else ():
        parts = [part for of, part in _slower(known) if not named or of in named]
        if parts:
            yield judged(
                "number", found, any(quantifiers.is_part(one, found["part"]) for one in parts), "it is another part"
            )


def _slower(known: Known) -> Iterator[tuple[str | None, float]]:
    """Whose timed lines, and what part of them were slower than the usual p95."""
    for item in known.report.evidence:
        lines = item.result.get("lines")
        if isinstance(lines, dict) and lines.get("timed"):
            yield roster.subject_of(item.title, known).service, lines["slower_than_usual_p95"] / lines["timed"]


PER_REQUESTS = re.compile(
    r"\b(?:carbon|CO[₂2]e?|emissions?|grams?) (?:per|for each|for every) "
    r"(?:(?:1,?000|thousand|million|single) )?requests?\b"
    r"(?! (?:did|does|has|had|was|is) (?:not|never)| never)"
    r"[^,;.]{0,50}? (?:(?P<up>went up|rose|risen|increased|grew|climbed|jumped|is up|was up|doubled)"
    r"|went down|fell|fallen|dropped|decreased|declined|shrank|halved|is down|was down)\b",
    re.IGNORECASE,
)


def per_requests(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The carbon per 1,000 requests went up": as it did of whom is named, else of who was alerted."""
    named: set[str | None] = {one.text for one in mentions if one.text in known.services} or {known.report.service}
    levels = [one for one in known.levels if one.signal == "carbon_per_demand" and one.subject.service in named]
    sci = known.report.impact.carbon.sci
    ways = [one.actual > one.expected for one in levels]
    if sci and sci.incident is not None and sci.baseline is not None and named == {known.report.service}:
        ways = [sci.incident > sci.baseline]
    for found in PER_REQUESTS.finditer(text) if not known.past and len(named) == 1 else ():
        if ways:
            yield judged("direction", found, bool(found["up"]) in ways, "it is the other way round")


# "All but 11,000 of them failed": which no rule works out.
ALL_BUT = re.compile(r"\b(?:all|every\w*|everything) but (?:about |some )?\d[\d,]*", re.IGNORECASE)


def all_but(text: str, _: Known) -> Iterator[Claim]:
    for found in ALL_BUT.finditer(text):
        yield Claim("number", found.span(), found[0], False, "nothing tells how many are left", is_open=True)


# "The connection limit of ledger is 500".
LIMITED = re.compile(
    r"\b(?P<what>(?:connection|request|rate|memory|cpu|file|thread|session) limit"
    r"|capacity|quota|(?:pool|queue|batch|buffer)(?: size)?|ceiling)\b[^;.\d]{0,40}?"
    r" (?:is|was|of|at|holds|has|had|stands at|from size|(?<=size )from)(?: only| just| exactly)? $",
    re.IGNORECASE,
)
OF_THE_RULE = re.compile(r"\b(?:rule|alert|threshold|severity|range|confidence)\w*\b", re.IGNORECASE)


def limited(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How much of a thing there is, a line tells that has the figure, or a metric of that name."""
    unnamed = claims.blanked(text, [one.span for one in mentions])
    for one in numerals.numbers(text) if not known.past and not OF_THE_RULE.search(text) else ():
        # The digit of a region is no figure.
        found = LIMITED.search(unnamed[: one.span[0]])
        word = found["what"].split()[0].lower() if found else ""
        # "size=10": of the pool that the line names.
        is_read = any(word in line.lower() and re.search(rf"\b{one.value:g}\b", line) for line in known.lines)
        if found and one.dimension != "seconds" and not is_read and not any(word in field for field in known.fields):
            yield Claim("number", one.span, one.text, holds=False, why="no line tells of that", is_open=True)


# "Why payments fails stays open", "it is unclear why".
WHY_OPEN = re.compile(
    r"\bwhy\b[^,;.]{0,40}\b(?:stays?|remains?|is|was) (?:left )?(?:open|unclear|unknown|not (?:known|clear))\b"
    r"|\b(?:unclear|unknown|not (?:known|clear)) why\b"
    r"|\b(?:culprit|(?<!its )cause|origin) (?:is|was|remains|stays) (?:still )?"
    r"(?:open|unclear|unknown|not (?:known|clear))\b",
    re.IGNORECASE,
)
# "… for reasons other than deploy-8841".
OTHER_THAN = re.compile(
    r"\b(?:reasons?|causes?|something|anything|anybody|somebody) other than (?:the )?$", re.IGNORECASE
)
# "That ledger caused it is a misconception".
UNTRUE = re.compile(
    r"\b(?:is|are|was|were|seems?) (?:an? |mere |pure |\w+ly )*(?:misconception|misunderstanding|conjecture|guesswork"
    r"|speculation|flimsy|unfounded|untenable|groundless|untrue|debunked|discredited|rebutted)\b",
    re.IGNORECASE,
)
# "The origin of the trouble is not payments itself but ledger".
NOT_BUT = re.compile(
    r"\b(?:cause|culprit|origin|source|trouble|problem|root)\b[^,;.]{0,40}? (?:is|was|lies|lay|comes|came|starts|began)"
    r" not (?P<denied>[^,;]+?),? but (?P<told>[^,;]+)",
    re.IGNORECASE,
)


def left_open(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where the cause is known."""
    if consequences.is_cause_open(known) or known.past:
        return
    others = (OTHER_THAN.search(text[: one.span[0]]) for one in mentions if one.text in cause_names(known))
    untrue = UNTRUE.finditer(text) if {one.text for one in mentions[:1]} & cause_names(known) else ()
    for found in (*WHY_OPEN.finditer(text), *filter(None, others), *untrue):
        yield judged("cause", found, holds=False, otherwise=causation.IT_IS)
    for found in NOT_BUT.finditer(text) if known.has_cause else ():
        denied, told = (suspects.within(found.span(part), mentions, known) & cause_names(known) for part in PARTS)
        yield judged("cause", found, bool(told and not told & denied), causation.IT_IS)


PARTS = ("denied", "told")
