# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stack of containment, beside the other stacks: what its role may do, and that no scheduled job can assume it."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from datetime import UTC, datetime
from operator import methodcaller

import boto3
import pytest
import yaml
from bootstrap_templates import Template
from moto import mock_aws
from scripts import bootstrap_containment as containment
from scripts import bootstrap_roles as roles
from scripts import generate_permissions as generate

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._converge.protected import protection_of
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import AUTOMATION, Writer
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)
from emulator import trust
from emulator.server import install

from .roles import rendering
from .test_bootstrap_roles import (
    ACCOUNT,
    ADMINISTRATOR,
    IAM,
    OWN,
    PARAMETERS,
    READERS,
    RIGHT_SIZING,
    Stack,
    create_stack,
    findings,
    seed,
)
from .test_permissions import SAID, TRUST_POLICY_SIZE, WITH_EVERYTHING, holds, session

ROLE: t.Final = "automation-containment"
QUARANTINE: t.Final = f"{IAM}policy/iam-hardening/quarantine-deny-all"
OF_INCIDENT: t.Final = f"{IAM}policy/iam-hardening/incident-INC-7-AROAEXAMPLE"
BOUNDARY: t.Final = f"{IAM}policy/iam-hardening/automation-containment-boundary"
ALICE: t.Final = f"{IAM}user/alice"
BOB: t.Final = f"{IAM}user/people/bob"
APP: t.Final = f"{IAM}role/app"
MEMBER: t.Final = "arn:aws:iam::222233334444:root"
TASK: t.Final = "arn:aws:iam::aws:policy/root-task/"
# People take it in an incident; jobs run as the other one.
PEOPLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/security/incident-response"
JOBS: t.Final = PARAMETERS["TrustedPrincipalArnPattern"]
SAYS: t.Final = {**SAID, "ExternalId": "acme-hardening"}
INCIDENT: t.Final = {**SAYS, "SourceIdentity": "incident-INC-7"}
CONTAINMENT: t.Final = {
    "IncidentPrincipalArnPattern": PEOPLE,
    "ScheduledPrincipalArnPattern": JOBS,
    "ManagementAccount": "true",
}
ON: t.Final = dict.fromkeys(containment.SWITCHES, "true")
OFF: t.Final = dict.fromkeys(containment.SWITCHES, "false")

Context = dict[str, t.Any]
ATTACHES: t.Final[Context] = {"iam:PolicyARN": QUARANTINE}
BOUNDED: t.Final[Context] = {"iam:PermissionsBoundary": QUARANTINE}
TAGGED: t.Final[Context] = {"aws:TagKeys": ["iam-hardening:quarantine", "iam-hardening:incident"]}
ORGANIZATION: t.Final = f"arn:aws:organizations::{ACCOUNT}:"
POLICY: t.Final = f"{ORGANIZATION}policy/o-acme123456/service_control_policy/p-example1"
SCPS: t.Final[Context] = {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}
CANARY: t.Final = f"{IAM}user/iam-hardening/drill/drill-20261128T154210Z-0b7c"
CANARY_ROLE: t.Final = f"{IAM}role/iam-hardening/drill/drill-20261128T154210Z-0b7c"
DRILLS: t.Final[Context] = {"iam:PermissionsBoundary": f"{IAM}policy/iam-hardening/automation-drill-boundary"}
# What each write is about, and what its request says, by the parameter that allows it.
REQUESTS: t.Final[dict[str, dict[str, tuple[str, Context]]]] = {
    "ContainmentUsers": {
        "iam:UpdateAccessKey": (ALICE, {}),
        "iam:UpdateServiceSpecificCredential": (ALICE, {}),
        "iam:UpdateSSHPublicKey": (ALICE, {}),
        "iam:UpdateSigningCertificate": (BOB, {}),
        "iam:TagUser": (BOB, TAGGED),
        "iam:UntagUser": (ALICE, {"aws:TagKeys": ["iam-hardening:quarantine"]}),
        "iam:AttachUserPolicy": (BOB, ATTACHES),
        "iam:DetachUserPolicy": (ALICE, ATTACHES),
    },
    "ContainmentBoundaries": {
        "iam:PutUserPermissionsBoundary": (BOB, BOUNDED),
        "iam:DeleteUserPermissionsBoundary": (ALICE, BOUNDED),
    },
    "ContainmentInline": {"iam:PutUserPolicy": (ALICE, {}), "iam:DeleteUserPolicy": (BOB, {})},
    "ContainmentRoles": {
        "iam:PutRolePolicy": (APP, {}),
        "iam:DeleteRolePolicy": (f"{IAM}role/teams/dev-first", {}),
        "iam:AttachRolePolicy": (APP, {"iam:PolicyARN": OF_INCIDENT}),
        "iam:DetachRolePolicy": (APP, {"iam:PolicyARN": OF_INCIDENT}),
        "iam:CreatePolicy": (OF_INCIDENT, {}),
        "iam:CreatePolicyVersion": (OF_INCIDENT, {}),
        "iam:DeletePolicy": (OF_INCIDENT, {}),
        "iam:DeletePolicyVersion": (OF_INCIDENT, {}),
        "iam:TagPolicy": (OF_INCIDENT, {}),
    },
    "ContainmentTrust": {"iam:UpdateAssumeRolePolicy": (APP, {})},
    "ContainmentPasswords": {"iam:DeleteLoginProfile": (ALICE, {})},
    "ContainmentDrill": {
        "iam:CreateUser": (CANARY, DRILLS),
        "iam:CreateAccessKey": (CANARY, {}),
        "iam:DeleteAccessKey": (CANARY, {}),
        "iam:DeleteUser": (CANARY, {}),
        "iam:CreateRole": (CANARY_ROLE, DRILLS),
        "iam:DeleteRole": (CANARY_ROLE, {}),
        "iam:TagRole": (CANARY_ROLE, {"aws:TagKeys": ["iam-hardening:managed"]}),
    },
    "ContainmentRoot": {"sts:AssumeRoot": (MEMBER, {"sts:TaskPolicyArn": f"{TASK}IAMDeleteRootUserCredentials"})},
    "ContainmentOrganization": {
        "organizations:CreatePolicy": (POLICY, SCPS),
        "organizations:AttachPolicy": (f"{ORGANIZATION}account/o-acme123456/222233334444", SCPS),
        "organizations:DetachPolicy": (POLICY, SCPS),
        "organizations:UpdatePolicy": (POLICY, {**SCPS, "aws:ResourceTag/iam-hardening:incident": "INC-7"}),
        "organizations:DeletePolicy": (POLICY, {**SCPS, "aws:ResourceTag/iam-hardening:incident": "INC-7"}),
        "organizations:MoveAccount": (f"{ORGANIZATION}account/o-acme123456/222233334444", {}),
        "organizations:TagResource": (POLICY, {"aws:RequestTag/iam-hardening:incident": "INC-7"}),
    },
}
WRITES: t.Final = tuple(
    (action, resource, context) for requests in REQUESTS.values() for action, (resource, context) in requests.items()
)
FURTHER: t.Final = (
    *("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:UpdateUser", "iam:DeleteUser"),
    *("iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:DeleteRole", "iam:PassRole", "sts:AssumeRole"),
    *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:TagRole", "iam:UntagRole"),
    *("iam:SetDefaultPolicyVersion", "iam:AddUserToGroup", "iam:DeactivateMFADevice"),
)


@dataclasses.dataclass(frozen=True)
class Made:
    """An account with all three stacks."""

    snapshot: Snapshot
    trusts: dict[str, t.Any]

    @property
    def stack(self) -> Stack:
        return Stack(Permissions(self.snapshot))

    def admits(self, caller: str, *, role: str = ROLE, said: t.Mapping[str, str] = INCIDENT) -> bool:
        request = trust.Request(caller=session(caller), actions=WITH_EVERYTHING, parameters=said)
        return trust.admits(self.trusts[role], request)


