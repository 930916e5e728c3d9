"""Manage the accounts of the page: user."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from execution.controls import person
from execution.ledger.watch_events import PageAccess
from operations.access import second_factor as factors
from operations.access.accounts import Accounts, PageAccount, token_digest
from operations.access.door import record_access
from operations.access.passwords import hash_of
from operations.access.roles import Role
from operations.errors import AccessError
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from execution.installation import Installation

PASSWORD = click.option(
    "--password-file",
    type=click.File(),
    metavar="FILE",
    help="File whose first line is the password; - reads it from standard input. Without it you are asked.",
)
MOST_TRIES = 3


@click.group()
def user() -> None:
    """Manage who may use the page: add, list, remove, password, second-factor.

    A viewer reads; an operator also halts, sells only, acknowledges and runs the preflight; a trader also resumes and
    sells everything, each time with a code of the second factor. Once there is an account, everybody signs in. Accounts
    stand in $SWING_HOME/secrets, as hashes, and are not part of a backup.

    \b
    Examples:
      swing user add anna --role trader           asks for the password
      swing user second-factor anna               shows what the authenticator needs, and asks for a code
      swing user add prometheus --token           a program that reads; its token is shown once
    """


@user.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="What it may.",
)
@click.option("--token", "is_program", is_flag=True, help="For a program that reads: a token in place of a password.")
@PASSWORD
@click.pass_obj
def add(installation: Installation, name: str, role: str, is_program: bool, password_file: IO[str] | None) -> None:
    """Add an account."""
    if is_program:
        if role != Role.VIEWER.value or password_file:
            raise click.UsageError("A program reads, so it is a viewer, and has no password.")
        token = secrets.token_urlsafe(32)
        Accounts(installation.home).add(PageAccount(name, Role.VIEWER, token=token_digest(token)))
        terminal.err.print(terminal.plain(f"Added {name}. Its token is shown this once; send it as a Bearer token:"))
        click.echo(token)
    else:
        account = PageAccount(name, Role(role), hash_of(_password(password_file), name))
        Accounts(installation.home).add(account)
        terminal.say(f"Added {name}, {role}. From now on everybody signs in to the page.")
        if account.role is Role.TRADER:
            terminal.say(
                f"To resume and to sell everything {name} needs a second factor: swing user second-factor {name}"
            )
    _note(installation, "account-added", name)


@user.command("list")
@JSON
@click.pass_obj
def list_accounts(installation: Installation, as_json: bool) -> None:
    """List the accounts: name, role, and what each has."""
    records = [
        {"name": each.name, "role": each.role.value, "is_program": bool(each.token), "second_factor": bool(each.secret)}
        for each in Accounts(installation.home).all().values()
    ]
    if as_json:
        click.echo(json.dumps(records, indent=2))
    elif records:
        rows = [
            (each["name"], each["role"], _kind(bool(each["is_program"]), has_factor=bool(each["second_factor"])))
            for each in records
        ]
        terminal.show_rows([("name", False), ("role", False), ("signs in with", False)], rows)
    else:
        terminal.say("There is no account: on this machine the page asks nobody to sign in.")


def _kind(is_program: bool, *, has_factor: bool) -> str:
    return "token" if is_program else "password and second factor" if has_factor else "password"


@user.command()
@click.argument("name")
@click.pass_obj
def remove(installation: Installation, name: str) -> None:
    """Remove an account; its sessions end at once."""
    accounts = Accounts(installation.home)
    accounts.remove(name)
    terminal.say(f"Removed {name}; its sessions have ended.")
    if not accounts.all():
        terminal.say("No account is left: the next `swing serve` asks nobody on this machine to sign in.")
    _note(installation, "account-removed", name)


@user.command()
@click.argument("name")
@PASSWORD
@click.pass_obj
def password(installation: Installation, name: str, password_file: IO[str] | None) -> None:
    """Change the password of an account; its sessions end at once."""
    accounts = Accounts(installation.home)
    if accounts.get(name).token:
        raise AccessError(f"{name} is a program and has a token. Remove it, and add it anew.")
    accounts.change(name, password=hash_of(_password(password_file), name))
    terminal.say(f"Changed the password of {name}; its sessions have ended.")
    _note(installation, "password-changed", name)


@user.command("second-factor")
@click.argument("name")
@click.option("--remove", "is_removing", is_flag=True, help="Take it away, as for a lost phone.")
@click.pass_obj
def second_factor(installation: Installation, name: str, is_removing: bool) -> None:
    """Give an account a second factor: an authenticator on a phone. It counts once you have typed a code of it."""
    accounts = Accounts(installation.home)
    if accounts.get(name).token:
        raise AccessError(f"{name} is a program, which only reads: it needs no second factor.")
    if is_removing:
        accounts.change(name, secret="", last_code=0)
        terminal.say(f"{name} has no second factor any more; its sessions have ended.")
        _note(installation, "second-factor-removed", name)
        return
    secret = factors.new_secret()
    click.echo("Add this to an authenticator (a password manager or an app for codes), by hand or by its address:\n")
    click.echo(f"  key      {secret}\n  address  {factors.address_of(name, secret)}\n")
    for _ in range(MOST_TRIES):
        code = click.prompt("The code that it shows")
        number = factors.number_of(secret, code, datetime.now(UTC), after=0)
        if number is not None:
            accounts.change(name, secret=secret, last_code=number)
            terminal.say(f"{name} has a second factor; its sessions have ended. Each code counts once.")
            _note(installation, "second-factor-added", name)
            return
        click.echo("That is not its code. Is the phone's clock right?", err=True)
    raise AccessError(f"No code was right, so nothing has changed. Begin again: swing user second-factor {name}.")


def _password(file: IO[str] | None) -> str:
    if file is not None:
        return file.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again")
    return typed


def _note(installation: Installation, action: str, name: str) -> None:
    """Record a change; an account is taken away although the ledger cannot be written."""
    with suppress(SwingError):
        record_access(installation, PageAccess(action, person(), about=name))
