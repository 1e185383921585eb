"""Tables of the documents have the columns and rows that their scripts make; nothing is measured here. See benchmarks/tables.py."""

import importlib.util
import re
import sys

import pytest

from tests.running import ROOT

SCRIPTS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
MARKER = re.compile(r"^<!-- table: (.+) -->$", re.MULTILINE)


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a script of benchmarks/ under a name of its own: one is called as a package is."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))

    def load(name):
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look there
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def document(script, monkeypatch, tmp_path):
    """Return benchmarks/tables.py, a document of its own, and a table of two rows in it."""
    tables = script("tables")
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- table: two -->\n| a | b |\n| --- | --- |\n| **x** | 1 |\n| y | 2 |\n\nA note.\n<!-- end -->\nafter\n")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    return tables, path, tables.Table("two", "page.md", ["a", "b"], [("x",), ("y",)])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_makes_the_tables_of_the_documents(name, script):
    wrong = [table.wrong() for table in getattr(script(name), "TABLES", ())]
    assert not any(wrong), wrong


def test_every_table_of_a_document_has_one_script(script):
    made = [table.name for name in SCRIPTS for table in getattr(script(name), "TABLES", ())]
    marked = [name for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] for name in MARKER.findall(page.read_text())]
    assert sorted(made) == sorted(marked)


def test_the_table_of_the_readme_is_that_of_the_results(script):
    readme = script("readme")
    assert readme.TABLE.read()[1:] == [[cell.replace("**", "") for cell in line.row()] for line in readme.LINES]


def test_a_table_is_read_without_emphasis(document):
    _, _, table = document
    assert table.read() == [["a", "b"], ["x", "1"], ["y", "2"]]
    assert table.wrong() is None


@pytest.mark.parametrize(
    ("columns", "labels", "told"),
    [
        (["a", "c"], [("x",), ("y",)], "must have the columns a, c, got a, b"),
        (["a", "b"], [("x",), ("z",)], r"1 missing \[\('z',\)\], 1 unknown \[\('y',\)\]"),
        (["a", "b"], [("y",), ("x",)], "another order"),
    ],
)
def test_a_table_of_another_shape_is_refused(columns, labels, told, document):
    tables, _, _ = document
    assert re.search(told, tables.Table("two", "page.md", columns, labels).wrong())


@pytest.mark.parametrize(
    "text", ["no table\n", "<!-- table: two -->\n| a | b |\n", "<!-- table: two -->\n<!-- table: three -->\n<!-- end -->\n"]
)
def test_a_document_without_the_table_is_refused(text, document):
    _, path, table = document
    path.write_text(text)
    assert "page.md must have the line" in table.wrong()


def test_a_table_is_written_between_its_comments(document, monkeypatch, capsys):
    tables, path, table = document
    monkeypatch.setattr(sys, "argv", ["x.py", "--write", "--note=a quiet machine"])
    assert tables.options([table]) == []
    table.show([["x", "**3**"], ["y", "4"]], "two threads")
    assert path.read_text().startswith("before\n<!-- table: two -->\n| a | b |\n| --- | --- |\n| x | **3** |\n| y | 4 |\n\n")
    assert path.read_text().endswith(" two threads. a quiet machine.\n<!-- end -->\nafter\n")
    assert "commit" in path.read_text()
    assert "two threads" in capsys.readouterr().out


def test_some_rows_of_a_table_are_printed_and_not_written(document, monkeypatch):
    _, path, table = document
    before = path.read_text()
    table.show([["x", "3"]])
    monkeypatch.setattr(sys, "argv", ["x.py", "--write"])
    with pytest.raises(SystemExit, match="1 missing"):
        table.show([["x", "3"]])
    assert path.read_text() == before


@pytest.mark.parametrize(("labels", "status"), [([("x",), ("y",)], 0), ([("x",)], "error: two in page.md")])
def test_a_check_ends_the_script(labels, status, document, monkeypatch):
    tables, _, _ = document
    monkeypatch.setattr(sys, "argv", ["x.py", "--check"])
    with pytest.raises(SystemExit) as end:
        tables.options([tables.Table("two", "page.md", ["a", "b"], labels)])
    assert end.value.code == 0 if status == 0 else end.value.code.startswith(status)


def test_the_walks_name_what_there_is():
    """Every dotted name on the page of walks can be imported."""
    for name in set(re.findall(r"\b(?:agents|games|search)(?:\.\w+)+", (ROOT / "docs" / "concepts" / "walks.md").read_text())):
        assert exists(name), name


def exists(name):
    """Return whether a dotted name is a module or an attribute below one."""
    parts = name.split(".")
    modules = [
        n for n in range(1, len(parts) + 1) if ROOT.joinpath(*parts[:n]).is_dir() or ROOT.joinpath(*parts[:n]).with_suffix(".py").is_file()
    ]
    found = importlib.import_module(".".join(parts[: modules[-1]]))
    for part in parts[modules[-1] :]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True
