"""Index templates: one JSON file each, installed as it stands.

Written indices are `dynamic: false`: a field that the template does not know is kept in the document and not
searchable, so that during an upgrade no write is refused; a known field of a wrong type is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from elasticsearch import BadRequestError, Elasticsearch

from worker.elastic import elasticsearch_errors

FOLDER = Path(__file__).parent / "index_templates"
# Types that an engine may lack: a field of such a type is then kept without being searchable.
OPTIONAL_TYPES = frozenset({"dense_vector"})

Template = dict[str, Any]

log = structlog.get_logger(__name__)


@cache
def _read_templates() -> dict[str, Template]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def index_templates() -> dict[str, Template]:
    """Every template by name, as Elasticsearch takes it."""
    return deepcopy(_read_templates())


def fingerprint(template: Template) -> str:
    """Tells one version of a template from another, whatever form an engine gives it back in."""
    text = json.dumps(template, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def install_templates(client: Elasticsearch) -> list[str]:
    """Puts every template that is not there in this version, and names all.

    Our own indices get its new fields, also where one was restored from a snapshot of an older version.
    One that is there already is left alone, so that what somebody changed in it stays until the next version, and
    so that a process without the right to change templates starts in peace where `spiketrace setup` put them.
    """
    templates = index_templates()
    with elasticsearch_errors("reading the index templates"):
        installed = client.indices.get_index_template()["index_templates"]
    versions = {found["name"]: found["index_template"].get("_meta", {}).get("fingerprint") for found in installed}
    for name, template in templates.items():
        if versions.get(name) != fingerprint(template):
            install_template(client, name, is_upgrade=name in versions)
    for name, fields in lacking_fields(client).items():
        with elasticsearch_errors(f"giving {name} the fields {', '.join(fields)}"):
            _extend(client, name, templates[name])
    return list(templates)


def lacking_fields(client: Elasticsearch) -> dict[str, list[str]]:
    """By each of our own indices, the fields of this version's template that it does not know. Raises
    EvidenceUnavailable."""
    own = [name for name, template in index_templates().items() if template["index_patterns"] == [name]]
    with elasticsearch_errors("reading the mappings of our indices"):
        found = client.indices.get_mapping(index=own, ignore_unavailable=True, allow_no_indices=True)
    lacking = {name: _lacking(name, found[name]["mappings"]) for name in own if name in found}
    return {name: fields for name, fields in lacking.items() if fields}


def _lacking(name: str, mappings: Mapping[str, Any]) -> list[str]:
    wanted = _without_optional_types(index_templates()[name])["template"]["mappings"]["properties"]
    return sorted(wanted.keys() - mappings.get("properties", {}).keys())


def install_template(client: Elasticsearch, name: str, *, is_upgrade: bool) -> None:
    """Puts one, over an older one if `is_upgrade`; last, so that what breaks off before is done again."""
    template = index_templates()[name]
    with elasticsearch_errors(f"installing the index template {name}"):
        if is_upgrade and template["index_patterns"] == [name]:
            _extend(client, name, template)
        try:
            _put(client, name, template, fingerprint(template))
        except BadRequestError:
            simpler = _without_optional_types(template)
            if simpler == template:
                raise
            _put(client, name, simpler, fingerprint(template))


def _extend(client: Elasticsearch, index: str, template: Template) -> None:
    """The index, if it is there, knows the fields of this version from now on. None of those it has is changed."""
    if not client.indices.exists(index=index):
        return
    wanted = template["template"]["mappings"]["properties"]
    try:
        client.indices.put_mapping(index=index, properties=wanted)
    except BadRequestError as error:
        # Somebody else's mapping, or an engine that lacks a type: what is not there at all can still be added.
        log.warning("the index keeps fields as they are", index=index, reason=str(error.message)[:300])
        (there,) = client.indices.get_mapping(index=index).values()
        found = there["mappings"].get("properties", {})
        simpler = _without_optional_types(template)["template"]["mappings"]["properties"]
        client.indices.put_mapping(
            index=index, properties={field: mapping for field, mapping in simpler.items() if field not in found}
        )


def _put(client: Elasticsearch, name: str, template: Template, version: str) -> None:
    client.indices.put_index_template(
        name=name,
        index_patterns=template["index_patterns"],
        priority=template["priority"],
        template=template["template"],
        meta={**template["_meta"], "fingerprint": version},
    )


def _without_optional_types(template: Template) -> Template:
    simpler = deepcopy(template)
    properties = simpler["template"]["mappings"]["properties"]
    for field in [name for name, mapping in properties.items() if mapping.get("type") in OPTIONAL_TYPES]:
        del properties[field]
    return simpler
