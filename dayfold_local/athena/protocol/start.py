"""StartQueryExecution: what is accepted, under which workgroup's rules, and once per token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ministack.services import athena as emulated

from dayfold_local.athena.catalog.ports import split_uri
from dayfold_local.athena.errors import QueryFailure, RequestError
from dayfold_local.athena.execution import statements
from dayfold_local.athena.protocol import reuse
from dayfold_local.athena.protocol.executions import Execution
from dayfold_local.athena.protocol.prepared import (
    PreparedStatements,
    prepares,
    with_parameters,
)
from dayfold_local.athena.protocol.runner import Rules, new_id

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.limits import Gate
    from dayfold_local.athena.protocol.executions import Executions
    from dayfold_local.athena.protocol.runner import Runner

_LONGEST: Final = 262_144
_NO_OUTPUT: Final = (
    "No output location provided. An output location is required either through the Workgroup "
    "result "
    "configuration setting or as an API input."
)


def start(
    data: dict[str, Any],
    caller: Caller,
    world: World,
    executions: Executions,
    runner: Runner,
    gate: Gate,
) -> str:
    """Accepts a query and returns its id."""
    sql = str(data.get("QueryString") or "")
    token = data.get("ClientRequestToken")
    if not sql.strip():
        raise RequestError.invalid("QueryString must not be empty")
    if len(sql.encode()) > _LONGEST:
        raise RequestError.invalid(
            f"Query string is too long: at most {_LONGEST} bytes are allowed"
        )
    if token is not None and not 32 <= len(str(token)) <= 128:
        raise RequestError.invalid("ClientRequestToken must have between 32 and 128 characters")
    with executions.locked():
        if token is not None:
            known = executions.by_token(caller.account, caller.region, str(token))
            if known is not None:
                return _same(known, data)
        execution, rules = _accepted(data, sql, caller, world)
        gate.start(executions.active)
        execution.token = str(token) if token is not None else None
        done = reuse.reused(execution, executions, world)
        executions.write(execution)
        if not done:
            runner.submit(execution, caller, world, rules)
    return execution.id


def _same(known: Execution, data: dict[str, Any]) -> str:
    context = data.get("QueryExecutionContext") or {}
    database = _database(context)
    if (
        known.sql != data.get("QueryString")
        or known.database != database
        or known.parameters != list(data.get("ExecutionParameters") or [])
    ):
        raise RequestError.invalid("Idempotent parameters do not match")
    return known.id


def _accepted(
    data: dict[str, Any], sql: str, caller: Caller, world: World
) -> tuple[Execution, Rules]:
    workgroup = str(data.get("WorkGroup") or "primary")
    settings = workgroup_settings(workgroup)
    enforced = bool(settings.get("EnforceWorkGroupConfiguration"))
    output = _output(data, settings, enforced=enforced)
    bucket, _ = split_uri(output)
    if not world.store.check_bucket(bucket):
        raise RequestError.invalid(f"Unable to verify/create output bucket {bucket}")
    parameters = [str(item) for item in data.get("ExecutionParameters") or []]
    prepared = PreparedStatements(workgroup, caller, world)
    text = _text(sql, parameters, prepared)
    try:
        statement = statements.check(text)
    except QueryFailure as failure:
        raise RequestError.invalid(failure.reason, "MALFORMED_QUERY") from None
    context = data.get("QueryExecutionContext") or {}
    cutoff = settings.get("BytesScannedCutoffPerQuery")
    execution = Execution(
        id=new_id(),
        sql=sql,
        account=caller.account,
        region=caller.region,
        workgroup=workgroup,
        database=_database(context),
        output=output,
        statement=statement,
        parameters=parameters,
        submitted=time.time(),
        reuse_minutes=reuse.minutes(data),
    )
    limit = int(cutoff) if cutoff else None
    return execution, Rules(text, enforced=enforced, cutoff=limit, prepared=prepared)


def _text(sql: str, parameters: list[str], prepared: PreparedStatements) -> str:
    """What really runs: a prepared statement's text for EXECUTE, and values for `?`."""
    bare = statements.bare(sql)
    executed = prepared.executed(bare, parameters)
    if executed is not None:
        return executed
    if not parameters or prepares(bare) is not None:
        return sql
    return with_parameters(sql, parameters)


def _database(context: dict[str, Any]) -> str:
    return str(context.get("Database") or "default").strip('`"').lower()


def workgroup_settings(name: str, *, usable: bool = True) -> dict[str, Any]:
    """A workgroup's configuration, kept where CloudFormation puts it: with the emulator's own."""
    emulated._ensure_default_workgroup()  # noqa: SLF001
    group = emulated._workgroups.get(name)  # noqa: SLF001
    if group is None:
        raise RequestError.invalid(f"WorkGroup {name} is not found.")
    if usable and group.get("State") == "DISABLED":
        raise RequestError.invalid(f"WorkGroup {name} is disabled.")
    found = group.get("Configuration") or group.get("WorkGroupConfiguration") or {}
    return {key: _number(value) for key, value in found.items()}


def _number(value: Any) -> Any:  # noqa: ANN401 - templates give numbers and booleans as texts
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return value


def _output(data: dict[str, Any], settings: dict[str, Any], *, enforced: bool) -> str:
    own = (settings.get("ResultConfiguration") or {}).get("OutputLocation")
    asked = (data.get("ResultConfiguration") or {}).get("OutputLocation")
    chosen = own if enforced and own else asked or own
    if not chosen:
        raise RequestError.invalid(_NO_OUTPUT)
    if not str(chosen).startswith("s3://"):
        raise RequestError.invalid("outputLocation is not a valid S3 path.")
    return str(chosen).rstrip("/") + "/"
