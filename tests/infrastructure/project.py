"""The project's files as the infrastructure tests see them."""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
SAM_FUNCTION = "AWS::Serverless::Function"
SERVICES = {"athena", "dynamodb", "glue", "s3", "sqs", "stepfunctions"}  # that the pipeline calls


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref x`) into their long ones (`{"Ref": "x"}`)."""


def _long_form(loader: _TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _long_form)


@functools.cache
def template() -> dict[str, Any]:
    """`template.yaml`, intrinsics in their long form."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, _TemplateLoader)
    return loaded


@functools.cache
def state_machine() -> dict[str, Any]:
    """The definition of the daily run."""
    text = (ROOT / "statemachine" / "daily_run.asl.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the template's resources of one type, by logical id."""
    found = template()["Resources"].items()
    return {name: one.get("Properties", {}) for name, one in found if one["Type"] == kind}


@dataclasses.dataclass(frozen=True)
class Function:
    """One Lambda function: its names in the folder tree, the template and the state machine."""

    folder: str

    @property
    def logical_id(self) -> str:
        return "".join(word.capitalize() for word in self.folder.split("_")) + "Function"

    @property
    def state(self) -> str:
        return self.folder.replace("_", " ").capitalize()

    @property
    def properties(self) -> dict[str, Any]:
        return resources(SAM_FUNCTION)[self.logical_id]

    def setting(self, name: str) -> Any:
        """A property of the function, or what all functions share."""
        shared = template()["Globals"]["Function"]
        return self.properties.get(name, shared.get(name))

    def __str__(self) -> str:
        return self.folder


ALL_FUNCTIONS = [Function(path.parent.name) for path in sorted(FUNCTIONS.glob("*/app.py"))]


def all_states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All states by name, those inside a Map or Parallel too."""
    for name, state in machine["States"].items():
        yield name, state
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else []
        for one in [*inner, *state.get("Branches", [])]:
            yield from all_states(one)


def statements(function: Function) -> list[dict[str, Any]]:
    """All policy statements of a function."""
    policies = function.properties["Policies"]
    return [statement for policy in policies for statement in policy["Statement"]]


@functools.cache
def calls_of_adapters() -> frozenset[tuple[str, str]]:
    """Each call that the adapters can make: its service, and its name as boto3 has it.

    `self._glue.get_table(...)`, `dynamodb.batch_get_item(...)`; a paginator names its call.
    """
    calls = set()
    for path in (FUNCTIONS / "dayfold" / "adapters").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner, name = node.func.value, node.func.attr
            called = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if called.lstrip("_") not in SERVICES:
                continue
            if name == "get_paginator" and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value)
            calls.add((called.lstrip("_"), name))
    return frozenset(calls)


def as_list(value: object) -> list[Any]:
    """A value that CloudFormation lets stand alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that belongs to the project, as git sees it, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return tuple(path for path in sorted(set(paths)) if path.is_file())


def documents() -> list[Path]:
    """The pages that people read."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def code_blocks(text: str) -> list[str]:
    """The lines of a page's fenced blocks."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
