"""What a crawl did and found, in the words of AWS's log and event."""

from __future__ import annotations

import dataclasses
import datetime as dt

# A line of an event must stay readable; the log has them all.
_SHOWN = 10


@dataclasses.dataclass(slots=True)
class Outcome:
    """Counts what was changed, and collects lines for the log."""

    tables_created: int = 0
    tables_updated: int = 0
    tables_deleted: int = 0
    partitions_created: int = 0
    partitions_updated: int = 0
    partitions_deleted: int = 0
    warnings: list[str] = dataclasses.field(default_factory=list)
    log: list[tuple[dt.datetime, str]] = dataclasses.field(default_factory=list)

    def say(self, text: str, level: str = "INFO") -> None:
        """Adds a line to the log."""
        self.log.append((dt.datetime.now(dt.UTC), f"{level} : {text}"))

    def warn(self, text: str) -> None:
        """Adds a line about something that a person should look at."""
        self.warnings.append(text)
        self.say(text, "WARN")

    @property
    def warning_message(self) -> str:
        """The event's `warningMessage`."""
        shown = "; ".join(self.warnings[:_SHOWN])
        more = len(self.warnings) - _SHOWN
        return (f"{shown}; and {more} more" if more > 0 else shown) or "N/A"
