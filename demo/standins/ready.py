"""How a stand-in says that it is ready."""

from __future__ import annotations

from pathlib import Path


def write_at_once(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
