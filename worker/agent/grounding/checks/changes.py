"""What is said of deployments and other changes: that there was none, only one, or what one did."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from worker.agent.grounding.checks import causation, judgements
from worker.agent.grounding.checks.conditions import NONE_OF
from worker.agent.grounding.report import owners, roster
from worker.agent.grounding.report.known import Change, Known
from worker.agent.grounding.text import causal, context, numerals
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.agent.grounding.text.pairs import Number
from worker.domain.report import CauseKind

# What a change did to the system: "the deployment of cart set a deadline that is too short".
DID = re.compile(
    r"\b(?:deployment|release|rollout|change|version|flag)\b[^,;]{0,60}? (?:sets?|introduce[ds]|add(?:ed|s)|remove[ds]"
    r"|enable[ds]|disable[ds]|drop(?:ped|s)|shorten(?:ed|s)|tighten(?:ed|s)|alter(?:ed|s)|broke|breaks) "
    r"(?=the\b|an?\b|its\b|[a-z]+\b)(?!out\b|off\b|no\b|nothing\b)",
    re.IGNORECASE,
)
# "deploy-8738 was a response to the failures", "… was rolled out to mend them".
IN_RESPONSE = re.compile(
    r" (?:of [\w-]+ )?(?:itself )?(?:is|was|were|came|went out)(?: \w+){0,4}? "
    r"(?:(?:a|an|the|in|as a|as an) (?:\w+ )?(?:response|reaction|answer|countermeasure|remedy|hotfix|fix|cure)\b"
    r"|(?:meant|made|deployed|released|rolled out|intended|supposed) to (?:fix|mend|stop|end|cure|counter"
    r"|remedy|repair))",
    re.IGNORECASE,
)


def deeds(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Only the change that is the cause is known to have done anything; none is known to be meant to mend it."""
    for one in mentions:
        made = [it.at for it in known.changes if it.at and it.deployment_id == one.text]
        if (meant := IN_RESPONSE.match(text, one.span[1])) and made and not causation.NOT.search(meant[0]):
            is_later = all(at >= known.report.window.start for at in made)
            yield judged("cause", meant, holds=False, otherwise="nobody tells that", is_open=is_later)
    root = known.report.root_cause
    for found in DID.finditer(text):
        named = {one.text for one in mentions if one.span[0] < found.end()}
        is_cause = root is not None and root.deployment_id and named & {root.deployment_id, root.version, root.service}
        if not is_cause and named:
            yield Claim("cause", found.span(), found[0], holds=False, why="it is not the cause")


# "The change left the version at 2.5.4", "it changed the configuration and not the version".
KEPT = re.compile(
    r"\b(?:left|leaves?|leaving|kept|keeps?|keeping) (?:(?:the|its)|[\w-]+ at) version"
    r"(?: unchanged| alone| as it (?:is|was)"
    r"| (?:(?:at|on) )?(?=(?P<a>v?\d[\w.+-]*)))?"
    r"|\bversion (?:itself )?(?:(?:did|does|has) not (?:change|move)d?\b|(?:stayed|stays|remained|remains)\b"
    r"(?: unchanged| the same| as it was| (?:at|on) (?=(?P<b>\S+)))?|(?:is|was) (?:left )?(?:unchanged|the same))"
    r"|(?:\b(?:not|rather than|instead of|without (?:changing|touching))|, not) the version\b"
    r"|\bversion (?:is|was|ran) (?=(?P<c>\S+) before and after\b)"
    r"|\bthe same version\b(?= (?:as|before|ran|is|was|runs))",
    re.IGNORECASE,
)
# "Deploy-8740, a configuration change, …".
IS_CONFIGURATION = re.compile(
    r",? (?:(?:which )?(?:is|was) )?(?:an?|the) (?:pure |mere )?(?:configuration|config) change\b", re.IGNORECASE
)
IS_VERSION = re.compile(
    r",? (?:which )?(?:(?:brought|introduced|installed|(?:rolled|put) out) (?:an?|the) (?:new|other|different)"
    r" (?:version|release)|chang(?:ed|es) (?:the|its) version)\b",
    re.IGNORECASE,
)
# "deploy-8725 brought version 6.2.12 of payments".
IT_BROUGHT = re.compile(
    r"(?: (?:of|in|to) [\w-]+){0,2},? (?:which |has )*"
    r"(?:brought|brings|introduce[sd]|installed|shipped|deployed|carrie[sd]|released"
    r"|(?:put|rolled)(?: out)?"
    r"|(?:took|takes|set|moved|switched|updated|upgraded|raised|lifted|brought) (?P<service>[\w.-]+)"
    r"(?: in [\w-]+)?(?: from \S+)? to)"
    r" (?:the )?(?:new )?(?:version |(?=v?\d))(?P<version>\S*\w)"
    r"(?: of [\w.-]+)?(?: (?:out )?(?:into|to|in) (?:the )?(?P<region>[\w-]+))?",
    re.IGNORECASE,
)

