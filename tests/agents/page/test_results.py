"""Runs at the page: which are listed, and that nothing else below or beside their folder is shown."""

from __future__ import annotations

import json
import os

import pytest
from starlette.testclient import TestClient

from agents.page.server import Server
from tests.agents.page.test_server import HOST, OWN


@pytest.fixture
def outputs(tmp_path):
    return tmp_path / "outputs"


@pytest.fixture
def client(outputs):
    server = Server({}, lambda who, record: None, lambda: 1, lambda asked: None, outputs)
    yield TestClient(server.app, base_url=HOST, headers=OWN)
    server.close()


def made(outputs, name, changed=1000.0, text=None):
    """Write a run's result."""
    directory = outputs / name
    directory.mkdir(parents=True)
    result = directory / "result.json"
    result.write_text(json.dumps({"command": "solve", "game": "<b>spot", "status": "complete"}) if text is None else text)
    os.utime(result, (changed, changed))
    return directory


def test_runs_are_listed_the_newest_first(client, outputs):
    assert client.get("/api/runs").json() == []  # without a folder, too
    made(outputs, "solve/first", 1000.0)
    made(outputs, "ablate/sweep/0", 3000.0)
    made(outputs, "train/third", 2000.0)
    runs = client.get("/api/runs").json()
    assert [run["name"] for run in runs] == ["ablate/sweep/0", "train/third", "solve/first"]
    assert runs[0] == {"name": "ablate/sweep/0", "command": "solve", "game": "<b>spot", "status": "complete", "changed": 3000.0}


def test_what_cannot_be_listed_hides_no_other_run(client, outputs):
    made(outputs, "solve/whole")
    made(outputs, "solve/damaged", text="{")
    made(outputs, "solve/list", text="[1]")
    made(outputs, os.fsdecode(b"solve/\xff"))  # no text
    made(outputs, "solve/two\nlines")
    (outputs / "solve/directory/result.json").mkdir(parents=True)
    (outputs / "solve/link").mkdir()
    (outputs / "solve/link/result.json").symlink_to("nowhere")
    answer = client.get("/api/runs")
    assert answer.status_code == 200
    assert [run["name"] for run in answer.json()] == ["solve/whole"]
    for name in ("solve/damaged", "solve/list", "solve/directory", "solve/link"):
        assert client.get(f"/results/{name}").status_code == 404


def test_a_run_is_shown_with_its_tables_and_no_path_of_the_machine(client, outputs, tmp_path):
    directory = made(outputs, "solve/odd name #1 50%")
    (directory / "rows.csv").write_text("a,<i>b\n1,2\n")
    (directory / "plot.svg").write_text("<svg/>")
    page = client.get("/results/solve/odd%20name%20%231%2050%25")
    assert page.status_code == 200
    assert "solve of &lt;b&gt;spot" in page.text
    assert "&lt;i&gt;b" in page.text
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert str(tmp_path) not in page.text
    assert "<style" not in page.text  # the policy would not take it
    assert "style-src 'self'" in page.headers["content-security-policy"]


def test_nothing_but_runs_is_shown(client, outputs, tmp_path):
    made(outputs, "solve/run")
    made(tmp_path, "elsewhere/solve/run")
    (outputs / "solve/run/secret.txt").write_text("secret")
    for name in ("", "solve", "solve/run/", "solve/run/secret.txt", "solve/none", "../elsewhere/solve/run", "solve/../solve/run"):
        assert client.get(f"/results/{name.replace('..', '%2e%2e')}").status_code == 404, name
    assert client.get(f"/results/{tmp_path}/elsewhere/solve/run").status_code == 404
