# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changes that AWS accepts from nobody, whatever the policies say."""

from __future__ import annotations

import re
import typing as t

_ROLE_CHANGES: t.Final = frozenset(
    {
        *("iam:attachrolepolicy", "iam:detachrolepolicy", "iam:putrolepolicy", "iam:deleterolepolicy"),
        *("iam:putrolepermissionsboundary", "iam:deleterolepermissionsboundary"),
        *("iam:updateassumerolepolicy", "iam:updaterole", "iam:deleterole"),
    }
)
_POLICY_CHANGES: t.Final = frozenset(
    {
        *("iam:createpolicyversion", "iam:setdefaultpolicyversion", "iam:deletepolicyversion"),
        *("iam:deletepolicy", "iam:tagpolicy", "iam:untagpolicy"),
    }
)
# The actions, what an ARN begins with behind its partition, and why. The documentation, in this order:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html (DeleteRole is refused too)
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_UpdatePolicy.html
# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
_RULES: t.Final[tuple[tuple[frozenset[str], re.Pattern[str], str], ...]] = (
    (_POLICY_CHANGES, re.compile(r"iam::aws:policy/"), "it is a policy of AWS, which nobody else can change"),
    (
        _ROLE_CHANGES | {"iam:tagrole", "iam:untagrole", "iam:updateroledescription"},
        re.compile(r"iam::[^:]*:role/aws-reserved/"),
        "IAM Identity Center made the role, and only its permission sets change it",
    ),
    (
        _ROLE_CHANGES,
        re.compile(r"iam::[^:]*:role/aws-service-role/"),
        "the role is linked to a service, which alone changes it",
    ),
    (
        frozenset({"organizations:updatepolicy", "organizations:deletepolicy"}),
        re.compile(r"organizations::aws:policy/"),
        "it is a policy of AWS, which nobody else can change",
    ),
    (
        frozenset({"kms:createalias", "kms:updatealias", "kms:deletealias"}),
        re.compile(r"kms:[^:]*:[^:]*:alias/aws/"),
        "aliases that begin with alias/aws/ are those of AWS",
    ),
)
# The ARN of a role of Identity Center has a path: without it the name alone is there, which proves nothing.
_RESERVED_NAME: t.Final = re.compile(r"iam::[^:]*:role/AWSReservedSSO_")


def refusal(action: str, resource: str) -> t.Optional[str]:
    """Why AWS accepts a change from nobody; None where it is no such change."""
    name, rest = action.lower(), _behind_partition(resource)
    return next((why for actions, pattern, why in _RULES if name in actions and pattern.match(rest)), None)


def may_be_reserved(action: str, resource: str) -> bool:
    """Whether a change is to a role with a name of Identity Center, whose ARN lacks the path of such roles."""
    return action.lower() in _ROLE_CHANGES and _RESERVED_NAME.match(_behind_partition(resource)) is not None


def _behind_partition(resource: str) -> str:
    return resource.partition(":")[2].partition(":")[2]
