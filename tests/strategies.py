"""Small games of both families in memory, and strategies of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from agents.agent import BaseAgent, Decision
from agents.policy import solved_policy
from games import public_tree
from games.derived import derived_game
from games.game import Kind
from search import BoardSolver, Strategy, represent, uniform, variant
from search.boards.representation import BoardRepresentation
from tests.catalogue import UNEVEN, small

DERIVED = ("kuhn_poker", "leduc_poker(suit_isomorphism=true)", "liars_dice(numdice=1,dice_sides=3)")
HOLDEM = {
    "flop": small([0, 1]),
    "flop, turn": small([0, 1, 1], ranges=UNEVEN),
    "several sizes": small([0, 1], ranges=UNEVEN, stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
    "two cards": small([0, 2], ranges=UNEVEN, stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
    "no suits alike": small([0, 1], ranges=("AcKd,QcQd,AdQh:0.5", "full")),
}
EVERY = (*DERIVED, *HOLDEM)
POKER = tuple(name for name in EVERY if not name.startswith("liars_dice"))


@lru_cache(maxsize=len(EVERY))
def representation_of(name):
    """Return a small game in memory, hold'em in float64."""
    if name in HOLDEM:
        return BoardRepresentation(HOLDEM[name], np.float64)
    return represent(derived_game(public_tree(name)))


class Asked(BaseAgent):
    """Plays what a function of the game and a state says."""

    def __init__(self, game, name, policy):
        self.game, self.name, self.policy = game, name, policy

    def decide(self, seat, state, memory, budget):
        return Decision(self.policy(self.game, state), memory, 0.0)


def call(game, state):
    """Return what checks and calls with every hand."""
    takes = [action.kind == Kind.PASS for action in game.actions(state)]
    return np.repeat(np.array(takes, float)[:, None], game.num_hands[game.player(state)], axis=1)


def every_state(representation):
    """Yield all states, of public cards that suits make equal one of each."""
    states = [representation.game.root]
    while states:
        state = states.pop()
        yield state
        states.extend(representation.below(state))


def filled(representation, policy):
    """Return tables of what a function of the game and a state says."""
    tables, game = representation.uniform(), representation.game
    for state in every_state(representation):
        if game.player(state) >= 0:
            representation.put(tables[game.player(state)], state, policy(game, state))
    return tables


def random_strategy(tree, seed):
    """Some probabilities are 0."""
    random, tables = np.random.default_rng(seed), [t.copy() for t in uniform(tree).tables]
    for node in np.flatnonzero(tree.player >= 0):
        rows, player = tree.rows_at(node), tree.player[node]
        weights = random.random((rows.stop - rows.start, tables[player].shape[1])) ** 3
        weights[1:][random.random(weights[1:].shape) < 0.2] = 0.0
        tables[player][rows.start - 1 : rows.stop - 1] = weights / weights.sum(axis=0)
    return Strategy(tree, tree.subgame(), (tables[0], tables[1]))


@lru_cache(maxsize=len(EVERY))
def strategies(name):
    """Return tables of a game by name: without a plan, and after some iterations."""
    representation = representation_of(name)
    found = {"uniform": representation.uniform()}
    if name in POKER:
        found["calling"] = filled(representation, call)
    if name in HOLDEM:
        solver = BoardSolver(HOLDEM[name], variant("dcfr"), 1, np.float64)
        for _ in range(2):
            solver.run(5)
            found[f"solved {solver.iterations}"] = tuple(rows.copy() for rows in solver.answer().average)
        return found | {"loose": tuple(rows + 0.3 for rows in solver.average)}  # comes everywhere
    tree = representation.tree
    found |= {f"solved {n}": solved_policy(tree, variant("cfr"), n).strategy().tables for n in (3, 100)}
    return found | {f"random {seed}": random_strategy(tree, seed).tables for seed in range(5)}


def exploitability(representation, tables):
    """Return NashConv / 2 in chips a deal."""
    return sum(representation.best_response_value(tables[1 - p], p) for p in (0, 1)) / 2


def random_tables(infostates, seed):
    """Return both players' random strategies."""
    rng = np.random.default_rng(seed)
    found = []
    for blocks in infostates.blocks:
        tables = [rng.random((len(block.private), len(block.action))) for block in blocks]
        for table, block in zip(tables, blocks, strict=True):
            table /= np.add.reduceat(table, block.first_row[:-1], axis=1)[:, block.decision]
        found.append([table.astype(infostates.dtype) for table in tables])
    return found[0], found[1]
