# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What people declare of an incident: which credentials leaked, who says so, and what may be cut."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ..errors import InputError
from .drills import is_drill_id, is_name_of_drill
from .identity_lock import LockSeed, read_lock
from .names import ALLOWED_ID, is_incident_id
from .reader import OPTION
from .reader import Reader as _Reader
from .trust_cut import ALLOWED_PRINCIPAL, ALLOWED_SUBJECT, TrustCut, is_principal, is_subject

#: What is not known of each user of Identity Center, since nothing looks one up.
UNVERIFIED_PERSON: t.Final = (
    "not verified that the Identity Center user {} exists: compare the id with the user in the console, because AWS "
    "takes a policy that denies an id of nobody"
)
#: Is kept in place of a reason that nobody gave. Containment does not wait for one.
NO_REASON: t.Final = "no reason was given"
#: An incident that does not say since when it is looks so far back.
WITHOUT_SINCE: t.Final = timedelta(days=14)
_KEYS: t.Final = (
    *("id", "declared_by", "reason", "confirm", "confirmed_by", "since", "keys", "users", "sessions"),
    *("identity_center_users", "roles", "seen", "accounts", "quarantine_ou", "accept_lost_policies"),
    *("known_keys", "minted_keys", "identity_lock"),
)
_KEY_ID: t.Final = re.compile(r"A(KIA|SIA)[A-Z0-9]{12,124}", re.ASCII)
_SESSION_KEY: t.Final = re.compile(r"ASIA[A-Z0-9]{12,124}", re.ASCII)
_ACCOUNT: t.Final = re.compile(r"[0-9]{12}")
_NAME: t.Final = r"[\w+=,.@/-]{1,576}"
_USER_NAME: t.Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_USER_ARN: t.Final = re.compile(rf"arn:[a-z-]+:iam::[0-9]{{12}}:user/{_NAME}", re.ASCII)
_ROLE_ARN: t.Final = re.compile(rf"arn:[a-z-]+:iam::[0-9]{{12}}:role/{_NAME}", re.ASCII)
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_SESSION: t.Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganizationalUnit.html
_UNIT: t.Final = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|(/[^/]{1,128})+", re.ASCII)
# https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html
_CENTER_USER: t.Final = re.compile(r"([0-9a-f]{10}-)?[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}")


class SessionSort(enum.StrEnum):
    """Where a session comes from."""

    INSTANCE = "instance"
    TASK = "task"
    FUNCTION = "function"
    OIDC = "oidc"
    SAML = "saml"
    OTHER = "other"


@dataclasses.dataclass(frozen=True)
class KeySeed:
    """A leaked access key. ``user`` (a name or an ARN) and ``account_id`` are what people expect, if they said so.

    ``deleted``: people know that it existed, and is deleted.
    """

    id: str
    user: str = ""
    account_id: str = ""
    deleted: bool = False


@dataclasses.dataclass(frozen=True)
class SessionSeed:
    """A session of a role in the wrong hands, by its name, its source identity, or both.

    ``access_key_id`` is the id of its key (``ASIA…``), if people or events say that it is the key of this session.
    """

    role: str
    name: str = ""
    source_identity: str = ""
    sort: SessionSort = SessionSort.OTHER
    access_key_id: str = ""


@dataclasses.dataclass(frozen=True)
class CenterUserSeed:
    """A user of Identity Center. Its id has small letters, as AWS writes them: a condition compares it exactly."""

    user_id: str


class AccountAction(enum.StrEnum):
    """How an account is contained: by a policy of its own, or by the policies of another unit."""

    POLICY = "policy"
    MOVE = "move"


@dataclasses.dataclass(frozen=True)
class AccountSeed:
    """An account that is not trusted any more. ``without_break_glass``: it is contained though nobody gets in then."""

    account_id: str
    action: AccountAction = AccountAction.POLICY
    without_break_glass: bool = False


@dataclasses.dataclass(frozen=True)
class RoleSeed:
    """A role that may be cut from all older sessions, from ``all_sessions``, or from one principal that it trusts.

    ``deleted``: people know that it existed, and is deleted.
    """

    arn: str
    all_sessions: bool = False
    trust: t.Optional[TrustCut] = None
    deleted: bool = False


class MintedKeys(enum.StrEnum):
    """What is done about keys that a credential of the incident may have made for other users.

    ``DEACTIVATE`` waits until CloudTrail proves it, which takes 5 to 15 minutes. ``DEACTIVATE_ALL`` does not: then a
    colleague's key of these minutes stops as well, until somebody activates it again.
    """

    REPORT = "report"
    DEACTIVATE = "deactivate"
    DEACTIVATE_ALL = "deactivate_all"


