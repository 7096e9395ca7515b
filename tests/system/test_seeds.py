from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.system.seeds import derive_seed, numpy_generator

STREAMS = ["dataset", "split", "init", "sampler", "ties", "valid_users"]


def test_the_seed_is_63_bits_of_a_hash_of_seed_and_name() -> None:
    # A published result depends on this number: it may never change.
    digest = hashlib.sha256(b"42:split").hexdigest()
    little_endian = bytes.fromhex(digest[:16])[::-1]
    assert derive_seed(42, "split") == int(little_endian.hex(), 16) // 2


@given(st.integers(0, 2**63 - 1))
def test_every_stream_of_every_seed_is_its_own(seed: int) -> None:
    derived = {derive_seed(base, name) for base in (seed, seed ^ 1) for name in STREAMS}
    assert len(derived) == 2 * len(STREAMS)
    assert all(0 <= value < 2**63 for value in derived)


def test_generators_repeat_and_do_not_share_a_stream() -> None:
    first, again = (numpy_generator(7, "split").random(100) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.isin(numpy_generator(7, "ties").random(100), first).any()
