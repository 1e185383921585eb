"""``timebank analyse``: what an agent would have done in hands that were played, and what the actions that were taken cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agents.apps.build import Kind, build_kind, build_variant, check_no_budget, enough_for
from agents.apps.config import AnalyseConfig
from agents.apps.launch import launch
from agents.apps.output import say
from agents.apps.player import SECOND
from agents.apps.run import LOADING, Progress, Run, compiling
from agents.apps.spots import check_no_limit
from agents.play.review import Reviewed, review_rows, reviewed, summary_rows
from agents.reporting.tables import Autosave, Row, cores, counted, table, write_csv
from games.holdem.phh import History, read_histories
from games.settings import shown
from search import Budget

MOST_BYTES = 200_000_000  # of a file


def check(config: AnalyseConfig, directory: Path) -> None:
    """Refuse bad values; every hand of the file is read."""
    kind = build_kind(config.game, any_amount=True)
    check_no_limit(kind, config.agent)
    if not config.agent.think:
        raise ValueError("agent.think must be true, got false: an agent that does not think has no values")
    check_no_budget(config.agent, "budget")
    _budget(config)
    with compiling():
        kind.check_agent(config.agent, build_variant(config, kind), cores())
    _histories(config, kind)


def _seats(config: AnalyseConfig) -> tuple[int, ...]:
    return (0, 1) if config.seat is None else (config.seat,)


def _budget(config: AnalyseConfig) -> Budget:
    given = config.budget.build()
    return enough_for(given if given.limited() else SECOND, config.agent)


def _histories(config: AnalyseConfig, kind: Kind) -> list[History]:
    """Return the hands of the file.

    Raises:
        ValueError: it cannot be read, has no hand with cards of a seat that is asked for, or has one that is not of the game.
    """
    path = Path(config.file)
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= MOST_BYTES else ""
    except UnicodeDecodeError:
        raise ValueError(f"file must be text, got {shown(config.file)}") from None
    except OSError as error:
        raise ValueError(f"file must be one that can be read, got {shown(config.file)}: {error.strerror}") from None
    if size > MOST_BYTES:
        raise ValueError(f"file must have at most {MOST_BYTES:,} bytes, got {size:,}")
    try:
        histories = list(read_histories(kind.game, text))  # type: ignore[arg-type]  # it is hold'em
    except ValueError as error:
        raise ValueError(f"file must be PHH of {kind.game.name}, got {shown(config.file)}: {error}") from None
    if not histories:
        raise ValueError(f"file must have a hand, got none in {shown(config.file)}")
    if all(history.hands[seat] is None for history in histories for seat in _seats(config)):
        who = "a player" if config.seat is None else f"seat {config.seat}"
        raise ValueError(f"file must have a hand with the cards of {who}, got unknown ones alone in {shown(config.file)}")
    return histories


def run(config: AnalyseConfig, directory: Path) -> None:
    """Ask the agent about every decision; what is known so far is written now and then, and when it ends early."""
    kind = build_kind(config.game, any_amount=True)
    variant, budget = build_variant(config, kind), _budget(config)
    with Run(directory, "analyse", kind.game.name, config.seed, kind.notes) as result:
        with compiling():
            histories = _histories(config, kind)
            agent: Any = kind.agent(config.agent, kind.blueprint(config.agent, variant, directory, config.seed), variant)
        decisions, hands = list[Reviewed](), 0

        def write() -> None:
            write_csv(directory / "decisions.csv", review_rows(decisions, agent))
            result.write(agent=agent.name, hands=hands, rows=summary_rows(decisions, agent))

        keeper = Autosave(write)
        with Progress("analysing", len(histories), "hand", LOADING) as progress:
            agent.load()
            try:
                for hands, history in enumerate(histories, 1):
                    for seat in _seats(config):
                        decisions += reviewed(agent, history, hands, seat, budget)
                    keeper.look()
                    progress.at(hands, counted(len(decisions), "decision"))
            finally:
                write()
        say(_text(decisions, agent, config.worst))
        say(f"every decision: {directory / 'decisions.csv'}")


def _text(decisions: list[Reviewed], agent: Any, worst: int) -> str:
    """Return what a person reads: a summary, and the costliest decisions."""
    heads = ["seat", "street", "decisions", "agent does the same", "with values", "cost, bb a decision"]
    rows = [[row["seat"], row["round"], str(row["decisions"]), f"{row['share']:.0%}", str(row["valued"]), _blinds(row["loss_blinds"])]
            for row in summary_rows(decisions, agent)]  # fmt: skip
    parts = [table(heads, rows)]
    costly = sorted((one for one in decisions if one.loss), key=lambda one: -(one.loss or 0.0))[:worst]
    if costly:
        parts.append("the costliest, by the agent's own values:")
        parts.append(
            table(
                ["hand", "street", "cards", "board", "taken", "best", "agent mostly", "cost, bb"],
                [_line(row) for row in review_rows(costly, agent)],
            )
        )
    else:
        parts.append("no decision has a cost: the agent searched in none of them, or none was worse than the best")
    return "\n\n".join(parts)


def _line(row: Row) -> list[str]:
    mostly = f"{row['favourite']} ({row['favourite_share']:.0%})"
    return [str(row["hand"]), row["round"], row["cards"], row["board"], row["action"], row["best"], mostly, _blinds(row["loss_blinds"])]


def _blinds(loss: float | None) -> str:
    return "-" if loss is None else f"{loss:.2f}"


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("analyse", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
