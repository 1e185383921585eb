"""Solving from any public node: what is promised of it, and what is not."""

import numpy as np
import pytest

from search import (
    Budget,
    Evaluator,
    Gadget,
    Solver,
    Subgame,
    check_strategy,
    full_ranges,
    gifts,
    variant,
    whole_game,
)
from tests.catalogue import case_of
from tests.naive import best_response as naive_best_response
from tests.naive.histories import subgame
from tests.naive.tables import random_strategy, replace, to_policy
from tests.searching import safe_gadget

SUITS = "leduc_poker(suit_isomorphism=true)"


def round_two(tree):
    """Return the first public nodes after the board card: disjoint subgames that make up all of round 2."""
    return [i for i in range(1, tree.num_nodes) if tree.round[i] == 1 and tree.round[tree.parent[i]] == 0]


def solved(tree, iterations):
    solver = Solver(tree, variant("default"))
    solver.run(iterations)
    return solver.answer()


def blueprints(tree):
    """Return strategies from exact to bad: a safe re-solve must not make any of them worse."""
    poor = Solver(tree, variant("cfr"))
    poor.run(20)
    return {
        "exact": solved(tree, 20_000),
        "poor": poor.answer(),
        "random": random_strategy(tree, np.random.default_rng(21)),
        "random with gaps": random_strategy(tree, np.random.default_rng(22), zeros=0.4),
    }


@pytest.fixture(scope="session")
def leduc_blueprints(leduc):
    return blueprints(leduc.tree)


SAFE = ("resolve", "maxmargin", "reach_maxmargin")


def resolve(solver, blueprint, node, opponent, iterations, kind="resolve"):
    """Return (the re-solved strategy, the gadget game's own exploitability)."""
    full = full_ranges(solver.tree)
    ranges = blueprint.ranges(node, full)
    if not (ranges[1 - opponent] > 0).any():
        return None
    gift = gifts(solver.evaluator, blueprint, opponent, full[1 - opponent], node)
    gadget = safe_gadget(kind, solver.evaluator, blueprint.below(node), opponent, ranges[1 - opponent], gift)
    solver.start(Subgame(solver.tree, node, ranges, gadget))
    solver.run(iterations)
    return solver.answer(), solver.exploitability()


@pytest.mark.parametrize("name", ["exact", "poor", "random", "random with gaps"])
@pytest.mark.parametrize("iterations", [3, 200])
@pytest.mark.parametrize("kind", SAFE)
def test_safe_resolving_of_one_subgame_never_hurts(leduc, leduc_blueprints, name, iterations, kind):
    """Every round-2 subgame, for either player: blueprint + the gadget game's own exploitability bounds what comes out.

    Burch, Johanson & Bowling 2014, theorem 1, with the blueprint's best-response values as bounds; Brown & Sandholm 2017, arXiv
    1705.02955, theorem 1, for reach-maxmargin.
    """
    blueprint, evaluator, solver = leduc_blueprints[name], Evaluator(leduc.tree), Solver(leduc.tree, variant("default"))
    before, done = evaluator.exploitability(blueprint), 0
    for node in round_two(leduc.tree):
        for player in (0, 1):
            found = resolve(solver, blueprint, node, 1 - player, iterations, kind)
            if found is None:
                continue
            glued = replace(blueprint, found[0], (player,))
            assert evaluator.exploitability(glued) <= before + found[1] + 1e-12, (leduc.tree.text(node), player)
            done += 1
    assert done == 60 or name == "random with gaps"
    assert done > 20


@pytest.mark.parametrize("name", ["exact", "poor", "random", "random with gaps"])
@pytest.mark.parametrize("kind", SAFE)
def test_safe_resolving_of_the_whole_round_never_hurts(leduc, leduc_blueprints, name, kind):
    """All of round 2 at once, both players: the errors of disjoint subgames add up, and gifts are shared among them."""
    blueprint, evaluator, solver = leduc_blueprints[name], Evaluator(leduc.tree), Solver(leduc.tree, variant("default"))
    glued, errors = blueprint, 0.0
    for node in round_two(leduc.tree):
        for player in (0, 1):
            found = resolve(solver, blueprint, node, 1 - player, 500, kind)
            if found is not None:
                glued, errors = replace(glued, found[0], (player,)), errors + found[1]
    before, after = evaluator.exploitability(blueprint), evaluator.exploitability(glued)
    assert after <= before + errors + 1e-12
    if name != "exact":
        assert after < 0.95 * before  # and it helps


def test_an_exact_blueprint_stays_exact(leduc, leduc_blueprints):
    blueprint, evaluator, solver = leduc_blueprints["exact"], Evaluator(leduc.tree), Solver(leduc.tree, variant("default"))
    before = evaluator.exploitability(blueprint)
    assert before < 1e-6
    glued, errors = blueprint, 0.0
    for node in round_two(leduc.tree):
        for player in (0, 1):
            found = resolve(solver, blueprint, node, 1 - player, 5000)
            if found is not None:
                glued, errors = replace(glued, found[0], (player,)), errors + found[1]
    assert errors < 1e-4
    assert evaluator.exploitability(glued) <= before + errors


