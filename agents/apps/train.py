"""``timebank train``: self-play training of a policy network; a run that was interrupted goes on from its directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.apps.config import TrainConfig
from agents.apps.launch import launch
from agents.apps.run import Progress, Run
from agents.networks import NetworkPolicy
from agents.report import duration, plot_training, table, write_csv
from agents.training import train
from games import load_game


def check(config: TrainConfig) -> None:
    """Refuse bad values."""
    load_game(config.game.game_string())
    config.trainer.check()


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    with Run(directory, "train", config.game.game_string(), config.seed) as result:
        train_reported(config.game.game_string(), config.trainer, config.seed, directory, result)
        history = result.result["history"]
        heads = ["iteration", "time", "compute", "exploitability"]
        rows = [[str(r["iteration"]), duration(r["seconds"]), f"{r['compute']:.2e}", f"{r['exploitability']:.4f}"] for r in history]
        print(table(heads, rows))
        print(f"checkpoint: {result.result['checkpoint']}")


def train_reported(game: str, trainer: Any, seed: int, directory: Path, result: Run) -> NetworkPolicy:
    """Train with a progress bar; result.json always has the history so far."""
    trainer.seed = seed
    progress = Progress("training", trainer.iterations, "it")

    def tell(iteration: int, history: list[dict[str, Any]]) -> None:
        progress.at(iteration, f"exploitability {history[-1]['exploitability']:.3g} chips" if history else "")
        result.write(history=history)

    try:
        policy, history = train(game, trainer, directory, progress=tell)
    finally:
        progress.close()
    result.write(
        history=history,
        checkpoint=str(directory / "policy.safetensors"),
        exploitability={"value": history[-1]["exploitability"], "unit": "chips", "exact": True},
    )
    write_csv(directory / "training.csv", history)
    plot_training(history, f"{game}, Deep CFR, network alone", [directory / f"training.{kind}" for kind in ("png", "svg")])
    return policy


def main() -> None:
    """Run the command."""
    launch("train", check, run)


if __name__ == "__main__":
    main()
