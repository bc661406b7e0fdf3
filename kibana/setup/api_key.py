"""The worker's API key: what its role may, in a file that only its owner can read.

Elasticsearch tells a key once, when it makes it. The key goes from there into the file and nowhere else.
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-create-api-key
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from kibana.setup.kinds.elasticsearch import not_offered, role_body
from kibana.setup.privileges import METADATA, WORKER_ROLE, roles
from kibana.setup.record import Record
from worker.elastic import elasticsearch_errors
from worker.errors import ConfigurationError
from worker.telemetry.profiles import Profile

UNKNOWN_KEY = 401


class WorkerKey:
    """Raises NotOffered where Elasticsearch has no API keys, and EvidenceUnavailable."""

    def __init__(self, client: Elasticsearch, record: Record, profile: Profile) -> None:
        self._client, self._record = client, record
        self._privileges = {WORKER_ROLE: roles(profile)[WORKER_ROLE]}

    def works(self, path: Path) -> bool:
        """Whether the file holds a key that Elasticsearch knows."""
        if not path.exists():
            return False
        key = path.read_text(encoding="utf-8").strip()
        with elasticsearch_errors(f"trying the API key in {path}"):
            try:
                self._client.options(api_key=key).security.authenticate()
            except ApiError as error:
                if error.meta.status == UNKNOWN_KEY:
                    return False
                raise not_offered(error, "API keys") from error
        return True

    def ensure(self, path: Path) -> bool:
        """Writes a new key into the file unless it holds one that works; True if it did.

        A run that ended between the two left a key that nobody knows: it is taken away first.
        """
        if self.works(path):
            self._renew_privileges()
            return False
        self.invalidate()
        name = f"{WORKER_ROLE}-{secrets.token_hex(4)}"
        self._record.remember_api_key(name)
        with elasticsearch_errors("making an API key"):
            try:
                made = self._client.security.create_api_key(
                    name=name, role_descriptors=self._privileges, metadata=METADATA
                )
            except ApiError as error:
                self._record.remember_api_key(None)
                raise not_offered(error, "API keys") from error
        _write(path, made["encoded"])
        return True

    def _renew_privileges(self) -> None:
        """After an upgrade that reads or writes other indices."""
        if not self._record.api_key_name:
            return
        with elasticsearch_errors("comparing the API key's privileges"):
            found = self._client.security.get_api_key(name=self._record.api_key_name, owner=True)["api_keys"]
            for key in found:
                if not key["invalidated"] and _differ(key.get("role_descriptors", {}), self._privileges):
                    self._client.security.update_api_key(
                        id=key["id"], role_descriptors=self._privileges, metadata=METADATA
                    )

    def invalidate(self) -> bool:
        """The key of this space; True if there was one."""
        name = self._record.api_key_name
        if name is None:
            return False
        with elasticsearch_errors("taking back the API key"):
            try:
                self._client.security.invalidate_api_key(name=name, owner=True)
            except ApiError as error:
                raise not_offered(error, "API keys") from error
        self._record.remember_api_key(None)
        return True


def _differ(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    def compared(roles: dict[str, Any]) -> dict[str, Any]:
        return {name: {**role_body(role), "metadata": None} for name, role in roles.items()}

    return compared(there) != compared(wanted)


def _write(path: Path, key: str) -> None:
    """Whole or not at all, and never readable by others."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(key + "\n")
        unfinished.replace(path)
    except OSError as error:
        raise ConfigurationError(f"--api-key-file {path} cannot be written: {error.strerror}") from None
