"""What does executor=ray cost beside executor=local, and does it lose anything when workers are killed?

Two workers of each on this machine, in one run; ``selfplay`` measures what the model in docs/how-to/cluster.md counts with:

    python benchmarks/ray_cluster.py throughput              # tasks of 1 s, asleep and at work; start-up; what small tasks cost
    python benchmarks/ray_cluster.py kills [n]               # a match whose workers are killed (SIGKILL) n times (10) at random moments
    python benchmarks/ray_cluster.py selfplay [experiment]   # seconds and bytes of an iteration of self-play; depth_limits by default
    python benchmarks/ray_cluster.py labels                  # seconds and bytes of a file of river labels
"""

from __future__ import annotations

import itertools
import os
import pickle
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from tables import conditions, options

from agents import BlueprintAgent, Competitor, Local, Match, Ray, SearchAgent, play_matches, solved_policy
from agents.reporting.tables import table
from games import public_tree
from search import Budget, variant

TASKS, SECONDS, ROUNDS = 12, 1.0, 2
SMALL = 1000  # tasks that do nothing
HANDS, BETWEEN = 150_000, (1.5, 5.0)  # seconds between kills: a process takes some five to start
PROCESS = ("seconds", "load_seconds", "decisions")  # of a hand: how long it took, and searches that its process had not made before
SELF_PLAY = 16  # iterations


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def add(numbers: int) -> int:
    total = 0
    for i in range(numbers):
        total += i
    return total


def same(task: Any) -> Any:
    return task


def seconds_of(executor: Any, function: Callable[[Any], Any], tasks: list[Any]) -> float:
    start = time.perf_counter()
    assert len(list(executor.map(function, tasks))) == len(tasks)
    return time.perf_counter() - start


