"""What the words around a figure make of it: the usual value or that of now, of which signal, statistic and whole."""

from __future__ import annotations

import re
from functools import lru_cache

from worker.agent.grounding import numerals, units
from worker.agent.grounding.claims import Span
from worker.agent.grounding.topics import EXCLUSIVE, SIGNALS, topics

BREAK = re.compile(r"[;()]|[:,](?!\d)| and | but | while | whereas | because | although | even though | until ")
_LEVEL = r"(?:usual|expected|normal|baseline|typical|anticipated)"
_COMPARED = (
    r"compared (?:with|to)|versus|vs\.?|against|instead of|rather than|up from|down from|from|relative to"
    r"|(?<!more )(?<!less )(?<!fewer )than"
    r"|in contrast (?:with|to)|as opposed to|(?:returns?|returned|back|recover\w*|restored) (?:to|at)"
)
BEFORE = re.compile(
    rf"\b(?:usually|(?<!as )(?<!than )usual|before|baseline|expected|expectation|normally|typically|(?<!is )"
    r"(?<!are )(?<!look )normal"
    rf"|typical|of (?:the )?others|earlier"
    rf"|previously|the others?(?: \w+)?"
    rf"|the (?:old|previous|former|earlier)(?: one| version| release| deployment)?|{_COMPARED})"
    r"(?:\W*\b(?:about|of|at|a|an|the|its|is|was|only|just|level|value|rate|share|range(?= of\b| between\b)|between"
    r"|mean|average|show|shows|showed|have|has|had|with)\b)*\W*$",
    re.IGNORECASE,
)
# "9 g/min is usual", "43 gCO₂e (41 to 44) expected".
AFTER = re.compile(
    r"^(?! (?:against|versus|vs|instead|rather|compared|than|where|while|and|but)\b)"
    r"[^,;.(\d]{0,14}(?:\([^)]*\) ?)?(?:is usual|are usual|is normal|are normal|expected|usually|normally|typically"
    r"|(?:would|should) have been expected"
    r"|(?:is|was|are|were) (?:what (?:it|they|is) |(?:its|the) )?(?:usual|normal|typical)"
    r"|previously|earlier\b(?! than)|(?:in|at|during) (?:the )?baseline|(?<!never )(?<!not )before\b(?! the)"
    r"|(?:of|for|on|by|in) (?:the )?(?:other|others|old|older|previous|remaining|rest)\b)"
)
# "68 g more than expected".
MORE = re.compile(
    r"^(?: of (?:CO[₂2]e?|carbon))?(?: (?:was|were) emitted)? (?:in|of) excess\b"
    r"|^(?: of (?:CO[₂2]e?|carbon|emissions))?(?: (?:per|an|each) hour)?"
    r" (?:is|was|were|are|(?:has|have) been|(?:can|could|would|will) be) (?:wasted|saved|in excess|additional)\b"
    r"|^(?! (?:is|was|are|were)\b)[^,;.(\d]{0,22}\b(?:more|less|fewer|above|over|beyond|below|higher|lower)\b"
    r"(?: than)?(?: (?:the|its|what was))?"
    r" (?:expected|usual|expectation|normal|baseline)"
)
EXCESS = re.compile(
    r"\b(?:excess|wast(?:e|es|ed|ing)|additional|too much|extra|saves?|saving)\b"
    r"|\bmore than (?:the )?(?:expected|usual|normal|baseline)",
    re.IGNORECASE,
)
# "The expected emissions were 441 g", "Before the deployment, 46 % …".
WAS_USUAL = re.compile(
    rf"(?<!within its )(?<!within the )(?<!within their )\b{_LEVEL}(?: [\w₂]+){{1,5}}?"
    r" (?:is|was|were|are|of|at|came to|amounted to|would be|would have been)"
    r"(?: about)? $|\b(?:should|would) have (?:been|emitted|produced|taken)(?: about)? $"
    r"|(?:^|[;:] )(?:In|During|At) (?:the )?(?:baseline|usual times|normal times)\b[^;\d]{0,60}$"
    r"|\bthe (?:old|previous|former|earlier) (?:version|release)(?: v?\d[\d.]*)?"
    r" (?:logs?|logged|shows?|showed|has|had|fails?|failed|takes?|took)(?: only| about)* $"
    r"|\bused to (?:be|take|emit|have|fail|log|receive)\b[^,;\d]{0,20}$"
    r"|\b(?:usually|normally|typically|ordinarily|generally),? [^,;:(\d]{0,40}$"
    r"|(?:^|[;:] )(?:Before|before|Prior to|prior to|Until|until)\b[^,;]{0,40},[^;,\d]{0,60}$",
    re.IGNORECASE,
)
USUAL_THEN = re.compile(
    r"^[^,;.(\d]{0,50}\b(?:before|prior to|ahead of|until|earlier than) "
    r"(?:the (?:deployment|rollout|release|onset|incident|spike|alert|window|change)|(?:it|that|this|then)\b|[\w-]*\d)"
)
BY = re.compile(
    r"\b(?:exceed\w*|above|over|up|rose|risen|increas\w+|grew|climbed|higher|larger|greater|jumped|surpass\w+)\b"
    r"(?:[^,;.\d]{0,30}\b|[^;]{0,60}, or )by (?:about |nearly |almost |roughly |around )?$"
    r"|\b(?:increase|rise|growth|jump) of (?:about |nearly |almost |roughly |around |some )?$",
    re.IGNORECASE,
)
LESS = re.compile(r"^[^,;.(\d]{0,14}\b(?:less|fewer|lower|below|under|saved|short)\b", re.IGNORECASE)
LASTING = re.compile(
    r"\b(?:last(?:ed|s|ing)?|for|in|over|within|during|spann\w+|after just|persist\w*)"
    r"(?: only| just| about| the| last| first| a| mere)* $",
    re.IGNORECASE,
)
TAKING = re.compile(
    r"\b(?:took|takes?|taking|needs?|needed)(?: only| just| about| a)* $"
    r"|\b(?:answer\w*|respon\w+|repl(?:y|ies|ied)|served?|serves|return\w*|complet\w+|finish\w*)"
    r"(?: requests?| calls?| them| it)? (?:in|within|after)(?: only| just| about)* $",
    re.IGNORECASE,
)
APART = re.compile(r"\b(?:preced\w+|before|after|ahead|followed)\b[^,;\d]{0,30} by (?:about )?$", re.IGNORECASE)
DISTANCE = re.compile(
    r"^ ?(?:before(?!\W*$|[.,;:)])|after|prior to|ahead of|earlier|later|following|ago)\b", re.IGNORECASE
)
LOW = re.compile(
    r"\b(?:at least|no less than|no fewer than|minimum|more than|over|from|between|low(?:er)?)\b[^,;]{0,20}$",
    re.IGNORECASE,
)
HIGH = re.compile(
    r"\b(?:at most|up to|no more than|maximum|less than|fewer than|and|to|as many as|high(?:er)?)\b[^,;]{0,20}$",
    re.IGNORECASE,
)
_STATISTICS = (
    ("p50", r"p50|median|50th percentile"),
    ("p75", r"p75|75th percentile"),
    ("p90", r"p90|90th percentile"),
    ("p95", r"p95|95th percentile"),
    ("p99", r"p99|99th percentile"),
    ("mean", r"mean|averages?|averaged|averaging|on average"),
    ("extreme", r"max(?:imum|imal)?|minim\w+|peak\w*|highest|lowest|longest|shortest|slowest|fastest|worst|best"),
    ("sum", r"in total|totall?(?:ing|ed|s)?|altogether|summed|combined|cumulative(?:ly)?"),
)
STATISTICS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _STATISTICS}


