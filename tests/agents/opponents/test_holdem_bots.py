"""Somebody else's bots in hold'em: what they are shown, what they may do wrong, and what matches with them say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents import Serial
from agents.blueprint import BlueprintAgent
from agents.board_blueprint import make_blueprint, make_uniform_blueprint
from agents.match.deal import Competitor, check_record, play_deal
from agents.match.exact_value import exact_values, table_bytes
from agents.match.match import MOST_FAULTS, Match, play_matches
from agents.match.statistics import Tally
from agents.opponents.bot import Observation, SandboxedBot, observe
from agents.opponents.builtin import BOTS, UniformRandom
from agents.opponents.sandbox import FaultError
from games.game import find_decision
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Holdem, Spot, on_menu
from games.holdem.rules import HoldemGame
from games.public_tree import CHANCE, TERMINAL
from search import Budget, variant
from tests.bots import Here, NoAnswer
from tests.catalogue import UNEVEN, game_of, small
from tests.running import result_of, timebank

GAME = small([0, 1, 1], ranges=UNEVEN)
TEN = Holdem(
    name="ms2f1t1h5", ranks="TJQKA", deals=[0, 1, 1], blinds=[1, 2], stack=162, bets="100%", raises="100%", raise_cap=1, min_bet=2
).build()  # conf/game/ms2f1t1h5.yaml
STILL, DCFR = Budget(seconds=0), variant("dcfr")


def hand_of(game, text):
    return int(hand_indices(game.hands)[parse_cards(text)])


def seen_by(game, line, hand):
    """Return what a bot sees with a hand where a line leads."""
    return observe(game, find_decision(game, line, "line"), hand_of(game, hand), np.random.default_rng(0))


def bot_of(name, make, game=GAME):
    return Competitor(name, Here(game, BOTS.get(make, make), name), STILL)


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return Competitor("ours", BlueprintAgent(make_blueprint(GAME, (), DCFR, 20, tmp_path_factory.mktemp("blueprint"))), STILL)


@pytest.fixture(scope="module")
def uniform(tmp_path_factory):
    return Competitor("uniform", BlueprintAgent(make_uniform_blueprint(GAME, tmp_path_factory.mktemp("uniform"))), STILL)


def played(match, hands):
    """Hands in the order of deals."""
    return sorted((r for _, rs, _ in play_matches([match], hands) for r in rs), key=lambda r: r["deal"])


def tallied(match, records):
    tally = Tally(match)
    tally.add(records)
    return tally


def without_times(records):
    return [{k: v for k, v in r.items() if k not in ("seconds", "load_seconds", "decisions")} for r in records]


def test_an_observation_has_the_hand_the_line_and_the_chips():
    assert seen_by(TEN, "", "AhKd") == Observation(0, "AhKd", (), ("fold", "call", "raise 6"), "", 3.0, 1.0, 161.0)
    later = seen_by(TEN, "raise 6 / call / Ts / check / bet 12", "AcAd")
    line = ("raise 6", "call", "Ts", "check", "bet 12")
    assert later == Observation(1, "AdAc", line, ("fold", "call"), "Ts", 24.0, 12.0, 156.0)


def test_in_a_spot_the_pot_is_there_and_the_stacks_are_whole():
    game = Spot(board="Td9d6hQc", ranges=["QQ,AA", "KK,JJ:0.5"], pot=101, stack=60, bets="60%,a", raises="a").build()
    turn = seen_by(game, "check", "KsKh")
    assert (turn.board, turn.history, turn.pot, turn.to_call, turn.behind) == ("Td9d6hQc", ("check",), 101.0, 0.0, 60.0)
    river = seen_by(game, "check / check / 2c / all-in", "KsKh")
    assert (river.board, river.history[2]) == ("Td9d6hQc2c", "2c")
    assert (river.pot, river.to_call, river.behind) == (161.0, 60.0, 60.0)
    assert river.legal == ("fold", "call")


class Recording(UniformRandom):
    """Takes any action and writes down what it is shown and what it answers."""

    seen: list[tuple[Observation, str]] = []  # noqa: RUF012

    def step(self, view):
        answer = super().step(view)
        self.seen.append((view, answer))
        return answer


def test_hidden_hands_and_cards_to_come_change_nothing(monkeypatch):
    match = Match((bot_of("bot", Recording), bot_of("other", "check_call")), values="none")
    table = match.table()
    own, told = hand_of(GAME, "AhKd"), []
    for other, cards in (("QcQh", "Ad Kc"), ("KcKh", "Ad Kc"), ("QcQh", "Ad Qd"), ("AcKc", "Qh Ad")):
        shown = cards.split()
        monkeypatch.setattr(HoldemGame, "deal", lambda game, u, other=other: (own, hand_of(game, other)))
        monkeypatch.setattr(HoldemGame, "chance", lambda game, at, hands, u, shown=shown: game.revealed(at, shown[game.round(at)]))
        for k in range(12):
            Recording.seen.clear()
            for bot in table.bots:
                bot.begin(k)
            play_deal(table, k, False)
            told.append((k, parse_cards("".join(shown)), list(Recording.seen)))
    pairs = longer = 0
    for k, cards, seen in told:
        for j, others, again in told:
            if j == k:  # what was shown before the first card that differs is the same, and so are the answers
                alike = next((i for i, (a, b) in enumerate(zip(cards, others, strict=True)) if a != b), 2)
                early = [[(v, a) for v, a in views if len(v.board) <= 2 * alike] for views in (seen, again)]
                assert early[0] == early[1]
                pairs, longer = pairs + 1, longer + (len(early[0]) > 1)
    assert pairs == 12 * 16
    assert longer > 20


def test_what_a_bot_does_wrong_is_told_apart_and_the_next_hand_is_played(monkeypatch):
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.bots")
    bot = SandboxedBot(TEN, "tests.bots:Broken", 60)
    wrongs = []
    for hand in ("AhKd", "KsQs", "QsJs", "JsTs", "TsTh"):
        bot.restart(0)
        bot.limit_seconds = 0.5 if hand == "QsJs" else 60
        with pytest.raises(FaultError) as error:
            bot.step(seen_by(TEN, "", hand))
        bot.limit_seconds = 60
        wrongs.append((error.value.kind, str(error.value)))
    bot.close()
    assert wrongs == [
        ("raised", "KeyError: 'no such card'"),
        ("illegal", "action must be one of fold, call, raise 6, got 'bet 1000000'"),
        ("late", "no answer within 0.5 s"),
        ("died", "its process ended"),
        ("illegal", "action must be one of fold, call, raise 6, got 1"),
    ]


class Overbets(UniformRandom):
    """Bets between the menu's sizes; with an ace too little."""

    def step(self, view):
        if view.amounts is None:
            return super().step(view)
        least, most = view.amounts
        return f"raise {least - 1 if 'A' in view.hand else int(self._random.integers(least, most + 1))}"


