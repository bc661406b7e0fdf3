"""Whether a figure is told as the value of now, as the usual one, or as the excess of the one over the other."""

from __future__ import annotations

import re

from worker.agent.grounding.text import context, judging, numerals, ranges, units
from worker.agent.grounding.text.claims import Span

_LEVEL = r"(?:usual|expected|normal|baseline|typical|anticipated)"
_COMPARED = (
    r"compared (?:with|to)|versus|vs\.?|against|(?:instead|in place) of|rather than|up from|down from|from|relative to"
    r"|(?<!more )(?<!less )(?<!fewer )(?<!no longer )than"
    r"|in contrast (?:with|to)|as opposed to|(?:returns?|returned|back|recover\w*|restored)"
    r" (?:to|at|near|towards?|around|within)"
)
BEFORE = re.compile(
    rf"\b(?:usually|(?<!as )(?<!than )usual|before|baseline|(?<!as )expected|(?<=was )expected(?= at\b)"
    r"|(?<!below the )(?<!above the )(?<!below )(?<!above )expectation|normally|typically|(?<!is )"
    r"(?<!are )(?<!look )normal"
    rf"|typical|of (?:the )?others|earlier"
    rf"|previously|the others?(?: \w+)?|(?:those|the lines) before(?: (?:it|that|this))?,?(?: in| with)?"
    rf"|(?<!:)\d+ ?(?:%|[a-z₂]+)?(?: on average| at (?:the )?p\d\d| of (?:its|the|all) requests)?,? after|{_COMPARED}"
    rf"|(?<=, )(?:old|older|previous|earlier) (?:lines|ones|documents)"
    rf"|the (?:old|older|previous|former|earlier)(?: (?:log )?lines| documents| ones?| version| release| deployment)?)"
    r"(?:\W*\b(?:about|around|roughly|nearly|almost|close to|near|some|s"
    r"|of|at|a|an|the|its|it|itself|there|that|they|those|is|was|are|were|only|just|level|value|rate|p\d\d|median"
    r"|share|range(?= of\b| between\b)|between|mean|average|show|shows|showed|have|has|had|with"
    r"|under|below|less than|above|over)\b)*\W*$",
    re.IGNORECASE,
)
# "9 g/min is usual", "43 gCO₂e (41 to 44) expected".
AFTER = re.compile(
    r"^(?! (?:against|versus|vs|instead|rather|compared|than|where|while|and|but|from)\b)"
    r"(?! (?:is|was|are|were|lies|lay|stays?|remains?|stands?) (?:\w+ )?(?:near|close|above|below|over|under|within)\b)"
    r"(?:(?! (?:and|but|now)\b)[^,;.(\d]){0,14}(?:\([^)]*\) ?)?"
    r"(?:is usual|are usual|is normal|are normal|expected|usually|normally|typically"
    r"|(?:would|should) (?:fit|suit|match|do)\b|without (?:it|them|this|that|the)\b"
    r"|(?:would|should) have been expected|being (?:usual|normal|typical)"
    r"|as (?:the|its) (?:norm|usual value|expectation)\b"
    r"|(?:was|were|had been|is|are) to be expected|(?:was|were|had been) expected|is the norm\b"
    r"|(?:that )?(?:seen in )?(?:the )?(?:(?:preceding|previous|earlier|last) )?(?:hours|days|weeks|minutes)\b"
    r"(?: before\b|[^,;.\d]{0,12}\b(?:suggest|show|predict)\w*)"
    r"|that (?:would be|was|were|is|are|had been|would have been) (?:usual|normal|expected)|had been expected"
    r"|(?:is|was|are|were|would be|would have been) (?:what (?:it|they|is) |(?:its|the) )?"
    r"(?:usual|normal|typical|ordinary|customary)"
    r"|(?:is|was|were) the (?:median|mean|average|p\d\d) (?:before|usually)\b"
    r"|(?:is|was|were) what (?:the (?:hours|days)|(?:its|the) baseline|it|they)\b"
    r"|^ others\b(?=\s*(?:[,.;)]|$))"
    r"|^ (?:usual|normal|typical|expected)(?: (?:at|for|by|in)\b|(?=\s*(?:[,.;)]|$)))"
    r"|^ (?:of (?:the |its )?[\d,]+ )?(?:old|older|previous|earlier|other) (?:(?:log |sampled )?lines|ones|documents)\b"
    r"|(?:that |which )?(?:it|they|these|those) (?:is|are|was|were) compared (?:with|to)|used to\b"
    r"|previously|earlier\b(?! than)|(?:in|at|during|of) (?:(?:the|its|their|\S+['’]s?) )?baseline"
    r"|(?<!never )(?<!not )before\b(?! the)"
    r"|(?:of|for|on|by|in) (?:the )?(?:other|others|old|older|previous|remaining|rest)\b)"
)
# "68 g more than expected".
MORE = re.compile(
    r"^(?: \([^)]*\))?(?: of (?:CO[₂2]e?|carbon))?(?: (?:was|were) emitted)? (?:in|of) excess\b"
    r"|^(?: carbon| CO[₂2]e?)? excess\b(?! of)"
    r"|^(?: of (?:CO[₂2]e?|carbon|emissions))?(?: (?:per|an|each) hour)?"
    r" (?:is|was|were|are|(?:has|have) been|(?:can|could|would|will) be)"
    r" (?:wasted|saved|in excess|additional|(?:the |an? )?excess(?! of))\b"
    r"|^(?: of (?:CO[₂2]e?|carbon))?(?: (?:is|are|was|were))? too (?:much|many)\b"
    r"|^(?: \([^)]*\))?(?:(?! (?:is|was|are|were|lies?|lay|and|thus|so)\b)[^,;.(\d]){0,22}"
    r"\b(?:more|less|fewer|above|over|beyond|below|under|higher|lower|longer|slower|shorter|faster)\b"
    r"(?: than)?(?: (?:the|its|what was))? (?:expected|usual|expectation|normal|baseline)"
    r"|^[^,;.(\d]{0,24}\bon top of (?:what|the|its|that)\b"
    r"|^ (?:more|less|above|over|below|under) (?:than )?what (?:this|its|the|that|such) (?:traffic|demand|load)"
    r" (?:takes|needs|explains|would)\b"
)
EXCESS = re.compile(
    r"\b(?:(?<!no )excess|shortfall|emit(?:s|ted) (?:beyond|on top of) (?:that|the|its) expectation"
    r"|wast(?:e|es|ed|ing)|too much"
    r"|additional(?! (?:demand|requests|traffic|load) (?:rais|push|dr[io]v|lift))|extra|saves?|saving)\b"
    r"|\bmore than (?:the )?(?:expected|usual|normal|baseline)",
    re.IGNORECASE,
)
# "27 % of the 396 mg emitted is excess".
OF_IT_IS_EXCESS = re.compile(r" of (?:the |its |all )?[^,;.%]{0,40}\b(?:is|are|was|were|counts? as) (?:in )?excess\b")
# Words with no figure: "in europe-west1", "of deploy-8717" and "1,000 requests" have none that is told.
_UNTOLD = r"(?:[^;,\d]|(?<=[a-z])-?\d+|1,000(?= requests))"
# "p95 was 468 ms, p50 226 ms and p99 …": each of the same time as the first.
_QUANTILES = (
    r"(?:\d[\d.,]* ?m?s,?(?: and)? (?:the |its )?(?:p\d\d|median|mean|average)(?: latency)?(?: was| at| of)?"
    r"(?: about)? ){1,3}"
)
# "The expected emissions were 441 g", "Before the deployment, 46 % …".
WAS_USUAL = re.compile(
    rf"(?<!within its )(?<!within the )(?<!within their )\b{_LEVEL}(?: [\w₂]+){{1,5}}?"
    r" (?:is|was|were|are|of|at|came to|amounted to|becomes?|became|would (?:then )?be|would have been)"
    r"(?: about| only| then| close to| around| roughly| at)? $"
    r"|\b(?:should|would) have (?:been|emitted|produced|taken)(?: about)? $"
    r"|\bwould (?:take|emit|need)(?: about| only)? $"
    r"|\b(?:is|was|were|are) expected to (?:emit|take|need|be)(?: about)? $"
    r"|(?:^|[;:] )(?:In|During|At) (?:the )?(?:baseline|usual times|normal times)\b[^;\d]{0,60}$"
    r"|\bbaseline\b[^;]{0,80}\b(?:during|in) (?:it|that time|those hours)\b(?:[^;\d]|p\d\d){0,50}$"
    r"|\bthe (?:old|previous|former|earlier) (?:version|release|one)(?: v?\d[\d.]*)?"
    r" (?:logs?|logged|shows?|showed|has|had|fails?|failed|takes?|took|needs?|needed|(?:is|was) at)"
    r"(?:(?!\b(?:new|now|than|but|and)\b)[^,;:\d]){0,40} $"
    r"|\b(?:Under|With|In) the (?:old|previous|former|earlier) (?:version|release|one)\b[^,;\d]{0,24}$"
    r"|\b(?:(?:hours|days|weeks) before|baseline|expectation)"
    r" (?:make|suggest|show|give|predict|say|ha[sd]|have)s?(?: about| only)? $"
    # "It is just what was expected for the requests that came, namely 183 g".
    r"|\bexpected\b[^,;.\d]{0,40},? namely (?:about )?$"
    r"|\bused to (?:be|take|emit|have|fail|log|receive|lie|stand|sit)\b[^,;\d]{0,20}$"
    r"|\band had (?:been|stood)(?: at| only| about)* $"
    # "The expectation for us-central1 was 180 to 184 g".
    r"|\bexpectation(?: (?:for|of|in) [\w-]+){0,2} (?:is|was) (?:about )?"
    r"(?:\d[\d.,]* ?(?:[mk]?g(?:CO₂e)? )?(?:to|–) ?)?$"
    # "The median latency is 2,000 ms, was 229 ms"; "3.2 s on average, usually in 243 ms".
    r"|\d ?(?:%|[a-z₂]+)?(?: on average| now)?, (?:was|were|usually(?: in| at)?)(?: about| only)? $"
    # "It answers in 1.95 s, and usually in 230 ms"; "it is 0.72 s and was 0.23 s", "…, where it was 0.23 s".
    r"|\d ?(?:%|[a-z₂]+)?(?: on average| now)?,? (?:and|but|where|while)"
    r" (?:usually|normally|before) (?:in|at|only|about) $"
    r"|\b(?:is|are|stands at|has|takes|needs) (?:(?:now|about|at|currently) ){0,2}\d[\d.,]* ?(?:%|[a-z₂]+)?"
    r"(?: on average| now)?,? (?:and|but|where) (?:(?:it|they) )?(?:was|were|had been|stood at|took|needed)"
    r"(?: about| only| at)? $"
    r"|\bwhile the older (?:ones|lines) (?:took|needed|averaged)(?: about| only)? $"
    r"|\b(?:usually|normally|typically|ordinarily|generally),?"
    r" (?!(?:and|while|whereas|but|although|though|as|so|when)\b)"
    rf"(?:[^,;:()\d]|(?<=[a-z])\d{{1,2}}|1,000(?= requests)|, (?={context.REGION})|\((?=[a-z-]+\d?\))"
    r"|(?<=[a-z\d])\)){0,80}$"
    rf"|(?:^|[;:] )(?:Before|before|Prior to|prior to|Until|until)\b[^,;]{{0,40}},{_UNTOLD}{{0,80}}"
    rf"(?:\d[\d.]* ?%[^;,\d]{{0,40}} and (?!(?:now|then|since|after)\b){_UNTOLD}{{0,40}}|{_QUANTILES}|, )?$"
    # What lies within a range is held against what was expected.
    r"|(?<!excess )\b(?:is|are|was|were|lies|lay|stay(?:s|ed)|falls?|fell|remain(?:s|ed)) (?:\w+ )?(?:within|inside)"
    r" (?:the|its|a) (?:range|band|corridor) of $"
    r"|\b(?:the|[\d,]+) (?:others?|other ones|rest|remaining ones"
    r"|(?:others?|old|remaining|older|earlier) (?:[\d,]+ )?(?:(?:log|sampled) )?lines)"
    r"(?: of (?:the )?[\w.:@-]+)?(?: in [\w-]+)? (?:holds?|ha[sd]|have|shows?|showed|contains?|logs?|logged|are at"
    r"|is at|amounts? to|come to|with)(?: only| just| about)* $|\bof the rest,? (?:only )?$"
    r"|(?:^|[;:] )Without (?:it|that|them|deploy-\d+|the (?:new|change|deployment|release))\b[^,;]{0,30},[^;,\d]{0,60}$"
    r"|^(?:Before|Prior to|Until) (?:the (?:window|onset|incident|alert|deployment|change|release|rollout)"
    rf"|[a-z]+-\d+)\b{_UNTOLD}{{0,80}}(?:{_QUANTILES})?$",
    re.IGNORECASE,
)
USUAL_THEN = re.compile(
    r"^ of (?:which|them|these)\b(?:(?! (?:and|but|now|the window)\b)[^,;.\d]){0,30}"
    r"\b(?:in the baseline|before|earlier)\b"
    # "… of the requests to checkout were already failing in the baseline".
    r"|^(?:(?! (?:against|versus|than|compared|while|where|and|but|instead|from|as|after|window|now|not|never|no)\b)"
    r"(?:[^,;.(\d]|(?<=[a-z])\d)){0,90}\b(?:(?:in|during) (?:the |its )?baseline\b"
    r"|(?:usually|normally) (?!(?:needs?|takes?|requires?|explains?|costs?)\b)[a-z])"
    r"|^(?![^,;.(\d]{0,50}\b(?:not|never|new|absent|unknown|unseen)\b[^,;.(\d]{0,30}\b(?:before|prior|ahead|until))"
    r"(?:(?! and (?:once|twice|one|never|none|zero|no)\b)[^,;.(\d]){0,50}"
    r"\b(?<! and )(?:before|prior to|ahead of|until|earlier than) "
    r"(?:the (?:deployment|rollout|release|onset|incident|spike|alert|window|change)|(?:it|that|this|then)\b|[\w-]*\d)"
)
_BARELY = r"(?:about|nearly|almost|roughly|around|some|only|just|over|under|less than|more than)"
_UP = (
    r"exceed\w*|above|over|up|rose|risen|rais\w+|increas\w+|gr[eo]w\w*|climbed|higher|larger|greater|jumped|surpass\w+"
)
_DOWN = r"fell|fallen|falls|dropped|drops|declined|decreas\w+|reduc\w+|lower|below|down|less|fewer|smaller"
_BY = r"(?:[^,;.\d]{{0,30}}\b|[^,;.\d]{{0,30}}\d[\d.,]*[^,;.\d]{{0,24}} |[^;]{{0,60}}, or )by (?:{barely} )*$"
_OF = r"(?: of| is| was)+ (?:{barely} )*$"


