"""Six flops of full no-limit hold'em, with the ranges that a blueprint brings there; and one of 24 cards, on which more can be measured.

    timebank train game=heads_up_no_limit trainer=mccfr hydra.run.dir=RUN
    python benchmarks/flop_spots.py RUN/blueprints/standard     # writes benchmarks/flop_spots.json; any blueprint of the game will do

Ranges are by class of hands before the flop: the probability that the blueprint takes the line. Player 0 of a spot is out of position, the
big blind. The blueprint raises to 300 where a single-raised spot's pot of 500 comes of a raise to 250.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agents.bucket_blueprint import BucketBlueprint, load_blueprint
from games.arrays import Float
from games.game import find_decision
from games.holdem.cards import FULL_DECK, Deck, hand_class, hole_hands, parse_cards
from games.holdem.config import Holdem, Spot
from games.holdem.rules import HoldemGame
from games.holdem.weights import with_checked_weights

FILE = Path(__file__).with_name("flop_spots.json")
LINES = {"single-raised": "raise 300 / call", "3-bet": "raise 300 / raise 900 / call"}
CHIPS = {"single-raised": (500, 19_750), "3-bet": (1_800, 19_100)}  # in the pot, and behind each player
BOARDS = {
    "Ks8h3d": "single-raised", "QhJh7c": "3-bet", "9d8d6s": "single-raised",
    "AcAd5h": "3-bet", "6s5s2s": "single-raised", "Th7d2c": "3-bet",
}  # fmt: skip
SHORT = {"QhJh9c": "single-raised"}  # of 24 cards, with the same ranges
SHORT_DECK, SHORT_CHIPS = Deck("9TJQKA", FULL_DECK.suits), (500, 2_500)
DIGITS = 5  # of a weight


@dataclass(frozen=True)
class FlopSpot:
    """A flop to be played.

    Attributes:
        board: three cards.
        pot, stack: chips in the pot, and behind each player.
        ranges: [H] of the player out of position and of the one in position.
        deck: the cards that there are.
    """

    board: str
    pot: int
    stack: int
    ranges: tuple[Float, Float]
    deck: Deck

    def game(self, sizes: Spot) -> HoldemGame:
        """Return the spot as a game with some sizes; the board, chips and ranges of ``sizes`` do not count."""
        own = {"board": self.board, "pot": self.pot, "stack": self.stack, "ranges": ["full", "full"]}
        game = replace(Spot(**(vars(sizes) | own)).build(), weights=self.ranges, deck=self.deck)
        return with_checked_weights(game, [("ranges[0]", self.board), ("ranges[1]", self.board), ("ranges", self.board)])


def spot(board: str) -> FlopSpot:
    """Return one of the seven.

    Raises:
        ValueError: a board that is none of them.
    """
    boards = BOARDS | SHORT
    if board not in boards:
        raise ValueError(f"spot must be one of {', '.join(boards)}, got {board!r}")
    deck, chips = (SHORT_DECK, SHORT_CHIPS) if board in SHORT else (FULL_DECK, CHIPS[boards[board]])
    kept, hands = json.loads(FILE.read_text()), hole_hands(deck)
    number = {name: i for i, name in enumerate(kept["classes"])}
    classes = [number[hand_class(*hand)] for hand in hands.tolist()]
    dead, own = np.isin(hands, parse_cards(board)).any(axis=1), kept["ranges"][boards[board]]
    first, second = (np.where(dead, 0.0, np.array(own[seat])[classes]) for seat in ("out of position", "in position"))
    return FlopSpot(board, *chips, (first, second), deck)


def ranges_after(blueprint: BucketBlueprint, line: str) -> tuple[Float, Float]:
    """Return [H] of the small and of the big blind after a line before the flop: the probability that each hand takes it."""
    game, reach = blueprint.game, [np.ones(len(blueprint.game.hands)) for _ in (0, 1)]
    texts = line.split(" / ")
    for i, text in enumerate(texts):
        state = find_decision(game, " / ".join(texts[:i]), "line")
        taken = [action.text for action in game.actions(state)].index(text)
        reach[game.player(state)] *= blueprint.at(state)[taken]
    return reach[0], reach[1]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("blueprint", type=Path)
    given = parser.parse_args()
    game = Holdem(name="heads_up_no_limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    blueprint = load_blueprint(game, given.blueprint)
    names = [hand_class(*hand) for hand in game.hands.tolist()]
    first = {name: names.index(name) for name in sorted(set(names))}
    ranges = {}
    for kind, line in LINES.items():
        small, big = ranges_after(blueprint, line)
        ranges[kind] = {
            seat: [round(float(own[hand]), DIGITS) for hand in first.values()]
            for seat, own in (("out of position", big), ("in position", small))
        }
    header = {
        "made by": "timebank train game=heads_up_no_limit trainer=mccfr; python benchmarks/flop_spots.py RUN/blueprints/standard",
        "blueprint": {"name": blueprint.name, "digest": blueprint.digest},
        "lines": LINES,
        "classes": [*first],
    }
    text = json.dumps(header | {"ranges": ranges})
    FILE.write_text(text.replace('", "lines"', '",\n"lines"').replace(", [", ",\n[").replace('": [', '":\n[').replace("], ", "],\n") + "\n")
    print(f"wrote {FILE}: {len(first)} classes, {len(LINES)} lines")


if __name__ == "__main__":
    main()
