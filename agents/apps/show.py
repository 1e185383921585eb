"""``timebank show``: decisions of a saved solution, without solving it or typing its settings again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.apps.build import build_kind, build_variant
from agents.apps.compose import compose
from agents.apps.config import register
from agents.apps.directory import SOLUTION, VIEW, checked_overrides, of_game, started_with
from agents.apps.errors import UsageError, fail
from agents.apps.holdem import STORAGE
from agents.apps.output import say
from agents.apps.run import compiling
from agents.evaluation.locks import is_locked, lock_words
from agents.evaluation.solved_view import SolvedView
from agents.evaluation.solving import BoardSolving
from agents.reporting.equity import players_table
from agents.reporting.hand_grid import by_class, decision, decision_table
from agents.reporting.next_cards import cards_row, cards_table, find_cards
from agents.reporting.tables import Row, table
from agents.runtime.solution_file import load_solution, locked_rows, saved_as
from games.game import find_decision
from games.holdem.rules import HoldemGame, HoldemState
from games.settings import shown
from search import BoardSolver

USAGE = """timebank show: decisions of a saved solution.

Usage:
  timebank show RUN [LINE ...] [--cards]

RUN is the directory of a run of timebank solve with save=true or save=view, of hold'em, or its solution.npz or view.npz, wherever that was
copied. LINE is a line of play that leads to a decision, in quotes: "check / bet 41 / call / 2c". Without one, or with root, the first
decision is shown.
Each is told by action, then by class of hands: how often the hand comes there (of its largest weight), its EV, equity and EQR (EV by equity
times pot), and how often it takes each action and what that is worth to it. Rivers of a view are solved again, and it says how exactly.

