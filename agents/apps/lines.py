"""From an ablation's settings to the lines that are measured, and what their blueprints cost."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from agents.apps.build import REFERENCES, STILL, TRAINED, Kind, Lines, agents_of, build_budgets, build_pool, line_budgets, untrained
from agents.apps.config import AblateConfig, AgentConfig
from agents.apps.off_tree import off_tree_agent
from agents.apps.run import Run
from agents.blueprint import BlueprintAgent
from agents.evaluation.report import COMPUTE
from agents.reporting.tables import Row
from search import Variant


class Blueprints(NamedTuple):
    """Blueprints, and what they cost.

    Attributes:
        made: by key.
        curve: rows with ``compute`` and ``exploitability``: what blueprints cost against what they are worth.
        own: of the curve, the row of the network that is searched; None without one.
        unit: of ``compute``.
    """

    made: dict[str, Any]
    curve: list[Row]
    own: Row | None
    unit: str

    @property
    def unique(self) -> list[Any]:
        """Each blueprint once."""
        return list({blueprint.name: blueprint for blueprint in self.made.values()}.values())

    def cost(self, kind: Kind, line: str, lines: Lines) -> Row | None:
        """Return what the blueprint of a line cost; None where that is not known, and for references."""
        if line in REFERENCES:
            return None
        blueprint = lines[line][0].blueprint
        sized = blueprint is not None and self.unit == kind.size_unit
        value = self.own["compute"] if self.own else kind.size(blueprint) if sized else None
        return None if value is None else {"value": value, "unit": self.unit}


def notes(config: AblateConfig, arguments: Sequence[str]) -> Iterator[str]:
    """Yield a line for what was typed and what a user may take it to mean, where it means something else.

    Args:
        config: the settings.
        arguments: as typed after the command.
    """
    keys = [argument.lstrip("+~").partition("=")[0] for argument in arguments]
    groups = {key.split(".")[0] for key in keys}
    if groups & {"game", "agent"} and not groups & {"experiment", "lines", "resume"} and "agent" not in keys:
        given = "game and agent are" if {"game", "agent"} <= groups else "game is" if "game" in groups else "agent is"
        yield f"experiment=leduc, its lines and its short training are left out where {given} given (experiment=leduc takes them)"
    trains = untrained(config.agent) or any(agent.values == TRAINED for agent in settings(config).values())
    for key in dict.fromkeys(keys):
        group, _, name = key.partition(".")
        if group in ("trainer", "searched_iterations") and not trains:
            yield f"{key} changes nothing, since nothing is trained here (agent.checkpoint={TRAINED} trains a network)"
        if group == "agent" and config.lines and all(name in line for line in config.lines.values()):
            yield f"{key} changes nothing, since every line has a {name} of its own (lines.<name>.{name})"


@contextmanager
def errors_of(name: str, line: Container[str]) -> Iterator[None]:
    """Let errors name keys of ``lines.<name>`` where the line sets them, keys of ``agent`` else."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        key = re.match(r"agent\.(\w+)", text)
        raise ValueError(f"lines.{name}.{text.removeprefix('agent.')}" if key and key[1] in line else text) from None


def settings(config: AblateConfig) -> dict[str, AgentConfig]:
    """Return each line's agent; without lines that of the command line."""
    return agents_of(config) or {"blueprint": config.agent}


def with_values(config: AblateConfig, kind: Kind, directory: Path, result: Run) -> AblateConfig:
    """Return the settings with the file of the value network that is trained in the run, where a line's searches want it."""
    if all(agent.values != TRAINED for agent in settings(config).values()):
        return config
    from agents.apps.values import train_values_and_report

    path = str(train_values_and_report(kind, config.trainer, directory / "training", result, build_pool(config.executor)))
    agent = replace(config.agent, values=path) if config.agent.values == TRAINED else config.agent
    lines = {
        name: {key: path if (key, value) == ("values", TRAINED) else value for key, value in line.items()}
        for name, line in config.lines.items()
    }
    return replace(config, agent=agent, lines=lines)


def trained(config: AblateConfig, kind: Kind, directory: Path, result: Run) -> Blueprints:
    """Return the network, trained or found in the run's directory or read from a checkpoint, and the training curve."""
    from agents.apps.training import train_and_report

    learned = None
    if untrained(config.agent):
        learned = train_and_report(kind, config.trainer, directory / "training", result, config.searched_iterations)
    checkpoint = learned.checkpoint if learned else Path(str(config.agent.checkpoint))
    blueprint, history = kind.network(checkpoint, directory / "blueprints" / "network")
    if learned:
        history = result.history  # which goes on beyond the policy searched
    result.write(history=history)
    own = learned.row(history) if learned else history[-1] if history else None
    keys = map(kind.blueprint_key, settings(config).values())
    return Blueprints(dict.fromkeys(keys, blueprint), history, own, COMPUTE)


def solved(config: AblateConfig, kind: Kind, variant: Variant, directory: Path) -> Blueprints:
    """Return every line's blueprint, made or found in the run's directory, and their sizes as a curve."""
    made: dict[str, Any] = {}
    for agent in settings(config).values():
        key = kind.blueprint_key(agent)
        if key not in made:
            made[key] = kind.blueprint(agent, variant, directory / "blueprints" / key, config.seed)
    if kind.size_unit is None:
        return Blueprints(made, [], None, COMPUTE)
    curve = [{"compute": b.size, "exploitability": b.exploitability, "seconds": b.seconds, "name": b.name} for b in made.values()]
    return Blueprints(made, curve, None, kind.size_unit)


def lines_of(config: AblateConfig, kind: Kind, variant: Variant, blueprints: Blueprints) -> Lines:
    """Return what is measured: each blueprint alone, each line that thinks, and the references."""
    lines: Lines = {}
    budgets = build_budgets(config.budgets, config.unit)
    if 0 in config.budgets or not config.agent.think:
        for blueprint in blueprints.unique:
            lines[kind.alone_name(config.agent, blueprint)] = BlueprintAgent(blueprint), [STILL]
    for name, agent in settings(config).items():
        if not agent.think:
            continue
        blueprint = blueprints.made[kind.blueprint_key(agent)]
        player = (
            kind.agent(agent, blueprint, variant) if config.off_tree_bets is None else off_tree_agent(config, agent, blueprint, variant)
        )
        if not player.thinks:
            lines[name] = player, [STILL]
        elif budgets:
            lines[name] = player, line_budgets(budgets, agent)
            kind.announce(name, agent, blueprint, len(lines[name][1]))
    if config.references:
        lines |= {name: (agent, own) for name, (agent, own) in kind.references(variant, budgets).items() if own}
    return lines
