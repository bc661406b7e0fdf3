"""Whether a name is one that was read, and stands with what it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from worker.agent.grounding.checks import places
from worker.agent.grounding.checks.leads import HUNDREDTH
from worker.agent.grounding.report import owners, vocabulary
from worker.agent.grounding.report.known import Change, Known
from worker.agent.grounding.text import claims, context
from worker.agent.grounding.text.claims import Claim, Found, Kind, Span, judged_at
from worker.domain.report import Candidate
from worker.domain.terms import terms

# What may stand where a service could: before "itself", "service" or an apostrophe.
_ORDINARY = """
a affected alert also an and any at bad baseline being but by calls cap cause check customer day deployment
downstream each estimated even every excess expectation failing faulty first for grid he here hour impact in
incident it its known last less let let's likely more new no not note of old on one only or order orders other
overview payment region report result roll root rule same second service she signal slow so some still such
summary take team than that the their then there they this to today unknown upstream user users users' version
we web what which who whole whose window yesterday you
"""
ORDINARY = frozenset(_ORDINARY.split())
PREVIOUS = re.compile(
    r"\b(?:previous\w*|prior|before|old|older|earlier|former|last|back|from|replac\w+|supersed\w+|revert\w*"
    r"|against|than|instead of|in place of|return\w*|compare\w*|those (?:of|in)|that (?:of|in)"
    r"|restore\w*|rollback|roll\w*|downgrad\w+|keep\w*|kept|stay\w*|remain\w*|pin\w*)\b[^;,]{0,60}$"
    r"|\b(?:before(?:hand)?(?: (?:that|then|it))?|previously|until then|earlier|so far), [^;,]{0,40}$"
    r"|\bafter (?:the |its )?(?:version )?$"
    r"|^Before \S+, [^;,]{0,30}\b(?:ran|used|had|was on)\b[^;,]{0,12}$",
    re.IGNORECASE,
)
# "cart in europe-west1 ran 4.9.6 until then", "… until deploy-8745 replaced it".
UNTIL_THEN = re.compile(
    r"(?: in [\w-]+)? (?:until (?:then|[a-z]+-\d+|the (?:new|deployment|release|rollout|change))"
    r"|before(?! the)|previously|earlier|so far)\b"
)
# "… stop once version 2.17.8 is back".
AWAITED = re.compile(r"\b(?:once|when|until|as soon as|after) (?:the )?(?:old )?(?:version )?$", re.IGNORECASE)
IS_BACK = re.compile(r" (?:(?:is|has been) (?:back|live again|restored)|runs again)\b")
NEW = re.compile(
    r"\b(?:before|until|prior to)\b[^,;.]{0,40}\b(?:ran|running|runs|used|had|on)\b[^,;.]{0,12}$"
    r"|\b(?:previous|prior|old|older|earlier|former|back to|revert to|return to|after)\W+(?:version )?$",
    re.IGNORECASE,
)


def known_names(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A name holds, unless it is put together with what it does not belong to."""
    for one in mentions:
        why = _misplaced(one, text, mentions, known)
        yield Claim("name", one.span, one.text, not why, why)


