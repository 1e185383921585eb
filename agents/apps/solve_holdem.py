"""``timebank solve`` on hold'em: spots, endgames and whole games."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from agents.apps.config import SolveConfig
from agents.apps.directory import SOLUTION
from agents.apps.holdem import HoldemKind, check_solving, free_memory, smaller_game
from agents.apps.run import COMPILING, Run, expected, said_if_slow, seconds_of, solve_and_report
from agents.reporting.figures import plot_trace
from agents.reporting.hand_grid import decision, decision_table, write_decision
from agents.reporting.tables import cores, counted, duration, memory_text, not_solved, table, warned, write_csv
from agents.runtime.solution_file import check_solution, load_solution, save_solution
from games.game import find_decision
from games.holdem.board_tree import game_size
from games.holdem.cards import cards_text
from games.holdem.config import on_menu
from games.holdem.rules import HoldemGame, Place
from search import BoardSolver, BoardStrategy, Budget, Solution, Variant, useful_threads

DEFAULT = "default_holdem"  # what search=default means here
STORAGE = {32: np.float32, 16: np.float16}  # of regrets and averages, by bits
TRACE = ("iteration", "seconds", "exploitability")
ROUNDING = 1e-3  # of the pot: rounding errors of the values that are said beside them (docs/notebook/holdem.md)


def check(config: SolveConfig) -> None:
    """Refuse bad values, a game that does not fit into memory among them."""
    if not 0 <= config.threads <= cores():
        raise ValueError(f"threads must be in 0..{cores()} (the cores of this machine; 0: as many as pay), got {config.threads}")
    variant = config.search.build(DEFAULT)
    game = on_menu(config.game.build())
    check_solving(game, variant, config.threads or cores(), STORAGE[config.storage], STORAGE[16])
    if config.load == "":
        raise ValueError("load must be a file that save=true wrote, got ''")
    if config.load is not None:
        done, asked = check_solution(Path(config.load), game, variant, STORAGE[config.storage]), config.budget.iterations
        if asked is not None and asked < done:
            raise ValueError(f"budget.iterations must be at least the {done} that load has done (it is the total), got {asked}")
    _places(config, game)


def _places(config: SolveConfig, game: HoldemGame) -> list[tuple[str, Place]]:
    """Return the decisions to report besides the first with their lines; refuses lines that do not lead to one."""
    found = [(line, game.locate(find_decision(game, line, key))) for key, line in config.lines().items()]
    return [(line, place) for line, place in found if place is not None]


def run(config: SolveConfig, directory: Path) -> None:
    """Solve and report."""
    game = on_menu(config.game.build())
    variant: Variant = config.search.build(DEFAULT)
    budget = config.budget.build()
    with Run(directory, "solve", game.name, config.seed, game.notes) as result:
        start, free = time.perf_counter(), free_memory()
        try:
            solver = BoardSolver(game, variant, config.threads or useful_threads(game, cores()), storage=STORAGE[config.storage])
        except MemoryError:
            raise OSError(f"game must fit into memory, got more than was free while it was built: {smaller_game(game)}") from None
        built = time.perf_counter()
        with said_if_slow(COMPILING):
            solver.warm_up()
            seconds = seconds_of(solver.exploitability)  # which visits the same boards as an iteration, and changes nothing
        compiled = time.perf_counter()
        if config.load is not None:
            load_solution(solver, Path(config.load))
            budget = budget if budget.limited() else Budget(iterations=solver.iterations)
        print(size_text(solver, free, budget, seconds), flush=True)
        kind = HoldemKind(game)
        save = partial(save_solution, solver, directory / SOLUTION) if config.save else None
        solve_and_report(
            result, solver, budget, lambda e: kind.strength_text(e), lambda solution: report(result, solver, solution, config), save,
            build_seconds=built - start, compile_seconds=compiled - built, algorithm=variant.label, memory_bytes=solver.memory_bytes(),
        )  # fmt: skip


def size_text(solver: BoardSolver, free: int, budget: Budget, seconds: float) -> str:
    """Return a solve's size in a line: memory, hands, boards, nodes, and what the budget comes to; what costs most where it is large."""
    game, needed = solver.game, solver.memory_bytes()
    hands = " and ".join(f"{int(np.count_nonzero(live)):,}" for live in game.ranges)
    size = f"{hands} hands, {counted(len(solver.tree.cards), 'board')}, {counted(len(game.bets.player), 'node')} of betting"
    left = budget if budget.iterations is None else replace(budget, iterations=max(budget.iterations - solver.iterations, 0))
    large = ""
    if needed > free / 2:
        rows = game_size(game).street_rows
        most = int(np.argmax(rows))
        large = (
            f" of {memory_text(free)} free, {100 * rows[most] / sum(rows):.0f} % of it for the {game.rounds[most]}: {smaller_game(game)}"
        )
    target = budget.exploitability
    goal = "" if target is None else f"; until {target:g} chips, {HoldemKind(game).strength_text(target)}"
    return f"{game.name}: {memory_text(needed)}{large}; {size}; {expected(left, seconds)}{goal}"


