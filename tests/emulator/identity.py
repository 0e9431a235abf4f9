# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who an access key is.

Keys of users, of assumed roles and of assumed roots are theirs. A key that nobody ever made is the administrator of
the organization's management account: tests need no credentials. A key that was deleted or is inactive is refused, as
AWS does.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.iam.models import AccessKey, IAMBackend, User, iam_backends
from moto.organizations.models import FakeAccount, organizations_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from emulator.wire import Call, Environ

ADMINISTRATOR: t.Final = "emulator-administrator"
_CALLER: t.Final = "emulator.caller"

_Operation: t.TypeAlias = t.Callable[[TokenResponse], ActionResult]


@dataclass(frozen=True)
class Caller:
    """The principal that signed a call. ``principal_arn`` is the user's or, for a session, the role's."""

    account_id: str
    partition: str
    kind: t.Literal["user", "role", "root", "federated", "administrator"]
    arn: str
    user_id: str
    principal_arn: str
    name: str
    tags: t.Mapping[str, str] = field(default_factory=dict)
    mfa: bool = False


class UnknownKeyError(Exception):
    """The key existed and does not any more, is inactive, or belongs to another partition."""


class ExpiredKeyError(UnknownKeyError):
    """The key is of a session that is over."""


#: Extensions that open sessions of other kinds than a role's say here whose a key is, if they made it.
finders: list[t.Callable[[IAMBackend, AccessKey], Caller | None]] = []
#: Extensions that know keys which IAM lacks say here whose a key is, or raise UnknownKeyError.
unlisted: list[t.Callable[[str], Caller | None]] = []


@dataclass(frozen=True)
class Keys:
    """What is known of keys that moto has no place for."""

    administrator_account: str
    mfa_sessions: frozenset[str]


class Directory:
    """Finds the caller of a call in moto's state. Not thread-safe: use it under the server's lock.

    ``status_of`` is the status of a user's key that counts: AWS takes some seconds to notice a change.
    """

    def __init__(self, status_of: t.Callable[[IAMBackend, AccessKey], str] | None = None) -> None:
        self._status_of = status_of or (lambda _home, key: str(key.status))
        self.administrator_account = DEFAULT_ACCOUNT_ID
        self.inactive_keys_work = False
        self._homes: dict[str, IAMBackend] = {}
        self._sessions: dict[str, AssumedRole] = {}
        self._mfa_sessions: set[str] = set()

    def reset(self, administrator_account: str = DEFAULT_ACCOUNT_ID) -> None:
        """Forget every key: the state was replaced. Unknown keys are now administrators of this account."""
        self.administrator_account = administrator_account
        self._homes.clear()
        self._sessions.clear()
        self._mfa_sessions.clear()

    def keys(self) -> Keys:
        """Keep what moto's state does not have."""
        return Keys(self.administrator_account, frozenset(self._mfa_sessions))

    def restore(self, keys: Keys) -> None:
        """Set it back: moto's state was replaced by the one that it belongs to."""
        self.reset(keys.administrator_account)
        self._mfa_sessions.update(keys.mfa_sessions)

    def resolve(self, call: Call) -> Caller:
        """The caller of this call.

        Raises UnknownKeyError for a key that AWS would refuse.
        """
        partition = get_partition(call.region)
        home = self._homes.get(call.access_key_id) or self._find(call.access_key_id)
        if home is None:
            known = (caller for find in unlisted if (caller := find(call.access_key_id)))
            return next(known, None) or self._administrator(partition)
        key = home.access_keys.get(call.access_key_id)
        is_active = key is not None and (self.inactive_keys_work or self._status_of(home, key) == "Active")
        if key is None or not is_active or home.partition != partition:
            raise UnknownKeyError(call.access_key_id)
        if key.user_name is not None:
            return self._user(home, key)
        return next((caller for find in finders if (caller := find(home, key))), None) or self._session(home, key)

    def remember_mfa(self, access_key_id: str) -> None:
        """The session with this key was opened with a one-time code."""
        self._mfa_sessions.add(access_key_id)

    def _find(self, access_key_id: str) -> IAMBackend | None:
        for backend in existing_backends():
            if access_key_id in backend.access_keys:
                self._homes[access_key_id] = backend
                return backend
        return None

    def _administrator(self, partition: str) -> Caller:
        arn = f"arn:{partition}:iam::{self.administrator_account}:user/{ADMINISTRATOR}"
        return Caller(
            account_id=self.administrator_account,
            partition=partition,
            kind="administrator",
            arn=arn,
            user_id="AIDAEMULATORADMINISTR",
            principal_arn=arn,
            name=ADMINISTRATOR,
            mfa=True,
        )

    def _user(self, home: IAMBackend, key: AccessKey) -> Caller:
        user: User | None = home.users.get(key.user_name or "") or home.get_user_from_access_key_id(key.access_key_id)
        if user is None:
            raise UnknownKeyError(key.access_key_id)
        return caller_of_user(home, user)

    def _session(self, home: IAMBackend, key: AccessKey) -> Caller:
        session = self._sessions.get(key.access_key_id)
        if session is None:
            backend = sts_backends[home.account_id][home.partition]
            session = backend.get_assumed_role_from_access_key(key.access_key_id)
            if session is None:
                raise UnknownKeyError(key.access_key_id)
            self._sessions[key.access_key_id] = session
        return Caller(
            account_id=home.account_id,
            partition=home.partition,
            kind="role",
            arn=session.arn,
            user_id=session.user_id,
            principal_arn=session.role_arn,
            name=session.session_name,
            mfa=key.access_key_id in self._mfa_sessions,
        )


