"""What a share is said to be of: requests, lines, errors, a rise."""

from __future__ import annotations

import re

from worker.agent.grounding.text import context, quantifiers
from worker.agent.grounding.text.claims import Span

_DETERMINER = (
    r"all|the|its|their|these|those|this|total|overall|incoming|sampled|new|old|served|recorded|logged|observed|failed"
    r"|failing|measured|user|log|error|remaining|about|some|them|additional|other|previous|small|slight|whole|entire"
)
_OF = re.compile(
    rf" ?(?:\([^)]*\) )?of (?:(?:{_DETERMINER}|[\d,]+|\S+['’]s|\s)\b ?|\S+s['’] )*"
    r"(?P<noun>[^\W\d][\w₂-]*(?: [^\W\d][\w₂-]*)?)?",
    re.IGNORECASE,
)
_WHOLES = (
    ("requests", r"requests?|calls?|traffic|responses?|answers?|replies|invocations?|operations"),
    ("lines", r"lines?|documents?|entries|logs?|messages?"),
    ("errors", r"errors?|failures?|exceptions?"),
    ("rise", r"rise|increase|growth|spike|surge|jump|excess|deviation"),
    ("emissions", r"[mk]?g(?:co[₂2]e?)?|co₂e?|co2e?|carbon|emissions?|emitted"),
    ("cpu", r"cpu"),
    ("memory", r"memory"),
    ("users", r"users?|customers?|sessions?"),
    ("it", r"it|them|that|others|rest|which|what|ones?|little"),
)


def whole(span: Span, text: str, names: set[str]) -> str | None:
    """What a share is said to be of: "57 % of the writes". None: nothing is said; "?": no report measures it."""
    before = text[: span[0]]
    if IN_A_RISE.match(text, span[1]):
        return "rise"
    found = _OF.match(text, span[1]) or _told_before(before)
    if OF_ERRORS.match(text, span[1]):
        return None
    if not found:
        share = SHARE_BEFORE.search(before)
        # "Every request fails".
        is_of_requests = re.match(r" requests?\b", text[span[1] :])
        return whole(share.span("share"), text, names) if share else "requests" if is_of_requests else None
    nouns = re.findall(r"[^\W\d][\w₂-]*", (found["noun"] or "").lower())
    if THOSE_OF.match(found[0]) or (WHOSE.search(found[0]) and not {*nouns} - {"do", "does", "did", "so"}):
        return _same_as(before)
    return _of_nouns(nouns, found[0], names)


def _told_before(before: str) -> re.Match[str] | None:
    """As if it stood behind the figure."""
    of = OF_WHICH.search(before) or MOST_OF.search(before)
    return _OF.search(f" of {of['whole']}") if of else None


def _of_nouns(nouns: list[str], told: str, names: set[str]) -> str | None:
    if not nouns or nouns[0] in NO_WHOLE or nouns[0] in {one.lower() for one in names}:
        return None
    kinds = [kind for noun in nouns for kind, words in _WHOLES if re.fullmatch(words, noun)]
    is_of_failed = kinds[:1] == ["requests"] and OF_FAILED.search(told)
    if is_of_failed or {"rise"} & {*kinds} or (kinds and MORE_OF.search(told)):
        return "errors" if is_of_failed else "rise"
    # "None of the four logged it": of whom, not of what.
    is_of_several = nouns[0] in quantifiers.SMALL and not kinds
    return None if is_of_several else next((kind if kind != "it" else None for kind in kinds), "?")


# "All of payments' new errors name ledger, and so do 40 % of checkout's": of as many errors.
WHOSE = re.compile(r"(?:\S['’]s|s['’])\s*(?:(?:do|does|did)(?: so)?)?$")
# "All of the new errors of payments name ledger, and so do 20 % of those of checkout".
THOSE_OF = re.compile(r" of those of\b")
OWN = re.compile(
    r"(?:\S['’]s|s['’]) (?:new )?(?P<own>errors?|requests?|lines?|calls?)\b"
    r"|\b(?P<whole>errors?|requests?|lines?|calls?) of \S"
)


def _same_as(before: str) -> str | None:
    """What the last figure with an owner is of."""
    told = [*OWN.finditer(before)]
    noun = told[-1]["own"] or told[-1]["whole"] if told else ""
    return next((kind for kind, words in _WHOLES if re.fullmatch(words, noun)), None)


# "The log shows 4 % of errors": so many of its lines.
OF_ERRORS = re.compile(r" of errors(?=\s*(?:[.,;)]|$))")
# "In 12 % of the cases", "none of them fail".
_NO_WHOLE = "already still now usually baseline of cases time fail fails failed do does did is are was were"
NO_WHOLE = frozenset(_NO_WHOLE.split())
# "A share of 0.36 in the rise of carbon".
IN_A_RISE = re.compile(r" in (?:the |this |its )?(?:\w+ )?(?:rise|increase|growth)\b", re.IGNORECASE)
# "60 % of the excess, retries 22 % and errors 17 %": of the same.
SHARE_BEFORE = re.compile(
    r"(?P<share>\d[\d.]* ?%)[^,;.()\d]{0,40}(?:,|,? and) (?:the )?[a-z]+(?: [a-z]+)?(?: for| with| about| roughly)* $"
)
# "The excess is 2.6 g (2.3 to 2.8), of which retries are 73 %".
OF_WHICH = re.compile(
    r"\b(?P<whole>excess|rise|increase|growth|requests|calls|lines|errors|emissions)\b[^;]{0,80}?"
    r"[ ,(](?<!any )of (?:which|that|this|these)\b[^,;.\d]{0,60}$",
    re.IGNORECASE,
)
# "Most of the excess CO₂e, about 63 %, is attributed to slower work".
MOST_OF = re.compile(
    r"\b(?:most|much|more than half|bulk|(?:part|share|portion)) of (?:the |this |its )?"
    r"(?P<whole>excess|rise|increase|requests|lines|errors|emissions)\b[^,;.\d]{0,20}(?:,| \() ?(?:or )?"
    rf"(?:(?:{context.APPROXIMATELY}) )?$",
    re.IGNORECASE,
)
# "29 % of the failed requests were retries": of those, and not of all.
OF_FAILED = re.compile(r"\b(?:the|its|their|all|these|those)(?: [\d,]+)? (?:failed|failing|lost)\b", re.IGNORECASE)
# "72 % of the additional errors" are of their rise.
MORE_OF = re.compile(r"\b(?:additional|extra|surplus)\b", re.IGNORECASE)
