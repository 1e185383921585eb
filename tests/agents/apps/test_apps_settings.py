"""Every key of every command: a bad value is refused in one line with key, rule and value, status 2, before anything is written."""

from __future__ import annotations

import numpy as np
import pytest

from agents.apps import launch as launching
from agents.apps.compose import compose, groups_of, layered
from agents.apps.config import register
from agents.apps.errors import UsageError, fail
from agents.apps.own import KINDS
from agents.apps.renamed import renamed
from tests.running import error_line, timebank

COMMANDS = ("solve", "train", "ablate", "match", "play")


class CheckedError(Exception):
    """The check phase is over, and nothing has been refused."""


@pytest.fixture
def check_only(monkeypatch, tmp_path):
    """End a command where it would make its directory; return a function that runs one and says whether it came so far."""

    def claim(*_, **__):
        raise CheckedError

    monkeypatch.setattr(launching, "claim", claim)
    monkeypatch.setattr(launching, "made", claim)
    monkeypatch.chdir(tmp_path)

    def run(command, *overrides):
        try:
            return timebank(monkeypatch, command, *overrides)
        except CheckedError:
            return None

    return run


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("value", ["${seed}", "'${seed}'", "[leduc_poker]", "[]", "{a: 1}", "null", "5", "../none", "''", "${oc.env:HOME}"])
def test_a_group_is_one_of_its_names(command, value):
    register(command)
    for group, options in groups_of(command).items():
        where = "agent@agents.a" if (command, group) == ("match", "agent") else group
        with pytest.raises(UsageError) as refused:
            compose(command, [f"{where}={value}"])
        names = [*options, "module:name"] if group in KINDS else options
        assert str(refused.value).startswith(f"{where} must be one of {', '.join(names)}, got ")


