"""The betting tree: menus, published tree sizes, and universal_poker walked side by side."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyspiel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.holdem import betting_tree as building
from games.holdem.betting import Betting
from games.holdem.betting_tree import betting_tree
from games.holdem.menus import Menu, Size, parse_sizes
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL


def menu(bets, raises, donks=None):
    return Menu(
        parse_sizes(bets, "game.bets", False), parse_sizes(raises, "game.raises", True), donks and parse_sizes(donks, "game.donks", False)
    )


def spot(pot, stack, bets, raises, rounds=1, **more):
    both = (menu(bets, raises),) * 2
    return Betting((pot / 2, pot / 2), stack, (0,) * rounds, (both,) * rounds, **more)


def full_game(blinds, stack, bets, raises, rounds=4, **more):
    """Player 0 is the small blind: first before the flop, second after."""
    both = (menu(bets, raises),) * 2
    return Betting(blinds, stack, (0, *[1] * (rounds - 1)), (both,) * rounds, min_bet=blinds[1], **more)


def children(tree, node):
    found, child = [], node + 1
    while child < tree.end[node]:
        found.append(child)
        child = int(tree.end[child])
    return found


def follow(tree, *actions):
    node = 0
    for action in actions:
        node = next(child for child in children(tree, node) if tree.labels[child] == action)
    return node


def options(rules, *actions):
    """Return the labels on offer after some actions."""
    tree = betting_tree(rules)
    return [tree.labels[child] for child in children(tree, follow(tree, *actions))]


def test_sizes_are_read_as_poker_software_writes_them():
    assert parse_sizes("50%, 33.5%,a , e,2e", "game.bets", False) == (
        Size("%", 50.0),
        Size("%", 33.5),
        Size("a"),
        Size("e"),
        Size("e", 2.0),
    )
    assert parse_sizes("2.5x", "game.raises", True) == (Size("x", 2.5),)
    assert parse_sizes(" ", "game.bets", False) == ()


@pytest.mark.parametrize(
    ("text", "raises", "message"),
    [
        ("33%, 50", False, "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got '50' (entry 2)"),
        ("50%,,a", False, "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got '' (entry 2)"),
        ("all", False, "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got 'all' (entry 1)"),
        ("0e", False, "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got '0e' (entry 1)"),
        ("nan%", False, "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got 'nan%' (entry 1)"),
        ("٥٠%", False, "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got '٥٠%' (entry 1)"),
        ("0%", False, "game.bets must have sizes above 0%, got '0%' (entry 1)"),
        ("a, -50%", True, "game.bets must have sizes above 0%, got '-50%' (entry 2)"),
        ("2.5x", False, "game.bets must be sizes such as 50%, a, e (only raises are multiples of the bet faced), got '2.5x' (entry 1)"),
        ("1x", True, "game.bets must have multiples above 1x, got '1x' (entry 1)"),
    ],
)
def test_a_wrong_size_is_named(text, raises, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_sizes(text, "game.bets", raises)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stack": 0}, "stack must be positive and cover the blinds, got 0"),
        ({"start": (0.0, 0.0)}, "start must be chips of which the pot is a whole number above 0, got (0.0, 0.0)"),
        ({"start": (1.5, 3.5)}, "start must be whole chips where they are blinds, got (1.5, 3.5)"),
        ({"first": (2,)}, "first must be player 0 or 1 for each round, got (2,)"),
        ({"start": (2, 1)}, "first must be the smaller blind on the first round, got (0,)"),
        ({"first": (0, 0)}, "menus must be given for each of 2 rounds, got "),
        ({"menus": None}, "menus must be given, or limit, and not both, got None"),
        ({"max_raises": (3,)}, "max_raises must be given with limit only, got (3,)"),
        ({"min_bet": 0}, "min_bet must be positive, got 0"),
        ({"merging": -0.1}, "merging must be 0 (off) or more, got -0.1"),
    ],
)
def test_a_wrong_rule_is_named(change, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        replace(spot(100, 500, "50%", "a"), **change)


# Decisions and actions counted with b-inary/postflop-solver's trees of these spots; (1, 48) and so on are the boards of each street. On the
# flop Td9d6h clubs and spades are alike: 36 turns, and 35 rivers after each of 23 diamonds and hearts, 48 after each of 13 clubs.
RA = spot(100, 500, "50%,100%,a", "100%,a")
RB = spot(200, 900, "33%,75%,a", "75%,a")
TB = spot(200, 900, "60%,a", "75%,a", rounds=2)
TX = replace(
    spot(200, 900, "60%,e,a", "2.5x", rounds=2, add_allin=1.5, force_allin=0.15, merging=0.1),
    menus=((menu("60%,e,a", "2.5x"),) * 2, (menu("60%,e,a", "2.5x", "50%"), menu("60%,e,a", "2.5x"))),
)
FB = spot(200, 900, "67%", "100%", rounds=3)


@pytest.mark.parametrize(
    ("rules", "boards", "decisions", "actions"),
    [
        pytest.param(RA, (1,), 20, 56, id="RA"),
        pytest.param(RB, (1,), 20, 56, id="RB"),
        pytest.param(TB, (1, 48), 1_740, 4_256, id="TB"),
        pytest.param(TX, (1, 48), 2_754, 6_530, id="TX"),
        pytest.param(FB, (1, 36, 23 * 35 + 13 * 48), 92_472, 202_384, id="FB"),
    ],
)
def test_trees_have_the_sizes_of_a_peers(rules, boards, decisions, actions):
    tree = betting_tree(rules)
    acts = tree.player >= 0
    weight = np.array(boards)[tree.round]
    assert weight[acts].sum() == decisions
    assert weight[1:][acts[tree.parent[1:]]].sum() == actions


def test_the_libratus_endgame_has_32_decisions():
    """Endgame 3 (river, pot 500, stacks of 20,000 before the hand) with the sizes of Brown & Sandholm 2019, arXiv 1809.04040."""
    tree = betting_tree(spot(500, 20_000 - 250, "50%,100%,a", "100%,a"))
    assert (tree.player >= 0).sum() == 32


def test_one_pot_size_bet_a_street_gives_slumbots_contributions():
    """Slumbot's mb1b1: blinds 1 and 2, 162 chips, the raise before the flop is the street's one bet."""
    rules = full_game((1, 2), 162, "100%", "100%", raise_cap=1)
    assert options(rules) == ["fold", "call", "raise 6"]
    assert options(rules, "call") == ["check", "raise 6"]
    assert options(rules, "raise 6") == ["fold", "call"]
    assert options(rules, "call", "raise 6") == ["fold", "call"]
    assert options(rules, "call", "check", "deal") == ["check", "bet 4"]
    assert options(rules, "raise 6", "call", "deal") == ["check", "bet 12"]
    tree = betting_tree(rules)
    called = [{int(c) for c in tree.contribution[(tree.player == CHANCE) & (tree.round == r), 0]} for r in range(3)]
    called.append({int(c) for c in tree.contribution[(tree.player == TERMINAL) & (tree.folded < 0), 0]})
    assert called == [{2, 6}, {2, 6, 18}, {2, 6, 18, 54}, {2, 6, 18, 54, 162}]


def test_sizes_are_rounded_lifted_cut_and_merged():
    assert options(spot(101, 500, "50%", "a")) == ["check", "bet 51"]  # x.5 up
    assert options(spot(102, 500, "50%", "2.5x"), "bet 51") == ["fold", "call", "raise 128"]
    assert options(spot(100, 500, "1%, 2%, 3%, 25%, 500%, 600%, a", "a", min_bet=20)) == ["check", "bet 20", "bet 25", "all-in 500"]
    assert options(spot(100, 500, "50%", "1%,100%,2.5x,3x"), "bet 50") == ["fold", "call"] + [
        f"raise {amount}" for amount in (100, 125, 150, 250)
    ]
    assert options(spot(100, 500, "50%", "1%"), "bet 50", "raise 100", "raise 150", "raise 200")[-1] == "raise 250"
    assert options(spot(100, 500, "50%", "2x"), "bet 50", "raise 100", "raise 200", "raise 400") == ["fold", "call", "all-in 500"]


def test_geometric_sizes_put_the_stack_in_by_the_river():
    rules = spot(200, 900, "e", "e", rounds=2)
    assert options(rules) == ["check", "bet 216"]  # 200 (1 + 2f)^2 = 2,000
    assert options(rules, "bet 216", "call", "deal") == ["check", "all-in 684"]
    assert options(rules, "check", "check", "deal") == ["check", "all-in 900"]
    assert options(rules, "bet 216") == ["fold", "call", "raise 462"]  # 216 + 632 ((2,000 / 632)^(1/2) - 1) / 2
    assert options(spot(200, 900, "3e", "a", rounds=2))[1] == "bet 115"


def test_add_allin_compares_with_the_pot_after_a_call():
    assert options(spot(100, 150, "50%", "100%", add_allin=1.5)) == ["check", "bet 50", "all-in 150"]
    assert options(spot(100, 151, "50%", "100%", add_allin=1.5)) == ["check", "bet 50"]
    assert options(spot(100, 350, "50%", "2x", add_allin=1.5), "bet 50") == ["fold", "call", "raise 100", "all-in 350"]
    assert options(spot(100, 351, "50%", "2x", add_allin=1.5), "bet 50") == ["fold", "call", "raise 100"]


def test_force_allin_compares_what_is_behind_with_the_pot_after_a_call():
    assert options(spot(100, 80, "50%", "a", force_allin=0.15)) == ["check", "bet 50"]  # 30 of 200 left
    assert options(spot(100, 79, "50%", "a", force_allin=0.15)) == ["check", "all-in 79"]
    assert options(spot(100, 210, "50%", "100%", force_allin=0.15), "bet 50") == ["fold", "call", "all-in 210"]  # 250 would be too much
    assert options(spot(100, 340, "50%", "100%", force_allin=0.15), "bet 50") == ["fold", "call", "raise 250"]  # 90 of 600 left
    assert options(spot(100, 339, "50%", "100%", force_allin=0.15), "bet 50") == ["fold", "call", "all-in 339"]


def test_merging_keeps_the_largest_of_close_sizes():
    assert options(spot(100, 500, "55%,70%,75%,100%", "a", merging=0.1)) == ["check", "bet 55", "bet 75", "bet 100"]
    assert options(spot(100, 110, "100%,a", "a", merging=0.1)) == ["check", "all-in 110"]
    assert options(spot(100, 120, "100%,a", "a", merging=0.1)) == ["check", "bet 100", "all-in 120"]  # exactly 1.1 is not less
    assert options(spot(100, 500, "50%", "100%,105%", merging=0.1), "bet 50") == ["fold", "call", "raise 260"]


def test_donks_answer_the_aggressor_of_the_last_street():
    own = (menu("50%", "a", "20%"), menu("50%", "a", "99%"))
    rules = replace(spot(100, 5_000, "50%", "a", rounds=3), menus=(own,) * 3)
    assert options(rules) == ["check", "bet 50"]
    assert options(rules, "check", "bet 50", "call", "deal") == ["check", "bet 40"]
    assert options(rules, "bet 50", "call", "deal") == ["check", "bet 100"]  # the out-of-position player was it
    assert options(rules, "check", "bet 50", "call", "deal", "check") == ["check", "bet 100"]
    assert options(rules, "check", "bet 50", "call", "deal", "check", "check", "deal") == ["check", "bet 100"]  # nobody was it
    assert options(rules, "bet 50", "call", "deal", "check") == ["check", "bet 100"]  # in position no bet is one
    none = replace(rules, menus=((Menu(own[0].bets, own[0].raises, ()), own[1]),) * 3)
    assert options(none, "check", "bet 50", "call", "deal") == ["check"]
    button = replace(full_game((1, 2), 200, "50%", "100%"), menus=((menu("100%", "100%", "50%"),) * 2,) * 4)
    assert options(button, "raise 6", "call", "deal") == ["check", "bet 6"]
    assert options(button, "call", "raise 6", "call", "deal") == ["check", "bet 12"]
    assert options(button, "call", "check", "deal") == ["check", "bet 4"]  # a blind is no bet


def test_the_cap_counts_bets_and_raises():
    rules = spot(100, 5_000, "50%", "100%", raise_cap=2)
    assert options(rules, "bet 50", "raise 250") == ["fold", "call"]
    assert options(rules, "check", "bet 50") == ["fold", "call", "raise 250"]


def test_called_all_ins_run_out():
    tree = betting_tree(TB)
    node = follow(tree, "check", "all-in 900", "call")
    assert tree.player[node : tree.end[node]].tolist() == [CHANCE, TERMINAL]
    assert tree.round[node : tree.end[node]].tolist() == [0, 1]
    assert tree.labels[node + 1] == "deal"
    np.testing.assert_array_equal(tree.contribution[node : tree.end[node]], [[1_000, 1_000]] * 2)
    flop = betting_tree(full_game((1, 2), 2, "a", "a"))  # the big blind is all-in at once
    assert list(flop.labels) == ["", "fold", "call", "deal", "deal", "deal"]
    assert flop.player.tolist() == [0, TERMINAL, CHANCE, CHANCE, CHANCE, TERMINAL]
    assert flop.contribution.tolist() == [[1, 2], [1, 2], *[[2, 2]] * 4]


def test_odd_pots_are_halved():
    tree = betting_tree(spot(25, 10, "a", "a"))
    assert tree.contribution[0].tolist() == [12.5, 12.5]
    assert tree.contribution[follow(tree, "check", "all-in 10")].tolist() == [12.5, 22.5]


def test_a_large_tree_is_refused_with_its_size():
    rules = full_game((50, 100), 20_000, "33%,50%,75%,100%,150%,a", "50%,100%,a")
    with pytest.raises(ValueError, match=r"^the betting tree must have at most 200,000 nodes, got 2,503,909$"):
        betting_tree(rules)
    small = full_game((50, 100), 20_000, "50%,100%,a", "100%,a")
    assert len(betting_tree(small).labels) == 23_141
    with pytest.raises(ValueError, match="at most 23,140 nodes, got 23,141"):
        betting_tree(small, max_nodes=23_140)


def test_a_huge_tree_is_refused_with_an_estimate(monkeypatch):
    rules = full_game((50, 100), 20_000, "33%,50%,75%,100%,150%,a", "50%,100%,a")
    monkeypatch.setattr(building, "_MAX_STATES", 1_000)
    assert building._estimate_nodes(rules) == pytest.approx(2_503_909, rel=0.5)
    with pytest.raises(ValueError, match=r"^the betting tree must have at most 1,000 nodes, got about \de\+06$"):
        betting_tree(rules, max_nodes=1_000)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(spot(200, 10**7, "0.1%", "1.01x", rounds=2), id="a thousand raises"),
        pytest.param(spot(200, 10**9, "0.0001%", "0.0001%", rounds=2), id="a billion raises"),
        pytest.param(spot(200, 10**5, "0.1%,1%,5%,20%,50%,100%,a", "1.01x,10%,20%,50%,100%,a", rounds=3), id="many sizes"),
    ],
)
def test_a_tree_that_is_too_large_is_refused_after_so_many_steps(monkeypatch, rules):
    offers, steps = building.offered, []

    def counted(*arguments):
        steps.append(1)
        assert len(steps) <= 5_000 + 2_000 + building._LONGEST
        return offers(*arguments)

    monkeypatch.setattr(building, "offered", counted)
    monkeypatch.setattr(building, "_MAX_STATES", 1_000)
    monkeypatch.setattr(building, "_MAX_STEPS", 2_000)
    with pytest.raises(ValueError, match=r"^the betting tree must have at most 5,000 nodes, got ") as refused:
        betting_tree(rules, max_nodes=5_000)
    assert float(str(refused.value).split()[-1].replace(",", "")) > 5_000


def test_a_lower_bound_of_a_trees_size_is_told_as_one(monkeypatch):
    monkeypatch.setattr(building, "_MAX_STATES", 1_000)
    with pytest.raises(ValueError, match=r"^the betting tree must have at most 5,000 nodes, got at least 5,\d{3}$"):
        betting_tree(spot(200, 10**9, "0.0001%", "0.0001%"), max_nodes=5_000)


SIZES = st.lists(st.sampled_from(["10%", "33%", "75%", "100%", "250%", "a", "e"]), min_size=1, max_size=3)
SHARE, BELOW_1 = st.sampled_from([0.0, 0.1, 0.5, 1.5]), st.sampled_from([0.0, 0.1, 0.5, 0.9])


@st.composite
def no_limit(draw):
    rounds = draw(st.integers(1, 3))

    def one():
        bets, raises = ",".join(draw(SIZES)), ",".join([*draw(SIZES), *draw(st.sampled_from([[], ["2.2x"]]))])
        return menu(bets, raises, draw(st.sampled_from([None, "40%"])))

    start, opener = draw(st.sampled_from([((1, 2), 0), ((2, 1), 1), ((5, 5), 0), ((3.5, 3.5), 1)]))
    return Betting(
        start,
        draw(st.integers(2, 40)),
        (opener, *draw(st.lists(st.integers(0, 1), min_size=rounds - 1, max_size=rounds - 1))),
        tuple((one(), one()) for _ in range(rounds)),
        raise_cap=draw(st.integers(0, 2)),
        add_allin=draw(SHARE),
        force_allin=draw(BELOW_1),
        merging=draw(BELOW_1),
        min_bet=draw(st.integers(1, 3)),
    )


@given(no_limit())
def test_every_tree_is_a_legal_hand_of_poker(rules):
    tree = betting_tree(rules)
    nodes = len(tree.player)
    outline, _ = building._outline(rules, nodes)
    assert nodes == outline.sizes[-1] == len(tree.labels)
    most = rules.stack + (0 if rules.blinds else rules.start[0])
    assert tree.contribution.max() <= most
    assert tree.parent[0] == -1
    assert tree.end[0] == nodes
    at_street = {0: np.array(rules.start if rules.blinds else (0, 0))}  # what each player has put in on the street, told from the labels
    for node in range(nodes):
        below, put, player = children(tree, node), tree.contribution[node], int(tree.player[node])
        assert all(tree.parent[child] == node for child in below)
        labels = [tree.labels[child] for child in below]
        if player == TERMINAL:
            assert below == []
            assert tree.folded[node] >= 0 or (put[0] == put[1] and tree.round[node] == len(rules.first) - 1)
            continue
        assert tree.folded[node] == -1
        if player == CHANCE:
            assert labels == ["deal"]
            assert put[0] == put[1]
            assert tree.round[below[0]] == tree.round[node] + 1
            assert (tree.player[below[0]] == rules.first[tree.round[node] + 1]) == (put[0] < most)
            at_street[below[0]] = np.zeros(2)
            continue
        assert put[player] < most
        facing = put[1 - player] > put[player]
        assert labels[: 1 + facing] == (["fold", "call"] if facing else ["check"])
        amounts = [int(label.split()[1]) for label in labels[1 + facing :]]
        assert amounts == sorted(set(amounts))
        for child, label in zip(below, labels, strict=True):
            change = tree.contribution[child] - put
            assert change[1 - player] == 0
            at_street[child] = at_street[node] + change
            if label == "fold":
                assert tree.folded[child] == player
                assert change[player] == 0
            elif label in ("check", "call"):
                assert tree.contribution[child, 0] == tree.contribution[child, 1]
            else:
                assert at_street[child][player] == int(label.split()[1])
                all_in = tree.contribution[child, player] == most
                raised = tree.contribution[child, player] - put[1 - player]
                assert raised > 0
                assert all_in or raised >= rules.min_bet
                assert label.split()[0] == ("all-in" if all_in else "raise" if at_street[node].max() > 0 else "bet")


FHP = "betting=limit,numRounds=2,blind=50 100,raiseSize=100 100,firstPlayer=1 2,maxRaises=3 3,numBoardCards=0 3"
LIMIT = "betting=limit,numRounds=4,blind=5 10,raiseSize=10 10 20 20,firstPlayer=1 2 2 2,maxRaises=3 4 4 4,numBoardCards=0 3 1 1"
NO_LIMIT = "betting=nolimit,numRounds=4,blind=50 100,stack={0} {0},firstPlayer=1 2 2 2,numBoardCards=0 3 1 1,bettingAbstraction={1}"
SMALL = "betting=nolimit,numRounds=2,blind=2 3,stack=17 17,firstPlayer=1 2,numBoardCards=0 1,bettingAbstraction={0}"
PEERS = {
    "flop hold'em": (FHP, Betting((50, 100), 100_000, (0, 1), limit=(100, 100), max_raises=(3, 3))),
    "limit": (LIMIT, Betting((5, 10), 100_000, (0, 1, 1, 1), limit=(10, 10, 20, 20), max_raises=(3, 4, 4, 4))),
    "no-limit, 200 big blinds": (NO_LIMIT.format(20_000, "fcpa"), full_game((50, 100), 20_000, "100%,a", "100%,a")),
    "no-limit, 13 big blinds": (NO_LIMIT.format(1_333, "fcpa"), full_game((50, 100), 1_333, "100%,a", "100%,a")),
    "no-limit, small": (SMALL.format("fcpa"), full_game((2, 3), 17, "100%,a", "100%,a", rounds=2)),
    "least and most": (SMALL.format("fullgame"), full_game((2, 3), 17, "1%,a", "1%,a", rounds=2)),
    "least and most, 13 big blinds": (NO_LIMIT.format(1_333, "fullgame"), full_game((50, 100), 1_333, "1%,a", "1%,a")),
}


def universal_actions(tree, node, kind):
    """Return {action as universal_poker numbers it: child}.

    0 folds, 1 calls, 2 bets the pot or the limit, 3 is all-in; in the full game anything else is the contribution raised to.
    """
    player, put = tree.player[node], tree.contribution[node]
    pot_sized = 3 * put[1 - player]  # what was put in after a call is even, the raise as much as that pot
    found = {}
    for child in children(tree, node):
        label, amount = tree.labels[child], int(tree.contribution[child, player])
        if label in ("fold", "check", "call"):
            found[0 if label == "fold" else 1] = child
        elif kind == "fullgame":
            found[amount] = child
        else:
            found[2 if kind == "limit" or amount == pot_sized else 3] = child
    return found


def play(tree, state, rng, kind):
    """Walk the tree and a universal_poker state to the end together; return the last node and the cards dealt, hands first."""
    node, cards = 0, []
    while True:
        while state.is_chance_node():
            cards.append(int(rng.choice(state.legal_actions())))
            state.apply_action(cards[-1])
        while tree.player[node] == CHANCE:
            node += 1
        np.testing.assert_array_equal(state.observation_tensor(0)[-2:], tree.contribution[node])
        assert state.current_player() == tree.player[node]
        if state.is_terminal():
            return node, np.array(cards, np.uint8)
        ours, theirs = universal_actions(tree, node, kind), state.legal_actions()
        if kind == "fullgame":  # every amount between the least and the most
            amounts = [a for a in theirs if a > 1]
            theirs = [a for a in theirs if a <= 1] + sorted({*amounts[:1], *amounts[-1:]})
        assert sorted(ours) == theirs
        action = int(rng.choice(theirs))
        state.apply_action(action)
        node = ours[action]


def walk(name, hands):
    string, rules = PEERS[name]
    spiel = pyspiel.load_game(f"universal_poker({string},numPlayers=2,numSuits=4,numRanks=13,numHoleCards=2)")
    kind = "limit" if rules.limit else "fullgame" if "fullgame" in string else "fcpa"
    tree, rng = betting_tree(rules), np.random.default_rng(7)
    folds = 0
    for _ in range(hands):
        state = spiel.new_initial_state()
        node, cards = play(tree, state, rng, kind)
        loser, won = int(tree.folded[node]), state.returns()
        if loser >= 0:
            folds += 1
            assert won[loser] == -tree.contribution[node, loser]
            assert won[1 - loser] == -won[loser]
        else:
            ours, theirs = board_strengths(cards[4:], cards[:4].reshape(2, 2))
            assert won[0] == np.sign(ours - theirs) * tree.contribution[node, 0]
            assert won[1] == -won[0]
    assert 0 < folds < hands


@pytest.mark.parametrize("name", PEERS)
def test_play_agrees_with_universal_poker(name):
    """OpenSpiel 1.6's universal_poker, the rules of the Annual Computer Poker Competition."""
    walk(name, 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", PEERS)
def test_long_play_agrees_with_universal_poker(name):
    walk(name, 100_000)
