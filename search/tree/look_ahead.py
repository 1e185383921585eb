"""A player who looks one action ahead on a public tree, and takes nothing but checks and calls for granted after it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from games import CHANCE, TERMINAL
from games.derived import DerivedGame
from games.game import Kind
from search.tree.strategy import uniform

Float = npt.NDArray[np.float64]


def look_ahead(game: DerivedGame, opponent: Float, player: int, bets: Callable[[int], bool]) -> Float:
    """Return the player's table, see ``search.representation.Representation``.

    Raises:
        ValueError: a decision without a check or call.
    """
    looker = _Looker(game, opponent, player, bets)
    looker.look(0, np.ones(game.num_hands[1 - player]))
    return looker.found


class _Looker:
    """One player against a table of the other one."""

    def __init__(self, game: DerivedGame, opponent: Float, player: int, bets: Callable[[int], bool]) -> None:
        self.game, self.tree, self.table, self.player, self.bets = game, game.tree, opponent, player, bets
        self.found = uniform(self.tree).tables[player].copy()
        self.passing, self.folding = dict[int, int](), dict[int, int]()  # by decision: where a check or call, and a fold, lead
        for node in np.flatnonzero(self.tree.player >= 0).tolist():
            kinds = {action.kind: game.child(node, action) for action in game.actions(node)}
            if Kind.PASS not in kinds:
                labels = [action.text for action in game.actions(node)]
                raise ValueError(f"local best response needs a check or call at every decision, got {labels} in {game.name}")
            self.passing[node] = kinds[Kind.PASS]
            if Kind.FOLD in kinds:
                self.folding[node] = kinds[Kind.FOLD]

    def reach_after(self, child: int, reach: Float) -> Float:
        """Return the opponent's range after its action that leads to ``child``."""
        row: Float = self.table[int(self.tree.row[1 - self.player, child]) - 1, : len(reach)]
        return reach * row

    def terminal(self, node: int, reach: Float) -> Float:
        """Return [H], the cfvs of a terminal."""
        view, t = self.tree.terminals[self.player], int(self.tree.subgame(node).terminals[0])
        first = int(view.matrix[t]) * view.other_hands
        value: Float = view.scale[t] * (reach @ view.payoff[first : first + view.other_hands, : self.tree.num_hands(self.player)])
        return value

    def called_down(self, node: int, reach: Float) -> Float:
        """Return [H], the cfvs if both check and call from a public node on."""
        if self.tree.player[node] == TERMINAL:
            return self.terminal(node, reach)
        if self.tree.player[node] == CHANCE:
            drawn: Float = np.sum([self.called_down(child, reach) for child in self.tree.children(node)], axis=0)
            return drawn
        return self.called_down(self.passing[node], reach)

    def worth(self, child: int, reach: Float, bet: bool) -> Float:
        """Return [H], what an action of the player's own is taken to be worth."""
        if not bet or self.tree.player[child] != 1 - self.player:
            return self.called_down(child, reach)
        fold = self.folding.get(child)
        folded = np.zeros_like(reach) if fold is None else self.reach_after(fold, reach)
        rest = self.called_down(self.passing[child], reach - folded)
        return rest if fold is None else rest + self.terminal(fold, folded)

    def look(self, node: int, reach: Float) -> None:
        """Write down the strategy at and below a public node."""
        tree, children = self.tree, self.tree.children(node)
        if tree.player[node] == 1 - self.player:
            for child in children:
                self.look(child, self.reach_after(child, reach))
            return
        if tree.player[node] == self.player:
            betting = [child not in (self.passing[node], self.folding.get(node)) for child in children]
            worth = np.stack([self.worth(child, reach, bet) for child, bet in zip(children, betting, strict=True)])
            if not self.bets(int(tree.round[node])):
                worth[betting] = -np.inf
            rows = tree.rows_at(node)
            choice = np.zeros_like(worth)
            choice[worth.argmax(axis=0), np.arange(worth.shape[1])] = 1.0
            self.found[rows.start - 1 : rows.stop - 1, : worth.shape[1]] = choice
        for child in children:
            self.look(child, reach)
