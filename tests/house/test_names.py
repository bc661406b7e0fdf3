"""A module gives each of its names once: of two patterns of one name the first is never read, and nothing says so."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("webhook", "tasks", "worker", "interop", "kibana", "evaluation", "demo", "cli", "tests", "benchmarks")


def repeated(source: str) -> list[str]:
    """Names of functions, classes and values that the module itself gives twice.

    What stands in an `if` or a `try` is one of several ways, and not counted.
    """
    given: Counter[str] = Counter()
    for statement in ast.parse(source).body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                given[name] += not any(
                    ast.unparse(one) in ("overload", "typing.overload") for one in statement.decorator_list
                )
            case ast.Assign(targets=targets):
                names = (node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
                given.update(node.id for node in names if isinstance(node.ctx, ast.Store))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                given[name] += 1
    return sorted(name for name, times in given.items() if times > 1)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_gives_a_name_twice(folder: str) -> None:
    modules = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")}
    assert modules
    assert {str(path): names for path, source in modules.items() if (names := repeated(source))} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("FEWER = 1\nOTHER = 2\nFEWER = 3", ["FEWER"]),
        ("A, B = 1, 2\nB: int = 3", ["B"]),
        ("def told(): ...\nclass told: ...", ["told"]),
        ("told = 1\nasync def told(): ...", ["told"]),
        ("A = 1\nA += 2\nB: int\nB = {}\nB['a'] = A\nB['a'] = A", []),
        ("if True:\n    A = 1\nelse:\n    A = 2", []),
        ("try:\n    A = 1\nexcept NameError:\n    A = 2", []),
        ("@overload\ndef told(a: int): ...\n@overload\ndef told(a: str): ...\ndef told(a): ...", []),
        ("A = 1\ndef told():\n    A = 2", []),
    ],
)
def test_what_is_given_twice_is_found(source: str, names: list[str]) -> None:
    assert repeated(source) == names
