"""Takes a sentence apart into its claims, each checked against what its report knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from worker.agent.grounding.checks import (
    absences,
    against,
    alerting,
    amounts,
    beginnings,
    calls,
    causation,
    certainties,
    changes,
    cited,
    clearances,
    conditions,
    consequences,
    contradictions,
    degrees,
    directions,
    error_types,
    figures,
    happenings,
    impacts,
    leading,
    leads,
    loads,
    members,
    names,
    naming,
    novelty,
    orders,
    past,
    pauses,
    periods,
    quoted,
    ranking,
    recorded,
    refuted,
    remembered,
    rollouts,
    severities,
    shares,
    statements,
    story,
    suspects,
    tallies,
    times,
    unheard,
    unread,
    unseen,
    usual,
    versions,
    weighing,
    worked,
)
from worker.agent.grounding.report import likewise, metrics, placed, referring, relations, roster, vocabulary
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims, numerals
from worker.agent.grounding.text.claims import Claim, Found, Kind, Span
from worker.agent.grounding.text.pairs import Number

# "Limit retries to two", "raise the threshold to 142": what is proposed was not measured.
_MEND = r"limit|cap|rais|lower|set|reduc|increas|scal|allow|extend|shorten"
TARGET = re.compile(
    r"(?:(?:^|[,;:—] ?)\W*(?:\w+,? ){0,3}?|\b(?:should|must|could|can|to|would help to|be) )"
    rf"\b(?:{_MEND})(?:e|t|p)?(?:ped|ted|ed|d|ting|ping|ing)?\b"
    r"[^,;]*(?:, (?:for instance|for example|say|e\.g\.),?)?[^,;]*"
    r"\b(?:to|at|by)(?: (?:about|at least|at most|only|no more than))? $",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Parts:
    """A sentence taken apart. `plain` has blanks for citations and quotations, `words` for all that is read besides."""

    sentence: str
    plain: str
    words: str
    mentions: list[Found]
    fields: list[Found]
    figures: list[Number]
    quotations: list[Claim]
    clocks: list[Claim]
    names: list[Claim]
    known: Known
    is_advice: bool


def claims_of(sentence: str, known: Known, *, is_advice: bool = False) -> list[Claim]:
    """Every claim that can be taken out of `sentence`, checked, in the order of the text."""
    if places := placed.commas(sentence, known):
        spelled = claims_of(placed.spelled(sentence, places), known, is_advice=is_advice)
        return [replace(one, span=placed.in_original(one.span, places)) for one in spelled]
    if judging := likewise.judged(sentence, known):
        return [_together("direction", (0, len(sentence)), sentence, judging, known)]
    first, *others = [_read_so(sentence, meant, known, is_advice) for meant in referring.readings(sentence, known)]
    first += _again(sentence, known)
    # What is said of both holds where it holds of each.
    wrong = {(one.kind, one.span): one for found in others for one in found if not one.holds}
    told = [wrong.pop((one.kind, one.span), one) if one.holds else one for one in first]
    untold = [one for key, one in wrong.items() if key not in {(it.kind, it.span) for it in first}]
    return sorted([*told, *untold], key=lambda one: one.span)


def _again(sentence: str, known: Known) -> Iterator[Claim]:
    """What is told of another by "so does": as it holds of that one."""
    for span, text in likewise.again(sentence, known):
        yield _together("direction", span, sentence, [text], known)
    for found in likewise.of_nobody(sentence, known):
        yield Claim("direction", found.span(), found[0], False, "nothing that was read is called so", is_open=True)


def _together(kind: Kind, span: Span, sentence: str, spelled: list[str], known: Known) -> Claim:
    """What stands there, as one claim that holds where all of it does that it is spelled out as."""
    read = [claims_of(text, known) for text in spelled]
    wrong = [one for found in read for one in found if not one.holds]
    holds = not wrong and all(any(one.kind not in ("name", "citation") for one in found) for found in read)
    why = wrong[0].why if wrong else "" if holds else "nothing in it could be checked"
    is_open = bool(wrong) and all(one.is_open for one in wrong)
    return Claim(kind, span, sentence[slice(*span)], holds, why, is_open)


def _denied(text: str, known: Known) -> Iterator[Claim]:
    """What is not told of another: right where it would be wrong of that one."""
    for span, told in likewise.instead(text, known):
        found = [one for one in claims_of(told, known) if one.kind != "citation"]
        is_refuted = any(not one.holds and not one.is_open for one in found)
        is_told = all(one.holds for one in found) and any(one.kind != "name" for one in found)
        if is_refuted or is_told:
            yield Claim(
                "state", span, text[slice(*span)], is_refuted, "" if is_refuted else "it is so of that one, too"
            )


def _read_so(sentence: str, meant: list[Found], known: Known, is_advice: bool) -> list[Claim]:
    """`meant`: what is to be read as a name, as "the former" is of whom it means."""
    if past_incidents := past.about(sentence, known):
        known = past.extended(known, past_incidents)
    parts = _parts(sentence, meant, known, is_advice=is_advice)
    plain, mentions, known = parts.plain, parts.mentions, parts.known
    found = [
        *_read(parts),
        *_caused(parts),
        *(one for rule in OF_TEXT for one in rule(plain, known)),
        *(one for rule in OF_MENTIONS for one in rule(plain, mentions, known)),
        *(one for rule in OF_SENTENCE for one in rule(sentence, mentions, known)),
        *statements.states(plain, mentions, known, is_advice=is_advice),
        *remembered.remembered(sentence, plain, mentions, past_incidents, known),
        *(() if is_advice else alerting.limits(plain, known)),
        *(() if is_advice else loads.loads(plain, mentions, known)),
    ]
    if is_advice:
        found = [*orders.without_conditional(found, plain), *orders.misdirected(plain, mentions, known)]
        found += [
            *orders.silenced(plain, known),
            *orders.orders(plain, mentions, known),
        ]
    found += _denied(plain, known)
    found += clearances.unfounded(plain, found)
    found += unread.unread(plain, found, is_advice=is_advice)
    if past_incidents:
        found = past.as_then(found, plain, parts.words, past_incidents, known)
    return found


def _parts(sentence: str, meant: list[Found], known: Known, *, is_advice: bool) -> Parts:
    odd = [one.span for one in roster.mentions(sentence, known) if re.search(r"[\"'`“”\[\]]", one.text)]
    cited = [found.span() for found in claims.CITED.finditer(claims.blanked(sentence, odd))]
    plain = metrics.unquoted(claims.blanked(sentence, cited), known)
    quoting = quoted.quotations(claims.blanked(plain, odd), known)
    plain = claims.blanked(plain, [one.span for one in quoting])
    known = quoted.enrolled(plain, quoting, known)
    mentions = sorted([*roster.mentions(plain, known), *meant], key=lambda one: one.span)
    fields = metrics.fields(plain, known)
    rest = claims.blanked(plain, [one.span for one in (*mentions, *fields)])
    clocks = list(times.times(rest, plain, mentions, known))
    rest = claims.blanked(rest, [one.span for one in clocks])
    literals = list(names.literals(rest, mentions, known, is_advice=is_advice))
    rest = claims.blanked(rest, [one.span for one in literals])
    strange = list(names.made_up(rest, known))
    rest = claims.blanked(rest, [one.span for one in strange])
    strange += unheard.unheard(rest, known)
    rest = claims.blanked(rest, [one.span for one in strange])
    unknown = names.read_in_lines(rest, mentions, known, is_advice=is_advice)
    called = [*names.known_names(plain, mentions, known), *literals, *strange, *unknown]
    counted = claims.blanked(rest, [one.span for one in called])
    free = {one.span for one in changes.looked_back(plain, known)}
    # "None of its own changes explains it" counts nothing, nor does "its range excludes zero".
    uncounted = (changes.UNEXPLAINED, shares.MOST_OF, tallies.NO_CHANGE_OF, severities.UNREACHED)
    unexplaining = [one.span() for words in uncounted for one in words.finditer(plain)]
    unexplaining += [one.span("nothing") for one in certainties.ONE_SIDED.finditer(plain)]
    unexplaining += [one.span("part") for one in refuted.MOST_SLOWER.finditer(plain)]
    ranked = known.services | {one.deployment_id for one in known.changes}
    read = [
        one
        for one in numerals.numbers(counted)
        if one.span not in free
        and not any(start <= one.span[0] < end for start, end in unexplaining)
        and not (is_advice and TARGET.search(counted[: one.span[0]]))
        # "The first candidate leads": whom that means is no claim, unless somebody is named.
        and not (one.dimension == "place" and not {it.text for it in mentions} & ranked)
        and not (one.dimension == "place" and leads.SUBJECT.match(counted, one.span[1]))
    ]
    words = claims.blanked(counted, [one.span for one in read])
    return Parts(sentence, plain, words, mentions, fields, read, quoting, clocks, called, known, is_advice)


def _read(parts: Parts) -> Iterator[Claim]:
    """Citations, quotations, names, times, figures, and the words that are left."""
    plain, mentions, known = parts.plain, parts.mentions, parts.known
    yield from parts.quotations
    yield from parts.names
    yield from parts.clocks
    yield from metrics.named(plain, parts.fields, mentions, known)
    figured = [figures.figure(one, plain, mentions, known) for one in parts.figures]
    told = worked.settled(figured, parts.figures, worked.Text(plain, parts.sentence, mentions), known)
    yield from told
    yield from cited.citations(parts.sentence, [*told, *parts.clocks, *parts.quotations], mentions, known)
    yield from vocabulary.unknown(parts.words, mentions, known, is_advice=parts.is_advice)


def _caused(parts: Parts) -> Iterator[Claim]:
    """What is said to cause what; what is told beside that of causes is blanked for it."""
    plain, known, is_advice = parts.plain, parts.known, parts.is_advice
    # "Because its queue is empty" blames nobody by name; "so it is a victim" tells of who was named.
    subjects = {it.span("it") for words in (referring.IT, referring.SO_IT) if (it := words.search(plain))}
    mentions = [
        one for one in parts.mentions if one.span in subjects or not referring.ITS.fullmatch(plain[slice(*one.span)])
    ]
    unopposed = [*weighing.unopposed(plain, mentions, known), *weighing.unbacked(plain, mentions, known)]
    unopposed += [*ranking.nearest(plain, mentions, known)]
    unexplained = [*changes.unexplained(plain, known), *loads.unblamed(plain, known)]
    figures_of = [found.span() for found in causation.CONFIDENCE.finditer(plain)]
    weighed = [*shares.compared(plain, known), *shares.most_of(plain, mentions, known)]
    apposed = list(suspects.apposed(plain, mentions, known))
    settling = list(weighing.settling(plain, mentions, known))
    replaced = [*versions.versions(plain, mentions, known), *versions.ran(plain, mentions, known)]
    blamed = claims.blanked(
        plain,
        [*(one.span for one in (*unopposed, *unexplained, *weighed, *apposed, *settling, *replaced)), *figures_of],
    )
    yield from unopposed
    yield from weighed
    yield from apposed
    yield from unexplained
    yield from settling
    yield from replaced
    yield from story.stories(blamed, mentions, known, is_advice=is_advice)
    strangers = [Found(one.span, one.text) for one in parts.names if one.is_open and not one.holds]
    yield from causation.causes(blamed, sorted([*mentions, *strangers]), known, is_advice=is_advice)
    beside = [
        *changes.kinds(plain, mentions, known),
        *calls.paces(plain, mentions, known),
        *amounts.ranged(plain, mentions, known),
        *degrees.as_usual_for_it(plain, mentions, known),
        *refuted.per_requests(plain, mentions, known),
    ]
    yield from beside
    moved = claims.blanked(plain, [one.span for one in (*unexplained, *beside)])
    yield from directions.directions(moved, parts.mentions, known, is_advice=is_advice)


OF_TEXT: tuple[Callable[[str, Known], Iterator[Claim]], ...] = (
    alerting.told_limits,
    alerting.rules,
    remembered.repeated,
    happenings.remedied,
    past.claimed,
    past.own,
    periods.periods,
    changes.denials,
    statements.verdicts,
    impacts.losses,
    impacts.measured,
    statements.quiet,
    impacts.noticed,
    impacts.uncounted,
    impacts.suffered_in,
    impacts.unmeasured,
    impacts.guessed,
    impacts.codes,
    impacts.counts,
    severities.severities,
    severities.unreached,
    degrees.versions,
    degrees.beyond,
    consequences.parts,
    beginnings.baselines,
    beginnings.window_day,
    shares.betweens,
    shares.beside,
    shares.of_signal,
    contradictions.sides,
    contradictions.all_of,
    novelty.none_before,
    certainties.surely,
    certainties.founded,
    refuted.many_lines,
    refuted.all_but,
    clearances.untroubled,
    unseen.untimed,
    clearances.calm_callees,
)
OF_MENTIONS: tuple[Callable[[str, list[Found], Known], Iterator[Claim]], ...] = (
    names.renewals,
    names.twice,
    versions.unrecorded,
    members.these,
    alerting.concerned,
    clearances.elsewhere,
    happenings.happenings,
    happenings.things,
    happenings.done,
    quoted.uncounted,
    periods.before,
    relations.victims,
    relations.suffering,
    relations.relations,
    relations.orders,
    beginnings.sequences,
    directions.compared,
    usual.usual,
    usual.at_the_usual,
    usual.explained,
    naming.naming,
    naming.unnamed,
    naming.also_named,
    contradictions.turned,
    contradictions.deviating,
    against.compared,
    against.alike,
    against.extreme,
    against.of_one,
    against.every,
    amounts.amounts,
    metrics.calm,
    metrics.unusual,
    calls.calls,
    calls.passed,
    calls.leading,
    calls.chained,
    calls.unlinked,
    conditions.affected,
    conditions.conditions,
    conditions.denied_beside,
    conditions.troubled,
    absences.absences,
    changes.deeds,
    changes.soles,
    changes.whose,
    changes.undeployed,
    changes.deployments,
    changes.made_as,
    impacts.none_measured,
    impacts.unrecorded,
    impacts.failing,
    ranking.ranking,
    weighing.weighing,
    leading.places,
    relations.logging,
    relations.logged_of,
    degrees.degrees,
    degrees.still,
    degrees.costs,
    beginnings.beginnings,
    beginnings.after_that,
    rollouts.rollouts,
    rollouts.where,
    recorded.recorded,
    rollouts.worse,
    rollouts.versions,
    certainties.proofs,
    impacts.slowness,
    shares.alone,
    shares.explained,
    shares.in_words,
    shares.spread,
    shares.fell,
    shares.in_region,
    shares.partless,
    refuted.neither_made,
    refuted.most_slower,
    error_types.counted,
    unseen.unseen,
    unseen.trends,
    unseen.contents,
    pauses.pauses,
    error_types.of_type,
    error_types.all_of_a_kind,
    refuted.limited,
    quoted.of_level,
    loads.no_more,
)
# What looks at quotations, too.
OF_SENTENCE: tuple[Callable[[str, list[Found], Known], Iterator[Claim]], ...] = (
    novelty.novelty,
    remembered.titled,
)
