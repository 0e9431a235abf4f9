# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controls of incidents, on an account as it answers."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account import authorization_details
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue import incidents
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from unit.plugins.module_utils._controls.samples import judge, snapshot

from .seeded import account, serving

CONTROLS: t.Final = ("user_quarantined_by_aws", "quarantine_without_incident", "role_sessions_revoked")
DENY: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def list_failures(iam: t.Any) -> dict[str, set[str]]:
    """What the controls find in the account, as it answers."""
    pages = iam.get_paginator("get_account_authorization_details").paginate()
    read = snapshot(**authorization_details.parse(pages))
    return {
        control: {found.resource.rpartition("/")[2] for found in judge(control, read) if found.status is Status.FAIL}
        for control in CONTROLS
    }


def test_the_emulated_account_has_them_once_somebody_wrote_them() -> None:
    with serving(account(users={"ci": {}, "other": {}}, roles={"deploy": {"trust": TRUST}})) as world:
        iam = world.client("iam")
        assert list_failures(iam) == dict.fromkeys(CONTROLS, set())
        iam.attach_user_policy(UserName="ci", PolicyArn="arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3")
        iam.tag_user(UserName="ci", Tags=[{"Key": incidents.QUARANTINE_TAG, "Value": "true"}])
        iam.put_role_policy(RoleName="deploy", PolicyName=incidents.REVOKED, PolicyDocument=json.dumps(DENY))
        assert list_failures(iam) == dict(zip(CONTROLS, [{"ci"}, {"ci"}, {"deploy"}], strict=True))
        iam.tag_user(UserName="ci", Tags=[{"Key": incidents.INCIDENT_TAG, "Value": "INC-7"}])
        assert list_failures(iam)["quarantine_without_incident"] == set()
