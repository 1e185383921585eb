"""Fitting networks to targets per infostate: weighted squared error for advantages, weighted cross-entropy for strategies.

A *fitter* knows how one kind of network learns from one player's buffers (``agents.training.buffer``): which batches, which loss.
"""

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

from games.arrays import Float, Float32
from games.settings import bounded, check_bounds
from search.infostates import PUBLIC, Block, Table

WHOLE = 512  # private sides of a block that every minibatch holds


class DivergenceError(ValueError):
    """Training has come to numbers that are none, or to errors that rise without end; one line says which."""


@dataclass(kw_only=True)
class FitConfig:
    """How a network is fitted; None is for the trainer to fill in.

    Attributes:
        steps: Adam steps of one fit.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much.
        final_rate: as a fraction of ``learning_rate``.
        epsilon: what Adam adds to the root of a gradient's mean square; null (None) for 1e-8. In fits of thousands of steps gradients of
            hands that are sure of their action all but vanish, Adam makes them large again, and logits grow until one breaks. 1e-5 keeps
            such fits steady (docs/notebook/networks.md).
    """

    steps: int | None = bounded(None, least=1)
    learning_rate: float | None = bounded(None, above=0, most=1e6)
    final_rate: float | None = bounded(None, most=1)
    epsilon: float | None = bounded(None, above=0, most=1)

    def __post_init__(self) -> None:
        check_bounds(self)

    def rates(self) -> list[float]:
        """Return the learning rate of each step; raises ValueError if a number is left open."""
        steps, first, last = self.steps, self.learning_rate, self.final_rate
        if steps is None or first is None or last is None:
            raise ValueError(f"steps, learning_rate and final_rate must be given, got {self}")
        return [first * (last + (1.0 - last) * (0.5 * (1.0 + math.cos(math.pi * step / steps)))) for step in range(steps)]


def make_optimiser(network: nn.Module, config: FitConfig | None = None) -> torch.optim.Adam:
    """Return the optimiser of a network, with the epsilon of its fits; ``fit`` sets the rate of each step."""
    epsilon = 1e-8 if config is None or config.epsilon is None else config.epsilon
    return torch.optim.Adam(network.parameters(), lr=1.0, eps=epsilon, fused=True)  # fused: a third of the time of torch's default here


def fit(optimiser: torch.optim.Adam, losses: Iterator[Tensor], config: FitConfig, tail: float = 0) -> float:
    """Train a network in place, by its optimiser and a loss for each step; return the mean loss over the last steps.

    ``tail`` is the share of the steps that the mean is over; 0 for the last step alone.

    Raises:
        DivergenceError: the loss is NaN or infinite.
    """
    values = []
    for rate in config.rates():
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        value = next(losses)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        values.append(float(value.detach()))
    last = values[-max(1, int(tail * len(values))) :]
    mean = sum(last) / len(last)
    if not math.isfinite(mean):
        raise DivergenceError(f"training loss must be finite, got {mean}: lower learning_rate ({config.learning_rate})")
    return mean


class Batch(NamedTuple):
    """Samples to regress on: at decision k, private side c, the outputs should be ``target[:, c]``, with weight ``weight[c]``."""

    decision: npt.NDArray[np.uint32]  # [B]
    target: Float32  # [B, A, C]
    weight: Float32  # [B, C]


class Held(Protocol):
    """A buffer that a ``DecisionFitter`` learns from."""

    def means(self) -> tuple[Float, Float]:
        """Return the mean targets [K, A, C], 0 without weight, and their total weights [K, C]."""

    def sample(self, size: int, rng: np.random.Generator) -> Batch:
        """Return that many samples."""


class Summed(Protocol):
    """A buffer that a ``ClassFitter`` learns from, a list over blocks each."""

    sums: list[Float32]  # [C, R] of targets times weights
    weights: list[Float32]  # [C, K]


def make_fitter(deep: str | None, blocks: Sequence[Block], batch_size: int, by_decision: bool = False) -> Any:
    """Return the fitter of a kind of network; ``by_decision`` is a ``DecisionFitter``'s, a ``ClassFitter`` always goes by decision."""
    return DecisionFitter(blocks, batch_size, by_decision) if deep == PUBLIC else ClassFitter(blocks, batch_size)


