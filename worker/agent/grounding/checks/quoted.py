"""What is quoted: that a line which was read says so, of whom, and how often it was logged, now and before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from worker.agent.grounding.report import log, owners, roster
from worker.agent.grounding.report.known import Fact, Known, Quoted
from worker.agent.grounding.text import claims, context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.pairs import Number
from worker.domain.report import Report

# "28 occurrences" are so many lines.
OCCURRENCES = frozenset(f"of {one}" for one in ("occurrences", "entries", "hits", "copies", "instances", "repetitions"))
OF_LINES = re.compile(
    r" of (?:all )?(?:the |its |their |\S+['’]s? |\s)*(?:new |log |sampled )?(?:lines|log|logs|messages)\b"
)
# "Ten of the 15 lines": of all of them.
OF_ALL = re.compile(r"\bof (?:the |its |about )*$", re.IGNORECASE)
AS_MANY = re.compile(r" (?:as|more|less|fewer|the|higher|lower|its|what|slower|faster)\b")
EXPECTED = re.compile(
    r"\b(?:expect\w*|usual|usually|normal|normally|typical|typically|due|(?:should|would) (?:have|be))\b", re.IGNORECASE
)
BEFORE = re.compile(
    r"\b(?:before|previously|earlier|baseline|until then|prior|so far|formerly|used to)\b", re.IGNORECASE
)
EACH = re.compile(r"\b(?:each|all|every|both|alike|none of)\b", re.IGNORECASE)
# "That line was logged twice before": of the sentence before.
THAT_LINE = re.compile(
    r"\b(?:that|this|same|such|these|those|the) (?:same )?(?:lines?|messages?|patterns?|entry|entries)\b"
    r"|^(?:It|They|Both)\b[^,;]*\b(?:log\w*|lines?|occur\w*|appear\w*|seen)\b",
    re.IGNORECASE,
)


# What counts without a figure: "not once before", "against one before it".
ONE = re.compile(
    r"(?P<zero>\b(?:not (?:\w+ ){0,2}once|not (?:even )?one|none(?! of)|never|not a single (?:one|time|line)"
    r"|no such lines?|(?:did|does|has|had|have) not (?:occur|appear|occurred|appeared|been logged|been seen)"
    r"|absent|not at all)\b)"
    r"|\b(?:(?:against|versus|from|to|with|only|just|but|than|and) (?P<one>one|once)\b(?! (?:of|more|minute|hour|day))"
    r"|(?P<once>once)\b(?= (?:before|previously|in the|until then)\b))"
)


def enrolled(sentence: str, quotations: list[Claim], known: Known) -> Known:
    """With the log lines that `sentence` quotes; where it quotes none but speaks of one, those of the one before."""
    found = tuple(Quoted(one.span, _patterns(one.text[1:-1], known.report)) for one in quotations)
    if not found and THAT_LINE.search(sentence):
        found = tuple(
            Quoted((0, 0), _patterns(one[0][1:-1], known.report)) for one in claims.QUOTED.finditer(known.previous)
        )
    return replace(known, quoted=tuple(one for one in found if one.patterns))


def _patterns(said: str, report: Report) -> frozenset[str]:
    told = claims.even(said.rstrip("….,"))
    return frozenset(
        one["text"] for one in log.patterns(report) if any(told in claims.even(str(one.get(key))) for key in _TEXTS)
    )


_TEXTS = ("text", "example")


def figure(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """A count or a share of lines, as a claim; None where it is neither, or may be of something else."""
    of = _of(number.span, text, known)
    if of is None or not (told := _kind(number, text)):
        return None
    facts = [one for one in known.facts if one.of in of.patterns and one.dimension == told]
    role = _role(number.span, text)
    groups = _of_services(number.span, text, mentions, facts, known)
    fitting = [[one for one in group if _is_told_as(one, role)] for group in groups]
    low, high = (0.0, 0.0) if _is_none(number) else (number.low, number.high)
    holds = bool(groups) and all(any(low - 1e-9 <= one.value <= high + 1e-9 for one in group) for group in fitting)
    if not holds and not number.dimension and not _says_lines(number.span, text):
        return None
    why = "" if holds else "that line has another figure"
    return Claim("number", number.span, number.text, holds, why, is_open=not holds and not any(fitting))


def uncounted(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "… and not once before", "against one before it"."""
    for found in ONE.finditer(text) if known.quoted else ():
        value = 0.0 if found["zero"] else 1.0
        span = found.span(found.lastgroup or 0)
        number = Number(span, value, "lines", value, value + (0.0 if found["zero"] else 0.49), text[slice(*span)])
        if claim := figure(number, text, mentions, known):
            yield claim


