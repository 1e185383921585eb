"""Rivers as networks see them: buckets of ranges, checking down, and leaves at the end of a turn."""

import numpy as np
import pytest

from games.holdem.cards import hole_hands, parse_cards
from games.holdem.config import Spot
from search import BoardSolver, Budget, variant
from search.boards.depth_limit import BoardDepthLimitedSolver, first_street, leaf_states
from search.boards.range_buckets import board_buckets, flop_buckets
from search.boards.river_leaves import RiverLeaves
from search.boards.settled_leaves import SettledLeaves, equities
from search.boards.start_values import PUBLIC, checked_down, features, hand_values, public_features, targets
from tests.compiling import compiled
from tests.naive.river_values import leaf_cfvs

HANDS, BUCKETS = hole_hands(), 8
BOARD = parse_cards("Ks8h3d2c9c", "board")
SPOT = Spot(board="Ks8h3d2c", pot=1000, stack=4000, bets="75%", raises="100%", raise_cap=2)


def some_ranges(cards, seed=0):
    rng, live = np.random.default_rng(seed), ~np.isin(HANDS, cards).any(axis=1)
    return tuple(np.where(live, rng.random(len(HANDS)) ** 3, 0.0) for _ in (0, 1))


@compiled
def test_each_hand_belongs_to_the_two_buckets_that_it_lies_between():
    places = board_buckets(HANDS, BOARD, BUCKETS)
    assert places.live.sum() == 1081
    np.testing.assert_allclose(places.weight.sum(axis=1), places.live)
    assert (places.index[places.live, 1] - places.index[places.live, 0] == 1).all()
    line = np.arange(BUCKETS, dtype=float)
    place = places.of_hands(line)
    assert place[places.live].min() >= 0
    assert place[places.live].max() <= BUCKETS - 1
    np.testing.assert_allclose(place[places.live].mean(), (BUCKETS - 1) / 2)  # half of the hands are weaker
    weights = np.random.default_rng(0).random(len(HANDS))
    sums = places.sums(weights)
    assert sums.sum() == pytest.approx((weights * places.live).sum())
    assert sums @ line == pytest.approx((weights * place).sum())


@compiled
def test_a_board_that_everybody_plays_puts_all_hands_in_the_middle():
    places = board_buckets(HANDS, parse_cards("AsKsQsJsTs", "board"), BUCKETS)
    np.testing.assert_allclose(places.of_hands(np.arange(BUCKETS, dtype=float))[places.live], (BUCKETS - 1) / 2)


@compiled
def test_on_a_turn_each_hand_belongs_to_four_buckets_of_mean_and_spread():
    places = board_buckets(HANDS, BOARD[:4], 32)
    assert places.live.sum() == 1128
    np.testing.assert_allclose(places.weight.sum(axis=1), places.live)
    strength, spread = (places.of_hands(line) for line in (np.repeat(np.arange(8.0), 4), np.tile(np.arange(4.0), 8)))

    def hand(text):
        return [tuple(row) for row in HANDS.tolist()].index(tuple(sorted(parse_cards(text, "hand"))))

    set_of_kings, draw, nothing = hand("KhKd"), hand("QsJs"), hand("6c4c")  # the board is Ks8h3d2c
    assert strength[set_of_kings] > 6.5 > strength[draw] > strength[nothing]
    assert spread[hand("Ah9h")] > spread[set_of_kings]
    np.testing.assert_allclose(strength[places.live].mean(), 3.5)  # ranks are even, though means are not


@compiled
def test_the_turns_of_a_flop_have_the_buckets_of_each_turn():
    every = flop_buckets(HANDS, BOARD[:3], 32)
    assert len(every) == 49
    for card in (BOARD[3], BOARD[4], 0):
        one, other = every[card], board_buckets(HANDS, (*BOARD[:3], card), 32)
        np.testing.assert_array_equal(one.live, other.live)
        for values in np.random.default_rng(0).random((3, 32)):
            np.testing.assert_allclose(one.of_hands(values), other.of_hands(values), atol=1e-9)
    with pytest.raises(ValueError, match="count of buckets must be a multiple of 4, at least 8, on 4 cards, got 6"):
        flop_buckets(HANDS, BOARD[:3], 6)


@compiled
def test_on_a_turn_checking_down_is_the_mean_over_rivers():
    ranges = some_ranges(BOARD[:4])
    down = checked_down(HANDS, BOARD[:4], ranges)
    game = Spot(board="Ks8h3d2c", pot=300, stack=500).build()
    np.testing.assert_allclose(down.met[0], game.cf_reach(game.root, 0, ranges[1]), atol=1e-9)
    wanted = 0.5 * ranges[1] @ equities(game, BOARD[:4]).T
    np.testing.assert_allclose(down.pots[0] * down.met[0], wanted, atol=1e-9)


@compiled
def test_checking_down_is_what_the_game_pays_where_nobody_can_bet():
    game = Spot(board="Ks8h3d2c9c", pot=300, stack=500, bets="", raises="").build()
    ranges = some_ranges(BOARD)
    down = checked_down(HANDS, BOARD, ranges)
    state = game.child(game.child(game.root, game.action(game.root, "check")), game.action(game.root, "check"))
    for p in (0, 1):
        np.testing.assert_allclose(300 * down.pots[p] * down.met[p], game.cfvs(state, p, ranges[1 - p]), atol=1e-9)
        np.testing.assert_allclose(down.met[p], game.cf_reach(state, p, ranges[1 - p]), atol=1e-9)


