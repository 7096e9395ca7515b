from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# The tensors of a step over 90,000 triples, made anew every time.
SCRIPT = """
import resource, sys, torch
from graphrec_cli.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
table, nodes = torch.ones(1000, 64), torch.randint(0, 1000, (270_000,))
def step():
    rows = table[nodes]
    users, pos_items, neg_items = rows.chunk(3)
    (rows.square().mean() + (users * (pos_items - neg_items)).sum()).item()
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_the_memory_of_a_step_serves_the_next_one() -> None:
    assert faults("keep") < faults("default") / 4
