"""How rich should the tree of a decision be? Trunk loss of rivers and turns of full no-limit hold'em, by tree and iterations.

    python benchmarks/street_decisions.py river [--write | --check]     # see benchmarks/tables.py
    python benchmarks/street_decisions.py turn --spots 6

The blueprint plays both seats of drawn deals; where a street begins, both ranges follow by Bayes' rule. The rest of the hand is solved in
each tree, on one thread. What a seat then plays on the street is held fast in the evaluation game, which has the sizes of all trees and
more; where the other seat bets what the tree lacks, the seat is free (it would solve anew). The loss is what a best response wins beyond
the game's value, the mean of both seats, in % of the pot (``agents.yardstick.trunk_loss``, which has the evaluation game). Its solves leave
``--gap`` of it open. Turns are solved as the agent does,
with a few rivers an iteration. Losses depend on iterations alone; milliseconds are CPU time of an iteration, one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from tables import HOLDEM, Table, options

from agents.bucket_blueprint import BucketBlueprint, load_blueprint
from agents.no_limit.hand import Hand
from agents.no_limit.plan import TURN_RIVERS
from agents.yardstick.trunk_loss import evaluation_game, trunk_loss
from games.arrays import Float
from games.holdem.board_tree import game_size
from games.holdem.config import Holdem
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import subgame_of
from games.public_tree import CHANCE, TERMINAL
from search import BoardSolver, variant
from search.boards.strategy import BoardStrategy
from search.off_tree import carried

DCFR = variant("default_holdem")
STREETS = {"turn": 2, "river": 3}


@dataclass(frozen=True)
class Tree:
    """Sizes of a tree: of the street and, on the turn, of the river; ``near`` see ``Betting.add_allin``; at most ``raises`` a street."""

    menus: tuple[tuple[str, str], ...]
    near: float = 0.0
    again: str = ""  # sizes of second and later raises

    def of(self, game: HoldemGame, state: HoldemState, ranges: tuple[Float, Float]) -> HoldemGame:
        """Return the rest of the hand with the tree's sizes."""
        menus = [
            Menu(parse_sizes(bets, "bets", raises=False), parse_sizes(raises, "raises", raises=True), reraises=(self._again(raises),))
            for bets, raises in self.menus
        ]
        rules = replace(game, betting=replace(game.betting, add_allin=self.near))
        return subgame_of(rules, state, ranges, tuple((menu, menu) for menu in menus))

    def _again(self, raises: str) -> tuple:
        return parse_sizes(self.again if raises else "", "raises", raises=True)


TREES = {
    "river": {
        "75 %, all-in up to 2 pots; no raise": Tree((("75%", ""),), 2.0),
        "75 %, a raise of the pot; all-in up to 2 pots": Tree((("75%", "100%"),), 2.0),
        "50 %, 100 %, a raise of the pot; all-in up to 2 pots": Tree((("50%,100%", "100%"),), 2.0),
        "50 %, 100 %, all-in; raises of the pot, all-in (the game's)": Tree((("50%,100%,a", "100%,a"),), 0.0, "100%,a"),
        "33 %, 75 %, 150 %, a raise of the pot; all-in up to 2 pots": Tree((("33%,75%,150%", "100%"),), 2.0),
        "33 %, 75 %, 150 %, 300 %, all-in; raises of half and the pot, all-in": Tree(
            (("33%,75%,150%,300%,a", "50%,100%,a"),), 0.0, "100%,a"
        ),
    },
    "turn": {
        "75 %, a raise; nobody bets on the river": Tree((("75%", "100%"), ("", "")), 0.0),
        "75 %, no raise; all-in up to 2 pots": Tree((("75%", ""), ("75%", "")), 2.0),
        "75 %, a raise on the turn; all-in up to 2 pots (the agent's)": Tree((("75%", "100%"), ("75%", "")), 2.0),
        "75 %, a raise on both; all-in up to 2 pots": Tree((("75%", "100%"), ("75%", "100%")), 2.0),
        "50 %, 100 %, a raise on the turn; 75 % on the river": Tree((("50%,100%", "100%"), ("75%", "")), 2.0),
        "33 %, 75 %, 150 %, a raise on the turn; 75 % on the river": Tree((("33%,75%,150%", "100%"), ("75%", "")), 2.0),
        "33 %, 75 %, 150 %, a raise on both; 50 %, 100 % on the river": Tree((("33%,75%,150%", "100%"), ("50%,100%", "100%")), 2.0),
    },
}
ITERATIONS = {"river": (30, 100, 300, 1000), "turn": (32, 128, 512)}
HEADS = {street: ["tree", "rows", "ms an iteration", *(f"after {n}" for n in counts)] for street, counts in ITERATIONS.items()}
TABLES = tuple(Table(f"trunk loss of {street}s", HOLDEM, HEADS[street], [(name,) for name in trees]) for street, trees in TREES.items())


