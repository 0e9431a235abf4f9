# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Of whom the evidence that costs calls per principal is worth reading: of those whom a control asks about."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from .._account.model import Dataset, PolicyDocument
from .._policy import documents
from .facts import Facts, Principal, is_approved_administrator
from .last_accessed import SERVICES


def principals_in_question(facts: Facts) -> Mapping[Dataset, frozenset[str]]:
    """ARNs by deep dataset. Pure: ``facts`` are those of the snapshot without that evidence.

    Service last accessed: administrators, those by design aside, and users and roles that may use one of the services
    that controls ask about. MFA devices: console users who have a virtual device, and so may have another kind too.
    """
    by_design = {role.arn for role in facts.snapshot.roles if role.is_aws_reserved or is_approved_administrator(role)}
    admins = {*facts.admin_users, *facts.admin_roles}
    return {
        Dataset.SERVICE_LAST_ACCESSED: frozenset((admins | set(_users_of_services(facts))) - by_design),
        Dataset.MFA_DEVICES: frozenset(_with_virtual_device(facts)),
    }


def _with_virtual_device(facts: Facts) -> Iterator[str]:
    holders = {device.user_arn for device in facts.snapshot.virtual_mfa_devices}
    for row in facts.credential_rows:
        if row.password_enabled and row.mfa_active and row.arn in holders:
            yield row.arn


def _users_of_services(facts: Facts) -> Iterator[str]:
    managed = {arn for arn, policy in facts.policies.items() if _allows_a_service(policy.default_version)}
    groups = {name for name, group in facts.groups.items() if _has_such_a_policy(group, managed)}
    for user in facts.snapshot.users:
        if _has_such_a_policy(user, managed) or groups & set(user.groups):
            yield user.arn
    for role in facts.snapshot.roles:
        if _has_such_a_policy(role, managed):
            yield role.arn


def _has_such_a_policy(principal: Principal, managed: t.Collection[str]) -> bool:
    attached = any(arn in managed for arn in principal.attached_policies)
    return attached or any(_allows_a_service(policy) for policy in principal.inline_policies)


def _allows_a_service(policy: PolicyDocument) -> bool:
    """Whether a document allows any action at all of one of the services, on whatever resource."""
    for statement in documents.allowing(policy.document):
        if any(documents.covers_action(statement, f"{service}:AnyAction") for service in SERVICES):
            return True
        prefixes = [action.partition(":")[0] for action in documents.actions(statement)]
        if any(documents.matches(prefix, service) for prefix in prefixes for service in SERVICES):
            return True
    return False
