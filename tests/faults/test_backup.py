"""What docs/deployment.md says of backups, done as it is written there: a snapshot, everything gone, and back again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import EXTERNAL_URLS, MISSING, MUST_HAVE_REAL_ENGINES, REAL_VERSIONS
from tests.engines.servers import Engine, real_engine
from tests.store.builders import an_alert, arriving
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.templates import install_templates

VERSION = REAL_VERSIONS[-1]
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Backup")[1].split("\n## ")[0]

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        bool(EXTERNAL_URLS) or (VERSION in MISSING and not MUST_HAVE_REAL_ENGINES),
        reason="needs an Elasticsearch of its own that may write snapshots",
    ),
]


def body_after(words: str) -> Any:
    """Of the command that holds `words`."""
    return json.loads(re.findall(rf"{re.escape(words)}[^{{]*?-d '(.*?)'", SECTION, re.DOTALL)[0])


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with real_engine(VERSION) as running:
        yield running


def test_the_commands_of_the_page_bring_everything_back(engine: Engine) -> None:
    with (
        connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client,
        httpx.Client(base_url=engine.url, timeout=60) as http,
    ):
        install_templates(client)
        # Of a young deployment: nobody has replayed, and nothing was given up.
        (recorded,) = ElasticAlertStore(client).record([arriving(an_alert())])
        repository = {"type": "fs", "settings": {"location": "backup"}}
        http.put("/_snapshot/YOUR-REPOSITORY", json=repository).raise_for_status()
        made = http.put(
            "/_snapshot/YOUR-REPOSITORY/the-first?wait_for_completion=true",
            json=body_after("/_slm/policy/spiketrace")["config"],
        )
        assert made.raise_for_status().json()["snapshot"]["state"] == "SUCCESS"

        (deleted,) = re.findall(r'-X DELETE "\$SPIKETRACE_ELASTICSEARCH_URL(/[^"]+)"', SECTION)
        http.delete(deleted).raise_for_status()
        assert ElasticAlertStore(client).get(recorded.alert_id) is None
        restored = http.post(
            "/_snapshot/YOUR-REPOSITORY/the-first/_restore?wait_for_completion=true",
            json=body_after("_restore?wait_for_completion=true"),
        )
        assert restored.raise_for_status().json()["snapshot"]["shards"]["failed"] == 0
        assert ElasticAlertStore(client).get(recorded.alert_id) is not None