def _by(verbs: str, nouns: str) -> re.Pattern[str]:
    by, of = (one.format(barely=_BARELY) for one in (_BY, _OF))
    return re.compile(rf"\b(?:{verbs}|{nouns})\b{by}|\b(?:{nouns}){of}", re.IGNORECASE)


# "Rose by 15 %", "a drop of 97 %", "a difference of 17 %".
UP_BY = _by(_UP, "increase|rise|growth|jump|gain|excess")
DOWN_BY = _by(_DOWN, "drop|fall|decline|decrease|reduction|loss")
APART_BY = _by("differ|differs|differed", "difference|margin|deviation")


def side(before: str) -> int:
    """1 or -1 where what is apart is told to be more or less, by the verb that is closest, else 0."""
    found = [(one.start(), sign) for sign, words in ((1, UP_BY), (-1, DOWN_BY)) if (one := words.search(before))]
    return max(found)[1] if found else 0


LESS = re.compile(
    r"^[^,;.(\d]{0,14}\b(?:less|fewer|lower|below|under|(?<!are )(?<!is )(?<!be )saved|short)\b", re.IGNORECASE
)


# "From 41 new lines and 182 old ones".
# "It emitted 0.077 g more CO₂ than expected".
MORE_CARBON = re.compile(r" (?:more|less) (?:CO[₂2]e?|carbon) than (?:expected|usual|normal)\b")
# "Of the others 0 %, at 509 against 85 ms": the first is of now, whatever the others are.
AGAINST = re.compile(r"(?: ?m?s)? against \d")
NEW_ONES = re.compile(r" (?:new|newer) (?:(?:log|sampled) )?(?:lines|documents|ones)\b")


