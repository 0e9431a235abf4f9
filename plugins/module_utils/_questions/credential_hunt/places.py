# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The places of log files: directories, prefixes in S3, and single files."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from collections.abc import Callable

from ..._account.log_files import Logs
from ..._module.options import StoreOptions


class SingleFile:
    """One file of a directory."""

    def __init__(self, logs: Logs, name: str) -> None:
        self._logs: t.Final = logs
        self._name: t.Final = name
        self.location: str = f"{logs.location.rstrip('/')}/{name}"

    def get(self, key: str) -> t.Optional[bytes]:
        """The content of the file, None where it is gone."""
        return self._logs.get(key)

    def list(self, prefix: str = "") -> list[str]:
        """The name of the file."""
        return [self._name] if self._name.startswith(prefix) else []


def open_place(open_store: Callable[[StoreOptions], Logs], place: StoreOptions) -> Logs:
    """Open a place. The path of a file stands for that file alone. Raises AwsError: it can't work."""
    path = os.path.expanduser(place.location)
    if "://" in place.location or "\0" in path or not os.path.isfile(path):
        return open_store(place)
    folder, name = os.path.split(os.path.abspath(path))
    return SingleFile(open_store(dataclasses.replace(place, location=folder)), name)
