"""That there is none of what a report lists or says: candidates, a cause, past incidents, changes, slower calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

_NO = r"\b(?:no|not (?:a single|one)|none|without (?:any|an?)|neither)"
_SEEN = r"(?:recorded|known|listed|found|seen|on (?:file|record)|available|remembered)"
ONLY_CANDIDATE = re.compile(
    r"\b(?:only|just|a single|the sole) (?:one |a single )?candidates?\b|\bno (?:other|further|second) candidates?\b"
    r"(?! (?:gets?|got|has|have|reach\w*|exceed\w*|comes?|stands?|scores?) )",
    re.IGNORECASE,
)
NO_CANDIDATE = re.compile(
    rf"(?:(?<!\bis )(?<!\bwas )|(?<=\bthere is )|(?<=\bthere was )){_NO} "
    r"(?:(?!second|other|further)\w+ )?(?:candidates?|suspects?)\b"
    r"(?! (?:has|have|(?:is|was)(?! (?:put forward|named|given|listed|proposed|offered))|reaches|gets|comes))"
    rf"|\b(?:list of|the) (?:candidates?|suspects?) (?:list )?(?:for (?:a|the) cause )?(?:is|are|stays) empty"
    rf"|{_NO} candidates? (?:is|was|are|were) {_SEEN}",
    re.IGNORECASE,
)
NO_PAST = re.compile(
    rf"{_NO} (?:\w+ )?(?:similar|past|earlier|previous|prior|comparable|related) (?:incident|case|occurrence)s?\b"
    rf"(?: (?:is|was|are|were) {_SEEN})?|\bnothing (?:similar|comparable|like it)(?: (?:is|was|has been) {_SEEN})?\b",
    re.IGNORECASE,
)
ONE_PAST = re.compile(
    r"\b(?:(?:just |only )?one|a single) (?:similar|past|earlier|comparable) (?:incident|case) (?:is|was|has been)"
    rf" {_SEEN}",
    re.IGNORECASE,
)
NO_CHANGE = re.compile(
    r"\b(?:list of (?:changes|deployments)|(?:change|deployment) list) (?:is|was|stays) empty"
    r"|\bno changes? of any kind\b",
    re.IGNORECASE,
)
NO_CAUSE = re.compile(
    r"\b(?:no|without an?) (?:(?:single|root|likely|clear|definite) )*causes?\b[^,;.]{0,14}"
    r"\b(?:named|identified|found|given|established|determined|reported|recorded|stated|listed|known|told"
    r"|put forward|proposed|suggested)\b"
    r"|\b(?:names?|gives?|lists?|finds?|found|identif\w+|puts? forward|reports?)"
    r" no (?:(?:single|root|likely|clear) )*causes?\b"
    r"|\b(?:cause|reason)\b[^,;.]{0,30}\b(?:(?:was|is|has|could)(?: not|n['’]t)(?: be| been)?|remains? un|stays? un)\s?"
    r"(?:named|identified|found|established|determined|known)\b",
    re.IGNORECASE,
)
NO_VERDICT = re.compile(
    r"\b(?:no|not reach a|without a|reach(?:es|ed) no|gives? no) (?:\w+ )?verdict\b|\binconclusive\b"
    r"|\bneither (?:be )?confirmed nor (?:dismissed|denied|refuted|ruled out|rejected)\b"
    r"|\bverdict\b[^,;.]{0,12}\b(?:was|is|could)(?: not|n['’]t) (?:be )?(?:reached|given|made|possible)\b"
    r"|\bevidence (?:is|was) (?:too |rather |very )?(?:thin|weak|scarce|slim|sparse)\b",
    re.IGNORECASE,
)
NO_ONSET = re.compile(
    r"\b(?:none of (?:the|its) (?:\w+ )?(?:metrics|signals)\b[^,;.]{0,40} (?:shows?|has|have|had) an onset"
    r"|(?:no|without an?|not have an?|has no|had no) onset)\b(?! (?:after|before|later|earlier))|\bonset\b[^,;.]{0,30}"
    r"\b(?:(?:was|could|is)(?: not|n['’]t)(?: be)?) (?:found|seen|detected|determined|established)\b"
    r"(?! (?:before|until) \d)",
    re.IGNORECASE,
)
NO_SLOWER_CALL = re.compile(
    r"\b(?:no|none of the|not a single) calls?\b[^,;.]{0,40}"
    r"\b(?:got slower|slower|slowed|takes? longer|take more time|took longer|slow)\b",
    re.IGNORECASE,
)
NO_MISSING_CALL = re.compile(
    r"\b(?:no|none of the|not a single) calls?\b[^,;.]{0,30}\b(?:missing|no longer made|stopped|absent|lost)\b"
    r"|\blist of (?:fewer|missing) calls (?:is|was) empty"
    r"|\b(?:no|none of the|not a single) (?:services?|callers?|calls?)\b[^,;.]{0,36}"
    r"\b(?:fewer calls|less often|more rarely)\b",
    re.IGNORECASE,
)
LOGGED_NOTHING = re.compile(
    r"\b(?:log(?:ged|s)|wrote) nothing\b(?! (?:new|more|else|but|of)\b)"
    r"|\b(?:left|wrote|has|had|with|are|were|is|holds?|shows?|contains?) (?:no|neither) log lines\b",
    re.IGNORECASE,
)


# "A deployment is not among the candidates".
AMONG = re.compile(
    r"\b(?:(?P<no>no)|an?) (?P<kind>deployment|release|change|dependency) (?:is|was) (?:therefore |thus |hence |so )?"
    r"(?P<not>not )?"
    r"(?:among the|one of the|an?) (?:candidates?|suspects?)\b",
    re.IGNORECASE,
)


def absences(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of services that the sentence names another rule tells (`changes`)."""
    report, named = known.report, {one.text for one in mentions} & known.services
    ways: tuple[tuple[re.Pattern[str], Callable[[], bool | None]], ...] = (
        (ONLY_CANDIDATE, lambda: len(report.candidates) == 1 and _is_it(text, mentions, known)),
        (NO_CANDIDATE, lambda: not report.candidates),
        (ONE_PAST, lambda: len(report.similar_incidents) == 1),
        (NO_PAST, lambda: not _has_past(text, known)),
        (NO_CAUSE, lambda: report.root_cause is None),
        (NO_VERDICT, lambda: report.verdict is Verdict.INCONCLUSIVE),
        (NO_CHANGE, lambda: None if named else not any(one.at for one in known.changes)),
        (NO_ONSET, lambda: not _has_onset(text, mentions, known)),
        (NO_SLOWER_CALL, lambda: None if named else _has_none("slower", known)),
        (NO_MISSING_CALL, lambda: None if named else _has_none("fewer", known)),
    )
    if (silent := LOGGED_NOTHING.search(text)) and named <= {report.service}:
        told = (report.sections.user_impact, *(one.reason for one in report.gaps))
        is_told = any("logged nothing" in one or "no log lines of the scope" in one for one in told)
        yield judged("state", silent, is_told, "it logged some")
    for among in AMONG.finditer(text):
        kind = "dependency" if among["kind"].lower() == "dependency" else "deployment"
        is_one = any(f"{one.kind}" == kind for one in report.candidates)
        is_denied = bool(among["no"] or among["not"])
        yield judged("state", among, is_one != is_denied, "the ranking says otherwise")
    for pattern, is_so in ways:
        if found := pattern.search(text):
            holds = is_so()
            if holds is not None:
                yield judged("state", found, holds, "the report lists some")


