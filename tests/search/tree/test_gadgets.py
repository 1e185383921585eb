import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import Budget, Deadline, Evaluator, Gadget, Solver, Subgame, cf_reach_at, full_ranges, gifts, uniform, variant
from search.beliefs import Beliefs
from search.kernels import GadgetArrays
from search.resolving import ResolveConfig, resolve
from search.tree.subgames import TreeSubgames
from tests.naive import best_response as naive_best_response
from tests.naive import cfr as naive_cfr
from tests.naive import gadget as naive
from tests.naive import sweep as naive_sweep
from tests.naive.gadget import PICK, gadget_game, gadget_infostate, margin_game
from tests.naive.histories import random_policy, subgame
from tests.naive.synthetic import random_game
from tests.naive.tables import random_range, random_strategy, to_policy, to_strategy


@pytest.mark.parametrize("opponent", [-1, 2])
def test_an_opponent_who_does_not_play_is_refused(opponent):
    with pytest.raises(ValueError, match=f"opponent must be 0 or 1, got {opponent}"):
        Gadget("resolve", opponent, np.zeros(3))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_bounds_that_are_no_numbers_are_refused(value):
    with pytest.raises(ValueError, match="bounds must be finite, got"):
        Gadget("resolve", 0, np.array([0.0, value, 1.0]))


@pytest.mark.parametrize("shape", [(), (5,), (7,), (1, 6)])
def test_bounds_of_another_shape_are_refused(leduc, shape):
    with pytest.raises(ValueError, match="bounds must have 6 hands, got shape"):
        Subgame(leduc.tree, 2, full_ranges(leduc.tree), Gadget("resolve", 1, np.zeros(shape)))


@pytest.mark.parametrize("kind", ["unsafe", "magic"])
def test_other_kinds_are_refused(kind):
    with pytest.raises(ValueError, match=f"kind must be one of resolve, maxmargin, reach_maxmargin, refined, combined, got '{kind}'"):
        Gadget(kind, 0, np.zeros(3))


def test_the_combined_gadget_needs_a_range_that_is_a_reach(leduc):
    ones = np.ones(6)
    for model, rule in ((np.zeros(6), "must not be empty"), (1.5 * ones, "must be at most 1 for the combined gadget")):
        with pytest.raises(ValueError, match=f"range of player 1 {rule}"):
            Subgame(leduc.tree, 2, (ones, model), Gadget("combined", 1, np.zeros(6)))


def random_spot(number, sizes=(4, 3), ties=True, kind="resolve"):
    """Return a random game, a random node of it, an own range, who the opponent is, and bounds near what the subgame pays."""
    game = random_game(number, sizes, 30, ties)
    rng = np.random.default_rng(number + 1)
    node = int(rng.choice(np.flatnonzero(game.tree.player >= 0)))
    opponent = int(rng.integers(2))
    own_range = random_range(rng, sizes[1 - opponent])
    evaluator = Evaluator(game.tree)
    near = evaluator.best_response_cfvs(random_strategy(game.tree, rng, node), opponent, own_range)
    bounds = near + rng.normal(size=len(near)) * np.abs(near).max() * 0.3 * (near != 0)
    ranges = [np.minimum(random_range(rng, n), 1.0) if kind in ("refined", "combined") else np.zeros(n) for n in sizes]
    ranges[1 - opponent] = own_range
    return game, Subgame(game.tree, node, (ranges[0], ranges[1]), Gadget(kind, opponent, bounds))


def explicit(case, spot):
    opponent = spot.gadget.opponent
    game = (case.root, case.strings, case.tree, spot.node, spot.ranges[1 - opponent], opponent, spot.gadget.bounds)
    if spot.gadget.kind == "maxmargin":
        return margin_game(*game)
    if spot.gadget.kind == "resolve":
        return gadget_game(*game)
    nobody = np.zeros(len(spot.gadget.bounds))
    return gadget_game(*game, naive_sweep.entering("refined", nobody, spot.cf_reach(), spot.ranges[opponent]))


def whole_policy(solver, strings):
    """Return the answer as a policy of the explicit gadget game: the choice above the root included."""
    policy = to_policy(solver.answer(), strings)
    choice = solver.choice()
    for h, enter in enumerate(choice):
        policy[gadget_infostate(h)] = np.array([enter, 1 - enter])
    policy[PICK] = choice[solver.subgame.cf_reach() > 0]
    return policy


