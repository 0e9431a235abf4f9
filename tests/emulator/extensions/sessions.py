# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of STS: when each was opened, by whom and how, whose they are, and when they end.

Only sessions of judged principals end, by the emulator's clock: tests shift it by days with a session in hand.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import typing as t
from datetime import timedelta

from moto.core.responses import ActionResult
from moto.iam.models import AccessKey, IAMBackend, Role, iam_backends
from moto.iam.utils import ACCOUNT_OFFSET
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse
from moto.sts.utils import random_session_token
from moto.utilities.utils import get_partition

from emulator import identity, web_identity
from emulator.extensions.registration import operations_of
from emulator.extensions.state import AccountState, Session, account_states, clock, state_of
from emulator.extensions.statements import document_of
from emulator.identity import Caller, ExpiredKeyError, UnknownKeyError, caller_of
from emulator.wire import Answer, Call

#: How a role's session came about, as far as condition keys tell.
Sort = t.Literal["instance", "task", "function", "oidc", "saml", "other"]

_ASSUMING: t.Final[t.Mapping[str, Sort]] = {
    "AssumeRole": "other",
    "AssumeRoleWithSAML": "saml",
    "AssumeRoleWithWebIdentity": "oidc",
}
_KEY: t.Final = re.compile(rb"<AccessKeyId>(ASIA\w+)</AccessKeyId>")
_HALF_DAY, _HOUR = 43_200, 3_600


def existing_state(account_id: str, partition: str) -> AccountState | None:
    """The state of an account, if it is in use."""
    return dict.get(dict.get(account_states, account_id) or {}, partition)


def find_session(caller: Caller, access_key_id: str) -> Session | None:
    """The session that this access key of the caller belongs to."""
    state = existing_state(caller.account_id, caller.partition)
    return state.sessions.get(access_key_id) if state else None


def is_judged(state: AccountState, session: Session) -> bool:
    """Whether the calls of a session need permissions: its owner's do, or those of its opener."""
    return session.judged or session.owner_id in state.judged


# AssumeRole


def note(call: Call, caller: Caller, answer: Answer) -> None:
    """Keep what a session that STS has just opened for this call will be judged by."""
    found = _KEY.search(answer.body) if answer.status == 200 and call.operation in _ASSUMING else None
    if call.service != "sts" or found is None:
        return
    account_id, key_id = str(call.parameters["RoleArn"]).split(":")[4], found[1].decode()
    backend: IAMBackend = iam_backends[account_id][caller.partition]
    role = role_of(backend, str(call.parameters["RoleArn"]))
    if role is None:
        # moto also assumes roles that do not exist, with a web identity.
        return
    before, asked = find_session(caller, call.access_key_id), call.parameters
    tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags") or ()}
    kept = {key: before.tags[key] for key in before.transitive} if before else {}
    issued = clock().replace(microsecond=0)
    state_of(backend).sessions[key_id] = Session(
        kind="role",
        owner_id=role.id,
        name=str(asked.get("RoleSessionName") or ""),
        issued=issued,
        expires=issued + timedelta(seconds=int(asked.get("DurationSeconds") or _HOUR)),
        judged=_is_caller_judged(caller, before),
        source_identity=str(asked.get("SourceIdentity") or (before.source_identity if before else "")),
        assumed_by=caller.arn,
        opened_with=call.access_key_id,
        tags={**tags, **kept},
        transitive=(*kept, *(asked.get("TransitiveTagKeys") or ())),
        keys=_keys_of_call(call, role),
        policies=_policies(backend, asked),
        mfa=bool(asked.get("TokenCode")),
    )


def role_of(backend: IAMBackend, arn: str) -> Role | None:
    """The role with this ARN."""
    return next((role for role in backend.roles.values() if role.arn == arn), None)


def _is_caller_judged(caller: Caller, session: Session | None) -> bool:
    state = existing_state(caller.account_id, caller.partition)
    if state is None:
        return False
    return is_judged(state, session) if session else caller.user_id in state.judged


