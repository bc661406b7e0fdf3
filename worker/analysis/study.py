"""From a survey to a case: is the spike real, whose is it, since when, and who is suspected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from worker.analysis import blame, changes, ranking
from worker.analysis.attribution import Share, attribute, narrow
from worker.analysis.changes import WeighedChange
from worker.analysis.deviation import Deviation
from worker.analysis.ranking import DEVIATES, EFFECTS, SURE_Z, Suspect
from worker.analysis.sampling import Pause, caught_up, start_of_sample
from worker.analysis.signals import Reader, Reading, retries_set_in
from worker.analysis.system.look import Look
from worker.analysis.system.weighing import Account
from worker.domain.telemetry import Change, Detail, Scope, ScopeDetail, Survey
from worker.domain.window import Window, floor_minute

# The alerted signal has the rule's word for it; any other must be surer.
ALERTED_Z = 4.0
# Below it chance explains a deviation well enough; between the two, few samples leave it open.
DOUBTFUL_Z = 1.5
FEW_COUNTED = 40
# What the latency of so few must reach where no rule named it: dozens of signals are looked at beside each alert.
SURE_Z_OF_FEW = 7.0
DEMAND_RATIO = 1.2
CARBON_RATIO = 1.15
# Carbon per demand up to this share above the usual is the usual.
SAME_INTENSITY = 0.12
# These follow demand; they answer no question about errors or latency.
DEMAND_SIGNALS = ("carbon", "traffic")
# A window below this share of what earlier days reached at this hour is their peak, not a spike.
PEAK_SHARE = 1.03
PEAK_DAYS = 2
PEAK_HALF_WIDTH = timedelta(minutes=30)
# Signals that set in this long before the alerted one belong to another story.
SAME_STORY = timedelta(minutes=45)
MOST_DETAILED = 8
ROLLOUT = timedelta(minutes=130)

WATCHED = ("errors", "silence", "latency", "carbon", "carbon_per_demand", "retries", "cpu", "memory", "traffic")


@dataclass
class Case:
    """What is known of an alert so far. `confirmed` are the signals that deviate, the alerted one first.

    `look`, `accounts` (the likeliest service first) and `confidence` are there where the profile tells roles or calls.
    """

    reader: Reader
    asked: Scope
    signal: str | None
    scope: Scope
    window: Window
    baseline: Window
    reading: Reading | None
    confirmed: list[str] = field(default_factory=list)
    onset: datetime | None = None
    is_demand: bool = False
    shares: list[Share] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    near_changes: list[Change] = field(default_factory=list)
    doubtful: Reading | None = None
    look: Look | None = None
    accounts: list[Account] = field(default_factory=list)
    confidence: float | None = None

    @property
    def survey(self) -> Survey:
        return self.reader.survey

    @property
    def doubt(self) -> Deviation | None:
        """What is told of the alerted signal, of the whole or of one part, by too few log lines."""
        return self.doubtful.deviations.get(self.signal or "") if self.doubtful else None

    @cached_property
    def caught_up(self) -> list[Pause]:
        """Whose samples in the window hold emissions of a pause before it, too. Asked for once the case is opened."""
        return caught_up(self.survey, self.scope, self.window)

    @property
    def leading(self) -> str | None:
        return self.confirmed[0] if self.confirmed else self.signal

    @property
    def window_to_baseline(self) -> float:
        return self.window.minutes / self.baseline.minutes

    def deviation(self, name: str) -> Deviation | None:
        return self.reading.deviations.get(name) if self.reading else None


def open_case(survey: Survey, asked: Scope, signal: str | None, window: Window) -> Case:
    """Confirms the spike in the rule's own window, finds whose it is and when it set in."""
    reader = Reader(survey)
    readings = reader.parts(asked, window)
    whole = reader.read(asked, window)
    confirmed = _confirmed_anywhere(whole, readings, signal, survey, window)
    leading = confirmed[0] if confirmed else signal or "carbon"
    shares = attribute(readings, leading)
    scope = narrow(asked, shares)
    reading = reader.read(scope, window)
    if not confirmed or reading is None:
        return _quiet(reader, asked, signal, window, whole, shares)
    case = Case(reader, asked, signal, scope, window, _before(survey, window.start), reading, shares=shares)
    onset = _onset(reading, confirmed)
    since = _since(case, onset) if onset else _with_confirmed(case)
    return since if since.confirmed else _quiet(reader, asked, signal, window, whole, shares)


