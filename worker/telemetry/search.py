"""The only caller of Elasticsearch for telemetry: two waves of `msearch` an investigation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote

from elasticsearch import ApiError, Elasticsearch

from worker.analysis.likeness.structure import Wanted
from worker.domain.telemetry import (
    FAILED_CALLS,
    Asked,
    Calls,
    Change,
    Detail,
    Floats,
    Grid,
    Metric,
    Scope,
    Series,
    Survey,
)
from worker.domain.window import Window, floor_minute
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.telemetry import calls, decode, impact_facts, landscape, queries, thinning
from worker.telemetry.background import in_background
from worker.telemetry.details import Details, joined
from worker.telemetry.impact_facts import Grids
from worker.telemetry.landscape import Answers, Landscape, Landscapes
from worker.telemetry.profiles import Edges, Metrics, Profile, Sampling
from worker.telemetry.thinning import Thinning
from worker.telemetry.waves import HISTORY_DAYS, numbered, own_questions
from worker.tracing import span

# What Elasticsearch says where no cluster that is named can be reached.
OTHER_CLUSTER_AWAY = frozenset({"connect_transport_exception", "no_seed_node_left_exception"})
# Types that hold the sum and the count of many values.
SUMMARIES = frozenset({"aggregate_metric_double", "histogram"})
NUMERIC = SUMMARIES | frozenset(
    {"double", "float", "half_float", "scaled_float", "long", "integer", "short", "byte", "unsigned_long"}
)


class ElasticTelemetry:
    """Telemetry in Elasticsearch, read through a profile. Reads nothing at or after `as_of`."""

    def __init__(
        self,
        client: Elasticsearch,
        profile: Profile,
        *,
        landscapes: Landscapes | None = None,
        most_lines: int = thinning.MOST_READ_WHOLE,
    ) -> None:
        """Where there are more than `most_lines` log lines in the last hours, not all are read (`thinning`)."""
        self._client = client
        self._most_lines = most_lines
        self.profile = profile
        self._landscapes = landscapes or Landscapes()

    def survey(self, scope: Scope, window: Window) -> Survey:
        """First wave: every scope's last hours, and of `scope` (None: of all) the days before and past incidents first.

        `window` is the rule's own; nothing at or after its end is read. Whole steps of all services may have been
        read some seconds ago, for another alert. Raises EvidenceUnavailable when the engine does not answer at all.
        """
        (profile, undiscovered), as_of = self._readable_profile(), window.end
        fine, coarse = fine_grid(profile.sampling, window), _coarse_grid(profile.sampling, as_of)
        grids = Grids(fine, coarse, as_of)
        own = own_questions(profile, scope, window, grids) | impact_facts.survey_questions(profile, grids)
        asked = own | landscape.rest_questions(profile, fine, as_of)
        found, answers, unread = self._with_landscape(asked, profile, scope, grids)
        read = landscape.reader(answers)
        survey = Survey(
            as_of=as_of,
            fine=fine,
            coarse=coarse,
            recent=_recent(found, answers, profile, fine),
            past=decode.merge(
                _past_metrics(read, profile.metrics, coarse),
                thinning.series(read, "logs_past", coarse, _of_past(found.thinning, scope, grids)),
            ),
            changes=_changes(read, profile),
            history=read("history", decode.history, []),
            has_more_history=read("history", decode.is_cut, False),
            providers=found.providers,
            cross_check=found.cross_check,
            # Whoever asks this in one piece gets what was read in two.
            asked=own | landscape.questions(profile, fine, as_of),
            unread={landscape.PARTS.get(name, name): why for name, why in unread.items()},
            window=window,
            metrics=metrics_of(profile),
            peaks=_peaks(read, profile.metrics, coarse),
            calls=read("calls", partial(calls.decode, edges=profile.edges), Calls()) if profile.edges else Calls(),
            topology=profile.topology,
            left_out=found.left_out,
            thinned=found.thinned["logs"].told(scope.service) if found.thinned else None,
        )
        survey.impact = impact_facts.survey_answers(answers, profile, grids, survey.scopes)
        survey.unread |= undiscovered
        return survey

    def _with_landscape(
        self, asked: dict[str, Asked], profile: Profile, scope: Scope, grids: Grids
    ) -> tuple[Landscape, Answers, dict[str, str]]:
        """What all services did, kept for other alerts unless a part could not be read; and the answers to `asked`.

        Metrics and lines are as much to read as each other, so the one is decoded while the engine counts the other.
        """
        grid = grids.fine
        end = min(grids.as_of, grid.time(grid.count - 1))
        metrics = landscape.of_metrics(profile, grid, end)
        key = metrics | landscape.of_logs(profile, grid, end)
        kept = self._landscapes.get(key)
        if kept and kept.knows(scope):
            return kept, *self._ask(_with_own(asked, profile, scope, grids, end, kept.thinning))
        reading = in_background(partial(self._measured, metrics, profile, grid))
        thin = self._thinning(profile, grid, end)
        logs = landscape.of_logs(profile, grid, end, thin)
        answers, unread = self._ask(logs | _with_own(asked, profile, scope, grids, end, thin))
        lines = landscape.decoded(answers, profile, grid, thin)
        measured, unmeasured = reading.result()
        found, unread = measured | lines, unmeasured | unread
        if not unread.keys() & (metrics | logs).keys():
            self._landscapes.put(key, found)
        return found, answers, unread

    def _thinning(self, profile: Profile, grid: Grid, end: datetime) -> Thinning | None:
        """Whether there are too many log lines to read all, at a glance."""
        if profile.logs is None:
            return None
        answers, _ = self._ask({"glances": thinning.glances(profile.logs, grid, end)})
        return thinning.thinning_of(answers["glances"], grid, self._most_lines) if answers else None

    def _measured(self, asked: dict[str, Asked], profile: Profile, grid: Grid) -> tuple[Landscape, dict[str, str]]:
        answers, unread = self._ask(asked)
        return landscape.decoded(answers, profile, grid), unread

    def profile_with_fields(self) -> Profile:
        """The profile with a signal for every field that it wants to have discovered."""
        metrics = self.profile.metrics
        if metrics is None or not metrics.discover:
            return self.profile
        with elasticsearch_errors("reading the fields of the metrics"):
            found = field_types(self._client, metrics.index)
        numeric = [name for name, types in found.items() if NUMERIC.intersection(types)]
        summaries = [name for name in numeric if SUMMARIES.intersection(found[name])]
        return self.profile.model_copy(update={"metrics": metrics.with_fields(numeric, summaries)})

    def _readable_profile(self) -> tuple[Profile, dict[str, str]]:
        """`profile_with_fields`; where another cluster that alone has them is away, what is left, and why.

        As a search is, which goes on without a cluster that is away. Raises EvidenceUnavailable otherwise.
        """
        try:
            return self.profile_with_fields(), {}
        except EvidenceUnavailable as error:
            why = _other_cluster_away(error.__cause__)
            if self.profile.metrics is None or why is None:
                raise
            kept = self.profile.metrics if self.profile.metrics.signals else None
            return self.profile.model_copy(update={"metrics": kept}), {
                "metrics": f"their fields could not be found out: {why}"
            }

    def detail(self, scopes: Iterable[Scope], window: Window, baseline: Window, rollout: Window) -> Detail:
        """Second wave: what `details` tells of each scope; the first is read while the others are being found.

        Of a profile that tells roles log lines as well.
        """
        of = partial(Details, self.profile, self._sliced_metrics(), window=window, baseline=baseline, rollout=rollout)
        remaining = iter(scopes)
        first = list(islice(remaining, 1))
        reading = in_background(partial(self._detail, of(scopes=first)))
        others = list(remaining)
        if not others:
            return reading.result()
        further = self._detail(of(scopes=others, after=len(first)))
        return joined(reading.result(), further)

    def _detail(self, details: Details) -> Detail:
        asked = details.questions()
        return details.decoded(asked, *self._ask(asked))

    def resembling(self, wanted: Wanted, as_of: datetime) -> tuple[list[dict[str, Any]], Asked]:
        source = self.profile.incidents
        window = Window.before(as_of, timedelta(days=HISTORY_DAYS))
        asked = Asked(source.index if source else "", queries.resembling(wanted, window), window)
        answers, unread = self._ask({"history": asked} if source else {})
        if reason := unread.get("history"):
            raise EvidenceUnavailable(reason, retryable=False)
        return decode.history(answers["history"]) if answers else [], asked

    def _sliced_metrics(self) -> Metrics | None:
        """With every signal, where they tell instances or deployments apart; else fields need not be read again."""
        metrics = self.profile.metrics
        return self._readable_profile()[0].metrics if metrics and (metrics.instance or metrics.deployment) else None

    def _ask(self, asked: dict[str, Asked]) -> tuple[Answers, dict[str, str]]:
        """Answers by name, and for those that could not be read (or not whole) the reason."""
        if not asked:
            return {}, {}
        lines: list[dict[str, Any]] = []
        for question in asked.values():
            lines += [{"index": question.index, "ignore_unavailable": True}, question.body]
        with span("read telemetry", kind="client", searches=len(asked)), elasticsearch_errors("reading telemetry"):
            answer = self._client.msearch(searches=lines, filter_path=queries.WITHOUT_UNREAD)
        answers, unread = {}, {}
        for name, response in zip(asked, answer.body["responses"], strict=True):
            if flaw := flaw_of(response):
                unread[name] = flaw
            if "error" not in response and (response.get("aggregations") or "aggs" not in asked[name].body):
                answers[name] = response
        return answers, unread


def _with_own(
    asked: dict[str, Asked], profile: Profile, scope: Scope, grids: Grids, end: datetime, thin: Thinning | None
) -> dict[str, Asked]:
    """Where lines are thinned, also all of the alerted service's own, and of the days before not all."""
    asked = asked | landscape.own_lines(profile, grids.fine, end, scope, thin)
    if profile.logs is None or (past := _of_past(thin, scope, grids)) is None:
        return asked
    others = {name: one for name, one in asked.items() if name != "logs_past"}
    days = thinning.questions(profile.logs, grids.coarse, grids.as_of, past, name="logs_past", scope=scope)
    return others | days


