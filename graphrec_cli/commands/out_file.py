"""The file that a command is asked to write."""

from __future__ import annotations

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