def make(**parameters: str) -> Made:
    install()
    with mock_aws():
        seed()
        external_id = {"ExternalId": SAYS["ExternalId"]}
        create_stack(generate.COMPACT, {**PARAMETERS, **external_id})
        create_stack(generate.COMPACT_RIGHT_SIZING, {**RIGHT_SIZING, **external_id})
        create_stack(generate.COMPACT_READERS, {**READERS, **external_id})
        create_stack(generate.COMPACT_CONTAINMENT, {**CONTAINMENT, **ON, **external_id, **parameters})
        operations = Operations(reads=frozenset({"sts:GetCallerIdentity", "iam:GetAccountAuthorizationDetails"}))
        access = Access(AccessOptions(region="us-east-1"), operations=operations, check_mode=True)
        wanted = [Dataset.AUTHORIZATION_DETAILS]
        snapshot = collect(access, datasets=wanted, regions=["us-east-1"], now=datetime.now(UTC))
        found = boto3.client("iam", "us-east-1").list_roles(PathPrefix="/iam-hardening/")["Roles"]
        return Made(snapshot, {role["RoleName"]: role["AssumeRolePolicyDocument"] for role in found})


@pytest.fixture(scope="module")
def made() -> Made:
    return make()


@pytest.fixture(scope="module")
def template() -> t.Any:
    return yaml.safe_load(generate.CONTAINMENT.read_text(encoding="utf-8"))


# Enough


def test_each_write_of_the_modules_is_allowed(made: Made) -> None:
    calls = roles.containment_operations(generate.read_operations())
    declared = set(containment.proven_actions_of(calls.writes))
    assert declared == {action for action, _resource, _context in WRITES}
    refused = [
        (action, resource)
        for action, resource, context in WRITES
        if not made.stack.allows(ROLE, action, resource, context)
    ]
    assert refused == []


def test_what_aws_denies_everything_with_takes_the_place_of_our_policy(made: Made) -> None:
    """Where the stack's own policy is gone, or was changed."""
    for action, key in (
        ("iam:AttachUserPolicy", "iam:PolicyARN"),
        ("iam:DetachUserPolicy", "iam:PolicyARN"),
        ("iam:PutUserPermissionsBoundary", "iam:PermissionsBoundary"),
        ("iam:DeleteUserPermissionsBoundary", "iam:PermissionsBoundary"),
    ):
        assert made.stack.allows(ROLE, action, ALICE, {key: AWS_DENY_ALL})


def test_a_release_may_restore_whichever_boundary_was_there(made: Made) -> None:
    for boundary in (f"{IAM}policy/limit", ADMINISTRATOR):
        assert made.stack.allows(ROLE, "iam:PutUserPermissionsBoundary", ALICE, {"iam:PermissionsBoundary": boundary})


def test_each_read_of_the_modules_is_allowed(made: Made) -> None:
    reads = roles.containment_operations(generate.read_operations()).reads
    assert reads
    for action in containment.proven_actions_of(reads):
        assert made.stack.allows(ROLE, action, "*"), action


def test_each_parameter_allows_its_own_writes_alone() -> None:
    for parameter in REQUESTS:
        stack = make(**{**OFF, parameter: "true"}).stack
        for other, requests in REQUESTS.items():
            for action, (resource, context) in requests.items():
                assert stack.allows(ROLE, action, resource, context) is (other == parameter), (parameter, action)


def test_root_and_control_policies_are_handled_by_the_management_account_alone() -> None:
    context = {"sts:TaskPolicyArn": f"{TASK}IAMAuditRootUserCredentials"}
    stack = make(ManagementAccount="false").stack
    assert not stack.allows(ROLE, "sts:AssumeRoot", MEMBER, context)
    for action, (resource, said) in REQUESTS["ContainmentOrganization"].items():
        assert not stack.allows(ROLE, action, resource, said)


