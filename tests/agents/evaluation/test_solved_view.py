"""A view shows what its solution shows: streets that are kept to the bit, a last street as exactly as it says, a river alone in 8 bits."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from agents.evaluation.solved_view import MOST_ITERATIONS, TARGET, SolvedView
from agents.reporting.hand_grid import decision
from agents.runtime.solution_file import load_solution, save_solution
from agents.runtime.view_file import _decisions, save_view
from games.game import find_decision
from games.holdem.cards import cards_text
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.catalogue import TINY, UNEVEN, small, turn

DCFR = variant("default_holdem")
SELDOM = 1e-9  # of a range: where a street is solved again, hands that come so seldom are left out
MANY = {
    "one-card flop": TINY["one-card flop"],
    "one-card flop and turn": TINY["one-card flop and turn"],
    "no suits alike": TINY["no suits alike"],
    "limit": TINY["limit"],
    "turn": TINY["turn"],
}


def solved(game, iterations=40, **how):
    solver = BoardSolver(game, DCFR, **how)
    solver.run(iterations)
    return solver


def viewed(solver, folder):
    save_view(solver, folder / "view.npz")
    return SolvedView(solver.game, DCFR, folder / "view.npz", solver.storage)


def state_at(game, node, cards):
    """Return the public state of a node of the bets with some cards on the board."""
    above = int(game.bets.parent[node])
    if node == 0:
        return game.root
    label = game.bets.labels[node]
    if label != "deal":
        state = state_at(game, above, cards)
        return game.child(state, game.action(state, label))
    state = state_at(game, above, cards)
    shown = len(state.cards)
    return game.revealed(state, cards_text(cards[shown : shown + game.deals[game.round(state) + 1]]))


def decisions(solver, streets):
    """Yield every decision on every board of some streets, as node, cards and state."""
    game, tree = solver.game, solver.tree
    for node in np.flatnonzero(game.bets.player >= 0).tolist():
        street = int(game.bets.round[node])
        for board in tree.on_street(street) if street in streets else ():
            if replace(game, board=(tree.cards[board],)).deal_mass > 0:  # else no two hands are left on it
                yield node, tree.cards[board], state_at(game, node, tree.cards[board])


@pytest.mark.parametrize("name", MANY)
def test_streets_before_the_last_are_those_of_the_solution(tmp_path, name):
    solver = solved(MANY[name])
    view, last = viewed(solver, tmp_path), len(solver.game.deals) - 1
    compared = 0
    for node, cards, state in decisions(solver, range(last)):
        assert view.decision(state) == (decision(solver, node, cards), "")
        compared += 1
    assert compared > 0


@pytest.mark.parametrize("name", MANY)
def test_the_last_street_is_an_equilibrium_from_the_ranges_that_come_there(tmp_path, name):
    """Both strategies are nearly unexploitable, so the game that begins there is worth the same by both: to the sum of what they lose."""
    solver = solved(MANY[name], 3000)
    view, game, last = viewed(solver, tmp_path), solver.game, len(solver.game.deals) - 1
    firsts = [(n, c, s) for n, c, s in decisions(solver, [last]) if game.bets.labels[n] == "deal"]
    come = 0
    for node, cards, state in firsts[:: max(1, len(firsts) // 12)]:
        whole = decision(solver, node, cards)
        if not sum(hand["weight"] for hand in whole["hands"].values() if hand["ev"] is not None):
            continue
        try:
            row, note = view.decision(state)
        except ValueError:  # in decks so small ranges may hardly meet
            continue
        words = r"the \w+ was solved again: ([\d,]+) iterations?, exploitable by (\S+) % of the pot \(the solution by (\S+) %.*\)"
        found = re.fullmatch(words, note)
        share = float(found[2]) / 100
        assert found[3] == f"{100 * solver.exploitability() / game.pot:.2g}"
        assert share <= TARGET or int(found[1].replace(",", "")) == MOST_ITERATIONS
        assert [row[key] for key in ("actions", "player", "seats", "pot")] == [whole[key] for key in ("actions", "player", "seats", "pot")]
        pot = sum(game.chips(state).paid)
        own = {hand: entry for hand, entry in whole["hands"].items() if entry["weight"] > SELDOM and entry["ev"] is not None}
        assert set(own) <= set(row["hands"])
        for hand, entry in own.items():
            assert row["hands"][hand]["weight"] == pytest.approx(entry["weight"])
        come += 1
        ours, theirs = (mean_ev(game, state, r, solver) for r in (row, whole))
        lost = max(solver.exploitability(), np.finfo(np.float32).eps * game.pot) * 2 / reached(solver, node, cards)  # if all is lost here
        assert abs(ours - theirs) <= 2 * (share * pot + lost) + 1e-4 * pot
    assert come > 0


def reached(solver, node, cards):
    """Return how likely a place is, of all deals: on how many boards it stands for, times both players' reach."""
    game = solver.game
    first, second = solver.answer().reach(node, cards)
    board = replace(game, board=(cards,))
    return board.mass_of(*(np.where(w > 0, r, 0.0) for w, r in zip(board.ranges, (first, second), strict=True))) / (
        game.deal_mass * number_of_boards(game, cards)
    )


