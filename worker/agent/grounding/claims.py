"""What a sentence claims: numbers with units, times, names, quotations, causes and directions, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

from worker.domain.terms import Terms, terms
from worker.domain.text import CITATION

Span = tuple[int, int]

# Unit as written → (dimension, factor to the base). The longest first.
UNITS = {
    "g/min": ("grams_per_minute", 1.0),
    "kg/min": ("grams_per_minute", 1000.0),
    "gco₂e an hour": ("grams_per_hour", 1.0),
    "kgco₂e an hour": ("grams_per_hour", 1000.0),
    **{f"{prefix}{gas}": ("grams", factor) for prefix, factor in (("mg", 1e-3), ("g", 1.0), ("kg", 1e3), ("t", 1e6))
       for gas in ("co₂e", "co2e", "co₂", "co2", " co₂e", " co2e", " co₂", " co2", " of co₂", " of co2", "")},
    **dict.fromkeys(("grams", "gram"), ("grams", 1.0)),
    **dict.fromkeys(("%", " %", "percent", "per cent"), ("share", 0.01)),
    **dict.fromkeys(("percentage points", "points", "%-points"), ("points", 0.01)),
    **dict.fromkeys(("ms", "milliseconds"), ("seconds", 0.001)),
    **dict.fromkeys(("s", "seconds", "sec", "second"), ("seconds", 1.0)),
    **dict.fromkeys(("min", "minutes", "minute"), ("seconds", 60.0)),
    **dict.fromkeys(("h", "hours", "hour"), ("seconds", 3600.0)),
    **dict.fromkeys(("d", "days", "day"), ("days", 1.0)),
    **dict.fromkeys(("times", "x", "×", "-fold"), ("times", 1.0)),
    **dict.fromkeys(("vcpu-hours", "vcpu-h", "vcpu hours", "vcpu-hour"), ("vcpu_hours", 1.0)),
    "kwh": ("kwh", 1.0),
    "wh": ("kwh", 0.001),
    **dict.fromkeys(("usd", "dollars", "dollar"), ("usd", 1.0)),
    **dict.fromkeys(("requests/min", "requests a minute", "requests per minute", "a minute"), ("per_minute", 1.0)),
    **dict.fromkeys(("orders", "order"), ("orders", 1.0)),
    **dict.fromkeys(("users", "sessions", "customers"), ("users", 1.0)),
    **dict.fromkeys(("requests", "request"), ("requests", 1.0)),
    **dict.fromkeys(("incidents", "recorded incidents", "past incidents"), ("incidents", 1.0)),
    **dict.fromkeys(("lines", "log lines", "sampled log lines", "errors"), ("lines", 1.0)),
}  # fmt: skip
# A prefix is told by its case: Mg is no mg, and T no t.
_NUMBER = (
    r"(?<![\w.,-])(?P<currency>{currency})?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:[ \u202f\u00a0]?(?P<unit>{unit})(?![\w/]))?(?![\w]|[.,]\d)"
)
IN_WORDS = {
    **{word: (float(value), "") for value, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 2)},
    **{word: (float(value), "") for word, value in (
        ("twenty", 20), ("thirty", 30), ("forty", 40), ("fifty", 50), ("sixty", 60), ("seventy", 70),
        ("eighty", 80), ("ninety", 90), ("hundred", 100), ("thousand", 1000), ("million", 1e6))},
    **dict.fromkeys(("twice", "double", "doubled"), (2.0, "times")),
    **dict.fromkeys(("triple", "tripled", "threefold"), (3.0, "times")),
    "tenfold": (10.0, "times"),
    **dict.fromkeys(("halved", "halves"), (0.5, "times")),
    "half": (0.5, "share"),
    "quarter": (0.25, "share"),
}  # fmt: skip
_WORD = r"\b(?P<word>{word})\b(?:[ -](?P<unit>{unit})(?![\w/]))?"
TIME = re.compile(
    r"(?<![\w:.])(?:(?P<iso>\d{4}-\d\d-\d\d)[T ])?(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?:\.\d+)?"
    r"(?P<zone> ?Z| UTC| ?[+-]\d\d:?\d\d| [A-Z]{2,4}T)?(?:, (?P<day>\d{1,2} [A-Z][a-z]{2} \d{4}))?(?![\w:])"
)
DATE = re.compile(r"(?<![\w:.-])(?:(?P<iso>\d{4}-\d\d-\d\d)|(?P<day>\d{1,2} [A-Z][a-z]{2,8} \d{4}))(?![\w:-])")
QUOTED = re.compile(r"“(?P<a>[^”]{3,})”|\"(?P<b>[^\"]{3,})\"|`(?P<c>[^`]{2,})`|(?<!\w)'(?P<d>[^']{3,})'(?!\w)")
# What looks like a name of something: ids, versions, types of errors, regions.
NAME_LIKE = re.compile(
    r"(?<![\w./-])(?:v?\d+\.\d+\.\d+[\w.+-]*|[A-Za-z][\w]*(?:[-_.][\w]+)*[-_.]\w*\d\w*(?:[-_.]\w+)*"
    r"|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+|[A-Z]\w*(?:Error|Exception|Timeout|Failure)|[a-z]+_[a-z_]+"
    r"|[0-9a-f]{7,40}(?=[a-f0-9]*\b)|https?://\S+|(?<=[a-z,;] )[A-Z][A-Za-z]+)(?![\w-])"
)
SERVICE_LIKE = re.compile(
    r"\b(?:service|of service) (?P<a>[a-z][\w-]+)|\b(?P<b>[a-z][\w-]+)(?: service\b|['’]s? (?!s\b)(?=[a-z]))"
    r"|\bcalls? (?:to|from) (?P<c>[a-z][\w-]+)|\b(?P<d>[a-z][\w-]+) itself\b|^(?P<e>[a-z][\w-]{2,})(?=: )"
)
VERSION = re.compile(r"\bversions? (?P<name>v?\d[\w.+-]*\w)")
_CAUSING = (
    r"caused|causes|broke|breaks|triggered|triggers|led to|leads to|brought down|is the (?:root )?cause of"
    r"|is responsible for|is to blame for|explains"
)
_CAUSED = (
    r"because of|due to|caused by|triggered by|brought about by|the result of|thanks to|owing to|stems from"
    r"|comes from"
)
# "since 14:57" is a time, "since payments is down" a reason.
_SINCE = r"since(?! (?:then|about|around|when|last|\d| ))"
CAUSES = (
    r"^(?:because(?: of)?|due to|owing to|thanks to|as a result of|since(?! \d| ))\b(?P<cause>[^,]+),(?P<effect>.+)",
    rf"(?P<cause>.+?) (?:has |have )?(?:{_CAUSING})(?! by\b) (?P<effect>.+)",
    rf"(?P<effect>.+?) (?:(?:is|was|were|are) )?(?:{_CAUSED}) (?P<cause>.+)",
    r"(?P<cause>.+?) (?:is|was) (?:why|the reason (?:why|for|that)) (?P<effect>.+)",
    rf"(?P<effect>.+?) (?:because(?! of)|as a result of|thanks to|{_SINCE}) (?P<cause>.+)",
    r"(?P<cause>.+?) (?:is|was|are|were) (?:the|a) (?:[\w-]+ ){0,2}cause\b(?P<effect>.*)",
    r"\bcause (?:of|in|for|behind) (?P<effect>[^:;]+?) (?:is|was) (?P<cause>[^,:;(]+)",
    r"(?<!this )(?:root )?cause(?: (?:is|was)|:) (?P<cause>[^,:;(]+)(?P<effect>)",
)
CAUSAL = tuple(re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in CAUSES)
# What a report at the time of an alert cannot know.
OVER = re.compile(
    r"\b(?:recover(?:ed|s)|resolved|mitigated|fixed itself|is over|back to normal|rolled back already"
    r"|no longer (?:fails?|failing)"
    r"|will (?:be|recover|return|end)|until (?=\d)|growing|worsening|improving|customers report\w*|users report\w*"
    r"|(?:all|every|other|both|several|many) (?:other )?(?:regions?|services?|deployments?)|everywhere|globally"
    r"|by mistake|on purpose|attack(?:ed|ers?)?|depends? on|hacked|breach)\b",
    re.IGNORECASE,
)
CLEARED = re.compile(
    r"\b(?:fine|harmless|innocent|no effect|not to blame|not the cause|unrelated|can stay|safe|nothing to do with"
    r"|did not cause|false alarm|no incident|nothing is wrong)\b",
    re.IGNORECASE,
)
_LEVEL = "low|medium|high|critical"
SEVERITY = re.compile(rf"\bseverity\b[^.;,]{{0,40}}?\b(?P<a>{_LEVEL})\b|\b(?P<b>{_LEVEL}) severity\b", re.IGNORECASE)
QUANTILE = re.compile(r"\bp(?:50|95|99)\b|\bmedian\b", re.IGNORECASE)
UP = re.compile(r"\b(?:rose|rises|risen|increased|increases|grew|climbed|jumped|surged|spiked|went up|is up|higher)\b")
DOWN = re.compile(
    r"\b(?:fell|falls|fallen|dropped|drops|decreased|decreases|declined|reduced|lowered|shrank|sank|went down"
    r"|is down|lower)\b"
)
SAME = re.compile(r"\b(?:unchanged|as usual|normal|stable|steady|flat|unaffected|healthy)\b")
SIGNAL_WORDS = (
    ("retries", r"retr(?:y|ies|ied)"),
    ("errors", r"fail(?:s|ed|ing|ures?)?|errors?|exceptions?"),
    ("latency", r"latency|p50|p95|p99|slower|slow|response times?"),
    ("cpu", r"cpu"),
    ("memory", r"memory"),
    ("carbon", r"co₂e?|co2e?|carbon|emissions?|gco₂e"),
    ("traffic", r"traffic|demand|usual requests"),
)
SIGNAL = {signal: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for signal, words in SIGNAL_WORDS}
CITED = re.compile(CITATION)


@dataclass(frozen=True)
class Number:
    span: Span
    value: float
    dimension: str
    tolerance: float
    text: str


Kind = Literal["number", "time", "name", "quotation", "cause", "direction", "state", "citation", "word"]


@dataclass(frozen=True)
class Claim:
    """`is_mere`: a figure or a name, which may stay marked where the rest of its sentence holds."""

    kind: Kind
    span: Span
    text: str
    holds: bool
    why: str = ""

    @property
    def is_mere(self) -> bool:
        return self.kind in ("number", "time", "name", "citation", "word")


class Found(NamedTuple):
    span: Span
    text: str


def is_term(name: str) -> bool:
    """Units and terms of the trade that have the form of a name."""
    return bool(re.fullmatch(r"(?:g|kg|mg|t)?CO2e?|vCPU(?:-h\w*)?|p\d\d|[45]xx|HTTP_\d+|UTC|SCI|CPU", name))


def without_names(text: str) -> str:
    """`text` with blanks for what looks like a name: the digits in it are no figures."""
    return blanked(text, [found.span() for found in NAME_LIKE.finditer(text) if not is_term(found[0])])


def blanked(text: str, spans: list[Span]) -> str:
    """`text` with those stretches as blanks, so that every place stays where it is."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def sentences(text: str) -> list[str]:
    """A citation behind a full stop belongs to the sentence before it; what is quoted is not taken apart."""
    quoted = [found.span() for found in QUOTED.finditer(text)]
    plain = re.sub(r"[.!?]", lambda found: "_" if any(a < found.start() < b for a, b in quoted) else found[0], text)
    ends = [found.end() for found in re.finditer(rf"[.!?](?:\s*{CITATION})*(?=\s+[A-Z“\"0-9$\[a-z]|\s*$)", plain)]
    ends = [end for end in ends if not re.search(r"\b(?:e\.g|i\.e|approx|ca|vs)\.$", plain[:end])]
    starts = [0, *ends]
    return [part for start, end in zip(starts, [*ends, len(text)], strict=True) if (part := text[start:end].strip())]


