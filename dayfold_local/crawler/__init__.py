"""The local Glue crawler: looks at the extracts in S3 and keeps the Glue catalog in step."""

from __future__ import annotations
