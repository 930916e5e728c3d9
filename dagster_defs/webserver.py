"""The entry of `swing dev`: Dagster's own development server, with a guard before its web server.

Dagster's UI has no sign-in and answers any page that a browser shows: a foreign page could launch a rebalance. The
guard lets through what comes from the UI itself, and what no browser sends.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dagster_defs.environment import ui_hosts
from operations.web.guard import HARMLESS, Guard

if TYPE_CHECKING:
    from operations.web.guard import Scope

ADVICE = "$SWING_UI_HOSTS lists further ones."


def no_query_in_the_address(scope: Scope) -> tuple[int, str]:
    """Refuse a GraphQL query in an address, which any page's picture could hold."""
    is_asked = scope["method"] in HARMLESS and scope["path"].endswith("/graphql")
    if is_asked and parse_qs(scope["query_string"], keep_blank_values=True):
        return 405, "Send queries by POST, as application/json."
    return 0, ""


guarded = partial(Guard, advice=ADVICE, further=no_query_in_the_address)


def serve() -> None:
    """Run Dagster's web server behind the guard."""
    from dagster_webserver.cli import main  # noqa: PLC0415 - `swing dev` itself does not need it
    from dagster_webserver.webserver import DagsterWebserver  # noqa: PLC0415 - as above
    from starlette.middleware import Middleware  # noqa: PLC0415 - as above

    theirs = DagsterWebserver.build_middleware
    ours = Middleware(guarded, hosts=ui_hosts())
    DagsterWebserver.build_middleware = lambda server: [ours, *theirs(server)]  # type: ignore[method-assign, assignment]
    main()  # type: ignore[no-untyped-call]


def develop() -> None:
    """Run `dagster dev`, which has no option for its web server: the process that it starts is ours."""
    from dagster._cli import dev  # noqa: PLC0415 - the web server does not need it

    start = dev.open_ipc_subprocess  # type: ignore[attr-defined]

    def start_ours(parts: list[str], **options: Any) -> Any:  # noqa: ANN401 - Dagster's signature
        return start([__spec__.name if part == "dagster_webserver" else part for part in parts], **options)

    dev.open_ipc_subprocess = start_ours  # type: ignore[attr-defined, assignment]
    dev.dev_command()


if __name__ == "__main__":
    if sys.argv[1:2] == ["dev"]:
        del sys.argv[1]
        develop()
    else:
        serve()
