# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give operations and models of moto another implementation."""

from __future__ import annotations

import re
import sys
import types
import typing as t

import moto
import moto.backend_index
from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model
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
    """Make Access Analyzer and Sign-In services of moto: where moto imports them, and which hosts lead to them."""
    from emulator.extensions import accessanalyzer

    _serve("accessanalyzer", accessanalyzer, host="access-analyzer")
    if _knows("signin", "ListSessions"):
        from emulator.extensions import signin

        _serve("signin", signin, host="signin")


def _serve(name: str, package: types.ModuleType, *, host: str) -> None:
    sys.modules[f"moto.{name}"] = package
    setattr(moto, name, package)
    pattern = re.compile(rf"https?://{host}\.(.+)\.amazonaws\.com")
    moto.backend_index.backend_url_patterns.append((name, pattern))


def _knows(service: str, operation: str) -> bool:
    """Whether this botocore has the operation: Sign-In got the ones on sessions in 2026."""
    try:
        return operation in get_service_model(service).operation_names
    except UnknownServiceError:
        return False