def role(span: Span, text: str) -> str | None:
    is_set_against = text[: span[0]].endswith(", at ") and AGAINST.match(text, span[1])
    if is_set_against or NEW_ONES.match(text, span[1]):
        return "now"
    if told := ranges.around(span, text):
        return _role_at(*told.span("mid"), text)
    is_so_much_more = MORE_CARBON.match(text, span[1]) and text[slice(*span)].endswith(("g", "grams", "CO₂e", "CO2e"))
    return "excess" if is_so_much_more else _role(span, text)


def _role(span: Span, text: str) -> str | None:
    """Whether the words around it say "usual" or "excess", else "now"; a range in brackets is as the figure before."""
    behind = RANGE_BEHIND.search(text[: span[0]])
    if of := _before(behind, text) or _as_before(span, text):
        return _role_at(*of, text)
    if behind:
        return None
    opened = context.bracket(span, text)
    within = "" if opened is None else text[opened : span[0]]
    if opened is not None and IN_BRACKETS.fullmatch(within) and not _is_usual_within(within, text[span[1] :]):
        return _role_of_range(opened, text)
    if ranged := _ranged(span, text):
        # "The range runs from 66 to 77": no course of things, in which "from" would tell the usual.
        runs = RUNS.search(text[: ranged[0]])
        told = _role_at(runs.start() if runs else ranged[0], ranged[1], text)
        return "usual" if ranges.EXPECTED.search(text[: ranged[0]]) else told
    if _is_usual_within(within, text[span[1] :]):
        return "usual"
    # "Within the 178–183 g that were expected": the first as the second.
    ranged_to = RANGED_TO.match(text, span[1]) if not text[: span[0]].endswith("from ") else None
    rated = ranged_to or RATED.match(text, span[1])
    return _role_at(span[0], rated.end() if rated else span[1], text)


