"""Which of two is the larger part: of the excess, of the requests that failed or were slow, of what one explains."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, judged

_NAMED = r"retries|errors|slow(?:er|ed)? work|slowness|failed requests|failures|failed work"
CALLED = {"slowness": "slower work", "slow work": "slower work", "slowed work": "slower work"}
CALLED |= {"failed requests": "errors", "failures": "errors", "failed work": "errors"}
_THE = r"(?:(?:the|its|from|to|of|by|for|with|because|due) ){0,3}"
# "Slower work caused more of the excess of checkout than retries did".
COMPARED = re.compile(
    rf"\b(?P<one>{_NAMED})\b(?P<does>[^;.\d]{{0,60}}?)"
    r"\b(?:(?P<more>more|larger|bigger|greater|higher)|(?:less|smaller|lower|fewer))\b"
    rf"(?P<rest>[^;.\d]{{0,60}}?) than (?:(?:that|those|what) )?{_THE}(?P<other>{_NAMED})\b",
    re.IGNORECASE,
)
# Else it is told how many there were.
EXCESS = re.compile(
    r"\b(?:excess|co[₂2]e?|carbon|waste|emissions?|emit\w*|cost|share|part|portion|splits?)\b", re.IGNORECASE
)


def compared(text: str, known: Known) -> Iterator[Claim]:
    """By their likely sizes, where it was split."""
    split = known.report.impact.carbon.split or known.report.impact.compute.split or {}
    sizes = {name.lower(): part.likely for name, part in split.items()}
    for found in COMPARED.finditer(text) if sizes else ():
        one, other = sizes.get(_named(found["one"])), sizes.get(_named(found["other"]))
        if one is None or other is None or not EXCESS.search(text):
            continue
        holds = one != other and (one > other) == bool(found["more"])
        yield judged("cause", found, holds, "it is the other way round")


def _named(part: str) -> str:
    return CALLED.get(part.lower(), part.lower())
