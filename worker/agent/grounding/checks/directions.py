"""What signals did: rose, fell, stayed as usual, each checked against the levels that were measured."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import against, wayless
from worker.agent.grounding.checks.movements import (
    OWN_AS_USUAL,
    as_quantiles,
    gone,
    is_alerted,
    is_served,
    is_settled,
    levels_of,
    logged_errors,
    signals_of,
    split_signals,
    spoken_before,
    went,
)
from worker.agent.grounding.checks.ways import DOWN, SAME, UP
from worker.agent.grounding.report import metrics, owners
from worker.agent.grounding.report.known import Fact, Known, Level, Subject
from worker.agent.grounding.text import comparisons, context, numerals, slightness
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.comparisons import IF, NEGATED
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

# "The old version shows no errors".
OLD = re.compile(r"\bthe (?:old|previous|former|earlier|other) version\b[^,;]*$", re.IGNORECASE)
NEITHER = re.compile(r"\bneither\b[^;.,]+\bnor\b[^;.,]+$|\bneither (?:of [^;.,]{2,20}|region)\b[^;.,]*$", re.IGNORECASE)
# "No requests of catalog were slower", "they do not fail more than usual".
NONE_DOES = re.compile(
    r"\b(?:no|none of (?:the|its)|not a single) (?:\w+ ){0,2}(?:requests?|calls?|lines?)\b[^,;.]*$"
    r"|\b(?:do|does|did)(?: not|n['’]t) \w+(?: longer)? $",
    re.IGNORECASE,
)
# "None of the listed services shows a rise in carbon".
NONE_OF_THEM = re.compile(
    r"\b(?:none of (?:the |these |its )?(?:\w+ )?(?:services|others)|no (?:other )?service)\b[^,;.]*$", re.IGNORECASE
)
# "Far outside its usual range".
OUTSIDE = re.compile(
    r"\b(?:outside|out|beyond|left|leaves|leaving)(?: of)? (?:(?:its|the|their|what is) )?$"
    r"|\bnot (?:served|handled|answered|met) $|(?<!not )\bfar from $",
    re.IGNORECASE,
)
BACK = re.compile(r"\b(?:back|return\w*|again)\b", re.IGNORECASE)
# "It got no slower".
NO = re.compile(r"\b(?:no|not) (?:slower|faster|more slowly|more quickly|worse|better)\b")


PART = re.compile(rf";|: |,(?! {context.REGION})")


def directions(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    for wanted, words in ((1, UP), (-1, DOWN), (0, SAME)):
        for found in words.finditer(text):
            before = PART.split(text[: found.start()])[-1]
            is_told = any(one.start() < found.start() < one.end() for one in metrics.UNUSUAL.finditer(text))
            if is_told or wayless.is_no_way(found, text, mentions) or wayless.is_a_count(found, before, text):
                continue
            if (holds := comparisons.told(wanted, found, text)) is not None:
                yield judged("direction", found, holds, "it is the other way round")
            elif (claim := _of_others(wanted, found, before, text, mentions, known)) is not None:
                yield claim
            elif not (
                wayless.is_compared(found, before, text) or against.is_of_two(found.span(), text, mentions, known)
            ):
                yield from _way(wanted, found, before, text, mentions, known, is_advice=is_advice)


def _of_others(
    wanted: int, found: re.Match[str], before: str, text: str, mentions: list[Found], known: Known
) -> Claim | None:
    """ "The old version shows no errors", "none of the services shows a rise", "auth logged no errors"."""
    if OLD.search(before) and re.match(r"(?:no|without|\w+ of) (?:any )?errors", found[0]):
        return judged("direction", found, any(_is_clean(fact) for fact in known.facts), "it logged errors, too")
    if NOTHING.match(found[0]) and not {one.text for one in mentions if one.span[0] >= found.start()}:
        holds = bool(known.levels) and all(went(one) == 0 for one in known.levels)
        return judged("direction", found, holds, "something does")
    parts = [one.value for one in known.facts if one.whole == "rise" and one.subject.service]
    is_of_it = not topics(text) & {*SIGNALS} - split_signals(known)
    if parts and wanted > 0 and is_of_it and NONE_OF_THEM.search(before):
        return judged("direction", found, max(parts) <= 0, "one of them did")
    if found[0].lower().endswith("deviation") or NEITHER_DEVIATES.match(found[0]):
        return _of_deviation(found, text, mentions, known)
    if NO_ERRORS.fullmatch(found[0]) and not levels_of(found.span(), text, mentions, "errors", known):
        logged = logged_errors(owners.subjects(found.span(), text, mentions, known), known)
        return judged("direction", found, not any(logged), "it logged errors") if logged else None
    return None


def _of_deviation(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> Claim | None:
    """By what the ranking says of candidates, where they have no levels of their own."""
    calm = {one.service for one in known.report.candidates if NO_DEVIATION in (one.against or "")}
    inside = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.services
    if NEITHER_DEVIATES.match(found[0]) and inside and not {one.subject.service for one in known.levels} & inside:
        return judged("direction", found, inside <= calm, "one of them does")
    named = {one.service for one in owners.subjects(found.span(), text, mentions, known)}
    return judged("direction", found, holds=True, otherwise="") if named & calm else None


# "Neither auth nor cart shows a deviation".
NEITHER_DEVIATES = re.compile(r"neither\b.*deviat", re.IGNORECASE)
NO_DEVIATION = "no deviation"
# "Nothing deviates": of all that was measured.
NOTHING = re.compile(r"nothing (?:\w+ )?deviates?", re.IGNORECASE)
NO_ERRORS = re.compile(r"(?:no|without|free of|clear of)(?: any)? (?:errors|failures)", re.IGNORECASE)


def _way(
    wanted: int,
    found: re.Match[str],
    before: str,
    text: str,
    mentions: list[Found],
    known: Known,
    *,
    is_advice: bool,
) -> Iterator[Claim]:
    if IF.search(before):
        # What advice waits for is no claim of now.
        is_back = BACK.search(before) and not is_advice
        holds = _will_go(found.span(), text, mentions, known) if is_back else None
    else:
        is_negated = bool(NEGATED.search(before))
        if wanted:
            is_negated |= bool(NO.search(found[0]) or NEITHER.search(before) or NONE_DOES.search(before))
        else:
            is_negated |= bool(OUTSIDE.search(before))
        wanted = _meant(wanted, found, text)
        holds = as_quantiles(wanted, found.span(), text, mentions, known)
        if holds is None:
            own = owners.subjects(found.span(), text, mentions, known)
            # What is told of a list holds where it does of each.
            told = [
                _went(wanted, found.span(), *each, known, is_negated=is_negated)
                for each in owners.each_of_list(own[0].service if own else None, text, mentions, known)
            ]
            holds = None if None in told else all(told)
        else:
            holds = holds != is_negated
    if holds and _is_of_unmeasured(before, known):
        yield judged("direction", found, False, "it was not measured", is_open=True)
    elif holds is not None:
        is_open = not holds and not _is_measured(found.span(), text, mentions, known)
        yield judged("direction", found, holds, "it went another way", is_open=is_open)


# "Availability improved": of what is better the more there is of it, that is a rise.
IMPROVED = re.compile(r"(?:improve[ds]|got better)", re.IGNORECASE)
SERVED = re.compile(r"\b(?:availab\w*|success\w*|uptime|throughput)\b", re.IGNORECASE)


def _meant(wanted: int, found: re.Match[str], text: str) -> int:
    is_served = SERVED.search(text[slice(*context.clause(found.span(), text))])
    return -wanted if IMPROVED.fullmatch(found[0]) and is_served else wanted


def _is_of_unmeasured(before: str, known: Known) -> bool:
    """ "CPU rose along with its travel time", where no CPU was measured: of anybody."""
    spoken = topics(before) & {*SIGNALS}
    if not spoken or not spoken <= {"cpu", "memory", "retries", "carbon"}:
        return False
    return not spoken & ({one.signal for one in known.levels} | {one.signal for one in known.facts})


def _is_measured(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether anything is known of what is said to have gone some way: of each signal, or of the region's rise."""
    signals = signals_of(span, text, known)
    if signals and all(levels_of(span, text, mentions, signal, known) for signal in signals):
        return True
    subjects = owners.subjects_or_scope(span, text, mentions, known)
    return not signals and any(
        one.subject.service == subject.service and owners.is_of(one.subject, subject)
        for one in known.levels
        for subject in subjects
    )


