import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from agents.apps.ablate import check
from agents.apps.compose import compose, layered
from agents.apps.config import register
from agents.apps.launch import prepare
from agents.apps.lines import notes
from agents.apps.train import check as check_train
from agents.networks import load_tensors
from agents.training import POLICY_FILE, DeepCFR, DeepCFRConfig, FitConfig, train
from games import public_tree
from games.holdem.board_tree import board_tree
from games.holdem.config import Holdem
from search.boards.infostates import BoardInfostates
from search.tree.infostates import TreeInfostates
from tests.running import ROOT, contents, finish, refused, result_of, start, timebank, wait_for

TINY = ("trainer.iterations=4", "trainer.advantage.steps=5", "trainer.policy.steps=20")
SERIAL = ("executor=serial", "executor.workers=1")  # where processes are not what is tested: to start two takes longer than the work
KUHN = ("game=kuhn_poker", "unit=iterations", "budgets=[0,5,20]", *TINY, *SERIAL)
TRAINED = ("leduc_sampled", "ms3_policy")  # experiments of timebank train


def strengths(directory):
    rows = result_of(directory)["rows"]
    return {(row["line"], row["thinking_iterations"]): row["exploitability"]["value"] for row in rows}


def test_train_writes_checkpoint_history_and_figures(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", "game=kuhn_poker", "seed=3", *TINY, f"hydra.run.dir={tmp_path}", drawn=True) == 0
    result = result_of(tmp_path)
    assert result["status"] == "complete"
    assert result["seed"] == 3
    assert Path(result["checkpoint"]).is_file()
    assert [row["iteration"] for row in result["history"]] == [1, 2, 4]
    assert all(a["compute"] < b["compute"] for a, b in zip(result["history"], result["history"][1:], strict=False))
    for name in ("training.csv", "training.png", "training.svg", "training.safetensors"):
        assert (tmp_path / name).stat().st_size > 0
    assert list((tmp_path / "tensorboard").iterdir())
    shown = capsys.readouterr().out
    assert shown.startswith("iteration  training time  multiply-adds  exploitability\n")
    assert "\ntraining time: the iterations up to the row, of all sessions, and training that row's policy networks" in shown


@pytest.mark.long
@pytest.mark.parametrize("game", ["leduc_poker", "hold'em"])
def test_the_library_trains_to_the_commands_bits(game, monkeypatch, tmp_path):
    """Whatever number of threads torch has at the caller's, which is left as it was."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        if game == "hold'em":
            chosen = ("game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh")
            betting = {"blinds": [1, 2], "stack": 162, "bets": "100%", "raises": "100%", "raise_cap": 1, "min_bet": 2}
            rules = Holdem(ranks="QKA", suits="cdh", deals=[0, 1, 1], **betting).build()
            infostates = BoardInfostates(rules, board_tree(rules))
        else:
            chosen, infostates = (f"game={game}",), TreeInfostates(public_tree(game))
        config = DeepCFRConfig(iterations=2, evaluate_from=1, seed=3, advantage=FitConfig(steps=5), policy=FitConfig(steps=20))
        train(DeepCFR(infostates, config), tmp_path / "library")
        assert torch.get_num_threads() == 4
        torch.set_num_threads(2)
        short = ("trainer.iterations=2", "trainer.evaluate_from=1", "trainer.advantage.steps=5", "trainer.policy.steps=20", "seed=3")
        assert timebank(monkeypatch, "train", *chosen, *short, f"hydra.run.dir={tmp_path / 'command'}") == 0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    ours, theirs = (load_file(tmp_path / name / POLICY_FILE) for name in ("library", "command"))
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        np.testing.assert_array_equal(tensor, theirs[key])


def test_ablate_trains_measures_and_reports(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "ablate", *KUHN, f"hydra.run.dir={tmp_path}", drawn=True) == 0
    result = result_of(tmp_path)
    for key in ("command", "game", "seed", "version", "machine", "seconds", "rows", "exchange_rate", "history"):
        assert key in result
    values = strengths(tmp_path)
    assert set(values) == {
        ("network alone", None),
        ("uniform", None),
        *((line, n) for line in ("search", "full-game CFR") for n in (5, 20)),
    }
    assert values["search", 20] < values["search", 5]
    assert values["uniform", None] == pytest.approx(11 / 24)  # NashConv of uniform Kuhn is 11/12
    alone = next(row for row in result["rows"] if row["line"] == "network alone")
    assert alone["thinking_seconds"] == 0
    assert alone["train_compute"]["unit"] == "multiply-adds"
    assert alone["exploitability"]["value"] == pytest.approx(result["history"][-1]["exploitability"], rel=1e-6)  # f4 network
    for name in ("rows.csv", "ablation.png", "ablation.svg"):
        assert (tmp_path / name).stat().st_size > 0
    shown, said = capsys.readouterr()
    assert "note: experiment=leduc, its lines" in said
    assert "network alone" in shown
    assert "full-game CFR" in shown


LEFT_OUT = "experiment=leduc, its lines and its short training are left out where"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["game=kuhn_poker"], f"{LEFT_OUT} game is given"),
        (["agent.gadget=refined"], f"{LEFT_OUT} agent is given"),
        (["agent.gadget=refined", "game=kuhn_poker"], f"{LEFT_OUT} game and agent are"),
        (["game=kuhn_poker", "agent=tabular"], None),
        (["game=kuhn_poker", "experiment=leduc"], None),
        (["experiment=leduc", "agent.gadget=refined"], "agent.gadget changes nothing, since every line has a gadget of its own"),
        (["experiment=leduc", "agent.bounds=estimate"], None),
        (["game=kuhn_poker", "agent=tabular", "trainer.iterations=3"], "trainer.iterations changes nothing, since nothing is trained here"),
        (["game=kuhn_poker", "agent=network", "trainer.iterations=3"], None),
        (["agent=tabular", "agent.gadget=refined", "+lines={a: {gadget: resolve}, b: {bounds: estimate}}"], None),
    ],
)
def test_what_is_left_out_or_changes_nothing_is_said(arguments, said):
    register("ablate")
    found = list(notes(compose("ablate", arguments).settings, arguments))
    assert len(found) == (said is not None)
    assert all(note.startswith(said) for note in found)


@pytest.mark.long
def test_an_earlier_network_is_searched_where_training_goes_on_beyond_it(monkeypatch, tmp_path, capsys):
    """The exchange rate of what is no better than the last network is then read off a measured curve."""
    arguments = (*KUHN, "searched_iterations=2", "agent.solve_from=decision", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "ablate", *arguments) == 0
    result = result_of(tmp_path)
    history = {row["iteration"]: row for row in result["history"]}
    assert set(history) == {1, 2, 4}
    alone = next(row for row in result["rows"] if row["line"] == "network alone")
    assert alone["exploitability"]["value"] == pytest.approx(history[2]["exploitability"], rel=1e-6)
    assert alone["train_compute"]["value"] == history[2]["compute"]
    for rate in result["exchange_rate"]:
        assert rate["times_the_training_done"] == pytest.approx(rate["equivalent_compute"] / history[2]["compute"])
    before = (tmp_path / "training" / "policy_2.safetensors").read_bytes()
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path}") == 0
    assert (tmp_path / "training" / "policy_2.safetensors").read_bytes() == before
    assert result_of(tmp_path)["exchange_rate"] == result["exchange_rate"]
    assert "network that is searched" in (tmp_path / "exchange.svg").read_text()
    (tmp_path / "training" / "policy_2.safetensors").unlink()  # as in the directory of an older version
    capsys.readouterr()
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path}") == 0
    assert "training was past iteration 2 when its network was first asked for" in capsys.readouterr().out
    alone = next(row for row in result_of(tmp_path)["rows"] if row["line"] == "network alone")
    assert alone["train_compute"]["value"] == history[4]["compute"]


@pytest.mark.long
def test_ablate_from_a_checkpoint(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, f"hydra.run.dir={tmp_path / 'a'}") == 0
    checkpoint = tmp_path / "a" / "policy.safetensors"
    arguments = ("game=kuhn_poker", "unit=iterations", "budgets=[0,5]", f"agent.checkpoint={checkpoint}", *SERIAL)
    assert timebank(monkeypatch, "ablate", *arguments, f"hydra.run.dir={tmp_path / 'b'}") == 0
    assert strengths(tmp_path / "b")["network alone", None] == pytest.approx(result_of(tmp_path / "a")["history"][-1]["exploitability"])
    other = ("game=leduc_poker", *arguments[1:])
    before = checkpoint.read_bytes()
    capsys.readouterr()
    assert timebank(monkeypatch, "ablate", *other, f"hydra.run.dir={tmp_path / 'c'}") == 2
    assert capsys.readouterr().err.startswith("error: agent.checkpoint must be for game leduc_poker, got one for kuhn_poker")
    checkpoint.write_bytes(before[:-100])
    for command, key in (("ablate", "agent"), ("play", "agent"), ("match", "agents.a")):
        given = [*arguments[:1], f"{key}.checkpoint={checkpoint}", *(["agent=network"] if command == "play" else [])]
        assert timebank(monkeypatch, command, *given, f"hydra.run.dir={tmp_path / 'd'}") == 2
        assert capsys.readouterr().err.startswith(f"error: {key}.checkpoint must be ")
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "d").exists()


LONG = ("game=kuhn_poker", "trainer.iterations=24", "trainer.save_seconds=0", "trainer.advantage.steps=15", "trainer.policy.steps=20")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The directory of a training that nobody stopped."""
    directory = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        assert timebank(patch, "train", *LONG, f"hydra.run.dir={directory}") == 0
    return directory


@pytest.mark.long
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_training_that_was_stopped_goes_on_to_the_same_bits(monkeypatch, tmp_path, whole, kind):
    process = start("train", *LONG, f"hydra.run.dir={tmp_path / 'stopped'}")
    result = tmp_path / "stopped" / "result.json"
    wait_for(lambda: result.is_file() and len(result_of(tmp_path / "stopped").get("history", [])) >= 3, process)
    process.send_signal(kind)
    finish(process)
    assert process.returncode == (-signal.SIGKILL if kind == signal.SIGKILL else 130)
    assert result_of(tmp_path / "stopped")["status"] in ("running", "interrupted")
    assert timebank(monkeypatch, "train", f"resume={tmp_path / 'stopped'}") == 0
    assert result_of(tmp_path / "stopped")["status"] == "complete"
    directories = (whole, tmp_path / "stopped")
    weights, again = (load_tensors(directory / "policy.safetensors", "policy")[0] for directory in directories)
    assert weights.keys() == again.keys()
    assert all(bytes(weights[key]) == bytes(again[key]) for key in weights)
    histories = [[(r["iteration"], r["exploitability"]) for r in result_of(directory)["history"]] for directory in directories]
    assert histories[0] == histories[1]


@pytest.mark.long
def test_an_ablation_that_was_killed_goes_on_to_the_same_numbers(monkeypatch, tmp_path):
    arguments = ("game=leduc_poker", "unit=iterations", "budgets=[0,30,3000]", "agent.policy=tabular", "agent.iterations=40")
    assert timebank(monkeypatch, "ablate", *arguments, *SERIAL, f"hydra.run.dir={tmp_path / 'whole'}") == 0
    process = start("ablate", *arguments, f"hydra.run.dir={tmp_path / 'stopped'}")
    kept = tmp_path / "stopped" / "measurements"
    wait_for(lambda: kept.is_dir() and len(list(kept.glob("[!.]*.json"))) >= 2, process)
    process.kill()
    finish(process)
    done = {p.name: p.read_bytes() for p in kept.glob("[!.]*.json")}
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path / 'stopped'}", *SERIAL) == 0
    assert strengths(tmp_path / "stopped") == strengths(tmp_path / "whole")
    assert {name: (kept / name).read_bytes() for name in done} == done


