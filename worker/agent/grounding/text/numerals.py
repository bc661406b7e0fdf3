"""Figures as a text writes them: digits and words, with their units, and on which side of a bound they are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from worker.agent.grounding.text import confidences, pairs, quantifiers, units
from worker.agent.grounding.text.claims import Span
from worker.agent.grounding.text.denials import DENIED
from worker.agent.grounding.text.pairs import Number
from worker.domain.terms import Terms, terms

ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|some|approximately|an estimated|close to|near)(?: (?:a|the))?|~) ?$", re.IGNORECASE
)
# "More than half", "nearly doubled": on which side of what is said the figure is.
ABOVE = re.compile(
    r"\b(?:more than|over|above|at least|exceed(?:s|ed|ing)?|greater than|higher than|upwards of)(?: a| the)? ?$",
    re.IGNORECASE,
)
BELOW = re.compile(
    r"\b(?:nearly|almost|just under|under|below|less than|fewer than|lower than|up to|not quite|at most)"
    r"(?: a| the)? ?$",
    re.IGNORECASE,
)
# "Within 1 % of what was expected": no more apart than that.
WITHIN = re.compile(r"\bwithin (?:about )?$", re.IGNORECASE)
OF_USUAL = re.compile(r" of (?:what (?:is|was) |the |its )?(?:usual|expected|normal|baseline|typical)")


def _is_within(span: Span, text: str) -> bool:
    return bool(WITHIN.search(text[: span[0]]) and OF_USUAL.match(text, span[1]))


# How far beyond its bound a figure may be for the words to be right: "over 5,000" of 5,510, "more than doubled" of 2.4.
BEYOND = {"digits": 1.12, "words": 1.5}


def numbers(text: str) -> list[Number]:
    """In the order of the text, in the words that this process has for orders and money."""
    return list(_numbers(text, terms()))


# Many rules ask for those of one sentence.
def _outside(found: Iterable[Number], taken: Sequence[Number]) -> list[Number]:
    return [one for one in found if not any(other.span[0] <= one.span[0] < other.span[1] for other in taken)]


@lru_cache(maxsize=256)
def _numbers(text: str, _spoken: Terms) -> tuple[Number, ...]:
    shares = quantifiers.shares(text)
    fractions = [Number(one.span, one.value, "share", *_of_share(one, text), one.text) for one in shares]
    places = [*_places(text)]
    digits = _outside([_with_large(one, text) for one in _in_digits(text)], places)
    words = _outside(_in_words(text), [*fractions, *digits])
    others = _outside([*digits, *words, *_a_minute(text), *places], fractions)
    found = pairs.with_compound_durations(text, sorted([*fractions, *others], key=lambda one: one.span))
    found = pairs.with_inherited_units(text, pairs.with_ranges_around(text, found))
    found = [_of_usual(one, text) for one in found]
    rated = pairs.with_paired_rates(text, [_a_rate(text, one) for one in found])
    compared = pairs.with_compared(text, pairs.with_inherited_rates(text, rated))
    named = pairs.with_named_units(text, compared)
    return tuple(pairs.with_ranged_rates(text, named))


# "Emissions per minute (11 g)".
PER_MINUTE = re.compile(r"\b(?:per|a|each|every) minute \($", re.IGNORECASE)


def _a_rate(text: str, number: Number) -> Number:
    """`259 gCO₂e (255 to 294) an hour`: of a dimension that only figures of that rate have."""
    behind = units.language().rate.match(text, number.span[1])
    if number.dimension == "grams" and PER_MINUTE.search(text[: number.span[0]]):
        return replace(number, dimension="grams_per_minute")
    is_time = behind and re.match(r" (?:before|after|later|earlier|ago)\b", text[behind.end() :])
    if behind is None or is_time or number.dimension in ("times", "confidence"):
        return number
    per = next(one for one in behind.groups() if one).split()[-1].lower()
    if not number.dimension and (number.dimension, per) not in RATES and per not in UNKNOWN_RATES:
        return number
    if (number.dimension, per) == ("grams", "hour"):
        return replace(number, dimension="grams_per_hour")
    return replace(number, dimension=RATES.get((number.dimension, per), f"{number.dimension} a {per}"))


# Nothing that a report has without a unit is of one of these.
UNKNOWN_RATES = ("hour", "day", "week")
RATES = {
    ("grams", "minute"): "grams_per_minute",
    ("requests", "minute"): "per_minute",
    ("lines", "minute"): "per_minute",
    ("requests", "second"): "per_second",
    ("lines", "second"): "per_second",
    ("grams", "requests"): "grams_per_requests",
    # A request is what takes so long.
    ("seconds", "request"): "seconds",
    ("seconds", "call"): "seconds",
    ("seconds", "each"): "seconds",
    ("", "second"): "per_second",
    ("", "minute"): "per_minute",
}


def _of_something_else(text: str, end: int) -> str:
    """`20 connections`, `five earlier incidents`: what is counted; of what no report counts there is no figure."""
    noun = COUNTED_NOUN.match(text, end)
    if noun is None or noun["noun"] in NO_NOUNS:
        return ""
    dimension, _ = units.language().units.get(noun["noun"], (f"of {noun['noun']}", 1.0))
    return dimension


COUNTED_NOUN = re.compile(
    r" (?:(?:configuration|code|such|earlier|past|previous|similar|recorded|known|other|new|more|additional|failed"
    r"|failing|sampled|timed|log|slow|affected|different|separate)\s+){0,2}(?P<noun>[a-z]{2,}s|day"
    # "0.59 vCPU-days", "3 kW", "12 MB/s": units that no report has.
    r"|(?!vCPU-h)\w+-(?:seconds|minutes|hours|days|weeks)|[a-z]{1,2}[A-Z]\w*|[kMGT]?(?:Wh?|J|Hz)|[A-Za-z]+/[a-z]+)\b"
)
NO_NOUNS = frozenset(
    """
    across as belongs comes degrees does equals exceeds falls fits gives goes has is its keeps leaves less lies looks
    makes means needs others plus reflects remains rests rises says seems shows sits speaks stands stays stems
    takes tells this times versus was
    """.split()  # noqa: SIM905 - read as prose
)


# "171 million bytes", "31 million".
LARGE = re.compile(
    r" (?P<times>thousand|million|billion)\b(?: (?P<unit>bytes|requests|grams|lines|dollars))?", re.IGNORECASE
)
LARGES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}


def _with_large(one: Number, text: str) -> Number:
    """The figure with the word behind it that says how many times it is meant."""
    found = LARGE.match(text, one.span[1])
    if found is None:
        return one
    noun = (found["unit"] or "").lower()
    unit = units.language().units[noun][0] if noun else _of_something_else(text, found.end())
    # "$0.046 thousand": what has its unit before that word keeps it.
    unit = unit if one.dimension in ("", "of millions") else one.dimension
    span = (one.span[0], found.end())
    return replace(one.scaled(LARGES[found["times"].lower()], unit), span=span, text=text[slice(*span)])


def _in_digits(text: str) -> Iterator[Number]:
    for found in units.language().number.finditer(text):
        digits = found["digits"].replace(",", "")
        if found["currency"] and re.fullmatch(r"\d+\.\d0", digits):
            # $3.40 is how $3.4 is written.
            digits = digits[:-1]
        dimension, factor = _dimension(found, digits, text)
        tolerance = _tolerance(digits)
        if dimension in ("seconds", "grams") and factor <= 1:
            # "1 s" is not told of half a second.
            tolerance = min(tolerance, 0.25 * float(digits))
        if dimension == "share" and digits == "100":
            # All of them, of which 98 % are none.
            tolerance = min(tolerance, 0.5)
        low, high = _bounds(float(digits), tolerance, text[: found.start()], "digits")
        is_share = dimension in ("share", "confidence")
        if dimension in ("confidence", "share") and factor == 1.0 and digits == "0":
            # Of two digits, as all are told.
            high = 0.005
        if dimension == "deviations" and WITHIN.search(text[: found.start()]):
            low = 0.0
        if is_share and (_is_within(found.span(), text) or _is_hardly(float(digits) * factor, found.start(), text)):
            low = 0.0
        yield Number(found.span(), float(digits), "", low, high, found[0]).scaled(factor, dimension)


# "By a factor of 47".
FACTOR = re.compile(r"\bfactor (?:of |is |was )+(?:about |roughly |almost |nearly |over |more than )?$", re.IGNORECASE)
# "A share of 0.36".
SHARE_OF = re.compile(r"\bshares? (?:(?:of|is|was|at|being|only|just|about|roughly) )+$", re.IGNORECASE)
OF_USERS = re.compile(r" of\b[^,;.]{0,40}?\b(?:users|customers|sessions|orders)\b")


def _dimension(found: re.Match[str], digits: str, text: str) -> tuple[str, float]:
    """(dimension, factor to its base), by its unit, or by the words around it."""
    before, after = text[: found.start()], text[found.end() :]
    dimension, factor = units.unit_of(found)
    if dimension == "seconds" and re.fullmatch(r"[45]\d\ds", found[0]):
        return "status", 1.0
    if dimension == "share" and confidences.is_share(before, after):
        return "confidence", factor
    if dimension == "share" and OF_USERS.match(after):
        return "share_of_users", factor
    return dimension or _told_dimension(digits, found, text), factor


def _told_dimension(digits: str, found: re.Match[str], text: str) -> str:
    before = text[: found.start()]
    if before.endswith("HTTP ") and re.fullmatch(r"[45]\d\d", digits):
        return "status"
    if SHARE_OF.search(before) and re.fullmatch(r"0|[01]\.\d+", digits):
        return "share"
    if counted := _of_something_else(text, found.end()):
        return counted
    if FACTOR.search(before):
        return "times"
    return "confidence" if confidences.is_score(digits, found.span(), text) else ""


# "Fewer than 1 %": of so little there is nothing close below it.
LITTLE = 0.02


def _is_hardly(value: float, start: int, text: str) -> bool:
    """ "Less than one percent" is told of whatever is less."""
    return value <= LITTLE and bool(BELOW.search(text[:start]))


def _tolerance(digits: str) -> float:
    """Half of the last digit that is told; of round numbers two digits count, as prose rounds to two."""
    whole, _, decimals = digits.partition(".")
    if decimals == "0" and len(whole) >= ROUNDED:
        # "5001.0" of 5000.6: rounded to four digits.
        return 0.5000001
    if decimals:
        return 0.5000001 * 10.0 ** -len(decimals)
    significant = max(len(whole.rstrip("0")), min(2, len(whole)))
    return 0.5000001 * 10.0 ** max(0, len(whole) - significant)


# As many digits before the point leave none behind it.
ROUNDED = 4
A_MINUTE = re.compile(
    r"\b(?<!about )(?<!per )an? (?P<unit>minute|hour)(?= (?:before|after|earlier|later|ahead)\b)", re.IGNORECASE
)


def _a_minute(text: str) -> Iterator[Number]:
    """ "A minute later"."""
    for found in A_MINUTE.finditer(text):
        seconds = 60.0 if found["unit"].lower() == "minute" else 3600.0
        before = text[: found.start()]
        low, high = (1.0 if ABOVE.search(before) else 0.5), (1.0 if BELOW.search(before) else 1.5)
        yield Number(found.span(), seconds, "seconds", low * seconds, high * seconds, found[0])


def _of_usual(one: Number, text: str) -> Number:
    """ "Half of what is usual" is so many times the usual."""
    # "The 1.3 % of the baseline" is a level.
    is_level = text[: one.span[0]].endswith(" the ") or _is_within(one.span, text)
    is_ratio = one.dimension == "share" and OF_USUAL.match(text, one.span[1]) and not is_level
    return replace(one, dimension="times") if is_ratio else one


def _of_share(one: quantifiers.Share, text: str) -> tuple[float, float]:
    """The bounds that the words give, or those of a fraction behind "more than" or "nearly"."""
    if one.written is None:
        return one.low, one.high
    before = text[: one.span[0]]
    return _bounds(one.value, 0.005 if STRICTLY.search(before) else 0.08 * one.value, before, one.written)


# "More than eight in ten": 79 % are fewer.
STRICTLY = re.compile(r"\b(?:(?:more|less|fewer|lower|higher|greater) than|over|above|under|below) $", re.IGNORECASE)


def _bounds(value: float, tolerance: float, before: str, written: str) -> tuple[float, float]:
    """From where to where the figure may be that is told as `value`."""
    beyond = max(BEYOND[written], 1.25 if value < 10 else 1.0)
    if ABOVE.search(before):
        return value - tolerance, value * beyond
    if BELOW.search(before) and written == "digits" and value <= 0.05:
        # "Below 0.01": there is nothing that is close below it.
        return 0.0, value + tolerance
    if BELOW.search(before):
        return value / (1.25 if value < 10 else BEYOND["digits"]), value + tolerance
    wide = max(tolerance, 0.05 * value) if ABOUT.search(before) else tolerance
    return value - wide, value + wide


# "It cannot be told from zero", "the range includes zero".
FROM_ZERO = re.compile(
    r"\b(?:from|includ\w+|contain\w*|around|cross\w*|span\w*|straddl\w+|on both sides of) $", re.IGNORECASE
)
# "It was deployed twice".
DEPLOYED = re.compile(r"\b(?:deployed|released|rolled out) (?:only |just )?$", re.IGNORECASE)
# "All 13 errors are of that type, and none of them was seen before."
OF_THEM = re.compile(
    r" of (?:them|these|those|which) (?:was |were |had |is |are )?(?:(?:listed|counted) as )?"
    r"(?:seen|logged|found|known|occurr\w+|appear\w+|existed|similar|alike|comparable)\b"
)


# "None of its metrics deviates" tells of directions (`metrics.calm`).
OF_METRICS = re.compile(r" of (?:the |its |their |['’]s? |\S+['’]s? |\s)*(?:own )?(?:metrics|signals)\b")


def _in_words(text: str) -> Iterator[Number]:
    language = units.language()
    for found in language.word.finditer(text):
        if _is_no_figure(found, text):
            continue
        word, before = found["word"].lower(), text[: found.start()]
        value, dimension = units.IN_WORDS[word][0], _dimension_of_word(word, found, text)
        counted = "" if dimension or found["unit"] else _of_something_else(text, found.end())
        unit, factor = language.units.get((found["unit"] or "").lower(), (dimension or counted, 1.0))
        if (word == "one" and unit not in ("share", "seconds", "deviations")) or _is_ordinal(found, text):
            continue
        # "Three minutes" is rounded, "doubled" is about the double.
        is_round = unit == "times" and value >= SCORE
        tolerance = (
            0.08 * value
            if dimension or is_round
            else max(0.5 if value > 1 or unit == "deviations" else 0.0, 0.05 * value)
        )
        if unit == "deviations" and (ABOVE.search(before) or BELOW.search(before)) and not DENIED.search(before):
            # "No metric is more than two standard deviations away": none has so many.
            tolerance = 0.0
        low, high = _bounds(value, tolerance, before, "words")
        if dimension == "times" and ABOVE.search(before):
            # "More than doubled" says no more than that.
            high = math.inf
        is_any = unit == "deviations" and bool(WITHIN.search(before))
        if unit == "share":
            is_any = _is_within(found.span(), text) or _is_hardly(value * factor, found.start(), text)
        if unit == "share" and confidences.is_share(before, text[found.end() :]):
            unit = "confidence"
        yield Number(found.span(), value, "", 0.0 if is_any else low, high, found[0]).scaled(factor, dimension or unit)


# "Twenty times", "a hundred times" are round.
SCORE = 20
NONE_WAS_MEASURED = re.compile(
    r" of (?:them|these|those|this|that|which) (?:was|were|is|are) (?:measured|known|recorded)"
)
NONE_OF = re.compile(
    r" of(?! the baseline\b)(?! (?:them|these|those|which) (?:before|earlier|(?:in|during) the baseline))"
)
NONE = ("none", "not one", "not a single one")


# "Half of its requests took 70 ms or less", "half of them take longer than 2 s" tells of the median.
A_MEDIAN = re.compile(
    r" of (?:(?:the|its|all|their) |[^,;.\d]{0,40}['’]s? )?(?:sampled |timed )?requests\b"
    r"(?:[^,;.\d]| in [\w-]+(?= )){0,40}"
    r" (?:(?:took|take)(?: about)?"
    r" (?:[\d.,]+ ?m?s or (?:less|faster|more|longer)\b"
    r"|(?:longer|more|no longer|no more|less) than (?:(?:about|roughly|around) )?[\d.,]+ ?m?s\b)"
    r"|(?:(?:are|were|be|got|get) (?:answered|served|done|handled|finished)|finish(?:es|ed)?|completed?|ended)"
    r" (?:in|within)(?: about)? [\d.,]+ ?m?s\b)"
)


# "Three things speak for ledger: …".
THINGS = re.compile(r" (?:things|grounds|counts|reasons|points|facts|signs|findings|observations)\b(?=[^.;]{0,60}:)")


# "None of them is similar", "none of which concerned shipping": of past incidents (`past`).
NONE_ALIKE = re.compile(
    r" of (?:them|these|those|which) (?:(?:is|are|was|were) )?(?:(?:listed|counted|noted|given) as )?"
    r"(?:similar|alike|comparable|resembles?|resembled|concern(?:s|ed)|hit|involve[sd])\b"
)


# "None of this confirms a spike", "none of these deviates": of signals (`statements`, `metrics`).
NONE_CONFIRMS = re.compile(
    r" of (?:this|that|it|these|those|them)"
    r" (?:deviat\w+|(?:confirm|indicate|suggest|show|make|support)s? an?\b|points? to\b)"
)


def _is_no_figure(found: re.Match[str], text: str) -> bool:
    """ "Near zero", "none of them was measured"; "none of 60 requests" is one."""
    if found["word"].lower() in NONE and NONE_ALIKE.match(text, found.end()):
        return True
    if found["word"].lower() in NONE and NONE_CONFIRMS.match(text, found.end()):
        return True
    if NEAR.search(text[: found.start()]) or A_MEDIAN.match(text, found.end()) or THINGS.match(text, found.end()):
        return True
    behind = text[found.end() :]
    is_of_none = NONE_OF.match(behind) and not NONE_WAS_MEASURED.match(behind) and not OF_METRICS.match(behind)
    return found["word"].lower() in NONE and not is_of_none


def _dimension_of_word(word: str, found: re.Match[str], text: str) -> str:
    """Its own, or that of the words around it; "" where it is told by a unit behind it."""
    before = text[: found.start()]
    if word == "zero" and (confidences.TOLD.search(before[-90:]) or confidences.SURE.match(text, found.end())):
        return "confidence"
    if word == "none" and OF_THEM.match(text, found.end()):
        return "lines"
    dimension = units.IN_WORDS[word][1]
    if dimension == "times" and DEPLOYED.search(before):
        return "of deployments"
    return "zero" if word == "zero" and FROM_ZERO.search(before) else dimension


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# "It ranks third", "cart is second with 0.02".
PLACE = re.compile(
    rf"\b(?:(?<=ranks )|(?<=rank )|(?<=ranked )|(?<=placed )|(?<=ranks only )|(?<=ranked only )"
    # "Payments and checkout are ranked second and third".
    rf"|(?<=ranked second and )|(?<=rank second and )|(?<=ranked third and )|(?<=rank third and ))"
    rf"(?P<ranked>{'|'.join(ORDINALS)})\b"
    r"|(?<!behind the )(?<!ahead of the )(?<!below the )(?<!than the )(?<!before the )(?<!\d of the )"
    r"(?<!\d for the )(?<!held by the )"
    rf"\b(?P<placed>{'|'.join(ORDINALS)})\b(?=,? (?:place|candidate\b(?! (?:has|had)\b)|in the ranking"
    r"|(?:with|at)\b[^,;.\d]{0,24} 0\.\d))"
    # "checkout is candidate 3", "no. 5 among the candidates".
    r"|(?:\b(?<=candidate )(?:number |no\. |#)?|(?:\b(?:number|no\.|rank) |#)"
    r"(?=\d,? (?:among|of|in|on) (?:the|all|these) (?:\w+ )?(?:candidates|suspects|ranking|list)\b))"
    r"(?P<digit>\d)(?=[,.;:)]?(?: |$))",
    re.IGNORECASE,
)


def _places(text: str) -> Iterator[Number]:
    for found in PLACE.finditer(text):
        word = found["ranked"] or found["placed"]
        place = ORDINALS.index(word.lower()) + 1.0 if word else float(found["digit"])
        yield Number(found.span(), place, "place", place, place, found[0])


# "A third of", "two thirds"; "it ranks third", "the third candidate" is a place.
FRACTIONAL = re.compile(r"\b(?:an?|one|two|three|four|nine)[ -]$", re.IGNORECASE)


def _is_ordinal(found: re.Match[str], text: str) -> bool:
    is_fraction = FRACTIONAL.search(text[: found.start()]) or re.match(r"s?\b of\b", text[found.end() :])
    # "A third says that …": of three messages.
    is_one = re.match(
        r" (?:says?|names?|reads?|tells?|reports?|mentions?|message|line|one|candidate|service|release|deployment"
        r"|change|rollout|version|incident|region|metric|signal|error|type|point|thing)\b",
        text[found.end() :],
    )
    return found["word"].lower() in ("third", "fifth", "tenth") and bool(is_one or not is_fraction)


# "Near zero" is no figure, nor is "half a gram" a share.
NEAR = re.compile(r"\b(?:near|near-|close to|virtually|practically) ?$", re.IGNORECASE)
