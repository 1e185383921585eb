"""What a setting may be: its bounds stand beside the field, and one function checks them.

A settings class is a plain dataclass. A number without bounds of its own is from 0 to 1,000,000,000; a text is printable.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

MOST = 10**9
LONGEST = 100_000  # characters of a text: a range of 1,326 hands with their weights has some 20,000
OWN = "module:name"  # among values: somebody's own, see ``games.modules``


@dataclass(frozen=True)
class Bounds:
    """The values that a field may have, or each entry of a list.

    Attributes:
        least, most: of a number, both allowed.
        above: a number must be greater than this instead.
        below: a number must be smaller than this instead.
        among: the only values, if any.
        longest: characters of a text.
        unit: of a number, for errors.
        misplaced: values that belong to other fields beside this one, by the field's name, for errors.
        hint: for errors.
    """

    least: float = 0
    most: float = MOST
    above: float | None = None
    below: float | None = None
    among: tuple[Any, ...] = ()
    longest: int = LONGEST
    unit: str = ""
    hint: str = ""
    misplaced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def rule(self, value: float | str) -> str | None:
        """Return the rule that a value breaks, None if it breaks none."""
        if self.among and value not in self.among and not (OWN in self.among and ":" in str(value)):
            return f"be one of {', '.join(map(str, self.among))}"
        if isinstance(value, str):
            if len(value) > self.longest:
                return f"have at most {self.longest:,} characters"
            return None if all(c.isprintable() or c in "\t\n\r" for c in value) else "be printable text"
        unit = f" {self.unit}" if self.unit else ""
        infinite = abs(value) == math.inf and value != (self.least if value < 0 else self.most)
        if infinite or value != value:  # math.isfinite overflows on an endless integer
            return f"be a finite number{' of' + unit if unit else ''}"
        if self.above is not None:
            if value <= self.above:
                return f"be above {self.above:g}{unit}"
        elif value < self.least:
            return f"be at least {self.least:,}{unit}"
        if self.below is not None:
            return None if value < self.below else f"be below {self.below:g}{unit}"
        return None if value <= self.most else f"be at most {self.most:,}{unit}"


def bounded(default: Any, **bounds: Any) -> Any:
    """Return a dataclass field with ``Bounds``."""
    return field(default=default, metadata=within(**bounds))


def within(**bounds: Any) -> dict[str, Bounds]:
    """Return ``Bounds`` as a field's metadata."""
    return {"bounds": Bounds(**bounds)}


def check_bounds(settings: Any, key: str = "") -> None:
    """Check every field of a settings dataclass, and of those in it.

    Args:
        settings: the dataclass.
        key: where it stands among all settings, for errors.

    Raises:
        ValueError: a value breaks its rule; the message names the key.
    """
    for f in fields(settings):
        check_value(getattr(settings, f.name), f"{key}.{f.name}" if key else f.name, f.metadata.get("bounds", Bounds()))


def check_value(value: Any, key: str, bounds: Bounds) -> None:
    """Check one value, or each in a list or a mapping.

    Raises:
        ValueError: as of ``check_bounds``.
    """
    if is_dataclass(value):
        check_bounds(value, key)
    elif isinstance(value, dict):
        for name, entry in value.items():
            rule = Bounds(longest=200).rule(str(name))
            if rule:
                raise ValueError(f"a name in {key} must {rule}, got {shown(name)}")
            check_value(entry, f"{key}.{name}", bounds)
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            check_value(entry, f"{key}[{i}]", bounds)
    elif isinstance(value, int | float | str) and not isinstance(value, bool):
        rule = bounds.rule(value)
        if rule:
            near = _meant(value, key, bounds) if isinstance(value, str) else ""
            raise ValueError(f"{key} must {rule}, got {shown(value)}{near}{f' ({bounds.hint})' if bounds.hint else ''}")


def _meant(value: str, key: str, bounds: Bounds) -> str:
    """Return a hint at what a wrong value was to be: that of another key, or one of the right ones."""
    above, dot, _ = key.rpartition(".")
    other = next((name for name, values in bounds.misplaced.items() if value in values), None)
    return nearest(value, bounds.among) if other is None else f" ({value} is a value of {above}{dot}{other})"


def shown(value: Any, most: int = 100) -> str:
    """Return a value as errors show it: not all of a long one, an endless number by its size."""
    if isinstance(value, int) and abs(value) >= 10**30:
        return f"about {'-' if value < 0 else ''}10^{0.30103 * abs(value).bit_length():.0f}"
    if isinstance(value, int) and abs(value) >= 10**5 and not isinstance(value, bool):
        return f"{value:,}"
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 20]}... ({len(text):,} characters)"


def nearest(name: str, names: Iterable[Any]) -> str:
    """Return a hint at the name that was meant, for errors; nothing if none is near. A name may be begun, as kuhn is of kuhn_poker."""
    known = {str(n).lower(): str(n) for n in names}
    found = [known[n] for n in difflib.get_close_matches(name.lower(), known, 1)]
    found = found or [n for low, n in known.items() if len(name) > 2 and name.lower() in low][:1]
    return f" (did you mean {found[0]}?)" if found else ""


def filled(settings: Any, defaults: Any) -> Any:
    """Return settings whose open values (None), those of settings in them included, are the defaults' of the same class."""
    pairs = {f.name: (getattr(settings, f.name), getattr(defaults, f.name)) for f in fields(settings)}
    return replace(settings, **{k: filled(x, y) if is_dataclass(x) else y if x is None else x for k, (x, y) in pairs.items()})
