"""A client whose engine refuses some of the searches, for real: they are sent to an index that is not there."""

from __future__ import annotations

from typing import Any, cast

from elasticsearch import Elasticsearch


class _Refusing:
    def __init__(self, client: Elasticsearch, indices: list[str], wave: int) -> None:
        self._client = client
        self._indices = indices
        self._wave = wave

    def msearch(self, *, searches: list[dict[str, Any]], **options: Any) -> Any:
        pairs = list(zip(searches[::2], searches[1::2], strict=True))
        if _wave_of(pairs) == self._wave:
            searches = [line for header, body in pairs for line in (self._sent(header), body)]
        return self._client.msearch(searches=searches, **options)

    def _sent(self, header: dict[str, Any]) -> dict[str, Any]:
        is_refused = any(index.startswith(header["index"].removesuffix("*")) for index in self._indices)
        return {"index": "spiketrace-gone", "ignore_unavailable": False} if is_refused else header


def _wave_of(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    """Only the second compares a window with what was before it."""
    return 2 if any("window" in body.get("aggs", {}) for _, body in pairs) else 1


def refusing(client: Elasticsearch, indices: list[str], *, wave: int = 1) -> Elasticsearch:
    """`client`, but that wave of searches finds none of `indices`."""
    return cast("Elasticsearch", _Refusing(client, indices, wave))
