# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How large policies may be, and how each service counts.

IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
Organizations: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

from __future__ import annotations

import re
import types
import typing as t
from collections.abc import Iterable, Mapping

from .canonical import minify
from .policy import Kind, Policy
from .syntax import compact

# A document as JSON text, as the structure that was decoded from it, or parsed: then it counts as it would be sent.
Measured = t.Union[str, Policy, Mapping[str, t.Any]]

# Characters, as `size` counts them. The inline kinds share theirs: it holds for all inline policies of one entity
# together. Of a resource's policy each service has its own limit, so that kind is not here.
LIMITS: t.Final[Mapping[Kind, int]] = types.MappingProxyType(
    {
        Kind.MANAGED: 6_144,
        Kind.BOUNDARY: 6_144,
        Kind.INLINE_USER: 2_048,
        Kind.INLINE_GROUP: 5_120,
        Kind.INLINE_ROLE: 10_240,
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: what is passed, whitespace included.
        Kind.SESSION: 2_048,
        Kind.TRUST: 2_048,
        # Since May 2026; 5,120 before.
        Kind.SCP: 10_240,
        Kind.RCP: 5_120,
    }
)

# Up to where an account may have its limit raised (Service Quotas, "Role trust policy length", L-C07B4B0D).
RAISED_LIMITS: t.Final[Mapping[Kind, int]] = types.MappingProxyType({Kind.TRUST: 8_192})


class Attachments(t.NamedTuple):
    """How many policies of a kind may be attached to one entity: by default, and up to where it may be raised."""

    default: int
    raised: int


# Managed policies for each user, group and role; SCPs and RCPs for each root, organizational unit and account. RCPs
# count RCPFullAWSAccess, which can't be detached.
ATTACHMENTS: t.Final[Mapping[str, Attachments]] = types.MappingProxyType(
    {
        "user": Attachments(10, 20),
        "group": Attachments(10, 10),
        "role": Attachments(10, 25),
        "scp": Attachments(10, 10),
        "rcp": Attachments(5, 5),
    }
)

# Versions of one managed policy; the default version can't be deleted to make room.
POLICY_VERSIONS: t.Final = 5

_INLINE_KINDS = frozenset({Kind.INLINE_USER, Kind.INLINE_GROUP, Kind.INLINE_ROLE})
_ORGANIZATION_KINDS = frozenset({Kind.SCP, Kind.RCP})
_STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\Z))|\s+', re.DOTALL)


def size(measured: Measured, kind: Kind) -> int:
    """How many characters of the limit of ``kind`` a document uses up.

    IAM does not count whitespace. Whether it counts that inside of strings is not documented; here it counts, so that
    nothing is called fitting that IAM refuses. Organizations counts every byte that was sent, and STS every character
    of a session policy.
    """
    text = measured if isinstance(measured, str) else _text(measured)
    if kind in _ORGANIZATION_KINDS:
        return len(text.encode(errors="surrogatepass"))
    return len(text if kind is Kind.SESSION else _STRING_OR_SPACE.sub(r"\1", text))


def inline_total(policies: Iterable[Measured], kind: Kind) -> int:
    """How much of the limit of ``kind`` all inline policies of one user, group or role use up together.

    Raises ValueError for another kind than an inline one.
    """
    if kind not in _INLINE_KINDS:
        raise ValueError(f"{kind} is not a kind of inline policy")
    return sum(size(policy, kind) for policy in policies)


def excess(measured: Measured, kind: Kind) -> int:
    """By how many characters a document is larger than its kind may be; 0 if it fits, or if its kind has no limit."""
    return max(0, size(measured, kind) - LIMITS[kind]) if kind in LIMITS else 0


def _text(measured: t.Union[Policy, Mapping[str, t.Any]]) -> str:
    return minify(measured) if isinstance(measured, Policy) else compact(measured)
