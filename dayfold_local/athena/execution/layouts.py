"""How files are written: the format, compression and folders that WITH (...) asks for."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import avro
from dayfold_local.athena.execution.codecs import SUFFIXES
from dayfold_local.athena.translation.parse import position

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.tables import TableInfo

_TEXT: Final = frozenset(SUFFIXES)
_COMPRESSIONS: Final = {
    "PARQUET": frozenset({"GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE", "UNCOMPRESSED"}),
    "ORC": frozenset({"ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"}),
    "AVRO": frozenset(avro.CODECS),
    "JSON": _TEXT,
    "TEXTFILE": _TEXT,
}
_DEFAULTS: Final = {"ORC": "ZLIB", "AVRO": "DEFLATE"}
_BY_FORMAT: Final = {
    "PARQUET": "parquet", "ORC": "orc", "AVRO": "avro", "JSON": "json", "TEXTFILE": "csv",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """Files of one table, or of an UNLOAD."""

    format: str = "PARQUET"
    compression: str = "GZIP"
    delimiter: str = "\x01"
    collection: str = "\x02"
    key: str = "\x03"
    null: str = "\\N"
    partitioned_by: tuple[str, ...] = ()
    bucketed_by: tuple[str, ...] = ()
    buckets: int = 0

    @property
    def suffix(self) -> str:
        """The end of its files' names; columnar files have none, as on Athena."""
        return SUFFIXES[self.compression] if self.format in {"JSON", "TEXTFILE"} else ""


def properties(tree: exp.Create) -> tuple[dict[str, object], bool]:
    """The WITH properties of a CTAS by name, and whether it takes data along."""
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
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    return node.name


def names_of(given: object) -> tuple[str, ...]:
    """Column names in lower case."""
    return tuple(str(name).lower() for name in given) if isinstance(given, list) else ()


def layout_of(given: dict[str, object], where: str) -> Layout:
    """The layout that properties ask for; refuses what they may not."""
    stored = str(given.get("format") or "PARQUET").upper()
    if stored not in _COMPRESSIONS:
        raise not_supported(
            f"{where}format {stored}: the local Athena writes {', '.join(_COMPRESSIONS)}"
        )
    own = f"{stored.lower()}_compression"
    asked = given.get("write_compression") or given.get("compression") or given.get(own)
    compression = str(asked or _DEFAULTS.get(stored, "GZIP")).upper()
    if compression not in _COMPRESSIONS[stored]:
        raise _invalid(f"Unable to set table property write_compression to [{compression}]")
    delimiter = str(given.get("field_delimiter") or "\x01")
    if "field_delimiter" in given and stored != "TEXTFILE":
        raise _invalid(f"Cannot specify field_delimiter table property for storage format {stored}")
    if len(delimiter) != 1:
        raise _invalid(f"field_delimiter must be a single character, but was: '{delimiter}'")
    buckets, bucketed_by = _buckets(given)
    return Layout(
        stored,
        compression,
        delimiter,
        partitioned_by=names_of(given.get("partitioned_by")),
        bucketed_by=bucketed_by,
        buckets=buckets,
    )


def _buckets(given: dict[str, object]) -> tuple[int, tuple[str, ...]]:
    bucketed_by = names_of(given.get("bucketed_by"))
    text = str(given.get("bucket_count") or "0")
    count = int(text) if text.isdigit() else 0
    if bool(bucketed_by) != bool(count):
        raise _invalid(
            "bucketed_by and bucket_count must be specified together, "
            "and bucket_count must be greater than zero"
        )
    return count, bucketed_by


def _invalid(message: str) -> QueryFailure:
    return QueryFailure("INVALID_TABLE_PROPERTY", message)


def layout_of_table(table: TableInfo) -> Layout:
    """How files of a table that exists are written."""
    if table.raw.get("StorageDescriptor", {}).get("BucketColumns"):
        raise not_supported(f"INSERT INTO the bucketed table {table.full_name}")
    stored = next((name for name, kind in _BY_FORMAT.items() if kind == table.format), None)
    if stored is None:
        raise QueryFailure(
            "NOT_SUPPORTED", f"Cannot insert into a table with the serde of {table.full_name}"
        )
    serde = table.serde
    keys = ("write.compression", f"{stored.lower()}.compression", "compression")
    named = next((table.parameters[key] for key in keys if key in table.parameters), None)
    compression = str(named or _DEFAULTS.get(stored, "GZIP")).upper()
    if compression not in _COMPRESSIONS[stored]:
        raise not_supported(f"writing {compression} into {table.full_name}")
    if "escape.delim" in serde:
        raise not_supported(f"INSERT INTO a table with ESCAPED BY ({table.full_name})")
    marks = text_marks(serde)
    partitioned_by = tuple(key.name for key in table.partition_keys)
    return Layout(stored, compression, *marks, partitioned_by=partitioned_by)


def text_marks(serde: dict[str, str]) -> tuple[str, str, str, str]:
    """Between fields, items, keys and values; and what stands for NULL."""
    field = unescape(serde.get("field.delim") or serde.get("serialization.format") or "\x01")
    # Hive itself misspells the first of the two names.
    items = serde.get("colelction.delim") or serde.get("collection.delim") or "\x02"
    keys = serde.get("mapkey.delim") or "\x03"
    null = serde.get("serialization.null.format", "\\N")
    return "\x01" if field == "1" else field, unescape(items), unescape(keys), null


def csv_marks(serde: dict[str, str]) -> tuple[str, str, str]:
    """OpenCSVSerde's separator, quote and escape."""
    separator = unescape(serde.get("separatorChar", ","))
    mark = unescape(serde.get("quoteChar", '"'))
    return separator, mark, unescape(serde.get("escapeChar", "\\"))


def unescape(text: str) -> str:
    """A delimiter as DDL writes it: a character, or an escape of a tab or an octal code."""
    if len(text) > 1 and text.startswith("\\"):
        return text.encode().decode("unicode_escape")
    return text
