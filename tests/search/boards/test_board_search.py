"""Subgame search in hold'em: parts of a tree, the way to them, every gadget against its naive twin, and that safe search does not hurt."""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from games.holdem.subtree import entering, part_rows, street_lines, subtree
from games.kernels.boards import CHILD, HANDS, LINES, ROWS, STORE, STREET
from search import BoardSolver, BoardStrategy, Budget, Deadline, variant
from search.boards.path import Paths, Root
from search.boards.subgames import BoardSubgames
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import Trunk, above, board_weights, cf_reach_at, value_against
from search.gadgets import WITH_GIFTS
from search.kernels.streets import BEST
from search.outcome import Outcome
from search.resolving import ResolveConfig, resolve
from tests.catalogue import UNEVEN, small
from tests.compiling import compiled
from tests.naive.holdem import SubgameTwin, Twin
from tests.searching import searching, set_clock, sweep

pytestmark = pytest.mark.kernels
DCFR = variant("dcfr")


@lru_cache(maxsize=2)
def solved(iterations=3):
    """Return a small game with a flop and a turn, and a weak blueprint of it, float64."""
    game = small([0, 1, 1], ranges=UNEVEN)
    solver = BoardSolver(game, DCFR, 1, np.float64)
    solver.run(iterations)
    return solver


def blueprint(iterations=3):
    solver = solved(iterations)
    return solver.game, solver.tree, (solver.average[0], solver.average[1])


def any_blueprint():
    """Return the game with a strategy that does everything: where somebody never comes, regrets that should be zero are rounding's."""
    game, tree, arrays = blueprint()
    return game, tree, (arrays[0] + 0.3, arrays[1] + 0.3)


