"""What is told as certain: no cause is, and an excess only where its range lies on one side of nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, judged

SURE = re.compile(
    r"\b(?:(?:is|are|was|were|it)(?: \w+ly| quite| now)? (?:certain|sure|definite|undisputed|indisputable|guaranteed)"
    r"(?! (?:cases|zones?|requests|services|lines|number))"
    r"|certainly(?! too\b)|definitely|undoubtedly|doubtless(?:ly)?|undeniably|unquestionably|indisputably|surely"
    r"|(?:without|beyond|no) (?:any |a |all |reasonable )?doubt|for (?:certain|sure)|with certainty)\b",
    re.IGNORECASE,
)
NOT = re.compile(
    r"\b(?:no|not|never|none|nothing|neither|nor|hardly|cannot|without|unlikely|unclear|unknown|far from|whether|if)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
EXCESS = re.compile(r"\b(?:excess|too much|wast\w+|emit\w*|emissions|CO[₂2]e?|carbon)\b|\dg?CO", re.IGNORECASE)
CAUSE = re.compile(r"\b(?:causes?|culprit|origin|verdict|confidence|to blame|behind|due to|because)\b", re.IGNORECASE)
# "Its range excludes zero", "the range of the excess lies clearly above zero".
ONE_SIDED = re.compile(
    r"\b(?:ranges?|intervals?|bounds?|estimate)\b(?:[^,;.]|\.\d){0,60}?"
    r"(?:\b(?P<no>(?:does|do|did)(?: not|n['’]t)|without) )?"
    r"\b(?:(?P<out>exclud\w+|rules? out|(?:lies|is|stays|remains|starts|begins)(?: \w+)? (?:above|clear of|over))"
    r"|includ\w+|contain\w*|reach\w*|touch\w*|cover\w*|cross\w*|spans?)"
    # "It reaches from 0 to 166,000": both ends are figures.
    r" (?:\w+ )?(?:zero|0|none|nothing)\b(?!\.\d| to \d)",
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
        start, end = context.part(found.span(), text)
        before = text[start : found.start()]
        if NOT.search(before):
            continue
        is_excess = EXCESS.search(text[start:end]) and not CAUSE.search(text[start:end])
        is_measured = bool(is_excess and low is not None and low > 0)
        yield judged("state", found, is_measured, "the report does not call it certain", is_open=not is_excess)
    for found in PROVEN.finditer(text) if not known.past else ():
        start, end = context.part(found.span(), text)
        is_excess = EXCESS.search(text[start:end]) and not CAUSE.search(text[start:end])
        if is_excess and low is not None:
            yield judged("state", found, (low > 0) != bool(found["no"]), "its range says otherwise")
    for found in ONE_SIDED.finditer(text):
        if low is not None and not known.past:
            is_out = bool(found["out"]) != bool(found["no"])
            yield judged("state", found, (low > 0) == is_out, "its range says otherwise")


def _least(known: Known) -> float | None:
    """The end of the excess's range that is closer to nothing; 0 where nothing is inside of it."""
    excess = known.report.impact.carbon.excess_co2_grams
    if excess is None:
        return None
    return 0.0 if excess.low <= 0 <= excess.high else min(abs(excess.low), abs(excess.high))