def begins(game: HoldemGame, blueprint: BucketBlueprint, street: int, seed: int) -> Iterator[tuple[HoldemState, HoldemState]]:
    """Yield states of the real game, and of the blueprint's menu, where a street begins and both players can still bet."""
    menu, rng = blueprint.game, np.random.default_rng(seed)
    while True:
        hands, state = menu.deal(rng.random()), game.root
        taken = menu.root
        while menu.player(taken) != TERMINAL and not menu.settled(taken):
            if menu.player(taken) == CHANCE:
                taken = menu.chance(taken, hands, rng.random())
                state = game.revealed(state, taken.label)
                continue
            if menu.round(taken) == street:
                yield state, taken
                break
            player, shares = menu.player(taken), blueprint.at(taken)
            action = menu.actions(taken)[rng.choice(len(shares), p=shares[:, hands[player]])]
            taken, state = menu.child(taken, action), game.child(state, game.action(state, action.text))


def ranges_at(game: HoldemGame, blueprint: BucketBlueprint, state: HoldemState) -> tuple[Float, Float]:
    """Return both players' ranges [H] where the blueprint has played both seats."""
    hand = Hand(game, blueprint, None)
    hand.follow(state)
    return hand.ranges[state]


def trunk_of(answer: BoardStrategy, game: HoldemGame) -> Callable[[HoldemState], Float | None]:
    """Return what an answer plays at decisions of another game from the same root; None after bets that it lacks."""

    def at(state: HoldemState) -> Float | None:
        if answer.game.locate(state) is None:
            return None
        return carried(answer.game, state, answer.at(state), game, state)

    return at


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("street", choices=STREETS)
    parser.add_argument("--blueprint", type=Path, default=Path("agents/blueprints/small"))
    parser.add_argument("--spots", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=0.002)
    parser.add_argument("--most", type=int, default=2000)
    given = parser.parse_args(options(TABLES))
    game = Holdem(name="heads_up_no_limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    blueprint = load_blueprint(game, given.blueprint)
    trees, counts = TREES[given.street], ITERATIONS[given.street]
    measured: dict[str, list[list[float]]] = {name: [] for name in trees}
    for number, (state, _) in enumerate(islice(begins(game, blueprint, STREETS[given.street], given.seed), given.spots)):
        begun, ranges = time.perf_counter(), ranges_at(game, blueprint, state)
        evaluated = evaluation_game(game, state, ranges)
        print(f"{number}: pot {evaluated.pot:.0f}, {sum(game_size(evaluated).rows):,} rows", flush=True)
        for name, tree in trees.items():
            solver = BoardSolver(tree.of(game, state, ranges), DCFR, rivers=TURN_RIVERS if given.street == "turn" else None)
            solver.warm_up()
            losses, fastest = [], float("inf")
            for count in counts:
                more, start = count - solver.iterations, time.process_time()
                solver.run(more)
                fastest = min(fastest, (time.process_time() - start) / more)
                losses.append(50 * sum(trunk_loss(evaluated, trunk_of(solver.answer(), evaluated), DCFR, given.gap, given.most)))
            measured[name].append([solver.rows, 1000 * fastest, *losses])
            shown = " ".join(f"{own:.2f}" for own in losses)
            print(f"  {name}: {solver.rows:,} rows, {1000 * fastest:.2f} ms, {shown}; {time.perf_counter() - begun:.0f} s", flush=True)
    rows = []
    for name, each in measured.items():
        size, milliseconds, *losses = np.mean(each, axis=0)
        rows.append([name, f"{size:,.0f}", f"{milliseconds:.2f}", *(f"{own:.2f}" for own in losses)])
    table = next(one for one in TABLES if given.street in one.name)
    note = f"% of the pot, mean of {given.spots} states; seed {given.seed}; blueprint {blueprint.name}"
    table.show(rows, f"{note}; bounds {100 * given.gap:g} % of the pot apart")


if __name__ == "__main__":
    main()
