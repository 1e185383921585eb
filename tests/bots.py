"""Somebody else's bots: honest ones, cheats, and all that does wrong. They run in processes of their own, by their names."""

import json
import mmap
import os
import pickle
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np


class CheckCall:
    """In hold'em."""

    def __init__(self, game, player, seed):
        self.player, self.seed = player, seed

    def restart(self):
        pass

    def step(self, view):
        return "check" if "check" in view.legal else "call"


class Broken(CheckCall):
    """Does a kind of wrong by the rank of its higher card."""

    def step(self, view):
        match view.hand[0]:
            case "A":
                raise KeyError("no such card")
            case "K":
                return "bet 1000000"
            case "Q":
                time.sleep(60)
            case "J":
                os._exit(3)
        return 1


class Hanging(CheckCall):
    def step(self, view):
        time.sleep(60)


class NoAnswer(CheckCall):
    def step(self, view):
        return None


class Telling(CheckCall):
    """Raises with one thing of all that it is given."""

    def step(self, view):
        sys.stdout.write("noise\n")
        sys.stdout.flush()
        found = {
            "files": os.listdir(),
            "parents": [os.getcwd() == os.environ["HOME"] == os.environ["TMPDIR"], os.getcwd().count("timebank-bot-")],
            "environment": sorted(os.environ.keys() & {"PWD", "OLDPWD", "USER", "MY_TOKEN", "TIMEBANK_BOT_LEVEL", "PYTEST_CURRENT_TEST"}),
            "arguments": sys.argv,
            "open": [fd for fd in range(3, 1000) if is_open(fd)],
            "session": os.getsid(0) == os.getpid(),
        }
        raise RuntimeError(json.dumps(found[self.asked]))


def telling(asked):
    return type("Asked", (Telling,), {"asked": asked})


def is_open(fd):
    try:
        return bool(os.fstat(fd))
    except OSError:
        return False


tells_files, tells_parents, tells_environment = telling("files"), telling("parents"), telling("environment")
tells_arguments, tells_open, tells_session = telling("arguments"), telling("open"), telling("session")


def sent(data):
    """Write to the match, through the socket that a bot can find."""
    pipe = socket.socket(fileno=os.dup(next(filter(is_open, range(3, 1000)))))
    pipe.settimeout(60)
    pipe.sendall(data)


def message(text):
    return len(text).to_bytes(4, "big") + text


def json_message(**content):
    return message(json.dumps(content).encode())


def then_sleep(data):
    return lambda: (sent(data), time.sleep(60))


def fork_and_outlive():
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.fork()
        Path(str(os.getpid())).touch()
        time.sleep(120)
    while len(os.listdir()) < 2:
        time.sleep(0.001)


def fork_and_exit():
    fork_and_outlive()
    os._exit(0)


def ignore_signals():
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(60)


def share_memory():
    shared = mmap.mmap(-1, 1 << 30)
    for at in range(0, 1 << 30, 4096):
        shared[at] = 1
    time.sleep(60)


