"""What is called certain, proven or well founded: an excess by its range, a cause by the confidence in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.impacts import NOT_SO
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context, numerals
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.denials import DENIED, LEFT_OPEN
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

RESTS = re.compile(
    r"\b(?:rests?|rested|relies|is based|are based|built) on (?:only |just |about |merely )*$", re.IGNORECASE
)
RELIABLE = re.compile(
    r"\b(?:is|are|was|were) (?:\w+ly |very |quite )?(?:reliable|robust|solid|trustworthy|well[- ]founded|conclusive"
    r"|firm|significant|beyond (?:any )?(?:doubt|chance)|more than chance)\b"
    r"|\b(?P<enough>(?:(?:is|are|was|were|be) |more than )*(?:enough|sufficient|plenty|ample)|suffic(?:e|es|ed))"
    r" (?:for|to (?:confirm|show|tell|prove|establish|conclude|decide|support|judge|exclude|rule out"
    r"|be (?:sure|certain)))\b"
    r"|\b(?:exclud|rul)\w+ (?:out )?(?:mere |pure )?(?:chance|coincidence|an accident)\b",
    re.IGNORECASE,
)


def founded(text: str, known: Known) -> Iterator[Claim]:
    """What is well founded, and on how many lines it rests."""
    for found in RELIABLE.finditer(text):
        without = (Verdict.INCONCLUSIVE, *((Verdict.NOT_CONFIRMED,) if found["enough"] else ()))
        if known.report.verdict in without and not (DENIED.search(text) or " too " in text):
            yield judged("state", found, holds=False, otherwise="the report gives no verdict")
    yield from _rests(text, known)


def _rests(text: str, known: Known) -> Iterator[Claim]:
    """ "That rests on 9 log lines": on as many as the template says."""
    headline = known.report.headline
    told = [one.value for one in numerals.numbers(headline) if RESTS.search(headline[: one.span[0]])]
    for one in numerals.numbers(text) if told and " on " in text else ():
        if RESTS.search(text[: one.span[0]]):
            yield judged_at("number", one.span, text, one.value in told, "it rests on others")


SURE = re.compile(
    r"\b(?:(?:is|are|was|were|it)(?: \w+ly| quite| now)? (?:certain|sure|definite|undisputed|indisputable|guaranteed)"
    r"(?! (?:cases|zones?|requests|services|lines|number))"
    r"|certainly(?! too\b)|definitely|undoubtedly|doubtless(?:ly)?|undeniably|unquestionably|indisputably|surely"
    r"|(?:without|beyond|no) (?:any |a |all |reasonable )?doubt|for (?:certain|sure)|with certainty)\b",
    re.IGNORECASE,
)
EXCESS = re.compile(r"\b(?:excess|too much|wast\w+|emit\w*|emissions|CO[₂2]e?|carbon)\b|\d ?[mk]?gCO", re.IGNORECASE)
CAUSE = re.compile(r"\b(?:causes?|culprit|origin|verdict|confidence|to blame|behind|due to|because)\b", re.IGNORECASE)
# "Its range excludes zero", "the range of the excess lies clearly above zero".
ONE_SIDED = re.compile(
    r"\b(?:ranges?|intervals?|bounds?|estimate)\b(?:[^,;.]|\.\d){0,60}?"
    r"(?:\b(?P<no>(?:does|do|did)(?: not|n['’]t)|without) )?"
    r"\b(?:(?P<out>exclud\w+|rules? out|(?:lies|is|stays|remains|starts|begins)(?: \w+)? (?:above|clear of|over))"
    r"|includ\w+|contain\w*|reach\w*|touch\w*|cover\w*|cross\w*|spans?)"
    # "It reaches from 0 to 166,000": both ends are figures.
    r" (?:\w+ )?(?P<nothing>zero|0|none|nothing)\b(?!\.\d| to \d)",
    re.IGNORECASE,
)

# "The excess is proven and cannot be chance".
PROVEN = re.compile(
    r"\b(?:is|are|was|were) (?P<no>not )?(?:\w+ly |thus |now )?(?:prove[dn]|established|conclusive|significant)\b"
    r"|\b(?:cannot|can ?not|can['’]t|could not) be (?:mere |pure |due to |down to )*"
    r"(?:chance|coincidence|noise|none|zero)\b",
    re.IGNORECASE,
)


def surely(text: str, known: Known) -> Iterator[Claim]:
    """What a report does not call certain is marked."""
    low = _least(known)
    for found in SURE.finditer(text):
        start, _ = context.part(found.span(), text)
        if not LEFT_OPEN.search(text[start : found.start()]):
            is_excess = _is_of_excess(found, text)
            is_measured = is_excess and low is not None and low > 0
            yield judged("state", found, is_measured, "the report does not call it certain", is_open=not is_excess)
    if low is None or known.past:
        return
    for found in PROVEN.finditer(text):
        if _is_of_excess(found, text):
            yield judged("state", found, (low > 0) != bool(found["no"]), "its range says otherwise")
    for found in ONE_SIDED.finditer(text):
        is_out = bool(found["out"]) != bool(found["no"])
        yield judged("state", found, (low > 0) == is_out, "its range says otherwise")


def _is_of_excess(found: re.Match[str], text: str) -> bool:
    part = text[slice(*context.part(found.span(), text))]
    is_told = EXCESS.search(part) or (DIFFERENCE.search(part) and found[0].endswith("significant"))
    return bool(is_told) and not CAUSE.search(part)


# "The expectation ranges from 6 to 6.4 gCO₂e, so the difference is not significant".
DIFFERENCE = re.compile(
    r"\b(?:expect\w*|emissions?|emitted|carbon|CO[₂2]e?|gCO₂e)\b[^;]*\b(?:difference|deviation|gap)\b"
    r"|\b(?:difference|deviation|gap)\b[^;]*\b(?:expect\w*|emissions?|carbon|CO[₂2]e?|gCO₂e)\b",
    re.IGNORECASE,
)


def _least(known: Known) -> float | None:
    """The end of the excess's range that is closer to nothing; 0 where nothing is inside of it."""
    excess = known.report.impact.carbon.excess_co2_grams
    if excess is None:
        return None
    return 0.0 if excess.low <= 0 <= excess.high else min(abs(excess.low), abs(excess.high))


