"""The AWS CLI, in an environment of its own (`make` sets it up), asking the local Athena."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_athena.alone import environment
from tests.local_athena.client import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_athena.client import Client

AWS = Path(__file__).parents[2] / ".venv-aws" / "bin" / "aws"
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="no AWS CLI here: `make test` installs it")


# The command's own entry point, asked again and again: to start it anew takes longer than a query.
DRIVER = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = create_clidriver().main(json.loads(line))
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


class Cli:
    """`aws athena`, as a shell has it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.environment = environment(
            AWS_ACCESS_KEY_ID="000000000000",
            AWS_SECRET_ACCESS_KEY="local",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{client.port}",
            AWS_PAGER="",
        )
        self._process = subprocess.Popen(
            [str(AWS.with_name("python")), "-c", DRIVER],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ended(self, *arguments: str) -> tuple[int, str, str]:
        """Runs a command to its end: its exit code, what it says, and what it complains of."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(["athena", *arguments]) + "\n")
        self._process.stdin.flush()
        code, out, err = json.loads(self._process.stdout.readline())
        return code, out, err

    def __call__(self, *arguments: str) -> Any:
        """The document that a command answers with; None if it says nothing."""
        code, out, err = self.ended(*arguments)
        assert code == 0, err
        return json.loads(out) if out.strip() else None

    def query(self, sql: str, *more: str) -> dict[str, Any]:
        """Starts a query and waits for its end; what get-query-execution says then."""
        place = f"OutputLocation=s3://{self._client.bucket}/cli/"
        asked = ("--query-string", sql, "--result-configuration", place, *more)
        query_id = self("start-query-execution", *asked)["QueryExecutionId"]
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = self("get-query-execution", "--query-execution-id", query_id)["QueryExecution"]
            if found["Status"]["State"] in FINAL:
                return dict(found)
        raise TimeoutError(query_id)

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


@pytest.fixture(scope="module")
def aws(client: Client) -> Iterator[Cli]:
    """The command."""
    made = Cli(client)
    yield made
    made.close()


def test_the_command_itself(aws: Cli) -> None:
    # When a shell runs it
    command = [str(AWS), "athena", "list-work-groups", "--query", "WorkGroups[0].Name"]
    ended = subprocess.run(command, env=aws.environment, capture_output=True, text=True, check=True)

    # Then it has the answer
    assert json.loads(ended.stdout) == "primary"


def values(document: dict[str, Any]) -> list[str]:
    """The first column of a page of results."""
    return [row["Data"][0]["VarCharValue"] for row in document["ResultSet"]["Rows"]]


def test_a_query_and_its_pages(aws: Cli) -> None:
    # Given a query of five rows
    context = ("--query-execution-context", "Database=lake")
    ran = aws.query("SELECT x FROM UNNEST(sequence(1, 5)) t(x) ORDER BY x", *context)
    named = ("--query-execution-id", ran["QueryExecutionId"])

    # When its results are read whole by pages of two, then the first three, then the others
    whole = aws("get-query-results", *named, "--page-size", "2")
    first = aws("get-query-results", *named, "--max-items", "3")
    rest = aws("get-query-results", *named, "--starting-token", first["NextToken"])
    statistics = aws("get-query-runtime-statistics", *named)["QueryRuntimeStatistics"]

    # Then the CLI has put the pages together, and goes on where it was
    assert ran["Status"]["State"] == "SUCCEEDED"
    assert values(whole) == ["x", "1", "2", "3", "4", "5"]
    assert values(first) + values(rest) == values(whole)
    assert "NextToken" not in rest
    assert statistics["Rows"]["OutputRows"] == 5


def test_a_query_that_fails_and_calls_that_are_refused(aws: Cli) -> None:
    # Given a query that fails, and calls that name nothing or nonsense
    ran = aws.query("SELECT 1 / 0")

    # When they are made
    results = aws.ended("get-query-results", "--query-execution-id", ran["QueryExecutionId"])
    unknown = aws.ended("get-query-execution", "--query-execution-id", "no-such-query")
    nonsense = aws.ended("start-query-execution", "--query-string", "SELEC 1")

    # Then the query says why, and the CLI shows each refusal
    assert ran["Status"]["AthenaError"]["ErrorMessage"] == "DIVISION_BY_ZERO: Division by zero"
    for (code, _, complained), said in (
        (results, "Current state: FAILED"),
        (unknown, "QueryExecution no-such-query was not found"),
        (nonsense, "InvalidRequestException"),
    ):
        assert code != 0
        assert said in complained


def test_workgroups_and_prepared_statements(aws: Cli, client: Client) -> None:
    # Given a workgroup made by the CLI, with a place of its own for results
    place = f"s3://{client.bucket}/group/"
    settings = f"ResultConfiguration={{OutputLocation={place}}},EnforceWorkGroupConfiguration=true"
    aws("create-work-group", "--name", "cli", "--configuration", settings)
    group = ("--work-group", "cli")
    statement = ("--statement-name", "next", *group)
    try:
        # When a statement is prepared there, run with a parameter, and everything is listed
        aws("create-prepared-statement", *statement, "--query-statement", "SELECT ? + 1 AS n")
        ran = aws.query("EXECUTE next", "--execution-parameters", "41", *group)
        listed = aws("list-query-executions", *group, "--max-items", "1")["QueryExecutionIds"]
        groups = aws("list-work-groups")["WorkGroups"]
        prepared = aws("list-prepared-statements", *group)["PreparedStatements"]
        text = aws("get-prepared-statement", *statement)["PreparedStatement"]["QueryStatement"]
        aws("delete-prepared-statement", *statement)

        # Then the query ran in the workgroup, by its rules
        assert ran["ResultConfiguration"]["OutputLocation"].startswith(place)
        named = ("--query-execution-id", ran["QueryExecutionId"])
        assert values(aws("get-query-results", *named)) == ["n", "42"]
        assert listed == [ran["QueryExecutionId"]]
        assert {group["Name"] for group in groups} >= {"primary", "cli"}
        assert [one["StatementName"] for one in prepared] == ["next"]
        assert text == "SELECT ? + 1 AS n"
    finally:
        aws("delete-work-group", *group, "--recursive-delete-option")


def test_the_catalog(aws: Cli, client: Client) -> None:
    # Given two tables
    for name in ("cli_one", "cli_two"):
        client.table(name, {"n": "bigint"}, f"{name}/")

    # When the CLI lists them
    place = ("--catalog-name", "AwsDataCatalog", "--database-name", "lake")
    databases = aws("list-databases", "--catalog-name", "AwsDataCatalog")["DatabaseList"]
    tables = aws("list-table-metadata", *place, "--expression", "cli_.*", "--page-size", "1")
    one = aws("get-table-metadata", *place, "--table-name", "cli_one")["TableMetadata"]

    # Then they are there with their columns
    assert "lake" in {database["Name"] for database in databases}
    assert [table["Name"] for table in tables["TableMetadataList"]] == ["cli_one", "cli_two"]
    assert one["Columns"] == [{"Name": "n", "Type": "bigint"}]
