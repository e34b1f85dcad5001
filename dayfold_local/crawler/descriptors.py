"""Tables and partitions as AWS's crawler writes them into the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.column_types import parse_type, type_text
from dayfold_local.crawler.csv_file import Dialect
from dayfold_local.crawler.schema import Columns, Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dayfold_local.crawler.layout import Partition

    Record = Mapping[str, Any]

# What the next crawl compares; AWS keeps its own such record out of sight.
FINGERPRINT = "dayfold.fingerprint"
PROBLEMS = "dayfold.problems"

_TEXT = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)
_PARQUET = (
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
)
_SKIP_HEADER = "skip.header.line.count"
_OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


def storage_descriptor(
    layout: Layout,
    columns: Columns,
    location: str,
    parameters: Mapping[str, str],
) -> dict[str, Any]:
    """Where and how the files of a table or a partition are to be read."""
    library, options = _serde(layout, columns)
    input_format, output_format = _PARQUET if layout.format == "parquet" else _TEXT
    return {
        "Columns": column_records(columns),
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "Compressed": parameters.get("compressionType", "none") != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": options},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }


def _serde(layout: Layout, columns: Columns) -> tuple[str, dict[str, str]]:
    if layout.format == "parquet":
        library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        return library, {"serialization.format": "1"}
    if layout.csv is None:
        return "org.openx.data.jsonserde.JsonSerDe", {"paths": ",".join(columns)}
    delimiter = layout.csv.delimiter
    if layout.csv.quoted:
        return _OPEN_CSV, {"separatorChar": delimiter, "quoteChar": '"', "escapeChar": "\\"}
    library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    return library, {"field.delim": delimiter, "serialization.format": delimiter}


def column_records(columns: Columns) -> list[dict[str, str]]:
    """The columns as Glue lists them."""
    return [{"Name": name, "Type": type_text(kind)} for name, kind in columns.items()]


def columns_of(storage: Record) -> Columns:
    """The columns that a table or partition declares."""
    return {
        str(column["Name"]).lower(): parse_type(column.get("Type") or "string")
        for column in storage.get("Columns") or []
    }


def layout_of(table: Record) -> Layout | None:
    """How the files of a catalogued table are to be read; None if the crawler cannot tell."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    library = str(serde.get("SerializationLibrary", ""))
    options = serde.get("Parameters") or {}
    if "Parquet" in library:
        return Layout("parquet")
    if "Json" in library or "JSON" in library:
        return Layout("json")
    quoted = library == _OPEN_CSV
    if not quoted and "LazySimple" not in library:
        return None
    delimiter = options.get("separatorChar" if quoted else "field.delim", ",")
    parameters = {**(storage.get("Parameters") or {}), **(table.get("Parameters") or {})}
    return Layout("csv", Dialect(delimiter, parameters.get(_SKIP_HEADER) == "1", quoted))


def parameters_of(
    crawler: str,
    layout: Layout,
    compression: str,
    counts: Mapping[str, int],
) -> dict[str, str]:
    """The parameters that AWS's crawler writes; the counts as `totals` gives them."""
    rows = counts["recordCount"]
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        "averageRecordSize": str(round(counts["sizeKey"] / rows) if rows else 0),
        "classification": layout.format,
        "compressionType": compression,
        "typeOfData": "file",
        **{name: str(count) for name, count in counts.items()},
    }
    if layout.csv is not None:
        parameters |= {
            "areColumnsQuoted": str(layout.csv.quoted).lower(),
            "columnsOrdered": "true",
            "delimiter": layout.csv.delimiter,
        }
        if layout.csv.has_header:
            parameters[_SKIP_HEADER] = "1"
    return parameters


def totals(partitions: Iterable[Record]) -> dict[str, int]:
    """Adds up what the partitions' parameters say, for the table's own."""
    sums = dict.fromkeys(("objectCount", "sizeKey", "recordCount"), 0)
    for partition in partitions:
        parameters = (partition.get("StorageDescriptor") or {}).get("Parameters") or {}
        for name in sums:
            sums[name] += int(parameters.get(name, 0))
    return sums


def new_table(
    name: str,
    keys: Iterable[str],
    storage: Record,
    parameters: Record,
) -> dict[str, Any]:
    """What is given to Glue for a table that is not there yet."""
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "Parameters": parameters,
    }


def updated_table(
    table: Record,
    storage: Record,
    parameters: Record,
) -> tuple[dict[str, Any], bool]:
    """The table with new columns and counts, and whether columns changed.

    Everything else stays, comments on columns and a changed SerDe among it.
    """
    before = table["StorageDescriptor"]
    old = {column["Name"].lower(): column for column in before.get("Columns") or []}
    columns = [{**old.get(column["Name"], {}), **column} for column in storage["Columns"]]
    serde = before.get("SerdeInfo") or {}
    options = {**storage["SerdeInfo"]["Parameters"], **(serde.get("Parameters") or {})}
    if "paths" in options:
        options["paths"] = storage["SerdeInfo"]["Parameters"].get("paths", options["paths"])
    merged = {
        **before,
        "Columns": columns,
        "SerdeInfo": {**serde, "Parameters": options},
        "Parameters": {**(before.get("Parameters") or {}), **parameters},
    }
    updated = {
        **table,
        "StorageDescriptor": merged,
        "Parameters": {**(table.get("Parameters") or {}), **parameters},
    }
    return updated, columns != before.get("Columns")


def partition_input(
    partition: Partition,
    storage: dict[str, Any],
    problems: Iterable[str],
) -> dict[str, Any]:
    """What is given to Glue for one partition."""
    parameters = {FINGERPRINT: partition.fingerprint}
    if text := "\n".join(problems):
        parameters[PROBLEMS] = text
    return {
        "Values": list(partition.values),
        "StorageDescriptor": storage,
        "Parameters": parameters,
    }