# "875 ms, down from 152"; "at 6.6 g/min it is below, not above, the 7.6 g/min usual at this hour".
UP_OR_DOWN = re.compile(
    r"\b(?:(?P<up>up)|down) from\b|\b(?:is|are|was|were) (?:(?P<above>above|over)|below|under)"
    r"(?:,? (?:rather than|(?:and )?not) (?:above|over|below|under),?)? (?:the )?"
    r"(?=\d[^,;]{0,16} (?:usual|expected)\b)",
    re.IGNORECASE,
)


# "… at 81 %, and memory has gone down from 45 % to 40 %": no figure before is set against these.
TO_ANOTHER = re.compile(r" to (?:about |only )?\$?\d")


def compared(text: str, _mentions: list[Found], _known: Known) -> Iterator[Claim]:
    read = numerals.numbers(text) if UP_OR_DOWN.search(text) else []
    for found in UP_OR_DOWN.finditer(text):
        before = [one for one in read if one.span[1] <= found.start()][-1:]
        after = [one for one in read if one.span[0] >= found.end()][:1]
        is_course = after and TO_ANOTHER.match(text, after[0].span[1])
        if before and after and not is_course and before[0].dimension == after[0].dimension:
            holds = (before[0].value > after[0].value) == bool(found["up"] or found["above"])
            yield judged("direction", found, holds, "it is the other way round")


