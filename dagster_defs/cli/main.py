"""The `swing` command: the terminal's composition root. A command's module is imported when the command is called."""

from __future__ import annotations

import gc
import importlib
import io
import logging
import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from dagster_defs.environment import is_logged_as_json, is_stderr_for_machines
from warehouse.errors import MachineError, SwingError

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = {
    "init": "setup",
    "fetch": "fetch",
    "backtest": "backtest",
    "compare": "compare",
    "daily": "daily",
    "walkforward": "backtest",
    "weights": "ask",
    "explain": "explain",
    "sql": "ask",
    "status": "status",
    "acknowledge": "acknowledge",
    "permute": "permute",
    "optimize": "optimize",
    "check": "check",
    "risk": "risk",
    "report": "report",
    "trade": "trade",
    "reconcile": "reconcile",
    "halt": "controls",
    "reduce-only": "controls",
    "resume": "controls",
    "release": "controls",
    "connect": "connect",
    "ledger": "ledger",
    "simulator": "simulator",
    "dev": "setup",
    "serve": "serve",
    "open": "opening",
    "user": "users",
    "docs": "docs",
    "demo": "demonstration",
    "maintain": "upkeep",
    "backup": "upkeep",
    "restore": "upkeep",
    "install": "installing",
    "preflight": "watching",
    "alert": "watching",
    "alerts": "watching",
    "ack": "watching",
    "digest": "watching",
    "watchdog": "watching",
    "phase": "phases",
    "freeze": "phases",
    "validate": "phases",
    "preview": "canary",
    "canary": "canary",
}
"""The module beside this one that holds each command, in a function of the command's name."""


LOG = logging.getLogger(__name__)
ASKING = {"backtest", "compare", "explain", "report", "risk", "sql", "status", "walkforward", "weights"}
"""Commands that read the warehouse first of all."""
FEW_COLLECTIONS = 50_000
"""New objects before Python looks for circles among them: modules, classes and rows are none, and there are many."""
INTERRUPTED = 130
AFTERWARDS = "What was published or recorded stands, and the next start goes on from there."


class Commands(click.Group):
    """Imports a command when it is called; shows an expected failure as its message alone, with its own exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands' names."""
        return sorted(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; what it will wait for begins beside the import of its module."""
        gc.set_threshold(FEW_COLLECTIONS)
        if args[0] in ASKING and not {*ctx.help_option_names} & {*args}:
            from warehouse.lake import expect_reader  # noqa: PLC0415 - what asks nothing need not wait for the engine

            expect_reader()
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dagster_defs.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """List each command with the first line of its documentation, read without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in sorted(COMMANDS)])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """List the exit codes."""
        from dagster_defs.cli import exit_codes  # noqa: PLC0415 - a command needs none of them

        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exit_codes.meanings().items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command."""
        arrived = _arriving_signals()
        try:
            return super().invoke(ctx)
        except SwingError as error:
            # What breaks after Ctrl-C breaks because of it: an import cut in half, say.
            _stopped(ctx) if signal.SIGINT in arrived() else _fail(ctx, error)
        except (KeyboardInterrupt, click.Abort):
            _stopped(ctx)
        except BrokenPipeError as error:
            if not _is_gone(sys.stdout):
                _fail(ctx, MachineError.of(error))
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except OSError as error:
            _fail(ctx, MachineError.of(error))


def _arriving_signals() -> Callable[[], bytes]:
    """Note the numbers of the signals from now on, whoever handles them; return how to read them."""
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    def arrived() -> bytes:
        try:
            return os.read(read, 4096)
        except BlockingIOError:
            return b""

    return arrived


def _stopped(ctx: click.Context) -> NoReturn:
    _tell(ctx, f"stopped by Ctrl-C. {AFTERWARDS}", "INTERRUPTED", INTERRUPTED)


def _fail(ctx: click.Context, error: SwingError) -> NoReturn:
    _tell(ctx, str(error), type(error).__name__, error.exit_code)


def _tell(ctx: click.Context, message: str, code: str, exit_code: int) -> NoReturn:
    """Say why a command ends: to a person, to the log, or both."""
    if is_logged_as_json():
        told = {"code": code, "exit_code": exit_code, "command": ctx.invoked_subcommand}
        LOG.error(message, extra=told)
    if not is_stderr_for_machines():
        click.echo(f"swing: {message}", err=True)
    ctx.exit(exit_code)


def _is_gone(stream: TextIO) -> bool:
    """Return True if nobody reads a stream any more."""
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLERR)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _summary(command: str) -> str:
    """Read the first line of a command's documentation from its source."""
    import ast  # noqa: PLC0415 - as above

    source = Path(__file__).with_name(f"{COMMANDS[command]}.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    return (ast.get_docstring(functions[command.replace("-", "_")]) or "").partition("\n")[0]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="swing-portfolio")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Trade a daily ETF rotation that is computed in SQL, on a warehouse of your own.

    \b
    A first session:
      swing init                                  write portfolio.yaml: every setting, commented out
      swing fetch --source files ~/bars/          import price bars: CSV or Parquet, a file or a folder
      swing backtest                              build every strategy, write pictures to $SWING_HOME/reports
      swing walkforward                           measure the choice of parameters out of sample
      swing weights                               show tonight's target weights
      swing explain                               say of each symbol why it is held or not
      swing trade                                 plan the account's trades; sends nothing
      swing dev                                   open the Dagster UI

    Everything lives in $SWING_HOME (default: .swing in the project).
    """
    from dagster_defs.environment import prepare_environment  # noqa: PLC0415

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII alone fails no command
    # A terminal that closes ends a command as Ctrl-C does, so that a run is recorded as ended.
    signal.signal(signal.SIGHUP, lambda _number, _frame: os.kill(os.getpid(), signal.SIGINT))
    ctx.obj = prepare_environment()


if __name__ == "__main__":
    main()
