"""What tests run on and the project does not ship, from Maven Central: Elasticsearch servers, and a sentence model.

`integ-test-zip` is the server that client libraries are tested with: the real engine with few modules,
published without a login and half the size of the full archive.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
CACHES = REPOSITORY_ROOT / ".cache"
CACHE = CACHES / "elasticsearch"
GROUP_AND_ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch"
# The oldest Java that runs each major version.
# https://www.elastic.co/support/matrix#matrix_jvm
OLDEST_JAVA = {"8": 17, "9": 21}
DOWNLOAD_TIMEOUT_SECONDS = 900


class EngineUnavailable(Exception):
    """The machine lacks what a real Elasticsearch needs; the message says what to install."""


def archive(version: str) -> Path:
    """The zip of that version, fetched into `.cache/` when it is not there yet."""
    return fetched(f"{GROUP_AND_ARTIFACT}:{version}:zip", CACHE / f"elasticsearch-{version}.zip")


def fetched(coordinates: str, path: Path) -> Path:
    """The file of these coordinates, which Maven calls as `path` does. Raises EngineUnavailable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several processes of one test run may ask for it at once, and Maven's repository is not made for that.
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _fetch(coordinates, path)
    return path


def _fetch(coordinates: str, path: Path) -> None:
    # `get` leaves the file in Maven's own repository, where `copy` finds it; `copy` alone would look for a project.
    _maven("dependency:get", f"-Dartifact={coordinates}", "-Dtransitive=false")
    # An interrupted copy must not pass for the whole file, so it takes its name in one step.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        _maven("dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}")
        (Path(folder) / path.name).rename(path)


def _maven(*arguments: str) -> None:
    command = [_maven_executable(), "-q", "-B", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False)
    if done.returncode:
        raise EngineUnavailable(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-2000:]}")


def _maven_executable() -> str:
    if found := shutil.which("mvn"):
        return found
    raise EngineUnavailable("Maven (mvn) is not installed")


def java_home(version: str) -> Path:
    """A Java that runs that version of Elasticsearch."""
    major = version.split(".", maxsplit=1)[0]
    oldest = OLDEST_JAVA[major]
    fitting = {java: home for home in _java_homes() if (java := _java_version(home)) and java >= oldest}
    if not fitting:
        raise EngineUnavailable(f"Elasticsearch {version} needs Java {oldest} or newer, and none was found")
    return fitting[min(fitting)]


def _java_homes() -> list[Path]:
    named = [Path(os.environ[name]) for name in ("JAVA_HOME", "ES_JAVA_HOME") if os.environ.get(name)]
    on_path = [Path(java).resolve().parents[1]] if (java := shutil.which("java")) else []
    return [*named, *on_path, *sorted(Path("/usr/lib/jvm").glob("*"))]


def _java_version(home: Path) -> int | None:
    """The major version a Java installation says it has, or None where it is none."""
    if not (home / "bin" / "java").exists():
        return None
    release = home / "release"
    text = release.read_text(encoding="utf-8") if release.exists() else ""
    found = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(found[1]) if found else None


def missing_for(version: str) -> str | None:
    """What this machine lacks to run that version, or None."""
    try:
        java_home(version)
        if not (CACHE / f"elasticsearch-{version}.zip").exists():
            _maven_executable()
    except EngineUnavailable as error:
        return str(error)
    return None
