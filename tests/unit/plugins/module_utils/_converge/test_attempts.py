# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long is waited, and what a change builds on. The runner's tests try the attempts themselves."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.attempts import VERIFY_WAITS, verify_waits

from .fakes import change


def test_each_wait_is_twice_the_one_before_and_all_are_half_a_minute() -> None:
    assert list(VERIFY_WAITS) == [0.5 * 2**number for number in range(6)]


@pytest.mark.parametrize(("service", "seconds"), [("iam", 31.5), ("sns", 31.5), ("sqs", 63.5)])
def test_only_a_queue_is_waited_for_longer(service: str, seconds: float) -> None:
    """SQS documents up to a minute."""
    assert sum(verify_waits(change(service=service))) == seconds