def _of_past(thin: Thinning | None, scope: Scope, grids: Grids) -> Thinning | None:
    if thin is None or not thin.concerns(scope) or grids.coarse.count > thinning.MOST_RANGES:
        return None
    return thinning.of_past(thin, grids.fine, grids.coarse)


def field_types(client: Elasticsearch, index: str) -> dict[str, dict[str, Any]]:
    """Field → type → what it can do; without the engine's own fields."""
    # In the address, where every engine looks for them; the client would put them into the body.
    answer = client.perform_request(
        "GET",
        f"/{quote(index, safe=',*')}/_field_caps",
        params={"fields": "*", "ignore_unavailable": "true"},
        headers={"accept": "application/json"},
    )
    return {name: types for name, types in answer["fields"].items() if not name.startswith("_")}


def _other_cluster_away(error: BaseException | None) -> str | None:
    """The reason where another cluster cannot be reached: the one that was asked says so, and is there itself."""
    body = error.body if isinstance(error, ApiError) else None
    told = body.get("error") if isinstance(body, dict) else None
    if not isinstance(told, dict) or told.get("type") not in OTHER_CLUSTER_AWAY:
        return None
    return str(told.get("reason"))[:200]


def flaw_of(response: dict[str, Any]) -> str | None:
    """Why an answer cannot be read, or is not whole."""
    if error := response.get("error"):
        return str(error.get("reason") or error.get("type") or error) if isinstance(error, dict) else str(error)
    shards = response.get("_shards", {})
    if response.get("timed_out"):
        return "the search timed out and its answer is partial"
    if shards.get("failed"):
        return f"{shards['failed']} of {shards['total']} shards did not answer"
    return _clusters_left_out(response.get("_clusters", {}))


