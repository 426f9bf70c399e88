"""Real awslambdaric processes, driven by the local Runtime API."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws.runtime import FunctionConfig, RequestTooLarge, Runtime

ROOT = Path(__file__).parents[2]
Function = Callable[..., FunctionConfig]

HANDLER = """
import logging, os, signal, subprocess, sys, threading, time

def deep(n):
    return deep(n + 1)

def wait_for(process):
    print(process.pid)
    process.wait()

ACTIONS = {
    "echo": lambda event, context: {"echo": event, "pid": os.getpid()},
    "context": lambda event, context: {
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
    },
    "environment": lambda event, context: dict(os.environ),
    "raise": lambda event, context: {}["missing"],
    "recurse": lambda event, context: deep(0),
    "sleep": lambda event, context: time.sleep(event["s"]),
    "exit": lambda event, context: os._exit(event["status"]),
    "segfault": lambda event, context: os.kill(os.getpid(), signal.SIGSEGV),
    "exit_leaving_a_child": lambda event, context: subprocess.Popen(["sleep", "1"]) and os._exit(4),
    "wait_for_a_child": lambda event, context: wait_for(subprocess.Popen(["sleep", "30"])),
    "large": lambda event, context: "x" * event["bytes"],
    "log": lambda event, context: [print(event["text"]), logging.error("logged"), sys.stderr.write("stderr")] and None,
    "log_and_exit": lambda event, context: print("last words") or os._exit(1),
    "nap": lambda event, context: time.sleep(0.5) or os.getpid(),
    "allocate": lambda event, context: len(b"x" * (event["mb"] * 1024 * 1024)),
    "chatter": lambda event, context: print("x" * 1_000_000),
}

def handler(event, context):
    return ACTIONS[event["do"]](event, context)
"""


@pytest.fixture
def function(tmp_path: Path) -> Function:
    def make(source: str = HANDLER, **config: object) -> FunctionConfig:
        (tmp_path / "tiny.py").write_text(source)
        return FunctionConfig("tiny.handler", cwd=tmp_path, **config)

    return make


def is_running(pid: int) -> bool:
    """A zombie has ended; whose child it was decides when it goes."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def test_a_handler_answers(function):
    with Runtime(function()) as runtime:
        invocation = runtime.invoke({"do": "echo", "text": "é"})
    assert invocation.payload["echo"] == {"do": "echo", "text": "é"}
    assert invocation.function_error is None
    assert invocation.duration_ms > 0


def test_only_the_first_invocation_of_a_worker_is_cold(function):
    with Runtime(function()) as runtime:
        invocations = [runtime.invoke({"do": "echo"}) for _ in range(3)]
    assert [invocation.cold for invocation in invocations] == [True, False, False]
    assert invocations[0].init_ms > 1
    assert [invocation.init_ms for invocation in invocations[1:]] == [None, None]
    assert len({invocation.payload["pid"] for invocation in invocations}) == 1


def test_an_exception_of_the_handler_is_a_function_error_and_the_worker_lives_on(function):
    with Runtime(function()) as runtime:
        failed = runtime.invoke({"do": "raise"})
        after = runtime.invoke({"do": "echo"})
    assert failed.function_error == "Unhandled"
    assert (failed.payload["errorType"], failed.payload["errorMessage"]) == ("KeyError", "'missing'")
    assert any("tiny.py" in line for line in failed.payload["stackTrace"])
    assert not after.cold


def test_a_traceback_of_a_thousand_frames_fits_the_header_it_travels_in(function):
    with Runtime(function()) as runtime:
        failed = runtime.invoke({"do": "recurse"})
        after = runtime.invoke({"do": "echo"})
    assert failed.payload["errorType"] == "RecursionError"
    assert not after.cold


def test_a_handler_that_takes_too_long_is_ended_and_replaced(function):
    with Runtime(function(timeout_s=0.4)) as runtime:
        pid = runtime.invoke({"do": "echo"}).payload["pid"]
        started = time.monotonic()
        timed_out = runtime.invoke({"do": "sleep", "s": 30})
        elapsed_s = time.monotonic() - started
        after = runtime.invoke({"do": "echo"})
    assert timed_out.function_error == "Unhandled"
    assert timed_out.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {timed_out.request_id} Error: Task timed out after 0.40 seconds",
    }
    assert 0.4 <= elapsed_s < 1.5
    assert 400 <= timed_out.duration_ms < 1500
    assert not is_running(pid)
    assert after.cold


