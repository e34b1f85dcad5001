"""Statements about the catalog: databases, tables, views, partitions, and what SHOW shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.catalog.tables import encode_view
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import alter_table, create_table, partition_ddl, select, show
from dayfold_local.athena.execution.engine import AthenaSession
from dayfold_local.athena.execution.job import Job, Outcome, StatementType
from dayfold_local.athena.sql_types import VARCHAR, Type
from dayfold_local.athena.translation.parse import parse
from dayfold_local.athena.translation.queries import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.catalog.tables import TableInfo

_NAME: Final = r"""((?:[`"]?[\w$-]+[`"]?\s*\.\s*)?[`"]?[\w$-]+[`"]?)"""


def names(job: Job, text: str) -> tuple[str, str]:
    """Database and table of a name, quoted or not."""
    parts = [part.strip().strip('`"').lower() for part in text.split(".")]
    return (parts[0], parts[1]) if len(parts) == 2 else (job.database, parts[0])


def result(
    job: Job,
    columns: list[str],
    rows: list[list[str]],
    sub: str,
    statement: StatementType = "DDL",
) -> Outcome:
    """The text file that DDL leaves, and its outcome."""
    output = f"{job.output}{job.query_id}.txt"
    described: list[tuple[str, Type]] = [(name, VARCHAR) for name in columns]
    body = "".join("\t".join(row) + "\n" for row in rows)
    select.write_result(job.world, output, body.encode(), described)
    return Outcome(statement, described, output, rows=len(rows), substatement=sub)


def _create_database(job: Job, match: re.Match[str]) -> Outcome:
    name = match.group(2).strip('`"').lower()
    if job.world.catalog.database(name) is not None:
        if not match.group(1):
            raise QueryFailure(
                "FAILED",
                f"SemanticException [Error 10242]: Database {name} already exists",
                bare=True,
            )
        return result(job, [], [], "CREATE_DATABASE")
    entry: dict[str, object] = {"Name": name}
    for key, pattern in (
        ("Description", r"COMMENT\s+'([^']*)'"),
        ("LocationUri", r"LOCATION\s+'([^']*)'"),
    ):
        found = re.search(pattern, match.group(3), re.IGNORECASE)
        if found is not None:
            entry[key] = found.group(1)
    job.world.catalog.change("CreateDatabase", name, None, {"DatabaseInput": entry})
    return result(job, [], [], "CREATE_DATABASE")


def _drop_database(job: Job, match: re.Match[str]) -> Outcome:
    name = match.group(2).strip('`"').lower()
    if job.world.catalog.database(name) is None:
        if not match.group(1):
            raise QueryFailure(
                "FAILED",
                f"SemanticException [Error 10072]: Database does not exist: {name}",
                bare=True,
            )
        return result(job, [], [], "DROP_DATABASE")
    if job.world.catalog.tables(name) and not match.group(3):
        raise QueryFailure(
            "FAILED",
            "FAILED: Execution Error, return code 1. InvalidOperationException(message:Database "
            f"{name} "
            "is not empty. One or more tables exist.)",
            bare=True,
        )
    job.world.catalog.change("DeleteDatabase", name, None, {"Name": name})
    return result(job, [], [], "DROP_DATABASE")


def _drop_table(job: Job, match: re.Match[str]) -> Outcome:
    database, name = names(job, match.group(3))
    found = job.world.catalog.table(database, name)
    wants_view = match.group(1).upper() == "VIEW"
    if found is None:
        if match.group(2):
            return result(job, [], [], f"DROP_{match.group(1).upper()}")
        if wants_view:
            raise QueryFailure(
                "TABLE_NOT_FOUND",
                f"line 1:1: View 'awsdatacatalog.{database}.{name}' does not exist",
            )
        raise QueryFailure(
            "FAILED",
            f"SemanticException [Error 10001]: Table not found {database}.{name}",
            bare=True,
        )
    if wants_view != (found.view is not None):
        raise QueryFailure(
            "TABLE_NOT_FOUND", f"line 1:1: '{database}.{name}' is not a {match.group(1).lower()}"
        )
    job.world.catalog.change(
        "DeleteTable",
        database,
        name,
        {"DatabaseName": database, "Name": name},
    )
    return result(job, [], [], f"DROP_{match.group(1).upper()}")


def _create_view(job: Job, match: re.Match[str]) -> Outcome:
    database, name = names(job, match.group(2))
    sql = match.group(3)
    columns = _columns_of(job, sql)
    known = job.world.catalog.table(database, name)
    if known is not None and (not match.group(1) or known.view is None):
        raise QueryFailure("ALREADY_EXISTS", f"line 1:1: View already exists: '{database}.{name}'")
    body = {
        "DatabaseName": database,
        "TableInput": {
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "StorageDescriptor": {
                "Columns": [{"Name": n.lower(), "Type": _view_type(k)} for n, k in columns],
                "Location": "",
                "SerdeInfo": {},
            },
            "PartitionKeys": [],
            "ViewOriginalText": encode_view(sql, job.database, columns),
            "ViewExpandedText": "/* Presto View */",
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
        },
    }
    action = "CreateTable" if known is None else "UpdateTable"
    job.world.catalog.change(action, database, name, body)
    return result(job, [], [], "CREATE_VIEW")


def _columns_of(job: Job, sql: str) -> list[tuple[str, Type]]:
    if isinstance(job.session, AthenaSession):
        return job.session.columns(sql, job.database)
    query = translate(
        parse(sql),
        job.database,
        lambda d, n, node: select.find_table(job.world, d, n, node),
    )
    return list(zip(query.names, query.types, strict=True))


def _view_type(kind: Type) -> str:
    return "string" if kind.name in {"timestamp with time zone", "json", "time"} else kind.hive


def _show_databases(job: Job, match: re.Match[str]) -> Outcome:
    rows = show.databases(job, match.group(1))
    return result(job, ["database_name"], rows, "SHOW_DATABASES", "UTILITY")


def _show_tables(job: Job, match: re.Match[str]) -> Outcome:
    database = (match.group(2) or job.database).strip('`"').lower()
    word = match.group(1).upper()
    rows = show.tables(job, database, match.group(3), views=word == "VIEWS")
    return result(job, ["tab_name"], rows, f"SHOW_{word}", "UTILITY")


def _found(job: Job, text: str) -> TableInfo:
    return select.find_table(job.world, *names(job, text), None)


def _describe(job: Job, match: re.Match[str]) -> Outcome:
    table = _found(job, match.group(2))
    formatted = (match.group(1) or "").upper().strip() in {"FORMATTED", "EXTENDED"}
    rows = show.describe_formatted(table) if formatted else show.describe(table)
    return result(job, ["col_name", "data_type", "comment"], rows, "DESCRIBE_TABLE", "UTILITY")


def _show_columns(job: Job, match: re.Match[str]) -> Outcome:
    name = f"{match.group(2)}.{match.group(1)}" if match.group(2) else match.group(1)
    return result(job, ["field"], show.columns(_found(job, name)), "SHOW_COLUMNS", "UTILITY")


def _show_partitions(job: Job, match: re.Match[str]) -> Outcome:
    rows = show.partitions(job, *names(job, match.group(1)))
    return result(job, ["partition"], rows, "SHOW_PARTITIONS", "UTILITY")


def _show_create(job: Job, match: re.Match[str]) -> Outcome:
    table, word = _found(job, match.group(2)), match.group(1).upper()
    rows = show.create_view(table) if word == "VIEW" else show.create_table(table)
    return result(job, ["createtab_stmt"], rows, f"SHOW_CREATE_{word}", "UTILITY")


def _show_properties(job: Job, match: re.Match[str]) -> Outcome:
    rows = show.properties(_found(job, match.group(1)), match.group(2))
    return result(job, ["prpt_name"], rows, "SHOW_TBLPROPERTIES", "UTILITY")


def _modify(job: Job, match: re.Match[str]) -> Outcome:
    _found(job, match.group(1))
    raise QueryFailure(
        "NOT_SUPPORTED",
        "line 1:1: Modifying Hive table rows is only supported for transactional tables",
    )


def _repair(job: Job, match: re.Match[str]) -> Outcome:
    table = _found(job, match.group(1))
    return result(job, ["result"], partition_ddl.repair(job.world, table), "MSCK_REPAIR_TABLE")


def _alter(job: Job, match: re.Match[str]) -> Outcome:
    alter_table.alter(job.world, _found(job, match.group(1)), match.group(2))
    return result(job, [], [], "ALTER_TABLE")


def _create_external(job: Job, _: re.Match[str]) -> Outcome:
    create_table.create(job, lambda text: names(job, text))
    return result(job, [], [], "CREATE_TABLE")


def _refused(job: Job, match: re.Match[str]) -> Outcome:
    del job
    raise not_supported(f"the local Athena does not run {match.group(0).upper()}")


_EXISTS: Final = r"(IF\s+(?:NOT\s+)?EXISTS\s+)?"
_STATEMENTS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), handler)
    for pattern, handler in (
        (rf"CREATE\s+(?:DATABASE|SCHEMA)\s+{_EXISTS}([`\"\w$-]+)(.*)", _create_database),
        (
            rf"DROP\s+(?:DATABASE|SCHEMA)\s+{_EXISTS}([`\"\w$-]+)\s*(CASCADE|RESTRICT)?",
            _drop_database,
        ),
        (rf"DROP\s+(TABLE|VIEW)\s+{_EXISTS}{_NAME}", _drop_table),
        (rf"CREATE\s+(OR\s+REPLACE\s+)?VIEW\s+{_NAME}\s+AS\s+(.*)", _create_view),
        (r"CREATE\s+EXTERNAL\s+TABLE\s.*", _create_external),
        (r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE)?(?:\s+'([^']*)')?", _show_databases),
        (
            r"SHOW\s+(TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+([`\"\w$-]+))?(?:\s+LIKE)?(?:\s+'([^']*)')?",
            _show_tables,
        ),
        (rf"SHOW\s+PARTITIONS\s+{_NAME}", _show_partitions),
        (
            rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}(?:\s+(?:IN|FROM)\s+([`\"\w$-]+))?",
            _show_columns,
        ),
        (rf"SHOW\s+CREATE\s+(TABLE|VIEW)\s+{_NAME}", _show_create),
        (rf"SHOW\s+TBLPROPERTIES\s+{_NAME}(?:\s*\(\s*'([^']*)'\s*\))?", _show_properties),
        (rf"(?:DESCRIBE|DESC)\s+(EXTENDED\s+|FORMATTED\s+)?{_NAME}", _describe),
        (rf"MSCK\s+REPAIR\s+TABLE\s+{_NAME}", _repair),
        (rf"ALTER\s+TABLE\s+{_NAME}\s+(.*)", _alter),
        (rf"(?:MERGE\s+INTO|UPDATE|DELETE\s+FROM)\s+{_NAME}\b.*", _modify),
        (
            r"(?:ANALYZE|EXECUTE|MERGE|UPDATE|DELETE|OPTIMIZE|VACUUM|ALTER|GRANT|REVOKE|CALL|USE|SET)\b.*",
            _refused,
        ),
    )
)


def find(sql: str) -> Callable[[Job], Outcome] | None:
    """What runs a statement about the catalog, or None for the others."""
    for pattern, handler in _STATEMENTS:
        match = pattern.fullmatch(sql)
        if match is not None:
            return lambda job, handler=handler, match=match: handler(job, match)  # type: ignore[misc]
    return None
