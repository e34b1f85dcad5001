"""Where the processor's time of a rebuild goes: by process, and in the server by its threads."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from benchmarks.rebuild.measure import by_process

_TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True, slots=True)
class Spent:
    """The processor's seconds of a local stack so far, by what they were spent on."""

    requests: float  # the server's main thread: HTTP, IAM, DynamoDB, Glue, S3, SQS, the journal
    queries: float  # its other threads: Athena's translation, and DuckDB
    functions: float  # Lambda workers: the pipeline's own code, boto3

    @classmethod
    def by(cls, server: int) -> Spent:
        """Of the stack whose server has this id; workers that have ended are not counted."""
        seconds = by_process(server)
        whole = seconds.pop(server, 0.0)
        main = _thread(server, server)
        return cls(main, whole - main, sum(seconds.values()))

    def __sub__(self, before: Spent) -> Spent:
        """What was spent since."""
        return Spent(
            self.requests - before.requests,
            self.queries - before.queries,
            self.functions - before.functions,
        )

    def line(self, partitions: int, whole: float) -> str:
        """A line of milliseconds a partition; `whole` is all processor time, the command's too."""
        command = whole - self.requests - self.queries - self.functions
        parts = {
            "requests (HTTP, IAM, ledger, catalog)": self.requests,
            "queries (translation, DuckDB)": self.queries,
            "functions (pipeline, boto3)": self.functions,
            "command": max(command, 0.0),
        }
        told = ", ".join(f"{name} {1000 * s / partitions:.1f}" for name, s in parts.items())
        return f"cpu ms a partition: {told}"


def _thread(process: int, thread: int) -> float:
    text = Path(f"/proc/{process}/task/{thread}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK
