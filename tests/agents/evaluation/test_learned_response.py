"""A learned best response, both families: what it plays is deals as they come, and what it wins is never more than there is."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from agents.evaluation.lbr import ACTION_SETS, lbr_exploitability
from agents.evaluation.learned_response import ResponseConfig, learned_exploitability, learned_response, transitions
from agents.networks import NetworkConfig
from agents.networks.regression import FitConfig
from games.holdem.cards import hand_indices
from games.holdem.isomorphism import permute_cards
from games.kernels.boards import CHILD, CHILD_END
from tests.strategies import DERIVED, EVERY, HOLDEM, exploitability, representation_of, strategies

LEDUC = "leduc_poker(suit_isomorphism=true)"
SMALL = {"fit": FitConfig(steps=10, learning_rate=0.003), "network": NetworkConfig(hidden=16, layers=2, embedding=16, bets=16)}


def quick(name, **settings):
    """Return how a response is learned quickly."""
    if name in DERIVED:
        return ResponseConfig(**{"rounds": 6, "deals": 2000, "fit": FitConfig(steps=30)} | settings)
    return ResponseConfig(**{"rounds": 8, "deals": 20_000, **SMALL} | settings)


def exploring(representation, dealer, seat):
    """Return the table that draws every action alike whose value the rules do not tell."""
    infostates, tables = representation.infostates, []
    for block, known in zip(infostates.blocks[seat], dealer.known, strict=True):
        free = np.isnan(known).astype(np.float64)
        tables.append(np.tile(free / np.add.reduceat(free, block.first_row[:-1])[block.decision], (len(block.private), 1)))
    return infostates.stored(seat, tables)


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("name", EVERY)
def test_deals_are_played_as_they_come(name, seat):
    """Chips of a learner that draws its actions, beside the exact value; an opponent who folds leaves it no deal without an action."""
    representation = representation_of(name)
    which = "random 1" if name in DERIVED else "loose" if seat == 0 else "calling"
    opponent = strategies(name)[which][1 - seat]
    dealer, count = representation.dealer(opponent, seat), 100_000
    taken, chips = dealer.play(count, np.zeros(dealer.cells.size, np.float32), 1.0, np.random.default_rng(3))
    own = exploring(representation, dealer, seat)
    value = representation.value((own, opponent) if seat == 0 else (opponent, own), seat)
    assert abs(chips.mean() - value) < 4 * chips.std() / count**0.5
    cell, after, won = transitions(taken, chips)
    acted = np.unique(np.concatenate([which for which, *_ in taken]))
    assert won[after < 0].sum() == pytest.approx(chips[acted].sum())  # one last action a deal
    assert len(np.unique(np.stack([after, cell], axis=1)[after >= 0], axis=0)) == len(np.unique(after[after >= 0]))


@pytest.mark.parametrize("name", HOLDEM)
def test_cards_are_drawn_as_the_deck_has_them(name):
    """Every set of cards that is left, turned by each suit permutation that makes a board of the tree of it, is drawn alike."""
    representation = representation_of(name)
    game, tree, deck = representation.game, representation.tree, representation.game.deck.cards()
    dealer = representation.dealer(representation.uniform()[1], 0)
    which = [tree.hands_at(p, 0) for p in (0, 1)]
    boards = {frozenset(tree.cards[b]): b for b in range(int(tree.boards[0, CHILD]), int(tree.boards[0, CHILD_END]))}
    numbers = hand_indices(game.hands)
    count, random = 100_000, np.random.default_rng(5)
    pairs = [(i, j) for i, j in np.ndindex(*map(len, which)) if len(np.unique(game.hands[[which[0][i], which[1][j]]])) == 4]
    for pair in pairs[:: len(pairs) // 4]:
        held = game.hands[[which[p][pair[p]] for p in (0, 1)]]
        expected = Counter()
        for drawn in itertools.combinations(np.setdiff1d(deck, held), game.deals[1]):
            turned = [(g, frozenset(permute_cards(g, np.array(drawn, np.uint8)).tolist())) for g in tree.group]
            ways = [(boards[cards], g) for g, cards in turned if cards in boards]
            for board, g in ways:
                images = np.sort(permute_cards(g, held), axis=1)
                expected[board, int(numbers[tuple(images[0])]), int(numbers[tuple(images[1])])] += 1 / len(ways)
        at = np.repeat(np.array(pair)[:, None], count, axis=1)
        found, there = dealer.draw(np.zeros(count, np.int64), at, random)
        seen = Counter(
            (board, int(tree.hands_at(0, board)[first]), int(tree.hands_at(1, board)[second]))
            for board, first, second in zip(found.tolist(), *there.tolist(), strict=True)
        )
        assert set(seen) == set(expected)
        for key, weight in expected.items():
            mean = count * weight / sum(expected.values())
            assert abs(seen[key] - mean) < 5 * mean**0.5


@pytest.mark.long
@pytest.mark.parametrize("name", EVERY)
def test_it_never_wins_more_than_a_best_response(name):
    representation = representation_of(name)
    for which, tables in strategies(name).items():
        if which in ("solved 100", "solved 5", "loose", "random 1"):
            found = learned_exploitability(representation, tables, quick(name))
            assert found <= exploitability(representation, tables) + 1e-9


@pytest.mark.parametrize("name", EVERY)
def test_with_hardly_a_deal_played_it_is_a_strategy_still(name):
    representation = representation_of(name)
    for tables in list(strategies(name).values())[:3]:
        for seat in (0, 1):
            found, value = learned_response(representation, seat, tables[1 - seat], quick(name, rounds=1, deals=1))
            representation.check(found, seat)
            assert value <= representation.best_response_value(tables[1 - seat], seat) + 1e-9


@pytest.mark.parametrize(("name", "share"), [*((name, 0.93) for name in DERIVED), ("flop", 0.9), ("flop, turn", 0.9)])
def test_it_finds_nearly_all_there_is_in_play_without_a_plan(name, share):
    representation = representation_of(name)
    for which in ("uniform", *(["calling"] if name in HOLDEM else [])):
        tables = strategies(name)[which]
        exact = exploitability(representation, tables)
        assert share * exact < learned_exploitability(representation, tables, quick(name)) <= exact + 1e-9


@pytest.mark.parametrize(("name", "which"), [(LEDUC, "uniform"), ("flop, turn", "calling")])
def test_it_sees_what_takes_more_than_one_step(name, which):
    representation, tables = representation_of(name), strategies(name)[which]
    looked = max(lbr_exploitability(representation, tables, actions) for actions in ACTION_SETS)
    assert learned_exploitability(representation, tables, quick(name)) > looked


def test_the_network_knows_of_hands_like_those_played():
    """Few deals: what a network says of the others is better than what nobody says of them."""
    representation, tables = representation_of("flop, turn"), strategies("flop, turn")["uniform"]
    found = [learned_exploitability(representation, tables, quick("flop, turn", deals=200, network_deals=n)) for n in (100.0, 1e-6)]
    assert found[0] > found[1]


@pytest.mark.parametrize("name", ["kuhn_poker", "flop"])
def test_it_is_the_same_for_the_same_seed_and_leaves_the_agent_as_it_was(name):
    representation = representation_of(name)
    opponent = list(strategies(name).values())[2][0]
    before = opponent.copy()
    found, value = learned_response(representation, 1, opponent, quick(name))
    again, same = learned_response(representation, 1, opponent, quick(name))
    np.testing.assert_array_equal(again, found)
    assert same == value == pytest.approx(representation.value((opponent, found), 1))
    np.testing.assert_array_equal(opponent, before)
    if name == "flop":
        assert (learned_response(representation, 1, opponent, quick(name, seed=1))[0] != found).any()


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"deals": 0}, "deals must be at least 1, got 0"),
        ({"exploring": 0.0}, "exploring must be above 0, got 0.0"),
        ({"exploring": 1.5}, "exploring must be at most 1, got 1.5"),
        ({"network_deals": 0.0}, "network_deals must be above 0, got 0.0"),
    ],
)
def test_what_cannot_be_learned_with_is_refused(settings, rule):
    with pytest.raises(ValueError, match=rule):
        ResponseConfig(**settings)
