"""Every error of Dayfold, in a tree that says what to do about it.

Step Functions matches the exact class name that a Lambda raises and knows nothing of inheritance,
so each class that may leave a handler is listed by name in `statemachine/daily_run.asl.json`.
"""

from __future__ import annotations


class DayfoldError(Exception):
    """The root of all errors that Dayfold raises itself; its text is one line for a person."""


# --- Retry: the same call may work later ---------------------------------------------------


class RetriableError(DayfoldError):
    """Raised when waiting and trying again is the cure."""


class ThrottledError(RetriableError):
    """Raised when AWS refuses for now: Athena's active-query quota or a service's API rate."""


# --- Fail the partition: the others go on ---------------------------------------------------


class PartitionError(DayfoldError):
    """Raised when one partition cannot be built; the run goes on and ends as failed."""


class QueryFailedError(PartitionError):
    """Raised when Athena ended a query as FAILED or CANCELLED; carries Athena's own reason."""


class SchemaRefusedError(PartitionError):
    """Raised when a build would take a column from readers that nobody asked to take away."""


# --- Fail the run: somebody has to change something -----------------------------------------


class ConfigurationError(DayfoldError):
    """Raised when settings, queries or the deployment are wrong."""


class QueryFileError(ConfigurationError):
    """Raised for a query file that cannot be read; the text starts with `path:line:`."""


class BadRequestError(DayfoldError):
    """Raised when what was asked for makes no sense: unknown table, impossible day, bad event."""


class RunFailedError(DayfoldError):
    """Raised at the end of a run in which partitions failed; lists them."""
