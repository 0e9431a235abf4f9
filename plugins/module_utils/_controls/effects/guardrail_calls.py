# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The guardrails that an organization may set, each as calls that it has to deny to ordinary principals.

CIS AWS Foundations 7.0, 2.1.2 leaves the choice to the organization and names some in its audit: that nobody disables
CloudTrail, AWS Config, GuardDuty or Security Hub, that only approved regions are used, that central roles can't be
modified, that external principals have no access. Most others are AWS's own examples:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
https://docs.aws.amazon.com/controltower/latest/controlreference/mandatory-controls.html
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import re
import typing as t
from collections.abc import Iterable, Iterator

from ..._policy.analysis.principal_matrix import Actor
from ..._policy.documents.policy import Policy, Statement
from ..._policy.evaluation.catalogue import expand, is_available, services
from .organization import NAME, Effect, texts_of


@dataclasses.dataclass(frozen=True)
class Guardrail:
    """A guardrail holds if all of its ``calls`` are denied; of calls that are joined by ``|``, one is enough.

    ``resource`` is what they are made on; besides, the resources of that service that denials name are tried, such as
    the trails of a landing zone. ``keys`` are the condition keys that the calls come with.
    """

    name: str
    calls: str
    resource: str = "*"
    keys: tuple[tuple[str, str], ...] = ()
    who: t.Literal["ordinary", "root", "outsider"] = "ordinary"


def _arn(service: str, resource: str, *, is_global: bool = False) -> str:
    return f"arn:{{partition}}:{service}:{'' if is_global else '{region}'}:{{account}}:{resource}"


_ROLE: t.Final = _arn("iam", f"role/{NAME}", is_global=True)
_USER: t.Final = _arn("iam", f"user/{NAME}", is_global=True)
_OBJECT: t.Final = f"arn:{{partition}}:s3:::{NAME}/data"
_KEY: t.Final = _arn("kms", "key/11111111-2222-3333-4444-555555555555")

