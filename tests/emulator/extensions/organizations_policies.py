# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS refuses to do with the policies of an organization, and moto does; and policy types that moto lacks.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

from __future__ import annotations

import json
import typing as t

from moto.core.utils import get_service_model
from moto.organizations.exceptions import (
    DuplicatePolicyException,
    OrganizationsClientError,
    PolicyTypeAlreadyEnabledException,
    PolicyTypeNotEnabledException,
    TargetNotFoundException,
)
from moto.organizations.models import FakePolicy, FakeRoot, OrganizationsBackend
from moto.organizations.responses import OrganizationsResponse

from emulator.extensions.organizations_content import is_well_formed
from emulator.extensions.registration import operations_of

SCP: t.Final = "SERVICE_CONTROL_POLICY"
RCP: t.Final = "RESOURCE_CONTROL_POLICY"

# Characters as they were sent, spaces and line ends included; of other types, 10,000.
_SIZES: t.Final[t.Mapping[str, int]] = {SCP: 10_240, RCP: 5_120, "AISERVICES_OPT_OUT_POLICY": 2_500}
_OTHER_SIZE: t.Final = 10_000
# On one root, unit or account, AWS's own policies included.
_ATTACHMENTS: t.Final[t.Mapping[str, int]] = {RCP: 5}
_OTHER_ATTACHMENTS: t.Final = 10
_MOTOS_TYPE: t.Final = "TAG_POLICY"


class _Refusal(OrganizationsClientError):
    """An error with its reason, which is a field of its own."""

    def __init__(self, code: str, message: str, reason: str = "") -> None:
        super().__init__(code, message)
        if reason:
            self.reason = reason


def _invalid(reason: str, message: str = "You specified an invalid value.") -> _Refusal:
    return _Refusal("InvalidInputException", message, reason)


def _violation(reason: str, message: str) -> _Refusal:
    return _Refusal("ConstraintViolationException", message, reason)


def create_policy(response: OrganizationsResponse) -> str:
    """CreatePolicy: a description is required, though it may be empty."""
    # Whose right it is comes before what is asked for.
    asked, backend = dict(response.request_params), response.organizations_backend
    missing = [name for name in ("Content", "Description", "Name", "Type") if name not in asked]
    if missing:
        raise _invalid("INPUT_REQUIRED", f"You must specify a value for {missing[0]}.")
    kind = asked["Type"]
    if not FakePolicy.supported_policy_type(kind):
        raise _invalid("INVALID_ENUM_POLICY_TYPE")
    _check_content(kind, asked["Content"])
    # moto knows how the ARNs of four types look.
    created = backend.create_policy(**{**asked, "Type": kind if kind in (SCP, RCP) else _MOTOS_TYPE})
    policy = backend.get_policy_by_id(created["Policy"]["PolicySummary"]["Id"])
    policy.type = kind
    policy._arn_format = f"arn:{{0}}:organizations::{{1}}:policy/{{2}}/{kind.lower()}/{{3}}"
    return json.dumps(policy.describe())


def update_policy(response: OrganizationsResponse) -> str:
    """UpdatePolicy."""
    asked, backend = response.request_params, response.organizations_backend
    policy = _own(backend, asked["PolicyId"])
    if asked.get("Name") in {other.name for other in backend.policies if other is not policy}:
        raise DuplicatePolicyException
    if "Content" in asked:
        _check_content(policy.type, asked["Content"])
    return json.dumps(backend.update_policy(**asked))


def delete_policy(response: OrganizationsResponse) -> str:
    """DeletePolicy; moto refuses those that are attached."""
    policy = _own(response.organizations_backend, response._get_param("PolicyId"))
    response.organizations_backend.delete_policy(PolicyId=policy.id)
    return "{}"


def _own(backend: OrganizationsBackend, policy_id: str) -> FakePolicy:
    policy = backend.get_policy_by_id(policy_id)
    if policy.aws_managed:
        raise _invalid("IMMUTABLE_POLICY", "You specified a policy that is managed by AWS and can't be modified.")
    return policy


def _check_content(kind: str, content: str) -> None:
    if len(content) > _SIZES.get(kind, _OTHER_SIZE):
        raise _violation("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the maximum policy size.")
    if not is_well_formed(kind, content):
        raise _Refusal(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy type.",
        )