def test_the_deadline_ends_the_children_of_the_worker_too(function):
    with Runtime(function(timeout_s=0.3)) as runtime:
        timed_out = runtime.invoke({"do": "wait_for_a_child"})
        assert ends_within(int(timed_out.logs), 2)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param({"do": "exit", "status": 3}, "exited with error: exit status 3", id="status"),
        pytest.param({"do": "exit", "status": 0}, "exited without providing a reason", id="status zero"),
        pytest.param({"do": "segfault"}, "exited with error: signal: segmentation fault", id="signal"),
        pytest.param({"do": "exit_leaving_a_child"}, "exited with error: exit status 4", id="child holds the pipe"),
    ],
)
def test_a_crash_fails_one_invocation(function, event, reason):
    with Runtime(function()) as runtime:
        crashed = runtime.invoke(event)
        after = runtime.invoke({"do": "echo"})
    assert crashed.function_error == "Unhandled"
    assert crashed.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {crashed.request_id} Error: Runtime {reason}",
    }
    assert after.function_error is None
    assert after.cold


def test_a_worker_that_dies_between_invocations_fails_none(function):
    with Runtime(function()) as runtime:
        pid = runtime.invoke({"do": "echo"}).payload["pid"]
        os.kill(pid, signal.SIGKILL)
        assert ends_within(pid, 2)
        after = runtime.invoke({"do": "echo"})
    assert after.function_error is None
    assert after.cold


def test_an_init_error_is_answered_and_the_next_invocation_tries_once_more(function, tmp_path):
    source = "import os\nprint('importing')\nif not os.path.exists('ok'): import nowhere\nhandler = lambda e, c: 'fine'"
    with Runtime(function(source)) as runtime:
        broken = [runtime.invoke({}) for _ in range(2)]
        (tmp_path / "ok").touch()
        repaired = runtime.invoke({})
    for invocation in broken:
        assert invocation.function_error == "Unhandled"
        assert invocation.payload["errorType"] == "Runtime.ImportModuleError"
        assert invocation.payload["errorMessage"] == "Unable to import module 'tiny': No module named 'nowhere'"
        assert invocation.payload["requestId"] == invocation.request_id
        assert invocation.logs.count("importing\n") == 1
        assert invocation.cold
    assert repaired.payload == "fine"


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        ("handler = 1 / 0", "ZeroDivisionError", "division by zero"),
        ("import os; os._exit(7)", "Runtime.ExitError", "Runtime exited with error: exit status 7"),
    ],
    ids=["raises", "exits"],
)
def test_a_module_that_cannot_be_imported_fails_the_invocation(function, source, error_type, message):
    with Runtime(function(source)) as runtime:
        invocation = runtime.invoke({})
    assert invocation.payload["errorType"] == error_type
    assert invocation.payload["errorMessage"].endswith(message)


def test_an_import_that_hangs_is_ended(function):
    with Runtime(function("import time; time.sleep(30)", init_timeout_s=0.5)) as runtime:
        invocation = runtime.invoke({})
    assert invocation.payload["errorType"] == "Sandbox.Timedout"
    assert 500 <= invocation.init_ms < 5000


def test_eight_threads_share_two_workers(function):
    with Runtime(function(), workers=2) as runtime, ThreadPoolExecutor(8) as threads:
        runtime.invoke({"do": "echo"})
        invocations = list(threads.map(lambda n: runtime.invoke({"do": "echo", "n": n}), range(400)))
    assert [invocation.payload["echo"]["n"] for invocation in invocations] == list(range(400))
    assert len({invocation.request_id for invocation in invocations}) == 400
    assert len({invocation.payload["pid"] for invocation in invocations}) == 2
    assert sum(invocation.cold for invocation in invocations) == 1


def test_a_worker_that_nobody_needs_is_ended(function):
    with Runtime(function(), workers=2) as runtime:
        pid = runtime.invoke({"do": "echo"}).payload["pid"]
        runtime.end_idle(60)
        assert is_running(pid)
        runtime.end_idle(0)
        assert not is_running(pid)
        assert runtime.invoke({"do": "echo"}).cold


def test_only_what_is_idle_for_long_is_ended(function):
    with Runtime(function(), workers=2) as runtime, ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: runtime.invoke({"do": "nap"}), range(2)))
        time.sleep(0.3)
        kept = runtime.invoke({"do": "echo"}).payload["pid"]
        runtime.end_idle(0.25)
        assert {invocation.payload for invocation in both} > {kept}
        assert [is_running(invocation.payload) for invocation in both].count(True) == 1
        assert runtime.invoke({"do": "echo"}).payload["pid"] == kept


