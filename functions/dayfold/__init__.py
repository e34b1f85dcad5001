"""The pipeline of Dayfold: all that ships to Lambda."""

from __future__ import annotations
