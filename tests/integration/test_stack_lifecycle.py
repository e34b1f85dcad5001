"""Starting, deploying, stopping and throwing away the local stack, as a person does it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold.errors import ConfigurationError
from dayfold_local import stack
from dayfold_local.folder import StateFolder, write_json
from tests.integration.conftest import free_port, outputs_of, processes_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.stack import StackInfo
    from tests.integration.conftest import SmallStack


def test_up_deploys_the_project_and_down_leaves_no_process(
    started: Callable[..., StackInfo], state: Path
) -> None:
    # Given
    info = started()
    client = info.session().client("lambda")
    client.invoke(FunctionName=outputs_of(info)["GreetFunction"], Payload=b"{}")
    assert len(processes_on(state)) >= 3  # the server, the loaded process, a worker

    # When
    was_running = stack.down(state)

    # Then
    assert was_running
    assert stack.info(state) is None
    assert processes_on(state) == []
    assert not stack.down(state)


def test_second_up_does_nothing_and_is_quick(small_stack: SmallStack) -> None:
    # Given
    first = small_stack.info
    updated = first.session().client("cloudformation").describe_stacks()["Stacks"][0]

    # When
    began = time.process_time()
    second = stack.up(small_stack.state, first.port, {}, small_stack.project)

    # Then
    assert time.process_time() - began < 1
    assert second == first
    again = first.session().client("cloudformation").describe_stacks()["Stacks"][0]
    assert again.get("LastUpdatedTime") == updated.get("LastUpdatedTime")


def test_up_deploys_again_when_code_or_parameters_changed(
    started: Callable[..., StackInfo], project: Path
) -> None:
    # Given
    info = started()
    app = project / "functions" / "greet" / "app.py"

    # When
    app.write_text(app.read_text().replace("}, {event", "}! {event"))
    started(Greeting="good morning")

    # Then
    answer = (
        info.session()
        .client("lambda")
        .invoke(FunctionName=outputs_of(info)["GreetFunction"], Payload=b'{"name": "you"}')
    )
    assert b'"good morning! you"' in answer["Payload"].read()


def test_only_loopback_listens(small_stack: SmallStack) -> None:
    # Given
    info = small_stack.info

    # When
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    rows6 = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    inodes = set()
    for link in Path(f"/proc/{info.pid}/fd").iterdir():
        target = str(link.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    listening = [row[1] for row in rows + rows6 if row[3] == "0A" and row[9] in inodes]

    # Then
    assert listening == [f"0100007F:{info.port:04X}"]


def test_port_in_use_says_by_whom(project: Path, state: Path) -> None:
    # Given
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        # When
        with pytest.raises(ConfigurationError) as caught:
            stack.up(state, port, {}, project)

    # Then
    assert str(caught.value).startswith(f"port {port} is in use by process {os.getpid()} (")
    assert "--port" in str(caught.value)


def test_state_of_another_version_is_refused(project: Path, state: Path) -> None:
    # Given
    state.mkdir()
    write_json(StateFolder(state).marker, {"format": 99})

    # When
    with pytest.raises(ConfigurationError, match=r"format 99.*dayfold reset"):
        stack.up(state, free_port(), {}, project)

    # Then
    assert StateFolder(state).format() == 99


def test_reset_removes_a_state_folder_and_nothing_else(
    started: Callable[..., StackInfo], state: Path, tmp_path: Path
) -> None:
    # Given
    started()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")

    # When
    stack.reset(state)
    with pytest.raises(ConfigurationError, match="nothing was removed"):
        stack.reset(precious)
    with pytest.raises(ConfigurationError, match="not a Dayfold state folder"):
        stack.up(precious, free_port(), {}, tmp_path / "project")

    # Then
    assert not state.exists()
    assert (precious / "thesis.txt").exists()


def test_not_a_project_and_unknown_parameters_are_refused(
    project: Path, state: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"no template\.yaml"):
        stack.up(state, free_port(), {}, tmp_path)
    with pytest.raises(ConfigurationError, match="no parameter Colour"):
        stack.up(state, free_port(), {"Colour": "red"}, project)
    assert not state.exists()


def test_template_that_fails_names_resource_and_reason_and_can_be_mended(
    started: Callable[..., StackInfo], project: Path
) -> None:
    # Given
    template = project / "template.yaml"
    good = template.read_text()
    template.write_text(good.replace("AWS::SQS::Queue", "AWS::SQS::Cue"))

    # When
    with pytest.raises(ConfigurationError, match=r"^template\.yaml: .*AWS::SQS::Cue"):
        started()
    twice = "Again:\n    Type: AWS::Glue::Database\n    DependsOn: Catalog\n    Properties: "
    twice += "{CatalogId: !Ref AWS::AccountId, DatabaseInput: {Name: kpi}}\n  Jobs:"
    template.write_text(good.replace("Jobs:", twice, 1))
    with pytest.raises(ConfigurationError, match=r"^template\.yaml: Again \(AWS::Glue::Database\)"):
        started()
    template.write_text(good)

    # Then
    assert "Bucket" in outputs_of(started())


def test_template_with_a_typo_names_the_line(project: Path, state: Path) -> None:
    # Given
    template = project / "template.yaml"
    template.write_text(template.read_text().replace("Resources:", "Resources: ["))

    # When / Then
    with pytest.raises(ConfigurationError, match=r"template\.yaml:\d+: "):
        stack.up(state, free_port(), {}, project)


def test_two_ups_at_once_share_one_server(project: Path, state: Path) -> None:
    # Given
    port = free_port()
    call = (
        "import sys; from pathlib import Path; from dayfold_local import stack;"
        "print(stack.up(Path(sys.argv[1]), int(sys.argv[2]), {}, Path(sys.argv[3])).pid)"
    )
    command = [sys.executable, "-c", call, str(state), str(port), str(project)]

    # When
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = [process.communicate(timeout=60)[0].strip() for process in both]

    # Then
    info = stack.info(state)
    assert info is not None
    assert pids == [str(info.pid)] * 2