def test_a_worker_over_its_memory_is_killed_and_only_its_invocation_fails(function):
    with Runtime(function(memory_mb=96, timeout_s=30)) as runtime:
        killed = runtime.invoke({"do": "allocate", "mb": 120})
        after = runtime.invoke({"do": "allocate", "mb": 20})
    assert killed.payload == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {killed.request_id} Error: Runtime exited with error: signal: killed",
    }
    assert killed.peak_mb > 96
    assert (after.function_error, after.cold) == (None, True)
    assert 30 < after.peak_mb < 96


def test_the_context_tells_the_deadline_and_who_was_called(function):
    config = function(name="predict", version="7", timeout_s=2.0, memory_mb=1024)
    with Runtime(config) as runtime:
        by_version = runtime.invoke({"do": "context"})
        by_alias = runtime.invoke({"do": "context"}, qualifier="live")
    context = by_version.payload
    assert 1000 < context["remaining_ms"] <= 2000
    assert context["request_id"] == by_version.request_id
    assert context["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:predict:7"
    assert (context["version"], context["memory"]) == ("7", "1024")
    assert by_alias.payload["arn"].endswith(":function:predict:live")


def test_a_request_over_six_megabytes_never_reaches_the_worker(function):
    with Runtime(function()) as runtime:
        with pytest.raises(RequestTooLarge, match="6291456 bytes"):
            runtime.invoke({"do": "echo", "text": "x" * 6 * 1024 * 1024})
        assert runtime.invoke({"do": "echo"}).cold


def test_a_request_just_under_the_limit_comes_back_whole(function):
    text = "x" * (6 * 1024 * 1024 - 200)
    with Runtime(function()) as runtime:
        assert runtime.invoke({"do": "echo", "text": text}).payload["echo"]["text"] == text


def test_a_response_over_six_megabytes_is_an_error_that_costs_the_worker(function):
    with Runtime(function()) as runtime:
        failed = runtime.invoke({"do": "large", "bytes": 6_300_000})
        after = runtime.invoke({"do": "echo"})
    assert failed.function_error == "Unhandled"
    assert failed.payload == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert after.cold


def test_an_invocation_carries_what_the_worker_wrote_during_it(function):
    with Runtime(function()) as runtime:
        first = runtime.invoke({"do": "log", "text": "hello"})
        second = runtime.invoke({"do": "echo"})
        crashed = runtime.invoke({"do": "log_and_exit"})
    assert "hello\n" in first.logs
    assert "logged" in first.logs
    assert "stderr" in first.logs
    assert second.logs == ""
    assert crashed.logs == "last words\n"


def test_logs_are_bounded_and_keep_the_end(function):
    with Runtime(function()) as runtime:
        invocation = runtime.invoke({"do": "chatter"})
    assert 60_000 < len(invocation.logs) <= 256 * 1024
    assert invocation.logs.endswith("x\n")


def test_the_worker_sees_lambdas_environment_and_not_its_parents(function, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "parent")
    monkeypatch.setenv("SERINUS_OF_THE_PARENT", "1")
    with Runtime(function(name="predict", version="3", env={"SERINUS_BUNDLE": "/opt"})) as runtime:
        environment = runtime.invoke({"do": "environment"}).payload
    assert environment.keys() & {"AWS_SECRET_ACCESS_KEY", "SERINUS_OF_THE_PARENT"} == set()
    assert environment["SERINUS_BUNDLE"] == "/opt"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "predict"
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "3"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/predict"
    assert "[3]" in environment["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["_HANDLER"] == "tiny.handler"
    assert environment["AWS_LAMBDA_RUNTIME_API"].startswith("127.0.0.1:")


def test_leaving_the_runtime_ends_its_workers_and_refuses_more(function):
    with Runtime(function()) as runtime:
        pid = runtime.invoke({"do": "echo"}).payload["pid"]
    assert not is_running(pid)
    with pytest.raises(RuntimeError, match="closed"):
        runtime.invoke({"do": "echo"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_parent_that_goes_leaves_no_worker_behind(function, tmp_path, number):
    function()
    parent = (
        "import signal\nfrom pathlib import Path\nfrom localaws.runtime import FunctionConfig, Runtime\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored where tests run in the background
        "with Runtime(FunctionConfig('tiny.handler', cwd=Path.cwd())) as runtime:\n"
        "    print(runtime.invoke({'do': 'echo'}).payload['pid'], flush=True)\n"
        "    runtime.invoke({'do': 'sleep', 's': 1})\n"
        "    runtime.invoke({'do': 'sleep', 's': 30})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=-1, stderr=subprocess.DEVNULL) as process:
        pid = int(process.stdout.readline())
        process.send_signal(number)
        process.wait(5)
        assert ends_within(pid, 5)
