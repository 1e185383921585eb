import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, timebank

README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").rglob("*.md"))
SCRIPT, HOLDEM = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
MADE_ANEW = ("api",)  # pages that `make docs` writes


def run(script, directory):
    """Run a script as a user does, and return what it prints."""
    (directory / "script.py").write_text(script)
    environment = {
        "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
        "HOME": str(Path.home()),
        "OMP_NUM_THREADS": "1",
    }  # beside others, threads wait for each other
    done = subprocess.run([sys.executable, "script.py"], cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def for_holdem():
    """Return the script with hold'em's lines in the place of those that make the agents."""
    first, last = SCRIPT.index("    blueprint ="), SCRIPT.index("    lines =")
    return SCRIPT[:first] + HOLDEM + SCRIPT[last:]


SCRIPTS = {"leduc": (SCRIPT, "iterations=128"), "holdem": (for_holdem(), '"default_holdem"), 40')}


@pytest.mark.parametrize(("script", "training"), SCRIPTS.values(), ids=SCRIPTS)
def test_the_library_script_runs_and_is_short(script, training, tmp_path):
    assert len([line for line in SCRIPT.splitlines() if line.strip()]) <= 15
    # The same script with less training, one thinking time and one draw: what it prints is not what is tested here.
    quick = script.replace("sweeps=3", "sweeps=1").replace("(0.001, 0.01)", "(0.001,)")
    assert training in quick
    quick = quick.replace(training, re.sub(r"\d+$", "2", training))
    assert "alone" in run(quick, tmp_path)
    assert (tmp_path / "run" / "ablation.png").stat().st_size > 0


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page):
    text = page.read_text()
    for path in re.findall(r"`((?:agents|games|search|docs|benchmarks|tests|conf)/[\w/.]+\.\w+)`", text):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"\]\((?!https?:)([\w./-]+)", text):  # `make docs` checks the places within pages
        target = (page.parent / path).resolve()
        assert target.is_file() or target.parent.name in MADE_ANEW, path
    for command in re.findall(r"python (benchmarks/\w+\.py)", text):
        assert (ROOT / command).is_file(), command


def commands():
    """Return every command that a page shows as it is typed; not those with something left out, or with files of an earlier run."""
    found = {}
    for page in (ROOT / "README.md", *PAGES):
        text = page.read_text().replace("\\\n", " ")
        blocks = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
        inline = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        shown = re.findall(r"^(?:TIMEBANK_MODULES=(\S+) )?timebank ([a-z-].*)", blocks, re.MULTILINE)
        for modules, line in [*shown, *(("", line) for line in re.findall(r"`timebank ([a-z-][^`\n]*)`", inline))]:
            arguments = shlex.split(line, comments=True)
            if not any(a in ("…", "-m", "<command>") or a.startswith(("resume=", "load=", "salt=<")) for a in arguments):
                found[" ".join(arguments)] = modules, arguments
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("modules", "arguments"), commands().values(), ids=commands())
def test_every_command_of_a_page_is_accepted(modules, arguments, monkeypatch, capsys):
    monkeypatch.setenv("TIMEBANK_MODULES", modules)
    monkeypatch.syspath_prepend(ROOT / "examples")
    given = [argument.replace("…", "x").replace("<date>_<time>", "x") for argument in arguments]
    assert timebank(monkeypatch, *given, "--cfg", "job") == 0, capsys.readouterr().err


def test_the_figures_of_the_readme_are_those_of_the_results():
    results = set(re.findall(r"\d[\d,.]*\d", (ROOT / "docs" / "results.md").read_text()))
    table = [line.split("|") for line in README.splitlines() if re.match(r"\| (Leduc|Liar|`ms3|`holdem5)", line)]
    assert 5 <= len(table) <= 8
    for _, name, alone, short, long, factor, published, _, _ in table:
        for figure in re.findall(r"\d[\d,.]*\d", f"{alone} {short} {long} {factor.partition(':')[2]} {published}"):
            assert figure in results, (name, figure)


def test_nothing_is_left_to_fill_in():
    for page in (ROOT / "README.md", *PAGES):
        assert not re.search(r"@[A-Z]+@|TODO|TBD", page.read_text()), page
    assert len(README.splitlines()) <= 130
