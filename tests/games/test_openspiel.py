import gc
import itertools
import re

import numpy as np
import pyspiel
import pytest
from open_spiel.python import policy as openspiel_policy
from open_spiel.python.algorithms import expected_game_score

from games import (
    UnknownGameError,
    UnsuitableGameError,
    derivation,
    features,
    information_states,
    load_game,
    private_deals,
    public_tree,
    size_estimate,
)
from games.config import OpenSpielGame
from games.size_estimate import estimate_histories
from search import Evaluator
from tests.catalogue import SMALL_GAMES
from tests.naive import scripted
from tests.naive.histories import expected_value, infostates, openspiel_histories, random_policy, walk
from tests.naive.tables import to_strategy
from tests.running import finish, start_code

CHANCE, TERMINAL = scripted.CHANCE, scripted.TERMINAL
HISTORY = r"\(at history \[[\d, ]*\]\)"


@pytest.mark.parametrize(
    ("game", "nodes", "hands"),
    [
        ("kuhn_poker", 9, 3),
        ("leduc_poker", 465, 6),
        ("leduc_poker(suit_isomorphism=true)", 240, 3),
        ("liars_dice(numdice=1,dice_sides=2)", 31, 2),
        ("liars_dice(numdice=1,dice_sides=4)", 511, 4),
        ("liars_dice(numdice=2,dice_sides=2)", 511, 3),
        pytest.param("liars_dice(numdice=1,dice_sides=6)", 8191, 6, marks=pytest.mark.slow),
        pytest.param("liars_dice(numdice=2,dice_sides=3)", 8191, 6, marks=pytest.mark.slow),
    ],
)
def test_sizes(game, nodes, hands):
    tree = public_tree(game)
    assert tree.num_nodes == nodes
    assert (tree.num_hands(0), tree.num_hands(1)) == (hands, hands)


def test_leducs_histories(leduc):
    """9,457 histories, 936 information states (published.md, section 5): of both players, the suits apart."""
    assert sum(1 for _ in walk(leduc.root)) == 9457
    assert len(infostates(leduc.root)) == 936
    assert sum(bool(text) for p in (0, 1) for at in leduc.strings[p] for text in at) == 936


def test_deals_of_cards_remove_them(kuhn, leduc):
    np.testing.assert_allclose(kuhn.tree.deal_weights, (1 - np.eye(3)) / 6, rtol=1e-15)
    np.testing.assert_allclose(leduc.tree.deal_weights, (1 - np.eye(6)) / 30, rtol=1e-15)


def test_deals_of_dice_are_multinomial():
    tree = public_tree("liars_dice(numdice=2,dice_sides=2)")
    assert tree.hands == (("11", "12", "22"),) * 2
    np.testing.assert_allclose(tree.deal_weights, np.outer([1, 2, 1], [1, 2, 1]) / 16, rtol=1e-15)


def test_merged_suits_leave_the_pairs_that_remain():
    tree = public_tree("leduc_poker(suit_isomorphism=true)")
    same = np.eye(3, dtype=bool)
    np.testing.assert_allclose(tree.deal_weights[same], 1 / 15, rtol=1e-15)
    np.testing.assert_allclose(tree.deal_weights[~same], 2 / 15, rtol=1e-15)


def test_information_states_agree_with_openspiel(case):
    """Each of OpenSpiel's states stands once, at a node where its player acts and with its number of actions."""
    for p in (0, 1):
        ours = {}
        for k, at in enumerate(case.strings[p]):
            rows = case.tree.rows_at(int(case.tree.sequences[p].node[k]))
            for text in filter(None, at):
                assert text not in ours
                ours[text] = rows.stop - rows.start
        assert ours == infostates(case.root, p)


def tabular(game, policy):
    return pyspiel.TabularPolicy({name: list(zip(actions, map(float, p), strict=True)) for name, (actions, p) in policy.items()})


def actions_of(root):
    return {n.infostate: n.actions for n in walk(root) if n.player >= 0}


@pytest.mark.parametrize("zeros", [0.0, 0.5])
def test_values_agree_with_openspiel(case, zeros):
    rng = np.random.default_rng(7)
    evaluator, spiel, actions = Evaluator(case.tree), pyspiel.load_game(case.game), actions_of(case.root)
    for _ in range(3):
        policy = random_policy(case.root, rng, zeros)
        theirs = tabular(case.game, {name: (actions[name], p) for name, p in policy.items()})
        expected = pyspiel.expected_returns(spiel.new_initial_state(), theirs, -1, True)
        values = evaluator.values(to_strategy(case.tree, case.strings, policy))
        assert values == pytest.approx(tuple(expected), abs=1e-12)
        assert values[0] == pytest.approx(expected_value(case.root, policy), abs=1e-12)
        assert values[0] == -values[1]


