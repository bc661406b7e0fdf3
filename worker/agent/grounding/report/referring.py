"""Whom "the former", "both of these services", "that change" and "the same region" mean: who was named before.

Such words are read as mentions of those names. What is said of both, or of all, is read once for each of them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Found, Span

_VERB = (
    r"names?|fail|call|retry|are|were|have|had|show|log|logged|suffer|wait|time|deviate|began|started|lie|depend|do|did"
)
REFERRING = re.compile(
    r"\b(?:(?P<both>both (?:of )?(?:these|those|the) (?:two )?(?:services|callers)|both (?:services|callers)"
    r"|both of (?:them|these|those)\b(?! [a-z]+s\b)|the two services)"
    rf"|(?P<bare>both)(?= (?:{_VERB})\b)"
    r"|(?P<these>(?:all (?:of )?)?(?:these|those) (?:two |three |four |five )?(?:services|callers))"
    r"|(?P<neither_region>neither(?: of (?:the|these) (?:two )?)? regions?)"
    r"|(?P<every>(?:every|each) candidate|(?:each|all) of the candidates|all (?:the )?candidates(?! together))"
    r"|(?P<former>the former)|(?P<latter>the latter)"
    r"|(?P<change>(?:this|that|(?<!\w )the(?= \w+ (?:is|was|can|may|could)\b)) (?:change|deployment|release|rollout))"
    r"|(?P<region>(?:the same|that|this) region)"
    r"|(?P<type>(?:this|that|the same) (?:type|error|kind of error)s?)"
    r"|(?P<service>that (?:very )?service))\b",
    re.IGNORECASE,
)
MOST_READINGS = 8
PAIR = 2


class Reference(NamedTuple):
    """`names`: one, or those of each of whom it is said."""

    span: Span
    names: tuple[str, ...]


def readings(text: str, known: Known) -> list[list[Found]]:
    """What to read as mentions besides the names that are there: one list, or one for each of those who are meant."""
    found = list(_references(text, known))
    many = [len(one.names) for one in found]
    if not found or max(many) > MOST_READINGS:
        return [[]]
    ways = itertools.islice(itertools.product(*(one.names for one in found)), MOST_READINGS)
    return [[Found(one.span, name) for one, name in zip(found, names, strict=True)] for names in ways]


def _references(text: str, known: Known) -> Iterator[Reference]:
    for found in REFERRING.finditer(text):
        kind = found.lastgroup or ""
        is_made = kind in ("former", "latter") and OF_A_CHANGE.match(text, found.end())
        pair = _pair(known) if is_made else ()
        names = pair[:: 1 if kind == "former" else -1][:1] or _meant(kind, text[: found.start()], known)
        if names:
            yield Reference(found.span(), names)
    yield from _candidates(text, known)
    yield from _pronouns(text, known)


def _pronouns(text: str, known: Known) -> Iterator[Reference]:
    for its in OF_REASON.finditer(text):
        named = _named(text[: its.start()], known.services, known)
        if len(named) == 1:
            yield Reference(its.span("it"), named)
    if it := IT.match(text):
        yield from (Reference(it.span("it"), (name,)) for name in _it(it["it"], text[it.end() :], known))
    if (neither := NEITHER.match(text)) and (names := _pair(known)):
        yield Reference(neither.span("it"), names)


# "Restart search, because its errors rose": whom the sentence named before, where that is one.
OF_REASON = re.compile(r"\b(?:because|since|as) (?P<it>its|their|it|they)(?= [a-z])(?! dependenc)", re.IGNORECASE)
ITS = re.compile(r"its|their|it|they")
IT = re.compile(
    r"\W*(?:(?:So|But|And|Yet|Still|Thus|Hence|Therefore|However|Consequently),? )?"
    r"(?P<it>[Ii]t|[Tt]his|[Tt]hat)(?: (?:also|itself|then|thereby|thus|therefore|has|had))*(?= )"
)
# "But its errors name ledger": who that is was named before.
OF_ANOTHER = re.compile(r"\W*(?:(?:But|And|Yet|Still|However|All of),? )?(?:its|their) ", re.IGNORECASE)
# What is done with a deployment, and what it does: "it replaced version 2.17.8".
OF_A_CHANGE = re.compile(
    r" (?:(?:replace[sd]|supersede[sd]|carries|carried|brings|brought|introduce[sd]|installed|shipped)\b"
    r"|(?:put|took|takes|set|moved|switched|updated|upgraded|raised|lifted)\b[^,;]{0,40}?"
    r"\b(?:version\b|(?:from|to) v?\d+\.\d+\.\d)"
    r"|(?:came|went|started|began|preceded|precedes|followed)\b(?! to \w+ing)(?! (?:fail|deviat)\w*)"
    r"|(?:is|was) (?:\w+ ){0,2}(?:deployed|released|rolled out|started|recorded)\b"
    r"|(?:\w+ )?(?:caused|triggered|explains?|led to|brought about|set off)\b)"
)
# "It is an unlikely cause", "it gets no confidence": a candidate, which may be a service.
OF_A_CANDIDATE = re.compile(
    r" (?:(?:is|was) (?:\w+ ){0,5}(?:cause|culprit|suspect|candidate|explanation|rival|responsible|to blame|blamed"
    r"|behind|victim|sufferer|ruled out|innocent|out of the question)\b"
    r"|(?:can|may|could) (?:\w+ )?be (?:ruled out|excluded|dismissed|discarded|(?:set|left|put) aside)\b"
    r"|(?:has|had|gets?|got|is given|(?:is|was) (?:\w+ )?ranked|ranks|comes) (?:\w+ ){0,2}"
    r"(?:confidence|first|second|third|fourth|fifth|sixth|seventh|last)\b)"
)
NEITHER = re.compile(
    r"\W*(?P<it>Neither(?: of (?:them|these|those|the two|both))?)(?= (?:is|was|has|had|gets|got|shows)\b)"
)


def _it(pronoun: str, behind: str, known: Known) -> tuple[str, ...]:
    """Whom "it" means: the deployment that was spoken of, else the only service that the sentence before named."""
    is_candidate = OF_A_CANDIDATE.match(behind)
    if known.spoken.change:
        return (known.spoken.change,) if is_candidate or OF_A_CHANGE.match(behind) else ()
    named = _named(known.previous, known.services, known) if is_candidate and pronoun.lower() == "it" else ()
    if named and OF_ANOTHER.match(known.previous):
        named = tuple(known.about - {*named})
    elif is_candidate and not named and pronoun.lower() == "it":
        # "It is ranked fourth": whom the sentences before were about.
        named = tuple(known.about)
    return named if len(named) == 1 else ()


def _pair(known: Known) -> tuple[str, ...]:
    """The two that the sentence before named: deployments, else services."""
    for names in ({one.deployment_id for one in known.changes}, known.services):
        if len(named := _named(known.previous, names, known)) == 2:
            return named
    return ()


# "DownstreamTimeout, the second candidate": whoever stands there with that type of errors.
AS_CANDIDATE = re.compile(
    r"(?:,| as)? (?:the|a|as) (?:\w+[ -]){0,2}candidate\b| (?:is|ranks|comes) (?:the )?(?:second|third|fourth|last)\b"
    r"|(?: each)? (?:has|have|gets?|got) (?:(?:a|the same|an equal) )?(?:confidences? )?(?:of )?(?:only |just )?0\.\d"
)


def _candidates(text: str, known: Known) -> Iterator[Reference]:
    for one in roster.mentions(text, known):
        of = {it.service for it in known.report.candidates if it.error_type == one.text and it.service}
        if len(of) == 1 and AS_CANDIDATE.match(text, one.span[1]):
            yield Reference(one.span, (*of,))


def _meant(kind: str, before: str, known: Known) -> tuple[str, ...]:
    """Of the names of its kind in this sentence, else in the one before; () where that leaves it open."""
    if kind in ("change", "region", "type", "service"):
        own = _of(kind, known)
        named = _named(before, own, known) or _named(known.previous, own, known)
        if kind == "change" and not named and known.spoken.change:
            named = (known.spoken.change,)
        named = named or ((known.report.region,) if kind == "region" and known.report.region else ())
        return named if len(named) == 1 else ()
    if kind == "neither_region":
        named = _named(before, known.regions, known) or _named(known.previous, known.regions, known)
        return named if len(named) == PAIR else ()
    if kind == "every":
        return tuple(dict.fromkeys(one.service for one in known.report.candidates if one.service))
    services = _named(before, known.services, known) or _named(known.previous, known.services, known)
    services = services or (() if kind in ("former", "latter") else tuple(sorted(known.about)))
    if kind in ("former", "latter"):
        return services[:: 1 if kind == "former" else -1][:1] if len(services) == 2 else ()
    return services if len(services) == 2 or (kind == "these" and len(services) > 1) else ()


def _of(kind: str, known: Known) -> set[str]:
    if kind == "change":
        return {one.deployment_id for one in known.changes}
    return known.regions if kind == "region" else {*known.types} if kind == "type" else known.services


def _named(text: str, names: set[str], known: Known) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.text for one in roster.mentions(text, known) if one.text in names))
