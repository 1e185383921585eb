"""A learned best response: a lower bound of exploitability by play against a fixed agent, with a network that never sees its strategy.

Timbers et al. (2020), "Approximate exploitability: Learning a best response in large games", arXiv 2004.09677. The agent stands still, so
its opponent plays a game of one player: Q-learning applies. Hands are played with some exploration, and a network Q(public state, hand)[a]
is fitted to

    Q(s, h)[a] <- mean over the hands played of  chips at the end, or max_a' Q(s', h)[a'] at the learner's next decision s',

again and again over all hands played so far, more of them each round. The paper searches while it learns; this does not.

The strategy that takes the best action by Q is then evaluated exactly, chance and all the agent's hands, so it is a true lower bound.
What it cannot see is what it has not played, or what its network has not fitted: it finds large leaks and misses small ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agents.evaluation.lbr import response_value
from agents.networks import NetworkConfig, make_network
from agents.networks.policy import outputs
from agents.networks.threads import one_thread
from agents.training.regression import FitConfig, fit, make_optimiser
from games import CHANCE, TERMINAL, PublicTree
from games.derived import derived_game
from search import represent
from search.infostates import Block
from search.tree.infostates import TreeInfostates

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
WEAKNESS = "A learned response is a lower bound: what it has not played or fitted it does not find. A low value is no evidence of strength."


@dataclass(kw_only=True)
class Learning:
    """How a response is learned, whatever its network.

    Attributes:
        rounds: of playing, then fitting.
        hands: played in each round.
        exploring: probability that a decision is drawn from all legal actions alike.
        fit: of each round.
        seed: of the network's weights and of all hands.
    """

    rounds: int = 20
    hands: int = 10_000
    exploring: float = 0.3
    fit: FitConfig = field(default_factory=lambda: FitConfig(steps=60, learning_rate=0.01, final_rate=0.1))
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rounds", "hands"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.exploring <= 1:
            raise ValueError(f"exploring must be above 0 and at most 1, got {self.exploring}")


@dataclass(kw_only=True)
class ResponseConfig(Learning):
    """How a response is learned on a game derived from OpenSpiel.

    Attributes:
        network: size.
    """

    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(hidden=64))


def transitions(taken: Sequence[tuple[Int, Int, Int]], chips: Float) -> tuple[Int, Int, Float]:
    """Return for each of the learner's actions its cell, the decision that follows it (-1 for none), and chips at the end of the hand.

    Args:
        taken: step by step: which hands the learner acts in, the cell (of a table of actions and hands) of each action, its decision.
        chips: [hands] at the end.
    """
    following = np.full(len(chips), -1)
    parts = [(following[:0], following[:0], chips[:0])]
    for which, cell, decision in reversed(taken):
        parts.append((cell, following[which], chips[which]))
        following[which] = decision
    cells, after, won = (np.concatenate(part) for part in zip(*parts, strict=True))
    return cells, after, won


class _Dealer:
    """Plays many hands at once against one seat's table."""

    def __init__(self, tree: PublicTree, seat: int, table: Float) -> None:
        self.tree, self.seat, self.table = tree, seat, table
        children = [tree.children(node) for node in range(tree.num_nodes)]
        self.children = np.zeros((tree.num_nodes, max(map(len, children))), np.int64)
        self.there = np.zeros(self.children.shape, bool)
        for node, own in enumerate(children):
            self.children[node, : len(own)], self.there[node, : len(own)] = own, True
        ends = np.flatnonzero(tree.player == TERMINAL)
        self.end_of = np.full(tree.num_nodes, -1)
        self.end_of[ends] = np.arange(len(ends))
        self.paid = np.stack([derived_game(tree).payoffs(int(node)) for node in ends]) * (1 if seat == 0 else -1)
        self.deals = np.cumsum(tree.deal_weights.ravel())

    def weights(self, node: Int, hands: Int, values: Float, exploring: float) -> Float:
        """Return [B, actions], how likely each child comes next, up to a factor."""
        tree, seat, below = self.tree, self.seat, self.children[node]
        rows, player = tree.row[:, below].astype(np.int64) - 1, tree.player[node][:, None]
        chance = tree.chance_weights[tree.chance_of[below], hands[0][:, None], hands[1][:, None]]
        theirs = self.table[rows[1 - seat], hands[1 - seat][:, None]]
        own = np.where(self.there[node], values[rows[seat], hands[seat][:, None]], -np.inf)
        greedy = (own.argmax(axis=1)[:, None] == np.arange(own.shape[1])) * (1 - exploring)
        mine = greedy + exploring / self.there[node].sum(axis=1).clip(1)[:, None]
        likely: Float = np.where(player == CHANCE, chance, np.where(player == seat, mine, theirs)) * self.there[node]
        return likely

    def play(self, count: int, values: Float, exploring: float, random: np.random.Generator) -> tuple[list[tuple[Int, Int, Int]], Float]:
        """Play hands; return step by step which hands the learner acts in, the rows of its actions and its hands, and chips at the end."""
        tree, number = self.tree, np.arange(count)
        cells = np.searchsorted(self.deals, random.random(count) * self.deals[-1], side="right").clip(max=len(self.deals) - 1)
        hands, node = np.stack(np.divmod(cells, tree.num_hands(1))), np.zeros(count, np.int64)
        taken = []
        while len(going := number[tree.player[node] != TERMINAL]):
            here = node[going]
            sums = self.weights(here, hands[:, going], values, exploring).cumsum(axis=1)
            drawn = (sums <= random.random(len(going))[:, None] * sums[:, -1:]).sum(axis=1)
            node[going] = self.children[here, drawn]
            mine = tree.player[here] == self.seat
            who = going[mine]
            taken.append((who, tree.row[self.seat, node[who]].astype(np.int64) - 1, hands[self.seat, who]))
        return taken, self.paid[self.end_of[node], hands[0], hands[1]]


