"""Settings: all that is wrong is said at once, before anything runs."""

from __future__ import annotations

import pytest

from dayfold.errors import ConfigurationError
from dayfold.settings import read_settings

GOOD = {
    "DAYFOLD_BUCKET": "b",
    "DAYFOLD_LEDGER_TABLE": "l",
    "DAYFOLD_WORKGROUP": "w",
    "DAYFOLD_TIME_ZONE": "Asia/Tokyo",
    "DAYFOLD_QUERIES_DIR": "/opt",
    "DAYFOLD_INPUT_GRACE_DAYS": "2",
    "DAYFOLD_RECENT_DAYS": "7",
    "DAYFOLD_BUILD_CONCURRENCY": "20",
    "DAYFOLD_BACKFILL_CONCURRENCY": "30",
    "DAYFOLD_LEASE_SECONDS": "300",
    "DAYFOLD_RETENTION_DAYS": "7",
    "DAYFOLD_KEPT_BUILDS": "3",
    "DAYFOLD_QUEUE_URL": "https://queue",
    "DAYFOLD_DEAD_LETTERS_URL": "https://dead",
    "DAYFOLD_SWEEP_DAYS": "45",
    "DAYFOLD_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:daily-run",
    "DAYFOLD_CRAWLER": "raw",
}


def test_good_settings_are_read() -> None:
    settings = read_settings(GOOD)
    assert settings.lease_seconds == 300
    assert settings.tz.key == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DAYFOLD_BUCKET": ""}, "DAYFOLD_BUCKET is not set"),
        ({"DAYFOLD_RECENT_DAYS": "seven"}, "DAYFOLD_RECENT_DAYS='seven' is not a whole number"),
        ({"DAYFOLD_TIME_ZONE": "Tokyo"}, "unknown time zone 'Tokyo'"),
        ({"DAYFOLD_BUCKET": "", "DAYFOLD_WORKGROUP": ""}, "BUCKET is not set; DAYFOLD_WORKGROUP"),
    ],
)
def test_bad_settings_are_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_settings({**GOOD, **changes})
