# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    Throttled,
    Unparsable,
    Unreachable,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience

from .conftest import Clock


class Attempts:
    """Fails like this until the clock shows ``until``; every attempt takes a while."""

    def __init__(self, clock: Clock, error: AwsError, *, until: float, takes: float = 0.5) -> None:
        self.clock, self.error, self.until, self.takes = clock, error, until, takes
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        self.clock.sleep(self.takes)
        if self.clock.now > self.until:
            return "answer"
        raise self.error


@pytest.fixture
def patience(clock: Clock) -> Patience:
    return Patience(clock=clock, sleep=clock.sleep)


@pytest.fixture
def attempts(clock: Clock) -> Callable[..., Attempts]:
    return lambda error, **how: Attempts(clock, error, **how)


def test_ten_seconds_of_throttling_are_survived(patience: Patience, attempts: Callable[..., Attempts]) -> None:
    assert patience.call(attempts(Throttled("slow"), until=10.0), repeatable=False) == "answer"


def test_throttling_for_ever_ends(patience: Patience, clock: Clock, attempts: Callable[..., Attempts]) -> None:
    with pytest.raises(Throttled):
        patience.call(attempts(Throttled("slow"), until=1e9), repeatable=True)
    assert 25 <= clock.now < 30


@pytest.mark.parametrize("error", [Unparsable("?"), Unreachable("500")])
def test_failures_of_a_read_get_three_rounds(
    error: AwsError, patience: Patience, attempts: Callable[..., Attempts]
) -> None:
    assert patience.call(attempts(error, until=3.0), repeatable=True) == "answer"
    for_ever = attempts(error, until=1e9)
    with pytest.raises(type(error)):
        patience.call(for_ever, repeatable=True)
    assert for_ever.made == 3


def test_rounds_that_take_long_are_not_repeated(patience: Patience, attempts: Callable[..., Attempts]) -> None:
    hanging = attempts(Unreachable("timeout"), until=1e9, takes=20.0)
    with pytest.raises(Unreachable):
        patience.call(hanging, repeatable=True)
    assert hanging.made == 1


@pytest.mark.parametrize("error", [Unparsable("?"), Unreachable("500")])
def test_a_write_that_may_have_happened_is_not_repeated(
    error: AwsError, patience: Patience, attempts: Callable[..., Attempts]
) -> None:
    write = attempts(error, until=1e9)
    with pytest.raises(type(error)):
        patience.call(write, repeatable=False)
    assert write.made == 1


def test_a_denial_is_final(patience: Patience, attempts: Callable[..., Attempts]) -> None:
    denied = attempts(AccessDenied("no"), until=1e9)
    with pytest.raises(AccessDenied):
        patience.call(denied, repeatable=True)
    assert denied.made == 1
