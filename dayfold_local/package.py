"""Packages the template as `sam package` would: local folders and files become S3 objects.

Only `CodeUri`, `ContentUri` and `DefinitionUri` that name something in the project change; all
else is sent to CloudFormation as it is written. The same content makes the same object.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

# Made by `aws s3 mb` of this package, as `sam deploy --resolve-s3` makes its own.
ARTIFACT_BUCKET = "dayfold-artifacts"
LOCAL_URIS = ("CodeUri", "ContentUri", "DefinitionUri")
LEFT_OUT = frozenset({"__pycache__", ".DS_Store"})
# A zip file stores times; one moment for all makes equal folders equal files.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass
class Package:
    """A template whose artifacts are named by content, and those artifacts."""

    template: dict[str, Any]
    artifacts: dict[str, bytes] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """The template as CloudFormation gets it."""
        return json.dumps(self.template, separators=(",", ":"), default=str)

    @property
    def parameters(self) -> set[str]:
        """The names of the parameters that the template declares."""
        return set(self.template.get("Parameters", {}))

    def fingerprint(self, parameters: dict[str, str]) -> str:
        """Changes exactly when deploying would have something to do."""
        text = self.body + json.dumps(parameters, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def package(project: Path) -> Package:
    """Reads the template of a project and everything it points at.

    Raises:
        ConfigurationError: If this is no project folder, or the template cannot be read.
    """
    path = project / "template.yaml"
    if not path.is_file():
        raise ConfigurationError(f"{project}: not a Dayfold project, it has no template.yaml")
    try:
        template = yaml.load(path.read_text("utf-8"), _TemplateLoader)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = where.line + 1 if where is not None else 1
        reason = getattr(error, "problem", None) or "not YAML"
        raise ConfigurationError(f"{path}:{line}: {reason}") from None
    if not isinstance(template, dict) or "Resources" not in template:
        raise ConfigurationError(f"{path}: not a CloudFormation template, it has no Resources")
    result = Package(template)
    for holder in _holders(template):
        for name in LOCAL_URIS:
            if isinstance(holder.get(name), str) and "://" not in holder[name]:
                holder[name] = _stored(project / holder[name], result.artifacts)
    return result


def _holders(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Where a template may name local files: globals and the properties of resources."""
    resources = template["Resources"].values()
    holders = [*template.get("Globals", {}).values(), *(r.get("Properties") for r in resources)]
    return [holder for holder in holders if isinstance(holder, dict)]


def _stored(path: Path, artifacts: dict[str, bytes]) -> str:
    if path.is_dir():
        content, suffix = _zipped(path), ".zip"
    elif path.is_file():
        content, suffix = path.read_bytes(), path.suffix
    else:
        raise ConfigurationError(f"{path}: the template names it, but it does not exist")
    key = hashlib.sha256(content).hexdigest() + suffix
    artifacts[key] = content
    return f"s3://{ARTIFACT_BUCKET}/{key}"


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and LEFT_OUT.isdisjoint(inside.parts) and path.suffix != ".pyc":
                entry = zipfile.ZipInfo(inside.as_posix(), EPOCH)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref x`) as what they stand for."""


def _short_form(loader: _TemplateLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_TemplateLoader.add_multi_constructor("!", _short_form)
# A date stays text, as CloudFormation reads it (a policy's `Version: 2012-10-17`).
_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
