# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role may do that has the permissions of one capability alone."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_grants import Grants
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import evaluate

ACCOUNT: t.Final = "111122223333"


def allows(grants: Grants, action: str, resource: str, **context: t.Any) -> bool:
    """Whether a role with the grant of an action may take it."""
    statement: dict[str, t.Any] = {"Effect": "Allow", "Action": action}
    statement["Resource"] = list(grants.resources_of(action) or ["*"])
    condition = grants.condition_of(action)
    text = json.dumps(statement | ({"Condition": condition} if condition else {}))
    filled = text.replace("${Partition}", "aws").replace("${Account}", ACCOUNT)
    policy = parse({"Version": "2012-10-17", "Statement": [json.loads(filled)]})
    request = evaluate.Request(action, resource, context=context, principal=f"arn:aws:iam::{ACCOUNT}:role/automation")
    decision = evaluate.Evaluator(evaluate.Layers(identity=(policy,))).decide(request)
    return decision.outcome is evaluate.Outcome.ALLOWED
