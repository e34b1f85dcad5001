"""What is wrong with a query file, and where: the unit of `dayfold check`."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct in a query file; sorts by file, then line."""

    path: str
    line: int
    message: str  # what is wrong and what to do, in one line

    def __post_init__(self) -> None:
        # What a message quotes from a file may span lines.
        object.__setattr__(self, "message", " ".join(self.message.split()))

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"
