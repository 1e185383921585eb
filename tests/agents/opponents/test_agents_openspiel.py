import numpy as np
import pyspiel
import pytest
from open_spiel.python import policy as spiel_policy
from open_spiel.python.algorithms import exploitability as spiel_exploitability
from open_spiel.python.algorithms.evaluate_bots import evaluate_bots

from agents import BlueprintAgent, SearchAgent, Serial, UniformPolicy, exploitability, solved_policy, tabulate
from agents.match.deal import Competitor
from agents.match.exact_value import exact_values
from agents.match.match import Match, play_matches
from agents.match.statistics import Tally
from agents.opponents.bot import SandboxedBot, observe
from agents.opponents.openspiel import TimebankBot, TimebankPolicy, check_bot, make, policy_of
from agents.opponents.sandbox import FaultError
from agents.policy import policy_table
from games import public_tree
from games.derived import derived_game
from search import Budget, Evaluator, represent, variant

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
    first, second = (tabulate(agent, p, budget).table for p, (agent, budget) in enumerate(zip(agents, budgets, strict=True)))
    exact = represent(derived_game(LEDUC)).value((first, second), 0)
    bots = [TimebankBot(agent, p, budget, seed=p) for p, (agent, budget) in enumerate(zip(agents, budgets, strict=True))]
    for bot in bots:
        bot._reader.decisions.forget = lambda: None  # the same decisions each time: remember them, for speed
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


def test_a_bot_that_peeks_sees_its_own_hand_and_another_one_in_place_of_the_opponents(monkeypatch):
    monkeypatch.setenv("TIMEBANK_MODULES", __name__)
    SEEN.clear()
    random, bot = np.random.default_rng(0), make("tests.agents.opponents.test_agents_openspiel:peeking", KUHN.game, 0, 0)
    for _ in range(200):
        observation = observe(derived_game(KUHN), 0, 2, random)
        assert (observation.player, observation.hand, observation.history, observation.legal) == (0, "2", (), (0, 1))
        assert bot.step(observation) == 1
    assert {text for text, _ in SEEN} == {"2"}
    shown = [history[1] for _, history in SEEN]
    assert set(shown) == {0, 1}
    assert 60 < shown.count(0) < 140


@pytest.mark.parametrize("name", ["uniform_random", "fixed_action_preference"])
def test_registered_bots_play(name):
    match = Match(
        (Competitor("ours", searcher(LEDUC), Budget(iterations=5)), Competitor("bot", SandboxedBot(derived_game(LEDUC), name, 60), STILL)),
        salt="salt",
    )
    tally = Tally(match)
    for _, records, _ in play_matches([match], 1000):
        tally.add(records)
    found = tally.estimates()["aivat"]
    assert not tally.faults
    if name == "uniform_random":
        uniform = Competitor("bot", BlueprintAgent(UniformPolicy(LEDUC)), STILL)
        exact = exact_values([Match((match.competitors[0], uniform))], 1, Serial())[0]
        assert abs(found.mean - exact.value) < 4 * found.standard_error
        assert found.standard_error < tally.estimates()["raw"].standard_error
    assert exact_values([match], 1, Serial()) == [None]


def test_what_a_bot_of_openspiels_does_wrong_is_told_apart(monkeypatch):
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.bots")
    game = derived_game(LEDUC)
    bot, wrongs = SandboxedBot(game, "tests.bots:Odd", 60), []
    for hand in (0, 1, 3, 4):
        bot.restart(0)
        with pytest.raises(FaultError) as error:
            bot.step(observe(game, 0, hand, np.random.default_rng(0)))
        wrongs.append((error.value.kind, str(error.value)))
    assert wrongs == [
        ("illegal", "action must be one of 1, 2, got None"),
        ("illegal", "action must be one of 1, 2, got 0.7"),
        ("illegal", "action must be one of 1, 2, got 7"),
        ("raised", "KeyError: 'no such card'"),
    ]
    assert bot.step(observe(game, 0, 2, np.random.default_rng(0))) == 1  # np.int64(1) is a number
    bot.close()


def test_bots_of_openspiels_are_checked():
    check_bot("uniform_random")
    with pytest.raises(ValueError, match=r"agent.bot must be one of .*uniform_random.*, got 'stockfish'"):
        check_bot("stockfish")