# "185 g was expected (between 183 and 187)".
IN_BRACKETS = re.compile(
    r"\((?:range:? |within |at least |from |between )?(?:[\d.,$ to–−-]|[mk]?g(?:CO₂e)?|m?s\b|%)*(?:and )?(?:at most )?"
)


def opens_with_range(span: Span, text: str) -> bool:
    """Whether it is an end of the range that a sentence begins with: that of a figure told before."""
    behind = RANGE_BEHIND.search(text[: span[0]])
    return behind is not None and _before(behind, text) is None


# "100 % (6 % before)".
TOLD_BEHIND = re.compile(r"[^,;()\d]{0,20}\b(?:before|previously|earlier|usual|usually|normal|normally|expected)\)")


# "p95: 5,020 ms (was 485 ms)".
WAS = re.compile(r"\((?:it |they |that )?(?:was|were|had been|up from|down from)(?: at| only| about)* $")


def _is_usual_within(within: str, after: str) -> bool:
    """By what stands in its bracket."""
    is_told = re.search(r"usual|before|expected|baseline|normal|previous", within) or WAS.match(within)
    return bool(is_told or (within == "(" and TOLD_BEHIND.match(after)))


def _before(behind: re.Match[str] | None, text: str) -> Span | None:
    """The figure that it is an end of the range of: "68 grams were wasted, between 66 and 77"."""
    of = units.number_pattern().match(text, context.figure_before(behind.start(), text)) if behind else None
    return of.span() if of else None


