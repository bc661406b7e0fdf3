"""The forms of words that times are said in, as patterns of small letters. What they mean is in `times.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from worker.answering.calendar import DAY as ONE_DAY
from worker.answering.calendar import PARTS

MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = {short: number for number, name in enumerate(MONTH_NAMES, 1) for short in (name, name[:3])} | {"sept": 9}
WEEKDAYS = {short: number for number, name in enumerate(DAY_NAMES) for short in (name, name[:3])}
WEEKDAYS |= {"tues": 1, "thur": 3, "thurs": 3}
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "couple of": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
UNITS = {
    "minute": timedelta(minutes=1), "min": timedelta(minutes=1), "m": timedelta(minutes=1),
    "hour": timedelta(hours=1), "hr": timedelta(hours=1), "h": timedelta(hours=1),
    "day": ONE_DAY, "d": ONE_DAY, "week": 7 * ONE_DAY, "w": 7 * ONE_DAY, "month": 30 * ONE_DAY,
}  # fmt: skip


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


UNIT = rf"(?P<unit>(?:{_any(UNITS)}))s?"
COUNT = rf"(?P<count>\d{{1,4}}|{_any(NUMBERS)})"
OFFSET = r"(?:z|[+\-−]\d{2}:?\d{2})"
ISO = rf"\d{{4}}-\d{{2}}-\d{{2}}(?:t| )\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,6}})?)?\s?{OFFSET}?"
MONTH = rf"(?:{_any(MONTHS)})\b\.?"
ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?\b"
DATE = (
    rf"\d{{4}}-\d{{2}}-\d{{2}}(?![\dt])|(?:the )?{ORDINAL} (?:of )?{MONTH}(?:,? \d{{4}})?"
    rf"|{MONTH} {ORDINAL}(?:,? \d{{4}})?"
)
DAY = (
    rf"(?:the )?day before yesterday|yesterday|today|(?:(?:last|this|past) )?(?:{_any(WEEKDAYS)})\b"
    rf"|{DATE}|(?:{_any(NUMBERS)}|\d{{1,3}}) days? ago"
)
PART = _any(PARTS)
CLOCK = (
    r"(?:\d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2} o'clock|noon|midday|midnight)"
)
BARE = r"\d{1,2}(?![\d:.]|\s*%)"
# "may" and "march" are months only where a time is expected.
PLAIN_MONTH = rf"(?:{_any(set(MONTHS) - {'may', 'mar', 'march'})})\b\.?"
CALLED_MONTH = rf"(?:last |this |(?<=in )|(?<=since )|(?<=during )|(?<=from )|(?<=of )|(?<=until )){MONTH}"
PERIOD = (
    rf"(?:this|last) (?:week|month|year|night|weekend|hour|{PART})|the weekend|weekend|tonight|overnight"
    rf"|(?:(?:{DAY}),? (?:{PART})\b)|(?:{DAY})|{CALLED_MONTH}(?: \d{{4}})?|{MONTH} \d{{4}}|{PLAIN_MONTH}"
)
AT = r"(?:,? (?:at |around |about )?|, ?)"
ON = r"(?:,? (?:on |in )?)"


def _moment(clock: str) -> str:
    return rf"{ISO}|(?:{DAY}){AT}(?:{clock})|(?:{clock}){ON}(?:{DAY})|{PERIOD}|{clock}"


EXACT = rf"(?:{DAY})(?:,? (?:at|around|about) ){BARE}|{_moment(CLOCK)}"
LOOSE = _moment(rf"{CLOCK}|{BARE}")
TO = r"\s?(?:–|—|-)\s?| (?:to|and|until|till|through) "
EDGE, END = r"(?<![\w./:-])", r"(?![\w/:]|\.\w|-\w)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"{EDGE}(?:{text}){END}")


BETWEEN = _pattern(
    rf"(?:(?P<day>{DAY}),? )?(?:(?:from|between) (?P<a>{LOOSE})(?:{TO})(?P<b>{LOOSE})"
    rf"|(?P<c>{EXACT}|{BARE}(?=\s?[–—-]\s?\d{{1,2}},? (?:on )?(?:{DAY})))"
    rf"(?:\s?[–—-]\s?| (?:to|until|till|through) )(?P<d>{LOOSE}))"
)
SINCE = _pattern(rf"(?:since|after|from) (?P<a>{LOOSE})(?: on(?:wards?)?)?")
UNTIL = _pattern(rf"(?:until|till|(?<!day )before|up to) (?P<a>{LOOSE})")
LAST = _pattern(rf"(?:(?:in|over|during|within|for|of) )?(?:the )?(?:last|past|previous) (?:{COUNT} ?)?{UNIT}")
AGO = _pattern(rf"(?:(?:about|around) )?{COUNT} ?{UNIT} ago")
ALONE = _pattern(rf"(?:(?:on|in|at|during|around|about|of|for) )?(?P<a>{EXACT})")
AT_HOUR = _pattern(rf"(?:at|around|about) (?P<a>{LOOSE})")
NOW = _pattern(r"right now|just now|at the moment|at present|currently|now")
TO_COME = _pattern(r"tomorrow|(?:the )?next (?:\w+)|in the future")
WITHIN = _pattern(rf"in {COUNT} ?{UNIT}")

ZONES = (
    re.compile(r"(?<![\w/])(?:in |at )?(?P<zone>[a-z_]+(?:/[a-z0-9_+\-]+){1,2})(?: time)?(?![\w/])"),
    re.compile(rf"{EDGE}(?:in )?(?P<zone>(?:utc|gmt)\s?[+\-−]\s?\d{{1,2}}(?::?\d{{2}})?)(?: time)?(?![\w:])"),
    re.compile(r"(?:(?<=\d)|(?<=\s))\s?(?:in )?(?P<zone>[+\-−]\d{2}:\d{2})(?![\w:])"),
    re.compile(r"(?<![\w/-])(?:in )?(?P<zone>utc|gmt|cet|cest|bst|eet|eest|est|edt|et|mst|mdt|cdt|pst|pdt|pt|jst)"
               r"(?: time)?(?![\w/-])"),
    re.compile(r"(?<![\w/-])(?:in |at )?(?P<zone>[a-z]+(?: [a-z]+)?) (?:local )?time(?:zone| zone)?(?![\w/-])"),
    re.compile(r"(?<![\w/-])(?:in |at )?(?P<zone>[a-z]+) (?:local )?time(?:zone| zone)?(?![\w/-])"),
)  # fmt: skip


# The offset of an ISO 8601 time is its own.
ISO_BEFORE = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
