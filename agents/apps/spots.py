"""``timebank spots``: the EV loss of an agent's or a program's answers to spots whose exact answers are known."""

from __future__ import annotations

import sys
from pathlib import Path

from agents.apps.build import SAMPLED, Kind, build_budgets, build_kind, build_variant, check_no_budget
from agents.apps.config import AgentConfig, SpotsConfig
from agents.apps.launch import launch
from agents.apps.measured import check_measured, measured
from agents.apps.output import say
from agents.apps.run import COMPILING, Progress, Run, compiling
from agents.reporting.tables import cores, counted, memory_text
from agents.yardstick.making import FILE, gap_rows, make_spots
from agents.yardstick.report import write_loss_report

MADE = {"river": 200, "turn": 100}  # spots that are made unless told otherwise


def spots_kind(config: SpotsConfig) -> Kind:
    """Return what is played, with any legal amount."""
    return build_kind(config.game, any_amount=True)


def check_no_limit(kind: Kind, agent: AgentConfig) -> None:
    """Refuse other games than whole no-limit hold'em of any amount, and agents without a sampled blueprint."""
    if kind.game.spiel is not None or kind.game.rounds != ("preflop", "flop", "turn", "river") or kind.game.amounts(kind.game.root) is None:
        raise ValueError(f"game must be whole no-limit hold'em of any amount (heads_up_no_limit), got {kind.game.name}")
    if agent.policy != SAMPLED:
        raise ValueError(f"agent.policy must be sampled, as agent=no_limit has it, got {agent.policy!r}")


def check(config: SpotsConfig, directory: Path) -> None:
    """Refuse bad values."""
    kind = spots_kind(config)
    check_no_limit(kind, config.agent)
    check_no_budget(config.agent, "budgets")
    with compiling():
        kind.check_agent(config.agent, build_variant(config, kind), cores())
    if config.rivers == 0 and config.turns == 0:
        raise ValueError("rivers and turns must leave a spot, got 0 of both")
    if config.make:
        for key in ("file", "program", "answers"):
            if (value := getattr(config, key)) is not None:
                raise ValueError(f"{key} must be left out where make=true draws a new set, got {value}")
    else:
        build_budgets(config.budgets, config.unit)
        check_measured(config, kind.game)


def run(config: SpotsConfig, directory: Path) -> None:
    """Make a set, or measure."""
    kind = spots_kind(config)
    with Run(directory, "spots", kind.game.name, config.seed, kind.notes) as result:
        if config.make:
            make(config, kind, directory, result)
            return
        rows = measured(config, kind, directory, result)
        say(write_loss_report(rows, f"{kind.game.name}, EV loss in spots {result.result['spots']['digest']}", directory))
        say(f"the opponent's equilibrium is taken for granted: docs/how-to/spots.md. {directory}")


def make(config: SpotsConfig, kind: Kind, directory: Path, result: Run) -> None:
    """Draw and solve a set; the directory keeps what there is of it, and the same command there goes on."""
    variant, counts = build_variant(config, kind), {"river": config.rivers, "turn": config.turns}
    wanted = {street: MADE[street] if count is None else count for street, count in counts.items()}
    blueprint = kind.blueprint(config.agent, variant, directory, config.seed)
    with Progress("drawing and solving", sum(wanted.values()), "spot", COMPILING) as progress:
        made = make_spots(
            kind.game,  # type: ignore[arg-type]  # it is hold'em
            blueprint, variant, wanted, config.seed, directory,
            lambda done, spot, answer: progress.at(done, f"{spot.street}, solved to {100 * answer.gap:.2g} % of the pot"),
        )  # fmt: skip
    streets, size = gap_rows(made), (directory / FILE).stat().st_size
    result.write(spots={"digest": made.digest, "bytes": size, "blueprint": made.blueprint, "streets": streets})
    for row in streets:
        say(f"{counted(row['spots'], row['street'])}, solved to {100 * row['largest_gap']:.2g} % of the pot or less")
    say(f"{directory / FILE}: {memory_text(size)}, digest {made.digest}")


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("spots", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
