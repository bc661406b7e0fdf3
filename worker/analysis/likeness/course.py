"""How a past incident ended, and what helped then, as far as somebody wrote it down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from worker.domain.figures import duration_of_minutes
from worker.domain.text import one_line

LONGEST_HELP = 240
LONGEST_MINUTES = 1_000_000
# How people begin to tell what they did. These undo a harm, whoever tells of them:
_UNDONE = (
    r"rolled back|roll(?:ed)? ?back|reverted|restored|restarted|renewed|reissued|patched|fixed|hotfix|pruned|rebuilt"
    r"|reindexed|warmed|cleaned|failed over|put back|withdrawn|undone|unblocked"
)
# and these may as well have done it: "a key was removed too early", "the carrier rotated its key".
_DONE = (
    r"raised|lowered|scaled|switched|moved|replaced|rotated|issued|disabled|enabled|turned o(?:n|ff)|blocked|capped"
    r"|pinned|added|removed|dropped|deleted|drained|upgraded|downgraded|killed|increased|decreased|reset"
)
UNDONE = re.compile(rf"\b(?:{_UNDONE})\b", re.IGNORECASE)
DONE = re.compile(rf"\b(?:{_DONE})\b", re.IGNORECASE)
# The first sentence often tells what went wrong. There they are a remedy where it begins with them ("Raised the pool
# size", "We moved the job") or only names them ("Pool size raised to 10"), and not in "was removed", "rotated its key".
DONE_FIRST = re.compile(
    rf"^\W*(?:(?:then|we|I|they|on-call|the team) )?(?:{_DONE})\b"
    rf"|(?<!\bwas )(?<!\bwere )(?<!\bbeen )(?<!\bbeing )(?<!\bgot )\b(?:{_DONE})\b"
    r"(?! (?:its|their|his|her|our|the|an?|all|every|one|two|some|this|these)\b)",
    re.IGNORECASE,
)
FAULT = re.compile(
    r"\btoo (?:early|late|soon|fast|far|low|high|small|large|much|many|few)\b|\bby (?:mistake|accident)\b|\bmistaken"
    r"|\baccidental|\bunintended|\bunexpected|\bwrong|\bprematurely\b|\bwithout (?:notice|warning)\b",
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
    told = [one for place, one in enumerate(sentences) if _tells_help(one, is_first=place == 0)]
    return one_line(" ".join(told))[:LONGEST_HELP] or None


def _tells_help(sentence: str, *, is_first: bool) -> bool:
    if FAULT.search(sentence):
        return False
    done = (DONE_FIRST if is_first else DONE).search(sentence)
    return bool(done or UNDONE.search(sentence))
