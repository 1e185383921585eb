import os
import re
import sys
import time

import numpy as np
import pyspiel
import pytest
from open_spiel.python import policy as spiel_policy
from open_spiel.python.algorithms import exploitability as spiel_exploitability
from open_spiel.python.algorithms.evaluate_bots import evaluate_bots

from agents import BlueprintAgent, SearchAgent, Serial, UniformPolicy, exploitability, solved_policy, tabulate
from agents.exact_value import exact_values, table_value
from agents.hand import Entrant
from agents.match import Match, play_matches
from agents.match_report import Tally
from agents.openspiel import BotStranger, TimebankBot, TimebankPolicy, check_bot, policy_of
from agents.policy import policy_table
from agents.stranger import FaultError, Guarded
from games import public_tree
from search import Budget, Evaluator, variant

KUHN, LEDUC = public_tree("kuhn_poker"), public_tree("leduc_poker")
STILL = Budget(seconds=0)


def searcher(tree):
    return SearchAgent(solved_policy(tree, variant("cfr"), 10), variant("default"))


@pytest.mark.parametrize("game", ["kuhn_poker", "leduc_poker(suit_isomorphism=true)", "liars_dice(numdice=1,dice_sides=3)"])
def test_openspiel_finds_our_policies_as_exploitable_as_we_do(game):
    tree = public_tree(game)
    agent, budget = searcher(tree), Budget(iterations=7)
    ours = exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))
    theirs = spiel_exploitability.exploitability(pyspiel.load_game(game), TimebankPolicy(agent, budget))
    assert theirs == pytest.approx(ours, abs=1e-9)


def test_a_policy_goes_out_and_comes_back():
    policy = solved_policy(LEDUC, variant("cfr"), 20)
    back = policy_of(TimebankPolicy(BlueprintAgent(policy), STILL), LEDUC)
    assert Evaluator(LEDUC).exploitability(back.strategy()) == pytest.approx(Evaluator(LEDUC).exploitability(policy.strategy()), abs=1e-12)
    theirs = spiel_policy.UniformRandomPolicy(pyspiel.load_game("leduc_poker"))
    table = policy_table(policy_of(theirs, LEDUC).strategy())
    assert table == policy_table(UniformPolicy(LEDUC).strategy())


def test_evaluate_bots_plays_a_match_between_ours():
    game = pyspiel.load_game("leduc_poker")
    agents = searcher(LEDUC), BlueprintAgent(UniformPolicy(LEDUC))
    budgets = Budget(iterations=5), STILL
    tables = [tabulate(agent, p, budget).table for p, (agent, budget) in enumerate(zip(agents, budgets, strict=True))]
    exact = table_value(LEDUC, *tables)
    bots = [TimebankBot(agent, p, budget, seed=p) for p, (agent, budget) in enumerate(zip(agents, budgets, strict=True))]
    for bot in bots:
        bot._reader.course.forget = lambda: None  # the same decisions each time: remember them, for speed
    random = np.random.RandomState(0)
    won = np.array([evaluate_bots(game.new_initial_state(), bots, random)[0] for _ in range(1000)])
    assert abs(won.mean() - exact) < 4 * won.std() / len(won) ** 0.5


def test_a_bot_says_what_openspiel_asks_of_bots():
    state = pyspiel.load_game("kuhn_poker").new_initial_state()
    for action in (1, 0):
        state.apply_action(action)
    bot = TimebankBot(BlueprintAgent(solved_policy(KUHN, variant("cfr"), 20)), 0, STILL)
    assert bot.player_id() == 0
    assert bot.provides_policy()
    policy, action = bot.step_with_policy(state)
    assert sum(p for _, p in policy) == pytest.approx(1)
    assert action in (0, 1)
    bot.inform_action(state, 0, action)
    bot.restart()
    with pytest.raises(ValueError, match="state must be one of kuhn_poker where player 0 acts, got information state '12pb'"):
        bot.get_policy(FakeState("12pb"))


class FakeState:
    """A state that shows a player's information state and would tell on whoever looks further."""

    def __init__(self, text, player=0):
        self.text, self.player, self.looked = text, player, []

    def information_state_string(self, player):
        assert player == self.player
        return self.text

    def current_player(self):
        return self.player

    def __getattr__(self, name):
        raise AssertionError(f"looked at {name}")


def leduc_states(own, other, board, actions, player):
    """The same public history with another hidden card."""
    state = pyspiel.load_game("leduc_poker").new_initial_state()
    for card in (own, other) if player == 0 else (other, own):
        state.apply_action(card)
    for action in actions:
        state.apply_action(board if state.is_chance_node() else action)
    return state


@pytest.mark.parametrize("player", [0, 1])
def test_the_hidden_card_changes_nothing(player):
    """Whatever the opponent holds: the same probabilities, and nothing looked at but the own information state."""
    agent, budget = searcher(LEDUC), Budget(iterations=6)
    actions = (1, 2, 1, None, *([1] if player else []))
    found = []
    for other in (1, 2, 4):
        state = leduc_states(0, other, 3, actions, player)
        assert state.current_player() == player
        policy = TimebankPolicy(agent, budget).action_probabilities(state)
        found.append((policy, TimebankBot(agent, player, budget, 3).step_with_policy(state)))
    assert found == [found[0]] * 3
    guarded = FakeState(leduc_states(0, 1, 3, actions, player).information_state_string(player), player)
    assert TimebankPolicy(agent, budget).action_probabilities(guarded) == found[0][0]


SEEN = []