@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin"])
@given(number=st.integers(0, 10**6))
@settings(max_examples=25)
def test_exploitability_is_that_of_the_explicit_gadget_game(kind, number):
    game, spot = random_spot(number, kind=kind)
    if not spot.cf_reach().any():
        return  # no hand that the opponent could hold: no game
    solver = Solver(game.tree, variant("cfr_plus"))
    solver.start(spot)
    for count in (1, 6):
        solver.run(count)
        expected = naive_best_response.exploitability(explicit(game, spot), whole_policy(solver, game.strings))
        assert solver.exploitability() == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("kind", ["resolve", "maxmargin"])  # refined's explicit game has no perfect recall: hands forget if they were asked
@pytest.mark.parametrize("name", ["cfr", "cfr_plus", "dcfr", "pcfr_plus"])
@given(number=st.integers(0, 10**6))
@settings(max_examples=12)
def test_solving_is_cfr_on_the_explicit_gadget_game(name, kind, number):
    """The opponent's range follows from the choice, iteration by iteration, as in a game with that choice at its top."""
    game, spot = random_spot(number, ties=False, kind=kind)
    if not spot.cf_reach().any():
        return
    solver = Solver(game.tree, variant(name))
    solver.start(spot)
    solver.run(4)
    found = whole_policy(solver, game.strings)
    for infostate, expected in naive_cfr.cfr(explicit(game, spot), name, (4,))[0].items():
        np.testing.assert_allclose(found[infostate], expected, atol=1e-7, err_msg=infostate)


@given(number=st.integers(0, 10**6))
@settings(max_examples=20)
def test_the_combined_gadgets_exploitability_is_that_of_the_subgame_at_the_average_choices_reach(number):
    game, spot = random_spot(number, kind="combined")
    solver = Solver(game.tree, variant("cfr_plus"))
    solver.start(spot)
    for count in (1, 6):
        solver.run(count)
        opponent = spot.gadget.opponent
        ranges = list(spot.ranges)
        ranges[opponent] = naive_sweep.entering("combined", solver.choice(), spot.cf_reach(), spot.ranges[opponent])
        dealt = subgame(game.root, game.strings, game.tree, spot.node, ranges)
        expected = naive_best_response.exploitability(dealt, to_policy(solver.answer(), game.strings))
        assert solver.exploitability() == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin"])
@pytest.mark.parametrize("opponent", [0, 1])
def test_leducs_gadget_games_are_those_of_the_twin(leduc, opponent, kind):
    """At the first node of round 2, after 30 iterations."""
    policy = random_policy(leduc.root, np.random.default_rng(3))
    blueprint = to_strategy(leduc.tree, leduc.strings, policy)
    node = int(np.flatnonzero((leduc.tree.round == 1) & (leduc.tree.player >= 0))[0])
    ranges, solver = blueprint.ranges(node, full_ranges(leduc.tree)), Solver(leduc.tree, variant("default"))
    bounds = solver.evaluator.best_response_cfvs(blueprint.below(node), opponent, ranges[1 - opponent])
    spot = Subgame(leduc.tree, node, ranges, Gadget(kind, opponent, bounds))
    solver.start(spot)
    for count in (1, 29):
        solver.run(count)
        expected = naive_best_response.exploitability(explicit(leduc, spot), whole_policy(solver, leduc.strings))
        assert solver.exploitability() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin"])
@given(number=st.integers(0, 10**6))
@settings(max_examples=20)
def test_a_gadget_game_is_solved(kind, number):
    game, spot = random_spot(number, kind=kind)
    solver = Solver(game.tree, variant("default"))
    solver.start(spot)
    uniform = solver.exploitability()
    solver.run(2000)
    assert -1e-12 <= solver.exploitability() <= max(1e-3 * uniform, 1e-12)


@given(number=st.integers(0, 10**6), far=st.sampled_from([-1e3, 1e3]))
@settings(max_examples=10)
def test_the_choice_follows_the_bounds(number, far):
    """A bound that no subgame can match is always taken, one that is worth nothing never."""
    game, spot = random_spot(number)
    opponent = spot.gadget.opponent
    solver = Solver(game.tree, variant("cfr_plus"))
    solver.start(Subgame(game.tree, spot.node, spot.ranges, Gadget("resolve", opponent, np.full(len(spot.gadget.bounds), far))))
    solver.run(300)
    follow = GadgetArrays(*solver.gadget.arrays).choice[: len(spot.gadget.bounds), 0]
    np.testing.assert_allclose(follow[spot.cf_reach() > 0], 0.0 if far > 0 else 1.0, atol=1e-12)


