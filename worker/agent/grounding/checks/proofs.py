"""What is called certain, proven or beyond doubt: only a cause that is nearly sure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.impacts import NOT_SO
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

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


DENYING = re.compile(r"\b(?:not|nothing|neither|none|cannot|far from|hardly|less than)\b|n['’]t\b", re.IGNORECASE)


# "The lines are certainly too few to tell".
LACKING = re.compile(r"\b(?:too (?:few|little)|lack\w*|missing|inconclusive|impossible|open|only|few)\b", re.IGNORECASE)


SURE = 0.9


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
        elif BLAMING.search(rest) and not DENYING.search(rest) and mentions:
            holds = known.has_cause and root is not None and root.confidence >= SURE
            yield judged("state", found, holds, "the confidence in it is lower")


def _is_told_sure(text: str) -> bool:
    """Of a signal; that so many lines were sampled is certain."""
    return bool(topics(text) & {*SIGNALS}) and not NOT_SO.search(text) and not LACKING.search(text)


def _sentence_part(found: re.Match[str], text: str) -> tuple[int, int]:
    end = re.search(r"[;:]|, (?:and|but|while|whereas)\b", text[found.end() :])
    begin = [one.end() for one in re.finditer(r"[;:]|, (?:and|but|while|whereas)\b", text[: found.start()])]
    return begin[-1] if begin else 0, found.end() + end.start() if end else len(text)
