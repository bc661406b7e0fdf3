"""Why an alert fired: what its rule compares exceeded the threshold, and nothing else did it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.topics import SIGNALS, topics

FIRED = re.compile(
    r"\b(?:c[ao]mes? from|fired?|fires|trigger(?:ed|s)?|rais(?:ed|es)|set off|sets off|went off|met)\b", re.IGNORECASE
)
ALERT = re.compile(r"\b(?:alert|alarm|rule)\b", re.IGNORECASE)
THE_ALERT = re.compile(r"\W*(?:the|this|that|an) (?:[\w-]+ )?(?:alert|alarm)\b", re.IGNORECASE)
THE_RULE = re.compile(r"\W*(?:the|its|a|this) (?:\w+ )?(?:rule|threshold|alert)\b", re.IGNORECASE)
EXCEEDED = re.compile(
    r"\b(?:exceed(?:s|ed|ing)?|above|over|more than|greater than|higher than|larger than|reached|crossed|passed"
    r"|surpassed)\b",
    re.IGNORECASE,
)
FELL_SHORT = re.compile(r"\b(?:below|under|less|fewer|fell|dropped|lower|not|never)\b|n['’]t\b", re.IGNORECASE)
AT = re.compile(r"\W*(?:at|on|in|for|from) ")


def is_why_it_fired(found: re.Match[str], cause: Span, mentions: list[Found], known: Known) -> bool:
    """ "The alert fired because emissions exceeded the threshold": of the alert's own signal and scope.

    "checkout, which raised the alert" is of the alerted service, and "the rule triggered at 04:20 UTC" of nobody.
    """
    rest = found[0].replace(found["cause"], " ", 1)
    if not FIRED.search(rest):
        return False
    if not re.search(r"\w", found["cause"]) or THE_RULE.match(found["cause"]):
        return bool(AT.match(found["effect"]) or THE_RULE.match(found["cause"]))
    named = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]}
    own = {known.report.service, known.report.region, *known.report.alert.instance.split(",")}
    if named - own or not ALERT.search(found["effect"]):
        return False
    told = topics(found["effect"]) & {*SIGNALS} if known.report.signal in SIGNALS else frozenset()
    if (
        named
        and told <= {known.report.signal}
        and THE_ALERT.match(found["effect"])
        and not FIRED.search(found["effect"])
        and not EXCEEDED.search(found["cause"])
    ):
        return True
    return _is_exceeded(found["cause"], known)


CONDITION = re.compile(r"\b(?P<way>greater|more|above|less|below|fewer)\b[^\d]{0,20}(?P<limit>\d+(?:\.\d+)?)")
# "Emissions stayed below the threshold": what fired the rule did not.
LIMIT = re.compile(
    r"\b(?:(?P<under>below|under|short of|beneath)|(?P<over>above|over|exceed(?:s|ed|ing)?|cross(?:ed|es|ing)|beyond))"
    r" (?:the |its |their )?(?:rule['’]s |alert['’]s |fixed )?(?:threshold|limit)\b"
    r"(?! (?:of|for) (?:low|medium|high|critical)\b)",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:not|never|nor|neither|if|when|once|until|whether|should|would)\b|n['’]t\b", re.IGNORECASE)


def limits(text: str, known: Known) -> Iterator[Claim]:
    """On which side of its rule's threshold the alert's value is."""
    alert = known.report.alert
    condition = CONDITION.search(alert.conditions)
    for found in LIMIT.finditer(text) if condition and alert.value is not None else ():
        before = re.split(r"[,;:.]", text[: found.start()])[-1]
        if condition and alert.value is not None and not NOT.search(before):
            is_over = alert.value > float(condition["limit"])
            yield judged("direction", found, is_over == bool(found["over"]), "it was on the other side")


# "The rule fires when emissions exceed 0.15 kg", "its threshold of 0.18".
TOLD_LIMIT = re.compile(
    r"\b(?:threshold|limit) (?:of|is|was|at|stands at|being) (?:about )?(?P<of>\d+(?:\.\d+)?)(?! ?%)"
    r"|\b(?:rule|it)\b[^,;.]{0,30}\b(?:fires?|triggers?|alerts?)\b[^;.]{0,60}"
    r"\b(?:exceeds?|above|over|(?:more|greater|higher|larger) than|reach(?:es)?|below|under|less than|is|at)"
    r" (?P<when>\d+(?:\.\d+)?)(?![\d:]| ?%)"
    r"|\b(?:alert|alarm)\b[^,;.]{0,20}\b(?:fired|was raised|went off|triggered)"
    r" (?:because|since|as|when)\b[^,;.]{0,50}?"
    r"\b(?:exceed(?:s|ed)|above|over|more than|below|under|less than|fewer than) (?P<fired>\d+(?:\.\d+)?)(?![\d,]| ?%)",
    re.IGNORECASE,
)


def told_limits(text: str, known: Known) -> Iterator[Claim]:
    """The rule's threshold is the one that it has, in whatever unit of mass it is told."""
    condition = CONDITION.search(known.report.alert.conditions)
    for found in TOLD_LIMIT.finditer(text) if condition else ():
        told = float(found["of"] or found["when"] or found["fired"])
        limit = float(condition["limit"]) if condition else 0.0
        ways = {limit, limit * 1000, limit / 1000}
        if not any(abs(told - one) <= 0.005 * one for one in ways):
            yield judged("number", found, False, "the rule has another threshold")


