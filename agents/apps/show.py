"""``timebank show``: decisions of a saved solution, without solving it or typing its settings again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from agents.apps.build import build_kind, build_variant
from agents.apps.compose import compose
from agents.apps.config import register
from agents.apps.directory import started_with
from agents.apps.errors import UsageError, fail
from agents.apps.run import compiling
from agents.evaluation.solving import BoardSolving
from agents.reporting.equity import players_table
from agents.reporting.hand_grid import by_class, decision, decision_table
from agents.reporting.next_cards import cards_row, cards_table, find_cards
from agents.reporting.tables import Row, table
from games.game import find_decision
from games.settings import shown

SOLUTION = "solution.npz"
USAGE = """timebank show: decisions of a saved solution.

Usage:
  timebank show RUN [LINE ...] [--cards]

RUN is the directory of a run of timebank solve with save=true, of hold'em. LINE is a line of play that leads to a decision, in quotes:
"check / bet 41 / call / 2c". Without one the first decision is shown. Each is told by action, then by class of hands: how often the hand
comes there (of its largest weight), its EV, equity and EQR (EV by equity times pot), and how often it takes each action and what that is
worth to it.

With --cards each LINE leads to where a card comes, "check / check", and every card that may come is told: how often, both players' EV and
equity, and how often who acts first there takes each action."""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if any(argument in ("--help", "-h") for argument in arguments):
        print(USAGE)
        return
    if not [argument for argument in arguments if argument != "--cards"]:
        fail("show must be given the directory of a run, got nothing")
    register("solve")
    cards, arguments = "--cards" in arguments, [argument for argument in arguments if argument != "--cards"]
    directory, lines = Path(arguments[0]), arguments[1:] or [""]
    try:
        solving = _loaded(directory)
        game = solving.game
        if cards:
            states = [find_cards(game, line) for line in lines]
            print("\n\n".join(f"{line}\n{cards_table(cards_row(solving.solver, at))}" for line, at in zip(lines, states, strict=True)))
            return
        places = [(line, game.locate(find_decision(game, line, "line"))) for line in lines]
    except (UsageError, ValueError) as error:
        fail(str(error))
    for line, place in places:
        assert place is not None  # every action of its line is one of the menus'
        row = decision(solving.solver, *place)
        print(f"{line or 'the first decision'}\n{decision_table(row)}\n\n{players_table(row)}\n\n{_classes(row, len(game.deck.suits))}\n")


def _loaded(directory: Path) -> BoardSolving:
    """Return the solve of a run, with the state that was saved.

    Raises:
        ValueError: no such run, or no solution of hold'em in it.
    """
    overrides, solution = started_with(directory), directory / SOLUTION
    if overrides is None or not solution.is_file():
        raise ValueError(f"run must be a directory that timebank solve save=true wrote for hold'em, got {shown(str(directory))}")
    same = [override for override in overrides if override.partition("=")[0] not in ("load", "show", "save", "threads", "game.boards")]
    config = compose("solve", same).settings
    kind = build_kind(config.game)
    variant = build_variant(config, kind)
    kind.check_solve(config, variant)
    with compiling():
        solving = kind.solving(config, variant)
        solving.warm_up()
        solving.load(solution)
    if not isinstance(solving, BoardSolving):
        raise ValueError(f"run must be of hold'em, got {kind.game.name}")
    return solving


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
        evs = [f"{np.average([entry['ev'] for entry in hands], weights=weights):.2f}" if hands else "-"]
        evs += ["-" if share is None else f"{share:.0%}" for share in (equity, eqr)]
        of_actions = np.average([entry["action_evs"] for entry in hands], axis=0, weights=weights) if hands else [None] * len(actions)
        told = [f"{share:.0%}" + ("" if ev is None else f" ({ev:.2f})") for share, ev in zip(mix, of_actions, strict=True)]
        cells.append([name, f"{weight / most:.3f}", *evs, *told])
    return table(["hands", "weight", "EV", "equity", "EQR", *[f"{action} (EV)" for action in actions]], cells)


def _class_of(hand: str) -> str:
    return hand[0] + hand[2] + ("" if hand[0] == hand[2] else "s" if hand[1] == hand[3] else "o")


if __name__ == "__main__":
    main(sys.argv[1:])
