import errno
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import nullcontext

import pytest
from omegaconf import OmegaConf

from agents.apps import build, run
from agents.apps.compose import layered
from agents.apps.config import register
from agents.apps.directory import lock
from agents.apps.launch import launch
from agents.apps.run import said_if_slow
from agents.evaluation import solving
from agents.evaluation.solving import expected, seconds_of
from games import derivation, private_deals, public_tree
from search import VARIANTS, Budget
from search.variants import coefficients
from tests.running import ROOT, contents, finish, let_work, refused, result_of, start, timebank, wait_for, wait_for_solving


def test_solve_writes_what_the_contract_names(monkeypatch, tmp_path, capsys):
    given = ("game=leduc_poker", "budget.iterations=500", "save=true", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given, drawn=True) == 0
    result = result_of(tmp_path)
    for key in ("command", "game", "seed", "version", "machine", "seconds", "algorithm", "iterations", "threads", "memory_bytes", "trace"):
        assert key in result
    for key in ("compile_seconds", "build_seconds", "check_seconds"):
        assert result[key] >= 0
    assert set(result["version"]) == {"package", "git", "numba", "torch"}
    assert result["command"] == "solve"
    assert result["status"] == "complete"
    assert result["iterations"] == 500
    assert result["exploitability"]["unit"] == "chips"
    assert 0 < result["exploitability"]["value"] < 1e-3
    assert sum(result["values"]) == pytest.approx(0, abs=1e-12)
    assert abs(result["values"][0] - -0.0856064) < 2 * result["exploitability"]["value"]  # published.md section 5
    assert result["trace"][-1][0] == 500
    assert result["trace"][-1][2] == result["exploitability"]["value"]
    assert (tmp_path / ".hydra" / "config.yaml").is_file()
    for name in ("trace.csv", "trace.png", "trace.svg"):
        assert (tmp_path / name).stat().st_size > 0
    assert "exploitability" in capsys.readouterr().out


def test_a_saved_policy_is_by_information_state(monkeypatch, tmp_path):
    import pyspiel

    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=2000", "save=true", f"hydra.run.dir={tmp_path}") == 0
    policy = json.loads((tmp_path / "policy.json").read_text())
    game = pyspiel.load_game("kuhn_poker")
    table = pyspiel.TabularPolicy({state: [(int(a), p) for a, p in row.items()] for state, row in policy.items()})
    assert len(policy) == 12
    expected = result_of(tmp_path)["exploitability"]["value"]
    assert pyspiel.exploitability(game, table) == pytest.approx(expected, abs=1e-9)


def test_liars_dice_overrides_and_a_target(monkeypatch, tmp_path):
    overrides = ("game=liars_dice", "game.numdice=1", "game.dice_sides=4", "search=dcfr", "search.discount=after")
    assert timebank(monkeypatch, "solve", *overrides, "budget.exploitability=1e-3", f"hydra.run.dir={tmp_path}") == 0
    result = result_of(tmp_path)
    assert result["game"] == "liars_dice(numdice=1,dice_sides=4)"
    assert result["exploitability"]["value"] <= 1e-3
    assert result["iterations"] < 200  # OpenSpiel's DCFR has 6.845e-4 after 100


@pytest.mark.parametrize(
    ("iterations", "reason"),
    [
        (0, "no iteration was done, so this is uniform play"),
        (2, "exploitability is 55.6 % of uniform play's, above 25 %"),
        (100, None),
    ],
)
def test_a_game_that_is_not_solved_says_so_wherever_it_is_shown(monkeypatch, tmp_path, capsys, iterations, reason):
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", f"budget.iterations={iterations}", f"hydra.run.dir={tmp_path}") == 0
    result, last = result_of(tmp_path), capsys.readouterr().out.splitlines()[-1]
    assert (result["solved"], result["not_solved"]) == (reason is None, reason)
    assert last == (str(tmp_path) if reason is None else f"NOT SOLVED: {reason}")
    assert ("NOT SOLVED" in (tmp_path / "trace.svg").read_text()) == (reason is not None)


