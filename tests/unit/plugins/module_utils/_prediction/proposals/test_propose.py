# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents of a person without evidence."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Role
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import Generated, Status
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage, Record
from ansible_collections.hardening.iam.plugins.module_utils._prediction.proposals.propose import Proposer
from ansible_collections.hardening.iam.plugins.module_utils._prediction.proposals.subjects import Subject

from ..._policy.least_privilege.samples import ROLE, allow, call, cover, make_principal, make_record, policy, settings


def take(record: Record, action: str = "sqs:SendMessage") -> Generated:
    new = policy(allow(action), name="document 1")
    proposer = Proposer(t.cast(t.Any, None), settings(), (new,))
    principal = make_principal(policy(allow("sqs:*")))
    entity = Role("app", ROLE, "/dev/", None, t.cast(t.Any, None), (), (), None, None, None)
    return proposer._take(Subject(entity, (ROLE,)), principal, record)


def test_documents_of_a_person_are_not_proved_without_evidence() -> None:
    assert take(make_record(call("sqs:SendMessage"))).status is Status.GENERATED
    refused = take(dataclasses.replace(make_record(), coverage=Coverage(90)))
    assert (refused.status, refused.documents) == (Status.NO_EVIDENCE, ())
    assert take(make_record(days=9)).status is Status.REFUSED


def test_documents_of_a_person_are_compared_with_the_policies_of_today() -> None:
    queue = "arn:aws:sqs:eu-west-1:111122223333:q"
    calls = call("sqs:SendMessage", queue), call("sqs:PurgeQueue", queue, count=3)
    found = take(make_record(*calls, but=[cover("sqs", data=False)], last_accessed=False))
    assert [(item.action, item.resources) for item in found.kept] == [("sqs:SendMessage", (queue,))]
    removed = {item.action: item.why for item in found.removed}
    assert removed["sqs:PurgeQueue"] == "the documents do not grant it, although it was called"
    assert "sqs:ReceiveMessage" in removed and "sqs:SendMessage" not in removed
    wide = take(make_record(*calls, but=[cover("sqs", data=False)], last_accessed=False), "sqs:*Message")
    assert "sqs:ReceiveMessage" in {item.action for item in wide.unknown}
    assert "sqs:ReceiveMessage" not in {item.action for item in wide.removed}