def unsafe(solver, blueprint, node, iterations=2000):
    ranges = blueprint.ranges(node, full_ranges(solver.tree))
    solver.start(Subgame(solver.tree, node, ranges))
    solver.run(iterations)
    return solver.answer()


def test_unsafe_solving_can_hurt(leduc, leduc_blueprints):
    """A warning to keep: each round-2 subgame is solved to a thousandth, and together they are many times worse than what they replace.

    The trunk is exact, and so are the ranges. With the gadget nothing is lost.
    """
    blueprint, evaluator, solver = leduc_blueprints["exact"], Evaluator(leduc.tree), Solver(leduc.tree, variant("default"))
    bad, good = blueprint, blueprint
    for node in round_two(leduc.tree):
        bad = replace(bad, unsafe(solver, blueprint, node))
        assert solver.exploitability() < 1e-3
        for player in (0, 1):
            good = replace(good, resolve(solver, blueprint, node, 1 - player, 2000)[0], (player,))
    assert evaluator.exploitability(bad) > 0.05
    assert evaluator.exploitability(good) < 1e-3


def test_unsafe_solving_of_the_first_decision_is_solving_the_game(leduc):
    """From the root with full ranges nothing is above: unsafe solving is exact."""
    solver = Solver(leduc.tree, variant("default"))
    solver.start(Subgame(leduc.tree, 0, full_ranges(leduc.tree)))
    solver.run(500)
    expected = Solver(leduc.tree, variant("default"))
    expected.start(whole_game(leduc.tree))
    expected.run(500)
    assert solver.exploitability() == expected.exploitability() == Evaluator(leduc.tree).exploitability(solver.answer())


@pytest.mark.parametrize("game", [SUITS, "liars_dice(numdice=2,dice_sides=2)", "kuhn_poker"])
@pytest.mark.parametrize("kind", SAFE)
def test_safe_resolving_from_every_public_node(game, kind):
    """Not only at chance: every decision of either player, for both players, in games with other hands than Leduc's."""
    tree = case_of(game).tree
    evaluator, solver = Evaluator(tree), Solver(tree, variant("default"))
    blueprint = random_strategy(tree, np.random.default_rng(5))
    before = evaluator.exploitability(blueprint)
    step = max(1, tree.num_nodes // 60)
    for node in np.flatnonzero(tree.player >= 0)[::step]:
        for player in (0, 1):
            answer, error = resolve(solver, blueprint, int(node), 1 - player, 50, kind)
            check_strategy(answer)
            assert evaluator.exploitability(replace(blueprint, answer, (player,))) <= before + error + 1e-12


@pytest.mark.parametrize("variant_name", ["default", "cfr"])
def test_unsafe_exploitability_is_that_of_the_subgame_as_a_game(case, variant_name):
    """Against the twin on the subgame's histories, chance dealing what the ranges say."""
    rng = np.random.default_rng(9)
    blueprint = random_strategy(case.tree, rng)
    solver = Solver(case.tree, variant(variant_name))
    for node in map(int, rng.choice(np.flatnonzero(case.tree.player >= 0), size=4)):
        ranges = blueprint.ranges(node, full_ranges(case.tree))
        solver.start(Subgame(case.tree, node, ranges))
        solver.run(12)
        root = subgame(case.root, case.strings, case.tree, node, ranges)
        expected = naive_best_response.exploitability(root, to_policy(solver.answer(), case.strings))
        assert solver.exploitability() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("kind", "opponent"), [(None, None), ("resolve", 0), ("maxmargin", 1), ("combined", 0)])
def test_a_used_solver_answers_like_a_fresh_one(case, kind, opponent):
    """Nothing of one solve is left in the next, whatever came before: other nodes, gadgets, warm starts."""
    rng = np.random.default_rng(31)
    used = Solver(case.tree, variant("default"))
    blueprint = random_strategy(case.tree, rng, zeros=0.2)
    for node in map(int, rng.choice(np.flatnonzero(case.tree.player >= 0), size=6)):
        ranges = tuple(rng.random(case.tree.num_hands(p)) for p in (0, 1))
        gadget = None
        if opponent is not None:
            gadget = Gadget(kind, opponent, used.evaluator.best_response_cfvs(blueprint.below(node), opponent, ranges[1 - opponent]))
        fresh = Solver(case.tree, variant("default"))
        for solver in (used, fresh):
            solver.start(Subgame(case.tree, node, ranges, gadget))
            solver.run(15)
        assert used.exploitability() == fresh.exploitability()
        for x, y in zip(used.answer().tables, fresh.answer().tables, strict=True):
            np.testing.assert_array_equal(x, y)
        used.start(
            Subgame(case.tree, node, ranges, None if gadget else Gadget("maxmargin", 1, np.ones(case.tree.num_hands(1)))), blueprint, 30
        )
        used.run(3)  # leaves everything dirty


