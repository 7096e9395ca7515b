from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.reporting.thin_curves import kept_epochs


def test_by_hand() -> None:
    epochs = list(range(1, 11))
    assert kept_epochs(epochs, [True] * 10, None, 10) == list(range(10))
    assert kept_epochs(epochs, [True] * 10, None, 4) == [0, 3, 6, 9]
    assert kept_epochs(epochs, [True] * 10, 5, 2) == [0, 4, 9]
    # Every fourth epoch is validated: those come first.
    validated = [epoch % 4 == 0 for epoch in epochs]
    assert kept_epochs(epochs, validated, 8, 2) == [0, 3, 7, 9]
    assert kept_epochs(epochs, [False] * 10, None, 3) == [0, 4, 9]


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(2, 60), st.data())
def test_ends_selection_and_size(validated: list[bool], points: int, data: st.DataObject) -> None:
    epochs = list(range(1, len(validated) + 1))
    selected = data.draw(st.none() | st.sampled_from(epochs))
    kept = kept_epochs(epochs, validated, selected, points)
    assert kept == sorted(set(kept))
    assert {0, len(epochs) - 1} <= set(kept)
    assert selected is None or selected - 1 in kept
    assert len(kept) <= points + 3
    with_metric = {row for row, known in enumerate(validated) if known}
    if len(with_metric) <= points or len(epochs) <= points:
        assert with_metric <= set(kept)
    else:
        assert len(with_metric & set(kept)) >= points
