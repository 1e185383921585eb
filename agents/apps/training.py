"""Training from a command: what is trained, what is refused before, and progress, TensorBoard, result.json, table and figure of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from agents.apps.build import infostates_of
from agents.apps.run import Progress, Run
from agents.apps.solve_holdem import free_memory, smaller_game, strength, strength_text
from agents.board_blueprint import tree_of
from agents.networks import NetworkPolicy, load_policy
from agents.reporting.figures import plot_training
from agents.reporting.tables import write_csv
from agents.training import POLICY_FILE, HistoryRow, check_state, open_run, tensorboard_writer, train
from games.game import PublicGame
from games.holdem.config import Bets
from games.holdem.rules import HoldemGame
from search.boards.infostates import BoardInfostates, training_bytes
from search.infostates import Infostates


class Trainable(NamedTuple):
    """A game as training takes it.

    Attributes:
        game: the rules.
        infostates: makes what is trained on.
        deep: the infostates' deep side, told before they are made.
        text: how an exploitability in chips reads.
        strength: what result.json says of one.
        memory: boards of a game that is large, and the bytes that training takes, about.
        notes: what of the game's settings was taken otherwise than written.
    """

    game: PublicGame[Any]
    infostates: Callable[[], Infostates]
    deep: str
    text: Callable[[float], str]
    strength: Callable[[float], dict[str, Any]]
    memory: tuple[int, int] = (0, 0)
    notes: tuple[str, ...] = ()


class Learned(NamedTuple):
    """A trained policy to be played or searched.

    Attributes:
        policy: itself.
        checkpoint: its file.
        iterations: after how many it was kept; 0 for the last one, also of shorter trainings.
    """

    policy: NetworkPolicy
    checkpoint: Path
    iterations: int

    def row(self, history: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the policy's row of a training history."""
        return next((row for row in history if row["iteration"] == self.iterations), history[-1])


def trainable(settings: Any) -> Trainable:
    """Return the game of some settings."""
    holdem = isinstance(settings, Bets)
    if holdem:
        game = settings.build()
        texts = partial(strength_text, game), partial(strength, game)
        return Trainable(game, partial(_board_infostates, game), BoardInfostates.deep, *texts, training_bytes(game), game.notes)
    seen = infostates_of(settings.game_string())
    return Trainable(seen.game, lambda: seen, seen.deep, lambda e: f"{e:.4g} chips", lambda e: {"value": e, "unit": "chips"})


def _board_infostates(game: HoldemGame) -> Infostates:
    return BoardInfostates(game, tree_of(game))


def check_training(game: Any, trainer: Any, directory: Path) -> None:
    """Refuse a game that no network can see or that does not fit into memory, and another run's state."""
    found, free = trainable(game), free_memory()
    boards, needed = found.memory
    if needed > 0.9 * free:
        raise ValueError(
            f"game must fit into memory to be trained on ({free / 1e9:.3g} GB are free), got about {needed / 1e9:.2g} GB for "
            f"{boards:,} boards: {smaller_game(game.build())}"
        )
    check_state(directory, found.game.key, trainer.filled(found.deep))


def train_and_report(game: Any, trainer: Any, directory: Path, result: Run, searched: int = 0) -> Learned:
    """Train with a progress bar; result.json always has the history so far, and compute in multiply-adds.

    Args:
        game: settings of the game.
        trainer: settings of the training.
        directory: of the training; a state that is there is resumed.
        result: of the command's run.
        searched: iterations after which the policy is kept that is returned; 0 for the last one. Where an older version's training was past
            it, the last one is taken, and a line says so.
    """
    found = trainable(game)
    new = trainer.start(found.infostates())
    result.require_directory()  # the next lines would make a new one
    run = open_run(new, directory)
    progress = Progress("training", run.config.iterations, "it")

    def tell(iteration: int, history: list[HistoryRow]) -> None:
        result.require_directory()
        last = f"exploitability {found.text(history[-1].exploitability)} at {history[-1].iteration:,}" if history else ""
        progress.at(iteration, last)
        if len(history) != len(result.history):
            result.write(history=[_plain(row) for row in history])

    earlier = directory / f"policy_{searched}.safetensors"
    writer = tensorboard_writer(directory / "tensorboard")
    complain, threading.excepthook = threading.excepthook, _ignore_lost_files  # a full disk or a deleted directory is told below, once
    try:
        if run.iteration < searched < run.config.iterations:
            train(run, directory, writer, tell, lambda: run.iteration >= searched)
        if 0 < run.iteration == searched:
            run.save_policy(earlier)
        trained = train(run, directory, writer, tell)
    finally:
        progress.close()
        with suppress(OSError):  # curves only; what else cannot be written is told
            writer.close()
        threading.excepthook = complain
    history = [_plain(row) for row in trained.history]
    alone = found.strength(history[-1]["exploitability"]) | {"exact": True}
    result.write(history=history, checkpoint=str(directory / POLICY_FILE), network_exploitability=alone)
    write_csv(directory / "training.csv", history)
    title = f"{result.result['game']}, Deep CFR, network alone"
    plot_training(history, title, [directory / f"training.{kind}" for kind in ("png", "svg")])
    if not 0 < searched < run.config.iterations:
        return Learned(trained.policy, directory / POLICY_FILE, 0)
    if not earlier.is_file():
        print(f"training was past iteration {searched} when its network was first asked for, so the last one is searched", flush=True)
        return Learned(trained.policy, directory / POLICY_FILE, 0)
    return Learned(load_policy(earlier, trained.policy.infostates), earlier, searched)


def _ignore_lost_files(arguments: threading.ExceptHookArgs) -> None:
    """Say nothing of files that TensorBoard's thread can no longer write."""
    if not issubclass(arguments.exc_type, OSError):
        threading.__excepthook__(arguments)


def _plain(row: HistoryRow) -> dict[str, Any]:
    entries = asdict(row)
    return {"compute": entries.pop("multiply_adds"), **entries}
