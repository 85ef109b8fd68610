"""Real processes, started, killed and stopped."""
from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tandem.run.console import Console
from tandem.run.errors import ProcessFailed
from tandem.run.ports import ListenAddress, listen
from tandem.run.process import BEATS, LISTEN, ProcessSpec
from tandem.run.supervisor import Supervisor, SupervisorTimes

ROOT = Path(__file__).resolve().parents[3]
PARTS = "tests.integration.run"
QUICK = SupervisorTimes(first_wait=0.1, longest_wait=0.4, grace=1.0, look_every=0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listener(port: int | None = None) -> socket.socket:
    return listen([ListenAddress("part", "127.0.0.1", port or free_port(), "PORT")])["part"]


def spec(folder: Path, *words: str, name: str = "part", start_seconds: float = 20) -> ProcessSpec:
    command = (sys.executable, "-m", f"{PARTS}.stand_in", LISTEN, BEATS, str(folder / f"{name}.pids"), *words)
    return ProcessSpec(name, command, ROOT, listener=listener(), start_seconds=start_seconds)


def failing(code: str, start_seconds: float = 20) -> ProcessSpec:
    return ProcessSpec("part", (sys.executable, "-c", code), ROOT, start_seconds=start_seconds)


def pids(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def until(true: Callable[[], bool], what: str, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        await asyncio.sleep(0.05)


def test_what_keeps_dying_or_freezes_is_replaced_within_ten_seconds() -> None:
    patience = SupervisorTimes()
    assert patience.longest_wait < 10 and patience.frozen + patience.first_wait + patience.look_every < 10


async def test_a_killed_process_is_shown_and_started_again(tmp_path: Path) -> None:
    out = io.StringIO()
    supervisor = Supervisor([spec(tmp_path, name="one"), spec(tmp_path, name="two")], Console(out), QUICK)
    await supervisor.start()
    try:
        [first] = pids(tmp_path / "one.pids")
        [other] = pids(tmp_path / "two.pids")
        os.kill(first, signal.SIGKILL)
        await until(lambda: "one is up again" in out.getvalue(), "up again")
        assert "one died (signal SIGKILL); starting it again in 0.1 s" in out.getvalue()
        assert len(pids(tmp_path / "one.pids")) == 2 and pids(tmp_path / "two.pids") == [other]
    finally:
        await supervisor.stop()
    assert not any(alive(pid) for pid in [*pids(tmp_path / "one.pids"), other])


async def test_one_that_dies_again_and_again_is_started_ever_less_often(tmp_path: Path) -> None:
    out = io.StringIO()
    supervisor = Supervisor([spec(tmp_path)], Console(out), QUICK)
    await supervisor.start()
    try:
        for count in range(1, 5):
            await until(lambda count=count: len(pids(tmp_path / "part.pids")) == count, f"start {count}")
            os.kill(pids(tmp_path / "part.pids")[-1], signal.SIGKILL)
            await until(lambda count=count: out.getvalue().count("died") == count, f"death {count}")
    finally:
        await supervisor.stop()
    waits = [line.split(" in ")[1] for line in out.getvalue().splitlines() if "died" in line]
    assert waits == ["0.1 s", "0.2 s", "0.4 s", "0.4 s"]


async def test_stopping_while_one_waits_to_be_started_again_starts_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    supervisor = Supervisor([spec(tmp_path)], Console(out), SupervisorTimes(first_wait=0.5, grace=1, look_every=0.05))
    await supervisor.start()
    os.kill(pids(tmp_path / "part.pids")[0], signal.SIGKILL)
    await until(lambda: "died" in out.getvalue(), "death")
    await supervisor.stop()
    await asyncio.sleep(0.8)
    assert len(pids(tmp_path / "part.pids")) == 1


async def test_one_that_will_not_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "deaf", "child")], Console(io.StringIO()), QUICK)
    await supervisor.start()
    started = pids(tmp_path / "part.pids")
    assert len(started) == 2
    await supervisor.stop()
    await until(lambda: not any(alive(pid) for pid in started), "all gone")


