# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential report with AWS's columns, its root row and its conventions for what is absent.

``N/A``: there is no such credential, or it was never used. ``no_information``: there is a password, and no use of it
is on record. ``not_supported``: not kept for the root user.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import csv
import io
import typing as t
from datetime import datetime, timedelta

from moto.core.responses import ActionResult
from moto.iam.exceptions import IAMException, ReportNotPresentException
from moto.iam.models import AccessKey, IAMBackend, SigningCertificate, User
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import AccountState, Report, clock, state_of

#: AWS makes a new report only when the last one is older than this
_LIFETIME = timedelta(hours=4)
_ABSENT = "N/A"
_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")

COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in (1, 2) for column in _KEY_COLUMNS),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)


class ReportInProgress(IAMException):
    """The report is still being made."""

    code = "ReportInProgress"


def generate_credential_report(response: IamResponse) -> ActionResult:
    """GenerateCredentialReport: starts a report where there is none of the last four hours."""
    state = state_of(response.backend)
    if state.report is not None and clock() - state.report.generated < _LIFETIME:
        state.report.ready = True
        return ActionResult({"State": "COMPLETE"})
    description = "No report exists. Starting a new report generation task"
    if state.report is not None:
        description = "The current report has expired. Starting a new report generation task"
    state.report = Report(render(response.backend), clock())
    return ActionResult({"State": "STARTED", "Description": description})


def get_credential_report(response: IamResponse) -> ActionResult:
    """GetCredentialReport: the report as it was when it was generated."""
    report = state_of(response.backend).report
    if report is None:
        raise ReportNotPresentException("No report has been generated for this account.")
    if not report.ready:
        report.ready = True
        raise ReportInProgress("Credential report is being generated.")
    return ActionResult({"Content": report.content, "ReportFormat": "text/csv", "GeneratedTime": report.generated})


def render(backend: IAMBackend) -> str:
    """The report of an account as CSV: the root user first, then its users by name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    state = state_of(backend)
    writer.writerow(_root_row(backend, state))
    for name in sorted(backend.users):
        writer.writerow(_user_row(backend, state, backend.users[name]))
    return text.getvalue()


def _root_row(backend: IAMBackend, state: AccountState) -> list[str]:
    root = state.root
    password_used = _date(root.password_last_used, "no_information") if root.password else _ABSENT
    certificates = [["true", _ABSENT]] * root.signing_certificates + [["false", _ABSENT]] * 2
    return [
        "<root_account>",
        f"arn:{backend.partition}:iam::{backend.account_id}:root",
        _date(root.created),
        _bool(root.password),
        # A root user whose password is gone keeps the date of its last sign-in.
        _date(root.password_last_used, password_used),
        "not_supported",
        "not_supported",
        _bool(root.mfa != "none"),
        *_keys(root.access_keys, state),
        *certificates[0],
        *certificates[1],
    ]


def _user_row(backend: IAMBackend, state: AccountState, user: User) -> list[str]:
    return [
        user.name,
        user.arn,
        _date(user.create_date),
        *_password(backend, state, user),
        _bool(bool(user.mfa_devices)),
        *_keys(user.access_keys, state),
        *_certificates(list(user.signing_certificates.values())),
    ]


def _password(backend: IAMBackend, state: AccountState, user: User) -> list[str]:
    if not user.password:
        return ["false", _ABSENT, _ABSENT, _ABSENT]
    changed = state.user(user).password_changed or user.create_date
    policy = backend.account_password_policy
    rotation = _ABSENT
    if policy is not None and policy.max_password_age:
        rotation = _date(changed + timedelta(days=policy.max_password_age))
    return ["true", _date(user.password_last_used, "no_information"), _date(changed), rotation]


def _keys(keys: t.Sequence[AccessKey], state: AccountState) -> list[str]:
    """Two keys, the older one first; an inactive key keeps its dates. "Rotated" is the last change of the status."""
    cells: list[str] = []
    for key in sorted(keys, key=lambda key: key.create_date):
        used = key.last_used
        changed = state.key_changes.get(key.access_key_id, key.create_date)
        cells += [_bool(key.status == "Active"), _date(changed)]
        cells += [_ABSENT] * 3 if used is None else [_date(used.timestamp), used.region, used.service]
    return (cells + ["false", *[_ABSENT] * 4] * 2)[: 2 * len(_KEY_COLUMNS)]


def _certificates(certificates: t.Sequence[SigningCertificate]) -> list[str]:
    cells: list[str] = []
    for certificate in certificates:
        cells += [_bool(certificate.status == "Active"), _date(certificate.upload_date)]
    return (cells + ["false", _ABSENT] * 2)[:4]


def _date(value: t.Optional[datetime], absent: str = _ABSENT) -> str:
    return absent if value is None else value.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _bool(value: bool) -> str:
    return "true" if value else "false"


def install() -> None:
    """Replace moto's credential report."""
    iam_operations(generate_credential_report, get_credential_report)
