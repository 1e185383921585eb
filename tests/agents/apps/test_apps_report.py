"""``timebank report``: a run as one page that opens without a network."""

from __future__ import annotations

import html
import re
import shlex

import pytest
from omegaconf import OmegaConf

from agents.page import report
from tests.running import error_line, solve_river, timebank

EMPTY = '{"command": "ablate", "game": "kuhn_poker", "seed": 3, "seconds": 4.5}'


@pytest.fixture
def run(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / "result.json").write_text(EMPTY)
    return directory


def test_a_solve_becomes_a_page_with_its_figures_and_tables(monkeypatch, tmp_path, capsys):
    directory = tmp_path / "run"
    assert solve_river(monkeypatch, directory, "budget.iterations=20", drawn=True)[0] == 0
    capsys.readouterr()
    assert timebank(monkeypatch, "report", str(directory)) == 0
    assert capsys.readouterr().out == f"{directory / 'report.html'}\n"
    page = (directory / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == len(list(directory.glob("*.svg"))) >= 2
    assert page.count("<table>") == len(list(directory.glob("*.csv"))) >= 2
    assert "exploitability" in page
    assert not re.search(r"(src|href)=\"(?!data:)|<script", page)  # nothing is loaded


def test_what_files_say_is_text(run):
    (run / "rows.csv").write_text('a,b\n"<script>alert(1)</script>",0.123456\nx,2\n')
    (run / "result.json").write_text('{"command": "<b>", "game": "\\u001b[31m"}')
    page = report.report_html(run)
    assert "<script" not in page
    assert html.escape("<script>alert(1)</script>") in page
    assert "0.1235" in page
    assert "<b>" not in page
    assert "\x1b" not in page


def test_the_command_is_one_that_a_shell_takes(run):
    overrides = ['game.ranges=["66+, A8s+","QQ"]', "show=[check/bet 120, check/check/2c]", "game.bets='50%,a'", f"x={'long text ' * 20}"]
    (run / ".hydra").mkdir()
    (run / ".hydra/overrides.yaml").write_text(OmegaConf.to_yaml(overrides))
    told = re.search("<dt>command</dt><dd>(.*?)</dd>", report.report_html(run))[1]
    assert shlex.split(html.unescape(told)) == ["timebank", "ablate", *overrides]
    for damaged in ("a: [", "3", "[[1], x=1]"):
        (run / ".hydra/overrides.yaml").write_text(damaged)
        assert "<dd>timebank ablate" in report.report_html(run)


def test_wide_tables_say_once_what_is_the_same_in_all_rows(run):
    columns = [f"c{i}" for i in range(9)]
    (run / "rows.csv").write_text("\n".join([",".join(columns), "1,x,y,z,u,v,w,,5", "2,x,y,z,u,v,w,,5"]) + "\n")
    page = report.report_html(run)
    assert "In all rows: c1 x, c2 y, c3 z, c4 u, c5 v, c6 w, c8 5." in page
    assert page.count('<th scope="col">') == 1
    assert "c7" not in page


def test_long_tables_large_files_and_links_are_left_out(run, monkeypatch, tmp_path):
    monkeypatch.setattr(report, "MOST_ROWS", 3)
    monkeypatch.setattr(report, "MOST_BYTES", 1000)
    (run / "rows.csv").write_text("a\n" + "1\n" * 5)
    (run / "large.svg").write_text("x" * 1001)
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    (run / "link.csv").symlink_to(tmp_path / "secret.csv")
    (run / "damaged.csv").write_bytes(b"\xff\xfe\n")
    page = report.report_html(run)
    assert page.count("<td>") == 3
    assert "2 more rows are in rows.csv." in page
    assert "large" not in page
    assert "secret" not in page
    assert "damaged.csv cannot be read." in page


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "report must be given the directory of one run, got no arguments"),
        (["a", "b"], "report must be given the directory of one run, got 2 arguments"),
        (["none"], "run must be a directory with the result.json of a run, got 'none'"),
        (["."], "run must be a directory with the result.json of a run, got .: "),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(monkeypatch, tmp_path, capsys, arguments, error):
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, "report", *arguments) == 2
    assert error in error_line(capsys)


def test_a_damaged_result_is_refused(monkeypatch, run, capsys):
    for text in ("[1]", "{", ""):
        (run / "result.json").write_text(text)
        assert timebank(monkeypatch, "report", str(run)) == 2
        assert "run must be a directory with the result.json of a run" in error_line(capsys)
    assert timebank(monkeypatch, "report", "--help") == 0
