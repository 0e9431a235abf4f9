# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every rule is about an operation that there is, and its undo is a call that botocore accepts."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.operations import WriteClass
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.families import find_family
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.find import (
    find_persistence,
    list_questions,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import (
    Family,
    Hit,
    Presence,
    Rule,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.probes.every import PROBES
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.rules import RULES, find_rules
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.state import State
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.template import Facts

from .synthetic import event, find_errors, full_event, operation_of

CASES: t.Final = [(rule, name) for rule in RULES for name in rule.names]
each_event = pytest.mark.parametrize(("rule", "name"), CASES, ids=[f"{rule.source}-{name}" for rule, name in CASES])
#: Events of the console, and of operations of which botocore knows nothing.
WITHOUT_MODEL: t.Final = {
    ("bedrock", "PutFoundationModelEntitlement"),
    ("s3", "DeleteAccountPublicAccessBlock"),
    ("s3", "DeleteBucketPublicAccessBlock"),
    ("s3", "PutAccountPublicAccessBlock"),
    ("s3", "PutBucketPublicAccessBlock"),
    ("signin", "GetSigninToken"),
    ("sso-directory", "AddMemberToGroup"),
    ("sso-directory", "CreateUser"),
}
# From the domain's notes, section 4.1: each of these has to be found.
WANTED: t.Final = """
iam CreateUser CreateAccessKey CreateLoginProfile UpdateLoginProfile CreateServiceSpecificCredential UploadSSHPublicKey
 UploadSigningCertificate EnableMFADevice DeactivateMFADevice AddUserToGroup AttachUserPolicy AttachRolePolicy
 AttachGroupPolicy PutUserPolicy PutRolePolicy PutGroupPolicy CreatePolicyVersion SetDefaultPolicyVersion
 UpdateAssumeRolePolicy DeleteUserPermissionsBoundary DeleteRolePermissionsBoundary CreateRole AcquireRole
 PutAccountProperties CreateOpenIDConnectProvider AddClientIDToOpenIDConnectProvider
 UpdateOpenIDConnectProviderThumbprint CreateSAMLProvider UpdateSAMLProvider EnableOutboundWebIdentityFederation
 CreateDelegationRequest AcceptDelegationRequest UpdateRole
rolesanywhere CreateTrustAnchor CreateProfile UpdateProfile EnableTrustAnchor
signin PutResourcePermissionStatement PutConsoleAuthorizationConfiguration
sso CreateAccountAssignment PutInlinePolicyToPermissionSet CreateTrustedTokenIssuer CreateInstance
identitystore CreateGroupMembership
lambda CreateFunction20150331 UpdateFunctionCode20150331v2 UpdateFunctionConfiguration20150331v2
 AddPermission20150331v2 CreateFunctionUrlConfig PublishLayerVersion20181031 CreateEventSourceMapping20150331
events PutRule PutTargets
scheduler CreateSchedule
states CreateStateMachine
ec2 RunInstances CreateImage ImportKeyPair AssociateIamInstanceProfile GetPasswordData DeleteFlowLogs
 ModifyInstanceAttribute ModifySnapshotAttribute ModifyImageAttribute
ssm SendCommand StartSession CreateAssociation GetParameter GetParameters GetParametersByPath
cloudformation CreateStack CreateStackSet
glue CreateJob CreateDevEndpoint
sagemaker CreateNotebookInstance CreatePresignedNotebookInstanceUrl
codebuild CreateProject UpdateProject
ecs RegisterTaskDefinition RunTask
eks CreateAccessEntry
s3 PutBucketPolicy PutBucketAcl PutBucketReplication
kms PutKeyPolicy CreateGrant ScheduleKeyDeletion
rds ModifyDBSnapshotAttribute
secretsmanager PutResourcePolicy GetSecretValue BatchGetSecretValue
ecr SetRepositoryPolicy
account EnableRegion StartPrimaryEmailUpdate PutAlternateContact
servicequotas RequestServiceQuotaIncrease
ses CreateEmailIdentity PutAccountDetails
bedrock InvokeModel PutFoundationModelEntitlement CreateFoundationModelAgreement
lightsail CreateInstances
cloudtrail StopLogging DeleteTrail PutEventSelectors UpdateTrail
guardduty DeleteDetector UpdateDetector CreateFilter DisassociateFromAdministratorAccount
securityhub DisableSecurityHub
access-analyzer DeleteAnalyzer CreateArchiveRule
config StopConfigurationRecorder
route53resolver DeleteResolverQueryLogConfig
ec2-instance-connect SendSSHPublicKey
sts GetFederationToken GetSessionToken
organizations LeaveOrganization AcceptHandshake DetachPolicy DisablePolicyType MoveAccount
 InviteOrganizationToTransferResponsibility CloseAccount
"""


def wanted_names() -> set[tuple[str, str]]:
    found = set()
    for line in WANTED.strip().replace("\n ", " ").splitlines():
        source, *names = line.split()
        found |= {(source, name) for name in names}
    return found


@pytest.mark.parametrize(("source", "name"), sorted(wanted_names()))
def test_every_way_of_the_notes_has_a_rule(source: str, name: str) -> None:
    assert find_rules(event(source, name))


@each_event
def test_the_operation_exists(rule: Rule, name: str) -> None:
    known = any(operation_of(model, name) for model in rule.models)
    assert known is ((rule.source, name) not in WITHOUT_MODEL)


@each_event
def test_the_undo_of_a_full_event_is_valid(rule: Rule, name: str) -> None:
    hit = hit_of(rule, name)
    assert hit.target, "no target"
    if rule.undo is None:
        assert hit.undo is None
        assert rule.note or rule.is_read, "people have to know what to do instead"
        return
    assert hit.undo is not None
    operation = operation_of(hit.undo.service, hit.undo.operation)
    assert operation is not None
    assert find_errors(hit.undo.service, hit.undo.operation, dict(hit.undo.parameters)) == ""
    shape = operation.input_shape
    assert shape is None or wrong_values(hit.undo.parameters, shape) == []


def hit_of(rule: Rule, name: str) -> Hit:
    """The hit of a rule. Two rules about one event differ in the family, or in the parameters of the undo."""
    found = full_event(rule, name)
    assert rule.applies(Facts(found)), "the sample does not fit"
    hits = [hit for hit in find_persistence([found], State()) if hit.family is rule.family]
    if len(hits) == 1:
        return hits[0]
    assert rule.undo is not None
    wanted = {one.removeprefix("?") for one in rule.undo.parameters}
    return next(hit for hit in hits if hit.undo and set(hit.undo.parameters) == wanted)


def wrong_values(parameters: t.Any, shape: t.Any) -> list[str]:
    """Texts that are none of the values that a member may have."""
    found = []
    for name, value in parameters.items():
        values = shape.members[name].metadata.get("enum")
        if values and isinstance(value, str) and value not in values:
            found.append(f"{name}={value}")
    return found


@each_event
def test_the_question_of_a_full_event_can_be_answered(rule: Rule, name: str) -> None:
    if rule.check is None:
        return
    asked = [one for one in list_questions([full_event(rule, name)]) if one.kind == rule.check.kind]
    assert asked, "the event does not name what is to be looked for"
    assert rule.check.kind in PROBES or rule.check.kind.startswith("iam.")


@each_event
def test_a_failed_call_is_an_attempt(rule: Rule, name: str) -> None:
    failed = event(rule.source, name, error="AccessDenied", request=dict(full_event(rule, name).request))
    hits = find_persistence([failed], State())
    assert hits
    assert {(hit.present, hit.undo, hit.deadline, hit.error_code) for hit in hits} == {
        (Presence.FALSE, None, None, "AccessDenied")
    }
    assert list_questions([failed]) == frozenset()


def test_every_family_has_rules() -> None:
    by_class = {find_family("any", found) for found in WriteClass}
    assert {rule.family for rule in RULES} | by_class == set(Family)


def test_rules_about_one_event_differ() -> None:
    assert len(CASES) == len({(rule.source, name, rule.family, repr(rule.undo)) for rule, name in CASES})


def test_every_read_answers_a_question_that_is_asked() -> None:
    assert set(PROBES) <= {rule.check.kind for rule in RULES if rule.check}


def test_every_read_only_reads() -> None:
    """By the name, which is how AWS names its operations, and no operation that hands out a secret."""
    names = {probe.operation for probe in PROBES.values()}
    assert all(re.match(r"(BatchGet|Describe|Get|List)[A-Z]", name) for name in names)
    assert not names & {"GetSecretValue", "BatchGetSecretValue", "GetParameter", "GetParameters", "GetPasswordData"}


@pytest.mark.parametrize("kind", sorted(PROBES))
def test_every_read_is_valid(kind: str) -> None:
    """With a key of the length that its rule gives."""
    probe = PROBES[kind]
    rule = next(rule for rule in RULES if rule.check and rule.check.kind == kind)
    assert rule.check is not None
    operation = operation_of(probe.service, probe.operation)
    assert operation is not None
    parameters = probe.parameters(tuple("x" * 36 for _part in rule.check.key))
    assert find_errors(probe.service, probe.operation, parameters) == ""
    if probe.items:
        assert operation.output_shape is not None
        assert probe.items in operation.output_shape.members
