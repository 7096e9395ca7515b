"""The words of ``graphrec plan`` itself."""

from __future__ import annotations

import pytest

from graphrec_cli.config.plan_words import PlanWords, take_plan_words
from graphrec_cli.errors import ConfigError


def test_they_are_split_off_and_read() -> None:
    words = ["seed=1", "plan.ranks=4", "plan.bandwidth=1.25", "plan.gpu_bandwidth=3e3", "model=mf"]
    assert take_plan_words(words) == (
        PlanWords(ranks=4, bandwidth=1.25, gpu_bandwidth=3000.0),
        ["seed=1", "model=mf"],
    )
    assert take_plan_words(["planet=1"]) == (PlanWords(), ["planet=1"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("plan.rank=2", "unknown key 'plan.rank'; did you mean 'plan.ranks'?"),
        ("plan.ranks=2 plan.ranks=2", "plan.ranks is given twice"),
        ("plan.ranks=2", "plan.ranks=2 needs plan.bandwidth"),
        ("plan.bandwidth=2", "add plan.ranks=2 or more"),
        ("plan.ranks=1 plan.bandwidth=2", "add plan.ranks=2 or more"),
        *((f"plan.ranks={value}", "from 1 to 1024") for value in ("", "0", "-1", "2.0", "1025")),
        (f"plan.ranks=00000000{'1' * 400}", "from 1 to 1024"),
        *(
            (f"plan.gpu_bandwidth={value}", "a number of GB/s above 0")
            for value in ("", "0", "-1", "nan", "inf", "fast")
        ),
    ],
)
def test_refused(words: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        take_plan_words(words.split(" "))