def test_of_the_dormant_policy_only_the_content_may_be_changed() -> None:
    template, given = Template(generate.COMPACT_CONTAINMENT), {containment.DORMANT: "r-ab12"}
    present = template.list_present({**OFF, **given, "ManagementAccount": "true"})
    for lacks in ({**OFF, **given}, {**ON, "ManagementAccount": "true"}):
        assert not {"DormantPolicy", "ContainmentDormantTargetsPolicy"} & template.list_present(lacks)
    assert {"DormantPolicy", "ContainmentDormantTargetsPolicy"} <= present
    made = template.resources["DormantPolicy"]["Properties"]
    assert (made["Name"], made["Content"]) == (from_above.NAME, from_above.DORMANT.document)
    assert made["Tags"] == [dict(zip(("Key", "Value"), from_above.TAG, strict=True))]
    arn = f"{POLICY}dormant"
    document = template.resolve("ContainmentDormantTargetsPolicy", {**template.defaults, "DormantPolicy.Arn": arn})
    layers = Layers((parse(document["PolicyDocument"]),))
    granted = {
        (action, resource)
        for action in (*REQUESTS["ContainmentOrganization"], "organizations:UntagResource")
        for resource in (arn, POLICY)
        if evaluate(Request(action, resource, context=SCPS), layers).outcome is Outcome.ALLOWED
    }
    assert granted == {("organizations:UpdatePolicy", arn)}


def test_what_contained_users_get_is_there_and_denies_everything(made: Made) -> None:
    (policy,) = (one for one in made.snapshot.policies if one.arn == QUARANTINE)
    (statement,) = parse(policy.default_version.document).statements
    assert not statement.allow
    layers = dataclasses.replace(
        made.stack.permissions.layers(f"{IAM}user/admin"), boundary=parse(policy.default_version.document)
    )
    for action in ("iam:DeleteUserPolicy", "sts:AssumeRole", "s3:PutObject", "iam:DeleteUserPermissionsBoundary"):
        outcome = made.stack.judge(layers, f"{IAM}user/admin", action, "*", {})
        assert outcome is Outcome.EXPLICIT_DENY


# No more


def guarded(snapshot: Snapshot) -> list[str]:
    """All that the stacks made, but for the role of events, and break-glass of both kinds."""
    made = [role.arn for role in snapshot.roles if role.path == "/iam-hardening/"]
    policies = [policy.arn for policy in snapshot.policies if policy.arn.startswith(f"{IAM}policy/iam-hardening/a")]
    assert len(made) == 3 + len(Writer) and len(policies) == 14
    return [*made, *policies, QUARANTINE, f"{IAM}user/iam-hardening/break-glass"]


def actions_about(arn: str) -> list[str]:
    kind = arn.split(":")[5].partition("/")[0]
    word = {"role": "Role", "user": "User", "policy": "Policy"}[kind]
    known = (*(action for action, _resource, _context in WRITES if action.startswith("iam:")), *FURTHER)
    return [action for action in known if kind == "user" or word in action]