def _misplaced(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    if why := places.misplaced_region(one, text, mentions, known) or places.misplaced_service(
        one, text, mentions, known
    ):
        return why
    changes = [change for change in known.changes if change.deployment_id == one.text]
    if changes:
        return _wrong_deployment(one, changes, text, mentions, known)
    if versions := [change for change in known.changes if one.text in change.versions]:
        return _wrong_version(one, versions, text, mentions, known)
    if one.text in known.types and one.text not in known.services:
        return _wrong_type(one, text, mentions, known)
    return ""


def _wrong_deployment(one: Found, changes: list[Change], text: str, mentions: list[Found], known: Known) -> str:
    services = {change.service for change in changes if change.service}
    after = text[one.span[1] :]
    turned = SWITCHED.match(after)
    if turned and all(re.fullmatch(rf"\w+->(?!{turned['state']})\w+", change.version or "") for change in changes):
        return "it was switched the other way"
    behind = next((other for other in mentions if other.span[0] >= one.span[1] and other.text in known.services), None)
    is_its = behind and re.match(r" ?(?:of|in|\(|on|for) ?$", after[: behind.span[0] - one.span[1]])
    before = [other for other in mentions if other.span[1] <= one.span[0] and other.text in known.services]
    owns = before and re.match(r"['’]s? (?:\w+ ){0,3}$", text[before[-1].span[1] : one.span[0]])
    brackets = before and re.fullmatch(r" \(", text[before[-1].span[1] : one.span[0]])
    owns = owns or brackets
    gets = before and GETS.match(text[before[-1].span[1] : one.span[0]])
    owner = behind if is_its else before[-1] if owns or gets else None
    return f"it is of {' or '.join(sorted(services))}" if owner and services and owner.text not in services else ""


# Of a flag, whose version is `off->on`.
SWITCHED = re.compile(
    r"[^,;.]{0,30}\b(?:switched|turned|flipped|set|toggled|went|goes|changed)(?: from (?:on|off))?"
    r" (?:to )?(?P<state>on|off)\b"
)
# "catalog received configuration change cfg-3096".
GETS = re.compile(
    r" (?:\w+ly |itself |then )?(?:received?|gets?|got|had|underwent|runs?|ran|was (?:given|updated|upgraded|moved"
    r"|deployed|changed)|deployed|shipped|released|rolled out|switched)\b[^,;]*$"
)


def renewals(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "deploy-8841 replaced version 2.2.9 with 2.3.0"."""
    versions = {one for change in known.changes for one in change.versions}
    named = [one for one in mentions if one.text in versions]
    for one, other in pairwise(named):
        between = RENEWED.fullmatch(text[one.span[1] : other.span[0]])
        if between:
            is_back = between["back"] or between["earlier"] or GOING_BACK.search(text[: one.span[0]])
            pair = (other.text, one.text) if is_back else (one.text, other.text)
            holds = any((change.previous, change.version) == pair for change in known.changes)
            span = (one.span[0], other.span[1])
            yield judged_at("state", span, text, holds, "no change brought that")


RENEWED = re.compile(
    r" (?:(?:was |has been )?(?:replaced )?(?:by|with|(?:back )?to)|(?P<back>replaced|replaces|instead of|after))"
    r" (?:the )?(?:new |old )?(?:version )?"
    r"|[;,] (?P<earlier>before|previously|until then),? (?:it|the service|that) (?:had )?(?:ran|run|used|had|was on)"
    r" (?:version )?"
)


# "Four minutes after version 4.7.0 was deployed": no version before that.
IS_EVENT = re.compile(r"(?: (?:of|in|to) [\w-]+)? (?:was|were|is|had|has|went|came|started|began|reached)\b")
AFTER_IT = re.compile(r"\bafter (?:the |its )?(?:version )?$", re.IGNORECASE)
# "Roll checkout back from 2.18.0 to 2.17.8".
GOING_BACK = re.compile(
    r"\b(?:roll(?:s|ed|ing)?\b[^,;.]{0,40}\bback|rollback|revert\w*|downgrad\w*|return\w*|bring\w*|take|put|move)"
    r"\b[^,;]* from (?:version )?$",
    re.IGNORECASE,
)


def _wrong_version(one: Found, changes: list[Change], text: str, mentions: list[Found], known: Known) -> str:
    """Another deployment's, another service's, the one before told as the new one, or the other way round."""
    ids = {change.deployment_id for change in known.changes}
    nearest = _its_change(one, [other for other in mentions if other.text in ids])
    if nearest and nearest.text not in {change.deployment_id for change in changes}:
        return f"{nearest.text} has another version"
    owner = re.match(r" (?:of|in|for|to) (?:the )?$", text[one.span[1] :][: _distance(one, mentions, known)])
    services = {change.service for change in changes if change.service}
    behind = next((other for other in mentions if other.span[0] >= one.span[1] and other.text in known.services), None)
    if owner and behind and services and behind.text not in services:
        return f"it is of {' or '.join(sorted(services))}"
    before = text[: one.span[0]]
    if IS_EVENT.match(text, one.span[1]):
        before = AFTER_IT.sub("", before)
    start, _ = context.clause(one.span, text)
    told = {other.text for other in mentions if start <= other.span[0] < one.span[0]} & known.services
    if not nearest and not behind and told and services and not told & services:
        return f"it is of {' or '.join(sorted(services))}"
    is_awaited = AWAITED.search(before) and IS_BACK.match(text, one.span[1])
    is_before = PREVIOUS.search(before) or UNTIL_THEN.match(text, one.span[1]) or is_awaited
    if all(change.version != one.text for change in changes) and not is_before:
        return "it is the version before"
    if all(change.previous != one.text for change in changes) and NEW.search(before):
        return "it is the new version"
    return ""


def _distance(one: Found, mentions: list[Found], known: Known) -> int:
    """To the next service behind it."""
    return next(
        (
            other.span[0] - one.span[1]
            for other in mentions
            if other.span[0] >= one.span[1] and other.text in known.services
        ),
        0,
    )


# "CertificateExpired has a confidence of 0.77, while deploy-8726 of inventory has none".
CONTRAST = re.compile(r"\b(?:while|whereas)\b")


def _wrong_type(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    services = [other for other in mentions if other.text in known.services and not owners.is_called(other, text)]
    start, end = context.clause(one.span, text)
    apart = [other for other in services if not CONTRAST.search(text, one.span[1], other.span[0])]
    close = [other for other in services if start <= other.span[0] < end] or apart
    failing = known.types[one.text] | {""}
    if _is_listed(one, text):
        listed = [it for it in known.report.candidates if it.error_type == one.text]
        if (sure := WITH.match(text, one.span[1])) or listed:
            return "" if any(_has_told(it, sure) for it in listed) else "it has another confidence"
    return "" if not close or any(other.text in failing for other in close) else f"{close[0].text} has no such errors"


# "Well ahead of payments and PaymentFailed with 0.09 each": two candidates.
IN_A_LIST = re.compile(r"(?:\band|\bor|,|\b(?:ahead of|than|before|over)) $")
RANKED = re.compile(r"\b(?:candidates?|confidences?|ahead of)\b", re.IGNORECASE)
OF_ONE = re.compile(r" (?:of|in|from|at|errors?|failures?)\b")
WITH = re.compile(r",?(?: (?:with|at|have|has|both|each|only|just|of|a|an|confidences?))+ (?P<sure>[01]\.\d+)\b(?! ?%)")


def _is_listed(one: Found, text: str) -> bool:
    """Whether a type of errors stands in a list for a candidate of its own, and not for what a service logs."""
    is_in_list = RANKED.search(text) and IN_A_LIST.search(text[: one.span[0]])
    return bool(is_in_list) and not OF_ONE.match(text, one.span[1])


def _has_told(candidate: Candidate, sure: re.Match[str] | None) -> bool:
    return sure is None or abs(float(sure["sure"]) - candidate.confidence) < HUNDREDTH


def _its_change(one: Found, changes: list[Found]) -> Found | None:
    """The deployment that a version is told of: the last one before it, else the nearest."""
    before = [it for it in changes if it.span[0] < one.span[0]]
    return before[-1] if before else _nearest(one, changes)


def _nearest(one: Found, others: list[Found]) -> Found | None:
    return min(others, key=lambda other: abs(other.span[0] - one.span[0]), default=None)


def unknown_names(text: str) -> Iterator[Claim]:
    taken: list[Span] = []
    for pattern in (claims.CHANGED, claims.NAME_LIKE, claims.VERSION, claims.SERVICE_LIKE):
        is_spared = _is_no_name if pattern is claims.CHANGED else _is_ordinary
        for found in pattern.finditer(text):
            group = next((name for name, value in found.groupdict().items() if value is not None), 0)
            span, name = found.span(group), found[group]
            if is_spared(name) or claims.is_term(name) or any(a < span[1] and span[0] < b for a, b in taken):
                continue
            taken.append(span)
            yield Claim("name", span, name, holds=False, why="nothing that was read is called so", is_open=True)


AND = re.compile(r",? (?:and|or) |, ")


def twice(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "It hardly calls cart and cart any more": one of both is somebody else."""
    for one, other in pairwise(mentions):
        # "deploy-8726 of inventory, and inventory shows no deviation": two clauses.
        is_listed = not re.search(r"\b(?:of|by|for|in) $", text[: one.span[0]]) or text[one.span[1]] != ","
        is_spelled = text[slice(*other.span)] == other.text and is_listed
        if is_spelled and one.text == other.text in known.services and AND.fullmatch(text[one.span[1] : other.span[0]]):
            yield Claim("name", other.span, other.text, holds=False, why="it is named twice")


# "checkout-related", "deploy-time": no names.
_TAILS = "based bound facing file internal level like only own owned related side specific time to wide window"
TAILS = frozenset(_TAILS.split(" "))


def made_up(text: str, known: Known) -> Iterator[Claim]:
    """ "rel-old", "checkout-new": what is made of the beginning of an id, or of a service; "ledger-db" is in a line."""
    for found in known.made_up.finditer(text):
        is_logged = any(
            re.search(rf"(?<![\w-]){re.escape(found[0])}(?![\w])", line, re.IGNORECASE) for line in known.lines
        )
        if found["tail"].lower() not in TAILS and not is_logged:
            yield Claim("name", found.span(), found[0], holds=False, why="nothing is called so", is_open=True)


def read_in_lines(text: str, mentions: list[Found], known: Known, *, is_advice: bool) -> Iterator[Claim]:
    """ "The coupon SPRING-26", "the zones are NL-1 and DE-4": what a line of theirs calls so, by a word of the text.

    Advice states nothing of it: there it is enough that a line has it.
    """
    lines = list(_lines_about(text, mentions, known, is_advice=is_advice))
    words = {form for word in vocabulary.WORD.findall(text.lower()) for form in vocabulary.forms(word)}
    for one in unknown_names(text):
        if one.text.isalpha() and one.text.lower() in known.words:
            continue
        is_listed = is_advice or bool(LINES_NAME.search(text[: one.span[0]]))
        is_read = _is_read(one.text, words, lines, is_listed=is_listed)
        # "One line mentions AT-1" tells what a line says.
        kind: Kind = "message" if is_listed and not is_advice else one.kind
        yield replace(one, kind=kind, holds=True, why="", is_open=False) if is_read else one


# "Others name IT-2 and DE-4", of messages.
LINES_NAME = re.compile(
    r"\b(?:messages?|(?:log )?lines?|logs|examples)\b[^;]*\b(?:names?|mentions?|reads?|says?|lists?|contains?"
    r"|(?:is|are) (?:of|about|for))\b"
    r"[^;]*$",
    re.IGNORECASE,
)


def _is_read(name: str, words: set[str], lines: list[str], *, is_listed: bool) -> bool:
    told = rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])"
    if name.startswith(("/", "--")):
        # "/var/lib", "http://ledger/entries".
        return any(re.search(rf"{re.escape(name.lower())}(?![\w-])", line) for line in lines)
    is_spelled = name.isalpha() and (name.isupper() or INNER_CAPITAL.match(name))
    if is_listed or is_spelled:
        return any(re.search(told, line) for line in lines)
    called = re.compile(rf"([a-z]{{3,}})\W{{1,3}}{told}")
    if any({*vocabulary.forms(noun)} & words for line in lines for noun in called.findall(line)):
        return True
    # "Refused connections to ledger-db-0", of "connection to primary ledger-db-0 refused": by the words around it.
    around = re.compile(rf"(?:([a-z]{{3,}})\W{{1,3}})?(?:\w+\W{{1,3}}){{0,2}}{told}(?:\W{{1,3}}([a-z]{{3,}}))?")
    telling = words - vocabulary.common()
    near = {word for line in lines if HOST.fullmatch(name) for found in around.findall(line) for word in found if word}
    return any({*vocabulary.forms(word)} & telling for word in near)