@pytest.mark.parametrize("game", ["kuhn_poker", "liars_dice(numdice=2,dice_sides=2)"])
def test_values_agree_with_openspiels_python(game):
    spiel = pyspiel.load_game(game)
    theirs = openspiel_policy.TabularPolicy(spiel)
    rng = np.random.default_rng(11)
    weights = rng.exponential(size=theirs.action_probability_array.shape) * theirs.legal_actions_mask
    theirs.action_probability_array[:] = weights / weights.sum(axis=1, keepdims=True)
    tree = public_tree(game)
    policy = {}
    for name, i in theirs.state_lookup.items():
        policy[name] = theirs.action_probability_array[i][theirs.legal_actions_mask[i] > 0]
    expected = expected_game_score.policy_value(spiel.new_initial_state(), [theirs, theirs])
    values = Evaluator(tree).values(to_strategy(tree, information_states(game), policy))
    assert values == pytest.approx(tuple(expected), abs=1e-12)


def test_a_derivation_repeats():
    one, two = public_tree("leduc_poker"), public_tree("leduc_poker")
    assert one.hands == two.hands
    assert one.labels == two.labels
    for x, y in zip(one.terminals[0], two.terminals[0], strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_derivation_leaves_the_garbage_collector_on():
    assert gc.isenabled()
    public_tree("kuhn_poker")
    with pytest.raises(UnsuitableGameError):
        public_tree("phantom_ttt")
    assert gc.isenabled()


REFUSED_AT_THE_START = [
    ("goofspiel", "moves must be sequential"),
    ("matrix_pd", "moves must be sequential"),
    ("oshi_zumo", "moves must be sequential"),
    ("kuhn_poker(players=3)", "there must be two players, got 3"),
    ("leduc_poker(players=3)", "there must be two players, got 3"),
    ("bridge", "there must be two players, got 4"),
    ("blackjack", "there must be two players, got 1"),
    ("tiny_hanabi", "utilities must be zero-sum"),
    ("first_sealed_auction", "utilities must be zero-sum"),
    ("backgammon", "information state strings must be provided"),
]


@pytest.mark.parametrize(("game", "rule"), REFUSED_AT_THE_START)
def test_games_of_another_kind_are_refused(game, rule):
    with pytest.raises(UnsuitableGameError, match=rf"^{re.escape(game)} is not suitable: {rule}.*\(at the start\)$"):
        public_tree(game)


HIDDEN = "actions and chance after the deal must be seen by both"


@pytest.mark.parametrize(
    ("game", "rule"),
    [
        ("phantom_ttt", HIDDEN),
        ("dark_hex(board_size=2)", HIDDEN),
        ("battleship(board_width=2,board_height=2,ship_sizes=[1],ship_values=[1],num_shots=2)", HIDDEN),
        ("turn_based_simultaneous_game(game=goofspiel(num_cards=3,imp_info=true))", HIDDEN),
    ],
)
def test_games_with_hidden_actions_are_refused(game, rule):
    with pytest.raises(UnsuitableGameError, match=f"^{re.escape(game)} is not suitable: {rule}.*{HISTORY}$"):
        public_tree(game)


@pytest.mark.parametrize("game", ["battleship", "kriegspiel", "latent_ttt"])
def test_hidden_actions_of_large_games_are_found_at_once(game):
    """The second player's first decision shows them: millions of histories lie below the first action, and none is visited."""
    with pytest.raises(UnsuitableGameError, match=HIDDEN):
        public_tree(game, max_histories=2000)


def test_a_player_who_forgets_is_not_told_of_hidden_actions():
    """Bids are public in Liar's Dice with imperfect recall; its information states leave all but the last one out."""
    with pytest.raises(UnsuitableGameError, match=f"a player must remember what was seen before, got player 1 forgetting {HISTORY}$"):
        public_tree("liars_dice_ir")


def test_the_history_named_is_the_offending_one():
    """Dark hex 2x2: the first stone is hidden, so nobody who acts later could tell; the history names one that breaks the rule."""
    with pytest.raises(UnsuitableGameError) as refusal:
        public_tree("dark_hex(board_size=2)")
    numbers = re.search(r"at history \[(.*)\]", str(refusal.value)).group(1)
    state = pyspiel.load_game("dark_hex(board_size=2)").new_initial_state()
    for action in numbers.split(", "):
        state.apply_action(int(action))
    player = state.current_player()
    text = state.information_state_string(player)
    twins = [n for n in walk_states(pyspiel.load_game("dark_hex(board_size=2)")) if n.current_player() == player]
    assert sum(twin.information_state_string(player) == text for twin in twins) > 1


def run_code(code):
    output, errors = finish(start_code(code))
    assert errors == ""
    return output


def walk_states(spiel):
    stack = [spiel.new_initial_state()]
    while stack:
        state = stack.pop()
        if not state.is_terminal():
            yield state
            stack.extend(state.child(a) for a in state.legal_actions())


def test_endless_games_are_refused(monkeypatch):
    monkeypatch.setattr(derivation, "LOOK_SECONDS", 1e9)  # a slow machine would refuse it for its size first
    with pytest.raises(UnsuitableGameError, match="a hand must end within some hundred actions"):
        public_tree("chess")


def test_too_large_games_are_refused():
    with pytest.raises(UnsuitableGameError, match=r"at most 1,000 histories can be derived, got about 9\.\d+e\+03$"):
        public_tree("leduc_poker", max_histories=1000)


@pytest.mark.parametrize(
    ("game", "size"),
    [
        ("liars_dice(numdice=5)", r"1,000,000 private deals can be listed, got about 6\.05e\+07"),  # 6^10
        ("liars_dice(numdice=1000)", r"1,000,000 private deals can be listed, got more than .*e\+30"),
        (
            "liars_dice(numdice=3)",
            r"20,000,000 histories can be derived, got (about 4\.31|more than [\d.]+)e\+1\d",
        ),  # 2^37 * 56^2 or of as many deals as a second lists
        ("liars_dice(numdice=2)", r"20,000,000 histories can be derived, got about 1\.48e\+10"),  # 2^25 * 21^2
        ("connect_four", r"20,000,000 histories can be derived, got about .*e\+2\d"),
        ("python_liars_poker", r"1,000,000 private deals can be listed, got about 1e\+20"),  # 10^20
    ],
)
def test_a_large_game_is_refused_with_its_size_before_it_costs_memory(game, size):
    """The bounds are the promise's: CPU seconds, which busy neighbours do not change, and bytes that the process has more than before."""
    code = (
        "import resource, time\nfrom games import UnsuitableGameError, public_tree\n"
        "def used(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        f"start, before = time.process_time(), used()\ntry: public_tree({game!r})\n"
        "except UnsuitableGameError as error: print(time.process_time() - start, used() - before, error)"
    )
    seconds, megabytes, message = run_code(code).split(maxsplit=2)
    assert re.fullmatch(f"{re.escape(game)} is not suitable: at most {size}", message.strip())
    assert float(seconds) < 5
    assert float(megabytes) < 500


def test_the_estimate_is_exact_where_deals_are_alike():
    tree = public_tree("liars_dice(numdice=1,dice_sides=4)")
    assert estimate_histories([deal_of("liars_dice(numdice=1,dice_sides=4)")]) == (tree.num_nodes, True)


def test_the_estimate_of_leduc_is_near(monkeypatch):
    """One draw is 15 % off, and the mean of 400 is 0.7 %."""
    monkeypatch.setattr(size_estimate, "ESTIMATE_SECONDS", 60.0)
    histories = sum(1 for _ in walk(openspiel_histories("leduc_poker")))
    estimate = estimate_histories([pyspiel.load_game("leduc_poker").new_initial_state()], draws=400)
    assert estimate.histories == pytest.approx(histories, rel=0.03)


def deal_of(game):
    state = pyspiel.load_game(game).new_initial_state()
    while state.is_chance_node():
        state = state.child(state.legal_actions()[0])
    return state


def test_memory_that_runs_out_is_said_in_a_line(monkeypatch):
    def full(*_):
        raise MemoryError("std::bad_alloc")

    for name in ("enter", "tree"):
        with monkeypatch.context() as patch:
            patch.setattr(derivation.Derivation, name, full)
            with pytest.raises(UnsuitableGameError, match="kuhn_poker is not suitable: it must fit into memory, got more than was free"):
                public_tree("kuhn_poker")


def test_a_long_derivation_tells_how_far_it_is(monkeypatch):
    for module, name in itertools.product((derivation, private_deals), ("LOOK_SECONDS", "TELL_SECONDS")):
        monkeypatch.setattr(module, name, 0.0)
    told = []
    public_tree("liars_dice(numdice=1,dice_sides=4)", progress=lambda *said: told.append(said))
    deals, histories = ([said for said in told if said[0] == what] for what in ("private deals", "histories"))
    assert [done for _, done, _ in deals] == [*range(1, 17)]
    assert {total for _, _, total in deals} == {16}
    assert [done for _, done, _ in histories] == sorted(done for _, done, _ in histories)
    assert histories[-1][1] == 511 * 16
    assert told == deals + histories


@pytest.mark.parametrize(
    "game",
    [
        "",
        "no_such_game",
        "kuhn",
        "kuhn_poker(",
        "kuhn_poker)",
        "kuhn_poker(players=2)x",
        "python_no_such_game",
        "turn_based_simultaneous_game(game=no_such_game())",
        "turn_based_simultaneous_game(game=goofspiel(colour=red))",
        "liars_dice(numdice=99999999999)",
        "kuhn_poker(colour=red)",
        "kuhn_poker(players=99)",
        "kuhn_poker(players=two)",
        "liars_dice(dice_sides=0)",
        "liars_dice(numdice=0)",
        "liars_dice(numdice=-1)",
    ],
)
def test_unknown_games_and_parameters_are_refused_in_one_line(game, capfd):
    with pytest.raises(UnknownGameError) as refusal:
        public_tree(game)
    message = str(refusal.value)
    assert "\n" not in message
    assert re.search("must (be|have|end)", message)
    assert game.partition("(")[0] in message or "no_such_game" in message or "goofspiel" in message
    assert "Available" not in message
    assert "/" not in message  # no place in OpenSpiel's source
    assert capfd.readouterr() == ("", "")  # OpenSpiel itself says nothing, its list of games least of all


def test_blanks_beside_brackets_commas_and_names_do_not_count():
    assert public_tree(" liars_dice (numdice = 1 , dice_sides=2 ) ").game == "liars_dice(numdice=1,dice_sides=2)"
    assert OpenSpielGame(string=" kuhn_poker( players=2 ) ").game_string() == "kuhn_poker(players=2)"
    with pytest.raises(UnknownGameError, match="blind"):
        load_game("universal_poker(blind=1 2,nosuch=1)")  # a blank inside a value is the value's


def test_openspiels_python_games_are_games():
    ours, theirs = public_tree("python_kuhn_poker"), public_tree("kuhn_poker")
    assert ours.player.tolist() == theirs.player.tolist()
    np.testing.assert_array_equal(ours.deal_weights, theirs.deal_weights)


def test_a_wrong_parameter_is_named_with_the_right_ones():
    with pytest.raises(UnknownGameError, match=r"parameters of liars_dice must be among .*dice_sides.*numdice.*, got 'dice'"):
        load_game("liars_dice(dice=3)")


COIN = {("heads", "only"): 0.5, ("tails", "only"): 0.5}


def coin_toss(coin, _):
    """The running example of Brown & Sandholm 2017: sell, or let the other guess the coin."""
    right, wrong = -1.0, 1.0
    guess = (1, {"Heads": right if coin == "heads" else wrong, "Tails": right if coin == "tails" else wrong})
    return (0, {"Sell": 0.5 if coin == "heads" else -0.5, "Play": guess})


@pytest.fixture(scope="session")
def coin():
    return public_tree(scripted.register("timebank_coin", COIN, coin_toss))


def test_hands_may_differ_by_player(coin):
    assert (coin.num_hands(0), coin.num_hands(1)) == (2, 1)
    np.testing.assert_array_equal(coin.deal_weights, [[0.5], [0.5]])
    assert [coin.text(i) for i in range(coin.num_nodes)] == ["start", "Sell", "Play", "Play Heads", "Play Tails"]
    assert coin.player.tolist() == [0, TERMINAL, 1, TERMINAL, TERMINAL]


def refusal(name, tree, deals=None):
    game = scripted.register(f"timebank_{name}", deals or {("a", "x"): 0.5, ("b", "x"): 0.5}, tree)
    with pytest.raises(UnsuitableGameError) as found:
        public_tree(game)
    return str(found.value)


def test_private_legal_actions_are_refused():
    message = refusal("legal", lambda mine, _: (0, {"Stay": 1.0, "Go" if mine == "a" else "": -1.0}))
    assert re.search(rf"legal actions must be public, got \[0, 1\] and \[0\].*{HISTORY}", message)
    assert message.endswith("(at history [1])")


def test_a_private_turn_is_refused():
    end = {"Stay": 1.0, "Go": -1.0}
    message = refusal("turn", lambda mine, _: (0, {"On": (0 if mine == "a" else 1, end)}))
    assert "who acts must be public, got player 0 and 1" in message
    assert message.endswith("(at history [1, 0])")


def test_a_hidden_action_is_refused():
    after = (1, {"Stay": 1.0, "Go": -1.0})
    message = refusal("action", lambda *_: (0, {"Left?": after, "Right?": after}))
    assert f"{HIDDEN}, got hidden ones: player 1 cannot tell" in message
    assert message.endswith("(at history [0, 1])")


def test_private_chance_after_the_deal_is_refused():
    after = (1, {"Stay": 1.0, "Go": -1.0})
    message = refusal("chance", lambda *_: (0, {"On": (CHANCE, {"Rain?": (0.5, after), "Sun?": (0.5, after)})}))
    assert f"{HIDDEN}, got hidden ones: player 1 cannot tell" in message
    assert message.endswith("(at history [0, 0, 1])")


def test_a_player_who_learns_the_others_hand_is_refused():
    deals = {("a", "x"): 0.5, ("a", "y"): 0.5}
    message = refusal("reveal", lambda *_: (0, {"Look!": (0, {"Stay": 1.0, "Go": -1.0})}), deals)
    assert "a player must know only the own hand and what is public, got player 0 knowing more" in message
    assert re.search(HISTORY + "$", message)


def test_a_game_over_after_the_deal_is_refused():
    message = refusal("over", lambda mine, _: 1.0 if mine == "b" else (0, {"Stay": 1.0}))
    assert "somebody must act after the deal" in message
    assert "at history [1]" in message


def test_public_chance_may_depend_on_the_hands():
    """Chance outcomes whose probability differs by deal, or that some deals rule out, are inside the terminals' weights."""

    def tree(mine, _):
        chance = {"Rain": 0.25, "Sun": 0.75} if mine == "a" else {"Rain": 1.0}
        return (0, {"On": (CHANCE, {label: (p, (1, {"Stay": p, "Go": -2.0})) for label, p in chance.items()})})

    game = scripted.register("timebank_weather", {("a", "x"): 0.5, ("b", "x"): 0.25, ("b", "y"): 0.25}, tree)
    derived = public_tree(game)
    root, strings = openspiel_histories(game), information_states(game)
    assert strings[1][1] == ["x|On Sun", ""]  # hand y never sees the sun
    rng = np.random.default_rng(0)
    for _ in range(5):
        policy = random_policy(root, rng)
        assert Evaluator(derived).values(to_strategy(derived, strings, policy))[0] == pytest.approx(expected_value(root, policy), abs=1e-14)


@pytest.mark.parametrize("game", SMALL_GAMES)
def test_features_are_a_public_and_a_hand_part(game):
    """Together they hold the numbers of OpenSpiel's tensor: those of any state can be put together from the two."""
    tree, parts = public_tree(game), features(game)
    spiel = pyspiel.load_game(game)
    strings = information_states(game)
    where = [{text: (k, h) for k, at in enumerate(strings[p]) for h, text in enumerate(at) if text} for p in (0, 1)]
    for p in (0, 1):
        assert parts.public[p].shape[0] == len(tree.sequences[p].node)
        assert parts.hand[p].shape[0] == tree.num_hands(p)
        assert parts.public[p].shape[1] + parts.hand[p].shape[1] == spiel.information_state_tensor_size()
        assert np.isfinite(parts.public[p]).all()
        assert np.isfinite(parts.hand[p]).all()
        assert len(np.unique(parts.hand[p], axis=0)) == tree.num_hands(p)  # hands can be told apart
        assert len(np.unique(parts.public[p], axis=0)) == len(tree.sequences[p].node)  # so can public states
    seen = 0
    stack = [spiel.new_initial_state()]
    while stack:
        state = stack.pop()
        if state.is_terminal():
            continue
        if not state.is_chance_node():
            p = state.current_player()
            k, h = where[p][state.information_state_string(p)]
            both = np.concatenate([parts.public[p][k], parts.hand[p][h]])
            np.testing.assert_array_equal(np.sort(both), np.sort(np.array(state.information_state_tensor(p), np.float32)))
            seen += 1
        stack.extend(state.child(a) for a in state.legal_actions())
    assert seen > 0


def test_features_need_tensors(coin):
    with pytest.raises(UnsuitableGameError, match="information state tensors must be provided"):
        features("timebank_coin")
