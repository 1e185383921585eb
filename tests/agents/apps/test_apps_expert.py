"""``timebank train trainer=expert_iteration`` as a command, and its blueprint in a match."""

import pytest

from tests.compiling import compiled
from tests.running import result_of, timebank

GAME = ("game=heads_up_no_limit", "trainer=expert_iteration", "trainer.workers=1")
TINY = (
    *GAME, "trainer.turn_labels=250", "trainer.river_labels=250", "trainer.held_out=4", "trainer.turn_iterations=2",
    "trainer.river_iterations=2", "trainer.label_gap=1", "trainer.iterations=2", "trainer.steps=1", "trainer.batch_size=8",
    "trainer.network.hidden=4", "trainer.network.layers=1", "trainer.network.buckets=8",
)  # fmt: skip


@compiled
def test_a_policy_is_trained_and_plays(monkeypatch, tmp_path, capsys):
    made = tmp_path / "made"
    assert timebank(monkeypatch, "train", *TINY, f"hydra.run.dir={made}") == 0
    result = result_of(made)
    assert set(result["history"][-1]) == {"iteration", "seconds", "loss", "turn_loss", "river_loss", "turn_ev", "river_ev"}
    assert result["blueprint"]["name"].startswith("expert_iteration:2+mccfr:")
    assert result["alike"]["turn"] > 0
    assert abs(result["alike"]["river"]) < 1e-3  # solves of no iteration play so themselves
    assert f"agent.blueprint={made} plays it" in capsys.readouterr().out
    assert timebank(monkeypatch, "train", f"resume={made}") == 0
    players = (f"agents.a.blueprint={made}", "agents.a.think=false", "agents.b.blueprint=small", "agents.b.think=false")
    match = ("game=heads_up_no_limit", "agent@agents.b=no_limit", *players, "hands=4", "executor=serial", "budget.iterations=1")
    assert timebank(monkeypatch, "match", *match, f"hydra.run.dir={tmp_path / 'match'}") == 0
    assert result_of(tmp_path / "match")["rows"][0]["hands"] == 4
    capsys.readouterr()
    (made / "training.safetensors").unlink()
    assert timebank(monkeypatch, "train", f"resume={made}", "trainer.river_iterations=3") == 2
    assert capsys.readouterr().err == f"error: iterations of a label must be 2 as in {made}/labels/river_0/held_00000.npz, got 3\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("game=ms1f1", *GAME[1:]), "game must be full no-limit hold'em to learn values of its streets, got ms1f1"),
        ((*GAME, "trainer.workers=65"), "trainer.workers must be"),
        ((*GAME, "trainer.river_labels=100000000"), "trainer.turn_labels, river_labels and rounds must fit into memory ("),
        ((*GAME, "trainer.blueprint=nowhere"), "nowhere"),
        ((*GAME, "trainer.iterations=3"), "trainer.iterations must be a multiple of the 2 rounds, got 3"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_made(monkeypatch, tmp_path, capsys, arguments, message):
    assert timebank(monkeypatch, "train", *arguments, f"hydra.run.dir={tmp_path / 'run'}") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
