"""Strategies, reach and values at decisions below the first, on boards that stand for others too."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from agents.reporting.hand_grid import decision
from games.game import find_decision
from games.holdem.cards import hand_text
from games.holdem.config import Spot
from games.public_tree import CHANCE, TERMINAL
from search import BoardSolver, variant
from tests.catalogue import TINY as GAMES
from tests.naive.holdem import Twin
from tests.search.boards.test_holdem import interior

pytestmark = pytest.mark.kernels


class Watching(Twin):
    """The twin, asked about every decision: what its actions are worth and what both players come there with."""

    def everything(self, best=False):
        """Return values of every decision's actions; ``best`` if the player goes on with a best response."""
        self.now, self.found = self.average, {}
        start = self.start
        for player in (0, 1):

            def visit(node, cards, values, own):
                self.found[node, cards] = values
                return values.max(axis=0) if best else (self.strategy(node, cards, self.average) * values).sum(axis=0)

            self.walk(0, start, player, self.game.ranges[1 - player], self.game.ranges[player], visit)
        return self.found

    def reach(self, node, cards):
        found = [live * self.alive(cards) for live in self.game.ranges]
        while node > 0:
            above = int(self.bets.parent[node])
            player = int(self.bets.player[above])
            if player >= 0:
                shown = cards[: len(self.start) + sum(self.game.deals[1 : int(self.bets.round[above]) + 1])]
                found[player] = found[player] * self.strategy(above, shown, self.average)[list(self.children(above)).index(node)]
            node = above
        return found


@pytest.mark.parametrize(("name", "stride"), [("one-card flop and turn", 41), ("different hands", 3), ("limit", 3), ("turn", 1)])
def test_decisions_are_those_of_the_naive_twin(name, stride):
    """On boards canonical or not: strategies, EVs, weights and frequencies of every decision, or of one in ``stride``."""
    game = GAMES[name]
    solver, twin = BoardSolver(game, variant("dcfr"), dtype=np.float64), Watching(game, variant("dcfr"))
    interior(solver, twin)
    for _ in range(2):
        solver.run(1)
        twin.iterate()
    canonical = other = 0
    for (node, cards), values in list(twin.everything().items())[::stride]:
        found, player = decision(solver, node, cards), int(game.bets.player[node])
        reach, strategy = twin.reach(node, cards), twin.strategy(node, cards, twin.average)
        met = twin.meet @ reach[1 - player]
        weight = reach[player] * met
        assert found["player"] == player
        if weight.sum() > 0:
            assert found["frequencies"] == pytest.approx(((strategy * weight).sum(axis=1) / weight.sum()).tolist(), rel=1e-9)
        there = {hand_text(*game.hands[h].tolist()): h for h in np.flatnonzero(weight > 0).tolist()}
        assert there.keys() == found["hands"].keys()
        begin = 0.0 if game.betting.blinds else game.bets.contribution[node, player]
        for hand, h in there.items():
            entry = found["hands"][hand]
            assert entry["strategy"] == pytest.approx(strategy[:, h].tolist(), rel=1e-9, abs=1e-12)
            assert entry["weight"] == pytest.approx(reach[player][h], rel=1e-9)
            assert entry["ev"] == pytest.approx((strategy[:, h] * values[:, h]).sum() / met[h] + begin, rel=1e-9, abs=1e-9)
            assert entry["action_evs"] == pytest.approx(values[:, h] / met[h] + begin, rel=1e-9, abs=1e-9)
        canonical += cards in solver.tree.cards
        other += cards not in solver.tree.cards
    assert canonical > 0
    assert other > 0 or name == "turn"


@pytest.mark.parametrize(("name", "stride"), [("one-card flop and turn", 41), ("limit", 3), ("turn", 1)])
def test_values_of_actions_before_a_best_response_are_those_of_the_naive_twin(name, stride):
    game = GAMES[name]
    solver, twin = BoardSolver(game, variant("dcfr"), dtype=np.float64), Watching(game, variant("dcfr"))
    interior(solver, twin)
    for _ in range(2):
        solver.run(1)
        twin.iterate()
    differing = 0
    for (node, cards), values in list(twin.everything(best=True).items())[::stride]:
        live = twin.reach(0, cards)[int(game.bets.player[node])] > 0
        best = solver.action_values(node, cards, best=True)
        np.testing.assert_allclose(best[:, live], values[:, live], rtol=1e-9, atol=1e-9)
        differing += not np.allclose(best, solver.action_values(node, cards))
    assert differing > 0


