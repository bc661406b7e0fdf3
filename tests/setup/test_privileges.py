"""Roles and the worker's API key, against a stand-in: no Elasticsearch that can be fetched here has these calls."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from kibana.client import connect_kibana
from kibana.setup.api_key import WorkerKey
from kibana.setup.apply import Outcome
from kibana.setup.privileges import READER_ROLE, WORKER_ROLE, roles
from kibana.setup.record import Record
from kibana.setup.session import Setup
from kibana.setup.things import Kind, NotOffered
from tests.engines.servers import Engine
from tests.setup.conftest import EVERYTHING, StartKibana, silent
from tests.standins.security import ADMIN, Security, running_security
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.store.templates import index_templates
from worker.telemetry.profiles import load_profile

PROFILE = load_profile("spiketrace")
ADMIN_SETTINGS: dict[str, Any] = {"elasticsearch_user": ADMIN[0], "elasticsearch_password": ADMIN[1]}


@pytest.fixture
def security(embedded_engine: Engine) -> Iterator[Security]:
    with running_security(embedded_engine.url) as running:
        yield running


@pytest.fixture
def admin(security: Security) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=security.url, **ADMIN_SETTINGS)) as client:
        yield client


def worker_key(client: Elasticsearch) -> WorkerKey:
    return WorkerKey(client, Record(client, "default"), PROFILE)


def test_roles_are_made_kept_and_removed(security: Security, admin: Elasticsearch, start_kibana: StartKibana) -> None:
    kibana = start_kibana()
    settings = Settings(kibana_url=kibana.url, elasticsearch_url=security.url, **ADMIN_SETTINGS, **EVERYTHING)
    with connect_kibana(settings) as client:
        done = Setup(settings, client, admin).apply(None, silent)
        assert {item.outcome for item in done if item.step.key.kind is Kind.ROLE} == {Outcome.CREATED}
        assert set(security.roles) == {WORKER_ROLE, READER_ROLE}
        assert Setup(settings, client, admin).plan().pending == []

        security.roles[WORKER_ROLE]["run_as"] = ["somebody"]
        security.roles[WORKER_ROLE]["indices"].append({"names": ["team-a"], "privileges": ["read"]})
        security.roles[READER_ROLE]["indices"][0]["privileges"].remove("view_index_metadata")
        kept = Setup(settings, client, admin).plan()
        assert {step.key.id for step in kept.kept} == {WORKER_ROLE, READER_ROLE}
        assert kept.pending == []

        Setup(settings, client, admin).remove(silent, dry_run=False)
    assert security.roles == {}


def test_the_worker_may_do_what_it_does_and_no_more() -> None:
    worker, reader = roles(PROFILE)[WORKER_ROLE], roles(PROFILE)[READER_ROLE]
    writable = {name for entry in worker["indices"] if "index" in entry["privileges"] for name in entry["names"]}
    readable = {name for entry in worker["indices"] if "read" in entry["privileges"] for name in entry["names"]}
    kept = ("alerts", "reports", "incidents", "dead-letters", "replays")
    assert writable == {f"spiketrace-{name}" for name in kept}
    patterns = {pattern for template in index_templates().values() for pattern in template["index_patterns"]}
    assert patterns <= readable | {"spiketrace-alert-inbox"}
    assert worker["cluster"] == ["monitor"]
    assert reader["cluster"] == []
    assert not any({"index", "create", "delete"} & set(entry["privileges"]) for entry in reader["indices"])
    forbidden = {"all", "manage", "manage_security", "write"}
    assert not any(forbidden & set(entry["privileges"]) for role in (worker, reader) for entry in role["indices"])


def test_the_key_goes_into_the_file_and_nowhere_else(security: Security, admin: Elasticsearch, tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert worker_key(admin).ensure(path) is True
    (key,) = security.keys.values()
    assert path.read_text(encoding="utf-8").strip() == security.encoded(key["id"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key["role_descriptors"] == {WORKER_ROLE: roles(PROFILE)[WORKER_ROLE]}
    record = str(admin.get(index="spiketrace-setup", id="default")["_source"])
    assert key["secret"] not in record

    settings = Settings(elasticsearch_url=security.url, elasticsearch_api_key=path.read_text(encoding="utf-8").strip())
    with connect_elasticsearch(settings) as worker:
        worker.security.authenticate()


def test_a_key_that_works_is_kept(security: Security, admin: Elasticsearch, tmp_path: Path) -> None:
    path = tmp_path / "key"
    worker_key(admin).ensure(path)
    before = path.read_text(encoding="utf-8")
    assert worker_key(admin).ensure(path) is False
    assert path.read_text(encoding="utf-8") == before
    assert len(security.keys) == 1


def test_a_run_that_ended_before_the_file_leaves_no_key_behind(
    security: Security, admin: Elasticsearch, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    worker_key(admin).ensure(path)
    path.unlink()
    assert worker_key(admin).ensure(path) is True
    assert sorted(key["invalidated"] for key in security.keys.values()) == [False, True]


def test_a_key_that_was_taken_back_is_made_again(security: Security, admin: Elasticsearch, tmp_path: Path) -> None:
    path = tmp_path / "key"
    worker_key(admin).ensure(path)
    for key in security.keys.values():
        key["invalidated"] = True
    assert worker_key(admin).ensure(path) is True
    assert worker_key(admin).works(path)


def test_privileges_of_an_older_version_are_brought_up_to_date(
    security: Security, admin: Elasticsearch, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    worker_key(admin).ensure(path)
    (key,) = security.keys.values()
    key["role_descriptors"] = {WORKER_ROLE: {"cluster": [], "indices": []}}
    assert worker_key(admin).ensure(path) is False
    assert key["role_descriptors"] == {WORKER_ROLE: roles(PROFILE)[WORKER_ROLE]}


def test_remove_takes_it_back(security: Security, admin: Elasticsearch, tmp_path: Path) -> None:
    worker_key(admin).ensure(tmp_path / "key")
    assert worker_key(admin).invalidate() is True
    assert all(key["invalidated"] for key in security.keys.values())
    assert worker_key(admin).invalidate() is False


def test_a_folder_that_is_not_there_is_named(security: Security, admin: Elasticsearch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--api-key-file"):
        worker_key(admin).ensure(tmp_path / "nowhere" / "key")
    assert list(tmp_path.iterdir()) == []


def test_without_security_it_says_so(engine: Engine, tmp_path: Path) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        with pytest.raises(NotOffered, match="security"):
            worker_key(client).ensure(tmp_path / "key")
        assert Record(client, "default").api_key_name is None
