# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading which secrets an account has, and which policies its principals had before they were contained.

Nothing here reads a value: the calls list, or read policies.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Collection, Iterator, Mapping

from ..._account.model import Group
from ..._account.permissions import HeldPolicy, Permissions
from ..._aws.access import Access
from ..._aws.errors import AwsError, InvalidCredentials
from ..._aws.operations import Operations
from ..._policy.documents.policy import Policy
from ..._policy.hunt.persistence.statements import read_document
from ..._policy.hunt.secrets import Principal, Secret, SecretKind

OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "kms:GetKeyPolicy",
            "kms:ListAliases",
            "kms:ListKeys",
            "secretsmanager:GetResourcePolicy",
            "secretsmanager:ListSecrets",
            "ssm:DescribeParameters",
        }
    )
)
# Policies are read one by one: of more secrets and keys than these, they are not known.
_MOST_POLICIES: t.Final = 500
# What a containment adds, AWS's own one included. The intruder was not limited by it.
_CONTAINMENT: t.Final = re.compile(
    r"(.*/)?(quarantine-deny-all|incident-.*|IamHardeningQuarantine|IamHardeningIncident-.*|AWSRevokeOlderSessions"
    r"|AWSCompromisedKeyQuarantine.*)"
)


@dataclasses.dataclass(frozen=True)
class Secrets:
    """The secrets of an account, and sentences about what could not be read."""

    secrets: tuple[Secret, ...]
    unread: tuple[str, ...] = ()


def read_secrets(access: Access, *, regions: Collection[str]) -> Secrets:
    """List the secrets, the encrypted parameters and the keys of an account, with their policies.

    :raises InvalidCredentials: AWS does not know the credentials (any more).
    """
    answers = access.gather({region: functools.partial(_read_region, access, region) for region in regions})
    secrets: list[Secret] = []
    unread: list[str] = []
    for answer in answers.values():
        if isinstance(answer, AwsError):
            raise answer
        secrets += answer.secrets
        unread += answer.unread
    return Secrets(tuple(secrets), tuple(unread))


def find_principals(permissions: Permissions, arns: Collection[str]) -> tuple[Principal, ...]:
    """Find the policies of users and roles, without those that a containment added. Others are left out."""
    found = []
    for arn in arns:
        entity = permissions.entities.get(arn)
        if entity is None or isinstance(entity, Group):
            continue
        held = [item.policy for item in permissions.list_policies(arn) if item.policy and not _is_containment(item)]
        limit = entity.boundary
        boundary = None if limit is None or _CONTAINMENT.fullmatch(limit) else permissions.policy(limit)
        found.append(Principal(arn, permissions.limit(tuple(held), boundary), entity.tags))
    return tuple(found)


def _is_containment(item: HeldPolicy) -> bool:
    return bool(_CONTAINMENT.fullmatch(item.label))


class _Region:
    """The reads of one account in one region."""

    def __init__(self, access: Access, region: str) -> None:
        self._access: t.Final = access
        self.region: t.Final = region
        self.account_id: t.Final = access.caller.account_id
        self.partition: t.Final = access.partition
        self.notes: t.Final[list[str]] = []
        self.policies = 0

    def list(
        self, what: str, service: str, operation: str, key: str, parameters: t.Optional[Mapping[str, t.Any]] = None
    ) -> list[t.Any]:
        """List something; what could not be listed is noted."""
        try:
            return list(self._access.items(service, operation, key, parameters, region=self.region))
        except InvalidCredentials:
            raise
        except AwsError as error:
            self.notes.append(f"{what} in {self.region} were not listed: {error}")
            return []

    def read_policy(self, service: str, operation: str, parameters: Mapping[str, t.Any], key: str) -> _Read:
        """Read the policy of one object."""
        self.policies += 1
        if self.policies > _MOST_POLICIES:
            return _Read(None, is_read=False)
        try:
            answer = self._access.call(service, operation, parameters, region=self.region)
        except InvalidCredentials:
            raise
        except AwsError as error:
            note = f"{service}:{operation} in {self.region}: {error.code or error.message}"
            if note not in self.notes:
                self.notes.append(note)
            return _Read(None, is_read=False)
        document = answer.get(key)
        policy = read_document(document)
        return _Read(policy, is_read=policy is not None or not document)


