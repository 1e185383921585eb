"""How small must the tree of a turn be? Turns of full no-limit hold'em, solved with the ranges that a blueprint brings there.

    python benchmarks/turns.py BLUEPRINT [--write | --check]    # a directory that trainer=mccfr wrote; see benchmarks/tables.py

Deals are drawn and the blueprint plays both seats. Where a turn begins, both ranges follow by Bayes' rule, and the subgame is solved with
different menus on one thread, with neither a warm start nor a gadget. Exploitability is NashConv / 2 in the subgame of each menu, as a
share of the pot. So the rows do not tell which menu plays better against all bets, but how long each takes. The blueprint's own row is its
exploitability where both players bet its sizes alone and come with its ranges: what an answer of few iterations has to be better than.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from street_decisions import begins, ranges_at
from tables import HOLDEM, Table, options

from agents.bucket_blueprint import BucketBlueprint, load_blueprint
from agents.no_limit.plan import LATER, NEAR_ALLIN, RAISED
from games.holdem.cards import card_text
from games.holdem.config import Holdem
from games.holdem.menus import Menu, Size
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import subgame_of
from games.public_tree import CHANCE, TERMINAL
from search import BoardSolver, variant
from search.boards.strategy import place_of

ITERATIONS = (4, 8, 16, 32, 64)
TURN, DCFR = 2, variant("default_holdem")
FAR = Menu((Size("%", 75.0), Size("a")), (Size("a"),))
MENUS = {
    "75 % and all-in, raises all-in": ((FAR, FAR), 0.0),
    "75 %, a raise of the pot; all-in up to 2 pots": ((RAISED[0], RAISED[0]), NEAR_ALLIN),
    "the same, no raise on the river (the agent's)": ((RAISED[0], LATER[0]), NEAR_ALLIN),
    "75 %, no raise; all-in up to 2 pots": ((LATER[0], LATER[0]), NEAR_ALLIN),
}
BLUEPRINT = "the blueprint in its own menu"
TABLE = Table(
    "turns of full no-limit hold'em", HOLDEM, ["tree", "rows", "ms an iteration", *(f"after {n}" for n in ITERATIONS)],
    [(BLUEPRINT,), *((name,) for name in MENUS)],
)  # fmt: skip
TABLES = (TABLE,)


def follow(solver: BoardSolver, blueprint: BucketBlueprint, taken: HoldemState) -> None:
    """Write what a blueprint plays into a solver's averages; the solver's game has its menu and begins at ``taken``."""
    game, menu, answer = solver.game, blueprint.game, solver.answer()

    def write(state: HoldemState, above: HoldemState, reach: list[np.ndarray]) -> None:
        player = game.player(state)
        if player == CHANCE:
            for cards in solver.tree.cards[1:]:
                new = card_text(cards[-1])
                write(game.revealed(state, new), menu.revealed(above, new), reach)
        elif player != TERMINAL:
            policy = blueprint.at(above)
            answer.put(*place_of(game, state), policy * reach[player])
            for row, action in zip(policy, game.actions(state), strict=True):
                own = [weight * row if p == player else weight for p, weight in enumerate(reach)]
                write(game.child(state, action), menu.child(above, menu.action(above, action.text)), own)

    write(game.root, taken, [np.ones(len(game.hands))] * 2)


def game_with(game: HoldemGame, near: float) -> HoldemGame:
    """Return a game in which all-ins of so many pots are offered beside a menu."""
    return replace(game, betting=replace(game.betting, add_allin=near))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("blueprint", type=Path)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(options(TABLES))
    game = Holdem(name="heads_up_no_limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    blueprint = load_blueprint(game, given.blueprint)
    measured = {label[0]: [] for label in TABLE.labels}
    for state, taken in islice(begins(game, blueprint, TURN, given.seed), given.turns):
        ranges, pot = ranges_at(game, blueprint, state), 2 * game.chips(state).paid[0]
        solver = BoardSolver(subgame_of(game, state, ranges, blueprint.game.betting.menus[TURN:]), DCFR)
        follow(solver, blueprint, taken)
        measured[BLUEPRINT].append([solver.rows, np.nan, *[100 * solver.exploitability() / pot] * len(ITERATIONS)])
        for name, (menus, near) in MENUS.items():
            solver = BoardSolver(subgame_of(game_with(game, near), state, ranges, tuple((menu, menu) for menu in menus)), DCFR)
            solver.warm_up()
            found, fastest = [], float("inf")
            for iterations in ITERATIONS:
                more, begun = iterations - solver.iterations, time.process_time()
                solver.run(more)
                fastest = min(fastest, (time.process_time() - begun) / more)
                found.append(100 * solver.exploitability() / pot)
            measured[name].append([solver.rows, 1000 * fastest, *found])
    rows = []
    for name, each in measured.items():
        size, milliseconds, *shares = np.mean(each, axis=0)
        cells = [f"{shares[0]:.3g}"] + [""] * (len(shares) - 1) if name == BLUEPRINT else [f"{share:.3g}" for share in shares]
        rows.append([name, f"{size:,.0f}", "" if name == BLUEPRINT else f"{milliseconds:.1f}", *cells])
    TABLE.show(
        rows,
        f"Exploitability in % of the pot, mean of {given.turns} turns; seed {given.seed}; blueprint {blueprint.name}; CPU time, one thread",
    )


if __name__ == "__main__":
    main()
