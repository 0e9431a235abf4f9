# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give operations and models of moto another implementation."""

from __future__ import annotations

import re
import sys
import typing as t

import moto
import moto.backend_index
from moto.iam.responses import IamResponse

Operation = t.Callable[[t.Any], object]


def iam_operations(*operations: Operation) -> None:
    """Let IAM answer each operation with the function that bears its name in snake case."""
    operations_of(IamResponse, *operations)


def operations_of(response_class: type, *operations: Operation) -> None:
    """As :func:`iam_operations`, for any service's response class."""
    for operation in operations:
        setattr(response_class, operation.__name__, operation)


def install() -> None:
    """Make Access Analyzer a service of moto: where moto imports it, and which host leads to it."""
    from emulator.extensions import accessanalyzer

    sys.modules["moto.accessanalyzer"] = accessanalyzer
    moto.accessanalyzer = accessanalyzer
    pattern = re.compile(r"https?://access-analyzer\.(.+)\.amazonaws\.com")
    moto.backend_index.backend_url_patterns.append(("accessanalyzer", pattern))