def number_of_boards(game, cards):
    """Return how many ways there are for the cards that came after the first street's."""
    left, ways = len(game.deck.cards()) - sum(map(len, game.board)) - 4, 1.0
    for count in game.deals[1:]:
        for k in range(count):
            ways *= (left - k) / (k + 1)
        left -= count
    return ways


def mean_ev(game, state, row, solver):
    """Return the mean EV of a decision's hands, weighted by both players' reach."""
    place = game.locate(state)
    reach = solver.answer().reach(*place)
    met = replace(game, board=(place.cards,)).cf_reach(state, row["player"], reach[1 - row["player"]])
    names = {game.hand_text(row["player"], h): h for h in range(len(game.hands))}
    weights = {h: e["weight"] * met[names[h]] for h, e in row["hands"].items() if e["ev"] is not None}
    return sum(weights[h] * row["hands"][h]["ev"] for h in weights) / sum(weights.values())


def test_a_river_is_kept_in_8_bits(tmp_path):
    game = Spot(board="Td9d6hQc4s", ranges=["QQ,AKs,76s", "KK-JJ,ATs"], pot=200, stack=900, bets="33%,75%,a").build()
    solver = solved(game, 300)
    view = viewed(solver, tmp_path)
    for node, cards, state in decisions(solver, [0]):
        whole, (row, note) = decision(solver, node, cards), view.decision(state)
        assert note == ""
        assert set(row["hands"]) == set(whole["hands"])
        for hand, entry in whole["hands"].items():
            shares = 255 * np.array(row["hands"][hand]["strategy"])
            assert np.abs(shares - np.round(shares)).max() < 1e-9
            assert np.abs(shares - 255 * np.array(entry["strategy"])).max() < 1
    save_solution(solver, tmp_path / "solution.npz")
    arrays = np.load(tmp_path / "view.npz"), np.load(tmp_path / "solution.npz")
    sizes = [sum(file[name].nbytes for name in file.files if name != "about") for file in arrays]
    assert sizes[0] <= sizes[1] / 10


def test_shares_are_the_nearest_that_add_up(tmp_path):
    """The largest remainders are rounded up (Hamilton's method), so no share is a whole step off."""
    solver = solved(small([0, 1], ranges=UNEVEN), 5)
    one = BoardSolver(Spot(board="Td9d6hQc4s", ranges=["QQ,AKs", "KK"], pot=20, stack=90, bets="a", raises="a").build(), DCFR)
    one.run(3)
    view = viewed(one, tmp_path)
    for p in (0, 1):
        full = one.tree.by_hand(p, 0, view.view.average[p])
        exact = one.tree.by_hand(p, 0, one.answer().average[p]).astype(float)
        for rows in _decisions(one.tree, p):
            assert (full[rows].sum(axis=0) == 255).all()
            total = exact[rows].sum(axis=0)
            assert (np.abs(full[rows] - 255 * exact[rows] / total)[:, total > 0] < 1).all()
    assert solver.iterations == 5


@pytest.mark.parametrize("name", ["one-card flop and turn", "turn"])
def test_a_view_of_16_bits_shows_its_own_solution(tmp_path, name):
    solver = solved(MANY[name], storage=np.float16)
    view = viewed(solver, tmp_path)
    node, cards, state = next(iter(decisions(solver, [0])))
    assert view.decision(state)[0] == decision(solver, node, cards)


def test_a_line_that_nobody_takes_has_no_last_street(tmp_path):
    solver = solved(turn(("AA,KQs,AcKc", "QQ,KK,AK")))
    for rows in solver.average:
        rows[:] = 0
    state = find_decision(solver.game, "check / check / Qh", "line")
    cards, node = state.cards, 0
    policy = np.zeros_like(solver.answer().at_node(node, cards[:4]))
    policy[-1] = 1.0  # always all-in
    solver.answer().put(node, cards[:4], policy)
    view = viewed(solver, tmp_path)
    with pytest.raises(ValueError, match=r"^line must lead where both players come to by the solution, got check / check / Qh \("):
        view.decision(state)


def test_the_same_river_is_solved_once(tmp_path, monkeypatch):
    solver = solved(TINY["turn"])
    view, runs = viewed(solver, tmp_path), []
    solve = BoardSolver.solve
    monkeypatch.setattr(BoardSolver, "solve", lambda self, budget: runs.append(1) or solve(self, budget))
    for line in ("check / check / Qh", "check / check / Qh / check", "check / check / Qh"):
        view.decision(find_decision(solver.game, line, "line"))
    assert len(runs) == 1
    view.decision(find_decision(solver.game, "check / check / Ac", "line"))
    assert len(runs) == 2


def test_a_view_is_refused_where_a_solution_is_wanted_and_the_other_way(tmp_path):
    solver = solved(TINY["turn"])
    save_view(solver, tmp_path / "view.npz")
    save_solution(solver, tmp_path / "solution.npz")
    with pytest.raises(ValueError, match=r"^load must be .* \(it is a view, which timebank show reads and no solve can go on from\)$"):
        load_solution(solver, tmp_path / "view.npz")
    with pytest.raises(ValueError, match=r"^run must have a view that .* \(it must be a view\)$"):
        SolvedView(solver.game, DCFR, tmp_path / "solution.npz")
    with pytest.raises(ValueError, match=r"\(it is of another game than its settings make\)$"):
        SolvedView(TINY["limit"], DCFR, tmp_path / "view.npz")