HYDRAS = [
    ("solve", ["--resolve"], "--resolve must be given with --cfg"),
    ("solve", ["--experimental-rerun=x"], "a flag must be one of -m, "),
    ("solve", ["--config-name", "x"], "a flag must be one of -m, "),
    ("solve", ["--config-path=/tmp"], "a flag must be one of -m, "),
    ("solve", ["--config-dir=/tmp"], "a flag must be one of -m, "),
    ("solve", ["--vesion"], "(did you mean --version?)"),
    ("solve", ["--cfg", "jobs"], "--cfg must be one of job, hydra, all, file, got 'jobs'"),
    (
        "solve",
        ["-m", "game=kuhn_poker", "budget.iterations=1,2", "hydra.sweep.dir=/proc/x"],
        "hydra.sweep.dir must be a directory that can be written",
    ),
    ("solve", ["budget.iterations=1", "hydra.run.dir="], "hydra.run.dir must be the name of a directory, got ''"),
    ("solve", ["budget.iterations=1", "hydra.run.dir=null"], "hydra.run.dir must be given, got null"),
    ("solve", ["budget.iterations=1", "hydra.run.dir=${nokey}"], "hydra.run.dir must refer to a key of its type, got ${nokey}"),
    ("solve", ["hydra.callbacks={x: {_target_: os.system}}"], "hydra.callbacks must stay as it is"),
    ("solve", ["hydra.searchpath=[/tmp]"], "hydra.searchpath must stay as it is"),
    ("solve", ["hydra.mode=MULTIRUN"], "hydra.mode must stay as it is"),
    ("solve", ["hydra/launcher=nowhere"], "hydra/launcher must fit the other settings of solve, got nowhere"),
    ("solve", ["game=5"], "game must be one of "),
    ("solve", ["game=spott"], "got 'spott' (did you mean spot?)"),
    ("solve", ["trainer=deep_cfr"], "trainer must be a key of the settings"),
    ("solve", ["budgt.iterations=1"], "must be a key of the settings, got an unknown one (did you mean budget.iterations?)"),
    ("solve", ["budget.iterations=müller"], "budget.iterations must be a value that can be read, got 'müller'"),
    ("solve", ["budget.iterations=${nokey}"], "budget.iterations must refer to a key of its type, got ${nokey}"),
    ("solve", ["game=spot", "game.board=Td9d6h", "game.menu.ip.turn=${seed}"], "game.menu.ip.turn must be given as it is, not as another"),
    ("match", ["agents.a={budget: '${seed}'}"], "agents.a must be settings in { }, got "),
    ("solve", ["seed=${seed}"], "seed must refer to a key of its type, got ${seed}"),
    ("solve", ["load=${oc.env:HOME}"], "load must be a plain value or one other key's, as ${seed} is, got ${oc.env:HOME}"),
    ("solve", ["seed=1" + "0" * 5000], "seed must be a value that can be read, got '1000"),
    ("solve", ["seed=" + "[" * 3000], "seed must be a value that can be read, got '[[["),
    ("solve", ["seed"], "seed must be given as key=value, got no value"),
    ("solve", ["=3"], "a key must stand before =, got '=3'"),
    ("solve", ["gäme=3"], "gäme must be a key of the settings with a value"),
    ("solve", ["+lines.x=3"], "lines.x must be a key of the settings"),
    ("solve", ["game=spot", "game.board=Qs,Jh,2h"], "got Qs,Jh,2h (text goes in quotes: \"game.board='Qs,Jh,2h'\")"),
    ("solve", ["game=openspiel", "game.string=leduc_poker(players=2)"], "(text goes in quotes: \"game.string='leduc_poker(players=2)'\")"),
    ("solve", ["game=spot", "game.ranges=AA"], "game.ranges must be a list in [ ], got 'AA' (as in \"game.ranges=[AA]\")"),
    ("solve", ["game=ms1f1", "game.stack=16.4"], "game.stack must be a whole number of chips, got 16.4"),
    ("solve", ["game=spot", "game.pot=much"], "game.pot must be a number of chips, got 'much'"),
    ("solve", ["game=spot", "game.pot=true"], "game.pot must be a number of chips, got true"),
    ("solve", ["game=spot", "game.pot=null"], "game.pot must be given, got null"),
    ("solve", ["game=spot", "game.pot=nan"], "game.pot must be a finite number of chips, got nan"),
    ("solve", ["game=spot", "game.stack=inf"], "game.stack must be a finite number of chips, got inf"),
    ("solve", ["game=spot", "game.pot=-5.5"], "game.pot must be above 0 chips, got -5.5"),
    ("solve", ["game=spot", "game.pot=1e30"], "game.pot must be at most 1,000,000,000 chips, got 1e+30"),
    ("solve", ["game=spot", "game.min_bet=0"], "game.min_bet must be above 0 chips, got 0"),
    ("solve", ["game=spot", "game.chip=half"], "game.chip must be a number of chips or null, got 'half'"),
    ("solve", ["game=spot", "game.chip=-0.5"], "game.chip must be above 0 chips, got -0.5"),
    ("solve", ["+budgt.iterations=3"], "got '+budgt.iterations=3', which would add one (did you mean budget.iterations?)"),
    ("match", ["agents.a.gagdet=resolve"], "got an unknown one (did you mean agents.a.gadget?)"),
    ("train", ["trainer.advantage.step=3"], "got an unknown one (did you mean trainer.advantage.steps?)"),
    ("ablate", ["experiment=none", "agent=tabular", "+lines.x.gadgt=resolve"], "got an unknown key (did you mean gadget?)"),
    (
        "solve",
        ["game=kuhn_poker", "budget.seconds=inf", "budget.iterations=inf"],
        "budget.seconds must be a finite number of seconds, got inf",
    ),
    ("solve", ["game=kuhn_poker", "budget.iterations=inf"], "budget.iterations must be a whole number or null, got inf"),
    ("solve", ["game=kuhn_poker", "budget.exploitability=inf"], "budget.exploitability must be a finite number of chips, got inf"),
    ("ablate", ["budgets=[0,inf]"], "budgets[1] must be a finite number, got inf"),
    ("match", ["agents.a.budget.seconds=inf"], "agents.a.budget.seconds must be a finite number of seconds, got inf"),
    ("play", ["agent.think=true", "budget.seconds=inf"], "budget.seconds must be a finite number of seconds, got inf"),
    ("ablate", ["lines.x.gadget=resolve"], "(+lines.x.gadget adds a line)"),
    ("ablate", ["experiment=leduc_gadget"], "got 'leduc_gadget' (did you mean leduc_gadgets?)"),
    ("match", ["experiment=holdem_match"], "got 'holdem_match' (did you mean "),
    ("ablate", ["experiment=gadget_match"], "experiment must fit the other settings of ablate, got gadget_match"),
    ("match", ["agents.c.policy=uniform"], "(+agent@agents.c=... adds an agent)"),
    ("match", ["agent@agents.c=search"], "agent@agents.c must fit the other settings of match, got search"),
    ("match", ["+agent@hydra=search"], "agent@hydra must be agent, or agent@agents.<name>"),
    ("match", ["+agent@agents.b=tabular", "agents={a: {gagdet: x}}"], "agent@agents.b must fit the other settings of match"),
    ("match", ["agents={a: {gagdet: x}}"], "agents.a.gagdet must be a key of the settings, got an unknown one (did you mean agents.a."),
    ("solve", ["budget.iterations.x=5"], "budget.iterations.x must be a key of the settings, got an unknown one"),
    ("solve", ["game=spot", "game.ranges.7=AA"], "must be a key of the settings, got an unknown one"),
    ("match", ["agents.a.think=7"], "agents.a.think must be true or false, got 7"),
    ("match", ["agents.a.iterations=many"], "agents.a.iterations must be a whole number, got 'many'"),
]


