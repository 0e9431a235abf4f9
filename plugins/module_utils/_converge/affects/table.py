# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The one table of all writes: what each request acts on, and whose access it changes.

An operation that is not in the table affects principals that nobody knows. A unit test holds the table against all
writes that modules declare.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ..._account.organization_tree import RCP, SCP
from ..arn import principal_of
from ..change import Change
from . import request
from .callers import find_named_principals, is_same
from .reach import ANYBODY, NotKnown, Reach
from .request import Naming, find_shown, parameter, place_of

Rule = Callable[[Change, Reach], Iterable[str]]


@dataclasses.dataclass(frozen=True)
class Write:
    """One operation. ``can_grow`` says that others can join the affected while a plan waits."""

    affects: Rule
    names: Naming
    can_grow: bool = False


# The principals whose access changes


def _nobody(_change: Change, _reach: Reach) -> Iterable[str]:
    return ()


def _of(kind: str, key: str) -> Rule:
    def rule(change: Change, reach: Reach) -> Iterable[str]:
        return (_principal(change, reach, kind, parameter(change, key)),)

    return rule


def _principal(change: Change, reach: Reach, kind: str, name: str) -> str:
    """The ARN of a user or role. The one that IAM gives it counts: a record could show another path."""
    found = reach.arn_of(kind, name) if name else None
    if found is not None:
        return found
    place = place_of(change)
    target = principal_of(place)
    if target is not None and (target.account_id, target.kind, target.name) == (change.account_id, kind, name.lower()):
        return place
    if not name:
        raise NotKnown(f"the principals of {change.operation}, which names nobody")
    partition = place.split(":")[1] if place.startswith("arn:") else "aws"
    return ":".join(("arn", partition, "iam", "", change.account_id, f"{kind}/{name}"))


def _owner(change: Change, reach: Reach) -> Iterable[str]:
    """The user of a credential. Of a member account's root user the target is the ARN."""
    name = parameter(change, "UserName")
    is_root = not name and place_of(change).endswith(":root")
    return (place_of(change) if is_root else _principal(change, reach, "user", name),)


def _members(change: Change, reach: Reach) -> Iterable[str]:
    return reach.members(parameter(change, "GroupName"))


def _holders(change: Change, reach: Reach) -> Iterable[str]:
    """The principals that have a managed policy: attached, through a group, or as boundary."""
    arn = parameter(change, "PolicyArn")
    through = (reach.members(group) for group in reach.groups_with(arn))
    return reach.owners(arn).union(*through)


def _holders_of_default(change: Change, reach: Reach) -> Iterable[str]:
    """Those who have the policy. A version that is not made the default changes nobody's access."""
    return _holders(change, reach) if change.parameters.get("SetAsDefault") else ()


def _everybody_here(change: Change, _reach: Reach) -> Iterable[str]:
    """The whole account: its password policy says when users are locked out, and whether they may change passwords."""
    return (change.account_id,)


def _find_trusted(document: str) -> Rule:
    """Find the role, and those whom its trust policy allows or denies. ``document``: the parameter with the new one."""

    def rule(change: Change, reach: Reach) -> Iterable[str]:
        before = change.before.get("trust") if isinstance(change.before, Mapping) else None
        after = change.parameters.get(document) if document else None
        return (*_of("role", "RoleName")(change, reach), *find_named_principals(before, after))

    return rule


def _find_callers(attribute: t.Optional[Callable[[Change], t.Any]]) -> Rule:
    """Find the principals that a resource policy names before and after. ``attribute`` reads the new one."""

    def rule(change: Change, _reach: Reach) -> Iterable[str]:
        before: t.Any = change.before if isinstance(change.before, Mapping) else {}
        return find_named_principals(
            before.get("policy", before.get("Policy")), attribute(change) if attribute else None
        )

    return rule


def _attribute(change: Change) -> t.Any:
    return (change.parameters.get("Attributes") or {}).get("Policy")


def _topic_attribute(change: Change, reach: Reach) -> Iterable[str]:
    """The principals that the policy of a topic names. Its key has a policy of its own, which stays as it is."""
    if parameter(change, "AttributeName") != "Policy":
        return ()
    return _find_callers(lambda asked: asked.parameters.get("AttributeValue"))(change, reach)


def _bus_statement(change: Change, _reach: Reach) -> Iterable[str]:
    """The principals that the statement of an event bus names, before and after."""
    if change.parameters.get("Policy") or change.parameters.get("RemoveAllPermissions"):
        raise NotKnown("the principals in the whole policy of an event bus")
    before = {"Version": "2012-10-17", "Statement": [change.before]} if change.before else None
    value = parameter(change, "Principal")
    said = {"*"} if value == ANYBODY else {value} if value else set()
    return said | find_named_principals(before, None)


