"""Keys of vendors: from a variable, a file that a variable names, or a folder of secrets. They are never shown."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from warehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIGNS = "-._~+/="
ALLOWED = frozenset(string.ascii_letters + string.digits + SIGNS)
"""Characters that keys are made of, and that a request header takes as they are."""


def read_key(name: str, environment: Mapping[str, str], folders: Iterable[Path]) -> SecretStr | None:
    """Find a key: the first place that has one counts.

    Args:
        name: Such as TIINGO_API_KEY: the variable. The variable TIINGO_API_KEY_FILE may name a file instead.
        environment: The variables.
        folders: Of secrets, where the file tiingo_api_key holds the key: the home's, or those that a container or
            a service manager mounts.

    Returns:
        None if no place has one.

    Raises:
        ConfigurationError: A file cannot be read, or what is found there is no key.
    """
    if key := environment.get(name):
        return _checked(key, f"The variable {name}")
    if named := environment.get(f"{name}_FILE"):
        return _read(Path(named).expanduser())
    for folder in folders:
        if (file := folder / name.lower()).is_file():
            return _read(file)
    return None


def _read(file: Path) -> SecretStr:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigurationError(f"{file} cannot be read: {reason}. It must hold a key and nothing else.") from None
    return _checked(text, str(file))


def _checked(text: str, place: str) -> SecretStr:
    key = text.strip()
    if not key or not ALLOWED.issuperset(key):
        raise ConfigurationError(
            f"{place} holds no key: that is one word of letters, digits and {SIGNS} alone. "
            "Copy it again from the vendor's page."
        )
    return SecretStr(key)
