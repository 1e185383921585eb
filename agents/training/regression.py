"""Fitting networks to targets per infostate: weighted squared error for advantages, weighted cross-entropy for strategies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from agents.training.buffer import Batch, Buffer, ReservoirBuffer, SumBuffer
from games.settings import bounded, check_bounds
from search.infostates import PUBLIC, Block

Float = npt.NDArray[np.float64]
WHOLE = 512  # private sides of a block that every minibatch holds


@dataclass(kw_only=True)
class FitConfig:
    """How a network is fitted; None is for the trainer to fill in.

    Attributes:
        steps: Adam steps of one fit.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much.
        final_rate: as a fraction of ``learning_rate``.
    """

    steps: int | None = bounded(None, least=1)
    learning_rate: float | None = bounded(None, above=0, most=1e6)
    final_rate: float | None = bounded(None, most=1)

    def __post_init__(self) -> None:
        check_bounds(self)

    def rates(self) -> list[float]:
        """Return the learning rate of each step.

        Raises:
            ValueError: a number is left open.
        """
        steps, first, last = self.steps, self.learning_rate, self.final_rate
        if steps is None or first is None or last is None:
            raise ValueError(f"steps, learning_rate and final_rate must be given, got {self}")
        return [first * (last + (1.0 - last) * (0.5 * (1.0 + math.cos(math.pi * step / steps)))) for step in range(steps)]


def make_optimiser(network: nn.Module) -> torch.optim.Adam:
    """Return the optimiser of a network; ``fit`` sets the rate of each step."""
    return torch.optim.Adam(network.parameters(), lr=1.0, fused=True)  # fused: a third of the time of torch's default here


def fit(optimiser: torch.optim.Adam, losses: Iterator[Tensor], config: FitConfig) -> list[float]:
    """Train a network in place and return the loss before each step.

    Args:
        optimiser: the network's own, with the moments of earlier fits.
        losses: one for each step, computed when it is asked for.
        config: steps and rates.

    Raises:
        ValueError: a loss is NaN or infinite.
    """
    found = []
    for rate in config.rates():
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        value = next(losses)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(float(value.detach()))
    if not math.isfinite(sum(found)):
        raise ValueError(f"training loss must be finite, got {found[-1]}: lower learning_rate ({config.learning_rate})")
    return found


class Fitter(Protocol):
    """Fits one kind of network to one player's buffers. The optimiser is the network's own; what is returned is the loss at the end."""

    def buffer(self) -> Buffer:
        """Return an empty buffer."""
        ...

    def fit_advantages(
        self, network: Any, optimiser: torch.optim.Adam, advantages: Any, config: FitConfig, rng: np.random.Generator
    ) -> float:
        """Fit a network in place to the advantages of a buffer, up to a factor that regret matching does not see."""
        ...

    def fit_strategy(
        self, network: Any, optimiser: torch.optim.Adam, strategies: Any, advantages: Any, config: FitConfig, rng: np.random.Generator
    ) -> float:
        """Fit the logits of a network in place to the strategies of a buffer."""
        ...

    def multiply_adds(self, network: Any) -> int:
        """Return the multiply-adds of one forward pass of a step."""
        ...


def make_fitter(config: Any, blocks: Sequence[Block]) -> Fitter:
    """Return what fits networks of a trainer's ``network.deep``, with its ``batch_size`` and ``capacity``."""
    if config.network.deep == PUBLIC:
        return DecisionFitter(blocks, config.batch_size, config.capacity)
    return ClassFitter(blocks, config.batch_size)


