"""What of a rule's documents a query can find again later, and why some rules cannot be simulated at all."""

from __future__ import annotations

import json
import re
from typing import Any

from kibana.kql import kql_query
from kibana.rules import EsqlQueryParams, EsQueryParams, IndexThresholdParams, Rule
from worker.errors import ConfigurationError

# Date math that is relative to now, as a value in a query: "now", "now-7d/d".
_RELATIVE_TO_NOW = re.compile(r"now([+\-/].*)?", re.IGNORECASE)


def obstacle(rule: Rule) -> str | None:
    """Why the rule cannot be evaluated over history; None if it can."""
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
    if _is_relative_to_now(json.loads(params.es_query)["query"]):
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


def _is_relative_to_now(query: object) -> bool:
    if isinstance(query, dict):
        return any(_is_relative_to_now(value) for value in query.values())
    if isinstance(query, list):
        return any(_is_relative_to_now(value) for value in query)
    return isinstance(query, str) and bool(_RELATIVE_TO_NOW.fullmatch(query.strip()))
