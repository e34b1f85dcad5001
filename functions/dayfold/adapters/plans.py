"""Plans in S3: they travel by reference, since a state's payload ends at 256 KiB."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class PlanStore:
    """The files `plans/<run id>/<name>.json` of the bucket."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def save(self, run_id: str, name: str, content: object) -> None:
        """Write one file of a run's plan; the same name again replaces it."""
        body = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
        self._s3.put_object(Bucket=self._bucket, Key=_key(run_id, name), Body=body)

    def load(self, run_id: str, name: str) -> Any:  # noqa: ANN401 - JSON
        """Read one file of a run's plan."""
        answer = self._s3.get_object(Bucket=self._bucket, Key=_key(run_id, name))
        return json.loads(answer["Body"].read())


def _key(run_id: str, name: str) -> str:
    return f"plans/{run_id}/{name}.json"
