"""Building and setting up: what is pinned is locked, and every function builds by its target."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.infrastructure.project import ALL_FUNCTIONS, FUNCTIONS, ROOT, Function, template

if TYPE_CHECKING:
    from pathlib import Path


def _locked() -> dict[str, set[str]]:
    lock: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    versions: dict[str, set[str]] = {}
    for package in lock["package"]:
        versions.setdefault(package["name"], set()).add(package.get("version", ""))
    return versions


def _pins(path: Path) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def test_lambda_gets_the_versions_of_the_lock() -> None:
    # Given
    locked = _locked()

    # When
    pins = _pins(FUNCTIONS / "requirements.txt")

    # Then
    assert pins
    assert {name: locked.get(name) for name in pins} == {name: {pins[name]} for name in pins}


def test_the_lock_names_public_registries_only() -> None:
    # Given
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")

    # When
    hosts = set(re.findall(r"https?://([^/\"]+)", text))

    # Then
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_a_function_is_built_of_its_folder_and_the_pipeline_and_nothing_else(
    function: Function, tmp_path: Path
) -> None:
    # Given `true` in the place of Python downloads no wheels
    make = ["make", "-s", "-C", str(FUNCTIONS), f"build-{function.logical_id}"]

    # When
    subprocess.run([*make, f"ARTIFACTS_DIR={tmp_path}", "PYTHON=true"], check=True)

    # Then
    assert template()["Resources"][function.logical_id]["Metadata"] == {"BuildMethod": "makefile"}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["dayfold", function.folder])
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".py"}


def test_the_wheels_are_those_of_the_runtime() -> None:
    # Given
    runtime = template()["Globals"]["Function"]["Runtime"]

    # When
    recipe = (FUNCTIONS / "Makefile").read_text(encoding="utf-8")

    # Then
    assert f"RUNTIME_VERSION := {runtime.removeprefix('python')}" in recipe
    assert template()["Globals"]["Function"]["Architectures"] == ["x86_64"]
    assert "manylinux2014_x86_64" in recipe


def test_ci_runs_what_people_run() -> None:
    # Given
    script = ROOT / ".ci" / "run"

    # When
    lines = script.read_text(encoding="utf-8").splitlines()

    # Then
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make check", "make test"]


def test_commit_hooks_run_tools_of_the_lock() -> None:
    # Given
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    # When
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]

    # Then
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    assert all(hook["language"] == "system" for hook in hooks)
    assert {hook["entry"].split()[0] for hook in hooks} <= {"make", ".venv/bin/ruff"}
