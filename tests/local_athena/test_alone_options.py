"""Starting the service wrongly: one clear line, exit code 2; and what it keeps of fetched files."""

from __future__ import annotations

import os
import socket
from typing import IO, TYPE_CHECKING

import pytest

from dayfold.errors import ConfigurationError
from dayfold_local.athena.alone import main, options
from dayfold_local.athena.alone.settings import Settings
from dayfold_local.athena.catalog.fetched import Fetched
from dayfold_local.athena.catalog.ports import StoredObject
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "DAYFOLD_")):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "http"], "--port is a whole number from 0 to 65535, not 'http'"),
        (["--port", "70000"], "--port is a whole number from 0 to 65535, not '70000'"),
        (["--glue-endpoint", "127.0.0.1:5000"], "--glue-endpoint is a URL like http://127.0.0.1"),
        (["--s3-endpoint", "http://[::1"], "--s3-endpoint is a URL like http://127.0.0.1"),
        (["--engine", "presto"], "--engine is duckdb or trino, not 'presto'"),
        (["--engine", "trino"], "--trino-url: the URL of a Trino server is like"),
        (["--trino-url", "http://127.0.0.1:1"], "--trino-url goes with --engine trino"),
        (["--workers", "0"], "--workers is a whole number from 1 to 256, not '0'"),
        (["--state", __file__], "--state is a folder, and "),
        (["--colour", "red"], "unrecognized arguments: --colour red (--help lists the options)"),
        ([], "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # When the service is started so
    code = main.main(arguments)

    # Then it says why in one line, and nothing runs
    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert shown.err.startswith(said)
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("DAYFOLD_ATHENA_PORT", "x", "DAYFOLD_ATHENA_PORT is a whole number from 0 to 65535"),
        ("DAYFOLD_ATHENA_START_RATE", "fast", "DAYFOLD_ATHENA_START_RATE is a number, 0 or more"),
        ("DAYFOLD_ATHENA_MEMORY", "much", "DAYFOLD_ATHENA_MEMORY is a size like 2GB, not 'much'"),
    ],
)
def test_so_do_variables(
    name: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    # Given a variable that is not of its form
    monkeypatch.setenv(name, text)

    # When the service is started
    code = main.main([])

    # Then the variable is named
    shown = capsys.readouterr()
    assert code == 2
    assert shown.err.startswith(said)
    assert shown.err.count("\n") == 1


def test_endpoints_where_nobody_answers_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given keys, and a port that nobody listens on
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    url = f"http://127.0.0.1:{free_port()}"

    # When the service is started over it
    code = main.main(["--glue-endpoint", url, "--s3-endpoint", url])

    # Then it says which endpoint
    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("--glue-endpoint: Glue cannot be asked: Could not connect")
    assert url in said
    assert said.count("\n") == 1


def test_a_port_that_is_taken() -> None:
    # Given a port that somebody listens on
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        # When the service wants it
        with pytest.raises(ConfigurationError) as refused:
            main.listening(options.read(["--port", str(port)], {}))

    # Then it is told so
    assert f"--port: cannot listen on 127.0.0.1:{port}" in str(refused.value)


def test_options_come_before_variables_and_variables_before_defaults() -> None:
    # Given a variable for two of the options
    variables = {"DAYFOLD_ATHENA_PORT": "1", "DAYFOLD_ATHENA_WORKERS": "3"}

    # When one of them is given too
    found = options.read(["--port", "2"], variables)

    # Then it counts, and the rest is as the variable or the default says
    assert (found.port, found.workers, found.engine) == (2, 3, "duckdb")


def test_a_folder_is_one_services(tmp_path: Path) -> None:
    # Given a service on a folder
    # When another one starts on it
    # Then it is refused
    with (
        Settings(tmp_path),
        pytest.raises(ConfigurationError, match="another service already runs on it"),
        Settings(tmp_path),
    ):
        pass


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    # Given a torn file
    (tmp_path / "workgroups.json").write_text('{"_workgroups": ')

    # When a service starts on it
    # Then it says which file
    with (
        pytest.raises(ConfigurationError, match="json is damaged"),
        Settings(tmp_path),
    ):
        pass


def stored(fetched: Fetched, key: str, size: int) -> StoredObject:
    """An object of so many bytes."""
    return StoredObject("b", key, size, "e", str(fetched.place("b", key, "e")))


def test_what_was_fetched_makes_room_but_not_what_is_held(tmp_path: Path) -> None:
    # Given room for two files of 10 bytes
    fetched = Fetched(tmp_path, 20)
    items = [stored(fetched, key, 10) for key in ("a.gz", "b.gz", "c.gz")]
    calls: list[str] = []

    def fetch(file: IO[bytes]) -> None:
        calls.append(file.name)
        file.write(b"0123456789")

    # When a query holds all three, and then lets them go
    for item in items:
        fetched.hold(item, fetch)
    held = [path.suffix for path in tmp_path.iterdir()]
    fetched.release([item.path for item in items])
    left = {path.name for path in tmp_path.iterdir()}
    fetched.hold(items[2], fetch)

    # Then all were there while it did, the oldest went, and what stayed is not fetched again
    assert held == [".gz", ".gz", ".gz"]
    assert left == {os.path.basename(item.path) for item in items[1:]}  # noqa: PTH119
    assert len(calls) == 3


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    # Given a file whose fetching breaks off
    fetched = Fetched(tmp_path, 20)

    def fetch(file: IO[bytes]) -> None:
        file.write(b"01234")
        raise OSError("broken off")

    # When it is fetched
    with pytest.raises(OSError, match="broken off"):
        fetched.hold(stored(fetched, "a", 10), fetch)

    # Then there is no half of it
    assert list(tmp_path.iterdir()) == []
