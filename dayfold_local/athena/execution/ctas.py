"""CREATE TABLE AS: files in S3, and the table and its partitions in Glue."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import glue_entries, layouts, select, writing
from dayfold_local.athena.execution.job import Job, Outcome
from dayfold_local.athena.execution.layouts import Layout
from dayfold_local.athena.sql_types import UNKNOWN, Type
from dayfold_local.athena.translation.parse import parse, position

if TYPE_CHECKING:
    from dayfold_local.athena.translation.templates import Template

_KNOWN: Final = {
    "format", "write_compression", "parquet_compression", "orc_compression", "external_location",
    "partitioned_by", "bucketed_by", "bucket_count", "table_type", "is_external",
    "compression_level", "field_delimiter", "location", "partitioning",
}  # fmt: skip
_CTAS: Final = "CREATE_TABLE_AS_SELECT"


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where a CTAS writes and how."""

    database: str
    name: str
    location: str
    layout: Layout
    with_data: bool

    @property
    def full_name(self) -> str:
        """`database.table`."""
        return f"{self.database}.{self.name}"


def target_of(tree: exp.Create, job: Job) -> Target:
    """The table and its WITH properties, checked."""
    table = tree.this
    if not isinstance(table, exp.Table):
        raise not_supported(f"{position(tree)}CREATE TABLE AS with a column list")
    given, with_data = layouts.properties(tree)
    for name in given:
        if name not in _KNOWN:
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY",
                f"{position(tree)}Catalog 'awsdatacatalog' table property '{name}' does not exist",
            )
    _refuse(given, tree)
    location = str(given.get("external_location") or "")
    if not location or job.enforced:  # an enforced workgroup decides
        location = f"{job.output}tables/{job.query_id}/"
    if not location.startswith("s3://"):
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY", f"External location must be an s3:// path: {location}"
        )
    database = table.args["db"].name.lower() if table.args.get("db") else job.database
    layout = layouts.layout_of(given, position(tree))
    return Target(database, table.name.lower(), location.rstrip("/") + "/", layout, with_data)


def _refuse(given: dict[str, object], tree: exp.Create) -> None:
    kind = str(given.get("table_type") or "HIVE").upper()
    if kind != "HIVE":
        raise not_supported(
            f"{position(tree)}CTAS with table_type {kind}: the local Athena is Hive only"
        )
    for name in ("location", "partitioning"):
        if name in given:
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY",
                f"Table property '{name}' is only for table_type = 'ICEBERG'; a Hive table has "
                f"'{ {'location': 'external_location', 'partitioning': 'partitioned_by'}[name] }'",
            )
    if given.get("is_external") is False:
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY", "is_external = false is only for table_type = 'ICEBERG'"
        )


def run_ctas(job: Job, tree: exp.Create, template: Template) -> Outcome:
    """CREATE TABLE AS SELECT; the tree is the template's, and only read."""
    target = target_of(tree, job)
    target = dataclasses.replace(
        target, name=template.table(target.name), location=template.location(target.location)
    )
    if already_there(job, target, tree):
        output = f"{job.output}{job.query_id}.txt"
        return Outcome("DDL", output=output, substatement=_CTAS)
    running = select.plan(job, job.sql, query_of)
    columns = _columns(running, target, tree)
    written = writing.Written((), 0)
    if target.with_data:
        written = writing.write(job, running, columns, target.layout, lambda v: _place(target, v))
    glue_entries.create_table(job, target, columns)
    glue_entries.add_partitions(job, target, columns, {values for _, values in written.files})
    output = f"{job.output}tables/{job.query_id}"
    manifest = f"{output}-manifest.csv"
    select.write_result(job.world, manifest, written.manifest, columns)
    done = Outcome("DDL", [], output, manifest, running.prepared.bytes, substatement=_CTAS)
    done.update_count = written.rows
    return done


def _place(target: Target, values: tuple[str, ...]) -> str:
    return target.location + writing.folder(target.layout.partitioned_by, values)


def already_there(job: Job, target: Target, tree: exp.Create) -> bool:
    """Whether the table is there and that is fine; a used folder never is."""
    catalog = job.world.catalog
    if catalog.database(target.database) is None:
        raise QueryFailure(
            "SCHEMA_NOT_FOUND",
            f"{position(tree.this)}Schema '{target.database}' does not exist",
        )
    if catalog.table(target.database, target.name) is not None:
        if tree.args.get("exists"):
            return True
        raise QueryFailure(
            "TABLE_ALREADY_EXISTS",
            f"{position(tree.this)}Destination table 'awsdatacatalog.{target.full_name}' already "
            "exists",
        )
    if job.world.store.list(target.location):
        raise QueryFailure(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for table '{target.full_name}' already exists: {target.location}. "
            "You may need to manually clean the data at location "
            f"'{job.output}tables/{job.query_id}' before retrying. Athena will not delete data in "
            "your account.",
        )
    return False


def query_of(sql: str) -> exp.Expr:
    """The query of a statement that writes."""
    tree = parse(sql)
    assert isinstance(tree, exp.Create | exp.Insert)
    query = tree.expression
    assert isinstance(query, exp.Expr)
    outer = tree.args.get("with_")
    if outer is not None:
        query.set("with_", outer)
    return query


def _columns(running: select.Running, target: Target, tree: exp.Expr) -> list[tuple[str, Type]]:
    columns: list[tuple[str, Type]] = []
    for at, (name, kind) in enumerate(zip(running.query.names, running.query.types, strict=True)):
        if name.startswith("_col"):
            raise QueryFailure(
                "MISSING_COLUMN_NAME",
                f"{position(tree)}Column name not specified at position {at + 1}",
            )
        if name.lower() in (known for known, _ in columns):
            raise QueryFailure(
                "DUPLICATE_COLUMN_NAME",
                f"{position(tree)}Column name '{name}' specified more than once",
            )
        if kind == UNKNOWN:
            raise QueryFailure(
                "COLUMN_TYPE_UNKNOWN",
                f"{position(tree)}Column type is unknown at position {at + 1}",
            )
        columns.append((name.lower(), kind))
        _ = kind.hive  # fails for types that a Hive table cannot hold
    check_keys(columns, target.layout)
    return columns


def check_keys(columns: list[tuple[str, Type]], layout: Layout) -> None:
    """Partition columns are the last ones in their order; buckets are of columns that are there."""
    names, keys = [name for name, _ in columns], list(layout.partitioned_by)
    missing = [key for key in (*keys, *layout.bucketed_by) if key not in names]
    if missing:
        what = "Partition" if missing[0] in keys else "Bucketing"
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY", f"{what} columns {missing} not present in schema"
        )
    if keys and names[-len(keys) :] != keys:
        raise QueryFailure(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the "
            f"table properties: [{', '.join(keys)}]",
        )
    if keys and len(keys) == len(columns):
        raise QueryFailure("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    if set(keys) & set(layout.bucketed_by):
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY", "Bucketing columns cannot be partition columns"
        )