@dataclasses.dataclass(frozen=True)
class _Read:
    policy: t.Optional[Policy]
    is_read: bool


def _read_region(access: Access, region: str) -> Secrets:
    reads = _Region(access, region)
    keys = {key["KeyArn"]: key for key in reads.list("keys", "kms", "ListKeys", "Keys")}
    aliases = _list_aliases(reads) if keys else {}
    found = [
        *_read_secrets(reads, aliases),
        *_read_parameters(reads, aliases),
        *_read_keys(reads, keys, aliases),
    ]
    if reads.policies > _MOST_POLICIES:
        reads.notes.append(f"the policies of only {_MOST_POLICIES} secrets and keys in {region} were read")
    return Secrets(tuple(found), tuple(reads.notes))


def _list_aliases(reads: _Region) -> dict[str, str]:
    """List the ids of keys by their aliases."""
    listed = reads.list("aliases of keys", "kms", "ListAliases", "Aliases")
    return {one["AliasName"]: one["TargetKeyId"] for one in listed if one.get("TargetKeyId")}


def _find_key(reads: _Region, given: t.Any, aliases: Mapping[str, str]) -> str:
    """Find the ARN of a customer's key by its id, ARN or alias; empty for AWS's own key, which is the default."""
    name = str(given or "")
    alias = name.rpartition(":")[2] if ":alias/" in name else name
    if not name or alias.startswith("alias/aws/"):
        return ""
    name = aliases.get(alias, name)
    if _is_own_of_aws(name.rpartition("/")[2], aliases):
        return ""
    return name if name.startswith("arn:") else _key_arn(reads, name)


def _is_own_of_aws(key_id: str, aliases: Mapping[str, str]) -> bool:
    return any(target == key_id and alias.startswith("alias/aws/") for alias, target in aliases.items())


def _key_arn(reads: _Region, key_id: str) -> str:
    return f"arn:{reads.partition}:kms:{reads.region}:{reads.account_id}:key/{key_id}"


def _read_secrets(reads: _Region, aliases: Mapping[str, str]) -> Iterator[Secret]:
    for one in reads.list("secrets", "secretsmanager", "ListSecrets", "SecretList", {"IncludePlannedDeletion": True}):
        arn = one["ARN"]
        read = reads.read_policy("secretsmanager", "GetResourcePolicy", {"SecretId": arn}, "ResourcePolicy")
        key = _find_key(reads, one.get("KmsKeyId"), aliases)
        place = (reads.account_id, reads.region)
        yield Secret(SecretKind.SECRET, arn, one["Name"], *place, key, read.policy, read.is_read)


def _read_parameters(reads: _Region, aliases: Mapping[str, str]) -> Iterator[Secret]:
    asked = {"ParameterFilters": [{"Key": "Type", "Values": ["SecureString"]}]}
    for one in reads.list("parameters", "ssm", "DescribeParameters", "Parameters", asked):
        name = one["Name"]
        arn = one.get("ARN") or (
            f"arn:{reads.partition}:ssm:{reads.region}:{reads.account_id}:parameter/{name.removeprefix('/')}"
        )
        key = _find_key(reads, one.get("KeyId"), aliases)
        yield Secret(SecretKind.PARAMETER, arn, name, reads.account_id, reads.region, key)


def _read_keys(reads: _Region, keys: Mapping[str, t.Any], aliases: Mapping[str, str]) -> Iterator[Secret]:
    """Read the customer's keys. Who may use AWS's own ones, their policies leave to the services."""
    names = {target: alias for alias, target in sorted(aliases.items(), reverse=True)}
    for arn, one in keys.items():
        key_id = one["KeyId"]
        if _is_own_of_aws(key_id, aliases):
            continue
        read = reads.read_policy("kms", "GetKeyPolicy", {"KeyId": key_id, "PolicyName": "default"}, "Policy")
        place = (reads.account_id, reads.region)
        yield Secret(SecretKind.KEY, arn, names.get(key_id, key_id), *place, "", read.policy, read.is_read)