class NoTextError(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def raised(error):
    raise error


class Code:
    def __reduce__(self):
        return os.mkdir, (os.environ.get("TIMEBANK_BOT_MARK", ""),)


PICKLE = pickle.dumps(Code())
WRONGS = {  # by name: what it does, and what that is
    "forks and outlives": (fork_and_outlive, None),
    "forks and exits": (fork_and_exit, "died"),
    "interrupts its group": (lambda: os.killpg(0, signal.SIGINT), "raised"),
    "kills its group": (lambda: os.killpg(0, signal.SIGKILL), "died"),
    "stops itself": (lambda: os.kill(os.getpid(), signal.SIGSTOP), "late"),
    "ignores signals": (ignore_signals, "late"),
    "half a length": (then_sleep(b"\0\0"), "late"),
    "half a message": (then_sleep(message(b'{"id": 3}')[:7]), "late"),
    "garbage": (then_sleep(message(b"hello")), "garbage"),
    "garbage without length": (then_sleep(b"all in\n" * 1000), "garbage"),
    "1 GB": (lambda: (sent((1 << 30).to_bytes(4, "big")), [sent(bytes(1 << 20)) for _ in range(1024)]), "garbage"),
    "a pickle": (then_sleep(PICKLE), "garbage"),
    "a pickle with its length": (then_sleep(message(PICKLE)), "garbage"),
    "depth": (then_sleep(message(b"[" * 50_000)), "garbage"),
    "digits": (then_sleep(message(b"9" * 50_000)), "garbage"),
    "no mapping": (then_sleep(message(b"[3, 4]")), "garbage"),
    "an unknown fault": (then_sleep(json_message(id=3, fault="done", text="")), "garbage"),
    "a fault of ours": (then_sleep(json_message(id=3, fault="late", text="")), "garbage"),
    "another question's answer": (then_sleep(json_message(id=2, answer="call")), "garbage"),
    "closes its pipe": (lambda: (os.closerange(3, 100), time.sleep(60)), "late"),
    "exits": (lambda: os._exit(0), "died"),
    "exits politely": (lambda: sys.exit("bye"), "raised"),
    "raises without text": (lambda: raised(NoTextError()), "raised"),
    "raises escapes": (lambda: raised(ValueError("\x1b[31mred\x07")), "raised"),
    "answers what has no text": (lambda: NoTextError(), "raised"),
    "answers too much": (lambda: "call" * 100_000, "illegal"),
    "answers no number": (lambda: float("nan"), "illegal"),
    "answers itself": (lambda: lambda: "call", "illegal"),
    "takes memory": (lambda: bytearray(1 << 50), "raised"),
    "kills its keeper": (lambda: (os.kill(os.getppid(), signal.SIGKILL), time.sleep(60)), "died"),
    "stops its keeper": (lambda: (os.kill(os.getppid(), signal.SIGSTOP), time.sleep(60)), "late"),
}
WHERE = ("make", "restart", "step")


class Wild(CheckCall):
    """Does what its seed says, where its seed says."""

    def __init__(self, game, player, seed):
        super().__init__(game, player, seed)
        what, self.where = divmod((seed - player) // 2, 3)
        self.what = list(WRONGS.values())[what][0]
        self.do(0)

    def do(self, where):
        return self.what() if self.where == where else None

    def restart(self):
        self.do(1)

    def step(self, view):
        return self.do(2) or super().step(view)


def seed_of(wrong, where):
    return 2 * (3 * list(WRONGS).index(wrong) + WHERE.index(where))


class Twice(CheckCall):
    """Answers its first decision twice."""

    def step(self, view):
        sent(json_message(id=3, answer="call"))
        return "call"


def without_licence(game, player, seed):
    raise RuntimeError("no licence")


def slow_to_make(game, player, seed):
    time.sleep(60)


def share(game, player, seed):
    share_memory()


class OnStates:
    """In games of OpenSpiel: passes."""

    def __init__(self, game, player, seed):
        self.player, self.seed = player, seed

    def restart(self):
        pass

    def step(self, state):
        return state.legal_actions()[0]


class Odd(OnStates):
    """Does a kind of wrong for each hand of Leduc's."""

    def step(self, state):
        match state.history()[self.player]:
            case 0:
                return None
            case 1:
                return 0.7
            case 2:
                return np.int64(1)
            case 3:
                return 7
        raise KeyError("no such card")


class Cheat(OnStates):
    """In Kuhn: supposes what the opponent holds; bets and calls with the better card, or with the best where it does not know."""

    hands = 0

    def restart(self):
        Cheat.hands += 1

    def step(self, state):
        own = state.history()[self.player]
        other = self.supposed(own)
        return int(own > (1 if other in (None, own) else other))


class Remembers(Cheat):
    """Supposes that hands come in pairs, and that in the second one the opponent holds what it held in the first."""

    first = None

    def supposed(self, own):
        if Cheat.hands % 2:
            Remembers.first = own
            return None
        return Remembers.first


class Computes(Cheat):
    """Computes deals by the default seed: from the one that tells its own seed as it was given once, or from the first."""

    def __init__(self, game, player, seed):
        super().__init__(game, player, seed)
        self.first = next((k for k in range(0, 5000, 25) for i in (0, 1) if given_once(k, i) == seed - player), 0)
        Cheat.hands = 0

    def supposed(self, own):
        deal = self.first + (Cheat.hands - 1) // 2
        number = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(deal,))).random()
        pair = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)][int(number * 6)]
        return pair[1 - self.player] if pair[self.player] == own else None


def given_once(first, competitor):
    return int(np.random.SeedSequence(0, spawn_key=(first, competitor)).generate_state(1)[0] >> 1)


class Here:
    """A bot in this process, for tests of what has nothing to do with processes.

    Args:
        game: what is played.
        make: returns what answers observations, of (game, player, seed).
    """

    def __init__(self, game, make, name="bot"):
        self.game, self.make, self.name = game, make, name
        self.begin(0)

    def begin(self, seed):
        self.seats = [self.make(self.game, player, seed + player) for player in (0, 1)]

    def restart(self, seat):
        self.seats[seat].restart()

    def step(self, observation):
        return observation.checked(self.seats[observation.player].step(observation))

    def end(self):
        pass

    def close(self):
        pass
