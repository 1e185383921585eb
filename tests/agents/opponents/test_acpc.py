"""The dealer's side of the ACPC protocol: what a client is sent, each thing that it may do wrong, and clients that go and come back."""

from __future__ import annotations

import pickle
import re
import socket
import time

import numpy as np
import pytest

from agents.match.deal import Competitor, check_record
from agents.match.match import Match, play_matches
from agents.opponents.acpc import AcpcBot
from agents.opponents.bot import Bot, LostError, Watching
from agents.protocols.player import Player
from games.game import line_of
from games.holdem.acpc import read_match_state
from games.holdem.config import Holdem
from games.public_tree import TERMINAL
from tests.sockets import GAME, HANG, SETTINGS, STILL, ClientThread, Direct, InProcess, Script, even_agent, free_port

OURS = Competitor("a", even_agent(), STILL)


def match_with(bot, seed=1):
    return Match((OURS, Competitor("b", bot, STILL)), seed, values="none", salt="s" + 32 * "0")


def behind(port, limit_seconds=HANG, wait_seconds=HANG):
    return AcpcBot(GAME, port, limit_seconds=limit_seconds, wait_seconds=wait_seconds)


def hands_of(match, hands, directory=None):
    return [record for _, records, _ in play_matches([match], hands, directory=directory) for record in records]


def plays(records):
    return [(record["deal"], record["seats"], record["hands"], record["play"], record["chips"]) for record in records]


def test_it_is_a_bot_that_watches_and_goes_to_other_processes_without_its_connection():
    bot = pickle.loads(pickle.dumps(behind(1234)))
    assert isinstance(bot, Bot)
    assert isinstance(bot, Watching)
    assert not isinstance(InProcess("all_in"), Watching)
    assert (bot.port, bot.name) == (1234, "acpc")


def test_a_match_through_a_socket_is_the_match_without_it(tmp_path):
    port = free_port()
    client = ClientThread(port, wait_seconds=0.5)
    records = hands_of(match_with(behind(port)), 150)
    assert client.join() is None
    assert plays(records) == plays(hands_of(match_with(Direct(GAME, port)), 150))
    assert client.client.hands == 150
    assert client.client.chips == -sum(record["chips"] for record in records)
    assert client.told == [f"connected to 127.0.0.1:{port}"]
    table = match_with(behind(port)).table(load=False)
    for record in records:
        check_record(table, record, record["deal"], record["seats"][0] == "b")


def test_a_deterministic_bot_plays_through_a_socket_as_at_the_table():
    port = free_port()
    client = ClientThread(port, Player(InProcess("least_raise"), STILL, 0), wait_seconds=0.5)
    records = hands_of(match_with(behind(port)), 100)
    assert client.join() is None
    assert plays(records) == plays(hands_of(match_with(InProcess("least_raise")), 100))
    assert any(label.startswith("raise") for record in records for label in record["play"])


def test_what_a_client_hears_of_a_hand():
    port = free_port()
    script = Script(port)
    records = hands_of(match_with(behind(port)), 40)
    script.join()
    views = [read_match_state(GAME, line) for line in script.heard]
    hands = {number: [view for view in views if view.number == number] for number in dict.fromkeys(view.number for view in views)}
    assert len(hands) == len(records) == 40
    for record, seen in zip(records, hands.values(), strict=True):
        seat = record["seats"].index("b")
        assert [len(line_of(GAME, view.state)) for view in seen] == sorted({len(line_of(GAME, view.state)) for view in seen})
        assert seen[0].state == GAME.root
        assert line_of(GAME, seen[-1].state) == record["play"]
        assert {view.seat for view in seen} == {seat}
        assert all(GAME.hand_text(seat, view.hand) == record["hands"][seat] for view in seen)
        assert all(view.opponent is None for view in seen[:-1])
        showdown = seen[-1].state.betting.folded < 0
        assert (seen[-1].opponent is not None) == showdown
        assert not showdown or GAME.hand_text(0, seen[-1].opponent) == record["hands"][1 - seat]
        actions = sum(label[0].islower() for label in record["play"])
        rounds = sum(not label[0].islower() for label in record["play"])
        assert actions + 1 - rounds <= len(seen) <= actions + 1


def leaves(script, line):
    """Hang up at a decision in the middle of a hand, once, and never come back."""
    view = read_match_state(GAME, line)
    if script.done or len(script.heard) < 20 or view.state.above is None:
        return False
    script.hang_up()
    return True


