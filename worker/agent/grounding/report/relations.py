"""Who is said to do something to whom: calls that were seen, victims, what made it worse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Fact, Known, cause_names
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import CauseKind

VICTIM = re.compile(
    r"\b(?:is|was|are|were|as|makes?|made) (?:[\w-]+ +)?(?:only |just |merely |likely )?(?:a|an|the) (?:\w+ )?"
    r"(?:victims?|sufferers?)\b(?: than\b)?"
    # "payments rather suffers than causes it".
    r"|\b(?:rather|merely|only|just) suffers?\b(?! from)|\bsuffers? (?:rather|more) than\b",
    re.IGNORECASE,
)
_TROUBLE = r"retries|requests|calls|failures|errors|traffic|load|timeouts|slowness|responses|trouble|problems|outage"
SERVICE_VERB = (
    # "payments' retries overloaded ledger".
    rf"(?:['’]s? (?:(?:new|slow|failing|many|own) )?(?:{_TROUBLE}))?"
    r" (?:\w+ly |also |itself |has |have |then |still )*(?P<verb>(?!speaks? that\b"
    r"|(?:if|unless|because|whenever|where|since|until|once|so|but|though|although|whereas|whether)\b"
    r"|is\b|are\b|was\b|were\b|and\b|n?or\b|but\b|of\b|in\b"
    r"|to\b|into\b|onto\b|over\b|through\b|before\b|after\b|like\b|from\b|with\b|by\b|for\b|at\b|on\b|than\b|as\b|while\b|when\b|both\b|itself\b|via\b|against\b|towards?\b|only\b)[a-z]+)"
    r"(?: (?:down|up|out|on|to|for|at|from|with|off|against))*(?: (?:the|all|its|that|a) ?(?:\w+ (?:of|to) )?)? ?"
)
CALLING = re.compile(
    r"call(?:s|ed|ing)?|depend(?:s|ed|ing)?|wait(?:s|ed|ing)?|us(?:e|es|ed|ing)|need(?:s|ed|ing)?|quer(?:y|ies|ied)"
    r"|name(?:s|d)?|mention(?:s|ed)?|point(?:s|ed|ing)?|refer(?:s|red)?|reach(?:es|ed|ing)?|involve(?:s|d)?"
    r"|invoke(?:s|d)?|contact(?:s|ed)?|ask(?:s|ed|ing)?",
    re.IGNORECASE,
)
# "checkout puts pressure on ledger", "payments passes its failures on to ledger": done to it, and no call.
BURDENING = re.compile(
    r"(?:['’]s?(?: \w+){1,2}?)? (?:\w+ly |also |then )?"
    r"(?:put|plac|exert|pass|hand|bring|brought|shift|pil|heap|push|spread|lay|laid|impos|inflict|transfer|propagat|add"
    r"|caus|giv|gave|do|did)(?:s|es|e|ed|t?ting|ing)? (?:(?:its|the|some|too|much|more|heavy|undue|such|a) ){0,3}"
    r"(?:pressure|load|strain|stress|burden|weight|failures?|errors?|trouble|slowness|latency|problems?|delays?|damage"
    r"|harm)(?: on| over)? (?:to|on|onto|upon|at|in|for) (?:the )?"
)
# "The calls that frontend makes to checkout".
MAKING = re.compile(r"(?: \w+ly)? (?:makes?|made) to (?:the )?")
# Passing nothing on: what both do, or how they compare.
BESIDE = re.compile(
    r"show(?:s|ed)?|share(?:s|d)?|behave(?:s|d)?|follow(?:s|ed)?|fail(?:s|ed|ing)?|time(?:s|d)?|suffer(?:s|ed)?"
    r"|retr(?:y|ies|ied)|stay(?:s|ed)?|begin|began|log(?:s|ged)?|run(?:s)?|ran|went|go(?:es)?|match(?:es|ed)?|puts?",
    re.IGNORECASE,
)
# "The trouble of payments comes from ledger": what causes it (`causation`), but not where its requests come from.
TROUBLE_OF = re.compile(
    r"\b(?:errors|failures|trouble|problems?|symptoms?|slowness|slowdown|latency|delays?|timeouts|outage|rise)"
    r" (?:of|in|at|on|for) (?:the )?$",
    re.IGNORECASE,
)
COMES_FROM = re.compile(r" (?:\w+ly )?(?:comes?|came|stem(?:s|med)?|originat(?:es?|ed)) (?:from|in|with) (?:the )?")


PRONOUN = re.compile(r"\b(?:it|they|both) $", re.IGNORECASE)


def victims(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "payments is a victim": of what deviates, and is not the cause."""
    told_so = {one.service for one in known.report.candidates if "suffers" in (one.against or "")}
    suffering = (told_so | (known.suffering if known.has_cause else set())) - cause_names(known)
    for found in VICTIM.finditer(text):
        services = [one for one in mentions if one.text not in known.regions and not owners.is_called(one, text)]
        before = [one.text for one in services if one.span[1] <= found.start()]
        inside = [one.text for one in services if found.start() < one.span[0] < found.end()]
        told = (inside or before)[-1:]
        if PRONOUN.search(text[: found.start()]):
            # "payments is third, but its errors name ledger, so it rather suffers": of whoever else is spoken of.
            told = sorted(({*before} & known.services or known.about) - cause_names(known))
        holds = bool(told) and {*told} <= suffering
        holds = holds and not _is_of_another(told[-1], found, text, services, known)
        yield judged("cause", found, holds, "nothing shows that it is one")