def _policies(backend: IAMBackend, asked: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """The session policies: one in the request, and managed ones as they are now."""
    named = [str(item.get("arn")) for item in asked.get("PolicyArns") or ()]
    managed = [document_of(backend.managed_policies[arn]) for arn in named if arn in backend.managed_policies]
    return (*([str(asked["Policy"])] if asked.get("Policy") else []), *managed)


def _keys(sort: Sort, role: Role, name: str, region: str) -> dict[str, str]:
    """Condition keys that the session carries, and no caller can set.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    account, partition = role.account_id, role.partition
    providers = f"arn:{partition}:iam::{account}"
    return {
        "instance": {
            "ec2:SourceInstanceARN": f"arn:{partition}:ec2:{region}:{account}:instance/{name}",
            "ec2:RoleDelivery": "2.0",
        },
        "function": {"lambda:SourceFunctionArn": f"arn:{partition}:lambda:{region}:{account}:function:{name}"},
        # For OpenID Connect alone: the documentation of the key names no other operation.
        "oidc": {"aws:FederatedProvider": f"{providers}:oidc-provider/token.actions.githubusercontent.com"},
        "saml": {"saml:sub": name, "saml:sub_type": "persistent", "saml:namequalifier": f"{account}/idp"},
    }.get(sort, {})


def _keys_of_call(call: Call, role: Role) -> dict[str, str]:
    found = _keys(_ASSUMING[call.operation], role, str(call.parameters.get("RoleSessionName")), call.region)
    if call.operation != "AssumeRoleWithWebIdentity":
        return found
    return {**found, "aws:FederatedProvider": web_identity.provider_of(call)}


def _of_center(user_id: str) -> dict[str, str]:
    """The condition key of a session of Identity Center.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/condition-context-keys-sts-idc.html
    """
    return {"identitystore:UserId": user_id} if user_id else {}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Sessions of one role that a test asks for, ``age_seconds`` old.

    Those of instances, tasks and functions bear names that follow from role and number, so that whoever asks again has
    new credentials of the same source. ``name`` is the name of all the others.
    """

    account_id: str
    role: str
    count: int = 1
    sort: Sort = "other"
    name: str = "session"
    region: str = "us-east-1"
    source_identity: str = ""
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    age_seconds: float = 0
    duration_seconds: int = _HOUR
    judged: bool = True
    assumed_by: str = ""
    center_user_id: str = ""
    #: of a session of the sort "function", if its function is not called as the role
    function: str = ""

    def name_of(self, number: int) -> str:
        """The name of one of the sessions."""
        if self.sort == "instance":
            return f"i-{binascii.crc32(self.role.encode()):08x}{number:09x}"
        if self.sort == "task":
            return f"{binascii.crc32(self.role.encode()):08x}{number:024x}"
        if self.sort == "function":
            if self.function:
                return self.function
            return self.role if number == 0 else f"{self.role}-{number}"
        return self.name


def open_sessions(wanted: Wanted) -> list[dict[str, str]]:
    """Open sessions as AWS's services and identity providers do. Raises ValueError: there is no such role."""
    partition = get_partition(wanted.region)
    backend = identity.existing_backend(wanted.account_id, partition)
    role = next((one for one in backend.roles.values() if one.name == wanted.role), None) if backend else None
    if backend is None or role is None:
        raise ValueError(f"there is no role {wanted.role} in account {wanted.account_id}")
    issued = (clock() - timedelta(seconds=wanted.age_seconds)).replace(microsecond=0)
    answers = []
    for number in range(wanted.count):
        name = wanted.name_of(number)
        opened = _open(backend, role, name, wanted)
        session = Session(
            kind="role",
            owner_id=role.id,
            name=name,
            issued=issued,
            expires=issued + timedelta(seconds=wanted.duration_seconds),
            judged=wanted.judged,
            source_identity=wanted.source_identity,
            assumed_by=wanted.assumed_by,
            tags=wanted.tags,
            keys={**_keys(wanted.sort, role, name, wanted.region), **_of_center(wanted.center_user_id)},
        )
        state_of(backend).sessions[opened.access_key_id] = session
        answers.append(
            {
                "access_key_id": opened.access_key_id,
                "secret_access_key": opened.secret_access_key,
                "session_token": opened.session_token,
                "arn": opened.arn,
                "user_id": f"{role.id}:{name}",
                "expires": f"{session.expires.isoformat()}Z",
            }
        )
    return answers


def _open(backend: IAMBackend, role: Role, name: str, wanted: Wanted) -> AssumedRole:
    return sts_backends[backend.account_id][backend.partition].assume_role(
        region_name=wanted.region,
        role_session_name=name,
        role_arn=role.arn,
        policy="",
        duration=wanted.duration_seconds,
        external_id="",
    )


# GetSessionToken and GetFederationToken


def get_session_token(response: TokenResponse) -> ActionResult:
    """GetSessionToken of a user, or of root, who has at most an hour."""
    caller = caller_of(response.normalized_request.environ)
    longest = _HOUR if caller.kind == "root" else 36 * _HOUR
    credentials = _make_token(response, caller, kind="user", name=caller.name, longest=longest)
    return ActionResult({"Credentials": credentials})


def get_federation_token(response: TokenResponse) -> ActionResult:
    """GetFederationToken: without a policy the session may do nothing.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    caller = caller_of(response.normalized_request.environ)
    name = response._get_param("Name")
    longest = _HOUR if caller.kind == "root" else 36 * _HOUR
    credentials = _make_token(response, caller, kind="federated", name=name, longest=longest)
    user = {
        "FederatedUserId": f"{caller.account_id}:{name}",
        "Arn": f"arn:{caller.partition}:sts::{caller.account_id}:federated-user/{name}",
    }
    return ActionResult({"Credentials": credentials, "FederatedUser": user, "PackedPolicySize": 6})


def _make_token(
    response: TokenResponse, caller: Caller, *, kind: t.Literal["user", "federated"], name: str, longest: int
) -> dict[str, object]:
    backend: IAMBackend = iam_backends[caller.account_id][caller.partition]
    state = state_of(backend)
    key: AccessKey = backend.create_temp_access_key()
    issued = clock().replace(microsecond=0)
    seconds = min(response._get_int_param("DurationSeconds", _HALF_DAY), longest)
    asked = {name: response._get_param(name) for name in ("Policy", "PolicyArns", "Tags")}
    state.sessions[key.access_key_id] = Session(
        kind=kind,
        owner_id=caller.user_id,
        name=name,
        issued=issued,
        expires=issued + timedelta(seconds=seconds),
        judged=caller.user_id in state.judged,
        assumed_by=caller.arn,
        opened_with=response.get_access_key(),
        tags={tag["Key"]: tag["Value"] for tag in asked["Tags"] or ()},
        policies=_policies(backend, asked),
        mfa=bool(response._get_param("TokenCode")),
    )
    return {
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "SessionToken": random_session_token(),
        "Expiration": issued + timedelta(seconds=seconds),
    }


def _for_owners(operation: t.Callable[[TokenResponse], ActionResult]) -> t.Callable[[TokenResponse], object]:
    """``operation`` for those whose sessions it makes, and moto's for the administrator, whom no key is known of."""
    original = getattr(TokenResponse, operation.__name__)

    def dispatch(response: TokenResponse) -> object:
        environ = response.normalized_request.environ
        is_owner = "emulator.caller" in environ and caller_of(environ).kind in ("user", "root")
        return operation(response) if is_owner else original(response)

    dispatch.__name__ = operation.__name__
    return dispatch


# Whose a key is


def caller_of_session(home: IAMBackend, key: AccessKey) -> Caller | None:
    """The user, the federated user or the root user whose a key is; None for a session of a role.

    Raises ExpiredKeyError: the session of a judged principal is over. Raises UnknownKeyError: its user is gone.
    """
    state = state_of(home)
    session = state.sessions.get(key.access_key_id)
    if session is None:
        is_of_root = home.account_id in state.judged and key in state.root.access_keys
        return root_of(home) if is_of_root else None
    if session.expires <= clock() and is_judged(state, session):
        raise ExpiredKeyError(key.access_key_id)
    if session.kind == "role":
        return None
    if session.owner_id == home.account_id:
        return root_of(home)
    owner = next((user for user in home.users.values() if user.id == session.owner_id), None)
    if owner is None:
        raise UnknownKeyError(key.access_key_id)
    caller = identity.caller_of_user(home, owner)
    if session.kind == "user":
        return dataclasses.replace(caller, mfa=session.mfa)
    arn = f"arn:{home.partition}:sts::{home.account_id}:federated-user/{session.name}"
    user_id = f"{home.account_id}:{session.name}"
    return dataclasses.replace(
        caller, kind="federated", arn=arn, user_id=user_id, principal_arn=arn, name=session.name, tags=session.tags
    )


def root_of(home: IAMBackend) -> Caller:
    """The root user of an account."""
    arn = f"arn:{home.partition}:iam::{home.account_id}:root"
    return Caller(
        account_id=home.account_id,
        partition=home.partition,
        kind="root",
        arn=arn,
        user_id=home.account_id,
        principal_arn=arn,
        name="root",
    )


def refuse_deleted(access_key_id: str) -> Caller | None:
    """Nobody: of an account with judged principals, keys that IAM lacks are not those of the administrator.

    Raises UnknownKeyError for such a key.
    """
    for backend in identity.existing_backends():
        state = existing_state(backend.account_id, backend.partition)
        if state is not None and state.judged and _is_of_account(access_key_id, backend.account_id):
            raise UnknownKeyError(access_key_id)
    return None


def get_access_key_info(response: TokenResponse) -> ActionResult:
    """GetAccessKeyInfo: the account that a key id holds the number of, whatever became of the key.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    """
    key_id = response._get_param("AccessKeyId")
    homes = [backend.account_id for backend in identity.existing_backends()]
    account = next((account for account in homes if _is_of_account(key_id, account)), None) or _decode(key_id)
    return ActionResult({"Account": account or response.current_account})


def _number(access_key_id: str) -> int | None:
    """Half of the number of the account that a key id holds; None if it holds none."""
    try:
        number = int.from_bytes(base64.b32decode(access_key_id[4:12]), "big") - ACCOUNT_OFFSET
    except binascii.Error:
        return None
    return number if access_key_id[:4] in ("AKIA", "ASIA") and 0 <= number < 5 * 10**11 else None


def _is_of_account(access_key_id: str, account_id: str) -> bool:
    return _number(access_key_id) == int(account_id) // 2


def _decode(access_key_id: str) -> str | None:
    number = _number(access_key_id)
    if number is None:
        return None
    # The letter after the number says whether the number was odd.
    return f"{number * 2 + (access_key_id[12:13] not in 'ABCDEFGHIJKLMNOP'):012d}"


def install() -> None:
    """Add the operations, and say whose the keys are."""
    identity.finders.append(caller_of_session)
    identity.unlisted.append(refuse_deleted)
    operations_of(TokenResponse, _for_owners(get_session_token), _for_owners(get_federation_token), get_access_key_info)