def says_of_time(span: Span, text: str) -> str | None:
    """Whether a duration is the distance of a change from the onset, or how long something lasted or took."""
    before, after = text[: span[0]], text[span[1] :]
    if re.search(r"\b(?:in|within|for|over) the (?:last |past )?$", before, re.IGNORECASE) and re.match(
        r" ?(?:before|ahead)", after
    ):
        return "looked back"
    if DISTANCE.match(after) or APART.search(before):
        return "to alert" if re.match(r"[^,;.]{0,24}\balert\b", after) else "change"
    if TAKING.search(before):
        return "taking"
    return "span" if LASTING.search(before) else None


UP_TO = re.compile(r"\b(?:up to|at most|no more than|as many as) $", re.IGNORECASE)
AT_LEAST = re.compile(r"\b(?:at least|no (?:less|fewer) than) $", re.IGNORECASE)


def bound(span: Span, text: str) -> str | None:
    """ "Up to 4,500": of what has a range, its high end."""
    if UP_TO.search(text[: span[0]]):
        return "high"
    return "low" if AT_LEAST.search(text[: span[0]]) else None


def in_range(span: Span, text: str, end: str | None) -> bool:
    """Whether the words say that the figure is that end of a range; of no end: that it is none."""
    place = _place_in_range(span, text)
    if place is not None:
        return end == place
    if end is None or _is_between(span, text, end):
        return True
    return bool((LOW if end == "low" else HIGH).search(text[: span[0]]))


