"""``python -m graphrec_cli`` is the ``graphrec`` command."""

from __future__ import annotations

import sys

from graphrec_cli.cli import main

if __name__ == "__main__":
    sys.exit(main())
