"""CREATE TABLE AS and INSERT INTO: real Parquet in S3, and the table and partitions in Glue."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import uuid
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import glue_entries, select
from dayfold_local.athena.execution.job import Job, Outcome
from dayfold_local.athena.sql_types import UNKNOWN, Type, literal, quote
from dayfold_local.athena.translation.parse import parse, position

if TYPE_CHECKING:
    from pathlib import Path

_COMPRESSIONS: Final = {"GZIP", "SNAPPY", "ZSTD", "NONE", "UNCOMPRESSED"}
_KNOWN: Final = {
    "format", "write_compression", "parquet_compression", "external_location", "partitioned_by",
    "bucketed_by", "bucket_count", "table_type", "is_external", "compression_level",
}  # fmt: skip
_MOST_PARTITIONS: Final = 100
_CTAS: Final = "CREATE_TABLE_AS_SELECT"


@dataclasses.dataclass(slots=True)
class Target:
    """Where a CTAS writes and how."""

    database: str
    name: str
    location: str
    partitioned_by: list[str]
    compression: str
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
    given, with_data = _properties(tree)
    for name in given:
        if name not in _KNOWN:
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY",
                f"{position(tree)}Catalog 'awsdatacatalog' table property '{name}' does not exist",
            )
    _refuse(given, tree)
    compression = str(
        given.get("write_compression") or given.get("parquet_compression") or "GZIP",
    ).upper()
    if compression not in _COMPRESSIONS:
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY",
            f"Unable to set table property write_compression to [{compression}]",
        )
    location = str(given.get("external_location") or "")
    if not location or job.enforced:  # an enforced workgroup decides
        location = f"{job.output}tables/{job.query_id}/"
    listed = given.get("partitioned_by")
    columns = [str(name).lower() for name in listed] if isinstance(listed, list) else []
    database = table.args["db"].name.lower() if table.args.get("db") else job.database
    return Target(
        database,
        table.name.lower(),
        location.rstrip("/") + "/",
        columns,
        compression,
        with_data,
    )


def _refuse(given: dict[str, object], tree: exp.Create) -> None:
    if "bucketed_by" in given or "bucket_count" in given:
        raise not_supported(
            f"{position(tree)}CTAS with bucketed_by: the local Athena does not bucket"
        )
    if str(given.get("table_type") or "HIVE").upper() != "HIVE":
        raise not_supported(f"{position(tree)}CTAS with table_type {given['table_type']}")
    stored = str(given.get("format") or "PARQUET").upper()
    if stored != "PARQUET":
        raise not_supported(
            f"{position(tree)}CTAS with format {stored}: the local Athena writes PARQUET"
        )


def _properties(tree: exp.Create) -> tuple[dict[str, object], bool]:
    found: dict[str, object] = {}
    with_data = True
    listed = tree.args.get("properties")
    for item in listed.expressions if listed is not None else []:
        if isinstance(item, exp.WithDataProperty):
            with_data = not item.args.get("no")
        elif isinstance(item, exp.FileFormatProperty):
            found["format"] = _plain(item.this)
        elif isinstance(item, exp.PartitionedByProperty):
            found["partitioned_by"] = _plain(item.this)
        elif isinstance(item, exp.Property):
            found[item.name.lower()] = _plain(item.args["value"])
        else:
            raise not_supported(f"{position(tree)}the table property {item.sql(dialect='trino')}")
    return found, with_data


def _plain(node: exp.Expr) -> object:
    if isinstance(node, exp.Array):
        return [item.name for item in node.expressions]
    return node.name


def run_ctas(job: Job, tree: exp.Create) -> Outcome:
    """CREATE TABLE AS SELECT."""
    target = target_of(tree, job)
    if _exists(job, target, tree):
        output = f"{job.output}{job.query_id}.txt"
        return Outcome("DDL", output=output, substatement=_CTAS)
    running = select.plan(job, job.sql, lambda: _query_of(job.sql))
    columns = _columns(running, target, tree)
    files = _write(job, running, columns, target) if target.with_data else []
    glue_entries.create_table(job, target, columns)
    glue_entries.add_partitions(job, target, columns, files)
    output = f"{job.output}tables/{job.query_id}"
    manifest = f"{output}-manifest.csv"
    listing = "".join(f"{target.location}{name}\n" for name in files)
    select.write_result(job.world, manifest, listing.encode(), columns)
    return Outcome("DDL", [], output, manifest, running.prepared.bytes, substatement=_CTAS)


def _exists(job: Job, target: Target, tree: exp.Create) -> bool:
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


def _query_of(sql: str) -> exp.Expr:
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
    keys = target.partitioned_by
    if keys and [name for name, _ in columns][-len(keys) :] != keys:
        raise QueryFailure(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the "
            "table "
            f"properties: [{', '.join(keys)}]",
        )
    if keys and len(keys) == len(columns):
        raise QueryFailure("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    return columns


def _write(
    job: Job,
    running: select.Running,
    columns: list[tuple[str, Type]],
    target: Target,
) -> list[str]:
    """Writes the query's rows as Parquet, uploads the files and returns their names."""
    scratch = job.scratch / job.query_id
    scratch.mkdir(parents=True)
    try:
        names = ", ".join(quote(name) for name, _ in columns)
        typed = ", ".join(f"CAST({quote(n)} AS {k.duckdb}) AS {quote(n)}" for n, k in columns)
        source = f"SELECT {typed} FROM ({running.prepared.sql}) AS r({names})"
        keys = ", ".join(map(quote, target.partitioned_by))
        split = f", PARTITION_BY ({keys})" if keys else ""
        place = scratch / "part" if keys else scratch / "data.parquet"
        codec = {"NONE": "uncompressed"}.get(target.compression, target.compression.lower())
        select.execute(
            job,
            running,
            f"COPY ({source}) TO {literal(str(place))} (FORMAT parquet, COMPRESSION "
            f"{codec}{split})",
        )
        written = job.session.fetch(1)
        if not written or not written[0][0]:
            return []
        return _upload(job, scratch, place, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _upload(job: Job, scratch: Path, place: Path, target: Target) -> list[str]:
    files = sorted(path for path in scratch.rglob("*.parquet") if path.is_file())
    folders = {path.parent for path in files}
    if target.partitioned_by and len(folders) > _MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {_MOST_PARTITIONS} open writers for partitions/buckets",
        )
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d_%H%M%S")
    names = []
    for at, path in enumerate(files):
        folder = "" if path == place else f"{path.parent.relative_to(place).as_posix()}/"
        name = f"{folder}{stamp}_{at:05d}_{job.query_id[:5]}_{uuid.uuid4()}"
        job.world.store.put(target.location + name, path.read_bytes())
        names.append(name)
    return names
