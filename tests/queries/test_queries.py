"""Every query on the local Athena, by the cases in `tests/queries/<database>/<table>.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold.adapters.query_files import QueryFiles
from dayfold_local.query_tests.cases import Case, read_cases
from dayfold_local.query_tests.engine import LocalEngine
from dayfold_local.query_tests.run import run_case

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
TABLES = QueryFiles(FOLDER.parents[1] / "queries").load()


def cases_of(table: str) -> list[Case]:
    return read_cases(TABLES[table], FOLDER / f"{table.replace('.', '/')}.yaml")


def all_cases() -> Iterator[Case]:
    for table in TABLES:
        if (FOLDER / f"{table.replace('.', '/')}.yaml").exists():
            yield from cases_of(table)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    engine = LocalEngine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


@pytest.mark.parametrize("table", [*TABLES])
def test_every_table_has_cases(table: str) -> None:
    assert cases_of(table)


@pytest.mark.parametrize("case", [*all_cases()], ids=lambda case: f"{case.table}-{case.name}")
def test_case(case: Case, engine: LocalEngine) -> None:
    # When
    wrong = run_case(case, TABLES, engine)
    # Then
    assert not wrong, "\n".join(wrong)


def test_no_test_file_is_left_over() -> None:
    # Given
    files = {f"{path.parent.name}.{path.stem}" for path in FOLDER.glob("*/*.yaml")}
    # Then
    assert files == set(TABLES)
