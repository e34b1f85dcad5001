"""What the tests of rollbacks share: builds with files, and a rollback as its function makes it."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from dayfold.rolling_back import Request, roll_back
from tests.unit.pipeline.world import BUCKET, LEDGER, client

if TYPE_CHECKING:
    from dayfold.domain.partition import PartitionState
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)
_numbers = itertools.count()


def build(world: World, run_id: str, *days: str, **request: Any) -> None:
    """Build days anew, and put a file where each new build is: Athena is a fake here."""
    ended = world.run(run_id, days=list(days), **{"policy": "all", **request})
    assert ended["status"] == "succeeded"
    put_files(world, run_id)


def put_files(world: World, run_id: str) -> None:
    """Put a file where each build of a run is."""
    for table in world.pipeline.tables():
        first, last = dt.date(2004, 1, 1), dt.date(2004, 12, 31)
        for record in world.pipeline.ledger.builds(table, first, last):
            if record.run_id == run_id:
                key = str(record.location).removeprefix(f"s3://{BUCKET}/")
                client("s3").put_object(Bucket=BUCKET, Key=f"{key}part-0", Body=b"x")


def back(world: World, run_id: str | None = None, **asked: Any) -> dict[str, Any]:
    """Roll back as the function does."""
    options: dict[str, Any] = {
        "run_id": run_id or f"rollback-{next(_numbers)}",
        "by": "ann",
        "seconds_left": lambda: 600.0,
        **{name: asked.pop(name) for name in ("dry_run", "seconds_left") if name in asked},
    }
    return roll_back(world.pipeline, request=Request(**asked), **options)


def state(world: World, table: str, day: dt.date = DAY) -> PartitionState:
    """A partition as the ledger has it."""
    return world.pipeline.ledger.partitions(table, day, day)[day]


def set_attributes(table: str, values: dict[str, Any], sk: str = f"DAY#{DAY}") -> None:
    """Change attributes of an item of the ledger, as somebody else would."""
    client("dynamodb").update_item(
        TableName=LEDGER,
        Key={"pk": {"S": f"TABLE#{table}"}, "sk": {"S": sk}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )
