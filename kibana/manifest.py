"""`kibana_rules/manifest.yaml`: what a rule asks and needs, and which of its values are for you to choose."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kibana.rules import SHIPPED_RULES
from worker.errors import ConfigurationError
from worker.yaml_file import read_yaml

Value = int | float | list[str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(_Strict):
    """A value of a rule that is yours to choose: a positive number in `unit`, or a list of names.

    `at` is a JSON pointer into the rule's body. After a #, a pointer into the JSON text found there, or the name
    of a number that the ES|QL text found there sets (`EVAL name = 1`).
    """

    at: str = Field(pattern=r"^(/[^/#]+)+(#((/[^/#]+)+|[a-z_]+))?$")
    default: Value
    unit: str = Field(min_length=1)
    meaning: str = Field(min_length=1)
    choose: str = Field(min_length=1)

    def check(self, value: object) -> Value:
        """`value` as this variable takes it. Raises ValueError with what it must be."""
        if isinstance(self.default, list):
            if isinstance(value, list) and value and all(isinstance(name, str) and name for name in value):
                return value
            raise ValueError("must be a list of names")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0:
            return value
        raise ValueError(f"must be a number above 0 ({self.unit})")


class Entry(_Strict):
    """Of one rule. `kibana` is a version specifier; `instead_of` names the rule that asks the same in another way."""

    asks: str = Field(min_length=1)
    kibana: str
    instead_of: str | None = None
    variables: dict[str, Variable]

    @field_validator("kibana")
    @classmethod
    def _specifies_versions(cls, value: str) -> str:
        try:
            return str(SpecifierSet(value))
        except InvalidSpecifier as error:
            raise ValueError(str(error)) from None

    def fits(self, version: str) -> bool:
        """Whether a Kibana of this version takes the rule: `8.19.8`, or `9.4.0-SNAPSHOT`."""
        return Version(version.partition("-")[0]) in SpecifierSet(self.kibana)


class _Manifest(_Strict):
    rules: dict[str, Entry]


def load_manifest(folder: Path = SHIPPED_RULES) -> dict[str, Entry]:
    """Entries by the id of their rule. Raises ConfigurationError that says what is wrong in the file."""
    path = folder / "manifest.yaml"
    try:
        return _Manifest.model_validate(read_yaml(path.read_text(encoding="utf-8"))).rules
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path.name} is no manifest of rules: {error}") from None


def read_variables(entry: Entry, body: Mapping[str, Any]) -> dict[str, Value]:
    """What the variables are in this body of the rule, shipped or as Kibana answers it.

    Left out are those whose place is not there: somebody wrote the query anew.
    """
    found = {name: _read(body, variable.at) for name, variable in entry.variables.items()}
    return {name: value for name, value in found.items() if value is not None}


def with_variables(entry: Entry, body: Mapping[str, Any], chosen: Mapping[str, object]) -> dict[str, Any]:
    """A copy of the rule's body with these values in it; what is not named stays as it is.

    Raises ConfigurationError for a name that the rule does not have, or a value that it cannot take.
    """
    changed = copy.deepcopy(dict(body))
    for name, value in chosen.items():
        if name not in entry.variables:
            raise ConfigurationError(f"{name!r} is no variable of this rule: it has {', '.join(entry.variables)}")
        variable = entry.variables[name]
        try:
            _write(changed, variable.at, variable.check(value))
        except ValueError as error:
            raise ConfigurationError(f"{name} {error}, not {value!r}") from None
    return changed


def _read(body: Any, at: str) -> Value | None:
    pointer, _, inner = at.partition("#")
    found = _look_up(body, pointer)
    if not inner or found is None:
        return found if isinstance(found, (int, float, list)) else None
    if inner.startswith("/"):
        return _read(_load(found), inner)
    number = _assignment(inner).search(found)
    return json.loads(number["value"]) if number else None


def _write(body: Any, at: str, value: Value) -> None:
    pointer, _, inner = at.partition("#")
    parent, _, last = pointer.rpartition("/")
    holder = _look_up(body, parent)
    key = int(last) if isinstance(holder, list) else last
    if not inner:
        holder[key] = value
    elif inner.startswith("/"):
        text = json.loads(holder[key])
        _write(text, inner, value)
        holder[key] = json.dumps(text)
    else:
        holder[key] = _assignment(inner).sub(rf"\g<name>{json.dumps(value)}", holder[key], count=1)


def _look_up(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _load(text: object) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _assignment(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<name>\b{re.escape(name)}\s*=\s*)(?P<value>\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])")
