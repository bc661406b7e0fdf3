"""A sentence model on this machine as an Embedder: nothing leaves it, and no key is needed.

Any model that is used as `all-MiniLM-L6-v2` is (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2): an ONNX
graph that gives a vector to each token, whose mean is the text's. No model is shipped.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np

from worker.domain.embedding import DIMENSIONS, Vector, unit_vector
from worker.errors import ConfigurationError

try:
    # An optional extra: without a local model nothing of it is needed.
    from onnxruntime import InferenceSession, SessionOptions
    from tokenizers import Tokenizer
except ImportError as error:
    raise ConfigurationError(
        "SPIKETRACE_EMBEDDING_MODEL_DIR needs more: pip install 'spiketrace[local-embeddings]'"
    ) from error

GRAPH, TOKENIZER = "*.onnx", "*tokenizer.json"
# What the model was trained to read of a text; the files themselves often say less.
MOST_TOKENS = 256
DIGEST_CHARACTERS = 12


class LocalEmbedder:
    """Reads `folder`'s one *.onnx and one *tokenizer.json; raises ConfigurationError where they are no such model."""

    def __init__(self, folder: Path) -> None:
        self._graph, self._tokenizer_file = _the_one(folder, GRAPH), _the_one(folder, TOKENIZER)
        self._tokenizer, self._session = self._loaded()

    def _loaded(self) -> tuple[Tokenizer, InferenceSession]:
        options = SessionOptions()
        # A worker's processes share the cores, and one short text takes milliseconds.
        options.intra_op_num_threads = 1
        try:
            tokenizer = Tokenizer.from_file(str(self._tokenizer_file))
            session = InferenceSession(str(self._graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise what their native code says, of no common kind
            raise ConfigurationError(f"SPIKETRACE_EMBEDDING_MODEL_DIR: it cannot be loaded: {error}") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(MOST_TOKENS)
        return tokenizer, session

    @cached_property
    def embedding_model(self) -> str:
        """Vectors of other weights are never compared, whatever their file is called."""
        with self._graph.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{self._graph.stem}-{digest[:DIGEST_CHARACTERS]}"

    def embed(self, text: str, *, seconds: float) -> Vector:  # noqa: ARG002 (milliseconds, whatever the limit)
        """The mean of the tokens' vectors, of length 1. Raises ConfigurationError where they have other dimensions."""
        read = self._tokenizer.encode(text)
        given = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        wanted = {one.name for one in self._session.get_inputs()}
        feed = {name: np.array([ids], dtype=np.int64) for name, ids in given.items() if name in wanted}
        try:
            (tokens,) = self._session.run(None, feed)[0]
            return unit_vector(tokens.mean(axis=0).tolist())
        except Exception as error:
            raise ConfigurationError(
                f"SPIKETRACE_EMBEDDING_MODEL_DIR: {self._graph.name} gives no {DIMENSIONS} figures a token: {error}"
            ) from error

    def close(self) -> None:
        """It holds memory alone, which goes with it."""


def _the_one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        seen = ", ".join(path.name for path in found) or "none"
        raise ConfigurationError(f"SPIKETRACE_EMBEDDING_MODEL_DIR: {folder} must hold one {pattern}, and holds {seen}")
    return found[0]
