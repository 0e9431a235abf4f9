# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the organization of a seed: its units, members, delegated administrators and policies."""

from __future__ import annotations

import contextlib
import json
import typing as t
from datetime import datetime
from unittest import mock

import moto.iam
from moto.iam.models import iam_backends
from moto.organizations import models, utils
from moto.organizations.models import OrganizationsBackend, organizations_backends

from emulator.extensions import state
from emulator.seed.identifiers import moment
from emulator.seed.model import Account, Organization


def apply(seed: Organization, *, now: datetime) -> None:
    """Make the organization with ``seed.id`` and every account of the seed a member of it."""
    management = seed.management_account
    backend = organizations_backends[management.id][management.partition]
    with _identifiers(organization=seed.id, account=management.id):
        backend.create_organization(management.home_region, FeatureSet="ALL")
    _describe(backend.accounts[0], management, now=now)
    assert backend.org is not None
    backend.org.master_account_email = backend.accounts[0].email
    # The management account has no access role, but moto gives one to every account that it makes.
    iam = iam_backends[management.id][management.partition]
    iam.delete_role("OrganizationAccountAccessRole")
    units = _organizational_units(backend, seed)
    for account in seed.accounts.values():
        if account.id != management.id:
            _member(backend, account, parent=units[account.ou or "/"], now=now)
    for service in seed.trusted_services:
        backend.enable_aws_service_access(ServicePrincipal=service)
    for service, account_id in seed.delegated_administrators.items():
        backend.register_delegated_administrator(AccountId=account_id, ServicePrincipal=service)
    state.account_states[management.id][management.partition].root_features.update(seed.root_features)
    _control_policies(backend, seed, units)


def _identifiers(*, account: str, organization: t.Optional[str] = None) -> t.ContextManager[object]:
    """The ids of the seed where moto would draw random ones: it makes an account's access role along with it."""
    replaced: dict[str, t.Any] = {"make_random_account_id": lambda: account}
    if organization is not None:
        replaced["make_random_org_id"] = lambda: organization
    return t.cast(t.ContextManager[object], mock.patch.multiple(utils, **replaced))


def _describe(account: models.FakeAccount, seeded: Account, *, now: datetime) -> None:
    account.name = seeded.name
    account.email = seeded.email or f"{seeded.name}@example.com"
    account.create_time = moment(now, seeded.created_days)
    account.tags = dict(seeded.tags)
    if seeded.closed:
        account.close()


def _organizational_units(backend: OrganizationsBackend, seed: Organization) -> dict[str, str]:
    """Unit ids by path; ``Workloads/Production`` makes ``Workloads`` as well."""
    assert backend.org is not None
    units = {"/": backend.org.root_id}
    for path in seed.organizational_units:
        parent = units["/"]
        parts = path.split("/")
        for depth, name in enumerate(parts, start=1):
            known = "/".join(parts[:depth])
            if known not in units:
                unit = backend.create_organizational_unit(ParentId=parent, Name=name)
                units[known] = unit["OrganizationalUnit"]["Id"]
            parent = units[known]
    return units


class _NoAccount:
    """Stands for the IAM of every account, in which nothing is kept."""

    def __getitem__(self, _key: str) -> _NoAccount:
        return self

    def create_role(self, **_settings: object) -> None:
        """moto gives each account that it makes a role."""


def _without_iam() -> t.ContextManager[object]:
    return mock.patch.object(moto.iam, "iam_backends", _NoAccount())


def _member(backend: OrganizationsBackend, account: Account, *, parent: str, now: datetime) -> None:
    with _identifiers(account=account.id), _without_iam() if account.listed else contextlib.nullcontext():
        backend.create_account(AccountName=account.name, Email=account.email or f"{account.name}@example.com")
    member = backend.accounts[-1]
    _describe(member, account, now=now)
    member.parent_id = parent
    if not account.listed:
        access = iam_backends[account.id][account.partition].get_role("OrganizationAccountAccessRole")
        access.path = "/"
        access.create_date = member.create_time
        policies = iam_backends[account.id][account.partition].managed_policies
        policies[f"arn:{account.partition}:iam::aws:policy/AdministratorAccess"].attach_to(access)


def _control_policies(backend: OrganizationsBackend, seed: Organization, units: t.Mapping[str, str]) -> None:
    assert backend.org is not None
    for policy in seed.control_policies.values():
        if all(enabled["Type"] != policy.type for enabled in backend._get_root_by_id(backend.org.root_id).policy_types):
            backend.enable_policy_type(RootId=backend.org.root_id, PolicyType=policy.type)
        created = backend.create_policy(
            Name=policy.name, Description="", Type=policy.type, Content=json.dumps(policy.document)
        )
        for target in policy.targets:
            policy_id = created["Policy"]["PolicySummary"]["Id"]
            backend.attach_policy(PolicyId=policy_id, TargetId=units.get(target, target))
