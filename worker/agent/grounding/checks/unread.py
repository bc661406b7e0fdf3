"""What sets one above all others in words that no rule has read: it is marked, not shown as if it held."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.text.claims import Claim, judged

_MOST = (
    r"most|least|largest|biggest|greatest|highest|smallest|lowest|worst|best|longest|slowest|fastest|strongest|weakest"
    r"|steepest|busiest|hottest"
)
# "frontend emitted by far the most of all services".
ABOVE_ALL = re.compile(
    rf"\b(?P<most>{_MOST})\b(?: [\w₂-]+){{0,4}}? (?:of|among|amongst|in) (?:all|the|these|those)(?: [\w-]+){{0,2}}?"
    r" (?:services|regions|candidates|callers|callees|dependencies|signals|metrics|types)\b",
    re.IGNORECASE,
)
# "… had the slowest p99 of the affected services, 2,824 ms, followed by …": figures, which are checked.
IN_ORDER = re.compile(r"\d[^;]{0,20}\b(?:followed by|ahead of|(?:and )?then)\b", re.IGNORECASE)
READ = ("direction", "state", "number", "message")


def unread(text: str, found: list[Claim]) -> Iterator[Claim]:
    """`found`: the claims that were taken out of the sentence."""
    told = [one.span for one in found if one.kind in READ]
    for one in ABOVE_ALL.finditer(text):
        is_read = any(start < one.end("most") and one.start("most") < end for start, end in told)
        if not is_read and not IN_ORDER.search(text):
            yield judged("state", one, holds=False, otherwise="nothing that was read says so", is_open=True)
