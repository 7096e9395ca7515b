from __future__ import annotations

import subprocess
import sys

import pytest
from builders import PATIENCE_S

PROGRAM = """
from graphrec_cli.system.resident_memory import peak_memory, resident_memory
before = resident_memory()
array = bytearray(b"1" * SIZE)
print(before, resident_memory(), peak_memory())
del array
print(resident_memory(), peak_memory())
"""
SIZE = 200 << 20


@pytest.mark.slow
def test_memory_in_use_counts_and_the_peak_stays() -> None:
    """In a new process, which has no freed memory to use again."""
    program = PROGRAM.replace("SIZE", str(SIZE))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    before, with_array, peak, without, peak_later = map(int, done.stdout.split())
    assert 0.95 * SIZE < with_array - before < 1.1 * SIZE
    assert with_array <= peak <= peak_later
    if sys.platform == "linux":
        assert without < before + 0.1 * SIZE
