"""The house rules that no linter knows: short files, short functions, thin handlers, said why."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.infrastructure.project import ALL_FUNCTIONS, FUNCTIONS, ROOT, Function, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

MOST_LINES = 300
MOST_FUNCTION_LINES = 40
MOST_HANDLER_LINES = 25
MOST_LINES_AT_A_GLANCE = 8  # a shorter test needs no signposts

PYTHON_FILES = [path for path in tracked_files() if path.suffix == ".py"]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """A function's lines from `def` to its end, without its docstring."""
    docstring = 0
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        docstring = (first.end_lineno or 0) - first.lineno + 1
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


@pytest.mark.parametrize("path", PYTHON_FILES, ids=_name)
def test_a_file_fits_in_the_head(path: Path) -> None:
    # Given
    text = path.read_text(encoding="utf-8")
    length = len(text.splitlines())

    # When
    long_functions = {
        node.name: _length(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _length(node) > MOST_FUNCTION_LINES
    }

    # Then
    assert length <= MOST_LINES
    assert long_functions == {}


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_a_handler_is_parse_one_call_return(function: Function) -> None:
    # Given
    tree = ast.parse((FUNCTIONS / function.folder / "app.py").read_text(encoding="utf-8"))

    # When
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

    # Then
    assert [node.name for node in functions] == ["lambda_handler"]
    assert _length(functions[0]) <= MOST_HANDLER_LINES
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)]


@pytest.mark.parametrize(
    "path", [path for path in PYTHON_FILES if path.name.startswith("test_")], ids=_name
)
def test_every_test_says_what_is_done_and_what_is_expected(path: Path) -> None:
    # Given
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()

    # When
    silent = []
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
            continue
        body = lines[node.lineno : node.end_lineno]
        told = all(word in "\n".join(body) for word in ("When", "Then"))
        if not told and len(body) > MOST_LINES_AT_A_GLANCE:
            silent.append(node.name)

    # Then
    assert silent == []
