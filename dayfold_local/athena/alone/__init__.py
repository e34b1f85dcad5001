"""The local Athena in a process of its own, over any Glue and S3: options, HTTP, what it keeps."""

from __future__ import annotations
