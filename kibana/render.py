"""What Kibana makes of an action's template: mustache, escaped for JSON where it is text that should be JSON.

Kibana renders a webhook's body with mustache.js, escapes double braces so that they are safe inside a JSON
string, gives objects and arrays a text form, and sends what failed to render as it is.
https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/rule-action-variables
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pystache import Renderer
from pystache.common import PystacheError
from pystache.parser import ParsingError

_TAG = re.compile(r"\{\{\{.*?\}\}\}|\{\{.*?\}\}", re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def render_body(template: str, variables: Mapping[str, Any]) -> str:
    """The body that Kibana's webhook connector would send for these variables (JSON-like values).

    Never raises for a bad template: Kibana sends its error's text instead, and so does this.
    """
    return _render(template, variables, escape_json)


def render_document(template: Any, variables: Mapping[str, Any]) -> Any:
    """The document that Kibana's index connector would write: each string in it rendered by itself, unescaped."""
    if isinstance(template, Mapping):
        return {name: render_document(value, variables) for name, value in template.items()}
    if isinstance(template, list):
        return [render_document(value, variables) for value in template]
    return _render(template, variables, str) if isinstance(template, str) else template


def _render(template: str, variables: Mapping[str, Any], escape: Callable[[str], str]) -> str:
    if "{{" in _TAG.sub("", template):
        return _failed(template, "a tag is not closed")
    renderer = _KibanaRenderer(escape=escape, missing_tags="ignore")
    try:
        return str(renderer.render(template, _with_text_forms(_nested(variables))))
    except (ParsingError, PystacheError) as error:
        return _failed(template, str(error))


def _failed(template: str, reason: str) -> str:
    return f'error rendering mustache template "{template}": {reason}'


def escape_json(text: str) -> str:
    """`text` as it stands between the quotes of a JSON string."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)


def javascript_text(value: object) -> str:
    """`String(value)`, as a browser would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, Mapping):
        return javascript_json(value)
    if isinstance(value, list):
        return ",".join(javascript_text(item) for item in value)
    return str(value)


def javascript_json(value: Any) -> str:
    """`JSON.stringify(value)`."""
    if isinstance(value, Mapping):
        pairs = (f'"{escape_json(str(key))}":{javascript_json(item)}' for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(javascript_json(item) for item in value) + "]"
    if value is None:
        return "null"
    return f'"{escape_json(value)}"' if isinstance(value, str) else javascript_text(value)


def _number(value: float) -> str:
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    mantissa, _, exponent = repr(float(value)).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}" if exponent else mantissa


class _KibanaRenderer(Renderer):  # type: ignore[misc]
    """Writes values of every type as JavaScript would."""

    def str_coerce(self, val: object) -> str:
        return javascript_text(val)


class _Array(list[Any]):
    """An array as mustache.js sees it in Kibana: with a property that gives it as JSON."""

    @property
    def asJSON(self) -> str:  # noqa: N802
        return javascript_json(list(self))


def _with_text_forms(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_text_forms(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return _Array(_with_text_forms(item) for item in value)
    return value


def _nested(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Keys with dots as objects within objects, beside the plain keys."""
    result: dict[str, Any] = {}
    for key, value in variables.items():
        inner = _nested_value(value)
        *parents, last = key.split(".")
        target = result
        for parent in parents:
            if not isinstance(target.get(parent), dict):
                target[parent] = {}
            target = target[parent]
        if isinstance(inner, dict) and isinstance(target.get(last), dict):
            target[last].update(inner)
        else:
            target[last] = inner
    return result


def _nested_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _nested(value)
    return [_nested_value(item) for item in value] if isinstance(value, (list, tuple)) else value
