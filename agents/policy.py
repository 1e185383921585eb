"""Policies: what plays without thinking, and what search starts from."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from agents.runtime.storage import brief, number_in, printable, read_json
from games import PublicTree, information_states
from games.arrays import Float
from games.derived import DerivedGame, derived_game
from games.game import PublicGame
from search import Budget, Solver, Strategy, Variant, check_strategy, uniform
from search.representation import Strategy as WholeStrategy
from search.tree.resolver import TreePolicy

State = TypeVar("State", bound=Hashable, contravariant=True)
MOST_STATE_BYTES, MOST_ACTION_BYTES = 4000, 100  # of an information state and an action in a file


class Policy(Protocol[State]):
    """A blueprint: what plays without thinking, and what search starts from. It has action probabilities for every hand everywhere."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def game(self) -> PublicGame[Any]:
        """What it plays."""

    def fingerprint(self) -> bytes:
        """Return what kept measurements of this policy must agree with."""

    def strategy(self) -> WholeStrategy[State]:
        """Return both players' strategy of the whole game.

        Raises:
            ValueError: the policy gives no probabilities somewhere, e.g. a network with NaN in it.
            OSError: a file of it is gone.
        """

    def at(self, state: State, /) -> Float:
        """Return the acting player's [A, H] at one decision; as in ``strategy``, and cheaper if that is all one wants."""


class BasePolicy:
    """What policies of derived games share; one of your own has ``name``, ``tree``, ``strategy`` and ``at``, see ``TreePolicy``."""

    @property
    def game(self: TreePolicy) -> DerivedGame:
        return derived_game(self.tree)

    def fingerprint(self: TreePolicy) -> bytes:
        return b"".join(np.round(table, 6).tobytes() for table in self.strategy().tables)


@dataclass(frozen=True)
class UniformPolicy(BasePolicy):
    """Every legal action with the same probability."""

    tree: PublicTree
    name: str = "uniform"

    def strategy(self, node: int = 0) -> Strategy:
        return uniform(self.tree, node)

    def at(self, node: int) -> Float:
        rows, hands = self.tree.rows_at(node), self.tree.num_hands(int(self.tree.player[node]))
        return np.full((rows.stop - rows.start, hands), 1.0 / (rows.stop - rows.start))


class TabularPolicy(BasePolicy):
    """A strategy of the whole game as a table: a blueprint."""

    def __init__(self, strategy: Strategy, name: str = "tabular") -> None:
        if strategy.span.node != 0:
            raise ValueError(f"a blueprint must cover the whole game, got one from public node {strategy.span.node}")
        check_strategy(strategy, name)
        self.name, self.tree, self._strategy = name, strategy.tree, strategy

    def strategy(self, node: int = 0) -> Strategy:
        return self._strategy.below(node)

    def at(self, node: int) -> Float:
        return self._strategy.at(node)


def solved_policy(tree: PublicTree, variant: Variant, iterations: int) -> TabularPolicy:
    """Return the average strategy after that many iterations of CFR on the whole game."""
    solution = Solver(tree, variant).solve(Budget(iterations=iterations))
    return TabularPolicy(solution.strategy, f"tabular:{variant.label}:{iterations}")


def infostates(tree: PublicTree) -> Iterator[tuple[int, int, int, str]]:
    """Yield player, public node, hand and information state string of every information state of a game."""
    for player, strings in enumerate(information_states(tree.game)):
        for node, texts in zip(tree.sequences[player].node.tolist(), strings, strict=True):
            yield from ((player, node, hand, text) for hand, text in enumerate(texts) if text)


def policy_from_table(tree: PublicTree, table: Mapping[str, Mapping[str, float]], name: str = "table") -> TabularPolicy:
    """Return the policy of a table as ``policy_table`` makes it; actions that are left out have probability 0.

    Raises:
        ValueError: an information state of the game is missing, or its actions are not legal, or are no probabilities; names it.
    """
    tables = [t.copy() for t in uniform(tree).tables]
    for player, node, hand, text in infostates(tree):
        rows, given = tree.rows_at(node), table.get(text)
        legal = [str(a) for a in tree.sequences[player].action[rows]]
        if not isinstance(given, Mapping) or not set(given) <= set(legal):
            got = "none" if given is None else brief(given)
            raise ValueError(f"{name} must have actions of {legal} at {tree.game}'s information state {text!r}, got {got}")
        column = [given.get(a, 0.0) for a in legal]
        if not (all(number_in(x, 0.0, 1.0 + 1e-6) for x in column) and abs(sum(column) - 1) < 1e-6):
            raise ValueError(f"{name} must have probabilities that sum to one at information state {text!r}, got {brief(dict(given))}")
        tables[player][rows.start - 1 : rows.stop - 1, hand] = column
    return TabularPolicy(Strategy(tree, tree.subgame(), (tables[0], tables[1])), name)


def policy_from_file(path: Path, tree: PublicTree) -> TabularPolicy:
    """Return the policy of a JSON file; see ``policy_from_table``.

    Raises:
        ValueError: it is no JSON, or of another game, or too large to be of this one.
    """
    states = sum(len(tree.sequences[p].node) * tree.num_hands(p) for p in (0, 1))
    actions = sum((tree.num_rows(p) - 1) * tree.num_hands(p) for p in (0, 1))
    try:
        table = read_json(path, MOST_STATE_BYTES * states + MOST_ACTION_BYTES * actions, True, 2 * states + 2 * actions)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} must be a JSON file of information states of {tree.game}, got {error}") from None
    if not isinstance(table, dict):
        raise ValueError(f"{path} must map information states to actions, got a {type(table).__name__}")
    return policy_from_table(tree, table, f"table:{printable(path.name, 100)}")


def policy_table(strategy: Strategy) -> dict[str, dict[str, float]]:
    """Return information state string -> {action: probability} for both players."""
    tree, table = strategy.tree, dict[str, dict[str, float]]()
    for player, node, hand, text in infostates(tree):
        actions = tree.sequences[player].action[tree.rows_at(node)]
        table[text] = {str(a): float(x) for a, x in zip(actions, strategy.at(node)[:, hand], strict=True)}
    return table
