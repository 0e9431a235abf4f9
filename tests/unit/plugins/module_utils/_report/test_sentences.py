# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes as sentences about the account."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.table import WRITES
from ansible_collections.hardening.iam.plugins.module_utils._report.sentences import describe_change, describe_changes

USER: t.Final = "arn:aws:iam::222233334444:user/team/svc-backup"
ROLE: t.Final = "arn:aws:iam::222233334444:role/ci"
POLICY: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
KEY: t.Final = {"kind": "access_key", "id": "AKIA…7Q2M"}
ROOT: t.Final = "arn:aws:iam::444455556666:root"
GUARD: t.Final = {"policy": "guard", "type": "SERVICE_CONTROL_POLICY"}


def change(operation: str, target: str = USER, *, before: t.Any = None, after: t.Any = None, **more: t.Any) -> t.Any:
    service, name = operation.split(":")
    shown = {"service": service, "operation": name, "target": target, "before": before, "after": after}
    return {"region": "global", "affects": [], "remedies": [], **shown, **more}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            change("iam:UpdateAccessKey", before={**KEY, "status": "Active"}, after={**KEY, "status": "Inactive"}),
            "deactivate access key AKIA…7Q2M of svc-backup",
        ),
        (
            change("iam:UpdateAccessKey", before={**KEY, "status": "Inactive"}, after={**KEY, "status": "Active"}),
            "activate access key AKIA…7Q2M of svc-backup",
        ),
        (
            change("signin:BatchRevokeSessions", before={"sessions": {"a": "ACTIVE"}}, region="eu-west-1"),
            "revoke 1 sign-in session of user svc-backup in eu-west-1",
        ),
        (change("iam:DeleteAccessKey", before={**KEY}), "delete access key AKIA…7Q2M of svc-backup"),
        (change("iam:DeleteLoginProfile", before={"kind": "password"}), "delete console password of svc-backup"),
        (
            change("iam:TagUser", before={**KEY, "stage": None}, after={**KEY, "stage": "noticed"}),
            "mark access key AKIA…7Q2M of svc-backup as noticed",
        ),
        (
            change("iam:DetachRolePolicy", ROLE, before={"attached": True, "policy": POLICY}),
            "detach AdministratorAccess from role ci",
        ),
        (
            change("iam:PutRolePermissionsBoundary", ROLE, before={"boundary": None}, after={"boundary": POLICY}),
            "set permissions boundary AdministratorAccess of role ci",
        ),
        (
            change("iam:DeleteUserPermissionsBoundary", before={"boundary": POLICY}, after={"boundary": None}),
            "remove the permissions boundary of user svc-backup",
        ),
        (
            change("iam:DeleteUserPolicy", before={"inline_policy": "p"}, after={"inline_policy": "p"}),
            "delete inline policy p of user svc-backup",
        ),
        (
            change("iam:PutRolePolicy", f"{ROLE} policy hand-on", after={"policy": {}}),
            "write inline policy hand-on of role ci",
        ),
        (
            change("iam:AddUserToGroup", after={"group": "readers", "member": True}),
            "add user svc-backup to group readers",
        ),
        (
            change(
                "iam:UpdateAccountPasswordPolicy",
                before={"minimum_password_length": 8, "require_symbols": True},
                after={"minimum_password_length": 14, "require_symbols": True, "hard_expiry": False},
            ),
            "set the account password policy (minimum password length 14, hard expiry off)",
        ),
        (
            change(
                "organizations:AttachPolicy",
                "policy guard on ou-1",
                after={"policy": "guard", "where": "/Sandbox", "attached": True},
            ),
            "attach policy guard to /Sandbox",
        ),
        (
            change("iam:DeleteLoginProfile", before={"kind": "console_password", "id": "svc-backup"}),
            "delete console password of svc-backup",
        ),
        (
            change("iam:DeleteLoginProfile", ROOT, before={"kind": "password", "id": "password"}),
            "delete console password of the root user of 444455556666",
        ),
        (
            change("iam:DeleteAccessKey", ROOT, before={**KEY}),
            "delete access key AKIA…7Q2M of the root user of 444455556666",
        ),
        (
            change("iam:DeactivateMFADevice", ROOT, before={"kind": "mfa_device", "id": "arn:x:mfa/y"}),
            "deactivate MFA device arn:x:mfa/y of the root user of 444455556666",
        ),
        (
            change("iam:UntagUser", before={**KEY, "stage": "noticed"}, after={**KEY, "stage": None}),
            "remove the mark of access key AKIA…7Q2M of svc-backup",
        ),
        (
            change("iam:DeletePolicyVersion", POLICY, before={"version": "v3"}, after={"version": "v3"}),
            "delete policy version v3 of AdministratorAccess",
        ),
        (
            change("organizations:UpdatePolicy", "arn:aws:organizations::1:policy/o-1/scp/p-1", after=GUARD),
            "update organization policy guard (SERVICE_CONTROL_POLICY)",
        ),
        (
            change("organizations:DeletePolicy", "arn:aws:organizations::1:policy/o-1/scp/p-1", before=GUARD),
            "delete organization policy guard (SERVICE_CONTROL_POLICY)",
        ),
        (
            change("organizations:EnablePolicyType", "policy type SERVICE_CONTROL_POLICY of r-1"),
            "enable policy type SERVICE_CONTROL_POLICY of r-1",
        ),
        (
            change(
                "organizations:DetachPolicy",
                "policy guard on ou-1",
                after={"policy": "guard", "where": "prod", "attached_to": "222233334444", "attached": False},
            ),
            "detach policy guard from prod (222233334444)",
        ),
        (
            change(
                "securityhub:BatchUpdateStandardsControlAssociations",
                "arn:aws:securityhub:eu-west-1:1:control/cis/v3",
                before={"standard": "s", "controls": {"IAM.1": "ENABLED", "IAM.2": "DISABLED"}},
                after={"standard": "s", "controls": {"IAM.1": "DISABLED", "IAM.2": "ENABLED"}},
                region="eu-west-1",
            ),
            "set controls of Security Hub standard cis/v3 (disabled: IAM.1; enabled: IAM.2) in eu-west-1",
        ),
        (
            change(
                "securityhub:UpdateSecurityControl",
                "arn:aws:securityhub:eu-west-1:1:security-control/IAM.7",
                before={"MinimumPasswordLength": 20, "MaxPasswordAge": 90},
                after={"MinimumPasswordLength": 8, "MaxPasswordAge": None},
                region="eu-west-1",
            ),
            "set parameters of Security Hub control IAM.7 (MinimumPasswordLength 8, MaxPasswordAge none) in eu-west-1",
        ),
        (
            change(
                "securityhub:BatchUpdateFindings",
                "arn:aws:securityhub:eu-west-1:1:product/1/default/update/1",
                before={"a": "NEW", "b": "NEW"},
                after={"a": "SUPPRESSED", "b": "SUPPRESSED"},
                region="eu-west-1",
            ),
            "set 2 findings in Security Hub to SUPPRESSED in eu-west-1",
        ),
        (
            change(
                "events:PutRule",
                "arn:aws:events:eu-west-1:1:rule/root-login",
                after={"rule": "root-login", "state": "DISABLED"},
                region="eu-west-1",
            ),
            "set event rule root-login (disabled) in eu-west-1",
        ),
        (
            change(
                "accessanalyzer:CreateAnalyzer", "arn:aws:access-analyzer:eu-west-1:1:analyzer/x", region="eu-west-1"
            ),
            "create analyzer x in eu-west-1",
        ),
    ],
)
def test_sentence(given: t.Any, sentence: str) -> None:
    assert describe_change(given) == sentence


