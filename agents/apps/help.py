"""What ``timebank COMMAND --help`` prints: examples, then every key with its default, its values and its meaning.

A key's meaning is what the docstring of its settings class says of the field, and nothing else: docs/reference/keys.md is made from the
same functions. Groups and experiments that a command cannot use are left out.
"""

from __future__ import annotations

import inspect
import math
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from typing import Any, NamedTuple

from omegaconf import DictConfig, ListConfig, OmegaConf

from agents.apps.cli import COMMANDS
from agents.apps.compose import CONF, groups_of, layered
from agents.apps.config import AgentConfig
from agents.apps.directory import RESUMABLE
from agents.apps.settings_file import COMMANDS as TAKING_FILES
from games.settings import MOST, Bounds

NARROWEST, WIDEST, COLUMN = 60, 140, 34  # of lines, in characters; where meanings begin
CLIENT = ("agent=acpc", "agent.host", "agent.port", "agent.wait_seconds")  # of a match alone
STARTS = (  # of train alone
    "trainer=start_values", "trainer=expert_iteration", "experiment=river_values", "experiment=turn_values", "experiment=no_limit_policy",
)  # fmt: skip
UNUSED = {  # keys and options of groups that a command has, and has no use for
    "ablate": ("agent.bot", "agent.budget", "agent=bot", *CLIENT, *STARTS),
    "match": STARTS,
    "play": ("agent.bot", "agent.budget", "agent=bot", *CLIENT),
    "bot": ("agent.budget", *CLIENT),
    "spots": ("agent.bot", "agent.budget", "agent=bot", *CLIENT),
    "analyse": ("agent.bot", "agent.budget", "agent=bot", *CLIENT),
}
SPOT = (
    'game=spot game.board=Td9d6hQc \'game.ranges=["66+,A8s+,KQo","QQ-22,AQs-A2s"]\' game.pot=200 game.stack=900 '
    "'game.bets=\"60%,a\"' 'game.raises=\"75%,a\"'"
)
EXAMPLES = {
    "solve": (
        "game=leduc_poker budget.iterations=1000 save=true",
        f"{SPOT} budget.exploitability=0.2",
        "-m game=kuhn_poker,leduc_poker search=cfr,dcfr,default budget.iterations=100",
    ),
    "train": ("game=leduc_poker seed=1", "game=ms3f1t1r1h5 trainer.iterations=64", "-m game=leduc_poker seed=1,2,3"),
    "ablate": (
        "experiment=leduc",
        "game=leduc_poker agent.checkpoint=policy.safetensors 'budgets=[0,0.001,0.1]'",
        "game=ms3f1t1r1h5 agent=street '+lines.turn={solve_from: turn, gadget: refined}' 'budgets=[0,0.1]'",
    ),
    "analyse": ("file=hands.phhs", "file=hands.phhs seat=1 budget.seconds=3 worst=20"),
    "web": ("port=8765", "runs=experiments seed=1", "host=0.0.0.0 port=8080"),
    "match": (
        "agent@agents.a=search agent@agents.b=network budget.seconds=0.01 hands=2000",
        "agent@agents.b=bot agents.b.bot=uniform_random +agent@agents.c=tabular hands=2000",
        "experiment=time_match",
        "game=heads_up_no_limit agent@agents.b=acpc agents.b.port=18791 hands=3000",
    ),
    "play": (
        "agent.think=true budget.seconds=1",
        "game=heads_up_no_limit",
        "game=ms2f1t1h5 agent.iterations=40 agent.think=true agent.solve_from=flop+turn budget.seconds=0.3",
        f"{SPOT} agent.iterations=100",
    ),
    "bot": (
        "agent=no_limit protocol=acpc host=127.0.0.1 port=18791",
        "agent=bot agent.bot=check_call port=18791",
        "agent=no_limit protocol=text",
    ),
    "spots": (
        "agent=no_limit 'budgets=[0.001,0.01,0.1,1]'",
        "program='./my_engine --flag' 'budgets=[0.1]' rivers=50 turns=0",
        "make=true seed=1 rivers=20 turns=10",
    ),
}
FILE = "\nFile: a YAML file of keys before the overrides, which win: docs/how-to/solve-a-spot.md. --cfg file prints one."
END = """Flags: -m runs every combination of values with commas between; --cfg job prints the settings; --version; --hydra-help.
Directory: hydra.run.dir=DIR says where to write (hydra.sweep.dir with -m).{resume}
Text with commas or brackets goes in quotes inside the shell's: 'game.bets="60%,a"'. A value may be another key's: 'trainer.seed=${{seed}}'.
Chips are whole, but a spot's may be big blinds such as game.pot=5.5 (game.chip). Exploitability is NashConv / 2 in chips, whatever the pot.
More: docs/how-to/keys.md and docs/reference/keys.md. Powered by Hydra (https://hydra.cc)."""


def help_text(command: str, overrides: list[str]) -> str:
    """Return the help of a command.

    Args:
        command: its name.
        overrides: as typed beside ``--help``; keys are those of the groups that they choose.

    Raises:
        UsageError: bad overrides.
    """
    config, groups = layered(command, overrides), groups_of(command)
    examples = "\n".join(f"  timebank {command} {example}" for example in EXAMPLES[command])
    own = [entry for entry in entries(config) if entry.key.split(".")[0] not in groups and entry.key != "command"]
    parts = [f"timebank {command}: {COMMANDS[command]}.", f"Examples:\n{examples}"]
    parts.append(f"Keys, as they are set now. timebank {command} GROUP=OPTION --help explains the keys of another option.")
    parts.append("\n".join(entry.text() for entry in own))
    parts += [_group(group, command, config) for group in groups]
    more = f" resume=DIR goes on with a run of {command}." if command in RESUMABLE else ""
    more += FILE if command in TAKING_FILES else ""
    return "\n\n".join([*parts, END.format(resume=more)])


