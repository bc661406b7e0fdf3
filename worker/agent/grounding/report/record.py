"""What the report says in words, statement by statement, and whether a clause says no more than one of them.

A clause is covered where one statement has all of its words (or words that mean the same), names them of the same, in
the same order, and denies what it denies. So "how  users notice is not known" is the template's "users affected:
not measured". Log lines and past incidents are no statements: strangers wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from worker.agent.grounding.report import findings, roster
from worker.agent.grounding.report.known import Clause, Known, Statement
from worker.agent.grounding.text import claims, context, units
from worker.agent.grounding.text.claims import Found, Span
from worker.domain.report import Report

# Where one thing that is said ends, and another begins.
BREAK = re.compile(
    r"[;:()]|,(?!\d)"
    r"| (?:and|but|yet|while|whereas|because|since|as(?! (?:it|they) (?:usual|normal)ly\b)|although|though|so|which"
    r"|where|when|until)\b"
    r"(?! (?:usual|normal|before|expected|much|many|often|well)\b)",
    re.IGNORECASE,
)
# "Shipping, europe-west1".
IN_REGION = re.compile(rf", {context.REGION}")
# "Still, its new errors name ledger": how it goes on says nothing by itself.
CONNECTING = re.compile(
    r"^\W*(?:still|however|yet|moreover|furthermore|besides|also|even so|nevertheless|nonetheless|in addition|overall"
    r"|specifically|conversely|likewise|similarly|indeed|in fact|in short|in sum|in total|finally|then),",
    re.IGNORECASE,
)
# What changes nothing of what a clause says; "may", "if", "only" and "still" are none of these.
FILLING = frozenset(
    """
    a about according again almost also am an and another any anybody anything appear appeared appears are as at be
    because became become becomes been behave behaved behaves being but by can carried carries carry contained
    contains could currently did do does done each either even every evidence exist existing exists for found from
    had has have hence here how in into investigation is it its itself just keep keeps kept lie lies look looked
    looks nearly new newly nor now number of often on one ones onto openly or other others out overall remain
    remained remains report reported reports respectively seen service show showed shown shows since so stay stayed
    stays such than that the their then there therefore these they thing things this those thus to too up was were
    what when where whether which while who whom whose will with within would
    """.split()  # noqa: SIM905 - read as prose
)
DENYING = re.compile(
    r"(?:no|not|nothing|none|never|nobody|without|neither|nor|cannot|hardly|barely|scarcely|stop(?:s|ped)?|ceased?"
    r"|longer|lacks?|lacking|\w+n['’]t)"
)
WORD = re.compile(r"[^\W\d_]+(?:['’]t)?[₂2]?e?")
ENDINGS = re.compile(r"(?:ments?|ations?|ings?|edly|ed|ly|es|s|e)$")


def statements(report: Report, known: Known) -> tuple[Statement, ...]:
    """Of the template, as far as nobody else put it there, of the gaps, of the ranking, and of what the fields say."""
    return tuple(one for text in _texts(report, known) if (one := _statement(text, known)).words)


def _texts(report: Report, known: Known) -> Iterator[str]:
    sections = report.sections.model_dump()
    for text in (report.headline, *(one for one in sections.values() if isinstance(one, str))):
        yield from (one for one in claims.sentences(text) if claims.plain(one) in known.said)
    yield from report.severity_reasons
    for gap in report.gaps:
        yield f"{gap.what}: not measured; {gap.reason}; {gap.effect}"
    impact = report.impact
    yield from filter(None, (impact.carbon.comparison, impact.business.assumption))
    for one in report.candidates:
        own = f"{' in '.join(filter(None, (one.service, one.region)))}: "
        yield from (f"{own}{text}" for text in (one.reason, *(one.against or "").split("; ")) if text)
    yield from findings.in_words(report, known)


def _statement(text: str, known: Known) -> Statement:
    text = claims.blanked(text, [found.span() for found in claims.CITED.finditer(text)])
    parts = tuple(part for (start, end), part in clauses(text, known) if not _has_figure(text[start:end], part))
    names = tuple(one.text for one in roster.mentions(text, known))
    words = {word for part in parts for word in part.words}
    return Statement(frozenset(words | _kinds(names, known) if words else ()), names, parts)


def _kinds(names: tuple[str, ...], known: Known) -> set[str]:
    """What they are, which a text may say of them: "the new version" for its number."""
    ids = {one for change in known.changes for one in (change.deployment_id, *change.versions)}
    return {_meaning(kind).word for kind, of in (("deployment", ids), ("error", known.types)) if {*names} & {*of}}


def _has_figure(text: str, clause: Clause) -> bool:
    """ "40 % of its requests fail (usually 0.4 %)" does not say that requests usually fail."""
    for name in clause.names:
        text = text.replace(name, " ")
    return bool(re.search(r"\d", text))


def clauses(text: str, known: Known) -> Iterator[tuple[Span, Clause]]:
    """Each with its place; one without words of its own goes with the one before it."""
    text = claims.blanked(text, [found.span() for found in claims.CITED.finditer(text)])
    text = CONNECTING.sub(lambda found: " " * len(found[0]), text)
    mentions = roster.mentions(text, known)
    plain = claims.blanked(text, [one.span for one in mentions])
    ends = [found.start() for found in BREAK.finditer(plain) if not IN_REGION.match(text, found.start())]
    spans: list[Span] = []
    for end in [*ends, len(text)]:
        begin = spans[-1][1] if spans else 0
        if _clause(plain[begin:end], []).words or end == len(text):
            spans.append((begin, end))
    rest = plain[slice(*spans[-1])]
    if len(spans) > 1 and not re.search(r"\d", rest) and not _clause(rest, []).words:
        # "… with payments, europe-west1".
        spans[-2:] = [(spans[-2][0], spans[-1][1])]
    for begin, end in spans:
        yield (begin, end), _clause(plain[begin:end], [one for one in mentions if begin <= one.span[0] < end])


def _clause(text: str, mentions: list[Found]) -> Clause:
    words, is_denied = set(), False
    for pattern, plain in SAID_OTHERWISE:
        text = pattern.sub(plain, text.lower())
    for word in WORD.findall(text):
        if DENYING.fullmatch(word):
            is_denied = True
        elif word not in FILLING and word not in units.IN_WORDS:
            meant, denies = _meaning(word)
            words |= {meant} if len(meant) > 1 else set()
            is_denied |= denies
    return Clause(frozenset(words), tuple(one.text for one in mentions), is_denied)


# What is said in several words, in the one that the template has for it.
SAID_OTHERWISE = (
    (re.compile(r"\b(?:in|during|within) (?:that|this|the same) (?:time|period|span|interval)\b"), " "),
    (re.compile(r"\bhow (?:many|much|often|long)\b|\bbefore\b(?<!than before)(?<!as before)"), " "),
    (re.compile(r"\bslow(?:s|ed|ing) down\b"), " slow "),
    # "The estimate rests on list prices": it is made from them.
    (re.compile(r"\b(?:(?:rests?|rested|relies|relied)|(?:is|are|was|were) (?:based|built|founded)) on\b"), " from "),
    # "Hardly calls it any more": not of how much.
    (re.compile(r"\bany ?more\b"), " "),
)


def meaning(word: str) -> str:
    return _meaning(word).word


@lru_cache(maxsize=512)
def meanings(text: str) -> frozenset[str]:
    """The words of a text, each as the one that stands for all that mean the same."""
    return frozenset({one for word in WORD.findall(text.lower()) for one in (_meaning(word).word, word)})


class Covered(NamedTuple):
    """A clause, and the statements that say as much, by their numbers."""

    span: Span
    by: frozenset[int]
    is_denied: bool


def covering(text: str, known: Known) -> list[Covered]:
    """Each clause of `text` with the statements of the report that cover it."""
    found = []
    parts = list(clauses(text, known))
    if all(clause.words <= {MEASURED} for _, clause in parts):
        # "Nobody said so": of what?
        return []
    first = next((clause.names for _, clause in parts if clause.names), ())
    told = tuple(sorted(known.about)) if LEANING.search(text) else first
    for span, clause in parts:
        told = clause.names or told
        said = frozenset(
            number
            for number, statement in enumerate(known.statements)
            if clause.words and _says(statement, clause, told, known)
        )
        found.append(Covered(span, said, clause.is_denied))
    return found


# "Each request takes as much CO₂ as usual" is of whom the sentence before spoke.
LEANING = re.compile(
    r"(?:^|\bof |, |\band |\bbut )\W?(?:its?|they|their|each|every|a request)\b"
    r"(?! (?:is|was) (?:not |un)?(?:known|clear|measured|recorded))",
    re.IGNORECASE,
)


def _says(statement: Statement, clause: Clause, names: tuple[str, ...], known: Known) -> bool:
    if not clause.words <= statement.words or not _are_told_so(names, statement.names, known):
        return False
    # "Users did not notice" is not what "users affected: not measured" says.
    is_of_gap = clause.is_denied and MEASURED in statement.words - clause.words
    return any(
        part.is_denied == clause.is_denied
        and part.words & QUALIFYING <= clause.words
        and 2 * len(part.words & clause.words) >= len(clause.words) + is_of_gap
        and (not clause.is_denied or (MEASURED in part.words) == (MEASURED in clause.words) or CHANGES & part.words)
        for part in statement.clauses
    )


# That something is not measured does not say that it is not there.
MEASURED = "measur"
CHANGES = frozenset({"deploy", "chang"})


def _are_told_so(names: tuple[str, ...], of: tuple[str, ...], known: Known) -> bool:
    """In the same order; the alerted service and its region need not be named."""
    rest = iter(of)
    return all(name in rest for name in names if name in of or name not in known.scope)


class Meaning(NamedTuple):
    word: str
    denies: bool


@lru_cache(maxsize=8_000)
def _meaning(word: str) -> Meaning:
    return _meanings().get(_stem(word)) or Meaning(_stem(word), denies=False)


@cache
def _meanings() -> dict[str, Meaning]:
    text = files("worker.agent.grounding.report").joinpath("synonyms.txt").read_text(encoding="utf-8")
    found: dict[str, Meaning] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        denied, colon, words = line.removeprefix("not ").rpartition(": ")
        group = words.split()
        meant = _meanings_of(found, denied) if colon else _stem(group[0])
        found |= {_stem(word): Meaning(meant, denies=bool(colon)) for word in group}
    return found


def _meanings_of(found: dict[str, Meaning], word: str) -> str:
    return found[_stem(word)].word if _stem(word) in found else _stem(word)


def _stem(word: str) -> str:
    shorter = ENDINGS.sub("", word)
    return shorter if len(shorter) >= 3 else word


# Without one of these more is said: "no requests fail" for "no more requests fail than usual".
_QUALIFYING = ("more", "less", "fewer", "few", "usual", "most", "enough", "only", "still", "all", "equal", "similar")
QUALIFYING = frozenset(map(_stem, _QUALIFYING))
