"""Ranges as weights: tiny ones, and those that the product prints, as the next spot's input."""

import json

import numpy as np
import pytest

from agents.reporting.hand_grid import decision
from games.game import find_decision
from games.holdem.cards import cards_text, parse_cards
from games.holdem.config import Spot
from games.public_tree import TERMINAL
from search import BoardSolver, Budget
from search.variants import variant

BOARD, POT, STACK = "Ts9s5h4c", 60, 400
OOP, IP = "88+,A9s+,KTs+,QTs+,JTs,T9s,98s,AJo+,KQo", "22+,A2s+,K9s+,Q9s+,J9s+,T8s+,97s+,87s,76s,ATo+,KJo+"


def spot(board, ranges, pot=POT, stack=STACK, bets="50%,a", raises="a"):
    return Spot(board=board, ranges=list(ranges), pot=pot, stack=stack, bets=bets, raises=raises).build()


def solved(game, iterations=1000):
    solver = BoardSolver(game, variant("default_holdem"))
    solver.solve(Budget(iterations=iterations))
    return solver


def test_tiny_weights_are_taken_as_0_with_a_note():
    tiny = spot("Ts9s5h2c3d", (f"{OOP},7h6h:1e-13,7c6c:3e-13,5d4d:1e-300", f"{IP},AhKh:1e-40"))
    assert tiny == spot("Ts9s5h2c3d", (OOP, f"{IP},AhKh:0"))  # the same game: EVs are equal to the bit
    first, second = tiny.notes
    assert first.startswith("game.ranges[0]: 3 hands with 3.1")
    assert first.endswith("e-15 of the range are taken as 0 (below 1e-12 of the largest weight)")
    assert second.startswith("game.ranges[1]: 1 hand with ")


def test_small_weights_are_kept():
    game = spot("Ts9s5h2c3d", (f"{OOP},7h6h:1e-11", IP))
    assert game.notes == ()
    assert np.count_nonzero(game.ranges[0]) == np.count_nonzero(spot("Ts9s5h2c3d", (OOP, IP)).ranges[0]) + 1


@pytest.mark.parametrize("weight", [1e-8, 1e-10, 9e-13])
def test_evs_are_those_without_hands_of_so_small_a_share(weight):
    """To 1e-6 of the pot."""
    few = ",".join(f"{a}{b}:{weight}" for a, b in (("7h", "6h"), ("7c", "6c"), ("5d", "4d"), ("Kh", "4h"), ("Qc", "8c")))
    with_them, without = (solved(spot("Ts9s5h2c3d", (ranges, IP))) for ranges in (f"{OOP},{few}", OOP))
    assert with_them.values() == pytest.approx(without.values(), abs=1e-6 * POT)


def printed(solver, line):
    """Return the decision that a line leads to, as result.json holds it, and its place."""
    place = solver.game.locate(find_decision(solver.game, line, "show"))
    return json.loads(json.dumps(decision(solver, *place))), place


def text(row):
    """Return the weights that a decision prints as a range."""
    return ",".join(f"{hand}:{entry['weight']!r}" for hand, entry in row["hands"].items())


def random_line(game, rng, actions):
    """Return a line that nobody folds on and nobody is all in on: to the end of the first street, or so many actions long."""
    bets, node, line = game.bets, 0, []
    while bets.player[node] >= 0 and len(line) < actions:
        going = [
            child
            for child in bets.children(node)
            if not bets.labels[child].startswith(("fold", "all-in")) and bets.player[child] != TERMINAL
        ]
        if not going:
            break
        node = int(rng.choice(going))
        line.append(bets.labels[node])
    return line, node


def chained(game, node, rows, board):
    """Return the spot that goes on where two decisions, one of each player, have printed their weights."""
    put_in = game.bets.contribution[node]
    spent = int(put_in.max() - game.pot / 2)
    return spot(cards_text(board), [text(row) for row in rows], int(put_in.sum()), game.betting.stack - spent)


def check_chain(turn, rng):
    """Solve turn, river and river again, each with the weights that the one before prints.

    Return what the river's value may be off by, as a share of the pot, and the smallest weight that was printed.

    The first river's value is that of the turn's solution at the same place: to both exploitabilities, the turn's divided by how often the
    line and the card come, as nobody can gain more there than in the whole.
    """
    line, node = random_line(turn.game, rng, 99)
    card = str(rng.choice([c for c in ("2c", "3d", "7h", "8c", "Jd", "Qh", "Kc", "Ad") if c not in BOARD]))
    first, place = printed(turn, "/".join([*line, card]))
    second, _ = printed(turn, "/".join([*line, card, "check"]))
    game = chained(turn.game, place.node, (first, second), place.cards)
    river = solved(game)
    shown = [game.hands.tolist().index(sorted(parse_cards(hand))) for hand in first["hands"]]
    weight = game.ranges[0] * game.cf_reach(game.root, 0, game.ranges[1])
    told = sum(weight[h] * (entry["ev"] or 0.0) for h, entry in zip(shown, first["hands"].values(), strict=True)) / weight.sum()
    comes = game.deal_mass / turn.game.deal_mass / 44
    bound = 2 * turn.exploitability() / comes + 2 * river.exploitability() + 1e-4 * game.pot  # hands without an EV meet less than 1e-4
    assert river.values()[0] + game.pot / 2 == pytest.approx(told, abs=bound)

    line, node = random_line(game, rng, 3)
    rows = [printed(river, "/".join(line[:length]))[0] for length in (len(line) - 1, len(line))]
    rows.sort(key=lambda row: row["player"])
    again = chained(game, node, rows, place.cards)
    assert all(note.endswith("of the largest weight)") for note in (*game.notes, *again.notes))
    assert np.isfinite(solved(again, 100).values()).all()
    weights = [entry["weight"] for row in (first, second, *rows) for entry in row["hands"].values()]
    return bound / game.pot, min(weight for weight in weights if weight > 0)


def test_a_turns_weights_are_a_rivers_and_the_rivers_the_next_ones():
    bound, _ = check_chain(solved(spot(BOARD, (OOP, IP)), 400), np.random.default_rng(1))
    assert bound < 0.25


@pytest.mark.slow
def test_ten_random_lines_chain():
    turn, rng = solved(spot(BOARD, (OOP, IP)), 2000), np.random.default_rng(2)
    bounds, least = zip(*(check_chain(turn, rng) for _ in range(10)), strict=True)
    assert max(bounds) < 0.05  # of the pot: the comparison says something
    assert min(least) < 1e-6