def test_it_changes_neither_itself_nor_those_above(made: Made) -> None:
    """With all parameters set, and whatever a request says."""
    asked = 0
    for arn in guarded(made.snapshot):
        for action in actions_about(arn):
            for context in (
                {**ATTACHES, **BOUNDED, **TAGGED},
                {"iam:PolicyARN": OF_INCIDENT, "iam:PermissionsBoundary": BOUNDARY},
                {"iam:PolicyARN": ADMINISTRATOR},
            ):
                asked += 1
                outcome = made.stack.decide(ROLE, action, arn, **context)
                assert outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY), (action, arn)
    assert asked > 300


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        # Its own boundary, trust and policies.
        ("iam:DeleteRolePermissionsBoundary", f"{OWN}{ROLE}", {}),
        ("iam:PutRolePermissionsBoundary", f"{OWN}{ROLE}", {"iam:PermissionsBoundary": ADMINISTRATOR}),
        ("iam:UpdateAssumeRolePolicy", f"{OWN}{ROLE}", {}),
        ("iam:PutRolePolicy", f"{OWN}{ROLE}", {}),
        ("iam:AttachRolePolicy", f"{OWN}{ROLE}", {"iam:PolicyARN": OF_INCIDENT}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:SetDefaultPolicyVersion", BOUNDARY, {}),
        # Those above.
        ("iam:PutRolePolicy", f"{OWN}break-glass", {}),
        ("iam:DeleteRolePolicy", f"{OWN}assessor", {}),
        ("iam:PutUserPolicy", f"{IAM}user/iam-hardening/break-glass", {}),
        ("iam:PutRolePolicy", PEOPLE, {}),
        ("iam:PutRolePolicy", f"{IAM}role/OrganizationAccountAccessRole", {}),
        ("iam:PutRolePolicy", f"{IAM}role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1", {}),
        # What it attaches and writes is only its own.
        ("iam:AttachUserPolicy", ALICE, {"iam:PolicyARN": ADMINISTRATOR}),
        ("iam:DetachUserPolicy", ALICE, {"iam:PolicyARN": ADMINISTRATOR}),
        ("iam:AttachUserPolicy", ALICE, {"iam:PolicyARN": OF_INCIDENT}),
        ("iam:AttachRolePolicy", APP, {"iam:PolicyARN": ADMINISTRATOR}),
        ("iam:DetachRolePolicy", APP, {"iam:PolicyARN": ADMINISTRATOR}),
        ("iam:DeleteUserPermissionsBoundary", ALICE, {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:DeleteUserPermissionsBoundary", ALICE, {}),
        ("iam:CreatePolicyVersion", QUARANTINE, {}),
        ("iam:DeletePolicy", QUARANTINE, {}),
        ("iam:CreatePolicy", f"{IAM}policy/iam-hardening/lp/dev", {}),
        ("iam:CreatePolicyVersion", f"{IAM}policy/reads1", {}),
        ("iam:SetDefaultPolicyVersion", OF_INCIDENT, {}),
        # Tags of others, also beside its own.
        ("iam:TagUser", ALICE, {"aws:TagKeys": ["iam-hardening:quarantine", "team"]}),
        ("iam:TagUser", ALICE, {"aws:TagKeys": ["iam-hardening:key-AKIA"]}),
        ("iam:UntagUser", ALICE, {"aws:TagKeys": ["iam-hardening:owner"]}),
        ("iam:UntagUser", ALICE, {"aws:TagKeys": ["iam-hardening:Owner", "iam-hardening:incident"]}),
        # Other tasks as root, and other identities.
        ("sts:AssumeRoot", MEMBER, {"sts:TaskPolicyArn": f"{TASK}S3UnlockBucketPolicy"}),
        ("sts:AssumeRoot", MEMBER, {"sts:TaskPolicyArn": f"{TASK}IAMCreateRootUserPassword"}),
        ("sts:AssumeRoot", MEMBER, {}),
        ("sts:AssumeRole", f"{IAM}role/prod-admin", {}),
        ("iam:PassRole", f"{IAM}role/pipeline", {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:CreateAccessKey", ALICE, {}),
        ("iam:DeleteAccessKey", ALICE, {}),
        ("iam:CreateUser", f"{IAM}user/mallory", {}),
        # Users and roles of drills alone, and only with their boundary.
        ("iam:CreateUser", f"{IAM}user/mallory", DRILLS),
        ("iam:CreateUser", CANARY, {}),
        ("iam:CreateUser", CANARY, {"iam:PermissionsBoundary": ADMINISTRATOR}),
        ("iam:CreateRole", CANARY_ROLE, {}),
        ("iam:CreateRole", f"{IAM}role/mallory", DRILLS),
        ("iam:DeleteUser", ALICE, {}),
        ("iam:DeleteRole", APP, {}),
        ("iam:DeleteUserPermissionsBoundary", CANARY, DRILLS),
        # It can make keys for these, so that nothing takes their boundary.
        ("iam:DeleteUserPermissionsBoundary", CANARY, BOUNDED),
        ("iam:PutUserPermissionsBoundary", CANARY, BOUNDED),
        ("iam:PutUserPermissionsBoundary", CANARY, {"iam:PermissionsBoundary": ADMINISTRATOR}),
        ("iam:CreatePolicyVersion", f"{IAM}policy/iam-hardening/automation-drill-boundary", {}),
        # Trust policies of those above.
        *(
            ("iam:UpdateAssumeRolePolicy", arn, {})
            for arn in (
                f"{OWN}break-glass",
                f"{OWN}assessor",
                PEOPLE,
                f"{IAM}role/OrganizationAccountAccessRole",
                f"{IAM}role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1",
                f"{IAM}role/cdk-hnb659fds-deploy-role-111122223333-us-east-1",
                f"{IAM}role/AWSControlTowerExecution",
            )
        ),
        ("s3:GetObject", "arn:aws:s3:::data/secret", {}),
    ],
)
def test_the_boundary_holds_whatever_others_attach(made: Made, action: str, resource: str, context: Context) -> None:
    """It denies in words: what a boundary only leaves out, a policy of a resource could still allow to a session."""
    everything = made.stack.permissions.layers(f"{IAM}role/prod-admin")
    boundary = made.stack.permissions.layers(f"{OWN}{ROLE}").boundary
    assert boundary is not None
    raised = dataclasses.replace(everything, boundary=boundary)
    assert made.stack.judge(raised, f"{OWN}{ROLE}", action, resource, context) is Outcome.EXPLICIT_DENY
    assert not made.stack.allows(ROLE, action, resource, context)


def test_the_roles_of_others_stay_as_they_are(made: Made) -> None:
    for pattern in containment.OF_OTHERS:
        arn = f"{IAM}role/{pattern.partition(':role/')[2].replace('*', 'x')}"
        assert protection_of(arn) is not None
        assert made.stack.decide(ROLE, "iam:PutRolePolicy", arn) is Outcome.EXPLICIT_DENY


def test_no_other_role_contains_or_changes_the_role(made: Made) -> None:
    for writer in roles.SCHEDULED:
        name = roles.role_name(writer)
        for action in (*actions_about(f"{OWN}{ROLE}"), "sts:AssumeRole"):
            outcome = made.stack.decide(name, action, f"{OWN}{ROLE}", **ATTACHES)
            assert outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY), (name, action)
        for action in ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy"):
            for arn in (BOUNDARY, f"{IAM}policy/iam-hardening/assessor-containment-reads"):
                assert not made.stack.allows(name, action, arn), (name, action)


AWS_DENY_ALL: t.Final = "arn:aws:iam::aws:policy/AWSDenyAll"
LIFTS: t.Final[tuple[tuple[str, str, str, Context], ...]] = (
    ("automation-policies", "iam:DetachUserPolicy", ALICE, ATTACHES),
    ("automation-policies", "iam:DetachUserPolicy", ALICE, {"iam:PolicyARN": AWS_DENY_ALL}),
    ("automation-policies", "iam:DetachRolePolicy", APP, {"iam:PolicyARN": OF_INCIDENT}),
    ("automation-policies", "iam:CreatePolicyVersion", QUARANTINE, {}),
    ("automation-policies", "iam:SetDefaultPolicyVersion", OF_INCIDENT, {}),
    ("automation-policies", "iam:DeletePolicy", QUARANTINE, {}),
    ("automation-credentials", "iam:UntagUser", ALICE, {"aws:TagKeys": ["iam-hardening:quarantine"]}),
    # IAM does not distinguish tags by letter case.
    ("automation-credentials", "iam:UntagUser", ALICE, {"aws:TagKeys": ["iam-hardening:Quarantine"]}),
    ("automation-credentials", "iam:TagUser", ALICE, TAGGED),
    (
        "automation-credentials",
        "iam:TagUser",
        ALICE,
        {"aws:TagKeys": ["iam-hardening:key-A", "iam-hardening:incident"]},
    ),
    ("automation-roles", "iam:DetachRolePolicy", f"{IAM}role/dev-first", {"iam:PolicyARN": OF_INCIDENT}),
    ("automation-roles", "iam:CreatePolicyVersion", OF_INCIDENT, {}),
)


@pytest.mark.parametrize(("role", "action", "resource", "context"), LIFTS)
def test_no_scheduled_role_lifts_a_quarantine(
    made: Made, role: str, action: str, resource: str, context: Context
) -> None:
    assert made.stack.decide(role, action, resource, **context) is Outcome.EXPLICIT_DENY


def test_scheduled_roles_still_do_what_they_are_for(made: Made) -> None:
    tagged = {"aws:TagKeys": ["iam-hardening:key-A"]}
    assert made.stack.allows("automation-credentials", "iam:UntagUser", ALICE, tagged)
    assert made.stack.allows("automation-policies", "iam:DetachUserPolicy", ALICE, {"iam:PolicyARN": ADMINISTRATOR})


# What it can make of others, as docs/permissions.md says


def test_with_users_alone_it_makes_no_administrator() -> None:
    others = {**OFF, "ContainmentUsers": "true", "ContainmentPasswords": "true", "ContainmentRoot": "true"}
    assert ROLE not in findings(make(**others).snapshot)


@pytest.mark.parametrize(
    ("parameter", "actions"),
    [
        ("ContainmentInline", {"iam:PutUserPolicy"}),
        ("ContainmentRoles", {"iam:PutRolePolicy", "iam:AttachRolePolicy"}),
    ],
)
def test_what_can_make_an_administrator_is_a_finding(parameter: str, actions: set[str]) -> None:
    """AWS limits no inline policy by its content."""
    failure = findings(make(**{**OFF, parameter: "true"}).snapshot)[ROLE]
    assert "can make others administrators" in failure.detail
    assert {way["action"] for way in failure.observed["by"]} & actions


def test_what_makes_an_administrator_is_off_by_default(template: t.Any) -> None:
    off = {name for name in containment.SWITCHES if template["Parameters"][name]["Default"] == "false"}
    of_users_and_roles = {"ContainmentInline", "ContainmentBoundaries", "ContainmentRoles", "ContainmentTrust"}
    assert off == {*of_users_and_roles, "ContainmentOrganization"}
    assert set(containment.SWITCHES) == set(REQUESTS)


# Who may assume it


def test_people_assume_it_in_an_incident(made: Made) -> None:
    assert made.admits(PEOPLE)


@pytest.mark.parametrize(
    "said",
    [
        SAYS,
        {**SAYS, "SourceIdentity": "awx-42"},
        {**SAYS, "SourceIdentity": "incident"},
        {**SAYS, "SourceIdentity": "no-incident-7"},
        {**INCIDENT, "RoleSessionName": "somebody"},
        {**INCIDENT, "ExternalId": "acme"},
    ],
)
def test_nobody_assumes_it_without_the_incident(made: Made, said: dict[str, str]) -> None:
    assert not made.admits(PEOPLE, said=said)


def test_no_scheduled_job_assumes_it(made: Made) -> None:
    """Even one that says that it is an incident, and may assume all other roles."""
    assert not made.admits(JOBS)
    assert made.admits(JOBS, role="automation-credentials")
    # Nor do people who respond write in the roles of schedules.
    assert not made.admits(PEOPLE, role="automation-credentials")


def test_the_denial_holds_where_the_patterns_overlap() -> None:
    """A pattern for people that is too wide admits no job, and none of our other roles."""
    wide = make(IncidentPrincipalArnPattern=f"arn:aws:iam::{ACCOUNT}:role/??*")
    assert wide.admits(PEOPLE)
    assert not wide.admits(JOBS)
    for name in ("assessor", *(path.rpartition("/")[2] for path in AUTOMATION)):
        assert not wide.admits(f"{OWN}{name}"), name


def test_the_two_principals_are_not_the_same(template: t.Any) -> None:
    (assertion,) = template["Rules"]["PeopleAreNoSchedule"]["Assertions"]
    for people, accepted in ((PEOPLE, True), (JOBS, False)):
        given = {"IncidentPrincipalArnPattern": people, "ScheduledPrincipalArnPattern": JOBS}
        assert holds(assertion["Assert"], given) is accepted


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("incident-*", True),
        ("incident-INC-7", True),
        ("incident-", False),
        ("*", False),
        ("inc*", False),
        ("", False),
        ("awx-incident-*", False),
    ],
)
def test_the_source_identity_is_always_an_incident(template: t.Any, pattern: str, accepted: bool) -> None:
    given = template["Parameters"]["ContainmentSourceIdentityPattern"]
    assert bool(re.search(given["AllowedPattern"], pattern)) is accepted