def _is_of_another(victim: str, found: re.Match[str], text: str, services: list[Found], known: Known) -> bool:
    """ "payments is a victim of checkout", which is not the cause, nor called by it."""
    of = next((one.text for one in services if text[found.end() : one.span[0]] in (" of ", " of the ")), None)
    is_known = of is None or of not in known.services or of in cause_names(known) or (victim, of) in known.calls
    return not is_known


SUFFERING = re.compile(
    r"\b(?:suffer(?:s|ed|ing)? from|(?:has|have|had|in) (?:\w+ )?(?:trouble|problems|difficult\w+) with)\b"
    r"(?P<what>[^.;]+)",
    re.IGNORECASE,
)
# "A failing dependency", "what it calls".
A_CALLEE = re.compile(
    r" (?:an?|the|one of its|its) (?:\w+ )?(?:dependency|dependencies|callees?)\b"
    r"| (?:what|the service|a service)(?: that)? it calls\b"
)


def suffering(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "ledger suffers from its callers": what causes it suffers from none of those that call it."""
    root = known.report.root_cause
    for found in SUFFERING.finditer(text):
        before = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services][-1:]
        start, end = found.span("what")
        services = [one for one in mentions if one.span[1] <= found.start() and one.text in known.services]
        joined = len(services) > 1 and text[services[-2].span[1] : services[-1].span[0]] == " and "
        before = [one.text for one in services[-2 if joined else -1 :]]
        named = {one.text for one in mentions if start <= one.span[0] < end} & known.services
        if (
            root
            and root.service in before
            and root.service != known.report.service
            and " it" in found["what"]
            and not IT.search(text[: found.start()])
        ):
            yield Claim("cause", found.span(), found[0], holds=False, why="it is what they suffer from")
            continue
        if OF_IT.match(found["what"]) and before and known.has_cause and not named:
            earlier = {one.text for one in services} - {*before}
            meant = {root.service if root else None} & {*known.about, known.report.service, *earlier}
            is_so = {*before} <= known.suffering - cause_names(known)
            if not IT.search(text[: found.start()]) and (meant or not is_so):
                yield judged("cause", found, is_so, "nothing shows that they do")
            continue
        if root and known.has_cause and {*before} <= known.suffering - cause_names(known) and before:
            is_callee = not named and root.kind is CauseKind.DEPENDENCY and A_CALLEE.match(found["what"])
            if named == {root.service} or is_callee:
                yield judged("cause", found, True, "")
                continue
        is_callers = named - set(before) or re.search(r"\bcallers?\b", found["what"])
        is_from_callers = root and root.service != known.report.service and root.service in before and is_callers
        if is_from_callers or _is_from_no_callee({*before}, named - {*before}, known):
            yield Claim("cause", found.span(), found[0], holds=False, why="it is what they suffer from")


def _is_from_no_callee(services: set[str], others: set[str], known: Known) -> bool:
    """ "payments suffers from checkout": from whom it neither calls nor has the cause."""
    pairs = {(one, other) for one in services for other in others}
    return bool(pairs) and not others & cause_names(known) and not pairs & known.calls


IT = re.compile(r"\b(?:it|they|this|that)(?: \w+){0,2} $", re.IGNORECASE)
OF_IT = re.compile(r" (?:it|that|this|its (?:failures?|errors|slowness))\b", re.IGNORECASE)


def missing(known: Known) -> set[tuple[str, str]]:
    """(caller, callee) of the calls that are no longer made."""
    fewer = [one for item in known.report.evidence for one in item.result.get("fewer") or ()]
    return {(str(one["service"]), str(callee)) for one in fewer for callee in one.get("missing") or ()}


# "It hardly calls cart any more" is told of what is missing (`calls`).
UNMADE = re.compile(r"\b(?:hardly|barely|scarcely|rarely|no longer|never|stop\w*|ceas\w+)\b", re.IGNORECASE)
AGAIN = re.compile(r" (?:(?:just |much )?as (?:before|usual|often)|again|once more)\b")
TO_BE = re.compile(r"\b(?:verify|check|confirm|ensure|make sure|see|watch|until|once|when|whether)\b", re.IGNORECASE)


def _is_awaited(one: Found, other: Found, text: str, known: Known) -> bool:
    """ "Verify that checkout calls cart as before": of a call that is missing now."""
    is_again = AGAIN.match(text, other.span[1]) and TO_BE.search(text[: one.span[0]])
    return bool(is_again) and (one.text, other.text) in missing(known)


def relations(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "search overloads checkout": what one does to another is told as a cause, unless it is a call that was seen."""
    services = [one for one in mentions if one.text in known.services]
    for one, other in pairwise(services):
        between = re.fullmatch(SERVICE_VERB, text[one.span[1] : other.span[0]])
        if (between and UNMADE.search(between[0])) or _is_awaited(one, other, text, known):
            continue
        is_told = between and COMES_FROM.fullmatch(between[0]) and TROUBLE_OF.search(text[: one.span[0]])
        is_beside = between and (BESIDE.fullmatch(between["verb"]) or is_told)
        if one.text != other.text and BURDENING.fullmatch(text[one.span[1] : other.span[0]]):
            span = (one.span[0], other.span[1])
            yield judged_at("cause", span, text, _does(one.text, other.text, known), "nothing shows that it does so")
            continue
        if not_shown := NOT_SHOWN.search(text[: one.span[0]]):
            span = (not_shown.start(), other.span[1])
            holds = not _does(one.text, other.text, known)
            yield judged_at("cause", span, text, holds, "something shows that it does so")
            continue
        if one.text == other.text or between is None or is_beside:
            yield from _calls(one, other, text, services, known)
            continue
        span = (one.span[0], other.span[1])
        # "The trouble of checkout reached ledger".
        is_theirs = TROUBLE_OF.search(text[: one.span[0]]) or between[0][0] in "'’"
        is_trouble = between["verb"].startswith("reach") and is_theirs
        is_call = not is_trouble and bool(CALLING.fullmatch(between["verb"]) or MAKING.fullmatch(between[0]))
        if is_call and NO_ERROR.search(text[: one.span[0]]):
            span, is_called = (one.span[0], other.span[1]), (one.text, other.text) in known.calls
            yield Claim("cause", span, text[slice(*span)], not is_called, "its errors do" if is_called else "")
            continue
        holds = _is_called(one, other, text, services, known) if is_call else _does(one.text, other.text, known)
        why = "" if holds else "nothing shows that it does so"
        # Of whom the report says who hardly calls it any more, it is another that does.
        is_missed = other.text in {callee for _, callee in missing(known)}
        is_open = is_call and not holds and not is_missed and (other.text, one.text) not in known.calls
        yield Claim("cause", span, text[slice(*span)], holds, why, is_open)


# "Nothing that was read shows that payments brought ledger down".
NOT_SHOWN = re.compile(
    r"\b(?:nothing(?: (?:that|which) was read| here)?|no evidence|no figure)"
    r" (?:shows?|says?|suggests?|proves?|indicates?) that (?:the )?(?:[\w-]+ of )?$",
    re.IGNORECASE,
)
# "No error of payments names ledger".
NO_ERROR = re.compile(
    r"\b(?:no|not a single|none of the|nothing in (?:the|any))(?: new)? (?:errors?|lines?|messages?)"
    r" (?:of|from) (?:the )?$",
    re.IGNORECASE,
)
# "catalog failed a minute before playback", "catalog failed after playback", "catalog was followed by playback".
AHEAD = re.compile(
    r"\b(?:before|prior to|ahead of|earlier than|followed by|preced(?:es?|ed|ing))(?: (?:that|those) of)?(?: the)? $"
    r"|\balready (?:been )?(?:\w+ing|down|broken|slow|unavailable|in trouble)\b[^,;]{0,16}"
    r" (?:when|as|by the time)(?: the)? $",
    re.IGNORECASE,
)
BEHIND = re.compile(r"\b(?:after|later than|follow(?:s|ed|ing))(?: (?:that|those) of)?(?: the)? $", re.IGNORECASE)
FIRST = re.compile(
    r"\b(?:fail|beg[ai]n|start|rose|broke|deviat|slow|affected|hit)\w*(?: to \w+)? (?:first|earlier)\b", re.IGNORECASE
)
SECOND = re.compile(
    r" (?:only |then )*(?:followed|came (?:later|second|after\w*)|(?:fail|start)\w* later)\b", re.IGNORECASE
)
BEGINNING = re.compile(
    r"\b(?:fail\w*|fell|dropped|jumped|climbed|beg[ai]n\w*|start\w*|rose|broke|deviat\w*|slow\w*|errors?|reject\w*"
    r"|refus\w*|stopped|collaps\w*|went down|dropp\w*|degrad\w*|suffer\w*|unavailable|affected|hit|onset)\b",
    re.IGNORECASE,
)


def orders(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "drm failed before playback": as their onsets were measured."""
    services = [one for one in mentions if one.text in known.services]
    if {one.text for one in mentions} & {change.deployment_id for change in known.changes}:
        return
    for one, other in pairwise(services):
        is_first = _inverted(text[: one.span[0]], text[one.span[1] : other.span[0]])
        if is_first is None:
            is_first = _says_first(text[one.span[1] : other.span[0]], text[other.span[1] :])
        if BY_SHARE.match(text, other.span[1]) and text[one.span[1] : other.span[0]].endswith("followed by "):
            continue
        is_told = BEGINNING.search(text) or DEPLOYED.search(text) or LATER.search(text)
        if is_first is None or one.text == other.text or not is_told:
            continue
        first, second = (one.text, other.text) if is_first else (other.text, one.text)
        when = _made if DEPLOYED.search(text[: other.span[0]]) else onset
        when = _failed if when is onset and FAILING.search(text[: other.span[1]]) else when
        told = topics(text[: other.span[1]]) & {*SIGNALS} if when is onset else frozenset()
        begun, later = (_rose(name, told, known) or when(name, known) for name in (first, second))
        holds = begun is not None and later is not None and begun < later
        span = (one.span[0], other.span[1])
        is_open = begun is None or later is None
        yield Claim("cause", span, text[slice(*span)], holds, "" if holds else "nothing shows that order", is_open)


# "shipping owns 83 % of the rise, followed by checkout with 11 %": by their shares.
BY_SHARE = re.compile(r" ?(?:with|at|\() ?(?:about |only |just )?\d")
FAILING = re.compile(r"\b(?:fail\w*|errors?)\b", re.IGNORECASE)


JOINED = re.compile(r",? and |, ")
# "ledger followed checkout two minutes later".
LATER = re.compile(r"\bfollow(?:s|ed)\b[^;.]{0,60}\b(?:minutes?|seconds?) (?:later|after)\b", re.IGNORECASE)
# "Six minutes before auth, checkout failed".
INVERTED = re.compile(r"^(?:[\w.]+ (?:minutes?|seconds?) )?(?:(?P<before>before)|after) (?:the )?$", re.IGNORECASE)


def _inverted(before: str, between: str) -> bool | None:
    found = INVERTED.match(before) if between == ", " else None
    return found["before"] is None if found else None


def _says_first(between: str, behind: str) -> bool | None:
    """Whether the first of two is said to be the earlier one; None where no order is told."""
    if BEHIND.search(between):
        return False
    if JOINED.fullmatch(between):
        # "payments and checkout followed": both did.
        return None
    return True if AHEAD.search(between) or FIRST.search(between) or SECOND.match(behind) else None


DEPLOYED = re.compile(r"\b(?:deployed|released|rolled out|shipped|went live|went out)\b", re.IGNORECASE)


def _made(service: str, known: Known) -> datetime | None:
    """When its last change was made."""
    return max((one.at for one in known.changes if one.at and one.service == service), default=None)


def onset(service: str, known: Known) -> datetime | None:
    """When the first of its signals rose; the window begins a little before the onset of the alerted service."""
    return first_onset([one.at for one in known.moments if one.kind == "onset" and one.of == service], known)


def _rose(service: str, signals: frozenset[str], known: Known) -> datetime | None:
    """ "The latency of ledger rose a minute before checkout's": of the one signal that is told."""
    found = [one.at for one in known.moments if one.of == service and one.signal in signals]
    return min(found) if found and len(signals) == 1 else None


def _failed(service: str, known: Known) -> datetime | None:
    """When it began to fail, where its errors have an onset of their own."""
    told = [one.at for one in known.moments if one.kind == "onset" and (one.of, one.signal) == (service, "errors")]
    return min(told, default=None) or onset(service, known)


def first_onset(found: list[datetime], known: Known) -> datetime | None:
    """Without the begin of the window, unless something rose just then."""
    rest = list(found)
    if known.report.window.start in rest:
        rest.remove(known.report.window.start)
    return min(rest or found, default=None)


def _does(service: str, other: str, known: Known) -> bool:
    """Only what causes it does anything to others."""
    root = known.report.root_cause
    return known.has_cause and root is not None and service == root.service and other in known.suffering


def _is_called(one: Found, other: Found, text: str, services: list[Found], known: Known) -> bool:
    return all((caller, other.text) in known.calls for caller in _callers(one, text, services))


def _callers(one: Found, text: str, services: list[Found]) -> list[str]:
    """ "payments and checkout call …": both."""
    before = [other for other in services if other.span[1] <= one.span[0]]
    joined = before and re.fullmatch(r",? (?:and|or) |, ", text[before[-1].span[1] : one.span[0]])
    return [one.text, *([before[-1].text] if joined else [])]


LOGGING = re.compile(
    r"\b(?:logs?|logged|raises?|raised|throws?|threw|reports?|reported|are|is|were|occurs?|appears?|fails? with)\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"\b(?:no|not|never|none|neither|nor|nothing|without|longer|absent|baseline)\b|n['’]t\b", re.IGNORECASE
)


def logging(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "playback and catalog both log LicenseUnavailableError": each of them does so now."""
    named = [one for one in mentions if one.text in known.types and one.text not in known.services]
    if len(named) != 1 or DENIED.search(text) or not LOGGING.search(text):
        return
    callees = {callee for _, callee in known.calls}
    services = {
        one.text
        for one in mentions
        if one.text in known.services and not owners.is_called(one, text) and not RANKED.search(text[: one.span[0]])
    }
    subjects = [fact.subject for fact in known.facts if _is_logged_now(fact, named[0].text)]
    regions = {one.text for one in mentions} & known.regions
    is_there = all(any(one.region in (None, region) for one in subjects) for region in regions)
    holds = bool(subjects) and is_there and services - callees <= {one.service for one in subjects}
    yield Claim("message", named[0].span, named[0].text, holds, "" if holds else "not all of them log it")


# "cartservice logged that its upstream checkoutservice is slow".
LOGGED_OF = re.compile(
    r" (?:logs?|logged|complain(?:s|ed)|reports?|reported|says?|said|writes|wrote)(?: in its log)? (?:that|of|about) "
    r"(?:(?:the|its|a|an|upstream|downstream|service|slow|failing) ){0,4}$"
)


def logged_of(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the lines of who is said to have logged it, where any service's name the other."""
    services = [one for one in mentions if one.text in known.services]
    for one, other in pairwise(services):
        if one.text == other.text or not LOGGED_OF.fullmatch(text[one.span[1] : other.span[0]]):
            continue
        telling = {of for of, lines in known.logged.items() for line in lines if other.text in line}
        if telling:
            span = (one.span[0], other.span[1])
            holds = one.text in telling
            yield judged_at("message", span, text, holds, "another one logged it")


# "…, far ahead of payments and checkout".
RANKED = re.compile(r"\b(?:ahead of|behind|followed by)(?: [\w.-]+(?:,| and))* $")


def _is_logged_now(fact: Fact, error_type: str) -> bool:
    return (fact.of, fact.dimension, fact.role) == (error_type, "lines", "now") and fact.value > 0


NO_CALL = "nothing shows that it calls it"
# "playback receives a 503 from drm-license".
RECEIVING = re.compile(r" (?:\w+ly )?(?:receives?|received|gets?|got) (?:\w+ ){0,4}(?:errors? )?from (?:the )?")
PASSIVE = re.compile(
    r",? (?:which )?(?:is|was|are|were) (?:\w+ly |also )?(?:called|named|used|queried|reached|needed|mentioned) by"
    r"(?: the)? ",
    re.IGNORECASE,
)
CALLS = re.compile(
    r"[^.;]{0,60}\b(?:calls?(?: to)?|calling|waiting for|waits?(?: [\d.,]+ ?\w+)? for|depends? on|naming|names?"
    r"|refers? to|mention(?:s|ing)?"
    r"|fails? (?:fast )?(?:on|at|against)|failing (?:fast )?on)(?: the)? ",
    re.IGNORECASE,
)


# "… name ledger, and every one of them names payments": ledger names nobody.
OF_OTHERS = re.compile(
    r"\b(?:and|but|while) (?:every|each|all|both|some|most|they|it|none|(?:about |only )?\d[\d.]* ?%)(?=\W)"
    r"|, (?:about |only )?\d[\d.]* ?% (?=names?\b)"
)


NEITHER = re.compile(r"\bneither (?=$|the $)")
DOES_NOT = re.compile(r" (?:(?:do|does|did)(?: not|n['’]t)|never) ", re.IGNORECASE)


def _calls(one: Found, other: Found, text: str, services: list[Found], known: Known) -> Iterator[Claim]:
    """ "payments times out when it calls ledger", "ledger is called by payments"."""
    between = text[one.span[1] : other.span[0]]
    is_passive = PASSIVE.fullmatch(between)
    pair = (other.text, one.text) if is_passive else (one.text, other.text)
    if is_passive or RECEIVING.fullmatch(between):
        holds = pair in known.calls
    elif one.text == other.text and any(it.text != one.text and it.span < one.span for it in services):
        # "Checkout rather suffers from shipping, as all its new errors name shipping": those of the first.
        return
    elif CALLS.fullmatch(NEITHER.sub("", between)) and not OF_OTHERS.search(between):
        # "The new errors of payments do not name ledger", "… name neither ledger nor search".
        is_denied = bool(DOES_NOT.match(between) or NEITHER.search(between))
        holds = _is_called(one, other, text, services, known) != is_denied
    else:
        return
    span = (one.span[0], other.span[1])
    is_open = not holds and pair not in known.calls and pair[::-1] not in known.calls
    yield Claim("cause", span, text[slice(*span)], holds, "" if holds else NO_CALL, is_open)
