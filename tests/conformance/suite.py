"""The statements of the suite, the answers that Trino gave, and how two answers are compared.

`statements/*.sql` hold statements that end with a semicolon at a line's end; in the files whose
name begins with `expressions_` each line is one expression over `lake.typed`. `answers/NAME.json`
holds what Trino answered to each, and whether the DuckDB engine refuses it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
STATEMENTS: Final = HERE / "statements"
ANSWERS: Final = HERE / "answers"
RANDOM: Final = "random"  # the file of kept answers to queries of the generator
RANDOM_SEED: Final = 20261122
DIFFERENCES: Final = "differences"  # the file of statements that are known to differ
_FLOATS: Final = ("double", "real")
_TOLERANCE: Final = {"double": 1e-12, "real": 1e-6}  # relative: sums of doubles depend on the order
# What the DuckDB engine says when it does not know to answer as Trino does.
REFUSALS: Final = frozenset({"NOT_SUPPORTED", "FUNCTION_NOT_FOUND", "HIVE_UNSUPPORTED_FORMAT"})


@dataclasses.dataclass(frozen=True)
class Case:
    """One statement: the file it is of, its text there, and the SQL to run."""

    family: str
    text: str
    sql: str

    def __str__(self) -> str:
        return f"{self.family}: {self.text}"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an engine answered: columns and rows as Athena shows them, or an error's code."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    error: str | None = None
    message: str = ""

    @property
    def is_refusal(self) -> bool:
        """Whether the engine said that it cannot do this."""
        return self.error in REFUSALS

    def document(self, sql: str) -> dict[str, Any]:
        """As it is kept in a file: the rows of a statement without an order in one of their own."""
        if self.error is not None:
            return {"error": self.error}
        rows = self.rows if _is_ordered(sql) else sorted(self.rows, key=_sortable)
        return {
            "columns": [list(column) for column in self.columns],
            "rows": [list(row) for row in rows],
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Answer:
        """From a file."""
        if "error" in document:
            return cls(error=document["error"])
        rows = (tuple(row) for row in document["rows"])
        return cls(tuple((name, kind) for name, kind in document["columns"]), tuple(rows))


def cases() -> list[Case]:
    """All statements, file by file."""
    found = []
    for path in sorted(STATEMENTS.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        make = _expressions if path.stem.startswith("expressions_") else _statements
        found += make(path.stem, text)
    return found


def _expressions(family: str, text: str) -> list[Case]:
    lines = (line.strip() for line in text.splitlines())
    return [
        Case(family, line, f"SELECT k, {line} AS v FROM lake.typed ORDER BY k")
        for line in lines
        if line and not line.startswith("--")
    ]


def _statements(family: str, text: str) -> list[Case]:
    bare = re.sub(r"(?m)^\s*--.*\n?", "", text)
    parts = (part.strip() for part in re.split(r";[ \t]*(?:\n|\Z)", bare))
    return [Case(family, part, part) for part in parts if part]


def kept(family: str) -> dict[str, dict[str, Any]]:
    """The kept answers of a file, by the statement's text."""
    path = ANSWERS / f"{family}.json"
    if not path.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def keep(family: str, answers: dict[str, dict[str, Any]]) -> None:
    """Writes the answers of a file, one statement to a line."""
    ANSWERS.mkdir(exist_ok=True)
    lines = (
        f"{json.dumps(text, ensure_ascii=False)}: "
        f"{json.dumps(answers[text], ensure_ascii=False, separators=(',', ':'))}"
        for text in answers
    )
    body = "{\n" + ",\n".join(lines) + "\n}\n"
    path = ANSWERS / f"{family}.json"
    aside = path.with_suffix(".new")  # who reads meanwhile sees the old ones or the new ones
    aside.write_text(body, encoding="utf-8")
    aside.replace(path)


def difference(sql: str, wanted: Answer, found: Answer) -> str | None:
    """What differs between Trino's answer and another; None if nothing does, or it is refused."""
    if found.is_refusal and wanted.error != found.error:
        return None
    if wanted.error is not None or found.error is not None:
        if (wanted.error is None) != (found.error is None):
            return f"error {wanted.error} is {found.error}: {found.message}"
        return None
    return _different_rows(sql, wanted, found)


def _different_rows(sql: str, wanted: Answer, found: Answer) -> str | None:
    if wanted.columns != found.columns:
        return f"columns {wanted.columns} are {found.columns}"
    if len(wanted.rows) != len(found.rows):
        return f"{len(wanted.rows)} rows are {len(found.rows)}"
    kinds = [kind for _, kind in wanted.columns]
    left, right = list(wanted.rows), list(found.rows)
    if not _is_ordered(sql):
        left.sort(key=_sortable)
        right.sort(key=_sortable)
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        for kind, mine, theirs in zip(kinds, one, other, strict=True):
            if not _same(kind, mine, theirs):
                return f"row {at + 1}: {mine!r} is {theirs!r} in {one} / {other}"
    return None


def _is_ordered(sql: str) -> bool:
    """Whether ORDER BY stands outside of brackets."""
    outside, depth = [], 0
    for letter in sql:
        depth += (letter == "(") - (letter == ")")
        outside.append(letter if depth == 0 else " ")
    return re.search(r"\bORDER\s+BY\b", "".join(outside), re.IGNORECASE) is not None


def _sortable(row: tuple[str | None, ...]) -> tuple[tuple[bool, str], ...]:
    # Doubles are rounded, so that those which differ in the last digit sort alike.
    return tuple((cell is None, _rounded(cell or "")) for cell in row)


def _rounded(cell: str) -> str:
    if re.fullmatch(r"-?\d+\.\d{7,}(E-?\d+)?|-?\d\.\d+E-?\d+", cell):
        return f"{float(cell):.6g}"
    return cell


def _same(kind: str, mine: str | None, theirs: str | None) -> bool:
    if mine == theirs:
        return True
    if mine is None or theirs is None or kind not in _FLOATS:
        return False
    return math.isclose(float(mine), float(theirs), rel_tol=_TOLERANCE[kind], abs_tol=1e-300)
