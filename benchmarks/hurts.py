"""Five ways in which a search hurts: each cause made on purpose, then repaired, on games where strength is exact, search included.

    python benchmarks/hurts.py                   # all tables, some two minutes; --write, --check: see benchmarks/tables.py
    python benchmarks/hurts.py leduc             # the rows of Leduc alone: seconds
    python benchmarks/hurts.py ms2f1t1h5         # those of 20-card hold'em with a one-card flop and turn
    python benchmarks/hurts.py mistake           # one mistake split in three, on Leduc

Iterations are the budget, so every figure is exact and the same on every machine. Exploitability: chips on Leduc, mbb/g in hold'em. CFR+
makes blueprints and searches, except for bets outside the tree, which are those of ``experiment=off_tree`` on this game.

A mistake is split along a chain of agents. Each differs from the one before in one thing, and an error is the difference of the two
exploitabilities. So the errors add up to what the last agent loses more than the first. They depend on the order of the chain.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hurts_holdem import HALVES, MS2, Holdem
from hurts_leduc import COUNT, GADGET, LEAVES, MANY, MEMORY, OPPONENT, RANGES, SIZES, SOME, TOO_FEW, TREE, Leduc, Measured
from tables import Table, options

PAGE = "docs/concepts/five-ways.md"
LEDUC, MISTAKE = "leduc", "mistake"
UNITS = {LEDUC: "Leduc, chips", MS2: "`ms2f1t1h5`, mbb/g"}
SEARCHES = {  # the search with its cause, and the repaired one
    (GADGET, LEDUC): ("second round, unsafe, 1,000", "resolve"),
    (OPPONENT, LEDUC): ("second round, refined, 1,000", "resolve"),
    (MEMORY, LEDUC): ("both rounds, refined, 1,000", "ranges and bounds of the last search"),
    (LEAVES, LEDUC): ("first round, resolve, 1,000", "leaf values of its own blueprint"),
    (TOO_FEW, LEDUC): ("second round, resolve, 10, not judged", "judged"),
    (GADGET, MS2): ("turn, unsafe, 800", "resolve"),
    (OPPONENT, MS2): ("turn, refined, 800", "resolve"),
    (MEMORY, MS2): ("flop and turn, refined, 800", "ranges and bounds of the last search"),
    (LEAVES, MS2): ("flop, refined, 400", "leaf values of its own blueprint"),
    (TOO_FEW, MS2): ("turn, resolve, 50, not judged", "judged"),
    (SIZES, MS2): ("after the bet, unsafe, 450", "resolve"),
}
WAYS = Table(
    "five ways", PAGE, ["cause", "game", "the search", "blueprint", "with the cause", "the repair", "repaired"],
    [(cause, UNITS[game]) for cause, game in SEARCHES],
)  # fmt: skip
HALF = Table("half repairs", PAGE, ["search", "beside", "without it, mbb/g", "with it"], [(search,) for search in HALVES])
ORDERS = ((TREE, RANGES, COUNT), (COUNT, RANGES, TREE))
QUALITIES = 50, 500
SPLIT = Table(
    "a mistake in three", PAGE, ["blueprint", "order", "alone", "nothing wrong", *(f"{name} error" for name in ORDERS[0]), "as played"],
    [(f"{quality} iterations", ", ".join(order)) for quality in QUALITIES for order in ORDERS],
)  # fmt: skip
TABLES = (WAYS, HALF, SPLIT)


def ways(game: str, measured: Iterator[tuple[str, Measured]]) -> Iterator[list[str]]:
    """Yield the rows of a game."""
    for cause, found in measured:
        search, repair = SEARCHES[cause, game]
        print(f"{game}, {cause}: {found.alone:.4g} {found.hurt:.4g} {found.repaired:.4g}", file=sys.stderr, flush=True)
        alone, hurt, repaired = (f"{value:.3g}" for value in found)
        yield [cause, UNITS[game], search, alone, f"**{hurt}**", repair, repaired]


def split(quality: int) -> Iterator[list[str]]:
    """Yield the rows of a blueprint: what each fault of a chain adds."""
    leduc, known = Leduc(quality), dict[frozenset[str], float]()
    for order in ORDERS:
        chain = [frozenset(order[:count]) for count in range(len(order) + 1)]
        for faults in chain:
            if faults not in known:
                known[faults] = leduc.corner(sorted(faults))
        added = {name: known[more] - known[less] for name, (less, more) in zip(order, pairwise(chain), strict=True)}
        errors = [f"{added[name]:+.3g}" for name in ORDERS[0]]
        nothing, played = known[chain[0]], known[chain[-1]]
        yield [f"{quality} iterations", ", ".join(order), f"{leduc.alone:.3g}", f"{nothing:.2g}", *errors, f"{played:.3g}"]


def main() -> None:
    every = (LEDUC, MS2, MISTAKE)
    wanted = options(TABLES) or [*every]
    if unknown := set(wanted) - set(every):
        sys.exit(f"error: give some of {', '.join(every)}, or nothing for all, got {min(unknown)!r}")
    rows: list[list[str]] = []
    if LEDUC in wanted:
        rows += ways(LEDUC, Leduc().rows())
    with tempfile.TemporaryDirectory() as directory:
        holdem = Holdem(Path(directory))
        if MS2 in wanted:
            rows += ways(MS2, holdem.rows())
        if rows:
            WAYS.show(rows, "Exploitability, exact; numbers behind a search are its iterations")
        if MS2 in wanted:
            halves = [[search, HALVES[search], f"{without:.3g}", f"{found:.3g}"] for search, without, found in holdem.halves()]
            HALF.show(halves, "`ms2f1t1h5`, mbb/g, exact")
    if MISTAKE in wanted:
        SPLIT.show([row for quality in QUALITIES for row in split(quality)], f"Leduc, chips, exact; {SOME} iterations for {MANY:,}")


if __name__ == "__main__":
    main()
