"""How much of exploitability do local and learned best responses find? Leduc and small hold'em games beside the exact best response.

Agents are uniform play, one that always calls, blueprints, and search from them with a number of iterations a decision. All values are
exact, (seat 0 + seat 1) / 2, on Leduc in chips a hand, in hold'em in mbb/g. A response is also learned by play, 200,000 hands in each seat
on Leduc (agents/evaluation/learned_response.py), 15 million in hold'em (agents/evaluation/holdem_learned_response.py).

    python benchmarks/lbr.py                                     # leduc_poker, ms1f1, ms2f1t1h5, ms3f1t1r1h5: about an hour
    python benchmarks/lbr.py ms2f1t1h5                           # some of them
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from agents import BlueprintAgent, SearchAgent, TabularPolicy, UniformPolicy, exploitability, solved_policy, tabulate
from agents.agent import Agent
from agents.board_blueprint import make_blueprint
from agents.evaluation.holdem_learned_response import holdem_learned_exploitability
from agents.evaluation.lbr import ACTION_SETS, WEAKNESS, calling, lbr_exploitability
from agents.evaluation.learned_response import WEAKNESS as UNLEARNED
from agents.evaluation.learned_response import learned_exploitability
from agents.reporting.tables import table, version
from games import PublicTree, public_tree
from games.holdem.board_tree import board_tree
from games.holdem.config import Holdem
from search import Budget, Strategy, uniform, variant
from search.boards.infostates import BoardInfostates
from search.boards.search import value_against
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import Strategies
from search.resolving import ResolveConfig

Row = tuple[str, list[float], float]  # who, LBR with each set of actions and the learned response, exact
# As in conf/game. Blueprints: iterations and buckets of each street; the search begins with the last street.
GAMES = {
    "ms1f1": (Holdem(deals=[0, 1]), [0, 20]),
    "ms2f1t1h5": (Holdem(ranks="TJQKA", deals=[0, 1, 1]), [0, 0, 20]),
    "ms3f1t1r1h5": (Holdem(ranks="TJQKA", deals=[0, 1, 1, 1]), [0, 0, 0, 50]),
}


def leduc() -> Iterator[Row]:
    tree = public_tree("leduc_poker")
    blueprint, still = solved_policy(tree, variant("cfr"), 60), Budget(seconds=0)
    lines: list[tuple[str, Agent, Budget]] = [
        ("uniform", BlueprintAgent(UniformPolicy(tree)), still),
        ("always call", BlueprintAgent(always_call(tree)), still),
        ("blueprint, 60 iterations of CFR", BlueprintAgent(blueprint), still),
        ("search from it, 50 iterations", SearchAgent(blueprint, variant("default")), Budget(iterations=50)),
        ("search from it, 1000 iterations", SearchAgent(blueprint, variant("default")), Budget(iterations=1000)),
    ]
    for name, agent, budget in lines:
        seats = (tabulate(agent, 0, budget), tabulate(agent, 1, budget))
        tables = [seat.table for seat in seats]
        found = [lbr_exploitability(tree, tables, actions) for actions in ACTION_SETS]
        yield name, [*found, learned_exploitability(tree, tables)], exploitability(seats)


def always_call(tree: PublicTree) -> TabularPolicy:
    tables = [np.zeros_like(t) for t in uniform(tree).tables]
    for node, child in calling(tree).items():
        player = int(tree.player[node])
        tables[player][int(tree.row[player, child]) - 1] = 1.0
    return TabularPolicy(Strategy(tree, tree.subgame(), (tables[0], tables[1])), "always call")


def holdem(name: str, directory: Path) -> Iterator[Row]:
    settings, buckets = GAMES[name]
    common = {"name": name, "blinds": [1, 2], "stack": 162, "bets": "100%", "raises": "100%", "raise_cap": 1, "min_bet": 2}
    game = type(settings)(**{**vars(settings), **common}).build()
    tree = board_tree(game)
    infostates = BoardInfostates(game, tree)
    showdowns, sweeps, default = Showdowns(game, tree), BoardSweeps(tree, 1, np.float32), variant("default_holdem")
    made = {f"blueprint, {n} iterations": make_blueprint(game, [], default, n, directory / str(n)) for n in (20, 200)}
    coarse = make_blueprint(game, buckets, default, 100, directory / "coarse")
    made[f"blueprint, {buckets[-1]} buckets on the last street"] = coarse

    def row(who: str, strategies: Strategies) -> Row:
        own = (np.array(strategies[0]), np.array(strategies[1]))
        exact = sum(value_against(game, sweeps, own, p) for p in (0, 1)) / 2
        found = [holdem_lbr_exploitability(showdowns, sweeps, own, actions) for actions in ACTION_SETS]
        found.append(holdem_learned_exploitability(infostates, sweeps, own))
        return who, [1000 * v / 2 for v in found], 1000 * exact / 2

    agent = SearchAgent(coarse, default, game.rounds[-1], ResolveConfig("refined"))

    yield row("uniform", (np.ones((tree.stored_rows[0], 8), np.float32), np.ones((tree.stored_rows[1], 8), np.float32)))
    yield row("always call", always_call_holdem(game, tree))
    for who, blueprint in made.items():
        yield row(who, blueprint.strategies())
    for iterations in (20, 200):
        seats = [agent.strategies(p, Budget(iterations=iterations))[0][p] for p in (0, 1)]
        yield row(f"search from it, {iterations} iterations", (seats[0], seats[1]))


def shares(found: list[float], exact: float) -> list[str]:
    """Return how much of exploitability the best LBR and the learned response find."""
    best = [max(found[: len(ACTION_SETS)]), found[len(ACTION_SETS)]]
    return [f"{value / exact:.0%}" if value > 0 else "none" for value in best]


def main() -> None:
    for name in sys.argv[1:] or ["leduc_poker", *GAMES]:
        if name not in ("leduc_poker", *GAMES):
            sys.exit(f"error: a game must be one of leduc_poker, {', '.join(GAMES)}, got {name!r}")
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as directory:
            rows = list(leduc() if name == "leduc_poker" else holdem(name, Path(directory)))
        assert all(max(found) <= exact for _, found, exact in rows), rows
        form = "+.4f" if name == "leduc_poker" else "+.1f"
        text = [[who, *(f"{v:{form}}" for v in found), *shares(found, exact), f"{exact:{form[1:]}}"] for who, found, exact in rows]
        unit = "chips a hand" if name == "leduc_poker" else "mbb/g"
        print(f"{name}, {unit} ({time.perf_counter() - start:.0f} s)")
        heads = [*(f"LBR: {actions.name}" for actions in ACTION_SETS), "learned", "LBR of exact", "learned of exact", "exact"]
        print(table(["agent", *heads], text) + "\n", flush=True)
    print(f"{WEAKNESS}\n{UNLEARNED}\ncommit {version()['git']}")


if __name__ == "__main__":
    main()
