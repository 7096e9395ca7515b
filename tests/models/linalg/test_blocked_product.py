from __future__ import annotations

import pytest
import torch

from graphrec_cli.models.linalg.blocked_product import multiply_into


@pytest.mark.parametrize("columns", [0, 1, 1023, 1024, 1025, 3000])
@pytest.mark.parametrize("rows", [0, 1, 7])
def test_whatever_the_width_it_is_the_product(rows: int, columns: int) -> None:
    generator = torch.Generator().manual_seed(rows * 10_000 + columns)
    left = torch.randn(rows, 5, generator=generator)
    table = torch.randn(5, columns, generator=generator)
    out = torch.full((rows + 1, columns), torch.nan)  # a buffer with room for more users

    place = out[:rows]
    returned = multiply_into(left, table, place)

    assert returned is place
    expected = left.double() @ table.double()
    torch.testing.assert_close(out[:rows].double(), expected, rtol=1e-5, atol=1e-5)
    assert bool(out[rows:].isnan().all())
