# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads that cost calls per principal: made on request only, for the principals in question."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from datetime import datetime

from . import fields
from .model import ServiceUse, SshPublicKey, UnreadKind
from .source import Record, Source, Unreadable

# Seconds between the polls of one job; AWS takes seconds, a minute for a large policy.
_PATIENCE: t.Final = (0.25, 0.5, 1.0, 2.0, *(4.0,) * 14)
# More than AWS has services.
_PAGE: t.Final = 1000
_GET: t.Final = "GetServiceLastAccessedDetails"


def read_service_last_accessed(source: Source, arn: str) -> t.Optional[tuple[ServiceUse, ...]]:
    """Read the services that a user, group, role or policy last accessed; None if it is gone.

    With actions, where AWS tracks them for that kind of principal.
    """
    job = _start(source, arn)
    if job is None:
        return None
    for seconds in (*_PATIENCE, None):
        answer = source.call("iam", _GET, {"JobId": job, "MaxItems": _PAGE})
        status = fields.text(answer, "JobStatus")
        if status == "COMPLETED":
            return _services(source, job, answer)
        if status == "FAILED":
            error = fields.optional_structure(answer, "Error") or {}
            message = f"{error.get('Code', 'no code')}: {error.get('Message', 'no message')}"
            reason = f"AWS could not return the last accesses of {arn}: {message}"
            raise Unreadable(UnreadKind.UNSUPPORTED, reason, operation=f"iam:{_GET}")
        if seconds is not None:
            source.wait(seconds)
    reason = f"AWS had not returned the last accesses of {arn} after {sum(_PATIENCE):.0f} seconds"
    raise Unreadable(UnreadKind.UNREACHABLE, reason, operation=f"iam:{_GET}")


def _start(source: Source, arn: str) -> t.Optional[str]:
    """The id of a new job, or None where there is no such principal."""
    for granularity in ("ACTION_LEVEL", "SERVICE_LEVEL"):
        # InvalidInput: AWS does not track the actions of this kind of principal.
        refused = {"NoSuchEntity", "InvalidInput"} if granularity == "ACTION_LEVEL" else {"NoSuchEntity"}
        parameters = {"Arn": arn, "Granularity": granularity}
        answer = source.call_unless(refused, "iam", "GenerateServiceLastAccessedDetails", parameters)
        if answer is not None:
            return fields.text(answer, "JobId")
    return None


def _services(source: Source, job: str, first: Record) -> tuple[ServiceUse, ...]:
    records: Iterable[Record] = fields.records(first, "ServicesLastAccessed")
    if first.get("IsTruncated"):
        records = source.items("iam", _GET, "ServicesLastAccessed", {"JobId": job, "MaxItems": _PAGE})
    return tuple(sorted(map(_service, records), key=lambda use: use.service))


def _service(record: Record) -> ServiceUse:
    actions: dict[str, t.Optional[datetime]] = {
        fields.text(action, "ActionName"): fields.moment(action, "LastAccessedTime")
        for action in fields.optional_records(record, "TrackedActionsLastAccessed")
    }
    return ServiceUse(
        service=fields.text(record, "ServiceNamespace"),
        last_used=fields.moment(record, "LastAuthenticated"),
        actions=dict(sorted(actions.items())),
    )


def read_mfa_devices(source: Source, user: str) -> t.Optional[tuple[str, ...]]:
    """The serial numbers (ARNs, or a hardware token's number) of all MFA devices of a user; None where it is gone."""
    answer = source.call_unless({"NoSuchEntity"}, "iam", "ListMFADevices", {"UserName": user})
    if answer is None:
        return None
    # A user has at most eight: one page.
    return tuple(sorted(fields.text(device, "SerialNumber") for device in fields.records(answer, "MFADevices")))


def read_ssh_public_keys(source: Source, user: str) -> t.Optional[tuple[SshPublicKey, ...]]:
    """The SSH keys of a user, by id; None where it is gone."""
    answer = source.call_unless({"NoSuchEntity"}, "iam", "ListSSHPublicKeys", {"UserName": user})
    if answer is None:
        return None
    # A user has at most five: one page.
    keys = [
        SshPublicKey(
            key_id=fields.text(key, "SSHPublicKeyId"),
            active=fields.text(key, "Status") == "Active",
            uploaded=fields.require_moment(key, "UploadDate"),
        )
        for key in fields.records(answer, "SSHPublicKeys")
    ]
    return tuple(sorted(keys, key=lambda key: key.key_id))