def fits(experiment: str, config: DictConfig) -> bool:
    """Say whether an experiment sets nothing but keys and groups that a command's settings have."""
    content: Any = OmegaConf.load(CONF / "experiment" / f"{experiment}.yaml")
    defaults = [key for entry in content.pop("defaults", []) if isinstance(entry, DictConfig) for key in entry]
    groups = {str(key).removeprefix("override ").lstrip("/") for key in defaults}
    names = {str(key) for key in content} | {group.rpartition("@")[2].split(".")[0] for group in groups}
    return names <= set(config)


class Entry(NamedTuple):
    """A key, or several of the same kind and meaning.

    Attributes:
        key: with what stands before it; of several keys the parts that differ stand in braces.
        value: as it is typed; None for a key of keys.
        meaning: with its values.
    """

    key: str
    value: str | None
    meaning: str

    def text(self) -> str:
        """Return the key, and beside it what it means."""
        head, indent = f"  {self.key}" + ("" if self.value is None else f"={self.value}"), " " * COLUMN
        first = f"{head}\n{indent}" if len(head) > COLUMN - 2 else head.ljust(COLUMN)
        return first + wrapped(self.meaning, indent).lstrip()


def entries(config: DictConfig, inside: str = "") -> Iterator[Entry]:
    """Yield what can be set of a settings class, and of those in it.

    Args:
        config: its settings as they are composed.
        inside: what stands before its keys.
    """
    schema: Any = OmegaConf.get_type(config)
    told, done = meanings(schema), set[str]()
    for field in fields(schema):
        node: Any = config._get_node(field.name)
        kind = OmegaConf.get_type(node)
        if field.name in done:
            continue
        if not (isinstance(kind, type) and is_dataclass(kind)):
            values, players = allowed(field), is_dataclass(node._metadata.element_type) if isinstance(node, DictConfig) else False
            yield Entry(inside + field.name, None if players else typed(node), told.get(field.name, "") + f" [{values}]" * bool(values))
            continue
        alike = [f.name for f in fields(schema) if told.get(f.name) == told.get(field.name) and config._get_node(f.name) == node]
        done |= set(alike)
        key = inside + (alike[0] if len(alike) == 1 else f"{{{','.join(alike)}}}")
        yield Entry(key, None, told.get(field.name) or summary_of(kind))
        yield from entries(node, f"{key}.")


def _group(group: str, command: str, config: DictConfig) -> str:
    """Return the help of a group: what is chosen, what can be, and the keys of what is chosen."""
    unused = UNUSED.get(command, ())
    options = [o for o in groups_of(command)[group] if f"{group}={o}" not in unused and (group != "experiment" or fits(o, config))]
    chosen = sorted(f"{key}={option}" for key, option in config.hydra.runtime.choices.items() if str(key).split("@")[0] == group)
    of_several = group not in config and group != "experiment"  # the players of a match
    node = OmegaConf.structured(AgentConfig) if of_several else config.get(group)
    meaning = "A file of settings; what is typed besides comes after it." if node is None else summary_of(OmegaConf.get_type(node))
    listed = [f"One of {', '.join(options)}."] if len(options) > 1 else []
    head = "\n".join([" ".join(chosen), *(wrapped(text, "  ") for text in (meaning, *listed))])
    prefix = f"{group}s.<name>." if of_several else f"{group}."
    keys = [] if node is None else entries(node, prefix)
    return "\n".join([head, *(e.text() for e in keys if not any(f"{e.key}.".startswith(f"{key}.") for key in unused))])


def wrapped(text: str, indent: str) -> str:
    """Return a text in lines as wide as the terminal, without a docstring's marks."""
    width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    return textwrap.fill(
        text.replace("`", ""), width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def typed(node: Any) -> str:
    """Return a value as it is typed."""
    if isinstance(node, ListConfig | DictConfig) and not node._is_none() and not node._is_interpolation():
        found = OmegaConf.to_container(node)
        return f"[{','.join(map(str, found))}]" if isinstance(found, list) else str(found)
    value = node._value()
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def summary_of(schema: Any) -> str:
    """Return the first paragraph of a class's docstring."""
    return " ".join(inspect.cleandoc(schema.__doc__ or "").split("\n\n")[0].split())


def meanings(schema: type) -> dict[str, str]:
    """Return what the docstrings of a dataclass and of those above it say of each field."""
    found: dict[str, str] = {}
    for one in reversed(schema.__mro__):
        section = re.search(r"Attributes:\n(.*?)(?:\n\s*\n|\Z)", inspect.cleandoc(one.__doc__ or ""), re.DOTALL)
        for entry in re.split(r"\n {4}(?! )", "\n" + section.group(1) if section else ""):
            names, colon, text = entry.partition(": ")
            if colon:
                found |= {name.strip(): " ".join(text.split()) for name in names.split(",")}
    return found


def allowed(field: Field[Any]) -> str:
    """Return the values that a field may have, empty where every number of at least 0 or every text may be one, and for mappings."""
    if str(field.type).startswith("dict"):  # what they hold has bounds of its own
        return ""
    bounds: Bounds = field.metadata.get("bounds", Bounds())
    if bounds.among:
        return ", ".join(f"`{value}`" for value in bounds.among)
    parts = [f"above {bounds.above:,}"] if bounds.above is not None else [f"from {bounds.least:,}"] if bounds.least else []
    parts += (
        [f"below {bounds.below:,}"] if bounds.below is not None else [f"to {bounds.most:,}"] if bounds.most not in (MOST, math.inf) else []
    )
    return "any number" if bounds.least == -math.inf else " ".join(parts + ([bounds.unit] if bounds.unit else []))