def _as_before(span: Span, text: str) -> Span | None:
    """The figure before, in "in emailservice 7 were expected, and in checkoutservice 10", "back at 0.6 % and 3 ms"."""
    found = GAPPED.search(text[: span[0]])
    if found is None or not ENDS.match(text, span[1]) or ranges.place(span, text):
        return None
    of = units.number_pattern().match(text, context.figure_before(found.start(), text))
    is_alone = of is not None and (found["of"] or of.end() == found.start())
    return of.span() if of and is_alone else None


def _role_of_range(opened: int, text: str) -> str | None:
    """Of "1.2 g too much (1.1 to 1.6)" and "68 g (66 to 77) more than expected": as the figure before."""
    start = context.figure_before(opened, text)
    figure = units.number_pattern().match(text, start)
    told = _role_at(start, figure.end(), text) if figure else None
    return told if told not in (None, "now") else _role_at(start, text.find(")", opened) + 1 or len(text), text)


def _ranged(span: Span, text: str) -> Span | None:
    """ "The range of 289 mg to 306 mg that was expected": from one end to the other, where the figure is one."""
    before = text[: span[0]]
    if low := ranges.OF_RANGE.search(before) or LOW_BEFORE.search(before):
        return low.start("low"), span[1]
    high = TO_HIGH.match(text, span[1]) if IN_RANGE.search(text[: span[0]]) else None
    return (span[0], high.end()) if high else None


