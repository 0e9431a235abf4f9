# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an organization is built and who runs it, and what its levels allow."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP

from ..case_tables import cases
from ..organization_samples import (
    DEV,
    EVERYWHERE,
    PLAY,
    PROD,
    PRODUCTION,
    ROOT_ID,
    SANDBOX,
    WORKLOADS,
    account,
    acme,
    deny,
    full_access,
    policy,
    tree,
    unreadable,
)
from ..samples import ACCOUNT, allow, document, make_broken_document, snapshot, unread
from .case import Case

_CENTRAL: t.Final = "CIS AWS Foundations 7.0, 2.1.1: centralized root access is enabled in AWS Organizations"
_FEATURES: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html"
_POLICIES: t.Final = "CIS AWS Foundations 7.0, 2.1.5: a delegated administrator manages the organization's policies"
_DELEGATION: t.Final = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies_create_policy.html"
)
_SERVICES: t.Final = "CIS AWS Foundations 7.0, 2.1.6: delegated administrators manage the integrated services"
_INTEGRATED: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services_list.html"
_CLOSED: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_close.html"
_LEVELS: t.Final = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"
)
_QUOTAS: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"

Build = t.Callable[[], Snapshot]
_ATTACH: t.Final = ("organizations:AttachPolicy", "organizations:CreatePolicy", "organizations:UpdatePolicy")


def _features(*names: str, **fields: t.Any) -> Build:
    return lambda: snapshot(organization_features=names, **fields)


def _delegating(principal: t.Any, *actions: str, **more: t.Any) -> Build:
    """An organization whose resource policy says so."""
    statement = allow(*(actions or _ATTACH), Principal=principal, **more)
    return lambda: acme(read={"organization_resource_policy": document(statement, name="resource policy")})


def _root(account_id: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account_id}:root"}


def _accounts(*more: tuple[str, str], **states: str) -> tuple[t.Any, ...]:
    """The accounts, some in another state, and further ones: name and unit."""
    known = tuple(dataclasses.replace(item, state=states.get(item.name[5:], item.state)) for item in tree().accounts)
    further = (account(f"{index}" * 12, name, unit, "SUSPENDED") for index, (name, unit) in enumerate(more, start=5))
    return (*known, *further)


def _services(trusted: tuple[str, ...], delegated: dict[str, tuple[str, ...]], **states: str) -> Build:
    names = tuple(f"{name}.amazonaws.com" for name in trusted)
    to = {owner: tuple(f"{name}.amazonaws.com" for name in given) for owner, given in delegated.items()}
    return lambda: acme(accounts=_accounts(**states), trusted_services=names, delegated_administrators=to)


def _without(*targets: str, **fields: t.Any) -> Build:
    """An organization in which some levels lack AWS's full access."""
    return lambda: acme(full_access([name for name in EVERYWHERE if name not in targets]), **fields)


def _attach(count: int, on: str, kind: str = SCP) -> Build:
    return lambda: acme(*(policy(f"p{number}", deny("iam:*"), on=(on,), kind=kind) for number in range(count)))


