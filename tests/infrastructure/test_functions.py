"""What ships to Lambda: light to start, in its layers, and free of the laptop's stand-ins."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.infrastructure.project import ALL_FUNCTIONS, FUNCTIONS, Function

if TYPE_CHECKING:
    from pathlib import Path

# Each costs a cold start more than all of our code: to be imported where used, if at all.
HEAVY = {
    "awswrangler",
    "click",
    "cryptography",
    "duckdb",
    "hypothesis",
    "ministack",
    "moto",
    "numpy",
    "pandas",
    "pyarrow",
    "requests",
    "rich",
    "sqlglot",
}
# Never in functions/: AWS has the real ones.
STAND_INS = {"dayfold_cli", "dayfold_local", "duckdb", "ministack", "moto", "tests"}
# `dayfold check` parses queries with it on a laptop; a function must not get that far.
NOT_SHIPPED = {"sqlglot"} | STAND_INS
STARTING = "dayfold/starting.py"
DOMAIN_NEVER = {"boto3", "botocore", "os", "aws_lambda_powertools", "awswrangler"}


def _modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _imported(tree: ast.AST) -> set[str]:
    """The top-level packages that a piece of code imports, at whatever depth."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def _name(path: Path) -> str:
    return str(path.relative_to(FUNCTIONS))


IMPORTS = """
import importlib, sys
for function in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(f"{function}.app")
    print(function, *sys.modules.keys() - before)
"""


def test_a_cold_import_brings_nothing_heavy() -> None:
    # Given a process as Lambda starts it: no settings read at import, no credentials, no network
    functions = [function.folder for function in ALL_FUNCTIONS]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(FUNCTIONS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_TRACE_DISABLED": "1",
    }

    # When it imports them all, one after the other
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS, *functions],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip

    # Then none has brought anything heavy
    brought = {name: set(rest) for name, *rest in map(str.split, ran.stdout.splitlines())}
    assert set(brought) == set(functions)
    heavy = {
        name: {module.partition(".")[0] for module in modules} & HEAVY
        for name, modules in brought.items()
    }
    assert {name: found for name, found in heavy.items() if found} == {}


@pytest.mark.parametrize("path", _modules(FUNCTIONS), ids=_name)
def test_nothing_that_ships_knows_the_laptop_s_stand_ins(path: Path) -> None:
    # Given / When
    imported = _imported(ast.parse(path.read_text(encoding="utf-8")))

    # Then
    assert imported & STAND_INS == set()


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_nothing_that_a_function_can_reach_needs_a_package_that_does_not_ship(
    function: Function,
) -> None:
    # Given
    app = FUNCTIONS / function.folder / "app.py"

    # When
    reached = _reachable(app)

    # Then
    needing = {_name(path): _packages(path) & NOT_SHIPPED for path in reached}
    assert {name: packages for name, packages in needing.items() if packages} == {}


def _packages(path: Path) -> set[str]:
    return _imported(ast.parse(path.read_text(encoding="utf-8")))


def _reachable(start: Path) -> set[Path]:
    """Our own modules that a module imports, and those that they import, late imports too."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                files = (FUNCTIONS / f"{name.replace('.', '/')}.py" for name in named)
                waiting += [file for file in files if file.exists()]
    return seen


@pytest.mark.parametrize("path", _modules(FUNCTIONS / "dayfold" / "domain"), ids=_name)
def test_the_domain_knows_no_aws_and_no_environment(path: Path) -> None:
    # Given / When
    tree = ast.parse(path.read_text(encoding="utf-8"))
    adapters = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dayfold.adapters")
    ]

    # Then
    assert _imported(tree) & DOMAIN_NEVER == set()
    assert adapters == []


def test_boto3_is_called_by_adapters_only() -> None:
    # Given
    elsewhere = [
        path for path in _modules(FUNCTIONS) if path.parent != FUNCTIONS / "dayfold" / "adapters"
    ]

    # When
    callers = [
        _name(path)
        for path in elsewhere
        if {"boto3", "botocore"} & _imported(ast.parse(path.read_text(encoding="utf-8")))
    ]

    # Then
    assert callers == []


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_a_function_that_renders_sql_has_the_layer_for_it_and_no_other_has(
    function: Function,
) -> None:
    # Given what starts a build renders its query, in `dayfold.starting`
    reached = _reachable(FUNCTIONS / function.folder / "app.py") - {FUNCTIONS / STARTING}
    renders = any(_calls(path) & {"start_build", "start_step"} for path in reached)

    # When
    layers = function.properties.get("Layers", [])

    # Then
    assert layers == ([{"Ref": "SdkForPandasLayer"}] if renders else [])


def _calls(path: Path) -> set[str]:
    """The functions that a module calls by their plain names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {one.id for one in called if isinstance(one, ast.Name)}


def test_functions_is_no_package_and_holds_none_with_a_name_that_says_nothing() -> None:
    # Given / When
    folders = {path.name for path in FUNCTIONS.rglob("*") if path.is_dir()}

    # Then
    assert not (FUNCTIONS / "__init__.py").exists()
    assert folders & {"common", "helpers", "misc", "shared", "utils"} == set()
