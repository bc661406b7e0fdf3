"""No secret of a form that somebody has given it is in the repository: by the rules that keep them out of reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from worker.domain.redaction.kinds import Kind
from worker.domain.redaction.rules import STRUCTURED, VENDORS, Rule

ROOT = Path(__file__).resolve().parents[2]
RULES = [*(rule for rule in STRUCTURED if rule.kind is Kind.PRIVATE_KEY), *VENDORS]
NOT_OURS = {"requirements.lock", "__pycache__", "node_modules"}
# Made up, and of nobody: a key of a server that lives as long as a test, and words that look like secrets.
MADE_UP = {
    ("demo/standins/app.py", "Slack"),
    ("evaluation/redaction/corpus.py", "address of a web hook"),
    ("tests/answering/test_answers.py", "AWS key"),
    ("tests/broker/tls/client.pem", "private key"),
    ("tests/delivery/tls/localhost.pem", "private key"),
    ("tests/redaction/test_linear.py", "private key"),
    ("tests/redaction/test_ways_in.py", "address of a web hook"),
}


def texts() -> Iterator[tuple[str, str]]:
    tops = [path for path in ROOT.iterdir() if path.name not in NOT_OURS]
    seen = [path for path in tops if not path.name.startswith(".") or path.name in (".env.example", ".ci")]
    for path in [file for top in seen for file in (top.rglob("*") if top.is_dir() else [top])]:
        if path.is_file() and not NOT_OURS & set(path.parts):
            content = path.read_bytes()
            if b"\0" not in content[:2_000]:
                yield str(path.relative_to(ROOT)), content.decode(errors="replace")


def found_in(text: str) -> list[Rule]:
    lowered = text.lower()
    near = [rule for rule in RULES if not rule.needs or any(piece in lowered for piece in rule.needs)]
    return [rule for rule in near if any(rule.span_of(match) for match in rule.pattern.finditer(text))]


def test_nothing_looks_like_a_secret_but_what_is_made_up() -> None:
    assert {(name, rule.name) for name, text in texts() for rule in found_in(text)} == MADE_UP


def test_one_that_somebody_commits_by_mistake_would_be_seen() -> None:
    token = "ghp_" + "a1B2c3D4" * 5
    assert [rule.kind for rule in found_in(f"token = '{token}'")] == [Kind.TOKEN]
