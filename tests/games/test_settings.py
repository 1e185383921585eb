"""Bounds of settings, declared beside their fields."""

from dataclasses import dataclass, field

import pytest

from games.settings import Bounds, bounded, check_bounds, nearest, shown, within


@dataclass(kw_only=True)
class Inner:
    share: float = bounded(0.5, below=1, hint="a share: 0.1 for 10 %")


@dataclass(kw_only=True)
class Outer:
    count: int = 1
    chips: float = bounded(1.0, above=0, unit="chips")
    kind: str = bounded("plain", among=("plain", "fancy"))
    sizes: list[int] = field(default_factory=list, metadata=within(least=2, most=9))
    free: float = bounded(0.0, least=-float("inf"), most=float("inf"))
    inner: Inner = field(default_factory=Inner)
    named: dict[str, float] = field(default_factory=dict)
    flag: bool = True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": -1}, "a.count must be at least 0, got -1"),
        ({"count": 10**20}, "a.count must be at most 1,000,000,000, got 100,000,000,000,000,000,000"),
        ({"count": 10**400}, "a.count must be at most 1,000,000,000, got about 10^400"),
        ({"chips": 0.0}, "a.chips must be above 0 chips, got 0.0"),
        ({"chips": float("nan")}, "a.chips must be a finite number of chips, got nan"),
        ({"chips": float("inf")}, "a.chips must be a finite number of chips, got inf"),
        ({"free": float("nan")}, "a.free must be a finite number, got nan"),
        ({"kind": "fanci"}, "a.kind must be one of plain, fancy, got 'fanci' (did you mean fancy?)"),
        ({"sizes": [2, 1]}, "a.sizes[1] must be at least 2, got 1"),
        ({"inner": Inner(share=12.0)}, "a.inner.share must be below 1, got 12.0 (a share: 0.1 for 10 %)"),
        ({"named": {"x": -1.0}}, "a.named.x must be at least 0, got -1.0"),
        ({"named": {"x\x1b[31m": 1.0}}, "a name in a.named must be printable text, got "),
    ],
)
def test_a_value_outside_of_its_bounds_is_refused_with_its_key(given, message):
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        check_bounds(Outer(**given), "a")
    assert str(refused.value).startswith(message)


def test_values_within_their_bounds_are_taken():
    check_bounds(Outer(count=10**9, chips=1e-9, kind="fancy", sizes=[2, 9], free=-float("inf"), named={"x": 1.0}))


def test_text_is_printable_and_not_endless():
    assert Bounds().rule("AA, KK\n") is None
    assert Bounds().rule("\x1b[31m") == "be printable text"
    assert Bounds(longest=3).rule("abcd") == "have at most 3 characters"


def test_long_values_are_shown_in_part():
    assert shown("a" * 1000) == f"'{'a' * 79}... (1,002 characters)"
    assert shown(-(10**400)) == "about -10^400"


def test_the_nearest_name_is_hinted_at():
    assert nearest("budgt", ["game", "budget"]) == " (did you mean budget?)"
    assert nearest("zzz", ["game", "budget"]) == ""
