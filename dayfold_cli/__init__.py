"""The `dayfold` command: the same against a laptop or an AWS account."""

from __future__ import annotations
