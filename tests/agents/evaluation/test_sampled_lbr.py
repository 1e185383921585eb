"""Local best response in hands that are played: every draw at once is the exact value, and samples agree with it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import yaml

from agents.evaluation.lbr import ACTION_SETS, ActionSet, local_best_response, response_value
from agents.evaluation.local_actions import BETS_56, FC, FCPA, LocalActions
from agents.evaluation.luck import SeededLuck
from agents.evaluation.sampled_lbr import SampledLbr
from games.game import Kind, find_decision
from games.holdem.config import Holdem, Spot
from search import Budget
from search.boards.all_in import AllIn
from search.boards.representation import BoardRepresentation
from tests.catalogue import CONF, small
from tests.compiling import compiled
from tests.strategies import Asked, call, every_state

NOTHING = Budget(seconds=0)
FEW = ("KdQd,AdAc:0.7,AhKc:0.5", "AcKc,AdKh:0.6,QhQc:0.9")  # any two cards of the board leave hands that can meet
TINY = {
    "flop": small([0, 1], ranges=FEW, stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
    "flop, turn": small([0, 1, 1], ranges=FEW),
    "two cards": small([0, 2], ranges=FEW, stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
}
TWENTY = Holdem(
    name="ms2f1t1h5", ranks="TJQKA", deals=[0, 1, 1], blinds=[1, 2], stack=162, bets="100%", raises="100%", raise_cap=1, min_bet=2
).build()


def sampled(actions: ActionSet, first_round: int = 0) -> LocalActions:
    """Return the same set of actions for hands that are played."""
    return LocalActions(actions.name, None, bets_from=actions.bets_from, first_round=first_round)


@cache
def tables_of(game):
    """Return a representation and random tables: hands play differently, those of the same ranks alike where suits make them equal."""
    representation, random, hands = BoardRepresentation(game, np.float64), np.random.default_rng(5), range(len(game.hands))
    classes = np.unique([game.hand_class(0, hand) for hand in hands], return_inverse=True)[1] if game == TWENTY else np.array(hands)
    tables = representation.uniform()
    for state in every_state(representation):
        if game.player(state) >= 0:
            policy = random.random((len(game.actions(state)), len(hands)))[:, classes] ** 2
            representation.put(tables[game.player(state)], state, policy / policy.sum(axis=0))
    return representation, tables


def table_agent(game):
    representation, tables = tables_of(game)
    return Asked(game, "tables", cache(lambda _, state: representation.at(tables, state)))


def lbr_of(game, actions, agent=None):
    total = game.cards_on(len(game.rounds) - 1)
    return SampledLbr(agent or table_agent(game), NOTHING, actions, AllIn(game.deck, total))


def exact(game, seat, actions: ActionSet, first_round: int):
    """Return LBR's value in chips a deal; before its first round it checks and calls."""
    representation, tables = tables_of(game)
    response, _ = local_best_response(representation, seat, tables[1 - seat], actions)
    for state in every_state(representation):
        if game.player(state) == seat and game.round(state) < first_round:
            representation.put(response, state, call(game, state))
    return response_value(representation, seat, response, tables[1 - seat])


class EveryLuck:
    """Draws of one hand after the other, until all have been."""

    def __init__(self):
        self.drawn, self.place = [], 0  # [choice, probabilities] each

    def index(self, what, weights):
        if self.place == len(self.drawn):
            self.drawn.append([int(np.flatnonzero(weights)[0]), np.asarray(weights) / np.sum(weights)])
        self.place += 1
        return self.drawn[self.place - 1][0]

    def number(self, what, ways):
        return self.index(what, np.ones(ways))

    @property
    def probability(self):
        return float(np.prod([p[choice] for choice, p in self.drawn]))

    def next(self):
        """Go on to the next hand; say whether there is one."""
        self.place = 0
        while self.drawn:
            choice, p = self.drawn[-1]
            later = np.flatnonzero(p[choice + 1 :])
            if len(later):
                self.drawn[-1][0] = choice + 1 + int(later[0])
                return True
            self.drawn.pop()
        return False


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("name", TINY)
def test_all_draws_together_are_the_exact_value(name, seat):
    game, values = TINY[name], set()
    for actions, first_round in [*((a, 0) for a in ACTION_SETS), (ActionSet(0), 1)]:
        lbr, luck = lbr_of(game, sampled(actions, first_round)), EveryLuck()
        total = mean = plain = 0.0
        going = True
        while going:
            hand = lbr.play(seat, luck)
            total += luck.probability
            mean += luck.probability * hand.chips
            plain += luck.probability * hand.plain
            going = luck.next()
        assert total == pytest.approx(1)
        expected = exact(game, seat, actions, first_round)
        assert mean == pytest.approx(expected, abs=1e-9)
        assert plain == pytest.approx(expected, abs=1e-9)
        values.add(round(expected, 3))
    assert len(values) >= 3


@pytest.mark.parametrize("seat", [0, 1])
def test_samples_agree_with_the_exact_value_on_twenty_cards(seat):
    """The interval of 400 hands holds the exact value and is narrow: a third of what sets of actions differ by."""
    values = {actions.name: exact(TWENTY, seat, actions, 0) for actions in ACTION_SETS}
    for actions in ACTION_SETS:
        lbr = lbr_of(TWENTY, sampled(actions))
        hands = [lbr.play(seat, SeededLuck(3, deal)) for deal in range(400)]
        chips, plain = (np.array([getattr(hand, key) for hand in hands]) for key in ("chips", "plain"))
        half = 1.96 * chips.std() / 20
        assert abs(chips.mean() - values[actions.name]) < 1.5 * half  # six intervals
        assert half < (max(values.values()) - min(values.values())) / 3
        assert chips.std() < plain.std()


