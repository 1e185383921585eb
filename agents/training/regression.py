"""Fitting networks to targets per infostate: weighted squared error for advantages, weighted cross-entropy for strategies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from agents.networks import Encoding, PolicyNetwork
from agents.training.memory import Batch
from games.settings import bounded, check_bounds

Float = npt.NDArray[np.float64]


@dataclass(kw_only=True)
class FitConfig:
    """How a network is fitted.

    Attributes:
        steps: Adam steps of one fit.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much.
        final_rate: as a fraction of ``learning_rate``.
    """

    steps: int = bounded(60, least=1)
    learning_rate: float = bounded(0.01, above=0, most=1e6)
    final_rate: float = bounded(0.1, most=1)

    def __post_init__(self) -> None:
        check_bounds(self)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        falling = 0.5 * (1.0 + math.cos(math.pi * step / self.steps))
        return self.learning_rate * (self.final_rate + (1.0 - self.final_rate) * falling)


class Inputs(NamedTuple):
    """A player's decisions as tensors."""

    public: Tensor  # [K, D_public]
    hand: Tensor  # [H, D_hand]
    legal: Tensor  # [K, A] f4

    def at(self, decision: npt.NDArray[np.uint32]) -> Inputs:
        """Return the inputs of some decisions."""
        index = torch.from_numpy(decision.astype(np.int64))
        return Inputs(self.public[index], self.hand, self.legal[index])


def inputs(encoding: Encoding, player: int) -> Inputs:
    """Return the inputs of all of a player's decisions."""
    legal = torch.from_numpy(encoding.legal[player].astype(np.float32))
    return Inputs(torch.from_numpy(encoding.public[player]), torch.from_numpy(encoding.hand[player]), legal)


def make_optimiser(network: nn.Module) -> torch.optim.Adam:
    """Return the optimiser of a network; ``fit`` sets the rate of each step."""
    return torch.optim.Adam(network.parameters(), lr=1.0, fused=True)  # fused: a third of the time of torch's default here


Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def squared_error(outputs: Tensor, target: Tensor, weight: Tensor, legal: Tensor) -> Tensor:
    """Return Σ_h weight Σ_a (f - target)²; outputs and targets of illegal actions are both 0."""
    return (weight * (outputs - target).square()).sum()


def cross_entropy(outputs: Tensor, target: Tensor, weight: Tensor, legal: Tensor) -> Tensor:
    """Return -Σ_h weight Σ_a target log softmax(f), the softmax over legal actions."""
    logits = outputs + (legal[:, :, None] - 1.0) * 1e9
    return -(weight * target * torch.log_softmax(logits, dim=1)).sum()  # 0 * -1e9 where illegal, not 0 * -inf


def whole(mean: Float, weight: Float) -> Iterator[Batch]:
    """Yield forever the one batch of every infostate's mean target [K, A, H] and weight [K, H]."""
    batch = Batch(np.arange(len(mean), dtype=np.uint32), mean.astype(np.float32), (weight / weight.sum()).astype(np.float32))
    while True:
        yield batch


def fit(
    network: PolicyNetwork, optimiser: torch.optim.Adam, given: Inputs, batches: Iterator[Batch], loss: Loss, config: FitConfig
) -> float:
    """Train ``network`` in place and return the loss before the last step.

    Args:
        network: fitted from where it stands.
        optimiser: its own, with the moments of earlier fits.
        given: all decisions of the player.
        batches: one for each step; weights of a batch sum to one.
        loss: of outputs, targets, weights and legal actions.
        config: steps and rates.

    Raises:
        ValueError: the loss is NaN or infinite.
    """
    value, before = torch.zeros(()), None
    for step in range(config.steps):
        batch = next(batches)
        if batch is not before:
            before, here = batch, given.at(batch.decision)
            target, weight = torch.from_numpy(batch.target), torch.from_numpy(batch.weight)[:, None]
        optimiser.param_groups[0]["lr"] = config.rate(step)
        optimiser.zero_grad()
        value = loss(network(*here), target, weight, here.legal)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    found = float(value.detach())
    if not math.isfinite(found):
        raise ValueError(f"training loss must be finite, got {found}: lower learning_rate ({config.learning_rate})")
    return found