# "Expected 214 to 218 g": of the second as well.
LOW_BEFORE = re.compile(
    r"(?<!from )(?<!from a )(?<!from an )(?<!from the )(?<!from its )"
    r"\b(?:expected|usual|usually|normal|normally|before)[,:]? (?:about )?(?P<low>\d[\d.,]*)(?: to |–)[−-]?$",
    re.IGNORECASE,
)
# "17.9 g per minute that would be expected".
RATED = re.compile(r"(?: (?:gCO₂e|of CO₂e?))? (?:per|an?|each) (?:minute|hour|second)\b")
# "Within the range of 289 mg to 306 mg that was expected".
IN_RANGE = re.compile(
    r"\b(?:range|band|interval|corridor)(?:(?: that| which)? (?:runs?|ran|goes|extends?|reaches|stretches))?"
    rf" (?:of|from) [−-]?$|\bbetween (?:about )?[−-]?$|\b(?:{ranges.EXPECTED_RANGE}|{ranges.EXPECTATION}) [−-]?$"
    r"|\b(?:ranges|ranged|stretches|extends|reaches) from (?:about )?[−-]?$",
    re.IGNORECASE,
)
RUNS = re.compile(
    r" (?:runs?|ran|goes|extends?|reaches|stretches|ranges|ranged) from [−-]?$"
    r"| (?:spans?|covers?) [−-]?$"
)
OF_EXPECTED = re.compile(
    r"\b(?:expected|usual|normal) (?:range|band|interval|corridor)(?: (?:of|for|in) [\w₂-]+){0,2}$", re.IGNORECASE
)
TO_HIGH = re.compile(r" ?(?:–|-|to|and) ?\$?[\d.,]*\d ?[^\W\d]*(?: CO₂e?)?(?:/min| (?:per|an?) (?:minute|hour))?")
RANGED_TO = re.compile(
    r"(?: ?(?:–|-) ?| to (?=\d)| and (?=\d+ (?:such|of them)))[\d.,]*\d ?(?:gCO₂e|g|%|ms|s|[a-z]+)?(?: CO₂e)?\b"
)
THRESHOLD = re.compile(
    r"\b(?:more|requests)\b[^,;.\d]{0,30}\bexceed(?:ed|s)? (?:about )?$"
    r"|\b(?:if|when|whether|once|as soon as|until|unless)\b.*\b(?:above|below|beyond|over|under|exceeds?) $",
    re.IGNORECASE,
)


def _role_at(start: int, end: int, text: str) -> str | None:
    if THRESHOLD.search(text[:start]):
        return None
    is_measured = judging.is_measured(start, end, text) and not EXCESS.search(text, 0, start)
    if is_measured or FROM_NOW.search(text[:start]) or JUDGED_SO.search(text[:start]):
        return "now"
    if (
        MORE_THAN_USUAL.match(text, end)
        or THAN_USUAL.match(text, end)
        or LABELLED.search(text[:start])
        or side(text[:start])
        or APART_BY.search(text[:start])
        or (numerals.WITHIN.search(text[:start]) and numerals.OF_USUAL.match(text, end))
    ):
        return "excess"
    if _is_usual(start, end, text):
        return "usual"
    # "The additional requests, to see whether a crawler is behind the 298,000 a minute": of all.
    begin = max(context.clause((start, start), text)[0], text.rfind(" whether ", 0, start))
    is_excess = (
        (text[start:end].endswith(("%", "percent", "per cent")) and MORE_BY.match(text, end))
        or MORE.search(text[end : end + 44])
        or OF_IT_IS_EXCESS.match(text, end)
        or EXCESS.search(text, max(0, begin - 12), start)
        or SET_BESIDE.search(text[:start])
    )
    if MEASURED.match(text, end):
        return "now"
    return "excess" if is_excess else "now"


# "4 times the usual, 59 g more than expected", "Excess energy: 69 Wh".
THAN_USUAL = re.compile(r" (?:more|less|fewer|higher|lower) than (?:usual|expected|normal)\b")
LABELLED = re.compile(
    r"\bso the difference (?:is|was|amounts to|comes to) (?:about |only )?[−-]?$"
    r"|(?:^|[.;,] )\W*(?:\w+ )?(?:excess|wasted?)(?: [\w₂]+){0,2}: (?:about )?$",
    re.IGNORECASE,
)


