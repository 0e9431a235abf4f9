# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Of whom the evidence that costs calls per principal is worth reading: of those whom a control asks about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .._account.model import Dataset
from .._policy.documents.policy import Policy
from .._policy.evaluation.patterns import names_service
from .catalogue.last_accessed import SERVICES
from .excuses import standing_of
from .facts import Facts


def principals_in_question(facts: Facts) -> Mapping[Dataset, frozenset[str]]:
    """ARNs by deep dataset. Pure: ``facts`` are those of the snapshot without that evidence.

    Service last accessed: administrators, those by design aside, and users and roles that may use one of the services
    that controls ask about. MFA devices: console users who have a virtual device, and so may have another kind too. SSH
    keys: users who may use CodeCommit, the one service that they open.
    """
    by_design = {role.arn for role in facts.snapshot.roles if standing_of(facts, role).reason is not None}
    admins = {*facts.admin_users, *facts.admin_roles}
    return {
        Dataset.SERVICE_LAST_ACCESSED: frozenset((admins | set(_users_of_services(facts))) - by_design),
        Dataset.MFA_DEVICES: frozenset(_with_virtual_device(facts)),
        Dataset.SSH_PUBLIC_KEYS: users_of_codecommit(facts),
    }


def users_of_codecommit(facts: Facts) -> frozenset[str]:
    """The ARNs of the users who may use CodeCommit.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html
    """
    arns = [user.arn for user in facts.snapshot.users]
    return frozenset(_find_allowed_principals(facts, arns, lambda policy: names_service(policy, "codecommit")))


def _with_virtual_device(facts: Facts) -> Iterator[str]:
    holders = {device.user_arn for device in facts.snapshot.virtual_mfa_devices}
    for row in facts.credential_rows:
        if row.password_enabled and row.mfa_active and row.arn in holders:
            yield row.arn


def _users_of_services(facts: Facts) -> Iterator[str]:
    return _find_allowed_principals(facts, facts.permissions.principals, _allows_a_service)


def _find_allowed_principals(facts: Facts, arns: Iterable[str], allows: Callable[[Policy], bool]) -> Iterator[str]:
    """Find the principals that have a policy for which ``allows`` is true."""
    # By identity: a policy that many have is one object.
    known: dict[int, bool] = {}
    for arn in arns:
        for held in facts.permissions.list_policies(arn):
            policy = held.policy
            if policy is not None and id(policy) not in known:
                known[id(policy)] = allows(policy)
        if any(known.get(id(held.policy)) for held in facts.permissions.list_policies(arn)):
            yield arn


def _allows_a_service(policy: Policy) -> bool:
    """Whether a document allows any action at all of one of the services, on whatever resource."""
    return any(names_service(policy, service) for service in SERVICES)
