"""What people said of causes, as labels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engines.servers import Engine
from tests.replay.builders import NOW, seconds
from worker.bootstrap import Stores
from worker.domain.report import Verdict
from worker.domain.window import iso
from worker.replay.feedback import labels_from
from worker.replay.model import Label
from worker.store import judged

CAUSE = {"kind": "deployment", "service": "checkout", "deployment_id": "deploy-1"}
LABEL = Label(verdict=Verdict.ROOT_CAUSE, service="checkout", deployment="deploy-1")


def word(alert_id: str, *, right: bool, at: float = 0, cause: Any = CAUSE) -> dict[str, Any]:
    said = {"at": iso(NOW + seconds(at)), "by": "slack:U1", "report_id": f"r-{alert_id}", "right": right}
    return said | {"root_cause": cause}


def test_the_latest_word_on_a_report_counts() -> None:
    said = [
        word("a", right=True),
        word("b", right=True, at=1),
        word("b", right=False, at=2),
        word("c", right=True, at=4),
        word("c", right=False, at=3),
        word("d", right=False),
    ]
    assert labels_from([{"feedback": said[:3]}, {"feedback": said[3:]}]) == {"a": LABEL, "c": LABEL}


@pytest.mark.parametrize("feedback", [None, "good", [3], [{"right": True}], [word("a", right=True, cause=None)]])
def test_what_says_nothing_is_passed_over(feedback: Any) -> None:
    assert labels_from([{"feedback": feedback}, {}]) == {}


class TestOnEveryEngine:
    @pytest.fixture
    def embedded_engine(self, engine: Engine) -> Engine:
        return engine

    def test_they_are_found_among_all_incidents(self, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(judged, "PAGE", 2)
        # As the template has it once incidents keep feedback.
        mapping = {"feedback": {"properties": {"report_id": {"type": "keyword"}}}}
        stores.client.indices.create(index="spiketrace-incidents", mappings={"properties": mapping})
        for number in range(5):
            feedback = [word(f"a{number}", right=True)] if number != 3 else []
            document = {"@timestamp": iso(NOW), "incident_id": f"inc-{number}", "feedback": feedback}
            stores.client.index(index="spiketrace-incidents", id=f"inc-{number}", document=document, refresh=True)
        found = labels_from(judged.judged_incidents(stores.client))
        assert found == {f"a{number}": LABEL for number in (0, 1, 2, 4)}
