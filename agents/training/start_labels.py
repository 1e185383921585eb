"""What a value network of a street's start learns from: turns or rivers with both ranges, solved, and what each hand is worth there.

They come from three *sources*, drawn in turn:

* ``play``: a blueprint plays both seats to the end of the street before, and both ranges follow by Bayes' rule;
* ``changed``: the same, and both ranges are then changed at random, hand by hand and by strength, and what is behind too;
* ``random``: DeepStack's random ranges (arXiv 1701.01724): the probability is split at random between the weaker and the stronger half of
  the hands, and so on; the chips behind are drawn on a logarithmic scale.

Each street is solved in one menu of sizes (``MENUS``), turns with a few rivers drawn anew in each iteration. What a hand is worth is what a
best response to the other player's average strategy wins with it: that is defined for hands that the range lacks, too. What both ranges
win too much by that, the exploitability, is taken off.

Flops are either *held out* or not, by a hash of their cards without their suits' names. Labels to learn from have no held-out flop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.no_limit.plan import LATER, NEAR_ALLIN, RAISED, TURN_RIVERS
from agents.runtime.storage import require
from agents.training.label_files import LabelFiles, Part
from games.arrays import Array, Bool, Float, Float32
from games.game import drawn
from games.holdem.betting import Betting
from games.holdem.cards import hole_hands
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame
from games.holdem.subgame import Menus
from games.public_tree import CHANCE
from search import BoardSolver, Budget, Variant, variant
from search.boards.range_buckets import board_buckets, made_strengths
from search.boards.start_values import PUBLIC, START_CARDS, Pair, checked_down, features, public_features, targets
from search.boards.workspace import Workspace
from search.off_tree import MenuPolicy

SOURCES = ("play", "changed", "random")
STREETS = START_CARDS
RIVER_MENU = Menu(parse_sizes("50%,100%", "bets", raises=False), parse_sizes("100%", "raises", raises=True))
# By cards on the board: both players' sizes from there on, and up to how many pots an all-in stands beside them.
MENUS: dict[int, tuple[Menus, float]] = {5: (((RIVER_MENU, RIVER_MENU),), 3.0), 4: ((RAISED, LATER), NEAR_ALLIN)}
MENU_TEXTS = {5: "50%,100%, raises 100%, all-in up to 3 pots", 4: "75%, a raise of 100% on the turn, all-in up to 2 pots"}
RIVERS_DEALT = {5: None, 4: TURN_RIVERS}  # by an iteration
SMALL_POT, SMALL_KEPT = 6, 0.1  # pots of fewer big blinds are played to most often, and only this share of them is taken
HELD_OUT = 16  # one flop of so many, about, is held out
CARDS_DEALT = 4  # after each line that was played to
LEAST_RANGE = 1e-4  # of the likeliest hand: what every hand has, so that each is worth something
FORMAT = 2  # of what is drawn, solved and written: other versions' labels are refused
KEYS = {
    "format": "the format of labels", "street": "trainer.street", "buckets": "trainer.network.buckets",
    "iterations": "trainer.label_iterations", "gap": "trainer.label_gap", "seed": "trainer.seed",
    "blueprint": "the digest of trainer.blueprint",
}  # fmt: skip
LEAST_BEHIND, MOST_BEHIND = 0.1, 60.0  # pots, of random ranges
POT = 1_000  # chips, of random ranges


class StreetStart(NamedTuple):
    """A turn or river to be solved.

    Attributes:
        source: number of it in ``SOURCES``.
        cards: four or five; the flop comes first.
        pot: chips.
        behind: chips of each player.
        ranges: [H] each, of the player who acts first and of the other one: from ``LEAST_RANGE`` to 1, and 0 of hands that hold a card of
            the board. What is solved, seen and weighed are these.
    """

    source: int
    cards: tuple[int, ...]
    pot: int
    behind: int
    ranges: Pair


class Label(NamedTuple):
    """One that is solved.

    Attributes:
        start: itself.
        pots: [H] each, what hands are worth, see ``search.boards.start_values.targets``.
        gap: exploitability of the solve, in shares of the pot.
    """

    start: StreetStart
    pots: Pair
    gap: float


class Shard(NamedTuple):
    """Some labels, as a network learns them, and as hands for what is measured.

    Attributes:
        features: [n, D] f2.
        targets: [n, 2 buckets] f2.
        counts: [n, 2 buckets] f2; rows add up to twice the number of buckets.
        source: [n] u1.
        gap: [n] f4.
        cards: [n, 4 or 5] u1.
        chips: [n, 2] f8, the pot and what is behind.
        ranges: [n, 2, H] f2; of no rows where hands are not kept.
        pots: [n, 2, H] f2; likewise.
    """

    features: npt.NDArray[np.float16]
    targets: npt.NDArray[np.float16]
    counts: npt.NDArray[np.float16]
    source: npt.NDArray[np.uint8]
    gap: npt.NDArray[np.float32]
    cards: npt.NDArray[np.uint8]
    chips: Float
    ranges: npt.NDArray[np.float16]
    pots: npt.NDArray[np.float16]


@dataclass(frozen=True)
class Labelling:
    """How labels are made.

    Attributes:
        cards: on the board, 4 or 5.
        buckets: of each range.
        iterations: of a solve, at most.
        gap: exploitability in shares of the pot that ends it sooner; of rivers.
        seed: of all that is drawn.
    """

    cards: int = 5
    buckets: int = 128
    iterations: int = 300
    gap: float = 0.003
    seed: int = 0


def held_out(flop: tuple[int, ...]) -> bool:
    """Say whether a flop is held out; flops that differ in the names of suits alone are the same."""
    named = min(tuple(sorted(4 * (card // 4) + suits[card % 4] for card in flop)) for suits in permutations(range(4)))
    return hashlib.sha256(bytes(named)).digest()[0] % HELD_OUT == 0


class StartDraws:
    """Draws turns or rivers.

    Args:
        policy: plays both seats.
        cards: on the board, 4 or 5.
    """

    def __init__(self, policy: MenuPolicy, cards: int) -> None:
        self.policy, self.cards, self.hands = policy, cards, hole_hands()

    def starts(self, rng: np.random.Generator, held: bool) -> Iterator[StreetStart]:
        """Yield them without end, sources in turn; ``held`` says which flops."""
        while True:
            for start in list(self._played(rng, held)):
                yield start
                yield self._changed(start, rng)
                yield self._random(rng, held)

    def _played(self, rng: np.random.Generator, held: bool) -> Iterator[StreetStart]:
        """Yield those of one hand; none where it ends before, or its flop is not wanted."""
        game, state = self.policy.game, self.policy.game.root
        hands, ranges = game.deal(float(rng.random())), game.ranges
        while not game.settled(state):
            player = game.player(state)
            if player == CHANCE:
                if len(state.cards) == 3 and held_out(state.cards) != held:
                    return
                if len(state.cards) == self.cards - 1:
                    break
                state = game.chance(state, hands, float(rng.random()))
                dead = np.isin(game.hands, state.cards).any(axis=1)
                ranges = np.where(dead, 0.0, ranges[0]), np.where(dead, 0.0, ranges[1])
                continue
            policy = self.policy.at(state)
            taken = drawn(policy[:, hands[player]].tolist(), float(rng.random()))
            moved = ranges[player] * policy[taken]
            ranges = (moved / moved.max(), ranges[1]) if player == 0 else (ranges[0], moved / moved.max())
            state = game.child(state, game.actions(state)[taken])
        else:
            return
        chips, first = game.chips(state), game.betting.first[-1]
        behind, pot = min(chips.behind or (0.0, 0.0)), sum(chips.paid)
        if pot < SMALL_POT * (game.big_blind or 1.0) and rng.random() > SMALL_KEPT:
            return
        left = [card for card in game.deck.cards().tolist() if card not in state.cards]
        for card in rng.choice(left, CARDS_DEALT, replace=False).tolist():
            cards = (*state.cards, card)
            dead = np.asarray(np.isin(self.hands, cards).any(axis=1))
            one, other = (np.where(dead, 0.0, ranges[p]) for p in (first, 1 - first))
            if behind > 0 and min(np.count_nonzero(range_ > LEAST_RANGE) for range_ in (one, other)) > 1:
                ranges = least_of_all(one / one.max(), dead), least_of_all(other / other.max(), dead)
                yield StreetStart(0, cards, int(pot), int(behind), ranges)

    def _changed(self, start: StreetStart, rng: np.random.Generator) -> StreetStart:
        live = np.asarray(~np.isin(self.hands, start.cards).any(axis=1))
        strength = np.zeros(len(self.hands))
        strength[live] = np.argsort(np.argsort(made_strengths(self.hands[live], start.cards))) / (live.sum() - 1) - 0.5
        changed = []
        for range_ in start.ranges:
            spread = rng.uniform(0, 1.0) * rng.normal(size=len(range_)) + rng.normal(0, 2.0) * strength
            mixed = range_ + rng.choice([0.0, 0.02, 0.2]) * rng.random() * live
            varied = np.where(live, mixed * np.exp(spread), 0.0)
            changed.append(least_of_all(varied / varied.max(), ~live))
        behind = int(np.clip(start.behind * np.exp(rng.normal(0, 0.5)), 1, MOST_BEHIND * start.pot))
        return StreetStart(1, start.cards, start.pot, behind, (changed[0], changed[1]))

    def _random(self, rng: np.random.Generator, held: bool) -> StreetStart:
        while True:
            cards = tuple(int(card) for card in rng.permutation(52)[: self.cards])
            if held_out(cards[:3]) == held:
                break
        behind = POT * np.exp(rng.uniform(np.log(LEAST_BEHIND), np.log(MOST_BEHIND)))
        dead = np.asarray(np.isin(self.hands, cards).any(axis=1))
        one, other = (least_of_all(random_range(self.hands, cards, rng), dead) for _ in (0, 1))
        return StreetStart(2, cards, POT, int(behind), (one, other))


def least_of_all(range_: Float, dead: Bool) -> Float:
    """Return a range [H] with ``LEAST_RANGE`` of every hand at least, and nothing of those that hold a card of the board."""
    raised: Float = np.where(dead, 0.0, np.maximum(range_, LEAST_RANGE))
    return raised


def random_range(hands: npt.NDArray[np.uint8], cards: tuple[int, ...], rng: np.random.Generator) -> Float:
    """Return [H], a range as DeepStack draws them: its probability split at random between the weaker and the stronger half, and so on."""
    live = np.flatnonzero(~np.isin(hands, cards).any(axis=1))
    order = live[np.lexsort((rng.random(len(live)), made_strengths(hands[live], cards)))]
    shares, parts = np.zeros(len(hands)), [(0, len(order), 1.0)]
    while parts:
        start, stop, mass = parts.pop()
        if stop - start == 1:
            shares[order[start]] = mass
            continue
        middle, part = (start + stop + int(rng.integers(2)) * ((stop - start) % 2)) // 2, rng.random()
        parts += [(start, middle, mass * part), (middle, stop, mass * (1 - part))]
    scaled: Float = shares / shares.max()
    return scaled


def start_game(start: StreetStart) -> HoldemGame:
    """Return a turn or river as a game."""
    cards, streets = start.cards, 6 - len(start.cards)
    menus, near = MENUS[len(cards)]
    betting = Betting((start.pot / 2, start.pot / 2), start.behind, (0,) * streets, menus, add_allin=near)
    board = (cards[:3], *((card,) for card in cards[3:]))
    return HoldemGame("start", betting, (0,) + (1,) * (streets - 1), board, start.ranges)


def solved(start: StreetStart, labelling: Labelling, form: Variant | None = None, workspace: Workspace | None = None) -> Label:
    """Return a label."""
    game, river = start_game(start), len(start.cards) == 5
    solver = BoardSolver(game, form or variant("default_holdem"), workspace=workspace, rivers=RIVERS_DEALT[len(start.cards)])
    if river:
        solver.solve(Budget(exploitability=labelling.gap * start.pot, iterations=labelling.iterations))
    else:
        solver.run(labelling.iterations)
    masses = checked_down(game.hands, start.cards, game.ranges).met
    cfvs = solver.best_response_cfvs()
    total = sum(float((range_ * won).sum()) for range_, won in zip(game.ranges, cfvs, strict=True))
    gap = total / (2 * start.pot * float((game.ranges[0] * masses[0]).sum()))
    first, second = (
        np.divide(won, mass * start.pot, out=np.zeros_like(mass), where=mass > 0) - gap * (mass > 0)
        for won, mass in zip(cfvs, masses, strict=True)
    )
    return Label(start, (first, second), gap)


def start_files(policy: str, labelling: Labelling) -> LabelFiles[Shard]:
    """Return what files of such labels have; ``policy`` is the digest of what played."""
    about, outputs, hands = asdict(labelling), 2 * labelling.buckets, len(hole_hands())
    cards = about.pop("cards")
    street = next(name for name, count in STREETS.items() if count == cards)

    def kinds(rows: int, held: bool) -> dict[str, tuple[tuple[int, ...], Any]]:
        by_hand = (rows, 2, hands) if held else (0,)
        return {
            "features": ((rows, PUBLIC + outputs), np.float16), "targets": ((rows, outputs), np.float16),
            "counts": ((rows, outputs), np.float16), "source": ((rows,), np.uint8), "gap": ((rows,), np.float32),
            "cards": ((rows, cards), np.uint8), "chips": ((rows, 2), np.float64), "ranges": (by_hand, np.float16),
            "pots": (by_hand, np.float16),
        }  # fmt: skip

    return LabelFiles({"format": FORMAT, "street": street, "blueprint": policy, **about}, KEYS, _read, kinds)


def _read(arrays: dict[str, Array]) -> Shard:
    require(bool((arrays["source"] < len(SOURCES)).all()), f"its sources must be less than {len(SOURCES)}")
    return Shard(**arrays)


def shard(policy: MenuPolicy, labelling: Labelling, part: Part) -> Shard:
    """Return the labels of a file; with held-out flops hands are kept.

    Args:
        policy: plays both seats.
        labelling: how they are made.
        part: the file: other numbers draw other states.
    """
    seeds, held = (labelling.seed, int(part.held), part.number), part.held
    rng, workspace, form = np.random.default_rng(seeds), Workspace(), variant("default_holdem")
    starts, rows = StartDraws(policy, labelling.cards).starts(rng, held), list[tuple[Label, Float32, Float, Float]]()
    while len(rows) < part.size:
        label = solved(next(starts), labelling, form, workspace)
        start, hands = label.start, policy.game.hands
        buckets = board_buckets(hands, start.cards, labelling.buckets)
        down = checked_down(hands, start.cards, start.ranges)
        wanted, counts = targets(buckets, start.ranges, down, label.pots)
        seen = features(public_features(start.cards, start.pot, start.behind), buckets, start.ranges)
        rows.append((label, seen, wanted, counts * labelling.buckets))
    labels = [row[0] for row in rows]
    return Shard(
        np.array([row[1] for row in rows], np.float16),
        np.array([row[2] for row in rows], np.float16),
        np.array([row[3] for row in rows], np.float16),
        np.array([label.start.source for label in labels], np.uint8),
        np.array([label.gap for label in labels], np.float32),
        np.array([label.start.cards for label in labels], np.uint8),
        np.array([[label.start.pot, label.start.behind] for label in labels], np.float64),
        np.array([label.start.ranges for label in labels if held], np.float16),
        np.array([label.pots for label in labels if held], np.float16),
    )