def _quiet(
    reader: Reader, asked: Scope, signal: str | None, window: Window, whole: Reading | None, shares: list[Share]
) -> Case:
    """Nothing deviates for certain: the scope as it was asked for, in the rule's own window."""
    case = Case(reader, asked, signal, asked, window, _before(reader.survey, window.start), whole, shares=shares)
    case.doubtful = _doubtful(reader, asked, signal, window, whole)
    return case


def _doubtful(
    reader: Reader, asked: Scope, signal: str | None, window: Window, whole: Reading | None
) -> Reading | None:
    """Whose alerted signal deviates materially, but in too few log lines to tell that from chance."""
    if signal not in ("errors", "latency"):
        return None
    every = [*([whole] if whole else []), *reader.parts(asked, window)]
    found = [one for one in every if signal in one.deviations and _is_doubtful(one.deviations[signal])]
    return max(found, key=lambda one: one.deviations[signal].rise, default=None)


def _is_doubtful(found: Deviation) -> bool:
    is_chance = found.signal == "latency" and found.z < DOUBTFUL_Z
    return EFFECTS[found.signal][0](found) and found.weight < FEW_COUNTED and not is_chance


def _before(survey: Survey, moment: datetime) -> Window:
    return Window(start=survey.fine.start, end=max(moment, survey.fine.start + timedelta(minutes=1)))


def _confirmed_anywhere(
    whole: Reading | None, readings: Sequence[Reading], signal: str | None, survey: Survey, window: Window
) -> list[str]:
    every = ([whole] if whole else []) + list(readings)
    found = [name for reading in every for name in confirmed_signals(reading, signal, survey, window)]
    return sorted(set(found), key=lambda name: (name != signal, WATCHED.index(name)))


def confirmed_signals(reading: Reading, alerted: str | None, survey: Survey, window: Window) -> list[str]:
    """Signals whose deviation is certain and material: the alerted one first, then what users feel most."""
    names = [name for name in WATCHED if _is_confirmed(reading, name, alerted, survey, window)]
    return sorted(names, key=lambda name: name != alerted)


def _is_confirmed(reading: Reading, name: str, alerted: str | None, survey: Survey, window: Window) -> bool:
    found = reading.deviations.get(name)
    if found is None or found.z < _least_z(found, alerted):
        return False
    if name in DEMAND_SIGNALS and alerted not in (None, "cpu", "memory", *DEMAND_SIGNALS):
        return False
    if name in ("carbon", "traffic"):
        least = CARBON_RATIO if name == "carbon" else DEMAND_RATIO
        return found.ratio >= least and not _is_earlier_peak(reading, name, survey, window)
    return EFFECTS[name][0](found)


def _least_z(found: Deviation, alerted: str | None) -> float:
    if found.signal == alerted:
        return ALERTED_Z
    return SURE_Z_OF_FEW if found.signal == "latency" and found.weight < FEW_COUNTED else SURE_Z


def _is_earlier_peak(reading: Reading, name: str, survey: Survey, window: Window) -> bool:
    days = reading.days.get(name)
    found = reading.deviations.get(name)
    if days is None or found is None or len(days) < PEAK_DAYS:
        return False
    around = survey.fine.mask(Window(start=window.start - PEAK_HALF_WIDTH, end=window.end))
    return found.actual <= PEAK_SHARE * float(np.max(days[:, around]))


def _onset(reading: Reading, confirmed: Sequence[str]) -> datetime | None:
    """When the first confirmed signal of this story left its baseline."""
    onsets = [found.onset for name in confirmed if (found := reading.deviations.get(name)) and found.onset]
    if not onsets:
        return None
    return min(onset for onset in onsets if onset >= onsets[0] - SAME_STORY)


def _since(case: Case, onset: datetime) -> Case:
    """The same scope again, with everything before the onset as its baseline."""
    survey, end = case.survey, case.window.end
    case.onset = onset
    start = min(_sampled_since(case, onset), floor_minute(end - timedelta(minutes=1)))
    case.window = Window(start=start, end=end)
    case.baseline = _before(survey, start)
    case.reading = case.reader.read(case.scope, case.window, onset)
    return _with_confirmed(case)


