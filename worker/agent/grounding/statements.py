"""Claims that are no figure, no name and no cause: directions, denials, states, what log lines say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import causation, context, owners
from worker.agent.grounding.claims import Claim, Found, Span
from worker.agent.grounding.known import Known, Level, cause_names
from worker.agent.grounding.topics import SIGNALS, topics
from worker.domain.report import Verdict

# What a report at the time of an alert cannot know.
OVER = re.compile(
    r"\b(?:recover(?:ed|s)|resolved|mitigated|fixed itself|is over|back to normal|rolled back already"
    r"|no longer (?:fails?|failing)|fail(?:s|ed|ing)? to\b"
    r"|will (?:be|recover|return|end)|until (?=\d)|growing|(?<!no )worsening|improving|customers report\w*|users report\w*"
    r"|(?:all|every|other|both|several|many) (?:other )?(?:regions?|services?|deployments?)|everywhere|globally"
    r"|by mistake|on purpose|attack(?:ed|ers?)?|hacked|breach"
    r"|within (?:a )?(?:few )?seconds?|instantly|instantaneous(?:ly)?|gradual(?:ly)?|slowly|steadily|progressively"
    r"|(?:last|next|every|each) (?:week|month|year|night)|tomorrow"
    r"|over time|overnight|keeps? (?:rising|falling|growing)|still (?:rising|falling))\b",
    re.IGNORECASE,
)
CLEARED = re.compile(
    r"\b(?:fine|harmless|innocent|no effect|not to blame|not the cause|unrelated|can stay|safe|nothing to do with"
    r"|did not cause|false alarm|no incident|nothing is wrong|ruled out|(?:can|may|should|could) be excluded)\b",
    re.IGNORECASE,
)
_SEVERITY = "low|medium|high|critical"
SEVERITY = re.compile(
    rf"\bseverity\b[^.;,]{{0,40}}?\b(?P<a>{_SEVERITY})\b|\b(?P<b>{_SEVERITY})[- ]severity\b", re.IGNORECASE
)
UP = re.compile(
    r"\b(?:rose|rises|rising|risen|increased|increases|increasing|grew|grows|climbed|climbs|jumped|jumps|surged|surges|spiked|spikes"
    r"|soared|went up|goes up|is up|are up|higher|elevated|(?:rise|increase|spike|surge|jump|growth|climb) (?:of|in)|more than usual)\b"
)
DOWN = re.compile(
    r"\b(?:(?:fell|went|is|gone|became) (?:almost |nearly )?silent|stopped logging|fell|falls|falling|fallen|dropped|drops|decreased|decreases|decreasing|declined|declines|reduced|lowered|shrank|sank"
    r"|went down|is down|lower|(?:drop|fall|decrease|decline|reduction) (?:of|in)"
    r"|hardly (?:any|log\w*)|barely log\w*)\b"
)
SAME = re.compile(
    r"\b(?:unchanged|as usual|stable|steady|flat|unaffected|not affected|healthy|constant|(?:is|are|was|were|stays?"
    r"|stayed|remains?|remained|looks?) (?:\w+ )?normal(?! (?:level|rate|value))|(?:did|does|do|has|have) not changed?"
    r"|no change in|(?:at|on|near|close to) (?:its|their|the) (?:usual|normal|expected|typical|baseline)(?: (?:level|value|rate)s?)?"
    r"|within (?:the |its |their )?(?:usual|normal|expected|typical)(?: \w+)?|(?:usual|normal) (?:level|value|rate|range)s?"
    r"|in line with (?:the )?(?:usual|normal|expect\w+|baseline)|as expected)\b"
)
NEGATED = re.compile(
    r"\b(?:no|not|never|without(?: an?| any)?|n['’]t|neither|nor)(?: \w+ly| significant| real| any| an?| further)? $"
)
IF = re.compile(
    r"\b(?:if|when|once|until|unless|should|whether|back|return\w*|again|confirm|ensure|verify)\b", re.IGNORECASE
)
# "2.3 times as many requests as usual" compares.
AS_MANY = re.compile(r"\bas (?:many|much|high|large|long|slow|often)\b[^,;]{0,30}$", re.IGNORECASE)
BACK = re.compile(r"\b(?:back|return\w*|again)\b", re.IGNORECASE)


def directions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for wanted, words in ((1, UP), (-1, DOWN), (0, SAME)):
        for found in words.finditer(text):
            before = text[max(text.rfind(mark, 0, found.start()) for mark in ";:,") + 1 : found.start()]
            if AS_MANY.search(before):
                continue
            if IF.search(before):
                holds = _will_go(found.span(), text, mentions, known) if BACK.search(before) else None
            else:
                is_negated = bool(NEGATED.search(before))
                holds = _went(wanted, found.span(), text, mentions, known, is_negated=is_negated)
            if holds is not None:
                yield Claim("direction", found.span(), found[0], holds, "" if holds else "it went another way")


def _went(wanted: int, span: Span, text: str, mentions: list[Found], known: Known, *, is_negated: bool) -> bool | None:
    """Whether every signal of the clause went so; None where it speaks of none that was measured."""
    signals = _signals(span, text, known)
    found = [_levels(span, text, mentions, signal, known) for signal in signals]
    if not signals and wanted:
        return None
    if not signals:
        return _is_all_as_usual(span, text, mentions, known)
    if not all(found):
        return False if wanted else _is_all_as_usual(span, text, mentions, known)
    if is_negated:
        return all(all(_direction(level) != wanted for level in levels) for levels in found)
    return all(any(_direction(level) == wanted for level in levels) for levels in found)


def _will_go(span: Span, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "… is back at its usual value": of what deviates now."""
    found = [_levels(span, text, mentions, signal, known) for signal in _signals(span, text, known)]
    return all(any(_direction(level) for level in levels) for levels in found) if found else None


