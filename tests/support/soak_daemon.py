"""A warm process that forks what a service manager would start: Dagster's daemon, its run workers, `swing` commands.

Run with the path of a socket, in an environment with a moved clock. Each connection sends one line of JSON and reads
one back. What is forked is real: Dagster's own daemon controller with all its threads, storage and queue; a run worker
that executes a run as `dagster api execute_run` does. Only the imports, many seconds each, are made once for all.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dagster import DagsterInstance
from dagster._cli.api import _execute_run_command_body
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.controller import daemon_controller_from_instance
from dagster._serdes import ConfigurableClass

from dagster_defs import definitions
from dagster_defs.automation import NEEDED
from dagster_defs.cli.main import main as swing
from dagster_defs.environment import PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster._serdes.config_class import ConfigurableClassData

SOCKET = "SOAK_SOCKET"
LAUNCHER = "\nrun_launcher:\n  module: soak_daemon\n  class: ForkingLauncher\n"
MODULE = definitions.__name__


def ask(path: str, **question: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Send a question to the warm process; return its answer."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(path)
        stream.sendall(json.dumps(question).encode() + b"\n")
        return json.loads(stream.makefile().readline())


class ForkingLauncher(RunLauncher, ConfigurableClass):
    """Launches each run in a process of its own, forked from the warm one."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Return what Dagster keeps of its configuration."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return no settings."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, _config_value: Mapping[str, Any]) -> Self:
        """Make it, as Dagster does."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the worker."""
        ask(os.environ[SOCKET], run=context.dagster_run.run_id)

    def terminate(self, run_id: str) -> bool:  # noqa: ARG002 - Dagster's signature
        """End no run: nobody asks for it here."""
        return False


def instance_of(home: Path) -> DagsterInstance:
    """Open the installation's instance, whose runs are forked."""
    folder = home / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    settings = (PROJECT / "dagster.yaml").read_text(encoding="utf-8")
    (folder / "dagster.yaml").write_text(settings + LAUNCHER, encoding="utf-8")
    return DagsterInstance.from_config(str(folder))


def run_daemon(home: Path) -> None:
    """Be Dagster's daemon, with the schedules switched on as a person does in the UI."""
    origin = LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE)
    target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin, location_name=MODULE))
    with (
        instance_of(home) as instance,
        daemon_controller_from_instance(instance, target) as controller,
    ):
        (location,) = controller._workspace_process_context.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        for name in NEEDED:
            instance.start_schedule(repository.get_schedule(name))
        controller.check_daemon_loop()


def run_worker(home: Path, run_id: str) -> None:
    """Execute a run."""
    with instance_of(home) as instance:
        _execute_run_command_body(run_id, instance, lambda _event: None, set_exit_code_on_failure=False)


def work(home: Path, question: Mapping[str, Any]) -> None:
    """Do in a fork what is asked for."""
    if command := question.get("swing"):
        swing(command, standalone_mode=True)
    elif run_id := question.get("run"):
        run_worker(home, run_id)
    else:
        run_daemon(home)


def fork(home: Path, log: Path, question: Mapping[str, Any]) -> int:
    """Fork a process for a question, in a session of its own; return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(output, stream)
        work(home, question)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


def main(path: str, log: Path) -> None:
    """Fork at every question; `wait` asks for the end of a process, `workers` for the ids of living run workers."""
    home = Path(os.environ["SWING_HOME"])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    os.environ[SOCKET] = path
    workers: list[int] = []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        stream, _ = listener.accept()
        with stream:
            question = json.loads(stream.makefile().readline())
            if pid := question.get("wait"):
                done, status = os.waitpid(pid, os.WNOHANG)
                answer: Any = {"code": os.waitstatus_to_exitcode(status) if done else None}
            elif question.get("workers"):
                workers = [pid for pid in workers if os.waitpid(pid, os.WNOHANG) == (0, 0)]
                answer = workers
            else:
                answer = {"pid": fork(home, log, question)}
                workers += [answer["pid"]] if "run" in question else []
            stream.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
