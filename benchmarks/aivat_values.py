"""How much luck does a value network take out of a match of full no-limit hold'em? Deals are played once and estimated several times.

    python benchmarks/aivat_values.py river.safetensors --first DIRECTORY          # a blueprint against the standard one, 2,000 hands
    python benchmarks/aivat_values.py river.safetensors --first standard --iterations 30    # the first thinks on turn and river
    python benchmarks/aivat_values.py river.safetensors --turn turn.safetensors    # also with a network of turns
    python benchmarks/aivat_values.py river.safetensors --left                     # also where luck is left

The estimates are those of ``timebank match`` with and without ``values_river``, see docs/concepts/aivat.md. *ms a hand* is the time of an
estimate.

The second table, of ``--left``, says where luck is left. A value function V makes a hand's estimate V at the start plus, for each step,
what V did not foresee: the mean of V over what could be drawn less V before the draw; where a draw is not corrected for, V after it less V
before. A cell is the covariance of such steps' sum with the estimate, as a share of the estimate's variance over deals. A row adds up to
100 %.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from tables import ROOT, conditions

from agents.apps.build import blueprint_directory
from agents.apps.run import Progress
from agents.bucket_blueprint import load_blueprint
from agents.evaluation.aivat import Aivat, Step, match_values
from agents.match.deal import Competitor, play_deal
from agents.match.deal import Table as Seats
from agents.match.match import Match
from agents.match.statistics import estimate
from agents.networks.start_values import start_file
from agents.no_limit.agent import NoLimitAgent
from agents.reporting.tables import table
from games.arrays import Float
from games.holdem.config import Holdem
from games.holdem.rules import STREETS
from games.public_tree import TERMINAL
from search import Budget, variant
from search.boards.menu_values import MenuValues
from search.boards.street_starts import StreetStarts

PLAIN, RIVER, BOTH = "AIVAT, blueprint", "AIVAT, rivers by a network", "AIVAT, turns and rivers by networks"
STEPS = [f"{street} {what}" for street in STREETS for what in ("card", "actions")][1:]
HEADS = ["estimate", "mean, mbb/g", "± 95 %", "raw hands as good", "ms a hand"]


class Hand(NamedTuple):
    """A hand that was played: its deal, whether the seats were swapped, and what happened; chips are the first agent's."""

    deal: int
    swapped: bool
    steps: list[Step]
    chips: float


class Recording(Seats):
    """A table that keeps the steps of the last hand."""

    steps: list[Step]

    def score(self, deal: int, swapped: bool, hands: tuple[int, int], steps: list[Step], end: float | None) -> None:
        """Keep the steps; there is no estimate."""
        self.steps = steps


