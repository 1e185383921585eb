"""Make a set of spots: draw, solve, and write the file now and then, so that a run that was stopped goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agents.bucket_blueprint import BucketBlueprint
from agents.reporting.tables import Autosave, Row
from agents.yardstick.drawing import draw, spread
from agents.yardstick.file import SpotSet, load_spots, save_spots
from agents.yardstick.solving import GAPS, solved
from agents.yardstick.spots import Spot, SpotAnswer
from games.holdem.rules import HoldemGame
from search import Variant
from search.boards.workspace import Workspace

FILE, PART = "spots.npz", "part.npz"


def make_spots(
    game: HoldemGame,
    blueprint: BucketBlueprint,
    variant: Variant,
    counts: Mapping[str, int],
    seed: int,
    directory: Path,
    tell: Callable[[int, Spot, SpotAnswer], None],
) -> SpotSet:
    """Return a set, written into a directory as ``FILE``; spots of a run that was stopped there are taken from ``PART``.

    Args:
        game: whole.
        blueprint: that plays both seats.
        variant: of CFR.
        counts: spots by street.
        seed: of what is drawn.
        directory: to write to.
        tell: is called with the number of spots so far and the last one.

    Raises:
        ValueError: the directory's part is damaged, or of other settings.
    """
    part, entries, workspace = directory / PART, list[tuple[Spot, SpotAnswer]](), Workspace()
    if part.exists():
        saved = load_spots(part, game, "hydra.run.dir")
        if (saved.seed, saved.blueprint) != (seed, blueprint.digest):
            raise ValueError(f"seed and agent.blueprint must be those of {part}, got others (another set takes another directory)")
        entries += saved.entries

    def so_far() -> SpotSet:
        return SpotSet(seed, blueprint.digest, tuple(entries))

    autosave = Autosave(lambda: save_spots(part, so_far()))
    try:
        for street, count in counts.items():
            for spot in draw(game, blueprint, street, count, seed, [spot for spot, _ in entries if spot.street == street]):
                entries.append((spot, solved(spot, variant, workspace=workspace)))
                tell(len(entries), *entries[-1])
                autosave.look()
    finally:
        if entries:
            save_spots(part, so_far())
    ordered = list[tuple[Spot, SpotAnswer]]()
    for street in counts:
        of_street = so_far().of(street)
        ordered += [of_street[i] for i in spread([spot for spot, _ in of_street])]
    made = SpotSet(seed, blueprint.digest, tuple(ordered))
    save_spots(directory / FILE, made)
    part.unlink(missing_ok=True)
    return made


def gap_rows(spots: SpotSet) -> list[Row]:
    """Return by street how many spots there are, and to which exploitability they were solved, in shares of the pot."""
    gaps = {street: [answer.gap for _, answer in spots.of(street)] for street in GAPS}
    return [
        {"street": street, "spots": len(of), "wanted_gap": GAPS[street], "mean_gap": sum(of) / len(of), "largest_gap": max(of)}
        for street, of in gaps.items()
        if of
    ]
