"""``timebank report``: a run as one page of HTML that opens without a network."""

from __future__ import annotations

import sys
from pathlib import Path

from agents.apps.errors import fail
from agents.apps.output import say
from agents.page.report import report_html
from agents.reporting.tables import write_text
from games.settings import shown

USAGE = """timebank report: write a run as one page of HTML.

Usage:
  timebank report RUN

RUN is the directory of a run of any command. Its figures, tables and facts become RUN/report.html, which opens without a network."""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if any(argument in ("--help", "-h") for argument in arguments):
        say(USAGE)
        return
    if len(arguments) != 1:
        fail(f"report must be given the directory of one run, got {len(arguments) or 'no'} arguments")
    directory = Path(arguments[0])
    if not directory.is_dir():
        fail(f"run must be a directory with the result.json of a run, got {shown(arguments[0])}")
    try:
        written = directory / "report.html"
        write_text(written, report_html(directory))
    except ValueError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{directory} must be a directory that can be written, got {error.strerror or error}", 1)
    say(str(written))


if __name__ == "__main__":
    main(sys.argv[1:])
