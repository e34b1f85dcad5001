"""What the command line says when it cannot do what was asked."""

from __future__ import annotations

from dayfold.errors import ConfigurationError, DayfoldError


class NoDeploymentError(ConfigurationError):
    """Raised when there is no stack to talk to: not started, not deployed, or another one."""


class NoProjectError(ConfigurationError):
    """Raised when a command needs the project's folder and none is found."""


class ExtractError(DayfoldError):
    """Raised for an extract that must not land: empty, unreadable, of no day."""


class CrawlFailedError(DayfoldError):
    """Raised when the crawler ended as failed; carries its own reason."""


class FunctionFailedError(DayfoldError):
    """Raised when an invoked function answered with an error; carries its type and text."""


class ProblemsFoundError(DayfoldError):
    """Raised after a list of problems was printed; its text is the summary."""
