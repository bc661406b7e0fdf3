"""The story of an investigation. Read this first.

    alert ─▶ survey (1st wave) ─▶ question ─▶ case ─▶ detail (2nd wave) ─▶ verdict, impact, severity, text ─▶ report

Nothing is stored, sent or changed here, and nothing at or after the alert's own date is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from time import perf_counter

from worker import question
from worker.analysis import of_roles, study
from worker.analysis.study import ROLLOUT, Case
from worker.conclusion import conclude, write_report
from worker.domain.alert import Alert
from worker.domain.report import Provenance, Report
from worker.domain.telemetry import Detail, Scope
from worker.domain.window import Window, utc_now
from worker.impact.means import Means
from worker.impact.tables import Factors, shipped
from worker.known import Knowledge, first_knowledge, known
from worker.ports import GridIntensity, Telemetry
from worker.provenance import provenance_of
from worker.question import Question
from worker.severity import DEFAULT, Thresholds
from worker.similar import further_history, wanted_of

MOST_INCIDENTS = 200


@dataclass
class Investigator:
    """Investigates alerts with one engine and one profile. `now` only dates the report.

    `factors` and `hourly`, if any, are what emissions are reckoned with; `thresholds` say what is how severe.
    """

    telemetry: Telemetry
    now: Callable[[], datetime] = utc_now
    factors: Factors = field(default_factory=shipped)
    hourly: GridIntensity | None = None
    thresholds: Thresholds = DEFAULT

    def __call__(self, alert: Alert, alert_id: str, knowledge: Knowledge | None = None) -> Report:
        """Raises EvidenceUnavailable when telemetry cannot be read at all; what is missing in part becomes a gap.

        `knowledge`: of an investigation that is made again, what it could know of other incidents.
        """
        knowledge = knowledge or first_knowledge(self.now())
        watch = Stopwatch()
        asked, case, detail = self.examine(alert, watch, knowledge)
        conclusion = conclude(alert, asked, case, detail, self.means, self.thresholds)
        wanted = wanted_of(conclusion.story)
        further = further_history(self.telemetry, case, wanted, knowledge, conclusion.log)
        report = write_report(
            alert,
            alert_id,
            conclusion,
            profile=self.telemetry.profile.name,
            now=self.now(),
            provenance=self.provenance,
            further=further,
        )
        watch.lap("conclusion_seconds")
        return report.model_copy(update={"timings": watch.laps, "known_by": knowledge.by})

    def examine(self, alert: Alert, watch: Stopwatch, knowledge: Knowledge) -> tuple[Question, Case, Detail]:
        """Everything up to the verdict: what was asked, the closed case, and the details it rests on."""
        profile = self.telemetry.profile
        survey = self.telemetry.survey(question.guess(alert, profile), question.window_of(alert, profile))
        survey.history = known(survey.history, survey.as_of, knowledge, most=MOST_INCIDENTS)
        watch.lap("survey_seconds")
        asked = question.understand(alert, profile, survey.scopes)
        # Where the profile tells metrics by their role, or who calls whom, there is more to weigh.
        method = of_roles if survey.is_of_roles else study
        case = method.open_case(survey, asked.scope, asked.signal, asked.window)
        watch.lap("analysis_seconds")
        # Who else is suspected is found out while the details of the case's own scope are read.
        detail = self._detail(case, method.worth_detail(case))
        watch.lap("detail_seconds")
        method.close_case(case, detail)
        return asked, case, detail

    @cached_property
    def provenance(self) -> Provenance:
        profile = self.telemetry.profile
        return provenance_of(profile, self.thresholds, self.factors, is_hourly=self.hourly is not None)

    @property
    def means(self) -> Means:
        profile = self.telemetry.profile
        return Means(
            factors=self.factors,
            hourly=self.hourly,
            machine=profile.machine,
            business=profile.business,
            users=profile.users,
            slo=profile.slo,
            sci=profile.sci,
        )

    def _detail(self, case: Case, scopes: Iterator[Scope]) -> Detail:
        rollout = Window(start=(case.onset or case.window.start) - ROLLOUT, end=case.window.end)
        return self.telemetry.detail(scopes, case.window, case.baseline, rollout)


class Stopwatch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = round(now - self._last, 4)
        self._last = now