@pytest.mark.long
@pytest.mark.parametrize(("command", "overrides", "message"), HYDRAS, ids=[f"{c} {' '.join(o)}"[:80] for c, o, _ in HYDRAS])
def test_what_hydra_would_refuse_is_one_line(monkeypatch, tmp_path, capsys, command, overrides, message):
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, command, *overrides) == 2
    assert message in error_line(capsys)
    assert not list(tmp_path.iterdir())


UNUSED = [  # values of keys that the run has no use for
    (
        "solve",
        ["game=kuhn_poker", "budget.iterations=1", "budget.exploitability=-1"],
        "budget.exploitability must be at least 0 chips, got -1",
    ),
    ("ablate", ["experiment=none", "agent=tabular", "agent.checkpoint=nowhere"], "agent.checkpoint must be a checkpoint file, got "),
    (
        "ablate",
        ["experiment=none", "agent=tabular", "agent.table=nowhere"],
        "agent.table must be a file of information states, got nowhere",
    ),
    ("ablate", ["experiment=none", "agent=tabular", "agent.gadget=magic"], "agent.gadget must be one of unsafe, resolve"),
    (
        "ablate",
        ["experiment=none", "agent=tabular", "agent.solve_from=turn"],
        "agent.solve_from must be decision, round, root, round 1, round 2, or several rounds in order with + between, got 'turn'",
    ),
    (
        "ablate",
        ["experiment=none", "agent=tabular", "agent.target_exploitability=-1"],
        "agent.target_exploitability must be above 0 chips, got -1.0",
    ),
    ("solve", ["budget.bank_seconds=60"], "budget.bank_seconds must be left out but in matches, got 60"),
    (
        "ablate",
        ["experiment=none", "agent=tabular", "agent.think=true", "agent.longest=50"],
        "agent.longest must be left out without agent.price or agent.target_exploitability, got 50",
    ),
    (
        "ablate",
        ["experiment=none", "agent=tabular", "agent.think=true", "agent.price=1", "agent.longest=0.5", "unit=iterations", "budgets=[9]"],
        "agent.longest must be a whole number of iterations, got 0.5",
    ),
    ("ablate", ["experiment=none", "agent=tabular", "agent.price=0"], "agent.price must be above 0 chips, got 0.0"),
    (
        "ablate",
        ["experiment=none", "agent=tabular", "agent.think=true", "agent.bounds=distributional", "agent.price=1"],
        "agent.price must be left out with agent.bounds=distributional, whose solves' exploitability is not known, got 1",
    ),
    ("ablate", ["experiment=none", "agent=tabular", "agent.buckets=[0,3]"], "agent.buckets must be left out but on hold'em, got [0, 3]"),
    ("ablate", ["experiment=none", "agent=tabular", "trainer.iterations=0"], "trainer.iterations must be at least 1, got 0"),
    ("ablate", ["experiment=none", "executor=serial", "executor.workers=9999"], "executor.workers must be in 0.."),
    ("match", ["agent@agents.a=uniform", "agents.a.budget.seconds=-1"], "agents.a.budget.seconds must be at least 0 seconds, got -1.0"),
    ("match", ["agent@agents.a=uniform", "agents.a.bot=nobody"], "agents.a.bot must be one of "),
    (
        "match",
        ["agent@agents.a=uniform", "agent@agents.b=uniform", "budget.exploitability=0"],
        "budget.exploitability must be at least 1e-09",
    ),
    ("match", ["game=ms1f1", "agent@agents.a=uniform", "agents.a.gift_scale=2"], "agents.a.gift_scale must be at most 1, got 2.0"),
    ("match", [f"+agent@agents.{'x' * 61}=uniform"], "letters, digits and _ for a name"),
    ("play", ["agent=tabular", "agent.budget.seconds=1"], "agent.budget.seconds must be left out (budget says what decisions may spend)"),
    (
        "play",
        ["agent=tabular", "agent.solve_from=moon"],
        "agent.solve_from must be decision, round, root, round 1, round 2, or several rounds in order",
    ),
]


