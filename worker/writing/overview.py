"""The opening: is it real, how bad, since when, why, and how sure. At most 60 words."""

from __future__ import annotations

from worker.analysis.deviation import Deviation
from worker.analysis.ranking import Suspect, kind_of
from worker.analysis.study import Case
from worker.domain.report import Candidate, CauseKind, Verdict
from worker.writing import causes, pauses, roles
from worker.writing.figures import listed, number, percent, possessive, times
from worker.writing.story import Story, topic_of

LIKELY_ENOUGH = 0.1
ITSELF_CALM = "its own metrics are as usual; what it calls is not"
MOST_WORDS = 60
SAME = 0.05
# signal → (name, unit)
LEVELS = {
    "carbon": ("CO₂", " g/min"),
    "latency": ("latency", " ms"),
    "cpu": ("CPU", " %"),
    "memory": ("memory", " %"),
    "traffic": ("traffic", " requests/min"),
}
SHARES = {"errors": "fail", "retries": "are retries"}


def sentences(story: Story) -> list[str]:
    """The opening's sentences; the first two make a headline."""
    said = {Verdict.ROOT_CAUSE: _found, Verdict.INCONCLUSIVE: _open, Verdict.NOT_CONFIRMED: _quiet}[story.verdict](
        story
    )
    while len(said) > 2 and len(" ".join(said).split()) > MOST_WORDS:
        said.pop()
    return said


def _found(story: Story) -> list[str]:
    case, first = story.case, story.candidates[0]
    shown = f"{story.what}{story.since}{story.shown_by}" if story.what else ITSELF_CALM
    said = [f"{case.scope}: {shown}."]
    said.append(f"Cause: {_cause(case, case.suspects[0], first)}; confidence {first.confidence:.2f}{_ids(first)}.")
    second = next(iter(story.candidates[1:]), None)
    if second and second.confidence >= LIKELY_ENOUGH:
        said.append(f"Second: {_named(second, case)} ({second.confidence:.2f}): {second.against or second.reason}.")
    return said


def _named(candidate: Candidate, case: Case) -> str:
    """Demand is no service's own."""
    return candidate.service or ("more demand" if candidate.kind is CauseKind.TRAFFIC else str(case.scope))


def _ids(candidate: Candidate) -> str:
    return f" [{' '.join(candidate.evidence)}]" if candidate.evidence else ""


def _cause(case: Case, suspect: Suspect, candidate: Candidate) -> str:
    service = candidate.service or str(case.scope)
    shown = causes.leading_symptom(suspect)
    kind = kind_of(suspect, case.scope)
    if kind is CauseKind.DEPLOYMENT and suspect.change:
        return causes.change_sentence(suspect.change, of="" if suspect.scope == case.scope else service, is_brief=True)
    if kind is CauseKind.DEPENDENCY:
        return _dependency(service, shown, suspect, case)
    if kind is CauseKind.TRAFFIC:
        return "more demand, served at the usual cost, error rate and latency; nothing is broken"
    if kind is CauseKind.ERROR and candidate.error_type:
        return f"{service} itself fails with {candidate.error_type}; no change of it explains that"
    if kind is CauseKind.RESOURCE:
        return f"{service} itself does more work for the same requests: {shown}; no change of it explains that"
    return f"{service} itself, with {shown}; no change of it explains that"


def _dependency(service: str, shown: str, suspect: Suspect, case: Case) -> str:
    callers = sorted(suspect.named_by.items(), key=lambda item: (item[0] != case.scope.service, -item[1]))
    named = [f"{percent(share)} of {possessive(caller)} new errors name it" for caller, share in callers[:1]]
    joined = ", where" if suspect.main_signal in ("errors", "retries") else ", with"
    joined = ":" if suspect.account else joined
    return "; ".join([f"{service}{joined} {shown}" if shown else service, *named])


def _open(story: Story) -> list[str]:
    case = story.case
    if case.doubt and case.doubtful:
        few = f"but that rests on {number(case.doubt.weight)} log lines, too few to tell from chance"
        of = case.doubtful.scope
        where = f" in {of}{story.cite('doubt')}" if of != case.scope else story.cite("logs")
        return [f"No verdict on {case.scope}: {causes.symptom(case.doubt)}{where}, {few}."]
    if not case.confirmed:
        return [_nothing_read(story)]
    said = [f"Something is wrong in {case.scope}, and the data does not say what."]
    if story.what:
        said.append(f"{_capital(story.what)}{story.since}{story.shown_by}.")
    if not case.near_changes and "changes" not in case.survey.unread:
        said.append(f"No deployment in the two hours before{story.cite('changes')}.")
    if story.candidates and story.candidates[0].confidence >= LIKELY_ENOUGH:
        best = story.candidates[0]
        doubt = f"but {best.against}" if best.against else "too weak against what is not measured here"
        said.append(f"Nearest explanation: {_named(best, case)} ({best.confidence:.2f}), {doubt}.")
    return said


def _nothing_read(story: Story) -> str:
    scope = story.case.scope
    if story.unread:
        return f"No verdict on {scope}: its telemetry could not be read (see the gaps), so a spike is not excluded."
    return f"No verdict on {scope}: the indices hold no telemetry of it in the hours before the alert."


def _quiet(story: Story) -> list[str]:
    case = story.case
    name = "carbon" if case.leading in (None, "carbon_per_demand", "silence") else case.leading
    found = case.deviation(name or "carbon") or _of_role(case)
    if found is None:
        return [f"Not an incident: no signal of {case.scope} deviates{story.cite('metrics', 'logs')}."]
    said = [f"Not an incident: {_usual(case, found)}{story.cite(topic_of(found.signal))}."]
    if found.signal == "carbon" and case.caught_up:
        said.append(pauses.sentence(story))
    intensity = case.deviation("carbon_per_demand")
    if found.signal == "carbon" and intensity:
        is_same = abs(intensity.ratio - 1) <= SAME
        said.append(f"A request takes {'' if is_same else times(intensity.ratio) + ' '}the CO₂ it usually takes.")
    return said + ([story.threshold] if story.threshold else [])


def _of_role(case: Case) -> Deviation | None:
    """The alerted kind of metric where the alert names no single one: the one that deviates most."""
    deviations = case.reading.deviations.values() if case.reading else ()
    found = [one for one in deviations if one.metric and case.signal in (one.metric.role, one.metric.name)]
    return max(found, key=lambda one: one.z, default=None)


def _usual(case: Case, found: Deviation) -> str:
    if found.signal in SHARES:
        doing = SHARES[found.signal]
        return f"{percent(found.actual)} of the requests of {case.scope} {doing}, usually {percent(found.expected)}"
    if found.metric:
        name, now, usual = roles.title(found.metric), found.actual, found.expected
        level = f"{name} of {case.scope} is {roles.level(found.metric, now)}"
        return f"{level}; {roles.level(found.metric, usual)} is usual{_basis(case, found.signal)}"
    label, unit = LEVELS[found.signal]
    level = f"{label} of {case.scope} is {number(found.actual)}{unit}"
    return f"{level}; {number(found.expected)}{unit} is usual{_basis(case, found.signal)}"


def _basis(case: Case, name: str) -> str:
    expectation = case.reading.expectations.get(name) if case.reading else None
    if expectation is None or not expectation.days:
        return " by the hours before"
    return f" at this hour ({expectation.days} earlier day{'s' if expectation.days > 1 else ''})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def capital_list(parts: list[str]) -> str:
    return _capital(listed(parts))
