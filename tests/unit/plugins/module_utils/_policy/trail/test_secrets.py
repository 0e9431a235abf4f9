# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret is called by its name, and its ARN ends in six more characters that no event shows."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Judge
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.resources import Subject, find_targets
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

from .events import ACCOUNT, event

SECRET: t.Final = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:"


def read(secret: str, resource: str, before: str = "*") -> Breakage:
    """What a policy for ``resource`` alone does to a call that names ``secret``."""
    record = event("secretsmanager:GetSecretValue", requestParameters={"secretId": secret})
    (use,) = EventReader().read([record], Source.TRAIL).uses
    old, new = (
        parse(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": arn}],
            },
            name="p",
        )
        for arn in (before, resource)
    )
    return Judge(Layers((old,)), Layers((new,))).verdict(use).outcome


@pytest.mark.parametrize("named", ["db/pw", f"{SECRET}db/pw"])
def test_a_scope_must_have_the_end_of_the_arn(named: str) -> None:
    assert read(named, f"{SECRET}db/pw-??????") is Breakage.SAFE
    assert read(named, f"{SECRET}db/*") is Breakage.SAFE
    assert read(named, f"{SECRET}db/pw") is Breakage.WILL_BREAK
    assert read(named, f"{SECRET}other-??????") is Breakage.WILL_BREAK
    # Whether it is this one is not known, but if the old policy had no other, it is.
    assert read(named, f"{SECRET}db/pw-AbCdEf") is Breakage.MAY_BREAK
    assert read(named, f"{SECRET}db/pw-??????", before=f"{SECRET}db/pw-AbCdEf") is Breakage.SAFE
    assert read(named, f"{SECRET}db/pw", before=f"{SECRET}db/pw-AbCdEf") is Breakage.WILL_BREAK


def test_a_complete_arn_is_taken_as_it_is() -> None:
    assert read(f"{SECRET}db/pw-AbCdEf", f"{SECRET}db/pw-AbCdEf") is Breakage.SAFE
    assert read(f"{SECRET}db/pw-AbCdEf", f"{SECRET}db/pw-GhIjKl") is Breakage.WILL_BREAK


@pytest.mark.parametrize("named", ["a*b", "a?b", "a:b", "${aws:username}", {"x": "y"}, None, "arn:aws:s3:::b"])
def test_what_is_no_name_of_a_secret_may_be_any_secret(named: t.Any) -> None:
    record = event("secretsmanager:GetSecretValue", requestParameters={"secretId": named})
    (target,) = find_targets(Subject(record, {}), "secretsmanager:getsecretvalue")
    assert target.resource is None
    assert [item.rpartition(":")[2] for item in target.candidates] == ["*"]
