# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of a role and its parallel role after the cut-over, for the emulator's ``add_calls``.

An SCP denies what it denied before, a companion is missing, an intruder tries what nobody ever used, and a pipeline has
not moved to the new role.
"""

from __future__ import annotations

import typing as t

Call = dict[str, t.Any]

KEY: t.Final = "arn:aws:kms:eu-west-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET: t.Final = "arn:aws:secretsmanager:eu-west-1:{account}:secret:prod/database-AbCdEf"
SCP: t.Final = (
    "with an explicit deny in a service control policy: "
    "arn:aws:organizations::111122223333:policy/o-acmedev987/service_control_policy/p-keepwatch"
)
PIPELINE: t.Final = {
    "name": "deploy-4711",
    "by": "oidc/token.actions.githubusercontent.com",
    "subject": "repo:acme/shop:ref:refs/heads/main",
}
DEVELOPER: t.Final = {"name": "anna", "mfa": True, "source_identity": "anna@acme.example"}
INTRUDER: t.Final = {"name": "anna", "address": "198.51.100.66", "agent": "python-requests/2.32"}


def not_allowed(action: str) -> str:
    """The end of AWS's message where no policy of the role allows an action."""
    return f"because no identity-based policy allows the {action} action"


def list_calls(old: str, new: str, account_id: str, *, days_ago: float = 0.2) -> list[Call]:
    """The calls; ``old`` and ``new`` are names of roles. With the same name they are those of a role in place."""
    now = {"principal": f"role/{new}", "session": DEVELOPER, "days_ago": days_ago}
    key, secret = KEY.format(account=account_id), SECRET.format(account=account_id)
    use = {**now, "call": "sqs:ListQueues", "times": 7}
    by_scp = {**now, "call": "ce:GetCostAndUsage", "region": "us-east-1", "denied": SCP, "times": 2}
    companion = {
        **now,
        "call": "s3:PutObject",
        "parameters": {"bucketName": "acme-shop-web", "key": "assets/app.js"},
        "denied": not_allowed("kms:GenerateDataKey"),
        "action": "kms:GenerateDataKey",
        "resource": key,
        "times": 3,
    }
    probe = {
        **now,
        "session": INTRUDER,
        "call": "secretsmanager:GetSecretValue",
        "parameters": {"secretId": secret},
        "denied": not_allowed("secretsmanager:GetSecretValue"),
        "resource": secret,
    }
    return [use, by_scp, companion, probe, *list_sessions(old, days_ago=days_ago)]


def list_sessions(old: str, *, days_ago: float = 0.2) -> list[Call]:
    """A pipeline still opens a session of the old role."""
    return [{"principal": f"role/{old}", "session": PIPELINE, "days_ago": days_ago}]