def uneven_blueprint():
    """Return the game with a strategy that does everything, and nothing as often as another thing; suits that are alike play alike.

    An even one is what solvers begin with: estimates of it are their first cfvs up to rounding, which then decides who enters.
    """
    game, tree, arrays = blueprint()
    generator, found = np.random.default_rng(8), [a.copy() for a in arrays]
    for p in (0, 1):
        table = tree.forests[p].table
        more = [0.1 + generator.random((int(t[ROWS] - t[LINES]), 1)) for t in table]
        for board in tree.boards:
            own = more[board[STREET]]
            rows = -(-int(board[HANDS + p]) // 8) * len(own)
            found[p][int(board[STORE + p]) : int(board[STORE + p]) + rows].reshape(-1, len(own), 8)[:] += own
    return game, tree, tuple(found)


def whole(game, tree, arrays):
    return BoardStrategy(game, tree, arrays)


def full(tree, game, player, board, values):
    """Return values of a board's hands as [hands of the deck, ...]."""
    found = np.zeros((len(game.hands), *values.shape[1:]))
    found[tree.hands_at(player, board)] = values
    return found


def test_a_part_is_taken_and_put_back():
    game, tree, arrays = blueprint()
    lines = street_lines(game, entering(game, 1)[1:3], np.float64)
    board = int(np.flatnonzero(tree.boards[:, STREET] == 1)[1])
    part = subtree(tree, lines, board)
    for p in (0, 1):
        rows = np.zeros((part.tree.stored_rows[p], 8))
        part.take(p, arrays[p], rows)
        assert rows.any()
        out = np.zeros_like(arrays[p])
        part.put(p, rows, out)
        changed = (out != 0).any(axis=1)
        np.testing.assert_array_equal(out[changed], arrays[p][changed])
        again = np.zeros_like(rows)
        part.take(p, out, again)
        np.testing.assert_array_equal(again, rows)


def test_all_of_it_is_a_part():
    game, tree, _ = blueprint()
    part = subtree(tree, street_lines(game, [0], np.float64), 0)
    np.testing.assert_array_equal(part.tree.boards, tree.boards)
    np.testing.assert_array_equal(part.tree.weight, tree.weight)


def test_a_board_of_another_street_is_refused():
    game, tree, _ = blueprint()
    with pytest.raises(ValueError, match="board must be one of street 1, got one of street 0"):
        subtree(tree, street_lines(game, entering(game, 1), np.float64), 0)


def path(game, node):
    """Return the betting nodes from the root to a node."""
    found = [node]
    while found[-1] > 0:
        found.append(int(game.bets.parent[found[-1]]))
    return found[::-1]


def test_reach_is_the_product_of_the_strategys_probabilities():
    game, tree, arrays = blueprint()
    strategy = whole(game, tree, arrays)
    seen = 0
    for arrival in Trunk(game, tree, arrays, 2).arrivals():
        for p in (0, 1):
            reach = full(tree, game, p, arrival.place, arrival.reach[p])
            for line, node in enumerate(entering(game, 2)):
                expected = game.ranges[p] * ~np.isin(game.hands, tree.cards[arrival.place]).any(axis=1)
                way = path(game, node)
                for here, after in pairwise(way):
                    if game.bets.player[here] == p:
                        action = children(game, here).index(after)
                        cards = tree.cards[arrival.place][: int(game.bets.round[here])]
                        expected = expected * strategy.at_node(here, cards)[action]
                np.testing.assert_allclose(reach[:, line], expected, rtol=1e-12, atol=1e-15)
                seen += 1
    assert seen > 20


def children(game, node):
    found, child = [], node + 1
    while child < game.bets.end[node]:
        found.append(child)
        child = int(game.bets.end[child])
    return found


def test_gifts_are_what_the_twin_says():
    """By hand: best-response values of the giver's actions at each of his decisions on the way, per cf_reach."""
    game, tree, arrays = blueprint()
    strategy, twin, giver = whole(game, tree, arrays), Twin(game, DCFR), 1
    twin.now = twin.average = Average(strategy)
    worth = {}

    def visit(node, cards, values, own):
        worth[node, cards] = values
        return values.max(axis=0)

    twin.walk(0, (), giver, game.ranges[0], game.ranges[1], visit)
    compared = 0
    for arrival in Trunk(game, tree, arrays, 2, giver).arrivals():
        cards = tree.cards[arrival.place]
        found = full(tree, game, giver, arrival.place, arrival.gifts)
        for line, node in enumerate(entering(game, 2)):
            own, expected = game.ranges[0], np.zeros(len(game.hands))
            way = path(game, node)
            for here, after in pairwise(way):
                there = cards[: int(game.bets.round[here])]
                if game.bets.player[here] < 0:
                    continue
                action = children(game, here).index(after)
                if game.bets.player[here] != giver:
                    own = own * strategy.at_node(here, there)[action]
                    continue
                alive = twin.alive(there)
                cf_reach = alive * (twin.meet @ (own * alive))
                values = worth[here, there]
                given = values.max(axis=0) - values[action]
                expected += np.where(cf_reach > 0, given / np.where(cf_reach > 0, cf_reach, 1), 0)
            hands = tree.hands_at(giver, arrival.place)
            np.testing.assert_allclose(found[hands, line], expected[hands], rtol=1e-9, atol=1e-12)
            compared += int((expected[hands] > 1e-6).sum())
    assert compared > 20


class Average(dict):
    """A strategy as the twin looks it up."""

    def __init__(self, strategy):
        super().__init__()
        self.strategy = strategy

    def get(self, key, default=None):
        return self.strategy.at_node(key[0], key[1])


def solve(searcher, board, beliefs, strategies, seat, search):
    """Search the subgames at one board without a clock."""
    clock = Deadline(None)
    return resolve(searcher, board, beliefs, strategies, seat, search.config, search.budget, clock, worth=search.worth)


def put(answer, out):
    """Write a part's answer to the whole tree's rows."""
    for p in (0, 1):
        answer.part.put(p, answer.average[p], out[p])


@pytest.mark.parametrize(
    ("gadget", "kind"), [*((g, "safe") for g in ("unsafe", "resolve", "maxmargin", "combined")), ("resolve", "estimate")]
)
@pytest.mark.parametrize(("street", "seat"), [(1, 0), (2, 1)])
def test_a_search_is_its_twins(gadget, kind, street, seat):
    game, tree, arrays = any_blueprint() if kind == "safe" else uneven_blueprint()
    board = int(np.flatnonzero(tree.boards[:, STREET] == street)[-1])
    lines = street_lines(game, entering(game, street), np.float64)
    arrival = next(a for a in Trunk(game, tree, arrays, street).arrivals() if a.place == int(tree.boards[board, 1]))
    out = (arrays[0].copy(), arrays[1].copy())
    searcher = BoardSubgames(game, tree, lines, DCFR)
    search = searching(street, gadget, kind, Budget(iterations=5), judge=False)
    report, answer, _ = solve(searcher, board, arrival, arrays, seat, search)
    put(answer, out)
    assert report.solves == len(lines)
    assert report.iterations == [5] * len(lines)
    opponent, cards = 1 - seat, tree.cards[board]
    strategy, found = whole(game, tree, arrays), whole(game, tree, out)
    for line, node in enumerate(entering(game, street)[::2]):
        reach = [full(tree, game, p, board, arrival.reach[p][above(tree, p, board)][:, 2 * line]) for p in (0, 1)]
        reach = [r / r.max() for r in reach]
        model = reach[opponent]
        ask = SubgameTwin(game, DCFR, node, cards, reach, "unsafe", opponent)
        ask.now = Average(strategy)

        def value(n, c, values, own):
            return values.max(axis=0) if kind == "safe" else (strategy.at_node(n, c) * values).sum(axis=0)

        bounds = ask.walk(node, cards, opponent, reach[seat], reach[opponent], value)
        twin = SubgameTwin(game, DCFR, node, cards, reach, gadget, opponent, bounds, model)
        for _ in range(5):
            twin.iterate()
        compared = 0
        for (where, shown), average in twin.average.items():
            if game.bets.player[where] == seat:
                there = average.sum(axis=0) > 1e-9
                shares = (average / np.where(there, average.sum(axis=0), 1))[:, there]
                np.testing.assert_allclose(found.at_node(where, shown)[:, there], shares, rtol=1e-7, atol=1e-9)
                compared += 1
        assert compared > 0


def test_lines_side_by_side_are_lines_by_themselves():
    game, tree, arrays = blueprint()
    arrival = next(Trunk(game, tree, arrays, 1).arrivals())
    search = searching(1, "resolve", "safe", Budget(iterations=4))
    together, apart = ([a.copy() for a in arrays] for _ in range(2))
    nodes = entering(game, 1)
    for own, out in ([nodes], together), ([[node] for node in nodes], apart):
        for lines in own:
            columns = [nodes.index(node) for node in lines]
            own = arrival._replace(reach=(arrival.reach[0][:, columns], arrival.reach[1][:, columns]))
            searcher = BoardSubgames(game, tree, street_lines(game, lines, np.float64), DCFR)
            put(solve(searcher, 1, own, arrays, 0, search).answer, out)
    for p in (0, 1):
        np.testing.assert_allclose(together[p], apart[p], rtol=1e-12, atol=1e-15)


def test_searching_the_whole_game_is_solving_it():
    game, tree, arrays = blueprint()
    out, report = sweep(game, tree, arrays, 0, searching(0, "unsafe", "safe", Budget(iterations=7), warm_start="never"), DCFR)
    solver = BoardSolver(game, DCFR, 1, np.float64)
    solver.run(7)
    assert report.solves == 1
    for node in np.flatnonzero((game.bets.player >= 0) & (game.bets.round == 0)).tolist():
        np.testing.assert_allclose(whole(game, tree, out).at_node(node), solver.answer().at_node(node), rtol=1e-9, atol=1e-12)


def strength(game, tree, seats):
    sweeps = BoardSweeps(tree, 1, np.float64)
    return [value_against(game, sweeps, seats[p], 1 - p) for p in (0, 1)]


def test_best_responses_and_values_are_the_solvers():
    game, tree, arrays = blueprint()
    assert sum(strength(game, tree, [arrays, arrays])) / 2 == pytest.approx(solved().exploitability(), abs=1e-12)
    own = [value_against(game, BoardSweeps(tree, 1, np.float64), arrays, p, best=False) for p in (0, 1)]
    np.testing.assert_allclose(own, solved().values(), atol=1e-12)


@compiled
@pytest.mark.parametrize("street", [1, 2])
@pytest.mark.parametrize("gadget", ["resolve", "maxmargin", "reach_maxmargin", "refined"])
def test_safe_search_never_hurts(gadget, street):
    """Beyond what the report says that too few iterations left, whether answers are judged or not."""
    game, tree, arrays = blueprint()
    before = strength(game, tree, [arrays, arrays])
    for iterations, judge in ((1, True), (2, False), (2, True), (5, True), (20, False), (20, True), (500, False)):
        for seat in (0, 1):
            search = searching(street, gadget, "safe", Budget(iterations=iterations), judge)
            out, report = sweep(game, tree, arrays, seat, search, variant("default_holdem"))
            after = strength(game, tree, [out, out])[seat]
            assert after <= before[seat] + report.bound_violation + 1e-9
            if iterations == 500:
                assert after < before[seat]
                assert gadget in WITH_GIFTS or report.bound_violation < 0.02 * abs(before[seat])


@compiled
def test_streets_are_searched_one_after_the_other():
    """The turn is searched with the ranges and bounds of the flop's answer, and does not hurt it."""
    game, tree, arrays = blueprint()
    search = [searching(s, "resolve", "safe", Budget(iterations=300)) for s in (1, 2)]
    once, _ = sweep(game, tree, arrays, 0, search[0], variant("default_holdem"))
    twice, report = sweep(game, tree, once, 0, search[1], variant("default_holdem"))
    values = [strength(game, tree, [x, x])[0] for x in (arrays, once, twice)]
    assert values[1] < values[0]
    assert values[2] <= values[1] + report.bound_violation + 1e-9


@compiled
def test_threads_share_the_boards_and_change_nothing():
    game, tree, arrays = blueprint()
    search = searching(2, "maxmargin", "safe", Budget(iterations=20))
    one, *others = (sweep(game, tree, arrays, 1, search, DCFR, *n)[0] for n in ((1, 1), (2, 1), (1, 2)))
    for other in others:
        for p in (0, 1):
            np.testing.assert_array_equal(one[p], other[p])


@compiled
def test_a_budget_in_seconds_is_kept_and_one_too_short_keeps_the_blueprint(monkeypatch):
    """By a clock of CPU time, since others share the machine."""
    set_clock(monkeypatch, time.thread_time)
    game, tree, arrays = blueprint()
    search = searching(2, "resolve", "safe", Budget(seconds=0.02))
    _, report = sweep(game, tree, arrays, 0, search, DCFR)
    assert report.solves + report.fallbacks.total() == len(report.seconds)
    assert report.solves > 0.9 * len(report.seconds)
    assert np.median(report.seconds) < 0.03
    assert np.median(report.iterations) > 100
    assert report.loading > 0
    out, report = sweep(game, tree, arrays, 0, searching(2, "resolve", "safe", Budget(seconds=1e-6)), DCFR)
    assert report.solves == 0
    assert report.fallbacks[Outcome.NO_TIME] > 0
    np.testing.assert_array_equal(out[0], arrays[0])


@pytest.mark.parametrize("gadget", ["unsafe", "combined"])
def test_where_the_model_never_comes_the_blueprint_is_kept(gadget):
    game, tree, arrays = blueprint()
    board = int(np.flatnonzero(tree.boards[:, STREET] == 1)[0])
    arrival = next(Trunk(game, tree, arrays, 1).arrivals())
    reach = (arrival.reach[0], arrival.reach[1].copy())
    reach[1][:, 0] = 0.0
    out = (arrays[0].copy(), arrays[1].copy())
    searcher = BoardSubgames(game, tree, street_lines(game, entering(game, 1), np.float64), DCFR)
    search = searching(1, gadget, "safe", Budget(iterations=3), judge=False)
    report, answer, _ = solve(searcher, board, arrival._replace(reach=reach), arrays, 0, search)
    put(answer, out)
    assert report.fallbacks == {Outcome.UNREACHED: 1}
    first = entering(game, 1)[0]
    decision = next(n for n in range(first, int(game.bets.end[first])) if game.bets.player[n] == 0)
    old, new = (whole(game, tree, x).at_node(decision, tree.cards[board]) for x in (arrays, out))
    np.testing.assert_allclose(new, old)


def test_boards_chances_are_those_of_cards_outside_two_hands():
    _, tree, _ = blueprint()
    weights = board_weights(tree)
    for s in range(3):
        deals = weights[tree.boards[:, STREET] == s].sum()
        assert deals == pytest.approx([1, 9 / 5, 9 / 5 * 8 / 4][s])  # those that the two hands' own cards rule out are among them


def test_mass_is_what_a_hand_can_meet():
    game, tree, _ = blueprint()
    board = int(np.flatnonzero(tree.boards[:, STREET] == 2)[3])
    rng = np.random.default_rng(0)
    other = rng.random((int(tree.boards[board, HANDS + 1]), 2)) * (rng.random((int(tree.boards[board, HANDS + 1]), 2)) > 0.5)
    found = cf_reach_at(tree, 0, board, other)
    hands = [game.hands[tree.hands_at(p, board)] for p in (0, 1)]
    meets = np.array([[float(not set(a) & set(b)) for b in hands[1].tolist()] for a in hands[0].tolist()])
    np.testing.assert_allclose(found, meets @ other, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gadget": "magic"}, "gadget must be one of unsafe, resolve"),
        ({"bounds": "hope"}, "bounds must be one of safe, estimate"),
    ],
)
def test_a_wrong_search_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        ResolveConfig(**change)


