# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's commands run in processes forked from a server, which saves 0.4 CPU seconds each: see fork_server.py.

A forked process has the arguments, directory, environment and outputs that it is given, as any other. What Python and
the C library read of the environment when a process starts is the server's; a command with other such variables gets a
process of its own. So does one of another thread while the server is busy.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

FORKED: t.Final = frozenset({"ansible", "ansible-playbook"})
_READ_AT_START: t.Final = re.compile(r"PYTHON|LD_|LC_|LANG|LOCPATH|TZ|MALLOC_|GLIBC_|FAKETIME")
_SERVER: t.Final = Path(__file__).with_name("fork_server.py")

Completed = subprocess.CompletedProcess[str]


class ForkServer:
    """A process that forks commands, one at a time, and has compiled the Python files of these folders."""

    def __init__(self, compiled: t.Iterable[Path]) -> None:
        self.busy = threading.Lock()
        self._channel, theirs = socket.socketpair()
        command = [sys.executable, str(_SERVER), *map(str, compiled)]
        with theirs:
            self._process = subprocess.Popen(command, stdin=theirs.fileno())
        self._answers = self._channel.makefile(encoding="utf-8")

    def run(self, command: t.Sequence[str], *, directory: Path, environment: t.Mapping[str, str]) -> Completed:
        """Run a Python script with arguments."""
        with tempfile.TemporaryFile("w+") as request, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            json.dump({"command": command, "directory": str(directory), "environment": dict(environment)}, request)
            request.seek(0)
            socket.send_fds(self._channel, [b"\n"], [file.fileno() for file in (request, out, err)])
            answer = json.loads(self._answers.readline())
            texts = [_read(file) for file in (out, err)]
        return Completed(command, answer["status"], *texts)

    def stop(self) -> None:
        """End the server."""
        self._answers.close()
        self._channel.close()
        self._process.wait()


class Commands:
    """Runs commands on two servers in turn: in each run sets have another order than in the run before."""

    def __init__(self, compiled: t.Iterable[Path]) -> None:
        self._compiled = tuple(compiled)
        self._servers: list[ForkServer] = []

    def run(self, command: t.Sequence[str], *, directory: Path, environment: t.Mapping[str, str]) -> Completed:
        """Run a script of the virtual environment, forked if that makes no difference."""
        if Path(command[0]).name in FORKED and sys.platform == "linux" and _is_started_alike(environment):
            server = self._next_server()
            if server.busy.acquire(blocking=False):
                try:
                    return server.run(command, directory=directory, environment=environment)
                finally:
                    server.busy.release()
        return subprocess.run(command, cwd=directory, env=environment, text=True, capture_output=True, check=False)

    def _next_server(self) -> ForkServer:
        server = self._servers.pop(0) if len(self._servers) > 1 else ForkServer(self._compiled)
        self._servers.append(server)
        return server

    def stop(self) -> None:
        """End the servers."""
        while self._servers:
            self._servers.pop().stop()


def _is_started_alike(environment: t.Mapping[str, str]) -> bool:
    """Whether a process started in this environment would begin as one in that of the tests."""
    names = {name for name in {**os.environ, **environment} if _READ_AT_START.match(name)}
    return all(environment.get(name) == os.environ.get(name) for name in names)


def _read(file: t.IO[bytes]) -> str:
    file.seek(0)
    # As subprocess reads text: with universal newlines.
    return file.read().decode().replace("\r\n", "\n").replace("\r", "\n")
