"""What leaves of depth-limited hold'em are worth: exactly where all chips are in, or by a strategy of the whole game."""

from functools import lru_cache

import numpy as np
import pytest

from games.holdem.subgame import state_above, state_in, subgame_of
from search import variant
from search.boards.continuations import BoardContinuation, leaf_matrices
from search.boards.depth_limit import BoardDepthLimitedSolver, first_street, leaf_states
from search.boards.settled_leaves import SettledLeaves, equities
from tests.catalogue import TINY, UNEVEN, game_of, small
from tests.compiling import compiled
from tests.naive.holdem import Twin
from tests.search.boards.test_board_depth_limit import TURN, GoingOn, begin, begun, differences, some_strategy

pytestmark = pytest.mark.kernels
ALL_IN = {
    "flop and turn": small([0, 1, 1], ranges=UNEVEN, bets="a", raises="a", raise_cap=0),
    "different hands": TINY["different hands"],
    "turn": TURN,
}


class Nothing:
    """Leaves that are worth nothing."""

    name = "nothing"

    def fingerprint(self):
        return b"nothing"

    def enter(self, leaves):
        self.leaves = leaves

    def cfvs(self, player, reach):
        assert reach[player].shape[0] == len(self.leaves)
        return np.zeros(reach[player].shape)


def reaches(game, leaves, seed=0):
    rng, shape = np.random.default_rng(seed), (len(leaves), len(game.hands))
    alive = np.isin(game.hands, game.root.cards).any(axis=1) == 0
    return alive * rng.random(shape), alive * rng.random(shape)


@lru_cache(maxsize=8)
def twin_values(name, player, settled):
    """Return the leaves of a kind, ranges there and what the twin says of them when both play a strategy that does everything."""
    game = ALL_IN[name]
    strategy = some_strategy(game).answer()
    twin, shares = Twin(game, variant("cfr")), lru_cache(None)(strategy.at_node)
    twin.strategy, twin.now = lambda node, cards, source: shares(node, cards), {}
    leaves = [leaf for leaf in leaf_states(first_street(game)) if game.settled(leaf) or not settled]
    reach = reaches(game, leaves)

    def value(node, cards, values, own):
        return (shares(node, cards) * values).sum(axis=0)

    places = [game.locate(leaf) for leaf in leaves]
    found = [
        twin.walk(node, cards, player, other, np.ones(len(other)), value)
        for (node, cards), other in zip(places, reach[1 - player], strict=True)
    ]
    return leaves, reach, np.array(found), strategy


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("name", ALL_IN)
def test_settled_leaves_are_worth_their_equity_over_all_run_outs(name, player):
    game = ALL_IN[name]
    leaves, reach, expected, _ = twin_values(name, player, True)
    assert leaves
    exact = SettledLeaves(game, Nothing())
    exact.enter(leaves)
    np.testing.assert_allclose(exact.cfvs(player, reach), expected, atol=1e-9)


@pytest.mark.parametrize("name", ALL_IN)
def test_leaves_that_are_not_settled_are_the_others(name):
    game = ALL_IN[name]
    leaves = leaf_states(first_street(game))
    settled = np.array([game.settled(leaf) for leaf in leaves])
    others = Nothing()
    both = SettledLeaves(game, others)
    both.enter(leaves)
    assert others.leaves == [leaf for leaf, own in zip(leaves, settled, strict=True) if not own]
    for player in (0, 1):
        found = both.cfvs(player, reaches(game, leaves))
        assert not found[~settled].any()
        assert (np.abs(found[settled]).max(axis=1) > 0).all()
    assert both.name == "nothing, exact where all chips are in"
    assert both.fingerprint() != others.fingerprint()


@compiled
@pytest.mark.parametrize("name", ["different hands", "turn"])
def test_a_solve_with_exact_settled_leaves_is_a_solve_to_the_end(name):
    game, row = ALL_IN[name], variant("default_holdem")
    whole = begun(game, row)
    others = GoingOn(game, row, np.float64)
    solver = BoardDepthLimitedSolver(game, row, SettledLeaves(game, others), np.float64)
    open_leaves = [leaf for leaf in solver.leaf_states if not game.settled(leaf)]
    begin(solver, whole, others, open_leaves)
    whole.run(30)
    solver.run(30)
    assert max(differences(game, whole.answer(), solver.answer())) < 1e-9


def test_too_many_run_outs_are_refused():
    game = game_of("holdem5")
    with pytest.raises(ValueError, match=r"run-outs must be at most 2,000, got .* on an empty board"):
        equities(game, ())


