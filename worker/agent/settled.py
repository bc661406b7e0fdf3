"""What is settled before a model is asked: a sentence that says otherwise, or speaks of orders, explains nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from worker.domain.report import CauseKind, Report, Verdict

SEVERITY = re.compile(
    r"\b(?P<a>low|minor|medium|moderate|high|critical)[- ](?:severity|priority|impact|risk|urgency)\b"
    r"|\b(?:severity|priority|urgency)\b[^.;]{0,40}?\b(?P<b>low|minor|medium|moderate|high|critical|none|zero|informational)\b",
    re.IGNORECASE,
)
# "No measured figure reaches the threshold of medium severity" is a reason for a lower one, which is checked.
UNREACHED = re.compile(
    r"\bno (?:measured )?figure (?:reaches|reached|meets|met) the (?:threshold|level|limit) (?:of|for) (?:an? )?\w+"
    r" severity\b",
    re.IGNORECASE,
)
# Other people's scales: nothing in a report is told in them.
OTHER_SCALE = re.compile(r"\b(?:P[0-5]|SEV[- ]?\d)\b")
DISMISSED = re.compile(
    r"\bfalse (?:alarm|positive|alert)|\bnot an? (?:\w+ )?incident"
    r"|\bno (?:(?!similar|past|earlier|other|previous|comparable)\w+ )?(?:incident|action|rollback)\b"
    # That there is none of what could be read is checked against the evidence.
    # "Frontend adds nothing to the rise" is checked as well.
    r"|(?<!\badds )(?<!\badd )(?<!\badded )(?<!\bcontributes )(?<!\bcontribute )(?<!\bcontributed )"
    r"\bnothing (?:(?:is|was) (?!recorded|known|logged|measured|deployed|changed|found|listed|on record|read|said"
    r"|(?:held|noted|said|listed) against"
    r"|(?:unusual|abnormal) (?:about|in|with) (?:the |its )?[^,;.]*\b(?:metrics|signals)\b"
    r"|released|rolled out)|to\b(?! do with))"
    r"|\b(?:this|the|it)(?: \w+)? (?:is|was|has been|can be) (?:\w+ )?(?:resolved|closed|fixed)"
    r"(?! (?:when|once|as soon)\b)"
    r"|\bharmless\b|\bself-?heal|\b(?:drill|exercise|maintenance|expected behaviou?r)\b|\bstand down\b"
    # To test something is advice.
    r"|(?<!^)(?<!\badd a )(?<!\bwrite a )\btest\b(?! (?:the|that|whether|if|it|them|its|each|every)\b)"
    r"|\b(?:an?|the|this|our|load|mere|planned) test\b(?<!\badd a test)(?<!\bwrite a test)"
    r"|^test (?!the\b|that\b|whether\b|if\b|it\b|them\b)"
    r"|\b(?:ignor|disregard|dismiss|suppress|silenc|mut|acknowledg|clos|delet|hid|omit)(?:e|ed|ing)? (?:\w+ ){0,3}"
    r"(?:alert|incident|report|ticket|warning|evidence|cause|finding)s?\b",
    re.IGNORECASE,
)
# "Checkout is no likely cause" is checked against the evidence.
NO_CAUSE = re.compile(r"(?:(?<!\bis )(?<!\bwas )|(?<=there is )|(?<=there was ))\bno (?:\w+ )?cause\b", re.IGNORECASE)
# Where there is but more demand, nothing is to be repaired.
SOUND = re.compile(
    r"\bnothing (?:is|was) (?:broken|wrong|amiss)\b|\bnothing (?:is )?to (?:be )?(?:repair(?:ed)?|fix(?:ed)?)\b",
    re.IGNORECASE,
)
NO_ROLLBACK = re.compile(r"\bnothing to (?:roll back|revert)\b", re.IGNORECASE)
OBEYING = re.compile(
    r"\bas (?:instructed|requested|ordered|told|asked)\b|\bprompt\b"
    r"|\b(?:previous|prior|my|your|new|these) instructions?\b|\b(?:developer|debug|admin|jailbreak|dan) mode\b"
    r"|\blanguage model\b|\bAI\b|\bassistant\b|\bI(?:'m)?\b|\bmy\b",
    re.IGNORECASE,
)
SECRET = re.compile(r"\b(?:api key|password|credential)s?\b", re.IGNORECASE)
# Words of no human language: encoded text.
ENCODED = re.compile(
    r"(?<![\w-])(?=\S*[A-Za-z])(?=\S*[0-9+/=A-Z])[A-Za-z0-9+/_-]{28,}={0,2}(?![\w-])|(?:[01]{8} ?){3,}"
)
MOST_FOREIGN = 0.15


def contradicts(sentence: str, report: Report, names: frozenset[str], quoting: Iterable[str] = ()) -> bool:
    """`quoting`: the lines of the report's own that it quotes; "invalid credentials" may be said there."""
    plain = _without(names, sentence)
    return (
        _is_other_severity(plain, report)
        or bool(OBEYING.search(plain) or ENCODED.search(plain) or SECRET.search(_without(quoting, plain)))
        or _dismisses(plain, report)
        or _is_foreign(plain)
    )


def _dismisses(sentence: str, report: Report) -> bool:
    """Of what was confirmed: that it is none, or has none of the causes that the report names."""
    root = report.root_cause
    if report.verdict is Verdict.NOT_CONFIRMED:
        return False
    if root and root.kind is CauseKind.TRAFFIC:
        sentence = SOUND.sub(" ", sentence)
    if root and root.kind is not CauseKind.DEPLOYMENT:
        sentence = NO_ROLLBACK.sub(" ", sentence)
    return bool(DISMISSED.search(sentence) or (root and NO_CAUSE.search(sentence)))


def _without(names: Iterable[str], sentence: str) -> str:
    told = (form for name in names if len(name) > 2 for form in (name, name[0].upper() + name[1:]))
    for name in sorted({*told}, key=len, reverse=True):
        sentence = sentence.replace(name, "it")
    return sentence


def _is_other_severity(sentence: str, report: Report) -> bool:
    told = {(found["a"] or found["b"]).lower() for found in SEVERITY.finditer(UNREACHED.sub(" ", sentence))}
    return bool(told - {report.severity.value} or OTHER_SCALE.search(sentence))


def _is_foreign(sentence: str) -> bool:
    """Reports are in English: what stands there in another script was not written for their readers."""
    letters = [letter for letter in sentence if letter.isalpha()]
    foreign = sum(not unicodedata.name(letter, "").startswith(("LATIN", "GREEK", "MICRO")) for letter in letters)
    return bool(letters) and foreign > MOST_FOREIGN * len(letters)
