"""The simulation's agreement with Kibana's documented semantics: a documented rule a test.

Each docstring quotes what Kibana's documentation says, or says what its source does where the documentation is silent,
with the link. docs/backtest.md lists them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from kibana.history import Cell, History
from kibana.lives import Lives
from kibana.rules import Flapping, Rule
from kibana.simulate import notifications
from tests.kibana.builders import action, counted, make_rule, measured, met_at, minute, rule_body

OFF = Flapping(enabled=False)
LOW_AVERAGE: dict[str, Any] = {
    "aggType": "avg",
    "aggField": "latency_ms",
    "thresholdComparator": "<",
    "threshold": [5],
}


def es_query(**params: Any) -> dict[str, Any]:
    """Without groups, unless they are asked for."""
    of_all = {"groupBy": "all", "termField": None, "termSize": None}
    query = {"searchType": "esQuery", "esQuery": '{"query": {"match_all": {}}}', "size": 10}
    body = rule_body(**{**of_all, **query, **params})
    return {**body, "rule_type_id": ".es-query", "actions": [action("query matched"), action("recovered")]}


def all_documents(**params: Any) -> dict[str, Any]:
    return rule_body(**{"groupBy": "all", "termField": None, "termSize": None, **params})


def told(rule: Rule, history: History, *, minutes: int = 60, flapping: Flapping = OFF) -> list[tuple[int, str]]:
    """The minutes in which the actions of the rule were run, with their group."""
    found = notifications(rule, history, since=minute(1), until=minute(minutes), flapping=flapping)
    return [(int((item.date - minute(0)).total_seconds() // 60), item.action.group) for item in found]


def followed(pattern: str, settings: Flapping | None = None, **changes: Any) -> str:
    """What becomes of one alert, run by run. `pattern`: x for a run that meets the condition, - for one that does not.

    A for active, D for not yet active because of the delay, H for held active though it is not met, R for recovered.
    """
    lives = Lives(make_rule(**changes), settings or Flapping())
    outcome = ""
    for number, sign in enumerate(pattern):
        run = lives.run(minute(number), ["checkout"] if sign == "x" else [])
        if run.active:
            outcome += "A" if sign == "x" else "H"
        else:
            outcome += "R" if run.recovered else "D" if sign == "x" else "-"
    return outcome


class TestWindowAndValue:
    def test_the_window_is_as_long_as_the_rule_says(self) -> None:
        """ "It determines how far back to search for documents and uses the time field set in the index clause."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-index-threshold
        """
        rule = make_rule(rule_body(timeWindowSize=5))
        assert met_at(rule, counted(checkout={0: 4}), minute(5)) == {"checkout": 4}
        assert met_at(rule, counted(checkout={0: 4}), minute(6)) == {}

    def test_an_index_threshold_window_holds_its_start_and_not_its_end(self) -> None:
        """The range that it asks for is `gte` and `lt`.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/server/data/lib/time_series_query.ts
        """
        history = History(60, {"checkout": {_second(5): Cell(4)}}, {"checkout": {_second(5): Cell(4)}})
        assert met_at(make_rule(), counted(checkout={5: 4}), minute(5)) == {}
        assert met_at(make_rule(), history, minute(10)) == {"checkout": 4}

    def test_an_elasticsearch_query_window_holds_both(self) -> None:
        """The range that it asks for is `gte` and `lte`.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/common/build_sorted_events_query.ts
        """
        on_the_edge = {"": {_second(5): Cell(4)}}
        history, rule = History(60, on_the_edge, on_the_edge), make_rule(es_query(excludeHitsFromPreviousRun=False))
        assert met_at(rule, history, minute(5)) == {"query matched": 4}
        assert met_at(rule, history, minute(10)) == {"query matched": 4}
        assert met_at(rule, history, minute(11)) == {}

    @pytest.mark.parametrize(
        ("aggregation", "expected"), [("avg", 4.0), ("min", 1.0), ("max", 9.0), ("sum", 12.0), ("count", 3.0)]
    )
    def test_the_value_is_aggregated_over_the_documents(self, aggregation: str, expected: float) -> None:
        """ "The value is calculated by aggregating a numeric field in a time window."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-index-threshold
        """
        field = None if aggregation == "count" else "latency_ms"
        rule = make_rule(rule_body(aggType=aggregation, aggField=field, threshold=[0]))
        assert met_at(rule, measured(checkout={1: [1.0, 2.0], 3: [9.0]}), minute(5)) == {"checkout": expected}

    @pytest.mark.parametrize(
        ("comparator", "threshold", "met"),
        [
            (">", [4], [5, 6]),
            (">=", [4], [4, 5, 6]),
            ("<", [4], [1, 2, 3]),
            ("<=", [4], [1, 2, 3, 4]),
            ("between", [2, 4], [2, 3, 4]),
            ("notBetween", [2, 4], [1, 5, 6]),
        ],
    )
    def test_between_holds_both_its_ends(self, comparator: str, threshold: list[int], met: list[int]) -> None:
        """ "When using is between, comparison is inclusive of both operators, exclusive when using is not between"

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-es-query
        """
        rule = make_rule(all_documents(thresholdComparator=comparator, threshold=threshold))
        found = [number for number in range(1, 7) if met_at(rule, counted(**{"": {1: number}}), minute(2))]
        assert found == met


class TestGroups:
    def test_each_group_has_its_alert(self) -> None:
        """ "If grouping is used, an alert will be created for each group when it exceeds the threshold."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-index-threshold
        """
        history = counted(checkout={1: 9}, payments={1: 5}, search={1: 2})
        assert met_at(make_rule(), history, minute(2)) == {"checkout": 9, "payments": 5}

    def test_only_the_top_groups_are_checked(self) -> None:
        """ "To limit the number of alerts on high cardinality fields, you must specify the number of groups to check
        against the threshold. Only the top groups are checked."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-index-threshold
        """
        rule = make_rule(rule_body(termSize=1, thresholdComparator="<", threshold=[5]))
        assert met_at(rule, counted(checkout={1: 9}, payments={1: 2}), minute(2)) == {}

    @pytest.mark.parametrize(("aggregation", "first"), [("min", "a"), ("max", "b"), ("sum", "b"), ("avg", "b")])
    def test_the_top_are_the_largest_or_with_min_the_smallest(self, aggregation: str, first: str) -> None:
        """The groups are ordered by the value, descending, and with `min` ascending.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/build_agg.ts
        """
        rule = make_rule(rule_body(aggType=aggregation, aggField="latency_ms", termSize=1, threshold=[0]))
        assert list(met_at(rule, measured(a={1: [3.0]}, b={1: [5.0]}), minute(2))) == [first]

    def test_equal_groups_are_ordered_by_name(self) -> None:
        """Elasticsearch breaks ties of a terms aggregation by the term, ascending.

        https://www.elastic.co/docs/reference/aggregations/search-aggregations-bucket-terms-aggregation
        """
        rule = make_rule(rule_body(termSize=1))
        assert list(met_at(rule, counted(b={1: 9}, a={1: 9}), minute(2))) == ["a"]

    def test_several_fields_make_one_group(self) -> None:
        """ "an alert will be created for each unique set of values when it meets the condition"

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-es-query
        """
        rule = make_rule(es_query(groupBy="top", termField=["service", "region"], termSize=9))
        history = counted(**{"checkout,us": {1: 9}, "checkout,eu": {1: 1}})
        assert met_at(rule, history, minute(2)) == {"checkout,us": 9}


class TestNoData:
    def test_a_group_without_documents_is_not_there(self) -> None:
        """A group is a bucket of the answer, and a bucket holds documents.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/build_agg.ts
        """
        rule = make_rule(rule_body(thresholdComparator="<", threshold=[5]))
        assert told(rule, counted(checkout={1: 2})) == [(2, "threshold met"), (7, "recovered")]

    @pytest.mark.parametrize("body", [all_documents, es_query])
    def test_without_groups_no_document_is_a_count_of_0(self, body: Any) -> None:
        """The count of all documents is there without any.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/parse_aggregation_results.ts
        """
        rule = make_rule(body(thresholdComparator="<", threshold=[1]))
        assert set(met_at(rule, counted(), minute(2)).values()) == {0.0}

    def test_an_index_threshold_rule_compares_no_average_of_nothing(self) -> None:
        """A value of null is passed over, so that the alert recovers.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/index_threshold/rule_type.ts
        """
        history = measured(**{"": {1: [2.0]}})
        assert told(make_rule(all_documents(**LOW_AVERAGE)), history) == [(2, "threshold met"), (7, "recovered")]

    def test_an_elasticsearch_query_rule_takes_it_for_0(self) -> None:
        """It compares 0 where there is no value.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/parse_aggregation_results.ts
        """
        rule = make_rule(es_query(**LOW_AVERAGE, excludeHitsFromPreviousRun=False))
        assert met_at(rule, measured(), minute(9)) == {"query matched": 0.0}

    def test_without_an_index_an_index_threshold_rule_compares_nothing(self) -> None:
        """An answer from no shard has no aggregations, and so no group to compare.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/server/data/lib/time_series_query.ts
        """
        rule = make_rule(all_documents(thresholdComparator="<", threshold=[1]))
        assert met_at(rule, History(60, {}, has_index=False), minute(2)) == {}


class TestSeenHits:
    """ "Handling multiple matches of the same document":
    https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-es-query#_handling_multiple_matches_of_the_same_document
    """

    def test_the_documented_example(self) -> None:
        """ "Run 1 finds 113 matches: Rule is active. Run 2: you actually have 22 matches: No alert. Run 3: 71 matches:
        No alert. Run 4: 119 matches: Rule is active."

        The table's runs 2 to 4 count from the newest hit of the last run that was active. Run 3's 71 matches hold the
        22 of run 2 and run 4's 119 the 71 of run 3: what met no condition is counted again.
        """
        rule = make_rule(es_query(threshold=[99], timeWindowSize=1, timeWindowUnit="h"))
        history = counted(**{"": {0: 113, 1: 22, 2: 71 - 22, 3: 119 - 71}})
        assert [run for run in range(1, 5) if _met_in_run(rule, history, run)] == [1, 4]

    def test_a_hit_that_met_the_condition_is_not_counted_again(self) -> None:
        """ "Only matches between the latest timestamp from the previous run and the current run are considered." """
        rule = make_rule(es_query(threshold=[3]))
        assert told(rule, counted(**{"": {1: 5}})) == [(2, "query matched"), (3, "recovered")]

    def test_unless_the_setting_is_off(self) -> None:
        """ "choose whether to avoid alert duplication by excluding matches from the previous run" """
        rule = make_rule(es_query(threshold=[3], excludeHitsFromPreviousRun=False))
        assert told(rule, counted(**{"": {1: 5}})) == [(2, "query matched"), (7, "recovered")]

    def test_not_with_groups(self) -> None:
        """ "This option is not available when you use a grouping field." """
        rule = make_rule(es_query(groupBy="top", termField="service", termSize=5))
        assert told(rule, counted(checkout={1: 5})) == [(2, "query matched"), (7, "recovered")]

    def test_not_without_hits(self) -> None:
        """What was seen is known from the newest hit that the query returned, and it was asked for none.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/executor.ts
        """
        rule = make_rule(es_query(threshold=[3], size=0))
        assert told(rule, counted(**{"": {1: 5}})) == [(2, "query matched"), (7, "recovered")]


class TestLife:
    def test_the_interval_says_how_often_the_rule_runs(self) -> None:
        """ "All rules must have a check interval, which defines how often to evaluate the rule conditions."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/create-manage-rules#defining-rules-type-conditions
        """
        rule = make_rule(schedule={"interval": "3m"})
        assert told(rule, counted(checkout={4: 9})) == [(6, "threshold met"), (12, "recovered")]

    def test_as_many_runs_in_a_row_as_the_delay_asks(self) -> None:
        """ "In the advanced options, you can change the number of consecutive runs that must meet the rule conditions
        before an alert occurs."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-type-index-threshold
        """
        assert followed("xx-xxx--", OFF, alert_delay={"active": 3}) == "DD-DDAR-"

    def test_it_recovers_in_the_first_run_that_does_not_meet_it(self) -> None:
        """ "An active alert changes to recovered if the conditions for the rule that generated it are no longer met."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/view-alerts#alert-status
        """
        assert followed("xxx--", OFF) == "AAAR-"

    def test_recovery_actions_run_once(self) -> None:
        """ "Recovery actions only run if the rule's conditions aren't met during the current rule execution, but were
        in the previous one."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/view-alerts#alert-status
        """
        rule = make_rule(
            actions=[action("recovered", "onActiveAlert"), action("recovered", "onThrottleInterval", "1m")]
        )
        assert told(rule, counted(checkout={5: 9})) == [(11, "recovered")] * 2

    def test_a_new_life_has_a_new_uuid(self) -> None:
        """`alert.uuid` stays the same while the alert is active, and in the message that it recovered.

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-action-variables
        """
        found = list(notifications(make_rule(), counted(checkout={5: 9, 15: 9}), since=minute(1), until=minute(60)))
        begun, ended, again, ended_again = [item.uuid for item in found]
        assert begun == ended != again == ended_again


class TestFrequency:
    HISTORY = counted(checkout={1: 9}, payments={2: 9}, search={3: 9})

    def numbers(self, notify_when: str, throttle: str | None = None) -> list[int]:
        """How many messages were sent in each of the first three runs."""
        rule = make_rule(actions=[action("threshold met", notify_when, throttle)])
        sent = [at for at, _ in told(rule, self.HISTORY, minutes=5)]
        return [sent.count(at) for at in (2, 3, 4)]

    def test_on_check_intervals(self) -> None:
        """ "Minute 1: One email is sent for server X123. Minute 2: Two emails. Minute 3: Three emails" """
        assert self.numbers("onActiveAlert") == [1, 2, 3]

    def test_on_custom_action_intervals(self) -> None:
        """ "If you set the action frequency to On custom action intervals with an interval of 5 minutes: Minute 1: One
        email will be sent for server X123. Minute 2: One email for Y456. Minute 3: One email for Z789."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/create-manage-rules#defining-rules-actions-details
        """
        assert self.numbers("onThrottleInterval", "5m") == [1, 1, 1]

    def test_the_interval_is_of_one_alert(self) -> None:
        """An action is throttled until its interval has passed since it was last run for that alert.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/alert/alert.ts
        """
        rule = make_rule(rule_body(timeWindowSize=9), actions=[action("threshold met", "onThrottleInterval", "4m")])
        assert [at for at, _ in told(rule, counted(checkout={1: 9}))] == [2, 6, 10]

    def test_on_status_changes(self) -> None:
        """ "To get notified only once when a server exceeds the threshold, you can set the action frequency to On
        status changes."

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/create-manage-rules#defining-rules-actions-details
        """
        assert self.numbers("onActionGroupChange") == [1, 1, 1]


class TestFlapping:
    """The defaults are 4 changes in the last 20 runs, and detection is on.

    https://www.elastic.co/docs/explore-analyze/alerting/alerts/create-manage-rules#defining-rules-flapping-details
    """

    def test_it_takes_as_many_changes_as_the_threshold(self) -> None:
        """ "you can specify that alerts with at least 6 status changes in the last 10 runs are flapping" """
        assert followed("x-x-xxxx-", Flapping(look_back_window=10, status_change_threshold=6)) == "ARARAAAAR"
        assert followed("x-x-x-xx-", Flapping(look_back_window=10, status_change_threshold=6)) == "ARARARAAH"

    def test_changes_before_the_look_back_window_do_not_count(self) -> None:
        """ "set a look back window and threshold for alert status changes" """
        settings = Flapping(look_back_window=5, status_change_threshold=4)
        assert followed("x-x-xx-", settings) == "ARARAAH"
        assert followed("x--x--x--xxx-", settings) == "AR-AR-AR-AAAR"

    def test_it_stays_flapping_until_the_window_holds_no_change(self) -> None:
        """A flapping alert is that as long as any of the runs looked back on had a change.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/lib/flapping/flapping_utils.ts
        """
        settings = Flapping(look_back_window=5, status_change_threshold=4)
        assert followed("x-x-xxxxx-", settings)[-1] == "H"
        assert followed("x-x-xxxxxx-", settings)[-1] == "R"

    def test_it_is_judged_by_the_runs_before(self) -> None:
        """The fourth change is a recovery that still goes through.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/lib/flapping/determine_flapping_alerts.ts
        """
        assert followed("x-x-") == "ARAR"
        assert followed("x-x-xx-") == "ARARAAH"

    def test_a_flapping_alert_recovers_after_as_many_runs_without_it(self) -> None:
        """ "to recover, the rule's conditions must remain unmet for 6 consecutive runs"

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/view-alerts#alert-status
        """
        assert followed("x-x-x-xx------", Flapping(status_change_threshold=6)) == "ARARARAAHHHHHR"

    def test_a_match_begins_the_count_anew(self) -> None:
        """ "If the rule's conditions are met at any point during this recovery period, the count of consecutive unmet
        runs will reset"

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/view-alerts#alert-status
        """
        assert followed("x-x-xx--x----") == "ARARAAHHAHHHR"

    def test_while_it_is_held_nothing_is_sent(self) -> None:
        """ "If actions are configured to run when its status changes, they don't run."; the others wait as well.

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/view-alerts#alert-status
        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/task_runner/action_scheduler/schedulers/per_alert_action_scheduler.ts
        """
        flaps = counted(checkout={1: 9, 3: 9, 5: 9, 6: 9, 8: 9})
        body = rule_body(timeWindowSize=1)
        on_change = make_rule(body, actions=[action("threshold met"), action("recovered")])
        assert told(on_change, flaps, flapping=Flapping())[4:] == [(6, "threshold met"), (13, "recovered")]
        always = make_rule(body, actions=[action("threshold met", "onActiveAlert")])
        assert [at for at, _ in told(always, flaps, flapping=Flapping())] == [2, 4, 6, 7, 9]

    def test_switched_off_every_change_is_told(self) -> None:
        """ "Alert flapping detection settings, which are turned on by default" can be turned off."""
        assert followed("x-x-xx--x-", OFF) == "ARARAAR-AR"

    def test_a_rule_may_have_settings_of_its_own(self) -> None:
        """ "You can modify the flapping settings for a specific rule"

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/create-manage-rules#defining-rules-flapping-details
        """
        own = {"enabled": True, "look_back_window": 4, "status_change_threshold": 2}
        assert followed("x-xx-", flapping=own) == "ARAAH"

    def test_the_message_says_so(self) -> None:
        """`alert.flapping` tells it to the actions.

        https://www.elastic.co/docs/explore-analyze/alerting/alerts/rule-action-variables
        """
        say = {**action("recovered"), "params": {"body": "{{alert.flapping}}"}}
        flaps = counted(checkout={1: 9, 3: 9, 5: 9, 6: 9})
        rule = make_rule(rule_body(timeWindowSize=1), actions=[say])
        found = notifications(rule, flaps, since=minute(1), until=minute(60))
        assert [item.body for item in found] == ["false", "false", "true"]

    def test_what_the_delay_kept_away_is_forgotten(self) -> None:
        """An alert that ends before its delay has passed is not tracked, and its changes with it.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/lib/determine_delayed_alerts.ts
        """
        assert followed("x-x-x-xxx-", alert_delay={"active": 2}) == "D-D-D-DAAR"


class TestRecoveredValue:
    def test_of_a_group_an_index_threshold_rule_does_not_know_it(self) -> None:
        """The condition is part of the query: what does not meet it is not in the answer.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/index_threshold/rule_type.ts
        """
        assert _value_at_recovery(make_rule(), counted(checkout={5: 9, 9: 2})) == "unknown"

    def test_without_groups_it_is_the_value(self) -> None:
        """It is compared after the query, and remembered.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/index_threshold/rule_type.ts
        """
        assert _value_at_recovery(make_rule(all_documents()), counted(**{"": {5: 9, 9: 2}})) == 2

    def test_an_elasticsearch_query_rule_says_0(self) -> None:
        """It looks for the value under "all documents", while the alert is called "query matched".

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/executor.ts
        """
        rule = make_rule(es_query(excludeHitsFromPreviousRun=False))
        assert _value_at_recovery(rule, counted(**{"": {5: 9, 9: 2}})) == 0


def _second(at: int) -> int:
    return int(minute(at).timestamp())


def _met_in_run(rule: Rule, history: History, run: int) -> bool:
    return any(at == run for at, group in told(_always(rule), history, minutes=9) if group == "query matched")


def _always(rule: Rule) -> Rule:
    body = {**json.loads(rule.model_dump_json(by_alias=True)), "actions": [action("query matched", "onActiveAlert")]}
    return make_rule({**body, "params": rule.raw_params})


def _value_at_recovery(rule: Rule, history: History) -> float | str:
    found: Iterable[Any] = notifications(rule, history, since=minute(1), until=minute(60))
    value: float | str = next(item.value for item in found if item.is_recovery)
    return value
