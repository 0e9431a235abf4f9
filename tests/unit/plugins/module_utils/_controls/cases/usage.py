# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags that are asked for, and roles and services that nobody uses."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import AnalyzerDetails
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Role,
    ServiceUse,
    Snapshot,
    UnreadKind,
    User,
)

from ..case_tables import cases
from ..config_samples import HOME, OTHER
from ..samples import (
    ACCOUNT,
    ADMIN,
    EVERYTHING,
    MEMBER,
    allow,
    arn,
    days_ago,
    document,
    group,
    of_management,
    policy,
    role,
    snapshot,
    unread,
    user,
)
from .case import Case

_TAGS: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html"
_KEYS: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"
_LAST: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"
_HIJACKING: t.Final = "https://attack.mitre.org/techniques/T1496/"

Build = Callable[[], Snapshot]
_BOTH: t.Final = (HOME, OTHER)


# Tags


_OWNED: t.Final = {"owner": "team"}
_OWNER: t.Final = {"required_tags": ("owner",)}
_TWO: t.Final = {"required_tags": ("owner", "stage")}


def _users(*tags: dict[str, str]) -> Build:
    return lambda: snapshot(users=tuple(user(f"u{number}", tags=item) for number, item in enumerate(tags)))


def _roles(*tags: dict[str, str]) -> Build:
    return lambda: snapshot(roles=tuple(role(f"r{number}", tags=item) for number, item in enumerate(tags)))


_RESERVED: t.Final = role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/")


def _analyzers(*tags: dict[str, str], managed_by: t.Optional[Mapping[int, str]] = None, **fields: t.Any) -> Build:
    """Analyzers with tags, some of them made by services of AWS."""
    found = tuple(
        AnalyzerDetails(
            f"a{number}",
            f"arn:aws:access-analyzer:{HOME}:{ACCOUNT}:analyzer/a{number}",
            HOME,
            "ACCOUNT",
            "ACTIVE",
            tags=item,
            managed_by=(managed_by or {}).get(number),
        )
        for number, item in enumerate(tags)
    )
    return lambda: snapshot(regions=_BOTH, analyzer_details=found, **fields)


_IN_OTHER: t.Final = unread(Dataset.ANALYZER_DETAILS, region=OTHER)


def _tag_cases(control: str, number: str, build: Callable[..., Build]) -> tuple[Case, ...]:
    return (
        *cases(
            control,
            f"{_TAGS}#{number}",
            thresholds=_OWNER,
            FAIL={
                "no tag": build({}),
                "one of two": build(_OWNED, {}),
                "another tag": build({"team": "a"}),
            },
            PASS={"the tag": build(_OWNED), "the tag among others": build({**_OWNED, "stage": "test"}, _OWNED)},
        ),
        *cases(
            control,
            _KEYS,
            thresholds=_TWO,
            FAIL={"one of two tags": build(_OWNED), "the key in other letters": build({"Owner": "a", "stage": "b"})},
            PASS={"both tags": build({**_OWNED, "stage": "test"})},
        ),
        *cases(control, f"{_TAGS}#{number}", NOT_APPLICABLE={"no tag is asked for": build({})}),
        *cases(
            control,
            f"{_TAGS}#{number}",
            thresholds=_OWNER,
            NOT_APPLICABLE={"nothing to tag": lambda: snapshot(roles=(_RESERVED,))},
            NOT_ASSESSED={
                "users and roles may not be read": lambda: snapshot(unread=(unread(Dataset.AUTHORIZATION_DETAILS),))
            },
        ),
    )


# What was used


def _make_uses(**services: t.Optional[float]) -> tuple[ServiceUse, ...]:
    """Services that a principal may use, and how many days ago it did."""
    return tuple(ServiceUse(name, None if days is None else days_ago(days)) for name, days in services.items())


def _many(count: int, days: float = 1) -> tuple[ServiceUse, ...]:
    return _make_uses(**{f"service{number}": days for number in range(count)})


def _evidence(*principals: tuple[t.Union[User, Role], tuple[ServiceUse, ...]], **fields: t.Any) -> Build:
    """An account with principals and what they used."""
    users = tuple(item for item, _uses in principals if isinstance(item, User))
    roles = tuple(item for item, _uses in principals if isinstance(item, Role))
    uses = {item.arn: found for item, found in principals}
    return lambda: snapshot(users=users, roles=roles, service_last_accessed=uses, organization=MEMBER, **fields)


