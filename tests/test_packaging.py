"""What is installed, and with which versions."""

import re
import tomllib

from tests.running import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text().lower().replace("-", "_"), re.MULTILINE))


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)]


def test_the_pinned_versions_keep_the_bounds():
    for bound in PROJECT["project"]["dependencies"]:
        name, least, _, most = re.fullmatch(r"([\w-]+)>=([\d.]+)(,<([\d.]+))?", bound).groups()
        pinned = numbers(PINS[name.lower().replace("-", "_")])
        assert pinned >= numbers(least), bound
        assert most is None or pinned < numbers(most), bound


def test_hooks_run_the_pinned_ruff():
    versions = set(re.findall(r"ruff==(\S+?)\]", (ROOT / ".pre-commit-config.yaml").read_text()))
    assert versions == {PINS["ruff"]}


def test_packages_carry_their_annotations_and_the_changelog_names_the_version():
    assert all((ROOT / package / "py.typed").is_file() for package in ("games", "search", "agents"))
    assert f"## [{PROJECT['project']['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_everything_that_the_code_reads_beside_it_is_packaged():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["agents"]
    packaged = {path for pattern in patterns for path in (ROOT / "agents").glob(pattern)}
    data = {
        path for path in (ROOT / "agents").rglob("*") if path.suffix in (".npz", ".npy", ".json", ".safetensors", ".html", ".js", ".css")
    }
    assert data <= packaged
