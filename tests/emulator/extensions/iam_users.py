# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of IAM users: boundaries at their creation, passwords, and what stands in the way of deleting them."""

from __future__ import annotations

import re
import typing as t

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import DeleteConflictException, EntityAlreadyExists, IAMException, NotFoundException
from moto.iam.models import AccountPasswordPolicy, IAMBackend, User
from moto.iam.responses import IamResponse

from emulator.extensions.iam_boundaries import check_exists
from emulator.extensions.registration import iam_operations
from emulator.extensions.state import clock, state_of

_SYMBOLS = r"[!@#$%^&*()_+\-=\[\]{}|']"


class PasswordPolicyViolation(IAMException):
    """The password is not what the account's policy asks for."""

    code = "PasswordPolicyViolation"


def create_user(response: IamResponse) -> ActionResult:
    """CreateUser, with its boundary."""
    boundary = response._get_param("PermissionsBoundary")
    if boundary:
        check_exists(response.backend, boundary)
    user = response.backend.create_user(
        response.region,
        user_name=response._get_param("UserName"),
        path=response._get_param("Path"),
        tags=response._get_param("Tags", []),
    )
    if boundary:
        user.permissions_boundary_arn = boundary
    return ActionResult({"User": user})


def delete_user(response: IamResponse) -> ActionResult:
    """DeleteUser: AWS refuses while the user still has anything."""
    backend = response.backend
    user = backend.get_user(response._get_param("UserName"))
    obstacles: t.Sequence[tuple[object, str]] = (
        (user.password, "delete login profile"),
        (user.access_keys, "delete access keys"),
        (user.mfa_devices, "delete MFA devices"),
        (user.signing_certificates, "delete signing certificates"),
        (user.ssh_public_keys, "delete SSH public keys"),
        (user.group_list, "remove users from group"),
        (user.managed_policies, "detach all policies"),
        (user.policies, "delete policies"),
        (_service_credentials(user), "delete service specific credentials"),
    )
    for present, advice in obstacles:
        if present:
            raise DeleteConflictException(f"Cannot delete entity, must {advice} first.")
    user.permissions_boundary_arn = None
    state_of(user).users.pop(user.id, None)
    backend.delete_user(user.name)
    _forget_in_trust_policies(backend, user)
    return EmptyResult()


def _forget_in_trust_policies(backend: IAMBackend, user: User) -> None:
    """Trust policies hold unique ids, and show a name only while its owner exists.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    for role in backend.roles.values():
        role.assume_role_policy_document = role.assume_role_policy_document.replace(f'"{user.arn}"', f'"{user.id}"')


def create_login_profile(response: IamResponse) -> ActionResult:
    """CreateLoginProfile, held against the password policy."""
    user = response.backend.get_user(response._get_param("UserName"))
    if user.password:
        raise EntityAlreadyExists(f"Login Profile for user {user.name} already exists.")
    password = response._get_param("Password")
    _check_password(response.backend, password)
    user.password = password
    user.password_last_used = None
    user.password_reset_required = bool(response._get_param("PasswordResetRequired", False))
    details = state_of(user).user(user)
    details.password_created = details.password_changed = clock()
    return ActionResult({"LoginProfile": _login_profile(user)})


def get_login_profile(response: IamResponse) -> ActionResult:
    """GetLoginProfile."""
    return ActionResult({"LoginProfile": _login_profile(_with_password(response))})


def update_login_profile(response: IamResponse) -> ActionResult:
    """UpdateLoginProfile changes what is given, and only that."""
    user = _with_password(response)
    password = response._get_param("Password")
    if password is not None:
        _check_password(response.backend, password)
        user.password = password
        state_of(user).user(user).password_changed = clock()
    reset = response._get_param("PasswordResetRequired")
    if reset is not None:
        user.password_reset_required = bool(reset)
    return EmptyResult()


def _service_credentials(user: User) -> bool:
    return any(credential.user_name == user.name for credential in state_of(user).service_credentials.values())


def _with_password(response: IamResponse) -> User:
    user = response.backend.get_user(response._get_param("UserName"))
    if not user.password:
        raise NotFoundException(f"Login Profile for User {user.name} cannot be found.")
    return user


def _login_profile(user: User) -> dict[str, object]:
    created = state_of(user).user(user).password_created or user.create_date
    return {
        "UserName": user.name,
        "CreateDate": created,
        "PasswordResetRequired": user.password_reset_required,
    }


def _check_password(backend: IAMBackend, password: str) -> None:
    """Without a policy of its own the account has AWS's: eight characters and three of the four kinds."""
    kinds = {"lowercase": "[a-z]", "uppercase": "[A-Z]", "numbers": "[0-9]", "symbols": _SYMBOLS}
    present = {kind for kind, pattern in kinds.items() if re.search(pattern, password)}
    policy: t.Optional[AccountPasswordPolicy] = backend.account_password_policy
    if policy is None:
        too_weak = len(password) < 8 or len(present) < 3
    else:
        required = {
            "lowercase": policy.require_lowercase_characters,
            "uppercase": policy.require_uppercase_characters,
            "numbers": policy.require_numbers,
            "symbols": policy.require_symbols,
        }
        wanted = {kind for kind, needed in required.items() if needed}
        too_weak = len(password) < policy.minimum_password_length or not wanted <= present
    if too_weak:
        raise PasswordPolicyViolation("Password does not conform to the account password policy.")


def install() -> None:
    """Replace the operations on users and their passwords."""
    iam_operations(create_user, delete_user, create_login_profile, get_login_profile, update_login_profile)