def _idle(*roles: Role) -> Build:
    return lambda: snapshot(roles=roles, organization=MEMBER)


_APPROVED: t.Final = {"approved_administrators": ("arn:*:iam::*:role/admin-*",)}
_RESTING: t.Final = role("admin-team", attached_policies=(ADMIN,), last_used=days_ago(300))
_ADMINISTRATOR: t.Final = role("dev", attached_policies=(ADMIN,))
_ACCESS: t.Final = of_management("OrganizationAccountAccessRole", attached_policies=(ADMIN,))


def _stale(service: str) -> tuple[Case, ...]:
    def of(days: t.Optional[float], name: str = "app") -> tuple[Role, tuple[ServiceUse, ...]]:
        return role(name), _make_uses(**{service: days, "s3": 1})

    worker: tuple[User, tuple[ServiceUse, ...]] = (user("worker"), _make_uses(**{service: 200}))
    return (
        *cases(
            f"{service}_access_stale",
            _HIJACKING,
            FAIL={
                "a role that never did": _evidence(of(None)),
                "a role, 90 days ago": _evidence(of(90)),
                "a user, 200 days ago": _evidence(worker),
                "one of two roles": _evidence(of(1), of(None, "idle")),
            },
            PASS={
                "a role, 89 days ago": _evidence(of(89)),
                "a role yesterday, beside one that may not": _evidence(of(1), (role("other"), _make_uses(s3=300))),
                "a role yesterday, beside administrators who never did": _evidence(
                    of(1),
                    (_ADMINISTRATOR, _make_uses(**{service: None})),
                    (user("admin", attached_policies=(ADMIN,)), _make_uses(**{service: None})),
                ),
            },
            NOT_APPLICABLE={
                "nobody may": _evidence((role(), _make_uses(s3=1))),
                "administrators alone may": _evidence((_ADMINISTRATOR, _make_uses(**{service: None}))),
            },
            NOT_ASSESSED={
                "what was used may not be read": lambda: snapshot(unread=(unread(Dataset.SERVICE_LAST_ACCESSED),))
            },
        ),
        *cases(
            f"{service}_access_stale",
            _LAST,
            thresholds={"service_unused_days": 30},
            FAIL={"a role, 31 days ago where 30 are the limit": _evidence(of(31))},
            PASS={"a role, 29 days ago where 30 are the limit": _evidence(of(29))},
        ),
    )


