"""Somebody's program that answers spots by the text protocol: what it is asked, how it is scored, and what becomes of faults."""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path
from queue import Queue

import numpy as np
import pytest

import agents
from agents.bucket_blueprint import load_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.opponents.sandbox import FaultError
from agents.protocols.player import Player
from agents.protocols.text import TextSession
from agents.yardstick.asking import ask, drawn_hands
from agents.yardstick.measure import measure
from agents.yardstick.program import Reply, TextProgram, _shares, position_text
from agents.yardstick.spots import quantised
from games.holdem.ranges import parse_range
from search import Budget
from tests.spots import GAME, LINES, VARIANT, spot, spot_set

SEVEN = Budget(iterations=7)
PROGRAM = """
import sys
print("some engine 1.0", flush=True)
print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    if line.startswith("position"):
        actions = line.rpartition(" actions ")[2].strip().split(" / ")
        print("state", flush=True)
    else:
        {}
"""
SAYS = {
    "action": "print('info time 1'); print('bestaction', actions[0], flush=True)",
    "policy": "print(f'info policy {actions[0]} 0.25 / {actions[1]} 0.75'); print('bestaction', actions[1], flush=True)",
    "illegal": "print('bestaction jump', flush=True)",
    "error": "print('error no such line', flush=True)",
    "dies once": "print('bestaction', actions[0], flush=True) if number != 3 else sys.exit(3)",
    "dies": "sys.exit(3)",
    "late": "import time; time.sleep(60)",
}


@pytest.fixture
def program(tmp_path):
    started = []

    def start(says, limit=60.0):
        file = tmp_path / "engine.py"
        file.write_text(PROGRAM.format(SAYS[says]))
        started.append(TextProgram([sys.executable, str(file)], limit, tmp_path / "log"))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.close()


def asked(program, hands=3, street="river", budget=SEVEN):
    return [*ask(program, "engine", street, spot_set().of(street), hands, [budget], 0, lambda: None)]


def drawn_losses(hands, street="river"):
    """Return by spot [A, hands] what the hands that are asked for lose."""
    entries = spot_set().of(street)
    return [
        answer.losses[:, drawn_hands(one, hands, np.random.default_rng([0, ("river", "turn").index(street), number]))]
        for number, (one, answer) in enumerate(entries)
    ]


def test_an_action_and_a_policy_are_scored(program):
    (row,) = asked(program("action"))
    assert row["ev_loss"]["value"] == pytest.approx(np.mean([losses[0].mean() for losses in drawn_losses(3)]))
    assert (row["faults"], row["last_fault"], row["hands"], row["spots"]) == ({}, None, 3, 2)
    (row,) = asked(program("policy"))
    assert row["ev_loss"]["value"] == pytest.approx(np.mean([(losses[0] / 4 + 3 * losses[1] / 4).mean() for losses in drawn_losses(3)]))


FAULTS = {"illegal": ("illegal", "action must be one of"), "error": ("raised", "it answered 'error no such line'")}


@pytest.mark.parametrize("says", FAULTS)
def test_a_fault_counts_as_the_worst_action(says, program):
    kind, text = FAULTS[says]
    (row,) = asked(program(says))
    assert row["faults"] == {kind: 6}
    assert text in row["last_fault"]
    assert row["ev_loss"]["value"] == pytest.approx(np.mean([losses.max(axis=0).mean() for losses in drawn_losses(3)]))


def test_a_program_that_ends_is_started_anew_but_not_for_ever(program):
    (row,) = asked(program("dies once"), hands=2)
    assert set(row["faults"]) == {"died"}
    assert 1 <= row["faults"]["died"] <= 2  # it ends at its second hand each time it lives
    with pytest.raises(ChildProcessError, match="program must answer, got 4 times in a row: it ended"):
        asked(program("dies"))


def test_a_program_that_does_not_answer_is_ended(program):
    engine = program("late", limit=0.3)
    with pytest.raises(FaultError, match="it did not answer in time") as fault:
        engine.answer(spot("first"), position_text(spot("first"), int(spot("first").hands[0])), Budget(seconds=0.001))
    assert fault.value.kind == "late"


