"""Bodies as Kibana takes them: a key too many is refused, and the answer names it."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from demo.standins.kibana.deployment import Refused

EXTRA = "extra_forbidden"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CamelStrict(BaseModel):
    """Of bodies whose keys are written likeThis."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], body: Any, where: str = "request body") -> Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([where, *map(str, first["loc"])])
        said = "definition for this key is missing" if first["type"] == EXTRA else first["msg"]
        raise Refused(400, f"[{place}]: {said}") from None
