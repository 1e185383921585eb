"""Rake: the hold'em solver against its naive twin, best responses over all hands, sums of values, and published values."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from agents.evaluation.many_boards import equity
from agents.reporting.hand_grid import decision
from agents.runtime.solution_file import load_solution, save_solution
from games.holdem.config import Holdem, Menus, PlayerMenu, Spot, StreetMenu
from games.holdem.rake import Rake
from games.holdem.subgame import subgame_of
from games.public_tree import TERMINAL
from search import BoardSolver, Budget, variant
from search.boards.representation import represent_boards
from tests.catalogue import TINY
from tests.compiling import compiled
from tests.naive.holdem import Twin, winning
from tests.search.boards.test_holdem import check_steps, close, interior, river

pytestmark = pytest.mark.kernels

RAKES = {"no cap": Rake(0.07, 0.0), "cap": Rake(0.07, 1.9), "cap in every pot": Rake(0.1, 0.25)}


def raked(game, rake):
    return replace(game, betting=replace(game.betting, rake=rake))


@pytest.mark.parametrize("rake", RAKES)
@pytest.mark.parametrize("name", [*TINY, "river"])
def test_iterations_are_those_of_the_naive_twin(name, rake):
    """Values, exploitability, averages and regrets at every decision, on every board; with blinds folds before the flop pay nothing."""
    game = raked(river() if name == "river" else TINY[name], RAKES[rake])
    check_steps(game, variant("dcfr"), 3)


@pytest.mark.parametrize("name", [*TINY, "river"])
def test_the_mean_rake_is_what_values_miss(name):
    """Worked out by the twin from both players' reach at every terminal, pair of hands by pair of hands."""
    game = raked(river() if name == "river" else TINY[name], RAKES["cap"])
    solver, twin = BoardSolver(game, variant("dcfr"), dtype=np.float64), Twin(game, variant("dcfr"))
    interior(solver, twin)
    for _ in range(2):
        solver.run(1)
        twin.iterate()
    expected = twin.mean_rake()
    assert expected > 0.01
    close(solver.mean_rake(), expected, 1e-9)
    close(-sum(solver.values()), expected, 1e-9)


@compiled
def test_two_equal_hands_share_what_the_house_leaves():
    """Golden: ``always_tie_raked`` of postflop-solver's tests, 28.5 each."""
    game = Spot(board="2c6dTh", ranges=["AA", "AA"], pot=60, stack=970, bets="", raises="", rake="5%", rake_cap=10).build()
    solver = BoardSolver(game, variant("dcfr"))
    assert [value + 30 for value in solver.values()] == pytest.approx([28.5, 28.5], abs=1e-4)
    assert solver.exploitability() == pytest.approx(0, abs=1e-5)
    assert equity(game, variant("dcfr")) == pytest.approx(0.5, abs=1e-6)  # which is without rake


POT, STACK = 20.0, 30.0
PLANS = [(bets, calls) for bets in (0, 1) for calls in (0, 1)]  # of a hand: all-in or not, and what it answers to an all-in


def taken(rake, put_in):
    """Return the rake of a pot that both have matched with so many chips after the flop."""
    chips = rake.share * (POT + 2 * put_in) if rake else 0.0
    return min(chips, rake.cap) if rake and rake.cap else chips


def shove_river(ranges, rake, **menus):
    """Return a river where players check or are all-in, then fold or call."""
    chosen = {"bets": "a", "raises": ""} | menus
    return raked(Spot(board="2s3h4d6c7c", ranges=list(ranges), pot=int(POT), stack=int(STACK), **chosen).build(), rake)


def play(powers, plans, rake):
    """Return both players' net chips, counted from half the pot each; the hand of more power wins a showdown."""
    aggressor = 0 if plans[0][0] else 1 if plans[1][0] else None
    if aggressor is not None and not plans[1 - aggressor][1]:
        loser, put_in = 1 - aggressor, 0.0
    else:
        loser = None if powers[0] == powers[1] else int(powers[0] > powers[1])
        put_in = 0.0 if aggressor is None else STACK
    house = taken(rake, put_in)
    if loser is None:
        return -house / 2, -house / 2
    lost, won = -(POT / 2 + put_in), POT / 2 + put_in - house
    return (lost, won) if loser == 0 else (won, lost)


