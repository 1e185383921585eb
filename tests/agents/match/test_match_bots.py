"""Matches with bots: they learn nothing of the deals, and what they do wrong costs them."""

import json
import stat
from collections import Counter
from functools import partial

import numpy as np
import pytest

from agents.match.deal import Competitor, Draws, check_record, play_deal
from agents.match.match import MOST_FAULTS, MOST_WAITS, Match, play_matches
from agents.match.statistics import Tally, match_row
from agents.opponents.bot import SandboxedBot
from agents.opponents.openspiel import make
from agents.opponents.sandbox import FaultError
from games.derived import derived_game
from tests.bots import Here, given_once
from tests.matching import KUHN, STILL, blueprint, searcher, tallied, uniform


class Passing:
    """A bot that always passes; does wrong with the best card."""

    def __init__(self, wrong, game, player, seed):
        self.wrong = wrong

    def restart(self):
        pass

    def step(self, observation):
        if observation.hand == "2" and self.wrong == "illegal":
            return 7
        if observation.hand == "2" and self.wrong:
            raise FaultError(self.wrong, "KeyError: 2")
        return 0


def passing(wrong=None):
    return Competitor("bot", Here(derived_game(KUHN), partial(Passing, wrong)), STILL)


def cheat(name):
    return Competitor("bot", SandboxedBot(derived_game(KUHN), f"tests.bots:{name}", 60), STILL)


@pytest.fixture
def allowed(monkeypatch):
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.bots")


@pytest.mark.parametrize("name", ["Remembers", "Computes"])
def test_a_bot_that_links_hands_or_computes_deals_wins_nothing(allowed, name):
    match = Match((blueprint("ours", KUHN, 5000), cheat(name)), salt="salt")
    tally = tallied(match, 2000)
    found, pairs = tally.estimates(), tally.scores().reshape(-1, 2, 4).mean(axis=1)
    assert not tally.faults
    for kind, e in found.items():
        assert e.mean > -4 * e.standard_error, kind  # ours is an equilibrium, and loses to nobody
    apart = pairs[:, 2] - pairs[:, 3]  # of chips and AIVAT's estimates
    assert abs(apart.mean()) < 4 * apart.std(ddof=1) / len(apart) ** 0.5
    assert found["aivat"].standard_error < found["raw"].standard_error


@pytest.mark.parametrize("name", ["Remembers", "Computes"])
def test_the_cheats_win_where_deals_can_be_computed_and_their_hands_follow_each_other(name, monkeypatch):
    monkeypatch.setenv("TIMEBANK_MODULES", "tests.bots")
    bot = Here(derived_game(KUHN), lambda game, player, seed: make(f"tests.bots:{name}", game.spiel, player, seed))
    table = Match((blueprint("ours", KUHN, 5000), Competitor("bot", bot, STILL))).table()
    table.draws = Draws(0)
    records = []
    for deal in range(3000):
        if deal % 25 == 0:
            bot.begin(given_once(deal, 1))
        records += [play_deal(table, deal, swapped) for swapped in (False, True)]
    pairs = np.array([r["chips"] for r in records]).reshape(-1, 2).mean(axis=1)
    assert pairs.mean() < -4 * pairs.std(ddof=1) / len(pairs) ** 0.5


