# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The next step after an error of credentials, of the clock or of the network."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.advice import advise
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    NotFound,
    Unreachable,
)


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (InvalidCredentials("x", code="NoCredentialsError"), ["aws sso login", "AWS_ACCESS_KEY_ID", "instance", "AWX"]),
        (InvalidCredentials("x", code="ExpiredToken"), ["have expired", "aws sso login", "AWS_SESSION_TOKEN"]),
        (InvalidCredentials("x", code="ExpiredTokenException"), ["have expired"]),
        (InvalidCredentials("Error loading SSO Token.", code="SSOTokenLoadError"), ["SSO Token\n", "aws sso login"]),
        (InvalidCredentials("bad", code="InvalidClientTokenId"), ["AWS does not know", "bad", "AWS_SESSION_TOKEN"]),
        (InvalidCredentials("x", code="SignatureDoesNotMatch"), ["AWS_SECRET_ACCESS_KEY"]),
        (
            InvalidCredentials("Signature expired: 1 is now earlier than 2", code="SignatureDoesNotMatch"),
            ["clock of this machine", "Signature expired: 1", "NTP"],
        ),
        (InvalidCredentials("x", code="RequestExpired"), ["clock of this machine"]),
        (
            InvalidCredentials("The config profile (x) could not be found", code="ProfileNotFound"),
            ["AWS_PROFILE", "(x)"],
        ),
        (InvalidCredentials("Partial credentials", code="PartialCredentialsError"), ["Partial credentials.\nSet"]),
        (
            AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.", code="AccessDenied"),
            ["one-time code", "next code", "mfa_serial"],
        ),
        (
            Unreachable("Could not connect", code="EndpointConnectionError", service="sts", operation="AssumeRole"),
            ["Could not connect", "HTTPS_PROXY", "AWS_ENDPOINT_URL"],
        ),
        (
            Unreachable("SSL validation failed", code="SSLError", service="sts", operation="GetCallerIdentity"),
            ["AWS_CA_BUNDLE"],
        ),
    ],
)
def test_a_next_step(error: AwsError, parts: list[str]) -> None:
    message = advise(error)
    for part in parts:
        assert part in message
    assert len(message.splitlines()) <= 3
    assert max(map(len, message.splitlines())) <= 240


@pytest.mark.parametrize(
    "error",
    [
        InvalidCredentials("no words of ours", code="CredentialRetrievalError"),
        AccessDenied("not authorized", code="AccessDenied"),
        NotFound("none", code="NoSuchEntity"),
        # A gap of the report: the first call of the task worked.
        Unreachable("Could not connect", code="EndpointConnectionError", service="iam", operation="ListUsers"),
    ],
)
def test_other_errors_keep_their_words(error: AwsError) -> None:
    assert advise(error) == error.message
