import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_library_script_runs_and_is_short(tmp_path):
    script = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    assert len([line for line in script.splitlines() if line.strip()]) <= 15
    # The same script with less training, one thinking time and one draw: what it prints is not what is tested here.
    quick = script.replace("iterations=128", "iterations=2").replace("sweeps=3", "sweeps=1").replace("(0.001, 0.01)", "(0.001,)")
    assert quick != script
    (tmp_path / "script.py").write_text(quick)
    environment = {
        "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
        "HOME": str(Path.home()),
        "OMP_NUM_THREADS": "1",
    }  # beside others, threads wait for each other
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "network alone" in done.stdout
    assert (tmp_path / "leduc" / "ablation.png").stat().st_size > 0


def test_every_path_that_the_readme_names_exists():
    for path in re.findall(r"`((?:agents|games|search|docs|benchmarks|tests)/[\w/.]+\.\w+)`", README):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"\]\((docs/[\w.]+)\)", README):
        assert (ROOT / path).is_file(), path
    for command in re.findall(r"python (benchmarks/\w+\.py)", README):
        assert (ROOT / command).is_file(), command


def test_nothing_is_left_to_fill_in():
    assert not re.search(r"@[A-Z]+@|TODO|TBD", README)
