"""Hold'em at a table: what is shown, what is paid, and whole hands played in the terminal."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import pytest
from agents.play.holdem_view import HoldemView
from games.holdem.lines import Place, find_decision

from agents.agent import Decision
from agents.play.terminal import Terminal
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Holdem, Spot
from games.public_tree import CHANCE, TERMINAL
from search import BoardSolver, Budget, variant
from search.boards.search import value_against
from search.boards.sweeps import BoardSweeps
from tests.test_holdem import UNEVEN, small

GAMES = {
    "flop, turn": small([0, 1, 1], ranges=UNEVEN),
    "two sizes": small([0, 1], bets="50%,100%,a", raises="100%,a", raise_cap=0, stack=80),
    "turn spot": Spot(board="Td9d6hQc", ranges=["QQ,AA", "KK,JJ:0.5"], pot=101, stack=60, bets="60%,a", raises="a").build(),
}


class Alone:
    """A blueprint that does not think."""

    name = "blueprint"

    def __init__(self, strategy):
        self.strategy, self.game = strategy, strategy.game

    def load(self):
        pass

    def decide(self, seat, node, cards, thought, budget):
        assert self.game.bets.player[node] == seat
        return Decision(self.strategy.at(node, cards), (thought or 0) + 1, 0.001)


@lru_cache(maxsize=3)
def view(name):
    solver = BoardSolver(GAMES[name], variant("dcfr"), 1, np.float32)
    solver.run(4)
    return HoldemView(Alone(solver.answer()), solver.answer())


def session(name, keys, seed=1, hands=None):
    shown, saved, left = [], [], iter(keys)

    def ask(prompt):
        shown.append(prompt)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    Terminal(view(name), Budget(seconds=0), seed, ask, shown.append, saved.append).run(hands)
    return "\n".join(shown), saved


def hand(game, text):
    return int(hand_indices(game.hands)[parse_cards(text)])


@pytest.mark.parametrize("name", GAMES)
def test_hands_are_played_to_the_end_and_saved_as_lines_of_the_game(name):
    shown, saved = session(name, ["c"] * 100, hands=6)
    game = GAMES[name]
    assert [record["you"] for record in saved] == [0, 1] * 3
    assert f"6 hands, {sum(record['chips'] for record in saved):+g} chips" in shown
    for record in saved:
        cards = [parse_cards(text) for text in (*record["hands"], record["board"])]
        assert len(set(itertools.chain(*cards))) == sum(map(len, cards))  # no card twice
        live = [game.ranges[p][hand(game, record["hands"][p])] for p in (0, 1)]
        assert min(live) > 0
        actions = [step for step in record["play"] if step in game.bets.labels]
        last = len(record["play"]) - record["play"][::-1].index(actions[-1]) - 1
        place = find_decision(game, " / ".join(record["play"][:last]), "line")  # where the last action was taken
        assert actions[-1] in [game.bets.labels[child] for child in game.bets.children(place.node)]
        assert place.cards == parse_cards(record["board"])[: len(place.cards)]


def test_hands_are_dealt_as_often_as_their_weights_say():
    table = view("turn spot")
    game, rng = table.game, np.random.default_rng(0)
    dealt = [table.deal(rng) for _ in range(3000)]
    weights = game.ranges[0] * game.cf_reach(game.root, 0, game.ranges[1])
    count = np.bincount([first for first, _ in dealt], minlength=len(weights))
    expected = 3000 * weights / weights.sum()
    assert ((count - expected) ** 2 / np.where(expected > 0, expected, 1)).sum() < 40  # chi-squared, 9 hands that can be
    assert not count[weights == 0].any()
    assert all(not set(game.hands[a].tolist()) & set(game.hands[b].tolist()) for a, b in dealt)


def test_payoffs_average_to_the_games_value():
    """Every deal, board and action of a small game, weighted by what both play: what the evaluation by sweeps says."""
    table = view("two sizes")
    game, strategy, made = table.game, table.blueprint, {}
    total = mass = 0.0
    for a, b in itertools.product(np.flatnonzero(game.ranges[0]).tolist()[::18], np.flatnonzero(game.ranges[1]).tolist()):
        if set(game.hands[a].tolist()) & set(game.hands[b].tolist()):
            continue
        weight = game.ranges[0][a] * game.ranges[1][b]
        mass += weight
        total += weight * _value(table, made, table.root, (a, b))
    sweeps = BoardSweeps(strategy.tree, 1, np.float32)
    value_against(game, sweeps, strategy.average, 0, best=False)
    order = np.flatnonzero(game.ranges[0])
    cfvs = dict(zip(order.tolist(), sweeps.cfv[0][: len(order), 0].tolist(), strict=True))
    expected = sum(game.ranges[0][a] * cfvs[a] for a in order.tolist()[::18])
    assert total == pytest.approx(expected, rel=1e-3)
    assert mass > 0


def _value(table, made, state, hands):
    player = table.player(state)
    if player == TERMINAL:
        return table.payoff(state, hands)
    if player == CHANCE:
        dead = {*state.cards, *table.game.hands[list(hands)].ravel().tolist()}
        cards = [card for card in table.game.deck.cards().tolist() if card not in dead]
        return sum(_value(table, made, Place(state.node + 1, (*state.cards, card)), hands) for card in cards) / len(cards)
    if state not in made:
        made[state] = table.blueprint.at(*state)
    shares = made[state][:, hands[player]]
    return sum(p * _value(table, made, child, hands) for p, child in zip(shares, table.children(state), strict=True) if p > 0)


def test_cards_pot_and_bets_read_as_at_a_table():
    table = view("flop, turn")
    assert table.hand_text(0, hand(table.game, "AhKd")) == "A♥ K♦"
    assert table.class_text(0, hand(table.game, "AhKd")) == "AKo"
    assert table.class_text(0, hand(table.game, "AhKh")) == "AKs"
    assert table.class_text(0, hand(table.game, "AhAd")) == "AA"
    assert table.situation(table.root) == ["preflop", "pot 10 (1.43 bb)", "to call 4 (0.571 bb)", "behind 38 (its 34)"]
    assert [table.action_text(child) for child in table.children(table.root)] == [
        "fold", "call 4 (0.571 bb)", "raise to 17 (2.43 bb)",
    ]  # fmt: skip
    assert table.keys(table.root) == {"f": 0, "fold": 0, "c": 1, "call": 1, "17": 2, "raise 17": 2, "r": 2, "raise": 2}
    place = find_decision(table.game, "call / check / Kd / check / check / Ah", "line")
    assert table.board_text(place) == "K♦ | A♥"
    assert table.situation(place)[0] == "turn"
    assert [p.cards for p in table.path(place)] == [(), (), (), parse_cards("Kd"), parse_cards("Kd"), parse_cards("Kd"), place.cards]
    assert table.seat_text(0) == "the small blind, on the button"


def test_a_spot_reads_as_one():
    table = view("turn spot")
    assert table.board_text(table.root) == "T♦ 9♦ 6♥ | Q♣"
    assert table.situation(table.root) == ["turn", "pot 101", "behind 60"]
    assert table.seat_text(0) == "out of position"
    assert table.keys(table.root) == {"c": 0, "check": 0, "a": 1, "60": 1, "all-in 60": 1, "all-in": 1}
    folded = next(n for n in range(len(table.game.bets.player)) if table.game.bets.folded[n] == 1)
    assert table.payoff(Place(folded, table.root.cards), (0, 0)) == 50.5  # half of the pot


def test_bets_are_taken_by_their_chips_and_words():
    table = view("two sizes")
    keys, labels = table.keys(table.root), [table.game.bets.labels[child] for child in table.game.bets.children(0)]
    for i, label in enumerate(labels):
        assert keys[label] == keys[label.split()[-1]] == i
    assert keys["a"] == keys["all-in"] == len(labels) - 1
    assert len([label for label in labels if label.startswith("raise")]) == 1


def test_a_question_shows_policy_values_range_and_time():
    shown, _ = session("flop, turn", ["c", "?", "q"], seed=2)
    for text in ("in your place it plays", "how often", "its hand, by what it did: ", "thought for 1 ms, 0 iterations", "its blueprint"):
        assert text in shown
    assert "AKo" in shown


def test_values_are_the_blueprints_and_a_fold_costs_what_was_paid():
    table = view("flop, turn")
    game = table.game
    node = next(n for n in np.flatnonzero(game.bets.player == 1).tolist() if game.bets.labels[n].startswith("raise"))
    state = Place(node, ())
    own = hand(game, "AhKd")
    likely = table.unseen(state, 1, own)
    worth = table.worth(state, own, likely)
    assert worth[0] == pytest.approx(-7)
    assert table.worth(state, own, 0 * likely) == [None] * len(worth)
    assert HoldemView(table.agent, None).worth(state, own, likely) == [None] * len(worth)


def test_undo_and_wrong_keys():
    shown, saved = session("flop, turn", ["u", "x", "", "17", "u", "c", *["c"] * 20], seed=3, hands=1)
    assert "there is no move of yours to take back" in shown
    assert "a key must be one of f, c, 17, ?, u, q, help, got 'x'" in shown
    assert saved[0]["undone"] == shown.count("back at your last decision") == 1
    straight = session("flop, turn", ["c"] * 20, seed=3, hands=1)[1]
    assert saved[0]["play"] == straight[0]["play"]
    assert saved[0]["board"] == straight[0]["board"]


def test_cards_do_not_depend_on_the_bets():
    table = view("flop, turn")
    chances = [n for n in np.flatnonzero(table.game.bets.player == CHANCE).tolist() if table.game.bets.round[n] == 0]
    assert len(chances) > 1
    assert len({table.stream(Place(n, ())) for n in chances}) == 1


def test_whole_games_and_spots_of_the_full_deck():
    game = Holdem(
        name="x", deals=[0, 3, 1, 1], ranges=["full", "full"], blinds=[1, 2], stack=20, bets="100%", raise_cap=1, min_bet=2
    ).build()
    table = HoldemView(Alone(type("S", (), {"game": game})()), None)
    rng = np.random.default_rng(1)
    state = table.draw(Place(next(n for n in range(99) if game.bets.player[n] == CHANCE), ()), (0, 500), rng)
    assert len(state.cards) == 3
    assert table.board_text(state).count(" ") == 2
