# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call needs permission for: actions and resources as policies name them, and the keys of its conditions.

Left out: iam:PassRole of calls that hand a role to a service, and the further permissions of other calls. Of most
services the resource is ``*``, unless the request has its ARN.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
import typing as t

from moto.iam.models import IAMBackend, User

from emulator import bucket_policies
from emulator.identity import Caller
from emulator.wire import Call

#: An action and the resource that it is on.
Ask: t.TypeAlias = tuple[str, str]

#: The prefixes of actions, where they are not the names of boto3's clients.
_PREFIXES: t.Final[t.Mapping[str, str]] = {
    "accessanalyzer": "access-analyzer",
    "dynamodbstreams": "dynamodb",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "sso-admin": "sso",
    "stepfunctions": "states",
}
#: Operations whose permission has another name.
_ACTIONS: t.Final[t.Mapping[str, str]] = {
    # AWS lists no action of the second version.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamaccessanalyzer.html
    "access-analyzer:GetFindingV2": "access-analyzer:GetFinding",
    "access-analyzer:ListFindingsV2": "access-analyzer:ListFindings",
    "lambda:Invoke": "lambda:InvokeFunction",
    "sns:PublishBatch": "sns:Publish",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
#: Parameters that name a resource, and its ARN after the account. The first that a request has counts.
_NAMED: t.Final[t.Mapping[str, t.Mapping[str, str]]] = {
    "dynamodb": {"TableName": "table/{}"},
    "lambda": {"FunctionName": "function:{}"},
    # A secret's ARN ends with six random characters.
    "secretsmanager": {"SecretId": "secret:{}-??????"},
    "ssm": {"Name": "parameter/{}"},
}
_LISTED: t.Final[t.Mapping[str, str]] = {"ListGroups": "group/", "ListRoles": "role/", "ListUsers": "user/"}
#: Operations of IAM that are about the caller, or about the owner of a key, if they name no user.
_OWN: t.Final = frozenset(
    {
        "ChangePassword",
        "CreateAccessKey",
        "CreateServiceSpecificCredential",
        "DeleteAccessKey",
        "DeleteSigningCertificate",
        "GetAccessKeyLastUsed",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "ListSSHPublicKeys",
        "UpdateAccessKey",
        "UploadSigningCertificate",
    }
)


def list_asks(call: Call, caller: Caller, backend: IAMBackend, owner_arn: str) -> list[Ask]:
    """The authorizations of a call; ``owner_arn`` is the user or role whose permissions the caller has."""
    given, account = call.parameters, f"{caller.partition}:{{}}:{{}}:{caller.account_id}"
    if call.service == "s3":
        bucket = given.get("Bucket")
        return list(bucket_policies.list_requests(call, bucket, caller.partition)) if bucket else [_all_buckets(call)]
    action = f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"
    action = _ACTIONS.get(action, action)
    if call.service == "sts":
        return _of_sts(call, action, f"arn:{account.format('sts', '')}")
    if call.service == "iam":
        return [(action, _of_iam(call, backend, owner_arn, f"arn:{account.format('iam', '')}"))]
    arn = next((value for value in given.values() if isinstance(value, str) and value.startswith("arn:")), None)
    for name, pattern in {} if arn else _NAMED.get(call.service, {}).items():
        if given.get(name):
            named = pattern.format(str(given[name]).lstrip("/"))
            arn = f"arn:{account.format(call.service, call.region)}:{named}"
    return [(action, arn or "*")]


def _all_buckets(call: Call) -> Ask:
    return ("s3:ListAllMyBuckets" if call.operation == "ListBuckets" else call.action, "*")


def _of_sts(call: Call, action: str, account: str) -> list[Ask]:
    given = call.parameters
    if call.operation == "GetFederationToken":
        return [(action, f"{account}:federated-user/{given.get('Name')}")]
    if call.operation == "AssumeRoot":
        member = re.search(r"\d{12}", str(given.get("TargetPrincipal")))
        return [(action, f"{account.rpartition(':sts:')[0]}:iam::{member[0]}:root" if member else "*")]
    role = str(given.get("RoleArn") or "*")
    extra = {"SourceIdentity": "sts:SetSourceIdentity", "Tags": "sts:TagSession"}
    return [(action, role), *((needed, role) for name, needed in extra.items() if given.get(name))]


def _of_iam(call: Call, backend: IAMBackend, owner_arn: str, account: str) -> str:
    """The ARN that IAM authorizes a call on, with the path of what is there."""
    given = call.parameters
    kinds: t.Mapping[str, tuple[str, t.Iterable[t.Any]]] = {
        "InstanceProfileName": ("instance-profile", backend.instance_profiles.values()),
        "GroupName": ("group", backend.groups.values()),
        "RoleName": ("role", backend.roles.values()),
        "UserName": ("user", backend.users.values()),
    }
    for name, (kind, known) in kinds.items():
        if given.get(name):
            found = next((one.arn for one in known if one.name == given[name]), None)
            return found or f"{account}:{kind}{given.get('Path') or '/'}{given[name]}"
    if call.operation == "CreatePolicy":
        return f"{account}:policy{given.get('Path') or '/'}{given.get('PolicyName')}"
    if call.operation == "CreateVirtualMFADevice":
        return f"{account}:mfa{given.get('Path') or '/'}{given.get('VirtualMFADeviceName')}"
    if call.operation in _OWN:
        key = backend.access_keys.get(str(given.get("AccessKeyId")))
        user = backend.users.get(key.user_name) if key and key.user_name else None
        return user.arn if user else owner_arn
    if call.operation in _LISTED:
        return f"{account}:{_LISTED[call.operation]}"
    return next((value for value in given.values() if isinstance(value, str) and value.startswith("arn:")), "*")


def keys_of_target(call: Call, backend: IAMBackend) -> dict[str, list[str]]:
    """The condition keys that the user or role has that a call of IAM changes, in lower case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    name = call.parameters.get("UserName") or call.parameters.get("RoleName")
    known = backend.users.values() if "UserName" in call.parameters else backend.roles.values()
    found = next((one for one in known if one.name == name), None) if call.service == "iam" else None
    if found is None:
        return {}
    boundary = getattr(found, "permissions_boundary_arn", None)
    if isinstance(found, User):
        tags = backend.tagger.get_tag_dict_for_resource(found.arn)
    else:
        tags = {tag["Key"]: tag["Value"] for tag in found.tags}
    return {
        **({"iam:permissionsboundary": [boundary]} if boundary else {}),
        **{f"{kind}:resourcetag/{key.lower()}": [value] for key, value in tags.items() for kind in ("aws", "iam")},
    }


def keys_of_request(call: Call) -> dict[str, list[str]]:
    """The condition keys that a request itself has, in lower case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    given = call.parameters
    keys = {
        "iam:policyarn": given.get("PolicyArn") if call.operation.startswith(("Attach", "Detach")) else None,
        "iam:permissionsboundary": given.get("PermissionsBoundary"),
        "iam:awsservicename": given.get("AWSServiceName"),
        "sts:externalid": given.get("ExternalId"),
        "sts:rolesessionname": given.get("RoleSessionName"),
        "sts:sourceidentity": given.get("SourceIdentity"),
        "sts:taskpolicyarn": (given.get("TaskPolicyArn") or {}).get("arn"),
    }
    tags = [tag for tag in given.get("Tags") or () if isinstance(tag, dict) and "Key" in tag]
    names = [str(tag["Key"]) for tag in tags] or [str(key) for key in given.get("TagKeys") or ()]
    return {
        **{key: [str(value)] for key, value in keys.items() if value},
        **{f"aws:requesttag/{str(tag['Key']).lower()}": [str(tag.get("Value", ""))] for tag in tags},
        **({"aws:tagkeys": names} if names else {}),
        "aws:requestedregion": [call.region],
        "aws:securetransport": ["true"],
        "aws:viaawsservice": ["false"],
        # As the event history has it.
        "aws:sourceip": ["203.0.113.10"],
    }