def _clusters_left_out(clusters: dict[str, Any]) -> str | None:
    """A cluster that may be skipped is left out without an error, also where it only refused the search.

    https://www.elastic.co/docs/explore-analyze/cross-cluster-search
    """
    failed = {name: one for name, one in clusters.get("details", {}).items() if one["status"] != "successful"}
    told = "; ".join(f"{name} ({one['status']}{_why(one.get('failures', []))})" for name, one in failed.items())
    return f"of {clusters['total']} clusters these did not answer, or not whole: {told}" if failed else None


def _why(failures: list[dict[str, Any]]) -> str:
    reasons = (str(failure.get("reason", {}).get("reason", ""))[:200] for failure in failures)
    return next((f": {reason}" for reason in reasons if reason), "")


def _recent(found: Landscape, answers: Answers, profile: Profile, grid: Grid) -> dict[Scope, Series]:
    measured, lines = landscape.recent(found, answers, profile, grid)
    seen = _seen_by_callers(landscape.reader(answers), profile.edges, grid, measured)
    return decode.merge(measured, lines, seen)


def _past_metrics(read: Callable[..., Any], metrics: Metrics | None, grid: Grid) -> dict[Scope, Series]:
    found: dict[Scope, Series] = {}
    return read("metrics_past", partial(decode.metric_series, metrics=metrics, grid=grid), found) if metrics else found


