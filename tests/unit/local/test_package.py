"""Packaging: local files become objects named by content, nothing else changes."""

from __future__ import annotations

import io
import textwrap
import zipfile
from typing import TYPE_CHECKING

import pytest

from dayfold.errors import ConfigurationError
from dayfold_local.package import ARTIFACT_BUCKET, package

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """
    Parameters:
      Zone: {Type: String}
    Globals:
      Function: {CodeUri: functions/, Timeout: 3}
    Resources:
      Greet:
        Type: AWS::Serverless::Function
        Properties:
          Role: !GetAtt Role.Arn.Part
          Name: !Sub "${Zone}-greet"
          Policy: {Version: 2012-10-17}
      Elsewhere:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: "s3://mine/code.zip"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(textwrap.dedent(TEMPLATE))
    (tmp_path / "functions" / "__pycache__").mkdir(parents=True)
    (tmp_path / "functions" / "app.py").write_text("x = 1\n")
    (tmp_path / "functions" / "__pycache__" / "app.pyc").write_bytes(b"compiled")
    return tmp_path


def test_only_local_files_change(project: Path) -> None:
    # When
    packaged = package(project)

    # Then
    (key, content), *others = packaged.artifacts.items()
    assert others == []
    assert packaged.template == {
        "Parameters": {"Zone": {"Type": "String"}},
        "Globals": {"Function": {"CodeUri": f"s3://{ARTIFACT_BUCKET}/{key}", "Timeout": 3}},
        "Resources": {
            "Greet": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["Role", "Arn.Part"]},
                    "Name": {"Fn::Sub": "${Zone}-greet"},
                    "Policy": {"Version": "2012-10-17"},
                },
            },
            "Elsewhere": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"CodeUri": "s3://mine/code.zip"},
            },
        },
    }
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["app.py"]


def test_fingerprint_changes_with_code_and_parameters_only(project: Path) -> None:
    # Given
    before = package(project).fingerprint({"Zone": "UTC"})

    # When / Then
    (project / "functions" / "__pycache__" / "app.pyc").write_bytes(b"compiled again")
    (project / "functions" / "app.py").touch()
    assert package(project).fingerprint({"Zone": "UTC"}) == before
    assert package(project).fingerprint({"Zone": "Asia/Tokyo"}) != before
    (project / "functions" / "app.py").write_text("x = 2\n")
    assert package(project).fingerprint({"Zone": "UTC"}) != before


def test_missing_code_is_told(project: Path) -> None:
    # Given
    (project / "functions" / "app.py").unlink()
    (project / "functions" / "__pycache__" / "app.pyc").unlink()
    (project / "functions" / "__pycache__").rmdir()
    (project / "functions").rmdir()

    # When / Then
    with pytest.raises(ConfigurationError, match="the template names it, but it does not exist"):
        package(project)
