"""Figures as their readers see them."""

from agents.figures import plot_trace


def test_ticks_of_one_axis_are_written_in_one_way(tmp_path):
    plot_trace([(10**i, 1.0, 0.1**i) for i in range(8)], "long", [tmp_path / "trace.svg"])
    drawn = (tmp_path / "trace.svg").read_text()
    assert all(f">{tick}</text>" in drawn for tick in ("10,000", "100,000", "1,000,000"))
    assert "1e+06" not in drawn