CASES: t.Final[tuple[Case, ...]] = (
    *_tag_cases("user_tagged", "iam-25", _users),
    *_tag_cases("role_tagged", "iam-24", _roles),
    *cases(
        "role_tagged",
        _KEYS,
        thresholds=_OWNER,
        PASS={"roles of AWS, which nobody can tag": lambda: snapshot(roles=(_RESERVED, role(tags=_OWNED)))},
    ),
    *cases(
        "analyzer_tagged",
        f"{_TAGS}#iam-23",
        thresholds=_OWNER,
        FAIL={
            "no tag": _analyzers({}),
            "one of two": _analyzers(_OWNED, {}),
            "another tag": _analyzers({"team": "a"}),
            "no tag, and one region may not be read": _analyzers({}, unread=(_IN_OTHER,)),
        },
        PASS={
            "the tag": _analyzers(_OWNED),
            "the tag, beside an analyzer that a service of AWS made": _analyzers(
                _OWNED, {}, managed_by={1: "securityhub.amazonaws.com"}
            ),
        },
        NOT_APPLICABLE={"no analyzer": _analyzers()},
        NOT_ASSESSED={
            "without the option detective": lambda: snapshot(
                unread=(unread(Dataset.ANALYZER_DETAILS, UnreadKind.NOT_REQUESTED),)
            ),
            "the tag, and one region may not be read": _analyzers(_OWNED, unread=(_IN_OTHER,)),
        },
    ),
    *cases("analyzer_tagged", f"{_TAGS}#iam-23", NOT_APPLICABLE={"no tag is asked for": _analyzers({})}),
    *cases(
        "role_unused",
        _LAST,
        FAIL={
            "90 days ago": _idle(role(last_used=days_ago(90))),
            "never, and made 90 days ago": _idle(role(last_used=None, created=days_ago(90))),
            "one of two": _idle(role("a"), role("b", last_used=days_ago(399))),
        },
        PASS={
            "89 days ago": _idle(role(last_used=days_ago(89))),
            "never, and made 89 days ago": _idle(role(last_used=None, created=days_ago(89))),
            "a role of AWS that rests": _idle(role(), role("AWSReservedSSO_X_1", path=_RESERVED.path, last_used=None)),
        },
        NOT_APPLICABLE={"roles of AWS alone": _idle(_RESERVED)},
        NOT_ASSESSED={
            "never, and made nobody knows when": _idle(role(last_used=None, created=None)),
            "the access role, and the organization was not read": lambda: snapshot(
                roles=(dataclasses.replace(_ACCESS, last_used=None),), unread=(unread(Dataset.ORGANIZATION),)
            ),
        },
    ),
    *cases(
        "role_unused",
        _LAST,
        thresholds=_APPROVED,
        FAIL={"an approved administrator, who should be used": _idle(_RESTING)},
    ),
    *(
        case
        for control in ("role_admin", "admin_policy_attached")
        for case in cases(
            control,
            "docs/controls.md, Who is excused",
            thresholds=_APPROVED,
            FAIL={
                "a role whose name only begins like an approved one's": _idle(role("admin", attached_policies=(ADMIN,)))
            },
            PASS={"an approved administrator": _idle(_RESTING)},
        )
    ),
    *cases(
        "admin_over_provisioned",
        _LAST,
        FAIL={
            "three services of five": _evidence(
                (_ADMINISTRATOR, _make_uses(s3=1, **{"lambda": 2}, dynamodb=3, ec2=200, iam=None))
            ),
            "nothing at all": _evidence((_ADMINISTRATOR, _make_uses(s3=None, ec2=None))),
            "ten services": _evidence((_ADMINISTRATOR, _many(10))),
            "eleven services, a year ago": _evidence((_ADMINISTRATOR, _many(11, 365))),
            "a user by a group": _evidence(
                (user(groups=("admins",)), _many(2)), groups=(group(attached_policies=(ADMIN,)),)
            ),
            "one by an inline policy, beside one who uses much": _evidence(
                (_ADMINISTRATOR, _many(30)),
                (role("own", inline_policies=(document(EVERYTHING, name="own"),)), _many(1)),
            ),
            "a foreign name of an excused role": _evidence(
                (role("OrganizationAccountAccessRole", attached_policies=(ADMIN,)), _many(1))
            ),
        },
        PASS={
            "eleven services": _evidence((_ADMINISTRATOR, _many(11))),
            "eleven services, beside a role with few rights and few services": _evidence(
                (_ADMINISTRATOR, _many(11)), (role("app", inline_policies=(document(allow("s3:*")),)), _many(1))
            ),
            "eleven services, beside the access role of the organization": _evidence(
                (_ADMINISTRATOR, _many(11)), (_ACCESS, _many(1))
            ),
            "eleven services, beside one whom a boundary limits": _evidence(
                (_ADMINISTRATOR, _many(11)),
                (role("app", attached_policies=(ADMIN,), boundary=arn("policy", "B")), _many(1)),
                policies=(policy("B", allow("s3:*")),),
            ),
        },
        NOT_APPLICABLE={
            "no administrator": _evidence((role(), _many(1))),
            "an administrator without evidence": _evidence((_ADMINISTRATOR, ())),
        },
        NOT_ASSESSED={
            "what was used may not be read": lambda: snapshot(
                roles=(_ADMINISTRATOR,), unread=(unread(Dataset.SERVICE_LAST_ACCESSED),)
            )
        },
    ),
    *cases(
        "admin_over_provisioned",
        _LAST,
        thresholds={"few_services": 2},
        FAIL={"two services where two are few": _evidence((_ADMINISTRATOR, _many(2)))},
        PASS={"three services where two are few": _evidence((_ADMINISTRATOR, _many(3)))},
    ),
    *_stale("bedrock"),
    *_stale("sagemaker"),
)
