"""What the words around a figure make of it: of which signal and statistic, per what, and of what time."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from worker.agent.grounding.text import units
from worker.agent.grounding.text.claims import Span
from worker.agent.grounding.text.topics import EXCLUSIVE, SIGNALS, topics

# "Checkout, us-central1": where a service is, as the template has it.
REGION = r"(?:us|eu|europe|asia|ap|ca|sa|me|af|africa|australia|northamerica|southamerica)-[a-z]+-?\d\b"
BREAK = re.compile(
    rf"[;()—]| – |(?<!:):(?![:\d])|,(?!\d|(?<!regions,) {REGION})| and |(?<!\ball) but | while | whereas | because"
    r"| although"
    r"| even though | until "
)
# "Between 61 gCO₂e and 62 gCO₂e" is one clause.
BETWEEN = re.compile(r"\b[Bb]etween (?:about |roughly )?[$−-]?\d[\d.,]*(?: ?[^\W\d]\S*){0,2}$")
# "At 816, the number of reads is …" is one clause.
AT = re.compile(r"At (?:about |only |just )?[$\d][^,;]{0,16}, ")
LASTING = re.compile(
    r"\b(?:last(?:ed|s|ing)?|for|in|into|over|within|during|spann\w+|after just|persist\w*|(?:ended|closed|over) after)"
    r"(?: only| just| about| the| last| first| a| mere)* $",
    re.IGNORECASE,
)
TAKING = re.compile(
    r"\b(?:took|takes?|taking|needs?|needed|usually in)(?: only| just| about| a)* $"
    r"|\b(?:answer\w*|respon\w+|repl(?:y|ies|ied)|served?|serves|return\w*|complet\w+|finish\w*|done|handled)"
    r"(?: requests?| calls?| them| it)? (?:in|within|after)(?: only| just| about)* $",
    re.IGNORECASE,
)
APART = re.compile(
    r"\b(?:preced\w+|before|after|ahead|followed)\b(?:[^,;\d]|-\d+\b){0,30} by (?:about )?$", re.IGNORECASE
)
DISTANCE = re.compile(
    r"^ ?(?:before(?!\W*$|[.,;:)]| (?:and|but|while|or)\b)"
    r"|after(?! (?:an? (?:usual|normal)|(?:the usual |only |about )?\d[\d.,]*(?!:)|(?:one|none|zero)(?! of\b))\b)"
    r"|prior to|ahead of|earlier|later|following|ago)\b",
    re.IGNORECASE,
)
_STATISTICS = (
    ("p50", r"p50|median|50th percentile"),
    ("p75", r"p75|75th percentile"),
    ("p90", r"p90|90th percentile"),
    ("p95", r"p95|95th percentile"),
    ("p99", r"p99|99th percentile"),
    ("mean", r"mean|avg|averages?|averaged|averaging|on average"),
    (
        "extreme",
        (
            r"max(?:imum|imal)?|minim\w+|peak\w*|highest|lowest|slowest|fastest|worst|best"
            r"|(?:longest|shortest)(?! (?:one |of (?:the |these )?)?(?:\w+ )?incidents?\b)"
        ),
    ),
    ("sum", r"in total|totall?(?:ing|ed|s)?|altogether|summed|combined|cumulative(?:ly)?"),
)
STATISTICS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _STATISTICS}


DEPLOYING = re.compile(r"\b(?:deploy\w*|releas\w+|rollouts?|rolled out|changed?|changes)\b", re.IGNORECASE)


def says_of_time(span: Span, text: str) -> str | None:
    """Whether a duration is the distance of a change from the onset, or how long something lasted or took."""
    before, after = text[: span[0]], text[span[1] :]
    if re.search(
        r"(?<!\bwent )\b(?:(?:in|within|for) (?:the )?|over the )(?:last |past )?$", before, re.IGNORECASE
    ) and re.match(r" ?(?:before|ahead|of the (?:alert|onset))\b", after):
        return "looked back"
    if re.search(r"\b(?:of|in|during|within|over) the (?:last|past) $", before) and DEPLOYING.search(text):
        return "looked back"
    is_apart = DISTANCE.match(after) and not text[slice(*span)].endswith("ms")
    if is_apart or APART.search(before):
        return "to alert" if re.match(r"[^,;.]{0,24}\balert\b", after) else "change"
    if TAKING.search(before):
        return "taking"
    return "span" if LASTING.search(before) else None


def clause(span: Span, text: str) -> Span:
    starts = [end for _, end in _breaks(text) if end <= span[0]]
    ends = [start for start, _ in _breaks(text) if start >= span[1]]
    return (starts[-1] if starts else 0, ends[0] if ends else len(text))


@lru_cache(maxsize=64)
def _breaks(text: str) -> tuple[Span, ...]:
    opening = AT.match(text)
    breaks = BREAK.finditer(text, opening.end() if opening else 0)
    return tuple(found.span() for found in breaks if not BETWEEN.search(text[: found.start()]))


def part(span: Span, text: str) -> Span:
    """Between semicolons: what a figure may inherit words from."""
    return text.rfind(";", 0, span[0]) + 1, text.find(";", span[1]) % (len(text) + 1)


def bracket(span: Span, text: str) -> int | None:
    opened = text.rfind("(", 0, span[0])
    return opened if opened > text.rfind(")", 0, span[0]) else None


def opening(place: int, text: str) -> int:
    """Where the bracket begins that `place` stands in; `place` itself outside of brackets."""
    opened = bracket((place, place), text)
    return place if opened is None else opened


def figure_before(place: int, text: str) -> int:
    """Where the last figure before `place` begins; the digit of "us-central1" is none."""
    found = (one.start() for one in units.number_pattern().finditer(text[:place]))
    return max((one for one in found if not text[max(0, one - 1) : one].isalpha()), default=place)


APPROXIMATELY = r"about|around|roughly|some|nearly|approximately|the|a total of"


PART_OF = re.compile(
    r"(?:(?<=\d) (?P<what>(?:(?:failed|failing|slow|slower) )?requests?) (?:\([^)]*\) )?)?"
    rf"\b(?:out )?of (?:(?:{APPROXIMATELY}) )?$|^\W*Of the (?:{APPROXIMATELY}) $",
    re.IGNORECASE,
)


OF_GRAMS = re.compile(
    rf"\d ?[mk]?g(?:ram\w*)?(?: ?(?:of )?CO[₂2]e?)? (?:out )?of (?:(?:{APPROXIMATELY}) )?$", re.IGNORECASE
)


# "2.7 of 3.3 g".
BARE_OF = re.compile(rf"\d (?:out )?of (?:(?:{APPROXIMATELY}) )?$", re.IGNORECASE)


def spoken_of(span: Span, text: str) -> frozenset[str]:
    """What the figure's own clause speaks of; where that says nothing, its part of the sentence.

    "2,260 of 10,600 requests failed": the second did not.
    """
    if of := set_against(span, text):
        return spoken_of(of, text)
    is_in_grams = text[slice(*span)].endswith(("g", "gCO₂e", "grams")) and BARE_OF.search(text[: span[0]])
    if is_in_grams or OF_GRAMS.search(text[: span[0]]):
        # "About 2 g of the 2.3 g are put down to retries": the second is all of it.
        return topics(text[slice(*_own_clause(span, text))]) - {"retries", "errors", "latency"}
    is_of = PART_OF.search(text[: span[0]])
    is_behind = text[: span[1]].endswith("requests") or OF_THE_REQUESTS.match(text, span[1]) or REQUESTS.match(text)
    if (is_of and (is_of["what"] or is_behind)) or (OUT_OF.search(text[: span[0]]) and A_STOP.match(text, span[1])):
        return frozenset({"traffic"})
    start, end = _own_clause(span, text)
    own = topics(text[start:end])
    if own & {*SIGNALS, *EXCLUSIVE}:
        return own
    begin, over = part(span, text)
    told = topics(text[begin:start]) & {*SIGNALS, *EXCLUSIVE}
    before = own | (last_spoken_of(start, text) if told or begin else frozenset())
    if "lines" in own:
        # "The instances of cart, which wrote 3 of 51 expected lines".
        before -= {"instances"}
    return before or _first_spoken_of(end, text[:over]) or topics(text[begin:over])


# "Failed requests: about 25,100 of 84,700".
REQUESTS = re.compile(r"\W*(?:failed |failing |failures: )?requests(?: failed| that failed)?:", re.IGNORECASE)
# "12,600 requests failed, of about 53,200 in all".
OF_THE_REQUESTS = re.compile(r" (?:[a-z]+ )?requests\b| (?:in all|in total|altogether|overall)\b")


# "20,400 requests failed in the window, out of about 30,700."
OUT_OF = re.compile(rf"\brequests?\b[^;]*,? out of (?:(?:{APPROXIMATELY}) )?$", re.IGNORECASE)
A_STOP = re.compile(r"\s*(?:[.,;)\[]|$)")
# "24 %, 44 % and about 1,450 ms".
NEXT_FIGURE = re.compile(r",? (?:and )?(?:about |around |roughly )?", re.IGNORECASE)


SET_AGAINST = re.compile(
    r"(?:(?P<where>where(?:as)?|while|with)|against|after|(?:instead|in place) of|rather than"
    r"|compared (?:with|to)|versus)"
    r"(?: (?:the|its|usual|usually|only|about))* $"
)
ARE_USUAL = re.compile(r" (?:(?:is|are|was|were|being) (?:usual|normal|expected)|usually|normally|expected|before)\b")


@lru_cache(maxsize=256)
def set_against(span: Span, text: str) -> Span | None:
    """ "50 % fail and it takes 2,650 ms, where 1.3 % and 265 ms are usual": each is of the one in its place."""
    figures = _figures(text)
    place = next((number for number, one in enumerate(figures) if one[0] <= span[0] < one[1]), 0)
    first, last = _row(figures, place, text) if figures else (0, 0)
    many = last - first + 1
    told = SET_AGAINST.search(text[: figures[first][0]]) if many > 1 else None
    is_usual = told and (ARE_USUAL.match(text, figures[last][1]) or not told["where"])
    if not is_usual or first != many:
        return None
    # "0.59 against 0.31 g/min, and 38 % fail": no share beside a rate.
    is_share = [text[slice(*one)].endswith("%") for one in figures[: 2 * many]]
    return figures[place - many] if is_share[:many] == is_share[many:] else None


def _figures(text: str) -> list[Span]:
    """Where the figures stand, but for those of a clock."""
    found = (one.span() for one in units.number_pattern().finditer(text))
    return [one for one in found if not re.match(r":\d", text[one[1] :]) and not re.search(r"\d:$", text[: one[0]])]


def _row(figures: list[Span], place: int, text: str) -> tuple[int, int]:
    """The first and the last of the list of figures that the one at `place` is in."""
    first = last = place
    while first and NEXT_FIGURE.fullmatch(text[figures[first - 1][1] : figures[first][0]]):
        first -= 1
    while last + 1 < len(figures) and NEXT_FIGURE.fullmatch(text[figures[last][1] : figures[last + 1][0]]):
        last += 1
    return first, last


def _first_spoken_of(place: int, text: str) -> frozenset[str]:
    """ "An estimated 19,800 (10,800 to 28,900) of 53,400 requests failed, and …": the first clause behind with any."""
    for start, end in _clauses(text[place:]):
        found = topics(text[place + start : place + end])
        if found & {*SIGNALS, *EXCLUSIVE}:
            return found
    return frozenset()


def last_spoken_of(place: int, text: str) -> frozenset[str]:
    """ "Of payments' requests 70 % fail; 0.3 % is usual": the topics of the last clause before that has any."""
    for start, end in reversed(_clauses(text[:place])):
        found = topics(text[start:end])
        if found & {*SIGNALS, *EXCLUSIVE}:
            return found
    return frozenset()


def _clauses(text: str) -> list[Span]:
    ends = [(0, 0), *_breaks(text), (len(text), len(text))]
    return [(before[1], after[0]) for before, after in itertools.pairwise(ends)]


def _own_clause(span: Span, text: str) -> Span:
    """That of the figure before, for one in brackets behind it; "12,400 (8,030 to 16,700) more took longer" is one."""
    opened = bracket(span, text)
    place = figure_before(opened, text) if opened is not None and span[0] - opened < 12 else span[0]
    start, end = clause((place, span[1] if place == span[0] else opened or place), text)
    ranged = RANGED.match(text, end - 1)
    return start, clause((ranged.end(), ranged.end()), text)[1] if ranged else end


RANGED = re.compile(
    r" \([\d.,]+(?: ?[a-z₂%]{1,5})? (?:to|and|–|-) [\d.,]+(?: ?[a-z₂%]{1,5})?\)(?= [a-z])", re.IGNORECASE
)


def own_clause(span: Span, text: str) -> str:
    return text[slice(*_own_clause(span, text))]


def signal(span: Span, text: str) -> str | None:
    """The one signal that the clause speaks of; where requests are retries, those."""
    found = topics(own_clause(span, text)) & set(SIGNALS)
    if "retries" in found:
        return "retries"
    return next(iter(found)) if len(found) == 1 else None


AT_A_STATISTIC = re.compile(
    r" (?:average|mean|median|p\d\d)\b|[^,;.\d]{0,14}\b(?:on average|in total"
    r"|at (?:the )?(?:[a-z]+ )?(?:p\d|\d+(?:st|nd|rd|th)|median|mean|average)|at (?:its|the|a) (?:peak|worst))"
)


_REQUESTS = (
    r"(?: of)? (?:the |its |all |[^,;.\d]{1,24}['’]s? )?(?:sampled |timed )?(?:requests|calls)"
    r"(?: (?:to|of) [^,;.\d]{1,24}?)?(?:(?: in|,) [\w-]+,?)?"
)
# "Half of the requests took longer than 303 ms", "the slowest 5 % take 4.4 s or more", "95 % are done within 40 ms".
SLOWEST = re.compile(
    r"\b(?P<slowest>slowest )?(?P<share>half|one in (?:ten|twenty|a hundred)|(?:a|one) tenth"
    r"|(?<=slowest )(?:percent|twentieth|tenth)"
    r"|(?P<most>nine (?:out )?of ten|9[059] ?(?:%|percent))|(?:10|5|1) ?(?:%|percent))"
    rf"(?(slowest)(?:{_REQUESTS})?|{_REQUESTS}) (?:now |usually |still )?"
    r"(?:(?P<at_most>(?:took|takes?|needed|needs?|waited) (?:no (?:longer|more) than|at most|less than)"
    r"|(?:finish(?:es|ed)?|completed?|ended|(?:are|were) (?:done|answered|served|finished)) (?:with)?in)"
    r"|(?:took|takes?|were|are|needed|needs?|waited) (?:longer|slower|more) than"
    r"|(?P<or_more>took|takes?|needed|needs?|waited)) (?:(?:about|roughly|around|at least) )?"
    r"(?=\d|$|(?:one|two|three|four|five|ten)\b)",
    re.IGNORECASE,
)
QUANTILE_OF = {
    **dict.fromkeys(("half",), "p50"),
    **dict.fromkeys(("one in ten", "a tenth", "one tenth", "10 %", "10%", "10 percent"), "p90"),
    "percent": "p99",
    "twentieth": "p95",
    "tenth": "p90",
    **dict.fromkeys(("nine of ten", "nine out of ten"), "p90"),
    **{f"{of}{sign}": f"p{of}" for of in (90, 95, 99) for sign in (" %", "%", " percent")},
    **dict.fromkeys(("one in twenty", "5 %", "5%", "5 percent"), "p95"),
    **dict.fromkeys(("one in a hundred", "1 %", "1%", "1 percent"), "p99"),
}


# "Half of the requests took 303 ms or more".
OR_MORE = re.compile(r"[\d.,]+ ?m?s or (?:more|longer|(?P<less>less))\b")
# "From 347 to 298 ms at p95": of both.
TO_ANOTHER = re.compile(r"(?: ?m?s)? to [\d.,]+ ?m?s\b")


def is_of_quantile(span: Span, text: str) -> bool:
    """ "The slowest 5 % take 4.4 s or more": which quantile that is, and no figure of its own."""
    found = next((one for one in SLOWEST.finditer(text) if one.span("share") == span), None)
    behind = OR_MORE.match(text, found.end()) if found else None
    is_more = behind is not None and not behind["less"]
    if found is not None and found["most"]:
        return bool(found["at_most"] or (behind and behind["less"]))
    return found is not None and not found["at_most"] and (is_more or not found["or_more"])


def statistic(span: Span, text: str) -> str | None:
    """Right behind the figure, or named last before it in its part of the sentence."""
    if measured := set_against(span, text):
        return statistic(measured, text)
    other = TO_ANOTHER.match(text, span[1]) if text[: span[0]].endswith("from ") else None
    end = other.end() if other else span[1]
    behind = AT_A_STATISTIC.match(text[end:])
    if behind:
        after = text[end : end + behind.end() + 18]
        return next((name for name, words in STATISTICS.items() if words.search(after)), None)
    begin, _ = part(span, text)
    before = text[begin : span[0]]
    share = SLOWEST.search(before)
    # "Half took no longer than 303 ms" is of the median, too.
    or_more = OR_MORE.match(text, share.end()) if share else None
    is_most = share and (share["at_most"] or (or_more and or_more["less"]))
    is_told = share and (bool(is_most) == bool(share["most"]) or share["share"].lower() == "half")
    if share and is_told and (not share["or_more"] or or_more):
        return QUANTILE_OF[" ".join(share["share"].lower().split())]
    found = [
        (one.end(), name)
        for name, words in STATISTICS.items()
        for one in words.finditer(before)
        # "checkout is highest at 3,810 ms, then frontend at 1,820 ms": of the first.
        if name != "extreme" or not units.number_pattern().search(before, one.end())
    ]
    return max(found)[1] if found else None


def named_statistics(text: str) -> set[str]:
    return {name for name, words in STATISTICS.items() if words.search(text)}


PER = re.compile(
    r"(?:^\W*an? (?:[a-z]+ )?(?P<one>request|call|order|user|customer|session|line)"
    r"|(?<!requests )(?<!calls )(?<!lines )"
    r"\b(?:each|every|per|a single|an individual|one single|any given)(?! (?:one )?of\b)"
    r"(?: (?:lost|failed|failing|affected|new|slow))?"
    r" (?P<noun>[a-z]+))\b(?! fail| end| rate| volume)(?:[^,;.\d]|(?<=[a-z-])\d){0,40}$",
    re.IGNORECASE,
)
# "Per request, checkout emits …".
PER_FIRST = re.compile(r"\W*Per (?P<noun>request|call|order|user|customer|session|minute|hour), [^,;]*$")
# "9.3 g per minute instead of …" says of the first figure that it is a rate.
RATED = re.compile(r"\d\S* (?:[^\s\d]+ ){0,3}?(?:per|a|an|each|every) (?:minute|hour|second)\b")
# "Each recorded three", "each fell": a verb.
NO_NOUN = re.compile(
    r"by|with|at|in|of|thousand|hundred|million|\w+ed|fell|rose|had|has|have|was|were|is|are|shows?|took|takes?|gets?"
)
RANKS = (
    (
        "largest",
        (
            r"(?<!second )(?<!second-)(?<!third )(?:largest|biggest|greatest)|most (?:frequent|common|important|costly)"
            r"|main part|dominant|dominates?"
        ),
    ),
    ("smallest", r"smallest|least (?:frequent|common|important)|lowest part"),
)


def per(span: Span, text: str) -> str | None:
    """ "Each request … 20 g": that the figure is of every single one."""
    found = PER.search(RATED.sub(" ", text[clause(span, text)[0] : span[0]]))
    found = found or PER_FIRST.match(text[part(span, text)[0] : span[0]])
    noun = (found.groupdict().get("one") or found["noun"]).lower() if found else None
    return None if noun is None or NO_NOUN.fullmatch(noun) else noun


def rank(span: Span, text: str) -> str | None:
    """Said right behind the figure, or before it with no other between them."""
    begin, over = part(span, text)
    before = re.split(r"\d", text[begin : span[0]])[-1]
    around = f"{before} {text[span[1] : min(over, clause(span, text)[1])]}"
    return next((name for name, words in RANKS if re.search(rf"\b(?:{words})\b", around, re.IGNORECASE)), None)
