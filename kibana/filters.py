"""What of a rule's documents a query can find again later, and why some rules cannot be simulated at all."""

from __future__ import annotations

import json
from typing import Any

from kibana.clock import is_of_now
from kibana.kql import kql_query
from kibana.rules import EsqlQueryParams, EsQueryParams, IndexThresholdParams, Rule
from worker.errors import ConfigurationError


def obstacle(rule: Rule) -> str | None:
    """Why the rule cannot be evaluated from what is read at once; None if it can. It may still be asked run by run."""
    params = rule.params
    if isinstance(params, EsqlQueryParams):
        return "its ES|QL runs in Elasticsearch only, as of now"
    if isinstance(params, EsQueryParams):
        return _obstacle_of_query(rule, params)
    try:
        kql_query(params.filter_kuery or "")
    except ConfigurationError as error:
        return error.reason
    return None


def _obstacle_of_query(rule: Rule, params: EsQueryParams) -> str | None:
    if fields := params.runtime_fields:
        return f"Elasticsearch computes {', '.join(fields)} by script, as of now"
    if is_of_now(json.loads(params.es_query)["query"]):
        return "its query asks for times relative to now, which was another moment then"
    if rule.excludes_seen_hits and params.agg_type in {"min", "max"}:
        return f"what the {params.agg_type} of its unseen hits was is not kept: set excludeHitsFromPreviousRun to false"
    return None


def filters_of(rule: Rule) -> list[dict[str, Any]]:
    """The rule's own filter, without its window. Raises ConfigurationError for a rule that cannot be simulated."""
    if why := obstacle(rule):
        raise ConfigurationError(f"rule {rule.id} cannot be simulated: {why}")
    params = rule.condition
    if isinstance(params, IndexThresholdParams):
        return [kql_query(params.filter_kuery)] if params.filter_kuery else []
    return [json.loads(params.es_query)["query"]]
