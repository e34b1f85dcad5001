"""Files that the engine cannot read as they are, written out as files that it can.

Text in codecs of Hadoop's becomes plain text, ORC becomes Parquet. The copies live as long as the
query; failures name the stored file, as Athena does.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import avro, codecs, layouts

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import StoredObject
    from dayfold_local.athena.catalog.tables import TableInfo


def copies(table: TableInfo, objects: list[StoredObject], scratch: Path) -> list[StoredObject]:
    """The same objects, each with a path that the engine reads."""
    if table.format == "parquet":
        return objects
    if table.format == "orc":
        return [_orc(item, table, scratch) for item in objects]
    if table.format == "avro":
        return [_avro(item, table, scratch) for item in objects]
    found = [_text(item, scratch) for item in objects]
    if table.format == "opencsv":
        return [_unescaped(item, table, scratch) for item in found]
    return found


def _text(item: StoredObject, scratch: Path) -> StoredObject:
    suffix = codecs.suffix_of(item.key)
    if suffix in codecs.NATIVE:
        return item
    if suffix == ".lzo":
        raise not_supported(f"reading {item.uri}: LZO files")
    target = _copy_of(item, scratch, "text")
    if not target.exists():
        try:
            body = codecs.unpack(Path(item.path).read_bytes(), suffix)
        except (OSError, ValueError, EOFError, struct.error, zlib.error) as error:
            raise QueryFailure(
                "HIVE_CURSOR_ERROR", f"Failed to read file at {item.uri}: {error}"
            ) from None
        _write(target, body)
    return dataclasses.replace(item, path=str(target))


def _unescaped(item: StoredObject, table: TableInfo, scratch: Path) -> StoredObject:
    """A CSV file with escaped characters, as one that only doubles its quotes.

    The engine knows one way of escaping at a time, OpenCSV two at once.
    """
    separator, mark, escape = layouts.csv_marks(table.serde)
    if escape == mark:
        return item
    try:
        body = _plain_bytes(item)
    except (OSError, EOFError, ValueError):
        return item  # a broken file: the engine will say why
    if escape.encode() not in body:
        return item
    target = _copy_of(item, scratch, f"csv{separator}{mark}{escape}")
    if not target.exists():
        out = io.StringIO()
        writer = csv.writer(out, delimiter=separator, quotechar=mark, lineterminator="\n")
        lines = body.decode(errors="replace").splitlines()
        writer.writerows(csv.reader(lines, delimiter=separator, quotechar=mark, escapechar=escape))
        _write(target, out.getvalue().encode())
    return dataclasses.replace(item, path=str(target))


def _plain_bytes(item: StoredObject) -> bytes:
    path, suffix = Path(item.path), codecs.suffix_of(item.key)
    if suffix == ".gz" and path.name.endswith(".gz"):
        return gzip.decompress(path.read_bytes())
    if suffix == ".zst" and path.name.endswith(".zst"):
        import pyarrow as pa

        with pa.input_stream(str(path), compression="zstd") as stream:
            return bytes(stream.read())
    return path.read_bytes()


def _orc(item: StoredObject, table: TableInfo, scratch: Path) -> StoredObject:
    """ORC as Parquet; its columns are the table's by their place, as in Athena."""
    import pyarrow as pa
    import pyarrow.orc as po
    import pyarrow.parquet as pq

    target = _copy_of(item, scratch, table.full_name)
    if not target.exists():
        try:
            read = po.ORCFile(item.path).read()
        except (pa.ArrowException, OSError) as error:
            raise QueryFailure(
                "HIVE_BAD_DATA", f"Malformed ORC file. Cannot read {item.uri}: {error}"
            ) from None
        names = [column.name for column in table.columns]
        extra = [f"{name}$" for name in read.column_names[len(names) :]]
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(read.rename_columns([*names, *extra][: read.num_columns]), target)
    return dataclasses.replace(item, path=str(target), etag=f"{item.etag}-{table.full_name}")


def _avro(item: StoredObject, table: TableInfo, scratch: Path) -> StoredObject:
    """Avro as Parquet, with the table's columns."""
    target = _copy_of(item, scratch, table.full_name)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        avro.to_parquet(item, table, target)
    return dataclasses.replace(item, path=str(target), etag=f"{item.etag}-{table.full_name}")


def _copy_of(item: StoredObject, scratch: Path, reading: str) -> Path:
    key = f"{item.path}\n{item.etag}\n{reading}".encode()
    return scratch / hashlib.sha256(key).hexdigest()


def _write(target: Path, body: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
