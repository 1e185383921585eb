"""How deep can stacks be before float32 can no longer tell?

    python benchmarks/precision.py [--write | --check]    # see benchmarks/tables.py

A river and a turn, the pot 10, stacks from once the pot to 100 million times, solved by as many iterations in float32 and in float64. Every
number is in % of the pot: what float32 says of its own exploitability, what float64 says of the same strategies, what is left by float64's,
how far the players' values in float32 are from adding up to the pot, and how far the first player's EVs are apart.
"""

from __future__ import annotations

import argparse

import numpy as np
from tables import HOLDEM, Table, options

from games.holdem.board_tree import board_tree
from games.holdem.config import Spot
from games.holdem.rules import HoldemGame
from search import BoardSolver, variant
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import value_against

OOP = "66+,A8s+,A5s-A4s,AJo+,K9s+,KQo,QTs+,JTs,96s+,85s+,75s+,65s,54s"
IP = "QQ-22,AQs-A2s,ATo+,K5s+,KJo+,Q8s+,J8s+,T7s+,96s+,86s+,75s+,64s+,53s+"
BOARDS = {"river": ("Td9d6hQc4s", 30_000), "turn": ("Td9d6hQc", 300)}
POT = 10
DEPTHS = (1, 10, 100, 200, 1_000, 1_000_000, 100_000_000)
HEADS = [
    "spot", "stack / pot", "iterations", "float32 of itself", "float64 of float32's", "float64's own", "values miss zero by", "EVs apart",
]  # fmt: skip
TABLE = Table("deep stacks", HOLDEM, HEADS, [(name, f"{depth:,}", f"{its:,}") for name, (_, its) in BOARDS.items() for depth in DEPTHS])
TABLES = (TABLE,)


def spot(board: str, depth: int) -> HoldemGame:
    """Return a spot whose stacks are so many pots."""
    return Spot(board=board, ranges=[OOP, IP], pot=POT, stack=POT * depth, bets="75%,a", raises="100%,a", raise_cap=2).build()


def compare(game: HoldemGame, iterations: int) -> list[float]:
    """Return the five numbers, in % of the pot."""
    short, long = (BoardSolver(game, variant("default_holdem"), dtype=dtype) for dtype in (np.float32, np.float64))
    for solver in (short, long):
        solver.run(iterations)
    tree = board_tree(game, np.float64)
    sweeps, rows = BoardSweeps(tree, 1, np.float64), short.answer().average
    own = (rows[0].astype(np.float64), rows[1].astype(np.float64))
    measured = sum(value_against(game, sweeps, own, p) for p in (0, 1)) / 2
    apart = abs(short.values()[0] - long.values()[0])
    return [100 * x / POT for x in (short.exploitability(), measured, long.exploitability(), abs(sum(short.values_apart())), apart)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spots", default=",".join(BOARDS))
    given = parser.parse_args(options(TABLES))
    rows = []
    for name in given.spots.split(","):
        board, iterations = BOARDS[name]
        for depth in DEPTHS:
            numbers = compare(spot(board, depth), iterations)
            rows.append([name, f"{depth:,}", f"{iterations:,}", *(f"{x:.2g}" for x in numbers)])
    TABLE.show(rows, "All in % of the pot")


if __name__ == "__main__":
    main()
