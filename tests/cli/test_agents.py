"""`spiketrace mcp` and `spiketrace agents`: what they need, and what they say when it is missing."""

from __future__ import annotations

import os
import subprocess
import sys

from click.testing import CliRunner

from cli.main import spiketrace
from worker.settings import fresh_environment

# An interpreter in which the extra is not installed: what it would find is hidden from it.
WITHOUT = """
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name in ("mcp", "a2a") else self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path if hasattr(finder, "find_spec")]
from cli.main import main
main()
"""
LOADED = """
import sys
from click.testing import CliRunner
from cli.main import spiketrace
assert CliRunner().invoke(spiketrace, ["--help"]).exit_code == 0
print(sorted({"mcp", "a2a", "starlette", "scipy", "interop"} & sys.modules.keys()))
"""


def run(code: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = fresh_environment(settings) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_without_the_extra_it_says_what_to_install() -> None:
    done = run(WITHOUT, "mcp")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "pip install 'spiketrace[agents]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_by_http_it_does_not_start_without_credentials() -> None:
    done = run("from cli.main import main; main()", "mcp", "--http", SPIKETRACE_ELASTICSEARCH_URL="http://127.0.0.1:9")
    assert done.returncode == 2
    assert "SPIKETRACE_WEBHOOK_TOKEN" in done.stderr


def test_a_port_goes_with_http() -> None:
    done = CliRunner().invoke(spiketrace, ["mcp", "--port", "8081"])
    assert done.exit_code == 2
    assert "--host and --port go with --http" in done.output


def test_the_help_loads_none_of_it() -> None:
    assert run(LOADED).stdout.strip() == "[]"
