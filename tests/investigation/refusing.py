"""A client whose engine refuses some of the searches, for real: they are sent to an index that is not there."""

from __future__ import annotations

from typing import Any, cast

from elasticsearch import Elasticsearch


class _Refusing:
    def __init__(self, client: Elasticsearch, indices: list[str], wave: int) -> None:
        self._client = client
        self._indices = indices
        self._wave = wave
        self._calls = 0

    def msearch(self, *, searches: list[dict[str, Any]]) -> Any:
        # The glance at how many lines there are comes first, and is one search alone.
        self._calls += len(searches) > 2
        if self._calls != self._wave:
            return self._client.msearch(searches=searches)
        pairs = zip(searches[::2], searches[1::2], strict=True)
        return self._client.msearch(searches=[line for header, body in pairs for line in (self._sent(header), body)])

    def _sent(self, header: dict[str, Any]) -> dict[str, Any]:
        is_refused = any(index.startswith(header["index"].removesuffix("*")) for index in self._indices)
        return {"index": "spiketrace-gone", "ignore_unavailable": False} if is_refused else header


def refusing(client: Elasticsearch, indices: list[str], *, wave: int = 1) -> Elasticsearch:
    """`client`, but that wave of searches finds none of `indices`."""
    return cast("Elasticsearch", _Refusing(client, indices, wave))
