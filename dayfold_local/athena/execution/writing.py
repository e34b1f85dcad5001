"""Writing a query's rows as files of a table: CTAS, INSERT INTO and UNLOAD."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from dayfold_local.athena.catalog.ports import FileBytes
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import avro, buckets, codecs, select
from dayfold_local.athena.sql_types import literal, quote
from dayfold_local.athena.translation import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dayfold_local.athena.execution.job import Job
    from dayfold_local.athena.execution.layouts import Layout
    from dayfold_local.athena.sql_types import Type

_MOST_PARTITIONS: Final = 100
_BUCKET: Final = "$bucket"
_ENGINE_CODECS: Final = {"NONE": "uncompressed", "ZLIB": "uncompressed"}
_LINES: Final = "FORMAT csv, HEADER false, DELIMITER '\x02\x03', QUOTE '', ESCAPE ''"


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What a query wrote: each file's s3:// name and partition values, and the rows."""

    files: tuple[tuple[str, tuple[str, ...]], ...]
    rows: int

    @property
    def manifest(self) -> bytes:
        """The list of files that Athena leaves beside the results."""
        return "".join(f"{uri}\n" for uri, _ in self.files).encode()


def write(
    job: Job,
    running: select.Running,
    columns: list[tuple[str, Type]],
    layout: Layout,
    place: Callable[[tuple[str, ...]], str],
) -> Written:
    """Writes the rows; `place` gives the s3:// folder, with its slash, of partition values."""
    scratch = job.scratch / job.query_id
    scratch.mkdir(parents=True)
    try:
        folders = [*layout.partitioned_by, *([_BUCKET] if layout.buckets else [])]
        # Named as the emulator names what is on its way: in a bucket's folder it is no object yet.
        split = f", PARTITION_BY ({', '.join(map(quote, folders))}), FILE_EXTENSION tmp"
        target = scratch / "part" if folders else scratch / "data.tmp"
        source = _source(running.prepared.sql, columns, layout)
        options = f"{_options(layout)}{split if folders else ''}"
        copy = f"COPY ({source}) TO {literal(str(target))} ({options})"
        select.execute(job, running, copy)
        counted = job.session.fetch(1)
        rows = int(counted[0][0]) if counted else 0
        job.hold()
        stored = [column for column in columns if column[0] not in layout.partitioned_by]
        return Written(_upload(job, target, layout, stored, place) if rows else (), rows)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _source(sql: str, columns: list[tuple[str, Type]], layout: Layout) -> str:
    names = ", ".join(quote(name) for name, _ in columns)
    typed = ", ".join(f"CAST({quote(n)} AS {k.duckdb}) AS {quote(n)}" for n, k in columns)
    rows = f"SELECT {typed} FROM ({sql}) AS r({names})"
    stored = [column for column in columns if column[0] not in layout.partitioned_by]
    keys = [f", {quote(name)}" for name in layout.partitioned_by]
    if layout.buckets:
        kinds = dict(columns)
        listed = [(name, kinds[name]) for name in layout.bucketed_by]
        keys.append(f", {buckets.bucket(listed, layout.buckets)} AS {quote(_BUCKET)}")
    if layout.format == "JSON":
        if any(kind.holds("varbinary") for _, kind in stored):
            raise not_supported(  # Hive's serde writes the bytes as letters, and loses what is none
                "varbinary in JSON files: write to_base64(x), or another format"
            )
        line = texts.json_line([(name, quote(name), kind) for name, kind in stored])
    elif layout.format == "TEXTFILE":
        between = texts.separators(layout.delimiter, layout.collection, layout.key)
        line = texts.delimited_line(
            [(quote(name), kind) for name, kind in stored], between, layout.null
        )
    elif layout.buckets:
        return f"SELECT *{keys[-1]} FROM ({rows})"
    else:
        return rows
    return f"SELECT {line} AS line{''.join(keys)} FROM ({rows})"


def _options(layout: Layout) -> str:
    if layout.format in {"JSON", "TEXTFILE"}:
        codec = {".gz": "gzip", ".zst": "zstd"}.get(layout.suffix, "none")
        return f"{_LINES}, COMPRESSION {codec}"
    # ORC and Avro are made from the Parquet file afterwards, with their own compression.
    name = "NONE" if layout.format in {"ORC", "AVRO"} else layout.compression
    return f"FORMAT parquet, COMPRESSION {_ENGINE_CODECS.get(name, name.lower())}"


