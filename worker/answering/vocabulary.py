"""The words that questions are made of, as `vocabulary.yaml` lists them."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

import yaml

_LISTED: dict[str, Any] = yaml.safe_load((files("worker.answering") / "vocabulary.yaml").read_text(encoding="utf-8"))


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'-])(?:{words})(?![\w-])")


CUES = {name: _whole("|".join(words)) for name, words in _LISTED["cues"].items()}
REFUSED = {_whole(words): why for words, why in _LISTED["refused"].items()}
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


def slip_of(word: str) -> str | None:
    """The telling word that this one is nearly."""
    return next(iter(get_close_matches(word.lower(), TELLING, n=1, cutoff=SLIP)), None)


def is_ordinary(word: str) -> bool:
    """Whether questions are made of this word, so that it is a name only where a name is expected."""
    return word in STOP or any(cue.fullmatch(word) for cue in CUES.values())
