"""Adam (Kingma and Ba, 2015) by torch's fused kernel, without what torch's own class imports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam

BETA1, BETA2 = 0.9, 0.999
EPSILON = 1e-8


class Adam:
    """``torch.optim.Adam(..., fused=True)``, number for number.

    Making that class imports torch's compiler, which nothing here uses and which takes longer than
    all that a run does before its first step.

    Attributes:
        param_groups: one group, as torch's optimizers have it; its ``lr`` may be set.
        state: of every parameter that has had a gradient, by its place: the steps taken, and the
            means of its gradients and of their squares.
    """

    def __init__(self, params: Iterable[Tensor], *, lr: float, weight_decay: float) -> None:
        self._params = list(params)
        self.param_groups: list[dict[str, Any]] = [{"lr": lr, "weight_decay": weight_decay}]
        self.state: dict[int, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for param in self._params:
            param.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change every parameter that has a gradient."""
        with_grad = [place for place, param in enumerate(self._params) if param.grad is not None]
        for place in with_grad:
            if place not in self.state:
                self.state[place] = _no_steps(self._params[place])
        states = [self.state[place] for place in with_grad]
        (group,) = self.param_groups
        adam(
            [self._params[place] for place in with_grad],
            [grad for place in with_grad if (grad := self._params[place].grad) is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            foreach=False,
            fused=True,
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=EPSILON,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """The state and the group, the tensors not copied, as torch's optimizers write them."""
        return {
            "state": {place: dict(state) for place, state in self.state.items()},
            "param_groups": [dict(group) for group in self.param_groups],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken; its tensors are copied to the parameters' devices."""
        self.param_groups = [dict(group) for group in state["param_groups"]]
        self.state = {
            place: {
                name: values.to(self._params[place].device, copy=True)
                for name, values in tensors.items()
            }
            for place, tensors in state["state"].items()
        }


def _no_steps(param: Tensor) -> dict[str, Tensor]:
    return {
        "step": torch.zeros((), dtype=torch.float32, device=param.device),
        "exp_avg": torch.zeros_like(param),
        "exp_avg_sq": torch.zeros_like(param),
    }