@pytest.mark.parametrize(("command", "overrides", "message"), UNUSED, ids=[f"{c} {' '.join(o)}"[:80] for c, o, _ in UNUSED])
def test_values_that_a_run_does_not_use_are_checked_too(check_only, capsys, tmp_path, command, overrides, message):
    assert check_only(command, *overrides) == 2
    assert message in error_line(capsys)
    assert not list(tmp_path.iterdir())


HUGE = [
    ("train", "trainer.advantage.steps=9223372036854775808", "trainer.advantage.steps must be at most 1,000,000,000"),
    ("solve", "budget.iterations=100000000000000000000", "budget.iterations must be at most 1,000,000,000"),
    ("train", "trainer.network.layers=1000000000", "trainer.network.layers must be at most 256"),
    ("match", "hands=1000000000000", "hands must be at most 1,000,000,000"),
]


@pytest.mark.parametrize(("command", "override", "message"), HUGE)
def test_numbers_have_an_upper_bound(check_only, capsys, command, override, message):
    assert check_only(command, override) == 2
    assert message in error_line(capsys)


def test_a_secret_in_the_environment_is_not_printed(check_only, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("SECRET", "hunter2")
    kept = tmp_path / "run" / ".hydra"
    kept.mkdir(parents=True)
    for override in ("unit=${oc.env:SECRET}", "game=${oc.env:SECRET}", "+lines={a: {gadget: '${oc.env:SECRET}'}}"):
        (kept / "overrides.yaml").write_text(f'- "{override}"\n')
        assert check_only("ablate", "resume=run") == 2
        assert "hunter2" not in error_line(capsys)


@pytest.mark.parametrize(
    "override",
    ["+experiment=../../evil", "experiment=/tmp/evil", "+evil=1", "command=solve", "~game", "+agent@hydra=search", "resume=elsewhere"],
)
def test_overrides_kept_by_somebody_else_are_keys_of_the_settings(check_only, capsys, tmp_path, override):
    kept = tmp_path / "run" / ".hydra"
    kept.mkdir(parents=True)
    (kept / "overrides.yaml").write_text(f"- {override}\n")
    assert check_only("ablate", "resume=run") == 2
    error_line(capsys)


def test_somebody_elses_settings_of_hydra_are_not_taken(check_only, tmp_path):
    kept = tmp_path / "run" / ".hydra"
    kept.mkdir(parents=True)
    evil = "hydra.callbacks={x: {_target_: tests.agents.apps.test_apps_settings.never}}"
    (kept / "overrides.yaml").write_text(f'- "{evil}"\n- experiment=leduc_smoke\n')
    assert check_only("ablate", "resume=run") is None


def test_a_sweep_resumes_nothing(check_only, capsys, tmp_path):
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / "overrides.yaml").write_text("- seed=1\n")
    assert check_only("ablate", "-m", "resume=run") == 2
    assert error_line(capsys) == "error: resume must be given without -m, got both\n"


