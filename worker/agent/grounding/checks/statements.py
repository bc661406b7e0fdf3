"""Claims about the state of things: what was not deployed, how severe it is, that it is over or nothing to worry of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import clearances, severities, shares, suspects
from worker.agent.grounding.checks.conditions import NONE_OF, rising
from worker.agent.grounding.checks.movements import split_signals
from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import claims, context, numerals, quantifiers
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.denials import DENIED, JUST_BEFORE, LEFT_OPEN
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import CauseKind, Verdict

# What a report at the time of an alert cannot know.
OVER = re.compile(
    r"\b(?:recover(?:ed|s)|resolved|mitigated|fixed itself|is over|back to normal|rolled back already"
    r"|no longer (?:fails?|failing)|fail(?:s|ed|ing)? to\b"
    r"|will (?:be|recover|return|end|stay|remain|keep|continue|fail|rise|fall|grow|worsen|happen|hit|reach|spread)"
    r"|would (?:be|have been) (?:\w+ )?(?:higher|lower|larger|smaller|greater|less|more|worse|better)"
    r"|until (?=\d)|growing|(?<!no )worsening|improving|(?:customers|users) report\w*"
    r"|by mistake|on purpose|attack(?:ed|ers?)?|hacked|breach"
    r"|(?:last|past|next|every|each) (?:week|month|year|quarter|decade|night|weekday|morning|evening)"
    r"|(?:every|each) day for (?:an? |the |\w+ )(?:\w+ )?(?:weeks?|months?)"
    r"|(?:every|each|on) (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|tomorrow"
    r"|(?:ever|never) (?:seen|measured|recorded|observed|logged) (?:so|such)"
    r"|(?:(?<!as )ever|all-time|since records began)"
    r"|(?:keeps?|kept|still|continues?(?: to)?) (?:\w+ )?(?:ris(?:e|ing)|fall(?:ing)?|grow(?:ing)?|climb(?:ing)?"
    r"|increas(?:e|ing)|worsen(?:ing)?|spread(?:ing)?|escalat(?:e|ing))(?! (?:in|of)\b)"
    r"|and (?:still )?(?:rising|falling|growing|climbing|worsening|spreading)(?=[.,;]|\W*$)"
    r"|(?<!without )getting (?:\w+ )?(?:worse|better|slower|faster|higher|lower|larger|smaller|more|fewer|less)"
    r"|on the (?:rise|increase|decline|mend)"
    r"|no sign of (?:ending|stopping|slowing|improvement|(?:a )?recovery)"
    r"|no end in sight|not (?:yet )?(?:peaked|over|stopped|ended)|has (?:since )?(?:worsened|improved))\b",
    re.IGNORECASE,
)
# That it has passed, or was done by somebody, is refuted; of the rest nothing is known.
ENDED = re.compile(
    r"recover|resolved|mitigated|fixed|is over|back|rolled|no longer|improving|by mistake|on purpose|attack"
    r"|hacked|breach|on the (?:decline|mend)|has (?:since )?improved|getting \w*\s?better|(?:customers|users) report",
    re.IGNORECASE,
)
# How many it is said of, and how fast it went: what was not looked at.
EXTENT = re.compile(
    r"\b(?:(?:all|each|both)(?: (?:two|three|four|five|\d+))? (?:of )?(?:the |its |their |these )?regions"
    r"|(?:all|every|other|both|several|many) (?:other )?(?:regions?|services?|deployments?)|everywhere|globally"
    r"|(?:both|several|many) (?:\w+ )?(?:changes|releases|rollouts)"
    r"|within (?:a )?(?:few )?seconds?|instantly|instantaneous(?:ly)?|gradual(?:ly)?"
    r"|(?<!more )(?<!answers )(?<!answered )(?<!answering )(?<!answer )"
    r"(?<!responds )(?<!responded )(?<!responding )(?<!respond )slowly|steadily"
    r"|progressively|little by little|bit by bit|over time|overnight)\b",
    re.IGNORECASE,
)
CLEARED = re.compile(
    r"\b(?:fine|harmless|innocent|no effect|not to blame|not the cause|unrelated"
    r"|exonerat\w+|absolv\w+|acquit\w*|exculpat\w+|vindicat\w+|in the clear|off the hook|red herring|irrelevant"
    r"|(?:above|beyond|free of) suspicion|beside the point"
    r"|(?:is|are|was|were|looks?|seems?|appears?) (?:\w+ )?(?:benign|blameless|faultless|trustworthy"
    r"|unsuspicious|reliable|successful)"
    r"|without (?:any |an )?(?:negative |bad )?effect|can stay|safe|nothing to do with"
    r"|did not cause|no incident|nothing is wrong|ruled out"
    r"|(?:can|may|should|could) be (?:excluded|(?:set|left|put) aside))\b",
    re.IGNORECASE,
)
# Without a verdict that is not known of anybody.
SOUND = re.compile(r"fine|harmless|safe|innocent", re.IGNORECASE)
_SEVERITY = "low|medium|high|critical"
SEVERITY = re.compile(
    rf"\bseverity\b[^.;,]{{0,70}}?\b(?P<a>{_SEVERITY})\b"
    rf"|\b(?P<b>{_SEVERITY})(?:[- ]severity\b| (?:incident|alert)s?\b)"
    rf"|\b(?:rated|classed|classified|ranked|graded|judged|considered|treated|labell?ed|deemed|called)"
    rf" (?:as )?(?:an? )?(?P<c>{_SEVERITY})\b"
    rf"|\b(?:rates?|classes|ranks|grades|judges|considers|calls) "
    r"(?:it|this|that|the (?:incident|alert|case)(?: (?:in|of|at) \S+){0,2}) "
    rf"(?:as )?(?:an? )?(?P<d>{_SEVERITY})\b"
    rf"|\bma(?:kes?|de|king) (?:it|this|that|the (?:incident|alert|severity)) (?:an? )?(?P<e>{_SEVERITY})\b",
    re.IGNORECASE,
)


_TROUBLE = r"(?:incident|spike|outage|anomaly|degradation|disruption|breakdown|malfunction|slowdown|problem|failure)s?"
INCIDENT = re.compile(
    rf"(?<!no )\b(?:signs?|evidence|indication) of (?:an?|the) (?:\w+ )?{_TROUBLE}\b"
    r"|\b(?:has|is|have|having|seeing|are|was|had|suffer(?:s|ed|ing)?(?: from)?|experienc(?:es?|ed|ing)|underwent"
    r"|undergoes"
    r"|(?:goes|went|going|been) through|saw|sees|seen|reveal(?:s|ed)?|shows?|showed|confirm(?:s|ed)?|detect(?:s|ed)?"
    r"|found|faced?|faces|hit by|affected by|indicates?|indicated|points? to|pointed to|marks?|marked|caught|behind it)"
    rf" an? (?:[\w-]+ ){{0,2}}{_TROUBLE}\b"
    rf"|(?<!not )\b(?:enough|sufficient) (?:for|to be|to make(?: it)?) an? (?:\w+ )?{_TROUBLE}\b"
    rf"|\b(?:confirmed|genuine|real|actual|true) {_TROUBLE}\b"
    r"|\b(?:the|this) (?:incident|outage|degradation|disruption|breakdown)\b[^,;.]{0,40}?"
    r" (?:began|begins|started|starts|lasted|hit|affect(?:ed|s)|rais(?:ed|es)|caus(?:ed|es)|lasts|struck|occurred)\b",
    re.IGNORECASE,
)


NO_INCIDENT = re.compile(
    r"\b(?:no (?:sign|evidence|indication|trace) of (?:an?|any) (?:\w+ )?(?:problem|incident|spike|anomaly|issue)"
    r"|no (?:[\w-]+ ){0,2}(?:incident|spike|problem|anomaly|outage|failure)\b[^,;.]{0,24}"
    r" (?:was|is|could be|has been) confirmed"
    r"|(?:was|is|were|could) not (?:be )?confirmed"
    r"|not (?:to be |(?:turn(?:ed)? out|prove[dn]?)(?: to be)? )?an incident"
    r"|(?:could|can|did)(?: ?not|n['’]t) confirm (?:the|a|any|this) (?:spike|alert|rise|incident)"
    r"|(?:does|do|did)(?: not|n['’]t) (?:stand for|amount to|mean|mark|make|constitute) an? (?:\w+ )?incident"
    r"|(?:does|do|did)(?: not|n['’]t) point to an? (?:\w+ )?(?:incident|problem|spike)"
    r"|none of (?:this|that|it|these|them) (?:(?:confirm|indicate|suggest|show|make)s?|points? to)"
    r" an? (?:\w+ )?(?:incident|problem|spike)"
    r"|no (?:real )?incident|nothing to (?:be )?explain(?:ed)?"
    r"|no (?:\w+ )?(?:deviation|rise|spike) to (?:be )?explain(?:ed)?"
    r"|(?:speaks?|argues?|counts?|tells?) against (?:an?|any) (?:\w+ )?(?:incident|spike|problem|outage)"
    r"|(?<!no )(?<!not a )(?<!never a )(?<!hardly a )(?<!but a )false (?:alarm|alert|positive))\b",
    re.IGNORECASE,
)


CONFIRMED = re.compile(
    r"\b(?:is|was|are|were|been|got|stands) (?:\w+ly )?confirmed\b"
    r"|\b(?:no|not a|never a|hardly a|anything but a) false (?:alarm|alert|positive)\b"
    r"|\b(?:alert|alarm)\b[^,;.]{0,40} (?:is|was) (?:\w+ly |a )?(?:genuine|real|justified|warranted|well[- ]founded)\b",
    re.IGNORECASE,
)


def verdicts(text: str, known: Known) -> Iterator[Claim]:
    """ "The rise was confirmed": not where the verdict is that none was."""
    for found in CONFIRMED.finditer(text):
        if NONE_OF.search(text[context.clause(found.span(), text)[0] : found.start()]):
            # "No spike was confirmed": see `NO_INCIDENT`.
            continue
        holds = known.report.verdict is not Verdict.NOT_CONFIRMED and "No verdict" not in known.report.headline
        yield judged("state", found, holds, "the alert was not confirmed")


# "… could not be confirmed in that way": how something was looked at.
IN_THAT_WAY = re.compile(r" (?:in|by|with|from) (?:that|this|it|them|the (?:log )?lines)\b")
QUIET = re.compile(
    r"\bno (?:action|need(?! (?:to|for) (?:roll|revert|restart|touch|chang))"
    r"|(?:business|financial|user|customer) (?:impact|loss|effect)|alarm|incident)\b"
    r"|\bthere (?:is|was|were|are) no loss(?:es)?(?= of (?:orders?|revenue|sales|money|business)\b|[,.;]|$)"
    r"(?! of [^,;.]{0,40}\b(?:measured|recorded|known|estimated|that)\b)"
    r"|\bno loss(?:es)?(?: of (?:orders?|revenue|sales|money|business))?"
    r" (?:followed|occurred|resulted|arose|came of it)\b"
    r"|\b(?:business|company|shop) (?:has |had )?lost nothing\b"
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


def _is_its_end(found: re.Match[str], text: str, known: Known) -> bool:
    """ "The baseline covers 23 hours, until 19:54 UTC": where that is its end, or the window's."""
    if not found[0].lower().startswith("until"):
        return False
    before = text[: found.start()].lower()
    if not before.strip() and numerals.numbers(text[text.find(",") :]):
        # "Until 09:45 UTC, ledger failed 0.1 % of its requests": by then it had begun; the figure is a usual one.
        onset = known.report.root_cause and known.report.root_cause.onset
        return any(text.startswith(f"{one:%H:%M}", found.end()) for one in (known.report.window.start, onset) if one)
    told = [
        span for name, span in (("baseline", known.report.baseline), ("window", known.report.window)) if name in before
    ]
    ends = [one.end for one in told[:1]] or [
        one.at for one in known.moments if one.kind == "pause" and "pause" in before
    ]
    return any(text.startswith(f"{one:%H:%M}", found.end()) for one in ends)


