"""Bets that a strategy so far lacks, answered by nested subgame solving (Brown & Sandholm 2017, arXiv 1705.02955, section 7).

After such a bet the rest of the game is solved anew, with the bet in its tree. The opponent's hands are promised what they could have had
without it: their counterfactual best-response values at the decision where it was made. A safe gadget then keeps the bet from paying, as
far as the cards allow that and up to the solver's error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from games.holdem.layout import betting_streets
from games.holdem.subtree import entering, street_lines, subtree
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END
from search.beliefs import Beliefs, Float, scaled
from search.boards.subgames import Answer, BoardSubgames
from search.boards.sweeps import BoardSweeps, Rows
from search.boards.translated import Extra, Whole
from search.boards.trunk import Trunk, above, board_weights, cf_reach_at, row_reach
from search.budget import Budget, Deadline
from search.kernels.streets import BEST
from search.resolving import ResolveConfig, Resolved, SearchReport, resolve
from search.variants import Variant
from search.warm_start import MOST_WORTH, WARM_FACTOR, warm_iterations


def insert_bets(
    before: Whole,
    after: Whole,
    extras: Sequence[Extra],
    seat: int,
    config: ResolveConfig,
    budget: Budget,
    variant: Variant,
    progress: Callable[[float], None] | None = None,
) -> SearchReport:
    """Solve the rest of the game after every extra bet on a street, on every board, and put the answers into ``after``, in place.

    Subgames of one board are solved side by side. Short solves start from what is in ``after``: a translation.

    Args:
        before: the game without the bets; its opponent is the model, and promises are values against its ``seat``.
        after: the game with them.
        extras: the bets, of the opponent of ``seat``, on one street.
        seat: who answers them.
        config: how; of its bounds only safe ones are used, and answers are played whatever they are.
        budget: of the solves of a board.
        variant: of CFR.
        progress: called with the share of the boards that are done.
    """
    street = int(before.game.bets.round[extras[0].decision])
    solver = BoardSubgames(after.game, after.tree, street_lines(after.game, [e.node for e in extras], after.tree.weight.dtype), variant)
    weights, boards, report = board_weights(before.tree) / before.game.deal_mass, before.tree.on_street(street), SearchReport()

    def put(found: Resolved[Answer]) -> None:
        assert found.answer is not None
        for p in (0, 1):
            found.answer.part.put(p, found.answer.average[p], after.tables[p])

    worth: int | None = None
    for done, (board, beliefs, promised) in enumerate(_arrivals(before, extras, seat, street), 1):
        if worth is None:
            worth = solver.worth(board, beliefs, after.tables) if _may_be_warm(config, budget) else 0
        found = resolve(
            solver, board, beliefs, after.tables, seat, config, budget, Deadline(None), worth=worth, promised=promised, deliver=put
        )
        report.add(found.report, float(weights[board]))
        if progress is not None:
            progress(done / len(boards))
    return report


def _may_be_warm(config: ResolveConfig, budget: Budget) -> bool:
    """Say whether a solve may start from the strategies that are there: see ``search.warm_start.warm_iterations``."""
    return config.warm_start == "always" or warm_iterations(config.warm_start, MOST_WORTH, budget.iterations or 0, WARM_FACTOR) > 0


def _arrivals(before: Whole, extras: Sequence[Extra], seat: int, street: int) -> Iterator[tuple[int, Beliefs, Float]]:
    """Yield each board of a street with how both players come to the extra bets there, and what the opponent's hands are promised."""
    game, tree, tables = before
    opponent, rows = 1 - seat, betting_streets(game.bets, (0,))[street]
    trunk, values = Trunk(game, tree, tables, street), BestResponses(before, street, seat)
    decided = np.array([rows[seat].row[extra.decision] for extra in extras])
    offers = [[rows[opponent].row[child] for child in game.bets.children(extra.decision)] for extra in extras]
    likely = np.zeros((len(extras), rows[opponent].rows))
    for line, extra in enumerate(extras):
        for node, share in extra.likely:
            likely[line, rows[opponent].row[node]] = share
    for arrival in trunk.arrivals():
        children = (0, 1) if arrival.place < 0 else tree.boards[arrival.place, CHILD : CHILD_END + 1].tolist()
        for board in range(*children):
            entry = trunk.enter(board, arrival).reach
            own = row_reach(tree, seat, tables[seat], board, scaled(entry[seat]))[decided].T
            model = (likely @ row_reach(tree, opponent, tables[opponent], board, entry[opponent])).T
            cf_reach = cf_reach_at(tree, opponent, board, own)
            cfvs = values.at(board, scaled(entry[seat]))
            worth = np.stack([cfvs[actions].max(axis=0) for actions in offers], axis=1)
            reach = [np.zeros((len(arrival.reach[p]), len(extras))) for p in (0, 1)]
            for p, here in ((seat, own), (opponent, model)):
                reach[p][above(tree, p, board)] = here
            promised = np.where(cf_reach > 0, worth / np.where(cf_reach > 0, cf_reach, 1.0), 0.0)
            yield board, Beliefs(arrival.place, (reach[0], reach[1]), None), promised


class BestResponses:
    """What a player's hands could win on the boards of a street against the other player's strategy.

    Args:
        whole: the game.
        street: of the boards.
        seat: whose strategy is responded to.
    """

    def __init__(self, whole: Whole, street: int, seat: int) -> None:
        self.whole, self.seat = whole, seat
        self._lines = street_lines(whole.game, entering(whole.game, street), whole.tree.weight.dtype)
        self._sweeps: BoardSweeps | None = None

    def at(self, board: int, reach: Float) -> Float:
        """Return [rows, hands of the responder], counterfactual best-response values of its rows, in chips weighted by reach.

        Args:
            board: of the street.
            reach: [hands, lines] of the seat's hands at the board, in its order.
        """
        tree, seat = self.whole.tree, self.seat
        part = subtree(tree, self._lines, board)
        if self._sweeps is None:
            self._sweeps = BoardSweeps(part.tree, 1, tree.weight.dtype)
        sweeps = self._sweeps
        sweeps.look_at(part.tree)
        own: list[Rows] = [np.zeros((rows, LANES), tree.weight.dtype) for rows in part.tree.stored_rows]
        part.take(seat, self.whole.tables[seat], own[seat])
        sweeps.reach[seat][:] = 0
        sweeps.reach[seat][above(tree, seat, board), : reach.shape[1]] = reach
        sweeps.evaluate((own[0], own[1]), BEST, only=1 - seat)
        return sweeps.watched(1 - seat)