GUARDRAILS: t.Final = (
    Guardrail("nobody leaves the organization", "organizations:LeaveOrganization"),
    Guardrail(
        "CloudTrail goes on logging",
        "cloudtrail:DeleteTrail cloudtrail:StopLogging",
        _arn("cloudtrail", f"trail/{NAME}"),
    ),
    Guardrail("AWS Config goes on recording", "config:DeleteConfigurationRecorder config:StopConfigurationRecorder"),
    Guardrail(
        "GuardDuty goes on watching",
        "guardduty:DeleteDetector guardduty:UpdateDetector|guardduty:DisassociateFromMasterAccount"
        "|guardduty:DisassociateFromAdministratorAccount",
        _arn("guardduty", "detector/12abc34d567e8fa901bc2d34e56789f0"),
    ),
    Guardrail(
        "Security Hub goes on judging",
        "securityhub:DisableSecurityHub securityhub:BatchDisableStandards|securityhub:DisassociateFromMasterAccount"
        "|securityhub:DisassociateFromAdministratorAccount",
        _arn("securityhub", "hub/default"),
    ),
    Guardrail(
        "Access Analyzer goes on analyzing",
        "access-analyzer:DeleteAnalyzer access-analyzer:UpdateAnalyzer|access-analyzer:CreateArchiveRule",
        _arn("access-analyzer", f"analyzer/{NAME}"),
    ),
    Guardrail("logs stay", "logs:DeleteLogGroup logs:DeleteLogStream", _arn("logs", f"log-group:{NAME}:log-stream:1")),
    Guardrail("flow logs stay", "ec2:DeleteFlowLogs", _arn("ec2", "vpc-flow-log/fl-0123456789abcdef0")),
    Guardrail(
        "backups stay", "backup:DeleteBackupVault backup:DeleteRecoveryPoint", _arn("backup", f"backup-vault:{NAME}")
    ),
    Guardrail("KMS keys stay", "kms:ScheduleKeyDeletion kms:DisableKey|kms:DeleteImportedKeyMaterial", _KEY),
    Guardrail(
        "central roles stay as they are",
        "iam:AttachRolePolicy iam:DeleteRole iam:PutRolePolicy iam:UpdateAssumeRolePolicy",
        _ROLE,
    ),
    Guardrail("boundaries stay", "iam:DeleteRolePermissionsBoundary", _ROLE),
    Guardrail("new roles have a boundary", "iam:CreateRole iam:CreateUser|iam:PutRolePermissionsBoundary", _ROLE),
    Guardrail("nobody gets an access key", "iam:CreateAccessKey iam:CreateUser", _USER),
    Guardrail("nobody gets a password", "iam:CreateLoginProfile iam:UpdateLoginProfile", _USER),
    Guardrail("identity providers stay as they are", "iam:CreateOpenIDConnectProvider iam:CreateSAMLProvider"),
    Guardrail(
        "root does no daily work",
        "ec2:RunInstances iam:CreateAccessKey s3:DeleteBucket rds:DeleteDBInstance",
        who="root",
    ),
    Guardrail("the account's public access block stays", "s3:PutAccountPublicAccessBlock"),
    Guardrail("volumes are encrypted by default", "ec2:DisableEbsEncryptionByDefault"),
    Guardrail(
        "networks stay inside",
        "ec2:AttachInternetGateway ec2:CreateInternetGateway",
        _arn("ec2", "internet-gateway/igw-1"),
    ),
    Guardrail(
        "instances use version 2 of the metadata service",
        "ec2:RunInstances",
        _arn("ec2", "instance/i-0123456789abcdef0"),
        (("ec2:MetadataHttpTokens", "optional"),),
    ),
    Guardrail(
        "nothing is shared with strangers",
        "ram:CreateResourceShare ram:UpdateResourceShare",
        _arn("ram", "resource-share/1"),
        (("ram:RequestedAllowsExternalPrincipals", "true"), ("ram:AllowsExternalPrincipals", "true")),
    ),
    Guardrail(
        "Role Manager stays off",
        "iam:PutAccountProperties",
        keys=(("iam:AccountPropertyNamespaces", "RoleManager"),),
    ),
    Guardrail("regions are enabled centrally", "account:EnableRegion account:DisableRegion"),
    Guardrail("strangers read no buckets", "s3:GetObject s3:PutObject", _OBJECT, who="outsider"),
    Guardrail("strangers assume no roles", "sts:AssumeRole", _ROLE, who="outsider"),
    Guardrail("strangers use no KMS keys", "kms:Decrypt kms:GenerateDataKey", _KEY, who="outsider"),
    Guardrail("strangers use no queues", "sqs:ReceiveMessage sqs:SendMessage", _arn("sqs", NAME), who="outsider"),
    Guardrail(
        "strangers read no secrets",
        "secretsmanager:GetSecretValue secretsmanager:PutSecretValue",
        _arn("secretsmanager", f"secret:{NAME}-AbCdEf"),
        who="outsider",
    ),
    Guardrail(
        "data stays in the organization",
        "s3:GetObject s3:PutObject",
        _OBJECT,
        (("aws:ResourceOrgID", "o-x7outside0"), ("aws:ResourceAccount", "999999999999")),
    ),
    Guardrail(
        "only known networks are used",
        "ec2:RunInstances s3:GetObject iam:CreateUser",
        # Of the addresses that are for documentation only.
        keys=(("aws:SourceIp", "203.0.113.7"),),
    ),
    Guardrail("data travels encrypted", "s3:GetObject s3:PutObject", _OBJECT, (("aws:SecureTransport", "false"),)),
)
# A region in which these are denied is closed.
_REGIONAL: t.Final = ("ec2:RunInstances", "lambda:CreateFunction", "rds:CreateDBInstance", "dynamodb:CreateTable")
# Of services that few use; a list of services that are allowed leaves out some of them.
_UNCOMMON: t.Final = ("gamelift", "groundstation", "iottwinmaker", "managedblockchain", "robomaker", "workspaces")
# Nobody names these: they are denied where the whole service is.
_MADE_UP: t.Final = ("CreateX7Thing", "DeleteX7Thing", "GetX7Thing", "ListX7Things")
# The services that the table above judges. Of other services, the organization's own choice of denials counts.
_WATCHED: t.Final = frozenset(
    {"access-analyzer", "cloudtrail", "config", "guardduty", "iam", "organizations", "securityhub", "sts"}
)


@functools.lru_cache(maxsize=256)
def find_guardrails(effect: Effect, policies: tuple[Policy, ...]) -> tuple[str, ...]:
    """Find the guardrails that hold in an account below ``policies``."""
    denials = [item for policy in policies for item in policy.statements if not item.allow]
    named = list(dict.fromkeys(arn for item in denials for arn in item.resources or () if arn.startswith("arn:")))
    regions = _regions(effect, policies)
    found = [rail.name for rail in GUARDRAILS if _holds(effect, rail, named, regions)]
    found += [f"{region} is closed" for region in effect.regions if _is_closed(effect, region)]
    found += [f"{service} is closed" for service in _services(denials) if _service_is_closed(effect, service, regions)]
    found += [f"{item.label} is denied" for item in denials if _is_own(effect, item, regions)]
    if not effect.lack_of_mfa:
        found.append("users need MFA")
    return tuple(dict.fromkeys(found))


