# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import Stage
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.step import (
    Action,
    Step,
    refuse,
)
from ansible_collections.hardening.iam.plugins.modules.access_key_rotation import RETURN


def test_the_module_documents_each_step() -> None:
    """Users compare these words in their plays."""
    documented = yaml.safe_load(RETURN)["rotations"]["contains"]["next"]["description"][0]
    words = set(re.findall(r"V\((\w+)\)", documented))
    assert words == {action.value for action in Action}


@pytest.mark.parametrize("action", Action)
def test_a_step_that_waits_or_is_refused_does_nothing(action: Action) -> None:
    assert Step(action).acts is (action.value not in ("wait", "refuse"))
    assert Step(action, Stage.CREATED).acts is Step(action).acts


def test_a_refusal_has_its_rule_and_reason() -> None:
    found = refuse("two_keys", "somebody made one")
    assert (found.action, found.rule, found.reason, found.acts) == (
        Action.REFUSE,
        "two_keys",
        "somebody made one",
        False,
    )
    assert (found.stage, found.key, found.old, found.due, found.notice) == (None, None, None, None, "")
