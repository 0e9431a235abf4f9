# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether an answer is about what was asked: the account, the object, and a document that is one.

An answer that is not says nothing about what was asked, so it must not pass for "there is none" or "it is another".
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import typing as t
from collections.abc import Iterator, Mapping

Answer = Mapping[str, t.Any]

# The account in the ARNs of AWS's own policies.
_OF_AWS: t.Final = "aws"
_ACCOUNT: t.Final = 4


@dataclasses.dataclass(frozen=True)
class _Object:
    """One object that an operation of IAM answers with, at ``member``: its ARN is of the account that was asked.

    ``name`` is the parameter that names it, and the member that has the same name again. ``document`` is the member
    with its policy, which botocore decodes.
    """

    member: str
    name: str
    document: str = ""


@dataclasses.dataclass(frozen=True)
class _Inline:
    """An inline policy: the answer repeats the parameters that name it."""

    owner: str


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
_OBJECTS: t.Final[Mapping[str, _Object]] = {
    "iam:GetGroup": _Object("Group", "GroupName"),
    "iam:GetInstanceProfile": _Object("InstanceProfile", "InstanceProfileName"),
    "iam:GetPolicy": _Object("Policy", "PolicyArn"),
    "iam:GetRole": _Object("Role", "RoleName", "AssumeRolePolicyDocument"),
    "iam:GetUser": _Object("User", "UserName"),
}
_INLINE: t.Final[Mapping[str, _Inline]] = {
    "iam:GetGroupPolicy": _Inline("GroupName"),
    "iam:GetRolePolicy": _Inline("RoleName"),
    "iam:GetUserPolicy": _Inline("UserName"),
}
# Lists whose entries have ARNs of the account alone: the list, and the member of an entry. Nobody attaches a policy of
# another account, or passes its role to a rule.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
_OWN: t.Final[Mapping[str, tuple[str, str]]] = {
    "events:ListTargetsByRule": ("Targets", "RoleArn"),
    "iam:ListAttachedGroupPolicies": ("AttachedPolicies", "PolicyArn"),
    "iam:ListAttachedRolePolicies": ("AttachedPolicies", "PolicyArn"),
    "iam:ListAttachedUserPolicies": ("AttachedPolicies", "PolicyArn"),
    "securityhub:GetEnabledStandards": ("StandardsSubscriptions", "StandardsSubscriptionArn"),
    "signin:ListSessions": ("items", "principalArn"),
}
_DETAILS: t.Final = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def find_mismatch(name: str, parameters: Answer, answer: Answer, principal: str) -> str:
    """Find what of an answer to ``name`` (``iam:GetRole``) is not about what was asked; empty where all of it is.

    ``principal`` is the ARN of a principal of the account that was asked, or empty where that is not known: then no
    account is compared. Members that are missing or of another type are left to those who read them.
    """
    account = principal.split(":")[_ACCOUNT] if principal else ""
    if name in _OBJECTS:
        return next(_judge_object(_OBJECTS[name], parameters, answer, account), "")
    if name in _INLINE:
        return next(_judge_inline(_INLINE[name], parameters, answer), "")
    if name == "iam:GetPolicyVersion":
        return next(_judge_version(parameters, answer), "")
    if name == "cloudtrail:LookupEvents":
        return next(_judge_accounts(_list_recipients(answer), account), "")
    return next(_judge_arns(_list_arns(name, answer), account), "")


def _judge_object(kind: _Object, parameters: Answer, answer: Answer, account: str) -> Iterator[str]:
    found = answer.get(kind.member)
    if not isinstance(found, Mapping):
        return
    given = parameters.get(kind.name)
    named = found.get("Arn" if kind.name == "PolicyArn" else kind.name)
    # Names of IAM differ by more than their case, and any case finds them.
    if given and named and str(named).lower() != str(given).lower():
        yield f"it is about {named}, not about {given}"
    yield from _judge_arns([found.get("Arn")], account)
    if kind.document:
        yield from _judge_document(found, kind.document)


def _judge_inline(kind: _Inline, parameters: Answer, answer: Answer) -> Iterator[str]:
    for name in (kind.owner, "PolicyName"):
        given, named = parameters.get(name), answer.get(name)
        if given and named and str(named).lower() != str(given).lower():
            yield f"it is about {named}, not about {given}"
    yield from _judge_document(answer, "PolicyDocument")


def _judge_version(parameters: Answer, answer: Answer) -> Iterator[str]:
    found = answer.get("PolicyVersion")
    if not isinstance(found, Mapping):
        return
    given, named = parameters.get("VersionId"), found.get("VersionId")
    if given and named and named != given:
        yield f"it is about version {named}, not about {given}"
    yield from _judge_document(found, "Document")


def _judge_document(record: Answer, member: str) -> Iterator[str]:
    """Judge a policy. botocore decodes it, and hands on the text of one that is no JSON."""
    if member in record and not isinstance(record[member], Mapping):
        yield f"{member} is no policy, but a {type(record[member]).__name__}"


def _judge_arns(arns: t.Iterable[t.Any], account: str) -> Iterator[str]:
    owners = {arn.split(":")[_ACCOUNT] for arn in arns if isinstance(arn, str) and arn.count(":") >= _ACCOUNT}
    yield from _judge_accounts(owners, account)


def _judge_accounts(owners: t.AbstractSet[str], account: str) -> Iterator[str]:
    for owner in sorted(owners - {"", _OF_AWS}):
        if account and owner != account:
            yield f"it is of account {owner}, not of {account}"


def _list_arns(name: str, answer: Answer) -> Iterator[t.Any]:
    """List the ARNs of what a list has of the account itself."""
    if name in _OWN:
        member, arn = _OWN[name]
        yield from (entry.get(arn) for entry in _list_entries(answer, member))
    if name == "iam:GetAccountAuthorizationDetails":
        for member in _DETAILS:
            yield from (entry.get("Arn") for entry in _list_entries(answer, member))
    if name == "iam:GetCredentialReport":
        yield from _list_reported(answer.get("Content"))
    if name == "cloudtrail:DescribeTrails":
        # A member sees the trails of its organization, which the management account owns.
        own = (entry for entry in _list_entries(answer, "trailList") if not entry.get("IsOrganizationTrail"))
        yield from (entry.get("TrailARN") for entry in own)


def _list_recipients(answer: Answer) -> set[str]:
    """List the accounts that received the events: the event history has those of one account.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    found = set()
    for entry in _list_entries(answer, "Events"):
        try:
            event = json.loads(entry.get("CloudTrailEvent") or "{}")
        except (TypeError, ValueError, RecursionError):
            continue
        recipient = event.get("recipientAccountId") if isinstance(event, Mapping) else None
        if isinstance(recipient, str):
            found.add(recipient)
    return found


def _list_reported(content: t.Any) -> Iterator[t.Any]:
    """List the ARNs of a credential report. One that is no table is left to those who read it."""
    if not isinstance(content, bytes):
        return
    lines = content.decode("utf-8-sig", "replace").splitlines()
    # A value that is too long is an error of csv.
    with contextlib.suppress(csv.Error):
        yield from (row.get("arn") for row in csv.DictReader(line.replace("\0", "") for line in lines))


def _list_entries(answer: Answer, member: str) -> Iterator[Answer]:
    found = answer.get(member)
    yield from (entry for entry in (found if isinstance(found, list) else ()) if isinstance(entry, Mapping))