def test_a_sweep_of_too_many_runs_is_refused(check_only, capsys):
    assert check_only("solve", "-m", "budget.iterations=1", "seed=range(0,1000000000)") == 2
    assert "seed must be swept over at most 10,000 runs" in error_line(capsys)


@pytest.mark.parametrize("command", ["", "solve", "train", "ablate", "match", "play"])
def test_the_version_is_told(monkeypatch, capsys, command):
    assert timebank(monkeypatch, *filter(None, [command]), "--version") == 0
    assert capsys.readouterr().out.startswith("timebank 0.")


def test_a_mistyped_command_is_hinted_at(monkeypatch, capsys):
    assert timebank(monkeypatch, "slove") == 2
    assert "got 'slove' (did you mean solve?)" in error_line(capsys)


RENAMED = [
    ("ablate", "agent.spread=0.5", ["agent.spread is agent.bound_std now"]),
    (
        "ablate",
        "+lines={a: {spread: 0.5, enough: 0.1}}",
        ["agent.spread is agent.bound_std", "agent.enough is agent.target_exploitability"],
    ),
    ("ablate", "+lines.a.enough=0.1", ["agent.enough is agent.target_exploitability now"]),
    ("match", "agents.a.enough=0.1", ["agent.enough is agent.target_exploitability now"]),
    ("train", "trainer=holdem_deep_cfr", ["trainer=holdem_deep_cfr is trainer=deep_cfr now"]),
    ("ablate", "+lines.enough={gadget: unsafe}", []),
]


@pytest.mark.parametrize(("command", "override", "told"), RENAMED, ids=[override for _, override, _ in RENAMED])
def test_an_older_name_works_and_says_the_new_one_in_a_line(check_only, capsys, command, override, told):
    given = {"ablate": ["experiment=none", "agent=tabular", "game=kuhn_poker"], "match": ["game=kuhn_poker"], "train": []}[command]
    assert check_only(command, *given, override) is None
    lines = capsys.readouterr().err.splitlines()
    for line, text in zip(lines, told, strict=True):
        assert line.startswith(f"warning: {text}")
        assert line.endswith("; the older name goes with the next release")


def test_an_older_name_sets_what_the_new_one_does():
    register("ablate")
    for old, new in (
        ("agent.spread=0.5", "agent.bound_std=0.5"),
        ("+lines={a: {enough: 0.1}}", "+lines={a: {target_exploitability: 0.1}}"),
    ):
        assert renamed(old) == new
        compose("ablate", [new])
    for same in ("hands=5", "game.ranges=['AA,spread: 1']", "+lines.enough={gadget: unsafe}", "agent.table='{spread: 1}'"):
        assert renamed(same) == same


def test_a_directory_begun_by_an_older_name_goes_on(check_only, capsys, tmp_path):
    kept = tmp_path / "run" / ".hydra"
    kept.mkdir(parents=True)
    (kept / "overrides.yaml").write_text("- experiment=none\n- agent=tabular\n- game=kuhn_poker\n- agent.spread=0.5\n")
    assert check_only("ablate", "resume=run") is None
    assert capsys.readouterr().err == ""


def test_help_says_units_and_hydras_part_can_be_shown(monkeypatch, capsys):
    assert timebank(monkeypatch, "solve", "--help") == 0
    shown = capsys.readouterr().out
    assert "budget.exploitability" in shown
    assert "chips" in shown
    assert timebank(monkeypatch, "solve", "--cfg", "job", "--resolve", "seed=7") == 0
    assert "seed: 7" in capsys.readouterr().out


def test_a_line_is_printable_and_short(capsys):
    with pytest.raises(SystemExit) as end:
        fail("a must be b,\n  got \x07\udc80")
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: a must be b, got \\x07\\udc80\n"
    with pytest.raises(SystemExit):
        fail("x" * 10**6)
    assert len(capsys.readouterr().err) < 2_100


