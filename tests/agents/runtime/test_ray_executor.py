"""Work on a Ray of this machine with two workers: the results of ``Local``, and work of processes and nodes that die done again.

Without Ray these tests are skipped, unless TIMEBANK_RAY=required says that it must be there, as it does in CI.
"""

import json
import os
import signal
import time
from importlib.util import find_spec

import numpy as np
import pytest

from agents import Local, Ray, ablate
from agents.networks import load_tensors
from agents.runtime import ray_session
from agents.runtime.executor import MOST_DEATHS, RepeatedDeathsError
from agents.runtime.ray_executor import LARGE
from agents.training.generation import Generation
from tests.agents.evaluation.test_ablation import lines, without_times
from tests.agents.training.test_generation import Dying, Noting, after, some_rows
from tests.compiling import compiled
from tests.running import HANG_SECONDS, contents, finish, result_of, start, wait_for
from tests.tasks import boom, die_at_first, die_each_time, length, process, slow, square, writeable

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(find_spec("ray") is None and os.environ.get("TIMEBANK_RAY") != "required", reason="no Ray (pip install ray)"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]


@pytest.fixture(scope="module")
def two():
    """Ray on this machine with two workers, for all tests of this file that start none of their own."""
    executor = Ray(2)
    yield executor
    ended()


def ended():
    """End this process's Ray, if it has one."""
    import ray

    ray.shutdown()


def test_every_task_comes_back_with_its_number(two):
    assert dict(two.map(square, range(7))) == {i: i * i for i in range(7)}
    assert list(two.map(square, [])) == []
    assert (two.workers, two.per_machine) == (2, 2)


def test_an_error_of_a_task_is_raised_as_it_was(two):
    with pytest.raises(RuntimeError, match=r"^task 3 broke$") as raised:
        list(two.map(boom, [3]))
    assert type(raised.value) is RuntimeError


def test_workers_have_one_thread_and_work_where_the_caller_does(two, tmp_path, monkeypatch):
    assert {threads for _, (_, threads) in two.map(process, range(4))} == {"1"}
    monkeypatch.chdir(tmp_path)
    assert dict(two.map(length, [()])) == {0: (str(tmp_path), [])}


def test_large_parts_come_to_each_task_and_arrays_can_be_written(two):
    shared, other = bytes(LARGE), os.urandom(2 * LARGE)
    found = dict(two.map(length, [(shared, b"1"), (b"2", shared, other), (shared,)]))
    assert [parts for _, (_, parts) in sorted(found.items())] == [[LARGE, 1], [1, LARGE, 2 * LARGE], [LARGE]]
    ((_, (there, back)),) = two.map(writeable, [np.arange(100_000)])
    assert there
    assert back.flags.writeable
    assert (back == np.arange(100_000)).all()


def test_the_work_of_a_process_that_dies_is_done_again_without_a_word(two, tmp_path, capfd):
    assert dict(two.map(die_at_first, [(tmp_path, i) for i in range(4)])) == {i: i for i in range(4)}
    assert len(list(tmp_path.iterdir())) == 4
    time.sleep(1)  # Ray's words come from a thread of its own
    assert capfd.readouterr() == ("", "")


def test_a_task_whose_processes_die_again_and_again_ends_the_map(two, tmp_path):
    with pytest.raises(RepeatedDeathsError, match=f"a worker process died {MOST_DEATHS} times at one task .*resume goes on"):
        list(two.map(die_each_time, [tmp_path]))
    assert len(list(tmp_path.iterdir())) == MOST_DEATHS


def test_work_goes_on_after_a_caller_that_stopped(two):
    results = two.map(slow, range(20))
    next(results)
    results.close()
    assert dict(two.map(square, range(3))) == {i: i * i for i in range(3)}


def test_generators_that_die_make_the_rows_of_those_that_do_not(two):
    whole = some_rows(made := Generation(Noting(), Noting, 2, 5, after(0)), 0, 6)
    made.close()
    made = Generation(Noting(), Noting, 2, 5, after(0))
    made.make_pool = two.pool
    rows = some_rows(made, 0, 3)
    os.kill(int(rows[-1][2]), signal.SIGKILL)
    rows += some_rows(made, 3, 6)
    made.close()
    assert [row[:2] for row in rows] == [row[:2] for row in whole]
    assert made.deaths == 1
    assert np.float32(os.getpid()) not in {row[2] for row in rows}