def test_an_empty_range_brings_zeros():
    game = ALL_IN["turn"]
    leaves = leaf_states(first_street(game))
    strategy = some_strategy(game).answer()
    evaluator = SettledLeaves(game, BoardContinuation(strategy))
    evaluator.enter(leaves)
    reach = np.zeros((len(leaves), len(game.hands)))
    assert not any(evaluator.cfvs(p, (reach, reach)).any() for p in (0, 1))
    solver = BoardDepthLimitedSolver(game, variant("cfr_plus"), evaluator)
    solver.run(40)
    assert all(np.isfinite(values).all() for values in (*solver.values(), *solver.leaf_values()))


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("name", ALL_IN)
def test_leaves_are_worth_what_the_twin_makes_of_the_strategy(name, player):
    leaves, reach, expected, strategy = twin_values(name, player, False)
    evaluator = BoardContinuation(strategy)
    evaluator.enter(leaves)
    np.testing.assert_allclose(evaluator.cfvs(player, reach), expected, atol=1e-9)
    evaluator.enter(leaves[::-1])
    np.testing.assert_allclose(evaluator.cfvs(player, (reach[0][::-1], reach[1][::-1])), expected[::-1], atol=1e-9)


def test_a_settled_leaf_is_worth_the_same_by_any_strategy():
    game = ALL_IN["turn"]
    leaves = leaf_states(first_street(game))
    settled = [game.settled(leaf) for leaf in leaves]
    chips = np.array([game.chips(leaf).paid[0] for leaf in leaves])[settled]
    strategy = some_strategy(game).answer()
    matrices = leaf_matrices([strategy], [strategy], leaves)[0, 0][settled]
    live = [own > 0 for own in game.ranges]
    expected = chips[:, None, None] * equities(game, game.root.cards)
    np.testing.assert_allclose(matrices[:, live[0]][:, :, live[1]], expected[:, live[0]][:, :, live[1]], atol=1e-9)


def test_on_a_later_street_suits_have_their_names():
    """Cards that another board of the tree stands for."""
    game = small([0, 1, 1], ranges=UNEVEN)
    strategy = some_strategy(game).answer()
    before = leaf_states(first_street(game))[0]
    for u in (0.1, 0.5, 0.9):
        dealt = game.chance(before, (0, 1), u)
        state = game.child(game.child(dealt, game.action(dealt, "check")), game.action(dealt, "check"))
        twin, shares = Twin(game, variant("cfr")), lru_cache(None)(strategy.at_node)
        twin.strategy, twin.now = lambda node, cards, source, shares=shares: shares(node, cards), {}
        reach, (node, cards) = (
            np.random.default_rng(1).random(len(game.hands)) * ~np.isin(game.hands, state.cards).any(axis=1),
            game.locate(state),
        )

        def value(node, cards, values, own, shares=shares):
            return (shares(node, cards) * values).sum(axis=0)

        expected = twin.walk(node, cards, 0, reach, np.ones(len(reach)), value)
        np.testing.assert_allclose(leaf_matrices([strategy], [strategy], [state])[0, 0, 0] @ reach, expected, atol=1e-9)


def test_leaves_of_a_subgame_are_worth_what_they_are_in_the_whole_game():
    """A flop of the whole game by itself, both players playing the strategy there."""
    game = small([0, 1, 1], ranges=UNEVEN)
    whole = some_strategy(game)
    strategy = whole.answer()
    for leaf in leaf_states(first_street(game)):
        for u in (0.1, 0.9):
            root = game.chance(leaf, (0, 1), u)
            ranges = strategy.reach(*game.locate(root))
            part = subgame_of(game, root, ranges)
            solver = BoardDepthLimitedSolver(part, variant("cfr"), BoardContinuation(strategy, root), np.float64)
            answer, cut = solver.answer(), solver.game
            states = [cut.state_at(node, cut.root.cards) for node in np.flatnonzero(cut.bets.player >= 0).tolist()]
            for state in states:
                answer.put(*cut.locate(state), strategy.at(state_above(root, state)))
            for state in states:
                expected = whole.action_values(*game.locate(state_above(root, state)))
                live = part.ranges[cut.player(state)] > 0
                np.testing.assert_allclose(solver.action_values(cut.locate(state).node)[:, live], expected[:, live], atol=1e-9)
                assert state_in(part, root, state_above(root, state)) == state


def test_leaves_of_another_game_are_refused():
    game = ALL_IN["turn"]
    strategy = some_strategy(game).answer()
    leaves = leaf_states(first_street(game))
    other = subgame_of(game, game.child(game.root, game.action(game.root, "check")), game.ranges)
    for wrong in ([], leaf_states(first_street(other))):
        with pytest.raises(ValueError, match="leaves must be states of the strategy's game on the same cards"):
            BoardContinuation(strategy).enter(wrong)
    evaluator = BoardContinuation(strategy)
    evaluator.enter(leaves)
    assert len(evaluator.fingerprint()) == 32