def attach_policy(response: OrganizationsResponse) -> str:
    """AttachPolicy, of a type that is enabled, once, and as many as a target may have."""
    backend, policy, target = _attachment(response)
    if policy.type not in _list_enabled_types(backend):
        raise PolicyTypeNotEnabledException
    if policy in target.attached_policies:
        raise _Refusal(
            "DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target."
        )
    if len(_of_type(target, policy.type)) >= _ATTACHMENTS.get(policy.type, _OTHER_ATTACHMENTS):
        raise _violation(
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You have attached the maximum number of policies to the specified target.",
        )
    target.attached_policies.append(policy)
    policy.attachments.append(target)
    return "{}"


def detach_policy(response: OrganizationsResponse) -> str:
    """DetachPolicy: one SCP must stay, and AWS's own RCP is there to stay."""
    _backend, policy, target = _attachment(response)
    if policy not in target.attached_policies:
        raise _Refusal(
            "PolicyNotAttachedException",
            "The policy isn't attached to the specified target in the specified root.",
        )
    if policy.type == RCP and policy.aws_managed:
        raise _invalid("NON_DETACHABLE_POLICY", "You can't detach RCPFullAWSAccess.")
    if policy.type == SCP and len(_of_type(target, SCP)) == 1:
        raise _violation(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You cannot remove the last policy attached to the specified target. "
            "You must have at least one attached at all times.",
        )
    target.attached_policies.remove(policy)
    policy.attachments.remove(target)
    return "{}"


def _attachment(response: OrganizationsResponse) -> tuple[OrganizationsBackend, FakePolicy, t.Any]:
    """The policy and the root, unit or account that a request names."""
    backend, target_id = response.organizations_backend, response._get_param("TargetId")
    policy = backend.get_policy_by_id(response._get_param("PolicyId"))
    target = next((node for node in (*backend.ou, *backend.accounts) if node.id == target_id), None)
    if target is None:
        raise TargetNotFoundException
    return backend, policy, target


def _of_type(target: t.Any, kind: str) -> list[FakePolicy]:
    return [policy for policy in target.attached_policies if policy.type == kind]


# Policy types: enabling one takes AWS a while


def _root(backend: OrganizationsBackend) -> FakeRoot:
    return next(node for node in backend.ou if isinstance(node, FakeRoot))


def _list_enabled_types(backend: OrganizationsBackend) -> set[str]:
    return {known["Type"] for known in _root(backend).policy_types if known["Status"] == "ENABLED"}


def enable_policy_type(response: OrganizationsResponse) -> str:
    """EnablePolicyType: pending, until the roots have been asked for once."""
    root, kind = _root_asked(response)
    if any(known["Type"] == kind for known in root.policy_types):
        raise PolicyTypeAlreadyEnabledException
    root.policy_types.append({"Type": kind, "Status": "PENDING_ENABLE"})
    return json.dumps({"Root": root.describe()})


def disable_policy_type(response: OrganizationsResponse) -> str:
    """DisablePolicyType: pending likewise, and all that the customer had attached of the type is detached for good."""
    root, kind = _root_asked(response)
    known = next((known for known in root.policy_types if known["Type"] == kind), None)
    if known is None:
        raise PolicyTypeNotEnabledException
    known["Status"] = "PENDING_DISABLE"
    for policy in response.organizations_backend.policies:
        if policy.type == kind and not policy.aws_managed:
            for target in policy.attachments:
                target.attached_policies.remove(policy)
            policy.attachments.clear()
    return json.dumps({"Root": root.describe()})


def _root_asked(response: OrganizationsResponse) -> tuple[FakeRoot, str]:
    root = response.organizations_backend._get_root_by_id(response._get_param("RootId"))
    kind = response._get_param("PolicyType")
    if not FakePolicy.supported_policy_type(kind):
        raise _invalid("INVALID_ENUM_POLICY_TYPE")
    return root, kind


def list_roots(response: OrganizationsResponse) -> str:
    """ListRoots: a pending change is done when the roots are listed again."""
    answer = json.dumps(response.organizations_backend.list_roots())
    root = _root(response.organizations_backend)
    root.policy_types[:] = [
        {**known, "Status": "ENABLED"} for known in root.policy_types if known["Status"] != "PENDING_DISABLE"
    ]
    return answer


def policy_types() -> list[str]:
    """All that AWS has, as botocore knows them."""
    shape: t.Any = get_service_model("organizations").shape_for("PolicyType")
    return list(shape.enum)


def install() -> None:
    """Add the types, and replace the operations."""
    FakeRoot.SUPPORTED_POLICY_TYPES = FakePolicy.SUPPORTED_POLICY_TYPES = policy_types()
    operations_of(
        OrganizationsResponse,
        create_policy,
        update_policy,
        delete_policy,
        attach_policy,
        detach_policy,
        enable_policy_type,
        disable_policy_type,
        list_roots,
    )
