"""What set-up remembers: what it made in each space, and what it applied last. One document a space.

It is the third version that tells a change of ours from one that was made in Kibana (`compare`), and what `remove`
may take away. Secrets are not in it: of those it holds a salted scrypt digest, to see that they changed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import scrypt
from typing import Any

from elasticsearch import BadRequestError, ConflictError, Elasticsearch, NotFoundError

from kibana.setup.compare import ABSENT, Applied, Change
from kibana.setup.things import Json, Key, Kind
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import SpikeTraceError

INDEX = "spiketrace-setup"
MAPPINGS = {
    "dynamic": False,
    "properties": {"space": {"type": "keyword"}, "updated_at": {"type": "date"}, "api_key_name": {"type": "keyword"}},
}
# About 30 ms and 16 MB: nothing for one apply, much for whoever tries passwords.
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class AnotherSetup(SpikeTraceError):
    """Somebody else's apply or remove writes the same record."""


@dataclass(frozen=True)
class Entry:
    """Of one thing. `made`: it was not there before us. `id` is Kibana's, where it makes up its own.

    `underway` is what is being sent, written down before it is: so what an interrupted run left is known to be ours.
    """

    made: bool
    id: str
    applied: Applied | None = None
    secrets: str | None = None
    underway: Json | None = None


class Record:
    """Of one space. Raises EvidenceUnavailable, and AnotherSetup at the first write when two are at work."""

    def __init__(self, client: Elasticsearch, space: str) -> None:
        self._client, self._space = client, space
        self._written: dict[str, int] = {}
        self.entries: dict[Key, Entry] = {}
        self.api_key_name: str | None = None
        self._load()

    def remember(self, key: Key, entry: Entry | None) -> None:
        """On disk before it returns. None forgets."""
        if entry == self.entries.get(key):
            return
        if entry is None:
            del self.entries[key]
        else:
            self.entries[key] = entry
        self._save()

    def remember_api_key(self, name: str | None) -> None:
        if name != self.api_key_name:
            self.api_key_name = name
            self._save()

    def _load(self) -> None:
        with elasticsearch_errors("reading what set-up applied last"):
            try:
                found = self._client.get(index=INDEX, id=self._space)
            except NotFoundError:
                return
        self._written = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
        source = found["_source"]
        self.entries = dict(_entry(item) for item in json.loads(source["entries"]))
        self.api_key_name = source.get("api_key_name")

    def _save(self) -> None:
        document = {
            "space": self._space,
            "updated_at": iso(datetime.now(UTC)),
            "api_key_name": self.api_key_name,
            # As text: fields of rules and dashboards would otherwise become fields of this index.
            "entries": json.dumps([_document(key, entry) for key, entry in self.entries.items()]),
        }
        condition: dict[str, Any] = self._written or {"op_type": "create"}
        if not self._written:
            self._create_index()
        with elasticsearch_errors("writing down what set-up applied", conflicts=True):
            try:
                answer = self._client.index(index=INDEX, id=self._space, document=document, **condition)
            except ConflictError:
                raise AnotherSetup(
                    f"another `spiketrace setup` is at work in space {self._space}: wait for it, then run this again"
                ) from None
        self._written = {"if_seq_no": answer["_seq_no"], "if_primary_term": answer["_primary_term"]}

    def _create_index(self) -> None:
        settings = {"index": {"auto_expand_replicas": "0-1"}}
        with elasticsearch_errors(f"creating {INDEX}"):
            try:
                self._client.indices.create(index=INDEX, mappings=MAPPINGS, settings=settings)
            except BadRequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise

    def others(self) -> bool:
        """Whether set-up has made something in another space, too."""
        with elasticsearch_errors("looking for other spaces"):
            query = {"bool": {"must_not": [{"term": {"space": self._space}}]}}
            return bool(self._client.count(index=INDEX, ignore_unavailable=True, query=query)["count"])

    def end(self) -> None:
        """When nothing of ours is left in the space; the index goes with its last document."""
        if self.entries or self.api_key_name:
            return
        with elasticsearch_errors("deleting what set-up applied"):
            self._client.options(ignore_status=404).delete(index=INDEX, id=self._space, refresh=True)
            if self._client.count(index=INDEX, ignore_unavailable=True)["count"] == 0:
                self._client.options(ignore_status=404).indices.delete(index=INDEX)
        self._written = {}


def secrets_digest(values: Mapping[str, Any]) -> str:
    """A new digest, with a salt of its own."""
    return _digest(values, secrets.token_hex(16))


def matches(values: Mapping[str, Any], digest: str | None) -> bool:
    if digest is None:
        return not values
    return secrets.compare_digest(_digest(values, digest.partition(":")[0]), digest)


def _digest(values: Mapping[str, Any], salt: str) -> str:
    return _digest_of_text(json.dumps(values, sort_keys=True).encode(), salt)


# A run compares the same secrets several times, and this is slow on purpose.
@lru_cache(maxsize=256)
def _digest_of_text(text: bytes, salt: str) -> str:
    return f"{salt}:{scrypt(text, salt=bytes.fromhex(salt), dklen=32, **SCRYPT).hex()}"


def _document(key: Key, entry: Entry) -> Json:
    applied = entry.applied
    return {
        "kind": key.kind,
        "name": key.id,
        "id": entry.id,
        "made": entry.made,
        "underway": entry.underway,
        "secrets": entry.secrets,
        "applied": applied
        and {
            "sent": applied.sent,
            "seen": applied.seen,
            "accepted": [
                [change.path, _optional(change.before), _optional(change.after)] for change in applied.accepted
            ],
        },
    }


def _entry(item: Mapping[str, Any]) -> tuple[Key, Entry]:
    key = Key(Kind(item["kind"]), item["name"])
    applied = None
    if found := item["applied"]:
        accepted = tuple(
            Change(tuple(path), _given(before), _given(after)) for path, before, after in found["accepted"]
        )
        applied = Applied(found["sent"], found["seen"], accepted)
    return key, Entry(item["made"], item["id"], applied, item["secrets"], item["underway"])


def _optional(value: Any) -> list[Any]:
    return [] if value is ABSENT else [value]


def _given(value: list[Any]) -> Any:
    return value[0] if value else ABSENT
