"""Rules that are asked run by run: what is sent, and what is made of the answers.

No engine here has painless or ES|QL, so a small server checks the requests and answers as documented:
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-msearch
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-esql-query
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kibana.asked import Asked, Asker, Met
from kibana.backtest import Described, Question, assess
from kibana.errors import RuleNotAsked
from kibana.evaluation import Evaluation, is_asked, or_reason, searches_of
from kibana.requests import esql_request, search_request
from kibana.rules import EsqlQueryParams, Rule, load_rules
from kibana.simulate import notifications, sent
from kibana.windows import Runs
from tests.engines.servers import Engine
from tests.kibana.asking import Script, failed, grouped, hits, serving
from tests.kibana.builders import action, counted, make_rule, minute, rule_body
from worker.domain.backtest import NotSimulated
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

SHIPPED = {rule.id: rule for rule in load_rules()}
EXPECTED = Path(__file__).parent / "asked_requests.json"
RATE = SHIPPED["spiketrace-error-rate-by-service"]
BY_PERCENTILE = SHIPPED["spiketrace-latency-p95-by-service-esql"]


@pytest.fixture
def script() -> Iterator[Script]:
    with serving(Script()) as script:
        yield script


def ask(script: Script, rule: Rule, *, minutes: int = 10, pause: Callable[[float], None] | None = None) -> Asked:
    runs = Runs.of(rule, minute(0), minute(minutes))
    with connect_elasticsearch(Settings(elasticsearch_url=script.url)) as client:
        return Asker(client, rule, runs, lambda _: None, pause or _never).ask()


def _never(seconds: float) -> None:
    raise AssertionError(f"nobody was too busy, and yet {seconds} s were waited")


def met_of(asked: Asked, rule: Rule) -> dict[int, dict[str, float]]:
    return dict(asked.values.met(rule.params.threshold_comparator, rule.params.threshold))


def esql_rule(esql: str, **params: Any) -> Rule:
    merged = {"searchType": "esqlQuery", "esqlQuery": {"esql": esql}, "size": 100, "groupBy": "row", **params}
    of_no_use = dict.fromkeys(("index", "aggType", "termField", "termSize"))
    body = rule_body(**{**of_no_use, "threshold": [0], **merged})
    return make_rule({**body, "rule_type_id": ".es-query", "actions": [action("query matched"), action("recovered")]})


def request_of(rule: Rule) -> dict[str, Any]:
    if isinstance(rule.params, EsqlQueryParams):
        return {"POST /_query": esql_request(rule.params, minute(0))}
    return {"POST /_msearch": [{"index": rule.condition.index}, search_request(rule, minute(0))]}


class TestShippedRules:
    @pytest.mark.parametrize("name", SHIPPED)
    def test_each_is_read_at_once_or_asked(self, name: str) -> None:
        assert isinstance(or_reason(SHIPPED[name]), Rule)

    def test_the_requests_of_those_that_are_asked(self) -> None:
        """To the letter: `asked_requests.json` was read against the source that `kibana/requests.py` links."""
        found = {name: request_of(rule) for name, rule in SHIPPED.items() if is_asked(rule)}
        assert len(found) == 8
        assert found == json.loads(EXPECTED.read_text(encoding="utf-8"))

    @pytest.mark.parametrize("name", SHIPPED)
    def test_none_of_them_speaks_of_the_present(self, name: str) -> None:
        said = json.dumps(request_of(SHIPPED[name]))
        assert "currentTimeMillis" not in said
        assert "NOW()" not in said
        assert '"now' not in said


class TestSearches:
    def test_one_search_a_run_in_batches_with_the_first_alone(self, script: Script) -> None:
        shares: list[float] = []
        with connect_elasticsearch(Settings(elasticsearch_url=script.url)) as client:
            Asker(client, RATE, Runs.of(RATE, minute(0), minute(120)), shares.append, _never).ask()
        assert [len(pairs) for _, pairs in script.asked] == [1, 50, 50, 19]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        dates = [request["query"]["bool"]["filter"][1]["bool"]["filter"][0]["range"]["@timestamp"]["lte"]
                 for _, pairs in script.asked for _, request in pairs]  # fmt: skip
        assert dates == [iso(minute(at)) for at in range(120)]

    def test_where_and_how_it_is_asked(self, script: Script) -> None:
        ask(script, RATE, minutes=1)
        ((path, ((header, request),)),) = script.asked
        assert path == "/_msearch?max_concurrent_searches=4"
        assert header == {"index": ["spiketrace-logs-*"], "ignore_unavailable": True, "allow_no_indices": True}
        assert request["runtime_mappings"]["errors_above_allowed"]["script"]["params"] == {"allowed_share": 0.05}

    def test_the_values_of_all_groups_are_known_so_other_thresholds_cost_nothing(self, script: Script) -> None:
        script.search = lambda _: grouped(checkout=9.5, payments=2.5, search=None)
        asked = ask(script, RATE, minutes=2)
        assert met_of(asked, RATE) == {0: {"checkout": 9.5}, 1: {"checkout": 9.5}}
        assert dict(asked.values.met(">", [2])) == {key: {"checkout": 9.5, "payments": 2.5} for key in (0, 1)}
        assert len(script.asked) == 2

    def test_several_fields_make_one_group(self, script: Script) -> None:
        bucket = {"key": ["checkout", "Timeout"], "doc_count": 3, "metricAgg": {"value": 12.0}}
        script.search = lambda _: hits(3, aggregations={"groupAgg": {"buckets": [bucket]}})
        rule = SHIPPED["spiketrace-new-error-types"]
        assert met_of(ask(script, rule, minutes=5), rule) == {0: {"checkout,Timeout": 12.0}}

    def test_an_answer_without_an_index_has_no_groups(self, script: Script) -> None:
        script.search = lambda _: hits(0)
        assert met_of(ask(script, RATE), RATE) == {}

    def test_answers_of_some_shards_are_counted_and_told(self, script: Script) -> None:
        script.search = lambda _: {**grouped(checkout=9.0), "_shards": {"total": 3, "failed": 1}}
        with connect_elasticsearch(Settings(elasticsearch_url=script.url)) as client:
            question = Question(since=minute(0), until=minute(3))
            runs = Runs.of(RATE, question.since, question.until)
            asked = Asker(client, RATE, runs, lambda _: None).ask()
        result = assess(RATE, asked.values, runs, question, Described(), asked)
        assert (result.searches, asked.partial) == (3, 3)
        assert result.notes[-2:] == [
            "Asked of Elasticsearch run by run, 3 searches as of their own moments.",
            "3 of the answers are partial: shards or clusters failed, or ran out of time.",
        ]

    def test_the_engine_s_own_cause_is_the_reason(self, script: Script) -> None:
        inner = {"type": "illegal_argument_exception", "reason": "cannot resolve symbol [x]"}
        script.search = lambda _: failed(400, "script_exception", "compile error", caused_by=inner)
        with pytest.raises(
            RuleNotAsked, match=r"answered 400 script_exception: compile error; .*cannot resolve symbol"
        ):
            ask(script, RATE)
        assert len(script.asked) == 1

    def test_what_is_too_busy_is_asked_again_after_a_pause(self, script: Script) -> None:
        answers = iter([grouped(checkout=9.0), failed(429, "es_rejected_execution_exception", "busy"),
                        grouped(checkout=8.0), grouped(checkout=7.0)])  # fmt: skip
        script.search = lambda _: next(answers)
        pauses: list[float] = []
        asked = ask(script, RATE, minutes=3, pause=pauses.append)
        assert pauses == [1]
        assert [len(pairs) for _, pairs in script.asked] == [1, 2, 1]
        assert met_of(asked, RATE) == {0: {"checkout": 9.0}, 1: {"checkout": 7.0}, 2: {"checkout": 8.0}}

    def test_one_that_stays_busy_is_given_up(self, script: Script) -> None:
        script.search = lambda _: failed(429, "es_rejected_execution_exception", "busy")
        pauses: list[float] = []
        with pytest.raises(RuleNotAsked, match="429 for a minute"):
            ask(script, RATE, pause=pauses.append)
        assert sum(pauses) == 63


class TestEsql:
    def test_rows_are_alerts_by_the_fields_after_by(self, script: Script) -> None:
        columns = [{"name": "service", "type": "keyword"}, {"name": "p95_ms", "type": "double"}]
        script.query = lambda _: (200, {"columns": columns, "values": [["checkout", 1700.5], [None, 1800.0]]})
        asked = ask(script, BY_PERCENTILE, minutes=6)
        assert met_of(asked, BY_PERCENTILE) == {key: {"checkout": 1.0} for key in range(6)}
        assert {path for path, _ in script.asked} == {"/_query"}
        assert sorted(
            body["filter"]["bool"]["filter"][0]["range"]["@timestamp"]["lte"] for _, body in script.asked
        ) == [iso(minute(at)) for at in range(6)]

    def test_without_groups_any_row_is_the_one_alert(self, script: Script) -> None:
        script.query = lambda _: (200, {"columns": [{"name": "n", "type": "long"}], "values": [[4], [5]]})
        rule = esql_rule("FROM logs | STATS n = COUNT(*)", groupBy="all")
        assert met_of(ask(script, rule, minutes=1), rule) == {0: {"query matched": 2.0}}

    def test_the_query_names_its_window(self) -> None:
        rule = esql_rule("FROM logs | WHERE t >= ?_tstart AND t < ?_tend")
        assert isinstance(rule.params, EsqlQueryParams)
        assert esql_request(rule.params, minute(0))["params"] == [
            {"_tstart": iso(minute(-5))},
            {"_tend": iso(minute(0))},
        ]

    def test_its_alerts_have_their_lives(self, script: Script) -> None:
        rows = {iso(minute(at)): [["checkout", 1]] for at in (3, 4, 5)}
        columns = [{"name": "service", "type": "keyword"}, {"name": "n", "type": "long"}]
        script.query = lambda body: (
            200,
            {
                "columns": columns,
                "values": rows.get(body["filter"]["bool"]["filter"][0]["range"]["@timestamp"]["lte"], []),
            },
        )
        rule = esql_rule("FROM logs | STATS n = COUNT(*) BY service").model_copy(update={"schedule": RATE.schedule})
        question = Question(since=minute(0), until=minute(10))
        with connect_elasticsearch(Settings(elasticsearch_url=script.url)) as client:
            runs = Runs.of(rule, question.since, question.until)
            asked = Asker(client, rule, runs, lambda _: None).ask()
        told = [
            (item.date, item.action.group, item.instance) for item in sent(rule, asked.values, runs, question.flapping)
        ]
        assert told == [(minute(3), "query matched", "checkout"), (minute(6), "recovered", "checkout")]
        result = assess(rule, asked.values, runs, question, Described(), asked)
        assert (result.condition, result.sweep) == ("rows of ES|QL by service over 5m", [])
        assert "No sweep: its ES|QL does the comparing, and answers with the rows that are left." in result.notes

    @pytest.mark.parametrize(
        ("status", "error", "why"),
        [
            (
                400,
                failed(400, "verification_exception", "Unknown index [x]"),
                "400 verification_exception: Unknown index",
            ),
            (405, {"error": "Incorrect HTTP method for uri [/_query]", "status": 405}, "405: it has no ES|QL"),
            (403, failed(403, "security_exception", "no read"), "403 security_exception: no read"),
        ],
    )
    def test_a_refusal_is_the_reason(self, script: Script, status: int, error: Any, why: str) -> None:
        script.query = lambda _: (status, error)
        with pytest.raises(RuleNotAsked) as raised:
            ask(script, BY_PERCENTILE)
        assert why in raised.value.reason
        assert len(script.asked) == 1

    def test_too_busy_is_asked_again(self, script: Script) -> None:
        """The client itself tries three times before it tells."""
        answers = iter(
            [*[(429, failed(429, "circuit_breaking_exception", "busy"))] * 3, (200, {"columns": [], "values": []})]
        )
        script.query = lambda _: next(answers)
        pauses: list[float] = []
        ask(script, BY_PERCENTILE, minutes=1, pause=pauses.append)
        assert pauses == [1]


class TestEngines:
    def test_what_an_engine_cannot_answer_is_named_with_its_reason(self, engine: Engine) -> None:
        """None of them has painless or ES|QL."""
        mappings = {"properties": {"@timestamp": {"type": "date"}, "level": {"type": "keyword"}}}
        question = Question(since=minute(0), until=minute(10))
        with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
            client.indices.create(index="spiketrace-logs-x", mappings=mappings)
            line = {"@timestamp": iso(minute(0)), "level": "ERROR"}
            client.index(index="spiketrace-logs-x", document=line, refresh=True)
            evaluation = Evaluation(client, question, searches=100, needed=20)
            found = [evaluation.of(rule, lambda _: None) for rule in (RATE, BY_PERCENTILE)]
        reasons = [one.reason for one in found if isinstance(one, NotSimulated)]
        assert len(reasons) == 2
        assert all(reason.startswith("Elasticsearch answered 4") for reason in reasons)
        assert "it has no ES|QL" in reasons[1]

    def test_runtime_fields_are_asked_of_a_real_one(self, engine: Engine) -> None:
        """One without a script, which reads what is in the documents and not in the mapping."""
        if engine.is_embedded:
            pytest.skip("the embedded engine has no runtime fields")
        mappings = {"dynamic": False, "properties": {"@timestamp": {"type": "date"}, "service": {"type": "keyword"}}}
        query = {"query": {"range": {"@timestamp": {"gte": "now-2m"}}}, "runtime_mappings": {"ms": {"type": "double"}}}
        params = {"searchType": "esQuery", "esQuery": json.dumps(query), "size": 0, "aggType": "avg", "aggField": "ms"}
        rule = make_rule({**rule_body(**params), "rule_type_id": ".es-query", "actions": []})
        with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
            client.indices.create(index="spiketrace-logs-x", mappings=mappings)
            for at, ms in [(1, 4), (1, 8), (3, 1)]:
                line = {"@timestamp": iso(minute(at)), "service": "checkout", "ms": ms}
                client.index(index="spiketrace-logs-x", document=line, refresh=True)
            asked = Asker(client, rule, Runs.of(rule, minute(0), minute(7)), lambda _: None, _never).ask()
        assert met_of(asked, rule) == {1: {"checkout": 6.0}, 2: {"checkout": 6.0}, 3: {"checkout": 13 / 3}}


class TestHitsSeenBefore:
    def test_those_up_to_the_newest_of_the_last_match_are_not_asked_for(self, script: Script) -> None:
        newest = {"hits": {"total": {"value": 9}, "hits": [{"fields": {"@timestamp": [iso(minute(-1))]}}]}}
        script.search = lambda _: {**hits(9), **newest}
        query = {"query": {"range": {"@timestamp": {"gte": "now-2m"}}}}
        of_all = {"groupBy": "all", "termField": None, "termSize": None}
        rule = make_rule(
            {**rule_body(searchType="esQuery", esQuery=json.dumps(query), size=10, **of_all),
             "rule_type_id": ".es-query", "actions": []}
        )  # fmt: skip
        asked = ask(script, rule, minutes=2)
        assert isinstance(asked.values, Met)
        assert met_of(asked, rule) == {0: {"query matched": 9.0}, 1: {"query matched": 9.0}}
        first, second = (pairs[0][1]["query"]["bool"]["filter"][0] for _, pairs in script.asked)
        assert first == {"range": {"@timestamp": {"gte": f"{iso(minute(0))}||-2m"}}}
        seen = {"range": {"@timestamp": {"lte": iso(minute(-1)), "format": "strict_date_optional_time"}}}
        assert second["bool"]["filter"][1] == {"bool": {"must_not": [{"bool": {"filter": [seen]}}]}}


class TestCost:
    QUESTION = Question(since=minute(0), until=minute(60))

    def test_is_a_search_a_run_of_those_that_are_asked(self) -> None:
        assert searches_of([RATE, SHIPPED["spiketrace-errors-by-service"]], self.QUESTION) == 60

    def test_a_rule_beyond_what_is_allowed_is_named_with_what_to_give(self, script: Script) -> None:
        script.search = lambda _: grouped(checkout=9.0)
        other = RATE.model_copy(update={"id": "other"})
        with connect_elasticsearch(Settings(elasticsearch_url=script.url)) as client:
            evaluation = Evaluation(client, self.QUESTION, searches=100, needed=120)
            first, second = (evaluation.of(rule, lambda _: None) for rule in (RATE, other))
        assert not isinstance(first, NotSimulated)
        assert isinstance(second, NotSimulated)
        assert "takes 60 searches, and 40 of 100 are left: give --searches 120" in second.reason
        assert sum(len(pairs) for _, pairs in script.asked) == 60

    def test_what_was_sent_before_a_refusal_counts(self, script: Script) -> None:
        answers = iter([grouped(checkout=9.0)] * 50)
        script.search = lambda _: next(answers, failed(400, "script_exception", "runtime error"))
        with connect_elasticsearch(Settings(elasticsearch_url=script.url)) as client:
            evaluation = Evaluation(client, self.QUESTION, searches=100, needed=120)
            refused = [evaluation.of(rule, lambda _: None) for rule in (RATE, RATE)]
        reasons = [one.reason for one in refused if isinstance(one, NotSimulated)]
        assert "runtime error" in reasons[0]
        assert "takes 60 searches, and 49 of 100 are left" in reasons[1]

    def test_what_is_read_at_once_costs_nothing(self) -> None:
        rule = make_rule()
        assert not is_asked(rule)
        assert list(notifications(rule, counted(checkout={5: 9}), since=minute(0), until=minute(9)))
