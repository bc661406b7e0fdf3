"""How a past incident ended, and what helped then, as far as somebody wrote it down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from worker.domain.figures import duration_of_minutes
from worker.domain.text import one_line

LONGEST_HELP = 240
LONGEST_MINUTES = 1_000_000
# How people begin to tell what they did.
HELPED = re.compile(
    r"\b(?:rolled back|roll(?:ed)? ?back|reverted|restored|restarted|raised|lowered|scaled|switched|moved|replaced"
    r"|renewed|rotated|reissued|issued|disabled|enabled|turned o(?:n|ff)|blocked|capped|pinned|patched|fixed|hotfix"
    r"|added|removed|dropped|deleted|pruned|drained|upgraded|downgraded|rebuilt|reindexed|warmed|cleaned|killed"
    r"|failed over|put back|withdrawn|undone|unblocked|increased|decreased|reset)\b",
    re.IGNORECASE,
)
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?;])\s+")


def ended(document: Mapping[str, Any]) -> str | None:
    """After how long, as it was recorded; None of one that lasts or where nobody wrote it down."""
    minutes = _number(document.get("duration_minutes"))
    if document.get("status") == "open" or not 0 < minutes < LONGEST_MINUTES:
        return None
    return f"ended after {duration_of_minutes(minutes)}"


def _number(value: Any) -> float:
    """0 where it is none: others write there, too, and a history remembers figures as text."""
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except ValueError:
        return 0.0


def helped(document: Mapping[str, Any]) -> str | None:
    """What people say they did: the `resolution`, or the sentences of the summary that tell of a remedy."""
    if document.get("status") == "open":
        return None
    resolution = document.get("resolution")
    if isinstance(resolution, str) and resolution.strip():
        return one_line(resolution)[:LONGEST_HELP]
    if "root_cause" in document:
        return None  # Our own summary tells of the cause; what was done, nobody has told it.
    sentences = BETWEEN_SENTENCES.split(str(document.get("summary") or ""))
    told = [one for one in sentences if HELPED.search(one)]
    return one_line(" ".join(told))[:LONGEST_HELP] or None