def main() -> None:
    """Play, estimate, and show both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("river")
    parser.add_argument("--turn")
    parser.add_argument("--first", default="small")
    parser.add_argument("--second", default="standard")
    parser.add_argument("--iterations", type=int, default=0)
    parser.add_argument("--other-iterations", type=int, default=0)
    parser.add_argument("--hands", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--left", action="store_true", help="also the second table")
    given = parser.parse_args()
    match = match_of(given)
    game: Any = match.game
    files = {"river": given.river, "turn": given.turn}
    networks = {street: start_file(path, street) for street, path in files.items() if path}
    loaded: dict[int, StreetStarts] = {file.cards: file.load(game) for file in networks.values()}
    functions: dict[str, Mapping[int, StreetStarts]] = {PLAIN: {}, RIVER: {5: loaded[5]}}
    if given.turn:
        functions[BOTH] = loaded
    hands = play(match, given.hands)
    chips = np.array([hand.chips for hand in hands])
    scores, left = {"raw": (chips, 0.0), "duplicate": (by_deal(chips), 0.0)}, []
    for name, starts in functions.items():
        estimates = [Aivat(game, match_values(game, pair, starts)) for pair in pairs_of(match)]
        start = time.perf_counter()
        found = np.array([score(match, hand, estimates) for hand in progress(name, hands)])
        scores[name] = by_deal(found), (time.perf_counter() - start) / len(hands)
        if given.left:
            parts = np.array([unforeseen(match, hand, estimates) for hand in progress("what is left", hands)])
            assert np.allclose(parts.sum(axis=1), found, atol=1e-6 * game.stack)
            deals = np.array([by_deal(column) for column in parts[:, 1:].T])
            shares = [np.cov(column, by_deal(found))[0, 1] / by_deal(found).var(ddof=1) for column in deals]
            left.append([name, *(f"{100 * share:.0f} %" for share in shares)])
    print(table(HEADS, rows_of(scores, 1000 / game.big_blind, len(hands))))
    if left:
        print(f"\n{table(['values', *STEPS], left)}")
    players = ((given.first, given.iterations), (given.second, given.other_iterations))
    first, second = (f"{Path(name).name}, {f'{count} iterations' if count else 'alone'}" for name, count in players)
    print(f"\n{conditions(f'{first}, against {second}: {len(hands):,} hands, seed {given.seed}')}")


def match_of(given: argparse.Namespace) -> Match:
    """Return who plays."""
    settings = yaml.safe_load((ROOT / "conf/game/heads_up_no_limit.yaml").read_text())
    game = Holdem(**{key: value for key, value in settings.items() if key != "defaults"}).build()

    def competitor(name: str, blueprint: str, iterations: int) -> Competitor:
        known = load_blueprint(game, blueprint_directory(blueprint))
        agent = NoLimitAgent(game, known, variant("default_holdem"), "turn+river" if iterations else None)
        return Competitor(name, agent, Budget(iterations=iterations) if iterations else Budget(seconds=0))

    return Match((competitor("a", given.first, given.iterations), competitor("b", given.second, given.other_iterations)), given.seed)


def play(match: Match, count: int) -> list[Hand]:
    """Return so many hands, two of each deal."""
    table, hands = Recording(match.competitors, match.draws, "none"), []
    table.load()
    for number in progress("playing", range(count)):
        record = play_deal(table, number // 2, bool(number % 2))
        hands.append(Hand(number // 2, bool(number % 2), table.steps, record["chips"]))
    return hands


def progress(what: str, items: Any) -> Any:
    """Yield items with a progress bar."""
    with Progress(what, len(items), "hand") as bar:
        for done, item in enumerate(items):
            yield item
            bar.at(done + 1)


def pairs_of(match: Match) -> list[tuple[Any, Any]]:
    """Return both blueprints by seat, as they are and swapped."""
    first, second = (competitor.known.blueprint for competitor in match.competitors)
    return [(first, second), (second, first)]


def score(match: Match, hand: Hand, estimates: list[Aivat]) -> float:
    """Return AIVAT's estimate of the first agent's chips."""
    found = estimates[hand.swapped].estimate(hand.steps, random=match.draws.secret("aivat", hand.deal))
    return -found if hand.swapped else found


def unforeseen(match: Match, hand: Hand, estimates: list[Aivat]) -> list[float]:
    """Return the value at the start, then what the steps of each kind of ``STEPS`` came to beside what was foreseen, to the first agent."""
    game, values, random = match.game, estimates[hand.swapped].values, match.draws.secret("aivat", hand.deal)
    assert isinstance(values, MenuValues)
    belief, _ = values.dealt((None, None))
    before = float(values._values([(game.root, belief)])[0])
    found = [before, *[0.0] * len(STEPS)]
    for state, child, policy in hand.steps:
        card = policy is None
        belief, corrections = (
            values.revealed(belief, state, child, random) if policy is None else values.acted(belief, state, child, policy)
        )
        end = game.player(child) == TERMINAL
        after = values.payoff(belief, child) if end else float(values._values([(child, belief)])[0])
        kind = f"{STREETS[game.round(child if card else state)]} {'card' if card else 'actions'}"
        found[1 + STEPS.index(kind)] += after - before + sum(corrections)
        before = after
    return [-x for x in found] if hand.swapped else found


def by_deal(values: Float) -> Float:
    """Return [deals], the means of both hands."""
    means: Float = values.reshape(-1, 2).mean(axis=1)
    return means


def rows_of(scores: Mapping[str, tuple[Float, float]], unit: float, hands: int) -> list[list[str]]:
    """Return the first table."""
    rows, raw = [], estimate([scores["raw"][0]]).standard_error
    for name, (values, seconds) in scores.items():
        found = estimate([values])
        width, good = unit * (found.high - found.low) / 2, hands * (raw / found.standard_error) ** 2
        rows.append([name, f"{unit * found.mean:+.0f}", f"{width:.0f}", f"{good:,.0f}", f"{1000 * seconds:.0f}" if seconds else "-"])
    return rows


if __name__ == "__main__":
    main()