@pytest.mark.long
def test_ctrl_c_in_an_ablation_keeps_what_was_measured(tmp_path):
    arguments = ("game=leduc_poker", "budgets=[0,0.001,0.3]", "agent.policy=tabular", "agent.iterations=40")
    process = start("ablate", *arguments, f"hydra.run.dir={tmp_path}")
    wait_for(lambda: (tmp_path / "result.json").is_file() and result_of(tmp_path).get("rows"), process)
    process.send_signal(signal.SIGINT)
    _, error = finish(process)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert f"resume={tmp_path}" in error
    result = result_of(tmp_path)
    assert result["status"] == "interrupted"
    assert result["rows"]
    assert (tmp_path / "ablation.png").stat().st_size > 0


REFUSED = [
    ("train", ["game=chess"], "game must be one of"),
    ("train", ["trainer.iterations=0"], "trainer.iterations must be at least 1, got 0"),
    ("train", ["trainer.iteration=5"], "trainer.iteration must be a key of the settings"),
    ("train", ["trainer.network.hidden=wide"], "trainer.network.hidden must be a whole number or null, got 'wide'"),
    ("train", ["trainer.advantage.learning_rate=-1"], "learning_rate must be"),
    ("ablate", ["budgets=[-0.1]"], "budgets[0] must be at least 0, got -0.1"),
    ("ablate", ["budgets=[inf]", "unit=iterations"], "budgets[0] must be a finite number, got inf"),
    ("ablate", ["budgets=[[1]]"], "budgets must be numbers, got [1]"),
    ("ablate", ["budgets=[1e30]", "unit=iterations"], "budgets[0] must be at most 1,000,000,000, got 1e+30"),
    (
        "ablate",
        ["+lines={a: {target_exploitability: -1.0}}", "budgets=[0.001]"],
        "lines.a.target_exploitability must be above 0 chips, got -1.0",
    ),
    ("ablate", ["+lines={a: 5}"], "lines.a must be keys of agent with values, such as {gadget: resolve}, got 5"),
    ("ablate", ["seed=-1"], "seed must be at least 0, got -1"),
    ("ablate", ["searched_iterations=-1"], "searched_iterations must be at least 0, got -1"),
    ("ablate", ["budgets=[nan]"], "budgets[0] must be a finite number, got nan"),
    ("ablate", ["~trainer"], "trainer must stay as it is"),
    ("train", ["command=rm"], "command must stay as it is"),
    ("train", ["trainer.save_seconds=nan"], "trainer.save_seconds must be a finite number of seconds, got nan"),
    ("train", ["game=openspiel"], "must be given"),
    ("ablate", ["budgets=[]"], "budgets must name at least one thinking time"),
    ("ablate", ["budgets=[0.5]", "unit=iterations"], "budgets must be whole numbers of iterations"),
    ("ablate", ["unit=moons"], "unit must be one of seconds, iterations, got 'moons'"),
    ("ablate", ["sweeps=0"], "sweeps must be at least 1, got 0"),
    (
        "ablate",
        ["agent=nobody"],
        "agent must be one of acpc, bot, network, no_limit, search, street, table, tabular, uniform, module:name, got 'nobody'",
    ),
    ("ablate", ["experiment=none", "agent.solve_from=turn"], "solve_from must be decision, round, root, round 1, round 2, or several"),
    (
        "ablate",
        ["experiment=none", "agent.gadget=magic"],
        "gadget must be one of unsafe, resolve, maxmargin, reach_maxmargin, refined, combined, got 'magic'",
    ),
    ("ablate", ["experiment=none", "agent.gadget=safe"], "combined, got 'safe' (safe is a value of agent.bounds)"),
    ("ablate", ["experiment=none", "agent.bounds=refined"], "distributional, got 'refined' (refined is a value of agent.gadget)"),
    ("match", ["agents.a.gadget=safe"], "agents.a.gadget must be one of unsafe, resolve, maxmargin, reach_maxmargin, refined, combined"),
    ("match", ["agents.a.gadget=safe"], "got 'safe' (safe is a value of agents.a.bounds)"),
    ("ablate", ["+lines.a.gadget=safe"], "got 'safe' (safe is a value of lines.a.bounds)"),
    ("ablate", ["+lines.a.bound_std=-1"], "lines.a.bound_std must be above 0 chips, got -1"),
    ("ablate", ["+lines={a: {bound_std: -1}}"], "lines.a.bound_std must be above 0 chips, got -1"),
    ("ablate", ["+lines.a.bound_std=nan"], "lines.a.bound_std must be a finite number, got nan"),
    ("ablate", ["+lines.a.own=nowhere:agent"], "error: lines.a.own must "),
    ("ablate", ["agent.own=nowhere:agent", "+lines.a.gadget=resolve"], "error: agent.own must "),
    ("ablate", ["experiment=none", "agent.bounds=loose"], "bounds must be one of safe, estimate, distributional, got 'loose'"),
    ("ablate", ["experiment=none", "agent.gift_scale=1.5"], "agent.gift_scale must be at most 1, got 1.5"),
    ("ablate", ["experiment=none", "+lines={a: {gift_scale: true}}"], "lines.a.gift_scale must be a float, got True"),
    ("ablate", ["experiment=leduc_gadgets_round", "+lines.resolve.bounds=loose"], "bounds must be one of"),
    ("ablate", ["agent.checkpoint=/nowhere/policy"], "checkpoint must be a checkpoint file, got /nowhere/policy"),
    ("ablate", ["executor.workers=9999"], "executor.workers must be in 0.."),
    ("ablate", ["experiment=none", "+lines={a: {gaget: resolve}}"], "lines.a.gaget must be one of solve_from"),
    ("ablate", ["experiment=none", "+lines={a: {measure_error: perhaps}}"], "lines.a.measure_error must be a bool, got 'perhaps'"),
    ("ablate", ["experiment=none", "+lines={uniform: {}}"], "lines must have names of their own"),
    ("ablate", ["experiment=none", "game=kuhn_poker", "agent.solve_from=round"], "solve_from=round needs a game of several rounds"),
    ("train", ["game=kuhn_poker", "trainer.boards=2"], "trainer.boards must be left out where no public cards are dealt, got 2"),
    ("train", ["game=ms3f1t1r1h5", "game.ranks=QKA", "trainer.network.parameters=100"], "trainer.network.parameters must be at least the "),
    ("ablate", ["game=kuhn_poker", "trainer.boards=2"], "trainer.boards must be left out where no public cards are dealt, got 2"),
]


