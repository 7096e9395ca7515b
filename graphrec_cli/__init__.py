"""Graph recommenders from the command line: one config, one path, one run directory."""

from __future__ import annotations

__version__ = "0.1.0"
