"""A text kept to what its report knows: sentence by sentence kept, marked or removed, and all of it counted.

Nothing is looked up and nobody is asked: the same text and report give the same result. A sentence of which nothing but
names could be checked is removed: "deploy-8841 leaks memory" has the right name, and nothing to show for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from worker.agent.grounding.check import claims_of
from worker.agent.grounding.checks import past
from worker.agent.grounding.report import discourse, record, relations, vocabulary
from worker.agent.grounding.report.facts import known_of
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import CITED, QUOTED, Claim, Span, plain, sentences
from worker.domain.report import Report

MARK = "[unverified]"

Outcome = Literal["kept", "marked", "removed"]


@dataclass(frozen=True)
class Sentence:
    text: str
    outcome: Outcome
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Grounded:
    """`text` is what may be shown. Counts are of claims; those of a removed sentence are removed with it."""

    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        return " ".join(one.text for one in self.sentences if one.outcome != "removed")

    @property
    def claims_checked(self) -> int:
        return sum(len(one.claims) for one in self.sentences)

    @property
    def claims_marked(self) -> int:
        return sum(not claim.holds for one in self.sentences if one.outcome == "marked" for claim in one.claims)

    @property
    def claims_removed(self) -> int:
        return sum(len(one.claims) for one in self.sentences if one.outcome == "removed")

    @property
    def claims_kept(self) -> int:
        return self.claims_checked - self.claims_marked - self.claims_removed


def grounding(report: Report) -> partial[Grounded]:
    """Of the texts about one report, which is read once: that takes longer than to check a text."""
    return partial(ground_known, known=known_of(report))


def ground(text: str, report: Report, *, is_advice: bool = False) -> Grounded:
    """`is_advice`: what to do; there right names are enough, since advice states nothing."""
    return ground_known(text, known_of(report), is_advice=is_advice)


def ground_known(text: str, known: Known, *, is_advice: bool = False) -> Grounded:
    found: list[Sentence] = []
    for sentence in sentences(text):
        parts = _whole_or_head(sentence, known, is_advice=is_advice)
        if found and found[-1].outcome == "removed" and discourse.leans(sentence, known):
            parts = [replace(one, outcome="removed") for one in parts]
        if parts[0].outcome != "removed" or all(claim.holds for claim in parts[0].claims):
            # What is wrong gives no sentence behind it a meaning.
            known = replace(known, spoken=discourse.after(sentence, known, past.about(sentence, known)))
        found += parts
    return Grounded(tuple(found))


def _whole_or_head(sentence: str, known: Known, *, is_advice: bool) -> list[Sentence]:
    """Where only what a sentence ends with is wrong, that goes, and what stands before it stays: by itself it holds."""
    whole = _ground(sentence, known, is_advice=is_advice)
    if whole.outcome != "removed" or is_advice or len(sentence) > LONGEST:
        return [whole]
    for end in _breaks(sentence):
        cited = CITED.findall(sentence[end:])[-1:]
        head = _ground(f"{' '.join([sentence[:end], *cited])}.", known, is_advice=False)
        tail = tuple(one for one in whole.claims if one.span[1] > end)
        is_told = sum(one.holds and _bears(one) for one in head.claims) >= LEAST_OF_A_HEAD
        if head.outcome == "kept" and is_told and any(not one.holds for one in tail):
            return [head, Sentence(sentence[end:].strip(" ,;—–"), "removed", tail)]
    return [whole]


MOST_BREAKS = 4
# What is cut to fewer claims says too little to be worth it.
LEAST_OF_A_HEAD = 2
# What a sentence can end before; of what is quoted nothing is cut.
BREAK = re.compile(
    r"(?:[,;—–] ?|\s)(?=(?:because|although|though|while|whereas|which|since(?! \d)|so(?! far)|but|yet)\b)"
    r"|[,;—–] ?(?=(?:indicating|suggesting|meaning|implying|leading|resulting|making|causing|as|where|who)\b)|; ",
    re.IGNORECASE,
)
# "With 60 % of its requests being retries" is no sentence by itself.
OPENING = re.compile(
    r"(?:With|Without|In|At|On|By|For|From|Of|Under|Among|Between|During|Despite|Due|Given|Over|Within|Per|Unlike"
    r"|Since|Although|Though|While|Whereas|When|If|After|Before|As|Because|Once|Until|Besides|Compared|Together)\b"
)


def _breaks(sentence: str) -> list[int]:
    """Where it could end, the latest first."""
    quoted = [found.span() for found in QUOTED.finditer(sentence)]
    ends = [
        found.start()
        for found in BREAK.finditer(sentence)
        if not any(start < found.start() < end for start, end in quoted)
    ]
    if OPENING.match(sentence):
        del ends[:1]
    # "…, which happened because": a word or two between two breaks belong to what goes.
    ends = [end for place, end in enumerate(ends) if place == 0 or sentence[ends[place - 1] : end].count(" ") > 2]
    return ends[::-1][:MOST_BREAKS]


# No sentence of a report needs more; what is longer would take long to read, and is meant to.
LONGEST = 800
MOST_FIGURES = 40


def _ground(sentence: str, known: Known, *, is_advice: bool) -> Sentence:
    if len(sentence) > LONGEST or len(re.findall(r"\d+", sentence)) > MOST_FIGURES:
        return Sentence(sentence, "removed", (_unread(sentence, "it is too long to be checked"),))
    found = claims_of(sentence, known, is_advice=is_advice)
    if plain(sentence) in known.said:
        # The template's own words are read from the same evidence by code.
        held = [_held(claim) for claim in found]
        found = held if any(_bears(one) for one in held) else [*held, _said(sentence, (0, len(sentence)))]
    elif not is_advice:
        found = [*_recorded(sentence, found, known)]
    if is_advice and not found and vocabulary.speaks_of(sentence, known):
        found = [_said(sentence, (0, len(sentence)))]
    found = found or [_unread(sentence, "nothing in it could be checked")]
    return Sentence(*_judged(sentence, found, is_advice=is_advice), tuple(found))


def _judged(sentence: str, found: list[Claim], *, is_advice: bool) -> tuple[str, Outcome]:
    """What the evidence refutes goes, but for a single figure or name; what it says nothing of is marked."""
    held, wrong = [one for one in found if one.holds], [one for one in found if not one.holds]
    bearing = [one for one in held if is_advice or _bears(one)]
    if not wrong and bearing:
        return sentence, "kept"
    # What is cited wrongly may still be so.
    refuted = [one for one in wrong if not one.is_open and one.kind != "citation"]
    if is_advice and any(one.kind == "number" for one in refuted):
        return sentence, "removed"
    is_supported = (bearing and len(wrong) <= max(2, len(held))) or (held and len(wrong) == 1)
    if is_supported and _may_stay(refuted, held) and all(one.is_mere or one.is_open for one in wrong):
        return _marked(sentence, wrong), "marked"
    return sentence, "removed"


def _bears(claim: Claim) -> bool:
    """Whether a sentence can rest on it: a name alone says nothing."""
    return claim.kind not in ("name", "citation")


def _may_stay(refuted: list[Claim], held: list[Claim]) -> bool:
    """A single one; more figures only where no direction is told, which would be that of the figures."""
    is_of_figures = all(one.kind == "number" for one in refuted) and len(refuted) < len(held)
    return len(refuted) <= 1 or (is_of_figures and not any(one.kind == "direction" for one in held))


def _recorded(sentence: str, found: list[Claim], known: Known) -> Iterator[Claim]:
    """The claims, of which those hold that a statement of the report says in other words."""
    covered = record.covering(sentence, known)
    for claim in found:
        # What would be marked is marked at its end.
        is_at_end = claim.is_open and (claim.kind != "cause" or claim.why == relations.NO_CALL)
        begin = claim.span[1] - 1 if is_at_end else claim.span[0]
        told = [one for one in covered if one.span[0] < claim.span[1] and begin < one.span[1]]
        is_worded = claim.kind in WORDED and (claim.is_open or claim.is_unproven) and not OF_ALL.match(claim.text)
        yield _held(claim) if is_worded and _is_told(told) else claim
    is_whole = covered and all(one.by for one in covered) and not OF_NONE.match(sentence)
    if is_whole and not any(_bears(claim) for claim in found):
        yield _said(sentence, covered[-1].span)


def _is_told(clauses: list[record.Covered]) -> bool:
    """By one statement; "nothing explains it, because no change is recorded" may rest on two."""
    together = frozenset.intersection(*(one.by for one in clauses)) if clauses else frozenset()
    return bool(together) or (bool(clauses) and all(one.by for one in clauses) and clauses[0].is_denied)


# What may be said in words of the report's own; figures, times, names and quotations are checked by themselves.
WORDED = ("word", "state", "direction", "cause", "message")


# What a statement tells of one is not told of every one.
OF_ALL = re.compile(r"(?:all|every|each)\b", re.IGNORECASE)
OF_NONE = re.compile(r"\W*(?:no|none of the|not one of the) (?:\w+ )?services?\b", re.IGNORECASE)


def _held(claim: Claim) -> Claim:
    return claim if claim.kind == "citation" else replace(claim, holds=True, why="", is_open=False, is_unproven=False)


def _said(sentence: str, span: Span) -> Claim:
    return Claim("state", span, sentence[slice(*span)], holds=True)


def _unread(sentence: str, why: str) -> Claim:
    return Claim("word", (0, len(sentence)), sentence, holds=False, why=why)


def _marked(sentence: str, wrong: list[Claim]) -> str:
    for end in sorted({claim.span[1] for claim in wrong}, reverse=True):
        sentence = f"{sentence[:end]} {MARK}{sentence[end:]}"
    return sentence
