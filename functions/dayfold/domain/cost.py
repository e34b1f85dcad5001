"""What Athena charges for a query.

Source: Athena's pricing page: 5 USD per TB scanned, rounded up to the next megabyte, at least
10 MB a query; DDL and failed queries are free, cancelled ones pay for what they scanned.
"""

from __future__ import annotations

USD_PER_TB = 5.0
MEGABYTE = 1_000_000
MINIMUM_BYTES = 10 * MEGABYTE
_TERABYTE = 1_000_000 * MEGABYTE


def billed_bytes(scanned: int) -> int:
    """The bytes that Athena charges for a query that scanned `scanned` bytes."""
    megabytes = -(-scanned // MEGABYTE)
    return max(megabytes * MEGABYTE, MINIMUM_BYTES)


def query_usd(scanned: int) -> float:
    """The price in USD of one query that scanned `scanned` bytes."""
    return billed_bytes(scanned) / _TERABYTE * USD_PER_TB
