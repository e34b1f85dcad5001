"""What all tests share: how a case is named, and the models of AWS's services."""

from __future__ import annotations

import functools
import signal
from typing import TYPE_CHECKING, Any

import botocore.session

from dayfold.adapters import aws

if TYPE_CHECKING:
    from botocore.loaders import Loader

_new_loader = functools.cache(botocore.session.create_loader)


aws.VALIDATES = True  # what ships does not: a call of a wrong form is to fail here


def pytest_configure() -> None:
    """Stop the servers of the tests also when these are told to end, as by `timeout`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number.

    A gzip file holds the time it was made: as a name it would differ between the processes that
    share the tests, which then refuse to run.
    """
    return f"{len(val)}_bytes" if isinstance(val, bytes) else None


def _one_loader(search_path_string: str | None = None) -> Loader:
    """The models of AWS's services, read once for all sessions of a process.

    They are most of what the first clients of a session cost, and each command makes a session.
    """
    loader: Any = _new_loader(search_path_string)
    # boto3 adds the folder of its own models for each session.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    made: Loader = loader
    return made


botocore.session.create_loader = _one_loader