def caller_of_user(home: IAMBackend, user: User) -> Caller:
    """A user as a caller."""
    return Caller(
        account_id=home.account_id,
        partition=home.partition,
        kind="user",
        arn=user.arn,
        user_id=user.id,
        principal_arn=user.arn,
        name=user.name,
        tags=_tags(home, user),
    )


def install() -> None:
    """Let GetCallerIdentity answer with the caller that the server found, and as moto does where no server asks."""
    TokenResponse.get_caller_identity = _get_caller_identity(TokenResponse.get_caller_identity)


def announce(environ: Environ, caller: Caller) -> None:
    """Tell moto and the extensions, through the request's environment, whose call this is."""
    environ[_CALLER] = caller
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = caller.account_id


def caller_of(environ: Environ) -> Caller:
    """The caller of the request being served. A moto response class has it in ``self.normalized_request.environ``."""
    return t.cast(Caller, environ[_CALLER])


def existing_backends() -> t.Iterator[IAMBackend]:
    """The IAM backends in use. Indexing moto's dictionaries would make those that are not."""
    for account in list(iam_backends.values()):
        yield from list(account.values())


def existing_backend(account_id: str, partition: str) -> IAMBackend | None:
    """The IAM backend of an account, if it is in use."""
    return dict.get(dict.get(iam_backends, account_id) or {}, partition)


def organization_id(account_id: str) -> str | None:
    """The id of the organization that the account is in."""
    return next((organization for organization, _member in _memberships(account_id)), None)


def is_suspended(account_id: str) -> bool:
    """Whether the account is closed: Organizations lists it for 90 days, and nobody gets in any more."""
    return any(member.status == "SUSPENDED" for _organization, member in _memberships(account_id))


def _memberships(account_id: str) -> t.Iterator[tuple[str, FakeAccount]]:
    """The organizations that the account is in, and the account as each lists it."""
    for account in list(organizations_backends.values()):
        for backend in list(account.values()):
            if backend.org:
                yield from ((str(backend.org.id), member) for member in backend.accounts if member.id == account_id)


def _tags(home: IAMBackend, user: User) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in home.tagger.list_tags_for_resource(user.arn)["Tags"]}


def _get_caller_identity(original: _Operation) -> _Operation:
    def get_caller_identity(response: TokenResponse) -> ActionResult:
        environ = response.normalized_request.environ
        if _CALLER not in environ:
            # moto's decorator, in the process that the emulator runs in.
            return original(response)
        caller = caller_of(environ)
        return ActionResult({"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn})

    return get_caller_identity
