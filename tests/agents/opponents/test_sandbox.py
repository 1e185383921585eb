"""A bot is a closed box: whatever it does is one of a few faults, and nothing that it started is left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.opponents import sandbox
from agents.opponents.bot import Observation, SandboxedBot, check_bot
from agents.opponents.builtin import BOTS
from agents.opponents.sandbox import FaultError, Sandbox
from tests.agents.opponents.test_holdem_bots import TEN, seen_by
from tests.bots import WRONGS, seed_of
from tests.running import ROOT

LATE = 0.3  # for bots that are to be late
LONG = 60.0  # for the others: the machine may be busy
START = seen_by(TEN, "", "AhKd")


@pytest.fixture(scope="module", autouse=True)
def allowed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMEBANK_BOTS", "tests.bots")
        patch.setenv("TIMEBANK_BOT_MARK", str(tmp_path_factory.mktemp("code") / "ran"))
        yield


@pytest.fixture(scope="module")
def wild():
    bot = SandboxedBot(TEN, "tests.bots:Wild", LONG)
    yield bot
    bot.close()


def descendants(pid):
    """Processes that a process started, and those that they started; by what /proc says."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        parents[int(lines["Pid"])] = int(lines["PPid"])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def gone(pids):
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.01)
    return False


def played(bot):
    """Play one decision; return the kind of fault and its text."""
    try:
        bot.restart(0)
        return None, bot.step(START)
    except FaultError as fault:
        return fault.kind, str(fault)


@pytest.mark.parametrize("wrong", [name for name in WRONGS if "keeper" not in name])
def test_whatever_a_bot_does_is_a_fault_and_nothing_is_left(wild, wrong):
    expected = WRONGS[wrong][1]
    wild.limit_seconds = LONG
    wild.begin(seed_of(wrong, "step"))
    wild.restart(0)
    keeper = wild._sandbox._keeper.pid
    wild.limit_seconds = LATE if expected == "late" else LONG
    try:
        kind, text = None, wild.step(START)
    except FaultError as fault:
        kind, text = fault.kind, str(fault)
    assert kind == expected, text
    assert text.isprintable()
    assert 0 < len(text) <= 300
    assert wild._sandbox.alive == (expected in (None, "raised", "illegal"))
    left = descendants(keeper)
    assert len(left) == {None: 3, "raised": 1, "illegal": 1}.get(expected, 0)  # a bot, and what it forked
    wild.end()
    assert gone(left)
    assert os.listdir(wild._sandbox.directory) == []
    assert not Path(os.environ["TIMEBANK_BOT_MARK"]).exists()  # no pickle of theirs was read


@pytest.mark.parametrize("wrong", ["exits", "exits politely", "kills its group", "raises without text", "garbage", "1 GB"])
def test_a_bot_may_do_wrong_when_it_is_made_or_restarted(wild, wrong):
    wild.limit_seconds = LONG
    with pytest.raises(ChildProcessError, match=r"tests.bots:Wild must start, got: "):
        wild.begin(seed_of(wrong, "make"))
    assert descendants(wild._sandbox._keeper.pid) == []
    wild.begin(seed_of(wrong, "restart"))
    assert played(wild)[0] == WRONGS[wrong][1]


@pytest.mark.parametrize("wrong", ["kills its keeper", "stops its keeper"])
def test_a_bot_that_ends_its_keeper_is_ended_and_the_next_hand_is_played(monkeypatch, wrong):
    monkeypatch.setattr(sandbox, "END_SECONDS", 0.5)
    bot = SandboxedBot(TEN, "tests.bots:Wild", LONG)
    bot.begin(seed_of(wrong, "step"))
    bot.restart(0)
    own = [bot._sandbox._keeper.pid, *descendants(bot._sandbox._keeper.pid)]
    bot.limit_seconds = LATE
    with pytest.raises(FaultError):
        bot.step(START)
    assert gone(own)
    monkeypatch.undo()
    bot.limit_seconds = LONG
    bot.begin(seed_of("exits politely", "step"))
    assert played(bot) == ("raised", "SystemExit: bye")
    bot.close()


def test_the_first_of_two_answers_counts_and_the_second_is_a_fault():
    bot = SandboxedBot(TEN, "tests.bots:Twice", LONG)
    assert played(bot) == (None, "call")
    kind, text = played(bot)
    assert kind == "garbage"
    early, late = "it answered without being asked", "{'id': 3, 'answer': 'call'}"  # before the next question comes, or after it
    assert text in (f"its answer must be one message of JSON, got: {early}", f"its answer must be the one to question 4, got: {late}")
    assert played(bot) == (None, "call")  # in a new process
    bot.close()


