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
