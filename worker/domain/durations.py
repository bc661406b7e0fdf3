"""Spans of time as people write them in a file: `90s`, `30m`, `2h`, `1d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=30)
_FORM = re.compile(r"(\d{1,7})([smhd])")


def parse_duration(text: str) -> timedelta:
    """Raises ValueError."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(f"{text!r} is not a time such as 90s, 30m, 2h or 1d")
    length = timedelta(**{UNITS[form[2]]: int(form[1])})
    if length > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST.days}d")
    return length


def _read(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    return parse_duration(str(value))


Duration = Annotated[timedelta, BeforeValidator(_read)]


def say_duration(length: timedelta) -> str:
    """In the largest unit that gives a whole number: the form `parse_duration` reads."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
