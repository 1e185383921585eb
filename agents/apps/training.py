"""What training looks like from a command: progress, TensorBoard, result.json, the curve as a table and a figure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from agents.apps.run import Progress, Run
from agents.reporting.figures import plot_training
from agents.reporting.tables import duration, table, write_csv
from agents.training import POLICY_FILE, HistoryRow, SelfPlay, carry_on, open_run, tensorboard_writer

P = TypeVar("P")


def train_reported(
    fresh: Callable[[], SelfPlay[P]],
    directory: Path,
    result: Run,
    text: Callable[[float], str],
    strength: Callable[[float], dict[str, Any]],
    searched: int = 0,
) -> P:
    """Train with a progress bar; result.json always has the history so far, and compute in multiply-adds.

    Args:
        fresh: makes the run, before its first iteration.
        directory: of the training; a state that is there is resumed.
        result: of the command's run.
        text: how an exploitability in chips reads.
        strength: what result.json says of one.
        searched: iterations after which the policy is also kept, in ``searched_file``; 0 keeps the last one only.

    Returns:
        The last policy.
    """
    start = fresh()
    result.require_directory()  # the next lines would make a new one
    run = open_run(start, directory)
    progress = Progress("training", run.config.iterations, "it")

    def tell(iteration: int, history: list[HistoryRow]) -> None:
        result.require_directory()
        progress.at(iteration, f"exploitability {text(history[-1].exploitability)} at {history[-1].iteration:,}" if history else "")
        if len(history) != len(result.history):
            result.write(history=[_plain(row) for row in history])

    writer = tensorboard_writer(directory / "tensorboard")
    complain, threading.excepthook = threading.excepthook, _ignore_lost_files  # a full disk or a deleted directory is told below, once
    try:
        if run.iteration < searched < run.config.iterations:
            carry_on(run, directory, writer, tell, lambda: run.iteration >= searched)
        if 0 < run.iteration == searched:
            run.save_policy(searched_file(directory, searched))
        trained = carry_on(run, directory, writer, tell)
    finally:
        progress.close()
        with suppress(OSError):  # curves only; what else cannot be written is told
            writer.close()
        threading.excepthook = complain
    history = [_plain(row) for row in trained.history]
    alone = strength(history[-1]["exploitability"]) | {"exact": True}
    result.write(history=history, checkpoint=str(directory / POLICY_FILE), network_exploitability=alone)
    write_csv(directory / "training.csv", history)
    title = f"{result.result['game']}, Deep CFR, network alone"
    plot_training(history, title, [directory / f"training.{kind}" for kind in ("png", "svg")])
    return trained.policy


def searched_file(directory: Path, searched: int) -> Path:
    """Return where a training keeps the policy that is searched: its last one if ``searched`` is 0."""
    return directory / (f"policy_{searched}.safetensors" if searched else POLICY_FILE)


def searched_kept(directory: Path, searched: int, iterations: int) -> int:
    """Return after how many iterations the policy to be searched was kept; 0 is the last one, also of shorter trainings.

    Older versions kept none: of theirs the last one is searched, and a line says so.
    """
    if not 0 < searched < iterations:
        return 0
    if not searched_file(directory, searched).is_file():
        print(f"training was past iteration {searched} when its network was first asked for, so the last one is searched", flush=True)
        return 0
    return searched


def searched_row(history: list[dict[str, Any]], searched: int) -> dict[str, Any] | None:
    """Return the row of a training history that is of the policy searched; None without a history."""
    return next((row for row in history if row["iteration"] == searched), history[-1] if history else None)


def _ignore_lost_files(arguments: threading.ExceptHookArgs) -> None:
    """Say nothing of files that TensorBoard's thread can no longer write."""
    if not issubclass(arguments.exc_type, OSError):
        threading.__excepthook__(arguments)


def training_table(history: list[dict[str, Any]], text: Callable[[float], str]) -> str:
    """Return the training curve as a table."""
    heads = ["iteration", "time", "multiply-adds", "exploitability"]
    rows = [[str(r["iteration"]), duration(r["seconds"]), f"{r['compute']:.2e}", text(r["exploitability"])] for r in history]
    return table(heads, rows)


def _plain(row: HistoryRow) -> dict[str, float]:
    entries = asdict(row)
    return {"compute": entries.pop("multiply_adds"), **entries}
