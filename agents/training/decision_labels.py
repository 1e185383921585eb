"""What a policy network of no-limit hold'em learns from: decisions of turns and rivers that a search has solved.

A policy plays both seats to where a street begins (``agents.training.start_labels``), ranges as they are or changed at random. The rest of
the hand is solved from there in the menu of the game, with the few all-ins that searches have (``agents.no_limit.plan``). Of the street's
decisions some are kept, those that are played to more often with a higher chance, and the first one always.

A *target* is the average strategy by bucket. *Gains* are what an action brings more than the strategy does, in shares of the pot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.no_limit.plan import LATER, NEAR_ALLIN, TURN_RIVERS
from agents.runtime.storage import require
from agents.street_blueprint import known_menus
from agents.training.label_files import LabelFiles, Part
from agents.training.start_labels import STREETS, StartDraws, StreetStart
from games.arrays import Array, Float, Float32
from games.holdem.betting import Betting
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus
from search import BoardSolver, Budget, Variant, variant
from search.boards.decision_features import SEEN, SLOTS, decision_features, seen_at, slots_of
from search.boards.range_buckets import Buckets, board_buckets
from search.boards.workspace import Workspace
from search.off_tree import MenuPolicy

TAKEN = 2  # of a street start, as it was played to and changed at random
DECISION_FORMAT = 1  # of what is drawn, solved and written: other versions' labels are refused
DECISION_KEYS = {
    "format": "the format of labels", "street": "the street", "buckets": "trainer.network.buckets",
    "iterations": "iterations of a label", "gap": "trainer.label_gap", "of_solve": "decisions of a solve", "seed": "trainer.seed",
    "policy": "the digest of what plays",
}  # fmt: skip
LEAST_CHANCE = 1e-3  # of a decision, beside the street's first one
LEAST_HELD = 1e-3  # of the likeliest hand, that a hand has to be held with to count as one of many
HELD_PART = 0.8  # what hands count by their weight in the range; the rest they count alike


class Decisions(NamedTuple):
    """Decisions, as arrays.

    Attributes:
        features: [n, SEEN + 2 buckets] f2.
        targets: [n, SLOTS, buckets] f2, shares of actions; 0 of buckets without a hand.
        gains: [n, SLOTS, buckets] f2.
        counts: [n, buckets] f2, how much buckets count in a loss; rows add up to their number.
        masses: [n, buckets] f2, how often buckets are dealt against the other range; likewise.
        legal: [n, SLOTS] b1.
        gap: [n] f4, exploitability of the solve, in shares of the pot.
    """

    features: npt.NDArray[np.float16]
    targets: npt.NDArray[np.float16]
    gains: npt.NDArray[np.float16]
    counts: npt.NDArray[np.float16]
    masses: npt.NDArray[np.float16]
    legal: npt.NDArray[np.bool_]
    gap: npt.NDArray[np.float32]


@dataclass(frozen=True)
class DecisionLabelling:
    """How decisions are made.

    Attributes:
        cards: on the board, 4 or 5.
        buckets: of each range.
        iterations: of a solve, at most.
        gap: exploitability in shares of the pot that ends a river's sooner.
        of_solve: decisions of each that are taken.
        seed: of all that is drawn.
    """

    cards: int = 5
    buckets: int = 128
    iterations: int = 300
    gap: float = 0.003
    of_solve: int = 5
    seed: int = 0


def menus_from(game: HoldemGame, cards: int) -> Menus:
    """Return the sizes that a street and what follows is solved with: the game's own, and 75 % of the pot later."""
    return (known_menus(game)[cards - 2], *[LATER] * (5 - cards))


def solved_from(game: HoldemGame, start: StreetStart) -> HoldemGame:
    """Return the rest of a hand as a game."""
    cards, streets = start.cards, 6 - len(start.cards)
    rules = {"add_allin": NEAR_ALLIN, "min_bet": min(game.betting.min_bet, start.behind)}
    betting = Betting((start.pot / 2, start.pot / 2), start.behind, (0,) * streets, menus_from(game, len(cards)), **rules)  # type: ignore[arg-type]
    board = (cards[:3], *((card,) for card in cards[3:]))
    return HoldemGame("start", betting, (0,) + (1,) * (streets - 1), board, start.ranges)


class Met(NamedTuple):
    """A decision of a solve: its state, both ranges there, and how often it is played to."""

    state: HoldemState
    reach: tuple[Float, Float]
    chance: float


def decisions_of(game: HoldemGame, solver: BoardSolver) -> list[Met]:
    """Return the decisions of a solve's first street that are played to at all, the first one first."""
    answer, whole = solver.answer(), game.mass_of(*game.ranges)
    decisions, left = list[Met](), [Met(game.root, game.ranges, 1.0)]
    while left:
        place = left.pop()
        player = game.player(place.state)
        if player < 0 or game.round(place.state) > 0:
            continue
        decisions.append(place)
        for action, row in zip(game.actions(place.state), answer.at(place.state), strict=True):
            first, second = place.reach
            reach = (first * row, second) if player == 0 else (first, second * row)
            chance = game.mass_of(*reach) / whole
            if chance >= LEAST_CHANCE:
                left.append(Met(game.child(place.state, action), reach, chance))
    return decisions


