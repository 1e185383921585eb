"""The client's side of the ACPC protocol, against a dealer that is played by hand."""

from __future__ import annotations

import re
import socket
import time

import pytest

from agents.opponents.sandbox import FaultError
from agents.protocols.acpc import GoneError
from agents.protocols.player import Player
from agents.runtime.line_socket import LineSocket
from games.holdem.acpc import action_text, read_match_state
from tests.sockets import GAME, HANG, STILL, ClientThread, InProcess, even_agent, free_port

CALLS = Player(InProcess("check_call"), STILL, 0)


class Dealer:
    """A dealer that a client of ours has come to."""

    def __init__(self, player=None, wait_seconds=0.2):
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(HANG)
        self.port = self._server.getsockname()[1]
        self.client = ClientThread(self.port, player, wait_seconds)
        self.accept()

    def accept(self):
        """Take a client; it says its version."""
        self._lines = LineSocket(self._server.accept()[0])
        assert self.hears() == "VERSION:2.0.0"

    def says(self, *lines):
        for line in lines:
            self._lines.send(line, time.monotonic() + HANG)

    def hears(self):
        return self._lines.receive(time.monotonic() + HANG)

    def nothing_comes(self):
        """Return whether the client keeps silent: it answers the next thing that is asked, and nothing before."""
        self.says("MATCHSTATE:1:999::|AsAh")
        return self.hears().startswith("MATCHSTATE:1:999::|AsAh:")

    def hangs_up(self):
        self._lines.close()

    def ends(self):
        """Close everything; return what the client ended with."""
        self._server.close()
        self._lines.close()
        return self.client.join()


def test_it_answers_where_it_acts_and_with_the_same_line():
    dealer = Dealer(CALLS)
    dealer.says("# a comment", "; another", "", "MATCHSTATE:0:7::AsAh|", "MATCHSTATE:0:7:c:AsAh|")
    assert dealer.hears() == "MATCHSTATE:0:7:c:AsAh|:c"
    dealer.says("MATCHSTATE:0:7:cc/:AsAh|/Td")
    assert dealer.hears() == "MATCHSTATE:0:7:cc/:AsAh|/Td:c"
    dealer.says("MATCHSTATE:0:7:cc/cr5:AsAh|/Td")
    assert dealer.hears() == "MATCHSTATE:0:7:cc/cr5:AsAh|/Td:c"
    dealer.says("MATCHSTATE:0:7:cc/cr5c/cc:AsAh|KsQs/Td/Ts")
    assert dealer.nothing_comes()
    dealer.says("MATCHSTATE:1:999:f:|AsAh")
    assert dealer.ends() is None
    assert (dealer.client.client.hands, dealer.client.client.chips) == (2, 4.0)


def test_raises_are_told_with_the_chips_of_the_whole_hand():
    dealer = Dealer(Player(InProcess("least_raise"), STILL, 0))
    dealer.says("MATCHSTATE:0:1:r6c/:AsAh|/Td")
    assert dealer.hears() == "MATCHSTATE:0:1:r6c/:AsAh|/Td:r9"
    dealer.says("MATCHSTATE:0:1:r6c/r9f:AsAh|/Td")
    assert dealer.ends() is None
    assert dealer.client.client.chips == 6


def test_lost_and_repeated_lines_and_a_restart_in_the_middle_of_a_hand_make_no_difference():
    lines = ["MATCHSTATE:1:3::|AsAh", "MATCHSTATE:1:3:r4c/c:|AsAh/Td", "MATCHSTATE:1:3:r4c/cc/c:|AsAh/Td/Ts"]
    answers = []
    for order in (lines, [lines[0], lines[0], lines[1], lines[1], lines[2]], lines[2:]):
        dealer = Dealer()
        answered = {}
        for line in order:
            dealer.says(line)
            answered.setdefault(line, set()).add(dealer.hears())
        answers.append(answered)
        assert isinstance(dealer.ends(), GoneError)
    assert all(len(given) == 1 for answered in answers for given in answered.values())
    assert answers[0] == answers[1]
    assert answers[2][lines[2]] == answers[0][lines[2]]


def test_its_actions_are_drawn_anew_in_each_hand():
    dealer = Dealer()
    heard = set()
    for number in range(30):
        dealer.says(f"MATCHSTATE:1:{number}::|AsAh")
        heard.add(dealer.hears().rpartition(":")[2])
    assert {"f", "c"} < heard
    dealer.ends()


def test_it_comes_back_to_a_dealer_that_hung_up():
    dealer = Dealer(CALLS)
    dealer.says("MATCHSTATE:0:7:c:AsAh|")
    first = dealer.hears()
    dealer.hangs_up()
    dealer.accept()
    dealer.says("MATCHSTATE:0:7:c:AsAh|")
    assert dealer.hears() == first
    dealer.says("MATCHSTATE:0:7:cc/cf:AsAh|/Td")
    assert isinstance(dealer.ends(), ValueError)  # a fold where there is nothing to call
    assert dealer.client.told == [f"connected to 127.0.0.1:{dealer.port}", f"connected to 127.0.0.1:{dealer.port} again"]


def test_a_dealer_that_is_not_there_is_told_in_one_line():
    port = free_port()
    error = ClientThread(port, CALLS, first_seconds=0.2).join()
    assert isinstance(error, GoneError)
    assert str(error) == f"host and port must be a dealer's, got 127.0.0.1:{port}: nobody there in 0.2 s"


def test_a_dealer_that_goes_in_the_middle_of_a_hand_is_an_error_and_at_its_end_is_none():
    dealer = Dealer(CALLS)
    dealer.says("MATCHSTATE:0:7:c:AsAh|")
    dealer.hears()
    error = dealer.ends()
    assert (
        str(error)
        == f"host and port must be a dealer's, got 127.0.0.1:{dealer.port}: nobody there in 0.2 s; it hung up in the middle of a hand"
    )


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("MATCHSTATE:0:7:c:2s2h|", "cards must be cards such as Td9d6h of ranks TJQKA"),
        ("MATCHSTATE:0:7:cc/cc/cc/:AsAh|/Td/Ts/Th", "must have at most 3 rounds of betting"),
        ("MATCHSTATE:0:7:r500:AsAh|", "an action must be f, c or r4 to r20, got 'r500'"),
        ("MATCHSTATE:0:7:cc/:AsAh|/As", "cards must be distinct cards, got 'As' twice"),
        ("hello", "a match state must be MATCHSTATE:position:hand:betting:cards, got 'hello'"),
        ("x" * 20_000, "a line must be at most 10,000 bytes"),
    ],
)
def test_what_is_no_match_state_of_the_game_ends_the_client_with_its_own_message(line, error):
    dealer = Dealer(CALLS)
    dealer.says(line)
    raised = dealer.client.join()
    dealer.ends()
    assert isinstance(raised, ValueError)
    assert re.search(re.escape(error), str(raised))


class Folds(InProcess):
    """Does something illegal."""

    def step(self, observation):
        return observation.checked("bet 1000")


def test_a_bot_that_does_something_wrong_ends_the_client():
    dealer = Dealer(Player(Folds("check_call"), STILL, 0))
    dealer.says("MATCHSTATE:0:7:c:AsAh|")
    assert isinstance(dealer.client.join(), FaultError)
    dealer.ends()


def test_a_player_needs_the_state_and_its_own_hand_alone():
    line = "MATCHSTATE:1:3:r4c/c:|AsAh/Td"
    view = read_match_state(GAME, line)
    texts = {action_text(GAME, view.state, Player(even_agent(), STILL, 7).act(3, 0, view.state, view.hand)) for _ in range(3)}
    assert len(texts) == 1