@pytest.mark.parametrize("rake", RAKES)
def test_nash_conv_is_that_of_all_pure_plans(rake):
    """Each player's value and best response, by trying every plan of every hand against the average strategy; from the rules alone."""
    rake = RAKES[rake]
    game = shove_river(("AA,KK,QQ", "AA,KK:0.5,QQ"), rake)
    solver, bets = BoardSolver(game, variant("dcfr"), dtype=np.float64), game.bets
    solver.run(7)
    check, bet = bets.children(0)
    answer = [solver.answer().at_node(node) for node in (0, check, bet, bets.children(check)[1])]
    choices = (answer[0], answer[3]), (answer[1], answer[2])  # [2, H]: whether all-in, and whether it calls

    def share(player, hand, plan):
        return choices[player][0][plan[0], hand] * choices[player][1][plan[1], hand]

    def worth(player, hand, plan):
        total = 0.0
        for other in np.flatnonzero(game.ranges[1 - player] > 0):
            if not set(game.hands[hand].tolist()) & set(game.hands[other].tolist()):
                powers = ["QKA".index(game.hand_text(0, h)[0]) for h in (hand, other)][:: 1 - 2 * player]
                for reply in PLANS:
                    won = play(powers, (plan, reply)[:: 1 - 2 * player], rake)[player]
                    total += game.ranges[1 - player][other] * share(1 - player, other, reply) * won
        return game.ranges[player][hand] * total / game.deal_mass

    best, values = [0.0, 0.0], [0.0, 0.0]
    for player in (0, 1):
        for hand in np.flatnonzero(game.ranges[player] > 0):
            each = {plan: worth(player, hand, plan) for plan in PLANS}
            best[player] += max(each.values())
            values[player] += sum(share(player, hand, plan) * each[plan] for plan in PLANS)
    assert sum(best) - sum(values) > 0.01
    assert solver.values() == pytest.approx(values, abs=1e-9)
    assert solver.best_response_values() == pytest.approx(best, abs=1e-9)
    assert solver.exploitability() == pytest.approx((sum(best) - sum(values)) / 2, abs=1e-9)


@pytest.mark.parametrize("rake", [None, *RAKES])
def test_a_bluffing_game_comes_to_its_equilibrium(rake):
    """Nuts or air against a bluff-catcher, which the rules give by hand.

    The air bets so often that a call wins what it costs: x of the bets are air with x (pot + 2 stack - rake) = stack. A call comes so often
    that a bluff wins what it costs: (1 - c) (pot - rake) = c stack.
    """
    rake = RAKES.get(rake)
    game = shove_river(("AA,QQ", "KK"), rake, bets="", menu=Menus(oop=PlayerMenu(river=StreetMenu(bets="a"))))
    solver = BoardSolver(game, variant("dcfr"), dtype=np.float64)
    found = solver.solve(Budget(iterations=20_000, exploitability=1e-3))
    assert found.exploitability <= 1e-3  # so no share below is wrong by 1e-3: every one costs its player ten chips or more
    first, reply = decision(solver)["hands"], decision(solver, game.bets.children(0)[1])["hands"]
    nuts, air = (np.mean([row["strategy"][1] for name, row in first.items() if name[0] == rank]) for rank in "AQ")
    assert nuts == pytest.approx(1, abs=1e-3)
    assert air / (nuts + air) == pytest.approx(STACK / (POT + 2 * STACK - taken(rake, STACK)), abs=2e-3)
    won = POT - taken(rake, 0.0)
    assert np.mean([row["strategy"][1] for row in reply.values()]) == pytest.approx(won / (won + STACK), abs=2e-3)


def mixed(solver, row, player):
    """Return a player's EV at a decision over both ranges, from its hands' EVs."""
    game = solver.game
    meets = game.cf_reach(game.root, player, game.ranges[1 - player])
    hands = {game.hand_text(player, h): h for h in range(len(game.hands))}
    weights = {name: game.ranges[player][hands[name]] * meets[hands[name]] for name in row["hands"]}
    return sum(weights[name] * entry["ev"] for name, entry in row["hands"].items()) / sum(weights.values())


