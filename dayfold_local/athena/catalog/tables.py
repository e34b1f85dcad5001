"""A stored table or view as queries see it, read from what Glue keeps."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any, Final, Literal

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.sql_types import Type, parse_type

Format = Literal["parquet", "orc", "avro", "json", "csv", "opencsv"]
_VIEW_PREFIX: Final = "/* Presto View: "
_SERDES: Final[dict[str, Format]] = {
    "org.openx.data.jsonserde.jsonserde": "json",
    "org.apache.hive.hcatalog.data.jsonserde": "json",
    "org.apache.hadoop.hive.serde2.jsonserde": "json",
    "org.apache.hadoop.hive.serde2.lazy.lazysimpleserde": "csv",
    "org.apache.hadoop.hive.serde2.opencsvserde": "opencsv",
    "org.apache.hadoop.hive.ql.io.parquet.serde.parquethiveserde": "parquet",
    "org.apache.hadoop.hive.ql.io.orc.orcserde": "orc",
    "org.apache.hadoop.hive.serde2.avro.avroserde": "avro",
}
SERDE_CLASSES: Final[dict[str, tuple[str, str, str]]] = {
    # format: serde, input format, output format
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    ),
    "ORC": (
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
    ),
    "AVRO": (
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
    ),
    "JSON": (
        "org.apache.hive.hcatalog.data.JsonSerDe",
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    ),
    "TEXTFILE": (
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column by its name in lower case."""

    name: str
    type: Type


@dataclasses.dataclass(frozen=True, slots=True)
class ViewText:
    """A view's query and where its names belong."""

    sql: str
    database: str
    columns: tuple[StoredColumn, ...]


@dataclasses.dataclass(frozen=True)
class TableInfo:
    """A table of the catalog."""

    database: str
    name: str
    columns: tuple[StoredColumn, ...]
    partition_keys: tuple[StoredColumn, ...]
    location: str
    format: Format
    serde: dict[str, str]
    parameters: dict[str, str]
    view: ViewText | None
    raw: dict[str, Any]

    @property
    def full_name(self) -> str:
        """`database.table`."""
        return f"{self.database}.{self.name}"

    @property
    def serde_class(self) -> str:
        """The name of the class that reads its files."""
        storage = self.raw.get("StorageDescriptor") or {}
        return str((storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "")

    @property
    def signature(self) -> tuple[object, ...]:
        """What a translation depends on; it is translated again when this changes."""
        view = self.view.sql if self.view else None
        return (self.full_name, self.columns, self.partition_keys, self.format, view)


@dataclasses.dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition: its values as texts, and where its files are."""

    values: tuple[str, ...]
    location: str
    columns: tuple[StoredColumn, ...] = ()  # where they are not the table's


def table_info(raw: dict[str, Any]) -> TableInfo:
    """Reads a Glue table."""
    storage = raw.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    is_view = raw.get("TableType") == "VIRTUAL_VIEW"
    return TableInfo(
        database=raw["DatabaseName"],
        name=raw["Name"],
        columns=_columns(storage.get("Columns") or []),
        partition_keys=_columns(raw.get("PartitionKeys") or []),
        location=storage.get("Location") or "",
        format="parquet" if is_view else _format(raw, serde),
        serde=dict(serde.get("Parameters") or {}),
        parameters=dict(raw.get("Parameters") or {}),
        view=decode_view(raw) if is_view else None,
        raw=raw,
    )


def partition_columns(raw: list[dict[str, Any]], table: TableInfo) -> tuple[StoredColumn, ...]:
    """A partition's own columns; nothing when they are the table's, as they mostly are."""
    of_table = (table.raw.get("StorageDescriptor") or {}).get("Columns")
    if not raw or raw == of_table:
        return ()
    own = _columns(raw)
    return () if own == table.columns else own


def _columns(listed: list[dict[str, Any]]) -> tuple[StoredColumn, ...]:
    return tuple(
        StoredColumn(item["Name"].lower(), parse_type(item.get("Type") or "string"))
        for item in listed
    )


def _format(raw: dict[str, Any], serde: dict[str, Any]) -> Format:
    name = str(serde.get("SerializationLibrary") or "")
    found = _SERDES.get(name.lower())
    if found is None:
        raise QueryFailure(
            "HIVE_UNSUPPORTED_FORMAT",
            f"Unable to read table {raw['DatabaseName']}.{raw['Name']}: the serde "
            f"'{name}' is not supported",
        )
    return found


def encode_view(sql: str, database: str, columns: list[tuple[str, Type]]) -> str:
    """The ViewOriginalText that Athena keeps in Glue."""
    document = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": name, "type": str(kind)} for name, kind in columns],
    }
    return _VIEW_PREFIX + base64.b64encode(json.dumps(document).encode()).decode() + " */"


def decode_view(raw: dict[str, Any]) -> ViewText:
    """The query of a view from its Glue entry."""
    text = str(raw.get("ViewOriginalText") or "")
    try:
        document = json.loads(base64.b64decode(text.removeprefix(_VIEW_PREFIX).removesuffix(" */")))
        columns = tuple(
            StoredColumn(item["name"].lower(), parse_type(item["type"]))
            for item in document["columns"]
        )
        return ViewText(document["originalSql"], document.get("schema") or "", columns)
    except (ValueError, KeyError, TypeError) as error:
        message = f"View '{raw['DatabaseName']}.{raw['Name']}' cannot be read: {error}"
        raise QueryFailure("INVALID_VIEW", message) from None
