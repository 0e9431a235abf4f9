# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AssumeRoot, and what a session as the root user of a member account may do: the one task of its task policy.

The global endpoint of STS, which does not know the operation, looks like a regional one here.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
"""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import AccessKey, IAMBackend, iam_backends
from moto.iam.policy_validation import VALID_RESOURCE_PATH_STARTING_VALUES
from moto.iam.responses import IamResponse
from moto.organizations.models import organizations_backends
from moto.sts.responses import TokenResponse

from emulator import errors, identity
from emulator.extensions.registration import Operation, iam_operations, operations_of
from emulator.extensions.sessions import root_of
from emulator.extensions.state import AccountState, RootSession, account_states, clock, state_of
from emulator.identity import Caller, UnknownKeyError, caller_of
from emulator.wire import Answer, Call

LONGEST: t.Final = 900
_SERVICE: t.Final = "iam.amazonaws.com"
_TARGET: t.Final = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(?P<account>\d{12})(?::root)?")
_TASK_POLICY: t.Final = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/root-task/(?P<task>\w+)")

_READS: t.Final = frozenset(
    {
        "GetAccessKeyLastUsed",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSigningCertificates",
    }
)
_REMOVALS: t.Final = frozenset(
    {"DeactivateMFADevice", "DeleteAccessKey", "DeleteLoginProfile", "DeleteSigningCertificate"}
)
#: Of each task policy, the feature that it needs and the operations of IAM that it leaves to root.
TASKS: t.Final[t.Mapping[str, tuple[str, frozenset[str]]]] = {
    "IAMAuditRootUserCredentials": ("RootCredentialsManagement", _READS | {"GetAccountSummary"}),
    "IAMDeleteRootUserCredentials": ("RootCredentialsManagement", _READS | _REMOVALS),
    "IAMCreateRootUserPassword": ("RootCredentialsManagement", frozenset({"CreateLoginProfile", "GetLoginProfile"})),
    "S3UnlockBucketPolicy": ("RootSessions", frozenset()),
    "SQSUnlockQueuePolicy": ("RootSessions", frozenset()),
}


def refusal(call: Call, caller: Caller) -> Answer | None:
    """Why STS opens no such session, or why root may not make this call in its session; None where it may."""
    if (call.service, call.operation) == ("sts", "AssumeRoot"):
        return _refuse_malformed(call) or _not_allowed(call, caller)
    if caller.kind != "root" or (call.service, call.operation) == ("sts", "GetCallerIdentity"):
        return None
    session = account_states[caller.account_id][caller.partition].root_sessions.get(call.access_key_id)
    if session is None or call.service == "iam" and call.operation in TASKS[session.task][1]:
        return None
    message = (
        f"User: {caller.arn} is not authorized to perform: {call.action} with an explicit deny in a session policy"
    )
    return errors.access_denied(call, message)


def _refuse_malformed(call: Call) -> Answer | None:
    seconds = int(call.parameters.get("DurationSeconds") or 0)
    message = ""
    if _task(call) not in TASKS:
        message = "Request must contain valid AWS managed task policy ARN"
    elif not _TARGET.fullmatch(str(call.parameters.get("TargetPrincipal"))):
        message = "Request must contain a valid target principal"
    elif seconds > LONGEST:
        message = (
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
            f"Member must have value less than or equal to {LONGEST}"
        )
    return errors.error(call, "ValidationError", message) if message else None


def _not_allowed(call: Call, caller: Caller) -> Answer | None:
    target = _account(call)
    management, _partition = organizations_backends.master_accounts.get(caller.account_id, (caller.account_id, ""))
    organization = organizations_backends[management][caller.partition]
    members = (
        {account.id for account in organization.accounts if account.id != management} if organization.org else set()
    )
    delegated = {admin.account.id for admin in organization.admins if _SERVICE in admin.services}
    trusted = any(service["ServicePrincipal"] == _SERVICE for service in organization.services)
    if (
        target not in members
        or caller.kind == "root"
        or not trusted
        or caller.account_id not in {management, *delegated}
    ):
        resource = f"arn:{caller.partition}:iam::{target}:root"
        message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRoot on resource: {resource}"
        return errors.access_denied(call, message)
    feature = TASKS[_task(call)][0]
    if feature in account_states[management][caller.partition].root_features:
        return None
    return errors.access_denied(call, f"{_SPOKEN[feature]} feature is not enabled for your AWS Organization.")


_SPOKEN: t.Final = {"RootCredentialsManagement": "Root credentials management", "RootSessions": "Root sessions"}


def _task(call: Call) -> str:
    arn = (call.parameters.get("TaskPolicyArn") or {}).get("arn") or ""
    match = _TASK_POLICY.fullmatch(arn)
    return match["task"] if match else ""


def _account(call: Call) -> str:
    match = _TARGET.fullmatch(str(call.parameters["TargetPrincipal"]))
    assert match is not None
    return match["account"]


def assume_root(response: TokenResponse) -> ActionResult:
    """AssumeRoot, once :func:`refusal` has no objection."""
    target = _TARGET.fullmatch(response._get_param("TargetPrincipal"))
    policy = _TASK_POLICY.fullmatch(response._get_param("TaskPolicyArn")["arn"])
    assert target is not None
    assert policy is not None
    partition = caller_of(response.normalized_request.environ).partition
    key: AccessKey = iam_backends[target["account"]][partition].create_temp_access_key()
    expires = clock() + timedelta(seconds=response._get_int_param("DurationSeconds", LONGEST))
    account_states[target["account"]][partition].root_sessions[key.access_key_id] = RootSession(policy["task"], expires)
    credentials = {
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "SessionToken": f"ROOT-SESSION-TOKEN-{key.access_key_id[::-1]}",
        "Expiration": expires,
    }
    return ActionResult({"Credentials": credentials})


def caller_of_session(home: IAMBackend, key: AccessKey) -> Caller | None:
    """The root user, if AssumeRoot made the key.

    Raises UnknownKeyError: the session is over.
    """
    session = state_of(home).root_sessions.get(key.access_key_id)
    if session is None:
        return None
    if session.expires <= clock():
        raise UnknownKeyError(key.access_key_id)
    return root_of(home)


def get_user(response: IamResponse) -> ActionResult:
    """GetUser of root, which has neither a name nor a path."""
    root = _state(response).root
    account, partition = response.current_account, response.partition
    user = {"UserId": account, "Arn": f"arn:{partition}:iam::{account}:root", "CreateDate": root.created}
    return ActionResult(
        {"User": user | ({"PasswordLastUsed": root.password_last_used} if root.password_last_used else {})}
    )


def get_login_profile(response: IamResponse) -> ActionResult:
    """GetLoginProfile of root."""
    root = _with_password(response)
    return ActionResult({"LoginProfile": {"CreateDate": root.created, "PasswordResetRequired": False}})


def delete_login_profile(response: IamResponse) -> ActionResult:
    """DeleteLoginProfile of root."""
    _with_password(response)
    _state(response).root.password = False
    return EmptyResult()


def list_access_keys(response: IamResponse) -> ActionResult:
    """ListAccessKeys of root."""
    keys = [
        {"AccessKeyId": key.access_key_id, "Status": key.status, "CreateDate": key.create_date}
        for key in _state(response).root.access_keys
    ]
    return ActionResult({"AccessKeyMetadata": keys, "IsTruncated": False})


def get_access_key_last_used(response: IamResponse) -> ActionResult:
    """GetAccessKeyLastUsed of a key of root."""
    key = _key(response)
    used: dict[str, object] = {"Region": "N/A", "ServiceName": "N/A"}
    if key.last_used is not None:
        used = {
            "LastUsedDate": key.last_used.timestamp,
            "Region": key.last_used.region,
            "ServiceName": key.last_used.service,
        }
    return ActionResult({"AccessKeyLastUsed": used})


def delete_access_key(response: IamResponse) -> ActionResult:
    """DeleteAccessKey of root."""
    _state(response).root.access_keys.remove(_key(response))
    return EmptyResult()


def list_signing_certificates(response: IamResponse) -> ActionResult:
    """ListSigningCertificates of root."""
    root = _state(response).root
    certificates = [
        {
            "CertificateId": identifier,
            "CertificateBody": "of no use here",
            "Status": "Active",
            "UploadDate": root.created,
        }
        for identifier in _certificates(response)
    ]
    return ActionResult({"Certificates": certificates, "IsTruncated": False})


def delete_signing_certificate(response: IamResponse) -> ActionResult:
    """DeleteSigningCertificate of root."""
    identifier = response._get_param("CertificateId")
    if identifier not in _certificates(response):
        raise NotFoundException(f"The Certificate with id {identifier} cannot be found.")
    root = _state(response).root
    root.signing_certificates -= 1
    root.removed_certificates.add(identifier)
    return EmptyResult()


def list_mfa_devices(response: IamResponse) -> ActionResult:
    """ListMFADevices of root."""
    serials = _mfa_devices(response)
    devices = [{"SerialNumber": serial, "EnableDate": _state(response).root.created} for serial in serials]
    return ActionResult({"MFADevices": devices, "IsTruncated": False})


def deactivate_mfa_device(response: IamResponse) -> ActionResult:
    """DeactivateMFADevice of root. A virtual device stays there, as nobody's."""
    serial = response._get_param("SerialNumber")
    if serial not in _mfa_devices(response):
        raise NotFoundException(f"MFA Device with serial number {serial} is not found.")
    _state(response).root.mfa = "none"
    device = response.backend.virtual_mfa_devices.get(serial)
    if device is not None:
        device.user = device.user_attribute = device.enable_date = None
    return EmptyResult()