def test_all_first_halves_come_before_the_second_ones_in_another_order(monkeypatch):
    monkeypatch.setattr("agents.match.match.STRETCH_DEALS", 300)
    match = Match((uniform("a"), passing()), salt="salt")
    rounds = [np.array(numbers) for numbers in match.rounds_of_play(1000)]
    assert [len(numbers) for numbers in rounds] == [300, 300, 200, 200]
    assert sorted(np.concatenate(rounds)) == list(range(1000))
    for first, second in zip(rounds[::2], rounds[1::2], strict=True):
        assert set(first // 2) == set(second // 2)
        assert abs(np.corrcoef(first // 2, second // 2)[0, 1]) < 0.25
        assert [np.bincount(half % 2).tolist() for half in (first, second)] == [[len(first) / 2] * 2] * 2  # each seat alike
    other = Match(match.competitors, salt="pepper")
    assert [list(n) for n in match.rounds_of_play(1000)] == [n.tolist() for n in rounds]
    assert [list(n) for n in other.rounds_of_play(1000)] != [n.tolist() for n in rounds]
    played = [(r["deal"], r["seats"]) for _, rs, _ in play_matches([match], 1000) for r in rs]
    assert played == [(n // 2, ["a", "bot"] if n % 2 == 0 else ["bot", "a"]) for n in np.concatenate(rounds).tolist()]


def test_bots_are_made_anew_for_each_part_from_seeds_of_their_own(monkeypatch):
    monkeypatch.setattr("agents.match.match.BOT_HANDS", 100)
    seeds = []
    monkeypatch.setattr(Here, "begin", lambda self, seed: seeds.append(seed))
    monkeypatch.setattr(Here, "restart", lambda self, seat: None)
    monkeypatch.setattr(Here, "step", lambda self, observation: 0)
    match = Match((uniform("a"), passing()), salt="salt")
    list(play_matches([match], 1000))
    assert len(set(seeds)) == len(seeds) == 11  # 0 is the one that Here begins with
    assert not {given_once(k, i) + j for k in range(1000) for i in (0, 1) for j in (0, 1)} & set(seeds)


def hands_of(match):
    """Return the hands of the first 200 deals."""
    return [match.game.deal(float(match.draws.deal(k).random())) for k in range(200)]


def test_with_a_bot_deals_come_from_a_secret_and_without_one_from_the_seed_alone():
    with_bot = [Match((uniform("a"), passing()), 5, salt=salt) for salt in ("", "", "salt", "salt")]
    assert len({match.salt for match in with_bot}) == 3
    assert len({match.fingerprint() for match in with_bot}) == 3
    hands = [hands_of(match) for match in with_bot]
    assert hands[2] == hands[3]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert sum(a == b for a, b in zip(hands[one], hands[other], strict=True)) < 70  # a sixth of them by chance
    without = [Match((uniform("a"), uniform("b")), 5, salt=salt) for salt in ("", "salt")]
    assert [match.salt for match in without] == ["", ""]
    assert without[0].fingerprint() == without[1].fingerprint()
    counts = Counter(hand for own in hands for hand in own)
    assert all(abs(n - 800 / 6) < 60 for n in counts.values())  # 6 hands; 400 of the 800 are drawn anew in each run
    another = Match((uniform("other"), with_bot[2].competitors[1]), 5, salt="salt")  # no two matches share deals
    assert hands_of(another) != hands[2]


def test_a_match_with_a_bot_that_was_stopped_goes_on_to_the_same_table(tmp_path, monkeypatch):
    monkeypatch.setattr("agents.match.match.BOT_HANDS", 100)
    bot = Competitor("bot", SandboxedBot(derived_game(KUHN), "uniform_random", 60), STILL)
    match = Match((searcher("a"), bot), salt="salt")
    whole = tallied(match, 800)
    for stop in (1, 5):
        stopped = play_matches([match], 800, directory=tmp_path)
        for _ in range(stop):
            next(stopped)
        stopped.close()
    (place,) = tmp_path.iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    resumed = tallied(match, 800, directory=tmp_path)
    np.testing.assert_array_equal(resumed.scores(), whole.scores())
    assert 2 <= len(list(place.iterdir())) < 5
    more = list(play_matches([match], 1000, directory=tmp_path))  # nothing that was played is lost
    assert sum(len(records) for _, records, new in more if new) == 200
    again = {(r["deal"], *r["seats"]) for _, records, _ in more for r in records}
    assert len(again) == 1000


def test_a_bots_deal_is_corrected_for():
    match = Match((uniform("a"), passing()), salt="salt")
    found = tallied(match, 4000).estimates()
    # As player 0 uniform play bets half of the time and the bot folds: half a chip; passing shows down. As player 1 the same.
    assert abs(found["aivat"].mean - 0.5) < 4 * found["aivat"].standard_error
    assert found["aivat"].standard_error < found["raw"].standard_error


@pytest.mark.parametrize(("wrong", "text"), [("illegal", "action must be one of 0, 1, got 7"), ("raised", "KeyError: 2")])
def test_who_does_wrong_loses_the_most_that_the_hand_can_cost(wrong, text):
    match = Match((passing(wrong), uniform("b")))
    records = [r for _, rs, _ in play_matches([match], 60) for r in rs]
    for record in records:
        seat = record["seats"].index("bot")
        if record["hands"][seat] == "2":
            assert record["fault"]["who"] == "bot"
            assert record["fault"]["kind"] == wrong
            assert record["fault"]["line"] == record["play"]
            before = {**record, "fault": {"who": "bot", "kind": wrong, "text": text, "node": "start"}}  # as older versions wrote it
            check_record(match.table(), before, record["deal"], seat == 1)
            assert record["chips"] == -2.0  # also with the best card: a bet that is called may come
    assert any(text in r["fault"]["text"] for r in records if "fault" in r)
    tally = Tally(match)
    tally.add(records)
    assert tally.faults == {f"bot {wrong}": sum("fault" in r for r in records)}


def test_a_bot_that_does_wrong_too_often_is_stopped_and_hands_are_kept(tmp_path):
    match = Match((passing("illegal"), uniform("b")))
    with pytest.raises(ChildProcessError, match=rf"bot has forfeited \d+ hands, {MOST_FAULTS} are the most; the last: action must be"):
        list(play_matches([match], 4000, directory=tmp_path))
    kept = [json.loads(line) for f in tmp_path.rglob("*.jsonl") for line in f.read_text().splitlines()]
    assert len([record for record in kept if "fault" in record]) >= MOST_FAULTS
    assert len(kept) < 4000


@pytest.mark.parametrize("wrong", ["late", "died", "garbage"])
def test_a_bot_that_must_be_waited_for_is_stopped_within_a_part_and_its_hands_are_told(wrong):
    match = Match((passing(wrong), uniform("b")))
    tally = Tally(match)
    played = play_matches([match], 4000)
    tally.add(next(played)[1])
    text = r"bot was late, died or answered garbage in 3 of \d+ hands, 3 of 50 are the most; the last: KeyError: 2"
    with pytest.raises(ChildProcessError, match=text):
        next(played)
    assert tally.faults == {f"bot {wrong}": MOST_WAITS}
    assert match_row(tally, None, None)["hands"] == 0
    assert match_row(tally, None, None)["waiting_hands"] == tally.played < 50
