"""Names of services and regions in a question: those that the telemetry bears, in any common spelling.

A name that nothing bears is never replaced by one that looks like it: the asker is told what there is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Literal, NamedTuple

from worker.answering.reading import TAKEN, QuestionText, quoted
from worker.answering.vocabulary import FILLERS, TOPIC_NEXT, is_ordinary, slip_of

Kind = Literal["service", "region"]
# Names are those that telemetry has borne so long before today, and today.
NAMES_OF = timedelta(days=14)
MOST_WORDS = 4
MOST_LISTED = 12
# Each is held against every name that is known.
MOST_CHECKED = 40
# How alike a word is to a name that it is a slip of, 0 to 1.
CLOSE, LIKELY = 0.8, 0.72
# Behind these stands what is asked about.
LEADS = frozenset({
    "in", "of", "for", "with", "by", "on", "from", "within", "inside", "about",
    "service", "services", "region", "regions", "affecting", "affect", "affects", "hit", "hits", "hitting", "hurting",
})  # fmt: skip
# Behind these stands a name as well, unless it is a word of the grammar.
VERBS = frozenset({"is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "should"})
# In front of a quotation: behind "with", "for" and "about" may stand words of log lines as well.
_NAME_NEXT = re.compile(
    r"\b(?:in|of|by|from|within|affecting|services?|regions?|do|does|did|has|had)(?: (?:the|our|my))? [^\w ]$"
)
# What says of the name beside it what it is.
LABELS: dict[str, Kind] = {"service": "service", "app": "service", "microservice": "service", "region": "region"}
_LABEL = re.compile(rf"\s*\b(?:the|({'|'.join(LABELS)})s?)\b\s*", re.IGNORECASE)
_SUFFIX = re.compile(r"[-_. ]?(?:service|svc)$")
# Between a word and the name that stands behind it; what belongs to neither is a sign of the name: "in ../x", "of <x>".
_TOGETHER = re.compile(r"\s*[^\s\w\0,;!?]{0,40}")
_PLAIN = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Known:
    """The names that the telemetry bears, verbatim. `is_whole`: there are no more of them."""

    services: Sequence[str] = ()
    regions: Sequence[str] = ()
    is_whole: bool = True

    def of(self, kind: Kind) -> Sequence[str]:
        return self.services if kind == "service" else self.regions


class Found(NamedTuple):
    """A name as the telemetry has it, and where it was said."""

    kind: Kind
    name: str
    start: int
    end: int


class UnknownName(NamedTuple):
    """What was said where a name was expected. `like`: the names that may have been meant.

    `is_place`: it stands where no words to look for do, but only a name.
    """

    said: str
    reason: str
    like: tuple[str, ...] = ()
    is_place: bool = False


@dataclass
class Names:
    """Every name of the question, in the order they were said; each once."""

    found: list[Found] = field(default_factory=list)
    unknown: list[UnknownName] = field(default_factory=list)

    def of(self, kind: Kind) -> list[str]:
        return list(
            dict.fromkeys(one.name for one in sorted(self.found, key=lambda one: one.start) if one.kind == kind)
        )


def take_names(reading: QuestionText, known: Known) -> Names:
    """Takes out every name that is known, and those in quotes whether they are known or not."""
    names, spellings = Names(), Spellings(known)
    for said, place in quoted(reading):
        is_place = _NAME_NEXT.search(reading.text[:place].lower()) is not None
        _place_quoted(said, place, names, spellings, is_place=is_place)
    while found := _first_known(reading, spellings):
        names.found.append(found)
        reading.take_out(found.start, found.end)
    return names


def unknown_names(reading: QuestionText, known: Known, names: Names, before: str) -> list[UnknownName]:
    """What is left where a name should stand, or looks like one; to be called when all else was taken out.

    `before`: what was left before the words of the topic were taken out.
    """
    words = reading.words()[:MOST_CHECKED]
    unknown = list(names.unknown)
    for index, match in enumerate(words):
        is_before_topic = TOPIC_NEXT.match(before, match.end()) is not None and _says_something(match[0])
        if is_before_topic or _stands_for_name(reading, words, index, known):
            kind = _label(words, index)
            unknown.append(_unknown(reading.said(match), known, kind))
            reading.take_out(*match.span())
    return unknown


def _unknown(said: str, known: Known, kind: Kind | None = None) -> UnknownName:
    """There is no service or region called "chekout"; did you mean checkout?"""
    kinds: tuple[Kind, ...] = (kind,) if kind else ("service", "region")
    names, what = [name for one in kinds for name in known.of(one)], " or ".join(kinds)
    if not names:
        return UnknownName(said, f"no telemetry of the last {NAMES_OF.days} days names a {what}")
    if like := _like(said, names):
        return UnknownName(said, f'there is no {what} called "{said}"; did you mean {" or ".join(like)}?', tuple(like))
    there = "; ".join(f"{one}s: {_listed(known.of(one))}" for one in kinds if known.of(one))
    if not known.is_whole:
        there += "; more than could be read, the commonest of them"
    return UnknownName(said, f'there is no {what} called "{said}"; there are {there}')


def _like(said: str, names: Sequence[str]) -> list[str]:
    """Those that begin so, or are a letter or two away."""
    wanted, plain = _plain(said), {name: _plain(name) for name in names}
    if begin := [name for name, letters in plain.items() if len(wanted) >= 2 and letters.startswith(wanted)]:
        return begin[:MOST_LISTED]
    close = get_close_matches(wanted, plain.values(), n=3, cutoff=LIKELY)
    return [name for name, letters in plain.items() if letters in close]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"{', '.join(names[:MOST_LISTED])}{more}"


class Spellings:
    """Known names by their letters and digits alone: "US Central 1" is us-central1."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._by_letters: dict[str, list[tuple[Kind, str]]] = {}
        for kind in ("region", "service"):
            for name in known.of(kind):
                self._by_letters.setdefault(_plain(name), []).append((kind, name))
        shorter: dict[str, list[tuple[Kind, str]]] = {}
        for name in known.services:
            shorter.setdefault(_plain(_SUFFIX.sub("", name.lower())), []).append(("service", name))
        self._by_letters = shorter | self._by_letters

    def of(self, said: str, kind: Kind | None = None) -> tuple[Kind, str] | None:
        """The one name it can be: to the letter before any other spelling. None for none, or for several."""
        found = [one for one in self._by_letters.get(_plain(said), []) if kind in (None, one[0])]
        # Signs alone are no spelling of other signs.
        if not _plain(said):
            found = [one for one in found if one[1] == said]
        exact = [one for one in found if one[1] == said] or [one for one in found if one[1].lower() == said.lower()]
        either = exact or found
        names = {name for _, name in either}
        return either[-1] if len(names) == 1 else None