def _changes(read: Callable[..., Any], profile: Profile) -> list[Change]:
    found = (
        read(numbered("changes", number), partial(decode.changes, names=source), [])
        for number, source in enumerate(profile.changes)
    )
    return sorted((change for source in found for change in source), key=lambda change: change.at)


def _seen_by_callers(
    read: Callable[..., Any], edges: Edges | None, grid: Grid, measured: dict[Scope, Series]
) -> dict[Scope, Series]:
    """Failed calls of the services that send no metrics themselves: what others measured once is not counted twice."""
    if edges is None:
        return {}
    found: dict[Scope, Series] = read("failed_calls", partial(calls.failures, edges=edges, grid=grid), {})
    known = {(scope.service or "").lower() for scope in measured}
    return {scope: series for scope, series in found.items() if (scope.service or "").lower() not in known}


def _peaks(read: Callable[..., Any], metrics: Metrics | None, grid: Grid) -> dict[Scope, dict[str, Floats]]:
    found: dict[Scope, dict[str, Floats]] = {}
    return read("metrics_past", partial(decode.peaks, metrics=metrics, grid=grid), found) if metrics else found


def metrics_of(profile: Profile) -> dict[str, Metric]:
    """Those with a role, by name."""
    signals = profile.metrics.signals if profile.metrics else []
    found = {metric.name: metric for signal in signals if (metric := signal.metric)}
    seen = {FAILED_CALLS.name: FAILED_CALLS} if profile.edges and profile.edges.failures else {}
    return {**seen, **found}


def fine_grid(sampling: Sampling, window: Window) -> Grid:
    """Buckets that meet the window's start, so that none is half before it and half within."""
    step = timedelta(seconds=sampling.step_seconds)
    within = -((window.start - window.end) // step)
    if sampling.step_seconds == 60:
        # The minute that the window ends in is read as far as it goes.
        within = int((floor_minute(window.end) + step - window.start) / step)
    count = within + max(1, round(sampling.recent_hours * 3600 / sampling.step_seconds) - within)
    return Grid(window.start - (count - within) * step, sampling.step_seconds, count)


def _coarse_grid(sampling: Sampling, as_of: datetime) -> Grid:
    end = floor_minute(as_of) + timedelta(minutes=1)
    count = sampling.past_days * 86_400 // sampling.past_step_seconds
    return Grid(end - timedelta(days=sampling.past_days), sampling.past_step_seconds, count)
