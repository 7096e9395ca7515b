"""Runs that stop because their files cannot grow, and are resumed once the disk has room."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from forker import Fate, Forker
from kills import CHOICES, SHARED, End

WORDS = (*SHARED, "trainer.epochs=6", "trainer.checkpoint_minutes=0.00001", "plots=true")


def full_disks(folder: Path) -> Callable[[random.Random], str]:
    """Campaign: a run with a full disk ends in one line, and is resumed once there is room."""
    forker = Forker()

    def case(rng: random.Random) -> str:
        words = [*WORDS, *(word for choice in CHOICES[:4] for word in rng.choice(choice).split())]
        home = folder / f"case-{rng.getrandbits(64):016x}"
        home.mkdir()
        whole = forker.live(home, [*words, "output_dir=whole"])
        assert whole.code == 0, whole
        limits = 0
        for _ in range(3):
            room = int(2 ** rng.uniform(0, 18))
            life = forker.live(home, [*words, "trainer.autoresume=true"], Fate(file_bytes=room))
            if life.code == 0:
                break
            limits += 1
            assert life.code in (1, 2), life
            assert "cannot" in life.error(), life
        life = forker.live(home, [*words, "trainer.autoresume=true"])
        assert life.code == 0, life
        run = home / life.out.splitlines()[-1]
        End.of(run).assert_same(End.of(home / whole.out.splitlines()[-1]))
        return "the same run after full disks" if limits else "room enough"

    return case