def _is_between(span: Span, text: str, end: str) -> bool:
    """ "Estimated at $1,406 to $1,562": no course of things, which would begin with "from"."""
    before, after = text[: span[0]], text[span[1] :]
    if end == "low":
        return bool(re.match(r"[^\d,;.()]{0,12}(?: to |–|-)\W?\d", after)) and not re.search(r"\bfrom $", before)
    return bool(re.search(r"(?<!from )(?<!from \$)(?<![\d.,$])\$?\d[\d.,]*[^\d,;.()]{0,12}(?: to |–|-)$", before))


def _place_in_range(span: Span, text: str) -> str | None:
    """Of "(66 to 77)" the first is the low end; "from 66 to 77" may be a course of things."""
    before, after = text[: span[0]], text[span[1] :]
    if re.search(r"\((?:\w+ ){0,2}$", before) and re.match(r"[^\d,;.()]{0,12}(?: to |–|-| and )\W?\d", after):
        return "low"
    if OF_RANGE.search(before):
        return "high"
    if re.search(r"\brange (?:of|from) $", before) and re.match(r"[^\d,;.()]{0,12} ?(?:to|and|–) \d", after):
        return "low"
    if re.search(r"\((?:\w+ ){0,2}\W?\d[\d.,]*[^\d,;.()]{0,12}(?: to |–|-| and )$", before):
        return "high"
    return None


def clause(span: Span, text: str) -> Span:
    starts = [end for _, end in _breaks(text) if end <= span[0]]
    ends = [start for start, _ in _breaks(text) if start >= span[1]]
    return (starts[-1] if starts else 0, ends[0] if ends else len(text))


@lru_cache(maxsize=64)
def _breaks(text: str) -> tuple[Span, ...]:
    return tuple(found.span() for found in BREAK.finditer(text))


def part(span: Span, text: str) -> Span:
    """Between semicolons: what a figure may inherit words from."""
    return text.rfind(";", 0, span[0]) + 1, text.find(";", span[1]) % (len(text) + 1)


def role(span: Span, text: str) -> str | None:
    """Whether the words around it say "usual" or "excess", else "now"; a range in brackets is as the figure before."""
    if ranged := OF_RANGE.search(text[: span[0]]):
        return _role_at(*ranged.span("low"), text)
    if behind := RANGE_BEHIND.search(text[: span[0]]):
        of = units.number_pattern().match(text, _figure_before(behind.start(), text))
        return _role_at(*of.span(), text) if of else None
    opened = _bracket(span, text)
    if opened is not None:
        within = text[opened : span[0]]
        if re.search(r"usual|before|expected|baseline|normal|previous", within):
            return "usual"
        if re.fullmatch(r"\([\d.,$ to–]*", within):
            span = (opened - 1, text.find(")", opened) + 1 or len(text))
            return _role_at(_figure_before(opened, text), span[1], text)
    return _role_at(span[0], span[1], text)


def _bracket(span: Span, text: str) -> int | None:
    opened = text.rfind("(", 0, span[0])
    return opened if opened > text.rfind(")", 0, span[0]) else None


