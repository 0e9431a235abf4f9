# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The role that is assumed in an account, as credentials that renew themselves."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Mapping

from . import sdk
from .assume_role import explain_denial
from .errors import AccessDenied, AwsError, InvalidCredentials, InvalidRequest, RegionDenied
from .options import AccessOptions

SESSION_NAME: t.Final = "iam-hardening"
_LONGEST_NAME: t.Final = 64
_LONGEST_CHAINED: t.Final = 3600
# Renewed this many seconds before they end: less than the shortest session, or each call would renew them.
_ADVISORY, _MANDATORY = 180, 60


def session_name(options: AccessOptions, tag: str = "") -> str:
    """The name of the role session, which CloudTrail shows: as declared, else ours with ``tag``."""
    if options.assume_role_session_name:
        return options.assume_role_session_name
    suffix = re.sub(r"[^\w+=,.@-]", "-", tag, flags=re.ASCII)
    return f"{SESSION_NAME}-{suffix}"[:_LONGEST_NAME] if suffix else SESSION_NAME


@dataclasses.dataclass(frozen=True)
class RoleCredentials:
    """Assumes ``role_arn``; replaces botocore's chain of credential providers in the session of the role.

    ``assume`` calls AssumeRole with the given parameters and raises AwsError.
    """

    options: AccessOptions
    role_arn: str
    session_name: str
    assume: Callable[[Mapping[str, t.Any]], dict[str, t.Any]]

    def load_credentials(self) -> sdk.RefreshableCredentials:
        """Called by botocore, once a session."""
        credentials: sdk.RefreshableCredentials = sdk.RefreshableCredentials.create_from_metadata(
            metadata=self._fetch(),
            refresh_using=self._fetch,
            method="assume-role",
            advisory_timeout=_ADVISORY,
            mandatory_timeout=_MANDATORY,
        )
        return credentials

    def _fetch(self) -> dict[str, str]:
        parameters: dict[str, t.Any] = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name,
            "DurationSeconds": self.options.assume_role_duration,
        }
        if self.options.assume_role_external_id:
            parameters["ExternalId"] = self.options.assume_role_external_id
        if self.options.assume_role_source_identity:
            parameters["SourceIdentity"] = self.options.assume_role_source_identity
        try:
            credentials = self.assume(parameters)["Credentials"]
        except AwsError as error:
            raise error.rephrase(self._explain_failure(error)) from None
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": credentials["Expiration"].isoformat(),
        }

    def _explain_failure(self, error: AwsError) -> str:
        if isinstance(error, InvalidCredentials):
            # The role was not even asked for.
            return error.message
        if isinstance(error, AccessDenied) and not isinstance(error, RegionDenied) and "\n" not in error.message:
            return explain_denial(error.message, self.options, self.role_arn)
        message = f"can't assume {self.role_arn}: {error.message}"
        duration = self.options.assume_role_duration
        if isinstance(error, InvalidRequest) and "DurationSeconds" in error.message and duration > _LONGEST_CHAINED:
            message += (
                f" (assume_role_duration is {duration} s; at most the role's maximum session duration, and"
                f" {_LONGEST_CHAINED} s where the role is assumed by the session of another role: role chaining)"
            )
        return message
