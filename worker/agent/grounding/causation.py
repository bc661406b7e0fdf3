"""What is said to cause what, to be its victim or its part, and who is said to do something to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import claims, owners
from worker.agent.grounding.claims import Claim, Found, Span
from worker.agent.grounding.known import Known, cause_names
from worker.domain.report import CauseKind, RootCause

_CAUSING = (
    r"caused|causes|causing|broke|breaks|triggered|triggers|led to|leads to|leading to|brought down|is the (?:root )?cause of"
    r"|(?:is|was|are|were) responsible for|(?:is|was) to blame for|explains|explained|resulted in|results in|resulting in|drives|drove"
    r"|introduced|introduces|provoked|induced"
)
_CAUSED = (
    r"because of|due to|caused by|triggered by|brought about by|the result of|a result of|thanks to|owing to|stems? from"
    r"|stemm(?:ed|ing) from|comes? from|came from|driven by|explained by|attributable to|attributed to|results? from"
    r"|resulted from|resulting from|originat\w+ (?:in|from|with|at)|(?:traces?|traced) (?:back )?to|lies? (?:in|with)"
    r"|lay (?:in|with)|rooted in|linked to|introduced by|a consequence of"
)
# "since 14:57" is a time, "since payments is down" a reason.
_SINCE = r"since(?! (?:then|about|around|when|last|\d| ))"
CAUSES = (
    r"^(?:because(?: of)?|due to|owing to|thanks to|as a result of|since(?! \d| ))\b(?P<cause>[^,]+),(?P<effect>.+)",
    rf"(?P<effect>.+?) (?:(?:is|was|were|are|can be|has been) )?(?:\w+ly )?(?:{_CAUSED}) (?P<cause>.+)",
    rf"(?P<cause>.+?) (?:has |have )?(?:{_CAUSING})(?! by\b) (?P<effect>.+)",
    r"(?P<cause>.+?) (?:is|was|are|were) (?:likely |probably )?(?:responsible|to blame|at fault)\b(?P<effect>.*)",
    r"(?P<cause>.+?) (?:is|was) (?:why|the reason (?:why|for|that)) (?P<effect>.+)",
    rf"(?P<effect>.+?) (?:because(?! of)|as a result of|thanks to|{_SINCE}) (?P<cause>.+)",
    r"(?P<cause>.+?) (?:is|was|are|were|as) (?:not )?(?:the|a|an) (?:[\w-]+ ){0,2}"
    r"(?:cause|culprit|origin|source|offender|trigger)\b(?P<effect>.*)",
    r"\bcause (?:of|in|for|behind) (?P<effect>[^:;]+?) (?:is|was) (?P<cause>[^,:;(]+)",
    r"(?<!this )(?:root )?cause(?: (?:is|was)|:) (?P<cause>[^,:;(]+)(?P<effect>)",
)
CAUSAL = tuple(re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in CAUSES)
NOT = re.compile(
    r"\b(?:not|never|no longer|neither|nor|cannot|unlikely|hardly|ruled out|excluded|exclude|rule out)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
# A judgement that has a reason, where other sentences have an effect: "… is ruled out because …".
JUDGED = re.compile(
    r"\b(?:ruled out|excluded|unrelated|not the (?:\w+ )?cause|not to blame|not responsible|did not cause|no worse"
    r"|innocent|unlikely|not involved)\b",
    re.IGNORECASE,
)
KINDS = (
    (CauseKind.DEPLOYMENT, r"deploy\w*|releases?|rollouts?|versions?|(?:configuration |code )?changes?"),
    (CauseKind.TRAFFIC, r"demand|traffic|more requests|load(?! )"),
)
KIND = {kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for kind, words in KINDS}
VICTIM = re.compile(r"\b(?:is|was|are|were|as) (?:only |just |merely )?(?:a|an|the) (?:\w+ )?victims?\b", re.IGNORECASE)
SERVICE_VERB = (
    r" (?:\w+ly |also |itself |has |have |then |still )*(?P<verb>(?!is\b|are\b|was\b|were\b|and\b|or\b|but\b|of\b|in\b"
    r"|to\b|from\b|with\b|by\b|for\b|at\b|on\b|than\b|as\b|while\b|when\b|both\b|itself\b|via\b|against\b|only\b)[a-z]+)"
    r"(?: (?:down|up|out|on|to|for|at|from|with|off|against))*(?: (?:the|all|its|that|a) ?(?:\w+ (?:of|to) )?)? ?"
)
CALLING = re.compile(
    r"call(?:s|ed|ing)?|depend(?:s|ed|ing)?|wait(?:s|ed|ing)?|us(?:e|es|ed|ing)|need(?:s|ed|ing)?|quer(?:y|ies|ied)"
    r"|name(?:s|d)?|mention(?:s|ed)?|point(?:s|ed|ing)?|refer(?:s|red)?|reach(?:es|ed|ing)?|involve(?:s|d)?"
    r"|invoke(?:s|d)?|contact(?:s|ed)?",
    re.IGNORECASE,
)
# Passing nothing on: what both do, or how they compare.
BESIDE = re.compile(
    r"show(?:s|ed)?|share(?:s|d)?|behave(?:s|d)?|follow(?:s|ed)?|fail(?:s|ed|ing)?|time(?:s|d)?|suffer(?:s|ed)?"
    r"|retr(?:y|ies|ied)|stay(?:s|ed)?|begin|began|log(?:s|ged)?|run(?:s)?|ran|went|go(?:es)?|match(?:es|ed)?",
    re.IGNORECASE,
)


# What advice is given for: "…, since it has hardly logged anything".
REASON = re.compile(r",? (?:because|since|as)(?! (?:of|then|about|around)\b) (?!\d| )")


def causes(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    """Of advice, what its reason says: that it is the reason for doing so is no claim."""
    reason = REASON.search(text) if is_advice else None
    if reason:
        text = claims.blanked(text, [(0, reason.end())])
    for pattern in CAUSAL:
        found = pattern.search(text)
        if found and BLAME.search(found["effect"]):
            # "X is the cause, since …": why it is thought to be is told besides.
            yield from causes(
                claims.blanked(text, [(0, found.start("effect")), (found.end("effect"), len(text))]), mentions, known
            )
            return
        if found:
            why = _wrong_cause(found, text, mentions, known)
            yield Claim("cause", found.span(), found[0], not why, why)
            return


BLAME = re.compile(r"\b(?:is|was|are) the (?:\w+ ){0,2}(?:cause|culprit|reason)\b", re.IGNORECASE)
PRONOUN = re.compile(r"\W*(?:this|that|it|these|they|which|all of this)\W*", re.IGNORECASE)
# "By search itself rather than by more requests": the second is denied.
RATHER = re.compile(r",? (?:rather than|instead of|and not)(?! \d) |, not ", re.IGNORECASE)


def _wrong_cause(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> str:
    root, cause, effect = known.report.root_cause, found.span("cause"), found.span("effect")
    if _is_where_it_rises(text, cause, effect, mentions, known) or _is_part(found, known):
        return ""
    if not known.has_cause or root is None:
        return "the evidence shows no cause"
    if JUDGED.search(found["effect"]):
        return "" if names_another(found["effect"], effect, mentions, known) else "it is the cause"
    other = RATHER.search(found["cause"])
    if other:
        start = cause[0] + other.end()
        if not names_another(text[start : cause[1]], (start, cause[1]), mentions, known):
            return "it is the cause"
        cause = cause[0], cause[0] + other.start()
    between = found[0].replace(found["cause"], " ", 1).replace(found["effect"], " ", 1 if found["effect"] else 0)
    if NOT.search(text[slice(*cause)]) or NOT.search(between):
        return "" if names_another(text[slice(*cause)], cause, mentions, known) else "it is the cause"
    if PRONOUN.fullmatch(text[slice(*cause)]):
        return ""
    causing, suffering = _within(cause, mentions, known), _within(effect, mentions, known)
    if _is_of_cause(suffering, causing, root, known):
        return "what is said to suffer is the cause"
    deployments = {change.deployment_id for change in known.changes}
    if causing & known.services - _told_with(root, known) or causing & deployments - {root.deployment_id}:
        return "something else is the cause"
    if causing & cause_names(known):
        return ""
    return (
        ""
        if not causing and KIND.get(root.kind, NEVER).search(text[slice(*cause)])
        else "the evidence shows another cause"
    )


NEVER = re.compile(r"(?!)")


def _told_with(root: RootCause, known: Known) -> set[str | None]:
    """Services that may stand where the cause is told: its own, and of a failing callee the one that calls it."""
    return {root.service, *(caller for caller, callee in known.calls if callee == root.service)}


def _within(span: Span, mentions: list[Found], known: Known) -> set[str]:
    return {one.text for one in mentions if span[0] <= one.span[0] < span[1]} - known.regions


def names_another(part: str, span: Span, mentions: list[Found], known: Known) -> bool:
    """Whether that part speaks of something that could be the cause, and is not."""
    named = _within(span, mentions, known)
    root = known.report.root_cause
    if named:
        return not named & (cause_names(known) - ({known.report.service} if root and root.deployment_id else set()))
    kinds = {kind for kind, words in KIND.items() if words.search(part)}
    return bool(kinds) and root is not None and root.kind not in kinds


def _is_of_cause(suffering: set[str], causing: set[str], root: RootCause, known: Known) -> bool:
    """A deployment suffers from nothing, nor a service that others suffer from."""
    if suffering & ({root.deployment_id, root.version} - {None}):
        return True
    return root.service in suffering and root.service != known.report.service and root.service not in causing


def _is_part(found: re.Match[str], known: Known) -> bool:
    """ "Retries caused 15 gCO₂e of the excess": a part of it, whose figure is checked by itself."""
    parts = {fact.of for fact in known.facts if fact.whole == "excess" and fact.of}
    said = found["cause"].strip().lower().removeprefix("the ")
    return said in parts and bool(re.match(r"\W*(?:about |roughly )?[\d$]", found["effect"]))


RISE = re.compile(
    r"\b(?:rise|increase|growth|excess|spike|surge|emissions?|carbon|co₂|errors?|failures?|all)\b", re.IGNORECASE
)


def _is_where_it_rises(text: str, cause: Span, effect: Span, mentions: list[Found], known: Known) -> bool:
    """ "Nearly all of the rise comes from us-central1": where, not why."""
    places = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]}
    regions = places & known.regions
    if not regions or places - regions or not RISE.search(text[slice(*effect)]):
        return False
    parts = [fact for fact in known.facts if fact.whole == "rise" and fact.value >= 0.5]
    return any(fact.subject.region in regions for fact in parts)


def victims(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "payments is a victim": of what deviates, and is not the cause."""
    for found in VICTIM.finditer(text):
        before = [one.text for one in mentions if one.span[1] <= found.start() and one.text not in known.regions]
        holds = bool(before) and known.has_cause and before[-1] in known.suffering - cause_names(known)
        yield Claim("cause", found.span(), found[0], holds, "" if holds else "nothing shows that it is one")


