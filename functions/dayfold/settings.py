"""The settings of a function: read once from the environment, checked, passed as an argument."""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import TYPE_CHECKING

from dayfold.domain.days import zone
from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What the template tells every function; names of variables are `DAYFOLD_` + FIELD."""

    bucket: str
    ledger_table: str
    workgroup: str
    time_zone: str
    queries_dir: str
    input_grace_days: int
    recent_days: int
    build_concurrency: int
    backfill_concurrency: int
    lease_seconds: int
    retention_days: int
    kept_builds: int
    queue_url: str
    dead_letters_url: str
    sweep_days: int
    state_machine_arn: str
    crawler: str

    @property
    def tz(self) -> ZoneInfo:
        """The business time zone."""
        return zone(self.time_zone)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Raises:
        ConfigurationError: a variable is missing, is no number where one is needed, or names an
            unknown time zone; all that is wrong is said at once.
    """
    values: dict[str, str | int] = {}
    wrong: list[str] = []
    for field in dataclasses.fields(Settings):
        variable = f"DAYFOLD_{field.name.upper()}"
        text = environment.get(variable, "")
        if not text:
            wrong.append(f"{variable} is not set")
        elif field.type != "int":
            values[field.name] = text
        elif text.isdigit():
            values[field.name] = int(text)
        else:
            wrong.append(f"{variable}={text!r} is not a whole number")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    settings = Settings(**values)  # type: ignore[arg-type]
    zone(settings.time_zone)
    return settings


@functools.cache
def load_settings() -> Settings:
    """The settings of this process, read at the first call and never at import."""
    return read_settings(os.environ)
