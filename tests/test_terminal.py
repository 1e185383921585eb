import re

import pytest
from agents.play.table_view import TreeView, card_text, contributions, keys_of

from agents import BlueprintAgent, SearchAgent, UniformPolicy, solved_policy
from agents.evaluation.aivat import terminal_values
from agents.play.terminal import Terminal
from games import TERMINAL, public_tree
from search import Budget, variant

GAMES = ("kuhn_poker", "leduc_poker", "leduc_poker(suit_isomorphism=true)", "liars_dice(numdice=1,dice_sides=3)")


def session(game, keys, seed=1, hands=None, search=False, colored=False):
    """Play with the keys given; return what was shown, and the hands saved."""
    tree = public_tree(game)
    policy = solved_policy(tree, variant("cfr"), 10)
    agent = SearchAgent(policy, variant("default")) if search else BlueprintAgent(policy)
    shown, saved, left = [], [], iter(keys)

    def ask(prompt):
        shown.append(prompt)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    Terminal(TreeView(agent), Budget(iterations=20), seed, ask, shown.append, saved.append, colored).run(hands)
    return "\n".join(shown), saved


@pytest.mark.parametrize("game", GAMES)
def test_every_game_can_be_played_to_the_end_by_numbers_or_letters(game):
    shown, saved = session(game, ["c", "p", "1"] * 40, hands=4)
    assert [record["hand"] for record in saved] == [0, 1, 2, 3]
    assert [record["you"] for record in saved] == [0, 1, 0, 1]
    assert "4 hands" in shown
    total = sum(record["chips"] for record in saved)
    assert f"{total:+g} chips" in shown
    tree = public_tree(game)
    for record in saved:  # what was saved is a hand of the game
        node = 0
        for label in record["play"]:
            node = next(child for child in tree.children(node) if tree.labels[child] == label)
        assert tree.player[node] == TERMINAL
        hands = tuple(tree.hands[p].index(record["hands"][p]) for p in (0, 1))
        assert terminal_values(tree, node)[hands] * (1 if record["you"] == 0 else -1) == record["chips"]


def test_what_a_bad_key_says_and_that_leaving_keeps_what_was_played():
    shown, saved = session("leduc_poker", ["x", "", "c", "c", "c", "c", "c", "c", "c", "c", "q"])
    assert "a key must be one of c, b, ?, u, q, help, got 'x'" in shown
    assert "got ''" in shown
    assert saved


def test_a_question_shows_policy_value_range_and_time():
    shown, _ = session("leduc_poker", ["?", "q"], search=True)
    parts = (
        "in your place it plays",
        "Check",
        "Bet 2",
        "its hand, by what it did:",
        "thought for",
        "20 iterations",
        "chips by its blueprint",
    )
    for text in parts:
        assert text in shown
    assert shown.count("%") >= 4


def test_asking_changes_nothing():
    _, saved = session("leduc_poker", ["c", "c", "c", "c"], hands=1)
    _, again = session("leduc_poker", ["?", "c", "?", "c", "?", "c", "c"], hands=1)
    for record in (*saved, *again):
        record.pop("agent_milliseconds")
    assert saved == again


def test_undo_takes_the_last_move_back_and_draws_nothing_anew():
    shown, saved = session("leduc_poker", ["u", "r", *["u", "r"] * 3, "c", "c", "c", "c"], hands=1)
    assert "there is no move of yours to take back" in shown
    assert shown.count("back at your last decision") == saved[0]["undone"] > 0
    _, straight = session("leduc_poker", ["r", "c", "c", "c", "c"], hands=1)
    assert straight[0]["play"] == saved[0]["play"]  # the same moves meet the same answers
    assert straight[0]["hands"] == saved[0]["hands"]


@pytest.mark.parametrize("game", GAMES[:3])
def test_the_pot_is_what_a_fold_costs(game):
    tree = public_tree(game)
    folds = 0
    for node in range(1, tree.num_nodes):
        player = int(tree.player[tree.parent[node]])
        paid = contributions(tree, int(tree.parent[node]))
        folded = tree.labels[node] == "Fold" or (tree.labels[node] == "Pass" and paid[0] != paid[1])
        if tree.player[node] == TERMINAL and player >= 0 and folded:
            lost = terminal_values(tree, node)[tree.chance_weights[tree.chance_of[node]] > 0]
            assert set(lost.tolist()) == {-paid[0] if player == 0 else paid[1]}
            folds += 1
    assert folds > 0
    assert contributions(public_tree(GAMES[3]), 1) is None


def test_cards_are_readable():
    assert [card_text("leduc_poker", str(i)) for i in range(6)] == ["J♠", "J♥", "Q♠", "Q♥", "K♠", "K♥"]
    assert [card_text("kuhn_poker", str(i)) for i in range(3)] == ["J", "Q", "K"]
    assert card_text("liars_dice(numdice=2)", "13") == "13"
    tree = public_tree("leduc_poker")
    view = TreeView(BlueprintAgent(UniformPolicy(tree)))
    node = next(n for n in range(tree.num_nodes) if tree.text(n) == "Call Call Chance outcome:3")
    assert view.board_text(node) == "Q♥"
    assert [view.action_text(child) for child in tree.children(node)] == ["Check", "Bet 4"]
    raised = tree.children(node)[1]
    assert [view.action_text(child) for child in tree.children(raised)] == ["Fold", "Call 4", "Raise to 8"]


def test_actions_have_pokers_words_and_amounts():
    """A bet that calls is called a call, what nobody has to pay is checked, and raises say what they come to in the round."""
    kuhn = TreeView(BlueprintAgent(UniformPolicy(public_tree("kuhn_poker"))))
    bet = kuhn.children(0)[1]
    assert [kuhn.action_text(child) for child in kuhn.children(0)] == ["Check", "Bet 1"]
    assert [kuhn.action_text(child) for child in kuhn.children(bet)] == ["Fold", "Call 1"]
    assert kuhn.keys(bet) == {"f": 0, "c": 1, "fold": 0, "call": 1, "pass": 0, "bet": 1, "p": 0, "b": 1}
    leduc = TreeView(BlueprintAgent(UniformPolicy(public_tree("leduc_poker"))))
    bet = leduc.children(0)[1]
    assert [leduc.action_text(child) for child in leduc.children(0)] == ["Check", "Bet 2"]
    assert [leduc.action_text(child) for child in leduc.children(bet)] == ["Fold", "Call 2", "Raise to 4"]
    assert leduc.keys(0)["r"] == leduc.keys(0)["raise"] == leduc.keys(0)["b"] == leduc.keys(0)["bet"] == 1


def test_help_lists_the_keys():
    shown, _ = session("leduc_poker", ["help", "q"])
    assert "your actions: c or check, b or bet 2" in shown
    assert "u: takes your last move back; q: leaves" in shown


def test_colours_are_only_where_they_are_wanted():
    plain, _ = session("leduc_poker", ["c"] * 8, hands=1)
    colored, _ = session("leduc_poker", ["c"] * 8, hands=1, colored=True)
    assert "\033" not in plain
    assert "\033[32mCheck\033[0m" in colored
    assert "\033[31mBet 2\033[0m" in colored
    assert re.sub(r"\033\[\d+m", "", colored) == plain


def test_keys_are_letters_where_they_differ():
    assert keys_of(["Fold", "Call", "Raise"]) == {"f": 0, "c": 1, "r": 2}
    assert keys_of(["1-2", "1-3", "Liar"]) == {"1": 0, "2": 1, "3": 2}
    assert keys_of(["Quit", "Up"]) == {"1": 0, "2": 1}  # q and u mean something else
