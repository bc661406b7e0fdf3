"""Workflows, of Kibana 9.3 (a preview with calls of its own) and of 9.4 and later.

https://www.elastic.co/docs/explore-analyze/workflows
"""

from __future__ import annotations

from typing import Any

from kibana.client import INTERNAL, KibanaClient, path_of
from kibana.errors import NOT_FOUND, KibanaError, KibanaRefused
from kibana.setup.things import Json, Observed, Thing, Unreadable

PATH = "/api/workflows/workflow"
PREVIEW_PATH = "/api/workflows"


class WorkflowAdapter:
    """Kibana 9.4 and later."""

    def __init__(self, kibana: KibanaClient) -> None:
        self._kibana = kibana

    def read(self, thing_id: str) -> Observed | None:
        return _observed(self._kibana.find(path_of(PATH, thing_id)))

    def create(self, thing: Thing) -> str:
        self._kibana.post(PATH, {"yaml": thing.body["yaml"], "id": thing.key.id})
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        self._kibana.put(path_of(PATH, thing_id), {"yaml": body["yaml"]})

    def delete(self, thing_id: str) -> None:
        self._kibana.delete_if_there(path_of(PATH, thing_id))


class PreviewWorkflowAdapter:
    """Kibana 9.3: ids are made up by Kibana, and every call has to say that it comes from Kibana's own pages."""

    def __init__(self, kibana: KibanaClient) -> None:
        self._kibana = kibana

    def read(self, thing_id: str) -> Observed | None:
        """Kibana's bare 404 says that nobody can look, not that there is none: a preview need not have this call."""
        try:
            return _observed(self._kibana.get(path_of(PREVIEW_PATH, thing_id), headers=INTERNAL))
        except KibanaRefused as error:
            if error.lacks_route:
                raise Unreadable(error.reason) from error
            if error.status == NOT_FOUND:
                return None
            raise

    def create(self, thing: Thing) -> str:
        try:
            answer = self._kibana.post(PREVIEW_PATH, {"yaml": thing.body["yaml"]}, headers=INTERNAL)
        except KibanaRefused as error:
            # Names are unique in a space: an interrupted apply may have left it without telling its id. One of another
            # text was made by somebody else.
            there = self._id_of(thing.name) if error.is_conflict else None
            found = self.read(there) if there else None
            if there and found and found.body == thing.body:
                return there
            if error.is_conflict and not there:
                # The agent's tool would call it by an id that nobody knows.
                raise KibanaError(
                    f"a workflow named {thing.name!r} is there, and this Kibana does not tell its id: delete it on the "
                    "page Workflows, then apply again"
                ) from None
            raise
        return str(answer["id"])

    def _id_of(self, name: str) -> str | None:
        try:
            found = self._kibana.post(
                f"{PREVIEW_PATH}/search", {"query": name, "page": 1, "limit": 100}, headers=INTERNAL
            )
        except KibanaRefused:
            return None
        return next((item["id"] for item in (found or {}).get("results", []) if item.get("name") == name), None)

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        self._kibana.put(path_of(PREVIEW_PATH, thing_id), {"yaml": body["yaml"]}, headers=INTERNAL)

    def delete(self, thing_id: str) -> None:
        try:
            self._kibana.delete(path_of(PREVIEW_PATH, thing_id), headers=INTERNAL)
        except KibanaRefused as error:
            if error.lacks_route:
                raise KibanaError(
                    f"this Kibana has no call that deletes workflow {thing_id}: its page Workflows does"
                ) from None
            if error.status != NOT_FOUND:
                raise


def _observed(answer: Any) -> Observed | None:
    return None if answer is None else Observed(body={"yaml": answer.get("yaml", "")}, raw=answer)
