"""Advantages without a memory of samples: what earlier iterations found is what the advantage network says.

After VR-DeepDCFR+ (arXiv 2511.08174), whose memory of advantages is cleared in each iteration. Iteration t fits a player's network to

    R_t = R_{t-1} * (pos_t if R_{t-1} > 0 else neg_t) + r_t

with R_{t-1} the network's own output, r_t the new regrets, and the discounts of a row of ``search.variants``. With beta = -inf, as in
DCFR+, neg_t is 0: the output is clipped. What differs from the paper:

* *Units.* A network says R / (deals * scale): deals are chance's part of ``cf_reach``, which stays the same, and ``scale`` is the root mean
  square of R / deals at each decision. Counterfactual regrets fall with the opponent's reach by orders of magnitude; regret matching does
  not see a factor that a decision's actions have in common. The scales, one number a decision, are all that is kept beside the network.
* *Infostates that were not drawn* are fitted, too, to their discounted old output: else the network would forget them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agents.networks.regression import Batch
from agents.training.buffer import stored
from games.arrays import Array, Float, Float32
from search.infostates import Block, Sweep, Table, Tables
from search.variants import BLOCK, Variant, coefficients


class Targets(NamedTuple):
    """What one fit learns from, a list over blocks each; both kinds of fitters take it."""

    blocks: Sequence[Block]
    sums: list[Float32]  # [C, R] targets times weights
    weights: list[Float32]  # [C, K]

    @classmethod
    def of(cls, blocks: Sequence[Block], sums: Tables, weights: Tables) -> Targets:
        """Return them in f4."""
        return cls(blocks, [x.astype(np.float32) for x in sums], [x.astype(np.float32) for x in weights])

    def means(self) -> tuple[Float, Float]:
        """Return the only block's targets [K, A, C], 0 without weight, and weights [K, C]."""
        (block,), (sums,), (weights,) = self.blocks, self.sums, self.weights
        weight = weights.T.astype(np.float64)
        mean = block.dense(sums) / np.where(weight > 0, weight, 1.0)[:, None]
        return np.where(weight[:, None] > 0, mean, 0.0), weight

    def sample(self, size: int, rng: np.random.Generator) -> Batch:
        """Return that many decisions of the only block, drawn uniformly with replacement."""
        mean, weight = self.means()
        at = rng.integers(0, len(weight), size)
        return Batch(at.astype(np.uint32), mean[at].astype(np.float32), weight[at].astype(np.float32))


class NetworkMemory:
    """What is kept of one player's advantages beside the network that says them.

    Attributes:
        scales: per block [K] f4, chips; zeros before the first fit.
    """

    def __init__(self, blocks: Sequence[Block], deals: Tables, variant: Variant) -> None:
        self.blocks, self.deals, self.variant = blocks, [deal.astype(np.float32) for deal in deals], variant
        self.scales = [np.zeros(len(block.public), np.float32) for block in blocks]

    @property
    def empty(self) -> bool:
        """Whether no network was ever fitted."""
        return not any(scale.any() for scale in self.scales)

    def targets(self, outputs: Tables | None, swept: Sweep, iteration: int) -> Targets:
        """Return what the network is to say after an iteration.

        Args:
            outputs: per block [C, R], of the network before; none before the first fit.
            swept: the player's regrets.
            iteration: from 1.
        """
        positive, negative = (float(x) for x in coefficients(self.variant, (iteration - 1) // BLOCK)[(iteration - 1) % BLOCK, :2])
        sums = []
        for b, (block, regret) in enumerate(zip(self.blocks, swept.regret, strict=True)):
            total = regret.astype(np.float32)
            if outputs is not None:
                old = outputs[b] * np.where(outputs[b] > 0, np.float32(positive), np.float32(negative))
                total += old * self.scales[b][block.decision] * self.deals[b][:, block.decision]
            sums.append(total)
        return Targets(self.blocks, sums, self.deals)

    def keep(self, scales: Sequence[Table]) -> None:
        """Remember what the network's outputs are to be multiplied by."""
        for array, scale in zip(self.scales, scales, strict=True):
            array[:] = scale

    def state(self) -> dict[str, Array]:
        """Return everything as arrays (views)."""
        return {f"scales.{b}": scale for b, scale in enumerate(self.scales)}

    def restore(self, state: dict[str, Array]) -> None:
        """Become the memory whose ``state`` it is.

        Raises:
            ValueError: it is not such a state.
        """
        for name, scale in self.state().items():
            scale[:] = stored(state, name, scale, 0)
            if not (scale >= 0).all():
                raise ValueError(f"memory's {name} must be at least 0")
