# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Starting the process of a canary, reading what it noted, and ending it."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Mapping
from pathlib import Path

from . import canary
from .errors import AwsError
from .options import AccessOptions

PREFIX: t.Final = "iam-hardening-drill-"
#: So long a canary lasts if nobody ends it, in seconds.
LONGEST: t.Final = 1800.0
_CALLS: t.Final = "calls.jsonl"

Call = Mapping[str, t.Any]


def start(key: Mapping[str, str], *, role_arn: str, region: str, options: AccessOptions) -> str:
    """Start the process with an access key; returns the directory in which it notes its calls.

    The secret of ``key`` goes through a pipe. It is neither in the arguments nor in the environment of the process.

    :raises AwsError: it can't be started.
    """
    directory = tempfile.mkdtemp(prefix=PREFIX)
    asked = {
        "key_id": key["AccessKeyId"],
        "secret": key["SecretAccessKey"],
        "role_arn": role_arn,
        "region": region,
        "endpoint_url": options.endpoint_url,
        "verify": options.verify,
        "directory": directory,
        "seconds": LONGEST,
    }
    # Keys of the controller are not the canary's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_CREDENTIALS)}
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", inspect.getsource(canary)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        with t.cast(t.IO[bytes], process.stdin) as pipe:
            pipe.write(json.dumps(asked).encode() + b"\n")
    except OSError as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise AwsError(f"the process of the canary could not be started: {error.strerror}") from None
    return directory


_OF_CREDENTIALS: t.Final = (
    *("AWS_ACCESS_KEY", "AWS_SECRET", "AWS_SESSION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE"),
    *("AWS_WEB_IDENTITY", "AWS_CONTAINER"),
)


def read_calls(directory: str) -> list[Call]:
    """Read the calls that a canary has noted so far. A line that is not whole yet is left out."""
    if not _is_own(directory):
        return []
    try:
        lines = Path(directory, _CALLS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def stop(directory: str) -> None:
    """End a canary, and remove what it noted."""
    if _is_own(directory):
        # It also ends where its directory is gone.
        shutil.rmtree(directory, ignore_errors=True)


def _is_own(directory: str) -> bool:
    """Whether a directory is that of a canary: the task is given its name by the one before."""
    path = Path(directory)
    return path.name.startswith(PREFIX) and path.parent == Path(tempfile.gettempdir()) and path.is_dir()