def opening(place: int, text: str) -> int:
    """Where the bracket begins that `place` stands in; `place` itself outside of brackets."""
    opened = _bracket((place, place), text)
    return place if opened is None else opened


def _figure_before(place: int, text: str) -> int:
    """Where the last figure before `place` begins."""
    return max((one.start() for one in units.number_pattern().finditer(text[:place])), default=place)


THRESHOLD = re.compile(
    r"\b(?:if|when|once|as soon as|until|unless)\b.*\b(?:above|below|beyond|over|under|exceeds?) $", re.IGNORECASE
)


def _role_at(start: int, end: int, text: str) -> str | None:
    if THRESHOLD.search(text[:start]):
        return None
    if BY.search(text[:start]) or (numerals.WITHIN.search(text[:start]) and numerals.OF_USUAL.match(text, end)):
        return "excess"
    if _is_usual(start, end, text):
        return "usual"
    begin = clause((start, start), text)[0]
    is_excess = (
        MORE.search(text[end : end + 44])
        or EXCESS.search(text[max(0, begin - 12) : start])
        or SET_BESIDE.search(text[:start])
    )
    return "excess" if is_excess else "now"


# "The excess is small, 0.14 gCO₂e".
SET_BESIDE = re.compile(r"\bexcess\b[^;,.\d]{0,30}, (?:at |about |only |just )*$", re.IGNORECASE)
# What is expected again is the usual value.
AGAIN = re.compile(r"[^,;.\d]{0,24}\bagain\b")
# "In the expected range of 92 to 96 grams": both ends are of it.
OF_RANGE = re.compile(r"\brange (?:of|from) (?P<low>\d[\d.,]*)[^\d,;.()]{0,12} ?(?:to|and|–) $", re.IGNORECASE)
# "68 grams were wasted, between 66 and 77": as the figure before.
RANGE_BEHIND = re.compile(r", (?:between|ranging from) (?:\$?\d[\d.,]* (?:and|to) )?$", re.IGNORECASE)
RANGING = re.compile(r"\b(?:range[sd]?|ranging) (?:is |goes |was )?from $", re.IGNORECASE)
MORE_THAN = re.compile(r"\b(?:more|less|fewer)\b[^.;:]{0,40}\bthan (?:expected|usual)[:;,] ?$")


def _is_usual(start: int, end: int, text: str) -> bool:
    before, after = text[:start], text[end:]
    if WAS_USUAL.search(before) or USUAL_THEN.search(after) or AGAIN.match(after):
        return True
    if RANGING.search(before):
        return False
    if not MORE_THAN.search(before) and BEFORE.search(before[-44:]):
        return True
    return bool(AFTER.search(after[:44]) and not MORE.search(after[:44]))


_APPROXIMATELY = r"about|around|roughly|some|nearly|approximately|the|a total of"


def spoken_of(span: Span, text: str) -> frozenset[str]:
    """What the figure's own clause speaks of; where that says nothing, its part of the sentence.

    "2,260 of 10,600 requests failed": the second did not.
    """
    if re.search(rf"\bof (?:(?:{_APPROXIMATELY}) )?$", text[: span[0]], re.IGNORECASE) and re.match(
        r" ?requests", text[span[1] - 9 : span[1] + 9].lstrip("0123456789,")
    ):
        return frozenset({"traffic"})
    start, end = _own_clause(span, text)
    own = topics(text[start:end])
    if own & {*SIGNALS, *EXCLUSIVE}:
        return own
    begin, over = part(span, text)
    return own | topics(text[begin : span[0]]) or topics(text[begin:over])


def _own_clause(span: Span, text: str) -> Span:
    """That of the figure before, for one in brackets behind it."""
    opened = _bracket(span, text)
    place = _figure_before(opened, text) if opened is not None and span[0] - opened < 12 else span[0]
    return clause((place, span[1] if place == span[0] else opened or place), text)


def own_clause(span: Span, text: str) -> str:
    return text[slice(*_own_clause(span, text))]


def signal(span: Span, text: str) -> str | None:
    """The one signal that the clause speaks of; where requests are retries, those."""
    found = topics(own_clause(span, text)) & set(SIGNALS)
    if "retries" in found:
        return "retries"
    return next(iter(found)) if len(found) == 1 else None