def _of(span: Span, text: str, known: Known) -> Quoted | None:
    """The line that is quoted in front of the figure, or behind it; rather in its own clause."""
    start, end = context.clause(span, text)
    before = [one for one in known.quoted if one.span[1] <= span[0]]
    behind = [one for one in known.quoted if span[1] <= one.span[0]]
    own = [*(one for one in before[-1:] if one.span[1] > start), *(one for one in behind[:1] if one.span[0] < end)]
    return next(iter([*own, *before[-1:], *behind]), None)


def _kind(number: Number, text: str) -> str:
    """The dimension of the facts that it may be one of."""
    before, after = text[: number.span[0]], text[number.span[1] :]
    if number.dimension == "share":
        return "lines" if _is_none(number) else "share" if OF_LINES.match(after) else ""
    if OF_ALL.search(before) or number.text.endswith("errors"):
        return ""
    if number.dimension == "times":
        is_counted = re.search(r"times$|^twice$", number.text.lower()) or COMPARED.search(before)
        return "lines" if is_counted and not AS_MANY.match(after) else ""
    return "lines" if number.dimension in ("", "lines") or number.dimension in OCCURRENCES else ""


def _is_none(number: Number) -> bool:
    return number.text.lower() == "none"


def _role(span: Span, text: str) -> str:
    """ "before" or "expected" by the words between it and the figures beside it; else "usual", or "now"."""
    start, end = context.clause(span, text)
    behind = re.split(NEXT, text[span[1] : end])[0]
    ahead = re.split(NEXT, text[start : span[0]])[-1]
    if re.fullmatch(r"(?: such)?(?: lines| times)?", behind) and (other := ANOTHER.match(text, end)):
        return _role(other.span("other"), text)
    if WAS_BEFORE.search(text[:start]):
        return "before"
    for part in (behind, ahead):
        found = [(one.start(), role) for role, words in _ROLES if (one := words.search(part))]
        if found:
            return min(found)[1]
    return "usual" if COMPARED.search(text[: span[0]]) else "now"


# "Before the window, it was logged 18 times".
WAS_BEFORE = re.compile(r"(?:^|[;:] )(?:Before|before|Until|until|Prior to|Previously|In the baseline)\b[^,;\d]*, ?$")
COMPARED = re.compile(
    r"\b(?:from|against|instead of|rather than|versus|vs\.?|than|compared (?:with|to))(?: (?:about|only|just|the))* $"
)
_ROLES = (("before", BEFORE), ("expected", EXPECTED))
_COUNT = r"\d[\d.,]*|one|once|two|twice|three|four|five|six|seven|eight|nine|ten|none"
NEXT = re.compile(rf"\b(?:{_COUNT})\b", re.IGNORECASE)
# "33 and 27 such lines before": both.
ANOTHER = re.compile(rf" and (?P<other>{_COUNT})\b", re.IGNORECASE)


def _is_told_as(fact: Fact, role: str) -> bool:
    if role in ("before", "expected"):
        return fact.role == "usual" and fact.statistic == role
    return fact.role in (None, role)


def _of_services(span: Span, text: str, mentions: list[Found], facts: list[Fact], known: Known) -> list[list[Fact]]:
    """The facts of each service of which the figure has to be true: of whom it is told, if that one logs the line."""
    logging = {one.subject.service for one in facts}
    named = {one.text for one in mentions} & logging
    paired = owners.paired(span, text, mentions, known)
    near = {one.service for one in ([paired] if paired else owners.subjects(span, text, mentions, known))} & logging
    told = named if EACH.search(text[slice(*context.clause(span, text))]) else near or named
    if told and told != near and not EACH.search(text[slice(*context.clause(span, text))]):
        return [[one for one in facts if one.subject.service in told]]
    whose = told or (known.about & logging) or ({known.report.service} & logging)
    if not whose:
        return [facts] if facts else []
    return [[one for one in facts if one.subject.service == service] for service in sorted(filter(None, whose))]