def _service(change: Change, _reach: Reach) -> Iterable[str]:
    return (parameter(change, "ServicePrincipal"),)


def _administrator(change: Change, _reach: Reach) -> Iterable[str]:
    return (parameter(change, "AccountId"),)


def _owner_of_sessions(change: Change, reach: Reach) -> Iterable[str]:
    """The user or role whose sessions of ``aws login`` end."""
    principal = principal_of(parameter(change, "principalArn"))
    if principal is None:
        raise NotKnown(f"the principals of {change.operation}, which names neither a user nor a role")
    return (_principal(change, reach, principal.kind, principal.name),)


def _user_of_secret(change: Change, _reach: Reach) -> Iterable[str]:
    """The user whose access key a secret holds: who reads the secret calls as this user."""
    user = find_shown(change, "user")
    if not user:
        raise NotKnown("the user of a secret that the change does not show")
    return (user,)


def _openers_of_roots(_change: Change, reach: Reach) -> Iterable[str]:
    """Everybody in the accounts from which sessions as root of members are opened."""
    return reach.administrators("iam.amazonaws.com") | {reach.management_account()}


def _root_of_member(change: Change, _reach: Reach) -> Iterable[str]:
    return (parameter(change, "TargetPrincipal"),)


def _below(change: Change, reach: Reach, nodes: Iterable[str]) -> Iterable[str]:
    """Everybody in the accounts below ``nodes``; below a resource control policy also everybody who calls them.

    Neither SCPs nor RCPs bind the management account.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    found = {account for node in nodes for account in reach.below(node)}
    kind = parameter(change, "PolicyType") or find_shown(change, "type") or ""
    if kind in (SCP, RCP):
        found.discard(reach.management_account())
    return found | {ANYBODY} if kind == RCP and found else found


def _below_node(change: Change, reach: Reach) -> Iterable[str]:
    return _below(change, reach, (parameter(change, "TargetId"),))


def _find_moved_account(change: Change, _reach: Reach) -> Iterable[str]:
    return (parameter(change, "AccountId"),)


def _below_policy(change: Change, reach: Reach) -> Iterable[str]:
    """Those below a policy whose content changes; a new description alone changes nobody's access."""
    before = change.before.get("document") if isinstance(change.before, Mapping) else None
    if before and is_same(before, change.parameters.get("Content")):
        return ()
    return _below(change, reach, reach.nodes_of(change.parameters))


# The table

_TAGS: t.Final = ("Tag", "Untag")
_USER = _of("user", "UserName")
_ROLE = _of("role", "RoleName")
_POLICY: t.Final = request.name_shown_value("PolicyArn", "policy", "policy")
_INLINE: t.Final = request.name_shown_value("PolicyName", "policy", "inline_policy")
_BOUNDARY: t.Final = request.name_shown_value("PermissionsBoundary", "boundary", "boundary")
_MEMBER: t.Final = request.combine(
    request.name_principal("user"), request.name_shown_value("GroupName", "group", "group")
)
_CREDENTIALS: t.Final[Mapping[str, str]] = {
    "AccessKey": "AccessKeyId",
    "ServiceSpecificCredential": "ServiceSpecificCredentialId",
    "SSHPublicKey": "SSHPublicKeyId",
    "SigningCertificate": "CertificateId",
}


def _no_name(_change: Change) -> Iterable[request.NamedObject]:
    return ()


def _identity_policies() -> dict[str, Write]:
    """Policies of users, roles and groups, and boundaries."""
    table: dict[str, Write] = {}
    for kind, rule in (("User", _USER), ("Role", _ROLE), ("Group", _members)):
        names = request.name_group if kind == "Group" else request.name_principal(kind.lower())
        for operation in ("Attach", "Detach"):
            table[f"{operation}{kind}Policy"] = Write(rule, request.combine(names, _POLICY), kind == "Group")
        for operation in ("Put", "Delete"):
            table[f"{operation}{kind}Policy"] = Write(rule, request.combine(names, _INLINE), kind == "Group")
        if kind != "Group":
            table[f"Put{kind}PermissionsBoundary"] = Write(rule, request.combine(names, _BOUNDARY))
            table[f"Delete{kind}PermissionsBoundary"] = Write(rule, names)
    return table


