"""The report: what an investigation found, as it is stored in `spiketrace-reports`."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.domain.evidence import Evidence, Gap
from worker.domain.severity import Severity
from worker.domain.window import Window


class Verdict(StrEnum):
    ROOT_CAUSE = "root_cause"
    INCONCLUSIVE = "inconclusive"
    NOT_CONFIRMED = "not_confirmed"


class CauseKind(StrEnum):
    DEPLOYMENT = "deployment"
    DEPENDENCY = "dependency"
    RESOURCE = "resource"
    TRAFFIC = "traffic"
    ERROR = "error"
    UNKNOWN = "unknown"


class Quantity(BaseModel):
    """A figure with its 90 % interval. The unit is in the name of the field that holds it."""

    low: float
    likely: float
    high: float

    def times(self, factor: float) -> Quantity:
        """So many times it; `factor` is not negative."""
        return Quantity(low=self.low * factor, likely=self.likely * factor, high=self.high * factor)


class RootCause(BaseModel):
    """Names are verbatim, as the telemetry has them; escaped only where they are rendered."""

    kind: CauseKind
    service: str | None = None
    region: str | None = None
    deployment_id: str | None = None
    version: str | None = None
    error_type: str | None = None
    metric: str | None = None
    onset: AwareDatetime | None = None


class Candidate(RootCause):
    """A possible root cause: why it stands where it stands, and what would settle it."""

    rank: int
    score: float
    confidence: float
    evidence: list[str]
    reason: str
    against: str | None = None
    check: str


class SciScore(BaseModel):
    """Software Carbon Intensity: (E · I + M) per R, gCO₂e for each `functional_unit`, incident and baseline alike.

    `includes_embodied` is false where M is not known and left out of both.
    """

    functional_unit: str
    baseline: float | None = None
    incident: float | None = None
    includes_embodied: bool = False


class CarbonImpact(BaseModel):
    """Grams of CO₂ equivalent in exactly the report's window and scope.

    `split` parts the excess by what it was spent on; `comparison` says it in something people know.
    """

    excess_co2_grams: Quantity | None = None
    actual_co2_grams: Quantity | None = None
    expected_co2_grams: Quantity | None = None
    method: Literal["measured", "estimated"] | None = None
    factors: list[dict[str, str | float | int | None]] = Field(default_factory=list)
    split: dict[str, Quantity] | None = None
    excess_kwh: Quantity | None = None
    embodied_co2_grams: Quantity | None = None
    sci: SciScore | None = None
    comparison: str | None = None


class ComputeImpact(BaseModel):
    """`split` in vCPU-hours, `cost_split` in US dollars, both as the excess emissions are split."""

    excess_vcpu_hours: Quantity | None = None
    excess_cost_usd: Quantity | None = None
    split: dict[str, Quantity] | None = None
    cost_split: dict[str, Quantity] | None = None


class ServiceLevel(BaseModel):
    """A service level objective in the window: shares of 0–1, `burn_rate` in times of what the objective allows.

    `budget_burnt` is the share of the period's whole error budget that the window used up.
    """

    objective: float
    latency_target_ms: float | None = None
    period_days: float
    bad_share: float
    burn_rate: float
    budget_burnt: float | None = None


class UsersImpact(BaseModel):
    """`users_affected` counts distinct `users_kind`; `users_share` is their share of all that were seen."""

    requests_failed: Quantity | None = None
    requests_slowed: Quantity | None = None
    users_affected: Quantity | None = None
    users_share: float | None = None
    users_kind: Literal["users", "sessions"] | None = None
    failed_share: float | None = None
    latency_ms: dict[str, dict[str, float]] | None = None
    slo: ServiceLevel | None = None


Source = Literal["measured", "recorded", "estimated"]


class BusinessImpact(BaseModel):
    orders_affected: Quantity | None = None
    revenue_lost_usd: Quantity | None = None
    source: Source | None = None
    assumption: str | None = None


class CalculationStep(BaseModel):
    """One step from what was read to a figure: what it is, how it is computed, and what comes out."""

    part: Literal["carbon", "waste", "compute", "sci", "users", "business"]
    name: str
    formula: str
    result: str


class Impact(BaseModel):
    carbon: CarbonImpact = Field(default_factory=CarbonImpact)
    compute: ComputeImpact = Field(default_factory=ComputeImpact)
    users: UsersImpact = Field(default_factory=UsersImpact)
    business: BusinessImpact = Field(default_factory=BusinessImpact)
    calculation: list[CalculationStep] = Field(default_factory=list)


class SeverityFacts(BaseModel):
    """What the severity rests on, in the scope and window of the report; None where it was not measured.

    Shares are 0–1, ratios are to the baseline (1.0 is usual), `confidence` is that of the root cause.
    `services_affected` counts the services that deviate, the alerted one included. Money and orders are the low end of
    their interval, and `money_source` says where they come from.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    cause_kind: CauseKind | None = None
    confidence: float | None = None
    failed_share: float | None = None
    usual_failed_share: float = 0.0
    requests_failed: float | None = None
    requests_slowed: float | None = None
    users_affected: float | None = None
    co2_ratio: float | None = None
    excess_co2_grams: float | None = None
    latency_ratio: float | None = None
    services_affected: int = 1
    orders_affected: float | None = None
    revenue_lost_usd: float | None = None
    money_source: Source | None = None


