"""The embedded AWS of Dayfold: never deployed, never imported by what ships."""

from __future__ import annotations
