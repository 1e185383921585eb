"""Playing in the terminal: what is shown, what the keys do, and what is saved, in every game."""

import itertools
import re
import signal
from functools import cache

import pytest

from agents import BlueprintAgent, SearchAgent, UniformPolicy, solved_policy
from agents.board_blueprint import make_blueprint
from agents.evaluation.aivat import value_function
from agents.play.terminal import Terminal
from agents.play.words import action_text
from games import CHANCE, TERMINAL, public_tree
from games.game import Action, Kind, find_decision
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Spot
from search import Budget, variant
from tests.catalogue import UNEVEN, small

SPIEL = ("kuhn_poker", "leduc_poker", "leduc_poker(suit_isomorphism=true)", "liars_dice(numdice=1,dice_sides=3)")
HOLDEM = {
    "flop, turn": small([0, 1, 1], ranges=UNEVEN),
    "two sizes": small([0, 1], bets="50%,100%,a", raises="100%,a", raise_cap=0, stack=80),
    "turn spot": Spot(board="Td9d6hQc", ranges=["QQ,AA", "KK,JJ:0.5"], pot=101, stack=60, bets="60%,a", raises="a").build(),
}
GAMES = (*SPIEL, *HOLDEM)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    @cache
    def made(name, thinks=False):
        if name in SPIEL:
            policy = solved_policy(public_tree(name), variant("cfr"), 10)
            return SearchAgent(policy, variant("default")) if thinks else BlueprintAgent(policy)
        blueprint = make_blueprint(HOLDEM[name], (), variant("dcfr"), 4, tmp_path_factory.mktemp("blueprint"))
        return BlueprintAgent(blueprint)

    return made


def terminal(agent, keys=(), seed=1, values=None, colored=False):
    """Return a terminal where the keys given are typed, what it shows, and the hands that it saves."""
    shown, saved, left = [], [], iter(keys)

    def ask(prompt):
        shown.append(prompt)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return Terminal(agent, values, Budget(iterations=20), seed, ask, shown.append, saved.append, colored), shown, saved


def session(agent, keys, hands=None, **settings):
    """Play with the keys given; return what was shown, and the hands saved."""
    at, shown, saved = terminal(agent, keys, values=value_function(agent.game, (agent.blueprint,) * 2), **settings)
    at.run(hands)
    return "\n".join(shown), saved


def texts(at, state):
    return [action_text(at.game, state, action) for action in at.game.actions(state)]


def keys(at, state):
    """Return {key: place of its action}."""
    actions = at.game.actions(state)
    return {key: actions.index(action) for key, action in at.keys(state).items()}


def hand(game, text):
    return int(hand_indices(game.hands)[parse_cards(text)])


@pytest.mark.parametrize("name", GAMES)
def test_every_game_can_be_played_to_the_end_by_numbers_or_letters(agent, name):
    shown, saved = session(agent(name), ["c", "1"] * 60, hands=4)
    game = agent(name).game
    assert [record["hand"] for record in saved] == [0, 1, 2, 3]
    assert [record["you"] for record in saved] == [0, 1, 0, 1]
    assert f"4 hands, {sum(record['chips'] for record in saved):+g} chips" in shown
    for record in saved:  # what was saved is a hand of the game
        state = game.root
        for text in record["play"]:
            state = game.revealed(state, text) if game.player(state) == CHANCE else game.child(state, game.action(state, text))
        assert game.player(state) == TERMINAL
        assert game.board_text(state) == record["board"]
        hands = tuple(next(h for h in range(game.num_hands[p]) if game.hand_text(p, h) == record["hands"][p]) for p in (0, 1))
        assert game.payoff(state, hands) * (1 if record["you"] == 0 else -1) == record["chips"]
        assert min(game.ranges[p][hands[p]] for p in (0, 1)) > 0
        if name in HOLDEM:
            cards = [parse_cards(text) for text in (*record["hands"], record["board"])]
            assert len(set(itertools.chain(*cards))) == sum(map(len, cards))  # no card twice


def test_what_a_bad_key_says_and_that_leaving_keeps_what_was_played(agent):
    shown, saved = session(agent("leduc_poker"), ["x", "", "c", "c", "c", "c", "c", "c", "c", "c", "q"])
    assert "a key must be one of c, b, ?, g, u, q, help, got 'x'" in shown
    assert "got ''" in shown
    assert saved
    shown, _ = session(agent("two sizes"), ["b", "c"] * 30)
    assert re.search(r"got 'b' \(type (\d+) for bet \1 .* or (\d+) for bet \2 ", shown)
    shown, _ = session(agent("flop, turn"), ["x", "q"])
    assert "a key must be one of f, c, r, ?, g, u, q, help, got 'x'" in shown


