# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._converge.diff import diff_of

from .fakes import change, user_arn


def test_one_difference_a_change_and_nothing_is_an_empty_text() -> None:
    changes = [change("a", before=None, after={"x": 1}), change("b", before={"x": 1}, after=None)]
    assert diff_of(changes) == [
        {
            "before_header": f"{user_arn('a')} (before Replace)",
            "after_header": f"{user_arn('a')} (after Replace)",
            "before": "",
            "after": {"x": 1},
        },
        {
            "before_header": f"{user_arn('b')} (before Replace)",
            "after_header": f"{user_arn('b')} (after Replace)",
            "before": {"x": 1},
            "after": "",
        },
    ]
    assert diff_of([]) == []


def test_a_target_can_not_write_to_the_terminal() -> None:
    (shown,) = diff_of([change("\x1b[2J\u202etoor", before=None, after={"x": 1})])
    assert shown["after_header"] == f"{user_arn('?[2J?toor')} (after Replace)"
