"""A learned best response: a lower bound of exploitability by play against a fixed agent, with a network that never sees its strategy.

Timbers et al. (2020), "Approximate exploitability: Learning a best response in large games", arXiv 2004.09677. The agent stands still, so
its opponent plays a game of one player: Q-learning applies. Deals are played with some exploration, and a network Q(public state, hand)[a]
is fitted to

    Q(s, h)[a] <- mean over the deals played of  chips at the end, or max_a' Q(s', h)[a'] at the learner's next decision s',

again and again over all deals played so far, more of them each round. The paper searches while it learns; this does not.

The network's answer counts as so many deals beside those played: what is played often is known from play, the rest from hands like it.
Of all deals ever played four numbers are kept for each cell: of an action how often it was played, and the chips where no other decision of
the learner's came after it; of a decision how often it was come to, and the action that led there, which is always the same. They are all
that Q is made of: memory does not grow with the deals. Of the agent nothing is seen but the actions that it takes; what folding costs in
hold'em, the rules say.

The strategy that takes the best action by Q is then evaluated exactly, chance and all the agent's hands, so it is a true lower bound.
What it cannot see is what it has not played, or what its network has not fitted: it finds large leaks and misses small ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.evaluation.lbr import response_value
from agents.networks import NetworkConfig, make_network
from agents.networks.policy import outputs
from agents.networks.regression import FitConfig, fit, make_fitter, make_optimiser
from agents.networks.threads import one_thread
from games.arrays import Float, Int
from games.settings import bounded, check_bounds, filled
from search.infostates import PRIVATE, PUBLIC
from search.representation import Representation, Table, Tables

AT_ONCE = 50_000  # deals that are played side by side
WEAKNESS = "A learned response is a lower bound: what it has not played or fitted it does not find. A low value is no evidence of strength."


@dataclass(kw_only=True)
class ResponseConfig:
    """How a response is learned; None is as ``DEFAULTS`` has it for the game's ``deep`` side (see ``search.infostates``).

    Attributes:
        rounds: of playing, then fitting.
        deals: played in each round.
        exploring: probability that an action is drawn from all alike, those left out whose value the rules tell.
        exploring_first: the same in the first round.
        fit: of each round.
        network: size.
        network_deals: how many deals played a network's answer counts as; infinity for the network alone.
        batch_size: private sides a step, see ``agents.networks.regression``.
        seed: of the network's weights and of all deals.
    """

    rounds: int | None = bounded(None, least=1)
    deals: int | None = bounded(None, least=1)
    exploring: float = bounded(0.3, above=0, most=1)
    exploring_first: float | None = bounded(None, above=0, most=1)
    fit: FitConfig = field(default_factory=FitConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    network_deals: float | None = bounded(None, above=0, most=math.inf)
    batch_size: int | None = bounded(None)
    seed: int = 0

    def __post_init__(self) -> None:
        check_bounds(self)


DEFAULTS = {
    PUBLIC: ResponseConfig(
        rounds=20, deals=10_000, exploring_first=0.3, fit=FitConfig(steps=60, learning_rate=0.01, final_rate=0.1),
        network=NetworkConfig(hidden=64), network_deals=math.inf, batch_size=0,
    ),
    PRIVATE: ResponseConfig(
        rounds=60, deals=250_000, exploring_first=1.0, fit=FitConfig(steps=20, learning_rate=0.003, final_rate=0.1),
        network_deals=100.0, batch_size=4096,
    ),
}  # fmt: skip


def transitions(taken: Sequence[tuple[Int, Int, Int]], chips: Float) -> tuple[Int, Int, Float]:
    """Return for each of the learner's actions its cell, the decision that follows it (-1 for none), and chips at the end of the deal.

    ``taken`` holds, step by step, the deals that the learner acts in, the cell of each action, its decision; see ``search.dealing``.
    """
    following = np.full(len(chips), -1)
    parts = [(following[:0], following[:0], chips[:0])]
    for which, cell, decision in reversed(taken):
        parts.append((cell, following[which], chips[which]))
        following[which] = decision
    cells, after, won = (np.concatenate(part) for part in zip(*parts, strict=True))
    return cells, after, won


class _Learner:
    """One seat's Q, and what was played."""

    def __init__(self, representation: Representation[Any], seat: int, opponent: Table, config: Any) -> None:
        self.infostates, self.seat, self.config = representation.infostates, seat, config
        self.dealer = representation.dealer(opponent, seat)
        self.cells, self.random = self.dealer.cells, np.random.default_rng([config.seed, seat])
        self.network = make_network(config.network, self.infostates, seat, config.seed)
        self.fitter = make_fitter(self.network.config.deep, self.infostates.blocks[seat], config.batch_size)
        self.optimiser = make_optimiser(self.network, self.config.fit)
        self.count, self.won = np.zeros(self.cells.size), np.zeros(self.cells.size)
        self.reached, self.parent_cell = np.zeros(self.cells.decisions), np.zeros(self.cells.decisions, np.int64)
        self.values = np.zeros(self.cells.size, np.float32)

    def play(self, deals: int, exploring: float) -> None:
        """Play deals and add what they show to the sums."""
        for at in range(0, deals, AT_ONCE):
            played = self.dealer.play(min(AT_ONCE, deals - at), self.values, exploring, self.random)
            cell, after, won = transitions(*played)
            last = after < 0
            self.count += np.bincount(cell, minlength=self.cells.size)
            self.won += np.bincount(cell[last], won[last], minlength=self.cells.size)
            self.reached += np.bincount(after[~last], minlength=self.cells.decisions)
            self.parent_cell[after[~last]] = cell[~last]

    def learn(self) -> None:
        """Fit the network to the means of what was played, each decision worth its best action by Q so far, and set Q anew."""
        cells, stakes = self.cells, self.dealer.stakes
        best = np.concatenate([table.ravel() for table in cells.best(self.values)])
        total = self.won + np.bincount(self.parent_cell, self.reached * best, minlength=cells.size)
        means, shares = total / self.count.clip(1), self.count / (self.count + self.config.network_deals)
        counting = self.count / self.count.sum() if math.isinf(self.config.network_deals) else shares
        targets = [mean / stake for mean, stake in zip(cells.tables(means.astype(np.float32)), stakes, strict=True)]
        weights = [weight * stake for weight, stake in zip(cells.tables(counting.astype(np.float32)), stakes, strict=True)]
        fit(self.optimiser, self.fitter.value_losses(self.network, targets, weights, self.random), self.config.fit)
        answers = [stake * answer for stake, answer in zip(stakes, outputs(self.network, self.infostates, self.seat), strict=True)]
        answer = np.concatenate([table.ravel() for table in answers])
        self.values = (answer + shares * (means - answer)).astype(np.float32)
        for known, table in zip(self.dealer.known, cells.tables(self.values), strict=True):
            ruled = ~np.isnan(known)
            table[:, ruled] = known[ruled]

    def table(self) -> Table:
        """Return the table that takes the best action by Q; equally good ones are played alike."""
        chosen = []
        every = zip(self.cells.tables(self.values), self.cells.best(self.values), self.infostates.blocks[self.seat], strict=True)
        for table, most, block in every:
            best = (table == most[:, block.decision]).astype(np.float32)
            chosen.append(best / np.add.reduceat(best, block.first_row[:-1], axis=1)[:, block.decision])
        return self.infostates.stored(self.seat, chosen)


@one_thread()
def learned_response(
    representation: Representation[Any], seat: int, opponent: Table, config: ResponseConfig | None = None
) -> tuple[Table, float]:
    """Return the table learned in a seat, and what it wins exactly, in chips a deal.

    ``opponent`` is the other player's table, searches included; see ``agents.evaluation.strength.tabulate``.
    """
    settings = filled(config or ResponseConfig(), DEFAULTS[representation.infostates.deep])
    learner = _Learner(representation, seat, opponent, settings)
    for done in range(settings.rounds):
        learner.play(settings.deals, settings.exploring if done else settings.exploring_first)
        learner.learn()
    response = learner.table()
    return response, response_value(representation, seat, response, opponent)


def learned_exploitability(representation: Representation[Any], tables: Tables, config: ResponseConfig | None = None) -> float:
    """Return (response to seat 0 + response to seat 1) / 2 in chips a deal, of an agent's tables by seat: at most NashConv / 2."""
    return sum(learned_response(representation, seat, tables[1 - seat], config)[1] for seat in (0, 1)) / 2