def test_the_opponents_range_is_not_used(leduc):
    """As ``Subgame`` says: the gadget deals the opponent's hands as if the opponent had played to reach the root."""
    blueprint = random_strategy(leduc.tree, np.random.default_rng(3))
    node = int(np.flatnonzero((leduc.tree.round == 1) & (leduc.tree.player >= 0))[40])
    ranges, solver = blueprint.ranges(node, full_ranges(leduc.tree)), Solver(leduc.tree, variant("default"))
    gadget = Gadget("resolve", 1, solver.evaluator.best_response_cfvs(blueprint.below(node), 1, ranges[0]))
    answers = []
    for theirs in (ranges[1], np.zeros(6), np.arange(6.0)):
        solver.start(Subgame(leduc.tree, node, (ranges[0], theirs), gadget))
        answers.append((solver.solve(Budget(iterations=20, exploitability=0.0)), solver.exploitability()))
    for answer, exploitability in answers[1:]:
        assert exploitability == answers[0][1]
        for x, y in zip(answer.strategy.tables, answers[0][0].strategy.tables, strict=True):
            np.testing.assert_array_equal(x, y)


@given(number=st.integers(0, 10**6))
def test_safe_bounds_are_what_the_opponent_can_get_at_best(number):
    """Hand by hand, against the twin: the game after the root in which only that hand is dealt."""
    game, spot = random_spot(number)
    opponent, own = spot.gadget.opponent, spot.ranges[1 - spot.gadget.opponent]
    strategy = random_strategy(game.tree, np.random.default_rng(number), spot.node)
    policy = to_policy(strategy, game.strings)
    found = Evaluator(game.tree).best_response_cfvs(strategy, opponent, own)
    for h in range(len(found)):
        # Terminating costs more than anything: the best response to the gadget game follows with this hand alone.
        refuse = np.where(np.arange(len(found)) == h, -1e6, 0.0)
        root = gadget_game(game.root, game.strings, game.tree, spot.node, own, opponent, refuse)
        only = [c for c in root.children if c.infostate == gadget_infostate(h)]
        if not only:
            assert found[h] == 0.0
            continue
        root.weights = [w * (c.infostate == gadget_infostate(h)) for w, c in zip(root.weights, root.children, strict=True)]
        if sum(root.weights) > 0:
            assert found[h] == pytest.approx(naive_best_response.best_response_value(root, policy, opponent), abs=1e-11)
        else:
            assert found[h] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("best", [True, False])
@given(number=st.integers(0, 10**6))
def test_gifts_are_those_of_the_twin(best, number):
    game = random_game(number, (4, 3), 30)
    rng = np.random.default_rng(number)
    tree, opponent = game.tree, int(rng.integers(2))
    node = int(rng.choice(np.flatnonzero(tree.player >= 0)))
    above = int(rng.choice(tree.path(node)))
    own = random_range(rng, 4 if opponent == 1 else 3)
    strategy = random_strategy(tree, rng, above)
    policy = to_policy(strategy, game.strings)
    found = gifts(Evaluator(tree), strategy, opponent, own, node, best)
    expected = naive.gifts(game.root, game.strings, tree, above, node, own, opponent, policy, best)
    np.testing.assert_allclose(found, expected, atol=1e-11)


def test_a_search_raises_its_bounds_by_gifts_times_mass_and_writes_nothing_over(leduc):
    node, rng = 2, np.random.default_rng(4)
    strategy, subgames = (
        random_strategy(leduc.tree, np.random.default_rng(3), node),
        TreeSubgames(Solver(leduc.tree, variant("default")), uniform(leduc.tree)),
    )
    own, theirs, gift = rng.random((6, 1)) + 0.1, rng.random((6, 1)) + 0.1, rng.random((6, 1))
    kept = own.copy(), theirs.copy(), gift.copy()

    def bounds(gadget, of="safe"):
        config, clock = ResolveConfig(gadget, of, judge=False), Deadline(None)
        resolve(subgames, node, Beliefs(node, (own, theirs), gift), strategy, 0, config, Budget(iterations=1), clock)
        found = subgames.solver.subgame.gadget
        return None if found is None else found.bounds

    evaluator, scaled = subgames.solver.evaluator, own[:, 0] / own.max()
    safe = evaluator.best_response_cfvs(strategy, 1, scaled)
    for gadget in ("maxmargin", "resolve"):
        np.testing.assert_array_equal(bounds(gadget), safe)
    np.testing.assert_allclose(bounds("reach_maxmargin") - safe, gift[:, 0] * cf_reach_at(leduc.tree, node, 1, scaled))
    np.testing.assert_array_equal(bounds("resolve", "estimate"), evaluator.cfvs(strategy, 1, scaled))
    assert bounds("unsafe") is None
    np.testing.assert_array_equal((own, theirs, gift), kept)
