"""Commands: exit statuses, signals, and who waits for whom."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xswitch.errors import NotExecutable, NotFound, Usage
from xswitch.shell import launch, uses
from xswitch.shell.programs import resolve

if TYPE_CHECKING:
    from people_and_shells import Person

PYTHON = sys.executable


def driven(person: Person, way: str, argv: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        person.argv(**{way: argv, "report": False}), env=person.environ, cwd=person.home, capture_output=True,
        text=True, timeout=30, check=False, **more,
    )  # fmt: skip


@pytest.fixture(params=["command", "run", "renewed"])
def way(request: pytest.FixtureRequest) -> str:
    """Replaced by the command, waiting for it, or serving it meanwhile: what is seen from outside is the same."""
    name: str = request.param
    return name


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 42"], 42),
        (["sh", "-c", "exit 255"], 255),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["sh", "-c", "kill -INT $$"], 130),
        (["no-such-command"], 127),
        (["./no/such/file"], 127),
        ([""], 127),
        (["/"], 126),
        (["./plain"], 126),
        (["./no-interpreter"], 127),
        (["./script"], 3),
        (["./garbage"], 126),
    ],
)
def test_the_exit_status_is_the_commands(person: Person, way: str, argv: list[str], status: int) -> None:
    files = {"plain": "x", "no-interpreter": "#!/no/such/sh\n", "script": "exit 3\n"}
    for name, text in files.items():
        (person.home / name).write_text(text)
        (person.home / name).chmod(0o644 if name == "plain" else 0o755)
    (person.home / "garbage").write_bytes(b"\x7fELF\x00\x01garbage" * 9)
    (person.home / "garbage").chmod(0o755)
    done = driven(person, way, argv)
    # A process that a signal ended is -n here and 128 + n for a shell.
    seen = 128 - done.returncode if done.returncode < 0 else done.returncode
    assert seen == status
    assert "Traceback" not in done.stderr
    if status in (126, 127):
        assert done.stderr.startswith("xswitch: ")


def test_a_command_gets_the_session_and_stdout_is_its_own(person: Person) -> None:
    done = driven(person, "command", ["sh", "-c", "echo $XSWITCH_TARGET $AWS_ACCOUNT_ID; cat"], input="piped\n")
    assert (done.stdout, done.stderr, done.returncode) == ("payments-prod/Deploy 444455556666\npiped\n", "", 0)


def test_arguments_arrive_as_they_were_given(person: Person, way: str) -> None:
    words = ["a b", "", "$(touch pwned)", "'", "-x", "é\n"]
    code = "import json,sys; print(json.dumps(sys.argv[1:]))"
    assert json.loads(driven(person, way, [PYTHON, "-c", code, *words]).stdout) == words
    assert not (person.home / "pwned").exists()


def test_signals_that_python_ignores_are_the_childs_again(person: Person, way: str) -> None:
    done = driven(person, way, ["grep", "SigIgn", "/proc/self/status"])
    ignored = int(re.findall(r"SigIgn:\s*([0-9a-f]+)", done.stdout)[0], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1) | 1 << (signal.SIGINT - 1))
    done = driven(person, way, ["grep", "SigBlk", "/proc/self/status"])
    assert int(done.stdout.split()[1], 16) == 0


def test_what_was_ignored_outside_stays_ignored(person: Person, way: str) -> None:
    """As nohup and a script's background jobs rely on."""
    argv = person.argv(**{way: ["grep", "SigIgn", "/proc/self/status"]})
    done = subprocess.run(
        ["sh", "-c", 'trap "" HUP INT; exec "$@"', "sh", *argv],
        env=person.environ, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    ignored = int(re.findall(r"SigIgn:\s*([0-9a-f]+)", done.stdout)[0], 16)
    assert ignored & 0b11 == 0b11


SIGNALS = [
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGALRM,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGXCPU,
    signal.SIGIO,
    signal.SIGRTMIN,
    signal.SIGRTMIN + 1,
    signal.SIGRTMAX,
]
CATCHER = """
import os, signal, sys, time
def caught(number, frame):
    os.write(1, f"caught {number}\\n".encode())
    if number != signal.SIGWINCH: os._exit(20)
    os._exit(21)
for name in sys.argv[1:]:
    signal.signal(int(name), caught)
os.write(1, b"ready\\n")
while True:
    time.sleep(0.05)  # pause() misses what comes just before it
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_sent_to_us_reaches_the_command(person: Person, way: str, number: int) -> None:
    argv = person.argv(**{way: [PYTHON, "-c", CATCHER, str(int(number))], "report": False})
    with subprocess.Popen(
        argv, env=person.environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.send_signal(number)
            assert process.communicate(timeout=15)[0] == f"caught {int(number)}\n"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == (21 if number == signal.SIGWINCH else 20)


BLOCKING = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGCONT, signal.SIGTERM])
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_what_was_blocked_outside_is_for_the_command_alone(person: Person, way: str) -> None:
    """Some supervisors start programs so. Who waits hears of the command's end all the same."""
    argv = person.argv(**{way: ["grep", "SigBlk", "/proc/self/status"], "report": False})
    done = subprocess.run(
        [PYTHON, "-c", BLOCKING, *argv], env=person.environ, capture_output=True, text=True, timeout=30, check=False
    )
    blocked = (1 << signal.SIGCHLD - 1) | (1 << signal.SIGCONT - 1) | (1 << signal.SIGTERM - 1)
    assert int(done.stdout.split()[1], 16) == blocked


INTERRUPTED = """
import os, signal, sys
count = 0
def caught(number, frame):
    global count
    count += 1
signal.signal(signal.SIGINT, caught)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("ready", flush=True)
while not count:
    signal.sigtimedwait([signal.SIGUSR1], 0.05)
# Whatever our parent makes of the interrupt it has made of it once it hands on a later signal.
os.kill(int(sys.argv[1]) or os.getppid(), signal.SIGUSR1)
signal.sigtimedwait([signal.SIGUSR1], 10)
print(f"count={count};", flush=True)
"""


def test_ctrl_c_reaches_the_command_once(person: Person, way: str) -> None:
    """Terraform takes a second interrupt for an order to drop everything."""
    script = person.home / "interrupted.py"
    script.write_text(
        INTERRUPTED.replace("int(sys.argv[1]) or os.getppid()", "os.getpid()" if way == "command" else "os.getppid()")
    )
    terminal = person.start(**{way: [PYTHON, str(script)], "report": False})
    terminal.expect("ready")
    terminal.child.send("\x03")
    assert terminal.expect(r"count=(\d+);").group(1) == "1"


def test_ctrl_z_stops_both_and_fg_goes_on(person: Person) -> None:
    import pexpect

    outer = pexpect.spawn(
        "bash", ["--norc", "-i"], env={**person.environ, "PS1": "OUTER> "}, encoding="utf-8", timeout=15,
        dimensions=(24, 200),
    )  # fmt: skip
    outer.delaybeforesend = None
    person.children.append(outer)
    outer.expect("OUTER> ")
    words = person.argv(
        run=["sh", "-c", 'trap "echo ag""ain" CONT; echo rea""dy; while :; do read -r x && exit 5; done']
    )
    outer.send(" ".join("'" + word.replace("'", "'\\''") + "'" for word in words) + "\r")
    outer.expect("ready\r*\n")
    outer.send("\x1a")
    outer.expect("Stopped(.|\r|\n)*OUTER> ")
    outer.send("fg\r")
    outer.expect("again\r*\n")
    outer.send("go\r")
    outer.expect("STATUS=5;")
    outer.expect("OUTER> ")


def test_exec_becomes_the_command_and_its_use_is_known(person: Person) -> None:
    argv = person.argv(command=["sh", "-c", "echo $$; read line"], report=False)
    with subprocess.Popen(
        argv, env=person.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        (use,) = uses.current(uses.folder_in(person.state))
        assert (use.pid, use.target, use.words) == (process.pid, "payments-prod/Deploy", "exec sh")
        process.communicate("\n", timeout=15)
    assert uses.current(uses.folder_in(person.state)) == ()
    assert os.listdir(uses.folder_in(person.state)) == []


def test_a_command_that_can_not_start_leaves_no_use(person: Person) -> None:
    script = person.home / "bad"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    assert driven(person, "command", [str(script)]).returncode == 127
    assert os.listdir(uses.folder_in(person.state)) == []


def test_run_leaves_handlers_and_wake_up_as_they_were() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    assert launch.run(["sh", "-c", "exit 3"], {"PATH": os.environ["PATH"]}) == 3
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    assert signal.set_wakeup_fd(-1) == -1
    open_before = len(os.listdir("/proc/self/fd"))
    assert launch.run(["true"], {"PATH": os.environ["PATH"]}) == 0
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_no_descriptor_of_ours_reaches_the_command(person: Person, way: str) -> None:
    # ls itself opens one for the folder that it lists.
    assert driven(person, way, ["ls", "/proc/self/fd"]).stdout.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("argv", "message"), [([], "no command"), (["ls", "a\0b"], "holds a NUL")])
def test_wrong_commands(argv: list[str], message: str) -> None:
    with pytest.raises(Usage, match=message):
        launch.run(argv, {})


def test_resolve_looks_where_the_child_would(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        (folder / "tool").write_text("")
    path = f"{first}:{second}"
    with pytest.raises(NotExecutable, match=re.escape(f"{first}/tool")):
        resolve("tool", path)
    (second / "tool").chmod(0o755)
    assert resolve("tool", path) == f"{second}/tool"
    (first / "folder").mkdir()
    with pytest.raises(NotFound):
        resolve("folder", path)
    with pytest.raises(NotFound, match="command not found"):
        resolve("\x1b[31mtool", path)
