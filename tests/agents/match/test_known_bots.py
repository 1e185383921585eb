"""The panel of bots by their policies: exact values of matches, and what is measured against them."""

import re
from collections import Counter

import numpy as np
import pytest

from agents import Serial
from agents.blueprint import BlueprintAgent
from agents.board_blueprint import make_blueprint
from agents.match.deal import Competitor
from agents.match.exact_value import exact_values
from agents.match.match import Match, play_matches
from agents.no_limit.agent import NoLimitAgent
from agents.opponents.bot import SandboxedBot, observe
from agents.opponents.builtin import BOTS, bot_table, known
from agents.search_agent import SearchAgent
from games.holdem.config import Holdem
from search import Budget, represent, variant
from search.resolving import ResolveConfig
from tests.bots import Here
from tests.catalogue import UNEVEN, game_of, small
from tests.matching import tallied
from tests.playing import playout
from tests.running import ROOT, result_of, timebank

PANEL = ("check_call", "fold_to_bets", "all_in", "random_amounts", "least_raise")
STILL, DCFR = Budget(seconds=0), variant("dcfr")
GAME = small([0, 1, 1], ranges=UNEVEN, bets="50%,a", raises="100%,a", raise_cap=2)
DRAWS = 1000


def bot(name, game=GAME):
    return Competitor(name, SandboxedBot(game, name), STILL)


def here(name, game=GAME):
    """Return the same bot, to be played without a process of its own."""
    return Competitor(name, Here(game, BOTS[name], name), STILL)


def ours(game, directory, iterations):
    """Return a blueprint alone, and an agent that searches above it."""
    blueprint = make_blueprint(game, (), DCFR, iterations, directory)
    search = SearchAgent(blueprint, variant("default_holdem"), "flop+turn", ResolveConfig("refined"))
    return Competitor("alone", BlueprintAgent(blueprint), STILL), Competitor("search", search, Budget(iterations=20))


@pytest.fixture(scope="module")
def small_ones(tmp_path_factory):
    return ours(GAME, tmp_path_factory.mktemp("blueprint"), 6)


@pytest.mark.parametrize("name", BOTS)
def test_a_bot_plays_the_shares_that_its_table_has(name):
    rng, player = np.random.default_rng(0), BOTS[name](None, 0, 5)
    decisions = {state for _ in range(6) for state in playout(GAME, rng)[1] if GAME.player(state) >= 0}
    tables = tuple(bot_table(bot(name).bot, seat) for seat in (0, 1))
    for state in decisions:
        hand = int(np.flatnonzero(GAME.cf_reach(state, GAME.player(state), GAME.ranges[1 - GAME.player(state)]))[0])
        seen = observe(GAME, state, hand, rng)
        shares = np.array(BOTS[name].shares(seen.legal))
        answers = Counter(player.step(seen) for _ in range(DRAWS if 0 < shares.max() < 1 else 3))
        found = np.array([answers[label] for label in seen.legal]) / sum(answers.values())
        np.testing.assert_allclose(found, shares, atol=5 * 0.5 / DRAWS**0.5)
        np.testing.assert_allclose(represent(GAME).at(tables, state)[:, hand], shares, atol=1e-6)
    assert len(decisions) > 10


def test_values_that_are_known_by_hand():
    """Who folds to every bet loses his blinds to a shove, and his small blind to a call; bots whose hands alone decide come out even."""
    small_blind, big_blind = GAME.betting.start
    even = small([0, 1, 1], bets="50%,a", raises="100%,a")
    cases = [("all_in", "fold_to_bets", (small_blind + big_blind) / 2), ("check_call", "fold_to_bets", small_blind / 2)]
    cases += [(name, name, 0.0) for name in PANEL] + [("all_in", "check_call", 0.0), ("uniform_random", "uniform_random", 0.0)]
    for first, second, value in cases:
        match = Match((bot(first, even), Competitor("other", SandboxedBot(even, second), STILL)))
        assert exact_values([match], 1, Serial())[0].value == pytest.approx(value, abs=1e-5), (first, second)


@pytest.mark.parametrize("name", PANEL)
def test_what_is_measured_agrees_with_the_exact_value(small_ones, name):
    check(small_ones[:1], name, GAME, 200)


@pytest.mark.long
@pytest.mark.parametrize("name", PANEL)
def test_the_same_of_an_agent_that_searches_on_few_and_on_twenty_cards(small_ones, tmp_path, name):
    check(small_ones[1:], name, GAME, 200)
    game = game_of("ms2f1t1h5")
    check(ours(game, tmp_path, 10), name, game, 600)


@pytest.fixture(scope="module")
def any_amount(tmp_path_factory):
    """Return an agent that searches the last street of a game of any amount."""
    settings = {"ranks": "TJQKA", "deals": [0, 1], "blinds": [1, 2], "stack": 60, "min_bet": 2, "bets": "50%,100%", "raise_cap": 2}
    game, menu = Holdem(amounts="any", **settings).build(), Holdem(**settings).build()
    blueprint = make_blueprint(menu, (), DCFR, 4, tmp_path_factory.mktemp("blueprint"))
    return Competitor("ours", NoLimitAgent(game, blueprint, variant("default_holdem"), "flop"), Budget(iterations=2))


@pytest.mark.parametrize("name", PANEL)
def test_the_panel_bets_what_it_likes_against_the_agent_of_any_amount(any_amount, name):
    match = Match((any_amount, here(name, any_amount.game)), 1, values="none", salt="salt")
    records = [record for _, part, _ in play_matches([match], 30) for record in part]
    assert not any("fault" in record for record in records)
    lines = " / ".join(action for record in records for action in record["play"])
    expected = {"check_call": "call", "fold_to_bets": "fold", "all_in": "all-in 60", "least_raise": r"(bet 3|raise 5)\b"}
    assert re.search(expected.get(name, r"(bet|raise) \d*[3579]\b"), lines)
    assert exact_values([match], 1, Serial()) == [None]


def check(agents, name, game, hands):
    """Play agents against a bot; their means must agree with the exact values."""
    for agent in agents:
        (exact,) = exact_values([Match((agent, bot(name, game)))], 1, Serial())
        tally = tallied(Match((agent, here(name, game)), 3, salt="salt"), hands)
        assert not tally.faults
        for kind, estimate in tally.estimates().items():
            assert abs(estimate.mean - exact.value) <= 4 * estimate.standard_error + 1e-5, (agent.name, kind)
        assert exact.standard_error == 0


def test_a_policy_is_known_of_our_bots_on_a_menu_alone():
    any_amount = game_of("heads_up_no_limit")
    assert all(known(bot(name).bot) for name in BOTS)
    assert not known(here("all_in").bot)
    assert not known(bot("all_in", any_amount).bot)
    assert exact_values([Match((here("all_in"), bot("check_call")))], 1, Serial()) == [None]


@pytest.mark.slow
def test_the_documents_table_has_the_exact_values_of_its_command(monkeypatch, tmp_path):
    assert timebank(monkeypatch, "match", "experiment=bots", "hands=4", "executor=serial", f"hydra.run.dir={tmp_path}") == 0
    exact = {tuple(row["agents"]): row["mbb_per_game"]["exact"]["value"] for row in result_of(tmp_path)["rows"]}
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \|", (ROOT / "docs/how-to/match.md").read_text(), re.MULTILINE)
    assert [row[0] for row in rows] == list(PANEL)
    for bot_name, (_, alone, searching) in zip("cdefg", rows, strict=True):
        assert [f"{exact[who, bot_name]:,.0f}" for who in "ba"] == [alone, searching]
    assert f"{exact['a', 'b']:.0f}" == "62"
