"""The text protocol: every command, every error, and what is heard while the agent thinks."""

from __future__ import annotations

import io
import queue
import threading
import time

import numpy as np
import pytest

from agents.agent import BaseAgent, Decision
from agents.protocols.player import Player
from agents.protocols.text import MOST_LINE, TextSession
from games import public_tree
from games.derived import derived_game
from games.holdem.config import Holdem
from search.outcome import Outcome
from tests.sockets import GAME, HANG, STILL, InProcess, even_agent

LEDUC = derived_game(public_tree("leduc_poker"))
NO_LIMIT = Holdem(blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
RIVER = "position hand AsAh line call / check / Td / check / bet 4 / call / Ts / check"
MATCH = "position MATCHSTATE:1:3:r4c/cc/c:|AsAh/Td/Ts"


class Thinks(BaseAgent):
    """Counts to its budget as a solver does, and can be stopped."""

    name, thinks = "thinks", True

    def __init__(self, game=GAME):
        self.game, self.asked = game, []

    def decide(self, seat, state, memory, budget):
        self.asked.append((state, budget.seconds))
        start, iterations, actions = time.perf_counter(), 0, len(self.game.actions(state))
        while not (budget.watch is not None and budget.watch.stopped):
            if time.perf_counter() - start >= (np.inf if budget.seconds is None else budget.seconds) or iterations == budget.iterations:
                break
            iterations += 1
            if budget.watch is not None:
                budget.watch.iterations = iterations
            time.sleep(0.001)
        policy = np.zeros((actions, self.game.num_hands[seat]))
        policy[-1] = 1.0
        return Decision(policy, len(self.asked), time.perf_counter() - start, iterations, outcome=Outcome.SEARCHED)


class Breaks(Thinks):
    """Raises."""

    def decide(self, seat, state, memory, budget):
        raise RuntimeError("no luck\nat all")


class Session:
    """A conversation in a thread: what is typed, and the lines that come."""

    def __init__(self, player=None, budget=STILL):
        self.heard, self._typed = queue.Queue(), queue.Queue()
        agent = player or Thinks()
        self.agent = agent
        session = TextSession(Player(agent, budget, 0), self.heard.put)
        self._thread = threading.Thread(target=session.run, args=(self, "0.0"), daemon=True)
        self._thread.start()
        assert [self.line(), self.line()] == ["timebank 0.0 protocol 1", "ready"]

    def readline(self, most=-1):
        return self._typed.get(timeout=HANG)

    def type(self, *lines):
        for line in lines:
            self._typed.put(line + "\n")

    def line(self):
        return self.heard.get(timeout=HANG)

    def answer(self, line):
        self.type(line)
        return self.line()

    def until(self, start):
        """Return the lines up to the first one that begins so."""
        lines = [self.line()]
        while not lines[-1].startswith(start):
            lines.append(self.line())
        return lines

    def end(self, last="quit"):
        self._typed.put(last if last == "" else last + "\n")
        self._thread.join(HANG)
        assert not self._thread.is_alive()


@pytest.fixture
def session():
    session = Session()
    yield session
    session.end()


def test_what_is_played(session):
    assert session.answer("game") == "game small / rounds preflop flop turn / stacks 20 20 / paid 1 2 / amounts any / agent thinks"


def test_a_position_is_answered_with_what_may_be_done(session):
    told = "state player 0 / round turn / board TdTs / pot 12 / call 0 / behind 14 / amounts 2 14"
    assert session.answer(RIVER).startswith(f"{told} / action check / action bet ")
    assert session.answer("position hand AsAh").startswith(
        "state player 0 / round preflop / pot 3 / call 1 / behind 19 / amounts 4 20 / action fold"
    )
    assert session.answer(MATCH).startswith("state player 0 / round turn / board TdTs / pot 8 / call 0 / behind 16")
    assert session.answer("position hand AhAs line call").startswith("state player 1 / round preflop / pot 4")


def test_it_thinks_tells_how_far_it_is_and_answers(session):
    session.answer(RIVER)
    session.type("go movetime 600")
    lines = session.until("bestaction")
    assert [line.split()[:2] for line in lines[:2]] == [["info", "time"]] * 2
    assert int(lines[1].split()[4]) > int(lines[0].split()[4]) > 0
    assert lines[-3].endswith("outcome searched")
    assert 600 <= int(lines[-3].split()[2]) < 60_000
    assert lines[-2] == "info policy check 0.0000 / bet 6 0.0000 / bet 12 0.0000 / all-in 14 1.0000"
    assert lines[-1] == "bestaction all-in 14"
    session.type("go iterations 5")
    assert any("iterations 5 outcome" in line for line in session.until("bestaction"))


def test_decisions_before_the_position_do_not_think(session):
    session.answer(RIVER)
    session.type("go movetime 20")
    session.until("bestaction")
    session.type("go movetime 30")
    session.until("bestaction")
    assert [seconds for _, seconds in session.agent.asked] == [0, 0, 0.02, 0.03]


def test_stop_returns_the_answer_so_far(session):
    session.answer(RIVER)
    for limits in ("go infinite", "go movetime 60000"):
        session.type(limits)
        session.until("info time")
        session.type("stop")
        assert session.until("bestaction")[-1] == "bestaction all-in 14"
    assert session.answer("stop") == "error stop must come between go and bestaction, got it while nothing is thought about"


def test_commands_that_do_not_fit_the_moment(session):
    assert session.answer("go") == "error go must come after a position, got none yet"
    assert session.answer("stop").startswith("error stop must come between go and bestaction")
    session.answer(RIVER)
    session.type("go infinite")
    session.until("info time")
    for command in ("go", RIVER):
        session.type(command)
        told = session.until("error")[-1]
        assert told == f"error {command.split()[0]} must wait for bestaction, got it while the agent thinks (stop ends that)"
    session.type("game")
    session.until("game small")
    session.type("stop")
    session.until("bestaction")


ERRORS = {
    "jump": "a command must be one of game, position, go, stop, quit, got 'jump'",
    "game of chess": "game must stand alone, got 'of chess' behind it",
    "quit now": "quit must stand alone, got 'now' behind it",
    "position": "position must be MATCHSTATE:... or hand CARDS line ACTION / CARDS / ..., got ''",
    "position startpos": "got 'startpos'",
    "position hand AsXd": "hand must be cards such as Td9d6h of ranks TJQKA and suits cdhs, got 'Xd' in 'AsXd'",
    "position hand AsAs": "hand must be distinct cards, got 'As' twice in 'AsAs'",
    "position hand As": "hand must have two cards, got 'As'",
    "position hand AsAh line raise 3": "line must begin with fold, call or raise 4..20, got 'raise 3'",
    "position hand AsAh line call / check": "line must go on after 'call / check' with 1 card, got nothing",
    "position hand AsAh line call / check / As": "hand must be one that can be held there, got AsAh on As",
    "position hand AsAh line fold": "line must end at a decision, got 'fold', where nobody acts after 'fold'",
    "position MATCHSTATE:0:1::AsAh|": "a match state must be one where its position acts, got 'MATCHSTATE:0:1::AsAh|'",
    "position MATCHSTATE:0:1": "a match state must be MATCHSTATE:position:hand:betting:cards",
    "position MATCHSTATE:0:1:c:2s2h|": "cards must be cards such as Td9d6h of ranks TJQKA",
}
LIMITS = "go must be alone, or with movetime 1..86400000, iterations 1..1000000000 or infinite, got "
GO = {"go movetime": "'movetime'", "go movetime 0": "'movetime 0'", "go depth 3": "'depth 3'", "go iterations -5": "'iterations -5'"}


@pytest.mark.parametrize("line", ERRORS)
def test_each_wrong_command_has_its_own_error_and_the_session_goes_on(line, session):
    answer = session.answer(line)
    assert answer.startswith("error ")
    assert ERRORS[line] in answer
    assert session.answer("game").startswith("game small")


@pytest.mark.parametrize("line", GO)
def test_limits_that_there_are_not(line, session):
    session.answer(RIVER)
    assert session.answer(line) == f"error {LIMITS}{GO[line]}"


def test_an_agent_that_raises_is_one_line_and_the_session_goes_on():
    session = Session(Breaks())
    session.answer(RIVER)
    assert session.answer("go") == "error it cannot be decided: no luck"
    assert session.answer("game").startswith("game small")
    session.end()


def test_a_bot_has_no_policy_to_tell():
    session = Session(InProcess("check_call"))
    session._thread.join(0)
    session.agent.begin(0)
    session.answer(RIVER)
    assert session.answer("go") == "bestaction check"
    session.end()


def test_games_of_openspiel():
    session = Session(Thinks(LEDUC))
    texts = sorted({LEDUC.hand_text(0, hand) for hand in range(LEDUC.num_hands[0])})
    assert session.answer("game").startswith("game leduc_poker / rounds ")
    assert session.answer(f"position hand {texts[0]}").startswith("state player 0 / round ")
    session.type("go iterations 2")
    assert session.until("bestaction")[-1].startswith("bestaction ")
    assert session.answer("position hand AsAh").startswith("error hand must be one of ")
    assert session.answer("position MATCHSTATE:0:1::AsAh|") == "error a match state must be of hold'em, got one in leduc_poker"
    session.end()


def test_the_end_of_the_input_waits_for_the_answer_and_quit_does_not():
    heard = []
    TextSession(Player(Thinks(), STILL, 0), heard.append).run(io.StringIO(f"\n{RIVER}\ngo movetime 50\n"), "0.0")
    assert heard[-1] == "bestaction all-in 14"
    start = time.perf_counter()
    TextSession(Player(Thinks(), STILL, 0), heard.append).run(io.StringIO(f"{RIVER}\ngo infinite\n"), "0.0")
    TextSession(Player(Thinks(), STILL, 0), heard.append).run(io.StringIO(f"{RIVER}\ngo movetime 60000\nquit\n"), "0.0")
    assert time.perf_counter() - start < 30


def test_a_line_of_endless_length_is_cut():
    heard = []
    TextSession(Player(Thinks(), STILL, 0), heard.append).run(io.StringIO("x" * (3 * MOST_LINE) + "\ngame\n"), "0.0")
    assert len(heard) == 4
    assert heard[2].startswith("error a command must be one of")
    assert heard[3].startswith("game small")


def test_a_position_that_goes_on_is_of_the_same_hand():
    agent = even_agent()
    session = Session(agent)
    for line in ("position hand AsAh", "position hand AsAh line call / check / Td / check"):
        session.answer(line)
        session.type("go")
        assert session.until("bestaction")[-1].split()[1] in ("fold", "call", "check", "raise", "bet", "all-in")
    session.end()


RANGED = "position hand AsKs line raise 300 / call / 2c7d9h / check / check / Jd / check"
RANGED_ERRORS = {
    f"{RANGED} ranges QQ+": "ranges must be two without blanks in them, of players 0 and 1, got 'QQ+'",
    f"{RANGED} ranges QQ+ AKs:2": "range 1 must have weights in 0..1, got 'AKs:2' at character 0",
    f"{RANGED} ranges AKs AKs,QQ actions fold": "actions must be check or bet 100..19700, got 'fold'",
    f"{RANGED} ranges AKs AKs,QQ actions check / check": "actions must be different ones, 100 at most, got 'check / check'",
    f"{RANGED} actions check": "actions must come with ranges (hand CARDS line ACTION / CARDS / ... ranges R0 R1 actions A / B / ...)",
    f"{RANGED} ranges QQ KK": "hand must be one that can be held there with those ranges, got AsKs on 2c7d9hJd",
}


class Ranged(Thinks):
    """Decides from the ranges that it is given."""

    def decide_from(self, state, ranges, actions, budget):
        self.asked.append((ranges, [action.text for action in actions]))
        policy = np.zeros((len(actions), 1326))
        policy[0], policy[-1] = 0.25, 0.75
        return Decision(policy, None, 0.0, 5, outcome=Outcome.SEARCHED)


@pytest.fixture
def ranged():
    session = Session(Ranged(NO_LIMIT))
    yield session
    session.end()


def test_ranges_and_actions_are_answered_from(ranged):
    told = ranged.answer(f"{RANGED} ranges QQ,AKs:0.5 AKs,KK actions check / bet 450 / all-in 19700")
    assert told.endswith("amounts 100 19700 / action check / action bet 450 / action all-in 19700")
    ranged.type("go iterations 3")
    assert "info policy check 0.2500 / bet 450 0.0000 / all-in 19700 0.7500" in ranged.until("bestaction")
    ((ranges, actions),) = ranged.agent.asked
    assert actions == ["check", "bet 450", "all-in 19700"]
    assert sorted(set(ranges[0].tolist())) == [0, 0.5, 1]
    assert ranged.answer(f"{RANGED} ranges AKs KK").count("/ action") == 4  # the menu's
    assert ranged.answer(RANGED).count("/ action") == 4  # without ranges the agent is asked as ever


@pytest.mark.parametrize("line", RANGED_ERRORS)
def test_ranges_that_cannot_be_taken_are_one_error(line, ranged):
    assert ranged.answer(line).startswith(f"error {RANGED_ERRORS[line]}")


def test_who_takes_no_ranges_says_so(session):
    assert session.answer(f"{RIVER} ranges AA KK").startswith("error ranges must be left out but for an agent that solves subgames")