def test_letters_of_the_games_own_words_are_keys_where_they_are_unambiguous(agent):
    kuhn, two_sizes = terminal(agent("kuhn_poker"))[0], terminal(agent("two sizes"))[0]
    assert {keys(kuhn, kuhn.game.root)[key] for key in ("p", "pass", "c")} == {0}
    assert "b" not in keys(two_sizes, find_decision(two_sizes.game, "call", "line"))  # two bets begin with it


def test_ctrl_c_while_a_hand_is_saved_waits_until_it_is(agent):
    blueprint, kept = agent("kuhn_poker"), []
    at, shown, _ = terminal(blueprint, ["c"] * 60, values=value_function(blueprint.game, (blueprint.blueprint,) * 2))

    def save(record):
        signal.raise_signal(signal.SIGINT)
        kept.append(record)

    at.save = save
    with pytest.raises(KeyboardInterrupt):
        at.run()
    assert (len(kept), at.played) == (1, 1)
    assert shown[-1].startswith("  so far: ")


@pytest.mark.parametrize("name", ["leduc_poker", "flop, turn"])
def test_a_question_shows_policy_value_range_and_time(agent, name):
    shown, _ = session(agent(name, thinks=name in SPIEL), ["c", "?", "q"], seed=2)
    for text in ("in your place it plays", "how often", "its hand, by what it did:", "; chips by its blueprint"):
        assert text in shown
    assert (re.search(r"thought for \S+ \S+, 20 iterations(, no better than what it had)?; ", shown) is not None) == (name in SPIEL)
    assert ("it does not search here; " in shown) == (name not in SPIEL)
    assert shown.count("%") >= 4
    assert ("AKo" in shown) == (name in HOLDEM)


@pytest.mark.parametrize("name", ["leduc_poker", "flop, turn"])
def test_asking_changes_nothing(agent, name):
    _, saved = session(agent(name), ["c"] * 6, hands=1)
    _, again = session(agent(name), ["?", "c"] * 6, hands=1)
    for record in (*saved, *again):
        record.pop("agent_milliseconds")
    assert saved == again
    assert saved


@pytest.mark.parametrize("name", ["leduc_poker", "flop, turn"])
def test_undo_takes_the_last_move_back_and_draws_nothing_anew(agent, name):
    moves = ["raise"] + ["c"] * 8
    shown, saved = session(agent(name), ["u", "c", "u", *moves], hands=1, seed=3)
    assert "there is no move of yours to take back" in shown
    assert shown.count("back at your last decision") == saved[0]["undone"] == 1
    _, straight = session(agent(name), moves, hands=1, seed=3)
    for key in ("play", "hands", "board", "chips"):  # the same moves meet the same answers
        assert straight[0][key] == saved[0][key]


@pytest.mark.parametrize("name", ["leduc_poker", "flop, turn"])
def test_cards_do_not_depend_on_the_bets(agent, name):
    shown = 0
    for seed in range(10):
        boards = [session(agent(name), moves * 10, hands=1, seed=seed)[1][0]["board"] for moves in (["c"], ["raise", "c"])]
        shown += all(boards)
        assert boards[0].startswith(boards[1]) or boards[1].startswith(boards[0])
    assert shown > 2


def test_actions_of_derived_games_have_pokers_words_and_amounts():
    """A bet that calls is called a call, what nobody has to pay is checked, and raises say what they come to in the round."""
    kuhn = terminal(BlueprintAgent(UniformPolicy(public_tree("kuhn_poker"))))[0]
    bet = public_tree("kuhn_poker").children(0)[1]
    assert texts(kuhn, 0) == ["check", "bet 1"]
    assert texts(kuhn, bet) == ["fold", "call 1"]
    assert keys(kuhn, bet) == {"f": 0, "fold": 0, "pass": 0, "p": 0, "c": 1, "call 1": 1, "bet": 1, "call": 1, "b": 1}
    leduc = terminal(BlueprintAgent(UniformPolicy(public_tree("leduc_poker"))))[0]
    bet = public_tree("leduc_poker").children(0)[1]
    assert texts(leduc, 0) == ["check", "bet 2"]
    assert texts(leduc, bet) == ["fold", "call 2", "raise to 4"]
    assert {keys(leduc, 0)[key] for key in ("b", "bet", "bet 2", "2", "raise")} == {1}
    dealt = find_decision(leduc.game, "call / call / Q♥", "line")
    assert leduc.game.board_name(dealt) == "Q♥"
    assert texts(leduc, dealt) == ["check", "bet 4"]
    assert texts(leduc, find_decision(leduc.game, "call / call / Q♥ / raise", "line")) == ["fold", "call 4", "raise to 8"]


