"""Words that deny what they stand by, or leave open whether it is so."""

from __future__ import annotations

import re

_NO = r"no|not|never|none|nothing|nobody|neither|nor|hardly|barely|scarcely|cannot|without"
DENIED = re.compile(rf"\b(?:{_NO})\b|n['’]t\b", re.IGNORECASE)
# "If latency is not the cause", "it is unclear whether …".
LEFT_OPEN = re.compile(
    rf"\b(?:{_NO}|if|whether|unlikely|unclear|unknown|far from|rather than)\b|n['’]t\b",
    re.IGNORECASE,
)
# "ledger is not at all first": right before what is denied.
JUST_BEFORE = re.compile(
    r"\b(?:not|never|hardly|rather than|far from)\b[^,;.]{0,20}$|n['’]t\b[^,;.]{0,20}$", re.IGNORECASE
)