class Peeking(pyspiel.Bot):
    """Writes down what it is shown."""

    def __init__(self, player):
        super().__init__()
        self.player = player

    def restart(self):
        pass

    def step(self, state):
        SEEN.append((str(state.information_state_string(self.player)), tuple(state.history())))
        return state.legal_actions()[-1]


def peeking(game, player, seed):
    return Peeking(player)


def test_a_bot_that_peeks_sees_its_own_hand_and_another_one_in_place_of_the_opponents():
    SEEN.clear()
    bot = BotStranger(KUHN, peeking)
    bot.load()
    bot.begin(0)
    bot.deal(0)
    for _ in range(200):
        assert bot.choose(0, 0, 2) == 1
    assert {text for text, _ in SEEN} == {"2"}
    shown = [history[1] for _, history in SEEN]
    assert set(shown) == {0, 1}
    assert 60 < shown.count(0) < 140


@pytest.mark.parametrize("name", ["uniform_random", "fixed_action_preference"])
def test_registered_bots_play(name):
    match = Match((Entrant("ours", searcher(LEDUC), Budget(iterations=5)), Entrant("bot", BotStranger(LEDUC, name), STILL)))
    tally = Tally(match)
    for _, first, records, _ in play_matches([match], 1000):
        tally.add(first, records)
    found = tally.estimates()["aivat"]
    assert not tally.faults
    if name == "uniform_random":
        uniform = Entrant("bot", BlueprintAgent(UniformPolicy(LEDUC)), STILL)
        exact = exact_values([Match((match.entrants[0], uniform))], 1, Serial())[0]
        assert abs(found.mean - exact.value) < 4 * found.standard_error
        assert found.standard_error < tally.estimates()["raw"].standard_error
    assert exact_values([match], 1, Serial()) == [None]


class Odd(Peeking):
    def step(self, state):
        card = state.information_state_string(self.player)[0]
        if card == "0":
            time.sleep(60)
        if card == "1":
            raise KeyError("no such card")
        return 5


def odd(game, player, seed):
    return Odd(player)


class Wild(Peeking):
    """Does one kind of wrong for each hand of Leduc's."""

    def step(self, state):
        sys.stdout.write("noise\n")
        sys.stdout.flush()
        match int(re.search(r"Private: (\d)", state.information_state_string(self.player)).group(1)):
            case 0:
                sys.exit("bye")
            case 1:
                bytearray(1 << 50)
            case 2:
                return None
            case 3:
                return 0.7
            case 4:
                return np.int64(1)
        os._exit(3)


def wild(game, player, seed):
    return Wild(player)


def slow_to_make(game, player, seed):
    time.sleep(60)


def broken(game, player, seed):
    raise RuntimeError("no licence")


def test_a_guarded_bot_that_hangs_or_raises_forfeits_and_the_next_hand_is_played():
    guarded = Guarded(BotStranger(KUHN, odd), limit_seconds=0.3)
    guarded.begin(1)
    kinds = []
    for hand in (0, 1, 1):
        guarded.deal(0)
        with pytest.raises(FaultError) as error:
            guarded.choose(0, 0, hand)
        kinds.append((error.value.kind, str(error.value)))
    assert kinds == [("late", "no answer within 0.3 s"), *[("raised", "KeyError: 'no such card'")] * 2]
    assert guarded.choose(0, 0, 2) == 5  # whether it is legal is the match's to say
    guarded._stop()


def test_what_else_a_guarded_bot_does_wrong_is_told_apart(capfd):
    guarded = Guarded(BotStranger(LEDUC, wild))
    guarded.begin(1)
    wrongs = []
    guarded.deal(0)
    for hand in (0, 1, 2, 3, 5):
        with pytest.raises(FaultError) as error:
            guarded.choose(0, 0, hand)
        wrongs.append((error.value.kind, str(error.value)))
    assert wrongs == [
        ("raised", "SystemExit: bye"),
        ("raised", "MemoryError:"),
        ("illegal", "action must be a whole number, got None"),
        ("illegal", "action must be a whole number, got 0.7"),
        ("died", "its process ended"),
    ]
    guarded.deal(0)
    assert guarded.choose(0, 0, 4) == 1
    guarded._stop()
    shown = capfd.readouterr()
    assert "noise" not in shown.out  # the command's own
    assert "noise" in shown.err


def test_a_bot_that_takes_too_long_to_be_made_says_so(monkeypatch):
    monkeypatch.setattr("agents.stranger.MAKE_SECONDS", 0.3)
    with pytest.raises(ChildProcessError, match=r"slow_to_make must start, got: no answer within 0.3 s"):
        Guarded(BotStranger(KUHN, slow_to_make), limit_seconds=0.2).begin(0)


def test_a_bot_that_cannot_be_made_says_so():
    with pytest.raises(ChildProcessError, match="broken must start, got: RuntimeError: no licence"):
        Guarded(BotStranger(KUHN, broken)).begin(0)


def test_bots_by_name_are_checked(monkeypatch):
    check_bot("uniform_random")
    with pytest.raises(ValueError, match=r"agent.bot must be one of .*uniform_random.*, got 'stockfish'"):
        check_bot("stockfish")
    with pytest.raises(ValueError, match=r"of a module that the environment variable TIMEBANK_BOTS names \(\), got 'os:system'"):
        check_bot("os:system")
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.test_agents_openspiel")
    check_bot("tests.test_agents_openspiel:odd")
    with pytest.raises(ValueError, match=r"agent.bot must be module:function, got 'tests.test_agents_openspiel:none'"):
        check_bot("tests.test_agents_openspiel:none")
