"""SELECT: translate (or recall the translation), read, and write the result file."""

from __future__ import annotations

import collections
import dataclasses
import io
import threading
from typing import TYPE_CHECKING, Any, Final

import duckdb

from dayfold_local.athena.errors import AccessDeniedError, QueryFailure
from dayfold_local.athena.execution import (
    failures,
    information_schema,
    result_metadata,
    scans,
    values,
)
from dayfold_local.athena.execution.job import CutoffError, Job, Outcome
from dayfold_local.athena.sql_types import VARCHAR, Type, quote
from dayfold_local.athena.translation import templates
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.parse import parse, position
from dayfold_local.athena.translation.queries import Translated, translate
from dayfold_local.athena.translation.scope import Typed
from dayfold_local.athena.translation.templates import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlglot import exp

    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.catalog.tables import TableInfo
    from dayfold_local.athena.translation.scope import Scan

_CHUNK: Final = 10_000
_Key = tuple[str, str, tuple[object, ...]]  # template, database, what its own tables look like


class TranslationCache:
    """Translations by template and database, good as long as the tables look the same."""

    def __init__(self, size: int = 1000) -> None:
        self._held: collections.OrderedDict[_Key, Translated | None] = collections.OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def translated(
        self, text: str, tree: Callable[[str], exp.Expr], database: str, world: World
    ) -> Translated:
        """The query's translation.

        Its tables are looked up each time: rights and schema may change.
        """
        for template in (templates.of(text), Template(text)):
            key = (template.text, database, _shapes(template, world))
            with self._lock:
                is_new, known = key not in self._held, self._held.get(key)
            fresh = None if known is None else self._refreshed(known, template, world)
            if fresh is not None:
                return fresh
            if known is not None or is_new:
                made = self._of_template(template, tree, database, world)
                self._keep(key, made)
                if made is not None:
                    return _filled(made, template, {})
        raise AssertionError(text)  # a statement without stand-ins is translated or refused

    @staticmethod
    def _of_template(
        template: Template, tree: Callable[[str], exp.Expr], database: str, world: World
    ) -> Translated | None:
        """The translation of a template; None where only the statement itself will do."""
        if template.is_filled:
            return _translated(template, tree, database, world)
        try:
            made = _translated(template, tree, database, world)
        except (QueryFailure, AccessDeniedError):
            return None  # whose words are to be the statement's own
        texts = [made.sql, *made.names]
        for scan in made.scans:
            texts += [*scan.conditions, *(f"'{one}'" for e in scan.equals.values() for one in e)]
        return made if all(map(templates.holds_only_stand_ins, texts)) else None

    def _keep(self, key: _Key, made: Translated | None) -> None:
        with self._lock:
            self._held[key] = made
            while len(self._held) > self._size:
                self._held.popitem(last=False)

    @staticmethod
    def _refreshed(known: Translated, template: Template, world: World) -> Translated | None:
        """What is known, filled in for a statement, if its tables are as those were."""
        tables: dict[str, TableInfo] = {}
        for table in known.tables:
            if table.full_name not in tables:
                found = world.catalog.table(table.database, template.table(table.name))
                if found is None or _named(found, table.name).signature != table.signature:
                    return None
                tables[table.full_name] = found
        return _filled(known, template, tables)


def _translated(
    template: Template, tree: Callable[[str], exp.Expr], database: str, world: World
) -> Translated:
    def lookup(schema: str, name: str, node: exp.Expr | None) -> TableInfo:
        return _named(find_table(world, schema, template.table(name), node), name)

    return translate(tree(template.text), database, lookup)


def _shapes(template: Template, world: World) -> tuple[object, ...]:
    """What the tables look like that a template leaves open; those it names are looked at later."""
    shapes: list[object] = []
    for place in template.tables:
        try:
            table = world.catalog.table(*place)
        except AccessDeniedError:
            table = None  # what looks like a table may be a column of one
        shapes.append(table and (table.columns, table.partition_keys, table.format))
    return tuple(shapes)


def _named(table: TableInfo, name: str) -> TableInfo:
    return table if table.name == name else dataclasses.replace(table, name=name)


def _filled(made: Translated, template: Template, tables: Mapping[str, TableInfo]) -> Translated:
    """A template's translation with the days and tables of a statement."""

    def scan_of(scan: Scan) -> Scan:
        table = tables.get(scan.table.full_name) or scan.table
        return dataclasses.replace(
            scan,
            table=_named(table, template.table(table.name)),
            conditions=[template.filled(one) for one in scan.conditions],
            equals={
                key: {template.day(one) for one in values} for key, values in scan.equals.items()
            },
        )

    scans = tuple(map(scan_of, made.scans))
    return dataclasses.replace(made, sql=template.filled(made.sql), scans=scans)


