"""``module:name`` in settings: which modules may run, what is refused before any work, and what kept work agrees with."""

import shutil
import sys

import numpy as np
import pytest

from agents.evaluation.ablation import digest
from agents.networks.checkpoint import load_tensors
from agents.training import POLICY_FILE
from games import public_tree
from games.derived import derived_game
from games.modules import sources
from tests import own
from tests.running import ROOT, timebank

SOLVE = ["solve", "budget.iterations=1"]
KUHN, HOLDEM = ["ablate", "game=kuhn_poker"], ["ablate", "game=ms1f1"]
HOW = "(TIMEBANK_MODULES=tests.own,os before the command allows it)"
REFUSED = [
    ([*KUHN, "agent=os:getcwd"], f"agent must be of a module that the environment variable TIMEBANK_MODULES names, got 'os:getcwd' {HOW}"),
    ([*KUHN, "agent.policy=os:getcwd"], "agent.policy must be of a module that"),
    ([*KUHN, "search=os:getcwd"], "search must be of a module that"),
    ([*KUHN, "search.name=os:getcwd"], "search must be of a module that"),
    (["solve", "game=os:getcwd"], "game must be of a module that"),
    ([*SOLVE, "game=openspiel", "game.string=os:getcwd"], "game must be of a module that"),
    (["train", "game=kuhn_poker", "trainer=os:getcwd"], "trainer must be of a module that"),
    ([*SOLVE, "game=tests.own:none"], "game must be one that tests.own registers with OpenSpiel, got 'none'"),
    (["solve", "game=kuhn_poker", "search=tests.own:rows"], "search must be module:name, got 'tests.own:rows': tests.own has no 'rows'"),
    (["solve", "game=kuhn_poker", "search=tests.own:row"], "search must be a search.Variant, got 'tests.own:row', which is of type str"),
    (["train", "game=kuhn_poker", "trainer=tests.own:Settings"], "trainer must be a dataclass of settings (iterations, seed, "),
    (["train", "game=kuhn_poker", "trainer=tests.own:Empty"], "trainer must be a dataclass of settings (iterations, seed, "),
    ([*KUHN, "agent=tests.own:row"], "agent must be a function that returns an agent, got 'tests.own:row', which is of type str"),
    ([*KUHN, "agent=tests.own:nothing"], "got 'tests.own:nothing', which returned a NoneType without name, game, "),
    ([*KUHN, "agent=tests.own:raising"], "agent.own must return an agent, got 'tests.own:raising', which raised RuntimeError: no luck\n"),
    ([*KUHN, "agent=tests.own:Raising"], "agent.own must decide by a Decision, got 'tests.own:Raising', which raised KeyError: 'cards'"),
    ([*KUHN, "agent=tests.own:Silent"], "must decide by a Decision with a policy [2, 3], got 'tests.own:Silent', which gave a NoneType"),
    ([*KUHN, "agent=tests.own:Short"], "policy [2, 3], got 'tests.own:Short', which gave a Decision with [2, 2]"),
    ([*KUHN, "agent=tests.own:Unsure"], "probabilities are at least 0 and sum to 1 for each hand, got 'tests.own:Unsure'"),
    ([*KUHN, "agent.policy=tests.own:nothing"], "agent.policy must return a policy, got 'tests.own:nothing', which returned"),
    ([*KUHN, "agent.policy=tests.own:Lopsided"], "must give a table [4, 8] of player 0, got 'tests.own:Lopsided', which gave [3, 8]"),
    ([*KUHN, "agent.policy=tests.own:Negative"], "agent.policy must give a strategy of kuhn_poker, got 'tests.own:Negative': Value"),
    ([*HOLDEM, "agent.policy=tests.own:Lopsided"], "of player 0, got 'tests.own:Lopsided', which gave ["),
    ([*HOLDEM, "agent.policy=tests.own:Negative"], "agent.policy must give a strategy of ms1f1, got 'tests.own:Negative': Value"),
    ([*HOLDEM, "agent=tests.own:nothing"], "agent.own must return an agent, got 'tests.own:nothing'"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def named(monkeypatch, tmp_path):
    """Name a module, and work in an empty folder."""
    monkeypatch.setenv("TIMEBANK_MODULES", "tests.own")
    monkeypatch.delenv("TIMEBANK_BOTS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])


@pytest.mark.parametrize(("arguments", "error"), REFUSED, ids=[" ".join(a[1:]) for a, _ in REFUSED])
def test_what_does_not_fit_is_refused_in_one_line_before_work(arguments, error, monkeypatch, capsys, tmp_path):
    assert timebank(monkeypatch, *arguments) == 2
    told = capsys.readouterr().err
    assert error in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


LATER = {
    "Later": "which raised KeyError: 'cards'",
    "LaterTwice": "whose do not",
    "LaterShort": "which gave a Decision with [2, 1]",
    "LaterEnds": "which raised SystemExit: 0",
}


@pytest.mark.long
@pytest.mark.parametrize("command", ["ablate", "match"])
@pytest.mark.parametrize("name", LATER)
def test_every_answer_of_an_agent_of_your_own_is_looked_at(command, name, monkeypatch, capsys, tmp_path):
    own = {
        "ablate": (f"agent=tests.own:{name}", "unit=iterations", "budgets=[1]", "references=false"),
        "match": (f"agent@agents.a=tests.own:{name}", "agent@agents.b=uniform", "hands=8"),
    }
    shared = ("game=kuhn_poker", "executor=serial", "executor.workers=1", f"hydra.run.dir={tmp_path / 'run'}")
    assert timebank(monkeypatch, command, *own[command], *shared) == 2
    told = capsys.readouterr().err
    assert "agent.own must decide by a Decision" in told
    assert LATER[name] in told
    assert "Traceback" not in told


def test_a_row_of_your_own_takes_no_other_numbers(monkeypatch, capsys, tmp_path):
    bring("own_cfr_row", monkeypatch, tmp_path)
    assert timebank(monkeypatch, *SOLVE, "game=kuhn_poker", "search=own_cfr_row:GENTLE", "search.gamma=1") == 2
    assert "search.gamma must be left out beside a row of your own, which has it, got 1" in capsys.readouterr().err


def bring(name, monkeypatch, folder):
    """Copy an example into the working directory and name it; it is imported anew."""
    shutil.copy(ROOT / "examples" / f"{name}.py", folder)
    monkeypatch.setenv("TIMEBANK_MODULES", f"tests.own,{name}")
    monkeypatch.delitem(sys.modules, name, raising=False)


def test_sources_tell_versions_of_a_module_apart(monkeypatch, tmp_path):
    assert sources("own_bot:Cautious") == ""  # not named
    bring("own_bot", monkeypatch, tmp_path)
    before = sources("own_bot:Cautious"), sources()
    assert len(before[0]) == 10
    assert sources("kuhn_poker", "uniform_random:") == ""
    with (tmp_path / "own_bot.py").open("a") as file:
        file.write("# another version\n")
    assert sources("own_bot:Cautious") != before[0]
    assert sources() == before[1]  # a bot runs in another process


def test_kept_measurements_agree_with_the_source_of_your_modules(monkeypatch):
    game = derived_game(public_tree("kuhn_poker"))
    agent = own.Agent(game, own.uniform(game))
    before = digest(agent)
    assert digest(own.Agent(game, own.uniform(game))) == before
    monkeypatch.setenv("TIMEBANK_MODULES", "")
    assert digest(agent) != before


@pytest.mark.long
def test_a_run_of_your_own_trainer_resumes_to_the_same_bits_with_the_same_source_alone(monkeypatch, capsys, tmp_path):
    bring("own_trainer", monkeypatch, tmp_path)
    train = ["train", "game=kuhn_poker", "trainer=own_trainer:Distil", "trainer.steps=5"]
    assert timebank(monkeypatch, *train, "trainer.iterations=2", "hydra.run.dir=whole") == 0
    assert timebank(monkeypatch, *train, "trainer.iterations=1", "hydra.run.dir=parts") == 0
    assert timebank(monkeypatch, "train", "resume=parts", "trainer.iterations=2") == 0
    whole, parts = (load_tensors(tmp_path / folder / POLICY_FILE, "policy")[0] for folder in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(np.array_equal(whole[key], parts[key]) for key in whole)
    with (tmp_path / "own_trainer.py").open("a") as file:
        file.write("# another version\n")
    capsys.readouterr()
    assert timebank(monkeypatch, "train", "resume=parts", "trainer.iterations=3") == 2
    assert "TIMEBANK_MODULES must name the modules that" in capsys.readouterr().err