def throughput() -> None:
    executors = {"local": Local(2), "ray": Ray(2)}
    first = {name: seconds_of(executor, same, [0, 0]) for name, executor in executors.items()}
    start = time.perf_counter()
    add(20_000_000)
    second = int(20_000_000 * SECONDS / (time.perf_counter() - start))
    rows = []
    for what, function, task in (("asleep", sleep, SECONDS), ("at work", add, second)):
        taken = dict.fromkeys(executors, 0.0)
        for _ in range(ROUNDS):
            for name, executor in executors.items():
                taken[name] += seconds_of(executor, function, [task] * TASKS)
        rates = {name: ROUNDS * TASKS / seconds for name, seconds in taken.items()}
        rows.append([f"tasks of 1 s, {what}", *(f"{rate:.2f} / s" for rate in rates.values()), f"{rates['ray'] / rates['local']:.3f}"])
    print(table(["two workers", "local", "ray", "ray / local"], rows))
    print(f"a first map of two tasks: local {first['local']:.2f} s (the same for each map), ray {first['ray']:.2f} s (once a command)")
    for size in (0, 1_000_000):
        tasks: list[Any] = [bytes(size) for _ in range(SMALL if not size else SMALL // 10)]
        each = {name: 1e3 * seconds_of(executor, same, tasks) / len(tasks) for name, executor in executors.items()}
        print(f"a task that takes and gives {size:,} bytes: local {each['local']:.2f} ms (start included), ray {each['ray']:.2f} ms")
    print(conditions(""))


def match() -> Match:
    policy = solved_policy(public_tree("leduc_poker"), variant("cfr"), 60)
    search = Competitor("search", SearchAgent(policy, variant("default")), Budget(iterations=50))
    return Match((search, Competitor("blueprint", BlueprintAgent(policy), Budget(seconds=0))), 5)


def hands_of(played: Match, executor: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {}
    for _, records, _ in play_matches([played], HANDS, executor):
        for record in records:
            found[record["deal"], tuple(record["seats"])] = {key: value for key, value in record.items() if key not in PROCESS}
    return found


def workers() -> list[int]:
    """Return the processes that do tasks for Ray on this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::_work"):
                found.append(int(path.parent.name))
        except OSError:  # it has ended
            continue
    return found


def kills(count: int) -> None:
    played, moments, killed = match(), random.Random(0), list[int]()
    start = time.perf_counter()
    whole = hands_of(played, Local(2))
    seconds, over = time.perf_counter() - start, threading.Event()

    def kill() -> None:
        while len(killed) < count and not over.wait(moments.uniform(*BETWEEN)):
            if running := workers():
                killed.append(moments.choice(running))
                os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    start = time.perf_counter()
    found = hands_of(played, Ray(2))
    taken = time.perf_counter() - start
    over.set()
    killer.join()
    print(f"{len(killed)} kills in {taken:.1f} s (local, without kills: {seconds:.1f} s): {len(found):,} hands of {len(whole):,}, ", end="")
    wrong = {key: (whole[key], found.get(key)) for key in whole if found.get(key) != whole[key]}
    print(f"{len(wrong)} DIFFER, such as {next(iter(wrong.items()))}" if wrong else "all the same")
    print(conditions(""))


def selfplay(experiment: str) -> None:
    from agents.apps.build import build_kind
    from agents.apps.compose import compose
    from agents.apps.config import register
    from agents.training.generation import Generation
    from agents.training.street_values import StreetValuesRun

    register("ablate")
    settings = compose("ablate", [f"experiment={experiment}"]).settings
    game: Any = build_kind(settings.game).game
    start = time.perf_counter()
    run = StreetValuesRun(game, replace(settings.trainer, generators=0))
    began = time.perf_counter() - start
    generation: Generation = run.generation
    parts: dict[str, list[float]] = {name: [] for name in ("self-play", "learner", "messages")}
    for iteration in range(SELF_PLAY):
        at = time.perf_counter()
        rows = generation.rows(iteration, run.weights())
        parts["self-play"].append(time.perf_counter() - at)
        at = time.perf_counter()
        packed = pickle.dumps(rows, pickle.HIGHEST_PROTOCOL), pickle.dumps(run.weights(), pickle.HIGHEST_PROTOCOL)
        pickle.loads(packed[0])
        parts["messages"].append(time.perf_counter() - at)
        at = time.perf_counter()
        for name, learner in run.learning.items():
            learner.learn(rows[name], iteration, run.rng)
        parts["learner"].append(time.perf_counter() - at)
        run.iteration += 1
    made, learned, sent = (median(seconds) for seconds in parts.values())
    text = ", ".join(f"{name} {1e3 * median(seconds):.1f} ms" for name, seconds in parts.items())
    print(f"{experiment}: an iteration takes {text}; rows {len(packed[0]):,} bytes, weights {len(packed[1]):,} bytes")
    print(f"a generator starts in {began:.1f} s; the learner has work for {made / (learned + sent):.1f} generators")
    print(conditions(f"Medians of {SELF_PLAY} iterations, one thread."))
    rows_of = []
    for generators in (1, 2, 4, 8, 16, 64, 256, 1000):
        each = max(learned + sent, (made + sent) / generators)
        rows_of.append([f"{generators:,}", f"{1 / each:.2f} / s", f"{made / generators / each:.0%}"])
    print(table(["generators (computed)", "iterations", "their cores are busy"], rows_of))


def labels() -> None:
    from agents.apps.build import blueprint_directory, build_kind
    from agents.apps.compose import compose
    from agents.apps.config import register
    from agents.bucket_blueprint import load_blueprint
    from agents.runtime.arrays import write_archive
    from agents.training.label_files import SHARD
    from agents.training.start_labels import shard

    register("train")
    settings = compose("train", ["experiment=river_values"]).settings
    trainer, game = settings.trainer, build_kind(settings.game).game
    blueprint = load_blueprint(game, blueprint_directory(trainer.blueprint))
    size = len(pickle.dumps(blueprint))
    shard(blueprint, trainer.labelling, 0, 4, False)  # kernels are compiled
    times = [time.perf_counter()]
    made = shard(blueprint, trainer.labelling, 1, SHARD, False)
    times.append(time.perf_counter())
    packed = pickle.dumps(made, pickle.HIGHEST_PROTOCOL)
    pickle.loads(packed)
    times.append(time.perf_counter())
    with tempfile.TemporaryDirectory() as directory:
        write_archive(Path(directory) / "part.npz", {}, made._asdict())
        times.append(time.perf_counter())
    solving, message, writing = (end - begin for begin, end in itertools.pairwise(times))
    print(
        f"a file of {SHARD} river labels: made in {solving:.2f} s, {len(packed):,} bytes packed and unpacked in {1e3 * message:.1f} ms, ",
        end="",
    )
    print(f"written in {1e3 * writing:.1f} ms; a blueprint of {size:,} bytes goes to the store once")
    print(conditions("One file, one thread."))


def main() -> None:
    name, *more = options() or ["throughput"]
    if name == "kills":
        kills(int((more or ["10"])[0]))
    elif name == "selfplay":
        selfplay((more or ["depth_limits"])[0])
    elif name == "labels":
        labels()
    else:
        throughput()


if __name__ == "__main__":
    import ray_cluster  # its functions have a module that workers can import

    ray_cluster.main()