def _signals(span: Span, text: str, known: Known) -> list[str]:
    """Those that the clause speaks of; "CPU, memory and traffic are …" speaks of three."""
    measured = {level.signal for level in known.levels}
    if re.search(r" (?:of|in)$", text[slice(*span)]):
        return sorted(topics(re.split(context.BREAK, text[span[1] :])[0]) & measured)
    start, end = context.clause(span, text)
    own = _spoken_of(text[start:end], measured)
    listed = re.search(r"(?:^|[.;:] ?)[^.;:]*$", text[:end])
    if (
        own
        and listed
        and re.search(r", [^,;]*\band\b[^,;]*$|\band\b[^,;]*$", text[: span[0]])
        and not re.search(r"\b(?:rose|fell|is|are|was|were|fails?|failed)\b.*\band\b", text[: span[0]])
    ):
        own = topics(listed[0]) & measured
    begin, over = context.part(span, text)
    parts = [text[begin : span[0]], text[span[1] : over]]
    for one in reversed(parts) if AT_THE.search(text[slice(*span)]) else parts:
        own = own or topics(one) & measured
    if "retries" in own:
        return ["retries"]
    return sorted(own - ({"lines"} if len(own) > 1 else set()))


# "Served at the usual error rate and latency": what is as usual stands behind.
AT_THE = re.compile(r"\bthe (?:usual|normal|expected)$")


def _spoken_of(text: str, measured: set[str]) -> frozenset[str]:
    """Our signals by what is said of them, others by a word of their name: `availability_percent`."""
    named = {one for one in measured - set(SIGNALS) if re.search(rf"\b{one.split('_')[0]}", text, re.IGNORECASE)}
    return frozenset(topics(text) & measured | named)


