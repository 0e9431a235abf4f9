# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The root users of member accounts, as the organization sees them: through sessions, all in one place.

The controls are those that an assessment of each account judges, under the same ids, so that a finding is one finding
wherever it was seen. The evidence is another: it is live, and needs no role in the account.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection
from datetime import datetime

from .._account.moments import format_utc
from .._account.root_credentials import RootCredentials
from .._converge.change import GLOBAL
from .._converge.finding import Evidence, Finding, Remediation, Status
from .control import Control, listing, plural
from .registry import all_controls

MODULE: t.Final = "hardening.iam.organization_root_access"
CREDENTIALS_FEATURE: t.Final = "RootCredentialsManagement"
_IDS: t.Final = ("root_no_access_key", "member_root_without_password", "root_no_signing_certificate")
_CENTRAL: t.Final = "central_root_access"
_REMOVAL: t.Final = Remediation(
    "Find the workload that uses root and give it a role. Then remove root's credentials with remove_root_credentials.",
    module=MODULE,
    reversible=False,
)
_ENABLING: t.Final = Remediation(
    "Declare root_credentials_management to manage root credentials of members centrally.", module=MODULE
)

Judgement = tuple[Status, str, t.Any]


def _control(name: str) -> Control:
    return next(control for control in all_controls() if control.id == name)


def central_finding(
    *, account_id: str, arn: str, features: t.Optional[Collection[str]], reason: str, now: datetime
) -> Finding:
    """Whether the organization manages root credentials centrally; ``reason`` says why that is not known."""
    if features is None:
        judged: Judgement = (Status.NOT_ASSESSED, reason, None)
    elif CREDENTIALS_FEATURE in features:
        judged = (Status.PASS, f"on: {listing(sorted(features))}", {"features": sorted(features)})
    else:
        services = listing(sorted(features)) or "nothing"
        detail = f"central management of root credentials is off (on: {services})"
        judged = (Status.FAIL, detail, {"features": sorted(features)})
    control = _control(_CENTRAL)
    return _finding(control, judged, account_id, arn, "ListOrganizationsFeatures", _ENABLING, now)


def not_in_organization(*, account_id: str, arn: str, reason: str, now: datetime) -> Finding:
    """The same of an account that belongs to no organization."""
    judged: Judgement = (Status.NOT_APPLICABLE, reason, None)
    return _finding(_control(_CENTRAL), judged, account_id, arn, "DescribeOrganization", _ENABLING, now)


def member_findings(root: RootCredentials, *, arn: str, now: datetime) -> tuple[Finding, ...]:
    """The verdicts on the root user of a member account, whose ARN is ``arn``."""
    judgements = (_keys(root), _password(root), _certificates(root))
    sources = ("ListAccessKeys", "GetLoginProfile", "ListSigningCertificates")
    return tuple(
        _finding(_control(name), judged, root.account_id, arn, f"AssumeRoot, {source}", _REMOVAL, now)
        for name, judged, source in zip(_IDS, judgements, sources, strict=True)
    )


def unread_findings(account_id: str, *, arn: str, reason: str, now: datetime) -> tuple[Finding, ...]:
    """The same where the credentials of that root user could not be read."""
    judged: Judgement = (Status.NOT_ASSESSED, reason, None)
    return tuple(_finding(_control(name), judged, account_id, arn, "AssumeRoot", _REMOVAL, now) for name in _IDS)


def _keys(root: RootCredentials) -> Judgement:
    if not root.keys:
        return Status.PASS, "root has no access key", None
    used = [key.last_used for key in root.keys if key.last_used]
    last = f"last used {format_utc(max(used))}" if used else "no use recorded"
    active = sum(key.status == "Active" for key in root.keys)
    observed = {
        "access_keys": [key.id for key in root.keys],
        "active": active,
        "last_used": format_utc(max(used)) if used else None,
    }
    return Status.FAIL, f"root has {plural(len(root.keys), 'access keys')} ({active} active); {last}", observed


def _password(root: RootCredentials) -> Judgement:
    if root.password is None:
        return Status.PASS, "root of this member account has no password", {"password": False}
    used = root.password.last_used
    last = f"last used {format_utc(used)}" if used else "no use recorded"
    mfa = "with MFA" if root.mfa_devices else "without MFA"
    observed = {"password": True, "mfa_devices": len(root.mfa_devices), "last_used": format_utc(used) if used else None}
    return Status.FAIL, f"root of this member account has a password, {mfa}; {last}", observed


def _certificates(root: RootCredentials) -> Judgement:
    active = [certificate for certificate in root.certificates if certificate.status == "Active"]
    if not active:
        return Status.PASS, "root has no active signing certificate", None
    return Status.FAIL, f"root has {plural(len(active), 'active signing certificates')}", {"active": len(active)}


def _finding(
    control: Control,
    judged: Judgement,
    account_id: str,
    arn: str,
    source: str,
    remediation: Remediation,
    now: datetime,
) -> Finding:
    status, detail, observed = judged
    return Finding(
        control=control.id,
        status=status,
        severity=control.severity,
        account_id=account_id,
        region=GLOBAL,
        resource=arn,
        title=control.title,
        detail=detail,
        evidence=Evidence(observed=observed, expected=control.expected, source=source, observed_at=now),
        remediation=remediation,
        compliance=control.requirements(status),
    )