@pytest.mark.parametrize("rake", RAKES)
def test_a_hand_s_ev_is_what_it_wins_of_the_pot_less_rake(rake):
    """By hand at the last call of a river: of each hand that the caller beats it wins the raked pot, a tie brings half of it."""
    rake = RAKES[rake]
    game = raked(river(), rake)
    solver, twin = BoardSolver(game, variant("dcfr"), dtype=np.float64), Twin(game, variant("dcfr"))
    solver.run(25)
    ev = mixed(solver, decision(solver), 0)
    assert ev == pytest.approx(solver.values()[0] + game.pot / 2, abs=1e-9)
    bets = game.bets
    shove = next(n for n, label in enumerate(bets.labels) if label.startswith("all-in") and bets.parent[n] == 0)
    row, (_, call) = decision(solver, shove), bets.children(shove)
    reach = solver.answer().reach(shove)[0]
    wins, meet = winning(twin.hands, twin.start), twin.meet
    pot = 2 * bets.contribution[call, 0]
    house = min(rake.share * pot, rake.cap) if rake.cap else rake.share * pot
    cost, names = float(bets.contribution[call, 1] - game.pot / 2), {game.hand_text(1, h): h for h in range(len(game.hands))}
    for name, entry in row["hands"].items():
        h = names[name]
        against = meet[h] * twin.alive(twin.start) * reach
        won = ((wins[h] > 0) * (pot - house) + (wins[h] == 0) * (pot - house) / 2) @ against / against.sum() - cost
        assert entry["action_evs"] == pytest.approx([0.0, won], abs=1e-9)


@compiled
@pytest.mark.parametrize("name", ["one-card flop and turn", "turn"])
def test_results_do_not_depend_on_the_number_of_threads(name):
    game = raked(TINY[name], RAKES["cap"])
    one, two = (BoardSolver(game, variant("default_holdem"), threads=n) for n in (1, 2))
    for solver in (one, two):
        solver.run(13)
    for p in (0, 1):
        np.testing.assert_array_equal(one.average[p], two.average[p])
        np.testing.assert_array_equal(one.regret[p], two.regret[p])
    assert one.exploitability() == two.exploitability()
    assert one.mean_rake() == two.mean_rake()


@compiled
@pytest.mark.parametrize("name", ["one-card flop and turn", "turn", "river"])
def test_16_bits_and_float32_come_to_the_same_values(name):
    """At the same target: an equilibrium of a raked game need not have unique values, but here they agree."""
    game = raked(river() if name == "river" else TINY[name], RAKES["cap"])
    exact, wide, half = (
        BoardSolver(game, variant("default_holdem"), dtype=dtype, storage=storage)
        for dtype, storage in ((np.float64, None), (np.float32, None), (np.float32, np.float16))
    )
    for solver in (exact, wide, half):
        solver.run(400)
        assert abs(sum(solver.values()) + solver.mean_rake()) < 1e-5 * game.pot
    assert wide.values() == pytest.approx(exact.values(), abs=1e-4 * game.pot)
    assert half.values() == pytest.approx(exact.values(), abs=2e-3 * game.pot)
    assert wide.exploitability() == pytest.approx(exact.exploitability(), abs=1e-4 * game.pot)
    assert half.exploitability() < exact.exploitability() + 2e-3 * game.pot


def test_a_game_without_rake_is_laid_out_as_ever_and_a_rake_of_nothing_changes_no_bit():
    for game in (river(), TINY["one-card flop and turn"]):
        plain, nothing = (
            BoardSolver(game, variant("default_holdem")),
            BoardSolver(raked(game, Rake(1e-300, 0.0)), variant("default_holdem")),
        )
        assert [len(forest.tie_cost) for forest in plain.tree.forests] == [0, 0]
        assert all(len(forest.tie_cost) == len(forest.show_amount) for forest in nothing.tree.forests)
        for solver in (plain, nothing):
            solver.run(30)
        for p in (0, 1):
            np.testing.assert_array_equal(nothing.regret[p], plain.regret[p])
            np.testing.assert_array_equal(nothing.average[p], plain.average[p])
        assert plain.mean_rake() == 0
        assert "rake" not in game.key
        assert raked(game, Rake(0.05, 3.0)).key == game.key + " rake (0.05, 3.0)"


