"""Takes a sentence apart into its claims, each checked against what its report knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import (
    absences,
    against,
    alerting,
    awaited,
    beginnings,
    causation,
    changes,
    claims,
    conditions,
    consequences,
    degrees,
    directions,
    doubts,
    extents,
    figures,
    impacts,
    metrics,
    names,
    novelty,
    numerals,
    past,
    periods,
    quoted,
    ranking,
    relations,
    remembered,
    rollouts,
    roster,
    sequence,
    severities,
    shares,
    statements,
    story,
    tallies,
    times,
    trends,
    vocabulary,
    worked,
)
from worker.agent.grounding.claims import Claim, Found, Span
from worker.agent.grounding.known import Known

# "Limit retries to two", "raise the threshold to 142": what is proposed was not measured.
_MEND = r"limit|cap|rais|lower|set|reduc|increas|scal|allow|extend|shorten"
TARGET = re.compile(
    r"(?:(?:^|[,;:—] ?)\W*(?:\w+,? ){0,3}?|\b(?:should|must|could|can|to|would help to|be) )"
    rf"\b(?:{_MEND})(?:e|t|p)?(?:ped|ted|ed|d|ting|ping|ing)?\b"
    r"[^,;]*(?:, (?:for instance|for example|say|e\.g\.),?)?[^,;]*"
    r"\b(?:to|at|by)(?: (?:about|at least|at most|only|no more than))? $",
    re.IGNORECASE,
)


def claims_of(sentence: str, known: Known, *, is_advice: bool = False) -> list[Claim]:
    """Every claim that can be taken out of `sentence`, checked, in the order of the text."""
    if past_incidents := past.spoken_of(sentence, known):
        known = past.extended(known, past_incidents)
    odd = [one.span for one in roster.mentions(sentence, known) if re.search(r"[\"'`“”\[\]]", one.text)]
    cited = [found.span() for found in claims.CITED.finditer(claims.blanked(sentence, odd))]
    plain = metrics.unquoted(claims.blanked(sentence, cited), known)
    quotations = _quotations(claims.blanked(plain, odd), known)
    plain = claims.blanked(plain, [one.span for one in quotations])
    known = quoted.enrolled(plain, quotations, known)
    mentions = roster.mentions(plain, known)
    fields = metrics.fields(plain, known)
    rest = claims.blanked(plain, [one.span for one in (*mentions, *fields)])
    clocks = list(times.times(rest, plain, mentions, known))
    rest = claims.blanked(rest, [one.span for one in clocks])
    literals = list(names.literals(rest, mentions, known, is_advice=is_advice))
    rest = claims.blanked(rest, [one.span for one in literals])
    unknown = names.read_in_lines(rest, mentions, known, is_advice=is_advice)
    called = [*names.known_names(plain, mentions, known), *literals, *unknown]
    renewals = list(names.renewals(plain, mentions, known))
    counted = claims.blanked(rest, [one.span for one in called])
    free = {one.span for one in changes.looked_back(plain, known)}
    read = [
        one
        for one in numerals.numbers(counted)
        if one.span not in free and not (is_advice and TARGET.search(counted[: one.span[0]]))
    ]
    words = claims.blanked(counted, [one.span for one in read])
    backed = list(relations.backed(plain, mentions, known))
    unexplained = list(changes.unexplained(plain, known))
    beside = [found.span() for found in causation.CONFIDENCE.finditer(plain)]
    blamed = claims.blanked(plain, [*(one.span for one in (*backed, *unexplained)), *beside])
    found = [
        *backed,
        *unexplained,
        *vocabulary.unknown(words, mentions, known, is_advice=is_advice),
        *story.stories(blamed, mentions, known, is_advice=is_advice),
        *_citations(sentence, known),
        *quotations,
        *called,
        *metrics.named(plain, fields, mentions, known),
        *renewals,
        *clocks,
        *tallies.every_message(sentence, known),
        *worked.settled(
            [figures.figure(one, plain, mentions, known) for one in read],
            read,
            worked.Text(plain, sentence, mentions),
            known,
        ),
        *quoted.uncounted(plain, mentions, known),
        *causation.causes(blamed, mentions, known, is_advice=is_advice),
        *(() if is_advice else alerting.limits(plain, known)),
        *alerting.told_limits(plain, known),
        *past.claimed(plain, known),
        *periods.periods(plain, known),
        *periods.before(plain, mentions, known),
        *doubts.denied_effects(plain, mentions, known),
        *relations.victims(plain, mentions, known),
        *relations.suffering(plain, mentions, known),
        *relations.relations(plain, mentions, known),
        *relations.orders(plain, mentions, known),
        *relations.worse(plain, mentions, known),
        *sequence.sequences(plain, mentions, known),
        *directions.directions(
            claims.blanked(plain, [one.span for one in unexplained]), mentions, known, is_advice=is_advice
        ),
        *directions.compared(plain, mentions, known),
        *against.compared(plain, mentions, known),
        *against.averaged(plain, mentions, known),
        *metrics.deviating(plain, mentions, known),
        *metrics.calm(plain, mentions, known),
        *trends.trends(sentence, mentions, known),
        *conditions.affected(plain, mentions, known),
        *conditions.conditions(plain, mentions, known),
        *absences.absences(plain, mentions, known),
        *changes.denials(plain, known),
        *changes.deeds(plain, mentions, known),
        *changes.soles(plain, mentions, known),
        *changes.undeployed(plain, mentions, known),
        *changes.deployments(plain, mentions, known),
        *statements.verdicts(plain, known),
        *impacts.losses(plain, known),
        *impacts.measured(plain, known),
        *impacts.none_measured(plain, mentions, known),
        *statements.quiet(plain, known),
        *impacts.noticed(plain, known),
        *impacts.unmeasured(plain, known),
        *ranking.ranking(plain, mentions, known),
        *relations.logging(plain, mentions, known),
        *impacts.counts(plain, known),
        *statements.states(plain, mentions, known, is_advice=is_advice),
        *remembered.remembered(plain, mentions, past_incidents, known),
        *severities.severities(plain, known),
        *novelty.novelty(sentence, mentions, known),
        *degrees.degrees(plain, mentions, known),
        *degrees.versions(plain, known),
        *degrees.logged(plain, mentions, known),
        *degrees.still(plain, mentions, known),
        *degrees.as_ever(plain, mentions, known),
        *degrees.equals(plain, mentions, known),
        *consequences.parts(plain, known),
        *beginnings.beginnings(plain, mentions, known),
        *beginnings.baselines(plain, known),
        *rollouts.rollouts(plain, mentions, known),
        *shares.contributors(plain, mentions, known),
        *shares.betweens(plain, known),
        *extents.extents(plain, sentence, mentions, known),
    ]
    if is_advice:
        found = list(awaited.without_conditional(found, plain))
    if past_incidents:
        found = past.as_then(found, plain, words, past_incidents, known)
    return sorted(found, key=lambda one: one.span)


def _citations(sentence: str, known: Known) -> Iterator[Claim]:
    for found in claims.CITED.finditer(sentence):
        wrong = set(re.findall(r"e\d+", found[0])) - known.evidence
        if wrong:
            yield Claim("citation", found.span(), found[0], holds=False, why="there is no such evidence")


def _quotations(text: str, known: Known) -> list[Claim]:
    """What is quoted stands in a line that was read, of the service that it is said to be of."""
    matches = list(claims.QUOTED.finditer(text))
    if not matches:
        return []
    lines = [_even(line) for line in known.lines if line]
    mentions = roster.mentions(text, known)
    found = []
    for match in matches:
        quoted = next(part for part in match.groups() if part is not None)
        said = _even(quoted.rstrip("….,")).strip()
        why = ""
        if not any(said in line for line in lines) and said not in map(_even, known.names):
            why = "nothing that was read says so"
        elif not _is_of_its_service(said, match.span(), text, mentions, known):
            why = "another service says so"
        found.append(Claim("quotation", match.span(), match[0], not why, why))
    return found


def _is_of_its_service(said: str, span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Of the one that was named last before it, or of one right behind it."""
    owners = {service for service, lines in known.logged.items() if any(said in _even(line) for line in lines)}
    services = [one for one in mentions if one.text in known.services]
    outside = [
        one
        for one in services
        if not span[0] <= one.span[0] < span[1]
        and not re.search(r"\b(?:to|towards|with|against|about|names?|naming|named)(?: the)? $", text[: one.span[0]])
    ]
    named = [one for one in outside if one.span[1] <= span[0]]
    # "payments failed before ledger, and its errors read …".
    is_its = named and re.search(r"\b(?:its|their)\b", text[named[-1].span[1] : span[0]])
    before = [one.text for one in (named if is_its else named[-1:])]
    behind = [
        one.text
        for one in outside
        if one.span[0] >= span[1] and re.search(r"\b(?:of|in|by|from|for) $", text[: one.span[0]])
    ]
    if not (before or behind) and ITS.search(text[: span[0]]):
        # "Its errors read …": of whom the sentence before spoke.
        before = sorted(known.about)
    return not owners or "" in owners or not (before or behind) or bool(owners & {*before, *behind[:1]})


ITS = re.compile(r"^\W*(?:its|their)\b", re.IGNORECASE)


def _even(text: str) -> str:
    return " ".join(text.casefold().split())
