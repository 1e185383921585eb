"""The console command: ``timebank <command> [overrides]``."""

from __future__ import annotations

import importlib
import sys

from agents.apps.errors import fail
from agents.apps.output import say
from agents.reporting.tables import version_text
from games.settings import nearest, shown

COMMANDS = {
    "solve": "solve a game within a budget",
    "show": "show decisions of a saved solution",
    "train": "train a policy network by self-play",
    "ablate": "measure strength against thinking time",
    "match": "play agents against each other",
    "play": "play against an agent yourself",
    "web": "play against agents in a browser and watch them think",
    "bot": "let an agent play at somebody else's table",
    "analyse": "say what an agent would have done in hands that were played, and what they cost",
    "report": "write a run as one page of HTML",
    "spots": "measure an agent's or a program's EV loss in spots whose answers are known",
}


def main() -> None:
    """Run one command."""
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name in ("help", "--help", "-h"):
        say("usage: timebank <command> [overrides]\n")
        say("\n".join(f"  {command:8} {text}" for command, text in COMMANDS.items()))
        say("\nOverrides are Hydra's, e.g. timebank solve game=kuhn_poker budget.iterations=1000. timebank <command> --help explains them.")
        return
    if name == "--version":
        say(version_text())
        return
    if name not in COMMANDS:
        fail(f"command must be one of {', '.join(COMMANDS)}, got {shown(name)}{nearest(name, COMMANDS)}")
    try:
        importlib.import_module(f"agents.apps.{name}").main(sys.argv[2:])
    except KeyboardInterrupt:  # before there was anything to keep
        raise SystemExit(130) from None
