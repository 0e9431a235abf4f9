# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""ARNs in parts. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""

from __future__ import annotations

import re
import typing as t

_IAM_REGIONS: t.Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


class Arn(t.NamedTuple):
    """The parts of an ARN, each as written: region and account may be empty, and in patterns any part may be ``*``."""

    partition: str
    service: str
    region: str
    account: str
    resource: str


def arn_parts(arn: str) -> t.Optional[Arn]:
    """The parts of an ARN or of a pattern for ARNs that has all six; None for anything else.

    The last part is the rest, colons and slashes included.
    """
    parts = arn.split(":", 5)
    return Arn(*parts[1:]) if len(parts) == 6 and parts[0] == "arn" else None


def lacks_parts(arn: str) -> bool:
    """Whether a pattern for ARNs has fewer than all six parts; in a resource, the others are then anything."""
    return arn.startswith("arn:") and arn.count(":") < 5


def arn_account(arn: str) -> t.Optional[str]:
    """The account id of an ARN or of a bare account id; None for anything else."""
    if _ACCOUNT.fullmatch(arn):
        return arn
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and _ACCOUNT.fullmatch(parts[4]) else None


def root_account(arn: str) -> t.Optional[str]:
    """The account that a principal stands for as a whole: of ``…:iam::111122223333:root``, or of the bare account id.

    Both mean the same: the account, which may delegate to its users and roles.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if _ACCOUNT.fullmatch(arn):
        return arn
    parts = arn_parts(arn)
    if parts is None or (parts.service, parts.region, parts.resource) != ("iam", "", "root"):
        return None
    return parts.account if _ACCOUNT.fullmatch(parts.account) else None


def iam_region(partition: str) -> t.Optional[str]:
    """The region that IAM answers from; None for a partition that is not known.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
    """
    return _IAM_REGIONS.get(partition)