def _upload(
    job: Job,
    target: Path,
    layout: Layout,
    columns: list[tuple[str, Type]],
    place: Callable[[tuple[str, ...]], str],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    files = _written(target)
    folders = [() if path == target else path.parent.relative_to(target).parts for path in files]
    in_folder = collections.Counter(folders)
    if len(in_folder) > _MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {_MOST_PARTITIONS} open writers for partitions/buckets",
        )
    _check_values(value for parts in folders for value in parts)
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d_%H%M%S")
    written = []
    for at, parts in enumerate(map(list, folders)):
        name = f"{stamp}_{at:05d}_{job.query_id[:5]}_{uuid.uuid4()}{layout.suffix}"
        if layout.buckets:
            name = f"{int(parts.pop().partition('=')[2]):06d}_0_{name}"
        values = tuple(unquote(part.partition("=")[2]) for part in parts)
        written.append((place(values) + name, values))
    bodies = (
        _body(path, layout, columns, is_alone=in_folder[parts] == 1)
        for path, parts in zip(files, folders, strict=True)
    )
    job.world.store.put_all(zip((uri for uri, _ in written), bodies, strict=True))
    return tuple(written)


def _written(target: Path) -> list[Path]:
    """What the engine wrote: one file, or those of a folder in folders of their partitions."""
    if target.is_file():
        return [target]
    walked = os.walk(target)  # of many folders: pathlib takes several times as long
    return sorted(Path(folder, name) for folder, _, names in walked for name in names)


def _check_values(folders: Iterable[str]) -> None:
    """Refuses partition values that Trino does not write, before any file is there."""
    for part in folders:
        value = unquote(part.partition("=")[2])
        if not (value.isascii() and value.isprintable()):
            shown = " ".join(f"{byte:02X}" for byte in value.encode())
            raise QueryFailure(
                "HIVE_INVALID_PARTITION_VALUE",
                "Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). "
                f"Invalid value: {shown}",
            )


def _body(path: Path, layout: Layout, columns: list[tuple[str, Type]], *, is_alone: bool) -> bytes:
    if layout.format == "ORC":
        return _orc(path, layout.compression)
    if layout.format == "AVRO":
        return avro.from_parquet(path, columns, layout.compression)
    body = FileBytes.of(path, is_alone=is_alone)
    return body if layout.suffix in codecs.NATIVE else codecs.pack(body, layout.suffix)


def _orc(path: Path, compression: str) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.orc as po
    import pyarrow.parquet as pq

    out = io.BytesIO()
    codec: Any = {"NONE": "UNCOMPRESSED"}.get(compression, compression)
    with po.ORCWriter(out, compression=codec) as writer:
        source = pq.ParquetFile(path)
        for batch in source.iter_batches():
            for column in batch.columns:
                _check_moments(column)
            writer.write(pa.Table.from_batches([batch]))
    return out.getvalue()


def _check_moments(values: Any) -> None:  # noqa: ANN401 - an array of pyarrow, which has no types
    """Refuses moments that the ORC writer gets wrong: their nanoseconds would be below zero."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_timestamp(kind):
        whole = pc.floor_temporal(values, unit="second")
        early = pc.and_(pc.less(values, pa.scalar(0, kind)), pc.not_equal(values, whole))
        if pc.any(early).as_py():
            raise not_supported("ORC files with a moment before 1970 that has parts of a second")
    elif pa.types.is_struct(kind):
        for at in range(kind.num_fields):
            _check_moments(values.field(at))
    elif pa.types.is_map(kind):
        _check_moments(values.items)
    elif pa.types.is_list(kind):
        _check_moments(values.flatten())


def folder(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """`dt=2020-01-01/`, as Hive writes it; nothing without partitions."""
    return "".join(f"{name}={_escaped(value)}/" for name, value in zip(names, values, strict=True))


def _escaped(value: str) -> str:
    """Hive escapes these in a folder's name, and leaves blanks and other letters alone."""
    special = "\"#%'*/:=?\\{[]^\x7f"
    return "".join(f"%{ord(c):02X}" if c in special or ord(c) < 32 else c for c in value)
