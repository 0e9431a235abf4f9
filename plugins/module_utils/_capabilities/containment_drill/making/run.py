# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Making the canary of a drill: a user with one key, and a role that it may assume. Both have a boundary."""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t
from collections.abc import Callable, Mapping

from ...._account import fields
from ...._aws.access import Access
from ...._aws.canary_process import start
from ...._aws.errors import AwsError, InvalidRequest, NotFound
from ...._aws.operations import Operations
from ...._aws.options import AccessOptions
from ...._converge.incident.drills import DRILL_PATH
from ...._converge.store import StoreError
from ..archive import BusyError
from ..observe import find_own
from ..record import Drill
from .names import BOUNDARY, POLICY

OPERATIONS: t.Final = Operations(
    reads=frozenset({"iam:GetPolicy"}),
    writes=frozenset(
        f"iam:{name}" for name in ("CreateAccessKey", "CreateRole", "CreateUser", "PutRolePolicy", "PutUserPolicy")
    ),
)
_TAG: t.Final = {"Key": "iam-hardening:managed", "Value": "true"}
_ATTEMPTS: t.Final = 12
_PAUSE: t.Final = 1.0

T = t.TypeVar("T")
Write = Callable[[Drill], Drill]


def find_boundary(access: Access, drill: Drill) -> str:
    """The ARN of the boundary of a drill's user and role.

    :raises NotFound: the stack of containment did not make it.
    :raises AwsError: it can't be read.
    """
    arn = f"arn:{access.partition}:iam::{drill.account_id}:policy/iam-hardening/{BOUNDARY}"
    try:
        access.call("iam", "GetPolicy", {"PolicyArn": arn})
    except NotFound as error:
        raise error.rephrase(f"there is no policy {arn}; update the stack of containment, which makes it") from None
    return arn


def make_canary(access: Access, options: AccessOptions, drill: Drill, boundary: str, write: Write) -> tuple[Drill, str]:
    """Make user, role and key, and start the process that uses the key; returns its directory besides.

    ``boundary`` is what :func:`find_boundary` returned. ``write`` records what was made, at once after each of them:
    what has an unknown id is not deleted.

    :raises AwsError: something could not be made. What was made is in the record.
    :raises NotOwnError: the user or the role was replaced meanwhile.
    """
    named = {"Path": DRILL_PATH, "PermissionsBoundary": boundary}
    user = fields.structure(access.call("iam", "CreateUser", {"UserName": drill.id, **named}), "User")
    drill = write(dataclasses.replace(drill, user_id=fields.text(user, "UserId")))
    _insist(lambda: access.call("iam", "PutUserPolicy", _name_policy("User", drill, _allow_role(drill))))
    trust = {"RoleName": drill.id, "AssumeRolePolicyDocument": json.dumps(_trust(drill)), "Tags": [_TAG], **named}
    role = fields.structure(_insist(lambda: access.call("iam", "CreateRole", trust)), "Role")
    drill = write(dataclasses.replace(drill, role_id=fields.text(role, "RoleId")))
    _insist(lambda: access.call("iam", "PutRolePolicy", _name_policy("Role", drill, _allow_look(drill))))
    # Nobody gets a key of a user that was replaced since.
    if _insist(lambda: find_own(access, drill, "User")) != drill.user_id:
        raise AwsError(f"{drill.user_arn} is gone")
    return _make_key(access, options, drill, write)


def _make_key(access: Access, options: AccessOptions, drill: Drill, write: Write) -> tuple[Drill, str]:
    """Make the key, and hand its secret to the process. It is neither returned nor kept here."""
    key = access.call("iam", "CreateAccessKey", {"UserName": drill.id})["AccessKey"]
    # What is raised from here on must not show the answer.
    try:
        drill = write(dataclasses.replace(drill, key_id=str(key["AccessKeyId"])))
        return drill, start(key, role_arn=drill.role_arn, region=access.region, options=options)
    except (AwsError, BusyError, OSError, StoreError, ValueError) as error:
        raise AwsError(f"the key of the canary could not be used: {type(error).__name__}") from None
    finally:
        key.clear()


def _insist(call: Callable[[], T]) -> T:
    """Repeat a call while IAM does not know yet what was just made.

    The principal of a trust policy has to exist, so AWS answers MalformedPolicyDocument for a new one.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return call()
        except (InvalidRequest, NotFound) as error:
            if attempt == _ATTEMPTS or not (isinstance(error, NotFound) or error.code == "MalformedPolicyDocument"):
                raise
        time.sleep(_PAUSE)
    raise AssertionError("the last attempt either returns or raises")


def _name_policy(kind: str, drill: Drill, document: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {f"{kind}Name": drill.id, "PolicyName": POLICY, "PolicyDocument": json.dumps(document)}


def _allow_role(drill: Drill) -> dict[str, t.Any]:
    return _allow("sts:AssumeRole", drill.role_arn)


def _allow_look(drill: Drill) -> dict[str, t.Any]:
    """The one call of the role, by which it is seen when its sessions are denied."""
    return _allow("iam:GetRole", drill.role_arn)


def _allow(action: str, resource: str) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


def _trust(drill: Drill) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": drill.user_arn}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}
