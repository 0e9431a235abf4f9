# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of a source are no conditions, and unknown has a reason."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Answer, Unknown, Yes


@pytest.mark.parametrize("answer", [Yes(1), Yes(None), NO, Unknown("denied")], ids=repr)
def test_is_no_condition(answer: Answer[object]) -> None:
    with pytest.raises(TypeError, match="compare its class"):
        bool(answer)


def test_unknown_says_why() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Unknown("")


def test_yes_of_nothing_is_not_no() -> None:
    assert Yes(None) != NO
    assert Yes(()) != NO
