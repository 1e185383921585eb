"""Leaves of a public tree that are worth what fixed strategies win below them, one for all or the players' choice among a few."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from games.derived import derived_game
from search.continuations import BIASED, BOTH, CHOOSERS, OPPONENT, Bias, ContinuationChoice, biased_shares, biases, check_choosers
from search.frontier import DepthLimit
from search.tree.strategy import Strategy
from search.tree.values import values_below

Float = npt.NDArray[np.float64]


class Continuation:
    """See ``search.frontier.LeafEvaluator``: both players go on from the leaves with strategies of the whole game.

    Without choosers both go on with the blueprint. A chooser picks one of all strategies at each leaf, for each of its hands: see
    ``search.continuations``. Once both have picked, what a player's hands are worth is linear in the other's range: a matrix a leaf.

    Args:
        strategy: the blueprint, of the whole game.
        others: what choosers may go on with besides.
        choosers: the players who choose.
        name: how it is reported.

    Raises:
        ValueError: choosers that are not players, or a strategy of a part of the game.
    """

    def __init__(
        self, strategy: Strategy, others: Sequence[Strategy] = (), choosers: Sequence[int] = (), name: str = "continuation"
    ) -> None:
        check_choosers(choosers)
        for one in (strategy, *others):
            if one.span.node != 0:
                raise ValueError(f"strategy must cover the whole game, got one from public node {one.span.node}")
        self.tree, self.name, self.choosers = strategy.tree, name, tuple(choosers)
        first, second = (np.stack([one.tables[p] for one in (strategy, *(others if p in choosers else ()))]) for p in (0, 1))
        self._tables = first, second
        self._chips = dict[int, Float]()  # by leaf

    def fingerprint(self) -> bytes:
        """See ``LeafEvaluator``."""
        digest = hashlib.sha256(repr(self.choosers).encode())
        for tables in self._tables:
            digest.update(tables.tobytes())
        return digest.digest()

    def enter(self, leaves: Sequence[int]) -> None:
        """See ``LeafEvaluator``; every chooser's choices begin anew."""
        self._choice = ContinuationChoice(np.stack([self._at(leaf) for leaf in leaves], axis=2))

    def _at(self, leaf: int) -> Float:
        """Return [C0, C1, H0, H1], the chips of ``ContinuationChoice`` at one leaf."""
        if leaf not in self._chips:
            weights = self.tree.chance_weights[self.tree.chance_of[leaf]]
            self._chips[leaf] = weights * values_below(self.tree, leaf, self._tables)[0]
        return self._chips[leaf]

    def cfvs(self, player: int, reach: tuple[Float, Float]) -> Float:
        """See ``LeafEvaluator``; a chooser's choices improve with each question for its own cfvs."""
        return self._choice.cfvs(player, reach)


def biased(strategy: Strategy, bias: Bias) -> Strategy:
    """Return a strategy biased towards a kind of action at every decision of its span; see ``search.continuations``."""
    game = derived_game(strategy.tree)
    found = replace(strategy, tables=(strategy.tables[0].copy(), strategy.tables[1].copy()))
    for node in range(strategy.span.node, strategy.span.end):
        if game.player(node) >= 0:
            found.at(node)[:] = biased_shares(strategy.at(node), [action.kind for action in game.actions(node)], bias)
    return found


def continuation_limit(blueprint: Strategy, count: int, chooser: str = OPPONENT, actions: int | None = None) -> DepthLimit[int]:
    """Return a depth limit whose leaves are worth a choice among a blueprint and its biases; see ``search.continuations.biases``.

    Args:
        blueprint: of the whole game.
        count: of continuations.
        chooser: ``opponent`` of the player who searches, or ``both`` players; with one continuation it does not matter.
        actions: see ``DepthLimit``.

    Raises:
        ValueError: a chooser or a number that there is not, or a game without folds, calls and raises.
    """
    if chooser not in CHOOSERS:
        raise ValueError(f"chooser must be one of {', '.join(CHOOSERS)}, got {chooser!r}")
    others, game = [biased(blueprint, bias) for bias in biases(count)], derived_game(blueprint.tree)
    kinds = {action.kind for node in game.tree.sequences[0].node.tolist() for action in game.actions(node)}
    if others and not kinds & set(BIASED):
        raise ValueError(f"continuations must be 1 in {game.name}, which has no folds, calls and raises, got {count}")
    if not others:
        return DepthLimit(Continuation(blueprint, name="1 continuation"), actions)
    if chooser == BOTH:
        return DepthLimit(Continuation(blueprint, others, (0, 1), f"{count} continuations of both players"), actions)
    first, second = (Continuation(blueprint, others, (opponent,), f"{count} continuations") for opponent in (1, 0))
    return DepthLimit(first, actions, second=second)
