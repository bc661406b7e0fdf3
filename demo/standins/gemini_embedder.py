"""Embeddings of the stand-in: each word counts in a few dimensions that its hash draws. Words, and no meaning."""

from __future__ import annotations

import hashlib
import re
from typing import Any

Json = dict[str, Any]

DIMENSIONS = 3072
DIMENSIONS_A_WORD = 4


def answer(method: str, body: Json) -> Json:
    if method == "embedContent":
        return {"embedding": _embedding(body)}
    return {"embeddings": [_embedding(request) for request in body.get("requests", [])]}


def _embedding(request: Json) -> Json:
    """As Gemini's are where they are cut to fewer dimensions: not of length 1."""
    text = " ".join(part.get("text", "") for part in request.get("content", {}).get("parts", []))
    return {"values": vector(text, int(request.get("outputDimensionality") or DIMENSIONS))}


def vector(text: str, count: int) -> list[float]:
    values = [0.0] * count
    for word in re.findall(r"\w+", text.lower()):
        drawn = hashlib.sha256(word.encode()).digest()
        for place in range(DIMENSIONS_A_WORD):
            at = int.from_bytes(drawn[2 * place : 2 * place + 2], "big") % count
            values[at] += 1.0 if drawn[-1 - place] % 2 else -1.0
    return values
