"""The words ``out=FILE`` and ``format=`` of commands that print or write their results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from stat import S_ISREG

from graphrec_cli.errors import ConfigError


def out_file(name: str, key: str = "out") -> Path:
    """Check the name of an output file.

    Args:
        name: as typed.
        key: that it is the value of.

    Raises:
        ConfigError: it is not a file name, its folder does not exist, or it must not be replaced.
    """
    path = Path(name)
    try:
        # Writing to /dev/null would replace the device by a file.
        taken = not S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        taken = False
    except OSError as error:
        raise ConfigError(f"{key} cannot be {name}: {error.strerror or error}") from error
    if taken or not path.name:
        raise ConfigError(f"{key} must name a file, got '{name}'; choose another name")
    if not path.parent.is_dir():
        raise ConfigError(f"{key}={name}: the folder {path.parent} does not exist; make it first")
    return path


def pick_format(
    wanted: str | None, out: Path | None, formats: Sequence[str], *, json_output: bool
) -> str:
    """The given format, else that of the file's ending, else a table.

    Args:
        formats: those of the command; ``table`` is only printed or asked for by name.

    Raises:
        ConfigError: --json, format and the file's ending contradict each other, or the ending is
            not a known format.
    """
    if json_output and wanted not in (None, "json"):
        raise ConfigError(f"--json and format={wanted} contradict each other; choose one")
    ending = "" if out is None else out.suffix.removeprefix(".").lower()
    chosen = "json" if json_output else wanted or ("table" if out is None else ending)
    if ending in formats and chosen != ending:
        given = "--json" if json_output else f"format={wanted}"
        raise ConfigError(
            f"out={out} and {given} contradict each other; remove {given}, or change the ending"
        )
    if chosen not in formats:
        *others, last = (f".{name}" for name in formats if name != "table")
        raise ConfigError(
            f"out={out} does not end in {', '.join(others)} or {last}; rename it"
            + (", or set format=csv" if "parquet" in formats else "")
        )
    if chosen == "parquet" and out is None:
        raise ConfigError("format=parquet cannot be printed; name a file with out=FILE")
    return chosen
