"""A word where only a service can stand, and no service is called so: "the requests of shipping", "Shipping logged"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Span
from worker.agent.grounding.text.topics import topics

_NAME = r"(?P<name>[A-Za-z][\w-]{2,40})(?![\w-])"
# What services have: behind "of" stands whose it is.
_THEIRS = (
    r"requests?|calls?|errors?|failures?|latency|retries|lines|messages|traffic|carbon|CO[₂2]e?|emissions|CPU|memory"
    r"|p\d\d|rate|instances|callers|logs?|median|quantiles|onset"
)
# The name ends there: what stands behind it is no noun that it would belong to. A name that is known is a blank.
_ENDS = (
    r"(?=\s*$|\s*[,.;:()\[]|\s\s|\s(?:\w+ly|in|at|on|as|was|were|is|are|came|come|had|has|have|and|but|or|which|that"
    r"|because|while|whereas|than|before|after|with|by|to|from|since|during|until|itself|alone|now|then|also|still|only"
    r"|never|not|did|do|does|will|would|can|could|fail\w*|rose|rises?|fell|falls?|went|go|goes|stay\w*|show\w*|name\w*"
    r"|take|takes|took|carr\w+|end|ends|ended|timed?(?= out)|get|gets|got|remain\w*|average\w*|stood|stands?"
    r"|reach\w*)\b)"
)
_DOES = (
    r"(?:logs|logged|wrote|emits|emitted|fails|failed|times out|timed out|waits for|waited for|deviates|deviated"
    r"|suffers|suffered|(?:calls|called|answers|answered)(?=\s\s))(?!\w)"
)
_OPENS = r"(?:^|[,;:] |\b(?:that|while|because|but|and|whereas|since|as) )"
PLACES = (
    re.compile(rf"\b(?:{_THEIRS})(?: use| usage)? (?:of|in) {_NAME}{_ENDS}", re.IGNORECASE),
    re.compile(
        r"\b(?:calls?|requests?|retries|retrying|traffic|connections?) (?:to|from|against|between|towards)"
        rf" {_NAME}{_ENDS}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_OPENS}{_NAME}(?: in\s{{3,60}})?(?: itself| also| only| still| never| not)* {_DOES}", re.IGNORECASE),
    re.compile(rf"\b(?:concern(?:s|ed)|struck) {_NAME}{_ENDS}", re.IGNORECASE),
    re.compile(rf"\b(?:errors|failures|messages|lines)\b[^,;.]{{0,40}} names? {_NAME}{_ENDS}", re.IGNORECASE),
)
# "For shipping, 21 % fail", "Shipping takes 749 ms", "shipping's requests": no ordinary word by its stem, either.
_GERUND = r"(?P<name>[A-Za-z][\w-]{1,30}ing)(?![\w-])"
_STATES = (
    r"(?:has|had|is|was|takes?|took|uses?|used|sends?|sent|shows?|showed|sees|saw|needs?|emits?|emitted|fails?|failed"
    r"|rose|fell|came|went|leads?|stands?|stood|logs|logged)\b"
)
STEMS = (
    re.compile(
        r"(?:(?<!instead )\bof|\b(?:in|for|from|to|with|at|on|against|(?:\w+ed|sent|made|seen|written) by|blames?"
        r"|(?:cause|culprit|reason) (?:is|was)|concern(?:s|ed)|affect(?:s|ed)|hits?|struck|involve[sd]))"
        rf" {_GERUND}(?=\s*$|\s*[,.;:()\[]|\s(?:\d|(?:at|in|since|alone)\b|{_STATES}))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_OPENS}{_GERUND}(?=: |, with an? | (?:(?:itself|also|still|only|now) )?{_STATES})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:roll\w* back|restart\w*|redeploy\w*|revert\w*) {_GERUND}"
        r"(?=\s*$|\s*[,.;:()\[]|\s(?:to|in|at|from|first|and)\b)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:made|makes?|making) {_GERUND} (?=slow|fail|wait|break|worse|retry)", re.IGNORECASE),
    re.compile(r"\b(?P<name>[A-Za-z][\w-]{2,30})['’]s?(?= [a-z\s])"),
)
# What is no name there, besides what is measured.
_SPARED = """
a abroad absence accident action addition advance agreement all and answer any approximation are average because been
both bots browsers bulk but callees callers case caused certainty chance change choice circumstances clients code
combination comparison concert conclusion conjunction connection consequence consideration context contrast control
customers default degree delay design detail difference doubt dozens duration each effect effort either elsewhere
error essence everybody everyone evidence example excess existence fact fashion favor favour figures flight focus
force form four full fun further general geography growth had half hand hardly has have hence here hers him hindsight
his hour hours how hundred hundreds importance increase individual instance interval intervals isolation its itself
kind later length less let level light limits line long loss magnitude majority mean measure measurement mention mind
minority minute minutes mistake moment moments more most much name need neither nobody noise none not nothing now
number numbers observation occasion one operation opinion opposite order origin other others outside over parallel
part particular people percent percentage period periods person phase place point position practice precaution
preference presence principle production progress proportion purpose quantity quarter queries question quick range
ratio reach reads reality reason regard request rest result retrospect return reverse right risk room round row sample
samples scale scope seconds sequence series services several shape short side sight sign significance silence since
size slightly some something sort source spite start state step steps succession such sum tandem tendency tens term
terms that the them then theory there these they third this those though thousand thousands three time times today
together total touch tune turn two type types un unison us use users vain value values version versions view was way
ways were what whatever when where which while who whole whose width window windows word words work worth writes
yesterday you your
"""
SPARED = frozenset(_SPARED.split())


def unheard(text: str, known: Known) -> Iterator[Claim]:
    """`text` has blanks for the names that are known, for figures and for quotations."""
    taken: set[Span] = set()
    for place in (*PLACES, *STEMS):
        for found in place.finditer(text):
            span, name = found.span("name"), found["name"]
            if span not in taken and not _is_spared(name.lower(), known, by_its_stem=place in STEMS):
                taken.add(span)
                yield Claim("name", span, name, False, "nothing is called so", is_open=True)


def _is_spared(name: str, known: Known, *, by_its_stem: bool) -> bool:
    """What a report says as it is, and not by its stem only, is no name where many words may stand."""
    is_word = by_its_stem and {name, name.removesuffix("s")} & (vocabulary.common() | known.words)
    is_told = name in SPARED or name.endswith("ly") or topics(name) - OF_THE_TRADE
    return bool(is_word or is_told) or _is_logged(name, known)


# "The requests of orders": a service may well be called so.
OF_THE_TRADE = frozenset({"orders", "incidents", "revenue", "cost"})


def _is_logged(name: str, known: Known) -> bool:
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line, re.IGNORECASE) for line in known.lines)
