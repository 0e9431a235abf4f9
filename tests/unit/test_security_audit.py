# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an assessment reads, and AWS's policy SecurityAudit does not allow: the page names all of it."""

from __future__ import annotations

import json
import typing as t

from moto.iam.aws_managed_policies import aws_managed_policies_data
from scripts.bootstrap_roles import actions_of
from security_audit import read_page

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)
from ansible_collections.hardening.iam.plugins.modules import assessment_info

#: Nobody needs a permission for it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
FREE: t.Final = "sts:GetCallerIdentity"


def list_missing(operations: t.Iterable[str]) -> set[str]:
    """List the actions of these operations that SecurityAudit does not allow."""
    document = json.loads(aws_managed_policies_data)["SecurityAudit"]["Document"]
    evaluator = Evaluator(Layers(identity=(parse(document, name="SecurityAudit"),)))
    return {action for action in actions_of(operations) if evaluator.decide(ask(action)).outcome is not Outcome.ALLOWED}


def ask(action: str) -> Request:
    """A request of the role in its account. The policy of a key leaves the decision to the account."""
    caller = "arn:aws:iam::111122223333:role/auditor"
    if not action.startswith("kms:"):
        return Request(action, principal=caller)
    account = {"AWS": "arn:aws:iam::111122223333:root"}
    statement = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
    policy = parse({"Version": "2012-10-17", "Statement": statement})
    return Request(action, "arn:aws:kms:us-east-1:111122223333:key/alerts", principal=caller, resource_policy=policy)


def test_the_page_names_each_action_that_is_missing() -> None:
    assert {row.action for row in read_page()} == list_missing(assessment_info.ENTRY.operations.all) - {FREE}


def test_each_control_on_the_page_needs_the_action() -> None:
    needs = {control.id: control.needs for control in all_controls()}
    for row in read_page():
        missing = [list_missing(OPERATIONS[dataset].reads) for dataset in needs[row.control]]
        assert {row.action} in missing, row