def _state(response: IamResponse) -> AccountState:
    return state_of(response.backend)


def _with_password(response: IamResponse) -> t.Any:
    root = _state(response).root
    if not root.password:
        raise NotFoundException("Login Profile for User null cannot be found.")
    return root


def _key(response: IamResponse) -> AccessKey:
    key_id = response._get_param("AccessKeyId")
    for key in _state(response).root.access_keys:
        if key.access_key_id == key_id:
            return key
    raise NotFoundException(f"The Access Key with id {key_id} cannot be found.")


def _certificates(response: IamResponse) -> list[str]:
    root = _state(response).root
    ever = root.signing_certificates + len(root.removed_certificates)
    ids = (f"ROOTCERTIFICATE{response.current_account}{index:05d}" for index in range(ever))
    return [identifier for identifier in ids if identifier not in root.removed_certificates]


def _mfa_devices(response: IamResponse) -> list[str]:
    kind, account, partition = _state(response).root.mfa, response.current_account, response.partition
    serials = {
        "virtual": f"arn:{partition}:iam::{account}:mfa/root-account-mfa-device",
        "hardware": f"arn:{partition}:iam::{account}:u2f/root/security-key-EXAMPLE",
    }
    return [serials[kind]] if kind in serials else []


def _for_root(operation: Operation) -> Operation:
    """``operation`` for calls of root in a session, and what was there before for all others."""
    original: Operation = getattr(IamResponse, operation.__name__)

    def dispatch(response: IamResponse) -> object:
        environ = response.normalized_request.environ
        is_root = "emulator.caller" in environ and caller_of(environ).kind == "root"
        return operation(response) if is_root else original(response)

    dispatch.__name__ = operation.__name__
    return dispatch


def install() -> None:
    """Add AssumeRoot, and let IAM answer root about itself."""
    identity.finders.append(caller_of_session)
    operations_of(TokenResponse, assume_root)
    # Policies that allow AssumeRoot name root.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
    starts = VALID_RESOURCE_PATH_STARTING_VALUES["iam"]["values"]
    starts += [] if "root" in starts else ["root"]
    of_root = (
        get_user,
        get_login_profile,
        delete_login_profile,
        list_access_keys,
        get_access_key_last_used,
        delete_access_key,
        list_signing_certificates,
        delete_signing_certificate,
        list_mfa_devices,
        deactivate_mfa_device,
    )
    iam_operations(*map(_for_root, of_root))
