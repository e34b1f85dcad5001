"""CREATE EXTERNAL TABLE: Hive's statement, kept in Glue as Athena keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from dayfold_local.athena.catalog.tables import SERDE_CLASSES
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import parse_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.execution.job import Job

_TEXT: Final = SERDE_CLASSES["TEXTFILE"]


def create(job: Job, names: Callable[[str], tuple[str, str]]) -> None:
    """Puts the table of a CREATE EXTERNAL TABLE into the catalog."""
    try:
        tree = sqlglot.parse_one(job.sql, read="hive")
    except ParseError as error:
        raise QueryFailure(
            "FAILED", f"ParseException: {error.errors[0]['description']}", bare=True
        ) from None
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise not_supported("CREATE EXTERNAL TABLE of this form")
    table = tree.this.this
    database, name = names(".".join(part.name for part in table.parts))
    if job.world.catalog.database(database) is None:
        raise QueryFailure(
            "FAILED",
            f"SemanticException [Error 10072]: Database does not exist: {database}",
            bare=True,
        )
    if job.world.catalog.table(database, name) is not None:
        if tree.args.get("exists"):
            return
        raise QueryFailure(
            "FAILED", f"AlreadyExistsException(message:Table {name} already exists.)", bare=True
        )
    listed = tree.args.get("properties")
    entry = _Entry(name, _columns(tree.this.expressions))
    for item in listed.expressions if listed is not None else []:
        entry.take(item)
    if not entry.location:
        raise QueryFailure("FAILED", "ParseException: Missing required LOCATION clause", bare=True)
    body = {"DatabaseName": database, "TableInput": entry.glue()}
    job.world.catalog.change("CreateTable", database, name, body)


def _columns(nodes: list[exp.Expr]) -> list[dict[str, str]]:
    columns = []
    for node in nodes:
        if not isinstance(node, exp.ColumnDef) or node.kind is None:
            raise not_supported(f"the column {node.sql(dialect='hive')}")
        column = {"Name": node.name.lower(), "Type": parse_type(node.kind.sql(dialect="hive")).hive}
        comment = node.find(exp.CommentColumnConstraint)
        if comment is not None:
            column["Comment"] = comment.this.name
        columns.append(column)
    return columns


class _Entry:
    """The Glue entry under construction."""

    def __init__(self, name: str, columns: list[dict[str, str]]) -> None:
        self._name = name
        self._columns = columns
        self._keys: list[dict[str, str]] = []
        self._comment = ""
        self.location = ""
        self._classes = _TEXT
        self._serde: str | None = None
        self._serde_parameters: dict[str, str] = {}
        self._parameters: dict[str, str] = {"EXTERNAL": "TRUE"}

    def take(self, item: exp.Expr) -> None:
        """One clause behind the columns."""
        if isinstance(item, exp.SchemaCommentProperty):
            self._comment = item.this.name
        elif isinstance(item, exp.PartitionedByProperty):
            self._keys = _columns(item.this.expressions)
        elif isinstance(item, exp.LocationProperty):
            self.location = item.this.name
        elif isinstance(item, exp.RowFormatSerdeProperty):
            self._serde = item.this.name
            properties = item.args.get("serde_properties")
            for pair in properties.expressions if properties is not None else []:
                self._serde_parameters[pair.name] = pair.args["value"].name
        elif isinstance(item, exp.RowFormatDelimitedProperty):
            self._delimited(item)
        elif isinstance(item, exp.FileFormatProperty):
            self._format(item.this)
        elif isinstance(item, exp.Property) and not isinstance(item, exp.ExternalProperty):
            self._parameters[item.name] = item.args["value"].name

    def _delimited(self, item: exp.RowFormatDelimitedProperty) -> None:
        for key, name in (
            ("fields", "field.delim"),
            ("escaped", "escape.delim"),
            ("null", "serialization.null.format"),
        ):
            value = item.args.get(key)
            if value is not None:
                self._serde_parameters[name] = value.name

    def _format(self, node: exp.Expr) -> None:
        if isinstance(node, exp.InputOutputFormat):
            reads, writes = (node.args[key].name for key in ("input_format", "output_format"))
            self._classes = (self._classes[0], reads, writes)
            return
        stored = node.name.upper()
        if stored not in SERDE_CLASSES:
            raise not_supported(f"STORED AS {stored}")
        self._classes = SERDE_CLASSES[stored]

    def glue(self) -> dict[str, Any]:
        """The TableInput."""
        serde, reads, writes = self._classes
        if "parquet" in reads.lower() and self._serde is None:
            serde = SERDE_CLASSES["PARQUET"][0]
        return {
            "Name": self._name,
            "Description": self._comment,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": self._keys,
            "Parameters": self._parameters,
            "StorageDescriptor": {
                "Columns": self._columns,
                "Location": self.location,
                "InputFormat": reads,
                "OutputFormat": writes,
                "SerdeInfo": {
                    "SerializationLibrary": self._serde or serde,
                    "Parameters": self._serde_parameters or {"serialization.format": "1"},
                },
            },
        }
