"""Adam (Kingma and Ba, ICLR 2015) on torch's fused kernel, with few imports."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam

BETA1, BETA2 = 0.9, 0.999
EPSILON = 1e-8
KERAS_EPSILON = 1e-7


class Adam:
    """Adam with exactly the results of ``torch.optim.Adam(..., fused=True)``.

    On a GPU these are its results with a tensor as learning rate. With ``as_keras`` a larger
    epsilon is added to the root of the mean square before that is corrected for bias, as the paper
    suggests for speed and as Keras does.

    Creating that class imports torch's compiler, which nothing here uses and which takes longer
    than everything else a run does before its first step.

    Attributes:
        param_groups: a single group in the format of torch's optimizers; ``set_learning_rate``
            changes its ``lr``.
        state: for each parameter that has had a gradient, keyed by its index: the number of steps
            and the running means of the gradient and of its square.
    """

    def __init__(
        self, params: Iterable[Tensor], *, lr: float, weight_decay: float, as_keras: bool = False
    ) -> None:
        self._params = list(params)
        self._as_keras = as_keras
        self.param_groups: list[dict[str, Any]] = [{"lr": lr, "weight_decay": weight_decay}]
        self.state: dict[int, dict[str, Tensor]] = {}
        device = self._params[0].device
        # A tensor, because a number would stay the same in every replay of a captured step.
        self._rate_on_gpu = torch.tensor(lr, device=device) if device.type == "cuda" else None

    def set_learning_rate(self, rate: float) -> None:
        """Use this learning rate from the next step on."""
        (group,) = self.param_groups
        group["lr"] = rate
        if self._rate_on_gpu is not None:
            self._rate_on_gpu.fill_(rate)

    def zero_grad(self) -> None:
        """Set all gradients to None."""
        for param in self._params:
            param.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        with_grad = [index for index, param in enumerate(self._params) if param.grad is not None]
        for index in with_grad:
            if index not in self.state:
                self.state[index] = _initial_state(self._params[index])
        if not self._as_keras:
            self._update(with_grad, EPSILON)
            return
        for index in with_grad:
            steps = 1 + float(self.state[index]["step"])
            self._update([index], KERAS_EPSILON / math.sqrt(1 - BETA2**steps))

    def _update(self, indices: Sequence[int], epsilon: float) -> None:
        states = [self.state[index] for index in indices]
        (group,) = self.param_groups
        adam(
            [self._params[index] for index in indices],
            [grad for index in indices if (grad := self._params[index].grad) is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            foreach=False,
            fused=True,
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=group["lr"] if self._rate_on_gpu is None else self._rate_on_gpu,
            weight_decay=group["weight_decay"],
            eps=epsilon,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the state in the format of torch's optimizers; tensors are not copied."""
        return {
            "state": {index: dict(state) for index, state in self.state.items()},
            "param_groups": [dict(group) for group in self.param_groups],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state``; its tensors are copied to the devices of the parameters."""
        self.param_groups = [dict(group) for group in state["param_groups"]]
        self.state = {
            index: {
                name: values.to(self._params[index].device, copy=True)
                for name, values in tensors.items()
            }
            for index, tensors in state["state"].items()
        }


def _initial_state(param: Tensor) -> dict[str, Tensor]:
    return {
        "step": torch.zeros((), dtype=torch.float32, device=param.device),
        "exp_avg": torch.zeros_like(param),
        "exp_avg_sq": torch.zeros_like(param),
    }