def _iam() -> dict[str, Write]:
    policy = request.name_whole_target("PolicyArn", "policy")
    table = {
        **_identity_policies(),
        "CreatePolicy": Write(_nobody, request.name_new_object("PolicyName", "policy")),
        "CreatePolicyVersion": Write(_holders_of_default, policy, can_grow=True),
        **{f"{verb}PolicyVersion": Write(_holders, policy, can_grow=True) for verb in ("SetDefault", "Delete")},
        "DeletePolicy": Write(_holders, policy, can_grow=True),
        "CreateGroup": Write(_nobody, request.name_new_object("GroupName", "group")),
        "DeleteGroup": Write(_members, request.name_group, can_grow=True),
        "AddUserToGroup": Write(_USER, _MEMBER),
        "RemoveUserFromGroup": Write(_USER, _MEMBER),
        "CreateRole": Write(_find_trusted("AssumeRolePolicyDocument"), request.name_new_object("RoleName", "role")),
        "UpdateAssumeRolePolicy": Write(_find_trusted("PolicyDocument"), request.name_principal("role")),
        "DeleteRole": Write(_find_trusted(""), request.name_principal("role")),
        **{
            f"{verb}{kind}": Write(
                _owner, request.combine(request.name_credential_owner, request.name_shown_value(key, kind, "id"))
            )
            for kind, key in _CREDENTIALS.items()
            for verb in ("Update", "Delete")
        },
        "CreateAccessKey": Write(_owner, request.name_credential_owner),
        "DeleteLoginProfile": Write(_owner, request.name_credential_owner),
        "DeactivateMFADevice": Write(
            _owner,
            request.combine(request.name_credential_owner, request.name_shown_value("SerialNumber", "device", "id")),
        ),
        # A condition of any policy can ask for a tag of who calls.
        **{
            f"{verb}User": Write(_USER, request.combine(request.name_principal("user"), request.name_own_tags))
            for verb in _TAGS
        },
        **{f"{verb}AccountPasswordPolicy": Write(_everybody_here, _no_name) for verb in ("Update", "Delete")},
    }
    for feature in ("RootCredentialsManagement", "RootSessions"):
        for verb in ("Enable", "Disable"):
            table[f"{verb}Organizations{feature}"] = Write(
                _openers_of_roots, request.name_setting(feature), can_grow=True
            )
    return {f"iam:{name}": write for name, write in table.items()}


def _organizations() -> dict[str, Write]:
    policy, attachment = (
        request.name_organization_policy,
        request.combine(request.name_organization_policy, request.name_node),
    )
    table = {
        "AttachPolicy": Write(_below_node, attachment, can_grow=True),
        "DetachPolicy": Write(_below_node, attachment, can_grow=True),
        "UpdatePolicy": Write(_below_policy, policy, can_grow=True),
        # AWS refuses to delete a policy that is attached, and a new one is attached to nothing.
        "CreatePolicy": Write(_nobody, policy),
        "DeletePolicy": Write(_nobody, policy),
        "TagResource": Write(_nobody, policy),
        "UntagResource": Write(_nobody, policy),
        # Its own policies stay, and those of the units above it are others then.
        "MoveAccount": Write(_find_moved_account, request.name_moved_account),
        # The type comes with a policy of AWS on every node that allows everything.
        "EnablePolicyType": Write(_nobody, request.name_policy_type),
        **{
            f"{verb}AWSServiceAccess": Write(_service, request.name_setting("trusted_access"))
            for verb in ("Enable", "Disable")
        },
        **{
            f"{verb}DelegatedAdministrator": Write(
                _administrator, request.name_setting("delegated_administrator", "AccountId")
            )
            for verb in ("Register", "Deregister")
        },
    }
    return {f"organizations:{name}": write for name, write in table.items()}