def plain(sentence: str) -> str:
    """As it reads without its citations, for comparing."""
    return " ".join(CITED.sub(" ", sentence).split()).rstrip(" .")


def numbers(text: str) -> list[Number]:
    found = [*_in_digits(text), *_in_words(text)]
    return [_a_rate(text, one) for one in _with_inherited_units(text, sorted(found, key=lambda one: one.span))]


_RATE = (
    r"[^,;.(]{{0,12}}(?: \([^)]*\)|[^()]*\))? (?:an?|per|each|every) "
    r"(?P<per>hour|day|week|month|year|user|order|{order})\b"
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
        re.compile(_WORD.format(word="|".join(IN_WORDS), unit=unit), re.IGNORECASE),
        re.compile(_RATE.format(order=re.escape(chosen.orders.singular))),
        usd,
    )


def _language() -> Language:
    return language_of(terms())


def number_pattern() -> re.Pattern[str]:
    """Finds figures with their currency and unit, in the words of this process."""
    return _language().number


def _a_rate(text: str, number: Number) -> Number:
    """`259 gCO₂e (255 to 294) an hour`; of other rates no report tells anything."""
    behind = _language().rate.match(text, number.span[1])
    if behind is None or number.dimension in ("", "times"):
        return number
    is_known = behind["per"] == "hour" and number.dimension == "grams"
    return replace(number, dimension="grams_per_hour" if is_known else f"{number.dimension} a {behind['per']}")


