"""A YAML file as a model, and what is wrong with it in words: the file, the line and the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from worker.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)
MOST_COMPLAINTS = 3


def parse_yaml(
    text: str, model: type[Model], *, kind: str, source: str, context: Mapping[str, Any] | None = None
) -> Model:
    """`kind` is what the file is called in an error, as in `profile`. `context` is for the model's validators.

    Raises ConfigurationError.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        return model.model_validate({} if tree is None else yaml.safe_load(text), context=context)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{kind} {source} is not YAML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(_complaint(tree, one, kind) for one in error.errors()[:MOST_COMPLAINTS])
        raise ConfigurationError(f"{kind} {source}, {wrong}") from None


def _complaint(tree: yaml.Node | None, error: Any, kind: str) -> str:
    path = tuple(part for part in error["loc"] if isinstance(part, str | int))
    return f"line {_line(tree, path)}: {'.'.join(map(str, path)) or f'the {kind}'}: {error['msg']}"


def _line(node: yaml.Node | None, path: tuple[str | int, ...]) -> int:
    """The line of the deepest part of `path` that is there; counted from 1."""
    if node is None:
        return 1
    for part in path:
        inner = _child(node, part)
        if inner is None:
            break
        node = inner
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        inner: yaml.Node = node.value[part]
        return inner
    return None
