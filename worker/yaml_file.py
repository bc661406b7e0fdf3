"""A YAML file as a model, and what is wrong with it in words: the file, the line and the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from worker.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)
MOST_COMPLAINTS = 3
MERGE = "tag:yaml.org,2002:merge"
# libyaml reads in a tenth of the time that the loader in Python takes; not every PyYAML is built with it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """As `yaml.safe_load`, and quicker. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - both loaders are safe ones


def why_unreadable(error: OSError | ValueError) -> str:
    """Of a text that could not be read; a ValueError is of its encoding, or of a name that is none."""
    return (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8"


def parse_yaml(
    text: str, model: type[Model], *, kind: str, source: str, context: Mapping[str, Any] | None = None
) -> Model:
    """`kind` is what the file is called in an error, as in `profile`. `context` is for the model's validators.

    Raises ConfigurationError.
    """
    try:
        tree = yaml.compose(text, Loader=LOADER)
        if twice := next(_repeated(tree), None):
            raise ConfigurationError(f"{kind} {source}, {twice}")
        return model.model_validate({} if tree is None else read_yaml(text), context=context)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{kind} {source} is not YAML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(_complaint(tree, one, kind, model) for one in error.errors()[:MOST_COMPLAINTS])
        raise ConfigurationError(f"{kind} {source}, {wrong}") from None


def _repeated(tree: yaml.Node | None) -> Iterator[str]:
    """Keys that a mapping has twice: YAML forbids it, and the reader would silently take the last."""
    for node in _nodes(tree):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        keys = [key for key, _ in pairs if isinstance(key, yaml.ScalarNode) and key.tag != MERGE]
        for place, key in enumerate(keys):
            if key.value in (before.value for before in keys[:place]):
                yield f"line {key.start_mark.line + 1}: {key.value} is there twice: keep one of the two"


def _nodes(tree: yaml.Node | None) -> Iterator[yaml.Node]:
    """Each once, however often an alias repeats it."""
    left, seen = [tree] if tree else [], set[int]()
    while left:
        node = left.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            left.extend(_inside(node))


def _inside(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _complaint(tree: yaml.Node | None, error: Any, kind: str, model: type[BaseModel]) -> str:
    path = tuple(part for part in error["loc"] if isinstance(part, str | int))
    return f"line {_line(tree, path)}: {'.'.join(map(str, path)) or f'the {kind}'}: {_said(error, model, path)}"


def _said(error: Any, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    """What is wrong, without the words that speak of the code."""
    if error["type"] in ("model_type", "dict_type"):
        return "it has to be a mapping, as in `key: value`"
    if error["type"] == "extra_forbidden":
        return f"there is no such key; known are {', '.join(_keys(_model_of(model, path[:-1])))}"
    return str(error["msg"]).removeprefix("Value error, ")


def _model_of(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that a part of the file is read as; numbers and names of a mapping lead to what it holds."""
    for part in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _models_in(fields[part].annotation) if part in fields else []
        model = inner[0] if inner else model
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _keys(model: type[BaseModel]) -> list[str]:
    return sorted(field.alias or name for name, field in model.model_fields.items())


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