CACHE: Final = TranslationCache()


def find_table(world: World, database: str, name: str, node: exp.Expr | None) -> TableInfo:
    """The table, or Athena's answer to one that is not there."""
    of_schema = database == information_schema.DATABASE
    catalog = world.catalog
    found = information_schema.table(catalog, name) if of_schema else catalog.table(database, name)
    if found is not None:
        return found
    if not of_schema and catalog.database(database) is None:
        raise QueryFailure(
            "SCHEMA_NOT_FOUND", f"{position(node)}Schema '{database}' does not exist"
        )
    raise QueryFailure(
        "TABLE_NOT_FOUND",
        f"{position(node)}Table 'awsdatacatalog.{database}.{name}' does not exist",
    )


@dataclasses.dataclass(slots=True)
class Running:
    """A translated query with its files chosen."""

    query: Translated
    prepared: scans.Prepared


def plan(job: Job, text: str, tree: Callable[[str], exp.Expr]) -> Running:
    """Translates and prepares a query, minding the workgroup's limit on scanned bytes."""
    query = CACHE.translated(text, tree, job.database, job.world)
    prepared = scans.prepare(query, job.world, job.session, job.unpacked)
    if job.cutoff is not None and prepared.bytes > job.cutoff:
        raise CutoffError
    return Running(query, prepared)


def execute(job: Job, running: Running, sql: str) -> None:
    """Runs SQL of the engine; its complaints become Athena's."""
    try:
        job.session.run(sql)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise failures.describe(error, running.prepared.files) from None


def run_select(job: Job) -> Outcome:
    """SELECT and what reads like one."""
    running = plan(job, job.sql, parse)
    query = running.query
    labels = [f"c{at}" for at in range(len(query.types))]
    shown = ", ".join(_shown(label, kind) for label, kind in zip(labels, query.types, strict=True))
    plain = all(not kind.name.endswith("zone") for kind in query.types)
    sql = running.prepared.sql
    if not plain:
        sql = f"SELECT {shown} FROM ({sql}) AS r({', '.join(labels)})"
    execute(job, running, sql)
    body, rows = _csv(job, running)
    output = f"{job.output}{job.query_id}.csv"
    columns = list(zip(query.names, query.types, strict=True))
    write_result(job.world, output, body, columns)
    return Outcome(
        "DML",
        columns,
        output,
        scanned=running.prepared.bytes,
        rows=rows,
        substatement="SELECT",
        output_bytes=len(body),
    )


def _shown(label: str, kind: Type) -> str:
    """Timestamps with a zone leave the engine as the text that Athena prints."""
    return cast(Typed(label, kind), VARCHAR).sql if kind.name.endswith("zone") else quote(label)


def _csv(job: Job, running: Running) -> tuple[bytes, int]:
    kinds = running.query.types
    formats = [str if kind.name.endswith("zone") else values.formatter(kind) for kind in kinds]
    out = io.StringIO()
    out.write(csv_line(running.query.names))
    rows = 0
    while True:
        try:
            chunk = job.session.fetch(_CHUNK)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise failures.describe(error, running.prepared.files) from None
        if not chunk:
            break
        rows += len(chunk)
        for row in chunk:
            out.write(
                csv_line(
                    [None if v is None else show(v) for show, v in zip(formats, row, strict=True)]
                )
            )
    return out.getvalue().encode(), rows


def csv_line(cells: Any) -> str:  # noqa: ANN401
    """Athena quotes everything but NULL, which it leaves empty."""
    return ",".join("" if c is None else '"' + c.replace('"', '""') + '"' for c in cells) + "\n"


def write_result(world: World, output: str, body: bytes, columns: list[tuple[str, Type]]) -> None:
    """The result file and its .metadata, or Athena's answer when they may not be written."""
    query_id = output.rpartition("/")[2].partition(".")[0].removesuffix("-manifest")
    described = result_metadata.encode(query_id, columns)
    place = f"{output}.metadata"
    if output.endswith("-manifest.csv"):  # Athena leaves it beside the manifest
        place = output.replace("-manifest.csv", ".metadata")
    try:
        world.store.put(output, body, "text/csv" if output.endswith("csv") else "text/plain")
        world.store.put(place, described)
    except AccessDeniedError:
        raise QueryFailure(
            "RESULT_WRITE_FAILED",
            f"Access denied when writing output to url: {output} . Please ensure you are allowed "
            "to "
            "access the S3 bucket. If you are encrypting query results with KMS key, please ensure "
            "you are allowed to access your KMS key",
            bare=True,
        ) from None
