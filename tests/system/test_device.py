from __future__ import annotations

import pytest
import torch
from builders import CPU

from graphrec_cli.config.run import Device
from graphrec_cli.errors import ConfigError
from graphrec_cli.system.device import pick_device, torch_generator


@pytest.mark.parametrize(
    ("available", "wanted", "picked"),
    [
        (False, Device.auto, "cpu"),
        (False, Device.cpu, "cpu"),
        (True, Device.auto, "cuda"),
        (True, Device.cpu, "cpu"),
        (True, Device.cuda, "cuda"),
    ],
)
def test_auto_takes_the_gpu_where_there_is_one(
    available: bool, wanted: Device, picked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert pick_device(wanted) == torch.device(picked)


def test_auto_leaves_few_pairs_on_the_cpu_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    caplog.set_level("INFO", logger="graphrec")
    for pairs, wanted, picked in (
        (9_999, Device.auto, "cpu"),
        (10_000, Device.auto, "cuda"),
        (9_999, Device.cuda, "cuda"),
        (10_000, Device.cpu, "cpu"),
    ):
        assert pick_device(wanted, pairs) == torch.device(picked)
    assert caplog.messages == ["device=auto takes the CPU for fewer than 10,000 train pairs"]


def test_cuda_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"^device=cuda .* use device=cpu or device=auto[^\n]*$"):
        pick_device(Device.cuda)


def test_generators_repeat_and_do_not_share_a_stream() -> None:
    first, again = (torch.rand(100, generator=torch_generator(7, "init", CPU)) for _ in range(2))
    assert torch.equal(first, again)
    for seed, name in ((8, "init"), (7, "sampler")):
        other = torch.rand(100, generator=torch_generator(seed, name, CPU))
        assert not torch.isin(other, first).all()
        assert not torch.equal(other, first)