def _is_logged(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    """ "Failed to deserialize": where a log line of it says so."""
    behind = re.match(r" (\w{4,})", text[found.end() :])
    services = {one.text for one in mentions} & known.services or {known.report.service or ""}
    said = f"{found[0]} {behind[1]}".lower().replace("fails", "failed") if behind else ""
    return bool(said) and any(said in line.lower() for one in services for line in known.logged.get(one, ()))


AFFECTED = re.compile(r" (?:is|are|was|were) (?:affected|hit|impacted|involved|concerned)\b")


# "Its calls to two other services": how many they are is a figure.
COUNTED = re.compile(rf"\b(?:{'|'.join(quantifiers.SMALL)}|\d+) $", re.IGNORECASE)


def _are_of_others(mentions: list[Found], known: Known) -> bool:
    """ "rel-2291 and rel-2290 are of other services": than the alerted one."""
    named = {one.text for one in mentions}
    told = [one for one in known.changes if one.deployment_id in named]
    services = {one.service for one in told}
    return bool(services) and known.report.service not in services


BLAMED = "it is what the evidence blames"
CANNOT_KNOW = "a report cannot know that"


BOTH = 2


def _are_other_services(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    if shares.PARTLESS.search(text, found.end()):
        # "The other services, among them cart, contribute nothing to it": than those that were named before.
        before = [one for one in mentions if one.span[1] <= found.start()]
        named = {one.text for one in (*before, *roster.mentions(known.previous, known))}
        return shares.have_none(known.services - named, known)
    return bool(COUNTED.search(text[: found.start()])) or _are_of_others(mentions, known)


def _is_extent(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    said = found[0].lower()
    if "region" in said:
        return _are_regions(found, text, mentions, known)
    if said == "other services":
        return _are_other_services(found, text, mentions, known)
    if said.startswith("other deployment"):
        return _are_other_deployments(found, mentions, known)
    if re.match(r"(?:both|several|many)\b.*\b(?:deployment|change|release|rollout)s", said):
        return _are_so_many(found, text, mentions, known)
    if said in ("several services", "many services"):
        return _are_several(found, text, known)
    is_both = said == "both services" and len(({one.text for one in mentions} | known.about) & known.services) == BOTH
    return is_both or (said == "all services" and known.report.service is None)


# "… belongs to recommendations in asia-east1 and not to the other regions".
AND_NOT = re.compile(r"\b(?:not|rather than|never) (?:to|in|from|of|by|on|with) (?:the |any )?$", re.IGNORECASE)
# What the others have of a rise that is told not to be theirs.
LITTLE = 0.1


def _is_all_of(before: str, mentions: list[Found], known: Known) -> bool:
    """Whether the regions that are named before have all of the rise but a little."""
    named = {one.text for one in mentions if one.span[1] <= len(before)} & known.regions
    parts = [one for one in known.facts if (one.whole, one.dimension) == ("rise", "share") and one.subject.region]
    rest = sum(one.value for one in parts if one.subject.region not in named)
    return bool(named and parts) and rest <= LITTLE


A_RISE = re.compile(r"\b(?:rise|rose|increased?)\b", re.IGNORECASE)
WENT_TO = re.compile(r"\b(?:went|belong(?:ed)?|made|deployed|released|rolled out|are|were) (?:to|in|of) (?:the )?$")


def _are_regions(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    said, before = found[0].lower(), text[: found.start()]
    if said.startswith("other region"):
        return _are_other_regions(found, text, mentions, known)
    if said.startswith("both") and A_RISE.search(text):
        is_of_it = topics(text) & {*SIGNALS} <= split_signals(known)
        return is_of_it and len(known.regions & rising(known)) == BOTH
    if re.match(r"(?:all|every|each)\b(?!.*\bother\b)", said):
        # "Across all regions payments answers in 513 ms": what was measured of all together.
        is_summed = known.scope.region is None and re.search(r"\b(?:[Aa]cross|[Oo]ver) $", before)
        if shares.EVENLY.match(text, found.end() + 1):
            rises = [one.value for one in known.facts if (one.whole, one.dimension) == ("rise", "share")]
            return bool(rises) and max(rises) <= shares.EVEN * min(rises)
        return bool(is_summed) or (len(known.regions) > 1 and known.regions <= rising(known))
    return False


def _are_other_regions(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    before = text[: found.start()]
    if re.search(r"\bno $", before, re.IGNORECASE):
        return AFFECTED.match(text, found.end()) is not None and len(rising(known)) == 1
    if AND_NOT.search(before):
        return _is_all_of(before, mentions, known)
    if WENT_TO.search(before):
        # "deploy-8730 and deploy-8729 both went to other regions".
        named = {one.text for one in mentions}
        made = {one.region for one in known.changes if one.deployment_id in named}
        return bool(made) and known.report.region not in made
    # "In other regions, namely asia-east1 and us-central1".
    behind = {one.text for one in mentions if one.span[0] >= found.end()} & known.regions
    return bool(behind) and known.report.region not in behind and text[found.end()] in ",(:"


def _are_other_deployments(found: re.Match[str], mentions: list[Found], known: Known) -> bool:
    """ "Two other deployments are on record, deploy-8734 and deploy-8733": than the one that is the cause."""
    root = known.report.root_cause
    behind = {one.text for one in mentions if one.span[0] >= found.end()} & {one.deployment_id for one in known.changes}
    return bool(behind) and not (root and root.deployment_id in behind)


SEVERAL = 3


def _are_several(found: re.Match[str], text: str, known: Known) -> bool:
    """ "Calls to it from several services became slow", "the rise is spread across several services"."""
    if re.search(r"\bcalls\b[^,;.]{0,20} from $", text[: found.start()]):
        slower = [one for one in known.facts if (one.signal, one.role) == ("calls", "excess") and one.value > 0]
        return len({one.of for one in slower}) >= SEVERAL
    parts = {one.subject.service for one in known.facts if one.whole == "rise" and one.value > 0 and not one.of}
    least = SEVERAL if found[0].lower().startswith("several") else SEVERAL + 2
    return bool(re.search(r"\b(?:across|over|among|by) $", text[: found.start()])) and len(parts - {None}) >= least


# "Several deployments of cart", "both deployments in us-central1".
OF_OR_IN = re.compile(r" (?:of|to|for|in) (?:the )?")
MANY = {"both": (2, 2), "several": (3, None), "many": (5, None)}


def _are_so_many(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    """Of all changes, or of those of whom is named right behind; and both of two that are named."""
    behind = OF_OR_IN.match(text, found.end())
    of = {one.text for one in mentions if behind and one.span[0] == behind.end()}
    made = {one.deployment_id for one in known.changes if one.at and of <= {one.service, one.region}}
    least, most = MANY[found[0].split()[0].lower()]
    is_of_named = most is not None and len({one.text for one in mentions} & (made | known.services)) == most
    return is_of_named or least <= len(made) <= (most or len(made))


def _incidents(text: str, known: Known) -> Iterator[Claim]:
    """ "It suffered an outage": not where the alert was not confirmed, unless it is denied."""
    is_confirmed = known.report.verdict is not Verdict.NOT_CONFIRMED
    for found in INCIDENT.finditer(text):
        before = text[context.clause(found.span(), text)[0] : found.end()]
        if is_confirmed or not (LEFT_OPEN.search(before) or AGAINST.search(before)):
            yield judged("state", found, is_confirmed, "the alert was not confirmed")


# "This speaks against a real incident".
AGAINST = re.compile(r"\b(?:speaks?|argues?|counts?|tells?) against\b", re.IGNORECASE)


def _cleared(text: str) -> Iterator[re.Match[str]]:
    """But for a signal, which is cleared by its level."""
    calm = [one.span() for one in clearances.calm(text)]
    yield from (one for one in CLEARED.finditer(text) if not any(a <= one.start() < b for a, b in calm))


def states(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    """How it stands: severity, that it is over, that something is not to blame."""
    report = known.report
    unreached = [found.span() for found in severities.UNREACHED.finditer(text)]
    for found in SEVERITY.finditer(claims.blanked(text, unreached)):
        is_it = next(filter(None, found.groups())).lower() == report.severity.value
        is_denied = DENIED.search(found[0]) or JUST_BEFORE.search(text[: found.start()])
        yield judged("state", found, is_it != bool(is_denied), f"severity is {report.severity.value}")
    yield from _incidents(text, known)
    for found in NO_INCIDENT.finditer(text):
        if IN_THAT_WAY.match(text, found.end()):
            continue
        is_unjudged = "No verdict" in report.headline and found[0].lower().endswith("confirmed")
        there = next((one for one in mentions if text[found.end() : one.span[0]] in (" in ", " in region ")), None)
        is_elsewhere = there and there.text in known.regions and report.region not in (None, there.text)
        holds = (report.verdict is Verdict.NOT_CONFIRMED or is_unjudged) and not is_elsewhere
        yield judged("state", found, holds, "it was of elsewhere" if is_elsewhere else "there is an incident")
    for found in () if is_advice else OVER.finditer(text):
        holds = _is_logged(found, text, mentions, known) or _is_its_end(found, text, known)
        is_open = not holds and not ENDED.match(found[0])
        yield Claim("state", found.span(), found[0], holds, "" if holds else CANNOT_KNOW, is_open, not holds)
    for found in () if is_advice else EXTENT.finditer(text):
        holds = _is_extent(found, text, mentions, known)
        yield Claim("state", found.span(), found[0], holds, "" if holds else CANNOT_KNOW, is_open=not holds)
    for found in _cleared(text):
        blamed = cause_names(known) & {one.text for one in mentions}
        root = report.root_cause
        if root and root.deployment_id and not blamed & {root.deployment_id, root.version}:
            blamed -= {root.service}
        span = context.clause(found.span(), text)
        is_another = suspects.names_another(text[slice(*span)], span, mentions, known)
        holds = not blamed and (not known.has_cause or bool(mentions) or is_another)
        holds = holds and not ("No verdict" in report.headline and SOUND.fullmatch(found[0]))
        yield judged("state", found, holds, BLAMED)
