"""CREATE TABLE AS and INSERT INTO: real Parquet in S3, and the table and partitions in Glue."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import uuid
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sqlglot import exp

from dayfold_local.athena.catalog.tables import SERDE_CLASSES
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import select
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
            "INVALID_TABLE_PROPERTY", f"Unable to set table property write_compression to [{compression}]",
        )  # fmt: skip
    location = str(given.get("external_location") or "")
    if not location or job.enforced:  # an enforced workgroup decides
        location = f"{job.output}tables/{job.query_id}/"
    listed = given.get("partitioned_by")
    columns = [str(name).lower() for name in listed] if isinstance(listed, list) else []
    database = table.args["db"].name.lower() if table.args.get("db") else job.database
    return Target(
        database, table.name.lower(), location.rstrip("/") + "/", columns, compression, with_data,
    )  # fmt: skip


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
    catalog = job.world.catalog
    if catalog.database(target.database) is None:
        raise QueryFailure(
            "SCHEMA_NOT_FOUND", f"{position(tree.this)}Schema '{target.database}' does not exist",
        )  # fmt: skip
    if catalog.table(target.database, target.name) is not None:
        if tree.args.get("exists"):
            return Outcome(
                "DDL",
                output=f"{job.output}{job.query_id}.txt",
                substatement="CREATE_TABLE_AS_SELECT",
            )
        raise QueryFailure(
            "TABLE_ALREADY_EXISTS",
            f"{position(tree.this)}Destination table 'awsdatacatalog.{target.full_name}' already exists",
        )
    if job.world.store.list(target.location):
        raise QueryFailure(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for table '{target.full_name}' already exists: {target.location}. You "
            "may need to manually clean the data at location "
            f"'{job.output}tables/{job.query_id}' before retrying. Athena will not delete data in "
            "your account.",
        )
    running = select.plan(job, job.sql, lambda: _query_of(job.sql))
    columns = _columns(running, target, tree)
    files = _write(job, running, columns, target) if target.with_data else []
    _create_table(job, target, columns)
    _add_partitions(job, target, columns, files)
    manifest = f"{job.output}tables/{job.query_id}-manifest.csv"
    listing = "".join(f"{target.location}{name}\n" for name in files)
    select.write_result(job.world, manifest, listing.encode(), columns)
    return Outcome(
        "DDL", [], f"{job.output}tables/{job.query_id}", manifest, running.prepared.bytes,
        substatement="CREATE_TABLE_AS_SELECT",
    )  # fmt: skip


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
                "MISSING_COLUMN_NAME", f"{position(tree)}Column name not specified at position {at + 1}",
            )  # fmt: skip
        if name.lower() in (known for known, _ in columns):
            raise QueryFailure(
                "DUPLICATE_COLUMN_NAME", f"{position(tree)}Column name '{name}' specified more than once",
            )  # fmt: skip
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
            "Partition keys must be the last columns in the table and in the same order as the table "
            f"properties: [{', '.join(keys)}]",
        )
    if keys and len(keys) == len(columns):
        raise QueryFailure("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    return columns


def _write(
    job: Job, running: select.Running, columns: list[tuple[str, Type]], target: Target,
) -> list[str]:  # fmt: skip
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
            job, running,
            f"COPY ({source}) TO {literal(str(place))} (FORMAT parquet, COMPRESSION {codec}{split})",
        )  # fmt: skip
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


def storage(
    columns: list[tuple[str, Type]], location: str, stored: str = "PARQUET"
) -> dict[str, object]:
    """A Glue StorageDescriptor."""
    serde, reads, writes = SERDE_CLASSES[stored]
    return {
        "Columns": [{"Name": name, "Type": kind.hive} for name, kind in columns],
        "Location": location,
        "InputFormat": reads,
        "OutputFormat": writes,
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"serialization.format": "1"}},
        "StoredAsSubDirectories": False,
    }


def _create_table(job: Job, target: Target, columns: list[tuple[str, Type]]) -> None:
    stored = [item for item in columns if item[0] not in target.partitioned_by]
    keys = [item for item in columns if item[0] in target.partitioned_by]
    body = {
        "DatabaseName": target.database,
        "TableInput": {
            "Name": target.name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": storage(stored, target.location),
            "PartitionKeys": [{"Name": name, "Type": kind.hive} for name, kind in keys],
            "Parameters": {
                "EXTERNAL": "TRUE",
                "has_encrypted_data": "false",
                "auto.purge": "false",
                "numFiles": "-1",
                "numRows": "-1",
                "rawDataSize": "-1",
                "totalSize": "-1",
                "transactional": "false",
                "parquet.compression": target.compression,
            },
        },
    }
    job.world.catalog.change("CreateTable", target.database, target.name, body)


def _add_partitions(
    job: Job, target: Target, columns: list[tuple[str, Type]], files: list[str],
) -> None:  # fmt: skip
    if not target.partitioned_by:
        return
    stored = [item for item in columns if item[0] not in target.partitioned_by]
    folders = sorted({name.rpartition("/")[0] for name in files})
    inputs = [
        {
            "Values": [unquote(part.partition("=")[2]) for part in folder.split("/")],
            "StorageDescriptor": storage(stored, f"{target.location}{folder}"),
        }
        for folder in folders
    ]
    if inputs:
        job.world.catalog.change(
            "BatchCreatePartition", target.database, target.name,
            {"DatabaseName": target.database, "TableName": target.name, "PartitionInputList": inputs},
        )  # fmt: skip
