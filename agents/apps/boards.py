"""``timebank solve game=spot game.boards=...``: one spot on many boards, one table of all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from agents.apps.build import build_executor, build_kind, build_variant
from agents.apps.config import SolveConfig
from agents.apps.holdem import STORAGE
from agents.apps.output import say
from agents.apps.run import COMPILING, Progress, Run
from agents.evaluation.many_boards import Board, BoardTask, boards_of, solve_boards, symmetries_on, tasks_of, texture, texture_rows
from agents.reporting.board_figure import plot_boards
from agents.reporting.tables import Row, counted, duration, free_memory, memory_text, replacing, table, write_csv
from games.holdem.config import Spot
from games.holdem.rules import HoldemGame
from search import memory_needed

UNUSED = ("save", "load", "lock", "show")  # keys of one solve


def asks_for_boards(config: SolveConfig) -> bool:
    """Say whether a solve is one of many boards."""
    return isinstance(config.game, Spot) and config.game.boards is not None


def _game_on(config: SolveConfig, cards: str) -> HoldemGame:
    spot: Spot = replace(config.game, board=cards, boards=None)
    return spot.build()


def _boards(config: SolveConfig) -> list[Board]:
    spot: Spot = config.game
    return boards_of(spot.boards, spot.board, spot.weights())


def check_boards(config: SolveConfig) -> None:
    """Refuse bad values; the largest board must fit into memory as often as there are workers."""
    for key in UNUSED:
        if (value := getattr(config, key)) not in (None, False):
            raise ValueError(f"{key} must be left out with game.boards, got {value}")
    if config.threads != 1:
        raise ValueError(f"threads must be 1 with game.boards (executor.workers boards are solved at a time), got {config.threads}")
    if not config.budget.build().limited():
        raise ValueError("budget must limit seconds, iterations or exploitability, got none (e.g. budget.iterations=200)")
    executor, boards = build_executor(config.executor), _boards(config)
    variant = build_variant(config, build_kind(replace(config.game, board=boards[0].cards, boards=None), raked=True))
    alike = {(texture(board.cards), symmetries_on(board.cards, config.game.weights())): board.cards for board in boards}
    needed = max(memory_needed(_game_on(config, cards), variant, 1, STORAGE[config.storage])[1] for cards in alike.values())
    at_a_time, free = min(executor.per_machine, len(boards)), free_memory()
    if at_a_time * needed > 0.9 * free:
        raise ValueError(
            f"game.boards must fit into memory ({memory_text(free)} are free), got {counted(at_a_time, 'board')} at a time of "
            f"{memory_text(needed)}: use storage=16, executor.workers=1 or fewer sizes"
        )


def run_boards(config: SolveConfig, directory: Path) -> None:
    """Solve every board and report; the same command with the same directory goes on where it was stopped."""
    boards = _boards(config)
    kind = build_kind(replace(config.game, board=boards[0].cards, boards=None), raked=True)
    variant, budget, executor = build_variant(config, kind), config.budget.build(), build_executor(config.executor)
    with Run(directory, "solve", f"spot on {counted(len(boards), 'board')}", config.seed, kind.notes) as result:
        tasks = tasks_of(boards, lambda cards: _game_on(config, cards), variant, budget, STORAGE[config.storage], directory / "boards")
        rows = list[Row]()
        result.write(boards=len(boards), algorithm=variant.label, workers=executor.workers)
        try:
            with Progress("solving", len(boards), "board", COMPILING) as progress, closing(solve_boards(tasks, executor)) as solved:
                for row in solved:
                    result.require_directory()
                    rows.append(row)
                    progress.at(len(rows), f"{row['board']}, {counted(row['iterations'], 'iteration')} in {duration(row['seconds'])}")
        finally:
            if rows:
                _report(result, tasks, rows)


def _report(result: Run, tasks: Sequence[BoardTask], rows: Sequence[Row]) -> None:
    """Write the tables and the figure, and print the means by texture."""
    result.require_directory()  # else another error would be told in place of this one
    place = {task.board.cards: number for number, task in enumerate(tasks)}
    ordered, pot, directory = sorted(rows, key=lambda row: place[row["board"]]), tasks[0].game.pot, result.directory
    actions = list(dict.fromkeys(action for row in ordered for action in row["frequencies"]))
    flat = [_flat(row, actions, pot) for row in ordered]
    write_csv(directory / "boards.csv", flat)
    parquet = _write_parquet(directory / "boards.parquet", flat)
    means = texture_rows(ordered, actions)
    write_csv(directory / "textures.csv", [{key: row[key] for key in row if key != "frequencies"} | row["frequencies"] for row in means])
    result.write(solved=len(rows), textures=means)
    figures = [directory / f"boards.{kind}" for kind in ("png", "svg")]
    plot_boards(ordered, actions, f"first decision on {counted(len(rows), 'board')}", figures)
    raked = ["rake"] if "rake" in means[0] else []
    heads = ["boards by texture", "boards", "EV out of position", "in position", *raked, "equity out of position", *actions]
    cells = [
        [row["texture"], f"{row['boards']:,}", *(f"{row[key]:z.2f}" for key in ("ev_oop", "ev_ip", *raked)), f"{row['equity_oop']:z.1%}"]
        + [f"{row['frequencies'][action]:z.1%}" for action in actions]
        for row in means
    ]
    say(table(heads, cells))
    if len(rows) < len(tasks):
        say(f"so far {len(rows):,} of {counted(len(tasks), 'board')}; the same command with hydra.run.dir={directory} goes on")
    say(f"{directory / 'boards.csv'}{'' if parquet else ' (pip install pyarrow for boards.parquet, too)'}")


def _flat(row: Row, actions: Sequence[str], pot: float) -> Row:
    """Return a board's row with a column for each action."""
    columns = ("board", "weight", "deals", "texture", "ev_oop", "ev_ip", *(["rake"] if "rake" in row else []), "equity_oop")
    whole = {key: row[key] for key in columns}
    whole |= {action: row["frequencies"].get(action) for action in actions}
    return whole | {"exploitability_pot": row["exploitability"] / pot, "iterations": row["iterations"], "seconds": row["seconds"]}


def _write_parquet(path: Path, rows: Sequence[Row]) -> bool:
    """Write rows as Parquet, if somebody installed what writes it; say whether."""
    if find_spec("pyarrow") is None:
        return False
    import pyarrow
    from pyarrow import parquet

    with replacing(path) as temporary:
        parquet.write_table(pyarrow.Table.from_pylist(list(rows)), temporary)
    return True
