"""Whose figure is told of somebody else: a service's of its region, a caller's of what it calls."""

from __future__ import annotations

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Fact, Known
from worker.agent.grounding.report.said import Said
from worker.agent.grounding.text.topics import SIGNALS


def is_of_a_service_there(fact: Fact, said: Said, known: Known) -> bool:
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