def _is_all_as_usual(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """ "europe-west1 is unaffected": where none of the rise is, or nothing that was measured deviates."""
    subjects = owners.subjects(span, text, mentions, known)
    if not subjects:
        return False
    shares = [
        fact.value
        for fact in known.facts
        if fact.whole == "rise" and any(owners.is_of(fact.subject, one) for one in subjects)
    ]
    levels = [one for one in known.levels if any(owners.is_of(one.subject, subject) for subject in subjects)]
    if shares:
        return all(share < 0.1 for share in shares)
    return bool(levels) and all(_direction(level) == 0 for level in levels)


def _levels(span: Span, text: str, mentions: list[Found], signal: str, known: Known) -> list[Level]:
    subjects = owners.subjects(span, text, mentions, known) or [known.scope]
    return [
        level
        for level in known.levels
        if level.signal == signal and any(owners.is_of(level.subject, subject) for subject in subjects)
    ]


def _direction(level: Level) -> int:
    if abs(level.deviations) < 3:
        return 0
    return 1 if level.actual > level.expected else -1


AFFECTED = re.compile(
    r"\b(?P<only>only|just)?\b[^,;]{0,40}\b(?:is|are|was|were) (?:also |likewise |equally )?(?:affected|hit|impacted)\b",
    re.IGNORECASE,
)


# What a service is said to do or to have, and the signals that would show it.
_FAILING = r"fail(?:s|ed|ing)?(?! (?:to|fast|over))|errors?|failures?|exceptions?|time(?:s|d)? out|timing out|timeouts?|broken|rejects?"
_SLOW = r"slow(?:s|ed|er|ness|down)?|delay(?:s|ed)?|lags?"
_AILING = r"suffer(?:s|ed|ing)?|degrad\w+|spikes?|surges?|deviat\w+|incident|problems?|issues?|symptoms?|anomal\w+"
CONDITIONS = (
    (re.compile(_FAILING, re.IGNORECASE), ("errors",)),
    (re.compile(r"retr(?:y|ies|ied|ying)", re.IGNORECASE), ("retries",)),
    (re.compile(_SLOW, re.IGNORECASE), ("latency",)),
    (re.compile(_AILING, re.IGNORECASE), ()),
)
_ADVERBS = r"(?: (?:itself|also|now|then|has|have|had|been|is|was|are|were|being|still|only|mainly|clearly|both|start(?:s|ed) to|began to|to))*"
_CONDITION = "|".join(words.pattern for words, _ in CONDITIONS)
DOES = re.compile(rf"{_ADVERBS} (?P<what>{_CONDITION})\b", re.IGNORECASE)
OWNS = re.compile(rf"['’]s? (?:\w+ )?(?P<what>{_CONDITION})\b", re.IGNORECASE)
OF_IT = re.compile(rf"\b(?P<what>{_CONDITION}) (?:of|in|at|from) (?:the )?(?:service )?$", re.IGNORECASE)


def conditions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "search fails", "the errors of search": only of a service that was seen to."""
    for one in mentions:
        if one.text not in known.services:
            continue
        found = DOES.match(text, one.span[1]) or OWNS.match(text, one.span[1]) or OF_IT.search(text[: one.span[0]])
        if found and not NONE_OF.search(text[: found.start("what")]):
            holds = _is_so(one.text, found["what"], known)
            yield Claim("direction", found.span("what"), found["what"], holds, "" if holds else f"{one.text} does not")


def _is_so(service: str, what: str, known: Known) -> bool:
    signals = next((signals for words, signals in CONDITIONS if words.fullmatch(what)), ())
    deviating = [one for one in known.levels if one.subject.service == service and _direction(one)]
    named = {signal for one in deviating for signal in (one.signal, *one.signal.split("_"))}
    if not signals:
        return bool(deviating) or service in {*known.messages, known.report.service} - {""}
    has_types = "errors" in signals and any(service in of for of in known.types.values())
    is_cause = known.has_cause and known.report.root_cause is not None and known.report.root_cause.service == service
    return (
        bool(named & set(signals))
        or has_types
        or (is_cause and "errors" in signals and bool(known.messages.get(service)))
    )


CONFINED = re.compile(r"\b(?:confined|limited|restricted|specific) to\b", re.IGNORECASE)


def affected(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Only us-central1 is affected": where the rise is; "checkout is affected": what deviates."""
    for found in AFFECTED.finditer(text):
        before = [one.text for one in mentions if one.span[1] <= found.end()][-1:]
        if not before or NEGATED.search(f"{text[: found.end()].rsplit(' ', 1)[0]} "):
            continue
        holds = _is_affected(before[0], known) and not (found["only"] and len(_rising(known)) > 1)
        yield Claim("direction", found.span(), found[0], holds, "" if holds else "nothing shows that it is")
    for found in CONFINED.finditer(text):
        behind = next((one.text for one in mentions if found.end() <= one.span[0] <= found.end() + 5), None)
        if behind in known.regions:
            holds = _rising(known) == {behind}
            yield Claim("direction", found.span(), found[0], holds, "" if holds else "nothing shows that it is")


def _is_affected(name: str, known: Known) -> bool:
    return name in (known.suffering if name in known.services else _rising(known) | {known.report.region})


def _rising(known: Known) -> set[str | None]:
    return {fact.subject.region for fact in known.facts if fact.whole == "rise" and fact.value >= 0.05}


def denials(text: str, known: Known) -> Iterator[Claim]:
    """ "No deployment …": only where none was found."""
    found = re.search(
        r"\b(?:no|without (?:any )?|not any|neither) (?:other )?(?:recent |recorded |new )?"
        r"(?:deployments?|change|release|rollout)s?\b(?! of| in (?:the )?(?:latency|traffic|memory|cpu|error|emission|carbon))",
        text,
        re.IGNORECASE,
    )
    if found and not re.search(r"\bother\b", found[0]):
        near = [
            one for one in known.changes if one.at and known.scope.region in (None, one.region or known.scope.region)
        ]
        yield Claim("cause", found.span(), found[0], not near, "there are changes" if near else "")


def deployments(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "A deployment of search preceded it": only where one is known, of what is named."""
    changes = [one for one in known.changes if one.at or one.deployment_id]
    names = {one.text for one in mentions}
    if names & {name for one in changes for name in (one.deployment_id, *one.versions)}:
        return
    services = names & known.services
    near = [one for one in changes if not services or one.service in services]
    for found in DEPLOYMENT.finditer(text):
        if not near and not NONE_OF.search(text[: found.end()]):
            yield Claim("cause", found.span(), found[0], holds=False, why="no such change is known")
            return


DEPLOYMENT = re.compile(
    r"\b(?:deployments?|rollouts?|released?|releases|rolled out|new versions?|version|deployed|shipped)\b",
    re.IGNORECASE,
)
NONE_OF = re.compile(
    r"\b(?:no|not|without|any|neither|nor|never|none|rather than|instead of|whether|if)\b", re.IGNORECASE
)
INCIDENT = re.compile(
    r"\b(?:has|is|have|are|was|had|suffers?|experience[sd]?) an? (?:\w+ )?(?:incident|spike|outage|anomaly)\b",
    re.IGNORECASE,
)


def states(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How it stands: severity, that it is over, that something is not to blame."""
    report = known.report
    for found in SEVERITY.finditer(text):
        holds = (found["a"] or found["b"]).lower() == report.severity.value
        yield Claim("state", found.span(), found[0], holds, "" if holds else f"severity is {report.severity.value}")
    for found in INCIDENT.finditer(text):
        holds = report.verdict is not Verdict.NOT_CONFIRMED
        yield Claim("state", found.span(), found[0], holds, "" if holds else "the alert was not confirmed")
    for found in OVER.finditer(text):
        is_scope = report.service is None and found[0].lower() == "all services"
        why = "" if is_scope else "a report cannot know that"
        yield Claim("state", found.span(), found[0], is_scope, why)
    for found in CLEARED.finditer(text):
        blamed = cause_names(known) & {one.text for one in mentions}
        root = report.root_cause
        if root and root.deployment_id and not blamed & {root.deployment_id, root.version}:
            blamed -= {root.service}
        span = context.clause(found.span(), text)
        is_another = causation.names_another(text[slice(*span)], span, mentions, known)
        holds = not blamed and (not known.has_cause or bool(mentions) or is_another)
        yield Claim("state", found.span(), found[0], holds, "" if holds else "it is what the evidence blames")