def _alerts() -> dict[str, Write]:
    """Rules, topics and queues: only the policies of buses, topics and queues let somebody in."""
    rule, topic = request.name_tail("Name", "rule"), request.name_whole_target("TopicArn", "topic")
    target = request.combine(request.name_tail("Rule", "rule"), request.name_event_target)
    resource = request.name_whole_target("ResourceARN", "resource")
    queue = request.name_tail("QueueName", "queue", ":")
    statement = request.name_part("StatementId", "statement", "statement ")
    return {
        **{f"events:{name}": Write(_nobody, rule) for name in ("PutRule", "DeleteRule")},
        **{f"events:{name}": Write(_nobody, target) for name in ("PutTargets", "RemoveTargets")},
        **{f"events:{name}Resource": Write(_nobody, resource) for name in _TAGS},
        **{f"events:{name}Permission": Write(_bus_statement, statement) for name in ("Put", "Remove")},
        "sns:CreateTopic": Write(_find_callers(_attribute), request.name_tail("Name", "topic", ":")),
        "sns:SetTopicAttributes": Write(
            _topic_attribute, request.combine(topic, request.name_part("AttributeName", "attribute", ""))
        ),
        "sns:DeleteTopic": Write(_find_callers(None), topic),
        "sns:Publish": Write(_nobody, request.name_shown_value("TopicArn", "topic", "notice")),
        **{
            f"sns:{name}": Write(
                _nobody, request.combine(topic, request.name_part("Endpoint", "queue", "subscription "))
            )
            for name in ("Subscribe", "Unsubscribe")
        },
        "events:PutEvents": Write(_nobody, request.name_events),
        # A probe receives its own message from its own queue.
        "sqs:ReceiveMessage": Write(_nobody, request.name_nothing),
        "sqs:CreateQueue": Write(_find_callers(_attribute), queue),
        "sqs:SetQueueAttributes": Write(_find_callers(_attribute), queue),
        "sqs:DeleteQueue": Write(_find_callers(None), queue),
    }


def _secrets() -> dict[str, Write]:
    """Secrets with access keys. Their policies, which let somebody in, are never written."""
    name = functools.partial(request.name_shown_value, what="secret", of="secret")
    label = request.name_shown_value("VersionStage", "label", "label")
    version = request.name_shown_value("MoveToVersionId", "version", "version")
    table = {
        "CreateSecret": Write(_nobody, name("Name")),
        "DeleteSecret": Write(_user_of_secret, name("SecretId")),
        # Sent with the request that makes the key, and never by itself.
        "PutSecretValue": Write(_nobody, request.name_nothing),
        "UpdateSecretVersionStage": Write(
            _user_of_secret, request.combine(request.name_whole_target("SecretId", "secret"), label, version)
        ),
    }
    return {f"secretsmanager:{operation}": write for operation, write in table.items()}


def _detective() -> dict[str, Write]:
    """Services that watch. None of their settings lets anybody in or keeps anybody out."""
    analyzer, rule = request.name_tail("analyzerName", "analyzer"), request.name_tail("ruleName", "rule")
    config = request.name_tail
    resource = request.name_whole_target("resourceArn", "analyzer")
    named: dict[str, Naming] = {
        **{f"accessanalyzer:{verb}Analyzer": analyzer for verb in ("Create", "Update", "Delete")},
        **{f"accessanalyzer:{verb}ArchiveRule": rule for verb in ("Create", "Update", "Delete", "Apply")},
        **{f"accessanalyzer:{verb}Resource": resource for verb in _TAGS},
        "config:DeleteConfigRule": config("ConfigRuleName", "rule"),
        "config:DeleteConfigurationRecorder": config("ConfigurationRecorderName", "recorder"),
        "config:StartConfigurationRecorder": config("ConfigurationRecorderName", "recorder"),
        "config:StopConfigurationRecorder": config("ConfigurationRecorderName", "recorder"),
        "config:DeleteDeliveryChannel": config("DeliveryChannelName", "channel"),
        "config:DeleteOrganizationConfigRule": config("OrganizationConfigRuleName", "rule"),
        "config:PutOrganizationConfigRule": config("OrganizationConfigRuleName", "rule"),
        **{
            f"config:{name}": _no_name
            for name in ("PutConfigRule", "PutConfigurationRecorder", "PutDeliveryChannel", "TagResource")
        },
        "config:UntagResource": _no_name,
        **{
            f"securityhub:{name}": _no_name
            for name in (
                "BatchDisableStandards",
                "BatchEnableStandards",
                "BatchImportFindings",
                "BatchUpdateFindings",
                "BatchUpdateStandardsControlAssociations",
                "CreateFindingAggregator",
                "DisableSecurityHub",
                "EnableSecurityHub",
                "UpdateFindingAggregator",
                "UpdateSecurityControl",
                "UpdateSecurityHubConfiguration",
            )
        },
    }
    return {name: Write(_nobody, naming) for name, naming in named.items()}


#: By ``service:Operation``, as botocore calls the service.
WRITES: t.Final[Mapping[str, Write]] = types.MappingProxyType(
    {
        **_iam(),
        **_organizations(),
        **_alerts(),
        **_detective(),
        "signin:BatchRevokeSessions": Write(_owner_of_sessions, request.name_sessions),
        **_secrets(),
        "sts:AssumeRoot": Write(_root_of_member, request.name_whole_target("TargetPrincipal", "account")),
    }
)
