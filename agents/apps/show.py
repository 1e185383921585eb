"""``timebank show``: decisions of a saved solution, without solving it or typing its settings again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

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
from agents.reporting.class_table import classes_table, hands_of, kinds_text
from agents.reporting.equity import players_table
from agents.reporting.hand_grid import decision, decision_table
from agents.reporting.made_hands import KINDS, parse_kinds
from agents.reporting.next_cards import cards_row, cards_table, find_cards
from agents.reporting.tables import Row
from agents.runtime.solution_file import load_solution, locked_rows, saved_as
from games.game import find_decision, listed
from games.holdem.rules import HoldemGame, HoldemState
from games.settings import shown
from search import BoardSolver

USAGE = """timebank show: decisions of a saved solution.

Usage:
  timebank show RUN [LINE ...] [class=KIND,...] [--cards]

RUN is the directory of a run of timebank solve with save=true or save=view, of hold'em, or its solution.npz or view.npz, wherever that was
copied. LINE is a line of play that leads to a decision, in quotes: "check / bet 41 / call / 2c". Without one, or with root, the first
decision is shown.
Each is told by action, then by class of hands: how often the hand comes there (of its largest weight), its EV, equity and EQR (EV by equity
times pot), and how often it takes each action and what that is worth to it. Rivers of a view are solved again, and it says how exactly.

class=top-pair,flush-draw tells of those hands alone that are of one of these kinds on the board. Kinds are {kinds}.

With --cards each LINE leads to where a card comes, "check / check", and every card that may come is told: how often, both players' EV and
equity, and how often who acts first there takes each action. A view does not have that."""
CLASS, WIDTH = "class", 140  # a key, and characters of a line of help


def main(arguments: list[str]) -> None:
    """Run the command."""
    if any(argument in ("--help", "-h") for argument in arguments):
        say("\n".join(fill(line, WIDTH) for line in USAGE.format(kinds=listed(KINDS)).splitlines()))
        return
    cards, words = "--cards" in arguments, [argument for argument in arguments if argument != "--cards"]
    chosen, words = [word for word in words if word.startswith(f"{CLASS}=")], [word for word in words if not word.startswith(f"{CLASS}=")]
    if not words:
        fail("show must be given the directory of a run, got nothing")
    register("solve")
    path, lines = Path(words[0]), words[1:] or [""]
    try:
        kinds = [kind for word in chosen for kind in parse_kinds(word.partition("=")[2], CLASS)]
        if kinds and cards:
            raise ValueError(f"{CLASS} must be left out with --cards, got {', '.join(kinds)}")
        opened = _opened(path)
        with compiling():
            texts = [_cards_text(opened, line) if cards else _decision_text(opened, line, kinds) for line in lines]
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


def _decision_text(opened: Opened, line: str, kinds: Sequence[str]) -> str:
    """Return a decision as text, its hands of all kinds unless some are given; raises ValueError where the line leads to none."""
    state = find_decision(opened.game, line, "line")
    row, note = opened.read(state)
    locked = " (locked)" * is_locked(opened.game, opened.locked, state)
    head = f"{'the first decision' if state == opened.game.root else line}{locked}" + (f"\n{note}" if note else "")
    suits, shown_row = len(opened.game.deck.suits), hands_of(row, kinds, CLASS) if kinds else row
    of_kinds = f"{kinds_text(row, shown_row, kinds)}\n" if kinds else ""
    return f"{head}\n{decision_table(row)}\n\n{players_table(row)}\n\n{of_kinds}{classes_table(shown_row, suits, row)}\n"


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


if __name__ == "__main__":
    main(sys.argv[1:])
