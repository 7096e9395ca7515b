"""``~`` at the beginning of paths that the shell hands over as they are, as in ``out=~/x.csv``."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

_PATH = re.compile(
    r"((?:[\w.+]*(?:path|folder|file|dir)|out|resume|--config-dir|--from|--plugin)=|"
    r"(?:users|items)=@|)(~(?:/.*)?)",
    re.DOTALL,
)


def expand_home(words: Sequence[str]) -> list[str]:
    """The words with the home folder in place of ``~`` in paths."""
    found = [(word, _PATH.fullmatch(word)) for word in words]
    return [word if path is None else path[1] + os.path.expanduser(path[2]) for word, path in found]
