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
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
    "sixty": 60, "ninety": 90,
}  # fmt: skip
# "half an hour ago", "half past two" on a clock of twelve hours.
HOURS = {word: number for word, number in NUMBERS.items() if len(word) > 2 and " " not in word and number <= 12}
UNITS = {
    "second": timedelta(seconds=1), "sec": timedelta(seconds=1), "s": timedelta(seconds=1),
    "half an hour": timedelta(minutes=30), "half hour": timedelta(minutes=30), "half a day": timedelta(hours=12),
    "minute": timedelta(minutes=1), "min": timedelta(minutes=1), "m": timedelta(minutes=1),
    "hour": timedelta(hours=1), "hr": timedelta(hours=1), "h": timedelta(hours=1),
    "day": ONE_DAY, "d": ONE_DAY, "week": 7 * ONE_DAY, "w": 7 * ONE_DAY, "fortnight": 14 * ONE_DAY,
    "month": 30 * ONE_DAY, "year": 365 * ONE_DAY,
}  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """The longest first, so that none hides behind its beginning."""
    return "|".join(sorted(words, key=len, reverse=True))


UNIT = rf"(?P<unit>(?:{any_of(UNITS)}))s?"
COUNT = rf"(?P<count>\d{{1,4}}|{any_of(NUMBERS)})"
OFFSET = r"(?:z|[+\-−]\d{2}:?\d{2})"
ISO_DATE = r"\d{4}-\d{2}-\d{2}"
# Where it is written as ISO 8601 has it an offset is a part of it; "2026-11-20 09:00-10:30" is a span of that day.
ISO = (
    rf"{ISO_DATE}(?:t\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,6}})?)?| \d{{2}}:\d{{2}}:\d{{2}}(?:\.\d{{1,6}})?)"
    rf"(?:\s?{OFFSET}|(?!\s?[+\-−]\d{{2}}:?\d{{2}}))"
    rf"|{ISO_DATE} \d{{2}}:\d{{2}}(?:\s?{OFFSET}|(?!\s[+\-−]\d{{2}}:?\d{{2}}))"
)
MONTH = rf"(?:{any_of(MONTHS)})\b\.?"
ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?\b"
# Day, month and year by numbers alone: 25.11.2026, 25/11/2026, 11/25/2026, 2026/11/25.
NUMERIC = r"\d{1,2}(?:\.\d{1,2}\.|/\d{1,2}/|-\d{1,2}-)\d{4}|\d{4}/\d{1,2}/\d{1,2}"
# "the 25th" is a day only where one is expected: there are 95th percentiles, too.
DAY_OF_MONTH = (
    r"(?:(?<=on )|(?<=since )|(?<=from )|(?<=until )|(?<=before )|(?<=after )|(?<=between )|(?<=to )|(?<=and ))"
    r"(?:the )?(?:[12]\d|3[01]|[1-9])(?:st|nd|rd|th)\b(?! percentile)"
)
DATE = (
    rf"{ISO_DATE}(?![\dt])|(?:the )?{ORDINAL} (?:of )?{MONTH}(?:,? \d{{4}})?"
    rf"|{MONTH} {ORDINAL}(?:,? \d{{4}})?|{NUMERIC}|{DAY_OF_MONTH}"
)
DAY = (
    rf"(?:the )?day before yesterday|yesterday|today|(?:(?:last|this|past) )?(?:{any_of(WEEKDAYS)})\b"
    rf"|{DATE}|(?:{any_of(NUMBERS)}|\d{{1,3}}) days? ago"
)
PART = any_of(PARTS)
HALF = r" ?[ap]\.?m\b\.?"
# Half past two; "half two" is another time in English than in German and none here.
HOUR = rf"(?:\d{{1,2}}|(?:{any_of(HOURS)})\b)"
PAST = rf"(?:half past|(?:a )?quarter (?:past|to)) {HOUR}(?:{HALF})?"
CLOCK = (
    rf"(?:\d{{1,2}}[:.]\d{{2}}(?::\d{{2}})?(?:{HALF})?|\d{{1,2}}{HALF}|{HOUR} o'clock"
    rf"|{PAST}|noon|midday|midnight)"
)
BARE = rf"\d{{1,2}}(?![\d:.]|\s*%|{HALF})"
# "may" and "march" are months only where a time is expected.
PLAIN_MONTH = rf"(?:{any_of(set(MONTHS) - {'may', 'mar', 'march'})})\b\.?"
CALLED_MONTH = rf"(?:last |this |(?<=in )|(?<=since )|(?<=during )|(?<=from )|(?<=of )|(?<=until )){MONTH}"
# A number is a year only where a time is expected.
YEAR = (
    r"(?:(?<=in )|(?<=since )|(?<=during )|(?<=from )|(?<=of )|(?<=for )|(?<=until )|(?<=before )|(?<=after )|(?<=to ))"
    r"(?:the )?(?:year )?(?:19|20)\d{2}(?![\w/-])"
)
PERIOD = (
    rf"(?:this|last) (?:week|month|year|night|weekend|hour|{PART})|the weekend|weekend|tonight|overnight"
    rf"|(?:(?:{DAY}),? (?:{PART})\b)|(?:{DAY})|{YEAR}|{CALLED_MONTH}(?: \d{{4}})?|{MONTH} \d{{4}}|{PLAIN_MONTH}"
)
AT = r"(?:,? (?:at |around |about )?|, ?)"
ON = r"(?:,? (?:on |in )?)"


