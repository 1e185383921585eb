"""Reading a decision out of a solve, now or as it was: the same for hold'em on boards and for games derived from OpenSpiel."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from agents.evaluation.locks import mark_locked
from agents.evaluation.solving import BoardSolving, TreeSolving
from agents.reporting.hand_grid import decision
from agents.reporting.next_cards import cards_row, find_cards
from agents.reporting.tables import Row
from games.derived import DerivedGame, derived_game
from games.game import children, path
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE
from search import Strategy, represent
from search.boards.showdown_equity import MOST_RUN_OUTS

Copy = tuple[Any, Any]  # of both players' average strategies
QUICK_RUN_OUTS = 100  # a turn's 48 take 2 ms for both ranges of all hands, a flop's 1,176 take 50
LEAST_REACH = 1e-12  # of a range: a hand that meets less of the opponent's has no EV


class View(Protocol):
    """What is read out of a solve.

    Attributes:
        game: that is solved.
        pot: chips that an exploitability is a share of; None where it is told in chips.
    """

    game: Any
    pot: float | None

    def answer(self) -> Copy:
        """Return the answer so far: its arrays change as the solve goes on."""

    def row(self, state: Any, copy: Copy | None, equity: bool) -> Row:
        """Return a decision as ``agents.reporting.hand_grid.decision`` does, from a copy or from the answer of now.

        Equities that take long are left out unless ``equity`` asks for them.
        """

    def cards(self, state: Any) -> list[str] | None:
        """Return what public chance may reveal at a state; None where that is any card that nobody sees yet."""

    def next_cards(self, line: str, copy: Copy | None) -> Row:
        """Return what each card is worth that may come at the end of a line, see ``agents.reporting.next_cards``.

        Raises:
            ValueError: no single card comes there.
        """


class BoardView:
    """See ``View``: hold'em."""

    def __init__(self, solving: BoardSolving) -> None:
        self._solver, self.game, self._locks = solving.solver, solving.game, solving.locks
        self.pot: float | None = self.game.pot

    def answer(self) -> Copy:
        first, second = self._solver.answer().average
        return first, second

    def row(self, state: HoldemState, copy: Copy | None, equity: bool) -> Row:
        game: HoldemGame = self.game
        place = game.locate(state)
        assert place is not None  # every action of its line is one of the menus'
        with nullcontext() if copy is None else self._solver.showing(copy):
            row = decision(self._solver, *place, most_run_outs=MOST_RUN_OUTS if equity else QUICK_RUN_OUTS)
        return mark_locked(game, self._locks, state, row)

    def cards(self, state: HoldemState) -> list[str] | None:
        return None

    def next_cards(self, line: str, copy: Copy | None) -> Row:
        state = find_cards(self.game, line)
        with nullcontext() if copy is None else self._solver.showing(copy):
            return cards_row(self._solver, state)


class TreeView:
    """See ``View``: a game derived from OpenSpiel."""

    pot: float | None = None

    def __init__(self, solving: TreeSolving) -> None:
        self._solver, self.game, self._locks = solving.solver, derived_game(solving.tree), solving.locks
        self._representation: Any = represent(self.game)

    def answer(self) -> Copy:
        first, second = self._solver.answer().tables
        return first, second

    def row(self, state: int, copy: Copy | None, equity: bool) -> Row:
        game: DerivedGame = self.game
        answer, player = self._solver.answer(), game.player(state)
        strategy = answer if copy is None else Strategy(answer.tree, answer.span, copy)
        reach = [range_.copy() for range_ in game.ranges]
        for above, child in pairwise(path(game, state)):
            if game.player(above) != CHANCE:
                reach[game.player(above)] *= strategy.at(above)[children(game, above).index(child)]
        policy, other = strategy.at(state), reach[1 - player]
        reached, dealt = (game.cf_reach(state, player, range_) for range_ in (other, game.ranges[1 - player]))
        cfvs = self._representation.value_function(strategy.tables).action_values(state, other)
        mixed = (policy * cfvs).sum(axis=0)
        weights = reach[player] * reached
        frequencies = (policy @ weights / weights.sum()).tolist() if weights.sum() > 0 else [None] * len(policy)
        hands: dict[str, Row] = {}
        for hand in np.flatnonzero(dealt * game.ranges[player] > 0).tolist():
            ev, evs = None, None
            if reached[hand] > LEAST_REACH:
                ev, evs = float(mixed[hand] / reached[hand]), (cfvs[:, hand] / reached[hand]).tolist()
            entry = {"strategy": policy[:, hand].tolist(), "ev": ev, "action_evs": evs, "weight": float(reach[player][hand])}
            hands[game.hand_name(player, hand)] = entry
        row = {"player": player, "actions": [action.text for action in game.actions(state)], "frequencies": frequencies, "hands": hands}
        return mark_locked(game, self._locks, state, row)

    def cards(self, state: int) -> list[str] | None:
        return [self.game.label(child) for child in self._solver.tree.children(state)]

    def next_cards(self, line: str, copy: Copy | None) -> Row:
        raise ValueError(f"line must be of hold'em for a table of cards, got one of {self.game.name}")


def view_of(solving: BoardSolving | TreeSolving) -> View:
    """Return how decisions are read out of a solve that is warm."""
    return BoardView(solving) if isinstance(solving, BoardSolving) else TreeView(solving)
