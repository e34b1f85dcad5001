"""The `dayfold` command: the same against the local stack and against an AWS account."""

from __future__ import annotations

import io
import os
import sys

import click

from dayfold_cli.boundary import EXIT_INTERRUPTED, EXIT_PIPE, explain
from dayfold_cli.lazy import LazyGroup
from dayfold_cli.target import Target, target_options

COMMANDS = {
    "demo": ("dayfold_cli.commands.demo", "From nothing to KPIs: stack, extracts, runs, charts."),
    "up": ("dayfold_cli.commands.stack", "Start the local stack and deploy the template on it."),
    "down": ("dayfold_cli.commands.stack", "Stop the local stack; its state stays."),
    "reset": ("dayfold_cli.commands.stack", "Stop the local stack and delete its state."),
    "doctor": ("dayfold_cli.commands.stack", "Say what is wrong with the local stack."),
    "land": ("dayfold_cli.commands.land", "Put extracts into raw/TABLE/."),
    "crawl": ("dayfold_cli.commands.crawl", "Start the crawler, whose success starts the run."),
    "run": ("dayfold_cli.commands.run", "Build what is missing, stale or failed; or all."),
    "backfill": ("dayfold_cli.commands.backfill", "Bring any stretch of history up to date."),
    "sweep": ("dayfold_cli.commands.sweep", "Find now what no event announced, and start it."),
    "status": ("dayfold_cli.commands.status", "The grid of tables and days."),
    "show": ("dayfold_cli.commands.show", "Builds, inputs, checks and cost of one partition."),
    "history": ("dayfold_cli.commands.history", "What readers saw, of any tables and days."),
    "rollback": ("dayfold_cli.commands.rollback", "Show readers an earlier build again."),
    "query": ("dayfold_cli.commands.query", "Run SQL on Athena."),
    "collect": ("dayfold_cli.commands.collect", "Delete what nobody can need any more."),
    "check": ("dayfold_cli.commands.check", "Read all queries, offline, and say what is wrong."),
    "invoke": ("dayfold_cli.commands.invoke", "Invoke a function with an event from a file."),
    "new": ("dayfold_cli.commands.new", "A new query with its header and its test."),
}


@click.group(
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    params=target_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`dayfold COMMAND --help` explains one. Start with: dayfold demo",
)
@click.version_option(package_name="dayfold", prog_name="dayfold", message="%(prog)s %(version)s")
def cli() -> None:
    """Daily extracts in, daily KPIs out: on a laptop, and the same on AWS.

    Every command works on the local stack unless --stack NAME names one on AWS.
    """


def main(arguments: list[str] | None = None) -> int:
    """Run one command and answer with its exit code; no error leaves here as a traceback."""
    target = Target()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode shows ? for a glyph
    try:
        code = cli.main(args=arguments, prog_name="dayfold", standalone_mode=False, obj=target)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # click turns the one into the other, and only it
        # The reader has what it wanted; keep the interpreter from complaining at its own flush.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return EXIT_PIPE
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place where everything ends
        if target.debug:
            import traceback

            traceback.print_exc()
        line, code = explain(error)
        sys.stderr.write(line + "\n")
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