# "ledger-db-0", "node-7.internal": what a line can speak of as a machine.
HOST = re.compile(r"[A-Za-z][\w.]*(?:[-.]\w+)*-\w+")


# "RouteController": what logs a line is a part of its service.
INNER_CAPITAL = re.compile(r"[A-Z][a-z]+[A-Z]")
THEIRS = re.compile(r"\b(?:its|their|it|they|these|those)\b", re.IGNORECASE)


def _lines_about(text: str, mentions: list[Found], known: Known, *, is_advice: bool) -> Iterator[str]:
    """Those of the services that are named, else of the alerted one and the cause; in advice of any."""
    services = {one.text for one in mentions} & known.services
    root = known.report.root_cause
    about = services or {known.report.service or "", (root.service if root else None) or "", *known.about}
    if THEIRS.search(text):
        # "Their messages show that …".
        about |= known.about
    about = set(known.logged) if is_advice else about
    return (line.lower() for service in {*about, ""} for line in known.logged.get(service, ()))


# "Table 2026-12", "10.4.82.7:5432": no figures.
LITERAL = re.compile(r"(?<![\w.,:/-])\d+(?:[-.:/]\d+)+(?![\w%]|[.,]\d)")


def is_counted_in_line(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """ "With 62 waiting", "a weight of 74 kg": where a line has the figure by the same word, as in `waiting=62`."""
    figure = re.match(r"\d+(?![\d.,]*\d)", text[slice(*span)])
    if figure is None:
        return False
    near = {*NEAR_FIGURE.findall(text[max(0, span[0] - 20) : span[1] + 14].lower())}
    told = re.compile(
        rf"(?:(?P<key>[a-z]{{4,}})=)?(?<![\w.:/-]){figure[0]}(?![\d.:/-])[a-z]{{0,2}}(?: (?P<noun>[a-z]{{4,}}))?"
    )
    return any(
        (found["key"] or found["noun"]) in near
        for line in _lines_about(text, mentions, known, is_advice=False)
        for found in told.finditer(line)
    )


NEAR_FIGURE = re.compile(r"[a-z]{4,}")
WORD_BEFORE = re.compile(r"[a-z]{3,} $")


def literals(text: str, mentions: list[Found], known: Known, *, is_advice: bool) -> Iterator[Claim]:
    """What a line has letter for letter, behind the same word or in so many parts that it is nothing else."""
    lines = list(_lines_about(text, mentions, known, is_advice=is_advice))
    for found in LITERAL.finditer(text):
        word = WORD_BEFORE.search(text[: found.start()].lower())
        is_long = len(re.findall(r"[-.:/]", found[0])) >= 3
        told = found[0] if is_long else f"{word[0]}{found[0]}" if word else ""
        if told and any(re.search(rf"(?<![\w.-]){re.escape(told)}(?![\w-]|\.\d)", line) for line in lines):
            yield Claim("name", found.span(), found[0], holds=True)


# What may stand where what was deployed is named: "the deployment of it", "a release of another service".
_NO_NAMES = "both code config configuration either neither others production service services them these those version"
NO_NAMES = frozenset((*ORDINARY, *_NO_NAMES.split(), "versions", "instances", "two", "three", "four"))


def _is_no_name(name: str) -> bool:
    return name.lower() in NO_NAMES


def _is_ordinary(name: str) -> bool:
    spoken = terms()
    words = f"{spoken.orders.singular} {spoken.orders.plural} {spoken.revenue} {spoken.currency.symbol}".lower().split()
    return name.lower() in ORDINARY or name.lower() in words or vocabulary.is_known(name.lower(), frozenset())
