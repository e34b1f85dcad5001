"""Pure rules of the pipeline: no AWS, no clock, no environment."""

from __future__ import annotations
