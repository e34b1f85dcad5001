"""Plans in S3: they travel by reference, since a state's payload ends at 256 KiB."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.errors import BadRequestError

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
        """Read one file of a run's plan.

        Raises:
            BadRequestError: the run has no such file.
        """
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(run_id, name))
        except ClientError as error:
            raise_if_throttled(error)
            # Who may not list a bucket is told "denied" about keys that are not there.
            if error_code(error) in {"NoSuchKey", "AccessDenied"}:
                raise BadRequestError(f"run {run_id} has no plan {name!r}") from error
            raise
        return json.loads(answer["Body"].read())

    def load_job(self, run_id: str, name: str, index: int) -> dict[str, Any]:
        """Read one job of a wave's file.

        Raises:
            BadRequestError: there is no such file, or no such place in it.
        """
        jobs = self.load(run_id, name)
        if not isinstance(jobs, list) or index >= len(jobs):
            raise BadRequestError(f"plan {name!r} of run {run_id} has no job {index}")
        return dict(jobs[index])


def _key(run_id: str, name: str) -> str:
    return f"plans/{run_id}/{name}.json"
