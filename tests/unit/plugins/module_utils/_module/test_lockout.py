# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run whose own credentials were ended says what people do; all other failures are as they were."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._module.lockout import explain_lockout
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError

ENDED: t.Final = InvalidCredentials("gone", code="InvalidClientTokenId")
OVER: t.Final = InvalidCredentials("over", code="ExpiredToken")


class Access:
    def __init__(self, answer: Exception | None) -> None:
        self.answer = answer
        self.asked = 0
        self.caller = types.SimpleNamespace(arn="arn:aws:iam::111122223333:user/automation")

    def call(self, _service: str, _operation: str) -> dict[str, str]:
        self.asked += 1
        if self.answer:
            raise self.answer
        return {}


def fail(error: Exception, answer: Exception | None = None, cause: Exception | None = None) -> tuple[Exception, int]:
    access = Access(answer)
    task: t.Any = types.SimpleNamespace(access=access)
    with pytest.raises(Exception, match=".") as caught, explain_lockout(task, "INC-7"):
        raise error from cause
    return caught.value, access.asked


@pytest.mark.parametrize(
    ("error", "answer", "cause"),
    [
        (ENDED, None, None),
        (TaskError("the journal can't be used"), None, ENDED),
        (TaskError("not denied", changes=[]), ENDED, None),
    ],
)
def test_people_are_told_what_to_do(error: Exception, answer: Exception | None, cause: Exception | None) -> None:
    found, _asked = fail(error, answer, cause)
    assert isinstance(found, TaskError)
    assert str(found).startswith(str(error)) and "break-glass" in str(found) and "INC-7" in str(found)
    assert "user/automation" in str(found)
    assert found.details == getattr(error, "details", {})


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (OVER, None),
        (AccessDenied("no", code="AccessDenied"), None),
        (TaskError("not denied", changes=[]), None),
        (TaskError("not denied", changes=[]), OVER),
        (TaskError("not denied", changes=[]), AwsError("down")),
        (InputError("malformed"), ENDED),
    ],
)
def test_other_failures_are_as_they_were(error: Exception, answer: Exception | None) -> None:
    assert fail(error, answer)[0] is error


def test_aws_is_asked_only_of_work_that_began() -> None:
    assert fail(TaskError("malformed"), ENDED)[1] == 0