# "Verify that its retries have declined from 36 %": from what they are now.
FROM_NOW = re.compile(
    r"\b(?:verify|check|confirm|ensure|make sure|watch|see|until|once|when|whether)\b"
    r"(?:(?!\b(?:because|since|as)\b)[^.;]|\.\d)*"
    r"\b(?:declin\w+|drop\w*|fall\w*|fell|c[oa]me down|decreas\w+|gone down|goes down)(?: \w+)? from(?: about)? $",
    re.IGNORECASE,
)
# "Latency is lower than usual, at 107 ms", "close to normal at 1.2 a second": what was set against the usual.
JUDGED_SO = re.compile(
    r"\b(?:(?:more|less|fewer|higher|lower|slower|faster|longer|shorter|larger|smaller) than|above|below|under|over"
    r"|close to|near|(?:much|just|nearly) as) (?:the |its )?(?:expected|expectation|usual|normal|baseline|before),?"
    r" (?:at|with) (?:(?:about|some|only|just|roughly|around) )?$",
    re.IGNORECASE,
)
# "3.9 times the usual, 59 g more than expected".
MORE_THAN_USUAL = re.compile(
    r"(?: of CO₂e?)? (?:(?:more|less|fewer) than|above|below|beyond|under)"
    r" (?:(?:(?:the|its|what was|what is) )?(?:expected|usual|expectation)\b"
    r"|the [\d.,]+ ?[^\W\d]* (?:expected|(?:that )?(?:its|this|the) traffic (?:explains|takes|needs|would)))"
)
# "15 % more", "45 % above what was expected"; not "6 % lower availability".
MORE_BY = re.compile(
    r" (?:more|less|fewer|higher|lower|above|below|over|under|slower|faster|longer)"
    r"(?: than\b|[^\w ]| (?:its|the|what)\b|$| (?:requests|calls|errors|lines) than (?:usual|expected|normal|before)\b)"
    r"| (?:up|down)(?=[,.;]|$)"
)
# "There is no waste: 0.27 gCO₂e was measured".
MEASURED = re.compile(r"(?: of CO₂e?)? (?:is|was|were) (?:measured|emitted)\b(?! (?:more|in excess|too|above|beyond))")
# "The excess is small, 0.14 gCO₂e".
SET_BESIDE = re.compile(
    r"\bexcess\b[^;,.:\d]{0,45}[,:] (?:at |about |around |only |just )*(?:\d[\d.]* (?:out )?of )?[−-]?$", re.IGNORECASE
)
# What is expected again is the usual value.
AGAIN = re.compile(r"[^,;.\d]{0,24}\bagain\b")
# "68 grams were wasted, between 66 and 77": as the figure before.
# "It returns to zero and its latency to 120 ms".
_AND_TO = (
    r"(?:,? and|,) (?:(?!(?:is|are|stands?|was|were|rose|fell)\b)[^\s,;]+ ){1,4}(?:to|at|near) (?:about |around )?"
)
RETURNS_TOO = re.compile(
    r"\b(?:(?:returns?|returned|back|recover\w*|restored) (?:to|at|near) [^,;]{1,30}"
    r"|(?:is|are) (?:back )?(?:at|near) [^,;]{1,12} again)"
    rf"(?:{_AND_TO}[^,;]{{1,12}})?{_AND_TO}$"
)
GAPPED = re.compile(r",? and (?P<of>(?:in|for|of|at|with) (?:[\w.:-]+|\s+) (?:with |by )?)?(?:about )?$")
ENDS = re.compile(r"\s*(?:[.;)\]]|$)")
RANGE_BEHIND = re.compile(
    rf"(?:, (?:between|within|ranging from|with bounds of|(?:some|any)where (?:in|between|within))"
    r"|(?:^\W*|[:,]|(?= with\b)|[,;]? (?:and|but|as|since|because|while|where))(?: (?:with|in|within))? ?"
    r"\b(?:an?|the|its)"
    rf" (?:plausible )?{ranges.RUNS_FROM}"
    rf"| (?:lies|is) (?:in|within) an? (?:plausible )?{ranges.RUNS_FROM}"
    r"|,? (?:and|with) (?:(?:it|(?:the|its|a) (?:plausible |likely )?range) (?:that |which )?)?"
    r"(?:lies|lay|ranges|runs?|running|goes|going|extends|stretches|reaches|falls|is|was|may be|could be)"
    r"(?: somewhere| anywhere)? (?:between|from))"
    rf" (?:[−-]?\$?\d[\d.,]*[^\d,;.()]{{0,12}} {ranges.TO_END} (?:about )?)?[−-]?\$?$",
    re.IGNORECASE,
)
RANGING = re.compile(
    r"\b(?:range[sd]?|ranging|anywhere|somewhere|anything|give or take"
    r"|estimates? (?:is|are|was|were)(?: [a-z]+){0,2})\b"
    r"(?: that| which| is|:| goes| runs?| extends?| stretches| reaches| was| wide| broad|,)*"
    rf" from (?:about )?[−-]?$|\b{ranges.WIDE_FROM} (?:about )?[−-]?$",
    re.IGNORECASE,
)
# "Recovers along with it, to a p90 of about 12 ms".
GOAL = re.compile(
    r"\b(?:whether|verify|confirm|until|check|watch)\b[^.;\d]{0,60}"
    r"\b(?:falls?|drops?|sinks?|goes|come down) to (?:about )?$|"
    r"\b(?:recover\w*|returns?|(?:is|are|be|come|comes|falls?|drops?) back)\b[^;.\d]{0,40}"
    r"\b(?:to|at|near|around|below)\b"
    r"(?:[^,;.\d]|p\d\d){0,20}$",
    re.IGNORECASE,
)
MORE_THAN = re.compile(
    r"\b(?:more|less|fewer|higher|lower|slower|faster|longer|shorter|above|below)\b"
    r"[^.;:]{0,40}\bthan (?:expected|usual|before)[:;,] ?$",
    re.IGNORECASE,
)


