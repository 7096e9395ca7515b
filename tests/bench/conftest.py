"""The benchmarks are scripts: what lies beside them is imported by its bare name."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