def _says_lines(span: Span, text: str) -> bool:
    """Whether the words around a bare figure say that it counts lines."""
    return bool(LOGGED.search(text[slice(*context.clause(span, text))]))


LOGGED = re.compile(
    r"\b(?:log(?:s|ged)?|lines?|times|seen|appear\w*|occur\w*|expected|before|came|wrote)\b", re.IGNORECASE
)


def quotations(text: str, known: Known) -> list[Claim]:
    """What is quoted stands in a line that was read, of the service that it is said to be of."""
    matches = list(claims.QUOTED.finditer(text))
    if not matches:
        return []
    lines = [claims.even(line) for line in known.lines if line]
    mentions = roster.mentions(text, known)
    found = []
    for match in matches:
        said = claims.even(claims.quoted(match).rstrip("….,")).strip()
        why = ""
        if not any(said in line for line in lines) and said not in map(claims.even, known.names):
            why = "nothing that was read says so"
        elif not _is_of_its_service(said, match.span(), text, mentions, known):
            why = "another service says so"
        found.append(Claim("quotation", match.span(), match[0], not why, why))
    return found


def _is_of_its_service(said: str, span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Of the one that was named last before it, or of one right behind it."""
    logging = {service for service, lines in known.logged.items() if any(said in claims.even(line) for line in lines)}
    services = [one for one in mentions if one.text in known.services]
    outside = [
        one
        for one in services
        if not span[0] <= one.span[0] < span[1]
        and not re.search(r"\b(?:to|towards|with|against|about|names?|naming|named)(?: the)? $", text[: one.span[0]])
    ]
    named = [one for one in outside if one.span[1] <= span[0]]
    # "payments failed before ledger, and its errors read …".
    is_its = named and re.search(r"\b(?:its|their)\b", text[named[-1].span[1] : span[0]])
    before = [one.text for one in (named if is_its else named[-1:])]
    behind = [one.text for one in outside if one.span[0] >= span[1] and OF_WHOM.search(text[: one.span[0]])]
    if not (before or behind) and ITS.search(text[: span[0]]):
        # "Its errors read …": of whom the sentence before spoke.
        before = sorted(known.about)
    return not logging or "" in logging or not (before or behind) or bool(logging & {*before, *behind[:1]})


# "…" of payments, "…" is what payments logged, "…", says payments.
OF_WHOM = re.compile(
    r"\b(?:of|in|by|from|for|is what|was what|says|say|said|reads|logs|logged|reports|reported|complains) (?:the )?$"
)
ITS = re.compile(r"^\W*(?:its|their)\b", re.IGNORECASE)


_LEVEL = r"(?:INFO|WARN(?:ING)?|DEBUG|ERROR|FATAL|TRACE|NOTICE)"
_LINE = r"(?:lines?|entr(?:y|ies)|messages?|patterns?)"
# "It is a log line of level INFO, not an error", "an INFO line of cart".
OF_LEVEL = re.compile(
    rf"\b(?:{_LINE}\b[^,;.]{{0,30}}? (?:of|at|with|on) (?:the )?(?:log )?level (?P<level>{_LEVEL})"
    rf"|(?P<before>{_LEVEL}) (?:log )?{_LINE})\b"
    r"(?P<told>,? (?:and |but |so )?(?:is )?(?:(?P<no>not|no)(?: an)?|an) errors?\b)?"
)


def of_level(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the patterns of whom it names, else of whom was spoken."""
    of = {one.text for one in mentions} & known.services or known.about
    patterns = [one for one in log.patterns(known.report) if one.get("service") in of]
    for found in OF_LEVEL.finditer(text) if patterns else ():
        level = re.compile(rf"\b{found['level'] or found['before']}\b")
        own = [bool(it.get("is_error")) for it in patterns if level.search(f"{it['text']} {it.get('example', '')}")]
        holds = bool(own) and (not found["told"] or (not found["no"]) in own)
        yield judged("message", found, holds, "its lines are of another level")