def _is_clean(fact: Fact) -> bool:
    """Of a deployment's lines against the others': that those have no errors."""
    return (fact.whole, fact.role, fact.dimension, fact.value) == ("lines", "usual", "share", 0)


def _went(wanted: int, span: Span, text: str, mentions: list[Found], known: Known, *, is_negated: bool) -> bool | None:
    """Whether every signal of the clause went so; None where it speaks of none that was measured."""
    signals = signals_of(span, text, known)
    if not signals and (wanted or OF_A_SIGNAL.match(text[slice(*span)])):
        signals = spoken_before(text, known)
    found = [levels_of(span, text, mentions, signal, known) for signal in signals]
    if any(found):
        # "The RPC client error rate" is not of another service's `rpc_server_cancelled_rate`.
        found = [levels for signal, levels in zip(signals, found, strict=True) if levels or signal in SIGNALS]
    if not signals and wanted:
        part = _part_of_rise(span, text, mentions, known) if _is_by_itself(span, text, mentions, known) else None
        return None if part is None else (part >= A_PART) == ((wanted > 0) != is_negated)
    if not signals:
        # "Its carbon is unchanged", of which nothing was measured.
        is_unmeasured = "carbon" in topics(text[slice(*context.clause(span, text))])
        return not is_unmeasured and _is_all_as_usual(span, text, mentions, known) != is_negated
    is_of_others = _is_of_everywhere(signals, found, known) or _is_of_region(signals, span, text, mentions, known)
    if not all(found) or (wanted and is_of_others):
        is_of_it = not {*signals} & {*SIGNALS} - split_signals(known)
        part = _part_of_rise(span, text, mentions, known) if is_of_it else None
        if part is not None or not all(found):
            return _is_told_by_parts(wanted, part, span, text, mentions, known, is_negated=is_negated)
    if is_negated:
        return all(all(went(level) != wanted for level in levels) for levels in found)
    is_slight, is_at = bool(wanted) and slightness.is_slight(span, text), bool(AT_USUAL.match(text[slice(*span)]))
    return all(
        any(
            (gone(level, known) == wanted and (wanted or not is_at or _is_near(level)))
            or (is_slight and (level.actual > level.expected) == (wanted > 0))
            or (not wanted and is_settled(level, known) and (not is_at or _is_near(level)))
            or (is_at and is_served(level, known))
            or (is_alerted(level, known) and (level.actual - level.expected) * wanted > 0)
            or _is_better(wanted, level)
            for level in levels
        )
        for levels in found
    )


# What is told so is a figure, and no service as a whole: "it does not stand out".
OF_A_SIGNAL = re.compile(
    r"(?:do|does|did) not (?:deviate|stand out)|unchanged|flat|constant|steady|stable", re.IGNORECASE
)
# "Recommendations in us-central1 did not rise at all": its part of the rise.
BY_ITSELF = re.compile(r"(?: in [\w-]+)?(?: itself)? (?:(?:did|does|has) not )?")


