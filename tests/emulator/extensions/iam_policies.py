# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of AWS for policies, groups, roles and devices that moto does not hold."""

from __future__ import annotations

import re
import typing as t

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import DeleteConflictException, LimitExceededException, NotFoundException
from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User
from moto.iam.policy_validation import SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations

_POLICIES_PER_PRINCIPAL = 10
_POLICY_SIZE = 6144

Holder = t.Union[User, Group, Role]


def attach_user_policy(response: IamResponse) -> ActionResult:
    """AttachUserPolicy."""
    return _attach(response, response.backend.get_user(response._get_param("UserName")), "User")


def attach_group_policy(response: IamResponse) -> ActionResult:
    """AttachGroupPolicy."""
    return _attach(response, response.backend.get_group(response._get_param("GroupName")), "Group")


def attach_role_policy(response: IamResponse) -> ActionResult:
    """AttachRolePolicy."""
    return _attach(response, response.backend.get_role(response._get_param("RoleName")), "Role")


def create_policy(response: IamResponse) -> ActionResult:
    """CreatePolicy, within the size that AWS allows."""
    _check_size(response._get_param("PolicyDocument"))
    policy = response.backend.create_policy(
        response._get_param("Description"),
        response._get_param("Path"),
        response._get_param("PolicyDocument"),
        response._get_param("PolicyName"),
        response._get_param("Tags", []),
    )
    return ActionResult({"Policy": policy})


def delete_policy(response: IamResponse) -> ActionResult:
    """DeletePolicy: not while it is attached, bounds a principal, or has other versions than the default one."""
    policy = response.backend.get_policy(response._get_param("PolicyArn"))
    if policy.attachment_count > 0 or policy.permissions_boundary_usage_count > 0:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
        )
    response.backend.delete_policy(policy.arn)
    return EmptyResult()


def delete_group(response: IamResponse) -> ActionResult:
    """DeleteGroup: not with members or policies."""
    group = response.backend.get_group(response._get_param("GroupName"))
    if group.users:
        raise DeleteConflictException("Cannot delete entity, must remove users from group first.")
    if group.managed_policies or group.policies:
        raise DeleteConflictException("Cannot delete entity, must delete policies first.")
    response.backend.delete_group(group.name)
    return EmptyResult()


def delete_role(response: IamResponse) -> ActionResult:
    """DeleteRole: moto holds the conflicts; a boundary goes with the role."""
    role = response.backend.get_role(response._get_param("RoleName"))
    response.backend.delete_role(role.name)
    role.permissions_boundary_arn = None
    return EmptyResult()


def delete_virtual_mfa_device(response: IamResponse) -> ActionResult:
    """DeleteVirtualMFADevice: not while it is assigned."""
    serial = response._get_param("SerialNumber")
    device = response.backend.virtual_mfa_devices.get(serial)
    if device is None:
        raise NotFoundException(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    if device.enable_date is not None:
        raise DeleteConflictException("MFA VirtualDevice in use. Must deactivate first.")
    response.backend.delete_virtual_mfa_device(serial)
    return EmptyResult()


def _attach(response: IamResponse, holder: Holder, kind: str) -> ActionResult:
    """Attaching what is attached already changes nothing; moto would count it twice."""
    arn = response._get_param("PolicyArn")
    policy: t.Optional[ManagedPolicy] = response.backend.managed_policies.get(arn)
    if policy is None:
        raise NotFoundException(f"Policy {arn} does not exist or is not attachable.")
    if arn not in holder.managed_policies:
        if len(holder.managed_policies) >= _POLICIES_PER_PRINCIPAL:
            raise LimitExceededException(f"Cannot exceed quota for PoliciesPer{kind}: {_POLICIES_PER_PRINCIPAL}")
        policy.attach_to(holder)
    return EmptyResult()


def _check_size(document: str) -> None:
    if len(re.sub(r"\s", "", document)) > _POLICY_SIZE:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {_POLICY_SIZE}")


def install() -> None:
    """Hold AWS's rules for policies, groups, roles and devices."""
    # moto finds a policy's name and id for its own operations, but not for the authorization details.
    ManagedPolicy.policy_name = property(lambda policy: policy.name)
    ManagedPolicy.policy_id = property(lambda policy: policy.id)
    # moto knows access points only:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-resources-for-iam-policies
    SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS["s3"]["valid_starting_values"] = [
        "access-grants/",
        "accesspoint/",
        "async-request/",
        "job/",
        "storage-lens-group/",
        "storage-lens/",
    ]
    iam_operations(
        attach_user_policy,
        attach_group_policy,
        attach_role_policy,
        create_policy,
        delete_policy,
        delete_group,
        delete_role,
        delete_virtual_mfa_device,
    )
    create = IAMBackend.create_policy_version

    def create_policy_version(self: IAMBackend, policy_arn: str, policy_document: str, set_as_default: t.Any) -> t.Any:
        version = create(self, policy_arn, policy_document, set_as_default)
        # "the date and time when the most recent policy version was created", says API_Policy.html of UpdateDate.
        self.managed_policies[policy_arn].update_date = version.create_date
        return version

    IAMBackend.create_policy_version = create_policy_version
