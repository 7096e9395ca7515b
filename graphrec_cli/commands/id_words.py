"""Words that hold raw ids."""

from __future__ import annotations

from pathlib import Path

from graphrec_cli.errors import ConfigError


def parse_ids(key: str, value: str) -> list[str]:
    """Parse distinct ids, in order: separated by commas, or one per line of a file.

    Raises:
        ConfigError: no id is given, or the file cannot be read or is not UTF-8.
    """
    try:
        if value.startswith("@"):
            text = Path(value[1:]).read_bytes().decode("utf-8-sig")
            ids = [line for line in text.replace("\r\n", "\n").split("\n") if line]
        else:
            # Bytes of the command line that are not UTF-8 arrive as lone surrogates.
            ids = value.encode().decode().split(",") if value else []
    except OSError as error:
        raise ConfigError(
            f"cannot read {key}={value}: {error.strerror or error}; if an id begins with @, write "
            f"it into a file, one id per line, and set {key}=@FILE"
        ) from error
    except UnicodeError as error:
        raise ConfigError(f"{key}={value} is not UTF-8: {error}") from error
    if not ids:
        raise ConfigError(f"{key} has no ids; write {key}=ID,ID or {key}=@FILE")
    return list(dict.fromkeys(ids))
