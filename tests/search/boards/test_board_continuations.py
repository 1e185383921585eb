"""Leaves of hold'em where players choose how they go on, beside choices made hand by hand on what the twin says of each continuation."""

from functools import lru_cache

import numpy as np
import pytest

from games.game import Kind
from games.public_tree import CHANCE
from search import variant
from search.boards.continuations import BoardContinuation, biased, leaf_matrices
from search.boards.depth_limit import BoardDepthLimitedSolver, first_street, leaf_states
from search.continuations import Bias, biases
from search.variants import coefficients
from tests.catalogue import TINY, UNEVEN, small
from tests.naive.choices import NaiveChoices
from tests.naive.holdem import Twin
from tests.search.boards.test_board_depth_limit import some_strategy

pytestmark = pytest.mark.kernels
GAMES = {name: TINY[name] for name in ("one-card flop", "different hands", "turn")} | {"two streets": small([0, 1, 1], ranges=UNEVEN)}
CHOOSERS = [(), (0,), (1,), (0, 1)]


@lru_cache(maxsize=4)
def continuations(name):
    """Return the blueprint and how it is biased."""
    blueprint = some_strategy(GAMES[name]).answer()
    return (blueprint, *(biased(blueprint, bias) for bias in biases(4)))


def evaluator_of(name, choosers):
    blueprint, *others = continuations(name)
    return BoardContinuation(blueprint, others=others, choosers=choosers)


def chooser_counts(choosers, count=4):
    return [count if p in choosers else 1 for p in (0, 1)]


def twin_cfvs(name, player, pair, leaf, other):
    """Return [H], what the twin says of a leaf where player 0 goes on with one continuation and player 1 with another."""
    game = GAMES[name]
    twin, owners = Twin(game, variant("cfr")), [continuations(name)[own] for own in pair]
    shares = lru_cache(None)(lambda node, cards: owners[int(game.bets.player[node])].at_node(node, cards))
    twin.strategy, twin.now = lambda node, cards, source: shares(node, cards), {}

    def value(node, cards, values, own):
        return (shares(node, cards) * values).sum(axis=0)

    return twin.walk(*game.locate(leaf), player, other, np.ones(len(other)), value)


def alive_range(game, rng):
    return rng.random(len(game.hands)) * ~np.isin(game.hands, game.root.cards).any(axis=1)


@pytest.mark.parametrize("name", GAMES)
def test_every_pair_of_continuations_has_the_twins_matrix(name):
    game, own, rng = GAMES[name], continuations(name), np.random.default_rng(0)
    leaves = leaf_states(first_street(game))
    chips = leaf_matrices(own, own, leaves)
    assert chips.shape == (4, 4, len(leaves), len(game.hands), len(game.hands))
    for pair in [(0, 0), (0, 3), (1, 0), (2, 3), (3, 1)]:
        other, k = alive_range(game, rng), int(rng.integers(len(leaves)))
        np.testing.assert_allclose(chips[pair][k] @ other, twin_cfvs(name, 0, pair, leaves[k], other), atol=1e-9)
        np.testing.assert_allclose(-other @ chips[pair][k], twin_cfvs(name, 1, pair, leaves[k], other), atol=1e-9)


@pytest.mark.parametrize("choosers", CHOOSERS)
def test_choices_are_those_made_hand_by_hand(choosers):
    name, rng = "one-card flop", np.random.default_rng(1)
    game, own = GAMES[name], continuations("one-card flop")
    leaves, evaluator = leaf_states(first_street(game))[:2], evaluator_of(name, choosers)
    first, second = (own[:count] for count in chooser_counts(choosers))
    twins = [NaiveChoices(leaf_matrices(first, second, [leaf])[:, :, 0].tolist()) for leaf in leaves]
    evaluator.enter(leaves)
    for _ in range(2):  # entered once more, all is forgotten
        for player in (0, 1, 0, 1, 1, 0):
            reach = tuple(np.array([alive_range(game, rng) for _ in leaves]) for _ in (0, 1))
            expected = [twin.cfvs(player, other.tolist()) for twin, other in zip(twins, reach[1 - player], strict=True)]
            np.testing.assert_allclose(evaluator.cfvs(player, reach), expected, atol=1e-9)
        twins = [NaiveChoices(twin.chips) for twin in twins]
        evaluator.enter(leaves)


class ChoosingTwin(Twin):
    """The first street solved the long way; choices at the leaves are its players' decisions."""

    def __init__(self, name, form, choosers):
        super().__init__(GAMES[name], form)
        self.places = [self.game.locate(leaf).node for leaf in leaf_states(first_street(self.game))]
        first, second = (continuations(name)[:count] for count in chooser_counts(choosers))
        chips = leaf_matrices(first, second, leaf_states(first_street(self.game)))
        self.leaves = {node: NaiveChoices(chips[:, :, k].tolist()) for k, node in enumerate(self.places)}
        self.best = False

    def walk(self, node, cards, player, reach, own, visit):
        if int(self.bets.player[node]) != CHANCE:
            return super().walk(node, cards, player, reach, own, visit)
        leaf, other = self.leaves[node], reach.tolist()
        if self.best:
            return np.array([leaf.best(player, hand, other) for hand in range(len(self.hands))])
        return np.array(leaf.cfvs(player, other))


