# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Administrators that use a small part of their permissions, and privileged services that nobody accessed."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Role,
    ServiceUse,
    Snapshot,
    User,
)

from ..case_tables import cases
from ..samples import (
    ADMIN,
    EVERYTHING,
    MEMBER,
    allow,
    arn,
    days_ago,
    document,
    group,
    make_broken_document,
    of_management,
    policy,
    role,
    snapshot,
    unread,
    user,
)

_LAST: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"
_PERIOD: t.Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html#last-accessed_tracking-period"
)
_ACTIONS: t.Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-action-last-accessed.html"
)
_BREAK_GLASS: t.Final = "docs/controls.md, Which roles are exempt"

Build = Callable[[], Snapshot]
Uses = tuple[ServiceUse, ...]


def _make_use(service: str, days: t.Optional[float] = None, **actions: t.Optional[float]) -> ServiceUse:
    """A service that a principal may use, and how many days ago it used it and its tracked actions."""
    dates = {name: None if item is None else days_ago(item) for name, item in actions.items()}
    return ServiceUse(service, None if days is None else days_ago(days), dates)


def _make_many(used: int, allowed: int, days: float = 1) -> Uses:
    return tuple(_make_use(f"service{number}", days if number < used else None) for number in range(allowed))


def _make_actions(used: int, allowed: int) -> Mapping[str, t.Optional[float]]:
    return {f"Action{number}": 1 if number < used else None for number in range(allowed)}


def _account(*principals: tuple[t.Union[User, Role], Uses], **fields: t.Any) -> Build:
    """An account with principals and what they used."""
    users = tuple(item for item, _uses in principals if isinstance(item, User))
    roles = tuple(item for item, _uses in principals if isinstance(item, Role))
    uses = {item.arn: found for item, found in principals}
    return lambda: snapshot(users=users, roles=roles, service_last_accessed=uses, organization=MEMBER, **fields)


def _make_admin(name: str = "dev", **fields: t.Any) -> Role:
    return role(name, attached_policies=(ADMIN,), **fields)


def _make_app(*actions: str, name: str = "app", **fields: t.Any) -> Role:
    return role(name, inline_policies=(document(allow(*actions)),), **fields)


_RESTING: t.Final = _make_admin("emergency", arn=arn("role", "iam-hardening/break-glass/emergency"))
_ACCESS: t.Final = of_management("OrganizationAccountAccessRole", attached_policies=(ADMIN,))
_UNREAD: t.Final = unread(Dataset.SERVICE_LAST_ACCESSED)
_USED: t.Final = (_make_use("s3", 3), _make_use("sqs", 200))


