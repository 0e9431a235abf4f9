# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the export."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

OPTIONS: t.Final = {"severities": ["critical", "high"], "ocsf": True, "security_hub": False, "global_region": ""}


def test_the_options_are_typed() -> None:
    assert Declared.from_options(OPTIONS) == Declared(frozenset({"critical", "high"}), ocsf=True, security_hub=False)
    assert Declared.from_options({**OPTIONS, "global_region": "eu-west-1"}).global_region == "eu-west-1"


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(InputError, match="severities: grave is not allowed; allowed are critical, high, medium, low"):
        Declared.from_options({**OPTIONS, "severities": ["high", "grave"]})