@pytest.mark.parametrize(("command", "overrides", "message"), REFUSED, ids=[f"{c} {' '.join(o)}" for c, o, _ in REFUSED])
def test_bad_values_are_refused_in_one_line_with_status_2(monkeypatch, tmp_path, capsys, command, overrides, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(monkeypatch, capsys, command, *overrides)


def test_a_directory_of_another_run_is_not_overwritten(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, f"hydra.run.dir={tmp_path}") == 0
    before = contents(tmp_path)
    assert timebank(monkeypatch, "train", "game=kuhn_poker", "seed=7", *TINY, f"hydra.run.dir={tmp_path}") == 2
    assert "trainer.seed must be 0" in capsys.readouterr().err
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, "trainer.save_seconds=9", f"hydra.run.dir={tmp_path}") == 2
    assert "hydra.run.dir must be new or of the same run" in capsys.readouterr().err
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path}") == 2
    assert "resume must be a directory of ablate" in capsys.readouterr().err
    capsys.readouterr()
    assert timebank(monkeypatch, "solve", "budget.iterations=3", f"hydra.run.dir={tmp_path}") == 2
    assert "which holds another (timebank train resume= goes on with it)" in capsys.readouterr().err  # solve has none
    assert contents(tmp_path) == before


@pytest.mark.long
def test_a_finished_run_can_be_extended(monkeypatch, tmp_path):
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, f"hydra.run.dir={tmp_path}") == 0
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", "trainer.iterations=6") == 0
    assert [row["iteration"] for row in result_of(tmp_path)["history"]] == [1, 2, 4, 6]
    before = contents(tmp_path)
    for change in ("seed=7", "trainer.iterations=2", "game=leduc_poker"):
        assert timebank(monkeypatch, "train", f"resume={tmp_path}", change) == 2
        assert contents(tmp_path) == before
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", "trainer.iterations=6") == 0


