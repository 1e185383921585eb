"""What ``executor=ray`` refuses, with or without Ray."""

import socket
import subprocess
import sys

import pytest

from agents import Ray
from agents.runtime import ray_session
from tests.running import ROOT, refused


@pytest.fixture
def installed(monkeypatch):
    """Take Ray for installed; nothing of this file comes so far that it is imported."""
    monkeypatch.setattr(ray_session, "find_spec", lambda name: object())


def test_without_ray_the_error_names_the_extra(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray_session, "find_spec", lambda name: None)
    line = refused(monkeypatch, capsys, "match", "executor=ray")
    assert "executor must be local or serial where Ray is not installed (pip install 'timebank[ray]'), got ray" in line


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port", "head:0", "head:70000", "ray://head:10001", "auto", "٣:٣"])
def test_an_address_is_a_host_and_a_port(installed, address):
    with pytest.raises(ValueError, match=r"executor.address must be host:port of a Ray cluster's head, got "):
        Ray(address=address)


def test_a_cluster_that_does_not_answer_is_refused_in_one_line(installed, monkeypatch, capsys, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"  # nobody listens
    monkeypatch.chdir(tmp_path)
    line = refused(monkeypatch, capsys, "ablate", "game=kuhn_poker", "agent=tabular", "executor=ray", f"executor.address={address}")
    assert line == f"error: executor.address must be of a Ray cluster that can be reached, got {address} (Connection refused)\n"


def test_workers_are_no_more_than_cores_without_a_cluster_and_not_negative_with_one(installed):
    with pytest.raises(ValueError, match=r"executor.workers must be in 0\.\.\d+ .* got 10000"):
        Ray(10_000)
    with pytest.raises(ValueError, match=r"executor.workers must be at least 0, got -1"):
        Ray(-1, "127.0.0.1:6379")


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (["match", "executor.address=head:6379"], "executor.address must be left out but for executor=ray, got 'head:6379'"),
        (["train", "executor=serial"], "executor must be local or ray for timebank train "),
        (["train", "executor.workers=1"], "executor.workers must be left out where this machine trains "),
        (["train", "executor=ray", "executor.workers=1"], "executor must be local where one process trains "),
        (["train", "trainer=rebel", "executor=ray", "executor.workers=1"], "executor must be local where one process trains "),
    ],
)
def test_settings_that_do_not_go_together_are_refused(installed, monkeypatch, capsys, tmp_path, given, rule):
    monkeypatch.chdir(tmp_path)
    assert f"error: {rule}" in refused(monkeypatch, capsys, *given)


def test_nothing_imports_ray_before_there_is_work_for_it():
    code = "import sys, agents, agents.apps.match; agents.Local(1); assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
