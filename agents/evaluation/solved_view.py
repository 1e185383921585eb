"""Decisions of a view (``agents.runtime.view_file``): read out where they are kept, solved again on the last street.

A river is solved from the ranges that come there by the strategies before it. Its equilibrium is not the solution's own, which the view no
longer has: both are as exploitable as they say, and hands to which two actions are worth the same may be played otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from agents.reporting.equity import position_text
from agents.reporting.hand_grid import decision
from agents.reporting.tables import Row, counted
from agents.runtime.storage import first_line
from agents.runtime.view_file import SavedView, load_view
from games.arrays import Float
from games.game import line_of
from games.holdem.board_tree import BoardTree, board_tree
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import state_in, subgame_of
from search import BoardSolver, BoardStrategy, Budget, Variant

TARGET = 1e-4  # of the pot at a street that is solved again: its exploitability
MOST_ITERATIONS = 4_000  # of that solve


class KeptStreets:
    """The streets of a view that are kept: what ``hand_grid.decision`` reads out of a solver.

    Args:
        game: whole.
        tree: its board tree.
        view: of more than one street.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, view: SavedView) -> None:
        self.game, self.tree, self._view = game, tree, view
        self._strategy = BoardStrategy(game, tree, view.average)

    def answer(self) -> BoardStrategy:
        """Return the average strategies; rows of the last street are not there."""
        return self._strategy

    def node_values(self, node: int, cards: tuple[int, ...] | None = None) -> tuple[Float, None]:
        """Return [A, H] cfvs of a decision's actions, as ``BoardSolver.node_values`` does; the other player's are not kept."""
        assert self._view.cfvs is not None
        player = int(self.game.bets.player[node])
        board, permutation, rows = self._strategy.locate(node, cards)
        cfvs = self.tree.by_hand(player, board, self._view.cfvs[player], rows)
        return self._strategy.of_all_hands(cfvs, player, board, permutation), None


class SolvedView:
    """A view's decisions.

    Args:
        game: of the view.
        variant: by which it was solved, and its last street is again.
        file: of the view.
        storage: dtype of the solver's averages.

    Raises:
        ValueError: as of ``load_view``.
    """

    def __init__(self, game: HoldemGame, variant: Variant, file: Path, storage: Any = np.float32) -> None:
        self.game, self.variant, self._last = game, variant, len(game.deals) - 1
        tree = board_tree(game)
        self.view = load_view(game, tree, file, storage)
        self._solved: dict[HoldemState, tuple[HoldemGame, BoardSolver, str]] = {}  # the last street that was solved again, by its start
        self._kept: KeptStreets | BoardSolver
        if self.view.cfvs is not None:
            self._kept = KeptStreets(game, tree, self.view)
            return
        self._kept = BoardSolver(game, variant)
        for rows, average in zip(self._kept.average, self.view.average, strict=True):
            rows[:] = average

    def decision(self, state: HoldemState) -> tuple[Row, str]:
        """Return a decision as ``hand_grid.decision`` does, and what is to be said of it: how it was solved again, or nothing.

        Raises:
            ValueError: nobody comes to the state by the solution's strategies, so there is nothing to solve it from.
        """
        place = self.game.locate(state)
        assert place is not None  # every action of its line is one of the menus'
        if self._last == 0 or self.game.round(state) < self._last:
            return decision(self._kept, *place), ""
        root = state
        while root.above is not None and self.game.round(root.above) == self._last:
            root = root.above
        if root not in self._solved:
            self._solved = {root: self._solve(root)}
        game, solver, note = self._solved[root]
        inside = game.locate(state_in(game, root, state))
        assert inside is not None
        row = decision(solver, *inside, net=bool(self.game.betting.blinds))
        return row | {"seats": [position_text(self.game, player) for player in (0, 1)]}, note  # the street alone has no blinds

    def _solve(self, root: HoldemState) -> tuple[HoldemGame, BoardSolver, str]:
        """Solve the last street from its start."""
        place = self.game.locate(root)
        assert place is not None
        reach = self._kept.answer().reach(*place)
        try:
            game = subgame_of(self.game, root, reach)
        except ValueError as error:
            line, why = " / ".join(line_of(self.game, root)), first_line(error)
            raise ValueError(f"line must lead where both players come to by the solution, got {line} ({why})") from None
        solver = BoardSolver(game, self.variant)
        solution = solver.solve(Budget(exploitability=TARGET * game.pot, iterations=MOST_ITERATIONS))
        again = f"{counted(solution.iterations, 'iteration')}, exploitable by {100 * solver.exploitability() / game.pot:.2g} % of the pot"
        whole = f"{100 * self.view.exploitability / self.game.pot:.2g} % of the pot"
        return game, solver, f"the {self.game.rounds[self._last]} was solved again: {again} (the solution by {whole})"
