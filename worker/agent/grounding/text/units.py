"""The units and words that figures are written in, in the terms of one trade."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from worker.domain.terms import Terms, terms

# Unit as written → (dimension, factor to its base). The longest first.
UNITS = {
    "g/min": ("grams_per_minute", 1.0),
    "kg/min": ("grams_per_minute", 1000.0),
    "gco₂e an hour": ("grams_per_hour", 1.0),
    "kgco₂e an hour": ("grams_per_hour", 1000.0),
    **{f"{prefix}{gas}": ("grams", factor) for prefix, factor in (("mg", 1e-3), ("g", 1.0), ("kg", 1e3), ("t", 1e6))
       for gas in ("co₂e", "co2e", "co₂", "co2", " co₂e", " co2e", " co₂", " co2", " of co₂", " of co2", "")},
    **dict.fromkeys(("grams", "gram"), ("grams", 1.0)),
    **dict.fromkeys(("%", " %", "percent", "per cent"), ("share", 0.01)),
    **dict.fromkeys(("‰", " ‰", "per mille"), ("share", 0.001)),
    **dict.fromkeys(("percentage points", "points", "%-points"), ("points", 0.01)),
    **dict.fromkeys(("ms", "milliseconds", "millisecond"), ("seconds", 0.001)),
    **dict.fromkeys(("s", "seconds", "sec", "second"), ("seconds", 1.0)),
    **dict.fromkeys(("min", "minutes", "minute"), ("seconds", 60.0)),
    **dict.fromkeys(("h", "hours", "hour"), ("seconds", 3600.0)),
    **dict.fromkeys(("d", "days", "day"), ("days", 1.0)),
    **dict.fromkeys(("times", "x", "×", "-fold"), ("times", 1.0)),
    **dict.fromkeys(("vcpu-hours", "vcpu-h", "vcpu hours", "vcpu-hour"), ("vcpu_hours", 1.0)),
    **{f"{space}{prefix}{name}": ("bytes", factor) for space in ("", " ") for prefix, factor in (
        ("", 1.0), ("k", 1e3), ("m", 1e6), ("g", 1e9), ("ki", 2.0**10), ("mi", 2.0**20), ("gi", 2.0**30))
       for name in ("b", "bytes") if len(prefix + name) > 1},
    **{f"{name}bytes": ("bytes", factor) for name, factor in (
        ("kilo", 1e3), ("mega", 1e6), ("giga", 1e9), ("kibi", 2.0**10), ("mebi", 2.0**20), ("gibi", 2.0**30))},
    **dict.fromkeys(("standard deviations", "standard deviation", "sigma"), ("deviations", 1.0)),
    **dict.fromkeys(("millicores", "millicore"), ("millicores", 1.0)),
    **{f"{gas}/kwh": ("grams a kwh", 1.0) for gas in ("gco₂e", "gco2e", "g", "g co₂e", "g co2e")},
    "kwh": ("kwh", 1.0),
    "wh": ("kwh", 0.001),
    **dict.fromkeys(("usd", "dollars", "dollar"), ("usd", 1.0)),
    **dict.fromkeys(("requests/min", "requests a minute", "requests per minute", "a minute"), ("per_minute", 1.0)),
    **dict.fromkeys(("orders", "order"), ("orders", 1.0)),
    **dict.fromkeys(("users", "sessions", "customers"), ("users", 1.0)),
    **dict.fromkeys(("requests", "request"), ("requests", 1.0)),
    **dict.fromkeys(("incidents", "recorded incidents", "past incidents"), ("incidents", 1.0)),
    **dict.fromkeys(("lines", "log lines", "sampled log lines", "errors", "warnings"), ("lines", 1.0)),
    **dict.fromkeys(("occurrences", "occurrence"), ("lines", 1.0)),
}  # fmt: skip
# A prefix is told by its case: Mg is no mg, and T no t.
_NUMBER = (
    r"(?:(?<![\w.,-])|(?<=[\s(]-))(?P<currency>{currency})?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:(?:[ \u202f\u00a0]|-(?=(?:second|minute|hour|day)\b))?(?P<unit>{unit})(?![\w/]))?(?![\w]|[.,]\d)"
)
IN_WORDS = {
    **{word: (float(value), "") for value, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"), 2)},
    **{word: (float(value), "") for word, value in (
        ("twenty", 20), ("thirty", 30), ("forty", 40), ("fifty", 50), ("sixty", 60), ("seventy", 70),
        ("eighty", 80), ("ninety", 90), ("hundred", 100), ("thousand", 1000), ("million", 1e6))},
    **{f"{tens}-{one}": (float(ten + digit), "") for ten, tens in (
        (20, "twenty"), (30, "thirty"), (40, "forty"), (50, "fifty"), (60, "sixty"), (70, "seventy"), (80, "eighty"),
        (90, "ninety")) for digit, one in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), 1)},
    **dict.fromkeys(("twice", "double", "doubled", "doubles", "doubling"), (2.0, "times")),
    **dict.fromkeys(("quintupled", "quintuple"), (5.0, "times")),
    **dict.fromkeys(("triple", "tripled", "triples", "tripling"), (3.0, "times")),
    **dict.fromkeys(("quadruple", "quadrupled"), (4.0, "times")),
    **{f"{word}fold": (float(value), "times") for value, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 2)},
    **{f"{word}fold": (value, "times") for word, value in (
        ("twenty", 20.0), ("thirty", 30.0), ("forty", 40.0), ("fifty", 50.0), ("hundred", 100.0))},
    **dict.fromkeys(("halved", "halves"), (0.5, "times")),
    **{f"{word} and a half": (value + 0.5, "") for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)},
    "one": (1.0, ""),
    "one and a half times": (1.5, "times"),
    "quarter of an hour": (900.0, "seconds"),
    "half an hour": (1800.0, "seconds"),
    "an hour and a half": (5400.0, "seconds"),
    "half a standard deviation": (0.5, "deviations"),
    "half a gram": (0.5, "grams"),
    "half a kilogram": (500.0, "grams"),
    "half a second": (0.5, "seconds"),
    "half a minute": (30.0, "seconds"),
    "half a percentage point": (0.005, "points"),
    "two and a half times": (2.5, "times"),
    "half": (0.5, "share"),
    **dict.fromkeys(("none", "not one", "not a single one"), (0.0, "share")),
    "zero": (0.0, ""),
    "third": (1 / 3, "share"),
    "quarter": (0.25, "share"),
    "fifth": (0.2, "share"),
    "tenth": (0.1, "share"),
}  # fmt: skip
_WORD = (
    r"(?:(?<!the )|(?=[a-z-]+ (?:hours? and [a-z0-9]|(?:(?:sampled|timed|log) )+lines)))"
    r"\b(?P<word>{word})\b(?:[ -](?P<unit>{unit})(?![\w/]))?"
)
# "259 g (255 to 294) an hour", "20 g per request": the figure is of one of these, unless its unit says so already.
_RATE = (
    r"(?! (?:after|before|at|with|in|on|from)\b)[^,;.()\d]{{0,16}}(?: \([^)]*\)|[^()]*\))? "
    r"(?:an? (?P<a>second|minute|hour|day|week|month|year|user|order|{order})|(?:per|each|every|for each|for every) "
    r"(?P<per>(?:single |individual )?(?:[\d,]+ )?[a-z][\w-]+)|(?P<apiece>apiece|each))\b"
)


class Language(NamedTuple):
    """How figures are written in the words of one trade. `usd`: currency as written → how many dollars one of it is."""

    units: dict[str, tuple[str, float]]
    number: re.Pattern[str]
    word: re.Pattern[str]
    rate: re.Pattern[str]
    usd: dict[str, float]


@lru_cache(maxsize=8)
def language_of(chosen: Terms) -> Language:
    named = {chosen.orders.singular.lower(), chosen.orders.plural.lower()}
    units = {**UNITS, **dict.fromkeys(named, ("orders", 1.0))}
    unit = "|".join(re.escape(one) for one in sorted(units, key=len, reverse=True))
    usd = {"$": 1.0, chosen.currency.symbol: 1 / chosen.currency.per_usd}
    # $12, but CHF 12.
    spaced = {symbol: rf"{re.escape(symbol)}{' ?' if symbol.isalpha() else ''}" for symbol in usd}
    currency = "|".join(spaced[symbol] for symbol in sorted(usd, key=len, reverse=True))
    return Language(
        units,
        re.compile(_NUMBER.format(currency=currency, unit=unit), re.IGNORECASE),
        re.compile(_WORD.format(word="|".join(sorted(IN_WORDS, key=len, reverse=True)), unit=unit), re.IGNORECASE),
        re.compile(_RATE.format(order=re.escape(chosen.orders.singular))),
        usd,
    )


def language() -> Language:
    return language_of(terms())


def number_pattern() -> re.Pattern[str]:
    """Finds figures with their currency and unit, in the words of this process."""
    return language().number


def unit_of(found: re.Match[str]) -> tuple[str, float]:
    """(dimension, factor to its base) of a number as it is written."""
    spoken = language()
    if found["currency"]:
        written = found["currency"].strip()
        return "usd", next((usd for symbol, usd in spoken.usd.items() if symbol.lower() == written.lower()), 1.0)
    unit = (found["unit"] or "").lower()
    return spoken.units.get(unit) or spoken.units.get(f" {unit}") or ("", 1.0)
