"""What a rule writes where Kibana may not call a webhook: a document for the intake, instead of a request.

The webhook connector needs a Gold licence; the `.index` connector, which writes into an index, needs Basic only.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

INBOX_INDEX = "spiketrace-alert-inbox"
INDEX_CONNECTOR_ID = "b3f6a1d8-5c27-4e09-8d43-7a90c1e2f584"

# `"tags": {{{rule.tags.asJSON}}}`: values that the body holds as JSON, outside quotes.
_JSON_VALUE = re.compile(r"\{\{\{(?P<name>[\w.]+?)(?:\.asJSON)?\}\}\}")


def through_the_inbox(rule: Mapping[str, Any], connector_id: str = INDEX_CONNECTOR_ID) -> dict[str, Any]:
    """The same rule, its webhook actions turned into actions of the `.index` connector `connector_id`.

    `rule` is the body of a shipped rule; all but its actions' `id` and `params` stays as it is. Each action writes
    one document into `spiketrace-alert-inbox`. The document is the body that the webhook would have got, as an object
    instead of as text, and `@timestamp` beside it:

        {"@timestamp": date, "schema_version": "1", "event_action": text,
         "rule": {"id", "name", "type", "space_id", "url", "tags", "params"},
         "alert": {"id", "uuid", "action_group", "flapping", "consecutive_matches"},
         "context": {"title", "message", "value", "group", "conditions", "date", "link"},
         "date": date}

    Every leaf is a string, the empty string where Kibana has nothing to say. `rule.tags` is the tags joined by
    commas, `rule.params` is JSON text, `@timestamp` is the same as `date`: when Kibana scheduled the action, in
    ISO 8601. `worker.posted.parse_alert` reads the document's JSON as it reads a webhook's body; it takes
    no notice of `@timestamp`. Kibana gives the document no id, and writes it again when an attempt failed halfway.
    """
    changed = copy.deepcopy(dict(rule))
    for action in changed["actions"]:
        action["params"] = {"documents": [document_template(action["params"]["body"])]}
        action["id"] = connector_id
    return changed


def document_template(body_template: str) -> dict[str, Any]:
    """The mustache template of a document from that of a webhook's body.

    Kibana renders each string of a document by itself and escapes nothing, since no text is made of it: so values
    that a body holds as JSON become strings like all others.
    """
    document = json.loads(_JSON_VALUE.sub(r'"{{\g<name>}}"', body_template))
    return {"@timestamp": document["date"], **document}