def report(result: Run, solver: BoardSolver, solution: Solution[BoardStrategy], config: SolveConfig) -> None:
    """Write the result, the first decision, those asked for and the trace with their figures, and the solution if asked for.

    Without an iteration there are no decisions to show; above a quarter of the pot every figure says that the game is not solved.
    """
    game, exploitability, directory = solver.game, solution.exploitability or 0.0, result.directory
    apart, strength_is = solver.values_apart(), HoldemKind(game).strength_text(exploitability)
    values, missed = ((apart[0] - apart[1]) / 2, (apart[1] - apart[0]) / 2), abs(sum(apart)) / game.pot
    reason = not_solved(solution.iterations, exploitability, game.pot, "the blinds" if game.betting.blinds else "the pot")
    root, nodes = None, list[dict[str, Any]]()
    if solution.iterations:
        root = decision(solver)
        nodes = [{"line": line, "board": cards_text(p.cards), **decision(solver, *p)} for line, p in _places(config, game)]
    entries: dict[str, Any] = {"values": list(values), "rounding_pot_fraction": missed, "root": root, "nodes": nodes}
    entries |= {"solved": reason is None, "not_solved": reason}
    if not game.betting.blinds:
        entries["ev"] = [v + game.pot / 2 for v in values]
    result.write(
        iterations=solution.iterations, seconds=solution.seconds, check_seconds=solution.check_seconds, threads=solver.threads,
        exploitability=HoldemKind(game).strength(exploitability), trace=solution.trace,
        boards=len(solver.tree.cards), storage=config.storage,
        **entries,
    )  # fmt: skip
    _remove_nodes(directory, len(nodes))
    write_csv(directory / "trace.csv", [dict(zip(TRACE, row, strict=True)) for row in solution.trace])
    if config.save:
        save_solution(solver, directory / SOLUTION)
    shown = entries.get("ev", values)
    ended = config.budget.iterations is None and solution.iterations == solver.enough
    note = f"ended: in float32 more iterations add nothing; budget.iterations asks for more than {solver.enough:,}\n" if ended else ""
    if missed > ROUNDING:
        note += f"rounding: the EVs miss the pot by {missed:.1%} of it; so deep, float32 has no better ones (docs/notebook/holdem.md)\n"
    values_table = table(["", "player 0", "player 1"], [["EV, chips" if "ev" in entries else "value, chips", *(f"{v:.4f}" for v in shown)]])
    print(
        f"{game.name}: {solver.variant.label}, {counted(solution.iterations, 'iteration')} in {duration(solution.seconds)}, exploitability "
        f"{strength_is} ({exploitability:.4g} chips)\n"
        + (f"{values_table}\n\n{decision_table(root)}\n" if root else "")
        + note
        + "".join(f"\nnode_{i}: {node['line']}\n{decision_table(node)}\n" for i, node in enumerate(nodes))
        + f"{directory}"
        + ("" if reason is None else f"\nNOT SOLVED: {reason}")
    )
    title = warned(f"{game.name}, {solver.variant.label}", reason)
    plot_trace(solution.trace, title, [directory / f"trace.{kind}" for kind in ("png", "svg")])
    drawn = [("root", "first decision", root), *((f"node_{i}", node["line"], node) for i, node in enumerate(nodes))]
    for name, line, node in drawn:
        if node is not None:
            title = warned(f"{game.name}: {line}, exploitability {strength_is}", reason)
            write_decision(node, game.deck, title, directory, name)


def _remove_nodes(directory: Path, count: int) -> None:
    """Remove what a run that this one goes on with, in its directory, showed beyond so many decisions."""
    for file in directory.glob("node_*.*"):
        shown = re.fullmatch(r"node_([0-9]+)\.(csv|png|svg)", file.name)
        if shown and int(shown[1]) >= count:
            file.unlink()
