"""The directive ``settings``: tables of all keys, from the settings dataclasses and the YAML files in conf/."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf
from sphinx.util.docutils import SphinxDirective

from agents.apps.cli import COMMANDS
from agents.apps.config import register
from agents.apps.help import allowed, meanings, summary_of

CONF = Path(__file__).parents[2] / "conf"
HEADS = "| key | type | default | values | meaning |\n|---|---|---|---|---|\n"


@cache
def registered() -> dict[str, Any]:
    """Return all that the commands register with Hydra."""
    for command in COMMANDS:
        register(command)
    return ConfigStore.instance().repo


def schemas(group: str | None) -> dict[str, type]:
    """Return the schemas of a group, or of the commands, by name."""
    found = registered() if group is None else registered().get(group, {})
    return {
        name.removesuffix("_schema.yaml"): OmegaConf.get_type(entry.node)
        for name, entry in sorted(found.items())
        if name.endswith("_schema.yaml")
    }


def keys(schema: type, composed: Path, inside: str = "") -> Iterator[str]:
    """Yield a row of the table for each field, and for those of a plain dataclass that is one.

    Args:
        schema: the settings class.
        composed: a YAML file whose values and groups stand before the class's own, where there is one.
        inside: what stands before the keys.
    """
    told, given = meanings(schema), OmegaConf.load(composed) if composed.is_file() else {}
    groups = {key: value for entry in given.get("defaults", []) if not isinstance(entry, str) for key, value in entry.items()}
    for field in fields(schema):
        nested = type(field.default_factory()) if field.default_factory is not MISSING else object
        if (
            is_dataclass(nested)
            and not any(is_dataclass(type(value)) for value in vars(nested()).values())
            and not (CONF / field.name).is_dir()
        ):
            yield from keys(nested, composed, f"{inside}{field.name}.")
        elif field.name != "command":
            group = (CONF / field.name).is_dir()
            kind = f"[group](#{field.name})" if group else f"`{field.type}`".replace(" | ", " or ")
            value = f"`{groups[field.name]}`" if field.name in groups else "" if group else default(field, given)
            meaning = told.get(field.name, "").replace("|", "\\|")
            yield f"| `{inside}{field.name}` | {kind} | {value} | {allowed(field)} | {meaning} |"


def default(field: Field[Any], given: Any) -> str:
    """Return a field's default as it is typed."""
    value = field.default if field.default is not MISSING else field.default_factory() if field.default_factory is not MISSING else "???"
    value = given.get(field.name, value)
    if value == "???":
        return "must be given"
    if value is None or value in ({}, []):
        return "none"
    if is_dataclass(value):
        return "see there"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


def first_comment(path: Path) -> str:
    """Return the comment at the head of a YAML file."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("# @package")]
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    return " ".join(comment)


def options(group: str) -> Iterator[str]:
    """Yield a row for each YAML file of a group."""
    for path in sorted((CONF / group).glob("*.yaml")):
        yield f"| `{group}={path.stem}` | {first_comment(path)} |"


def text(group: str | None) -> str:
    """Return the Markdown of a group, or of the commands."""
    parts = []
    if group is not None:
        parts.append("| option | what it is |\n|---|---|\n" + "\n".join(options(group)))
    for name, schema in schemas(group).items():
        rows = "\n".join(keys(schema, CONF / f"{name}.yaml" if group is None else CONF / str(group) / "none"))
        title = f"**{summary_of(schema)}**" if group is None else f"**Keys of {name}.** {summary_of(schema)}"
        parts.append(f"{title}\n\n{HEADS}{rows}" if rows else title.replace("Keys of", "No keys of"))
    return "\n\n".join(parts).replace("``", "`")


class Settings(SphinxDirective):
    """``settings``: without an argument the commands' keys, with one a group's options and keys."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the tables."""
        self.env.note_dependency(__file__)
        return self.parse_text_to_nodes(text(self.arguments[0] if self.arguments else None))


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("settings", Settings)
    return {"parallel_read_safe": True}
