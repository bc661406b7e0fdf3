"""The words of a trade from a YAML file, or from one that is shipped. `docs/terminology.md` is its reference."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from worker.domain.terms import Currency, Noun, Paragraph, PartLabels, SectionLabels, Terms, Word
from worker.errors import ConfigurationError
from worker.yaml_file import parse_yaml, why_unreadable

SHOP = "shop"


class Terminology(BaseModel):
    """A file: what it leaves out is as in the preset it names, or as in a shop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = SHOP
    orders: Noun | None = None
    revenue: Word | None = None
    currency: Currency | None = None
    domain: Paragraph | None = None
    sections: SectionLabels | None = None
    parts: PartLabels | None = None

    @field_validator("preset")
    @classmethod
    def _is_shipped(cls, name: str) -> str:
        if name not in shipped_terminologies():
            raise ValueError(f"there is no such preset; there are {', '.join(shipped_terminologies())}")
        return name

    def terms(self) -> Terms:
        given = {name: getattr(self, name) for name in self.model_fields_set - {"preset"}}
        base = Terms() if self.preset == SHOP else load_terms(self.preset)
        for name in ("sections", "parts"):
            if name in given:
                given[name] = getattr(base, name).model_copy(update=given[name].model_dump(exclude_unset=True))
        return base.model_copy(update={name: value for name, value in given.items() if value is not None})


def shipped_terminologies() -> list[str]:
    found = (Path(str(one)) for one in files("worker.terminologies").iterdir())
    return sorted([SHOP, *(path.stem for path in found if path.suffix == ".yaml")])


def load_terms(name: str) -> Terms:
    """A shipped terminology by its name, or one of your own by its path.

    Raises ConfigurationError naming the file, the line and the key that is wrong.
    """
    if name == SHOP:
        return Terms()
    shipped = Path(str(files("worker.terminologies") / f"{name}.yaml"))
    source = shipped if name in shipped_terminologies() else Path(name)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigurationError(
            f"SPIKETRACE_TERMINOLOGY names {name!r}: neither a shipped terminology "
            f"({', '.join(shipped_terminologies())}) nor a readable file ({why_unreadable(error)})"
        ) from None
    return parse_terms(text, str(source))


def parse_terms(text: str, source: str) -> Terms:
    """Raises ConfigurationError."""
    return parse_yaml(text, Terminology, kind="terminology", source=source).terms()