def relations(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "search overloads checkout": what one does to the other is told as a cause, unless it is a call that was seen."""
    services = [one for one in mentions if one.text in known.services]
    for one, other in zip(services, services[1:], strict=False):
        between = re.fullmatch(SERVICE_VERB, text[one.span[1] : other.span[0]])
        if one.text == other.text or between is None or BESIDE.fullmatch(between["verb"]):
            yield from _calls(one, other, text, services, known)
            continue
        span = (one.span[0], other.span[1])
        if CALLING.fullmatch(between["verb"]):
            holds = all((caller, other.text) in known.calls for caller in _callers(one, text, services))
            why = "" if holds else "nothing shows that it calls it"
        else:
            root = known.report.root_cause
            holds = known.has_cause and root is not None and one.text == root.service and other.text in known.suffering
            why = "" if holds else "nothing shows that it does so"
        yield Claim("cause", span, text[slice(*span)], holds, why)


def _callers(one: Found, text: str, services: list[Found]) -> list[str]:
    """ "payments and checkout call …": both."""
    before = [other for other in services if other.span[1] <= one.span[0]]
    joined = before and re.fullmatch(r",? (?:and|or) |, ", text[before[-1].span[1] : one.span[0]])
    return [one.text, *([before[-1].text] if joined else [])]


CALLS = re.compile(
    r"[^.;]{0,60}\b(?:when (?:they|it) (?:calls?|wait(?:s)? for)|calls? to|calling|waiting for|waits? for|depends? on"
    r"|naming|names?|fails? (?:fast )?(?:on|at|against)|failing (?:fast )?on)(?: the)? ",
    re.IGNORECASE,
)


def _calls(one: Found, other: Found, text: str, services: list[Found], known: Known) -> Iterator[Claim]:
    """ "payments times out when it calls ledger"."""
    if CALLS.fullmatch(text[one.span[1] : other.span[0]]):
        holds = all((caller, other.text) in known.calls for caller in _callers(one, text, services))
        span = (one.span[0], other.span[1])
        yield Claim("cause", span, text[slice(*span)], holds, "" if holds else "nothing shows that it calls it")


def worse(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether a deployment made it worse: only the one that is the cause did."""
    changes = {change.deployment_id for change in known.changes}
    root = known.report.root_cause
    for found in WORSE.finditer(text):
        named = owners.last_before(found.start(), [one for one in mentions if one.text in changes])
        if named and known.has_cause and root and root.deployment_id:
            is_worse = named.text == root.deployment_id
            holds = is_worse != bool(re.search(r"\b(?:no|not|never|without)\b", found[0], re.IGNORECASE))
            yield Claim("cause", found.span(), found[0], holds, "" if holds else "the evidence shows otherwise")


WORSE = re.compile(
    r"\b(?:(?:no|not|never|not get|not become|nothing got) (?:any )?(?:worse(?:ning)?|worsen(?:ed|ing)?)"
    r"|(?:is|was|are|were|made it|got) (?:much |clearly )?worse)\b",
    re.IGNORECASE,
)
