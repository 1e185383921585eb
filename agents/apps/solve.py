"""``timebank solve``: solve a game within a budget."""

from __future__ import annotations

import time
from pathlib import Path

from agents.apps import solve_holdem
from agents.apps.build import build_kind, timed_game
from agents.apps.config import SolveConfig
from agents.apps.launch import launch
from agents.apps.run import COMPILING, Run, expected, said_if_slow, seconds_of, solve_and_report
from agents.policy import policy_table
from agents.reporting.figures import plot_trace
from agents.reporting.tables import counted, duration, memory_text, not_solved, warned, write_csv, write_json
from games.derived import tree_of
from search import Solution, Solver, Strategy, uniform


def check(config: SolveConfig, directory: Path) -> None:
    """Refuse bad values."""
    if not config.budget.build().limited() and config.load is None:
        raise ValueError("budget must limit seconds, iterations or exploitability, got none (e.g. budget.iterations=1000)")
    if build_kind(config.game).game.spiel is None:
        solve_holdem.check(config)
        return
    config.search.build()
    for key, value in (("load", config.load), ("show", config.show)):
        if value is not None:
            raise ValueError(f"{key} must be left out for a game derived from OpenSpiel, got {value}")
    if config.storage != 32:
        raise ValueError(f"storage must be 32 for a game derived from OpenSpiel (only hold'em has a choice), got {config.storage}")
    if config.threads != 1:
        raise ValueError(f"threads must be 1 for a game derived from OpenSpiel (an iteration takes microseconds), got {config.threads}")


def run(config: SolveConfig, directory: Path) -> None:
    """Solve and report."""
    if build_kind(config.game).game.spiel is None:
        solve_holdem.run(config, directory)
        return
    rules, build_seconds = timed_game(config.game)
    game, tree = rules.name, tree_of(rules)
    budget = config.budget.build()
    with Run(directory, "solve", game, config.seed) as result:
        built = time.perf_counter()
        solver = Solver(tree, config.search.build())
        with said_if_slow(COMPILING):
            solver.run(1)
            uniform_play = solver.exploitability(uniform(tree))
        compiled = time.perf_counter()
        seconds = seconds_of(lambda: solver.run(1))
        solver.start(solver.subgame)
        size = f"{counted(tree.num_nodes, 'public node')}, {tree.num_hands(0):,} and {tree.num_hands(1):,} hands"
        print(f"{game}: {size}, {memory_text(solver.memory_bytes())}; {expected(budget, seconds)}", flush=True)
        solve_and_report(
            result, solver, budget, lambda e: f"{e:.3g} chips",
            lambda solution: report(result, solver, solution, uniform_play, config.save),
            build_seconds=build_seconds, compile_seconds=compiled - built, algorithm=solver.variant.label,
        )  # fmt: skip


def report(result: Run, solver: Solver, solution: Solution[Strategy], uniform_play: float, save: bool) -> None:
    """Write the result, the trace and its figure, and the strategy if asked for; ``uniform_play`` is that play's exploitability."""
    reason = not_solved(solution.iterations, solution.exploitability or 0.0, uniform_play, "uniform play's")
    values = solver.evaluator.values(solution.strategy)
    strength = {"value": solution.exploitability, "unit": "chips"}
    result.write(
        iterations=solution.iterations,
        seconds=solution.seconds,
        check_seconds=solution.check_seconds,
        threads=1,
        memory_bytes=solver.memory_bytes(),
        exploitability=strength,
        values=list(values),
        solved=reason is None,
        not_solved=reason,
        trace=solution.trace,
    )
    print(
        f"{solver.tree.game}: {solver.variant.label}, {counted(solution.iterations, 'iteration')} in {duration(solution.seconds)}, "
        f"exploitability {solution.exploitability:.3g} chips, value {values[0]:.6g} to the first player\n{result.directory}"
        + ("" if reason is None else f"\nNOT SOLVED: {reason}")
    )
    heads = ("iteration", "seconds", "exploitability")
    write_csv(result.directory / "trace.csv", [dict(zip(heads, row, strict=True)) for row in solution.trace])
    if save:
        write_json(result.directory / "policy.json", policy_table(solution.strategy))
    title = warned(f"{solver.tree.game}, {solver.variant.label}", reason)
    plot_trace(solution.trace, title, [result.directory / f"trace.{kind}" for kind in ("png", "svg")])


def main() -> None:
    """Run the command."""
    launch("solve", check, run)


if __name__ == "__main__":
    main()