class Sections(BaseModel):
    """The six parts people read, in Markdown-safe plain text; claims end with [e1]."""

    overview: str
    user_impact: str
    carbon_compute_impact: str
    business_impact: str
    deployment_correlation: str
    recommendations: list[str]


class Narrative(BaseModel):
    """Who wrote the words, and what came of a model's.

    A model's `overview` and `recommendations` stand in the report's sections, after the template's own; `reasoning`
    stands here. `claims_checked` counts the claims that were compared with the evidence, `claims_marked` those that
    stay as `[unverified]`, `claims_removed` those that are gone. `pending_until` is when nobody waits any longer.
    """

    author: Literal["template", "gemini"] = "template"
    state: Literal["none", "pending", "done", "failed"] = "none"
    reason: str | None = None
    model: str | None = None
    reasoning: str = ""
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    claims_checked: int = 0
    claims_marked: int = 0
    claims_removed: int = 0
    pending_until: AwareDatetime | None = None


class Mark(BaseModel):
    """A moment worth a line on a chart."""

    at: AwareDatetime
    kind: Literal["onset", "deployment", "alert"]
    label: str


class Chart(BaseModel):
    """A series as it was read: point i is of [start + i·step, start + (i+1)·step).

    `expected_*` is what the baseline predicts for each point, at 90 %; empty where there is none.
    A missing sample is None, never zero.
    """

    id: str
    title: str
    unit: str
    start: AwareDatetime
    step_seconds: int
    values: list[float | None]
    expected_low: list[float | None] = Field(default_factory=list)
    expected_likely: list[float | None] = Field(default_factory=list)
    expected_high: list[float | None] = Field(default_factory=list)
    marks: list[Mark] = Field(default_factory=list)
    evidence: str | None = None


# The gap where that could not be looked for.
BY_MEANING = "Past incidents alike in meaning"


class SimilarIncident(BaseModel):
    """A past incident, why it is similar, how it ended and what helped then, as far as somebody wrote it down.

    `found_by` meaning: by its embedding, after the report was stored (docs/similar.md); else by words and structure.
    """

    id: str
    title: str
    at: AwareDatetime
    service: str | None = None
    region: str | None = None
    status: str | None = None
    why: str
    ended: str | None = None
    helped: str | None = None
    found_by: Literal["words", "meaning"] = "words"

    @property
    def helped_in_words(self) -> str:
        return f"what helped then: {self.helped}" if self.helped else ""


class AlertSummary(BaseModel):
    """Of the alert, what a reader of the report wants to see without looking it up."""

    rule_id: str
    rule_name: str
    instance: str
    title: str
    conditions: str
    value: float | None
    date: AwareDatetime
    link: str


class Provenance(BaseModel):
    """What made a report: SpikeTrace's `version`, and digests of what it was made with.

    `code` is of the program itself, `policy` of the thresholds of severity, `terminology` of the words. `grid` is
    whether the intensity of the grid was asked for by the hour. The profile's name is the report's `profile`.
    """

    version: str
    code: str
    profile: str
    policy: str
    factors: str
    grid: Literal["yearly", "hourly"]
    terminology: str


def report_id_of(alert_id: str) -> str:
    """The id of an alert's report: whoever investigates the alert again arrives at the same one."""
    return f"r-{alert_id}"


class Report(BaseModel):
    """`@timestamp` is the alert's date (the moment it speaks of); `created_at` when it was written.

    `known_by`: what was written into other incidents later was not taken into account (None: everything was).
    A report of a replay says in `replay_of` which report is the alert's own, and in `replay_id` whose it is.
    `provenance` is None in a report of a version that did not keep it.
    `headline` is the opening of the overview without evidence ids: for a chat message or a title.
    """

    model_config = ConfigDict(populate_by_name=True)

    report_id: str
    alert_id: str
    incident_id: str | None = None
    timestamp: AwareDatetime = Field(alias="@timestamp")
    created_at: AwareDatetime
    profile: str
    provenance: Provenance | None = None
    alert: AlertSummary
    service: str | None
    region: str | None
    signal: str | None
    window: Window
    baseline: Window
    verdict: Verdict
    severity: Severity
    severity_reasons: list[str]
    severity_facts: SeverityFacts | None = None
    confidence: float | None
    root_cause: RootCause | None
    candidates: list[Candidate]
    impact: Impact
    headline: str
    sections: Sections
    evidence: list[Evidence]
    gaps: list[Gap]
    similar_incidents: list[SimilarIncident]
    narrative: Narrative
    charts: list[Chart]
    replay_of: str | None = None
    replay_id: str | None = None
    known_by: AwareDatetime | None = None
    markdown: str = ""
    timings: dict[str, float] = Field(default_factory=dict)


class ReportSummary(BaseModel):
    """A report in one line, as a list of reports shows it."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore")

    report_id: str
    timestamp: AwareDatetime = Field(alias="@timestamp")
    service: str | None
    region: str | None
    verdict: Verdict
    severity: Severity
    confidence: float | None
    headline: str
    replay_of: str | None = None


class ReportOutline(ReportSummary):
    """What it takes to choose among the reports of a span of time."""

    signal: str | None = None
    window: Window
    root_cause: RootCause | None = None
    incident_id: str | None = None
    impact: Impact = Field(default_factory=Impact)