def _plain(name: str) -> str:
    return _PLAIN.sub("", name.lower())


def _place_quoted(said: str, place: int, names: Names, spellings: Spellings, *, is_place: bool) -> None:
    """With or without the word that says what it is: `checkout`, `checkout service`."""
    label = next((LABELS[found[1].lower()] for found in _LABEL.finditer(said) if found[1]), None)
    found = spellings.of(said) or spellings.of(_LABEL.sub("", said), label)
    if found:
        names.found.append(Found(*found, place, place + len(said)))
    else:
        names.unknown.append(_unknown(said, spellings.known)._replace(is_place=is_place))


def _first_known(reading: QuestionText, spellings: Spellings) -> Found | None:
    """The longest run of words that is a name."""
    words = reading.words()
    for length in range(min(MOST_WORDS, len(words)), 0, -1):
        for index in range(len(words) - length + 1):
            run = words[index : index + length]
            start, end = run[0].start(), run[-1].end()
            if TAKEN in reading.left[start:end] or _is_another_word(reading, words, index, length):
                continue
            if found := spellings.of(_without_genitive(reading.text[start:end]), _label(words, index, length)):
                return Found(*found, start, end)
    return None


def _without_genitive(said: str) -> str:
    return re.sub(r"'s$", "", said)


def _label(words: Sequence[re.Match[str]], index: int, length: int = 1) -> Kind | None:
    """What the word behind it, or else before it, says it is: "the region payments"."""
    beside = [words[place][0] for place in (index + length, index - 1) if 0 <= place < len(words)]
    return next((LABELS[word] for word in beside if word in LABELS), None)


def _is_another_word(reading: QuestionText, words: Sequence[re.Match[str]], index: int, length: int) -> bool:
    """A word that questions are made of is a name only where a name stands: "errors in search"."""
    if length > 1:
        return all(is_ordinary(words[place][0]) for place in range(index, index + length))
    is_told_to_search = words[index][0] == "search" and [one[0] for one in words[index + 1 : index + 2]] == ["for"]
    if not is_ordinary(words[index][0]) and not is_told_to_search:
        return False
    return not (_leads(reading, words, index) or _label(words, index))


def _leads(reading: QuestionText, words: Sequence[re.Match[str]], index: int, leads: Set[str] = LEADS) -> bool:
    """Whether the word before it, with no more than "the" between, is one that a name stands behind."""
    before = [one[0] for one in words[:index]]
    while before and before[-1] in ("the", "our", "my"):
        before.pop()
    between = reading.left[words[index - 1].end() : words[index].start()] if index else TAKEN
    return bool(before) and before[-1] in leads and _TOGETHER.fullmatch(between) is not None


def _looks_like_a_name(word: str) -> bool:
    return "_" in word or "-" in word or (any(map(str.isdigit, word)) and any(mark in word for mark in "./:@"))


def _says_something(word: str) -> bool:
    return word not in FILLERS and not word.isdigit() and slip_of(word) is None


def _stands_for_name(reading: QuestionText, words: Sequence[re.Match[str]], index: int, known: Known) -> bool:
    """Where a name is expected, or it looks like one, or nearly is one."""
    word = words[index][0]
    # "in us" is a place, "affecting us" is not.
    if word == "us" and index and words[index - 1][0] == "in":
        return True
    if word in FILLERS or is_ordinary(word) or word.isdigit():
        return False
    names = map(_plain, (*known.services, *known.regions))
    if get_close_matches(_plain(word), names, n=1, cutoff=CLOSE) or _looks_like_a_name(word):
        return True
    is_led = _label(words, index) is not None or _leads(reading, words, index, LEADS | VERBS)
    return is_led and slip_of(word) is None
