"""Whether the rule's threshold is worth a sentence: where it lies against the signal's own past."""

from __future__ import annotations

import numpy as np

from worker.analysis.study import PEAK_HALF_WIDTH, Case
from worker.domain.alert import Alert
from worker.domain.window import Window
from worker.writing.figures import number

ABOVE = (">", ">=")
MARGIN = 1.1
FEWEST_DAYS = 2


def sentence(alert: Alert, case: Case) -> str:
    """What threshold would have stayed silent on the earlier days; empty where the rule or the past does not tell."""
    limits = alert.rule.params.get("threshold")
    limit = limits[0] if isinstance(limits, list) and len(limits) == 1 else None
    if (
        alert.value is None
        or not isinstance(limit, int | float)
        or alert.rule.params.get("thresholdComparator") not in ABOVE
        or _is_computed(alert)
    ):
        return ""
    name = case.leading or ""
    found = case.deviation(name)
    days = case.reading.days.get(name) if case.reading else None
    if found is None or days is None or len(days) < FEWEST_DAYS or found.actual <= 0:
        return ""
    around = Window(start=case.window.start - PEAK_HALF_WIDTH, end=case.window.end)
    peak = float(np.max(days[:, case.survey.fine.mask(around)])) / found.actual * alert.value
    if peak <= limit:
        return ""
    return (
        f"The threshold of {number(limit)} is below what the last {len(days)} days reached at this hour "
        f"({number(peak)}); {number(peak * MARGIN)} would have stayed silent."
    )


def _is_computed(alert: Alert) -> bool:
    """Whether the alert's value is a script's or a query's: it does not rise and fall as the signal itself does."""
    params = alert.rule.params
    return "esqlQuery" in params or "runtime_mappings" in str(params.get("esQuery"))
