"""The words that questions are made of, as `vocabulary.yaml` lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from worker.domain.terms import terms

_LISTED: dict[str, Any] = yaml.safe_load((files("worker.answering") / "vocabulary.yaml").read_text(encoding="utf-8"))


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'-])(?:{words})(?![\w-])")


CUES = {name: _whole("|".join(words)) for name, words in _LISTED["cues"].items()}
_OPENINGS, _VERBS = ("|".join(_LISTED["orders"][part]) for part in ("openings", "verbs"))
ORDER = _whole(rf"(?:(?:^|(?<=[.;!?] ))(?:(?:{_OPENINGS})[ ,]{{1,3}}){{0,6}}|(?:then|please) )(?:{_VERBS})")
NO_ORDERS = "SpikeTrace answers questions and changes nothing; it can only offer a ticket"
REFUSED = {ORDER: NO_ORDERS} | {_whole(words): why for words, why in _LISTED["refused"].items()}
LEFT_OUT = {_whole(words): why for words, why in _LISTED["left_out"].items()}
STOP = frozenset(_LISTED["stop"].split())
FILLERS = STOP | frozenset(_LISTED["fillers"].split())
SLIP = 0.85
TELLING = tuple(_LISTED["telling"].split())
TICKET = re.compile(
    r"\b(?:(?:create|open|file|raise|log|make|cut|write|get|have|need|want)\b(?:\s[\w'-]+){0,4}?\s"
    r"(?:tickets?|jira(?: issue)?|servicenow(?: incident)?|issue)\b|tickets?\b|jira\b|servicenow\b)"
)
# "billing errors": what stands before such a word is whose they are.
TOPIC_NEXT = re.compile(f" (?:{'|'.join(CUES[name].pattern for name in ('carbon', 'incidents', 'errors', 'reports'))})")


def cues() -> Mapping[str, re.Pattern[str]]:
    """CUES, and what the settings' trade calls its orders and its revenue among those of what things cost."""
    spoken = terms()
    return _with_trade(spoken.orders.plural, spoken.orders.singular, spoken.revenue)


@cache
def _with_trade(*words: str) -> Mapping[str, re.Pattern[str]]:
    """In front, so that "order lines" is not read as "order"."""
    spellings = sorted((_spellings(word.lower()) for word in words), key=len, reverse=True)
    return {**CUES, "cost": _whole("|".join([*spellings, *_LISTED["cues"]["cost"]]))}


def _spellings(words: str) -> str:
    """Sign-ups, sign ups, signups."""
    return "[ '&/-]{0,3}".join(re.findall(r"[^\W\d_]+", words))


def slip_of(word: str) -> str | None:
    """The telling word that this one is nearly."""
    return next(iter(get_close_matches(word.lower(), TELLING, n=1, cutoff=SLIP)), None)


def is_ordinary(word: str) -> bool:
    """Whether questions are made of this word, so that it is a name only where a name is expected."""
    return word in STOP or any(cue.fullmatch(word) for cue in cues().values())