class DecisionFitter:
    """Fits a ``PublicTrunk`` to decisions, all hands at once: to the means of all, or to ``batch_size`` samples a step.

    Advantages are divided by their root mean square over the buffer; ``by_decision`` by that of each decision, and weigh by it instead, as
    a ``ClassFitter``'s.
    """

    tail = 0.0

    def __init__(self, blocks: Sequence[Block], batch_size: int, by_decision: bool = False) -> None:
        (self.block,), self.batch_size, self.by_decision = blocks, batch_size, by_decision
        block = self.block
        self.public, self.private, self.legal = map(torch.from_numpy, (block.public, block.private, block.legal))

    def multiply_adds(self, network: Any) -> int:
        """Return the multiply-adds of one forward pass of a step."""
        count: int = network.multiply_adds(self.batch_size or len(self.public), len(self.private))
        return count

    def advantage_losses(self, network: nn.Module, advantages: Held, rng: np.random.Generator) -> Iterator[Tensor]:
        """Yield the squared error of each step, Σ_h weight Σ_a (f - target)²; outputs and targets of illegal actions are both 0."""
        (scale,) = self.scales(advantages)
        for outputs, target, weights, _ in self._steps(network, advantages, scale, rng):
            yield (weights * (outputs - target).square()).sum()

    def scales(self, advantages: Held) -> list[Float]:
        """Return [K], what the advantages of each decision are divided by."""
        mean, weight = advantages.means()
        square = weight[:, None] * mean**2
        if not self.by_decision:
            return [np.full(len(mean), float(np.sqrt(square.sum() / weight.sum())) or 1.0)]
        scale = np.sqrt(square.sum(axis=(1, 2)) / np.maximum(weight.sum(axis=1) * self.block.legal.sum(axis=1), 1e-30))
        return [np.where(scale > 0, scale, 1.0)]

    def strategy_losses(self, network: nn.Module, strategies: Held, scales: Sequence[Table], rng: np.random.Generator) -> Iterator[Tensor]:
        """Yield the cross-entropy of each step, -Σ_h weight Σ_a target log softmax(f), the softmax over legal actions."""
        for outputs, target, weights, legal in self._steps(network, strategies, None, rng):
            logits = outputs + (legal[:, :, None] - 1.0) * 1e9
            yield -(weights * target * torch.log_softmax(logits, dim=1)).sum()  # 0 * -1e9 where illegal, not 0 * -inf

    def value_losses(
        self, network: nn.Module, values: Sequence[Table], weights: Sequence[Table], rng: np.random.Generator
    ) -> Iterator[Tensor]:
        """Yield the squared error of each step, Σ weight (f - value)² over all rows, values and weights being [C, R] f4 a block."""
        target, weight = (torch.from_numpy(self.block.dense(table).astype(np.float32)) for (table,) in (values, weights))
        while True:
            yield (weight * (network(self.public, self.private, self.legal) - target).square()).sum()

    def _steps(
        self, network: nn.Module, buffer: Held, scale: Float | None, rng: np.random.Generator
    ) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Yield each step's outputs, targets, weights and legal actions."""
        last = None
        for batch in self._batches(buffer, scale, rng):
            if batch is not last:
                last, at = batch, torch.from_numpy(batch.decision.astype(np.int64))
                public, legal = self.public[at], self.legal[at]
                target, weight = torch.from_numpy(batch.target), torch.from_numpy(batch.weight)[:, None]
            yield network(public, self.private, legal), target, weight, legal

    def _batches(self, buffer: Held, scale: Float | None, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield batches whose targets are divided by ``scale`` [K] and whose weights sum to one; all of the means are one batch."""
        if self.batch_size == 0:
            mean, weight = buffer.means()
            every = np.arange(len(mean), dtype=np.uint32)
            yield from repeat(self._batch(every, mean, weight, scale))
        while True:
            yield self._batch(*buffer.sample(self.batch_size, rng), scale)

    def _batch(self, decision: npt.NDArray[np.uint32], target: Table, weight: Table, scale: Float | None) -> Batch:
        if scale is not None:
            by = scale[decision].astype(target.dtype)
            target = target / by[:, None, None]
            weight = weight * by[:, None] if self.by_decision else weight
        total = max(float(weight.sum()), 1e-30)
        return Batch(decision, target.astype(np.float32), (weight / total).astype(np.float32))


class Side(NamedTuple):
    """One block as a ``ClassFitter`` takes it."""

    private: Tensor  # [C, D_private]
    rows: Tensor  # [R, D_public + D_action]
    decision: Tensor  # [R] of each row
    of_decision: Tensor  # [R, K] 1 at each row's decision
    size: int  # private sides of a minibatch


Target = tuple[Tensor, Tensor]  # of a block: values [C, R] and weights [C, K], or [C, R] where rows have their own
Loss = Callable[[Tensor, Tensor, Tensor, Side], Tensor]  # of outputs, values, weights


class ClassFitter:
    """Fits a ``PrivateTrunk`` to private sides with all rows of their block.

    A step takes some private sides of every block: small blocks whole, of the others a share in shuffled order, weighted by how many it
    stands for. ``batch_size`` is how many of the large blocks there are together, 0 for all.

    The advantages of each decision are divided by their root mean square over private sides, what is *at stake* there, and weigh by it
    instead: squared errors in chips let the last round's all-ins drown everything else, so errors count in proportion to the chips, not to
    their square. Strategies weigh by it, too: else a blunder for a stack would count no more than one for a blind.
    """

    tail = 0.1

    def __init__(self, blocks: Sequence[Block], batch_size: int) -> None:
        large = max(sum(len(b.private) for b in blocks if len(b.private) > WHOLE), 1)
        self.sides = [_side(block, batch_size / large if batch_size else 1.0) for block in blocks]

    def multiply_adds(self, network: Any) -> int:
        """Return the multiply-adds of one forward pass of a step."""
        return sum(network.of(b).multiply_adds(side.size, len(side.rows)) for b, side in enumerate(self.sides))

    def advantage_losses(self, network: nn.Module, advantages: Summed, rng: np.random.Generator) -> Iterator[Tensor]:
        """Return the squared error of each step."""
        every = zip(self.sides, _tensors(advantages), self._tensor_scales(advantages), strict=True)
        means = [(sums / (_some(weights, side) * stake[side.decision]), weights * stake) for side, (sums, weights), stake in every]
        return self.losses(network, means, squared_error, rng)

    def strategy_losses(
        self, network: nn.Module, strategies: Summed, scales: Sequence[Table], rng: np.random.Generator
    ) -> Iterator[Tensor]:
        """Return the cross-entropy of each step, which weighs by ``scales``, what is at stake at each decision ([K] a block)."""
        every = zip(self.sides, _tensors(strategies), map(torch.from_numpy, scales), strict=True)
        sums = [(sums * stake[side.decision], weights * stake) for side, (sums, weights), stake in every]
        return self.losses(network, sums, _cross_entropy, rng)

    def value_losses(
        self, network: nn.Module, values: Sequence[Table], weights: Sequence[Table], rng: np.random.Generator
    ) -> Iterator[Tensor]:
        """Return the squared error of each step, Σ weight (f - value)² over rows, values and weights being [C, R] f4 a block."""
        targets = [(torch.from_numpy(value), torch.from_numpy(weight)) for value, weight in zip(values, weights, strict=True)]
        return self.losses(network, targets, _row_error, rng)

    def losses(self, network: Any, targets: Sequence[Target], loss: Loss, rng: np.random.Generator) -> Iterator[Tensor]:
        """Yield the loss of each step, per weight."""
        total = sum(float(weights.sum(dtype=torch.float64)) for _, weights in targets)
        batches = [_shuffled(len(side.private), side.size, rng) for side in self.sides]
        while True:
            value = torch.zeros(())
            for b, (side, (values, weights), batch) in enumerate(zip(self.sides, targets, batches, strict=True)):
                at, times = next(batch)
                value = value + times / total * loss(network.of(b)(side.private[at], side.rows), values[at], weights[at], side)
            yield value

    def scales(self, advantages: Summed) -> list[Table]:
        """Return per block [K] f4, what is at stake at each decision."""
        return [scale.numpy() for scale in self._tensor_scales(advantages)]

    def _tensor_scales(self, advantages: Summed) -> list[Tensor]:
        stakes = []
        for side, (sums, weights) in zip(self.sides, _tensors(advantages), strict=True):
            square = (sums.square() / _some(weights, side)).sum(dim=0) @ side.of_decision
            scale = (square / (weights.sum(dim=0) * side.of_decision.sum(dim=0)).clamp_min(1e-30)).sqrt()
            stakes.append(torch.where(scale > 0, scale, 1.0))
        return stakes


def _side(block: Block, share: float) -> Side:
    decision, count = torch.from_numpy(block.decision), len(block.private)
    of_decision = torch.nn.functional.one_hot(decision, len(block.public)).to(torch.float32)
    size = count if count <= WHOLE else min(count, max(WHOLE, round(share * count)))
    return Side(torch.from_numpy(block.private), torch.from_numpy(block.rows), decision, of_decision, size)


def _tensors(buffer: Summed) -> list[Target]:
    return [(torch.from_numpy(sums), torch.from_numpy(weights)) for sums, weights in zip(buffer.sums, buffer.weights, strict=True)]


def _some(weights: Tensor, side: Side) -> Tensor:
    """Return [C, R], the weight of each row's decision; 1 where there is none, to divide by."""
    return torch.where(weights > 0, weights, 1.0)[:, side.decision]


def _shuffled(count: int, size: int, rng: np.random.Generator) -> Iterator[tuple[Any, float]]:
    """Yield forever an index of ``size`` of ``count`` things and how many each stands for; all of them come up before any does again."""
    while size == count:
        yield slice(None), 1.0
    while True:
        order = torch.from_numpy(rng.permutation(count))
        for at in range(0, count - size + 1, size):
            yield order[at : at + size], count / size


def squared_error(outputs: Tensor, means: Tensor, weights: Tensor, side: Side) -> Tensor:
    """Return Σ weight (f - target)² over private sides and rows, the weight being that of the row's decision."""
    return (weights[:, side.decision] * (outputs - means).square()).sum()


def _row_error(outputs: Tensor, values: Tensor, weights: Tensor, side: Side) -> Tensor:
    """Return Σ weight (f - target)² over private sides and rows, each row with a weight of its own."""
    return (weights * (outputs - values).square()).sum()


def _cross_entropy(outputs: Tensor, sums: Tensor, weights: Tensor, side: Side) -> Tensor:
    """Return -Σ weight · target · log softmax(f), the softmax over each decision's actions; ``sums`` are weight · target."""
    most = torch.full_like(weights, -math.inf).scatter_reduce_(1, side.decision.expand(len(outputs), -1), outputs.detach(), "amax")
    shifted = outputs - most[:, side.decision]
    total = shifted.exp() @ side.of_decision  # [C, K], at least 1
    return (weights * total.log()).sum() - (sums * shifted).sum()
