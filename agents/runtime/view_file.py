"""A solution to look at: what ``timebank show`` needs of solved hold'em, in a small part of the file that solving on needs.

The last street takes nearly all of a solution. A *view* leaves it out, with all regrets. It keeps the average strategies of the streets
before as they are, and what each of their actions is worth to each hand, which the last street's strategies are needed for. A decision on
the last street is solved again when it is asked for (``agents.evaluation.solved_view``).

A game of one street has nothing to leave out. Its strategies are kept in 8 bits, shares of 255 that add up to 255 at each decision, of
which the last action's is what the others leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.runtime.arrays import Archive, open_archive, write_archive
from agents.runtime.solution_file import MOST_ITERATIONS, VIEW_FORMAT, about_solver, in_range
from agents.runtime.storage import DAMAGES, first_line, number_in, require, whole_in
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from search import BoardSolver

Rows = npt.NDArray[Any]
Pair = tuple[Rows, Rows]
FULL_SHARE = 255


class SavedView(NamedTuple):
    """What a view holds.

    Attributes:
        iterations: of the solve.
        exploitability: of the solution, in chips a deal.
        average: per player [stored rows of the streets that are kept, 8], in proportion to the strategy.
        cfvs: per player, of the same shape, what each action brings, in chips weighted by the opponent's reach; None of a game of one
            street, whose strategies are all there.
    """

    iterations: int
    exploitability: float
    average: Pair
    cfvs: Pair | None


def save_view(solver: BoardSolver, file: Path, settings: Sequence[str] = (), locked: Sequence[dict[str, Any]] = ()) -> None:
    """Write a view of a solver's answer; whole or not at all.

    Args:
        solver: whose answer.
        file: to write.
        settings: what makes the game, as of ``save_solution``.
        locked: what is locked, as of ``save_solution``.
    """
    tree, streets, arrays = solver.tree, len(solver.game.deals), dict[str, Rows]()
    about = about_solver(solver, settings, locked) | {"format": VIEW_FORMAT, "exploitability": solver.exploitability()}
    average = solver.answer().average
    for p in (0, 1):
        if streets == 1:
            arrays[f"shares_{p}"] = _in_bytes(tree, p, average[p])
            continue
        arrays[f"average_{p}"] = average[p][: tree.stored_shape(p, streets - 1)[0]]
        boards = range(tree.on_street(streets - 1).start)
        parts = [tree.stored(cfvs[tree.lines_of(p, board) :]) for board, cfvs in zip(boards, solver.average_cfvs(p, boards), strict=True)]
        arrays[f"cfv_{p}"] = np.concatenate(parts).astype(np.float32)
    write_archive(file, about, arrays)


def load_view(game: HoldemGame, tree: BoardTree, file: Path, storage: Any) -> SavedView:
    """Return what ``save_view`` wrote.

    Args:
        game: of the view.
        tree: its board tree.
        file: to read.
        storage: dtype of the solver's averages.

    Raises:
        ValueError: no such file, or one of another game, or a damaged one.
    """
    streets = len(game.deals)
    try:
        with open_archive(file, follow=True) as saved:
            about = saved.json("about")
            require(isinstance(about, dict) and about.get("format") == VIEW_FORMAT, "it must be a view")
            require(about["game"] == game.key, "it is of another game than its settings make")
            iterations, exploitability = about["iterations"], about["exploitability"]
            require(
                whole_in(iterations, 0, MOST_ITERATIONS) and number_in(exploitability, -1e12, 1e12), "it must say how far it was solved"
            )
            if streets == 1:
                first, second = (_from_bytes(tree, p, saved) for p in (0, 1))
                return SavedView(iterations, exploitability, (first, second), None)
            shapes = [tree.stored_shape(p, streets - 1) for p in (0, 1)]
            average, cfvs = (
                [_checked(f"{name}_{p}", saved.array(f"{name}_{p}", shapes[p], dtype)) for p in (0, 1)]
                for name, dtype in (("average", storage), ("cfv", np.float32))
            )
    except DAMAGES as error:
        raise ValueError(f"run must have a view that timebank solve save=view wrote, got {file} ({first_line(error)})") from None
    return SavedView(iterations, exploitability, (average[0], average[1]), (cfvs[0], cfvs[1]))


def _checked(name: str, array: Rows) -> Rows:
    require(in_range(name, array), f"{name} must have finite numbers, averages of at least 0")
    return array


def _decisions(tree: BoardTree, player: int) -> list[slice]:
    """Return the rows of each of a player's decisions in a game of one street, in order."""
    return sorted((tree.rows_of[int(node)] for node in tree.decisions[player]), key=lambda rows: rows.start)


def _in_bytes(tree: BoardTree, player: int, average: Rows) -> Rows:
    """Return [actions but each decision's last, hands] u1, shares of 255 with the smallest sum of errors."""
    sums, parts = tree.by_hand(player, 0, average).astype(np.float64), list[Rows]()
    for rows in _decisions(tree, player):
        total = sums[rows].sum(axis=0)
        exact = FULL_SHARE * np.where(total > 0, sums[rows] / np.where(total > 0, total, 1.0), 1.0 / (rows.stop - rows.start))
        shares = np.floor(exact)
        order = np.argsort(np.argsort(shares - exact, axis=0, kind="stable"), axis=0)  # 0 for the largest remainder
        shares += order < FULL_SHARE - shares.sum(axis=0)
        parts.append(shares[:-1].astype(np.uint8))
    return np.concatenate(parts) if parts else np.zeros((0, sums.shape[1]), np.uint8)


def _from_bytes(tree: BoardTree, player: int, saved: Archive) -> Rows:
    """Return a player's rows [stored rows, 8] of what ``_in_bytes`` made.

    Raises:
        ValueError: another shape or type, or shares of more than 255.
    """
    decisions, hands = _decisions(tree, player), len(tree.hands_at(player, 0))
    actions = max((rows.stop for rows in decisions), default=0)
    shares = saved.array(f"shares_{player}", (actions - len(decisions), hands), np.uint8).astype(np.float32)
    full, done = np.zeros((actions, hands), np.float32), 0
    for rows in decisions:
        count = rows.stop - rows.start - 1
        full[rows][:-1] = shares[done : done + count]
        full[rows.stop - 1] = FULL_SHARE - full[rows][:-1].sum(axis=0)
        done += count
    require(bool((full >= 0).all()), f"shares_{player} must add up to at most {FULL_SHARE} at each decision")
    return tree.stored(full)