_NEVER: t.Final = {"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}

CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "central_root_access",
        _CENTRAL,
        FAIL={
            "nothing is on": _features(),
            "sessions only": _features("RootSessions"),
            "a feature that is to come": _features("RootSomethingElse"),
        },
        PASS={
            "credentials": _features("RootCredentialsManagement"),
            "credentials and sessions": _features("RootCredentialsManagement", "RootSessions"),
        },
    ),
    *cases(
        "central_root_access",
        _FEATURES,
        NOT_ASSESSED={"an account that may not ask": _features(unread=(unread(Dataset.ORGANIZATION_FEATURES),))},
    ),
    *cases(
        "delegated_policy_administrator",
        _POLICIES,
        FAIL={
            "no resource policy": acme,
            "to read only": _delegating(_root(DEV), "organizations:Describe*", "organizations:List*"),
            "to the management account alone": _delegating(_root(ACCOUNT)),
            "to an account of somebody else": _delegating(_root("999988887777")),
            "to a suspended account": lambda: acme(
                accounts=_accounts(dev="SUSPENDED"),
                read={"organization_resource_policy": document(allow(*_ATTACH, Principal=_root(DEV)))},
            ),
        },
        PASS={
            "to a member": _delegating(_root(DEV)),
            "to a member, by its id": _delegating({"AWS": DEV}, "organizations:*"),
        },
        NOT_ASSESSED={
            "a policy that can't be parsed": lambda: acme(
                read={"organization_resource_policy": make_broken_document("resource policy")}
            )
        },
    ),
    *cases(
        "delegated_policy_administrator",
        _DELEGATION,
        FAIL={
            "not before 2099": _delegating(_root(DEV), Condition=_NEVER),
            "for an organization that is none": _delegating(
                "*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-other"}}
            ),
        },
        PASS={
            "of one type": _delegating(
                _root(DEV), Condition={"StringLikeIfExists": {"organizations:PolicyType": ["BACKUP_POLICY"]}}
            ),
            "to a role": _delegating({"AWS": f"arn:aws:iam::{DEV}:role/policies"}),
        },
    ),
    *cases(
        "delegated_service_administrators",
        _SERVICES,
        FAIL={
            "nobody": _services(("config",), {}),
            "one of two services": _services(("config", "guardduty"), {DEV: ("config",)}),
            "of another service": _services(("config",), {DEV: ("guardduty",)}),
        },
        PASS={
            "a member": _services(("config",), {DEV: ("config",)}),
            "two members": _services(("config", "guardduty"), {DEV: ("config",), PROD: ("guardduty",)}),
        },
    ),
    *cases(
        "delegated_service_administrators",
        _INTEGRATED,
        NOT_APPLICABLE={"a service that takes no administrator": _services(("ram",), {})},
    ),
    *cases(
        "delegated_administrators_valid",
        _INTEGRATED,
        FAIL={
            "a suspended account": _services(("config",), {DEV: ("config",)}, dev="SUSPENDED"),
            "a service that is not trusted any more": _services((), {DEV: ("config",)}),
            "an account that left": _services(("config",), {"999988887777": ("config",)}),
        },
        PASS={
            "an active account of a trusted service": _services(("config",), {DEV: ("config",)}),
            "no delegation": _services(("config",), {}),
        },
    ),
    *cases(
        "suspended_accounts_apart",
        _CLOSED,
        FAIL={
            "beside active ones": lambda: acme(accounts=_accounts(("acme-old", PRODUCTION))),
            "directly below the root": lambda: acme(accounts=_accounts(("acme-old", ROOT_ID))),
            "waiting to be closed": lambda: acme(accounts=_accounts(dev="PENDING_CLOSURE")),
        },
        PASS={
            "in a unit of its own": lambda: acme(accounts=_accounts(("acme-old", WORKLOADS))),
            "none": acme,
        },
    ),
    *cases(
        "organization_allows_something",
        _LEVELS,
        FAIL={
            "a unit without": _without(WORKLOADS),
            "an account without": _without(PROD),
            "the root without": _without(ROOT_ID),
            "a unit with denials only": lambda: acme(
                full_access([name for name in EVERYWHERE if name != SANDBOX]), policy("d", deny("iam:*"), on=(SANDBOX,))
            ),
        },
        PASS={
            "full access everywhere": _without(),
            "the management account without, which no SCP binds": _without(ACCOUNT),
            "a list of services": lambda: acme(policy("some", allow("s3:*"), on=EVERYWHERE)),
        },
        NOT_ASSESSED={
            "a unit with a policy that can't be parsed": lambda: acme(
                full_access([name for name in EVERYWHERE if name != SANDBOX]), unreadable([SANDBOX])
            )
        },
        NOT_APPLICABLE={"RCPs only": _without(policy_types={RCP: "ENABLED"})},
    ),
    *cases(
        "organization_policy_slots",
        _QUOTAS,
        FAIL={
            "ten SCPs on a unit": _attach(10, PRODUCTION),
            "ten SCPs on an account": _attach(10, PLAY),
            "five RCPs on the root": _attach(5, ROOT_ID, RCP),
        },
        PASS={"nine SCPs": _attach(9, PRODUCTION), "four RCPs": _attach(4, ROOT_ID, RCP)},
    ),
)