def test_only_pots_after_the_flop_pay():
    """A fold before the flop pays nothing, an all-in that is called there does; the part of a bet that nobody called goes back first."""
    game = raked(TINY["different hands"], Rake(0.1, 0.0))
    bets, ends = game.bets, np.flatnonzero(game.bets.player == TERMINAL)
    before = [n for n in ends if bets.round[n] == 0 and bets.folded[n] >= 0]
    after = [n for n in ends if bets.round[n] == 1 and bets.folded[n] >= 0 and bets.contribution[n].min() < bets.contribution[n].max()]
    shown = [n for n in ends if bets.folded[n] < 0]
    assert before
    assert after
    assert max(bets.contribution[n, 0] for n in shown) == game.betting.stack
    assert [bets.rake[n] for n in before] == [0.0] * len(before)
    for n in (*after, *shown):
        assert bets.rake[n] == pytest.approx(0.2 * bets.contribution[n].min())
    assert not bets.rake[bets.player != TERMINAL].any()


def test_a_hand_that_is_over_pays_each_player_as_the_solver_says():
    """``HoldemGame.cfvs`` beside the twin, at every end of a river."""
    game = raked(river(), RAKES["cap"])
    twin, reach = Twin(game, variant("dcfr")), np.random.default_rng(3).random(len(game.hands))
    for node in np.flatnonzero(game.bets.player == TERMINAL).tolist():
        for player in (0, 1):
            found = game.cfvs(game.state_at(node, twin.start), player, reach)
            np.testing.assert_allclose(found, twin.terminal(node, twin.start, player, reach), atol=1e-9)


def test_a_saved_solution_is_of_its_rake(tmp_path):
    game, file = river(), tmp_path / "s.npz"
    solver, same = (BoardSolver(raked(game, Rake(0.05, 1.0)), variant("dcfr")) for _ in range(2))
    solver.run(3)
    save_solution(solver, file)
    load_solution(same, file)
    np.testing.assert_array_equal(same.average[0], solver.average[0])
    for other in (game, raked(game, Rake(0.05, 2.0)), raked(game, Rake(0.04, 1.0))):
        with pytest.raises(ValueError, match=r"^load must be a file of this game, got "):
            load_solution(BoardSolver(other, variant("dcfr")), file)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rake": "0.51"}, "game.rake must be a share of the pot from 0 to 0.5 (0.05 or 5%), got '0.51'"),
        ({"rake": "5"}, "game.rake must be a share of the pot from 0 to 0.5 (0.05 or 5%), got '5'"),
        ({"rake": "-1%"}, "game.rake must be a share of the pot from 0 to 0.5 (0.05 or 5%), got '-1%'"),
        ({"rake": "nan"}, "game.rake must be a share of the pot from 0 to 0.5 (0.05 or 5%), got 'nan'"),
        ({"rake": ""}, "game.rake must be a share of the pot from 0 to 0.5 (0.05 or 5%), got ''"),
        ({"rake_cap": 30}, "game.rake_cap must be left out where game.rake is 0, got 30"),
        ({"rake": "5%", "rake_cap": -1}, "game.rake_cap must be at least 0 chips, got -1"),
        ({"rake": "5%", "rake_cap": float("nan")}, "game.rake_cap must be a finite number of chips, got nan"),
    ],
)
def test_bad_rakes_are_refused_in_a_line(given, told):
    for settings in (Spot(board="Td9d6hQc4s", **given), Holdem(deals=[0, 1], stack=20, bets="a", raises="a", **given)):
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            settings.build()


def test_shares_are_read_with_and_without_a_per_cent_sign():
    for text, share in (("5%", 0.05), ("0.05", 0.05), ("4.75%", 0.0475), (".5", 0.5), ("50%", 0.5), ("0", None), ("0%", None)):
        rake = Spot(board="Td9d6hQc4s", rake=text).build().betting.rake
        assert rake == (None if share is None else Rake(share, 0.0))
    assert Spot(board="Td9d6hQc4s", rake="5%", rake_cap=30).build().betting.rake == Rake(0.05, 30.0)
    with pytest.raises(ValueError, match=r"^rake must be a share above 0 and at most 0\.5 of the pot, and a cap in chips, got Rake"):
        raked(river(), Rake(0.6, 0.0))


def test_what_takes_a_game_for_zero_sum_refuses_rake():
    game = raked(river(), Rake(0.05, 0.0))
    end = game.state_at(int(np.flatnonzero(game.bets.player == TERMINAL)[0]), game.root.cards)
    for work in (
        lambda: game.payoff(end, (0, 1)),
        lambda: represent_boards(game),
        lambda: subgame_of(game, game.root, game.ranges),
    ):
        with pytest.raises(ValueError, match=r"^game must have no rake \(but where it is solved whole\), got 0\.05$"):
            work()