AT_A_STATISTIC = re.compile(
    r"[^,;.\d]{0,14}\b(?:on average|in total|at (?:the )?(?:p|\d|median|mean|average)|at (?:its|the|a) (?:peak|worst))"
)


def statistic(span: Span, text: str) -> str | None:
    """Right behind the figure, or named last before it in its part of the sentence."""
    behind = AT_A_STATISTIC.match(text[span[1] :])
    if behind:
        after = text[span[1] : span[1] + behind.end() + 18]
        return next((name for name, words in STATISTICS.items() if words.search(after)), None)
    before = text[part(span, text)[0] : span[0]]
    found = [(one.end(), name) for name, words in STATISTICS.items() for one in words.finditer(before)]
    return max(found)[1] if found else None


PER = re.compile(
    r"(?:^\W*an? (?:[a-z]+ )?(?P<one>request|call|order|user|customer|session|line)"
    r"|\b(?:each|every|per|a single|an individual|one single|any given)(?! of\b)"
    r"(?: (?:lost|failed|failing|affected|new|slow))?"
    r" (?P<noun>[a-z]+))\b[^,;.\d]{0,40}$",
    re.IGNORECASE,
)
# "9.3 g per minute instead of …" says of the first figure that it is a rate.
RATED = re.compile(r"\d\S* (?:[^\s\d]+ ){0,3}?(?:per|a|an|each|every) (?:minute|hour|second)\b")
RANKS = (
    ("largest", r"largest|biggest|greatest|most (?:frequent|common|important|costly)|main part|dominant|dominates?"),
    ("smallest", r"smallest|least (?:frequent|common|important)|lowest part"),
)


def per(span: Span, text: str) -> str | None:
    """ "Each request … 20 g": that the figure is of every single one."""
    found = PER.search(RATED.sub(" ", text[clause(span, text)[0] : span[0]]))
    return (found["one"] or found["noun"]).lower() if found else None


def rank(span: Span, text: str) -> str | None:
    """Said right behind the figure, or before it with no other between them."""
    begin, over = part(span, text)
    before = re.split(r"\d", text[begin : span[0]])[-1]
    around = f"{before} {text[span[1] : min(over, clause(span, text)[1])]}"
    return next((name for name, words in RANKS if re.search(rf"\b(?:{words})\b", around, re.IGNORECASE)), None)


_DETERMINER = (
    r"all|the|its|their|these|those|this|total|overall|incoming|sampled|new|old|served|recorded|logged|observed|failed"
    r"|failing|measured|user|log|error|remaining|about|some|them|additional|other|previous|small|slight|whole|entire"
)
_OF = re.compile(
    rf" ?(?:\([^)]*\) )?of (?:(?:{_DETERMINER}|[\d,]+|\S+['’]s?|\s)\b ?)*(?P<noun>[^\W\d][\w₂-]*)?", re.IGNORECASE
)
_WHOLES = (
    ("requests", r"requests?|calls?|traffic|responses?|invocations?|operations"),
    ("lines", r"lines?|documents?|entries|logs?|messages?"),
    ("errors", r"errors?|failures?|exceptions?"),
    ("rise", r"rise|increase|growth|spike|surge|jump|excess|co₂e?|co2e?|carbon|emissions?|deviation"),
    ("cpu", r"cpu"),
    ("memory", r"memory"),
    ("users", r"users?|customers?|sessions?"),
    ("it", r"it|them|that|others|rest|which|what|ones?"),
)


def whole(span: Span, text: str, names: set[str]) -> str | None:
    """What a share is said to be of: "57 % of the writes". None: nothing is said; "?": no report measures it."""
    found = _OF.match(text, span[1])
    if not found:
        # "Every request fails".
        return "requests" if re.match(r" requests?\b", text[span[1] :]) else None
    noun = (found["noun"] or "").lower()
    if not noun or noun in ("cases", "time") or noun in {one.lower() for one in names}:
        return None
    kind = next((kind for kind, words in _WHOLES if re.fullmatch(words, noun)), "?")
    return None if kind == "it" else kind
