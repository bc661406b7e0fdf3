"""Why two reports of one alert differ, told by what each had read."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.webhook_pages import samples
from worker.replay.compare import differences
from worker.replay.reasons import Why, reasons


def stored() -> dict[str, Any]:
    document = samples.report().model_dump(mode="json", by_alias=True)
    return document | {"severity_facts": {"failed_share": 0.4}}


def why(**changes: Any) -> list[Why]:
    before = stored()
    after = deepcopy(before) | {"severity_facts": {"failed_share": 0.4}} | changes
    return reasons(before, after, [one.field for one in differences(before, after)])


def evidence(**changes: Any) -> list[dict[str, Any]]:
    first, *others = stored()["evidence"]
    return [first | changes, *others]


def test_what_is_the_same_has_no_reason() -> None:
    assert why() == []
    assert why(narrative={"author": "else"}) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verdict": "inconclusive"}, [Why.JUDGEMENT]),
        ({"verdict": "inconclusive", "evidence": evidence(result={"other": 1})}, [Why.DATA]),
        ({"evidence": evidence(query={"size": 9}, result={"other": 1})}, [Why.QUERIES]),
        ({"evidence": evidence()[1:]}, [Why.QUERIES]),
        ({"evidence": stored()["evidence"][:1]}, [Why.QUERIES]),
        ({"evidence": [*evidence(result={"other": 1})[:1], *evidence()[2:]]}, [Why.DATA]),
        ({"profile": "elastic-apm", "evidence": []}, [Why.PROFILE]),
        ({"severity": "low", "severity_reasons": ["Few."]}, [Why.POLICY]),
        ({"severity": "low", "headline": "Otherwise."}, [Why.POLICY, Why.JUDGEMENT]),
        ({"severity": "low", "severity_facts": {"failed_share": 0.1}}, [Why.JUDGEMENT]),
    ],
)
def test_each_difference_has_its_reason(changes: dict[str, Any], told: list[Why]) -> None:
    assert why(**changes) == told


def test_a_report_from_a_file_does_not_say_what_it_had_read() -> None:
    before, after = stored(), stored() | {"verdict": "inconclusive"}
    del before["evidence"]
    assert reasons(before, after, ["verdict"]) == [Why.EVIDENCE_UNKNOWN]
    assert reasons(before, after | {"severity": "low"}, ["severity"]) == [Why.EVIDENCE_UNKNOWN, Why.POLICY]


def test_each_reason_has_words() -> None:
    assert len({one.in_words for one in Why}) == len(Why)