def _moment(clock: str) -> str:
    return rf"{ISO}|(?:{DAY}){AT}(?:{clock})|(?:{clock}){ON}(?:{DAY})|{PERIOD}|{clock}"


EXACT = rf"(?:{DAY})(?:,? (?:at|around|about) ){BARE}|{_moment(CLOCK)}"
LOOSE = _moment(rf"{CLOCK}|{BARE}")
TO = r"\s?(?:–|—|-|−)\s?| (?:to|and|until|till|through) "
EDGE, END = r"(?<![\w./:-])", r"(?![\w/:]|\.\w|-\w)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"{EDGE}(?:{text}){END}")


# Bare hours are a span where they stand beside a day, behind "at", or before what cannot be but a time.
_THROUGH = r"(?:\s?[–—−-]\s?| (?:to|until|till|through) )"
_IS_HOUR = rf"(?<=at \d)|(?<=at \d\d)|(?={_THROUGH}(?:{CLOCK}|\d{{1,2}}{ON}(?:{DAY})){END})"
BETWEEN = _pattern(
    rf"(?:(?P<day>{DAY}),? )?(?:(?:from|between) (?P<a>{LOOSE})(?:{TO})(?P<b>{LOOSE})"
    rf"|(?P<c>{EXACT}|{BARE}(?(day)|(?:{_IS_HOUR})))"
    rf"{_THROUGH}(?P<d>{LOOSE}))"
)
SINCE = _pattern(rf"(?:since|after|from) (?P<a>{LOOSE})(?: on(?:wards?)?)?")
UNTIL = _pattern(rf"(?:until|till|(?<!day )before|up to) (?P<a>{LOOSE})")
LAST = _pattern(rf"(?:(?:in|over|during|within|for|of) )?(?:the )?(?:last|past|previous) (?:{COUNT} ?)?{UNIT}")
AGO = _pattern(rf"(?:(?:about|around) )?(?:{COUNT} ?|(?=half)){UNIT} ago")
ALONE = _pattern(rf"(?:(?:on|in|at|during|around|about|of|for) )?(?P<a>{EXACT})")
AT_HOUR = _pattern(rf"(?:at|around|about) (?P<a>{LOOSE})")
NOW = _pattern(r"right now|just now|at the moment|at present|currently|now")
TO_COME = _pattern(r"tomorrow|(?:the )?next (?:\w+)|in the future")
WITHIN = _pattern(rf"in {COUNT} ?{UNIT}")
# What speaks of a time in none of these forms, to be looked for when all of them are taken out. A "quarter" is of
# an hour or of a year.
_LENGTHS = any_of([unit for unit in UNITS if len(unit) > 2] + ["quarter", "decade", "century"])
UNCLEAR = (
    _pattern(
        rf"(?:last|past|previous) (?:[\w-]{{1,20}} ){{0,2}}?(?:{_LENGTHS})s?"
        rf"|(?:[\w-]{{1,20}} ){{1,2}}(?:{_LENGTHS})s? ago"
    ),
    _pattern(
        rf"(?:half|(?:a )?quarter) (?:(?:past|to|of|before|after) )?{HOUR}"
        rf"|(?<=at )\w{{1,6}} (?:past|to) {HOUR}|and a half"
    ),
)
# 25.11 and 11/25 are days that could be others, or none.
UNCLEAR_DAY = _pattern(
    r"(?:on|since|until|from|before|after) \d{1,2}(?:/\d{1,2}(?:/\d{2})?|\.\d{1,2}\.\d{2})|on \d{1,2}\.\d{1,2}\.?"
)

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
ISO_BEFORE = re.compile(rf"{ISO_DATE}[t ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,6}})?)?$")
# "9:30-10:30": what follows a time of day is where it ends. "9:30 -10:30" may be that, or a clock.
TIME_BEFORE = re.compile(rf"{EDGE}(?P<time>{CLOCK}|\d{{1,2}})$")