# "The p95 is 1.01 s where 29 ms is usual, and the p99 1.01 s where 53 ms is."
WHERE = re.compile(r"\bwhere(?: only| about)? $")
IS = re.compile(r" (?:is|are|was|were)(?=\s*(?:[.,;)\[]|$)| and\b)")


# "Memory was normal, 53 % against 51 %", "worse than before: 37 % are errors, against 0.6 %": the first is of now.
SET_AGAINST = re.compile(
    r"(?: (?!before\b)[a-z]+){0,3},?"
    r" (?:against|versus|vs\.?|(?:instead|in place) of|rather than|compared (?:with|to)|where|after)\b",
    re.IGNORECASE,
)
JUDGED = re.compile(
    r"\b(?:normal|usual|expected|typical|typically|usually|before|baseline|expectation|others"
    r"|(?:older|old) (?:ones|lines)|than [^,;:.\d]{0,24}\b(?:version|release))\b[^,;:\d]{0,12}"
    r"[,:](?: [a-z]+){0,2} $",
    re.IGNORECASE,
)


# "Until the latency returns from 5,010 ms to about 420 ms": from what is now to what is usual.
_RETURNS = r"\b(?:returns?|returned|recover\w*|(?:is|are|be|comes?|goes|gone|falls?|fell|drops?) back) from"
RETURNS_FROM = re.compile(rf"{_RETURNS} (?:about )?$", re.IGNORECASE)
RETURNS_TO = re.compile(
    rf"{_RETURNS} (?:about )?\d[^;]{{0,30}}? to (?:about |its usual |the usual |around )?$", re.IGNORECASE
)
# "Falls from 5,010 ms back toward 430 ms": from what is now to what is usual.
GOING_BACK = re.compile(r"(?: [a-z]+)? (?:back|down again|again) (?:down )?(?:to|towards?|near|below)\b")
# "No worse than before, with 1.9 % of its lines being errors": of now.
ANEW = re.compile(
    r"\b(?:before|usual|earlier|expected|normal), (?:with|at) (?:about |only |some )?$"
    r"|\b(?:close to|near|almost|about) (?:normal|usual|the usual),? (?:with|at) (?:about |only |some )?$"
)


def _is_told_before(before: str, after: str) -> bool:
    """By the words right before it, unless these judge a figure that is then set against the usual one."""
    if ANEW.search(before):
        return False
    return bool(BEFORE.search(before)) and not (JUDGED.search(before) and SET_AGAINST.match(after))


def _is_usual(start: int, end: int, text: str) -> bool:
    before, after = text[:start], text[end:]
    is_told = (
        context.set_against((start, end), text)
        or WAS_USUAL.search(before)
        or RETURNS_TOO.search(before)
        or RETURNS_TO.search(before)
        or GOAL.search(before)
        or judging.is_usual_too(before, after)
    )
    if is_told or USUAL_THEN.search(after) or AGAIN.match(after) or (WHERE.search(before) and IS.match(after)):
        return True
    if RANGING.search(before) or RETURNS_FROM.search(before) or (before.endswith("from ") and GOING_BACK.match(after)):
        return False
    if not MORE_THAN.search(before) and _is_told_before(before[-44:], after):
        return True
    return bool(AFTER.search(after[:44]) and not MORE.search(after[:44]))
