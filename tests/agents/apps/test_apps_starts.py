"""``timebank train trainer=start_values`` as a command."""

import pytest

from agents.networks.start_values import load_start_values
from tests.compiling import compiled
from tests.running import result_of, timebank

GAME = ("game=heads_up_no_limit", "trainer=start_values", "trainer.workers=1")
TINY = (
    *GAME, "trainer.labels=250", "trainer.held_out=6", "trainer.label_iterations=2", "trainer.label_gap=1", "trainer.iterations=2",
    "trainer.steps=1", "trainer.batch_size=8", "trainer.network.hidden=4", "trainer.network.layers=1", "trainer.network.buckets=4",
)  # fmt: skip


@compiled
def test_rivers_are_solved_and_learned_and_a_run_goes_on(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", *TINY, f"hydra.run.dir={tmp_path}") == 0
    result = result_of(tmp_path)
    assert result["sources"] == ["play", "changed", "random"]
    assert min(*result["floor"], *result["checked_down"]) > 0
    assert result["labelling"]["timed"] == result["labelling"]["labels"] == 256
    assert result["labelling"]["cpu_seconds"] > 0
    assert result["label_gap"]["mean"] <= result["label_gap"]["p90"] <= result["label_gap"]["most"]
    assert set(result["history"][-1]) == {"iteration", "seconds", "loss", "new_loss", "play", "changed", "random"}
    assert load_start_values(result["values"])[0].config.hidden == 4
    lines = capsys.readouterr().out.splitlines()
    heads = next(line for line in lines if "of held-out flops" in line).split("  ")
    assert [head.strip() for head in heads if head][-3:] == ["error, play", "error, changed", "error, random"]
    for what in ("checked_down", "floor"):
        row = next(line for line in lines if line.startswith(what.replace("_", " ")))
        assert row.split()[-3:] == [f"{error:.4f}" for error in result[what]]
    assert timebank(monkeypatch, "train", f"resume={tmp_path}") == 0
    (tmp_path / "training.safetensors").unlink()  # a run that was killed while labels were made has none
    capsys.readouterr()
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", "trainer.label_iterations=3") == 2
    assert capsys.readouterr().err == f"error: trainer.label_iterations must be 2 as in {tmp_path}/labels/held_00000.npz, got 3\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("game=ms1f1", *GAME[1:]), "game must be full no-limit hold'em to learn values of its streets, got ms1f1"),
        (("game=leduc_poker", *GAME[1:]), "game must be full no-limit hold'em"),
        ((*GAME, "trainer.workers=65"), "trainer.workers must be"),
        ((*GAME, "trainer.labels=10"), "trainer.labels must be"),
        ((*GAME, "trainer.labels=100000000"), "error: trainer.labels, held_out and batch_size must fit into memory ("),
        ((*GAME, "trainer.batch_size=1000000000"), "must fit into memory ("),
        ((*GAME, "trainer.network.buckets=1"), "buckets must be"),
        ((*GAME, "trainer.blueprint=nowhere"), "nowhere"),
        (
            (*GAME, "trainer.street=turn", "trainer.network.buckets=6"),
            "trainer.network.buckets must be a multiple of 4, at least 8, for turns, got 6",
        ),
    ],
)
def test_bad_settings_are_refused_before_anything_is_made(monkeypatch, tmp_path, capsys, arguments, message):
    assert timebank(monkeypatch, "train", *arguments, f"hydra.run.dir={tmp_path / 'run'}") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
