"""``timebank bot`` and ``agent@agents.b=acpc``: what is refused before work, and whole commands that talk to each other."""

import json
import os
import socket
import subprocess
import sys

import pytest

from agents.apps.competitors import build_bot, build_table
from agents.apps.compose import compose
from agents.apps.config import register
from agents.apps.fitting import fitting
from agents.opponents.acpc import AcpcBot
from agents.runtime.executor import Serial
from tests.running import HANG_SECONDS, ROOT, finish, refused, result_of, start, timebank, wait_for
from tests.sockets import free_port

SMALL = ("game=ms1f1", "game.ranks=QKA", "game.suits=cdh")
BOT = {
    "agent=bot": "port must be given, got none (the dealer's)",
    "agent=bot port=70000": "port must be at most 65,535, got 70000",
    "agent=bot port=5 wait_seconds=0": "wait_seconds must be above 0",
    "agent=bot port=5 agent.bot=foo": "random_amounts, least_raise, uniform_random, acpc, or module:function, on hold'em, got 'foo'",
    "agent=acpc port=5": "agent must be one that plays by itself, got acpc (it is for matches: agent@agents.b=acpc)",
    "agent=bot port=5 agent.think=true": "agent.think must be false for a bot, which decides by itself, got true",
    "agent=bot protocol=text port=5": "port must be left out where protocol=text, got 5",
    "agent=bot protocol=telnet": "protocol must be one of acpc, text, got 'telnet'",
    "game=leduc_poker agent=tabular port=5": "game must be hold'em where the ACPC protocol is spoken, got leduc_poker",
    "game=spot game.board=Td9d6hQc4s agent=uniform port=5": "game must be a whole hand with blinds where the ACPC protocol is",
    "port=5 agent.port=6": "agent.port must be left out but for bot=acpc, got 6",
    "port=5 agent.budget.seconds=1": "agent.budget.seconds must be left out",
    "game=leduc_poker agent=network protocol=text": "agent.checkpoint must name a network's checkpoint",
}
MATCH = {
    "agent@agents.b=acpc": "agents.b.port must be given for bot=acpc, got none (the port that is listened on)",
    "agent@agents.b=acpc agents.b.port=0": "agents.b.port must be at least 1, got 0",
    "agents.b.port=5": "agents.b.port must be left out but for bot=acpc, got 5",
    "agents.b.wait_seconds=5": "agents.b.wait_seconds must be left out but for bot=acpc, got 5",
    "agent@agents.b=acpc agents.b.port=5 +agent@agents.c=no_limit": "agents must be two where a client plays (bot=acpc), which has one",
    "agent@agents.b=acpc agents.b.port=18999 agents.b.host=203.0.113.7": "203.0.113.7:18999 must be an address of this",
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("given", BOT)
def test_what_a_bot_cannot_do_is_refused_before_work(given, monkeypatch, capsys):
    assert BOT[given] in refused(monkeypatch, capsys, "bot", *given.split())


@pytest.mark.parametrize("given", MATCH)
def test_what_a_match_with_a_client_cannot_do_is_refused_before_work(given, monkeypatch, capsys):
    assert MATCH[given] in refused(monkeypatch, capsys, "match", "game=heads_up_no_limit", *given.split())


def test_a_port_that_is_taken_is_refused(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        line = refused(monkeypatch, capsys, "match", "game=heads_up_no_limit", "agent@agents.b=acpc", f"agents.b.port={port}")
    assert f"agents.b: acpc: 127.0.0.1:{port} must be an address of this machine and a free port, got Address already in use" in line


def test_a_client_needs_hold_em(monkeypatch, capsys):
    assert "got 'acpc'" in refused(monkeypatch, capsys, "match", "game=leduc_poker", "agent@agents.b=acpc", "agents.b.port=18999")


def test_a_match_with_a_client_is_played_in_this_process():
    given = ["game=heads_up_no_limit", "agent@agents.b=acpc", "agents.b.port=18999", "agents.b.wait_seconds=7"]
    register("match")
    settings = compose("match", [*fitting("match", given), *given]).settings
    assert settings.clients == ["b"]
    assert isinstance(build_table(settings), Serial)

    class Holdem:
        game = "game"

    bot = build_bot(Holdem, settings.agents["b"], 3.0)
    assert isinstance(bot, AcpcBot)
    assert (bot.host, bot.port, bot.limit_seconds, bot.wait_seconds) == ("127.0.0.1", 18999, 3.0, 7.0)


def test_nobody_at_the_other_end_is_one_line(monkeypatch, capsys, tmp_path):
    port = free_port()
    given = (*SMALL, "agent=bot", "agent.bot=check_call", f"port={port}", "wait_seconds=0.2", f"hydra.run.dir={tmp_path / 'run'}")
    assert timebank(monkeypatch, "bot", *given) == 1
    told = capsys.readouterr()
    assert told.err == f"error: host and port must be a dealer's, got 127.0.0.1:{port}: nobody there in 0.2 s\n"
    assert told.out == "0 hands, +0 chips\n"
    assert result_of(tmp_path / "run")["status"] == "failed"


@pytest.mark.long
def test_a_match_and_a_client_in_two_processes_one_killed_and_one_in_its_place(tmp_path):
    port = free_port()
    match = start(
        "match",
        *(*SMALL, "agent@agents.a=uniform", "agent@agents.b=acpc", f"agents.b.port={port}", "hands=400", "exact=false"),
        *(f"agents.b.wait_seconds={HANG_SECONDS}", "salt=s0", "seed=3", f"hydra.run.dir={tmp_path / 'match'}"),
    )
    client = (*SMALL, "agent=bot", "agent.bot=check_call", f"port={port}", "seed=1", f"wait_seconds={HANG_SECONDS}")
    first = start("bot", *client, f"hydra.run.dir={tmp_path / 'first'}")
    wait_for(lambda: list((tmp_path / "match" / "hands").glob("*/*.jsonl")), match)
    first.kill()
    second = start("bot", *client[:-1], "wait_seconds=2", f"hydra.run.dir={tmp_path / 'second'}")
    shown, errors = finish(match)
    assert match.returncode == 0, errors
    assert f"b: its client connects to 127.0.0.1:{port} within {HANG_SECONDS} s" in shown
    told, _ = finish(second)
    assert second.returncode == 0
    assert told.startswith(f"connected to 127.0.0.1:{port}\n")
    without = ("agent@agents.b=bot", "agents.b.bot=check_call", "hands=400", "exact=false", "salt=s0", "seed=3", "executor=serial")
    alone = start("match", *SMALL, "agent@agents.a=uniform", *without, f"hydra.run.dir={tmp_path / 'alone'}")
    assert finish(alone)
    assert alone.returncode == 0
    assert hands_in(tmp_path / "match") == hands_in(tmp_path / "alone")


def hands_in(directory):
    """Return what was played and won in a run, by deal and seats."""
    lines = [line for path in (directory / "hands").glob("*/*.jsonl") for line in path.read_text().splitlines()]
    records = [json.loads(line) for line in lines]
    assert len(records) == 400
    return {(r["deal"], *r["seats"]): (r["hands"], r["play"], r["chips"]) for r in records}


@pytest.mark.long
def test_the_text_protocol_is_all_that_is_on_standard_output(tmp_path):
    command = [sys.executable, "-m", "agents.apps.bot", "game=leduc_poker", "agent=tabular", "agent.iterations=20", "agent.think=true"]
    process = subprocess.run(
        [*command, "protocol=text", "budget.iterations=5", f"hydra.run.dir={tmp_path / 'run'}"],
        input="game\nposition hand Ks\nposition hand nothing\ngo\nstop now\n",
        text=True,
        capture_output=True,
        timeout=HANG_SECONDS,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    lines = process.stdout.splitlines()
    assert lines[1] == "ready"
    assert {line.split()[0] for line in lines[2:]} <= {"game", "state", "error", "info", "bestaction"}
    assert lines[-1].split()[0] in ("bestaction", "error")
    assert json.loads((tmp_path / "run" / "result.json").read_text())["command"] == "bot"


@pytest.mark.slow
def test_hundreds_of_hands_of_full_no_limit_are_the_same_through_a_socket():
    """``python benchmarks/acpc.py`` plays 3,000."""
    command = [sys.executable, "benchmarks/acpc.py", "hands=200"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=HANG_SECONDS, check=True)
