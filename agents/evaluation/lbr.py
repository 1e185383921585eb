"""Local best response: a lower bound of exploitability by looking one action ahead.

Lisy and Bowling (2017), "Eqilibrium Approximation Quality of Current No-Limit Poker Bots", arXiv 1612.07547. LBR knows the opponent's
policy and hence its range at every public state. At each of its decisions it takes the action that would be worth most if from then on
nothing but checks and calls were to come: a fold is worth what it pays; a check or call the showdown (or the draw to it) against the range;
a bet wins what the part of the range that folds leaves, and goes to a showdown against the rest. Its action set may be narrower than the
game's, and it may be told to check and call until a given round.

Here LBR's own strategy is written down and evaluated exactly, the opponent's hands, chance and all; the paper samples. What comes out is a
true lower bound of what a best response wins.

What it cannot see: bets on later rounds, its own and the opponent's, and anything that takes two steps to exploit. Agents that search leave
little to one step: LBR lost to DeepStack (Moravcik et al. 2017, arXiv 1701.01724), which bounds nothing. A low value says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.match.exact_value import table_value
from games import CHANCE, TERMINAL, PublicTree
from search import uniform

Float = npt.NDArray[np.float64]
FOLDS, CALLS = ("Fold",), ("Call", "Check")
WEAKNESS = (
    "LBR looks one action ahead and takes checks and calls for granted after it: a lower bound that can be far below exploitability, and "
    "below 0, most of all against agents that search. A low value is no evidence of strength."
)


@dataclass(frozen=True)
class ActionSet:
    """What LBR may do: fold and call always; bet and raise from a round on.

    Attributes:
        bets_from: the first round (0 is the first) in which it may bet and raise; None means never.
    """

    bets_from: int | None = 0

    @property
    def name(self) -> str:
        """Fold, call, and from where it raises."""
        if self.bets_from is None:
            return "fold, call"
        return "fold, call, raise" + (f" from round {self.bets_from + 1}" if self.bets_from else "")


ACTION_SETS = (ActionSet(None), ActionSet(0), ActionSet(1))


def calling(tree: PublicTree) -> dict[int, int]:
    """Return {decision's public node: the child to which a check or call leads}.

    Raises:
        ValueError: the game has no such actions.
    """
    found = {}
    for node in np.flatnonzero(tree.player >= 0).tolist():
        labels = {tree.labels[child]: child for child in tree.children(node)}
        if set(labels) == {"Pass", "Bet"}:  # Kuhn poker's names: a pass is a check until somebody has bet
            found[node] = labels["Bet"] if _facing_bet(tree, node) else labels["Pass"]
            continue
        calls = [child for label, child in labels.items() if label in CALLS]
        if len(calls) != 1:
            raise ValueError(f"local best response needs a check or call at every decision, got {list(labels)} in {tree.game}")
        found[node] = calls[0]
    return found


def folding(tree: PublicTree, node: int) -> int | None:
    """Return the child to which a fold leads; None where nobody can fold."""
    for child in tree.children(node):
        if tree.labels[child] in FOLDS or (tree.labels[child] == "Pass" and _facing_bet(tree, node)):
            return child
    return None


def _facing_bet(tree: PublicTree, node: int) -> bool:
    return "Bet" in [tree.labels[n] for n in tree.path(node)[1:]]


class _Looker:
    """LBR against one table of one seat."""

    def __init__(self, tree: PublicTree, seat: int, table: Float, actions: ActionSet) -> None:
        self.tree, self.seat, self.table, self.actions = tree, seat, table, actions
        self.calling = calling(tree)
        self.found = uniform(tree).tables[seat].copy()
        self._folding = {node: folding(tree, node) for node in self.calling}

    def reach_after(self, child: int, reach: Float) -> Float:
        """Return the opponent's range after its action that leads to ``child``."""
        row: Float = self.table[int(self.tree.row[1 - self.seat, child]) - 1, : len(reach)]
        return reach * row

    def terminal(self, node: int, reach: Float) -> Float:
        """Return [H], the cfvs of a terminal."""
        view, t = self.tree.terminals[self.seat], int(self.tree.subgame(node).terminals[0])
        first = int(view.matrix[t]) * view.other_hands
        value: Float = view.scale[t] * (reach @ view.payoff[first : first + view.other_hands, : self.tree.num_hands(self.seat)])
        return value

    def called_down(self, node: int, reach: Float) -> Float:
        """Return [H], the cfvs if both check and call from a public node on."""
        if self.tree.player[node] == TERMINAL:
            return self.terminal(node, reach)
        if self.tree.player[node] == CHANCE:
            drawn: Float = np.sum([self.called_down(child, reach) for child in self.tree.children(node)], axis=0)
            return drawn
        return self.called_down(self.calling[node], reach)

    def worth(self, node: int, child: int, reach: Float) -> Float:
        """Return [H], what LBR takes an action of its own to be worth."""
        if child in (self.calling[node], self._folding[node]) or self.tree.player[child] != 1 - self.seat:
            return self.called_down(child, reach)
        fold = self._folding[child]
        folded = np.zeros_like(reach) if fold is None else self.reach_after(fold, reach)
        rest = self.called_down(self.calling[child], reach - folded)
        return rest if fold is None else rest + self.terminal(fold, folded)

    def look(self, node: int, reach: Float) -> None:
        """Write down LBR's strategy at and below a public node."""
        tree, player = self.tree, int(self.tree.player[node])
        children = tree.children(node)
        if player == 1 - self.seat:
            for child in children:
                self.look(child, self.reach_after(child, reach))
            return
        if player == self.seat:
            begins = self.actions.bets_from
            bets = begins is not None and tree.round[node] >= begins
            worth = np.stack([self.worth(node, child, reach) for child in children])
            allowed = [bets or child in (self.calling[node], self._folding[node]) for child in children]
            worth[~np.array(allowed)] = -np.inf
            rows = tree.rows_at(node)
            choice = np.zeros_like(worth)
            choice[worth.argmax(axis=0), np.arange(worth.shape[1])] = 1.0
            self.found[rows.start - 1 : rows.stop - 1, : worth.shape[1]] = choice
        for child in children:
            self.look(child, reach)


def local_best_response(tree: PublicTree, seat: int, table: Float, actions: ActionSet) -> tuple[Float, float]:
    """Return LBR's strategy against one seat of an agent, [R - 1, padded H], and what it wins exactly, in chips a hand.

    Args:
        tree: the public tree, of a game with checks, calls and folds.
        seat: LBR's player number.
        table: [R_other - 1, padded H_other] the opponent's strategy, searches included; see agents.evaluation.strength.tabulate.
        actions: what LBR may do.

    Raises:
        ValueError: the game has no checks and calls.
    """
    looker = _Looker(tree, seat, table, actions)
    looker.look(0, np.ones(tree.num_hands(1 - seat)))
    own, other = (looker.found, table) if seat == 0 else (table, looker.found)
    return looker.found, table_value(tree, own, other) * (1 if seat == 0 else -1)


def lbr_exploitability(tree: PublicTree, tables: Sequence[Float], actions: ActionSet) -> float:
    """Return (LBR against seat 0 + LBR against seat 1) / 2 in chips: at most NashConv / 2.

    Args:
        tree: the public tree.
        tables: of the agent as player 0 and as player 1.
        actions: what LBR may do.
    """
    return sum(local_best_response(tree, 1 - seat, tables[seat], actions)[1] for seat in (0, 1)) / 2