def test_both_principals_must_be_given(template: t.Any) -> None:
    for name in ("IncidentPrincipalArnPattern", "ScheduledPrincipalArnPattern"):
        assert "Default" not in template["Parameters"][name]


# The guardrails, which the role needs, and which must not stop it

GUARDRAILS: t.Final = (
    "protect_hardening",
    "quarantine",
    "protect_detective",
    "require_boundary",
    "deny_long_term_credentials",
    "deny_member_root",
    "deny_role_manager",
)


@pytest.mark.parametrize("name", GUARDRAILS)
def test_no_guardrail_stops_a_containment(name: str) -> None:
    for action, resource, context in WRITES:
        assert not is_denied(name, f"{OWN}{ROLE}", action, resource, context, freeze_unbounded=True), action


def is_denied(name: str, principal: str, action: str, resource: str, context: Context, **variables: t.Any) -> bool:
    """Whether a guardrail denies this, in the account of the tests of guardrails."""
    policy = rendering.policy_of("organization_guardrails", name, **variables)
    place = methodcaller("replace", ACCOUNT, rendering.ACCOUNT)
    keys = {key: place(value) if isinstance(value, str) else value for key, value in context.items()}
    return rendering.denied(policy, place(principal), action, place(resource), keys)


@pytest.mark.parametrize(
    ("name", "action", "resource", "context"),
    [
        ("protect_hardening", "iam:PutRolePolicy", f"{OWN}{ROLE}", {}),
        ("protect_hardening", "iam:UpdateAssumeRolePolicy", f"{OWN}{ROLE}", {}),
        ("protect_hardening", "iam:DeleteRole", f"{OWN}{ROLE}", {}),
        ("protect_hardening", "iam:CreatePolicyVersion", QUARANTINE, {}),
        ("protect_hardening", "iam:SetDefaultPolicyVersion", OF_INCIDENT, {}),
        ("protect_hardening", "iam:DeleteUserPermissionsBoundary", ALICE, BOUNDED),
        ("protect_hardening", "iam:UntagUser", ALICE, {"aws:TagKeys": ["iam-hardening:incident"]}),
        ("quarantine", "iam:UntagUser", ALICE, {"aws:TagKeys": ["iam-hardening:quarantine"]}),
        ("quarantine", "iam:DetachUserPolicy", ALICE, ATTACHES),
        ("quarantine", "s3:GetObject", "*", {"aws:PrincipalTag/iam-hardening:quarantine": "true"}),
    ],
)
def test_with_the_guardrails_no_intruder_lifts_a_containment(
    name: str, action: str, resource: str, context: Context
) -> None:
    assert is_denied(name, f"{IAM}role/prod-admin", action, resource, context)
    assert not is_denied(name, f"{OWN}{ROLE}", action, resource, context)


