"""Words that turn what a sentence says, and that no rule has read: they are marked, not shown as if they held."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from worker.agent.grounding.text.claims import Claim, Span
from worker.agent.grounding.text.topics import topics

_MOST = (
    r"most|least|largest|biggest|greatest|highest|smallest|lowest|worst|best|longest|slowest|fastest|strongest|weakest"
    r"|steepest|busiest|hottest|hardest|heaviest"
)
# "frontend emitted by far the most of all services".
ABOVE_ALL = re.compile(
    rf"\b(?P<most>{_MOST})\b(?: [\w₂-]+){{0,4}}? (?:of|among|amongst|in) (?:all|the|these|those)(?: [\w-]+){{0,2}}?"
    r" (?:services|regions|candidates|callers|callees|dependencies|signals|metrics|types)\b",
    re.IGNORECASE,
)
# "… had the slowest p99 of the affected services, 2,824 ms, followed by …": figures, which are checked.
IN_ORDER = re.compile(r"\d[^;]{0,20}\b(?:followed by|ahead of|(?:and )?then)\b", re.IGNORECASE)
READ = ("direction", "state", "number", "message", "cause")

# What another figure, or the usual one, is compared with has rules of its own.
_BY_FIGURE = (
    r"\$?[\d.,]*\d|one|two|three|\w+ (?:in|out of) (?:five|ten)|half|third|quarter|doubled|tripled|quadrupled|halved"
    r"|[\w-]+ times"
    r"|(?:twice|double|triple) (?:the|its|their) (?:usual|normal|expected)"
)
_USUAL = (
    r"usual\w*|normal\w*|typical\w*|expected|chance|baseline|median|average|mean|threshold|limit"
    r"|what (?:ran|was)|(?:earlier|old|former|previous) (?:value|level|p\d\d|median|one|figure)"
    r"|[\w-]+ (?:usual|expected|normal|before)|its predecessor|(?:most|any other|all others?)|(?:it|they) \w+"
)
_BEFORE_IT = r"(?:(?:an?|the|its|their|that|those|of|about|around|roughly|almost|nearly) ){0,2}"
_READ_ELSEWHERE = rf"(?! {_BEFORE_IT}(?:{_BY_FIGURE}|{_USUAL})\b)"
_MORE = (
    r"more|less|fewer|(?:worse|better)(?! than before\b)"
    r"|(?!(?:oth|rath|eith|neith|wheth|togeth|nev|furth|anoth|ord|numb|serv)er)\w{2,}er"
)
# "The retries against checkout are more frequent than those against payments", "as often before as after".
COMPARED = re.compile(
    rf"\b(?:{_MORE})\b(?:(?! than\b| rather\b)[^,;.]){{0,50}}(?<! rather) (?P<than>than){_READ_ELSEWHERE}"
    r"|\bas (?!(?:well|soon|long|far|usual|expected|before|of|an?|the|in|it|they)\b)[a-z]+"
    rf"(?: [\w:.-]+){{0,6}}? (?P<as>as)(?! (?:the )?(?:{_BY_FIGURE})\b)"
    rf"|\bthe same (?!time|moment|minute|hour|day|date|month|year|region|size|as\b)[a-z]+"
    rf"(?: [\w:.-]+){{0,4}}? (?P<like>as)(?! (?:the )?(?:{_BY_FIGURE}|{_USUAL}|before|well|in the baseline)\b)",
    re.IGNORECASE,
)
# "metric-ingestor-1 flushes more envelopes than usual": what a metric counts.
MORE_OF = re.compile(
    r"\b(?:more|fewer|less) (?!(?:work|requests|calls)\b)[a-z]{3,} (?:(?:a|per|each|every) \w+ )?"
    r"(?P<than>than) (?:usual|normal|expected|before)\b"
)
# "2.3 times as many as usual": a figure.
BY_FIGURE = re.compile(r"\b(?:times|twice|half|thirds?|quarters?|tenth) $", re.IGNORECASE)
# "… name ledger but never payments".
DENIED = re.compile(
    r"(?:\b(?:never|(?:but|and) not|not(?= (?:of|in|from|by|with|those|the|to)\b)"
    r"|(?:do|does|did|has|have|had|is|are|was|were) not(?! known\b)|without(?! (?:it|them|that)\b)"
    r"|no (?:(?:new|sampled|other|single|such) ){0,2}(?:log )?(?:lines?|messages?)"
    r"(?= (?:of \S{1,40} )?(?:names?|mentions?|says?|tells?|contains?|has|have|shows?)\b))\b|n['’]t\b)"
    r"(?! (?:at all |run )?before\b)(?=[^;]*\w)",
    re.IGNORECASE,
)
# "A message stating that the zone is not in the table": what the line itself denies.
REPORTED = re.compile(r"\b(?:stat|say|tell|read|report|indicat)\w* that\b", re.IGNORECASE)
# So far before what was read its denial may stand.
REACH = 45


def unread(text: str, found: list[Claim], *, is_advice: bool) -> Iterator[Claim]:
    """`found`: the claims that were taken out of the sentence."""
    told = [one.span for one in found if one.kind in READ]
    # Where nothing else holds the sentence goes, as it would without that word.
    is_open = any(one.holds and one.kind not in ("name", "citation") for one in found)
    words = [_superlatives(text, told)]
    messages = [] if REPORTED.search(text) else [one.span for one in found if one.kind == "message"]
    words += (
        [] if is_advice else [_comparisons(text, told), _denials(text, told, messages), _denied_figures(text, found)]
    )
    for one in chain.from_iterable(words):
        # What a statement of the report covers it holds (`record`).
        why = "nothing that was read says so"
        yield Claim("state", one.span(), one[0], False, why, is_open, is_unproven=True)


def _superlatives(text: str, told: list[Span]) -> Iterator[re.Match[str]]:
    for one in ABOVE_ALL.finditer(text):
        is_read = any(start < one.end("most") and one.start("most") < end for start, end in told)
        if not is_read and not IN_ORDER.search(text):
            yield one


def _comparisons(text: str, told: list[Span]) -> Iterator[re.Match[str]]:
    for one in chain(COMPARED.finditer(text), MORE_OF.finditer(text)):
        place = one.start(next(name for name, word in one.groupdict().items() if word))
        is_figure = one.groupdict().get("as") and BY_FIGURE.search(text[: one.start()])
        if one.re is MORE_OF and topics(one[0]):
            # "Fewer calls than usual": of what has rules of its own.
            continue
        if not is_figure and not any(start <= place < end for start, end in told):
            yield one


def _denials(text: str, told: list[Span], messages: list[Span]) -> Iterator[re.Match[str]]:
    """That a line has those words reads no denial of what it says: `messages`, which are told as well."""
    for one in DENIED.finditer(text):
        if NOT_SERVED.match(text, one.start()):
            continue
        read = [span for span in told if span not in messages] if OF_LINES.match(one[0]) else told
        if not any(start - REACH <= one.start() < end for start, end in read):
            yield one


def _denied_figures(text: str, found: list[Claim]) -> Iterator[re.Match[str]]:
    """A figure, a time or a type of errors affirms what it is."""
    figures = [one.span[0] for one in found if one.kind in ("number", "time", "message")]
    yield from filter(None, (NOT_THIS.search(text[:start]) for start in figures))


# "The excess is not 3.1 g".
NOT_THIS = re.compile(
    r"\b(?:is|are|was|were|has|have|had)(?: not|n['’]t)"
    r"(?: (?:at|about|around|exactly|precisely|its|the|an?)){0,2}(?= $)",
    re.IGNORECASE,
)
# "About 13,100 were not served": a figure, which is checked as that of failures.
NOT_SERVED = re.compile(r"(?:(?<=\d )|(?<=\d, ))(?:are|were|is|was) not (?:served|answered|handled|completed)\b")
# "No log line names a pool", "its lines do not name one".
OF_LINES = re.compile(r"(?:no|does|do|did) ", re.IGNORECASE)
