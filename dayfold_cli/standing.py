"""Where one partition stands now, judged live by the stack: stale by which input, or waiting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dayfold.errors import DayfoldError
from dayfold_cli.grid import judge, reasons_of
from dayfold_cli.runs import Request, plan

if TYPE_CHECKING:
    import datetime as dt

    from dayfold.domain.partition import PartitionState
    from dayfold_cli.deployment import Deployment


def standing(
    deployment: Deployment, table: str, day: dt.date, state: PartitionState | None
) -> tuple[str, str]:
    """The state of a partition as `dayfold status` has it, and why.

    A stack that cannot plan, for a query that is wrong or a right that lacks, leaves it `unknown`.
    """
    from botocore.exceptions import ClientError

    try:
        asked = plan(deployment, Request(days=(day,), tables=(table,)))
    except (ClientError, DayfoldError) as error:
        return "unknown", " ".join(str(error).split())
    return judge(state, reasons_of([asked]).get((table, day)), time.time())