def test_a_refused_resume_of_an_ablation_changes_nothing(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "ablate", *KUHN, f"hydra.run.dir={tmp_path}") == 0
    before = contents(tmp_path)
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path}", "seed=5") == 2
    assert "trainer.seed must be 0" in capsys.readouterr().err
    assert contents(tmp_path) == before
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path}") == 0


@pytest.mark.long
@pytest.mark.parametrize("name", ["bob's", "a,b", "a=b", "müller", "a b", "(a) [b] {c} #d ~e"])
def test_a_directory_may_have_any_name(monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    assert timebank(monkeypatch, "train", "game=kuhn_poker", "trainer.iterations=1", *TINY[1:]) == 0
    directory = next((tmp_path / name / "outputs" / "train").iterdir())
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, "train", f"resume={directory}", "trainer.iterations=2") == 0
    assert result_of(directory)["history"][-1]["iteration"] == 2


def test_a_checkpoint_named_from_here_is_found_from_there(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, f"hydra.run.dir={tmp_path / 'a'}") == 0
    arguments = ("game=kuhn_poker", "unit=iterations", "budgets=[0,5]", "agent.checkpoint=a/policy.safetensors", *SERIAL)
    assert timebank(monkeypatch, "ablate", *arguments, f"hydra.run.dir={tmp_path / 'b'}") == 0
    assert result_of(tmp_path / "b")["rows"][0]["train_compute"]["value"] > 0
    monkeypatch.chdir("/")
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path / 'b'}") == 0


