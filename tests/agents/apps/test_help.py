"""``timebank COMMAND --help``: every key is explained by its docstring, and nothing is offered that the command cannot use."""

import re
import shlex
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import product

import pytest
from omegaconf import DictConfig, OmegaConf

from agents.apps import cli
from agents.apps.compose import compose, groups_of, layered
from agents.apps.config import AblateConfig, AgentConfig, register
from agents.apps.help import EXAMPLES, allowed, entries, fits, help_text, meanings, summary_of
from agents.apps.overrides import expanded
from tests.running import timebank


@cache
def shown(command, *overrides):
    register(command)
    return help_text(command, list(overrides))


def spelled_out(key):
    """Return the keys that one with braces stands for."""
    parts = [part.strip("{}").split(",") for part in re.findall(r"{[^}]*}|[^{}]+", key)]
    return {"".join(choice) for choice in product(*parts)}


def leaves(config, inside=""):
    for key in config:
        node = config._get_node(key)
        if isinstance(node, DictConfig) and is_dataclass(OmegaConf.get_type(node)):
            yield from leaves(node, f"{inside}{key}.")
        else:
            yield f"{inside}{key}"


COMMANDS = {name: text for name, text in cli.COMMANDS.items() if name not in ("report", "show")}  # which have no settings
GAMES = ("spot", "ms1f1", "libratus_endgame", "kuhn_poker", "liars_dice", "openspiel")


@pytest.mark.parametrize(
    ("command", "overrides"), [*((command, ()) for command in COMMANDS), *(("solve", (f"game={game}",)) for game in GAMES)]
)
def test_every_key_is_explained(command, overrides):
    told = shown(command, *overrides)
    config = layered(command, list(overrides))
    unused = {"match": "-", "bot": r"agent\.(host|port|wait_seconds|budget\..*)"}.get(
        command, r"agent\.(bot|host|port|wait_seconds|budget\..*)"
    )
    known = {key for line in re.findall(r"^  ([\w.{},<>]+)=", told, re.MULTILINE) for key in spelled_out(line)}
    own = {key for key in leaves(config) if not re.fullmatch(rf"command|hydra\..*|agents|{unused}", key)}
    if command == "match":
        own |= {f"agents.<name>.{key}" for key in leaves(OmegaConf.structured(AgentConfig))}
    assert known == own
    for entry in entries(config):
        assert entry.key == "command" or entry.meaning.partition("[")[0].strip(), entry.key


@pytest.mark.parametrize("command", COMMANDS)
def test_each_meaning_is_that_of_the_docstring(command):
    config = layered(command, [])
    text = " ".join(shown(command).split())
    for node in (config, *(config[group] for group in groups_of(command) if group in config)):
        schema = OmegaConf.get_type(node)
        told = meanings(schema)
        for field in fields(schema):
            groups = {*groups_of(command), "command"}
            if field.name in groups or is_dataclass(OmegaConf.get_type(node._get_node(field.name))):
                continue
            meaning = told[field.name].replace("`", "")
            assert not meaning.lower().startswith("see "), field.name
            assert meaning in text or field.name in ("bot", "host", "port", "wait_seconds")
        assert node is config or summary_of(schema).replace("`", "") in text


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_examples_come_first_and_can_be_typed(command):
    lines = shown(command).splitlines()
    assert lines[0] == f"timebank {command}: {COMMANDS[command]}."
    assert lines[2:][: 1 + len(EXAMPLES[command])] == ["Examples:", *(f"  timebank {command} {example}" for example in EXAMPLES[command])]
    for example in EXAMPLES[command]:
        given = shlex.split(example)
        for overrides in expanded(given[1:]) if given[0] == "-m" else [given]:
            compose(command, overrides)


def test_what_a_command_cannot_use_is_not_offered():
    assert {command for command in COMMANDS if "\ntrainer=" in shown(command)} == {"train", "ablate", "match"}
    assert {command for command in COMMANDS if "\nexecutor=" in shown(command)} == {"ablate", "match", "solve", "train"}
    assert {command for command in COMMANDS if "\nagent" in shown(command)} == {"ablate", "match", "play", "bot", "analyse", "spots"}
    assert "agent.budget" not in shown("play") + shown("ablate") + shown("bot") + shown("spots")
    assert "resume=DIR" not in shown("play") + shown("solve") + shown("bot")
    assert {command for command in COMMANDS if "One of acpc, " in shown(command)} == {"match"}
    configs = {command: layered(command, []) for command in ("ablate", "match")}
    experiments = groups_of("match")["experiment"]
    usable = {command: {e for e in experiments if fits(e, config)} for command, config in configs.items()}
    both = {"none", "leduc_sampled", "ms3_policy", "river_values", "turn_values", "no_limit_policy"}  # these say only how to train
    assert usable["ablate"] & usable["match"] == both
    assert {command for command in COMMANDS if "start_values" in shown(command)} == {"train"}
    assert {command for command in COMMANDS if "river_values" in shown(command)} == {"train"}
    assert usable["ablate"] | usable["match"] == set(experiments)
    assert {"gadget_match", "time_match", "time_match_holdem"} <= usable["match"]
    assert "leduc_gadgets" in shown("ablate")
    assert "gadget_match" not in shown("ablate")


def test_help_of_bad_overrides_is_one_line(monkeypatch, capsys):
    assert timebank(monkeypatch, "solve", "--help", "game=spott") == 2
    assert "did you mean spot?" in capsys.readouterr().err


def test_lines_are_as_wide_as_the_terminal(monkeypatch):
    register("play")
    for columns in (60, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        body = help_text("play", []).partition("\n\nKeys")[2].partition("\n\nFlags")[0].splitlines()[2:]
        assert max(map(len, body)) <= columns


def test_a_mapping_has_no_values_of_its_own():
    """Any number is allowed in ``lines``, which are checked as agents are: help must not say so."""
    assert allowed(next(field for field in fields(AblateConfig) if field.name == "lines")) == ""
