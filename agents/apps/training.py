"""What training looks like from a command: progress, TensorBoard, result.json, the curve as a table and a figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch

from agents.apps.run import Progress, Run
from agents.figures import plot_training
from agents.report import duration, table, write_csv
from agents.training import POLICY_FILE, HistoryRow, SelfPlay, carry_on, open_run, tensorboard_writer

P = TypeVar("P")


def train_reported(
    fresh: Callable[[], SelfPlay[P]],
    directory: Path,
    result: Run,
    text: Callable[[float], str],
    strength: Callable[[float], dict[str, Any]],
) -> P:
    """Train with a progress bar; result.json always has the history so far, and compute in multiply-adds.

    Args:
        fresh: makes the run, before its first iteration.
        directory: of the training; a state that is there is resumed.
        result: of the command's run.
        text: how an exploitability in chips reads.
        strength: what result.json says of one.
    """
    torch.set_num_threads(1)  # the same bits on every machine; networks here are too small to gain from more
    start = fresh()
    result.require_directory()  # the next lines would make a new one
    run = open_run(start, directory)
    progress = Progress("training", run.config.iterations, "it")

    def tell(iteration: int, history: list[HistoryRow]) -> None:
        result.require_directory()
        progress.at(iteration, f"exploitability {text(history[-1].exploitability)}" if history else "")
        if len(history) != len(result.history):
            result.write(history=[_plain(row) for row in history])

    writer = tensorboard_writer(directory / "tensorboard")
    try:
        trained = carry_on(run, directory, writer, tell)
    finally:
        progress.close()
        writer.close()
    history = [_plain(row) for row in trained.history]
    alone = strength(history[-1]["exploitability"]) | {"exact": True}
    result.write(history=history, checkpoint=str(directory / POLICY_FILE), network_exploitability=alone)
    write_csv(directory / "training.csv", history)
    title = f"{result.result['game']}, Deep CFR, network alone"
    plot_training(history, title, [directory / f"training.{kind}" for kind in ("png", "svg")])
    return trained.policy


def training_table(history: list[dict[str, Any]], text: Callable[[float], str]) -> str:
    """Return the training curve as a table."""
    heads = ["iteration", "time", "multiply-adds", "exploitability"]
    rows = [[str(r["iteration"]), duration(r["seconds"]), f"{r['compute']:.2e}", text(r["exploitability"])] for r in history]
    return table(heads, rows)


def _plain(row: HistoryRow) -> dict[str, float]:
    entries = asdict(row)
    return {"compute": entries.pop("multiply_adds"), **entries}
