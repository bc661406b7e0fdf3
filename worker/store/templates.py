"""Index templates: one JSON file each, installed as it stands.

Written indices are `dynamic: false`: a field that the template does not know is kept in the document and not
searchable, so that during an upgrade no write is refused; a known field of a wrong type is.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from worker.elastic import elasticsearch_errors

FOLDER = Path(__file__).parent / "index_templates"
# Types that an engine may lack: a field of such a type is then kept without being searchable.
OPTIONAL_TYPES = frozenset({"dense_vector"})

Template = dict[str, Any]


@cache
def _read_templates() -> dict[str, Template]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def index_templates() -> dict[str, Template]:
    """Every template by name, as Elasticsearch takes it."""
    return deepcopy(_read_templates())


def install_templates(client: Elasticsearch) -> list[str]:
    """Puts every template, over an older one if there is one, and names them. Indices that exist are not changed."""
    templates = index_templates()
    for name, template in templates.items():
        _install(client, name, template)
    return list(templates)


def _install(client: Elasticsearch, name: str, template: Template) -> None:
    with elasticsearch_errors(f"installing the index template {name}"):
        try:
            _put(client, name, template)
        except BadRequestError:
            simpler = _without_optional_types(template)
            if simpler == template:
                raise
            _put(client, name, simpler)


def _put(client: Elasticsearch, name: str, template: Template) -> None:
    client.indices.put_index_template(
        name=name,
        index_patterns=template["index_patterns"],
        priority=template["priority"],
        template=template["template"],
        meta=template["_meta"],
    )


def _without_optional_types(template: Template) -> Template:
    simpler = deepcopy(template)
    properties = simpler["template"]["mappings"]["properties"]
    for field in [name for name, mapping in properties.items() if mapping.get("type") in OPTIONAL_TYPES]:
        del properties[field]
    return simpler
