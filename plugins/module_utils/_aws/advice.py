# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The next step after an error of credentials, of the clock or of the network.

Codes: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and the exceptions of botocore.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .errors import AwsError, InvalidCredentials, Unreachable

_NONE: t.Final = (
    "no AWS credentials were found.\n"
    "Get some by aws sso login (with AWS_PROFILE), by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, "
    "or by the role of an instance or a container.\n"
    "In AWX, add a credential of the type Amazon Web Services to the job template."
)
_EXPIRED: t.Final = (
    "the credentials have expired.\n"
    "Get new ones: aws sso login, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew.\n"
    "A profile or the role of an instance renews itself, variables of the environment do not."
)
_LOGIN: t.Final = (
    "{message}\nLog in again: aws sso login, with --profile if AWS_PROFILE is set. Then start the same command again."
)
_UNKNOWN: t.Final = (
    "AWS does not know these credentials: {message}\n"
    "The access key was deleted or deactivated, is of another partition, or its AWS_SESSION_TOKEN is missing.\n"
    "aws sts get-caller-identity must work in the same environment."
)
_SECRET: t.Final = (
    "the secret access key does not belong to the access key.\n"
    "Copy both again, without spaces or quotes: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile."
)
_CLOCK: t.Final = (
    "the clock of this machine is wrong by more than AWS accepts: {message}\n"
    "Set it, by NTP for example (timedatectl, chronyc tracking), then start again. The credentials may be right."
)
_PROFILE: t.Final = (
    "{message}.\nSet AWS_PROFILE (or the option profile) to one that aws configure list-profiles shows, or unset it."
)
_PARTIAL: t.Final = "{message}.\nSet what is missing as well, or remove the rest, so that other credentials are found."
_MFA: t.Final = (
    "the one-time code of the MFA device is wrong, or was used already.\n"
    "Wait for the next code, and check mfa_serial of the profile.\n"
    "The role, its trust policy and the external id are not the reason."
)
_NETWORK: t.Final = (
    "{message}\n"
    "Check the network of this machine, HTTPS_PROXY and NO_PROXY, the VPC endpoints, and AWS_ENDPOINT_URL if it is set."
)
_CERTIFICATE: t.Final = (
    "{message}\n"
    "If a proxy opens TLS connections, name its certificate in AWS_CA_BUNDLE. Also check AWS_ENDPOINT_URL if it is set."
)

_BY_CODE: t.Final[Mapping[str, str]] = {
    "NoCredentialsError": _NONE,
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException"), _EXPIRED),
    **dict.fromkeys(
        ("LoginError", "SSOError", "SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError"), _LOGIN
    ),
    **dict.fromkeys(
        ("AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException"),
        _UNKNOWN,
    ),
    **dict.fromkeys(("InvalidSignatureException", "SignatureDoesNotMatch"), _SECRET),
    **dict.fromkeys(("RequestExpired", "RequestTimeTooSkewed"), _CLOCK),
    "ProfileNotFound": _PROFILE,
    "PartialCredentialsError": _PARTIAL,
}
# AWS names both moments in its words: "Signature expired: 20261127T… is now earlier than …", or "not yet current".
_SKEWED: t.Final = ("signature expired", "signature not yet current", "too skewed")
# The first calls of every task. A network that fails later is a gap of the report, which needs no advice.
_FIRST_CALLS: t.Final = ("AssumeRole", "GetCallerIdentity")


def advise(error: AwsError) -> str:
    """The message of ``error``, with the next step where there is one to name."""
    template = _find_template(error)
    return template.format(message=error.message.rstrip(". \n")) if template else error.message


def _find_template(error: AwsError) -> t.Optional[str]:
    message = error.message.lower()
    if "multifactorauthentication failed" in message:
        return _MFA
    if any(words in message for words in _SKEWED):
        return _CLOCK
    if isinstance(error, InvalidCredentials):
        return _BY_CODE.get(error.code)
    if isinstance(error, Unreachable) and error.operation in _FIRST_CALLS:
        return _CERTIFICATE if error.code == "SSLError" else _NETWORK
    return None