def _regions(effect: Effect, policies: Iterable[Policy]) -> tuple[str, ...]:
    """Regions to ask about what holds in all of them: that of IAM, those that policies name, and one that none names.

    Policies tell regions apart by their names alone, so that the others are like that one.
    """
    patterns = {text for policy in policies for item in policy.statements for text in texts_of(item)}
    named = [region for region in effect.regions if any(_means(pattern, region) for pattern in patterns)]
    home = effect.place.home
    other = next((region for region in effect.regions if region not in (home, *named)), home)
    return tuple(dict.fromkeys((home, *named, other)))


def _means(pattern: str, region: str) -> bool:
    """Whether a resource or the value of a condition singles out a region, by its name or by a part of it."""
    name = f"{pattern}:::".split(":")[3] if pattern.startswith("arn:") else pattern.lower()
    return bool(name.strip("*")) and fnmatch.fnmatchcase(region, name)


def _holds(effect: Effect, rail: Guardrail, named: Iterable[str], regions: tuple[str, ...]) -> bool:
    actors = effect.ordinary if rail.who == "ordinary" else (effect.root if rail.who == "root" else effect.outsider,)
    callers = tuple(_with(actor, dict(rail.keys)) for actor in actors)
    service = rail.resource.split(":")[2:3]
    others = [
        arn for arn in named if arn.split(":")[2:3] in (service, ["*"]) and _kind(arn) in (_kind(rail.resource), "*")
    ]
    resources = (rail.resource, *map(_fill_pattern, others))
    return any(_is_denied(effect, callers, rail.calls, regions, resource) for resource in resources)


def _with(actor: Actor, keys: t.Mapping[str, str]) -> Actor:
    unknown = tuple(key for key in actor.unknown if key not in keys)
    return dataclasses.replace(actor, keys=tuple({**dict(actor.keys), **keys}.items()), unknown=unknown)


def _kind(arn: str) -> str:
    """The type of resource in an ARN, such as role, as far as its last part shows it."""
    return re.split(r"[/:]", arn.split(":", 5)[-1])[0]


def _fill_pattern(pattern: str) -> str:
    """Fill the wildcards of a denial's pattern, so that it becomes a resource that the pattern matches."""
    parts = pattern.split(":", 5)
    words = ("", "{partition}", "", "{region}", "{account}")
    head = [word if part == "*" and word else part for part, word in zip(parts, words, strict=False)]
    tail = "".join(parts[5:]).replace("${", "").replace("{", "").replace("}", "")
    return ":".join((*head, tail.replace("*", NAME).replace("?", "x")))


def _is_denied(
    effect: Effect, callers: Iterable[Actor], calls: str, regions: tuple[str, ...], resource: str = "*"
) -> bool:
    return all(
        any(effect.denies(caller, action, resource, region) for action in call.split("|"))
        for caller in callers
        for region in regions
        for call in calls.split()
    )


def _is_closed(effect: Effect, region: str) -> bool:
    return all(effect.denies(caller, action, region=region) for caller in effect.ordinary for action in _REGIONAL)


def _services(denials: Iterable[Statement]) -> Iterator[str]:
    yield from _UNCOMMON
    for item in denials:
        for action in item.actions or ():
            service = action.partition(":")[0]
            if re.fullmatch(r"[a-z0-9-]+", service) and (not is_available() or service in services()):
                yield service


def _service_is_closed(effect: Effect, service: str, regions: tuple[str, ...]) -> bool:
    calls = " ".join(f"{service}:{name}" for name in _MADE_UP)
    return _is_denied(effect, effect.ordinary, calls, regions)


def _is_own(effect: Effect, denial: Statement, regions: tuple[str, ...]) -> bool:
    """Whether a statement denies several actions of a service of the organization's choice to everybody.

    Actions that no service has do not count.
    """
    actions = [action for action in denial.actions or () if ":" in action]
    if not actions or any(action.partition(":")[0] in _WATCHED for action in actions):
        return False
    known = [action for action in actions if not is_available() or expand(action)]
    several = len(known) > 1 or "*" in "".join(known)
    # A pattern also matches itself, as a name.
    return several and _is_denied(effect, effect.ordinary, " ".join(actions), regions)