def test_a_search_without_a_limit_is_refused():
    game, tree, arrays = blueprint()
    with pytest.raises(ValueError, match="budget must limit seconds, iterations or exploitability"):
        sweep(game, tree, arrays, 0, searching(1, "resolve", "safe", Budget()), DCFR)


@compiled
@pytest.mark.parametrize("gadget", ["unsafe", "combined"])
def test_an_answer_of_few_iterations_is_judged_whatever_the_gadget(gadget):
    game, tree, arrays = blueprint()
    found = {}
    for judge in (True, False):
        search = searching(1, gadget, "safe", Budget(iterations=1), judge)
        out, report = sweep(game, tree, arrays, 0, search, variant("default_holdem"))
        found[judge] = report.bound_violation, strength(game, tree, [out, out])[0]
    assert found[True][0] < found[False][0]
    assert found[True][1] < found[False][1]


def test_one_lines_ranges_are_those_of_all_lines():
    game, tree, arrays = blueprint()
    paths = Paths(game, tree)
    for street in (1, 2):
        for arrival in Trunk(game, tree, arrays, street).arrivals():
            board = int(tree.boards[arrival.place, CHILD])
            for line, node in enumerate(entering(game, street)):
                found = paths.follow(paths.start(), node, board, arrays)
                for p in (0, 1):
                    np.testing.assert_array_equal(found.reach[p][:, 0], arrival.reach[p][:, line])


