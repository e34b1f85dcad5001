"""The pages: every command, file and link they name exists, and nothing tells of one machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from dayfold_cli.main import cli
from tests.infrastructure.project import ROOT, code_blocks, documents, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = documents()
# Top-level names of the tree: a path in backticks that begins with one of them must exist.
TREE = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
# Homes, mounts and registries of one machine; loopback and container names are everybody's.
ONE_MACHINE = re.compile(
    r"(?<![\w.$}/-])/(?:home/\w+|root|Users/\w+|work|opt/wheels)(?:/|\b)"
    r"|\b(?:10|192\.168)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"
    r"|https?://[\w.-]*(?:artifactory|nexus|devpi|\.internal|\.corp|\.lan)\b(?!:4566)"
)
TEXT = {".cfg", ".json", ".lock", ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml", ""}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _mentions(path: Path, pattern: str) -> set[str]:
    """What a page says in fenced blocks and in backticks, by a pattern with one group."""
    text = path.read_text(encoding="utf-8")
    said = [*code_blocks(text), *re.findall(r"`([^`\n]+)`", text)]
    return {match for one in said for match in re.findall(pattern, one)}


def test_there_are_pages_to_check() -> None:
    # Given / When
    names = {path.name for path in DOCUMENTS}

    # Then
    assert "README.md" in names


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_make_target_that_a_page_names_exists(path: Path) -> None:
    # Given
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))

    # When
    named = _mentions(path, r"(?:^|[\s&;])make ([a-z][a-z-]*)")

    # Then
    assert named - targets == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_dayfold_command_and_option_that_a_page_names_exists(path: Path) -> None:
    # Given / When
    lines = _mentions(path, r"(?:^|[\s/])dayfold ([a-z].*)")

    # Then
    for line in lines:
        known = {option for one in _command(line).params for option in one.opts}
        assert set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", line)) <= known | {"--help"}, line


def _command(line: str) -> click.Command:
    """The command that a line names, down through its groups as far as the line goes."""
    command: click.Command = cli
    for word in re.split(r"[\s,.:;`|]+", line):
        if not isinstance(command, click.Group) or not re.fullmatch("[a-z-]+", word):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None, line
        command = found
    return command


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_link_and_file_that_a_page_names_exists(path: Path) -> None:
    # Given
    text = path.read_text(encoding="utf-8")

    # When
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    near = {one for one in links if "://" not in one and not one.startswith("mailto:")}
    spoken = {one for one in _mentions(path, r"^([\w.-]+(?:/[\w.-]+)*/?)$") if _is_ours(one)}

    # Then
    assert [one for one in sorted(near) if not (path.parent / one).exists()] == []
    assert [one for one in sorted(spoken) if not (ROOT / one).exists()] == []


def _is_ours(name: str) -> bool:
    """Whether a name is a path of this tree; a part in capitals stands for any name."""
    parts = name.split("/")
    return len(parts) > 1 and parts[0] in TREE and not any(part.isupper() for part in parts)


@pytest.mark.parametrize(
    "path", [path for path in tracked_files() if path.suffix in TEXT], ids=_name
)
def test_nothing_tells_of_one_machine(path: Path) -> None:
    # Given
    text = path.read_text(encoding="utf-8", errors="replace")

    # When
    found = sorted({match.group() for match in ONE_MACHINE.finditer(text)})

    # Then
    assert found == []


def test_the_licence_is_the_one_that_the_package_names() -> None:
    # Given / When
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    # Then
    assert text.split("\n")[0].strip() == "Apache License"
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
