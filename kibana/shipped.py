"""The shipped rules as your settings make them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from kibana.backtest import Described
from kibana.manifest import Entry, load_manifest, with_variables
from kibana.rules import SHIPPED_RULES, Rule, make_rule
from kibana.setup.desired import chosen_values
from worker.settings import Settings

THRESHOLD = "/params/threshold/0"


def rules_as_set_up(settings: Settings) -> list[Rule]:
    """With the thresholds that SPIKETRACE_KIBANA_THRESHOLDS names. Raises ConfigurationError."""
    manifest = load_manifest()
    chosen = chosen_values(settings, manifest)
    return [_rule(rule_id, entry, chosen.get(rule_id, {})) for rule_id, entry in manifest.items()]


def described(rule_id: str) -> Described:
    """What the manifest says of a rule; nothing of one that is not shipped."""
    entry = load_manifest().get(rule_id)
    if entry is None:
        return Described()
    unit = next((variable.unit for variable in entry.variables.values() if variable.at == THRESHOLD), None)
    return Described(entry.asks, unit)


def _rule(rule_id: str, entry: Entry, chosen: Mapping[str, object]) -> Rule:
    body = json.loads((SHIPPED_RULES / f"{rule_id}.json").read_text(encoding="utf-8"))
    return make_rule(rule_id, with_variables(entry, body, chosen))
