"""Partitions whose columns are not the table's: what Athena converts, and what it fails on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.athena.catalog.tables import PartitionInfo, StoredColumn
    from dayfold_local.athena.sql_types import Type
    from dayfold_local.athena.translation.scope import Scan

_ORDER: Final = ("tinyint", "smallint", "integer", "bigint")
_BY_NAME: Final = {"parquet", "json"}  # the other formats know columns by their place


def check(scan: Scan, partitions: list[PartitionInfo]) -> None:
    """Raises HIVE_PARTITION_SCHEMA_MISMATCH for a column whose type cannot become the table's."""
    table = scan.table
    for part in partitions:
        for wanted, have in _pairs(scan, part):
            if converts(have.type, wanted.type):
                continue
            keys = zip(table.partition_keys, part.values, strict=True)
            name = "/".join(f"{key.name}={value}" for key, value in keys)
            raise QueryFailure(
                "HIVE_PARTITION_SCHEMA_MISMATCH",
                "There is a mismatch between the table and partition schemas. The types are "
                f"incompatible and cannot be coerced. The column '{wanted.name}' in table "
                f"'{table.full_name}' is declared as type '{wanted.type.hive}', but partition "
                f"'{name}' declared column '{have.name}' as type '{have.type.hive}'.",
            )


def _pairs(scan: Scan, part: PartitionInfo) -> Iterator[tuple[StoredColumn, StoredColumn]]:
    if scan.table.format in _BY_NAME:
        own = {column.name: column for column in part.columns}
        for column in scan.table.columns:
            if column.name in own:
                yield column, own[column.name]
    else:
        yield from zip(scan.table.columns, part.columns, strict=False)


def converts(have: Type, wanted: Type) -> bool:
    """Whether values written as `have` are read as `wanted`: what only grows, at any depth."""
    if have == wanted or (have.is_text and wanted.is_text):
        return True
    if have.is_integer:
        grows = wanted.is_integer and _ORDER.index(have.name) <= _ORDER.index(wanted.name)
        return grows or wanted.name == "varchar"
    if have.name == wanted.name == "row":
        mine = dict(zip(have.fields, have.args, strict=True))
        pairs = zip(wanted.fields, wanted.args, strict=True)
        return all(name not in mine or converts(mine[name], kind) for name, kind in pairs)
    if have.args and have.name == wanted.name and len(have.args) == len(wanted.args):
        return all(converts(a, b) for a, b in zip(have.args, wanted.args, strict=True))
    return {have.name, wanted.name} <= {"real", "double"} or have.name == wanted.name == "decimal"