def test_memory_that_is_shared_counts(monkeypatch):
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setattr(sandbox, "MEMORY_SHARE", 5e8 / physical)
    bot = SandboxedBot(TEN, "tests.bots:share", LONG)
    with pytest.raises(ChildProcessError, match=r"its processes took (0\.[5-9]|1\.)\d* GB of memory, 0\.50 are the most"):
        bot.begin(0)
    assert descendants(bot._sandbox._keeper.pid) == []
    bot.close()


def test_a_bot_that_cannot_be_made_says_so(monkeypatch):
    with pytest.raises(ChildProcessError, match="without_licence must start, got: RuntimeError: no licence"):
        SandboxedBot(TEN, "tests.bots:without_licence").begin(0)
    monkeypatch.setattr("agents.opponents.bot.MAKE_SECONDS", LATE)
    with pytest.raises(ChildProcessError, match=r"slow_to_make must start, got: no answer within 0.3 s"):
        SandboxedBot(TEN, "tests.bots:slow_to_make", 0.2).begin(0)


def test_a_bot_is_given_nothing_that_tells_of_the_match(monkeypatch, capfd):
    monkeypatch.setenv("PWD", os.getcwd())
    monkeypatch.setenv("OLDPWD", os.getcwd())
    monkeypatch.setenv("TIMEBANK_BOT_LEVEL", "3")
    monkeypatch.setenv("MY_TOKEN", "secret")

    def told(what):
        bot = SandboxedBot(TEN, f"tests.bots:tells_{what}", LONG)
        kind, text = played(bot)
        bot.close()
        assert kind == "raised"
        return text.removeprefix("RuntimeError: ")

    assert json.loads(told("files")) == []
    assert json.loads(told("parents")) == [True, 1]
    assert json.loads(told("environment")) == ["TIMEBANK_BOT_LEVEL"]
    assert json.loads(told("arguments")) == ["-c"]
    assert len(json.loads(told("open"))) == 1  # to the match
    assert json.loads(told("session")) is True
    shown = capfd.readouterr()
    assert "noise" not in shown.out  # the command's own
    assert "noise" in shown.err


ENDLESS = """
import os, sys
os.environ["TIMEBANK_BOTS"] = "tests.bots"
from agents.opponents.bot import SandboxedBot
from tests.bots import seed_of
from tests.agents.opponents.test_sandbox import START, TEN, descendants
bot = SandboxedBot(TEN, "tests.bots:Wild", 60)
bot.begin(seed_of("forks and outlives", "step"))
bot.restart(0)
bot.step(START)
print(bot._sandbox.directory, bot._sandbox._keeper.pid, *descendants(bot._sandbox._keeper.pid), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, 0])
def test_nothing_outlives_the_match(number):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    match = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with match:
        directory, *pids = match.stdout.readline().split()
        assert len(pids) == 4
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        match.send_signal(number)
        match.stdin.close()
    assert gone(pids)
    assert not Path(directory).exists()


def test_an_observation_travels_as_it_is():
    assert Observation.of(json.loads(json.dumps(vars(START)))) == START


def test_bots_by_name_are_checked(monkeypatch):
    check_bot("check_call", BOTS)
    with pytest.raises(ValueError, match=r"agent.bot must be one of check_call, .*, or module:function.* got 'stockfish'"):
        check_bot("stockfish", BOTS)
    with pytest.raises(ValueError, match=r"of a module that the environment variable TIMEBANK_MODULES names, got 'os:system'"):
        check_bot("os:system", BOTS)
    check_bot("tests.bots:Wild", BOTS)
    with pytest.raises(ValueError, match=r"agent.bot must be module:name, got 'tests.bots:none': tests.bots has no 'none'"):
        check_bot("tests.bots:none", BOTS)


def test_a_module_is_looked_for_in_a_process_of_its_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMEBANK_BOTS", "leaves,stays")
    Path("leaves.py").write_text("import os\nos._exit(0)\n")
    Path("stays.py").write_text("from tests.bots import CheckCall\n")
    with pytest.raises(ValueError, match=r"agent.bot must be module:function, got 'leaves:bot': its process ended"):
        check_bot("leaves:bot", BOTS)
    check_bot("stays:CheckCall", BOTS)  # beside the command, though the bot's directory is another
    assert "stays" not in sys.modules


def test_processes_of_one_keeper_have_random_numbers_of_their_own():
    own = Sandbox("builtin", "uniform_random", None)
    answers = []
    for seed in (1, 1, 2):
        own.start()
        own.ask("make", LONG, seed=seed)
        answers.append([own.ask("step", LONG, observation=vars(START)) for _ in range(20)])
    own.close()
    assert answers[0] == answers[1] != answers[2]