def test_inputs_are_not_changed(leduc):
    rng = np.random.default_rng(41)
    blueprint = random_strategy(leduc.tree, rng)
    node = round_two(leduc.tree)[3]
    ranges = blueprint.ranges(node, full_ranges(leduc.tree))
    solver = Solver(leduc.tree, variant("default"))
    bounds = solver.evaluator.best_response_cfvs(blueprint.below(node), 0, ranges[1])
    arrays = [*blueprint.tables, *ranges, bounds, leduc.tree.terminals[0].payoff, leduc.tree.terminals[1].payoff]
    before = [a.copy() for a in arrays]
    for kind in (*SAFE, "combined"):
        spot = Subgame(leduc.tree, node, ranges, Gadget(kind, 0, bounds))
        solver.start(spot, blueprint, 10)
        solver.solve(Budget(iterations=20, exploitability=0.0), trace=True)
        assert spot.gadget.bounds is bounds
    solver.start(Subgame(leduc.tree, node, ranges), blueprint)
    solver.run(10)
    for x, y in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, y)


def test_an_answer_covers_the_subgame_and_nothing_else(leduc):
    solver = Solver(leduc.tree, variant("default"))
    for node in (0, 2, round_two(leduc.tree)[0], int(np.flatnonzero(leduc.tree.player >= 0)[-1])):
        solver.start(Subgame(leduc.tree, node, full_ranges(leduc.tree)))
        for count in (0, 5):
            solver.run(count)
            answer = solver.answer()
            assert answer.span == leduc.tree.subgame(node)
            check_strategy(answer)


def test_a_subgame_without_decisions_is_solved(kuhn):
    leaf = int(np.flatnonzero(kuhn.tree.player < 0)[0])
    solver = Solver(kuhn.tree, variant("default"))
    solver.start(Subgame(kuhn.tree, leaf, full_ranges(kuhn.tree)))
    solution = solver.solve(Budget(iterations=3, exploitability=-0.0))
    assert solution.exploitability == pytest.approx(0.0, abs=1e-15)
    assert all(len(t) == 0 for t in solution.strategy.tables)


def test_a_tiny_range_is_solved_like_a_large_one(leduc):
    """Ranges are weights: a thousandth, or 1e-180, of them is the same game in other chips; 1e-313 must still give probabilities."""
    rng = np.random.default_rng(51)
    ranges = tuple(rng.random(6) for _ in (0, 1))
    node = round_two(leduc.tree)[1]
    solver, tables = Solver(leduc.tree, variant("dcfr")), []
    for scale in (1.0, 2.0**-10, 2.0**-600, 2.0**-1040):
        solver.start(Subgame(leduc.tree, node, (ranges[0] * scale, ranges[1])))
        solver.run(25)
        check_strategy(solver.answer())
        tables.append(solver.answer().tables)
    for scaled in tables[1:3]:
        for x, y in zip(tables[0], scaled, strict=True):
            np.testing.assert_array_equal(x, y)


BAD_RANGES = [
    (np.array([0.5, np.nan, 0.5, 0, 0, 0]), "range of player 1 must be finite and at least 0"),
    (np.array([0.5, np.inf, 0.5, 0, 0, 0]), "range of player 1 must be finite and at least 0"),
    (np.array([0.5, -0.1, 0.5, 0, 0, 0]), "range of player 1 must be finite and at least 0"),
    (np.zeros(6), "range of player 1 must not be empty at public node 'Call'"),
    (np.ones(5), r"range of player 1 must have 6 hands, got shape \(5,\)"),
    (np.ones(8), r"range of player 1 must have 6 hands, got shape \(8,\)"),
    (np.ones((1, 6)), r"range of player 1 must have 6 hands, got shape \(1, 6\)"),
]


@pytest.mark.parametrize(("range_", "message"), BAD_RANGES)
def test_bad_ranges_are_refused(leduc, range_, message):
    node = next(i for i in range(leduc.tree.num_nodes) if leduc.tree.text(i) == "Call")
    with pytest.raises(ValueError, match=message):
        Subgame(leduc.tree, node, (np.ones(6), range_))


def test_an_empty_own_range_is_refused_with_a_gadget_too(leduc):
    with pytest.raises(ValueError, match="range of player 0 must not be empty"):
        Subgame(leduc.tree, 2, (np.zeros(6), np.ones(6)), Gadget("resolve", 1, np.zeros(6)))


@pytest.mark.parametrize("node", [-1, 465])
def test_a_node_that_does_not_exist_is_refused(leduc, node):
    with pytest.raises(ValueError, match=f"got {node}"):
        Subgame(leduc.tree, node, full_ranges(leduc.tree))
