"""What holds for every destination while an incident takes its course, and wherever a process dies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.contract import CASES, COURSE, Case, of_kind
from tests.delivery.samples import INCIDENT_ID
from tests.delivery.scene import Moment, Scene
from tests.engines.servers import Engine
from tests.standins.server import Vendors
from worker.elastic import connect_elasticsearch
from worker.errors import DeliveryError
from worker.settings import Settings
from worker.store.incidents import ElasticIncidentStore
from worker.store.templates import install_templates


@pytest.fixture
def store(embedded_engine: Engine) -> Iterator[ElasticIncidentStore]:
    client = connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url))
    install_templates(client)
    yield ElasticIncidentStore(client)
    client.close()


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def scene(request: pytest.FixtureRequest, vendors: Vendors, store: ElasticIncidentStore) -> Scene:
    case: Case = request.param
    return Scene(case, vendors, store, INCIDENT_ID)


def test_people_see_the_whole_course_and_nothing_twice(scene: Scene) -> None:
    for step in range(len(COURSE)):
        scene.reach(step)
        scene.tell()
        assert scene.shown == scene.case.expected(step)
        assert (scene.receipt.state, scene.receipt.reason) == ("done", None)


def test_what_was_missed_is_told_at_once(scene: Scene) -> None:
    """An incident that was over when its destination could be reached again: what exists ends as it should."""
    for step in range(3):
        scene.reach(step, told=False)
    scene.tell()
    ended = scene.case.expected(2)
    assert scene.shown[-1] == ended[-1]
    assert len(scene.shown) <= len(ended)
    assert scene.receipt.state == "done"


@pytest.mark.parametrize("step", [0, 1, 2], ids=["open", "cause", "resolve"])
@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_killed(scene: Scene, step: int, moment: Moment) -> None:
    for earlier in range(step):
        scene.reach(earlier)
    before = scene.shown
    scene.reach(step, told=False)
    scene.break_off(moment, path_of(scene, step))
    assert set(scene.shown) <= {*before, *scene.case.expected(step)}
    if scene.destination.finds_what_it_made or scene.receipt.lease_until is None:
        scene.tell()
        assert (scene.shown, scene.receipt.state) == (scene.case.expected(step), "done")
    else:
        may_have_been_told(scene, before if moment == "before" else scene.case.expected(step))


def path_of(scene: Scene, step: int) -> str:
    where = scene.case.update_path if step and scene.case.update_path else scene.case.path
    return where(scene.vendors)


def may_have_been_told(scene: Scene, shown: list[str]) -> None:
    """Nobody can be asked: told once or not at all, and never in silence."""
    with pytest.raises(DeliveryError, match="may have been sent") as refused:
        scene.tell()
    assert not refused.value.retryable
    assert (scene.shown, scene.receipt.state) == (shown, "failed")


@pytest.mark.parametrize("step", [0, 2], ids=["open", "resolve"])
def test_no_receipt_and_no_history_holds_a_secret(scene: Scene, step: int) -> None:
    """Nor does a dead letter: it holds the reason of the receipt, and ids."""
    secrets = scene.case.secrets(scene.vendors)
    for earlier in range(step):
        scene.reach(earlier)
    scene.reach(step, told=False)
    status = of_kind(scene.case.answers, retryable=False)
    scene.vendors.fail(path_of(scene, step), status=status, body=f"no: {' '.join(secrets)}")
    with pytest.raises(DeliveryError):
        scene.tell()
    assert "[secret]" in str(scene.receipt.reason)
    assert not [secret for secret in secrets if secret in scene.incident.model_dump_json()]


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_an_update_that_broke_off_does_not_stop_the_end(scene: Scene, moment: Moment) -> None:
    scene.reach(0)
    scene.reach(1, told=False)
    scene.break_off(moment, path_of(scene, 1))
    if scene.receipt.lease_until and not scene.destination.finds_what_it_made:
        with pytest.raises(DeliveryError):
            scene.tell()
    scene.reach(2)
    assert scene.shown[-1] == scene.case.expected(2)[-1]
    assert scene.receipt.state == "done"
