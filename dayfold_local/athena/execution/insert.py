"""INSERT INTO: new files beside those of a table, and new partitions in Glue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import ctas, layouts, partition_ddl, select, writing
from dayfold_local.athena.execution.job import Job, Outcome
from dayfold_local.athena.sql_types import UNKNOWN, Type, quote
from dayfold_local.athena.translation.coercion import coercible
from dayfold_local.athena.translation.parse import position

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.tables import StoredColumn, TableInfo


def run_insert(job: Job, tree: exp.Insert) -> Outcome:
    """INSERT INTO table [(columns)] query."""
    table, named = _target(job, tree)
    layout = layouts.layout_of_table(table)
    running = select.plan(job, job.sql, ctas.query_of)
    columns = [(column.name, column.type) for column in (*table.columns, *table.partition_keys)]
    given = _given(table, named, running, tree)
    running.prepared.sql = _aligned(running, given, table)
    known = {part.values: part.location for part in job.world.catalog.partitions(table)}
    root = table.location.rstrip("/") + "/"

    def place(values: tuple[str, ...]) -> str:
        found = known.get(values)
        if found is not None:
            return found.rstrip("/") + "/"
        return root + writing.folder(layout.partitioned_by, values)

    written = writing.write(job, running, columns, layout, place)
    new = sorted({values for _, values in written.files if values and values not in known})
    partition_ddl.add(job.world, table, [(values, place(values).rstrip("/")) for values in new])
    output = f"{job.output}{job.query_id}"
    manifest = f"{output}-manifest.csv"
    select.write_result(job.world, manifest, written.manifest, [])
    done = Outcome("DML", [], output, manifest, running.prepared.bytes, substatement="INSERT")
    done.update_count = written.rows
    return done


def _target(job: Job, tree: exp.Insert) -> tuple[TableInfo, list[str] | None]:
    node, named = tree.this, None
    if isinstance(node, exp.Schema):
        named = [item.name.lower() for item in node.expressions]
        node = node.this
    if tree.args.get("overwrite") or not isinstance(node, exp.Table):
        raise not_supported(f"{position(tree)}INSERT of this form")
    database = node.args["db"].name.lower() if node.args.get("db") else job.database
    table = select.find_table(job.world, database, node.name.lower(), node)
    if table.view is not None:
        raise not_supported(f"{position(node)}Inserting into views")
    if table.parameters.get("projection.enabled", "").lower() == "true" and table.partition_keys:
        # Athena writes the files and registers partitions that no query will look at.
        raise not_supported(f"{position(node)}INSERT INTO a table with partition projection")
    return table, named


def _given(
    table: TableInfo, named: list[str] | None, running: select.Running, tree: exp.Insert
) -> list[StoredColumn]:
    """The columns that the query fills, its types checked against theirs."""
    listed = (*table.columns, *table.partition_keys)
    by_name = {column.name: column for column in listed}
    for name in named or []:
        if name not in by_name:
            raise QueryFailure(
                "COLUMN_NOT_FOUND",
                f"{position(tree)}Insert column name does not exist in target table: {name}",
            )
    if named is not None and len(set(named)) < len(named):
        raise QueryFailure(
            "DUPLICATE_COLUMN_NAME",
            f"{position(tree)}Insert column name is specified more than once",
        )
    wanted = [by_name[name] for name in named] if named is not None else list(listed)
    kinds = running.query.types
    if len(kinds) != len(wanted) or not all(
        _assignable(kind, column.type) for kind, column in zip(kinds, wanted, strict=True)
    ):
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(tree)}Insert query has mismatched column types: Table: "
            f"[{', '.join(str(column.type) for column in wanted)}], Query: "
            f"[{', '.join(map(str, kinds))}]",
        )
    return wanted


def _assignable(kind: Type, target: Type) -> bool:
    return kind == UNKNOWN or coercible(kind, target) or (kind.is_text and target.is_text)


def _aligned(running: select.Running, given: list[StoredColumn], table: TableInfo) -> str:
    """The query's rows in the table's order; columns that it does not give are NULL."""
    labels = [f"c{at}" for at in range(len(given))]
    at = {column.name: label for column, label in zip(given, labels, strict=True)}
    parts = []
    for column in (*table.columns, *table.partition_keys):
        value = at.get(column.name, "NULL")
        text = f"CAST({value} AS {column.type.duckdb})"
        if column.name in at and column.type.is_text and column.type.precision is not None:
            text = _fitting(value, column.type)
        parts.append(f"{text} AS {quote(column.name)}")
    return f"SELECT {', '.join(parts)} FROM ({running.prepared.sql}) AS r({', '.join(labels)})"


def _fitting(value: str, kind: Type) -> str:
    """A text in a shorter column: Trino cuts blanks only, and refuses to cut more."""
    from dayfold_local.athena.translation.failing import raising

    failed = raising(
        "INVALID_CAST_ARGUMENT",
        f"'Cannot truncate non-space characters when casting from varchar to {kind} on INSERT'",
        "VARCHAR",
    )
    short = f"left({value}, {kind.precision})"
    return f"CASE WHEN rtrim({value}) <> rtrim({short}) THEN {failed} ELSE {short} END"
