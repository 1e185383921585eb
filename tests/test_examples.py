"""The examples: short, and their commands run as they are typed."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.running import HANG_SECONDS, ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
COMMANDS = [
    pytest.param(line, id=" ".join(line.split()[2:5]))
    for path in EXAMPLES
    for line in re.findall(r"^    (TIMEBANK_MODULES=.*)", path.read_text(), re.MULTILINE)
]
QUICK = {"ablate": ["sweeps=1", "references=false"]}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_names_its_command(path):
    text = path.read_text()
    assert len(text.splitlines()) < 60
    assert f"TIMEBANK_MODULES={path.stem} timebank " in text


@pytest.mark.long
@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_of_an_example_runs(line, tmp_path):
    setting, _, command, *overrides = shlex.split(line)
    name, _, modules = setting.partition("=")
    environment = {**os.environ, name: modules, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-P", "-m", f"agents.apps.{command}", *overrides, *QUICK.get(command, []), f"hydra.run.dir={tmp_path}"]
    folder = ROOT / "examples"
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "complete"
