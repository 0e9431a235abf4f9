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

from ..._policy.least_privilege.samples import ROLE, allow, call, make_principal, make_record, policy, settings


def take(record: Record) -> Generated:
    new = policy(allow("sqs:SendMessage"), name="document 1")
    proposer = Proposer(t.cast(t.Any, None), settings(), (new,))
    principal = make_principal(policy(allow("sqs:*")))
    entity = Role("app", ROLE, "/dev/", None, t.cast(t.Any, None), (), (), None, None, None)
    return proposer._take(Subject(entity, (ROLE,)), principal, record)


def test_documents_of_a_person_are_not_proved_without_evidence() -> None:
    assert take(make_record(call("sqs:SendMessage"))).status is Status.GENERATED
    refused = take(dataclasses.replace(make_record(), coverage=Coverage(90)))
    assert (refused.status, refused.documents) == (Status.NO_EVIDENCE, ())
    assert take(make_record(days=9)).status is Status.REFUSED