def decision_rows(
    game: HoldemGame, solver: BoardSolver, best: tuple[Float, Float], buckets: Buckets, decision: Met
) -> tuple[Float32, Float, Float, Float, Float, Float]:
    """Return features, targets, gains, counts, masses and legal slots of a decision, see ``Decisions``.

    Args:
        game: the rest of a hand, solved.
        solver: that solved it.
        best: by player, cfvs of its lines on the street if it plays a best response, see ``BoardSolver.best_cfvs``.
        buckets: of the board.
        decision: itself.
    """
    state, player = decision.state, game.player(decision.state)
    seen, slots, policy = seen_at(game, state), slots_of(game, state, game.actions(state)), solver.answer().at(state)
    held, other = decision.reach[player], decision.reach[1 - player]
    answer, place = solver.answer(), game.locate(state)
    assert place is not None
    board, permutation, lines = answer.locate(*place)
    rows = best[player][solver.tree.lines_of(player, board) :][lines]
    cfvs, meets = answer.of_all_hands(rows, player, board, permutation), game.cf_reach(state, player, other)
    real = buckets.live & (meets > 1e-9 * meets.max())
    evs = np.divide(cfvs, meets * seen.pot, out=np.zeros_like(cfvs), where=real)
    evs -= (policy * evs).sum(axis=0)
    held = np.where(real, held, 0.0)
    likely = held >= LEAST_HELD * held.max()
    weight = HELD_PART * held / held.sum() + (1 - HELD_PART) * likely / likely.sum()
    mass = held * meets
    total, masses = buckets.sums(weight), buckets.sums(mass)
    targets, gains, legal = np.zeros((SLOTS, buckets.size)), np.zeros((SLOTS, buckets.size)), np.zeros(SLOTS)
    for slot, row, gained in zip(slots, policy, evs, strict=True):
        targets[slot] += np.divide(buckets.sums(weight * row), total, out=np.zeros(buckets.size), where=total > 0)
        gains[slot] = np.divide(buckets.sums(mass * gained), masses, out=np.zeros(buckets.size), where=masses > 0)
        legal[slot] = 1
    seen_features = decision_features(seen, buckets, decision.reach[player], other)
    return seen_features, targets, gains, total * buckets.size, masses * (buckets.size / masses.sum()), legal


def decision_files(policy: str, labelling: DecisionLabelling) -> LabelFiles[Decisions]:
    """Return what files of decisions have; ``policy`` is the digest of what played."""
    about, buckets = asdict(labelling), labelling.buckets
    cards = about.pop("cards")
    street = next(name for name, count in STREETS.items() if count == cards)

    def kinds(rows: int, held: bool) -> dict[str, tuple[tuple[int, ...], Any]]:
        by_slot, by_bucket = ((rows, SLOTS, buckets), np.float16), ((rows, buckets), np.float16)
        return {
            "features": ((rows, SEEN + 2 * buckets), np.float16), "targets": by_slot, "gains": by_slot, "counts": by_bucket,
            "masses": by_bucket, "legal": ((rows, SLOTS), np.bool_), "gap": ((rows,), np.float32),
        }  # fmt: skip

    return LabelFiles({"format": DECISION_FORMAT, "street": street, "policy": policy, **about}, DECISION_KEYS, _read, kinds)


def _read(arrays: dict[str, Array]) -> Decisions:
    require(bool(arrays["legal"].any(axis=1).all()), "its decisions must have legal actions")
    return Decisions(**arrays)


def decision_shard(policy: MenuPolicy, labelling: DecisionLabelling, part: Part) -> Decisions:
    """Return the decisions of a file.

    Args:
        policy: plays both seats.
        labelling: how they are made.
        part: the file: other numbers draw other states.
    """
    held, count = part.held, part.size
    rng, workspace, form = np.random.default_rng((labelling.seed, int(held), part.number)), Workspace(), variant("default_holdem")
    rows = list[tuple[Float32, Float, Float, Float, Float, Float, float]]()
    for start in _starts(policy, labelling, rng, held):
        game, solver, gap = _solved(policy.game, start, labelling, form, workspace)
        buckets, decisions = board_buckets(game.hands, start.cards, labelling.buckets), decisions_of(game, solver)
        chances = np.sqrt([decision.chance for decision in decisions[1:]])
        more = min(labelling.of_solve - 1, len(chances))
        chosen = rng.choice(len(chances), more, replace=False, p=chances / chances.sum()) if more else np.zeros(0, np.int64)
        best = solver.best_cfvs(0, range(1))[0], solver.best_cfvs(1, range(1))[0]
        for i in (0, *(chosen + 1).tolist()):
            rows.append((*decision_rows(game, solver, best, buckets, decisions[i]), gap))
        if len(rows) >= count:
            break
    features, targets, gains, counts, masses, legal, gaps = zip(*rows[:count], strict=True)
    return Decisions(
        np.array(features, np.float16),
        np.array(targets, np.float16),
        np.array(gains, np.float16),
        np.array(counts, np.float16),
        np.array(masses, np.float16),
        np.array(legal, bool),
        np.array(gaps, np.float32),
    )


def _starts(policy: MenuPolicy, labelling: DecisionLabelling, rng: np.random.Generator, held: bool) -> Iterator[StreetStart]:
    """Yield street starts without end, each as it was played to, and changed."""
    for i, start in enumerate(StartDraws(policy, labelling.cards).starts(rng, held)):
        if i % 3 < TAKEN:
            yield start


def _solved(
    game: HoldemGame, start: StreetStart, labelling: DecisionLabelling, form: Variant, workspace: Workspace
) -> tuple[HoldemGame, BoardSolver, float]:
    """Return the rest of a hand, its solver, and how exploitable its answer is in shares of the pot."""
    rest, river = solved_from(game, start), len(start.cards) == 5
    solver = BoardSolver(rest, form, workspace=workspace, rivers=None if river else TURN_RIVERS)
    if river:
        solver.solve(Budget(exploitability=labelling.gap * start.pot, iterations=labelling.iterations))
    else:
        solver.run(labelling.iterations)
    return rest, solver, solver.exploitability() / start.pot