def test_the_same_deals_are_played_alike_and_both_seats_hold_the_same_hand():
    lbr = lbr_of(TWENTY, sampled(ActionSet(0)))
    first, again, other = ([lbr.play(seat, SeededLuck(seed, 7)) for seat in (0, 1)] for seed in (1, 1, 2))
    assert [hand._replace(seconds=0) for hand in first] == [hand._replace(seconds=0) for hand in again]
    assert first[0].hand == first[1].hand
    assert first != other


@cache
def full():
    given = yaml.safe_load((CONF / "heads_up_no_limit.yaml").read_text())
    given.pop("defaults")
    return Holdem(**given).build()


def of_kind(*kinds):
    """Return a policy that takes the last action of the first of some kinds that is on offer."""

    def policy(game, state):
        actions = game.actions(state)
        kind = next(kind for kind in kinds if any(action.kind == kind for action in actions))
        chosen = max(i for i, action in enumerate(actions) if action.kind == kind)
        return np.repeat(np.eye(len(actions))[:, [chosen]], game.num_hands[0], axis=1)

    return policy


def full_lbr(actions, policy, table):
    return SampledLbr(Asked(full(), "scripted", policy), NOTHING, actions, AllIn(full().deck, 5, table))


def some_table():
    """Return a stand-in for the table of all-ins, which takes minutes: no hand comes to a public card with it. Strong hands win a tenth."""
    strength = np.random.default_rng(0).random(1326, np.float32) / 10
    return strength[:, None] - strength


def test_who_always_folds_loses_a_blind():
    small_blind = full().player(full().root)
    for seat, blind in ((small_blind, 100), (1 - small_blind, 50)):
        hand = full_lbr(FCPA, of_kind(Kind.FOLD, Kind.PASS), some_table()).play(seat, SeededLuck(0, 1))
        assert (hand.chips, hand.plain) == (blind, blind)
        assert hand.play == (("raise 300",) if seat == small_blind else ())


@pytest.mark.parametrize("seat", [0, 1])
def test_a_shove_is_called_where_that_is_worth_more_than_the_blind(seat):
    """The agent bets all that it has with every hand, so a call wins what its hand wins of 20,000 chips."""
    game, table, called = full(), some_table(), 0
    big = game.betting.stack

    for deal in range(20):
        hand = full_lbr(FC, of_kind(Kind.BET, Kind.PASS), table).play(seat, SeededLuck(0, deal))
        index = next(h for h in range(1326) if game.hand_text(seat, h) == hand.hand)
        apart = ~np.isin(game.hands, game.hands[index]).any(axis=1)
        wins = float(table[index].astype(float)[apart].mean())
        assert hand.chips == pytest.approx(max(-100.0, big * wins), rel=1e-6)
        called += big * wins > -100
    assert 0 < called < 20


@compiled
def test_who_always_calls_is_shown_down_on_a_flop_of_the_full_deck():
    """Nobody bets, so cards and draws are all luck, and all of it is taken off: a hand wins what it wins of half the pot."""
    game = Spot(board="Td9d6h", ranges=["66+,AJs", "QQ-22,KQ"], pot=20, stack=90, bets="50%", raises="100%").build()
    all_in = AllIn(game.deck, 5)
    lbr = SampledLbr(Asked(game, "calls", call), NOTHING, FC, all_in)
    for seat in (0, 1):
        hand = lbr.play(seat, SeededLuck(2, 3))
        index = next(h for h in range(1326) if game.hand_text(seat, h) == hand.hand)
        reach = game.ranges[1 - seat] * ~np.isin(game.hands, game.hands[index]).any(axis=1)
        assert hand.chips == pytest.approx(10 * float(reach @ all_in.against(index, game.root.cards)) / reach.sum(), abs=1e-9)
        assert len(hand.play) == 7 + seat  # the agent's last check is summed over


def test_sizes_are_fractions_of_the_pot_and_legal():
    game = full()
    lines = ("", "raise 300", "call / check / AsKsQs")
    amounts = [[action.text for action in FCPA.bets(game, find_decision(game, line, "line"))] for line in lines]
    assert amounts == [["raise 300", "all-in 20000"], ["raise 900", "all-in 20000"], ["bet 200", "all-in 19900"]]
    many = [action.chips for action in BETS_56.bets(game, game.root)]
    assert (many[0], many[-1], len(many)) == (200, 20000, 40)
    assert many == sorted(set(many))
    assert not FC.bets(game, game.root)
    assert not FCPA.bets(game, find_decision(game, "all-in 20000", "line"))


def test_what_cannot_be_measured_is_refused():
    agent = table_agent(TWENTY)
    with pytest.raises(ValueError, match="actions must be fold and call, or the game's own bets, where amounts are a menu's, got 'fcpa'"):
        SampledLbr(agent, NOTHING, FCPA, AllIn(TWENTY.deck, 2))
    with pytest.raises(ValueError, match=r"actions.first_round must be in 0..2, got 3"):
        SampledLbr(agent, NOTHING, LocalActions("late", None, first_round=3), AllIn(TWENTY.deck, 2))