def _sampled_since(case: Case, onset: datetime) -> datetime:
    """A window cuts no sample in two: what was emitted in it is then what its samples hold."""
    carbon = case.reading.series.get("carbon") if case.reading else None
    return onset if carbon is None else start_of_sample(carbon, case.survey.fine, onset)


def _with_confirmed(case: Case) -> Case:
    if case.reading is None:
        return case
    names = confirmed_signals(case.reading, case.signal, case.survey, case.window)
    case.is_demand = is_demand(case.reading, names)
    case.confirmed = names
    return case


def is_demand(reading: Reading, confirmed: Sequence[str]) -> bool:
    """More requests at the usual cost, error rate and latency, without retries: nobody's fault."""
    if "traffic" not in confirmed or set(confirmed) - {"traffic", "carbon", "memory", "cpu"}:
        return False
    if retries_set_in(reading):
        return False
    intensity = reading.deviations.get("carbon_per_demand")
    return intensity is None or intensity.ratio <= 1 + SAME_INTENSITY


def suspects(case: Case) -> list[Suspect]:
    """Every service of the case's region, with what it shows since the onset (before details are known)."""
    region = case.scope.region
    services = sorted(
        {scope.service for scope in case.survey.scopes if scope.service and region in (None, scope.region)}
    )
    found = []
    for service in services:
        scope = Scope(service, region)
        reading = case.reading if scope == case.scope else case.reader.read(scope, case.window, case.onset)
        if reading is None:
            continue
        effects = _sure(ranking.effects(reading), reading) if case.is_demand else ranking.effects(reading)
        onset = ranking.earliest_onset(reading, list(effects))
        found.append(Suspect(scope, reading, None, effects, onset=onset))
    return _with_demand(case, found) if case.is_demand else found


def _sure(effects: dict[str, float], reading: Reading) -> dict[str, float]:
    """Where demand explains all that was confirmed: a few slow lines of one service among dozens do not rival it."""
    deviations = reading.deviations
    return {name: one for name, one in effects.items() if deviations[name].z >= _least_z(deviations[name], None)}


def _with_demand(case: Case, found: list[Suspect]) -> list[Suspect]:
    """Demand as the suspect where the case is: what a scope shows then is the demand's doing."""
    others = [one for one in found if one.scope != case.scope]
    return [*others, Suspect(case.scope, case.reading, None, onset=case.onset, is_demand=True)]


def worth_detail(case: Case) -> Iterator[Scope]:
    """The case's own scope at once; then the suspects are found, and given are those that deviate most and those with
    a change shortly before the onset."""
    case.near_changes = changes.near(case.survey.changes, case.onset or case.window.start)
    yield case.scope
    case.suspects = suspects(case) if case.confirmed else []
    deviating = sorted((one for one in case.suspects if one.own >= DEVIATES), key=lambda one: -one.own)
    changed = [one for one in case.suspects if any(changes.concerns(change, one.scope) for change in case.near_changes)]
    wanted = [one.scope for one in (*deviating[:MOST_DETAILED], *changed[:MOST_DETAILED])]
    yield from dict.fromkeys(scope for scope in wanted if scope != case.scope)


def close_case(case: Case, detail: Detail) -> None:
    """Ranks the suspects by all that is known now."""
    found = case.suspects
    services = [one.scope.service for one in found if one.scope.service]
    by_service = {one.scope.service: one for one in found}
    for one in found:
        one.detail = detail.scopes.get(one.scope)
        one.change = _best_change(case, one)
        if one.detail and one.scope.service and one.own >= DEVIATES:
            named = blame.named_services(one.scope.service, one.detail, services, case.window_to_baseline)
            for name, share in named.items():
                by_service[name].named_by[one.scope.service] = share
    case.suspects = ranking.rank(found, case.scope, case.onset, case.window_to_baseline)


def _best_change(case: Case, suspect: Suspect) -> WeighedChange | None:
    onset = suspect.onset or case.onset
    if onset is None or suspect.is_demand:
        return None
    weighed = [
        changes.weigh(change, onset, _comparison(suspect.detail, change))
        for change in changes.near(case.survey.changes, onset)
        # A change of everything is weighed once, where the alert is.
        if changes.concerns(change, suspect.scope) and (change.service is not None or suspect.scope == case.scope)
    ]
    return max(weighed, key=lambda one: one.weight, default=None)


def _comparison(detail: ScopeDetail | None, change: Change) -> changes.Comparison:
    return changes.compare(detail.parts if detail else [], change.deployment_id, change.at)
