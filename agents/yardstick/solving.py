"""The exact answer of a spot: solve its game, and value each action against the opponent's equilibrium strategy."""

from __future__ import annotations

from agents.yardstick.spots import Spot, SpotAnswer
from search import BoardSolver, Budget, Variant
from search.boards.workspace import Workspace

GAPS = {"river": 1e-5, "turn": 1e-4}  # exploitability to which spots are solved, in shares of the pot


def solved(spot: Spot, variant: Variant, gap: float | None = None, workspace: Workspace | None = None) -> SpotAnswer:
    """Return a spot's answer.

    Args:
        spot: to be solved.
        variant: of CFR.
        gap: exploitability, NashConv / 2 in shares of the pot, that ends the solve; that of ``GAPS`` unless given.
        workspace: memory of the solve before.
    """
    solver = BoardSolver(spot.subgame, variant, workspace=workspace)
    target = spot.pot * (GAPS[spot.street] if gap is None else gap)
    solution = solver.solve(Budget(exploitability=target))
    return answer_of(spot, solver, (solution.exploitability or 0.0) / spot.pot)


def answer_of(spot: Spot, solver: BoardSolver, gap: float) -> SpotAnswer:
    """Return what a solver's average strategies make of a spot's actions.

    The acting player plays a best response below each action. So an action that its equilibrium strategy never takes is not valued by how
    badly that strategy goes on there.
    """
    player, strategy = spot.player, solver.answer()
    board, permutation, rows = strategy.locate(0)
    below = solver.best_cfvs(player, range(board, board + 1))[0][solver.tree.lines_of(player, board) :]
    cfvs = strategy.of_all_hands(below[rows], player, board, permutation)[:, spot.hands]
    paid = spot.whole.chips(spot.state).paid[player]
    values = (cfvs / spot.met[spot.hands] + paid) / spot.pot
    best = values.max(axis=0)
    return SpotAnswer(best, best - values, gap)
