"""A learned best response in hold'em, by play; what it is, and what it cannot see, is in ``agents.evaluation.learned_response``.

Q(class, sequence) of the learner is the mean of what was played, beside which a network's answer counts as some more hands; the network
(a ``PrivateTrunk``, one for all streets) is fitted to the means, in pots. What is played often is known from play, what is
not, from hands like it. Of the agent nothing is seen but the actions that it takes; what folding costs, the rules say.

Of all hands ever played four numbers are kept for each class of hands that suits make equal: of a sequence how often it was played, and
the chips where no other decision of the learner's came after it; of a decision how often it was come to, and the sequence that led there
last, which is always the same. They are all that Q is made of: memory does not grow with the hands.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from agents.evaluation.holdem_dealer import Cells, HoldemDealer
from agents.evaluation.learned_response import Learning, transitions
from agents.networks import NetworkConfig, make_network
from agents.networks.policy import outputs
from agents.networks.threads import one_thread
from agents.training.regression import ClassFitter, FitConfig, fit, make_optimiser, squared_error
from search.boards.infostates import BoardInfostates
from search.boards.search import value_against
from search.boards.sweeps import BoardSweeps, Rows
from search.boards.trunk import Strategies

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
AT_ONCE = 50_000  # hands that are played side by side


@dataclass(kw_only=True)
class HoldemResponseConfig(Learning):
    """How a response is learned in hold'em.

    Attributes:
        network: size.
        network_hands: how many hands played a network's answer counts as.
        batch_size: classes of hands a step, see ``agents.training.regression``.
    """

    rounds: int = 60
    hands: int = 250_000
    fit: FitConfig = field(default_factory=lambda: FitConfig(steps=20, learning_rate=0.003, final_rate=0.1))
    network: NetworkConfig = field(default_factory=NetworkConfig)
    network_hands: float = 100.0
    batch_size: int = 4096

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.network_hands > 0:
            raise ValueError(f"network_hands must be positive, got {self.network_hands}")


class _Learner:
    """One seat's Q, and all that was played."""

    def __init__(self, infostates: BoardInfostates, seat: int, opponent: Rows, config: HoldemResponseConfig) -> None:
        self.infostates, self.seat, self.config, self.cells = infostates, seat, config, Cells(infostates, seat)
        self.dealer = HoldemDealer(infostates, seat, opponent, self.cells)
        self.random = np.random.default_rng([config.seed, seat])
        self.network = make_network(config.network, infostates, seat, config.seed)
        self.optimiser, self.fitter = make_optimiser(self.network), ClassFitter(infostates.blocks[seat], config.batch_size)
        self.count, self.won = np.zeros(self.cells.size), np.zeros(self.cells.size)
        self.reached, self.before = np.zeros(self.cells.decisions), np.zeros(self.cells.decisions, np.int64)
        self.values = np.zeros(self.cells.size, np.float32)

    def play(self, hands: int, exploring: float) -> None:
        """Play hands and keep what is new in them."""
        for at in range(0, hands, AT_ONCE):
            cell, after, won = transitions(*self.dealer.play(min(AT_ONCE, hands - at), self.values, exploring, self.random))
            last = after < 0
            self.count += np.bincount(cell, minlength=self.cells.size)
            self.won += np.bincount(cell[last], won[last], minlength=self.cells.size)
            self.reached += np.bincount(after[~last], minlength=self.cells.decisions)
            self.before[after[~last]] = cell[~last]

    def learn(self) -> None:
        """Fit the network to the means of what was played, each decision worth its best action by Q so far, and set Q anew."""
        best = np.concatenate([table.ravel() for table in self.cells.best(self.values)])
        total = self.won + np.bincount(self.before, self.reached * best, minlength=self.cells.size)
        means, shares = total / self.count.clip(1), self.count / (self.count + self.config.network_hands)
        bets = self.infostates.game.bets
        pots = [bets.contribution[nodes].sum(axis=1).astype(np.float32) for nodes in self.cells.nodes]
        values = [torch.from_numpy(mean / pot) for mean, pot in zip(self.cells.streets(means.astype(np.float32)), pots, strict=True)]
        weights = [torch.from_numpy(share * pot) for share, pot in zip(self.cells.streets(shares.astype(np.float32)), pots, strict=True)]
        losses = self.fitter.losses(self.network, list(zip(values, weights, strict=True)), squared_error, self.random)
        fit(self.optimiser, losses, self.config.fit)
        answers = [pot * answer for pot, answer in zip(pots, outputs(self.network, self.infostates, self.seat), strict=True)]
        answer = np.concatenate([table.ravel() for table in answers])
        self.values = (answer + shares * (means - answer)).astype(np.float32)
        for nodes, table in zip(self.cells.nodes, self.cells.streets(self.values), strict=True):
            folds = bets.folded[nodes] == self.seat
            table[:, folds] = -bets.contribution[nodes, self.seat][folds]

    def strategy(self) -> Rows:
        """Return the best action by Q, [stored rows, 8]; equally good ones are played alike."""
        every = zip(self.cells.streets(self.values), self.cells.best(self.values), self.infostates.blocks[self.seat], strict=True)
        chosen = [(table == np.repeat(most, np.diff(block.first_row), axis=1)).astype(np.float32) for table, most, block in every]
        return self.infostates.stored(self.seat, chosen)


@one_thread()
def holdem_learned_response(
    infostates: BoardInfostates, sweeps: BoardSweeps, seat: int, opponent: Rows, config: HoldemResponseConfig | None = None
) -> tuple[Rows, float]:
    """Return a learned strategy against one player's, [stored rows, 8], and what it wins exactly, in chips a deal.

    Args:
        infostates: of the whole game.
        sweeps: over its board tree.
        seat: the learner's player number.
        opponent: [stored rows, 8] the other player's strategy, searches included.
        config: how it is learned.
    """
    config = config or HoldemResponseConfig()
    learner = _Learner(infostates, seat, opponent, config)
    for done in range(config.rounds):
        learner.play(config.hands, config.exploring if done else 1.0)
        learner.learn()
    found = learner.strategy()
    pair = (found, opponent) if seat == 0 else (opponent, found)
    return found, value_against(infostates.game, sweeps, pair, seat, best=False)


def holdem_learned_exploitability(
    infostates: BoardInfostates, sweeps: BoardSweeps, agent: Strategies, config: HoldemResponseConfig | None = None
) -> float:
    """Return (response to seat 0 + response to seat 1) / 2 in chips a deal: at most NashConv / 2.

    Args:
        infostates: of the whole game.
        sweeps: over its board tree.
        agent: [stored rows, 8] of the agent as player 0 and as player 1.
        config: how responses are learned.
    """
    return sum(holdem_learned_response(infostates, sweeps, seat, agent[1 - seat], config)[1] for seat in (0, 1)) / 2