def test_generators_that_die_again_and_again_end_the_run_in_one_line(two):
    made = Generation(Dying(), Dying, 1, 5, after(0))
    made.make_pool = two.pool
    rule = f"generator processes died {MOST_DEATHS} times at iteration 1 .*: fewer trainer.generators"
    with pytest.raises(ChildProcessError, match=rule):
        made.rows(0, after(0))
    made.close()


def test_an_ablation_has_the_bits_of_local(two):
    assert without_times(ablate(lines(), executor=two)) == without_times(ablate(lines(), executor=Local(2)))


def test_a_cluster_goes_on_without_a_node_that_died():
    ended()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        executor = Ray(address=cluster.address)
        assert (executor.workers, executor.per_machine) == (2, 1)
        results = executor.map(slow, range(12))
        found = [next(results) for _ in range(2)]
        cluster.remove_node(nodes[1], allow_graceful=False)
        found += results
        assert sorted(i for i, _ in found) == list(range(12))
        assert all(number == i for i, (number, _) in found)
    finally:
        ended()
        cluster.shutdown()
        ray_session._wanted = None


MATCH = ("game=leduc_poker", "agent@agents.a=tabular", "agents.a.think=true", "agents.a.budget.iterations=30", "agents.a.iterations=20",
         "agent@agents.b=tabular", "agents.b.iterations=20", "exact=false", "hands=8000")  # fmt: skip


def hands_of(directory):
    """Return the kept hands of a match, without seconds and searches: each process keeps what it has solved for later hands."""
    hands = [json.loads(line) for text in contents(directory / "hands").values() for line in text.splitlines()]
    assert len(hands) == 8000
    for hand in hands:
        hand |= {"seconds": 0, "load_seconds": [], "decisions": []}
    return sorted(hands, key=lambda hand: (hand["deal"], hand["seats"]))


def test_a_match_on_ray_has_the_hands_of_local_and_says_no_more(tmp_path):
    told = {}
    for kind in ("local", "ray"):
        process = start("match", *MATCH, f"executor={kind}", "executor.workers=2", f"hydra.run.dir={tmp_path / kind}")
        told[kind] = finish(process)
        assert process.returncode == 0, told[kind]
    assert hands_of(tmp_path / "local") == hands_of(tmp_path / "ray")
    told = {kind: [line for line in error.splitlines() if "playing" not in line] for kind, (_, error) in told.items()}
    assert told["ray"] == told["local"]


REBEL = ("game=kuhn_poker", "trainer=rebel", "trainer.iterations=4", "trainer.depth=1", "trainer.leaves=2", "trainer.solve_iterations=4",
         "trainer.label_iterations=4", "trainer.steps=3", "trainer.batch_size=8", "trainer.evaluate_from=4",
         "trainer.evaluate_iterations=4", "trainer.generators=2")  # fmt: skip


@compiled
def test_a_training_with_generators_on_ray_has_the_bits_of_local(tmp_path):
    digests = []
    for kind, more in (("local", ()), ("ray", ("executor.workers=2",))):
        process = start("train", *REBEL, f"executor={kind}", *more, f"hydra.run.dir={tmp_path / kind}")
        told = finish(process)
        assert process.returncode == 0, told
        digests.append(load_tensors(tmp_path / kind / "values.safetensors", "values")[1]["digest"])
    assert digests[0] == digests[1]


def test_ctrl_c_ends_a_match_on_ray_with_what_it_has(tmp_path):
    process = start("match", *MATCH[:-1], "hands=2000000", "executor=ray", "executor.workers=2", f"hydra.run.dir={tmp_path}")
    wait_for(lambda: len(list((tmp_path / "hands").rglob("*.jsonl"))) > 1, process)  # the first part is counted, too
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert result_of(tmp_path)["status"] == "interrupted"
    assert result_of(tmp_path)["rows"][0]["hands"] >= 4
