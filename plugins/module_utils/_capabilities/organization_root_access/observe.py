# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the module ``organization_root_access`` reads: the organization, the root users of members, and targets anew."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from ..._account.organization_tree import ACTIVE, OrganizationTree
from ..._account.organization_tree_reads import DELEGATION_OPERATIONS, TREE_OPERATIONS
from ..._account.root_credentials import RootCertificate, RootCredentials, RootKey, RootPassword
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound, Unparsable
from ..._aws.fence import ASSUME_ROOT, AUDIT_TASK, REMOVAL_TASK
from ..._aws.operations import Operations
from ..._aws.root_sessions import RootSessions
from ..._controls.member_roots import CREDENTIALS_FEATURE
from ..._converge.affects.live import ADMINISTRATORS_READS
from ..._converge.change import Change
from .changes import (
    CERTIFICATE,
    KEY,
    MFA,
    PASSWORD,
    REMOVALS,
    SERVICE,
    SWITCHES,
    WRITES,
    Shown,
    describe_credentials,
    is_removal,
)

_OF_ROOT: t.Final = Operations(
    reads=frozenset(
        {
            "iam:GetAccessKeyLastUsed",
            "iam:GetLoginProfile",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListMFADevices",
            "iam:ListSigningCertificates",
        }
    )
)
_REMOVALS: t.Final = Operations(writes=frozenset(f"iam:{operation}" for operation, _name in REMOVALS.values()))
# The calls of a session as root, by its task. The caller itself needs none of them, and is allowed none of them.
TASKS: t.Final = {AUDIT_TASK: _OF_ROOT, REMOVAL_TASK: _REMOVALS}

_FEATURES: t.Final = "iam:ListOrganizationsFeatures"
# Undoing a change, and reading how one ended that can't be undone, takes sessions for the audit only.
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            ASSUME_ROOT,
            _FEATURES,
            "organizations:ListAWSServiceAccessForOrganization",
            "organizations:ListDelegatedAdministrators",
            *ADMINISTRATORS_READS,
        }
    ),
    writes=WRITES,
)
OPERATIONS: t.Final = Operations(
    reads=frozenset({*TREE_OPERATIONS, *DELEGATION_OPERATIONS, _FEATURES}), writes=WRITES | {ASSUME_ROOT}
)

_NOT_TRUSTED: t.Final = "ServiceAccessNotEnabled"


def make_sessions(access: Access) -> RootSessions:
    """Make the sessions as root of members, for the tasks of this module."""
    return RootSessions(access, TASKS)


def read_features(access: Access) -> frozenset[str]:
    """The features that are on. Raises AwsError: they can't be read."""
    try:
        found = access.call("iam", "ListOrganizationsFeatures").get("EnabledFeatures")
    except AwsError as error:
        # Without trusted access no feature is on, and IAM says no more than that.
        if error.code.startswith(_NOT_TRUSTED):
            return frozenset()
        raise
    if not isinstance(found, list):
        # An answer without them says nothing: taken for none, each would be turned on once more.
        message = "the answer has no list EnabledFeatures"
        raise Unparsable(message, service="iam", operation="ListOrganizationsFeatures")
    return frozenset(found)


def read_members(
    access: Access,
    opened: RootSessions,
    tree: OrganizationTree,
    account_ids: Collection[str],
    features: t.Optional[Collection[str]],
) -> dict[str, t.Union[RootCredentials, str]]:
    """The credentials of the root users of members, read side by side; or why those of one are not known."""
    found: dict[str, t.Union[RootCredentials, str]] = {}
    calls: dict[str, Callable[[], RootCredentials]] = {}
    for account_id in account_ids:
        state = tree.account[account_id].state
        if state != ACTIVE:
            found[account_id] = f"the account is {state}"
        elif features is not None and CREDENTIALS_FEATURE not in features:
            found[account_id] = f"the feature {CREDENTIALS_FEATURE} is off, so no session as root can be opened"
        else:
            calls[account_id] = functools.partial(_read_root, opened, account_id)
    for account_id, result in access.gather(calls).items():
        found[account_id] = str(result) if isinstance(result, AwsError) else result
    return {account_id: found[account_id] for account_id in account_ids}


def _read_root(opened: RootSessions, account_id: str, kinds: Collection[str] = tuple(REMOVALS)) -> RootCredentials:
    """Those credentials of root that are of ``kinds``. Raises AwsError: one of them can't be read."""
    root = opened.of(account_id, AUDIT_TASK)
    return RootCredentials(
        account_id=account_id,
        password=_read_password(root) if PASSWORD in kinds else None,
        keys=tuple(_read_keys(root)) if KEY in kinds else (),
        certificates=tuple(_read_certificates(root)) if CERTIFICATE in kinds else (),
        mfa_devices=tuple(sorted(_read_mfa_devices(root))) if MFA in kinds else (),
    )


def _read_password(root: Access) -> t.Optional[RootPassword]:
    try:
        profile = root.call("iam", "GetLoginProfile")["LoginProfile"]
    except NotFound:
        return None
    used = root.call("iam", "GetUser")["User"].get("PasswordLastUsed")
    return RootPassword(created=_parse_moment(profile["CreateDate"]), last_used=_parse_moment(used) if used else None)


def _read_keys(root: Access) -> t.Iterator[RootKey]:
    for key in root.items("iam", "ListAccessKeys", "AccessKeyMetadata"):
        used = root.call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key["AccessKeyId"]}).get("AccessKeyLastUsed")
        date = (used or {}).get("LastUsedDate")
        yield RootKey(
            id=str(key["AccessKeyId"]),
            status=str(key["Status"]),
            created=_parse_moment(key["CreateDate"]),
            last_used=_parse_moment(date) if date else None,
        )


def _read_certificates(root: Access) -> t.Iterator[RootCertificate]:
    for found in root.items("iam", "ListSigningCertificates", "Certificates"):
        yield RootCertificate(str(found["CertificateId"]), str(found["Status"]), _parse_moment(found["UploadDate"]))


def _read_mfa_devices(root: Access) -> t.Iterator[str]:
    for device in root.items("iam", "ListMFADevices", "MFADevices"):
        yield str(device["SerialNumber"])


def _parse_moment(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(microsecond=0)


def reread(access: Access, _now: datetime) -> Callable[[Change], Shown]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(read_state, access, make_sessions(access))


def read_state(access: Access, opened: RootSessions, change: Change) -> Shown:
    """Read the target of a change live; None for a credential that is gone. It needs no more than the journal has.

    :raises AwsError: it can't be read.
    """
    named: Mapping[str, t.Any] = change.before or change.after
    if not is_removal(change):
        return {"setting": named["setting"], "on": _is_on(access, str(named["setting"]))}
    root = _read_root(opened, change.account_id, (named["kind"],))
    return next((shown for shown in describe_credentials(root) if shown["id"] == named["id"]), None)


def _is_on(access: Access, setting: str) -> bool:
    if setting in SWITCHES:
        return setting in read_features(access)
    if setting == "trusted_access":
        trusted = access.items("organizations", "ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
        return any(service["ServicePrincipal"] == SERVICE for service in trusted)
    account = setting.rpartition("/")[2]
    asked = {"ServicePrincipal": SERVICE}
    found = access.items("organizations", "ListDelegatedAdministrators", "DelegatedAdministrators", asked)
    return any(administrator["Id"] == account for administrator in found)
