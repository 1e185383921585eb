"""How small is a view (``timebank solve save=view``), and how far is what it shows from its solution?

    python benchmarks/views.py [--spots RB,TB,FB] [--write | --check]    # see benchmarks/tables.py

Spots of ``benchmarks/holdem.py``, solved to a share of the pot. Compared are decisions to which both players come with at least a hundredth
of what they began with: all of the streets before the river, and the first ones of rivers, on some boards (on a river alone, all of it).
EVs are in % of the pot there: *mean* is the mean difference of all hands, *most* the largest one, of hands that come with a hundredth of
the most frequent one. *Frequency* is the largest difference of how often an action is taken by all hands, in %.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from holdem import SPOTS
from tables import HOLDEM, Table, options

from agents.evaluation.solved_view import SolvedView
from agents.reporting.hand_grid import decision
from agents.reporting.tables import Row
from agents.runtime.solution_file import save_solution
from agents.runtime.view_file import save_view
from games.holdem.cards import cards_text
from games.holdem.rules import HoldemGame, HoldemState
from search import BoardSolver, Budget, variant

ROWS = (("RB", "0.1 %"), ("TB", "0.1 %"), ("TB", "0.01 %"), ("FB", "0.1 %"))
BOARDS, SHARE = 12, 0.01  # of each line into the river; of a range or of the most frequent hand: what comes less often is not compared
HEADS = [
    "spot", "solved to", "solution, MB", "view, MB", "share", "written, s", "opened, s", "most on streets before", "rivers",
    "EV mean, median", "EV mean, most", "EV most, median", "EV most, most", "frequency, median", "frequency, most", "a river, ms",
]  # fmt: skip
TABLE = Table("views", HOLDEM, HEADS, ROWS)
TABLES = (TABLE,)


def state_at(game: HoldemGame, node: int, cards: tuple[int, ...]) -> HoldemState:
    """Return the public state of a node of the bets, with cards on the board."""
    if node == 0:
        return game.root
    state, label = state_at(game, int(game.bets.parent[node]), cards), game.bets.labels[node]
    if label != "deal":
        return game.child(state, game.action(state, label))
    shown = len(state.cards)
    return game.revealed(state, cards_text(cards[shown : shown + game.deals[game.round(state) + 1]]))


def apart(one: Row, other: Row, pot: float) -> tuple[float, float, float]:
    """Return how far two decisions are apart: mean and most of EVs in % of the pot, most of frequencies in %."""
    most = max(entry["weight"] for entry in one["hands"].values())
    pairs = [
        (entry["weight"], abs(entry["ev"] - other["hands"][hand]["ev"]))
        for hand, entry in one["hands"].items()
        if entry["weight"] > SHARE * most and entry["ev"] is not None
    ]
    weights, evs = np.array(pairs).T
    frequencies = np.abs(np.array(one["frequencies"]) - np.array(other["frequencies"]))
    return 100 * float(np.average(evs, weights=weights)) / pot, 100 * float(evs.max()) / pot, 100 * float(frequencies.max())


def measure(name: str, share: str, folder: Path) -> list[str]:
    """Return a row of the table."""
    game, row = SPOTS[name].build(), variant("default_holdem")
    solver = BoardSolver(game, row)
    solver.solve(Budget(exploitability=float(share.split()[0]) / 100 * game.pot))
    save_solution(solver, folder / "solution.npz")
    start = time.perf_counter()
    save_view(solver, folder / "view.npz")
    written = time.perf_counter()
    view = SolvedView(game, row, folder / "view.npz")
    opened = time.perf_counter()
    last, compared, kept, milliseconds = len(game.deals) - 1, list[tuple[float, float, float]](), 0.0, list[float]()
    for node in np.flatnonzero(game.bets.player >= 0).tolist():
        street, boards = int(game.bets.round[node]), solver.tree.on_street(int(game.bets.round[node]))
        begins = street == last and (last == 0 or game.bets.labels[node] == "deal")
        if street == last and not begins:
            continue
        for board in boards[:: max(1, len(boards) // BOARDS)]:
            cards = solver.tree.cards[board]
            reach = solver.answer().reach(node, cards)
            if min(r.sum() / w.sum() for r, w in zip(reach, game.ranges, strict=True)) < SHARE:
                continue
            state, whole = state_at(game, node, cards), decision(solver, node, cards)
            began = time.perf_counter()
            shown, _ = view.decision(state)
            milliseconds += [1000 * (time.perf_counter() - began)] * begins
            difference = apart(whole, shown, sum(game.chips(state).paid))
            if begins:
                compared.append(difference)
            else:
                kept = max(kept, *difference)
    sizes = [(folder / f"{file}.npz").stat().st_size / 1e6 for file in ("solution", "view")]
    figures = [f"{of(column):.2g}" for column in np.array(compared).T for of in (np.median, np.max)]
    return [
        name, share, f"{sizes[0]:.3g}", f"{sizes[1]:.3g}", f"{100 * sizes[1] / sizes[0]:.2g} %", f"{written - start:.2g}",
        f"{opened - written:.2g}", f"{kept:.2g}" if last else "-", f"{len(compared):,}", *figures, f"{np.median(milliseconds):.2g}",
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spots", default="RB,TB,FB")
    given = parser.parse_args(options(TABLES))
    rows = []
    for name, share in (row for row in ROWS if row[0] in given.spots.split(",")):
        with TemporaryDirectory() as folder:
            rows.append(measure(name, share, Path(folder)))
    TABLE.show(rows)


if __name__ == "__main__":
    main()
