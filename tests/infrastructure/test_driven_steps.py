"""A step that is called and not driven does nothing and says nothing: there is none such."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.infrastructure.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "functions" / "dayfold").rglob("*.py"))
}
WISHES = {"Read", "Write"}


def _steps(trees: list[ast.Module]) -> Iterator[ast.FunctionDef]:
    """The functions that are steps, or parts of one, by what they return."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.returns is not None:
                kind = ast.unparse(node.returns)
                if kind == "Step" or kind.startswith("Generator[Wish"):
                    yield node


def _calls(node: ast.AST, names: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """Calls of these names, each with what it stands in."""
    for parent in ast.walk(node):
        for child in ast.iter_child_nodes(parent):
            called = child.func if isinstance(child, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in names:
                yield parent, called.id


def undriven(sources: dict[str, str]) -> list[str]:
    """Calls of steps that nothing drives, and wishes that nobody hears."""
    trees = {name: ast.parse(text) for name, text in sources.items()}
    steps = list(_steps(list(trees.values())))
    names = {step.name for step in steps}
    found = [
        f"{step.name}: {called}"
        for step in steps
        for of, kind in ((names, ast.YieldFrom), (WISHES, ast.Yield))
        for parent, called in _calls(step, of)
        if not isinstance(parent, kind)
    ]
    found += [
        f"{name}: {called}"
        for name, tree in trees.items()
        for parent, called in _calls(tree, names)
        if isinstance(parent, ast.Expr)
    ]
    return found


def test_every_step_is_driven_and_every_wish_yielded() -> None:
    # Given the package; When its calls of steps are looked at; Then none stands alone
    assert undriven(SOURCES) == []


@pytest.mark.parametrize(
    ("line", "with_it"),
    [
        ("    yield from fail(pipeline, reason)", "    fail(pipeline, reason)"),
        ("    return (yield from fail(pipeline, reason))", "    return fail(pipeline, reason)"),
        ("    held = yield Write([])", "    held = Write([])"),
    ],
)
def test_a_forgotten_word_is_found(line: str, with_it: str) -> None:
    # Given a step that calls another, or wants something of the ledger
    head = "def fail(pipeline, reason) -> Step:\n    yield Write([])\n\n\n"
    head += "def start(pipeline, reason) -> Step:\n    yield Write([])\n"
    # When the word that drives it is forgotten
    good, bad = undriven({"a.py": f"{head}{line}\n"}), undriven({"a.py": f"{head}{with_it}\n"})
    # Then that is found
    assert good == []
    assert bad