def test_a_client_that_is_killed_is_waited_for_and_its_successor_is_sent_the_match_state_again():
    port = free_port()
    first = Script(port, leaves)
    second = Script(port, after=first)
    records = hands_of(match_with(behind(port)), 200)
    second.join()
    assert second.heard[0] == first.asked[-1]
    assert plays(records) == plays(hands_of(match_with(Direct(GAME, port)), 200))


def test_a_client_that_is_lost_ends_the_match_in_one_line_and_hands_are_kept(tmp_path):
    port = free_port()
    script = Script(port, leaves)
    chunks = play_matches([match_with(behind(port, wait_seconds=1))], 200, directory=tmp_path)
    _, records, _ = next(chunks)
    told = f"acpc: a client must come to 127.0.0.1:{port} within 1 s, got none (the last one hung up)"
    with pytest.raises(LostError, match=f"^{re.escape(told)}$"):
        next(chunks)
    script.join()
    assert 0 < len(records) < 100
    match = match_with(behind(port))
    client = ClientThread(port, wait_seconds=0.5)
    whole = list(play_matches([match], 200, directory=tmp_path))
    assert client.join() is None
    assert [len(part) for _, part, new in whole if not new] == [len(records)]
    assert sum(len(part) for _, part, _ in whole) == 200


def test_nobody_comes(tmp_path):
    port = free_port()
    with pytest.raises(LostError, match=f"acpc: a client must come to 127.0.0.1:{port} within 0.1 s, got none$"):
        hands_of(match_with(behind(port, wait_seconds=0.1)), 4)


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LostError, match="must be an address of this machine and a free port, got Address already in use"):
            hands_of(match_with(behind(port)), 4)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("HELLO", "(the last to come had to say VERSION:2.0.0 first, and said 'HELLO')"),
        ("VERSION:1.0.0", "and said 'VERSION:1.0.0')"),
        ("x" * 20_000, "a line must"),
    ],
)
def test_a_client_must_say_its_version_first(version, told):
    port = free_port()
    script = Script(port, version=version)
    with pytest.raises(LostError, match=re.escape(told)):
        hands_of(match_with(behind(port, wait_seconds=1.5)), 4)
    script.join()


def once(what, comes_back=False):
    """Return what a script does wrong at the first decision of its first hand after some."""

    def wrong(script, line):
        if len(script.asked) != 5:
            return False
        script.done = comes_back
        what(script, line)
        return True

    return wrong


