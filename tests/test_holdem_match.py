"""Matches in hold'em: hands, duplicates and exact values."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents import Serial, tabulate
from agents.board_blueprint import make_blueprint
from agents.match.deal import Entrant, play_hand
from agents.match.exact_value import MOST_BYTES, exact_values, table_bytes
from agents.match.match import Match, play_matches
from agents.match.statistics import Tally
from agents.search_agent import NOTHING, SearchAgent
from games.holdem.cards import parse_cards
from search import Budget, variant
from search.resolving import ResolveConfig
from tests.test_holdem import UNEVEN, small

GAME = small([0, 1, 1], ranges=UNEVEN)
DCFR = variant("dcfr")


@pytest.fixture(scope="module")
def entrants(tmp_path_factory):
    weak, strong = (make_blueprint(GAME, (), DCFR, n, tmp_path_factory.mktemp("blueprint")) for n in (1, 30))
    return {
        "weak": Entrant("weak", SearchAgent(weak, DCFR, NOTHING), Budget(seconds=0)),
        "strong": Entrant("strong", SearchAgent(strong, DCFR, NOTHING), Budget(seconds=0)),
        "search": Entrant("search", SearchAgent(weak, DCFR, "flop", ResolveConfig("resolve")), Budget(iterations=20)),
    }


def played(match, hands, **settings):
    return [r for _, rs, _ in play_matches([match], hands, **settings) for r in rs]


def test_hands_are_dealt_twice_and_cards_come_once(entrants):
    records = played(Match((entrants["search"], entrants["strong"]), values="none"), 200)
    for first, second in zip(records[::2], records[1::2], strict=True):
        assert first["hands"] == second["hands"]
        assert [first["seats"], second["seats"]] == [["search", "strong"], ["strong", "search"]]
        boards = [[told for told in r["play"] if len(told) == 2] for r in (first, second)]
        assert all(a == b for a, b in zip(*boards, strict=False))
        shown = "".join(first["hands"]) + "".join(boards[0])
        parse_cards(shown, deck=GAME.deck)  # no card comes twice
    assert {r["round"] for r in records} == {0, 1, 2}


def test_a_hand_is_the_same_whatever_was_played_before(entrants):
    match = Match((entrants["search"], entrants["strong"]), values="none")
    of_all = {(r["deal"], *r["seats"]): r for r in played(match, 40)}
    for deal, swapped in ((19, True), (3, False), (19, False)):
        alone = play_hand(match.table(), deal, swapped)
        before = of_all[deal, *alone["seats"]]
        assert all(alone[key] == before[key] for key in ("hands", "play", "chips"))


def test_kept_hands_are_checked_by_the_rules(entrants, tmp_path, caplog):
    match = Match((entrants["search"], entrants["strong"]))
    whole = played(match, 40, directory=tmp_path)
    (path,) = tmp_path.rglob("*.jsonl")
    lines = path.read_text().splitlines()
    first = json.loads(lines[0])
    for wrong in (
        {"chips": first["chips"] + 1},
        {"aivat": 1e6},
        {"hands": first["hands"][::-1]},
        {"play": [*first["play"], "fold"]},
        {"round": 7},
    ):
        path.write_text("\n".join([json.dumps(first | wrong), *lines[1:]]))
        caplog.clear()
        again = played(match, 40, directory=tmp_path)
        assert "is damaged" in caplog.text
        assert [r["chips"] for r in again] == [r["chips"] for r in whole]
    caplog.clear()
    assert [r["play"] for r in played(match, 40, directory=tmp_path)] == [r["play"] for r in whole]
    assert not caplog.text


def test_two_who_play_alike_come_out_even(entrants):
    records = played(Match((entrants["strong"], Entrant("same", entrants["strong"].agent, Budget(seconds=0))), values="none"), 400)
    pairs = np.array([r["chips"] for r in records]).reshape(-1, 2).sum(axis=1)
    assert not pairs.any()


def test_samples_are_near_the_exact_value(entrants):
    match = Match((entrants["search"], entrants["strong"]), 3, values="none")
    exact = exact_values([match], 1, Serial())[0]
    assert exact.standard_error == 0
    tally = Tally(match)
    for _, records, _ in play_matches([match], 600):
        tally.add(records)
    for kind, e in tally.estimates().items():
        assert abs(e.mean - exact.value) < 4 * e.standard_error, kind


def test_exact_values_are_zero_sum_and_kept(entrants, tmp_path):
    match = Match((entrants["search"], entrants["weak"]), values="none")
    back = Match((entrants["weak"], entrants["search"]), values="none")
    done = []
    one, other = exact_values([match, back], 1, Serial(), tmp_path, lambda *n: done.append(n))
    assert one.value == pytest.approx(-other.value, abs=1e-5)
    assert done[-1] == (4, 4)
    assert exact_values([match], 1, Serial(), tmp_path, lambda *n: done.append(n))[0] == one
    assert len(done) == 4
    agent = entrants["search"].agent
    seats = [tabulate(agent, seat, Budget(iterations=20)).against_blueprint for seat in (0, 1)]
    assert one.seats == pytest.approx(seats, abs=1e-5)


def test_tables_too_large_have_no_value(entrants, monkeypatch):
    match = Match((entrants["strong"], entrants["weak"]), values="none")
    monkeypatch.setattr("agents.match.exact_value.MOST_BYTES", table_bytes(match, 1) - 1)
    assert exact_values([match], 1, Serial()) == [None]
    assert MOST_BYTES > table_bytes(match, 1) > 0


def test_hands_are_kept_for_the_same_agents_alone(entrants, tmp_path):
    match = Match((entrants["strong"], entrants["weak"]), values="none")
    list(play_matches([match], 20, directory=tmp_path))
    assert not any(new for *_, new in play_matches([match], 20, directory=tmp_path))
    other = Match((entrants["strong"], Entrant("weak", entrants["search"].agent, Budget(iterations=3))), values="none")
    assert all(new for *_, new in play_matches([other], 20, directory=tmp_path))


def estimates(match, hands):
    tally = Tally(match)
    for _, records, _ in play_matches([match], hands):
        tally.add(records)
    return tally.estimates()


def test_a_match_of_blueprints_by_their_own_values_has_no_spread(entrants):
    match = Match((entrants["weak"], entrants["strong"]))
    found = estimates(match, 60)["aivat"]
    assert found.mean == pytest.approx(exact_values([match], 1, Serial())[0].value, abs=2e-5)
    assert found.standard_error < 2e-5  # float32


@pytest.mark.parametrize("values", ["blueprint", "uniform"])
def test_aivat_is_unbiased(entrants, values):
    match = Match((entrants["search"], entrants["strong"]), 5, values=values)
    exact = exact_values([match], 1, Serial())[0]
    found = estimates(match, 600)
    assert abs(found["aivat"].mean - exact.value) < 4 * found["aivat"].standard_error
    assert found["aivat"].standard_error < found["raw"].standard_error / (3 if values == "blueprint" else 1)