@dataclasses.dataclass(frozen=True)
class Seen:
    """A session that the credential was seen to open."""

    role: str
    session_name: str = ""
    access_key_id: str = ""
    source_identity: str = ""


@dataclasses.dataclass(frozen=True)
class Incident:
    """A declared incident, checked. ``confirmed_by`` is the second person, or empty.

    ``quarantine_ou`` is the id or the path of the unit that accounts are moved to. ``accept_lost_policies`` names the
    policies whose denials they may lose by that. ``known_keys`` are ids of keys that people have made themselves.
    ``deleted_users`` are those of ``users`` that existed, and are deleted, as people know.
    """

    id: str
    declared_by: str
    reason: str
    keys: tuple[KeySeed, ...] = ()
    users: tuple[str, ...] = ()
    deleted_users: tuple[str, ...] = ()
    sessions: tuple[SessionSeed, ...] = ()
    identity_center_users: tuple[CenterUserSeed, ...] = ()
    roles: tuple[RoleSeed, ...] = ()
    seen: tuple[Seen, ...] = ()
    accounts: tuple[AccountSeed, ...] = ()
    quarantine_ou: str = ""
    accept_lost_policies: tuple[str, ...] = ()
    known_keys: tuple[str, ...] = ()
    minted_keys: MintedKeys = MintedKeys.REPORT
    identity_lock: LockSeed = LockSeed()
    since: t.Optional[datetime] = None
    confirm: str = ""
    confirmed_by: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether the id was typed a second time, without which nothing is contained."""
        return self.confirm == self.id

    def is_declared_deleted(self, identifier: str) -> bool:
        """Whether people say of a key, a user or a role (its id or its ARN) that it existed, and is deleted."""
        keys = (key.id for key in self.keys if key.deleted)
        roles = (role.arn for role in self.roles if role.deleted)
        return identifier in {*keys, *self.deleted_users, *roles}

    def find_since(self, now: datetime) -> datetime:
        """Find the first suspicious moment; without one, a window before now."""
        return self.since or now - WITHOUT_SINCE

    def check_count(self, most: int) -> None:
        """Make sure that it names no more than so many keys, users, sessions, roles and accounts.

        Those in ``seen`` do not count: a hunt found them.

        :raises InputError: it names more.
        """
        people = (user.user_id for user in self.identity_center_users)
        accounts = (account.account_id for account in self.accounts)
        sessions = ((one.role, one.name, one.source_identity) for one in self.sessions)
        roles = (role.arn for role in self.roles)
        named = len({*(key.id for key in self.keys), *self.users, *people, *sessions, *roles, *accounts})
        if named > most:
            raise InputError(
                f"max_principals: the incident names {named} keys, users, sessions, roles and accounts, allowed are "
                f"{most}. Nothing was read or written. Check the list, then set max_principals to that number"
            )

    def list_strangers(self) -> list[str]:
        """List what the incident of a drill must not name, since it is released early. Others have none.

        What a key belongs to is found out later, and checked then.
        """
        if not is_drill_id(self.id):
            return []
        users = (*self.users, *(key.user for key in self.keys if key.user))
        return [
            *(f"account {account.account_id}" for account in self.accounts),
            *(f"account {account_id} of identity_lock" for account_id in self.identity_lock.accounts),
            *(f"Identity Center user {user.user_id}" for user in self.identity_center_users),
            *(role.arn for role in self.roles),
            *(session.role for session in self.sessions),
            *(user for user in users if not is_name_of_drill(user)),
        ]

    @classmethod
    def from_option(cls, value: t.Any, *, now: datetime, is_release: bool = False) -> t.Self:
        """The incident in the option ``incident``.

        :raises InputError: it can't be used. The message has everything that is wrong with it.
        """
        reader = _Reader(value if isinstance(value, Mapping) else {})
        if not isinstance(value, Mapping):
            reader.refuse("", value, f"a mapping with {', '.join(_KEYS)}")
        reader.check_names("", reader.given, _KEYS)
        incident = cls(
            id=reader.read_text("id", is_incident_id, ALLOWED_ID),
            declared_by=reader.read_text("declared_by", bool, "the name of the person who declares the incident"),
            reason=reader.read_text("reason") or NO_REASON,
            keys=reader.read_list("keys", _read_key),
            users=reader.read_list("users", _read_user),
            deleted_users=tuple(_list_deleted_users(reader.given.get("users"))),
            sessions=reader.read_list("sessions", _read_session),
            identity_center_users=reader.read_list("identity_center_users", _read_center_user),
            roles=reader.read_list("roles", _read_role),
            seen=reader.read_list("seen", _read_seen),
            accounts=reader.read_list("accounts", _read_account),
            quarantine_ou=reader.read_optional("quarantine_ou", _UNIT, "an id (ou-…) or a path such as /Quarantine"),
            accept_lost_policies=reader.read_list("accept_lost_policies", _read_policy_name),
            known_keys=reader.read_list("known_keys", _read_known_key),
            minted_keys=_read_choice(reader, "minted_keys", MintedKeys, MintedKeys.REPORT),
            identity_lock=read_lock(reader),
            since=reader.read_since(now, is_release=is_release),
            confirm=reader.read_text("confirm"),
            confirmed_by=reader.read_text("confirmed_by"),
        )
        seeds = tuple(getattr(incident, name) for name in _SEEDS)
        # One that can't be read is a problem of its own.
        is_silent = not reader.problems or not any(map(reader.given.get, _SEEDS))
        if isinstance(value, Mapping) and is_silent and not any(seeds):
            reader.problems.append(f"{OPTION}: it names no credential; give at least one of {', '.join(_SEEDS)}")
        incident._check_accounts(reader)
        if incident.minted_keys is MintedKeys.DEACTIVATE_ALL and incident.since is None:
            reader.refuse("minted_keys", str(incident.minted_keys), "with since only: older keys are not an intruder's")
        if reader.problems:
            raise InputError("\n".join(reader.problems))
        return incident

    def _check_accounts(self, reader: _Reader) -> None:
        """Add the problems that accounts have together."""
        ids = [account.account_id for account in self.accounts]
        twice = sorted({account_id for account_id in ids if ids.count(account_id) > 1})
        if twice:
            reader.problems.append(f"{OPTION}.accounts: {', '.join(twice)} is named twice; give each account once")
        moves = any(account.action is AccountAction.MOVE for account in self.accounts)
        if moves and not self.quarantine_ou:
            reader.refuse("quarantine_ou", self.quarantine_ou, "the unit to which accounts with action move are moved")


_SEEDS: t.Final = ("keys", "users", "sessions", "identity_center_users", "roles", "accounts")


def _as_member(reader: _Reader, item: t.Any, name: str) -> _Reader:
    """The reader of an item that may be a text in place of a mapping with one member."""
    return reader if isinstance(item, Mapping) else _Reader({name: item}, reader.place, reader.problems)


def _read_key(reader: _Reader, item: t.Any) -> KeySeed:
    found = _as_member(reader, item, "id")
    found.check_names("", found.given, ("id", "user", "account_id", "deleted"))

    def is_user(text: str) -> bool:
        return not text or bool(_USER_NAME.fullmatch(text) or _USER_ARN.fullmatch(text))

    return KeySeed(
        found.read_text("id", _KEY_ID.fullmatch, "the whole id of an access key, such as AKIAIOSFODNN7EXAMPLE"),
        found.read_text("user", is_user, "the name or the ARN of a user, without wildcards"),
        found.read_optional("account_id", _ACCOUNT, "12 digits in quotes"),
        _read_switch(found, "deleted", default=False),
    )


def _read_known_key(reader: _Reader, item: t.Any) -> str:
    found = _Reader({"": item}, reader.place, reader.problems)
    return found.read_text("", _KEY_ID.fullmatch, "the whole id of an access key, such as AKIAIOSFODNN7EXAMPLE")


def _read_user(reader: _Reader, item: t.Any) -> str:
    found = _as_member(reader, item, "arn")
    found.check_names("", found.given, ("arn", "deleted"))
    _read_switch(found, "deleted", default=False)
    name = "arn" if isinstance(item, Mapping) else ""
    known = found if name else _Reader({"": item}, reader.place, reader.problems)
    return known.read_text(name, _USER_ARN.fullmatch, "the ARN of a user, without wildcards")


def _list_deleted_users(value: t.Any) -> Iterator[str]:
    """List the users that are declared to be deleted. What is wrong with them is found where they are read."""
    items = value if isinstance(value, (list, tuple)) else ()
    yield from (str(one.get("arn")) for one in items if isinstance(one, Mapping) and one.get("deleted") is True)


def _read_role_arn(reader: _Reader, name: str) -> str:
    return reader.read_text(name, _ROLE_ARN.fullmatch, "the ARN of a role, without wildcards")


def _read_session(reader: _Reader, item: t.Any) -> SessionSeed:
    if not reader.read_mapping(item, ("role", "name", "source_identity", "sort", "access_key_id")):
        return SessionSeed("")
    seed = SessionSeed(
        _read_role_arn(reader, "role"),
        reader.read_optional("name", _SESSION, "the name of a session, without wildcards"),
        reader.read_optional("source_identity", _SESSION, "a source identity, without wildcards"),
        _read_choice(reader, "sort", SessionSort, SessionSort.OTHER),
        reader.read_optional("access_key_id", _SESSION_KEY, "the whole id of the key of the session (ASIA…)"),
    )
    if not seed.name and not seed.source_identity:
        reader.problems.append(f"{reader.place}: give at least one of name and source_identity")
    return seed


def _read_center_user(reader: _Reader, item: t.Any) -> CenterUserSeed:
    if not reader.read_mapping(item, ("user_id",)):
        return CenterUserSeed("")
    user_id = reader.read_text("user_id", _CENTER_USER.fullmatch, "the id of a user in the identity store")
    return CenterUserSeed(user_id.lower())


def _read_account(reader: _Reader, item: t.Any) -> AccountSeed:
    found = _as_member(reader, item, "account_id")
    found.check_names("", found.given, ("account_id", "action", "without_break_glass"))
    return AccountSeed(
        found.read_text("account_id", _ACCOUNT.fullmatch, "12 digits in quotes, without wildcards"),
        _read_choice(found, "action", AccountAction, AccountAction.POLICY),
        _read_switch(found, "without_break_glass", default=False),
    )


def _read_policy_name(reader: _Reader, item: t.Any) -> str:
    return _Reader({"": item}, reader.place, reader.problems).read_text("", bool, "the name of a control policy")


class _Cut(enum.StrEnum):
    OLDER = "older_sessions"
    ALL = "all_sessions"
    TRUST = "trust"


_OF_TRUST: t.Final = ("principal", "subject", "leaves_nobody", "restore")


def _read_role(reader: _Reader, item: t.Any) -> RoleSeed:
    found = _as_member(reader, item, "arn")
    found.check_names("", found.given, ("arn", "cut", "deleted", *_OF_TRUST))
    arn, cut = _read_role_arn(found, "arn"), _read_choice(found, "cut", _Cut, _Cut.OLDER)
    is_deleted = _read_switch(found, "deleted", default=False)
    if cut is _Cut.TRUST:
        return RoleSeed(arn, trust=_read_trust(found), deleted=is_deleted)
    for name in _OF_TRUST:
        if name in found.given:
            found.refuse(name, found.given[name], "nothing, unless cut is trust")
    return RoleSeed(arn, cut is _Cut.ALL, deleted=is_deleted)


def _read_trust(reader: _Reader) -> TrustCut:
    def allows(text: str) -> bool:
        return not text or is_subject(text)

    cut = TrustCut(
        reader.read_text("principal", is_principal, ALLOWED_PRINCIPAL),
        reader.read_text("subject", allows, ALLOWED_SUBJECT),
        _read_switch(reader, "leaves_nobody", default=False),
        _read_switch(reader, "restore", default=True),
    )
    if cut.subject and not cut.host:
        reader.refuse("subject", cut.subject, "nothing, unless principal is an OpenID Connect provider")
    return cut


def _read_switch(reader: _Reader, name: str, *, default: bool) -> bool:
    value = reader.given.get(name, default)
    if not isinstance(value, bool):
        reader.refuse(name, value, "true or false")
    return value if isinstance(value, bool) else default


def _read_seen(reader: _Reader, item: t.Any) -> Seen:
    if not reader.read_mapping(item, ("role", "session_name", "access_key_id", "source_identity")):
        return Seen("")
    return Seen(
        _read_role_arn(reader, "role"),
        reader.read_optional("session_name", _SESSION, "the name of a session"),
        reader.read_optional("access_key_id", _KEY_ID, "the whole id of an access key"),
        reader.read_optional("source_identity", _SESSION, "a source identity"),
    )


_E = t.TypeVar("_E", bound=enum.StrEnum)


def _read_choice(reader: _Reader, name: str, choices: type[_E], default: _E) -> _E:
    allowed = f"one of {', '.join(choices)}"
    text = reader.read_text(name, lambda text: not text or text in set(choices), allowed)
    return choices(text) if text in set(choices) else default