def test_a_bot_may_bet_any_legal_amount_where_the_game_has_them():
    game = Holdem(blinds=[50, 100], stack=2000, min_bet=100, deals=[0, 1], amounts="any", bets="50%,a").build()
    first = seen_by(game, "", "AhKd")
    assert (first.legal, first.amounts) == (("fold", "call", "raise 300", "all-in 2000"), (200, 2000))
    assert seen_by(game, "raise 750", "AhKd").amounts == (1400, 2000)
    assert seen_by(game, "all-in 2000", "AhKd").amounts is None
    for answer in ("raise 750", "bet 2000", "all-in 300", "call"):
        assert first.checked(answer) == answer
    for answer in ("raise 199", "raise 2001", "raise 7.5", "check 750", "raise -750", "raise", 750):
        with pytest.raises(FaultError, match="fold, call, raise 300, all-in 2000, or any amount from 200 to 2000, got") as error:
            first.checked(answer)
        assert error.value.kind == "illegal"
    match = Match((bot_of("bot", Overbets, game), bot_of("other", "check_call", game)), values="none", salt="salt")
    table, records = match.table(), []
    for deal in range(60):
        records += [play_deal(table, deal, swapped) for swapped in (False, True)]
    for i, record in enumerate(records):
        check_record(table, json.loads(json.dumps(record)), i // 2, bool(i % 2))
        seat = record["seats"].index("bot")
        assert ("fault" in record) == ("A" in record["hands"][seat])
        assert record.get("fault", {"kind": "illegal"})["kind"] == "illegal"
        if "fault" in record:
            assert record["chips"] == -2000
    sizes = {int(text.split()[1]) for record in records for text in record["play"] if text.startswith("raise")}
    assert len(sizes - {300}) > 20


def test_a_bot_that_hangs_is_stopped_within_a_part(monkeypatch):
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.bots")
    hanging = Competitor("bot", SandboxedBot(TEN, "tests.bots:Hanging", 0.3), STILL)
    match = Match((Competitor("other", SandboxedBot(TEN, "check_call", 60), STILL), hanging), values="none")
    chunks = play_matches([match], 400)
    records = next(chunks)[1]
    assert len(records) == 3
    assert tallied(match, records).faults == {"bot late": 3}
    text = r"bot was late, died or answered garbage in 3 of 3 hands, 3 of 50 are the most; the last: no answer within"
    with pytest.raises(ChildProcessError, match=text):
        next(chunks)


@pytest.mark.parametrize("seat", [0, 1])
def test_forfeit_costs_the_most_that_can_still_be_put_in(seat):
    # One pot-sized bet a street: 6 + 12 + 36 chips.
    for line, most in (
        ("", 54.0),
        ("call", 54.0),
        ("call / check / Ts", 18.0),
        ("raise 6 / call / Ts / check / check / Td / check", 18.0),
        ("raise 6 / call / Ts / bet 12", 54.0),
        ("call / check / Ts / check / check / Td / bet 4", 6.0),
    ):
        assert TEN.worst_payoff(find_decision(TEN, line, "line"), seat) == (most if seat else -most), line


@pytest.mark.parametrize("first", [True, False])
def test_forfeited_hands_are_scored(blueprint, first):
    bot = bot_of("bot", "check_call")

    def step(seen):  # aces do wrong, at once
        if "A" in seen.hand and not seen.history:
            raise FaultError("illegal", "action must be 1, got 7")
        return seen.legal[1]

    bot.agent.step = step
    match = Match((bot, blueprint) if first else (blueprint, bot), salt="s1")  # a new one would deal too few aces now and then
    table, records = match.table(), []
    for deal in range(30):
        records += [play_deal(table, deal, swapped) for swapped in (False, True)]
    wrong = [r for r in records if "fault" in r]
    assert 10 < len(wrong) < len(records)
    for record in wrong:
        assert record["fault"] == {"who": "bot", "kind": "illegal", "text": "action must be 1, got 7", "line": record["play"]}
        assert record["chips"] * (1 if first else -1) <= -20
        assert json.loads(json.dumps(record)) == record
        assert np.isfinite(record["aivat"])
    assert tallied(match, records).faults == {"bot illegal": len(wrong)}


def test_a_hundred_forfeits_end_a_match():
    match = Match((bot_of("bot", NoAnswer), bot_of("other", "check_call")), values="none")
    with pytest.raises(
        ChildProcessError, match=rf"bot has forfeited \d+ hands, {MOST_FAULTS} are the most; the last: action must be one of"
    ):
        played(match, 4000)


@pytest.mark.parametrize("first", [True, False])
def test_check_call_against_a_blueprint_raw_and_aivat_agree(blueprint, first):
    bot = bot_of("bot", "check_call")
    match = Match((bot, blueprint) if first else (blueprint, bot), 2, salt="salt")
    records = played(match, 400)
    found = tallied(match, records).estimates()
    apart = np.array([r["chips"] - r["aivat"] for r in records]).reshape(-1, 2).mean(axis=1)
    assert abs(apart.mean()) < 4 * apart.std(ddof=1) / len(apart) ** 0.5
    assert found["aivat"].standard_error < found["raw"].standard_error / 1.5
    for record in records:
        if record["play"][-1] == "fold":
            assert (record["chips"] > 0) is first  # the bot never folds
    assert exact_values([match], 1, Serial()) == [None]
    assert table_bytes(match, 1) == 0
    again = {(r["deal"], *r["seats"]): r for r in without_times(played(match, 100))}
    assert again == {(r["deal"], *r["seats"]): r for r in without_times(records[:100])}


@pytest.mark.parametrize("first", [True, False])
def test_a_uniform_bot_is_worth_what_uniform_play_is(blueprint, uniform, first):
    bot = bot_of("bot", "uniform_random")
    order = slice(None, None, 1 if first else -1)
    exact = exact_values([Match((uniform, blueprint)[order])], 1, Serial())[0]
    match = Match((bot, blueprint)[order], 3, salt="salt")
    found = tallied(match, played(match, 600)).estimates()
    for kind, e in found.items():
        assert abs(e.mean - exact.value) < 4 * e.standard_error, kind
    assert found["aivat"].standard_error < found["raw"].standard_error / 1.5


def test_two_bots_play():
    match = Match((bot_of("a", "uniform_random"), bot_of("b", "check_call")), 1, salt="salt")
    records = played(match, 200)
    apart = np.array([r["chips"] - r["aivat"] for r in records]).reshape(-1, 2).mean(axis=1)
    assert abs(apart.mean()) < 4 * apart.std(ddof=1) / len(apart) ** 0.5


@pytest.mark.parametrize("seat", [0, 1])
def test_the_correction_for_a_strangers_deal_is_zero_on_average(blueprint, seat):
    table = Match((bot_of("bot", "check_call"), blueprint)).table()
    table.load()
    values = table._aivat[seat]
    live = np.flatnonzero(GAME.ranges[seat])
    held = [(hand, None) if seat == 0 else (None, hand) for hand in live.tolist()]
    corrections = np.array([values.estimate([], h, 0.0) for h in held])
    weights = (GAME.ranges[seat] * GAME.cf_reach(GAME.root, seat, GAME.ranges[1 - seat]))[live]
    assert corrections.std() > 0.5
    assert float(weights @ corrections / weights.sum()) == pytest.approx(0, abs=1e-5)


def test_agents_of_other_games_do_not_meet(blueprint):
    with pytest.raises(ValueError, match="agents must play one game"):
        Match((bot_of("bot", "check_call", TEN), blueprint))


def test_the_command_plays_somebodys_bot(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.bots")
    bot = ("agent@agents.a=bot", "agents.a.bot=tests.bots:CheckCall", "agent@agents.b=uniform")
    given = ("game=ms1f1", "game.ranks=QKA", *bot, "hands=40", "executor=serial", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "match", *given) == 0
    (row,) = result_of(tmp_path)["rows"]
    assert (row["agents"], row["hands"], row["exact"], row["faults"]) == (["a", "b"], 40, None, {})
    assert "a: tests.bots:CheckCall, no thinking" in capsys.readouterr().out


ANY = ("game=heads_up_no_limit", "agent@agents.a=bot", "agents.a.bot=check_call")


def test_the_command_plays_bots_with_any_amount(monkeypatch, tmp_path, capsys):
    given = (*ANY, "agent@agents.b=bot", "agents.b.bot=uniform_random", "game.stack=10000", "hands=20", "executor=serial")
    assert timebank(monkeypatch, "match", *given, f"hydra.run.dir={tmp_path}") == 0
    (row,) = result_of(tmp_path)["rows"]
    assert (row["hands"], row["exact"], row["faults"], sorted(row["estimates"])) == (20, None, {}, ["duplicate", "raw"])
    assert result_of(tmp_path)["notes"] == [
        "values: taken as none, in a game of any amount they are those of a sampled blueprint, and nobody has one"
    ]
    assert timebank(monkeypatch, "match", f"resume={tmp_path}", "hands=24") == 0


@pytest.mark.parametrize("command", ["solve budget.iterations=1", "train", "ablate agent=tabular", "play agent=tabular", "match"])
def test_what_needs_the_whole_tree_refuses_any_amount_with_its_size(monkeypatch, tmp_path, capsys, command):
    monkeypatch.chdir(tmp_path)
    command, *given = command.split()
    own = (*ANY, "agent@agents.b=tabular") if command == "match" else ("game=heads_up_no_limit", *given)
    for sizes, error in (
        ((), "game must fit into memory"),
        (('game.bets="1%,2%,3%,5%,9%,20%,50%"',), "game.bets and game.raises must be few"),
    ):
        assert timebank(monkeypatch, command, *own, *sizes) == 2
        assert capsys.readouterr().err.startswith(f"error: {error}")
    assert not list(tmp_path.iterdir())


def test_any_amount_changes_no_other_game():
    plain, anything = (Holdem(deals=[0, 1], blinds=[1, 2], amounts=amounts).build() for amounts in ("menu", "any"))
    assert anything.key == f"{plain.key} any amount"
    assert on_menu(anything) == plain
    assert on_menu(anything).notes == ("game.amounts: any is taken as menu (what needs the tree of all bets knows the menu's sizes alone)",)
    assert on_menu(plain) is plain
    with pytest.raises(ValueError, match=r"game.amounts must be menu in a limit game, got 'any'"):
        Holdem(bets="", raises="", limit=[2, 2], max_raises=[1, 1], deals=[0, 1], amounts="any").build()


@pytest.mark.parametrize("name", BOTS)
def test_our_bots_answer_what_is_legal_in_every_betting(name):
    """Menus, any amount and limit; against a player of random amounts, so that odd raises and short all-ins come up."""
    rng, seen = np.random.default_rng(0), set()
    for game in (TEN, game_of("heads_up_no_limit"), game_of("heads_up_limit")):
        for hand in range(30):
            hands, state = game.deal(rng.random()), game.root
            bots = [BOTS[name](None, hand % 2, hand), BOTS["random_amounts"](None, 1 - hand % 2, hand)]
            while (player := game.player(state)) != TERMINAL:
                if player == CHANCE:
                    state = game.chance(state, hands, rng.random())
                    continue
                observation = observe(game, state, hands[player], rng)
                answer = observation.checked(bots[player != hand % 2].step(observation))
                seen |= {answer.split()[0]} if player == hand % 2 else set()
                state = game.child(state, game.action(state, answer))
    does = {"check_call": {"check", "call"}, "fold_to_bets": {"check", "fold"}}
    assert seen <= does.get(name, {"fold", "check", "call", "bet", "raise", "all-in"})
    assert {"all_in", "random_amounts", "least_raise"} & {name} == set() or "raise" in seen
