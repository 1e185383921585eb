"""``timebank solve``: solve a game within a budget."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from agents.apps.boards import asks_for_boards, check_boards, run_boards
from agents.apps.build import Kind, build_kind, build_variant, timed_game
from agents.apps.config import VIEW, SolveConfig
from agents.apps.directory import of_game, solution_file, started_with
from agents.apps.launch import launch
from agents.apps.output import say
from agents.apps.run import COMPILING, Progress, Run, said_if_slow
from agents.evaluation.locks import locked_note
from agents.evaluation.solving import MORE, Solving, work_text
from agents.reporting.figures import plot_trace
from agents.reporting.tables import Autosave, counted, duration, not_solved, warned, write_csv
from search import Budget, Solution

TRACE = ("iteration", "seconds", "exploitability")


def check(config: SolveConfig, directory: Path) -> None:
    """Refuse bad values."""
    config.saves()
    if asks_for_boards(config):
        check_boards(config)
        return
    if not config.budget.build().limited() and config.load is None:
        raise ValueError("budget must limit seconds, iterations or exploitability, got none (e.g. budget.iterations=1000)")
    kind = build_kind(config.game, raked=True)
    kind.check_solve(config, build_variant(config, kind))


def run(config: SolveConfig, directory: Path) -> None:
    """Solve and report; Ctrl-C reports what was found so far, and another one ends the report where it is.

    Raises:
        ValueError: ``show`` is given, and no iteration found time.
    """
    if asks_for_boards(config):
        run_boards(config, directory)
        return
    kind, budget, build_seconds = build_kind(config.game, raked=True), config.budget.build(), timed_game(config.game)[1]
    variant = build_variant(config, kind)
    with Run(directory, "solve", kind.game.name, config.seed, kind.notes) as result:
        start = time.perf_counter()
        solving = kind.solving(config, variant)
        built = time.perf_counter()
        with said_if_slow(COMPILING):
            seconds = solving.warm_up()
        compiled = time.perf_counter()
        if config.load is not None:
            solving.load(solution_file(config.load))
            budget = budget if budget.limited() else Budget(iterations=solving.solver.iterations)
        say(f"{kind.game.name}: {work_text(solving, budget, seconds, kind.strength_text)}")
        settings = of_game(started_with(directory) or [])
        keeper = Autosave(lambda: solving.save(directory, settings, config.saves() == VIEW)) if config.saves() else None

        def tell(iterations: int, seconds: float, exploitability: float | None) -> None:
            checked = "" if exploitability is None else f"{kind.strength_text(exploitability)} at {solving.solver.checked_at:,}"
            progress.at(iterations if budget.iterations or not budget.seconds else seconds, f"exploitability {checked}" * bool(checked))
            if keeper is not None:
                keeper.look()

        try:
            result.write(
                build_seconds=build_seconds + built - start, compile_seconds=compiled - built, algorithm=variant.label,
                threads=solving.threads, memory_bytes=solving.memory_bytes(),
            )  # fmt: skip
            with Progress("solving", budget.iterations or budget.seconds, "it" if budget.iterations else "s") as progress:
                solution = solving.solver.solve(budget, trace=True, progress=tell)
        except KeyboardInterrupt:
            report(result, config, kind, solving, solving.solver.interrupted())
            raise
        report(result, config, kind, solving, solution)
    if config.lines() and not solution.iterations:
        raise ValueError(f"show must have an iteration to show, got none in {duration(solution.seconds)} ({MORE}); see {directory}")


def report(result: Run, config: SolveConfig, kind: Kind, solving: Solving, solution: Solution[Any]) -> None:
    """Write the result, the trace, the answer if asked for, and figures; where the game is not solved, every figure says so."""
    game, directory, exploitability = kind.game.name, result.directory, solution.exploitability or 0.0
    strength, label, found = kind.strength_text(exploitability), result.result["algorithm"], solving.result(solution)
    reason = not_solved(solution.iterations, exploitability, solving.stake, solving.stake_text)
    result.write(
        iterations=solution.iterations, seconds=solution.seconds, check_seconds=solution.check_seconds,
        exploitability=kind.strength(exploitability), trace=solution.trace, solved=reason is None, not_solved=reason, **found,
    )  # fmt: skip
    write_csv(directory / "trace.csv", [dict(zip(TRACE, row, strict=True)) for row in solution.trace])
    if config.saves():
        solving.save(directory, of_game(started_with(directory) or []), config.saves() == VIEW)
    spent = f"{counted(solution.iterations, 'iteration')} in {duration(solution.seconds)}"
    text = solving.text(found, exploitability, config.budget.iterations)
    say(f"{game}: {label}, {spent}, exploitability {strength}{text}{directory}" + (f"\nNOT SOLVED: {reason}" if reason else ""))
    plot_trace(
        solution.trace,
        warned(f"{game}, {label}{locked_note(solving.locks)}", reason),
        [directory / f"trace.{kind}" for kind in ("png", "svg")],
    )
    solving.draw(found, directory, strength, reason)


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("solve", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
