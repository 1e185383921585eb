"""``timebank web``: what it refuses before anything is served, and what settings a page may give."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from agents.apps.config import register
from agents.apps.estimate import ITERATIONS, estimated
from agents.apps.run import Run
from agents.apps.web import EFFORT_SECONDS, EFFORTS, LIMIT_KEYS, SPOT_KEYS, TABLES, Saver, built, configured, explored
from agents.page.session import Opponent
from tests.running import refused

SPOT = {
    "game": "spot", "board": "Td9d6hQc4s", "oop": "QQ,AKs", "ip": "KK-JJ", "pot": "200", "stack": "900", "bets": "50%,a", "raises": "75%",
    "effort": "quick",
}  # fmt: skip


@pytest.fixture(autouse=True)
def schemas():
    register("play")
    register("solve")


def test_an_address_that_is_taken_or_no_ones_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = refused(monkeypatch, capsys, "web", f"port={port}")
        assert f"host and port must be free on this machine, got 127.0.0.1:{port}: Address already in use" in error
    assert "host and port must be free on this machine, got 192.0.2.1:0" in refused(monkeypatch, capsys, "web", "host=192.0.2.1", "port=0")
    assert "port must be" in refused(monkeypatch, capsys, "web", "port=70000")
    monkeypatch.setattr("agents.apps.web.find_spec", lambda name: None)
    error = refused(monkeypatch, capsys, "web")
    assert "timebank web must have starlette, uvicorn, websockets installed, got none (pip install -e '.[web]')" in error


def test_tables_have_names_of_their_own_and_settings_that_fit(tmp_path):
    assert len({name for name, *_ in TABLES}) == len(TABLES) >= 6
    for name, _, _, settings, seconds in TABLES:
        assert 0 <= seconds <= 20
        if name in ("leduc", "kuhn"):
            agent, values = built(settings, tmp_path / name)
            assert agent.thinks
            assert values is not None
    with pytest.raises(Exception, match="game must be one of"):
        built(["game=chess"], tmp_path)


@pytest.mark.parametrize("game", ["spot", "kuhn_poker"])
def test_a_spot_and_a_small_game_are_solved(game):
    at = explored(SPOT | {"game": game})
    at.work()
    view = at.view()
    assert view["status"] == "done"
    if game == "spot":
        assert view["kept"][-1]["exploitability"] <= EFFORTS["quick"][0] / 100 * 200
    else:
        assert view["iterations"] == EFFORTS["quick"][1]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"game": "chess"}, "game must be one of spot, kuhn_poker, leduc_poker, liars_dice, got 'chess'"),
        ({"effort": "most"}, "effort must be one of quick, standard, deep, got 'most'"),
        ({"target": "much"}, "target must be a number above 0, got 'much'"),
        ({"target": "-1"}, "target must be a number above 0, got '-1'"),
        ({"seconds": "inf"}, "seconds must be a number above 0, got 'inf'"),
        ({"pot": "much"}, "game.pot must be a number of chips, got 'much'"),
        ({"pot": "-1"}, "game.pot must be"),
        ({"pot": "nan"}, "must be"),
        ({"pot": "5.555"}, "game.pot must be a multiple of 0.01 chips, got 5.555"),
        ({"pot": "5,5"}, "game.pot must be a number of chips, got '5,5'"),
        ({"pot": "true"}, "game.pot must be a number of chips, got 'true'"),
        ({"chip": "half"}, "game.chip must be a number of chips or null, got 'half'"),
        ({"pot": "5.5", "chip": "1"}, "game.pot must be a multiple of game.chip=1, got 5.5 (game.chip=0.1 would do)"),
        ({"pot": "1e999"}, "must be"),
        ({"board": "Td9d"}, "game.board must have 3, 4 or 5 cards, got 2 in 'Td9d'"),
        ({"board": "${oc.env:HOME}"}, "game.board must be a plain value"),
        ({"board": 'x" game.pot="1'}, "game.board must"),
        ({"oop": "QQ]"}, "game.ranges"),
        ({"oop": ""}, "game.ranges"),
        ({"ip": 'QQ","KK'}, "game.ranges"),
        ({"bets": "[1,2]"}, "game.bets must"),
        ({"raises": "x\\"}, "game.raises must"),
        ({"stack": "900,800"}, "game.stack must"),
        ({"rake": "60%"}, "game.rake must be a share of the pot from 0 to 0.5 (0.05 or 5%), got '60%'"),
        ({"rake": "5%", "rake_cap": "some"}, "game.rake_cap must"),
        ({"rake_cap": "30"}, "game.rake_cap must be left out where game.rake is 0, got 30"),
        ({"extra": "1"}, "a spot must have game, board, oop, ip, pot, stack, bets, raises, effort, got extra"),
    ],
)
def test_bad_spots_are_refused_as_the_command_refuses_them(changes, error):
    with pytest.raises(ValueError, match="must") as refusal:
        explored(SPOT | changes)
    assert error in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_spot_that_no_longer_fits_when_its_turn_comes_is_told(monkeypatch):
    at = explored(SPOT)
    monkeypatch.setattr("agents.apps.holdem.free_memory", lambda: 1000)
    at.work()
    assert at.view()["status"] == "failed"
    assert at.view()["error"].startswith("game must fit into memory (")


def test_a_spot_with_rake_says_what_hands_win_less_rake():
    evs = {}
    for rake in ("0", "10%"):
        at = explored(SPOT | {"rake": rake, "rake_cap": "0"})
        at.work()
        assert at.view()["kept"][-1]["exploitability"] <= EFFORTS["quick"][0] / 100 * 200
        asked = at.ask("", None)
        at.serve()
        node = asked.result(60)
        best = node["hands"].index("QsQh")
        evs[rake] = node["evs"][best]
    assert evs["10%"] < evs["0"] - 10


@pytest.mark.parametrize(("chip", "bet"), [("", "bet 2.8"), (" 0.5 ", "bet 3"), ("0.05", "bet 2.75")])
def test_a_spot_in_big_blinds_is_explored_along_its_labels(chip, bet):
    at = explored(SPOT | {"pot": "5.5", "stack": "97.5", "chip": chip})
    at.work()
    assert at.view()["pot"] == 5.5
    assert at.view()["kept"][-1]["exploitability"] <= EFFORTS["quick"][0] / 100 * 5.5
    asked = [at.ask("", None), at.ask(f"check / {bet}", None)]
    at.serve()
    first, faced = (one.result(60) for one in asked)
    assert first["actions"] == ["check", bet, "all-in 97.5"]
    assert faced["pot"] == 5.5 + float(bet.split()[1])
    assert faced["line"] == ["check", bet]


def test_a_range_of_several_lines_is_read():
    at = explored(SPOT | {"oop": "QQ,\r\nAKs\n", "ip": "KK-JJ\n"})
    at.work()
    assert at.view()["status"] == "done"


def test_spots_are_read_while_an_agent_is_built(monkeypatch, tmp_path):
    building, go = threading.Event(), threading.Event()

    def blocked(*_):
        building.set()
        assert go.wait(600)
        raise ValueError("it ends")

    monkeypatch.setattr("agents.apps.web.check_play", blocked)

    def build():
        with suppress(ValueError):
            built(TABLES[2][3], tmp_path)

    thread = threading.Thread(target=build)
    thread.start()
    try:
        assert building.wait(600)
        reading = threading.Thread(target=explored, args=(SPOT,))
        reading.start()
        reading.join(60)
        assert not reading.is_alive()
    finally:
        go.set()
        thread.join(600)


def test_hands_that_end_at_once_in_two_threads_are_all_saved(tmp_path):
    who = Opponent(*built(TABLES[2][3], tmp_path / "kuhn"), "Kuhn")
    (tmp_path / "run").mkdir()
    with Run(tmp_path / "run", "web", "several", 1) as result:
        saver = Saver(result)
        threads = [threading.Thread(target=lambda: [saver.save(who, {"hand": n}) for n in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert result.result["hands"] == 80
    assert (tmp_path / "run/hands.jsonl").read_text().count("\n") == 80


def test_a_spot_that_lacks_something_is_refused():
    for key in SPOT_KEYS:
        with pytest.raises(ValueError, match=f"a spot must have .*, got no {key}$"):
            explored({name: value for name, value in SPOT.items() if name != key})


def test_a_spot_stops_at_its_target_or_after_its_seconds_and_else_at_its_efforts():
    assert set(EFFORTS) == set(EFFORT_SECONDS)
    budget = configured(SPOT)[0].budget.build()
    assert (budget.exploitability, budget.seconds) == (pytest.approx(EFFORTS["quick"][0] / 100 * 200), EFFORT_SECONDS["quick"])
    budget = configured(SPOT | dict(zip(LIMIT_KEYS, ("0.5", "7"), strict=True)))[0].budget.build()
    assert (budget.exploitability, budget.seconds) == (pytest.approx(1.0), 7.0)
    at = explored(SPOT | {"target": "1e-9", "seconds": "0.2"})
    at.work()
    assert at.view()["status"] == "done"
    assert 0.1 < at.view()["seconds"] < 5


def test_what_a_spot_takes_is_told_before_it_is_built():
    river, turn = estimated(SPOT), estimated(SPOT | {"board": "Td9d6hQc"})
    assert river["memory_bytes"] < turn["memory_bytes"]
    assert river["iterations"] == turn["iterations"] == ITERATIONS
    assert river["seconds"] < turn["seconds"] < turn["stops_after"] == EFFORT_SECONDS["quick"]
    assert "49 boards" in turn["text"]
    assert turn["text"].endswith("20 s at most")
    deep = estimated(SPOT | {"board": "Td9d6h", "target": "0.001", "seconds": "1"})
    assert deep["iterations"] > 50 * ITERATIONS
    assert deep["text"].endswith("before that")
    assert estimated(SPOT | {"game": "kuhn_poker"})["text"].startswith("small")
    blinds = estimated(SPOT | {"pot": "5.5", "stack": "97.5"})
    assert blinds["iterations"] == ITERATIONS
    assert blinds["text"].split(";")[1].endswith(" to 1 % of the pot")
    with pytest.raises(ValueError, match=r"^game.board must have 3, 4 or 5 cards"):
        estimated(SPOT | {"board": "Td9d"})
