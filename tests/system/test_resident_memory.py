from __future__ import annotations

import numpy as np

from graphrec_cli.system.resident_memory import peak_memory, resident_memory


def test_memory_in_use_counts_and_the_peak_stays() -> None:
    size = 200 << 20
    before = resident_memory()
    array = np.ones(size, np.uint8)
    with_array = resident_memory()
    assert 0.9 * size < with_array - before < 1.2 * size
    assert peak_memory() >= 0.99 * with_array
    del array
    assert peak_memory() >= 0.99 * with_array