@pytest.mark.long
@pytest.mark.parametrize("choosers", [(1,), (0, 1)])
def test_a_solve_is_that_of_the_game_in_which_choices_are_decisions(choosers):
    name, row = "different hands", variant("cfr_plus")  # whose own regret matching is that of the choices
    game, twin = GAMES[name], ChoosingTwin(name, row, choosers)
    solver = BoardDepthLimitedSolver(game, row, evaluator_of(name, choosers), np.float64)
    for _ in range(6):
        twin.iterate()
    solver.run(6)
    answer, bets = solver.answer(), solver.game.bets
    for node in np.flatnonzero(bets.player >= 0).tolist():
        live = game.ranges[int(bets.player[node])] > 0
        state = solver.game.state_at(node, game.root.cards)
        expected = twin.strategy(*game.locate(state), twin.average)
        np.testing.assert_allclose(answer.at(state)[:, live], expected[:, live], atol=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("choosers", [(1,), (0, 1)])
def test_nobody_wins_from_a_long_solve_by_other_choices(choosers):
    name, row, lost = "different hands", variant("default"), []
    for iterations in (10, 100, 1000):
        evaluator = evaluator_of(name, choosers)
        solver = BoardDepthLimitedSolver(GAMES[name], row, evaluator, np.float64)
        sums, asked, ask = [0.0, 0.0], [0, 0], evaluator.cfvs

        def recorded(player, reach, evaluator=evaluator, sums=sums, asked=asked, ask=ask):
            sums[player] = sums[player] * coefficients(row)[asked[player], 2] + evaluator._choice.choices[player] * reach[player][None]
            asked[player] += 1
            return ask(player, reach)

        evaluator.cfvs = recorded
        solver.run(iterations)
        lost.append(exploitability(name, solver.answer(), sums, choosers))
    assert lost[0] > 5 * lost[1] > 25 * lost[2]
    assert 0 <= lost[2] < 1e-4 * GAMES[name].max_payoff


def exploitability(name, answer, sums, choosers):
    """Return what best responses win, choices included, from an answer and average choices [C, B, H] of both players."""
    twin = ChoosingTwin(name, variant("cfr"), choosers)
    twin.best = True
    for state in [answer.game.state_at(n, answer.game.root.cards) for n in np.flatnonzero(answer.game.bets.player >= 0).tolist()]:
        twin.average[twin.game.locate(state)] = answer.sums(*answer.game.locate(state))
    for k, node in enumerate(twin.places):
        twin.leaves[node].regrets = [sums[p][:, k].T.tolist() for p in (0, 1)]  # played in their proportions
    return twin.exploitability()


@pytest.mark.parametrize("bias", [Bias(Kind.FOLD, 10.0), Bias(Kind.PASS, 2.0), Bias(Kind.BET, 100.0)])
@pytest.mark.parametrize("name", ["one-card flop", "turn"])
def test_biased_strategies_are_weighed_action_by_action(name, bias):
    words = {Kind.FOLD: ("fold",), Kind.PASS: ("check", "call"), Kind.BET: ("bet", "raise", "all-in")}[bias.kind]
    game, strategy = GAMES[name], some_strategy(GAMES[name]).answer()
    strategy.average[0][::3] = 0.0  # never comes there with some hands
    found, seen = biased(strategy, bias), 0
    for node in np.flatnonzero(game.bets.player >= 0).tolist():
        cards = strategy.tree.cards[strategy.tree.on_street(int(game.bets.round[node]))[-1]]
        before, after = strategy.at_node(node, cards), found.at_node(node, cards)
        hands = ~np.isin(game.hands, cards).any(axis=1) & (game.ranges[int(game.bets.player[node])] > 0)
        weighed = np.array([
            bias.factor * shares if game.bets.labels[child].split()[0] in words else shares
            for child, shares in zip(game.bets.children(node), before, strict=True)
        ])  # fmt: skip
        expected = weighed / weighed.sum(axis=0)
        np.testing.assert_allclose(after[:, hands], expected[:, hands], atol=1e-12)
        seen += not np.allclose(before[:, hands], after[:, hands])
    assert seen


def test_what_cannot_be_is_refused():
    blueprint, *others = continuations("turn")
    with pytest.raises(ValueError, match=r"choosers must be players, 0 or 1, got \[2\]"):
        BoardContinuation(blueprint, others=others, choosers=(2,))
    leaves = leaf_states(first_street(GAMES["turn"]))
    other = some_strategy(GAMES["turn"]).answer()
    with pytest.raises(ValueError, match="continuations must be strategies of the same tree, got another one"):
        BoardContinuation(blueprint, others=[other], choosers=(1,)).enter(leaves)
    names = {BoardContinuation(blueprint, others=others, choosers=choosers).fingerprint() for choosers in CHOOSERS}
    assert len(names) == len(CHOOSERS)