def _of_something_else(text: str, end: int) -> str:
    """`20 connections`: what is counted, where it is nothing that a report counts; else nothing."""
    noun = re.match(r" (?P<noun>[a-z]{4,}s)\b", text[end:])
    return f"of {noun['noun']}" if noun and noun["noun"] not in {*_language().units, "less", "plus", "versus"} else ""


def _in_digits(text: str) -> Iterator[Number]:
    for found in _language().number.finditer(text):
        dimension, factor = _unit_of(found)
        if not (found["unit"] or found["currency"]):
            dimension = _of_something_else(text, found.end())
        digits = found["digits"].replace(",", "")
        start, end = found.span()
        if re.search(
            r"confidence (?:in [a-z ]{1,30})?(?:of |is )?$|\($", text[max(0, start - 45) : start], re.IGNORECASE
        ) and re.fullmatch(r"[01]\.\d+", digits):
            dimension = dimension or "confidence"
        if dimension == "share" and re.match(r" of\b[^,;.]{0,40}?\b(?:users|customers|sessions|orders)\b", text[end:]):
            dimension = "share_of_users"
        about = re.search(r"\b(?:about|around|roughly|some|nearly|almost|~) ?$", text[max(0, start - 10) : start])
        tolerance = max(_tolerance(digits), 0.05 * float(digits) if about else 0.0) * factor
        yield Number((start, end), float(digits) * factor, dimension, tolerance, found[0])


