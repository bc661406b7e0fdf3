"""What set-up is about: a thing that is wanted, what is there of it, and who can read and write its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

Json = dict[str, Any]

# What a value begins with that is only compared, not shown.
DIGEST = "sha256:"


class Kind(StrEnum):
    """In the order in which they are made: what is named by others comes first."""

    TEMPLATE = "index template"
    ROLE = "role"
    CONNECTOR = "connector"
    RULE = "rule"
    DATA_VIEW = "data view"
    DASHBOARD = "dashboard"
    WORKFLOW = "workflow"
    TOOL = "tool"
    AGENT = "agent"


IN_ELASTICSEARCH = frozenset({Kind.TEMPLATE, Kind.ROLE})
SAVED_OBJECTS = frozenset({Kind.DATA_VIEW, Kind.DASHBOARD})
# Of a format that only Kibana takes apart: theirs as a whole, or ours.
WHOLE = frozenset({Kind.TEMPLATE, Kind.DATA_VIEW, Kind.DASHBOARD, Kind.WORKFLOW})


# What a version, a licence or an advanced setting may lack, by the kinds that are part of it.
FEATURES = {Kind.WORKFLOW: "workflows", Kind.TOOL: "Agent Builder", Kind.AGENT: "Agent Builder"}


class Key(NamedTuple):
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True)
class Thing:
    """Wanted, with its fields in the form in which they are compared (`body`).

    `secrets` are written and never read back; `needs` names what must be there before it.
    `shipped` is the body as the file has it, which somebody may have installed by hand; `source` is the file's content
    where the body is only a digest of it.
    """

    key: Key
    name: str
    body: Json
    needs: tuple[Key, ...] = ()
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    shipped: Json | None = field(default=None, repr=False)
    source: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class LeftOut:
    """Not wanted here, and why: a sentence."""

    key: Key
    name: str
    reason: str


@dataclass(frozen=True)
class Observed:
    """What is there, in the form of `Thing.body`; `raw` is the answer it was made from.

    `lacks_secrets`: it must be written again, with them. `fixed`: why it cannot be changed from here. `is_ours`: it
    says itself that SpikeTrace made it, a worker for example, or set-up in another space.
    """

    body: Json
    raw: Json = field(default_factory=dict, repr=False)
    lacks_secrets: bool = False
    fixed: str | None = None
    is_ours: bool = False


class Unreadable(Exception):
    """This deployment does not let anybody look: what was applied last is all that is known."""


class NotOffered(Exception):
    """This deployment, its version or its licence, does not have that. `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Hidden:
    """It may be there: the credentials are not allowed to look. `reason` is a sentence."""

    reason: str


class Adapter(Protocol):
    """Reads and writes one kind. Raises KibanaError, and EvidenceUnavailable for what is in Elasticsearch."""

    def read(self, thing_id: str) -> Observed | None:
        """None when it is not there. Raises Unreadable and NotOffered."""

    def create(self, thing: Thing) -> str:
        """Its id, which is the wanted one unless Kibana makes up its own. A conflict means that it exists."""

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None: ...

    def delete(self, thing_id: str) -> None:
        """Also fine when it is gone already."""


def as_set(values: list[str] | None) -> dict[str, bool]:
    """Names whose order means nothing, so that one of ours and one of theirs can stand side by side."""
    return dict.fromkeys(values or (), True)


def as_list(names: Mapping[str, bool]) -> list[str]:
    return [name for name, there in names.items() if there]
