"""What all tests share: how a case is named."""

from __future__ import annotations


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number.

    A gzip file holds the time it was made: as a name it would differ between the processes that
    share the tests, which then refuse to run.
    """
    return f"{len(val)}_bytes" if isinstance(val, bytes) else None