def test_two_processes_do_not_share_a_directory(monkeypatch, tmp_path, capsys):
    from agents.apps.errors import UsageError
    from agents.apps.run import Run

    with Run(tmp_path, "train", "kuhn_poker", 0), pytest.raises(UsageError, match="must not be in use"):
        Run(tmp_path, "train", "kuhn_poker", 0)


@pytest.mark.long
def test_every_yaml_of_train_and_ablate_composes(monkeypatch):
    monkeypatch.setattr("agents.apps.holdem.free_memory", lambda: 10**12)  # holdem5_values takes 18 GB
    register("ablate")
    # Of other commands or experiments.
    others = ("acpc", "bot", "bots", "street", "table", "no_limit", "mccfr", "rebel", "street_values", "hunl_time", *TRAINED)
    others += ("start_values", "river_values", "turn_values", "expert_iteration", "no_limit_policy")
    others += ("flop_decisions",)  # takes 9 GB: see test_apps_decisions
    for group in ("agent", "executor", "experiment", "trainer"):
        for path in sorted((ROOT / "conf" / group).glob("*.yaml")):
            if path.stem not in others and "_match" not in path.stem:
                game = ["game=ms1f1", "agent=network"] if group == "trainer" and path.stem.startswith("holdem") else []
                prepare("ablate", [f"{group}={path.stem}", *game], check)
    register("train")
    for name in TRAINED:
        assert prepare("train", [f"experiment={name}"], check_train).settings.trainer.floor
    for name in ("river_values", "turn_values"):
        assert prepare("train", [f"experiment={name}"], check_train).settings.trainer.street == name.split("_")[0]
    layered("train", [])