With --cards each LINE leads to where a card comes, "check / check", and every card that may come is told: how often, both players' EV and
equity, and how often who acts first there takes each action. A view does not have that."""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if any(argument in ("--help", "-h") for argument in arguments):
        say(USAGE)
        return
    if not [argument for argument in arguments if argument != "--cards"]:
        fail("show must be given the directory of a run, got nothing")
    register("solve")
    cards, arguments = "--cards" in arguments, [argument for argument in arguments if argument != "--cards"]
    path, lines = Path(arguments[0]), arguments[1:] or [""]
    try:
        opened = _opened(path)
        with compiling():
            texts = [_cards_text(opened, line) for line in lines] if cards else [_decision_text(opened, line) for line in lines]
    except (UsageError, ValueError) as error:
        fail(str(error))
    say("\n".join(["\n\n".join(texts), *(lock_words(opened.game, row) for row in opened.locked)]))


class Opened(NamedTuple):
    """A solution.

    Attributes:
        game: that it is of.
        read: returns a decision, and a note on how it was come by.
        solver: with the answer; None of a view.
        locked: what is locked, as ``result.json`` has it.
    """

    game: HoldemGame
    read: Callable[[HoldemState], tuple[Row, str]]
    solver: BoardSolver | None
    locked: list[Row]


def _decision_text(opened: Opened, line: str) -> str:
    """Return a decision as text; raises ValueError where the line leads to none."""
    state = find_decision(opened.game, line, "line")
    row, note = opened.read(state)
    locked = " (locked)" * is_locked(opened.game, opened.locked, state)
    head = f"{'the first decision' if state == opened.game.root else line}{locked}" + (f"\n{note}" if note else "")
    return f"{head}\n{decision_table(row)}\n\n{players_table(row)}\n\n{_classes(row, len(opened.game.deck.suits))}\n"


def _cards_text(opened: Opened, line: str) -> str:
    """Return what every card is worth that may come at the end of a line."""
    if opened.solver is None:
        raise ValueError("--cards must be left out of a view, which has no values of its last street (save=true keeps them)")
    return f"{line}\n{cards_table(cards_row(opened.solver, find_cards(opened.game, line)))}"


def _opened(path: Path) -> Opened:
    """Return the solution of a run, or of a solution's file.

    Raises:
        ValueError: no such run, or no solution of hold'em in it.
    """
    named = [path / name for name in (SOLUTION, VIEW)] if path.is_dir() else [path]
    files = [file for file in named if file.is_file()]
    if not files:
        rule = f"run must be a directory that timebank solve save=true wrote for hold'em, or its {SOLUTION} or {VIEW}"
        raise ValueError(f"{rule}, got {shown(str(path))}")
    said = [(file, saved_as(file)) for file in files]
    solution, kept = max(said, key=lambda one: one[1].iterations)  # a run may have gone on from its solution to a view
    locked = _of_run(solution.parent) if kept.locked is None else kept.locked  # files of older versions do not say
    try:
        config = compose("solve", _settings(solution, kept.settings)).settings
    except UsageError as error:
        raise ValueError(f"{solution}: {error}") from None
    kind = build_kind(config.game, raked=True)
    game, variant = kind.game, build_variant(config, kind)
    if not isinstance(game, HoldemGame):
        raise ValueError(f"run must be of hold'em, got {game.name}")
    if kept.view:
        return Opened(game, SolvedView(game, variant, solution, STORAGE[config.storage]).decision, None, locked)
    kind.check_solve(config, variant)
    with compiling():
        solving = kind.solving(config, variant)
        if not isinstance(solving, BoardSolving):
            raise ValueError(f"run must be of hold'em, got {kind.game.name}")
        solving.warm_up()
        load_solution(solving.solver, solution, locks=None)  # the averages have what was locked; nothing is solved here
    solver = solving.solver

    def read(state: HoldemState) -> tuple[Row, str]:
        place = game.locate(state)
        assert place is not None  # every action of its line is one of the menus'
        return decision(solver, *place), ""

    return Opened(game, read, solver, locked)


def _settings(solution: Path, settings: list[str] | None) -> list[str]:
    """Return the overrides that make a solution's game: its own, or those of its run where it is from before it had any.

    Raises:
        ValueError: it has none, and lies in no run's directory.
    """
    settings = started_with(solution.parent) if settings is None else checked_overrides(settings, solution)
    if settings is None:
        raise ValueError(f"run must be the run's directory where a solution of an older version does not say its game, got {solution}")
    return of_game(settings)


def _of_run(directory: Path) -> list[Row]:
    """Return what a run says of its locks; nothing where it has none, or no result yet."""
    try:
        return locked_rows(json.loads((directory / "result.json").read_text()).get("locks")) or []
    except (OSError, ValueError, AttributeError):
        return []


def _classes(row: Row, suits: int) -> str:
    """Return classes of hands as a table, the most frequent first."""
    actions, classes = row["actions"], by_class(row, suits)
    most = max((weight for weight, _ in classes.values()), default=0.0) or 1.0
    cells = []
    for name, (weight, mix) in sorted(classes.items(), key=lambda one: -one[1][0]):
        of_class = [entry for hand, entry in row["hands"].items() if _class_of(hand) == name]
        hands = [entry for entry in of_class if entry["ev"] is not None and entry["weight"] > 0]
        if weight <= 0:
            continue
        weights = [entry["weight"] for entry in hands]
        known = hands and hands[0]["equity"] is not None
        equity = np.average([entry["equity"] for entry in hands], weights=weights) if known else None
        with_eqr = [entry for entry in hands if entry["eqr"] is not None]
        eqr = np.average([entry["eqr"] for entry in with_eqr], weights=[entry["weight"] for entry in with_eqr]) if with_eqr else None
        evs = [f"{np.average([entry['ev'] for entry in hands], weights=weights):z.2f}" if hands else "-"]
        evs += ["-" if share is None else f"{share:z.0%}" for share in (equity, eqr)]
        of_actions = np.average([entry["action_evs"] for entry in hands], axis=0, weights=weights) if hands else [None] * len(actions)
        told = [f"{share:.0%}" + ("" if ev is None else f" ({ev:z.2f})") for share, ev in zip(mix, of_actions, strict=True)]
        cells.append([name, f"{weight / most:.3f}", *evs, *told])
    return table(["hands", "weight", "EV", "equity", "EQR", *[f"{action} (EV)" for action in actions]], cells)


def _class_of(hand: str) -> str:
    return hand[0] + hand[2] + ("" if hand[0] == hand[2] else "s" if hand[1] == hand[3] else "o")


if __name__ == "__main__":
    main(sys.argv[1:])