def _losses(network: nn.Module, block: Block, mean: Float, count: Float) -> Iterator[torch.Tensor]:
    """Yield the loss of Q for each step: mean targets of what was played, and how often it was, [R - 1, H] each."""
    given = [torch.from_numpy(x) for x in (block.public, block.private, block.legal)]
    target, weight = (torch.from_numpy(block.dense(table.T).astype(np.float32)) for table in (mean, count / count.sum()))
    while True:
        yield (weight * (network(*given) - target).square()).sum()


@one_thread()
def learned_response(tree: PublicTree, seat: int, table: Float, config: ResponseConfig | None = None) -> tuple[Float, float]:
    """Return a learned strategy against one seat of an agent, [R - 1, padded H], and what it wins exactly, in chips a hand.

    Args:
        tree: the public tree.
        seat: the learner's player number.
        table: [R_other - 1, padded H_other] the opponent's strategy, searches included; see agents.evaluation.strength.tabulate.
        config: how it is learned.
    """
    config = config or ResponseConfig()
    infostates, dealer, random = TreeInfostates(tree), _Dealer(tree, seat, table), np.random.default_rng([config.seed, seat])
    (block,) = infostates.blocks[seat]
    network = make_network(config.network, infostates, seat, config.seed)
    optimiser, hands, size = make_optimiser(network), tree.num_hands(seat), tree.num_rows(seat) - 1
    values, played = np.zeros((size, hands)), []
    for _ in range(config.rounds):
        taken, chips = dealer.play(config.hands, values, config.exploring, random)
        cells = [(which, row * hands + held, block.decision[row] * hands + held) for which, row, held in taken]
        played.append(transitions(cells, chips))
        cell, after, won = (np.concatenate(part) for part in zip(*played, strict=True))
        best = np.maximum.reduceat(values, block.first_row[:-1], axis=0).ravel()
        goal = np.where(after < 0, won, best[after])
        count = np.bincount(cell, minlength=size * hands).reshape(size, hands)
        total = np.bincount(cell, goal, minlength=size * hands).reshape(size, hands)
        fit(optimiser, _losses(network, block, total / count.clip(1), count.astype(np.float64)), config.fit)
        values = outputs(network, infostates, seat)[0].T.astype(np.float64)
    dense = np.where(block.legal[:, :, None] > 0, block.dense(values.T), -np.inf)
    chosen = (dense.argmax(axis=1)[:, None] == np.arange(dense.shape[1])[:, None]).astype(np.float64)
    found = np.zeros((size, tree.padded_hands(seat)))
    found[:, :hands] = block.table(chosen).T
    return found, response_value(represent(derived_game(tree)), seat, found, table)


def learned_exploitability(tree: PublicTree, tables: Sequence[Float], config: ResponseConfig | None = None) -> float:
    """Return (response to seat 0 + response to seat 1) / 2 in chips: at most NashConv / 2.

    Args:
        tree: the public tree.
        tables: of the agent as player 0 and as player 1.
        config: how responses are learned.
    """
    return sum(learned_response(tree, 1 - seat, tables[seat], config)[1] for seat in (0, 1)) / 2
