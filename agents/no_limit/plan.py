"""What to solve in the time of a decision: the richest tree that leaves time for the iterations it is worth having for.

A *ladder* lists the trees that the rest of a hand may be solved in, from the poorest to the richest. How long an iteration of each takes is
learnt from the solves before, by row. Each tree says after how many iterations it loses less than the one below it in the same time
(``Rung.from_iterations``; docs/notebook/holdem.md, "How rich a tree"), and is taken if there is time for so many. So more time never leads
to a poorer tree. Where iterations are the budget, or nothing is known of the machine, the tree is the ladder's usual one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from games.holdem.board_tree import game_size
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame
from games.holdem.subgame import Menus
from search.boards.flop_ways import PLANNED, RIVERS, RUN_OUTS, TO_END, flop_menus
from search.boards.river_draws import dealt_rows

# An all-in of many pots is hardly ever right, and makes solves take several times as many iterations (docs/notebook/holdem.md, "Turns of
# full no-limit hold'em"). So a tree offers all-in beside its sizes where it is no more than this many pots.
NEAR_ALLIN = 2.0
TURN_RIVERS = 4  # that an iteration of a subgame above the last street deals after each board, drawn anew (search.boards.river_draws)


@dataclass(frozen=True)
class Rung:
    """One tree of a ladder.

    Attributes:
        name: what reports call it.
        menus: sizes of both players, street by street from the subgame's first on; None for the game's own, of which all-ins and raises of
            raises are left out where ``near`` is given.
        near: all-in is offered beside them up to so many pots; None for the game's own rule.
        from_iterations: from as many on it is taken before the rung below it.
        way: how a flop is solved, one of ``search.boards.flop_ways.WAYS``; None where the whole tree is.
    """

    name: str
    menus: Menus | None = None
    near: float | None = None
    from_iterations: int = 0
    way: str | None = None


@dataclass(frozen=True)
class Ladder:
    """Trees for a street, the poorest first.

    Attributes:
        rungs: of one street.
        usual: number of the one that is taken where no clock runs.
    """

    rungs: tuple[Rung, ...]
    usual: int = 0


@dataclass(frozen=True)
class Plan:
    """What is solved for a decision.

    Attributes:
        rung: the tree.
        game: the subgame with its sizes.
        rows: that an iteration goes over.
        rivers: that an iteration deals after each board of the street before; None for all.
        expected: iterations that the time allows; infinite where no clock runs.
    """

    rung: Rung
    game: HoldemGame
    rows: int
    rivers: int | None
    expected: float


def menu_of(bets: str, raises: str = "", again: str = "") -> tuple[Menu, Menu]:
    """Return sizes of both players as menus are written; ``again`` are those of a second raise and of later ones."""
    first, later = (parse_sizes(sizes, "raises", raises=True) for sizes in (raises, again))
    menu = Menu(parse_sizes(bets, "bets", raises=False), first, reraises=(later,) if first else ())
    return menu, menu


def menus_of(rung: Rung, menus: Menus) -> Menus:
    """Return both players' sizes of a rung, street by street; ``menus`` are the game's own from the subgame's first street on."""
    if rung.menus is not None or rung.near is None:
        return rung.menus or menus

    def few(menu: Menu) -> Menu:
        bets, raises = (tuple(size for size in sizes if size.unit != "a") for sizes in (menu.bets, menu.raises))
        return Menu(bets, raises, reraises=((),) if raises else ())

    return tuple((few(first), few(second)) for first, second in menus)


def planned(ladder: Ladder, subgame: Callable[[Rung], HoldemGame], seconds: float, row_seconds: Callable[[Rung], float]) -> Plan:
    """Return what to solve.

    Args:
        ladder: of the street.
        subgame: returns the rest of the hand with a rung's sizes.
        seconds: there are; infinite where no clock runs.
        row_seconds: returns how long an iteration of a rung's tree takes, by row; 0 where it is not known: then that tree is not taken.
    """
    if not (math.isfinite(seconds) and row_seconds(ladder.rungs[0]) > 0):
        return _plan(ladder.rungs[ladder.usual], subgame, seconds, 0.0)
    plan = _plan(ladder.rungs[0], subgame, seconds, row_seconds(ladder.rungs[0]))
    for rung in ladder.rungs[1:]:
        if plan.expected < rung.from_iterations or row_seconds(rung) <= 0:
            break  # a richer tree has fewer iterations still: it need not be built
        richer = _plan(rung, subgame, seconds, row_seconds(rung))
        if richer.expected < rung.from_iterations:
            break
        plan = richer
    return plan


def _plan(rung: Rung, subgame: Callable[[Rung], HoldemGame], seconds: float, row_seconds: float) -> Plan:
    game = subgame(rung)
    size, rivers = game_size(game), RIVERS[rung.way] if rung.way is not None else TURN_RIVERS
    given = rivers if len(size.street_boards) > 1 else None
    rows = dealt_rows(size.street_rows, size.street_boards, given)
    return Plan(rung, game, rows, given, max(seconds, 0.0) / (rows * row_seconds) if rows * row_seconds > 0 else math.inf)


RIVER_BETS = 40  # iterations of a flop with bets on the river from which on it is taken before one without
LATER, RAISED = menu_of("75%"), menu_of("75%", "100%")
MANY = (menu_of("33%,75%,150%,300%,a", "50%,100%,a", "100%,a"),)
RIVER = Ladder(
    (
        Rung("the game's sizes, few all-ins", None, NEAR_ALLIN),
        Rung("the game's sizes", from_iterations=60),
        Rung("33 to 300 %, all-in", MANY, 0.0, 300),
    ),
    usual=1,
)
TURN = Ladder(
    (
        Rung("75 %, one raise on the turn", (RAISED, LATER), NEAR_ALLIN),
        Rung("75 %, one raise a street", (RAISED, RAISED), NEAR_ALLIN, 240),
    )
)


def flop_ladder(flop: str, streets: int) -> Ladder:
    """Return the trees of a flop.

    Args:
        flop: the way to solve it, or ``search.boards.flop_ways.PLANNED``.
        streets: the flop and those after it.
    """
    ways = {RUN_OUTS: 0, TO_END: RIVER_BETS} if flop == PLANNED else {flop: 0}
    return Ladder(tuple(Rung(way, flop_menus(way, streets), from_iterations=least, way=way) for way, least in ways.items()))


def ladder_of(streets: int) -> Ladder:
    """Return the trees of a subgame that begins so many streets from the end."""
    if streets == 1:
        return RIVER
    if streets == 2:
        return TURN
    return Ladder((Rung("75 %, one raise on its first street", (RAISED, *[LATER] * (streets - 1)), NEAR_ALLIN),))