def test_a_program_that_cannot_be_started_is_one_error(tmp_path):
    with pytest.raises(ChildProcessError, match=r"program must be one that can be started, got [.]/no_such_program"):
        TextProgram(["./no_such_program", "--flag"], 1, tmp_path / "log").start()
    silent = TextProgram([sys.executable, "-c", "print(1)"], 1, tmp_path / "log")
    with pytest.raises(ChildProcessError, match="program must say ready, got none: it ended"):
        silent.start()
    silent.close()


def test_shares_are_read_by_amounts():
    one = spot("first")
    assert [action.text for action in one.actions] == ["check", "bet 300", "bet 600", "all-in 19700"]
    assert _shares(one, "check 0.5 / raise 600 0.25 / bet 19700 0.25").tolist() == [0.5, 0, 0.25, 0.25]
    for text in ("check 0.5", "check nan", "check", "", "bet 301 1", "check 2", "check 0.5 / call 0.5"):
        with pytest.raises(FaultError) as fault:
            _shares(one, text)
        assert fault.value.kind == "illegal"


@pytest.mark.parametrize("name", LINES)
def test_a_position_says_all_that_the_spot_is(name):
    one = spot(name)
    above, _, rest = position_text(one, int(one.hands[3])).partition(" ranges ")
    ranges, _, actions = rest.partition(" actions ")
    assert above == f"position hand {GAME.hand_text(0, int(one.hands[3]))} line {one.line}"
    assert actions.split(" / ") == [action.text for action in one.actions]
    for text, levels in zip(ranges.split(), one.levels, strict=True):
        np.testing.assert_array_equal(quantised(parse_range(text)), levels)


def test_hands_are_drawn_by_their_chances():
    one, count = spot("first"), 500
    places = drawn_hands(one, count, np.random.default_rng(5))
    shares = np.bincount(places, minlength=len(one.hands)) / count
    assert np.abs(shares - one.chances).max() < 1 / count + 1e-12
    assert len(drawn_hands(one, 1, np.random.default_rng(0))) == 1


class InSession:
    """Our own agent behind the text protocol, in this process."""

    def __init__(self, agent):
        self.agent = agent
        self.start()

    def start(self):
        """Begin a session."""

    def answer(self, one, position, budget):
        heard = Queue()
        typed = io.StringIO(f"{position}\ngo iterations {budget.iterations}\n")
        thread = threading.Thread(target=TextSession(Player(self.agent, budget, 0), heard.put).run, args=(typed, "0"), daemon=True)
        thread.start()
        thread.join(60)
        lines = [heard.get() for _ in range(heard.qsize())]
        assert not [line for line in lines if line.startswith("error")], lines
        assert lines[-1].startswith("bestaction ")
        (policy,) = [line for line in lines if line.startswith("info policy ")]
        return Reply(_shares(one, policy.removeprefix("info policy ")), 0.0)


@pytest.mark.parametrize("street", ["river", "turn"])
def test_our_own_agent_scores_through_the_protocol_as_it_does_directly(street):
    """``go iterations`` has the same answer, so each hand's shares are the direct ones, of which four decimals are written."""
    agent = NoLimitAgent(GAME, load_blueprint(GAME, Path(agents.__file__).parent / "blueprints" / "small"), VARIANT)
    agent.load()
    entries, budget = spot_set().of(street), Budget(iterations=20)
    (row,) = asked(InSession(agent), hands=4, street=street, budget=budget)
    expected = []
    for (one, answer), number in zip(entries, range(len(entries)), strict=True):
        places = drawn_hands(one, 4, np.random.default_rng([0, ("river", "turn").index(street), number]))
        policy = agent.decide_from(one.state, one.ranges, one.actions, budget).policy
        expected.append(np.mean([policy[:, one.hands[place]] @ answer.losses[:, place] for place in places]))
    most = max(answer.losses.max() for _, answer in entries)
    assert row["ev_loss"]["value"] == pytest.approx(np.mean(expected), abs=1e-3 * most)
    (direct,) = measure(agent, "agent", street, entries, [budget], lambda: None)
    assert direct["ev_loss"]["value"] >= 0
