"""What SpikeTrace's processes may do in Elasticsearch, and no more.

Privileges by name: https://www.elastic.co/docs/reference/elasticsearch/security-privileges
"""

from __future__ import annotations

from typing import Any

from kibana.inbox_document import INBOX_INDEX
from worker.store import alert_documents, dead_letters, incidents, replays, reports
from worker.telemetry.profiles import Profile

Json = dict[str, Any]

WORKER_ROLE = "spiketrace-worker"
READER_ROLE = "spiketrace-reader"
METADATA = {"managed_by": "spiketrace"}
WRITTEN = (alert_documents.INDEX, reports.INDEX, incidents.INDEX, dead_letters.INDEX, replays.INDEX)
# Alerts that a rule raised and whose webhook call Kibana gave up on are found there.
ALERTS_AS_DATA = (".alerts-*",)
READ = ["read", "view_index_metadata"]
# To create an index on its first document, to write and delete documents, and to make them visible to searches.
WRITE = [*READ, "create_index", "auto_configure", "index", "create", "delete", "maintenance"]


def roles(profile: Profile) -> dict[str, Json]:
    """By name, as Elasticsearch takes them."""
    telemetry = telemetry_indices(profile)
    worker = [
        {"names": telemetry, "privileges": READ},
        {"names": sorted(WRITTEN), "privileges": WRITE},
        # Kibana's index connector writes there; what was taken in is deleted.
        {"names": [INBOX_INDEX], "privileges": [*READ, "delete"]},
        {"names": list(ALERTS_AS_DATA), "privileges": READ},
    ]
    reader = [{"names": sorted({*telemetry, *WRITTEN}), "privileges": READ}]
    # `monitor` lets the worker see whether its index templates are there; it may not change them.
    return {WORKER_ROLE: _role(["monitor"], worker), READER_ROLE: _role([], reader)}


def telemetry_indices(profile: Profile) -> list[str]:
    single = (profile.metrics, profile.logs, profile.edges, profile.incidents)
    sources = [*(source for source in single if source), *profile.changes]
    return sorted({name for source in sources for name in source.index.split(",")})


def _role(cluster: list[str], indices: list[Json]) -> Json:
    return {"cluster": cluster, "indices": indices, "metadata": METADATA}
