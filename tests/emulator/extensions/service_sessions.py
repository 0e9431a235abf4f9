# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS's services do with a role that a customer handed to them: they open sessions of it, without a caller.

A function of Lambda, a stack of CloudFormation with a service role, and a machine outside of AWS that was registered
with Systems Manager. Nobody's permission is asked for such a session, no control policy either: only the trust policy
of the role. What the session does is judged as everything else.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-activation-managed-nodes.html
"""

from __future__ import annotations

import typing as t

from moto.core.exceptions import ServiceException
from moto.iam.models import IAMBackend, Role
from moto.utilities.utils import get_partition

from emulator import identity
from emulator.extensions import ssm_activations
from emulator.extensions.sessions import Sort, Wanted, open_sessions, role_of
from emulator.extensions.statements import parse_statements


class _Handed(t.NamedTuple):
    """A role in the hands of a service: its ARN, and the name and the sort of the sessions."""

    role_arn: str
    session: str
    sort: Sort = "other"


def _function(account_id: str, region: str, name: str) -> _Handed:
    from moto.awslambda.models import lambda_backends

    try:
        return _Handed(lambda_backends[account_id][region].get_function(name).role, name, "function")
    except Exception as gone:
        raise ValueError(f"there is no function {name}") from gone


def _stack(account_id: str, region: str, name: str) -> _Handed:
    from moto.cloudformation.models import cloudformation_backends

    stacks = cloudformation_backends[account_id][region].stacks.values()
    found = next((stack for stack in stacks if stack.name == name and stack.role_arn), None)
    if found is None:
        raise ValueError(f"there is no stack {name} with a role")
    return _Handed(found.role_arn, "AWSCloudFormation")


def _machine(account_id: str, region: str, name: str) -> _Handed:
    found = ssm_activations.find(account_id, region, name)
    if found is None:
        raise ValueError(f"no machine was registered with the activation {name}")
    backend = identity.existing_backend(account_id, get_partition(region))
    roles = backend.roles.values() if backend else ()
    arn = next((role.arn for role in roles if role.name == found.role), "")
    return _Handed(arn, f"mi-{found.activation_id.replace('-', '')[:17]}")


_SERVICES: t.Final[t.Mapping[str, t.Callable[[str, str, str], _Handed]]] = {
    "cloudformation": _stack,
    "lambda": _function,
    "ssm": _machine,
}


def open_session(account_id: str, service: str, name: str, region: str = "us-east-1") -> dict[str, str]:
    """Credentials of a function, a stack or a machine. Raises ValueError: it is gone, or may not have the role."""
    if service not in _SERVICES:
        raise ValueError(f"services are {', '.join(sorted(_SERVICES))}")
    try:
        handed = _SERVICES[service](account_id, region, name)
    except ServiceException as unknown:
        raise ValueError(str(unknown)) from unknown
    backend = identity.existing_backend(account_id, get_partition(region))
    role = role_of(backend, handed.role_arn) if backend else None
    if backend is None or role is None or not _admits(backend, role, f"{service}.amazonaws.com"):
        raise ValueError(f"{service} may not assume {handed.role_arn}")
    asked = Wanted(
        account_id=account_id,
        role=role.name,
        sort=handed.sort,
        name=handed.session,
        function=handed.session if handed.sort == "function" else "",
        region=region,
        assumed_by=f"{service}.amazonaws.com",
    )
    return open_sessions(asked)[0]


def _admits(backend: IAMBackend, role: Role, service: str) -> bool:
    context = {"aws:sourceaccount": [backend.account_id]}
    found = [
        statement
        for statement in parse_statements(role.arn, role.assume_role_policy_document)
        if {service, "*"} & set(statement.principals)
        and statement.covers_action("sts:AssumeRole")
        and statement.holds(context)
    ]
    return bool(found) and all(statement.allow for statement in found)