WRONG = {  # name: what is done, whether the client is sent away and comes back, the fault, and what is told
    "an amount too small": (lambda s, line: s.say(f"{line}:r1"), False, "illegal", "an action must be "),
    "an amount too large": (lambda s, line: s.say(f"{line}:r21"), False, "illegal", "got 'r21'"),
    "no action": (lambda s, line: s.say(f"{line}:x"), False, "illegal", "an action must be f, c, or r with the chips"),
    "an empty action": (lambda s, line: s.say(f"{line}:"), False, "illegal", "got ''"),
    "nonsense": (lambda s, line: s.say("hello"), True, "garbage", "with :action behind it, got 'hello'"),
    "the action alone": (lambda s, line: s.say("c"), True, "garbage", "with :action behind it, got 'c'"),
    "another hand's answer": (lambda s, line: s.say(s.answer(s.asked[0])), True, "garbage", "its answer must be MATCHSTATE:"),
    "another position": (
        lambda s, line: s.say(f"{line[:11]}{1 - int(line[11])}{line[12:]}:c"),
        True,
        "garbage",
        "its answer must be MATCH",
    ),
    "no ASCII": (lambda s, line: s.say("é"), True, "garbage", "bytes of ASCII, got b"),
    "a line without end": (lambda s, line: s.socket.sendall(b"c" * 100_000), True, "garbage", "a line must "),
    "comments without end": (lambda s, line: s.socket.sendall(b"# so\n" * 1000), True, "garbage", "must come within 100 lines, got more"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_answer_forfeits_the_hand(name):
    what, comes_back, kind, told = WRONG[name]
    port = free_port()
    script = Script(port, once(what, comes_back))
    records = hands_of(match_with(behind(port)), 60)
    script.join()
    faults = [record["fault"] for record in records if "fault" in record]
    assert [(fault["who"], fault["kind"]) for fault in faults] == [("b", kind)]
    assert told in faults[0]["text"]
    assert len(records) == 60
    lost = next(record for record in records if "fault" in record)
    assert lost["chips"] == 20


def twice(script, line):
    """Answer a decision twice, once."""
    if len(script.asked) != 5:
        return False
    script.done = True
    script.say(script.answer(line))
    script.say(script.answer(line))
    return True


def test_an_answer_out_of_turn_forfeits_the_hand_at_the_next_decision():
    port = free_port()
    script = Script(port, twice)
    records = hands_of(match_with(behind(port)), 60)
    script.join()
    faults = [record["fault"] for record in records if "fault" in record]
    assert [fault["kind"] for fault in faults] == ["garbage"]
    assert "an answer must be asked for, got 'MATCHSTATE:" in faults[0]["text"] or "its answer must be" in faults[0]["text"]


def test_an_answer_that_is_late_forfeits_the_hand_and_is_passed_over_when_it_comes():
    port = free_port()

    def late(script, line):
        if len(script.asked) != 5:
            return False
        time.sleep(1.5)  # beyond the limit, then the honest answer
        return False

    script = Script(port, late)
    records = hands_of(match_with(behind(port, limit_seconds=1)), 60)
    script.join()
    faults = [record["fault"] for record in records if "fault" in record]
    assert [(fault["kind"], fault["text"]) for fault in faults][:1] == [("late", "no answer within 1 s")]
    assert {fault["kind"] for fault in faults} == {"late"}
    assert len(records) == 60


def test_a_client_that_never_answers_ends_the_match_after_three_hands():
    port = free_port()
    script = Script(port, lambda script, line: True)
    with pytest.raises(ChildProcessError, match="b was late, died or answered garbage in 3 of"):
        hands_of(match_with(behind(port, limit_seconds=0.05)), 60)
    script.join()


def test_the_end_of_a_match_is_the_end_of_the_connection():
    port = free_port()
    script = Script(port)
    records = hands_of(match_with(behind(port)), 4)
    script.join()
    assert len(records) == 4
    assert GAME.player(read_match_state(GAME, script.heard[-1]).state) == TERMINAL


def test_two_clients_play_each_other():
    ports = free_port(), free_port()
    clients = [ClientThread(port, wait_seconds=0.5) for port in ports]
    pair = [Competitor(name, behind(port), STILL) for name, port in zip("ab", ports, strict=True)]
    records = hands_of(Match(tuple(pair), values="none"), 40)
    assert [client.join() for client in clients] == [None, None]
    assert [client.client.hands for client in clients] == [40, 40]
    assert [client.client.chips for client in clients] == [sum(r["chips"] for r in records), -sum(r["chips"] for r in records)]


def test_aivat_is_estimated_against_a_client():
    port = free_port()
    game = Holdem(name="menu", bets="100%", raises="a", **SETTINGS).build()
    client = ClientThread(port, Player(InProcess("uniform_random", game), STILL, 0), wait_seconds=0.5)
    pair = Competitor("a", InProcess("check_call", game), STILL), Competitor("b", AcpcBot(game, port), STILL)
    records = hands_of(Match(pair, values="uniform"), 20)
    assert client.join() is None
    assert all(np.isfinite(record["aivat"]) for record in records)


def test_a_client_that_does_not_read_is_late_and_sent_away(monkeypatch):
    monkeypatch.setattr("agents.runtime.line_socket.LineSocket.send", full)
    port = free_port()
    bot = behind(port, limit_seconds=0.2, wait_seconds=2)
    script = Script(port)
    with pytest.raises(LostError, match=r"within 2 s, got none \(the last one "):
        hands_of(match_with(bot), 20)
    script.join()


def full(lines, line, deadline):
    """Send a version; a match state is not taken in time."""
    if not line.startswith("VERSION"):
        raise TimeoutError("timed out")
    lines._socket.sendall(line.encode() + b"\r\n")


def test_a_client_that_hangs_up_again_and_again_ends_the_match():
    port = free_port()

    def hang_up(script, line):
        script.done = True  # and come back
        script.hang_up()
        return True

    script = Script(port, hang_up)
    with pytest.raises(
        ChildProcessError, match=r"b was late, died or answered garbage in 3 of .* hands, .*it hung up 5 times at one decision"
    ):
        hands_of(match_with(behind(port, wait_seconds=5)), 20)
    script.join()
