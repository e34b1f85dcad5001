"""Athena's statements as Trino's: queries as they are, CREATE TABLE AS with Hive's properties."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.execution import ctas, select, unload
from dayfold_local.athena.execution.ctas import Target
from dayfold_local.athena.execution.job import Outcome
from dayfold_local.athena.sql_types import literal, quote
from dayfold_local.athena.translation.parse import parse
from dayfold_local.athena.trino.engine import CATALOG
from dayfold_local.athena.trino.values import formatter

if TYPE_CHECKING:
    from dayfold_local.athena.execution.job import Job
    from dayfold_local.athena.trino.engine import TrinoSession

_CHUNK: Final = 10_000
_CTAS: Final = "CREATE_TABLE_AS_SELECT"
_CODECS: Final = {"UNCOMPRESSED": "NONE", "ZLIB": "GZIP"}  # Athena's names that Trino has not
_HIVE_CODECS: Final = frozenset({"NONE", "SNAPPY", "LZ4", "ZSTD", "GZIP"})


def run(job: Job, session: TrinoSession) -> Outcome:
    """Runs a statement that is not one about the catalog alone."""
    word = job.sql.split(maxsplit=1)[0].partition("(")[0].upper()
    if word == "CREATE":
        return _create(job, session)
    if word == "INSERT":
        return _insert(job, session)
    if word == "UNLOAD":
        return _unload(job, session)
    return _query(job, session)


def _limits(job: Job) -> dict[str, str]:
    return {"query_max_scan_physical_bytes": f"{job.cutoff}B"} if job.cutoff is not None else {}


def _query(job: Job, session: TrinoSession) -> Outcome:
    session.execute(job.sql, job.database, _limits(job))
    columns = session.described()
    formats = [formatter(kind) for _, kind in columns]
    out = io.StringIO()
    out.write(select.csv_line([name for name, _ in columns]))
    count = 0
    while rows := session.fetch(_CHUNK):
        count += len(rows)
        for row in rows:
            cells = zip(formats, row, strict=True)
            out.write(select.csv_line([None if v is None else show(v) for show, v in cells]))
    output = f"{job.output}{job.query_id}.csv"
    select.write_result(job.world, output, out.getvalue().encode(), columns)
    return Outcome(
        "DML", columns, output, scanned=session.scanned, rows=count, substatement="SELECT"
    )


def _insert(job: Job, session: TrinoSession) -> Outcome:
    session.execute(job.sql, job.database, _limits(job))
    counted = session.fetch(1)
    done = Outcome("DML", [], f"{job.output}{job.query_id}", scanned=session.scanned)
    done.substatement, done.update_count = "INSERT", int(counted[0][0]) if counted else 0
    return done


def _create(job: Job, session: TrinoSession) -> Outcome:
    tree = parse(job.sql)
    if not isinstance(tree, exp.Create) or tree.kind != "TABLE" or tree.expression is None:
        raise not_supported("CREATE statements of this kind")
    target = ctas.target_of(tree, job)
    if ctas.already_there(job, target, tree):
        return Outcome("DDL", output=f"{job.output}{job.query_id}.txt", substatement=_CTAS)
    rows = _write(job, session, target, _query_text(job.sql))
    output = f"{job.output}tables/{job.query_id}"
    manifest = f"{output}-manifest.csv"
    select.write_result(job.world, manifest, _manifest(job, target.location), [])
    done = Outcome("DDL", [], output, manifest, session.scanned, substatement=_CTAS)
    done.update_count = rows
    return done


def _unload(job: Job, session: TrinoSession) -> Outcome:
    """UNLOAD, which Trino does not have: a table made of the rows, and forgotten again."""
    query, location, layout = unload.asked(job)
    columns = [(name.lower(), kind) for name, kind in session.columns(query, job.database)]
    unload.check(job, columns, location, layout)
    name = f"unload_{job.query_id.replace('-', '_')}"
    target = Target(job.database, name, location, layout, with_data=True)
    names = ", ".join(quote(name) for name, _ in columns)
    rows = _write(job, session, target, f"SELECT * FROM (\n{query}\n) AS unloaded ({names})")
    scanned = session.scanned
    session.execute(f"DROP TABLE {_name(target)}", job.database)
    session.fetch(1)
    return unload.ended(job, _manifest(job, location), scanned, rows)


def _write(job: Job, session: TrinoSession, target: Target, query: str) -> int:
    """Makes a table of a query; how many rows it has."""
    codec = _CODECS.get(target.layout.compression, target.layout.compression)
    if codec not in _HIVE_CODECS:
        raise not_supported(f"writing {codec} files with a Trino server")
    properties = {f"{CATALOG}.compression_codec": codec, **_limits(job)}
    session.execute(written(query, target), job.database, properties)
    counted = session.fetch(1)
    return int(counted[0][0]) if counted else 0


def _manifest(job: Job, location: str) -> bytes:
    return "".join(f"{item.uri}\n" for item in job.world.store.list(location)).encode()


def written(query: str, target: Target) -> str:
    """The CTAS with the Hive connector's properties; the query's own text is not touched."""
    layout = target.layout
    given = {
        "format": literal(layout.format),
        "external_location": literal(target.location.rstrip("/")),
    }
    if layout.partitioned_by:
        given["partitioned_by"] = _names(layout.partitioned_by)
    if layout.bucketed_by:
        given["bucketed_by"] = _names(layout.bucketed_by)
        given["bucket_count"] = str(layout.buckets)
    if layout.format == "TEXTFILE":
        given["textfile_field_separator"] = literal(layout.delimiter)
    listed = ", ".join(f"{name} = {value}" for name, value in given.items())
    return f"CREATE TABLE {_name(target)} WITH ({listed}) AS\n{query}"


def _name(target: Target) -> str:
    return f"{quote(target.database)}.{quote(target.name)}"


def _names(columns: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(map(literal, columns))}]"


def _query_text(sql: str) -> str:
    """What stands behind the first AS outside of brackets."""
    depth = 0
    for token in Dialect.get_or_raise("trino").tokenize(sql):
        if token.token_type == TokenType.L_PAREN:
            depth += 1
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
        elif depth == 0 and token.text.upper() == "AS":
            return sql[token.end + 1 :]
    raise not_supported("CREATE TABLE without AS")