def test_a_solve_says_first_how_large_it_is_and_what_its_budget_comes_to(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=2000", f"hydra.run.dir={tmp_path}") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert re.fullmatch(
        r"kuhn_poker: 9 public nodes, 3 and 3 hands, [\d.]+ kB; about [\d.]+ [mu]s an iteration on this machine, "
        r"[\d.]+ m?s for 2,000 iterations",
        first,
    )


def test_what_budgets_come_to():
    assert expected(Budget(iterations=1), 2.0) == "about 2 s an iteration on this machine, 2 s for 1 iteration"
    assert expected(Budget(exploitability=0.1), 0.01) == "about 10 ms an iteration on this machine, 1 s for 100 of them"
    assert expected(Budget(seconds=60), 0.5) == "about 500 ms an iteration on this machine, so 120 in budget.seconds=60"
    assert expected(Budget(seconds=1), 3.0) == "about 3 s an iteration on this machine, which budget.seconds=1 is too short for"


def test_the_time_of_an_iteration_is_not_that_of_compiling(monkeypatch):
    took = iter([5.0, 0.3, 0.2, 0.4])
    now = [0.0]

    def once():
        now[0] += next(took)

    monkeypatch.setattr(solving, "TRIAL_SECONDS", 0.8)
    monkeypatch.setattr(solving.time, "perf_counter", lambda: now[0])
    assert seconds_of(once) == pytest.approx(0.2)


def test_a_long_derivation_is_counted_as_it_goes(monkeypatch, tmp_path, capsys):
    looks = [(module, name) for module in (derivation, private_deals) for name in ("LOOK_SECONDS", "TELL_SECONDS")]
    for module, name in (*looks, (run, "PROGRESS_SECONDS")):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(build, "_made", {})
    given = ["game=liars_dice", "game.dice_sides=3", "budget.iterations=1", f"hydra.run.dir={tmp_path}"]
    assert timebank(monkeypatch, "solve", *given) == 0
    counts = re.findall(
        r"liars_dice\(numdice=1,dice_sides=3\), millions of (private deals|histories): (\S+) of (\S+)", capsys.readouterr().err
    )
    assert counts[0] == ("private deals", "1e-06", "9e-06")
    assert counts[-1] == ("histories", "0.001143", "0.001143")  # 127 public nodes, 9 deals
    assert result_of(tmp_path)["build_seconds"] > 0


@pytest.mark.parametrize("game", ["battleship", "liars_dice(numdice=5)"])
def test_an_unsuitable_game_leaves_nothing(monkeypatch, tmp_path, capfd, game):
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, "solve", "game=openspiel", f"game.string='{game}'", "budget.iterations=1") == 2
    error = capfd.readouterr().err
    assert error.startswith(f"error: {game} is not suitable: ")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_only_what_takes_long_is_announced(capsys):
    with said_if_slow("compiling", seconds=10):
        pass
    assert capsys.readouterr().err == ""
    told = []
    with said_if_slow("compiling", seconds=0.01):
        wait_for(lambda: told.append(capsys.readouterr().err) or told[-1])
    assert told[-1] == "compiling\n"