def _is_by_itself(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether a service is told to have risen, and nothing of it."""
    own = next((one for one in reversed(mentions) if one.text in known.services and one.span[1] <= span[0]), None)
    is_subject = own and not re.search(r"\b(?:of|in|at|for|by|from|to|on|with) $", text[: own.span[0]])
    return bool(own and is_subject and BY_ITSELF.fullmatch(text[own.span[1] : span[0]]))


# What varies much may be within its range, and is not at its usual value.
AT_USUAL = re.compile(r"(?:at|on|near|close to|unchanged|constant|flat|stable|steady)\b", re.IGNORECASE)


def _is_near(level: Level) -> bool:
    is_few = abs(level.actual - level.expected) < 0.1 and level.signal in ("errors", "retries")
    return is_few or (level.expected == level.actual or 0.5 <= level.actual / (level.expected or 1e-9) <= 2)


def _is_better(wanted: int, level: Level) -> bool:
    """Fewer errors than usual, or a lower latency, may be called normal; and no errors at all are less."""
    if wanted < 0:
        return level.signal in ("errors", "retries") and level.expected >= 0.02 and level.actual == 0
    return wanted == 0 and level.signal in ("errors", "retries", "latency") and went(level) < 0


def _is_share(fact: Fact) -> bool:
    """Of a rise; of emissions the rise itself is told in grams besides."""
    return (fact.whole, fact.dimension) == ("rise", "share")


def _part_of_rise(span: Span, text: str, mentions: list[Found], known: Known) -> float | None:
    """The share of the rise that a region has which has no levels of its own; None where that is not known."""
    told = owners.subjects(span, text, mentions, known)
    # Of a region's services: that of the region.
    subjects = [Subject(one.service, one.region or (one.service and known.scope.region)) for one in told]
    subjects = [one for one in subjects if one.region]
    parts = [one for one in known.facts if _is_share(one) and any(owners.is_of(one.subject, it) for it in subjects)]
    return max((one.value for one in parts), default=None)


# From such a share of the rise on a part is said to have risen.
A_PART = 0.05


def _is_told_by_parts(
    wanted: int, part: float | None, span: Span, text: str, mentions: list[Found], known: Known, *, is_negated: bool
) -> bool:
    """By the region's part of the rise, else by whether anything of it deviates."""
    if part is not None:
        rises = part > 0 if slightness.is_slight(span, text) else part >= A_PART
        if wanted > 0:
            return rises != is_negated
        return not rises if is_negated or not wanted else part <= 0
    return (not wanted or is_negated) and _is_all_as_usual(span, text, mentions, known)


def _is_of_everywhere(signals: list[str], found: list[list[Level]], known: Known) -> bool:
    """Whether what was alerted was measured of all regions together: where it rose say the parts of the rise."""
    return signals == [known.report.signal] and all(one.subject.region is None for one in found[0])


def _is_of_region(signals: list[str], span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether a service is told of where a region was measured: that level is not its own."""
    told = owners.subjects(span, text, mentions, known)
    return signals == [known.report.signal] and known.scope.service is None and any(one.service for one in told)


def _will_go(span: Span, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "… is back at its usual value": of what deviates now."""
    found = [levels_of(span, text, mentions, signal, known) for signal in signals_of(span, text, known)]
    return all(any(went(level) for level in levels) for levels in found) if found else None


def _is_all_as_usual(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """ "europe-west1 is unaffected": where none of the rise is, or nothing that was measured deviates."""
    subjects = owners.subjects(span, text, mentions, known)
    if not subjects:
        # "… which is within normal variation": what the alert was of.
        return known.report.verdict is Verdict.NOT_CONFIRMED and known.about <= {known.report.service}
    if known.report.verdict is Verdict.NOT_CONFIRMED and {*subjects} == {known.scope}:
        # Whose part of so small a rise is the largest says nothing of the whole.
        return not any(went(one) > 0 for one in known.levels if one.subject == known.scope)
    shares = [
        fact.value
        for fact in known.facts
        if _is_share(fact) and any(owners.is_of(fact.subject, one) for one in subjects)
    ]
    levels = [one for one in known.levels if any(owners.is_of(one.subject, subject) for subject in subjects)]
    levels = owners.of_services(subjects, levels, known)
    if shares:
        ails = any(went(one) > 0 for one in levels if one.signal in ("errors", "latency"))
        return all(share < 0.1 for share in shares) and not ails
    if OWN_AS_USUAL in known.report.headline and {one.service for one in subjects} == {known.report.service}:
        return True
    if levels:
        return all(went(level) == 0 or _is_better(0, level) for level in levels)
    # Where nothing of it was measured, what the ranking says of it.
    named = {one.service for one in subjects}
    return any(one.service in named and NO_DEVIATION in (one.against or "") for one in known.report.candidates)