def worth(solver, node, cards, player, reach):
    """Return a player's cfvs [H] below a node from the decisions, terminals and deals below it, as ``decision`` reports them."""
    game, bets = solver.game, solver.game.bets
    if bets.player[node] == TERMINAL:
        return Twin(game, solver.variant).terminal(node, cards, player, reach[1 - player])
    if bets.player[node] == CHANCE:
        left = [c for c in game.deck.cards().tolist() if c not in cards]
        total = np.zeros(len(game.hands))
        for new in combinations(left, game.deals[int(bets.round[node]) + 1]):
            alive = ~np.isin(game.hands, new).any(axis=1)
            total += alive * worth(solver, node + 1, cards + new, player, [r * alive for r in reach])
        return total / (len(left) - 4)
    if bets.player[node] == player:
        return (solver.answer().at_node(node, cards) * solver.action_values(node, cards)).sum(axis=0)
    shares = solver.answer().at_node(node, cards)
    split = [[r * share if p == 1 - player else r for p, r in enumerate(reach)] for share in shares]
    return sum(worth(solver, child, cards, player, there) for child, there in zip(bets.children(node), split, strict=True))


@pytest.mark.parametrize("name", ["turn", "one-card flop"])
def test_an_action_is_worth_what_comes_after_it(name):
    """The value of an action is that of the decisions, ends and deals below it.

    From regrets that leave nothing to rounding: where it decides, hands that suits make alike come to play differently, and then what a
    board stands for is worth the mean over its suits' names.
    """
    game = GAMES[name]
    solver = BoardSolver(game, variant("dcfr"), dtype=np.float64)
    interior(solver, Twin(game, solver.variant))
    solver.run(3)
    for node in np.flatnonzero((game.bets.player >= 0) & (game.bets.round == 0)).tolist():
        player = int(game.bets.player[node])
        cards = solver.tree.cards[0]
        reach = solver.answer().reach(node, cards)
        values = solver.action_values(node, cards)
        for child, value in zip(game.bets.children(node), values, strict=True):
            there = reach[player] > 0
            np.testing.assert_allclose(value[there], worth(solver, child, cards, player, reach)[there], rtol=1e-9, atol=1e-9)


def test_the_last_call_by_hand():
    """A bet of 60 into 40 on the river, called or not: what a call is worth can be counted."""
    game = Spot(board="2c2d7h9sKd", ranges=["AA,QQ", "KQs,JJ"], pot=40, stack=60, bets="a", raises="").build()
    solver = BoardSolver(game, variant("dcfr"))
    solver.run(50)
    place = game.locate(find_decision(game, "all-in", "show"))
    bettor, caller = decision(solver), decision(solver, *place)
    assert caller["actions"] == ["fold", "call"]
    bets = {hand: entry["strategy"][1] for hand, entry in bettor["hands"].items()}
    for hand, entry in caller["hands"].items():
        against = {other: w for other, w in bets.items() if not {hand[:2], hand[2:]} & {other[:2], other[2:]}}
        wins = sum(w for other, w in against.items() if other[0] == "Q" and hand[0] == "K") / sum(against.values())
        call = wins * 160 - 60  # 160 in the pot after a call of 60
        assert entry["ev"] == pytest.approx(entry["strategy"][1] * call, abs=1e-3)
        assert entry["weight"] == 1.0


def test_evs_of_both_players_add_up_to_the_pot():
    """At a decision and right before it: what the one has is what the other has not."""
    game = GAMES["turn"]
    solver = BoardSolver(game, variant("dcfr"))
    solver.run(20)
    for line in ("check", "bet 6", "bet 6 / all-in"):
        place = game.locate(find_decision(game, line, "show"))
        player, reach = int(game.bets.player[place.node]), solver.answer().reach(place.node)
        found = decision(solver, *place)
        meet = Twin(game, solver.variant).meet
        cf_reach = reach[0] @ meet @ reach[1]
        index = {hand_text(*hand): h for h, hand in enumerate(game.hands.tolist())}
        own = sum(e["ev"] * e["weight"] * (meet @ reach[1 - player])[index[h]] for h, e in found["hands"].items()) / cf_reach
        theirs = worth(solver, place.node, place.cards, 1 - player, reach) @ reach[1 - player] / cf_reach
        pot = game.bets.contribution[place.node]
        assert own + theirs + pot[1 - player] == pytest.approx(pot.sum(), rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 1e-35])
def test_a_decision_where_the_opponent_never_comes_has_no_evs(share):
    """Nor one where he comes so seldom that float32 cannot say."""
    game = Spot(board="2c2d7h9sKd", ranges=["AA", "KQs,JJ"], pot=40, stack=60, bets="a", raises="").build()
    solver = BoardSolver(game, variant("dcfr"))
    solver.run(5)
    check_only = solver.average[0].reshape(-1, 2, 8)
    check_only[:, 1] = share * check_only[:, 0]
    found = decision(solver, *game.locate(find_decision(game, "all-in", "show")))
    assert found["frequencies"] == [None, None]
    assert {entry["ev"] for entry in found["hands"].values()} == {None}
    assert {entry["weight"] for entry in found["hands"].values()} == {1.0}