def test_progress_says_when_what_it_shows_was_checked(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(run, "PROGRESS_SECONDS", 0.0)
    assert timebank(monkeypatch, "solve", "game=leduc_poker", "budget.iterations=1500", f"hydra.run.dir={tmp_path}") == 0
    told = re.findall(r"solving: (\d+) of 1500 exploitability .* chips at ([\d,]+)", capsys.readouterr().err)
    assert told
    trace = {iteration for iteration, *_ in result_of(tmp_path)["trace"]}
    assert all(int(checked.replace(",", "")) in trace and int(checked.replace(",", "")) <= int(now) for now, checked in told)


REFUSED = [
    (["game=chess_poker", "budget.iterations=1"], ", spot, turn_endgame, module:name, got 'chess_poker'"),
    (["game=openspiel", "game.string=nothing", "budget.iterations=1"], "game.string must be one that OpenSpiel knows, got 'nothing'"),
    (["game=openspiel", "game.string='leduc_poker(sitz=3)'", "budget.iterations=1"], "game.string parameters of leduc_poker must be among"),
    (["game=openspiel", "game.string='kuhn_poker(players=3)'", "budget.iterations=1"], "there must be two players, got 3"),
    (["game=liars_dice", "game.numdice=0", "budget.iterations=1"], "game.numdice must be at least 1, got 0"),
    (["game=liars_dice", "game.numdice=5", "budget.iterations=1"], "must give at most 20,000,000 histories"),
    (["budgt.iterations=1"], "budgt.iterations must be a key of the settings, got an unknown one (did you mean budget.iterations?)"),
    (["+a=1", "budget.iterations=1"], "a must be a key of the settings"),
    (["budget.iterations=many"], "budget.iterations must be a whole number or null, got 'many'"),
    (["budget.iterations=-1"], "budget.iterations must be at least 0, got -1"),
    (["budget.seconds=-0.5"], "budget.seconds must be at least 0 seconds, got -0.5"),
    (["budget.seconds=nan"], "budget.seconds must be a finite number of seconds, got nan"),
    ([], "budget must limit seconds, iterations or exploitability, got none"),
    (["search=magic", "budget.iterations=1"], "search must be one of cfr, cfr_plus"),
    (["search.gamma=inf", "budget.iterations=1"], "search.gamma must be a finite number, got inf"),
    (["game=Kuhn", "budget.iterations=1"], "got 'Kuhn' (did you mean kuhn_poker?)"),
    (["game=openspiel", "game.string=ledcu_poker", "budget.iterations=1"], "got 'ledcu_poker' (did you mean leduc_poker?)"),
    (["game=openspiel", "game.string='leduc_poker(player=2)'", "budget.iterations=1"], "got 'player' (did you mean players?)"),
    (["search.discount=never", "budget.iterations=1"], "search.discount must be one of before, after, got 'never'"),
    (["threads=2", "budget.iterations=1"], "threads must be 1"),
    (["budget.iterations=1", "hydra.run.dir=/proc/nowhere"], "hydra.run.dir must be a directory that can be written, got /proc/nowhere"),
    (
        ["-m", "budget.iterations=interval(1,5)"],
        "budget.iterations must be choices with commas between or a range() to be swept over, got 'interval(1,5)'",
    ),
    (["-m", "search=glob(*)", "budget.iterations=1"], "search must be choices with commas between or a range() to be swept over"),
    (["-m", "game=[1", "budget.iterations=1"], "game must be a value that can be read, got '[1'"),
    (["resume=nowhere"], "resume must be given to train, ablate or match"),
    (["game=[1", "budget.iterations=1"], "game must be a value that can be read, got '[1'"),
]


@pytest.mark.parametrize(("overrides", "message"), REFUSED, ids=[" ".join(o) or "nothing" for o, _ in REFUSED])
def test_bad_values_are_refused_in_one_line_with_status_2(monkeypatch, tmp_path, capsys, overrides, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(monkeypatch, capsys, "solve", *overrides)


def test_an_unknown_command_is_refused(monkeypatch, capsys):
    assert timebank(monkeypatch, "dance") == 2
    listed = "solve, show, train, ablate, match, play, web, bot, analyse, report, spots"
    assert f"command must be one of {listed}, got 'dance'" in capsys.readouterr().err
    assert timebank(monkeypatch, "help") == 0


def test_multirun_sweeps(monkeypatch, tmp_path):
    overrides = ("game=kuhn_poker", "search=cfr,dcfr", "budget.iterations=10", f"hydra.sweep.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", "-m", *overrides) == 0
    assert [result_of(tmp_path / str(i))["algorithm"] for i in (0, 1)] == ["cfr", "dcfr"]
    assert timebank(monkeypatch, "solve", "-m", "game=kuhn_poker", "search=cfr,nonsense", "budget.iterations=10") == 2
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, "solve", "-m", *overrides[:-1]) == 0
    assert len(list(tmp_path.glob("outputs/solve/*_multirun/?/result.json"))) == 2


def test_two_runs_in_one_second_have_their_own_directories(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=3") == 0
    assert len(list((tmp_path / "outputs" / "solve").glob("*/result.json"))) == 3


def test_a_result_is_never_replaced(monkeypatch, tmp_path, capsys):
    given = ("game=kuhn_poker", "search=cfr", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given, "budget.iterations=3") == 0
    before = contents(tmp_path)
    for other in (("game=leduc_poker", *given[1:]), ("game=kuhn_poker", "search=dcfr", given[2]), (*given, "search.gamma=1"), given):
        assert timebank(monkeypatch, "solve", *other, "budget.iterations=2") == 2
        assert capsys.readouterr().err == (
            f"error: hydra.run.dir must be new, got {tmp_path}, which holds a result that would be lost (use another directory)\n"
        )
        assert contents(tmp_path) == before


def test_a_run_that_left_no_result_is_done_again_in_its_directory(monkeypatch, tmp_path):
    (tmp_path / "result.json").write_text('{"command": "solve", "status": "running"}')
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=3", f"hydra.run.dir={tmp_path}") == 0
    assert result_of(tmp_path)["status"] == "complete"


def test_a_sweep_replaces_no_result(monkeypatch, tmp_path, capsys):
    given = ("-m", "game=kuhn_poker", "search=cfr", f"hydra.sweep.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given, "budget.iterations=3") == 0
    before = result_of(tmp_path / "0")
    capsys.readouterr()
    assert timebank(monkeypatch, "solve", *given, "budget.iterations=2") == 2
    assert f"error: hydra.sweep.dir must be new, got {tmp_path / '0'}, which holds a result" in capsys.readouterr().err
    assert result_of(tmp_path / "0") == before


def test_a_directory_in_use_is_left_as_it_is(monkeypatch, tmp_path, capsys):
    given = ("game=kuhn_poker", f"hydra.run.dir={tmp_path}")
    (tmp_path / "result.json").write_text('{"command": "solve", "status": "running"}')
    with lock(tmp_path):
        before = contents(tmp_path)
        assert timebank(monkeypatch, "solve", *given, "budget.iterations=5") == 2
        assert "hydra.run.dir must not be in use" in capsys.readouterr().err
        assert contents(tmp_path) == before


def test_ctrl_c_leaves_a_valid_directory(tmp_path):
    process = start("solve", "budget.seconds=3600", f"hydra.run.dir={tmp_path}")
    wait_for_solving(tmp_path, process)
    let_work(process, 0.5)
    process.send_signal(signal.SIGINT)
    _, error = finish(process)
    assert process.returncode == 130, error
    result = result_of(tmp_path)
    assert result["status"] == "interrupted"
    assert result["iterations"] > 100
    assert result["exploitability"]["value"] < 1
    assert "Traceback" not in error


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_batch_systems_stop_and_a_closed_terminal_are_a_ctrl_c(tmp_path, number):
    process = start("solve", "budget.seconds=3600", f"hydra.run.dir={tmp_path}")
    wait_for_solving(tmp_path, process)
    process.send_signal(number)
    _, error = finish(process)
    assert process.returncode == 130, error
    assert result_of(tmp_path)["status"] == "interrupted"
    assert "exploitability" in result_of(tmp_path)


@pytest.mark.parametrize(("before", "ended"), [(lambda *_: None, True), (signal.SIG_IGN, False)])
def test_a_closed_terminal_ends_a_run_unless_it_was_started_to_outlive_it(before, ended, tmp_path):
    def hang_up(*_):
        signal.raise_signal(signal.SIGHUP)
        went_on.append(True)

    went_on = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, before)  # nohup ignores it
        with pytest.raises(SystemExit) if ended else nullcontext():
            launch("solve", lambda *_: None, hang_up, ["game=kuhn_poker", f"hydra.run.dir={tmp_path / 'run'}"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert went_on == ([] if ended else [True])


def test_ctrl_c_before_the_run_ends_with_130_and_leaves_nothing(monkeypatch, tmp_path, capsys):
    def check(config, directory):
        signal.raise_signal(signal.SIGINT)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with pytest.raises(SystemExit) as end:
            launch("solve", check, lambda *_: None, ["game=kuhn_poker", f"hydra.run.dir={tmp_path / 'run'}"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert end.value.code == 130
    assert capsys.readouterr().err == ""
    assert not (tmp_path / "run").exists()


def test_settings_that_cannot_be_written_are_a_fault_of_the_machine(monkeypatch, tmp_path, capsys):
    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=1", f"hydra.run.dir={tmp_path}") == 1
    file = tmp_path / ".hydra" / "config.yaml"
    assert capsys.readouterr().err == f"error: {file} must be a file that can be written, got No space left on device\n"


def test_one_iteration_is_one(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=1", f"hydra.run.dir={tmp_path}") == 0
    assert "default, 1 iteration in " in capsys.readouterr().out


def test_a_changed_row_reports_what_was_changed(monkeypatch, tmp_path, capsys):
    given = ("game=kuhn_poker", "search=dcfr", "search.alpha=2", "budget.iterations=1", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given) == 0
    assert result_of(tmp_path)["algorithm"] == "dcfr(alpha=2)"
    assert "dcfr(alpha=2), 1 iteration in " in capsys.readouterr().out


def test_no_iterations_draw_nothing(monkeypatch, tmp_path):
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=0", f"hydra.run.dir={tmp_path}") == 0
    assert result_of(tmp_path)["exploitability"]["value"] == pytest.approx(11 / 24)  # uniform Kuhn: NashConv 11/12


def test_solve_never_imports_torch():
    code = "import sys; import agents.apps.solve, agents; assert not {'torch', 'scipy.cluster'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


@pytest.mark.long
def test_every_yaml_composes():
    register("solve")
    for group in ("game", "search", "budget"):
        for path in sorted((ROOT / "conf" / group).glob("*.yaml")):
            layered("solve", [f"{group}={path.stem}"])


def test_conf_search_holds_the_variants_of_the_table():
    register("solve")
    assert {p.stem for p in (ROOT / "conf" / "search").glob("*.yaml")} == set(VARIANTS)
    for name, row in VARIANTS.items():
        built = OmegaConf.to_object(layered("solve", [f"search={name}"]).search).build()
        assert (coefficients(built) == coefficients(row)).all(), name


def test_no_other_distribution_has_our_import_names():
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    for name in ("games", "search", "agents", "conf"):
        rivals = set(owners.get(name, [])) - {"timebank"}
        assert not rivals, f"the import name {name} is also installed by {rivals}"


def test_public_tree_is_what_solve_solves(monkeypatch, tmp_path):
    overrides = ("game=leduc_poker", "game.suit_isomorphism=true", "budget.iterations=200", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *overrides) == 0
    result = result_of(tmp_path)
    assert result["memory_bytes"] > public_tree("leduc_poker(suit_isomorphism=true)").memory_bytes()
    assert abs(result["values"][0] - -0.0856064) < 2 * result["exploitability"]["value"]


@pytest.mark.long
def test_hydras_own_help_needs_no_game():
    process = start("solve", "--hydra-help", "game=kuhn_poker")
    told, error = finish(process)
    assert (process.returncode, error) == (0, "")
    assert told.startswith("Hydra (")


def test_the_very_command_is_done_again_in_its_directory_if_it_saved_nothing(monkeypatch, tmp_path, capsys):
    given = ("game=kuhn_poker", "search=cfr", "budget.iterations=3", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given) == timebank(monkeypatch, "solve", *given) == 0
    saved = (*given[:3], "save=true", f"hydra.run.dir={tmp_path / 'saved'}")
    assert [timebank(monkeypatch, "solve", *saved) for _ in (0, 1)] == [0, 2]
    assert "which holds a result that would be lost" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "files"),
    [
        (["game.board=Td9d6hQc4s", "save=true", "show=check"], ["root.csv", "node_0.csv", "root.png", "trace.png", "solution.npz"]),
        (["game.boards=[Td9d6hQc4s]", "executor=serial", "executor.workers=1"], ["boards.csv", "textures.csv", "boards.png"]),
    ],
)
def test_a_solve_goes_on_when_nobody_reads_what_it_says(monkeypatch, tmp_path, more, files):
    """As in ``timebank solve ... | head -1``."""
    reader, writer = os.pipe()
    os.close(reader)
    directory = tmp_path / "run"
    asked = ["game=spot", 'game.ranges=["QQ,AKs,76s","KK-JJ,ATs"]', "game.pot=200", "game.stack=900", "budget.iterations=20", *more]
    with os.fdopen(writer, "w") as closed, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", closed)
        assert timebank(patch, "solve", *asked, f"hydra.run.dir={directory}") == 0
    assert result_of(directory)["status"] == "complete"
    assert all((directory / name).is_file() for name in files)
