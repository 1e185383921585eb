"""How fast are hold'em spots solved?

    python benchmarks/holdem.py                            # seven spots to 0.1 % of the pot, one thread and two
    python benchmarks/holdem.py --spots RA,TB --threads 1 --search dcfr,dcfr_plus
    python benchmarks/holdem.py --storage 16               # regrets and averages in 16 bits
    python benchmarks/holdem.py --peer RA=0.142,TB=2.76    # seconds of another solver on this machine, as ratios beside ours
    python benchmarks/holdem.py --check                    # or --write: see benchmarks/tables.py

Seconds are of solving alone: building and exploitability checks are apart. The kernels are compiled before. Draws ``outputs/holdem.png``.

3betpotFAST is the spot that solvers are most often compared on: PioSOLVER's preset of a 3-bet pot. Its equities and EVs are known from
PioSOLVER, and postflop-solver's tests assert them, with and without rake; the script ends with an error where ours differ.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tables import RESULTS, Table, options

from agents.reporting.figures import blank_figure, log_axes, save_figure
from agents.reporting.tables import table
from games.holdem.config import Menus, PlayerMenu, Spot, StreetMenu
from search import BoardSolver, variant

OOP = "66+,A8s+,A5s-A4s,AJo+,K9s+,KQo,QTs+,JTs,96s+,85s+,75s+,65s,54s"
IP = "QQ-22,AQs-A2s,ATo+,K5s+,KJo+,Q8s+,J8s+,T7s+,96s+,86s+,75s+,64s+,53s+"
PIO_OOP = (
    "88+,A8s+,A5s-A2s:0.5,AJo+,ATo:0.75,K9s+,KQo,KJo:0.75,KTo:0.25,Q9s+,QJo:0.5,J8s+,JTo:0.25,T8s+,T7s:0.45,97s+,96s:0.45,87s,86s:0.75,"
    "85s:0.45,75s+:0.75,74s:0.45,65s:0.75,64s:0.5,63s:0.45,54s:0.75,53s:0.5,52s:0.45,43s:0.5,42s:0.45,32s:0.45"
)
PIO_IP = (
    "AA:0.25,99-22,AJs-A2s,AQo-A8o,K2s+,K9o+,Q2s+,Q9o+,J6s+,J9o+,T6s+,T9o,96s+,95s:0.5,98o,86s+,85s:0.5,75s+,74s:0.5,64s+,63s:0.5,54s,"
    "53s:0.5,43s"
)
PIO_SIZES = PlayerMenu(turn=StreetMenu(bets="55%"), river=StreetMenu(bets="70%"))
DONK = Menus(oop=PlayerMenu(river=StreetMenu(donks="50%")))
SPOTS = {
    "RA": Spot(board="KsTh6d2c9h", pot=100, stack=500, bets="50%,100%,a", raises="100%,a"),
    "RB": Spot(board="Td9d6hQc4s", ranges=[OOP, IP], pot=200, stack=900, bets="33%,75%,a", raises="75%,a"),
    "TB": Spot(board="Td9d6hQc", ranges=[OOP, IP], pot=200, stack=900, bets="60%,a", raises="75%,a"),
    "TX": Spot(
        board="Td9d6hQc", ranges=[OOP, IP], pot=200, stack=900, bets="60%,e,a", raises="2.5x", menu=DONK, add_allin=1.5, force_allin=0.15,
        merging=0.1,
    ),
    "FB": Spot(board="Td9d6h", ranges=[OOP, IP], pot=200, stack=900, bets="67%", raises="100%"),
    "3betpotFAST": Spot(
        board="QsJh2h", ranges=[PIO_OOP, PIO_IP], pot=180, stack=910, bets="52%", raises="45%", menu=Menus(oop=PIO_SIZES, ip=PIO_SIZES)
    ),
}  # fmt: skip
SPOTS["3betpotFAST raked"] = replace(SPOTS["3betpotFAST"], rake="5%", rake_cap=30.0)
# Player 0's share of the pot if nobody bets again, to 1e-5, and both players' EV in chips, to 0.2: PioSOLVER's, as postflop-solver's tests
# `solve_pio_preset_normal` and `solve_pio_preset_raked` have them (with rake an equilibrium's values need not be unique).
PUBLISHED = {"3betpotFAST": (0.55347, 105.11, 74.89), "3betpotFAST raked": (0.55347, 95.57, 66.98)}
GOALS = (0.01, 0.005, 0.001)
CHECK_EVERY = 5
# postflop-solver, which looks at its exploitability every 10 iterations: to 1 / 0.5 / 0.1 % of the pot.
PEER_ITERATIONS = {
    "RA": "60 / 90 / 330", "RB": "50 / 80 / 200", "TB": "80 / 100 / 240", "TX": "80 / 100 / 230", "FB": "50 / 80 / 150",
}  # fmt: skip
# Seconds of TexasSolver and of Noam Brown's poker_solver as multiples of postflop-solver's: all three in one run on a Zen 5 server, one
# thread, RA 0.28 / 0.78 / 0.067 s, RB 0.039 / 0.038 / 0.009, TB 4.5 / - / 1.48, FB 250 / - / 50.
OTHERS = {"RA": ("4.2", "12"), "RB": ("4.3", "4.2"), "TB": ("3.0", "-"), "FB": ("5.0", "-")}
HEADS = [
    "spot", "iterations to 1 / 0.5 / 0.1 %", "the peer's", "seconds", "the peer's seconds", "ratio", "on two threads", "times as fast",
    "MB", "TexasSolver's seconds / the peer's", "poker_solver's / the peer's", "EV out of / in position",
]  # fmt: skip
TABLE = Table("spots", RESULTS, HEADS, [(name,) for name in SPOTS])
TABLES = (TABLE,)


class Solve(NamedTuple):
    """A spot solved to the last goal.

    Attributes:
        spot: its name.
        search: the variant of CFR.
        threads: of the solver.
        build_seconds: of the tree.
        reached: iterations and seconds of solving to each goal.
        check_seconds: of one exploitability check.
        memory_bytes: of the arrays.
        ev: both players', chips.
        trace: seconds of solving and exploitability as a share of the pot.
    """

    spot: str
    search: str
    threads: int
    build_seconds: float
    reached: list[tuple[int, float]]
    check_seconds: float
    memory_bytes: int
    ev: list[float]
    trace: list[tuple[float, float]]


def solve(name: str, search: str, threads: int, bits: int) -> Solve:
    """Solve a spot to every goal."""
    game, start = SPOTS[name].build(), time.perf_counter()
    solver = BoardSolver(game, variant(search), threads, storage=np.float16 if bits == 16 else None)
    built = time.perf_counter() - start
    solver.warm_up()
    seconds, reached, trace = 0.0, [], []
    while len(reached) < len(GOALS) and solver.iterations < 2000:
        now = time.perf_counter()
        solver.run(CHECK_EVERY)
        seconds += time.perf_counter() - now
        share = solver.exploitability() / game.pot
        trace.append((seconds, share))
        while len(reached) < len(GOALS) and share <= GOALS[len(reached)]:
            reached.append((solver.iterations, seconds))
    now = time.perf_counter()
    solver.exploitability()
    check = time.perf_counter() - now
    ev = [value + game.pot / 2 for value in solver.values()]
    if name in PUBLISHED:
        check_published(name, equity(SPOTS[name]), ev, solver.mean_rake())
    return Solve(name, search, threads, built, reached, check, solver.memory_bytes(), ev, trace)


def beside_the_peer(one: Solve, two: Solve | None, peer: str | None) -> list[str]:
    """Return a row of the document.

    Args:
        one: on one thread.
        two: on two threads.
        peer: seconds of the peer on one thread.
    """
    (*_, (_, seconds)), name = one.reached, one.spot
    ratio = f"**{seconds / float(peer):.2f}**" if peer else "-"
    iterations = " / ".join(str(its) for its, _ in one.reached)
    faster = "-" if two is None else f"{seconds / two.reached[-1][1]:.1f}"
    both = "-" if two is None else f"{two.reached[-1][1]:.3g}"
    ours = [f"{seconds:.3g}", peer or "-", ratio, both, faster, f"{one.memory_bytes / 1e6:,.3g}"]
    return [name, iterations, PEER_ITERATIONS.get(name, "-"), *ours, *OTHERS.get(name, ("-", "-")), f"{one.ev[0]:.3f} / {one.ev[1]:.3f}"]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spots", default=",".join(SPOTS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--search", default="default_holdem")
    parser.add_argument("--storage", type=int, choices=(32, 16), default=32, help="bits of each regret and average")
    parser.add_argument("--peer", default="", help="seconds of a peer to 0.1 %% of the pot, as NAME=SECONDS,...")
    parser.add_argument("--figure", type=Path, default=Path("outputs/holdem.png"))
    given = parser.parse_args(options(TABLES))
    peers = dict(pair.split("=") for pair in given.peer.split(",") if pair)
    figure, axes = blank_figure("Exploitability against solving time", (8, 5))
    solves, rows = {}, []
    for name, search, threads in product(given.spots.split(","), given.search.split(","), map(int, given.threads.split(","))):
        found = solves[name, search, threads] = solve(name, search, threads, given.storage)
        its, seconds = found.reached[-1]
        row = [name, search, str(threads), f"{found.build_seconds:.2f}", " / ".join(str(i) for i, _ in found.reached), f"{seconds:.4g}"]
        rows.append([*row, f"{1e3 * seconds / its:.4g}", f"{1e3 * found.check_seconds:.3g}", f"{found.memory_bytes / 1e6:.1f}"])
        print(name, search, threads, "done", flush=True)
        if threads == 1:
            axes.plot([s for s, _ in found.trace], [100 * e for _, e in found.trace], label=f"{name}, {search}")
    heads = ["spot", "search", "threads", "built s", "its to 1 / 0.5 / 0.1 %", "solved s", "ms an it", "check ms", "MB"]
    print(table(heads, rows) + "\n")
    first = given.search.split(",")[0]
    ones = [one for (_, search, threads), one in solves.items() if search == first and threads == 1]
    TABLE.show(
        [beside_the_peer(one, solves.get((one.spot, first, 2)), peers.get(one.spot)) for one in ones],
        f"{first}, float32, regrets and averages in {given.storage} bits; seconds of solving to 0.1 % of the pot",
    )
    log_axes(axes)
    axes.set_xlabel("seconds of solving, one thread")
    axes.set_ylabel("exploitability, % of the pot")
    axes.legend(fontsize=8)
    given.figure.parent.mkdir(parents=True, exist_ok=True)
    save_figure(figure, [given.figure])


def equity(spot: Spot) -> float:
    """Return player 0's share of the pot if nobody bets again and nobody takes rake."""
    game = replace(spot, bets="", raises="", menu=Menus(), rake="0", rake_cap=0.0).build()
    solver = BoardSolver(game, variant("default_holdem"), threads=1)
    return solver.values()[0] / game.pot + 0.5


def check_published(name: str, share: float, ev: list[float], rake: float) -> None:
    """Compare with what other solvers say of a spot; ``rake`` is the mean that the house takes.

    Raises:
        AssertionError: equity or EV differs.
    """
    known_share, *known = PUBLISHED[name]
    evs, published = f"EV {ev[0]:.3f} / {ev[1]:.3f}", f"{known[0]} / {known[1]}"
    print(f"{name}: equity {share:.5f} / {1 - share:.5f} (published {known_share}), {evs} (published {published}), rake {rake:.3f}")
    assert abs(share - known_share) < 1e-5, f"equity must be {known_share} to 1e-5, got {share:.6f}"
    for player, (found, expected) in enumerate(zip(ev, known, strict=True)):
        assert abs(found - expected) < 0.2, f"EV of player {player} must be {expected} to 0.2, got {found:.3f}"
    assert abs(sum(ev) + rake - SPOTS[name].pot) < 1e-3 * SPOTS[name].pot, f"EVs and rake must add up to the pot, got {sum(ev) + rake:.4f}"


if __name__ == "__main__":
    main()
