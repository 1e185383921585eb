"""How much does local best response win from the agent of full no-limit hold'em, and from its blueprint alone?

    python benchmarks/full_lbr.py --kept lbr                # all rows; what is done stands in the folder lbr and is not done again
    python benchmarks/full_lbr.py --kept lbr --rows fcpa    # rows whose first three cells have a word; several with + between
    python benchmarks/full_lbr.py --kept lbr --rows blueprint --hands 200
    python benchmarks/full_lbr.py --kept lbr --write        # also into docs/results.md; --check measures nothing (benchmarks/tables.py)

LBR has the action sets of Lisy and Bowling (2017), see agents/evaluation/local_actions.py, and looks ahead from the first street on
(rounds 1-4) or from the turn on (rounds 3-4; it checks and calls before). Each deal is played in both seats. The agent searches turn and
river for ``--seconds``, also after each bet that LBR only considers. agents/evaluation/sampled_lbr.py says what is drawn and what is not.

One process plays against the agent that thinks unless ``--workers`` says otherwise: searches fail where something else takes the cores.
Look at the column *failed*. On two cores that did nothing else two processes were as good: 0.006 failed of 1.76 searches a hand.

The first run with a new folder works out all-ins before the flop, two minutes. Each row tells how long it takes while it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from tables import RESULTS, ROOT, Table, options

from agents.apps.build import blueprint_directory
from agents.apps.holdem import sampled_blueprint
from agents.apps.run import Progress
from agents.evaluation.lbr import WEAKNESS
from agents.evaluation.lbr_hands import LbrMatch, check_hands, play_hands
from agents.evaluation.local_actions import PUBLISHED
from agents.match.statistics import Estimate, estimate
from agents.no_limit.agent import NoLimitAgent
from agents.reporting.tables import Row, duration
from agents.runtime.executor import Local
from games.arrays import Float
from games.holdem.config import Holdem
from games.holdem.rules import HoldemGame
from search import Budget, variant

ROUNDS = {"1-4": 0, "3-4": 2}
BLUEPRINT, AGENT = "blueprint", "agent"
LABELS = [
    (actions, rounds, who)
    for actions in PUBLISHED
    for rounds in ROUNDS
    for who in ((BLUEPRINT,) if actions == "56bets" else (BLUEPRINT, AGENT))
]  # fmt: skip
HEADS = ["actions", "rounds", "against", "hands", "mbb/g", "±", "± with luck", "asked", "searched", "failed", "ms a hand"]
TABLE = Table("lower bounds, heads_up_no_limit", RESULTS, HEADS, LABELS)
TABLES = (TABLE,)
LOADING = "loading; the first run also compiles, and works out all-ins before the flop"


def game_of() -> HoldemGame:
    """Return full no-limit hold'em as conf/game has it."""
    given = yaml.safe_load((ROOT / "conf/game/heads_up_no_limit.yaml").read_text())
    return Holdem(**{key: value for key, value in given.items() if key != "defaults"}).build()


def match_of(label: Sequence[str], game: HoldemGame, blueprint: str, seconds: float, seed: int) -> LbrMatch:
    """Return a row's match."""
    actions, rounds, who = label
    streets = None if who == BLUEPRINT else "turn+river"
    agent = NoLimitAgent(game, sampled_blueprint(game, blueprint_directory(blueprint)), variant("default_holdem"), streets)
    budget = Budget(seconds=0 if who == BLUEPRINT else seconds)
    return LbrMatch(agent, budget, replace(PUBLISHED[actions], first_round=ROUNDS[rounds]), seed)


def by_deal(records: Sequence[Row], key: str) -> Float:
    """Return [deals], the mean of both seats' chips."""
    ordered = sorted(records, key=lambda record: (record["deal"], record["seat"]))
    means: Float = np.array([record[key] for record in ordered], float).reshape(-1, 2).mean(axis=1)
    return means


def estimates(records: Sequence[Row]) -> tuple[Estimate, Estimate]:
    """Return the mean over deals in chips a hand, without the luck that is known and with it."""
    chips, plain = (estimate([by_deal(records, key)]) for key in ("chips", "plain"))
    return chips, plain


def measured(match: LbrMatch, label: Sequence[str], hands: int, workers: int, directory: Path | None) -> list[str]:
    """Return a row's cells."""
    unit = 1000 / (match.game.big_blind or 1.0)
    records = list[Row]()
    with Progress(" ".join(label), hands, "hand", LOADING) as progress:
        for part in play_hands(match, hands, Local(workers), directory):
            records += part
            if len(records) >= 4:
                mean, _ = estimates(records)
                progress.at(len(records), f"{unit * mean.mean:+.0f} ± {unit * mean.half_width:.0f} mbb/g")
    mean, plain = estimates(records)
    keys = {"asked": ".1f", "searched": ".2f", "failed": ".3f"}
    counts = [f"{sum(record[key] for record in records) / len(records):{form}}" for key, form in keys.items()]
    thinking = sum(record["seconds"] for record in records) / len(records)
    shown = [f"{unit * mean.mean:+.0f}", f"{unit * mean.half_width:.0f}", f"{unit * plain.half_width:.0f}"]
    return [*label, f"{len(records):,}", *shown, *counts, f"{1000 * thinking:.0f}"]


def wanted(words: str | None) -> list[tuple[str, str, str]]:
    """Return the rows that have all words."""
    return [label for label in LABELS if words is None or set(words.split("+")) <= set(label)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", help="words of the rows to measure, with + between: fc, fcpa, 56bets, 1-4, 3-4, blueprint, agent")
    parser.add_argument("--hands", type=int, default=3000, help="of each row, both seats together")
    parser.add_argument("--thinking-hands", type=int, help="of each row in which the agent thinks; as many as of others unless given")
    parser.add_argument("--seconds", type=float, default=0.1, help="of each decision of the agent")
    parser.add_argument("--blueprint", default="small", help="small, standard, or a directory")
    parser.add_argument("--kept", type=Path, help="folder of what is done")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 for one a core, and one where the agent thinks")
    parser.add_argument("--seed", type=int, default=0, help="of all deals")
    given = parser.parse_args(options(TABLES))
    labels = wanted(given.rows)
    if not labels:
        parser.error(f"argument --rows: must be words of one row at least, got {given.rows!r}")
    if not 0 < given.seconds < 3600:
        parser.error(f"argument --seconds: must be above 0 and below 3600, got {given.seconds:g}")
    try:
        thinking_hands = given.hands if given.thinking_hands is None else given.thinking_hands
        for hands in (given.hands, thinking_hands):
            check_hands(hands)
        Local(given.workers)
        matches = [match_of(label, game_of(), given.blueprint, given.seconds, given.seed) for label in labels]
    except ValueError as error:
        sys.exit(f"error: {error}")
    rows = []
    for label, match in zip(labels, matches, strict=True):
        thinks = match.agent.thinks
        rows.append(measured(match, label, thinking_hands if thinks else given.hands, given.workers or int(thinks), given.kept))
        print(" ".join(rows[-1]), flush=True)
    limit = f"{duration(given.seconds)} a decision, blueprint {given.blueprint}, seed {given.seed}"
    TABLE.show(rows, f"LBR's winnings, mean of both seats, {limit}")
    print(WEAKNESS)


if __name__ == "__main__":
    main()
