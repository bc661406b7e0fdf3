"""Reports in `spiketrace-reports`: written once."""

from __future__ import annotations

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from worker.domain.report import Report, ReportSummary
from worker.elastic import elasticsearch_errors

INDEX = "spiketrace-reports"
SUMMARY_FIELDS = [field.serialization_alias or name for name, field in ReportSummary.model_fields.items()]


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

    def latest(self, limit: int) -> list[ReportSummary]:
        with elasticsearch_errors("listing reports"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=limit,
                source_includes=SUMMARY_FIELDS,
            )
        return [ReportSummary.model_validate(hit["_source"]) for hit in found["hits"]["hits"]]
