"""Reports in `spiketrace-reports`: written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from worker.domain.report import Report, ReportSummary
from worker.elastic import elasticsearch_errors

INDEX = "spiketrace-reports"
SUMMARY_FIELDS = [field.serialization_alias or name for name, field in ReportSummary.model_fields.items()]

# What it takes to choose among reports, and to say what each could know.
HEAD_FIELDS = ["verdict", "severity", "service", "region", "created_at", "timings", "known_by", "replay_of"]


class ElasticReportStore:
    """The ReportStore."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def create(self, report: Report) -> bool:
        document = report.model_dump(mode="json", by_alias=True)
        try:
            with elasticsearch_errors("writing a report", conflicts=True):
                self._client.create(index=INDEX, id=report.report_id, document=document)
        except ConflictError:
            return False
        return True

    def get(self, report_id: str) -> Report | None:
        with elasticsearch_errors("reading a report"):
            try:
                found = self._client.get(index=INDEX, id=report_id)
            except NotFoundError:
                return None
        return Report.model_validate(found["_source"])

    def heads(self, report_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """By id, of those that exist, the fields of HEAD_FIELDS."""
        if not report_ids:
            return {}
        with elasticsearch_errors("reading reports"):
            found = self._client.mget(index=INDEX, ids=list(report_ids), source_includes=HEAD_FIELDS)
        return {one["_id"]: one["_source"] for one in found["docs"] if one.get("found")}

    def latest(self, limit: int) -> list[ReportSummary]:
        with elasticsearch_errors("listing reports"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"bool": {"must_not": [{"exists": {"field": "replay_of"}}]}},
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=limit,
                source_includes=SUMMARY_FIELDS,
            )
        return [ReportSummary.model_validate(hit["_source"]) for hit in found["hits"]["hits"]]
