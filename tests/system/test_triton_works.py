from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest
import torch

from graphrec_cli.system.triton_works import triton_works

pytestmark = pytest.mark.gpu


def test_triton_works_on_this_device() -> None:
    assert triton_works.__wrapped__()


def test_a_missing_compiler_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(number: torch.Tensor) -> None:
        raise RuntimeError("Failed to find C compiler.\nPlease specify CC")

    probe = SimpleNamespace(add_one=fail)
    monkeypatch.setitem(sys.modules, "graphrec_cli.system.triton_probe", probe)
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        assert not triton_works.__wrapped__()
    assert caplog.messages == [
        "Triton does not work here (RuntimeError: Failed to find C compiler.), so torch's slower "
        "kernels are used"
    ]