# "It is proven beyond doubt that ledger is the cause".
CERTAIN = re.compile(
    r"\b(?:(?:beyond|without|no room for|no|leaves? no|not the (?:slightest|least|smallest))"
    r" (?:an?y? |all |every |the )?(?:\w+ (?:of )?(?:a )?)?(?:doubt|dispute|question)s?"
    r"|(?:irrefutabl|incontestabl|incontrovertibl|indubitabl|indisputabl|inarguabl|undeniabl|undoubted|unquestionabl"
    r"|undisputed|conclusive|categorical|unmistak\w*abl|definite|provabl)(?:e|y|ly|ely)?"
    r"|(?:absolutely|completely|entirely|perfectly|100 %) (?:certain|sure)"
    r"|(?:is|was|are|has been|stands) (?:now |thus |thereby )?prove[dn]|(?:prove[sd]?|proof)(?= (?:that|it|this)\b)"
    r"|(?:full|final|hard|clear|definite|conclusive) proof|for (?:certain|sure)|certainly|definitely)\b",
    re.IGNORECASE,
)


BLAMING = re.compile(
    r"\b(?:caus\w+|culprit|blam\w+|responsible|fault\w*|origin\w*|explain\w*|reasons?|behind|guilty|made|broke"
    r"|brought|dragged|pulled|drove|led to|triggered|source of|because|due to|took \w+ down|set off|knocked)\b",
    re.IGNORECASE,
)


# "The lines are certainly too few to tell".
LACKING = re.compile(r"\b(?:too (?:few|little)|lack\w*|missing|inconclusive|impossible|open|only|few)\b", re.IGNORECASE)


NEARLY_SURE = 0.9


def proofs(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "It is proven beyond doubt": only of a cause that is nearly sure, and of nothing without a verdict."""
    root = next(iter(known.report.candidates), None)
    for found in CERTAIN.finditer(text):
        if IF.search(text[: found.start()]):
            # "If the errors stop after a rollback, the cause is proven".
            continue
        start, end = _sentence_part(found, text)
        rest = text[start : found.start()] + text[found.end() : end]
        if known.report.verdict is Verdict.INCONCLUSIVE and _is_told_sure(text):
            yield judged("state", found, holds=False, otherwise="the report gives no verdict")
        elif BLAMING.search(rest) and not DENIED.search(rest) and mentions:
            holds = known.has_cause and root is not None and root.confidence >= NEARLY_SURE
            yield judged("state", found, holds, "the confidence in it is lower")


def _is_told_sure(text: str) -> bool:
    """Of a signal; that so many lines were sampled is certain."""
    return bool(topics(text) & {*SIGNALS}) and not NOT_SO.search(text) and not LACKING.search(text)


def _sentence_part(found: re.Match[str], text: str) -> tuple[int, int]:
    end = re.search(r"[;:]|, (?:and|but|while|whereas)\b", text[found.end() :])
    begin = [one.end() for one in re.finditer(r"[;:]|, (?:and|but|while|whereas)\b", text[: found.start()])]
    return begin[-1] if begin else 0, found.end() + end.start() if end else len(text)
