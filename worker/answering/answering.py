"""A question in plain words, answered from what is measured and what was found. Read this first of this room.

    question ─▶ understood (a grammar, docs/questions.md) ─▶ a look at the engine for its topic ─▶ answer
                                                             └▶ (a model's words, checked; the template's otherwise)

Nothing is stored, sent or changed here: an answer may end with an offer, and `yes.py` does what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from worker.answering import emissions, errors, explaining, incidents, records, tickets
from worker.answering.answer import Answer, Step, Tell, Topic, Understood
from worker.answering.asking import Asking, Draft
from worker.answering.exhibits import Exhibits, Places
from worker.answering.names import NAMES_OF, Known
from worker.answering.ports import Incidents, Investigate, Looks, Reports
from worker.answering.understand import Taken, understand
from worker.answering.writing import answer_of, refused
from worker.answering.zones import zone_named
from worker.domain.window import Window
from worker.errors import NotMeasured, RequestRefused
from worker.policy import Policy

# (question, understood, the template's answer) → the answer to give. Never raises: whatever fails, or is over the
# budget, gives the template's answer with a `reason`.
ModelAnswer = Callable[[str, Understood, Answer], Answer]

ANSWERS: Mapping[Topic, Callable[[Asking], Draft]] = {
    Topic.EMISSIONS_WHY: explaining.explain,
    Topic.EMISSIONS_TOTAL: emissions.total,
    Topic.EMISSIONS_RANKING: emissions.rank,
    Topic.WRONG: explaining.explain,
    Topic.INCIDENTS: incidents.list_incidents,
    Topic.SIMILAR: explaining.tell_similar,
    Topic.ERRORS: errors.list_errors,
    Topic.DEPLOYMENTS: records.list_deployments,
    Topic.REPORTS: records.list_reports,
    Topic.TICKET: tickets.offer_ticket,
}


@dataclass(frozen=True)
class Answering:
    """Answers questions with one engine and one profile. `worker.assembly.open_answering` wires it.

    `investigate` is an Investigator: for "why" where no report explains it, and nothing of it is stored. `configured`
    are the names of the destinations, `places` where people read more.
    """

    looks: Looks
    reports: Reports
    incidents: Incidents
    investigate: Investigate
    policy: Policy
    configured: Collection[str]
    places: Places
    model_answer: ModelAnswer | None = None

    def __call__(self, question: str, *, zone: str, now: datetime, tell: Tell) -> Answer:
        """`zone` is the clock that "yesterday" and "14:30" are of (an IANA name, UTC or +02:00), `now` the asker's.

        What is not understood is said in the answer. Raises RequestRefused for an unknown zone, EvidenceUnavailable
        when the engine does not answer.
        """
        clock = zone_named(zone)
        if clock is None:
            raise RequestRefused(f"there is no time zone {zone[:60]!r}: name it like Europe/Berlin, UTC or +02:00")
        taken = understand(question, zone=clock, now=now, known=lambda: self._known(now))
        tell(Step("understood", taken.understood.sentence))
        answer = refused(question, taken) if taken.is_refused else self._answer(question, taken, now, tell)
        if self.model_answer is None or (taken.is_refused and not taken.is_unclear):
            return answer
        tell(Step("asking_model", "asking the model, whose words are then checked"))
        return self.model_answer(question, taken.understood, answer)

    def _known(self, now: datetime) -> Known:
        """Of whole days, so that the engine can answer it from its cache all day long."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        seen = self.looks.names(Window(start=midnight - NAMES_OF, end=midnight + timedelta(days=1)))
        return Known(tuple(seen.services), tuple(seen.regions), seen.is_whole)

    def _answer(self, question: str, taken: Taken, now: datetime, tell: Tell) -> Answer:
        asking = self._asking(taken, now, tell)
        assert taken.understood.topic is not None
        try:
            draft = ANSWERS[taken.understood.topic](asking)
        except NotMeasured as error:
            draft = Draft([f"This is not measured here: {error.reason}."])
        return answer_of(question, taken, draft, asking)

    def _asking(self, taken: Taken, now: datetime, tell: Tell) -> Asking:
        return Asking(
            understood=taken.understood,
            zone=taken.zone,
            now=now,
            looks=self.looks,
            reports=self.reports,
            incidents=self.incidents,
            investigate=self.investigate,
            policy=self.policy,
            configured=self.configured,
            exhibits=Exhibits(self.places),
            on_step=tell,
        )
