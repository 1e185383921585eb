"""Hold'em subgames that end before the card: with leaves whose own solve goes on, a depth-limited solve is the solve to the end."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from games.holdem.betting_tree import betting_tree
from games.holdem.board_tree import board_tree, game_size
from games.holdem.cards import Deck, hole_hands
from games.holdem.config import Spot
from games.holdem.isomorphism import hand_permutation, symmetries
from games.holdem.subgame import subgame_of
from games.public_tree import CHANCE
from search import BoardSolver, Budget, memory_needed, variant
from search.boards.depth_limit import BoardDepthLimitedSolver, first_street, leaf_states
from search.boards.root_gadget import RootGadget
from search.boards.strategy import BoardStrategy, play_alike
from search.variants import BLOCK, coefficients
from tests.catalogue import TINY, UNEVEN, game_of, small
from tests.compiling import compiled
from tests.naive.holdem import Twin, living, meeting

pytestmark = pytest.mark.kernels


def larger_turn():
    """Return a turn of twelve cards with suits that are alike: every hand meets many."""
    deck, full = Deck("QKA", "cdhs"), hole_hands()
    ranges = ["QQ,KK,AA:0.9,AK:0.63,AQ:0.81,KQ:0.57", "QQ:0.83,KK:0.61,AA,AK:0.7,AQ:0.93,KQ:0.77"]
    game = Spot(board="QcKdAhQd", ranges=ranges, pot=17, stack=23, bets="37%,a", raises="a").build()
    kept = np.isin(full, deck.cards()).all(axis=1)
    return replace(game, deck=deck, weights=tuple(weights[kept] for weights in game.weights))


def after(game, text):
    """Return the subgame after a first action, in the middle of the street; both ranges are what they are."""
    return subgame_of(game, game.child(game.root, game.action(game.root, text)), game.ranges)


TURN = larger_turn()
GAMES = {
    **TINY,
    "larger turn": TURN,
    "turn after a bet": after(TURN, "bet 6"),
    "before the flop after a raise": after(TINY["one-card flop"], "raise"),
    "two ranks": small([0, 1], suits="cdhs", ranks="KA"),
}
LARGEST_REGRET = 30.0  # that solves begin with


def first_decisions(game):
    """Return the states of all decisions of the first street."""
    bets = first_street(game).bets
    return [first_street(game).state_at(n, game.root.cards) for n in np.flatnonzero(bets.player >= 0).tolist()]


def differences(game, *answers):
    """Return how much two answers differ at most at each decision of the first street, hands of the player's range alone."""
    found = []
    for state in first_decisions(game):
        live = game.ranges[game.player(state)] > 0
        one, other = (answer.at(state)[:, live] for answer in answers)
        found.append(np.abs(one - other).max())
    return np.array(found)


def begun(game, row, dtype=np.float64, **more):
    """Return a solver of the whole game with regrets to begin with: after pure strategies regrets that are zero are decided by rounding."""
    solver, rng = BoardSolver(game, row, 1, dtype, **more), np.random.default_rng(5)
    for p in (0, 1):
        solver.regret[p][:] = LARGEST_REGRET * rng.random(solver.regret[p].shape)
        play_alike(solver.tree, p, solver.regret[p])
        solver.matching[p][:] = solver.regret[p]
    return solver


def begin(solver, whole, others=None, leaves=None):
    """Let a depth-limited solver, and the leaves that go on below it, begin with the regrets of a solver of the whole game."""
    for p in (0, 1):
        solver.regret[p][:] = solver.matching[p][:] = whole.regret[p][: len(solver.regret[p])]
    solvers = getattr(others or solver.leaves, "solvers", [])
    for leaf, below in zip(leaves or solver.leaf_states, solvers, strict=bool(solvers)):
        assert below.tree.cards == whole.tree.cards
        first = whole.game.locate(leaf).node
        for node, rows in below.tree.rows_of.items():
            p = int(below.game.bets.player[node])
            for board in below.tree.on_street(int(below.game.bets.round[node])):
                kept = whole.tree.tiled(p, board, whole.regret[p])[:, whole.tree.rows_of[first + node]]
                for stored in (below.regret[p], below.matching[p]):
                    below.tree.tiled(p, board, stored)[:, rows] = kept
    return solver