@pytest.mark.parametrize("bounds", ["safe", "estimate"])
def test_a_search_leaves_the_gifts_that_all_lines_have(bounds):
    """What the flop's search leaves for the turn is what a walk over all lines finds in its strategies."""
    game, tree, arrays = blueprint()
    seat, board, best = 0, int(np.flatnonzero(tree.boards[:, STREET] == 1)[0]), bounds == "safe"
    search, paths, compared = searching(1, "refined", bounds, Budget(iterations=20), judge=False), Paths(game, tree), 0
    start = next(Trunk(game, tree, arrays, 1, 1 - seat, best).arrivals())
    after, answers = (arrays[0].copy(), arrays[1].copy()), {}
    for line, node in enumerate(entering(game, 1)):
        own = paths.follow(paths.start(), node, board, arrays)._replace(gifts=start.gifts[:, [line]])
        searcher = BoardSubgames(game, tree, street_lines(game, [node], np.float64), DCFR, until=2)
        _, answer, left = solve(searcher, board, own, arrays, seat, search)
        put(answer, after)
        answers[node] = Root(node, board, own, left)
    known = [arrays, after]
    every = next(a for a in Trunk(game, tree, after, 2, 1 - seat, best, known).arrivals() if a.place == board)
    for line, node in enumerate(entering(game, 2)):
        root = next(root for first, root in answers.items() if first <= node < int(game.bets.end[first]))
        found = paths.follow(root, node, int(tree.boards[board, CHILD]), after, 1 - seat, best)
        np.testing.assert_array_equal(found.gifts[:, 0], every.gifts[:, line])
        before = start.gifts[above(tree, 1 - seat, board), list(answers).index(root.node)]
        compared += int((every.gifts[:, line] > before + 1e-6).sum())
    assert compared > 0


def test_an_evaluation_watches_as_many_boards_as_are_wanted():
    game, tree, arrays = blueprint()
    sweeps = BoardSweeps(tree, 1, np.float64)
    for p in (0, 1):
        sweeps.reach[p][: np.count_nonzero(game.ranges[p]), 0] = game.ranges[p][game.ranges[p] > 0]
    sweeps.evaluate(arrays, BEST, range(len(tree.boards)))
    every = [[sweeps.watched(p, b) for b in range(len(tree.boards))] for p in (0, 1)]
    for b in (0, 1, len(tree.boards) - 1):
        sweeps.evaluate(arrays, BEST, range(b, b + 1))
        for p in (0, 1):
            assert every[p][b].any()
            np.testing.assert_array_equal(sweeps.watched(p, b), every[p][b])


def test_a_parts_rows_are_known_before_it_is_made():
    game, tree, _ = blueprint()
    for street in (0, 1, 2):
        lines = street_lines(game, entering(game, street)[-1:], np.float64)
        boards = np.flatnonzero(tree.boards[:, STREET] == street)
        expected = [subtree(tree, lines, int(board)).tree.stored_rows for board in boards]
        np.testing.assert_array_equal(part_rows(tree, lines), expected)
