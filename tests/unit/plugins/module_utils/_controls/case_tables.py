# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases written as tables, and all cases that there are."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot

from . import cases as tables
from .cases.case import Case


@dataclasses.dataclass(frozen=True)
class Exemption:
    """A control that some verdicts are impossible for, and why."""

    never: tuple[str, ...]
    reason: str


#: Controls that cannot have the cases that every control must have.
EXEMPTIONS: t.Final[Mapping[str, Exemption]] = {
    "management_account_without_workloads": Exemption(("FAIL", "PASS"), "a person has to judge what a workload is"),
    "organizational_units_by_environment": Exemption(("PASS",), "a person has to judge what the units are for"),
    "security_questions": Exemption(("FAIL", "PASS"), "AWS has no API for security questions"),
}


def all_cases() -> tuple[Case, ...]:
    """The cases of all tables, by the names of their files."""
    names = sorted(item.name for item in pkgutil.iter_modules(tables.__path__) if item.name != "case")
    return tuple(case for name in names for case in importlib.import_module(f"{tables.__name__}.{name}").CASES)


def cases(
    control: str,
    source: str,
    *,
    thresholds: t.Optional[Mapping[str, t.Any]] = None,
    **verdicts: Mapping[str, Callable[[], Snapshot]],
) -> tuple[Case, ...]:
    """Cases of one control and one source: by verdict, the accounts by their names."""
    return tuple(
        Case(control, expected, name, source, build, thresholds or {})
        for expected, found in verdicts.items()
        for name, build in found.items()
    )