# "No other candidate was found besides cfg-3095".
BESIDES = re.compile(r"\b(?:besides|than|but|except|apart from|beside)(?: the)? $")


def _is_it(text: str, mentions: list[Found], known: Known) -> bool:
    """Whether whom it excepts is the one candidate."""
    one = known.report.candidates[0]
    excepted = {it.text for it in mentions if BESIDES.search(text[: it.span[0]])}
    return excepted <= {one.service, one.deployment_id, one.version, one.error_type}


ALIKE = re.compile(r"\b(?:similar|comparable|related|like|alike|match\w*|resembl\w*)\b", re.IGNORECASE)


def _has_past(text: str, known: Known) -> bool:
    """Similar incidents; or, where nothing is said of likeness, any that were known by then."""
    counted = [item.result.get("incidents") for item in known.report.evidence]
    is_any = any(counted) and not ALIKE.search(text)
    return bool(known.report.similar_incidents) or is_any


def _has_onset(text: str, mentions: list[Found], known: Known) -> bool:
    """Of the signals that are spoken of, or else of any, in the service that is named, or else in the alerted one."""
    named = {one.text for one in mentions} & known.services or {known.scope.service or ""}
    signals = topics(text) & {*SIGNALS}
    begun = [one for one in known.moments if one.kind == "onset" and one.signal and one.of in named]
    return any(one.signal in signals or not signals for one in begun)


def _has_none(of: str, known: Known) -> bool | None:
    """Of the calls that were read; None where none were."""
    read: list[Any] = [item.result[of] for item in known.report.evidence if of in item.result]
    return not any(read) if read else None
