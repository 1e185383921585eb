"""How much of exploitability do local and learned best responses find? Leduc and small hold'em games beside the exact best response.

Agents are uniform play, one that always calls, blueprints, and search from them with a number of iterations a decision. All values are
exact, (seat 0 + seat 1) / 2, on Leduc in chips a deal, in hold'em in mbb/g. A response is also learned by play, 200,000 deals in each seat
on Leduc, 15 million in hold'em (agents/evaluation/learned_response.py).

    python benchmarks/lbr.py                                     # leduc_poker, ms1f1, ms2f1t1h5, ms3f1t1r1h5: about an hour
    python benchmarks/lbr.py ms2f1t1h5                           # some of them; --write, --check: see benchmarks/tables.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tables import RESULTS, Table, options

from agents import BaseAgent, Decision, SearchAgent, solved_policy
from agents.agent import Agent
from agents.board_blueprint import make_blueprint
from agents.evaluation.lbr import ACTION_SETS, WEAKNESS, lbr_exploitability
from agents.evaluation.learned_response import WEAKNESS as UNLEARNED
from agents.evaluation.learned_response import learned_exploitability
from games import public_tree
from games.derived import derived_game
from games.game import Kind, PublicGame
from games.holdem.config import Holdem
from search import Budget, represent, variant
from search.representation import Tables
from search.representation import exploitability as exact_exploitability
from search.resolving import ResolveConfig

Row = tuple[str, list[float], float]  # who, LBR with each set of actions and the learned response, exact
LEDUC = "leduc_poker"
# As in conf/game. Blueprints: iterations and buckets of each street; the search begins with the last street.
GAMES = {
    "ms1f1": (Holdem(deals=[0, 1]), [0, 20]),
    "ms2f1t1h5": (Holdem(ranks="TJQKA", deals=[0, 1, 1]), [0, 0, 20]),
    "ms3f1t1r1h5": (Holdem(ranks="TJQKA", deals=[0, 1, 1, 1]), [0, 0, 0, 50]),
}
HEADS = [*(f"LBR: {actions.name}" for actions in ACTION_SETS), "learned", "LBR of exact", "learned of exact", "exact"]


def agents_of(name: str) -> list[str]:
    """Return what the rows of a game call its agents."""
    if name == LEDUC:
        blueprints, found = ["blueprint, 60 iterations of CFR"], (50, 1000)
    else:
        blueprints, found = [f"blueprint, {its} iterations" for its in (20, 200)], (20, 200)
        blueprints.append(f"blueprint, {GAMES[name][1][-1]} buckets on the last street")
    return ["uniform", "always call", *blueprints, *(f"search from it, {its} iterations" for its in found)]


TABLE = {name: Table(f"lower bounds, {name}", RESULTS, ["agent", *HEADS], [(who,) for who in agents_of(name)]) for name in (LEDUC, *GAMES)}
TABLES = tuple(TABLE.values())


class AlwaysCall(BaseAgent):
    """Checks and calls whatever comes."""

    name = "always call"

    def __init__(self, game: PublicGame[Any]) -> None:
        self.game = game

    def decide(self, seat: int, state: Any, memory: Any, budget: Budget) -> Decision:
        takes = [float(action.kind == Kind.PASS) for action in self.game.actions(state)]
        return Decision(np.repeat([takes], self.game.num_hands[seat], axis=0).T, memory, 0.0)


def game_of(name: str) -> PublicGame[Any]:
    if name == LEDUC:
        return derived_game(public_tree(LEDUC))
    settings, _ = GAMES[name]
    common = {"name": name, "blinds": [1, 2], "stack": 162, "bets": "100%", "raises": "100%", "raise_cap": 1, "min_bet": 2}
    found: PublicGame[Any] = type(settings)(**{**vars(settings), **common}).build()
    return found


def tables_of(agent: Agent[Any], budget: Budget | None = None) -> Tables:
    first, second = (agent.tabulate(seat, budget or Budget(seconds=0)).table for seat in (0, 1))
    return first, second


def leduc(game: Any) -> Iterator[tuple[str, Tables]]:
    blueprint = solved_policy(game.tree, variant("cfr"), 60)
    yield "blueprint, 60 iterations of CFR", blueprint.strategy().tables
    for iterations in (50, 1000):
        agent = SearchAgent(blueprint, variant("default"))
        yield f"search from it, {iterations} iterations", tables_of(agent, Budget(iterations=iterations))


def holdem(name: str, game: Any, directory: Path) -> Iterator[tuple[str, Tables]]:
    buckets, default = GAMES[name][1], variant("default_holdem")
    for iterations in (20, 200):
        made = make_blueprint(game, [], default, iterations, directory / str(iterations))
        yield f"blueprint, {iterations} iterations", made.strategy().tables
    coarse = make_blueprint(game, buckets, default, 100, directory / "coarse")
    yield f"blueprint, {buckets[-1]} buckets on the last street", coarse.strategy().tables
    for iterations in (20, 200):
        agent = SearchAgent(coarse, default, game.rounds[-1], ResolveConfig("refined"))
        yield f"search from it, {iterations} iterations", tables_of(agent, Budget(iterations=iterations))


def measured(name: str, directory: Path) -> Iterator[Row]:
    game = game_of(name)
    representation, unit = represent(game), 1.0 if game.big_blind is None else 1000 / game.big_blind
    agents = leduc(game) if name == LEDUC else holdem(name, game, directory)
    for who, tables in [("uniform", representation.uniform()), ("always call", tables_of(AlwaysCall(game))), *agents]:
        found = [lbr_exploitability(representation, tables, actions) for actions in ACTION_SETS]
        found.append(learned_exploitability(representation, tables))
        yield who, [unit * value for value in found], unit * exact_exploitability(representation, tables)


def shares(found: list[float], exact: float) -> list[str]:
    """Return how much of exploitability the best LBR and the learned response find."""
    best = [max(found[: len(ACTION_SETS)]), found[len(ACTION_SETS)]]
    return [f"{value / exact:.0%}" if value > 0 else "none" for value in best]


def main() -> None:
    for name in options(TABLES) or TABLE:
        if name not in TABLE:
            sys.exit(f"error: a game must be one of {', '.join(TABLE)}, got {name!r}")
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as directory:
            rows = list(measured(name, Path(directory)))
        assert all(max(found) <= exact for _, found, exact in rows), rows
        form = "+.4f" if name == LEDUC else "+.1f"
        text = [[who, *(f"{v:{form}}" for v in found), *shares(found, exact), f"{exact:{form[1:]}}"] for who, found, exact in rows]
        unit = "chips a deal" if name == LEDUC else "mbb/g"
        TABLE[name].show(text, f"{unit}; {time.perf_counter() - start:.0f} s")
    print(f"{WEAKNESS}\n{UNLEARNED}")


if __name__ == "__main__":
    main()
