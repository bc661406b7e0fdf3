"""What a service or a region is said to suffer: that it fails, is slow, is affected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import wayless
from worker.agent.grounding.checks.movements import logged_errors, went
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known, Subject
from worker.agent.grounding.text import context, quantifiers
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import NEGATED
from worker.domain.report import Verdict

NONE_OF = re.compile(
    r"\b(?:no|not|nothing|without|any|neither|nor|never|none|rather than|instead of|whether|if|against)\b",
    re.IGNORECASE,
)
# What a service is said to do or to have, and the signals that would show it.
_FAILING = (
    r"fail(?:s|ed|ing)?(?! (?:to|fast|over))|errors?|failures?|exceptions?|time(?:s|d)? out|timing out|timeouts?|broken"
    r"|rejects?"
)
_SLOW = r"slow(?:s|ed|er|ly|ness|down)?|delay(?:s|ed)?|lags?"
_AILING = (
    r"suffer(?:s|ed|ing)?|degrad\w+|spikes?|surges?|incident|problems?|issues?|symptoms?|anomal\w+"
    r"|deviat(?:e|es|ed|ing)|(?:an?|some|its own)(?: slight| clear| small| marked)? deviations?|misbehav\w+"
    r"|struggl(?:e|es|ed|ing)|(?:in|has|had) trouble|ill|unwell|(?:went|goes|gone|going) wrong"
)
CONDITIONS = (
    (re.compile(_FAILING, re.IGNORECASE), ("errors",)),
    (re.compile(r"retr(?:y|ies|ied|ying)", re.IGNORECASE), ("retries",)),
    (re.compile(_SLOW, re.IGNORECASE), ("latency",)),
    (re.compile(_AILING, re.IGNORECASE), ()),
)
_ADVERBS = (
    r"(?: (?:which|that|itself|also|now|then|has|have|had|been|is|was|are|were|being|still|only|mainly|clearly|both|all"
    r"|do|does|did|show|shows|showed|no|not|any|never"
    r"|looks|looked|seems|seemed"
    r"|start(?:s|ed) to|began to|to|answer(?:s|ed|ing)?|respond(?:s|ed|ing)?|became|become|gone))*"
)
_CONDITION = "|".join(words.pattern for words, _ in CONDITIONS)
# "search, which was deployed earlier, fails".
_BESIDES = r"(?:, (?:which|who|whose|itself|in turn|deployed|released|changed|updated|an?|the|with) [^,;]{3,70},)?"
DOES = re.compile(rf"{_BESIDES},?{_ADVERBS} (?P<what>{_CONDITION})\b", re.IGNORECASE)
OWNS = re.compile(rf"['’]s? (?:\w+ )?(?P<what>{_CONDITION})\b", re.IGNORECASE)
ITS = re.compile(rf" (?:\w+ )?(?P<what>{_CONDITION})\b(?! (?:share|rate|ratio|level|count)s?\b)", re.IGNORECASE)
OF_IT = re.compile(rf"\b(?P<what>{_CONDITION}) (?:of|in|at|from) (?:the )?(?:service )?$", re.IGNORECASE)


def conditions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "search fails", "the errors of search": only of a service that was seen to."""
    for one in mentions:
        if one.text not in known.services or owners.is_called(one, text):
            continue
        is_its = text[slice(*one.span)].lower() in ("its", "their")
        owned = (ITS if is_its else OWNS).match(text, one.span[1]) or OF_IT.search(text[: one.span[0]])
        found = (None if is_its else DOES.match(text, _end(one, text, mentions, known))) or owned
        if found:
            if (
                (found is owned and OF_A_SHARE.search(text[: found.start()]))
                or (found is owned and _is_counted(one, found, text, known))
                or _is_so_many(found, text)
                or _is_of_a_signal(one, found["what"], text)
            ):
                continue
            is_negated = bool(NEGATED.search(text[: found.start("what")]) or DENIED.match(text, one.span[1]))
            # "No cause, since it fails": of what its reason says.
            begin = 0 if text[slice(*one.span)] != "it" else one.span[0]
            if not is_negated and NONE_OF.search(text[begin : found.start("what")]):
                continue
            regions = _regions(one, text, mentions, known)
            is_so = _is_more if MORE.match(text, found.end("what")) else _is_so
            is_of_list = found is not owned and PLURAL.search(found[0])
            row = owners.row_of(one, text, mentions, known) if is_of_list else [one]
            holds = all(is_so(it.text, found["what"], known) != is_negated for it in row)
            holds = holds and (is_negated or regions <= rising(known))
            holds = _is_clean(one.text, regions, found["what"], known, or_else=holds) if is_negated else holds
            if not holds and _has_figure(found, text):
                continue
            is_open = not holds and not any(level.subject.service == one.text for level in known.levels)
            why = "" if holds else f"{one.text} does not"
            yield Claim("direction", found.span("what"), found["what"], holds, why, is_open)