@pytest.mark.parametrize("operation", sorted(WRITES))
@pytest.mark.parametrize("state", [None, {}, [], "text", {"stage": None, "policy": None}])
def test_every_write_has_a_sentence_whatever_its_states(operation: str, state: t.Any) -> None:
    """Reports are read from a place where others may write."""
    sentence = describe_change(change(operation, before=state, after=state))
    assert sentence.strip()
    assert "None" not in sentence


def test_a_change_of_access_has_a_sentence_with_its_reason() -> None:
    key = change("iam:DeleteAccessKey", before={**KEY}, affects=[USER], remedies=["unknown", "f1"])
    findings = [{"fingerprint": "f1", "detail": "unused for 296 days"}]
    assert describe_changes([key], findings) == ["delete access key AKIA…7Q2M of svc-backup: unused for 296 days"]


def test_changes_of_nobodys_access_share_a_sentence() -> None:
    rules = [
        change("config:PutConfigRule", f"arn:aws:config:{region}:1:config-rule/rule-{number}", region=region)
        for region in ("us-east-1", "eu-west-1")
        for number in range(6)
    ]
    assert describe_changes(rules, []) == [
        "set 12 AWS Config rules in eu-west-1, us-east-1: rule-0, rule-1, rule-2, rule-3, … and 2 more"
    ]


def test_many_changes_of_access_share_a_sentence_in_the_end() -> None:
    changes = [
        change("iam:DetachUserPolicy", f"{USER}-{number}", before={"policy": POLICY}, affects=[USER])
        for number in range(100)
    ]
    sentences = describe_changes(changes, [])
    assert len(sentences) == 21
    assert sentences[-1].endswith("… and 76 more")


def test_the_first_word_of_a_noun_is_in_the_plural() -> None:
    recorders = [
        change("config:PutConfigurationRecorder", f"arn:aws:config:{region}:1:configuration-recorder/x", region=region)
        for region in ("us-east-1", "eu-west-1")
    ]
    assert describe_changes(recorders, []) == ["set 2 recorders of AWS Config in eu-west-1, us-east-1: x"]
    notices = [change("sns:Publish", f"{USER}{number}", region="eu-west-1") for number in range(2)]
    assert describe_changes(notices, [])[0].startswith("send 2 notices to the owner in eu-west-1: ")


def test_changes_that_can_not_be_undone_have_their_sentences_first() -> None:
    changes = [
        change("iam:DetachUserPolicy", f"{USER}-{number}", before={"policy": POLICY}, affects=[USER], reversible=True)
        for number in range(30)
    ]
    gone = change("iam:DeleteAccessKey", before={**KEY}, affects=[USER], reversible=False)
    sentences = describe_changes([*changes, gone], [])
    assert "delete access key AKIA…7Q2M of svc-backup" in sentences
    assert len(sentences) == 21


def test_findings_of_several_regions_are_counted_apart() -> None:
    changes = [
        change("securityhub:BatchUpdateFindings", "x", after={"a": "NEW", "b": "NEW"}, region=region)
        for region in ("eu-west-1", "us-east-1")
    ]
    (sentence,) = describe_changes(changes, [])
    assert sentence.count("2 findings in Security Hub to NEW") == 2