class DecisionFitter:
    """Fits a ``PublicTrunk`` to decisions, all hands at once: to the means of all, or to ``batch_size`` samples a step.

    Advantages are divided by their root mean square over the buffer.
    """

    def __init__(self, blocks: Sequence[Block], batch_size: int, capacity: int) -> None:
        (self.block,) = self.blocks = blocks
        self.batch_size, self.capacity = batch_size, capacity
        self.public, self.private, self.legal = map(torch.from_numpy, (self.block.public, self.block.private, self.block.legal))

    def buffer(self) -> ReservoirBuffer:
        return ReservoirBuffer(self.blocks, self.capacity)

    def fit_advantages(
        self, network: nn.Module, optimiser: torch.optim.Adam, advantages: ReservoirBuffer, config: FitConfig, rng: np.random.Generator
    ) -> float:
        mean, weight = advantages.means()
        scale = float(np.sqrt((weight[:, None] * mean**2).sum() / weight.sum())) or 1.0
        return fit(optimiser, self._losses(network, self._batches(advantages, scale, rng), _decisions_squared_error), config)[-1]

    def fit_strategy(
        self, network: nn.Module, optimiser: torch.optim.Adam, strategies: ReservoirBuffer, advantages: ReservoirBuffer,
        config: FitConfig, rng: np.random.Generator,
    ) -> float:  # fmt: skip
        return fit(optimiser, self._losses(network, self._batches(strategies, 1.0, rng), _decisions_cross_entropy), config)[-1]

    def multiply_adds(self, network: Any) -> int:
        found: int = network.multiply_adds(self.batch_size or len(self.public), len(self.private))
        return found

    def _batches(self, buffer: ReservoirBuffer, scale: float, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield batches whose targets are divided by ``scale`` and whose weights sum to one; the whole buffer's means is one batch."""
        if self.batch_size == 0:
            mean, weight = buffer.means()
            share = (weight / weight.sum()).astype(np.float32)
            yield from repeat(Batch(np.arange(len(mean), dtype=np.uint32), (mean / scale).astype(np.float32), share))
        while True:
            batch = buffer.sample(self.batch_size, rng)
            total = max(float(batch.weight.sum()), 1e-30)
            yield Batch(batch.decision, batch.target / np.float32(scale), batch.weight / np.float32(total))

    def _losses(
        self, network: nn.Module, batches: Iterator[Batch], loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    ) -> Iterator[Tensor]:
        before = None
        for batch in batches:
            if batch is not before:
                before, at = batch, torch.from_numpy(batch.decision.astype(np.int64))
                public, legal = self.public[at], self.legal[at]
                target, weight = torch.from_numpy(batch.target), torch.from_numpy(batch.weight)[:, None]
            yield loss(network(public, self.private, legal), target, weight, legal)


def _decisions_squared_error(outputs: Tensor, target: Tensor, weight: Tensor, legal: Tensor) -> Tensor:
    """Return Σ_h weight Σ_a (f - target)²; outputs and targets of illegal actions are both 0."""
    return (weight * (outputs - target).square()).sum()


def _decisions_cross_entropy(outputs: Tensor, target: Tensor, weight: Tensor, legal: Tensor) -> Tensor:
    """Return -Σ_h weight Σ_a target log softmax(f), the softmax over legal actions."""
    logits = outputs + (legal[:, :, None] - 1.0) * 1e9
    return -(weight * target * torch.log_softmax(logits, dim=1)).sum()  # 0 * -1e9 where illegal, not 0 * -inf


class Side(NamedTuple):
    """One block as a ``ClassFitter`` takes it."""

    private: Tensor  # [C, D_private]
    rows: Tensor  # [R, D_public + D_action]
    decision: Tensor  # [R] of each row
    of_decision: Tensor  # [R, K] 1 at each row's decision
    size: int  # private sides of a minibatch


class Targets(NamedTuple):
    """What a block's outputs should be."""

    values: Tensor  # [C, R] means, or sums for the cross-entropy
    weights: Tensor  # [C, K]


class ClassFitter:
    """Fits a ``PrivateTrunk`` to private sides with all rows of their block.

    A step takes some private sides of every block: small blocks whole, of the others a share in shuffled order, weighted by how many it
    stands for. ``batch_size`` is how many of the large blocks there are together, 0 for all.

    The advantages of each decision are divided by their root mean square over private sides, what is *at stake* there, and weigh by it
    instead: squared errors in chips let the last round's all-ins drown everything else, so errors count in proportion to the chips, not to
    their square. Strategies weigh by it, too: a blunder for a stack counts no more than one for a blind otherwise.
    """

    def __init__(self, blocks: Sequence[Block], batch_size: int) -> None:
        self.blocks = blocks
        large = max(sum(len(b.private) for b in blocks if len(b.private) > WHOLE), 1)
        self.sides = [_side(block, batch_size / large if batch_size else 1.0) for block in blocks]

    def buffer(self) -> SumBuffer:
        return SumBuffer(self.blocks)

    def fit_advantages(
        self, network: nn.Module, optimiser: torch.optim.Adam, advantages: SumBuffer, config: FitConfig, rng: np.random.Generator
    ) -> float:
        targets = []
        for side, own, stake in zip(self.sides, self._targets(advantages), self._stakes(advantages), strict=True):
            some = torch.where(own.weights > 0, own.weights, 1.0)[:, side.decision]
            targets.append(Targets(own.values / (some * stake[side.decision]), own.weights * stake))
        return self.fit(network, optimiser, targets, squared_error, config, rng)

    def fit_strategy(
        self, network: nn.Module, optimiser: torch.optim.Adam, strategies: SumBuffer, advantages: SumBuffer,
        config: FitConfig, rng: np.random.Generator,
    ) -> float:  # fmt: skip
        every = zip(self.sides, self._targets(strategies), self._stakes(advantages), strict=True)
        targets = [Targets(own.values * stake[side.decision], own.weights * stake) for side, own, stake in every]
        return self.fit(network, optimiser, targets, _cross_entropy, config, rng)

    def multiply_adds(self, network: Any) -> int:
        return sum(network.multiply_adds(side.size, len(side.rows)) for side in self.sides)

    def fit(
        self, network: nn.Module, optimiser: torch.optim.Adam, targets: Sequence[Targets], loss: Callable[[Tensor, Targets, Side], Tensor],
        config: FitConfig, rng: np.random.Generator,
    ) -> float:  # fmt: skip
        """Fit a network in place to targets a block; return the mean loss of the last tenth of the steps, per weight."""
        losses = fit(optimiser, self._losses(network, targets, loss, rng), config)
        tail = losses[-max(1, len(losses) // 10) :]
        return sum(tail) / len(tail)

    def _losses(
        self, network: nn.Module, targets: Sequence[Targets], loss: Callable[[Tensor, Targets, Side], Tensor], rng: np.random.Generator
    ) -> Iterator[Tensor]:
        total = sum(float(own.weights.sum(dtype=torch.float64)) for own in targets)
        batches = [_shuffled(len(side.private), side.size, rng) for side in self.sides]
        while True:
            value = torch.zeros(())
            for side, own, batch in zip(self.sides, targets, batches, strict=True):
                at, times = next(batch)
                outputs = network(side.private[at], side.rows)
                value = value + times / total * loss(outputs, Targets(own.values[at], own.weights[at]), side)
            yield value

    def _targets(self, buffer: SumBuffer) -> list[Targets]:
        return [Targets(torch.from_numpy(x), torch.from_numpy(w)) for x, w in zip(buffer.sums, buffer.weights, strict=True)]

    def _stakes(self, advantages: SumBuffer) -> list[Tensor]:
        """Return per block [K], what is at stake at each decision."""
        found = []
        for side, own in zip(self.sides, self._targets(advantages), strict=True):
            some = torch.where(own.weights > 0, own.weights, 1.0)[:, side.decision]
            square = (own.values.square() / some).sum(dim=0) @ side.of_decision
            scale = (square / (own.weights.sum(dim=0) * side.of_decision.sum(dim=0)).clamp_min(1e-30)).sqrt()
            found.append(torch.where(scale > 0, scale, 1.0))
        return found


def _side(block: Block, share: float) -> Side:
    of_decision = torch.nn.functional.one_hot(torch.from_numpy(block.decision), len(block.public)).to(torch.float32)
    count = len(block.private)
    size = count if count <= WHOLE else min(count, max(WHOLE, round(share * count)))
    return Side(torch.from_numpy(block.private), torch.from_numpy(block.rows), torch.from_numpy(block.decision), of_decision, size)


def _shuffled(count: int, size: int, rng: np.random.Generator) -> Iterator[tuple[Any, float]]:
    """Yield forever an index of ``size`` of ``count`` things and how many each stands for; all of them come up before any does again."""
    while size == count:
        yield slice(None), 1.0
    while True:
        order = torch.from_numpy(rng.permutation(count))
        for at in range(0, count - size + 1, size):
            yield order[at : at + size], count / size


def squared_error(outputs: Tensor, targets: Targets, side: Side) -> Tensor:
    """Return Σ weight (f - target)² over private sides and rows, the weight being that of the row's decision."""
    return (targets.weights[:, side.decision] * (outputs - targets.values).square()).sum()


def _cross_entropy(outputs: Tensor, targets: Targets, side: Side) -> Tensor:
    """Return -Σ weight · target · log softmax(f), the softmax over each decision's actions; the values are weight · target."""
    weights = targets.weights
    most = torch.full_like(weights, -math.inf).scatter_reduce_(1, side.decision.expand(len(outputs), -1), outputs.detach(), "amax")
    shifted = outputs - most[:, side.decision]
    total = shifted.exp() @ side.of_decision  # [C, K], at least 1
    return (weights * total.log()).sum() - (targets.values * shifted).sum()