# Sizes, and what else there is


def test_all_fits_with_the_longest_values() -> None:
    principal = f"arn:aws:iam::{ACCOUNT}:role/"
    made = make(
        IncidentPrincipalArnPattern=principal.ljust(containment.LONGEST_PRINCIPAL, "x"),
        ScheduledPrincipalArnPattern=principal.ljust(containment.LONGEST_PRINCIPAL, "y"),
        OrganizationId=f"o-{'x' * 32}",
        ExternalId="x" * 256,
        RoleSessionNamePattern="x" * 64,
        ContainmentSourceIdentityPattern=f"incident-{'x' * 55}",
    )
    assert _size(made.trusts[ROLE]) <= TRUST_POLICY_SIZE
    (role,) = (one for one in made.snapshot.roles if one.name == ROLE)
    assert sum(_size(one.document) for one in role.inline_policies) <= roles.INLINE_POLICIES_SIZE
    for policy in made.snapshot.policies:
        assert _size(policy.default_version.document) <= roles.MANAGED_POLICY_SIZE, policy.arn


def _size(document: t.Any) -> int:
    text = document if isinstance(document, str) else json.dumps(document)
    return len("".join(text.split()))


def test_the_stack_has_its_role_and_what_is_about_it(made: Made) -> None:
    (role,) = (one for one in made.snapshot.roles if one.name == ROLE)
    assert role.boundary == BOUNDARY
    assert list(role.attached_policies) == []
    assert sorted(one.name for one in role.inline_policies) == [
        "boundaries",
        "drill",
        "inline",
        "organization",
        "passwords",
        "reads",
        "roles",
        "root",
        "trust",
        "users",
    ]
    # No tag of an incident: nothing is frozen, and no control policy denies it anything.
    assert dict(role.tags) == {"iam-hardening:managed": "true"}
