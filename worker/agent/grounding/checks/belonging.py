"""Whether a figure that fits is of another all the same: service, region, caller, rise, or candidate."""

from __future__ import annotations

import re

from worker.agent.grounding.checks import movements
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Fact, Known, Subject
from worker.agent.grounding.report.said import Said
from worker.agent.grounding.text.topics import SIGNALS, topics


def is_anothers(fact: Fact, said: Said, spelled: frozenset[str], known: Known) -> bool:
    """Of another metric than the one that is spelled, of other places, or of what went the other way."""
    is_another = bool(spelled and fact.metric) and fact.metric not in spelled
    return (
        is_another
        or _is_of_another_candidate(fact, said, known)
        or _is_unnamed(fact, said, known)
        or _is_of_another_rise(fact, said, known)
        or _is_of_all_regions(fact, said, known)
        or _is_of_the_region(fact, said, known)
        or _is_of_a_service_there(fact, said, known)
        or movements.went_otherwise(fact, said.before, known)
    )


NOT_ITS = re.compile(r"[,;.]|\b(?:ahead|behind|beside|besides|than|before|after|next|second|other|others|rest)\b")


def _is_of_another_candidate(fact: Fact, said: Said, known: Known) -> bool:
    """ "The confidence in deploy-8723 is 0.85", where that is another candidate's."""
    if fact.dimension != "confidence" or said.deployment is None:
        return False
    between = said.before[said.before.rfind(said.deployment) + len(said.deployment) :]
    owners_of = {one.service for one in known.changes if one.deployment_id == said.deployment}
    return not NOT_ITS.search(between) and not {fact.of, fact.subject.service, said.deployment} & owners_of


def _is_unnamed(fact: Fact, said: Said, known: Known) -> bool:
    """ "67 % of the requests fail", where a region was alerted: no figure of one of its services."""
    is_named = fact.subject.service in said.names or said.rank or said.types or said.deployment
    is_told_on = known.about and (not said.subjects or owners.PRONOUN.search(said.before + said.clause))
    is_of_one = fact.subject.service not in (None, known.scope.service) and not is_told_on
    return is_of_one and not (_services(said) or is_named) and fact.signal in (*SIGNALS, "lines")


def _services(said: Said) -> bool:
    return any(one.service for one in said.subjects)


RISE_OF = re.compile(r"\b(?:rise|increase|growth) (?:of|in) (?P<what>[^,;.:\d]{1,30})", re.IGNORECASE)


def _is_of_another_rise(fact: Fact, said: Said, known: Known) -> bool:
    """ "Its share in the rise of latency is 0.94", where the parts that were measured are those of the errors."""
    found = RISE_OF.search(f"{said.before}{said.after}") if fact.whole == "rise" else None
    told = topics(found["what"]) & {*SIGNALS} if found else frozenset()
    titles = " ".join(one.title for one in known.report.evidence if one.id == fact.evidence)
    return bool(told and titles) and not told & topics(titles)


def _is_of_all_regions(fact: Fact, said: Said, known: Known) -> bool:
    """ "recommendations in us-central1 emits 6.5 g/min": where that is what it emits in all of its regions."""
    if fact.signal not in SIGNALS or fact.subject.region or not fact.subject.service:
        return False
    return bool(said.subjects) and all(_is_a_known_part(one, known) for one in said.subjects)


def _is_a_known_part(subject: Subject, known: Known) -> bool:
    return bool(subject.service and subject.region) and any(one.subject == subject for one in known.facts)


def _is_of_the_region(fact: Fact, said: Said, known: Known) -> bool:
    """ "Ledger's latency is 616 ms in europe-west1": where that is all of the region's, and ledger has its own."""
    if fact.subject.service or not fact.subject.region:
        return False
    if fact.dimension != "lines" and said.subjects and all(one.service in said.names for one in said.subjects):
        return True
    kind = (fact.dimension, fact.signal, fact.role, fact.statistic)
    return any(
        (one.dimension, one.signal, one.role, one.statistic) == kind and one.subject.service == told.service
        for told in said.subjects
        if told.service
        for one in known.facts
    )


def _is_of_a_service_there(fact: Fact, said: Said, known: Known) -> bool:
    """ "100 % of the requests of europe-west1 fail": where that is ledger's, and the region has its own."""
    if not fact.subject.service or fact.signal not in SIGNALS or said.names & (known.services | {*known.types}):
        return False
    if any(one.service for one in said.subjects) or owners.PRONOUN.search(f"{said.before}{said.after}"):
        return False
    kind = (fact.dimension, fact.signal, fact.role)
    regions = {one.region for one in said.subjects} - {None}
    return any(
        one.subject.service is None and one.subject.region in regions and (one.dimension, one.signal, one.role) == kind
        for one in known.facts
    )


def is_of_its_caller(fact: Fact, said: Said) -> bool:
    """ "28 % of the calls to search fail": where no caller is named these are search's own failures."""
    is_failing = (fact.signal, fact.whole) == ("errors", "requests") and fact.subject.service is not None
    is_unnamed = said.services == {said.callee} and not owners.PRONOUN.search(said.clause)
    return is_failing and is_unnamed and fact.subject.service != said.callee