@compiled
def test_suits_play_no_part():
    ranges, renamed = some_ranges(BOARD), parse_cards("Kh8s3c2d9d", "board")
    swapped = {"s": "h", "h": "s", "d": "c", "c": "d"}
    cards = np.array([parse_cards("2" + swapped["cdhs"[card % 4]], "card")[0] + 4 * (card // 4) for card in range(52)])
    assert tuple(cards[list(BOARD)]) == renamed
    index = {tuple(hand): i for i, hand in enumerate(HANDS.tolist())}
    image = np.array([index[tuple(sorted(cards[hand].tolist()))] for hand in HANDS])
    moved = tuple(np.zeros(len(HANDS)) for _ in (0, 1))
    for own, other in zip(moved, ranges, strict=True):
        own[image] = other
    seen = features(public_features(BOARD, 300, 900), board_buckets(HANDS, BOARD, BUCKETS), ranges)
    again = features(public_features(renamed, 300, 900), board_buckets(HANDS, renamed, BUCKETS), moved)
    np.testing.assert_allclose(seen, again, rtol=1e-5)


@compiled
def test_a_network_that_says_its_targets_is_near_what_it_was_taught():
    game = Spot(board="Ks8h3d2c9c", pot=1000, stack=2000, bets="50%,100%", raises="100%").build()
    ranges = some_ranges(BOARD)
    game = type(game)(game.name, game.betting, game.deals, game.board, ranges)
    solver = BoardSolver(game, variant("default_holdem"))
    solver.solve(Budget(iterations=200))
    places, down = board_buckets(HANDS, BOARD, 128), checked_down(HANDS, BOARD, ranges)
    pots = tuple(
        np.divide(c, 1000 * m, out=np.zeros_like(c), where=m > 0) for c, m in zip(solver.best_response_cfvs(), down.met, strict=True)
    )
    wanted, counts = targets(places, ranges, down, pots)
    np.testing.assert_allclose(counts.sum(), 2)
    found = hand_values(places, ranges, down, wanted)

    def off(values):
        return max(float((r * m * abs(a - b)).sum() / (r * m).sum()) for r, m, a, b in zip(ranges, down.met, values, pots, strict=True))

    assert off(found) < 0.01 < 0.05 < off(down.pots)
    assert abs(sum(float((r * m * v).sum()) for r, m, v in zip(ranges, down.met, found, strict=True))) < 1e-9 * down.met[0].sum()


@compiled
def test_a_best_response_by_hand_comes_to_that_of_the_range():
    game = Spot(board="Ks8h3d2c9c", pot=1000, stack=2000).build()
    solver = BoardSolver(game, variant("default_holdem"))
    solver.run(20)
    for own, cfvs, value in zip(game.ranges, solver.best_response_cfvs(), solver.best_response_values(), strict=True):
        assert (own * cfvs).sum() / game.deal_mass == pytest.approx(value, rel=1e-4)


@compiled
@pytest.mark.parametrize("begins", [0, 1])
def test_leaves_are_worth_what_the_network_says_of_each_river(begins):
    from dataclasses import replace

    game = SPOT.build()
    game = replace(game, betting=replace(game.betting, first=(begins, begins)))
    leaves = [leaf for leaf in leaf_states(first_street(game)) if not game.settled(leaf)][:2]
    rng = np.random.default_rng(1)
    weight = (0.1 * rng.normal(size=(PUBLIC + 2 * BUCKETS, 2 * BUCKETS))).astype(np.float32)
    reach = tuple(np.where(np.isin(game.hands, game.root.cards).any(axis=1), 0.0, rng.random((2, len(HANDS)))) for _ in (0, 1))
    evaluator = RiverLeaves(game, lambda seen: seen @ weight, BUCKETS)
    evaluator.enter(leaves)
    wanted = leaf_cfvs(game, leaves, lambda seen: seen @ weight, BUCKETS, reach)
    found = [evaluator.cfvs(p, reach) for p in (0, 1)]
    for p in (0, 1):
        np.testing.assert_allclose(found[p], wanted[p], atol=1e-5 * np.abs(wanted[p]).max())
    for b in range(2):
        assert abs((found[0][b] * reach[0][b]).sum() + (found[1][b] * reach[1][b]).sum()) < 1e-9 * np.abs(found[0] * reach[0]).sum()


@compiled
def test_a_network_that_says_nothing_checks_down():
    game = SPOT.build()
    leaves = [leaf for leaf in leaf_states(first_street(game)) if not game.settled(leaf)]
    reach = tuple(np.tile(own, (len(leaves), 1)) for own in game.ranges)
    evaluator = RiverLeaves(game, lambda seen: np.zeros((len(seen), 2 * BUCKETS), np.float32), BUCKETS)
    evaluator.enter(leaves)
    paid = np.array([game.chips(leaf).paid[0] for leaf in leaves])
    wanted = paid[:, None] * (reach[1] @ equities(game, leaves[0].cards).T)
    np.testing.assert_allclose(evaluator.cfvs(0, reach), wanted, atol=1e-6 * np.abs(wanted).max())


@compiled
def test_a_turn_is_solved_with_such_leaves():
    game = SPOT.build()
    evaluator = RiverLeaves(game, lambda seen: np.zeros((len(seen), 2 * BUCKETS), np.float32), BUCKETS)
    solver = BoardDepthLimitedSolver(game, variant("default_holdem"), SettledLeaves(game, evaluator))
    solver.run(3)
    assert np.isfinite(solver.values()[0]).all()


@compiled
def test_leaves_on_two_boards_are_refused():
    game = SPOT.build()
    evaluator = RiverLeaves(game, lambda seen: seen, BUCKETS)
    leaf = next(leaf for leaf in leaf_states(first_street(game)) if not game.settled(leaf))
    with pytest.raises(ValueError, match="must be on one turn"):
        evaluator.enter([leaf, leaf._replace(cards=(*leaf.cards[:3], 51))])