async def test_children_of_a_killed_process_do_not_outlive_it(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "child")], Console(io.StringIO()), QUICK)
    await supervisor.start()
    try:
        parent, child = pids(tmp_path / "part.pids")
        os.kill(parent, signal.SIGKILL)
        await until(lambda: not alive(child), "child gone")
    finally:
        await supervisor.stop()


async def test_one_that_ends_while_starting_stops_all_and_says_how(tmp_path: Path) -> None:
    out = io.StringIO()
    good = spec(tmp_path, name="good")
    bad = failing("print('the credentials are wrong'); raise SystemExit(3)")
    with pytest.raises(ProcessFailed, match=r"part ended while starting \(exit code 3\)"):
        await Supervisor([good, bad], Console(out), QUICK).start()
    assert "the credentials are wrong" in out.getvalue()
    await until(lambda: not any(alive(pid) for pid in pids(tmp_path / "good.pids")), "good stopped")


async def test_one_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="did not answer within 2 s"):
        await Supervisor([spec(tmp_path, "silent", start_seconds=2)], Console(io.StringIO()), QUICK).start()


async def test_a_program_that_is_not_there_is_an_error_by_name() -> None:
    missing = ProcessSpec("desk", ("/no/such/program",), ROOT)
    with pytest.raises(ProcessFailed, match="desk cannot be started"):
        await Supervisor([missing], Console(io.StringIO()), QUICK).start()


async def test_hostile_output_is_shown_as_far_as_it_goes() -> None:
    out = io.StringIO()
    code = r"import sys; sys.stdout.buffer.write(b'\xff\xfe\x00ok\n' + b'x' * 3_000_000 + b'\nafter\n')"
    with pytest.raises(ProcessFailed):
        await Supervisor([failing(code)], Console(out), QUICK).start()
    assert "ok" in out.getvalue() and "after" in out.getvalue() and len(out.getvalue()) < 2_500_000


def _mind_the_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`tandem run`'s supervisor in a process of its own, with two stand-ins that have a child each, all up.

    It minds the end of a terminal, also where the tests themselves run under `nohup`.
    """
    command = [sys.executable, "-m", f"{PARTS}.supervise", str(tmp_path), str(free_port()), str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
                          start_new_session=True, preexec_fn=_mind_the_terminal) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line == "all is up\n":
                break
        assert said and said[-1] == "all is up\n", "".join(said)
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_ctrl_c_stops_everything(supervised: subprocess.Popen[str], tmp_path: Path, number: int) -> None:
    started = pids(tmp_path / "pids0") + pids(tmp_path / "pids1")
    assert len(started) == 4 and all(alive(pid) for pid in started)
    supervised.send_signal(number)
    said, _ = supervised.communicate(timeout=20)
    assert supervised.returncode == 0 and "stopped" in said
    await until(lambda: not any(alive(pid) for pid in started), "no orphan")


def test_a_run_in_the_background_of_a_script_can_still_be_stopped(tmp_path: Path) -> None:
    """Shells let their background jobs ignore Ctrl-C, and `nohup` the terminal's end."""
    command = (f'trap "" INT HUP; exec {sys.executable} -m {PARTS}.supervise {tmp_path} {free_port()}')
    with subprocess.Popen(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any(line == "all is up\n" for line in process.stdout)
            process.send_signal(signal.SIGHUP)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_killing_the_supervisor_takes_the_processes_with_it(
    supervised: subprocess.Popen[str], tmp_path: Path,
) -> None:
    leaders = [pids(tmp_path / "pids0")[0], pids(tmp_path / "pids1")[0]]
    supervised.kill()
    await until(lambda: not any(alive(pid) for pid in leaders), "no orphan")
    for pid in pids(tmp_path / "pids0") + pids(tmp_path / "pids1"):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
