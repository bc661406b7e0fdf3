"""What Kibana asks of Elasticsearch in one run of a rule, as of that run's moment.

Two things of its request are left out, since they decide on nothing: the `bucket_selector` that drops the groups which
do not meet the condition, so that what they came to is known for other thresholds, and the hits for the message.
https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/lib/fetch_es_query.ts
https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/lib/fetch_esql_query.ts
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from kibana.clock import clock_out_of_reach as query_out_of_reach
from kibana.clock import query_at
from kibana.esql import END_PARAMETER, START_PARAMETER, at_time, has_window_parameters
from kibana.esql import clock_out_of_reach as esql_out_of_reach
from kibana.filters import filters_of
from kibana.rules import EsqlQueryParams, EsQueryParams, IndexThresholdParams, Rule
from worker.domain.window import iso
from worker.errors import ConfigurationError

Request = dict[str, Any]

# `xpack.alerting.rules.run.alerts.max`: Kibana looks at no more rows.
# https://www.elastic.co/docs/reference/kibana/configuration-reference/alerting-settings
MOST_ALERTS = 1000
ISO_DATES = "strict_date_optional_time"


def out_of_reach(rule: Rule) -> str | None:
    """Why the rule cannot be asked as of a past run; None if it can, and the engine has the last word."""
    params = rule.params
    if isinstance(params, EsqlQueryParams):
        why = esql_out_of_reach(params.esql_query.esql)
        return f"its {why} asks for times relative to now, which was another moment then" if why else None
    if isinstance(params, EsQueryParams):
        return query_out_of_reach(json.loads(params.es_query))
    try:
        filters_of(rule)
    except ConfigurationError as error:
        return error.reason
    return None


def esql_request(params: EsqlQueryParams, date: datetime) -> Request:
    """The body of `POST /_query`."""
    start, end = iso(date - params.window), iso(date)
    window = {"range": {params.time_field: {"gt": start, "lte": end, "format": ISO_DATES}}}
    query = params.esql_query.esql
    request: Request = {
        "query": f"{at_time(query, date)} | limit {MOST_ALERTS}",
        "filter": {"bool": {"filter": [window]}},
    }
    if has_window_parameters(query):
        request["params"] = [{START_PARAMETER: start}, {END_PARAMETER: end}]
    return request


def search_request(rule: Rule, date: datetime, seen_until: str | None = None) -> Request:
    """The body of a search. `seen_until`: hits up to then met the condition before, and are not counted again."""
    params = rule.condition
    request: Request = {
        "size": 1 if rule.excludes_seen_hits else 0,
        "_source": False,
        "track_total_hits": True,
        "query": {
            "bool": {"filter": [_own_query(rule, date, seen_until), {"bool": {"filter": [_window(rule, date)]}}]}
        },
        "sort": [{params.time_field: {"order": "desc"}}],
    }
    if rule.excludes_seen_hits:
        request["docvalue_fields"] = [{"field": params.time_field, "format": ISO_DATES}]
    if aggregations := _aggregations(rule):
        request["aggs"] = aggregations
    if isinstance(params, EsQueryParams) and (fields := params.runtime_fields):
        request["runtime_mappings"] = query_at(fields, date)
    return request


def _own_query(rule: Rule, date: datetime, seen_until: str | None) -> Request:
    params = rule.condition
    if isinstance(params, IndexThresholdParams):
        return {"bool": {"filter": filters_of(rule)}}
    own: Request = query_at(json.loads(params.es_query)["query"], date)
    if seen_until is None:
        return own
    seen = {"range": {params.time_field: {"lte": seen_until, "format": ISO_DATES}}}
    return {"bool": {"filter": [own, {"bool": {"must_not": [{"bool": {"filter": [seen]}}]}}]}}


def _window(rule: Rule, date: datetime) -> Request:
    params = rule.condition
    end = "lt" if isinstance(params, IndexThresholdParams) else "lte"
    bounds = {"gte": iso(date - params.window), end: iso(date), "format": ISO_DATES}
    return {"range": {params.time_field: bounds}}


def _aggregations(rule: Rule) -> Request:
    """By group the top, then what is compared; under Kibana's names.

    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/build_agg.ts
    """
    params = rule.condition
    metric: Request = {"metricAgg": {params.agg_type: {"field": params.agg_field}}} if params.agg_field else {}
    if not params.term_fields:
        return metric
    top: Request = {"size": params.term_size}
    if metric:
        top["order"] = {"metricAgg": "asc" if params.agg_type == "min" else "desc"}
    if isinstance(params.term_field, str):
        groups: Request = {"terms": {"field": params.term_field, **top}}
    else:
        groups = {"multi_terms": {"terms": [{"field": name} for name in params.term_fields], **top}}
    return {"groupAgg": {**groups, **({"aggs": metric} if metric else {})}}
