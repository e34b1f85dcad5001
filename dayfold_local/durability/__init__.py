"""What the local stack has answered survives SIGKILL.

Three parts: a journal (`journal`) of what changed since the last snapshot, snapshots (`snapshots`)
of every service, and the places in the emulator where changes are noticed (`capture`).
docs/local-stack.md tells how they fit together.
"""

from __future__ import annotations

from typing import Any, TypeAlias

# One of the emulator's service modules; they carry no types.
EmulatorModule: TypeAlias = Any