CASES: t.Final = (
    *cases(
        "admin_mostly_unused",
        _LAST,
        FAIL={
            "4 of 100 services": _account((_make_admin(), _make_many(4, 100))),
            "nothing": _account((_make_admin(), _make_many(0, 30))),
            "a user by a group": _account(
                (user(groups=("admins",)), _make_many(1, 100)), groups=(group(attached_policies=(ADMIN,)),)
            ),
            "one by an inline policy, beside one that uses much": _account(
                (_make_admin(), _make_many(30, 100)),
                (role("own", inline_policies=(document(EVERYTHING, name="own"),)), _make_many(4, 100)),
            ),
            "the name of an exempt role": _account(
                (_make_admin("OrganizationAccountAccessRole"), _make_many(1, 100)),
            ),
            "one, beside one that has no data": _account(
                (_make_admin(), _make_many(4, 100)), (_make_admin("other"), ())
            ),
        },
        PASS={
            "5 of 100 services": _account((_make_admin(), _make_many(5, 100))),
            "5 of 100, beside the access role of the organization": _account(
                (_make_admin(), _make_many(5, 100)), (_ACCESS, _make_many(1, 100))
            ),
            "5 of 100, beside a role with few rights": _account(
                (_make_admin(), _make_many(5, 100)), (_make_app("s3:*"), _make_many(1, 100))
            ),
        },
        NOT_APPLICABLE={"no administrator": _account((role(), _make_many(1, 100)))},
        NOT_ASSESSED={
            "the evidence may not be read": lambda: snapshot(roles=(_make_admin(),), unread=(_UNREAD,)),
            "AWS has no data": _account((_make_admin(), ())),
            "AWS has no data on one of two": _account((_make_admin(), _make_many(50, 100)), (_make_admin("other"), ())),
            "made nobody knows when": _account((_make_admin(created=None), _make_many(0, 100))),
            "a policy that does not parse, which may make an administrator": _account(
                (role(inline_policies=(make_broken_document("odd"),)), _make_many(1, 100))
            ),
        },
    ),
    *cases(
        "admin_mostly_unused",
        _ACTIONS,
        FAIL={
            "5 of 100 services, and 4 of 100 tracked actions": _account(
                (_make_admin(), (*_make_many(4, 99), _make_use("ec2", 1, **_make_actions(4, 100))))
            ),
        },
        PASS={
            "4 of 99 services, and 6 of 100 tracked actions": _account(
                (_make_admin(), (*_make_many(3, 98), _make_use("ec2", 1, **_make_actions(6, 100))))
            ),
            "data calls of a service whose actions are tracked": _account(
                (_make_admin(), (_make_use("s3", 1, **_make_actions(0, 10)),))
            ),
        },
    ),
    *cases(
        "admin_mostly_unused",
        _PERIOD,
        FAIL={
            "made 90 days ago": _account((_make_admin(created=days_ago(90)), _make_many(1, 100))),
            "used 401 days ago": _account((_make_admin(created=days_ago(900)), _make_many(50, 100, days=401))),
        },
        PASS={
            "used 400 days ago": _account((_make_admin(created=days_ago(900)), _make_many(50, 100, days=400))),
            "beside one that is 89 days old": _account(
                (_make_admin(), _make_many(50, 100)), (_make_admin("new", created=days_ago(89)), _make_many(0, 100))
            ),
        },
        NOT_APPLICABLE={
            "made 89 days ago": _account((_make_admin(created=days_ago(89)), _make_many(1, 100))),
            "made today, without data": _account((_make_admin(created=days_ago(0)), ())),
        },
    ),
    *cases(
        "admin_mostly_unused",
        _BREAK_GLASS,
        NOT_APPLICABLE={"break-glass by its path": _account((_RESTING, _make_many(0, 100)))},
    ),
    *cases(
        "admin_mostly_unused",
        _BREAK_GLASS,
        thresholds={"approved_administrators": ("arn:*:iam::*:role/deploy-*",)},
        FAIL={"not the approved one": _account((_make_admin(), _make_many(1, 100)))},
        NOT_APPLICABLE={"an approved one": _account((_make_admin("deploy-all"), _make_many(1, 100)))},
    ),
    *cases(
        "admin_mostly_unused",
        _LAST,
        thresholds={"least_used_percent": 20},
        FAIL={"19 of 100 where 20 percent are asked for": _account((_make_admin(), _make_many(19, 100)))},
        PASS={"20 of 100 where 20 percent are asked for": _account((_make_admin(), _make_many(20, 100)))},
    ),
    *cases(
        "privileged_access_unused",
        _LAST,
        FAIL={
            "a role that never used one of two": _account(
                (_make_app("s3:*", "sqs:*"), (_make_use("s3", 1), _make_use("sqs")))
            ),
            "a user by a group": _account(
                (user(groups=("admins",)), (_make_use("iam"),)),
                groups=(group(inline_policies=(document(allow("iam:CreateUser")),)),),
            ),
            "an administrator": _account((_make_admin(), (_make_use("s3", 1), _make_use("ec2")))),
            "everything but IAM": _account(
                (
                    role(inline_policies=(document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),)),
                    (_make_use("s3", 1), _make_use("ec2")),
                )
            ),
            "a role by a managed policy, beside one that uses everything": _account(
                (_make_app("s3:*", "sqs:*"), _USED),
                (role("other", attached_policies=(arn("policy", "P"),)), (_make_use("s3"),)),
                policies=(policy("P", allow("s3:*")),),
            ),
            "one service, beside a policy that does not parse": _account(
                (
                    role(inline_policies=(document(allow("s3:*")), make_broken_document("odd"))),
                    (_make_use("s3"),),
                )
            ),
        },
        PASS={
            "every service used": _account((_make_app("s3:*", "sqs:*"), _USED)),
            "an unused service that can only be read": _account(
                (_make_app("s3:*", "sqs:*", "ec2:Describe*"), (*_USED, _make_use("ec2")))
            ),
            "an unused service that is denied": _account(
                (
                    role(
                        inline_policies=(
                            document(allow("s3:*", "ec2:*"), {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}),
                        )
                    ),
                    (_make_use("s3", 1), _make_use("ec2")),
                )
            ),
            "a service that AWS has no data on": _account((_make_app("s3:*", "ec2:*"), (_make_use("s3", 1),))),
            "an action without a date for its service": _account(
                (_make_app("s3:*"), (_make_use("s3", None, CreateBucket=1),))
            ),
            "every service used, beside a role without evidence": _account(
                (_make_app("s3:*", "sqs:*"), _USED), (_make_app("ec2:*", name="other"), ())
            ),
            "every service used, beside the access role of the organization": _account(
                (_make_app("s3:*", "sqs:*"), _USED), (_ACCESS, (_make_use("ec2"),))
            ),
            "every service used, beside a role of AWS": _account(
                (_make_app("s3:*", "sqs:*"), _USED),
                (_make_app("ec2:*", name="x", path="/aws-service-role/x.amazonaws.com/"), (_make_use("ec2"),)),
            ),
        },
        NOT_APPLICABLE={
            "nobody has evidence": _account((_make_app("ec2:*"), ())),
            "break-glass by its path": _account((_RESTING, (_make_use("ec2"),))),
        },
        NOT_ASSESSED={
            "the evidence may not be read": lambda: snapshot(roles=(_make_app("s3:*"),), unread=(_UNREAD,)),
            "a policy that does not parse": _account(
                (role(inline_policies=(make_broken_document("odd"),)), (_make_use("s3"),))
            ),
            "made nobody knows when": _account((_make_app("s3:*", created=None), (_make_use("s3"),))),
        },
    ),
    *cases(
        "privileged_access_unused",
        _PERIOD,
        FAIL={
            "used 401 days ago": _account((_make_app("s3:*", created=days_ago(900)), (_make_use("s3", 401),))),
            "made 90 days ago": _account((_make_app("s3:*", created=days_ago(90)), (_make_use("s3"),))),
        },
        PASS={"used 400 days ago": _account((_make_app("s3:*", created=days_ago(900)), (_make_use("s3", 400),)))},
        NOT_APPLICABLE={"made 89 days ago": _account((_make_app("s3:*", created=days_ago(89)), (_make_use("s3"),)))},
    ),
)
