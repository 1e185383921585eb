"""Sampled blueprints: made, saved, resumed to the same bits, read as data, and asked at public states."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from agents.bucket_blueprint import ABOUT, CENTRES, SHARES, load_abstraction, load_blueprint, save_abstraction
from agents.training import train
from agents.training.mccfr import BOARDS, STATE, BlueprintRun, MCCFRConfig
from games.holdem.config import Holdem
from search import represent
from search.boards.bucket_match import BucketMatch
from search.boards.card_buckets import card_arrays
from search.representation import exploitability
from tests.catalogue import game_of, small
from tests.compiling import compiled
from tests.running import contents, error_line, refused, result_of, timebank

pytestmark = [compiled, pytest.mark.kernels]
COMMAND = ("train", "game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "trainer=mccfr", "trainer.buckets=[5,8]", "trainer.deals=64")


def settings(**more):
    return MCCFRConfig(**{"iterations": 40, "buckets": [5, 8], "deals": 64, "seed": 3} | more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    game, directory = small([0, 1, 1]), tmp_path_factory.mktemp("made")
    return game, directory, train(BlueprintRun(game, settings(), directory), directory)


def test_a_blueprint_is_read_as_it_was_made(made):
    game, directory, blueprint = made
    loaded = load_blueprint(game, directory)
    assert isinstance(loaded.shares, np.memmap)
    assert loaded.shares.dtype == np.uint16
    assert loaded.fingerprint() == blueprint.fingerprint()
    state = game.root
    while game.player(state) >= 0:
        probabilities = loaded.at(state)
        assert np.allclose(probabilities.sum(axis=0), 1)
        assert np.array_equal(probabilities, blueprint.at(state))
        state = game.child(state, game.actions(state)[-1])


def test_the_buckets_of_the_second_street_are_kept(made):
    game, directory, _ = made
    kept = load_blueprint(game, directory).abstraction
    anew = replace(kept, second=None)
    for card in game.deck.cards().tolist():
        alive = ~(game.hands == card).any(axis=1)
        np.testing.assert_array_equal(kept.buckets([card])[alive], anew.buckets([card])[alive])
    assert kept.second is not None


def test_sizes_are_told_before(made):
    game, directory, blueprint = made
    memory, file, disk, most = settings().bytes(game)
    assert file == blueprint.shares.nbytes
    sizes = {name: (directory / name).stat().st_size for name in (SHARES, CENTRES, STATE)}
    assert disk < sum(sizes.values()) < disk + 10_000  # headers, and the history
    run = BlueprintRun(game, settings(), directory)
    assert run.solver.regret.nbytes + run.solver.average.nbytes < memory < 1e6
    assert disk + (directory / BOARDS).stat().st_size - 128 + run.solver.regret.nbytes + run.solver.average.nbytes + file == most


def test_sixteen_bits_keep_the_strategy(made):
    game, directory, blueprint = made
    run = BlueprintRun(game, settings(), directory)
    for decision in range(len(run.solver.bets.node)):
        np.testing.assert_allclose(blueprint.at_decision(decision), run.solver.strategy_at(decision), atol=1e-4)


def test_exploitability_is_that_of_the_policy_asked_state_by_state(made):
    game, _, blueprint = made
    representation = represent(game)
    tables = representation.uniform()
    states = [game.root]
    while states:
        state = states.pop()
        if game.player(state) >= 0:
            representation.put(tables[game.player(state)], state, blueprint.at(state))
        if game.player(state) != -4:
            states.extend(representation.below(state))
    assert exploitability(representation, tables) == pytest.approx(exploitability(representation, blueprint.tables()), abs=1e-5)


def test_a_match_on_buckets_comes_to_the_exact_value(made, tmp_path):
    game, _, late = made
    run = BlueprintRun(game, settings(iterations=3), tmp_path)
    early, representation = train(run, tmp_path), represent(game)
    cards = card_arrays(game.deck, late.abstraction.indices(), late.abstraction.tabulated(late.abstraction.indices()))
    won, error = BucketMatch(late.decisions, cards, 1, deals=100_000).gain(late.at_decision, early.at_decision)
    (a, b), (c, d) = late.tables(), early.tables()
    exact = (representation.value((a, d), 0) - representation.value((c, b), 0)) / 2
    assert exact > 10 * error
    assert abs(won - exact) < 4 * error


def test_a_run_that_goes_on_and_other_threads_give_the_same_bits(made, tmp_path):
    game, directory, whole = made
    train(BlueprintRun(game, settings(iterations=15), tmp_path), tmp_path)
    run = BlueprintRun(game, settings(threads=2), tmp_path)
    assert run.iteration == 15
    assert train(run, tmp_path).digest == whole.digest
    once = BlueprintRun(game, settings(), directory)
    assert once.history[0].gain is None
    assert once.history[-1].gain_error > 0
    saved = [np.load(folder / STATE) for folder in (directory, tmp_path)]
    assert all(np.array_equal(saved[0][name], saved[1][name]) for name in ("regret", "average"))


def test_ctrl_c_saves_what_was_done(made, tmp_path):
    game, directory, whole = made

    def interrupt(iteration, history):
        if iteration == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(BlueprintRun(game, settings(), tmp_path), tmp_path, progress=interrupt)
    run = BlueprintRun(game, settings(), tmp_path)
    assert run.iteration == 7
    assert train(run, tmp_path).digest == whole.digest
    once = BlueprintRun(game, settings(), directory)
    assert [replace(row, seconds=0) for row in run.history] == [replace(row, seconds=0) for row in once.history]


@pytest.mark.parametrize("file", [BOARDS, CENTRES])
def test_a_damaged_file_is_made_again(file, made, tmp_path):
    game, _, whole = made
    run = BlueprintRun(game, settings(), tmp_path)
    run.step()
    run.save(tmp_path)
    content = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(content[: len(content) // 2])
    assert train(BlueprintRun(game, settings(), tmp_path), tmp_path).digest == whole.digest


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path, at=0.4):
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 16
    path.write_bytes(content)


def rewritten(**changed):
    def rewrite(path):
        with np.load(path) as saved:
            arrays = {name: saved[name] for name in saved.files}
        np.savez(path, **arrays | {name: change(arrays[name]) for name, change in changed.items()})

    return rewrite


DAMAGES = {
    "cut": cut,
    "flipped": flip,
    "flipped at the end": lambda path: flip(path, 0.95),
    "shorter": rewritten(average=lambda array: array[:-1]),
    "not finite": rewritten(regret=lambda array: array * np.nan),
    "negative": rewritten(average=lambda array: array - 1),
    "of another type": rewritten(measured=lambda array: array.astype(np.float32)),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_state_is_refused_and_stays(kind, made, tmp_path):
    game, directory, _ = made
    shutil.copytree(directory, tmp_path, dirs_exist_ok=True)
    DAMAGES[kind](tmp_path / STATE)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"training state must be complete.*use another directory, or remove the file to begin at"):
        BlueprintRun(game, settings(), tmp_path)
    assert before.items() <= contents(tmp_path).items()


@pytest.mark.parametrize("damage", [cut, flip])
def test_the_command_refuses_a_damaged_state_before_anything_is_written(damage, monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, *COMMAND, "trainer.iterations=4", f"hydra.run.dir={tmp_path}") == 0
    damage(tmp_path / STATE)
    before = contents(tmp_path)
    capsys.readouterr()
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", "trainer.iterations=8") == 2
    line = error_line(capsys)
    assert line.startswith(f"error: training state must be complete, got one that is not in {tmp_path / STATE}: ")
    assert line.endswith(" (use another directory, or remove the file to begin at iteration 0)\n")
    assert contents(tmp_path) == before
    (tmp_path / STATE).unlink()
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", "trainer.iterations=8") == 0


def test_a_blueprint_of_something_else_is_refused(made, tmp_path):
    game, directory, _ = made
    with pytest.raises(ValueError, match=r"made for stacks of .* trainer=mccfr makes one"):
        load_blueprint(replace(game, betting=replace(game.betting, stack=60)), directory)
    with pytest.raises(ValueError, match="blueprint must be a directory that trainer=mccfr wrote"):
        load_blueprint(game, tmp_path)
    for name in (ABOUT, CENTRES):
        (tmp_path / name).write_bytes((directory / name).read_bytes())
    np.save(tmp_path / SHARES, np.zeros(7, np.uint16))
    with pytest.raises(ValueError, match="an array must be uint16"):
        load_blueprint(game, tmp_path)
    (tmp_path / ABOUT).write_text(json.dumps({"format": 1}))
    with pytest.raises(ValueError, match="blueprint must be a directory"):
        load_blueprint(game, tmp_path)


def test_arrays_of_something_else_are_refused(made, tmp_path):
    game, directory, _ = made
    other = tmp_path / "other"
    train(BlueprintRun(game, settings(seed=4), other), other)
    tampered = tmp_path / "tampered"
    for change in ("zeros", "flip", "shares", "centres", "flops", "no flops", "kill"):
        shutil.copytree(directory, tampered, dirs_exist_ok=True)
        assert load_blueprint(game, tampered).digest == json.loads((tampered / ABOUT).read_text())["digest"]
        shares, abstraction = np.load(tampered / SHARES), load_abstraction(tampered / CENTRES, game)
        if change == "zeros":
            np.save(tampered / SHARES, np.zeros_like(shares))
        elif change == "flip":
            shares[-1] ^= 1
            np.save(tampered / SHARES, shares)
        elif change == "shares":
            shutil.copy(other / SHARES, tampered / SHARES)
        elif change == "centres":
            shutil.copy(other / CENTRES, tampered / CENTRES)
        elif change == "flops":
            save_abstraction(tampered / CENTRES, replace(abstraction, second=abstraction.second[::-1].copy()))
        elif change == "no flops":
            save_abstraction(tampered / CENTRES, replace(abstraction, second=None))
        else:  # between two files of one save
            for name in (CENTRES, SHARES):
                shutil.copy(other / name, tampered / name)
        with pytest.raises(ValueError, match=r"got .*tampered \(its arrays must have the digest that its description says\)"):
            load_blueprint(game, tampered)


def test_a_blueprint_without_a_digest_of_its_flops_is_read(made, tmp_path):
    game, directory, blueprint = made
    for name in (CENTRES, SHARES):
        shutil.copy(directory / name, tmp_path / name)
    about = json.loads((directory / ABOUT).read_text())
    del about["second_digest"]  # as an earlier version wrote it
    (tmp_path / ABOUT).write_text(json.dumps(about))
    assert load_blueprint(game, tmp_path).digest == blueprint.digest


def test_another_runs_state_is_refused(made):
    game, directory, _ = made
    for change, text in (
        ({"seed": 4}, "seed must be 3"), ({"deals": 65}, "deals must be 64"), ({"iterations": 39}, "iterations must be"),
        ({"bets": "50%"}, "bets must be None as in .*, got '50%'"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"trainer\.{text}"):
            BlueprintRun(game, settings(**change), directory)
    with pytest.raises(ValueError, match="game must be that of"):
        BlueprintRun(replace(game, betting=replace(game.betting, stack=60)), settings(), directory)


def test_the_menu_is_the_games_own_where_there_is_no_other():
    bare = game_of("heads_up_no_limit")
    chosen = MCCFRConfig(bets="100%,a", raises="100%,a").abstract(bare)
    assert {label.split()[0] for label in chosen.bets.labels[1:]} == {"fold", "check", "call", "bet", "raise", "all-in", "deal"}
    assert len(chosen.bets.player) == 3841
    state = bare.child(bare.root, bare.action(bare.root, "raise 300"))
    assert chosen.locate(state) is not None
    assert chosen.locate(bare.child(bare.root, bare.action(bare.root, "raise 310"))) is None
    assert MCCFRConfig().abstract(bare).key == replace(bare, any_amount=False).key
    smaller = Holdem(blinds=[50, 100], stack=20000, min_bet=100, bets="a", raises="100%,a", name="heads_up_no_limit").build()
    assert MCCFRConfig(bets="a").abstract(bare).key == smaller.key


def test_the_first_street_is_a_table_of_classes(made):
    game, _, blueprint = made
    rows = blueprint.first_street()
    classes = {game.hand_class(0, hand) for hand in range(len(game.hands))}
    assert {row["hands"] for row in rows} == classes
    root = [row for row in rows if row["line"] == rows[0]["line"]]
    assert len(root) == len(classes)
    hand = next(h for h in range(len(game.hands)) if game.hand_class(0, h) == root[0]["hands"])
    assert [root[0][action.text] for action in game.actions(game.root)] == blueprint.at(game.root)[:, hand].tolist()


def test_the_command_trains_and_resumes(monkeypatch, tmp_path, capsys):
    directory = f"hydra.run.dir={tmp_path}"
    assert timebank(monkeypatch, *COMMAND, "trainer.iterations=20", directory) == 0
    result = result_of(tmp_path)
    assert result["status"] == "complete"
    assert [row["iteration"] for row in result["history"]] == [16, 20]
    assert result["blueprint"]["exploitability"]["exact"]
    assert result["traversals"] == 2 * 20 * 64
    assert (tmp_path / "first_street.csv").is_file()
    assert list((tmp_path / "tensorboard").iterdir())
    assert re.search(r"a blueprint of .*; making it takes about .* of memory and .* of disk, .* of which stay", capsys.readouterr().out)
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", "trainer.iterations=24") == 0
    assert [row["iteration"] for row in result_of(tmp_path)["history"]] == [16, 20, 24]


def test_other_commands_refuse_to_make_a_blueprint(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    line = refused(monkeypatch, capsys, "ablate", "game=ms2f1t1h5", "trainer=mccfr", "agent=network", "agent.think=true")
    assert line == "error: trainer must be one that trains networks here, got mccfr, which makes blueprints\n"


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (("game=kuhn_poker", "trainer=mccfr"), "game must be a game of hold'em for trainer=mccfr, got kuhn_poker"),
        (("game=turn_endgame", "trainer=mccfr"), "game must begin without public cards to be sampled, got 4"),
        (("game=heads_up_no_limit", "trainer=mccfr", "trainer.buckets=[2,2]"), "trainer.buckets must be one number in 1..65,536, or one"),
        (("game=heads_up_no_limit", "trainer=mccfr", "trainer.threads=4096"), "trainer.threads must be in 1.."),
        (("game=heads_up_no_limit", "trainer=mccfr", "trainer.bets=5"), "trainer.bets must be sizes such as 50%"),
        (("game=heads_up_no_limit", "trainer=mccfr", "trainer.pruned=1"), "trainer.pruned must be below 1"),
    ],
)
def test_bad_settings_are_refused(overrides, text, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert text in refused(monkeypatch, capsys, "train", *overrides)


def test_what_full_no_limit_takes_is_told_as_it_is():
    needs = MCCFRConfig(buckets=[10], bets="100%,a", raises="100%,a")
    needs = needs.bytes(needs.abstract(game_of("heads_up_no_limit")))
    boards = 2 * (1 + 1755 + 16_432 + 134_459) * 1326
    assert needs.most_disk - needs.disk == boards + 5 * needs.file  # the state, while it is written anew
    assert needs.disk == pytest.approx(6 * needs.file + 1755 * 1176 * 4 / 8, rel=0.02)  # flops in 4 bits, and centres