ODD = [  # as typed in a shell, quotes of the shell removed
    *("null", "~", "[]", "{}", "[1,2]", "{a: 1}", "[[1]]", "[null]", "true", "???"),
    *("nan", "inf", "-inf", "1e400", "-1e400", "1" + "0" * 400, str(2**63), str(-(2**63)), "1" + "0" * 20),
    *("-1", "0", "-0.5", "0.5", "1e-320"),
    *("", "' '", "a b", "müller", "'日本'", "'🂡'", "'\x1b[31m'", "'a\nb'", "'\\x00'", "a" * 300, "'" + "é" * 100_000 + "'"),
    *("${seed}", "${nokey}", "${oc.env:HOME}", "${"),
    *("/dev/zero", "/proc/self/mem", "../../x"),
    *("'", '"', "\\", "a,b", "a=b", "<%s>", "__import__('os')"),
]
BASES = [
    ("solve", ["game=kuhn_poker", "budget.iterations=1"]),
    ("solve", ["game=spot", "game.board=Td9d6hQc4s", "budget.iterations=1"]),
    ("solve", ["game=ms2f1t1h5", "budget.iterations=1"]),
    ("solve", ["game=flop_holdem", "budget.iterations=1", "storage=16"]),
    ("solve", ["game=liars_dice", "game.dice_sides=2", "budget.iterations=1"]),
    ("solve", ["game=openspiel", "game.string=kuhn_poker", "budget.iterations=1"]),
    ("train", ["game=kuhn_poker"]),
    ("train", ["game=ms2f1t1h5"]),
    ("ablate", ["experiment=none", "game=kuhn_poker", "agent=tabular"]),
    ("ablate", ["experiment=none", "game=ms2f1t1h5", "agent=tabular", "agent.think=true", "agent.solve_from=turn"]),
    ("match", ["game=kuhn_poker"]),
    (
        "match",
        ["game=ms2f1t1h5", "agent@agents.a=street", "agents.a.buckets=[0,0,3]", "agent@agents.b=uniform", "agents.b.solve_from=turn"],
    ),
    ("play", ["game=kuhn_poker", "budget.seconds=1"]),
    ("play", ["game=ms2f1t1h5", "agent=tabular", "agent.solve_from=turn", "budget.seconds=1"]),
]


def keys_of(config):
    for name, node in config.items_ex(resolve=False):
        if name != "hydra":
            yield name
            if hasattr(node, "items_ex"):
                yield from (f"{name}.{inner}" for inner in keys_of(node))


def pairs():
    """Return every key of every command, each with its base."""
    found = []
    for command, base in BASES:
        register(command)
        own = list(dict.fromkeys([*keys_of(layered(command, base)), "hydra.run.dir", "hydra.sweep.dir", "resume"]))
        found += [(command, base, key) for key in own]
    return found


def test_odd_values_are_49():
    assert len(set(ODD)) == 49


def drawn(count, seed):
    rng = np.random.default_rng(seed)
    keys = pairs()
    return [(*keys[int(rng.integers(len(keys)))], ODD[int(rng.integers(len(ODD)))]) for _ in range(count)]


def judge(check_only, capsys, tmp_path, command, base, key, value):
    """Run the check phase of one command with one odd value; return what is wrong, if anything."""
    case = f"{command} {' '.join(base)} {key}={value}"[:200]
    try:
        status = check_only(command, *base, f"{key}={value}")
    except BaseException as error:  # all that a user would see as a traceback
        return f"{case}: {type(error).__name__} {error}"[:400]
    error = capsys.readouterr().err
    if list(tmp_path.iterdir()):
        return f"{case}: wrote {list(tmp_path.iterdir())}"
    if status is None:
        return f"{case}: said {error}" if error else None
    if status != 2 or not error.startswith("error: ") or error.count("\n") != 1 or not error[:-1].isprintable() or key not in error:
        return f"{case}: {status} {error}"[:600]
    return None


@pytest.mark.long
def test_some_keys_with_odd_values(check_only, capsys, tmp_path):
    wrong = [found for case in drawn(5, 1) if (found := judge(check_only, capsys, tmp_path, *case))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_700_keys_with_odd_values(check_only, capsys, tmp_path):
    wrong = [found for case in drawn(700, 13) if (found := judge(check_only, capsys, tmp_path, *case))]
    assert not wrong, "\n".join(wrong)
