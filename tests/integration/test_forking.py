# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command that is forked from a server has the same outcome as one in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import parts
import pytest

from . import forking
from .conftest import BIN
from .forking import Commands, ForkServer

# Everything of itself that a script can see, but for what only a process of its own has: its id, and its parent's.
DESCRIBE: t.Final = """
import atexit, json, os, signal, sys, time
atexit.register(print, "at the end")
print(json.dumps({
    "argv": sys.argv,
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "cwd": os.getcwd(),
    "environment": dict(sorted(os.environ.items())),
    "encodings": [sys.stdout.encoding, sys.stdout.errors, sys.getfilesystemencoding()],
    "executable": sys.executable,
    "files": sorted(os.listdir("/proc/self/fd")),
    "group": [os.getpgrp(), os.getsid(0)],
    "handlers": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
    "input": sys.stdin.read(),
    "name": __name__,
    "path": sys.path,
    "terminals": [os.isatty(number) for number in range(3)],
    "time": time.tzname,
    "umask": os.umask(0o22),
}, indent=1))
print("späte Meldung\\r\\n", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Commands]:
    """Commands of servers that have compiled nothing."""
    commands = Commands([])
    yield commands
    commands.stop()


def make_script(directory: Path, text: str) -> str:
    path = directory / "ansible"
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def run_alone(command: t.Sequence[str], *, directory: Path, environment: t.Mapping[str, str]) -> t.Any:
    return subprocess.run(
        command, cwd=directory, env=environment, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked there")
@pytest.mark.parametrize("status", [0, 4])
def test_a_forked_process_finds_and_leaves_the_same(quick: Commands, tmp_path: Path, status: int) -> None:
    command = [make_script(tmp_path, DESCRIBE), str(status), "an argument", "ä"]
    given: t.Any = {"directory": tmp_path, "environment": {**os.environ, "ANSIBLE_HOME": "ä b", "AWS_PROFILE": ""}}
    forked, alone = quick.run(command, **given), run_alone(command, **given)
    assert forked.stdout == alone.stdout
    assert (forked.returncode, forked.stderr) == (alone.returncode, alone.stderr) == (status, "späte Meldung\n\n")


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("raise RuntimeError('as it is')", 1),
        ("sys.exit('a message')", 1),
        ("os._exit(7)", 7),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        # A shell ignores it for its jobs in the background, and so does what they start.
        (
            "signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT)",
            -signal.SIGINT,
        ),
    ],
)
def test_a_forked_process_ends_as_another(quick: Commands, tmp_path: Path, ending: str, status: int) -> None:
    command = [make_script(tmp_path, f"import os, signal, sys\n{ending}\n")]
    given: t.Any = {"directory": tmp_path, "environment": os.environ}
    forked, alone = quick.run(command, **given), run_alone(command, **given)
    assert forked.returncode == alone.returncode == status
    assert forked.stderr.splitlines()[-1:] == alone.stderr.splitlines()[-1:]


def test_ansible_is_the_same(commands: Commands, tmp_path: Path) -> None:
    command = [str(BIN / "ansible"), "--version"]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_NOCOLOR": "1"}
    given: t.Any = {"directory": tmp_path, "environment": environment}
    forked, alone = commands.run(command, **given), run_alone([sys.executable, *command], **given)
    assert forked.stdout == alone.stdout
    assert str(tmp_path / "home") in forked.stdout


def test_runs_in_a_row_order_sets_otherwise(quick: Commands, tmp_path: Path) -> None:
    command = [make_script(tmp_path, "print(hash('one string'))")]
    hashes = [quick.run(command, directory=tmp_path, environment=os.environ).stdout for _run in range(4)]
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LC_ALL", "TZ", "LD_PRELOAD"])
def test_what_is_read_at_the_start_needs_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(ForkServer, "__init__", lambda _server, _compiled: pytest.fail("forked"))
    command = [make_script(tmp_path, "print('done')")]
    value = "7" if name == "PYTHONHASHSEED" else ""
    done = Commands([]).run(command, directory=tmp_path, environment={**os.environ, name: value})
    assert done.stdout == "done\n"


def test_only_commands_of_ansible_are_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ForkServer, "__init__", lambda _server, _compiled: pytest.fail("forked"))
    done = Commands([]).run([sys.executable, "-c", "print(1)"], directory=tmp_path, environment=os.environ)
    assert done.stdout == "1\n"
    assert "python" not in forking.FORKED


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked there")
def test_collections_are_compiled_once_and_again_when_they_change(link_tree: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ansible_collections" / "test" / "one" / "plugins"
    module = folder / "lookup" / "shared.py"
    module.parent.mkdir(parents=True)
    module.write_text("VALUE = 'before'\n", encoding="utf-8")
    script = """
        import sys
        from ansible.plugins.loader import init_plugin_loader
        init_plugin_loader([sys.argv[1]])
        from ansible_collections.test.one.plugins.lookup import shared
        print(shared.VALUE)
    """
    server = ForkServer([folder])
    command = [make_script(tmp_path, script), str(tmp_path)]
    given: t.Any = {"directory": tmp_path, "environment": os.environ}
    try:
        assert server.run(command, **given).stdout == "before\n"
        module.write_text("VALUE = 'behind'\n", encoding="utf-8")
        assert server.run(command, **given).stdout == "behind\n"
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked there")
def test_cpu_seconds_are_counted_once(tmp_path: Path) -> None:
    script = "import os\nwhile sum(os.times()[:2]) < 0.5: pass\nprint(sum(os.times()[:2]))"
    before = parts.cpu_seconds()
    server = ForkServer([])
    done = server.run([make_script(tmp_path, script)], directory=tmp_path, environment=os.environ)
    early = parts.cpu_seconds() - before
    server.stop()
    whole = parts.cpu_seconds() - before
    assert float(done.stdout) >= 0.5
    assert 0.4 <= early <= whole + 0.1 < early + 5
