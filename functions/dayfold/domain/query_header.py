"""The header of a query file: a description, then YAML, in the leading `--` comments."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import yaml

from dayfold.domain.check_reading import read_checks
from dayfold.domain.query_problem import Problem
from dayfold.domain.table import (
    SCHEMA_POLICIES,
    BusinessDayWindow,
    Check,
    HoursWindow,
    Input,
    SchemaPolicy,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Built in C where the wheel has it: ten times faster, and every cold start reads all headers.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_KEYS = ("owner", "grain", "inputs", "checks", "schema_changes")
_KEY_LINE = re.compile(r"([A-Za-z_]+)\s*:(\s|$)")
_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
_HOURS = re.compile(r"(-?\d+)h")
_WINDOW_HELP = "give [first, last] in days, such as [-6, 0], or [0, 24h], or business-day"


@dataclasses.dataclass(slots=True)
class Header:
    """What the header declares, with the line of each key, as far as it could be read."""

    path: str
    description: str = ""
    owner: str = ""
    grain: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    checks: tuple[Check, ...] = ()
    schema_changes: SchemaPolicy = "add"
    problems: list[Problem] = dataclasses.field(default_factory=list)
    lines: list[str] = dataclasses.field(default_factory=list)

    def line_of(self, key: str, after: int = 1) -> int:
        """The line that holds `key:`, or the first line of the file."""
        for number, text in enumerate(self.lines, start=1):
            if number >= after and re.search(rf"(^|[\s{{,]){re.escape(key)}\s*:", text):
                return number
        return after

    def report(self, line: int, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.path, line, message))


def read_header(path: str, text: str) -> Header:
    """Read the leading comment of a query file; what is wrong is in `problems`."""
    header = Header(path, lines=list(_comment_lines(text)))
    first_key = next(
        (i for i, line in enumerate(header.lines) if _is_key(line)),
        len(header.lines),
    )
    prose = [line.strip() for line in header.lines[:first_key]]
    header.description = " ".join(line for line in prose if line)
    if not header.description:
        header.report(1, "no description: start the file with a comment that says what a row is")
    declared = _load_yaml(header, first_key)
    if declared is None:
        return header
    _read_owner_and_grain(header, declared)
    header.inputs = tuple(_read_inputs(header, declared.get("inputs")))
    header.checks = _read_checks(header, declared.get("checks"))
    header.schema_changes = _read_schema_changes(header, declared.get("schema_changes", "add"))
    return header


def _comment_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("--"):
            return
        yield line[2:].removeprefix(" ")


def _is_key(line: str) -> bool:
    match = _KEY_LINE.match(line)
    return match is not None and match.group(1) in _KEYS


def _load_yaml(header: Header, first_key: int) -> dict[str, Any] | None:
    try:
        # The loader is the safe one, built in C.
        declared = yaml.load("\n".join(header.lines[first_key:]), Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = first_key + 1 + (error.problem_mark.line if error.problem_mark else 0)
        header.report(
            line, f"the header is not YAML: {error.problem or error}; see docs/queries.md"
        )
        return None
    if declared is None:
        declared = {}
    if not isinstance(declared, dict):
        header.report(first_key + 1, "the header is not YAML of the form `key: value`")
        return None
    for key in declared:
        if key not in _KEYS:
            header.report(
                header.line_of(str(key)), f"unknown key {key!r}: the header has {', '.join(_KEYS)}"
            )
    return declared


def _read_owner_and_grain(header: Header, declared: dict[str, Any]) -> None:
    owner = declared.get("owner")
    if not isinstance(owner, str) or not owner.strip():
        header.report(header.line_of("owner"), "no owner: add `-- owner: <team>`")
    else:
        header.owner = owner.strip()
    grain = declared.get("grain")
    names = grain.split(",") if isinstance(grain, str) else grain
    if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
        header.report(
            header.line_of("grain"),
            "no grain: add the columns that identify a row, such as `-- grain: dt, company_id`",
        )
    else:
        header.grain = tuple(name.strip() for name in names)


def _read_inputs(header: Header, declared: object) -> Iterator[Input]:
    line = header.line_of("inputs")
    if not isinstance(declared, dict) or not declared:
        header.report(
            line, "no inputs: add `-- inputs:` with a line per table that the query reads"
        )
        return
    for name, value in declared.items():
        at = header.line_of(str(name), after=line)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            header.report(at, f"input {name!r} is not of the form database.table in lower case")
            continue
        window = _read_window(value)
        if window is None:
            header.report(at, f"the window of {name} is {value!r}: {_WINDOW_HELP}")
            continue
        table_input = Input(name, window)
        if isinstance(window, BusinessDayWindow) and not table_input.is_raw:
            header.report(at, f"{name} is no raw table: its window is in days, such as [0, 0]")
        yield table_input


def _read_window(value: object) -> Window | HoursWindow | BusinessDayWindow | None:
    if value == "business-day":
        return BusinessDayWindow()
    if not isinstance(value, list) or len(value) != 2:
        return None
    if all(type(bound) is int for bound in value):
        return Window(*value) if value[0] <= value[1] else None
    hours = [_HOURS.fullmatch(str(bound)) for bound in value]
    first, last = (
        int(match.group(1)) if match else (0 if bound == 0 else None)
        for bound, match in zip(value, hours, strict=True)
    )
    if first is None or last is None or first > 0 or last < 0:
        return None
    return HoursWindow(first, last)


def _read_schema_changes(header: Header, declared: object) -> SchemaPolicy:
    for policy in SCHEMA_POLICIES:
        if declared == policy:
            return policy
    header.report(
        header.line_of("schema_changes"),
        f"schema_changes is {declared!r}: give add (new columns by themselves, the default) or any",
    )
    return "add"


def _read_checks(header: Header, declared: object) -> tuple[Check, ...]:
    checks, wrong = read_checks(declared)
    line = header.line_of("checks")
    for one in wrong:
        after = header.line_of("warn", after=line) if one.warns else line
        header.report(header.line_of(one.key, after=after), one.message)
    return tuple(checks)