RAISED = re.compile(r"\b(?:rais(?:ed|es)|c[ao]mes? from)\b", re.IGNORECASE)


def wrongly_raised(found: re.Match[str], cause: Span, mentions: list[Found], known: Known) -> str | None:
    """ "ledger, which raised the alert": not even where it is the cause, unless it is the alerted one."""
    named = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]} & known.services
    is_raised = THE_ALERT.match(found["effect"]) and RAISED.search(found[0].replace(found["cause"], " ", 1))
    return "another one raised it" if is_raised and named and known.report.service not in named else None


# "The alert concerned errors of checkout".
CONCERNED = re.compile(
    r"\b(?:alert|alarm)\b[^,;.:]{0,30}?\b(?:concern(?:s|ed)|(?:is|was) (?:about|on|for|over|raised (?:for|on|over))"
    r"|(?:fired|went off|came) (?:for|on|over))\b"
    r"(?P<what>(?:(?!\b(?:because|since|as|when|after|before|while|and)\b)[^,;.:])*)",
    re.IGNORECASE,
)


# "The alert “Latency by service” of cart had met its threshold", "the alert on the carbon of us-central1".
ALERT_OF = re.compile(
    r"\b(?:the|this|that) (?:[\w-]+ )?(?:alert|alarm)(?: [“\"'][^”\"']{2,60}[”\"'])?\s+(?:of|for|on|about)\b"
    r"(?P<what>[^,;.:]{2,60}?)"
    r"(?= (?:is|was|were|has|had|did|could|fired|came|met|went|dates?|concerns?|at|to|and|from|because|after)\b"
    r"|[,;.:]|$)",
    re.IGNORECASE,
)


def concerned(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of which signal and of whom the alert is."""
    alert = known.report.alert
    own = {known.report.service, *alert.instance.split(","), *re.findall(r"[\w:.-]+", alert.title)}
    for found in (*CONCERNED.finditer(text), *ALERT_OF.finditer(text)):
        told = _measured_in(found["what"], known)
        named = {one.text for one in mentions if found.start("what") <= one.span[0] < found.end()} & known.services
        regions = {one.text for one in mentions if found.start("what") <= one.span[0] < found.end()} & known.regions
        if told or named or regions:
            signals = _measured_in(f"{known.report.signal} {alert.rule_name} {alert.conditions}", known)
            holds = named <= own and told <= signals and regions <= {known.report.region, *own}
            if found.re is CONCERNED or not holds:
                yield judged("state", found, holds, "it was of something else")


# "The alert was raised by the rule Memory by host": a name, in capitals.
RULE_NAMED = re.compile(
    r"\brule (?:called |named )?[“\"']?(?P<name>(?=[A-Z][a-z])[\w -]+)"
    r"|^\W*(?P<firing>[A-Z]\w+ by [a-z]+)(?= (?:fired|triggered|alerted|went off)\b)"
)
# "The alert fired because the carbon of checkout crossed its threshold".
FIRED_FOR = re.compile(
    r"\b(?:alert|alarm)\b[^,;.]{0,20}\b(?:fired|raised|triggered|went off|set off)\b[^,;.]{0,10}"
    r"\b(?:because|since|as|when|after|by)\b(?P<what>[^,;.]*\b(?:thresholds?|limit|exceed\w*|cross\w*)\b[^,;.]*)",
    re.IGNORECASE,
)


# "Raised by the latency rule".
OF_SIGNAL = re.compile(
    r"\b(?:raised|fired|triggered|sent|set off) by (?:the|a|its) (?P<what>(?:[\w₂]+ ){1,2})(?:rule|threshold)\b"
)


def rules(text: str, known: Known) -> Iterator[Claim]:
    """By what its rule is called, and the signal that it looks at."""
    alert = known.report.alert
    for found in RULE_NAMED.finditer(text) if alert.rule_name else ():
        told = found["name"] or found["firing"]
        holds = told.lower().startswith(alert.rule_name.lower())
        yield judged("name", found, holds, "it is another rule")
    signals = _measured_in(f"{known.report.signal} {alert.rule_name} {alert.conditions}", known)
    for found in (*FIRED_FOR.finditer(text), *OF_SIGNAL.finditer(text)):
        told = topics(found["what"]) & {*SIGNALS}
        if told and signals & {*SIGNALS}:
            yield judged("state", found, told <= signals, "it was of something else")


LONGEST_UNIT = 3


def _measured_in(text: str, known: Known) -> frozenset[str]:
    """The signals that it speaks of, and the words of metrics that were measured."""
    words = {word for one in known.levels for word in one.metric.split("_") if len(word) > LONGEST_UNIT}
    spoken = text.replace("_", " ").lower()
    return (topics(spoken) & {*SIGNALS}) | {word for word in words if re.search(rf"\b{re.escape(word)}", spoken)}


def _is_exceeded(cause: str, known: Known) -> bool:
    signals = topics(cause) & set(SIGNALS)
    is_signal = signals <= {known.report.signal} or known.report.signal not in SIGNALS
    exceeded = EXCEEDED.search(cause)
    return is_signal and exceeded is not None and not FELL_SHORT.search(cause[: exceeded.start()])