class GoingOn:
    """Leaves with a solver of what is below each: every question is one half of an iteration of it."""

    name = "going on"

    def __init__(self, game, form, dtype):
        self.game, self.form, self.dtype = game, form, dtype

    def enter(self, leaves):
        game = self.game
        self.solvers = [BoardSolver(subgame_of(game, leaf, game.ranges), self.form, 1, self.dtype) for leaf in leaves]
        self.asked = 0

    def cfvs(self, player, reach):
        block, t = divmod(self.asked // 2, BLOCK)
        self.asked += 1
        live, most = [np.flatnonzero(own) for own in self.game.ranges], [own.max() for own in self.game.ranges]
        found = np.zeros(reach[player].shape)
        for leaf, solver in enumerate(self.solvers):
            sweeps = solver._sweeps
            for p in (0, 1):
                sweeps.reach[p][: len(live[p]), 0] = reach[p][leaf][live[p]] / most[p]
            sweeps.update(solver._rows(solver.matching), coefficients(self.form, block), t, t + 1, only=player)
            found[leaf, live[player]] = most[1 - player] * sweeps.cfv[player][: len(live[player]), 0]
        return found


@compiled
@pytest.mark.parametrize("form", ["default_holdem", "default", "cfr"])
@pytest.mark.parametrize("name", GAMES)
def test_a_solve_to_leaves_that_go_on_is_a_solve_to_the_end(name, form):
    game, row = GAMES[name], variant(form)
    whole = begun(game, row)
    solver = begin(BoardDepthLimitedSolver(game, row, GoingOn(game, row, np.float64), np.float64), whole)
    for iterations in (1, 30):
        whole.run(iterations)
        solver.run(iterations)
        assert max(differences(game, whole.answer(), solver.answer())) < 1e-9


@compiled
@pytest.mark.parametrize("name", ["no suits alike", "larger turn"])
def test_in_single_precision_it_is_the_same_up_to_rounding(name):
    game, row = GAMES[name], variant("default_holdem")
    whole = begun(game, row, np.float32)
    solver = begin(BoardDepthLimitedSolver(game, row, GoingOn(game, row, np.float32)), whole)
    whole.run(30)
    solver.run(30)
    assert max(differences(game, whole.answer(), solver.answer())) < 1e-5


@compiled
@pytest.mark.parametrize("kind", ["resolve", "maxmargin"])
def test_a_gadget_above_leaves_that_go_on_is_one_above_the_whole(kind):
    game, row = TURN, variant("default_holdem")
    gadget = RootGadget(kind, 1, np.random.default_rng(1).normal(size=len(game.hands)))
    whole = begun(game, row, gadget=gadget)
    solver = begin(BoardDepthLimitedSolver(game, row, GoingOn(game, row, np.float64), np.float64, gadget=gadget), whole)
    whole.run(20)
    solver.run(20)
    assert max(differences(game, whole.answer(), solver.answer())) < 1e-9


class Matrices:
    """Leaves worth what a matrix of their own says of each pair of hands; suits that the game leaves alike are alike."""

    name = "matrices"

    def __init__(self, game, seed=0):
        self.game, rng = game, np.random.default_rng(seed)
        hands = tuple(tuple(hand) for hand in game.hands.tolist())
        alive = living(hands, game.root.cards)
        group = symmetries([s for s in game.board if s], game.ranges, game.hands, game.deck)
        images = [hand_permutation(g, game.hands) for g in group]
        self.leaves = leaf_states(first_street(game))
        raw = 10 * rng.normal(size=(len(self.leaves), len(hands), len(hands)))
        mean = sum(raw[:, image][:, :, image] for image in images) / len(images)
        self.chips = mean * meeting(hands) * alive * alive[:, None]

    def enter(self, leaves):
        assert leaves == self.leaves

    def cfvs(self, player, reach):
        chips = self.chips if player == 0 else -self.chips.transpose(0, 2, 1)
        return np.einsum("bij,bj->bi", chips, reach[1 - player])


class TwinToLeaves(Twin):
    """The naive solver of the whole game, stopped where the first street ends."""

    def __init__(self, game, row, leaves):
        super().__init__(game, row)
        nodes = np.flatnonzero((self.bets.player == CHANCE) & (self.bets.round == 0)).tolist()
        self.leaves = dict(zip(nodes, leaves.chips, strict=True))

    def walk(self, node, cards, player, reach, own, visit):
        if node in self.leaves:
            chips = self.leaves[node] if player == 0 else -self.leaves[node].T
            return chips @ (reach * self.alive(cards))
        return super().walk(node, cards, player, reach, own, visit)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("form", ["default_holdem", "default"])
def test_answers_are_those_of_the_twin(name, form):
    game, row = GAMES[name], variant(form)
    leaves = Matrices(game)
    twin, solver = TwinToLeaves(game, row, leaves), BoardDepthLimitedSolver(game, row, leaves, np.float64)
    start = BoardStrategy(solver.game, solver.tree, begin(solver, begun(game, row)).regret)
    for state in first_decisions(game):
        twin.regret[game.locate(state).node, twin.start] = start.sums(*solver.game.locate(state))
    twin.matching = dict(twin.regret)
    for _ in range(6):
        twin.iterate()
    solver.run(6)
    for state in first_decisions(game):
        node, live = game.locate(state).node, game.ranges[game.player(state)] > 0
        expected = twin.strategy(node, twin.start, twin.average)
        np.testing.assert_allclose(solver.answer().at(state)[:, live], expected[:, live], atol=1e-9)


def test_leaves_are_the_states_before_the_card_in_the_order_of_the_bets():
    game = TINY["one-card flop"]
    states = leaf_states(first_street(game))
    assert all(game.player(state) == CHANCE and game.round(state) == 0 for state in states)
    whole = np.flatnonzero((game.bets.player == CHANCE) & (game.bets.round == 0)).tolist()
    assert [game.locate(state).node for state in states] == whole
    assert not any(game.settled(state) for state in states)
    game = TINY["different hands"]
    settled = [game.settled(state) for state in leaf_states(first_street(game))]
    assert any(settled)
    assert not all(settled)


def test_the_tree_of_bets_ends_with_the_first_street_and_the_rules_go_on():
    game = TINY["one-card flop and turn"]
    cut = first_street(game)
    assert len(cut.bets.player) == int((game.bets.round == 0).sum())
    assert cut.bets.labels == tuple(game.bets.labels[n] for n in np.flatnonzero(game.bets.round == 0))
    assert cut != game
    assert cut.max_payoff == game.betting.stack
    leaf = leaf_states(cut)[0]
    assert cut.player(cut.chance(leaf, (0, 30), 0.5)) >= 0
    assert subgame_of(cut, leaf, game.ranges) == subgame_of(game, leaf, game.ranges)


@pytest.mark.parametrize("name", ["ms3f1t1r1h5", "flop_holdem", "flop spot", "turn spot"])
def test_a_first_street_is_one_board_whose_size_is_told_before(name):
    game = first_street(game_of(name))
    tree, size = board_tree(game), game_size(game)
    assert len(tree.boards) == size.boards == 1
    assert tree.stored_rows == size.rows
    assert tree.memory_bytes() <= size.tree_bytes + sum(a.nbytes for forest in tree.forests for a in forest)
    solver = BoardSolver(game, variant("default_holdem"))
    assert solver.memory_bytes() <= memory_needed(game, solver.variant)[1]


def test_bets_of_a_first_street_need_no_others():
    sizes = "33%,75%,150%,a"
    game = Spot(board="QcKdAh", ranges=["AA", "KK"], pot=20, stack=20, bets=sizes, raises=sizes).build()
    game = replace(game, betting=replace(game.betting, stack=1_000))
    with pytest.raises(ValueError, match="the betting tree must have at most 200,000 nodes"):
        game.bets  # noqa: B018
    assert len(first_street(game).bets.player) == 3_993
    with pytest.raises(ValueError, match="the betting tree must have at most 50 nodes, got"):
        betting_tree(game.betting, max_nodes=50, streets=1)


def test_the_last_street_has_no_leaves():
    game = TINY["one-card flop"]
    river = subgame_of(game, game.chance(leaf_states(first_street(game))[0], (0, 30), 0.5), game.ranges)
    with pytest.raises(ValueError, match="game must have a public card to come, got the last street of"):
        first_street(river)


class Recorded(Matrices):
    """Keeps what was asked and answered."""

    def enter(self, leaves):
        super().enter(leaves)
        self.kept = []

    def cfvs(self, player, reach):
        found = super().cfvs(player, reach)
        self.kept.append((player, reach[1 - player].copy(), found))
        return found


@pytest.mark.parametrize("name", ["one-card flop", "larger turn", "different hands"])
def test_values_are_means_over_iterations_by_the_weights_of_the_average(name):
    game, row = GAMES[name], variant("default_holdem")
    leaves = Recorded(game)
    solver = BoardDepthLimitedSolver(game, row, leaves, np.float64)
    hands, roots = tuple(map(tuple, game.hands.tolist())), []
    for _ in range(5):
        solver.run(1)
        roots.append([cfv[:, 0].copy() for cfv in solver._sweeps.cfv])
    meet = meeting(hands) * living(hands, game.root.cards) * living(hands, game.root.cards)[:, None]
    for p, values in enumerate(solver.leaf_values()):
        mine = [(other, found) for player, other, found in leaves.kept if player == p]
        weights = [((t + 1) / 5) ** row.gamma for t in range(5)]
        cfvs, met = (sum(w * x for w, x in zip(weights, xs, strict=True)) for xs in ([f for _, f in mine], [o @ meet for o, _ in mine]))
        np.testing.assert_allclose(values, np.where(met > 1e-9, cfvs / np.where(met > 1e-9, met, 1), 0), atol=1e-9)
    for p, values in enumerate(solver.values()):
        live, met = np.flatnonzero(game.ranges[p]), meet @ game.ranges[1 - p]
        mean = sum(w * cfv[p] for w, cfv in zip(weights, roots, strict=True)) / sum(weights) * game.ranges[1 - p].max()
        expected = np.zeros(len(hands))
        expected[live] = mean[: len(live)] / met[live]
        np.testing.assert_allclose(values, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["one-card flop", "turn"])
def test_the_ranges_at_leaves_are_those_of_the_answer(name):
    game = TINY[name]
    solver = BoardDepthLimitedSolver(game, variant("default_holdem"), Matrices(game), np.float64)
    solver.run(7)
    ranges, answer = solver.leaf_ranges(), solver.answer()
    for leaf, state in enumerate(solver.leaf_states):
        for p, reach in enumerate(answer.reach(answer.game.locate(state).node)):
            np.testing.assert_allclose(ranges[p][leaf], reach, atol=1e-12)


class ByTwin:
    """Leaves worth what a strategy of the whole game makes of them, walked hand by hand and board by board."""

    name = "by the twin"

    def __init__(self, strategy):
        twin = Twin(strategy.game, variant("cfr"))
        twin.strategy = lambda node, cards, source: self.shares(node, cards)
        self.shares, self.twin, self.game, self.now = lru_cache(None)(strategy.at_node), twin, strategy.game, {}
        twin.now = {}

    def enter(self, leaves):
        self.leaves = [self.game.locate(leaf) for leaf in leaves]

    def cfvs(self, player, reach):
        def value(node, cards, values, own):
            return (self.shares(node, cards) * values).sum(axis=0)

        return np.array([
            self.twin.walk(node, cards, player, other, np.ones(len(other)), value)
            for (node, cards), other in zip(self.leaves, reach[1 - player], strict=True)
        ])  # fmt: skip


def some_strategy(game):
    """Return a solver whose average strategy does everything, unevenly."""
    solver = BoardSolver(game, variant("default_holdem"), 1, np.float64)
    solver.run(3)
    for average in solver.average:
        average += 0.3
    return solver


@pytest.mark.parametrize("name", ["one-card flop", "no suits alike", "different hands", "turn"])
def test_leaves_worth_a_strategys_continuation_give_the_values_of_the_strategy_in_the_whole_game(name):
    game = TINY[name]
    whole = some_strategy(game)
    solver = BoardDepthLimitedSolver(game, variant("default_holdem"), ByTwin(whole.answer()), np.float64)
    for p in (0, 1):
        solver.average[p][:] = whole.average[p][: len(solver.average[p])]
    for state in first_decisions(game):
        expected = whole.action_values(game.locate(state).node)
        np.testing.assert_allclose(solver.action_values(solver.game.locate(state).node), expected, atol=1e-9)


def test_nothing_is_worth_anything_to_hands_that_hold_the_board():
    game, row = TINY["turn"], variant("default_holdem")
    dead = living(tuple(map(tuple, game.hands.tolist())), game.root.cards) == 0
    assert dead.any()

    class Absurd(Matrices):
        def cfvs(self, player, reach):
            assert not reach[0][:, dead].any()
            assert not reach[1][:, dead].any()
            return np.where(dead, 1e9, super().cfvs(player, reach))

    solvers = [BoardDepthLimitedSolver(game, row, leaves(game), np.float64) for leaves in (Matrices, Absurd)]
    for solver in solvers:
        solver.run(5)
    assert all(np.array_equal(a, b) for a, b in zip(solvers[0].average, solvers[1].average, strict=True))
    assert not any(values[:, dead].any() for values in solvers[1].leaf_values())
    assert not any(values[dead].any() for values in solvers[1].values())


def test_values_that_differ_between_suits_that_are_alike_count_as_their_mean():
    game, row = small([0, 1], ranges=UNEVEN), variant("default_holdem")
    images = [hand_permutation(g, game.hands) for g in symmetries([], game.ranges, game.hands, game.deck)]
    assert len(images) == 6

    class Fixed:
        name, mean = "fixed", False

        def enter(self, leaves):
            self.own = np.random.default_rng(4).normal(size=(2, len(leaves), len(game.hands)))

        def cfvs(self, player, reach):
            own = self.own[player]
            return sum(own[:, image] for image in images) / len(images) if self.mean else own

    class Mean(Fixed):
        mean = True

    answers = []
    for leaves in (Fixed(), Mean()):
        solver = BoardDepthLimitedSolver(game, row, leaves, np.float64)
        solver.run(8)
        answers.append(solver.answer())
    assert max(differences(game, *answers)) < 1e-9


def test_leaves_without_a_finite_value_are_refused():
    game = TINY["turn"]

    class Broken(Matrices):
        def cfvs(self, player, reach):
            return np.full(reach[player].shape, np.nan)

    with pytest.raises(ValueError, match="leaves must be worth finite cfvs"):
        BoardDepthLimitedSolver(game, variant("cfr"), Broken(game)).run(1)


def test_an_answer_can_be_solved_for_within_a_budget_and_tells_no_exploitability():
    game = TINY["turn"]
    solver = BoardDepthLimitedSolver(game, variant("default_holdem"), Matrices(game))
    solver.warm_up()
    assert solver.iterations == 0
    assert not any(average.any() for average in solver.average)
    assert solver.solve(Budget(iterations=12)).iterations == 12
    assert np.isnan(solver.exploitability())
    assert solver.memory_bytes() > 0
    assert solver.rows == sum(map(len, solver.average))
