"""Whether what rose or fell is told to have done so a little, or with the figures that say how much."""

from __future__ import annotations

import re

from worker.agent.grounding.text import comparisons, context
from worker.agent.grounding.text.claims import Span

SLIGHT = re.compile(r"\b(?:slight\w*|a (?:little|bit)|somewhat|marginal\w*|even|hardly|barely|small)\b", re.IGNORECASE)
# "Grew by a factor of 2.3": what it says is checked as a figure.
BY_FIGURE = re.compile(
    r"[^,;.\d]{0,12} by (?:a factor of )?(?:(?:about|roughly|some|almost|nearly|over|only|less than|more than) )*"
    r"\d"
)
BOTH = re.compile(
    r"[^;]{0,40}?\d[^;]{0,30}\b(?:against|(?:instead|in place) of|versus|from|to|compared|where|while|and"
    r"|although|though|times (?:the|its)|of an? expected)\b[^;]{0,30}\d"
)


# "1 ms above the usual 98 ms".
DIFFERENCE = re.compile(r"\d\S*(?: [\w%₂]+| standard deviations?)? $")


def is_slight(span: Span, text: str) -> bool:
    """Whether it is told of little, or with both figures: then it need not deviate."""
    start, end = context.clause(span, text)
    is_apart = DIFFERENCE.search(text[: span[0]]) and comparisons.LEVEL.match(text[slice(*span)])
    return bool(
        is_apart or SLIGHT.search(text[start:end]) or BOTH.match(text, span[1]) or BY_FIGURE.match(text, span[1])
    )