# "ledger, cart and checkout fail", "… were slow": of each.
PLURAL = re.compile(r"\b(?:are|were|have|show|do|both|fail|suffer|retry|deviate|struggle|time out)\b", re.IGNORECASE)


# "Ledger is slow, but it does not fail".
BESIDE_NOT = re.compile(
    r"\b(?:but|and|yet|though|although) (?:it )?(?:itself )?(?:(?:does|did)(?: not|n['’]t) fail"
    r"|(?P<slow>(?:is|was)(?: not|n['’]t) slow))\b(?! (?:more|less|over|fast|to)\b)"
)


def denied_beside(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of whom is named last before it."""
    for found in BESIDE_NOT.finditer(text):
        named = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services][-1:]
        of = (*named, "latency" if found["slow"] else "errors")
        own = [one.deviations for one in known.levels if (one.subject.service, one.signal) == of]
        if own:
            yield judged("direction", found, max(own) < 3, f"{named[0]} does")


def _is_clean(service: str, regions: set[str | None], what: str, known: Known, *, or_else: bool) -> bool:
    """ "Shipping in us-central1 shows no errors": by its sampled lines there, whatever it does elsewhere."""
    is_of_errors = _signals(what) == ("errors",)
    counted = logged_errors([Subject(service, one) for one in regions], known) if is_of_errors else []
    return not any(counted) if counted else or_else


# "Failed 3.7 % of its requests", "fails with 12 % of them", "answers slowly: its p99 is 4,230 ms".
ITS_FIGURE = re.compile(
    r": (?:its|the) [^:;.\d]{0,20}(?:p\d\d )?[^:;.\d]{0,20}\d[\d.,]* ?m?s\b|"
    r" (?:(?:on|with|for|in|at) )?(?:about |only |just |roughly |some |nearly |an estimated )?\d[\d.,]* ?%"
    r"(?: of (?:its|the|their|all) (?:requests|calls))?"
)
IS_FIGURE = re.compile(r"\d ?% of (?:the |all )?(?:\w+ )?requests (?:of|to|at|in) [^,;.]{0,60}$")
# "2 of 16 sampled log lines of recommendations are errors".
SO_MANY_OF = re.compile(
    rf"(?<![\d.,])(?:(?:\d+|zero|{'|'.join(quantifiers.SMALL)}) of (?:the |its )?\d+"
    r"|[\d.]+ ?% of (?:the |its )?(?:\w+ ){0,2}lines) [^,;.]*$",
    re.IGNORECASE,
)


def _is_so_many(found: re.Match[str], text: str) -> bool:
    """Whether it says how many lines are so, which is a figure: "2 of 16 are errors", "9 were slower than the p95"."""
    return bool(wayless.THAN_A_QUANTILE.match(text, found.end()) or SO_MANY_OF.search(text[: found.start("what")]))


# "Does not fail more requests than usual": by its level, and not by whether it fails at all.
MORE = re.compile(r" (?:(?:of )?its )?more (?:\w+ ){0,4}than (?:usual|before|normal)", re.IGNORECASE)


def _is_more(service: str, what: str, known: Known) -> bool:
    own = [one for one in known.levels if one.subject.service == service and one.signal in _signals(what)]
    return any(went(one) > 0 for one in own)


def _end(one: Found, text: str, mentions: list[Found], known: Known) -> int:
    """Behind the region that it is told of: "ledger in europe-west1 fails"."""
    there = next((it for it in mentions if it.span[0] >= one.span[1] and it.text in known.regions), None)
    is_its = there and re.fullmatch(r" in (?:the )?|, ", text[one.span[1] : there.span[0]])
    return there.span[1] if there and is_its else one.span[1]


# "The spike of checkout was not confirmed".
DENIED = re.compile(
    r"[^,;.]{0,12} (?:(?:was|is|were|are|could|can) ?not|(?:was|is|were|could)n['’]t)"
    r" (?:be )?(?:confirmed|found|seen|shown)\b"
)


def _is_of_a_signal(one: Found, what: str, text: str) -> bool:
    """ "The CO₂ of frontend does not deviate"."""
    return what.lower().startswith("deviat") and bool(re.search(r"\b(?:of|in|at) $", text[: one.span[0]]))


def _signals(what: str) -> tuple[str, ...]:
    return next((signals for words, signals in CONDITIONS if words.fullmatch(what)), ())


def _has_figure(found: re.Match[str], text: str) -> bool:
    """ "auth failed 3.7 % of its requests": how many is checked as a figure."""
    return bool(ITS_FIGURE.match(text, found.end("what")) or IS_FIGURE.search(text[: found.start()]))


# "Retries of checkout did not rise: they are 0.0", "… stayed at 0 %".
NO_MORE = re.compile(
    r"(?: in [\w-]+)? (?:(?:did|does|do)(?: not|n['’]t) (?:rise|occur|increase|grow)"
    r"|(?:stay(?:s|ed)?|remain(?:s|ed)?|are|were|stand)(?: both)? at"
    r"|(?:is|was|are|were) (?:both )?(?=(?:0|zero)\b(?!\.)))\b"
)


# "The share of retries of ledger was lower than usual": of its level.
OF_A_SHARE = re.compile(r"\b(?:share|rate|level|number|percentage) of (?:(?:failed|failing|its|the) )?$", re.IGNORECASE)


def _is_counted(one: Found, found: re.Match[str], text: str, known: Known) -> bool:
    """ "Retries of auth stand at 33 %": there are some, and how many is a figure, which is checked by itself."""
    end = context.part(one.span, text)[1]
    is_measured = any(
        (fact.role, fact.subject.service) == ("now", one.text) and fact.signal in _signals(found["what"])
        for fact in known.facts
        if fact.value > 0 or NO_MORE.match(text, max(one.span[1], found.end("what")))
    )
    return is_measured and bool(re.search(r"\d", text[one.span[1] : end]))


def _regions(one: Found, text: str, mentions: list[Found], known: Known) -> set[str | None]:
    """Where it is said to be so: all that are named behind it, up to the end of that part."""
    end = context.part(one.span, text)[1]
    return {other.text for other in mentions if other.text in known.regions and one.span[1] <= other.span[0] < end}


# Parts of metrics' names that count failures.
FAILURES = frozenset(
    {
        "error",
        "failed",
        "failures",
        "failure",
        "unauthorized",
        "rejected",
        "denied",
        "timeouts",
        "dropped",
        "5xx",
        "4xx",
    }
)


def _is_so(service: str, what: str, known: Known) -> bool:
    signals = _signals(what)
    deviating = [one for one in known.levels if one.subject.service == service and went(one)]
    named = {signal for one in deviating for signal in (one.signal, *one.signal.split("_"))}
    named |= {"errors"} if named & FAILURES or service in known.failing else set()
    is_cause = known.has_cause and known.report.root_cause is not None and known.report.root_cause.service == service
    if what.lower().startswith("deviat"):
        return bool(deviating) or is_cause
    if not signals:
        is_confirmed = known.report.verdict is not Verdict.NOT_CONFIRMED
        return bool(deviating) or is_cause or (is_confirmed and service == known.report.service)
    if "latency" in signals and any(
        (one.signal, one.role, one.subject.service) == ("calls", "excess", service) and one.value > 0
        for one in known.facts
    ):
        # Calls to it take longer.
        return True
    if _has_none(service, signals, known):
        return False
    has_types = "errors" in signals and any(service in of for of in known.types.values())
    return (
        bool(named & set(signals))
        or has_types
        or (is_cause and "errors" in signals and bool(known.messages.get(service)))
    )


def _has_none(service: str, signals: tuple[str, ...], known: Known) -> bool:
    """Whether they were measured of it, and there are none: "the requests of search fail"."""
    own = [one for one in known.levels if one.subject.service == service and one.signal in signals]
    return bool(own) and not any(one.actual for one in own) and service not in known.failing


AFFECTED = re.compile(
    r"\b(?P<only>only|just)?\b[^,;]{0,40}\b(?:is|are|was|were) (?:also |likewise |equally )?"
    r"(?:affected|hit|impacted)\b",
    re.IGNORECASE,
)
# "How many users of frontend were affected is unknown": of the users.
HOW_MANY = re.compile(r"\bhow (?:many|much)\b[^,;]*$", re.IGNORECASE)
# "The error occurs in us-central1 as well".
SEEN_IN = re.compile(
    r"\b(?:occurs?|occurred|appears?|appeared|happens?|happened|seen|found|there|fails?|failed|errors?|rises?|rose"
    r"|affected|hit|suffers?|slow(?:er)?) in (?:the )?$",
    re.IGNORECASE,
)
AS_WELL = re.compile(r" (?:as well|too|likewise|also)\b(?! as\b)", re.IGNORECASE)
CONFINED = re.compile(r"\b(?:confined|limited|restricted|specific) to\b", re.IGNORECASE)


def affected(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Only us-central1 is affected": where the rise is; "checkout is affected": what deviates."""
    for found in AFFECTED.finditer(text):
        before = [one.text for one in mentions if one.span[1] <= found.end()][-1:]
        if not before or NEGATED.search(f"{text[: found.end()].rsplit(' ', 1)[0]} "):
            continue
        if HOW_MANY.search(text[: found.end()]):
            continue
        holds = _is_affected(before[0], known) and not (found["only"] and len(rising(known)) > 1)
        yield judged("direction", found, holds, "nothing shows that it is")
    for one in mentions:
        there = AS_WELL.match(text, one.span[1]) if SEEN_IN.search(text[: one.span[0]]) else None
        if there and one.text in known.regions and not NONE_OF.search(text[: one.span[0]]):
            yield judged("direction", there, one.text in rising(known), "nothing shows that it is")
    for found in CONFINED.finditer(text):
        behind = next((one.text for one in mentions if found.end() <= one.span[0] <= found.end() + 5), None)
        if behind in known.regions:
            holds = rising(known) == {behind}
            yield judged("direction", found, holds, "nothing shows that it is")


# "The trouble is in checkout in us-central1", "the problem lies with ledger".
TROUBLE_IN = re.compile(
    r"\b(?:the|this|that|our) (?:trouble|problem|fault|incident|failure|issue) (?:(?:thus|clearly|really) )?"
    r"(?:is|was|lies|lay|sits|sat) (?:in|at|with|within) (?:the )?(?:service )?$",
    re.IGNORECASE,
)


def troubled(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where it is: in what was alerted, or in the cause, there and nowhere else."""
    root = known.report.root_cause if known.has_cause else None
    of = {known.scope, *([Subject(root.service, root.region)] if root else [])}
    for one in mentions if known.report.verdict is not Verdict.NOT_CONFIRMED else ():
        if one.text in known.services | known.regions and (found := TROUBLE_IN.search(text[: one.span[0]])):
            named = {one.text} & known.services
            told = {it.text for it in mentions if it.span[0] >= one.span[0]} & known.regions
            holds = any({own.service} >= named and {own.region} >= told for own in of)
            yield judged("state", found, holds, "it is elsewhere")


def _is_affected(name: str, known: Known) -> bool:
    return name in (known.suffering if name in known.services else rising(known) | {known.report.region})


def rising(known: Known) -> set[str | None]:
    """Regions where something deviates, or where a part of the rise is."""
    deviating = {one.subject.region for one in known.levels if went(one)}
    return deviating | {fact.subject.region for fact in known.facts if fact.whole == "rise" and fact.value >= 0.05}