IT_REPLACED = re.compile(
    r",? (?:which |has |had )*(?:replaced|replaces|superseded|supersedes|took over from|succeeded)"
    r" (?:the )?(?:(?:old|previous|earlier) )?(?:version )?(?P<version>v?\d\S*\w)",
    re.IGNORECASE,
)


def kinds(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether a change brought a version, or changed the configuration and kept it."""
    named = {one.text for one in mentions}
    made = [one for one in known.changes if one.at]
    root = known.report.root_cause
    told = (
        [one for one in made if named & {one.deployment_id}]
        or [one for one in made if one.service in named]
        or [one for one in made if root and one.deployment_id == root.deployment_id]
        or made
    )
    for found in KEPT.finditer(text):
        at = (found["a"] or found["b"] or found["c"] or "").rstrip(".,;:)")
        holds = bool(told) and all(one.version and one.version == one.previous for one in told)
        holds = holds and (not at or at == told[0].version)
        is_open = not holds and any(one.previous is None for one in told)
        yield judged("state", found, holds, "its version is another one", is_open=is_open)
    configured = _configured(known)
    for one in mentions:
        if one.text in {it.deployment_id for it in made}:
            if is_one := IS_CONFIGURATION.match(text, one.span[1]):
                yield judged("state", is_one, one.text in configured, "it is no change of the configuration")
            if brought := IS_VERSION.match(text, one.span[1]):
                yield judged("state", brought, one.text not in configured, "it changed the configuration")
            if brought := IT_BROUGHT.match(text, one.span[1]):
                own = [it for it in made if it.deployment_id == one.text]
                holds = any(_is_brought(brought, it, known) for it in own)
                yield judged("state", brought, holds, "it brought another version, or elsewhere")
            if replaced := IT_REPLACED.match(text, one.span[1]):
                versions = {it.previous for it in made if it.deployment_id == one.text}
                yield judged("state", replaced, replaced["version"] in versions, "another version ran before")


def _is_brought(found: re.Match[str], change: Change, known: Known) -> bool:
    """Whether that version, to the service and the region that it says."""
    is_its = (found["service"] or "").lower() in ("", "it", change.service)
    is_elsewhere = change.region and found["region"] in known.regions - {change.region}
    return is_its and not is_elsewhere and found["version"] == change.version


# "Version 3.12.5 of search was deployed to us-central1 as deploy-8734".
MADE_AS = re.compile(
    r"\b(?:was|were|has been|had been|is|got) (?:deployed|released|rolled out|shipped|installed|put live)\b"
    r"[^,;:]{0,40} (?:as|with|by|in|through) (?:the )?(?:deployment |release |change )?$",
    re.IGNORECASE,
)


def made_as(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether that change is of the service, the region and the version that its clause names before it."""
    for one in mentions:
        made = [it for it in known.changes if it.at and it.deployment_id == one.text]
        found = MADE_AS.search(text[: one.span[0]]) if made else None
        if found:
            start = context.clause(one.span, text)[0]
            told = known.services | known.regions | {version for it in known.changes for version in it.versions}
            named = {it.text for it in mentions if start <= it.span[0] < one.span[0]} & told
            holds = any(
                named <= {it.service, it.version, *([it.region] if it.region else known.regions)} for it in made
            )
            yield judged("cause", found, holds, "it is another one")


def _configured(known: Known) -> set[str]:
    """What changed the configuration alone."""
    recorded = [one for item in known.report.evidence for one in item.result.get("changes") or ()]
    by_status = {str(one.get("deployment_id")) for one in recorded if one.get("status") == "config"}
    return by_status | {one.deployment_id for one in known.changes if one.version and one.version == one.previous}


OF_SERVICE = re.compile(r" (?:of|to|for|in) (?:the )?")
CONSIDERED = re.compile(r"(?: \w+)? (?:considered|suspected|ranked|among the candidates|in the ranking)\b")
SOLE = re.compile(
    r"\b(?:the|its) only (?:other )?(?:recent |recorded )?(?:deployment|change|release|rollout)\b", re.IGNORECASE
)


def soles(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The only change before the onset": in the regions that are named, else everywhere."""
    regions = {one.text for one in mentions} & known.regions
    for found in SOLE.finditer(text):
        of = OF_SERVICE.match(text, found.end())
        service = next(
            (one.text for one in mentions if of and one.span[0] == of.end() and one.text in known.services), None
        )
        considered = {one.deployment_id for one in known.report.candidates} - {None}
        made = {
            one.deployment_id
            for one in known.changes
            if not CONSIDERED.match(text, found.end()) or one.deployment_id in considered
            if one.at and (not regions or one.region in {None, *regions}) and service in (None, one.service)
        }
        # "The only other one" is the second.
        is_told = len(made) == (2 if "other" in found[0].lower() else 1)
        yield judged("cause", found, is_told, "there are others")


# "The other change, deploy-8730, went to notifications": between a deployment and whose it is.
# "deploy-8725, 87 min before the onset, was a deployment of catalog": what is told of it between.
WENT_TO = re.compile(
    r",? an? (?:\w+ ){0,2}?(?:deployment|change|release|rollout|version) (?:of|to|for) "
    r"|(?:,? \([^()]{2,60}\)|, [^,;]{2,60},| [–—] [^–—;]{2,60} [–—])?"
    r"(?:(?! (?:not|neither|no|nor|none|never)\b|n['’]t\b)[^;.]){0,24}?"
    r" (?:(?:went|goes) (?:out )?to|(?:is|was) (?:an? (?:\w+ )?(?:deployment|change|release|rollout|version) )?of"
    r"|belongs? to"
    r"|(?:brought|introduced|installed|was) an? (?:new )?(?:version|release) (?:of|to|for)|concern(?:s|ed)"
    r"|touche[sd]|reached|(?:is|was) (?:deployed|released|rolled out|made|shipped) (?:to|in|for)) (?:the )?",
    re.IGNORECASE,
)
A_CHANGE_OF = re.compile(
    r" (?:is|was) an? (?:deployment|change|release|rollout|version) (?:of|to|for)"
    r" (?!(?:the|its|it|this|that|an?|config\w*|version|code)\b)"
    r"(?P<what>[\w.:@-]*\w)"
)
NO_OTHER = re.compile(
    r"(?<!and )(?<!or )(?<!nor )\b(?:no|not any|without (?:any )?) ?(?:other|further|more|second|additional)"
    r" (?:recent |recorded )?(?:deployment|change|release|rollout)s?\b(?! (?:\w+ ){0,2}(?:explains?|accounts?|caused))",
    re.IGNORECASE,
)


def whose(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whose a deployment is said to be, and that there is none besides those that were spoken of."""
    made_by = {it.deployment_id: it.service for it in known.changes if it.service}
    for one, other in itertools.pairwise([one for one in mentions if one.text not in known.regions]):
        found = WENT_TO.fullmatch(text[one.span[1] : other.span[0]]) if other.text in known.services else None
        if one.text in made_by and found:
            # "deploy-1 as well as deploy-2 touched checkout": both.
            together = owners.listed(one.span[1], text, mentions, {*made_by})
            span = (one.span[0], other.span[1])
            holds = all(made_by[it.text] == other.text for it in together)
            yield judged_at("state", span, text, holds, "it is another one's")
    for one in mentions:
        # "v2026.06.24-1058 was a change of olapdb", which only a line names.
        found = A_CHANGE_OF.match(text, one.span[1]) if one.text in made_by else None
        if found and found["what"] not in known.services:
            yield judged_at("state", (one.span[0], found.end()), text, False, "it is another one's")
    for found in NO_OTHER.finditer(text):
        told = {one.text for one in (*mentions, *roster.mentions(known.previous, known))}
        regions = {one.text for one in mentions} & known.regions
        made = [it for it in known.changes if it.at and (not regions or it.region in {None, *regions})]
        others = [it for it in made if not told & {it.deployment_id, it.version, it.service}]
        yield judged("cause", found, not others, "there is another one")


def denials(text: str, known: Known) -> Iterator[Claim]:
    """ "No deployment …": only where none was found."""
    found = _none_made(text)
    if found and not re.search(r"\bother\b", found[0]):
        within = next((one.value for one in looked_back(text, known)), None)
        is_anywhere = ANY_SERVICE.search(text) and not any(one in text for one in known.regions)
        near = [
            one
            for one in known.changes
            if one.at and (is_anywhere or known.scope.region in (None, one.region or known.scope.region))
            if within is None or (known.report.window.start - one.at).total_seconds() <= within
        ]
        yield Claim("cause", found.span(), found[0], not near, "there are changes" if near else "")


# "No deployment of any service was recorded": there was none elsewhere, either.
ANY_SERVICE = re.compile(r"\b(?:any (?:other )?(?:service|region)|anywhere|no (?:other )?service)\b", re.IGNORECASE)
NONE = re.compile(
    r"(?:(?<!shows )(?<!showed )|(?<=evidence shows )|(?<=report shows )|(?<=data shows )|(?<=list shows ))"
    r"\b(?:no|without (?:any )?|not any|neither(?: an?)?) (?:other )?(?:recent |recorded |new )?"
    r"(?:deployments?|change|release|rollout)s?\b"
    r"(?! (?:[\w-]+ ){0,6}(?:explains?|explained|accounts?|caused|(?:is|was|are|were) (?:blamed|to blame))\b)"
    r"(?! (?:of|to|for)(?! (?:any|a single|one) (?:\w+ )?(?:services?|kind|sort)\b)"
    r"(?! (?:roll|blame|revert|undo|explain)\b)"
    r"| in (?:the )?(?:latency|traffic|memory|cpu|error|emission|carbon))",
    re.IGNORECASE,
)
# "A release can hardly be blamed, since none was recorded".
NONE_WAS = re.compile(
    r"(?<=, )(?:since|as|because) (?:none|nothing of (?:the|that) (?:kind|sort)) (?:is|was|has been|had been)"
    r" (?:recorded|known|found|seen|listed|made)\b"
)


def _none_made(text: str) -> re.Match[str] | None:
    """Where it says that there was no change."""
    of = DEPLOYMENT.search(text) or CHANGE.search(text)
    return NONE.search(text) or NOTHING_DEPLOYED.search(text) or (NONE_WAS.search(text, of.end()) if of else None)


CHANGE = re.compile(r"\bchanges?\b", re.IGNORECASE)
# "No deployment fell into the last twenty minutes before the onset".
WITHIN = re.compile(r"\b(?:in|into|within|during|over) the (?:last |past )?$")


def looked_back(text: str, known: Known) -> list[Number]:
    """How far a denial looks back: as far as was read any figure may be told, with which it holds or does not."""
    furthest = max((one.value for one in known.facts if one.signal == "looked back"), default=0.0)
    found = _none_made(text)
    end = text.find(";", found.end()) if found else 0
    return [
        one
        for one in (numerals.numbers(text) if found else ())
        if one.dimension == "seconds"
        and one.value <= furthest
        and found
        and found.end() <= one.span[0] < (end if end > 0 else len(text))
        and WITHIN.search(text[: one.span[0]])
        and re.match(r" (?:before|prior to|ahead of) ", text[one.span[1] :])
    ]


NOTHING_DEPLOYED = re.compile(
    r"\bno (?:sign|evidence|indication|trace|record) of (?:an? |any )?(?:\w+ )?(?:deployment|change|release|rollout)\b"
    r"|\bnothing (?:was|has been|had been|got) (?:deployed|released|changed|rolled out|shipped)\b"
    r"(?! (?:in|of|to|for)\b(?! the (?:two|2|last) ))",
    re.IGNORECASE,
)
NONE_OF_ONE = re.compile(
    r"(?<!is )(?<!was )(?<!are )\b(?:no|without (?:any )?) ?(?:recent |recorded |new )?"
    r"(?:deployment|change|release|rollout|version)s? (?:of|to|for) (?:the )?$",
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
    r"(?: in [\w.-]+)? (?:\w+ )?(?:explains?|explained|caus\w+|accounts?|triggered|led|started|is to blame|is behind)\b"
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
        before = text[: one.span[0]]
        found = NONE_OF_ONE.search(before) or GOT_NONE.match(text[one.span[1] :]) or NONE_IN.search(before)
        is_denial_of_cause = EXPLAINING.match(text, one.span[1])
        if one.text in known.regions and not is_denial_of_cause and (there := NONE_IN.search(before)):
            holds = one.text not in {change.region for change in known.changes if change.at}
            yield Claim("cause", one.span, there[0], holds, "" if holds else "there is one")
        if found and one.text in known.services and not is_denial_of_cause:
            holds = one.text not in {change.service for change in known.changes}
            yield Claim("cause", one.span, found[0], holds, "" if holds else "there is one")


def deployments(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "A deployment of search preceded it": only where one is known, of what is named."""
    changes = [one for one in known.changes if one.at or one.deployment_id]
    names = {one.text for one in mentions}
    yield from _of_others(text, mentions, known)
    if names & {name for one in changes for name in (one.deployment_id, *one.versions)}:
        return
    yield from _listed(text, mentions, {one.service for one in changes}, known)
    services = names & known.services
    near = [one for one in changes if not services or one.service in services]
    is_of_incidents = re.search(r"\bincidents\b", f"{known.previous} {text}")
    if changes and not is_of_incidents and (apart := NEITHER_OF.search(text)):
        behind = {one.text for one in mentions if one.span[0] >= apart.end()} & known.services
        holds = bool(behind) and not behind & {one.service for one in changes}
        yield judged("cause", apart, holds, "one of them is")
        return
    for found in DEPLOYMENT.finditer(text):
        if not near and not NONE_OF.search(text[: found.end()]) and not judgements.CLEARED.search(text):
            is_blamed = any(one.search(text) for one in causal.CAUSAL)
            yield Claim(
                "cause", found.span(), found[0], holds=False, why="no such change is known", is_open=not is_blamed
            )
            return


# "cart, search and payments were deployed": each of them.
WERE_DEPLOYED = re.compile(
    r" (?:were|have been|had been|got) (?:all |both |newly )?(?:re)?(?:deployed|released|rolled out|updated|upgraded"
    r"|changed|shipped)\b",
)


def _listed(text: str, mentions: list[Found], made: set[str | None], known: Known) -> Iterator[Claim]:
    for found in WERE_DEPLOYED.finditer(text):
        row = owners.listed(found.start(), text, mentions, known.services)
        is_told = len(row) > 1 and re.fullmatch(r"(?: in [\w-]+)?", text[row[-1].span[1] : found.start()])
        if is_told and not NONE_OF.search(text[: row[0].span[0]]) and not {one.text for one in row} <= made:
            yield judged("cause", found, holds=False, otherwise="no change of one of them is known", is_open=True)


# "deploy-8731 and deploy-8730 precede the alert, but neither is a change of checkout".
NONE_IS_OF = re.compile(
    r"\b(?:(?:neither|none)(?: of (?:them|these|the two|those))? (?:is|was|were|are) an?"
    r"|(?:is|was|are|were) (?:no|not an?))"
    r" (?:\w+ )?(?:change|deployment|release|rollout)s? (?:of|to|for) (?:the )?$",
    re.IGNORECASE,
)


def _of_others(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of the changes that are named before it, else of all."""
    made = {one.deployment_id: one.service for one in known.changes}
    for one in mentions:
        found = NONE_IS_OF.search(text[: one.span[0]]) if one.text in known.services else None
        if found:
            told = {it.text for it in mentions if it.span[1] <= found.start()} & {*made} or {*made}
            holds = all(made[it] not in (None, one.text) for it in told)
            yield judged("cause", found, holds, "one of them is")


NEITHER_OF = re.compile(
    r"\b(?:neither|none)(?: of (?:them|these|the two|those)(?: (?:deployments|changes|releases))?"
    r"| of the (?:\w+ )?changes[^,;]{0,40}?)? "
    r"(?:concern(?:s|ed)?|belong(?:s|ed)? to|(?:is|was|were|are) (?:one )?(?:of|for|in|to)"
    r"|touch(?:es|ed)?|involve[sd]?) ",
    re.IGNORECASE,
)
DEPLOYMENT = re.compile(
    r"\b(?:deployments?|rollouts?|deployed|shipped|releases?(?! (?:the|a|this|it|held)\b)|released|rolled out"
    r"|versions?)\b",
    re.IGNORECASE,
)
_THESE = r"(?:(?:these|those|them)(?: \w+)?|the \w+(?: \w+)?)"
_BLAMED = (
    r"blamed|(?:given|named|listed|seen|considered|regarded|taken|held|called) (?:as |to be )?(?:the |a )?(?:root )?"
    r"(?:cause|culprit|responsible)|(?:the|a) (?:root )?cause"
)
# "No recorded change explains this", "no change to it accounts for that".
UNEXPLAINED = re.compile(
    r"\b(?:no|not any|none of (?:the|its|their|these|those)|neither) (?:\w+ ){0,4}?"
    r"(?:changes?|deployments?|releases?|rollouts?)"
    r"(?! (?:and|n?or) )"
    r"(?: (?:made|done|applied))?(?: of (?:its|their) own)?(?: (?:of|to|in|for) (?P<of>[\w.@:-]+))?(?: in [\w-]+)?"
    r"(?: \w+ly)?"
    r" (?:(?:that |which )?(?:can|could|would|might) )?(?:explains?|explained|accounts? for)"
    r"(?: (?:it|this|that|them|why\b[^,;.]*|the (?:\w+ )?"
    r"(?:rise|errors|failures|latency|slowness|deviation|spike|alert)))?"
    rf"|\bnone of {_THESE} (?:is|was|are|were) (?:{_BLAMED})\b"
    rf"|\b(?:names?|named|gives?|gave|lists?|listed|blames?|blamed|holds?) none of {_THESE}"
    r"(?: (?:for|as|to be) [^,;.]{3,20})?",
    re.IGNORECASE,
)


THEM = re.compile(r"\bnone of (?:these|those|them)\b", re.IGNORECASE)


def unexplained(text: str, known: Known) -> Iterator[Claim]:
    """ "No recorded change explains this": not where a change is the cause, unless another one is spoken of."""
    root = known.report.root_cause
    for found in UNEXPLAINED.finditer(text):
        is_change = known.has_cause and root is not None and root.kind is CauseKind.DEPLOYMENT
        is_another = "other" in found[0].lower() or bool(
            root and found["of"] in known.services and found["of"] != root.service
        )
        told = {one.deployment_id for one in known.changes if one.deployment_id in known.previous}
        if THEM.search(found[0]) and told:
            # "None of them is given as the cause": those of the sentence before.
            is_another = root is None or root.deployment_id not in told
        yield judged("cause", found, not is_change or is_another, "the cause is a change")