def test_actions_of_holdem_have_big_blinds_where_there_are_some(agent):
    at = terminal(agent("flop, turn"))[0]
    assert texts(at, at.game.root) == ["fold", "call 4 (0.571 bb)", "raise to 17 (2.43 bb)"]
    found = keys(at, at.game.root)
    assert [found[key] for key in ("f", "fold", "c", "call", "r", "raise", "17", "raise 17")] == [0, 0, 1, 1, 2, 2, 2, 2]
    spot = terminal(agent("turn spot"))[0]
    assert texts(spot, spot.game.root) == ["check", "all-in 60"]
    found = keys(spot, spot.game.root)
    assert [found[key] for key in ("c", "check", "a", "all-in", "60", "all-in 60")] == [0, 0, 1, 1, 1, 1]


def test_several_bets_are_told_apart_by_their_chips(agent):
    at = terminal(agent("two sizes"))[0]
    actions, found = at.game.actions(at.game.root), keys(at, at.game.root)
    for i, action in enumerate(actions):
        assert found[action.text] == i
        assert action.chips == 0 or found[f"{action.chips:g}"] == i
    assert found["a"] == found["all-in"] == len(actions) - 1
    assert len([action for action in actions if action.text.startswith("raise")]) == 1
    sizes = find_decision(at.game, "call / check / Ah", "line")
    assert [action.text.split()[0] for action in at.game.actions(sizes)].count("bet") == 2
    assert "b" not in keys(at, sizes)


def test_a_decision_is_described_as_at_a_table(agent):
    at = terminal(agent("flop, turn"))[0]
    own = hand(at.game, "AhKd")
    expected = "hand A♥ K♦ | preflop | pot 10 (1.43 bb) (yours 3) | to call 4 (0.571 bb) | behind 38 (its 34)"
    assert at._situation(at.game.root, own) == expected
    later = find_decision(at.game, "call / check / Kd / check / check / Ah", "line")
    assert at._situation(later, own).startswith("hand A♥ K♦ | board K♦ | A♥ | turn | pot ")
    assert at._title() == "holdem against dcfr:4: stacks of 41 (5.86 bb), blinds 3 and 7"
    spot = terminal(agent("turn spot"))[0]
    assert spot._situation(spot.game.root, 0).endswith(" | board T♦ 9♦ 6♥ | Q♣ | turn | pot 101 (yours 50.5) | behind 60")
    assert spot._title() == "spot Td9d6hQc against dcfr:4: stacks of 60, pot 101 (half of the pot counts as each player's)"
    leduc = terminal(agent("leduc_poker"))[0]
    raised = find_decision(leduc.game, "call / raise", "line")
    assert leduc._situation(raised, 2) == "hand Q♠ | round 1 | pot 4 (yours 1) | to call 2"
    dice = terminal(agent(SPIEL[3]))[0]
    assert dice._situation(find_decision(dice.game, "1-2", "line"), 0) == "hand 1 | last: 1-2"


def test_help_lists_the_keys(agent):
    shown, _ = session(agent("kuhn_poker"), ["help", "q"])
    assert "\n    c or check or pass or p\n    b or 1 or bet 1 or bet\n" in shown
    assert "u: takes your last move back; q: leaves" in shown


def test_colours_are_only_where_they_are_wanted(agent):
    plain, _ = session(agent("leduc_poker"), ["c"] * 8, hands=1)
    colored, _ = session(agent("leduc_poker"), ["c"] * 8, hands=1, colored=True)
    assert "\033" not in plain
    assert "\033[32mcheck\033[0m" in colored
    assert "\033[31mbet 2\033[0m" in colored
    assert re.sub(r"\033\[\d+m", "", colored) == plain


@pytest.mark.parametrize("name", ["leduc_poker", "flop, turn"])
def test_a_fold_costs_what_was_paid(agent, name):
    game = agent(name).game
    state = find_decision(game, "call / raise" if name in SPIEL else "raise", "line")
    player = game.player(state)
    others = game.ranges[1 - player]
    values = value_function(game, (agent(name).blueprint,) * 2).action_values(state, others)
    assert len(values) == len(game.actions(state))
    there, met = game.ranges[player] > 0, game.cf_reach(state, player, others)
    assert values[0, there] / met[there] == pytest.approx(-game.chips(state).paid[player], rel=1e-5)


def test_keys_never_stand_for_two_actions_nor_for_leaving_and_taking_back():
    class Words:
        """A game whose actions are any words."""

        def __init__(self, *words):
            self.words = words

        def actions(self, state):
            return [Action(Kind.OTHER, word, 0.0, word) for word in self.words]

        def player(self, state):
            return 0

        def chips(self, state):
            return None

        def amounts(self, state):
            return None

    def shown(*words):
        at = Terminal.__new__(Terminal)
        at.game = Words(*words)
        return {action.text: key for key, action in reversed(at.keys(None).items())}

    assert shown("Fold", "Call", "Raise") == {"Fold": "f", "Call": "c", "Raise": "r"}
    assert shown("1-2", "1-3", "Liar") == {"1-2": "1", "1-3": "2", "Liar": "l"}
    assert shown("Quit", "Up") == {"Quit": "1", "Up": "2"}  # q and u mean something else
