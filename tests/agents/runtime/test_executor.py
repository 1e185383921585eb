import os
import subprocess
import sys

import pytest

from agents import Local, Serial
from tests.running import HANG_SECONDS, ROOT
from tests.tasks import boom, die, process, square


@pytest.mark.parametrize("executor", [Serial(), Local(2)])
def test_every_task_comes_back_with_its_number(executor):
    assert dict(executor.map(square, range(5))) == {i: i * i for i in range(5)}
    assert list(executor.map(square, [])) == []


@pytest.mark.parametrize("executor", [Serial(), Local(1)])
def test_an_error_of_a_task_is_raised(executor):
    with pytest.raises(RuntimeError, match="task 3 broke"):
        list(executor.map(boom, [3]))


def test_workers_are_other_processes_with_one_thread_and_leave_the_environment_alone():
    before = os.environ.get("OMP_NUM_THREADS")
    found = [result for _, result in Local(1).map(process, [0])]
    assert found[0][0] != os.getpid()
    assert found[0][1] == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_a_worker_that_dies_is_said_so():
    with pytest.raises(ChildProcessError, match="a worker process died"):
        list(Local(1).map(die, [0]))


def test_no_more_workers_than_cores():
    with pytest.raises(ValueError, match=r"executor.workers must be in 0\.\.\d+ .* got 10000"):
        Local(10000)
    with pytest.raises(ValueError, match=r"executor.workers must be in 0"):
        Local(-1)
    assert Local().workers >= 1


@pytest.mark.long
@pytest.mark.parametrize("attempt", range(3))
def test_stopping_in_the_middle_of_a_result_does_not_hang(attempt):
    """Each result takes long to write: a worker is stopped in the middle of its next one."""
    program = "from agents import Local; from tests.tasks import large; results = Local(2).map(large, range(8)); next(results); "
    subprocess.run([sys.executable, "-c", program + "results.close()"], check=True, timeout=HANG_SECONDS, cwd=ROOT)
