"""Times as people give them: a moment, or how long ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from worker.domain.window import parse_time

UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_AGO = re.compile(r"(\d{1,6})([dhm])")


def when(text: str, now: datetime) -> datetime:
    """An ISO 8601 time, or a span back from `now`: 30d, 12h, 45m. Raises ValueError."""
    if found := _AGO.fullmatch(text.strip()):
        number, unit = found.groups()
        try:
            return now - timedelta(**{UNITS[unit]: int(number)})
        except OverflowError as error:
            raise ValueError(f"{text} is longer ago than there are dates") from error
    return parse_time(text)
