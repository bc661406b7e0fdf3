"""A sentence model on this machine: the real one, and folders that hold none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import pairwise
from math import isclose
from pathlib import Path

import onnxruntime
import pytest

from worker.agent.local_embedder import LocalEmbedder
from worker.domain.embedding import DIMENSIONS, Vector
from worker.errors import ConfigurationError

SAID = "the database ran out of connections"
MEANT = "no free session in the PostgreSQL pool"
ELSE = "the certificate of the payment provider has expired"


def _embed(model: LocalEmbedder, text: str) -> Vector:
    return model.embed(text, seconds=10.0)


def _cosine(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_what_means_the_same_is_near_however_it_is_said(local_model: LocalEmbedder) -> None:
    said, meant, other = (_embed(local_model, text) for text in (SAID, MEANT, ELSE))
    assert len(said) == DIMENSIONS
    assert isclose(_cosine(said, said), 1.0, abs_tol=1e-6)
    assert _cosine(said, meant) > _cosine(said, other)


def test_the_same_text_is_the_same_vector_and_any_text_is_one(local_model: LocalEmbedder) -> None:
    """A history that is embedded again stays as it is; logs hold whatever bytes they like."""
    assert _embed(local_model, SAID) == _embed(local_model, SAID)
    for text in ("", "\x00\ufffd", "池" * 2_000, "a" * 5_000, SAID * 300):
        assert len(_embed(local_model, text)) == DIMENSIONS


def test_what_stands_behind_the_models_reach_changes_nothing(local_model: LocalEmbedder) -> None:
    long = "pool " * 400
    assert _embed(local_model, long) == _embed(local_model, long + ELSE)
    texts = [f"{'pool ' * words}{ELSE}" for words in (10, 200)]
    assert all(one != other for one, other in pairwise(_embed(local_model, text) for text in texts))


def test_vectors_of_other_weights_have_another_name(local_model: LocalEmbedder) -> None:
    assert local_model.embedding_model == "all-minilm-l6-v2-q-afdb6f1a0e45"


def test_a_folder_must_hold_one_graph_and_one_tokenizer(sentence_model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"must hold one \*\.onnx, and holds none"):
        LocalEmbedder(tmp_path / "missing")
    for file in sentence_model_folder.glob("*tokenizer.json"):
        shutil.copy(file, tmp_path)
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / name).write_bytes(b"no graph")
    with pytest.raises(ConfigurationError, match=r"one \*\.onnx, and holds a\.onnx, b\.onnx"):
        LocalEmbedder(tmp_path)
    (tmp_path / "b.onnx").unlink()
    with pytest.raises(ConfigurationError, match="SPIKETRACE_EMBEDDING_MODEL_DIR: it cannot be loaded"):
        LocalEmbedder(tmp_path)


def test_another_kind_of_graph_says_what_is_asked_of_one(sentence_model_folder: Path, tmp_path: Path) -> None:
    shutil.copy(Path(onnxruntime.__file__).parent / "datasets" / "sigmoid.onnx", tmp_path)
    for file in sentence_model_folder.glob("*tokenizer.json"):
        shutil.copy(file, tmp_path)
    with pytest.raises(ConfigurationError, match=r"sigmoid\.onnx gives no 384 figures a token"):
        _embed(LocalEmbedder(tmp_path), SAID)


WITHOUT = """
import sys
sys.modules["onnxruntime"] = None
from worker.errors import ConfigurationError
try:
    import worker.agent.local_embedder
except ConfigurationError as error:
    print(error.reason)
"""


def test_where_the_libraries_are_not_installed_it_says_what_is() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert "pip install 'spiketrace[local-embeddings]'" in done.stdout
