"""Claims about the state of things: what was not deployed, how severe it is, that it is over or nothing to worry of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import causation, context
from worker.agent.grounding.claims import Claim, Found, judged
from worker.agent.grounding.conditions import NONE_OF, rising
from worker.agent.grounding.known import Known, cause_names
from worker.agent.grounding.topics import topics
from worker.domain.report import CauseKind, Verdict

# What a report at the time of an alert cannot know.
OVER = re.compile(
    r"\b(?:recover(?:ed|s)|resolved|mitigated|fixed itself|is over|back to normal|rolled back already"
    r"|no longer (?:fails?|failing)|fail(?:s|ed|ing)? to\b"
    r"|will (?:be|recover|return|end)|until (?=\d)|growing|(?<!no )worsening|improving|(?:customers|users) report\w*"
    r"|by mistake|on purpose|attack(?:ed|ers?)?|hacked|breach"
    r"|(?:last|next|every|each) (?:week|month|year|night)|tomorrow"
    r"|keeps? (?:rising|falling|growing)|still (?:rising|falling))\b",
    re.IGNORECASE,
)
# How many it is said of, and how fast it went: what was not looked at.
EXTENT = re.compile(
    r"\b(?:(?:all|every|other|both|several|many) (?:other )?(?:regions?|services?|deployments?)|everywhere|globally"
    r"|within (?:a )?(?:few )?seconds?|instantly|instantaneous(?:ly)?|gradual(?:ly)?|(?<!more )slowly|steadily"
    r"|progressively|little by little|bit by bit|over time|overnight)\b",
    re.IGNORECASE,
)
CLEARED = re.compile(
    r"\b(?:fine|harmless|innocent|no effect|not to blame|not the cause|unrelated"
    r"|without (?:any |an )?(?:negative |bad )?effect|can stay|safe|nothing to do with"
    r"|did not cause|false alarm|no incident|nothing is wrong|ruled out|(?:can|may|should|could) be excluded)\b",
    re.IGNORECASE,
)
_SEVERITY = "low|medium|high|critical"
SEVERITY = re.compile(
    rf"\bseverity\b[^.;,]{{0,40}}?\b(?P<a>{_SEVERITY})\b"
    rf"|\b(?P<b>{_SEVERITY})(?:[- ]severity\b| (?:incident|alert)s?\b)"
    rf"|\b(?:rated|classed|classified|ranked|graded|judged|considered|treated) (?:as )?(?:an? )?(?P<c>{_SEVERITY})\b",
    re.IGNORECASE,
)


# What a change did to the system: "the deployment of cart set a deadline that is too short".
DID = re.compile(
    r"\b(?:deployment|release|rollout|change|version|flag)\b[^,;]{0,60}? (?:sets?|introduce[ds]|add(?:ed|s)|remove[ds]"
    r"|enable[ds]|disable[ds]|drop(?:ped|s)|shorten(?:ed|s)|tighten(?:ed|s)|alter(?:ed|s)|broke|breaks) "
    r"(?=the\b|an?\b|its\b|[a-z]+\b)(?!out\b|off\b|no\b|nothing\b)",
    re.IGNORECASE,
)


def deeds(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Only the change that is the cause is known to have done anything."""
    root = known.report.root_cause
    for found in DID.finditer(text):
        named = {one.text for one in mentions if one.span[0] < found.end()}
        is_cause = root is not None and root.deployment_id and named & {root.deployment_id, root.version, root.service}
        if not is_cause and named:
            yield Claim("cause", found.span(), found[0], holds=False, why="it is not the cause")


SOLE = re.compile(
    r"\b(?:the|its) only (?:other )?(?:recent |recorded )?(?:deployment|change|release|rollout)\b", re.IGNORECASE
)