def _tolerance(digits: str) -> float:
    """Half of the last digit that is told; of round numbers two digits count, as prose rounds to two."""
    whole, _, decimals = digits.partition(".")
    if decimals:
        return 0.5000001 * 10.0 ** -len(decimals)
    significant = max(len(whole.rstrip("0")), min(2, len(whole)))
    return 0.5000001 * 10.0 ** max(0, len(whole) - significant)


def _in_words(text: str) -> Iterator[Number]:
    language = _language()
    for found in language.word.finditer(text):
        value, dimension = IN_WORDS[found["word"].lower()]
        unit, factor = language.units.get((found["unit"] or "").lower(), (dimension, 1.0))
        yield Number(found.span(), value * factor, dimension or unit, 0.05 * value * factor, found[0])


def _with_inherited_units(text: str, found: list[Number]) -> list[Number]:
    """`7.9 against 3 g/min`, `66 to 77 g`: the unit of the second; `68 g (66 to 77)`: that of the number before."""
    units = [one.dimension for one in found]
    scales = [_factor(text, one) for one in found]
    for place in range(len(found) - 2, -1, -1):
        between = text[found[place].span[1] : found[place + 1].span[0]]
        is_pair = re.fullmatch(r" ?(?:to|–|-|and|against|of about|of) ", between)
        is_range = units[place + 1] and between == " ("
        if not units[place] and (is_pair or is_range):
            units[place], scales[place] = units[place + 1], scales[place + 1]
    for place in range(1, len(found)):
        between = text[found[place - 1].span[1] : found[place].span[0]]
        if not units[place] and re.fullmatch(r"[^.;]{0,12} ?\($| ?(?:to|–) ", between):
            units[place], scales[place] = units[place - 1], scales[place - 1]
    return [
        one if one.dimension else Number(one.span, one.value * scale, unit, one.tolerance * scale, one.text)
        for one, unit, scale in zip(found, units, scales, strict=True)
    ]


def _factor(text: str, number: Number) -> float:
    found = _language().number.match(text, number.span[0])
    return _unit_of(found)[1] if found else 1.0


def _unit_of(found: re.Match[str]) -> tuple[str, float]:
    """(dimension, factor to its base) of a number as it is written."""
    language = _language()
    if found["currency"]:
        written = found["currency"].strip()
        return "usd", next((usd for symbol, usd in language.usd.items() if symbol.lower() == written.lower()), 1.0)
    unit = (found["unit"] or "").lower()
    return language.units.get(unit) or language.units.get(f" {unit}") or ("", 1.0)