def soles(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The only change before the onset": in the regions that are named, else everywhere."""
    regions = {one.text for one in mentions} & known.regions
    for found in SOLE.finditer(text):
        made = {
            one.deployment_id for one in known.changes if one.at and (not regions or one.region in {None, *regions})
        }
        yield judged("cause", found, len(made) == 1, "there are others")


def denials(text: str, known: Known) -> Iterator[Claim]:
    """ "No deployment …": only where none was found."""
    found = re.search(
        r"(?<!shows )(?<!showed )\b(?:no|without (?:any )?|not any|neither) (?:other )?(?:recent |recorded |new )?"
        r"(?:deployments?|change|release|rollout)s?\b"
        r"(?! (?:\w+ ){0,3}(?:explains?|explained|accounts?|caused)\b)"
        r"(?! of| in (?:the )?(?:latency|traffic|memory|cpu|error|emission|carbon))",
        text,
        re.IGNORECASE,
    ) or NOTHING_DEPLOYED.search(text)
    if found and not re.search(r"\bother\b", found[0]):
        near = [
            one for one in known.changes if one.at and known.scope.region in (None, one.region or known.scope.region)
        ]
        yield Claim("cause", found.span(), found[0], not near, "there are changes" if near else "")


NOTHING_DEPLOYED = re.compile(
    r"\bno (?:sign|evidence|indication|trace) of (?:an? |any )?(?:\w+ )?(?:deployment|release|rollout)\b"
    r"|\bnothing (?:was|has been|had been|got) (?:deployed|released|changed|rolled out|shipped)\b"
    r"(?! (?:in|of|to|for)\b(?! the (?:two|2|last) ))",
    re.IGNORECASE,
)
NONE_OF_ONE = re.compile(
    r"\b(?:no|without (?:any )?) ?(?:recent |recorded |new )?(?:deployment|change|release|rollout)s?"
    r" (?:of|to|for) (?:the )?$",
    re.IGNORECASE,
)


GOT_NONE = re.compile(
    r" (?:itself )?(?:(?:did not|has not|had not) (?:get|got|receive|received|have|had)|got no|received no|had no)"
    r" (?:an? |any )?(?:new )?(?:version|release|deployment|rollout)\b"
    r"| (?:itself )?(?:was|has|had) not (?:been )?(?:re)?(?:deployed|released|changed)\b",
    re.IGNORECASE,
)


# "No change of checkout explains it".
EXPLAINING = re.compile(
    r" (?:\w+ )?(?:explains?|explained|caus\w+|accounts?|triggered|led|started|is to blame|is behind)\b"
)


# "Nothing was changed in us-central1".
NONE_IN = re.compile(
    r"\b(?:nothing (?:was|has been|had been) (?:deployed|changed|released|shipped|rolled out)"
    r"|no (?:other )?(?:deployment|change|release|rollout)s?\b[^,;]{0,40}) (?:in|to|at) (?:the )?$",
    re.IGNORECASE,
)


def undeployed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "No deployment of playback …": only where none of it is known."""
    for one in mentions:
        found = NONE_OF_ONE.search(text[: one.span[0]]) or GOT_NONE.match(text[one.span[1] :])
        is_denial_of_cause = EXPLAINING.match(text, one.span[1])
        if one.text in known.regions and (there := NONE_IN.search(text[: one.span[0]])):
            holds = one.text not in {change.region for change in known.changes if change.at}
            yield Claim("cause", one.span, there[0], holds, "" if holds else "there is one")
        if found and one.text in known.services and not is_denial_of_cause:
            holds = one.text not in {change.service for change in known.changes}
            yield Claim("cause", one.span, found[0], holds, "" if holds else "there is one")


def deployments(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "A deployment of search preceded it": only where one is known, of what is named."""
    changes = [one for one in known.changes if one.at or one.deployment_id]
    names = {one.text for one in mentions}
    if names & {name for one in changes for name in (one.deployment_id, *one.versions)}:
        return
    services = names & known.services
    near = [one for one in changes if not services or one.service in services]
    if changes and (apart := NEITHER_OF.search(text)):
        behind = {one.text for one in mentions if one.span[0] >= apart.end()} & known.services
        holds = bool(behind) and not behind & {one.service for one in changes}
        yield judged("cause", apart, holds, "one of them is")
        return
    for found in DEPLOYMENT.finditer(text):
        if not near and not NONE_OF.search(text[: found.end()]) and not causation.JUDGED.search(text):
            is_blamed = any(one.search(text) for one in causation.CAUSAL)
            yield Claim(
                "cause", found.span(), found[0], holds=False, why="no such change is known", is_open=not is_blamed
            )
            return


NEITHER_OF = re.compile(
    r"\b(?:neither|none)(?: of (?:them|these|the two|those)(?: (?:deployments|changes|releases))?)? "
    r"(?:concern(?:s|ed)?|belong(?:s|ed)? to|(?:is|was|were|are) (?:of|for|in|to)|touch(?:es|ed)?|involve[sd]?) ",
    re.IGNORECASE,
)
DEPLOYMENT = re.compile(
    r"\b(?:deployments?|rollouts?|deployed|shipped|releases?(?! (?:the|a|this|it|held)\b)|released|rolled out"
    r"|versions?)\b",
    re.IGNORECASE,
)
INCIDENT = re.compile(
    r"(?<!no )\b(?:signs?|evidence|indication) of (?:an?|the) (?:\w+ )?(?:incident|problem|spike)\b|"
    r"\b(?:has|is|have|are|was|had|suffers?(?: from)?|experience[sd]?)"
    r" an? (?:\w+ )?(?:incident|spike|outage|anomaly)\b",
    re.IGNORECASE,
)


NO_INCIDENT = re.compile(
    r"\b(?:no (?:sign|evidence|indication|trace) of (?:an?|any) (?:\w+ )?(?:problem|incident|spike|anomaly|issue)"
    r"|(?:was|is|were|could) not (?:be )?confirmed|not an incident|no (?:real )?incident)\b",
    re.IGNORECASE,
)


CONFIRMED = re.compile(r"\b(?:is|was|are|were|been|got|stands) (?:\w+ly )?confirmed\b", re.IGNORECASE)
COUNTED = re.compile(
    r"(?<!not )\b(?:(?:is|was|are|were|been) (?:\w+ly )?(?:counted|measured|recorded)"
    r"|(?:counted|measured|recorded|actual)(?= (?:loss|orders?|revenue)\b)|for certain|certainly|definitely"
    r"|exactly|precisely)\b",
    re.IGNORECASE,
)


def verdicts(text: str, known: Known) -> Iterator[Claim]:
    """ "The rise was confirmed": not where the verdict is that none was."""
    for found in CONFIRMED.finditer(text):
        holds = known.report.verdict is not Verdict.NOT_CONFIRMED
        yield judged("state", found, holds, "the alert was not confirmed")


LOST = re.compile(
    r"\b(?:there (?:is|was) (?:an? |some )(?:\w+ )?loss|(?:caused|causes|brought|means|meant) (?:an? |some )?(?:\w+ )?"
    r"loss(?:es)?"
    r"|(?:orders|revenue) (?:is|was|are|were|has been|have been) lost)\b",
    re.IGNORECASE,
)


def losses(text: str, known: Known) -> Iterator[Claim]:
    """ "There was a loss": only where one was measured or estimated."""
    for found in LOST.finditer(text):
        holds = known.report.impact.business.source is not None
        yield judged("state", found, holds, "none was measured")


QUIET = re.compile(
    r"\bno (?:action|need|(?:business|financial|user|customer) (?:impact|loss|effect)|alarm|incident)\b"
    r"|\bnothing (?:needs|has|is) to be (?:done|repaired|fixed)|\bnothing to (?:do(?! with)|repair|fix)\b",
    re.IGNORECASE,
)


def quiet(text: str, known: Known) -> Iterator[Claim]:
    """ "Nothing needs to be done", "no business impact": only where the alert was not confirmed."""
    for found in QUIET.finditer(text):
        holds = known.report.verdict is Verdict.NOT_CONFIRMED or (bool(REPAIR.search(found[0])) and is_demand(known))
        yield judged("state", found, holds, "there is an incident")


REPAIR = re.compile(r"\b(?:repair(?:ed)?|fix(?:ed)?|broken)$", re.IGNORECASE)


def is_demand(known: Known) -> bool:
    root = known.report.root_cause
    return known.has_cause and root is not None and root.kind is CauseKind.TRAFFIC


UNMEASURED = re.compile(
    r"\b(?P<what>users?|sessions?|customers?|orders?|revenue)\b[^.;]{0,50}?"
    r"\b(?:not (?:been )?(?:measured|known|recorded|available)|unknown|cannot be (?:measured|determined|known|told))\b",
    re.IGNORECASE,
)


def unmeasured(text: str, known: Known) -> Iterator[Claim]:
    """ "How many users are affected is not known": where no figure of it is."""
    users, business = known.report.impact.users, known.report.impact.business
    for found in UNMEASURED.finditer(text):
        is_business = re.match(r"order|revenue", found["what"], re.IGNORECASE)
        holds = (business.source if is_business else users.users_affected or users.users_share) is None
        yield judged("state", found, holds, "it was measured")


UNNOTICED = re.compile(
    r"\b(?:users?|customers?|callers?|clients?) (?:are|were|have been) (?:being )?(?:affected|impacted|hit|harmed)\b|"
    r"\b(?:users?|customers?|callers?|clients?|people|visitors?) (?:do|did|does|will|would)(?: not|n['’]t)"
    r" (?:notice|feel|see|suffer)"
    r"|\b(?:users?|customers?|callers?|clients?) (?:are|were) (?:not|un)[ -]?(?:affected|harmed|impacted|hit)"
    r"|\b(?:no|none of the|not a single) (?:users?|customers?|callers?|clients?)\b[^.;,]{0,20}"
    r"\b(?:affected|impacted|hit|notic\w+|harmed)|\b(?:nobody|no ?one) notic\w+"
    r"|\bno (?:noticeable |visible |direct )?(?:effect|impact|harm|influence) (?:on|to|for) (?:the )?"
    r"(?:users?|customers?)",
    re.IGNORECASE,
)
NOTICED = re.compile(
    r"\b(?:users?|customers?|callers?|clients?) (?:\w+ )?(?:notice|feel|see)\b(?! (?:no|nothing|none)\b)", re.IGNORECASE
)


def noticed(text: str, known: Known) -> Iterator[Claim]:
    """ "Users do not notice": where no more requests than usual fail, or are slow."""
    seen = [one for one in known.levels if one.subject == known.scope and one.signal in ("errors", "latency")]
    worse = [one for one in seen if one.deviations >= 3 and one.actual > one.expected]
    for found in UNNOTICED.finditer(text):
        holds = any(one.signal == "errors" for one in seen) and not worse
        yield judged("state", found, holds, "requests fail or are slow", is_open=not seen)
    for found in NOTICED.finditer(text):
        is_asked = re.search(
            r"\b(?:how many\b[^,;]{0,25}|\d[\d,]*|no|none of the|which|whether) $", text[: found.start()], re.IGNORECASE
        )
        if not is_asked:
            yield judged("state", found, bool(worse), "nothing shows that they do", is_open=not seen)


MEASURED = re.compile(
    r"\b(?P<what>users?|sessions?|customers?|orders?|revenue|emissions|carbon)\b(?: of [\w-]+)? "
    r"(?:is|are|was|were|has been) "
    r"(?:known|measured|recorded)\b",
    re.IGNORECASE,
)


def measured(text: str, known: Known) -> Iterator[Claim]:
    """ "Emissions were measured": where a figure of them is."""
    impact = known.report.impact
    for found in MEASURED.finditer(text):
        if NONE_OF.search(text[: found.end()]):
            continue
        of = found["what"].lower()
        figure = impact.carbon.actual_co2_grams if of in ("emissions", "carbon") else impact.users.users_affected
        figure = impact.business.orders_affected or figure if of.startswith(("order", "revenue")) else figure
        is_seen = of in ("emissions", "carbon") and any(one.signal == "carbon" for one in known.levels)
        yield judged("state", found, figure is not None or is_seen, "it was not measured")


def counts(text: str, known: Known) -> Iterator[Claim]:
    """ "31 orders were counted", "exactly 31 orders": not where they are estimated."""
    for found in COUNTED.finditer(text):
        spoken = topics(text[slice(*context.clause(found.span(), text))])
        if spoken & {"orders", "revenue"}:
            holds = known.report.impact.business.source not in (None, "estimated")
            yield judged("state", found, holds, "it is an estimate")


def _is_logged(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    """ "Failed to deserialize": where a log line of it says so."""
    behind = re.match(r" (\w{4,})", text[found.end() :])
    services = {one.text for one in mentions} & known.services or {known.report.service or ""}
    said = f"{found[0]} {behind[1]}".lower().replace("fails", "failed") if behind else ""
    return bool(said) and any(said in line.lower() for one in services for line in known.logged.get(one, ()))


AFFECTED = re.compile(r" (?:is|are|was|were) (?:affected|hit|impacted|involved|concerned)\b")


def _are_of_others(mentions: list[Found], known: Known) -> bool:
    """ "rel-2291 and rel-2290 are of other services": than the alerted one."""
    named = {one.text for one in mentions}
    services = {one.service for one in known.changes if one.deployment_id in named}
    return bool(services) and known.report.service not in services


CANNOT_KNOW = "a report cannot know that"


def _is_extent(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    said = found[0].lower()
    if said.startswith("other region"):
        is_none = re.search(r"\bno $", text[: found.start()], re.IGNORECASE)
        return bool(is_none) and AFFECTED.match(text, found.end()) is not None and len(rising(known)) == 1
    if said == "other services":
        return _are_of_others(mentions, known)
    if said in ("both services", "both deployments"):
        named = {one.text for one in mentions} | known.about
        return len(named & known.services) == 2 or (said == "both deployments" and _deployed(known) == 2)
    return known.report.service is None and said == "all services"


def _deployed(known: Known) -> int:
    return len({one.deployment_id for one in known.changes if one.at})


def states(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    """How it stands: severity, that it is over, that something is not to blame."""
    report = known.report
    for found in SEVERITY.finditer(text):
        holds = (found["a"] or found["b"] or found["c"]).lower() == report.severity.value
        yield judged("state", found, holds, f"severity is {report.severity.value}")
    for found in INCIDENT.finditer(text):
        holds = report.verdict is not Verdict.NOT_CONFIRMED
        yield judged("state", found, holds, "the alert was not confirmed")
    for found in NO_INCIDENT.finditer(text):
        holds = report.verdict is Verdict.NOT_CONFIRMED
        yield judged("state", found, holds, "there is an incident")
    for found in () if is_advice else OVER.finditer(text):
        holds = _is_logged(found, text, mentions, known)
        yield Claim("state", found.span(), found[0], holds, "" if holds else CANNOT_KNOW, is_unproven=not holds)
    for found in () if is_advice else EXTENT.finditer(text):
        holds = _is_extent(found, text, mentions, known)
        yield Claim("state", found.span(), found[0], holds, "" if holds else CANNOT_KNOW, is_open=not holds)
    for found in CLEARED.finditer(text):
        blamed = cause_names(known) & {one.text for one in mentions}
        root = report.root_cause
        if root and root.deployment_id and not blamed & {root.deployment_id, root.version}:
            blamed -= {root.service}
        span = context.clause(found.span(), text)
        is_another = causation.names_another(text[slice(*span)], span, mentions, known)
        holds = not blamed and (not known.has_cause or bool(mentions) or is_another)
        yield judged("state", found, holds, "it is what the evidence blames")
