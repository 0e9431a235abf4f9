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
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc, parse_moment
from ..errors import InputError
from .drills import is_drill_id, is_name_of_drill
from .names import ALLOWED_ID, is_incident_id

#: The variable that users set, for messages.
OPTION: t.Final = "hardening_incident"
#: What is not known of each user of Identity Center, since nothing looks one up.
UNVERIFIED_PERSON: t.Final = (
    "not verified that the Identity Center user {} exists: compare the id with the user in the console, because AWS "
    "takes a policy that denies an id of nobody"
)
_SHORTEST_REASON: t.Final = 10
_LONGEST_AGO: t.Final = timedelta(days=90)
#: An incident that does not say since when it is looks so far back.
WITHOUT_SINCE: t.Final = timedelta(days=14)
_KEYS: t.Final = (
    *("id", "declared_by", "reason", "confirm", "confirmed_by", "since", "keys", "users", "sessions"),
    *("identity_center_users", "roles", "seen", "accounts", "quarantine_ou", "accept_lost_policies"),
    *("known_keys", "minted_keys"),
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
# A survey sends a list as one text. A name may have a comma, so only one before the next id or ARN ends an item.
_BETWEEN_ITEMS: t.Final = re.compile(r"[\s;]+|,(?=\s|$|arn:|A[KS]IA)")
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganizationalUnit.html
_UNIT: t.Final = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|(/[^/]{1,128})+", re.ASCII)
# https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html
_CENTER_USER: t.Final = re.compile(r"([0-9a-f]{10}-)?[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}")

_T = t.TypeVar("_T")


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
    """A leaked access key. ``user`` (a name or an ARN) and ``account_id`` are what people expect, if they said so."""

    id: str
    user: str = ""
    account_id: str = ""


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
    """A role that may be cut from all older sessions, or from ``all_sessions``."""

    arn: str
    all_sessions: bool = False


class MintedKeys(enum.StrEnum):
    """What is done about keys that a credential of the incident made for other users, as CloudTrail proves."""

    REPORT = "report"
    DEACTIVATE = "deactivate"


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
    """

    id: str
    declared_by: str
    reason: str
    keys: tuple[KeySeed, ...] = ()
    users: tuple[str, ...] = ()
    sessions: tuple[SessionSeed, ...] = ()
    identity_center_users: tuple[CenterUserSeed, ...] = ()
    roles: tuple[RoleSeed, ...] = ()
    seen: tuple[Seen, ...] = ()
    accounts: tuple[AccountSeed, ...] = ()
    quarantine_ou: str = ""
    accept_lost_policies: tuple[str, ...] = ()
    known_keys: tuple[str, ...] = ()
    minted_keys: MintedKeys = MintedKeys.REPORT
    since: t.Optional[datetime] = None
    confirm: str = ""
    confirmed_by: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether the id was typed a second time, without which nothing is contained."""
        return self.confirm == self.id

    def find_since(self, now: datetime) -> datetime:
        """Find the first suspicious moment; without one, a window before now."""
        return self.since or now - WITHOUT_SINCE

    def check_count(self, most: int) -> None:
        """Make sure that it names no more than so many keys, users and accounts.

        :raises InputError: it names more.
        """
        people = (user.user_id for user in self.identity_center_users)
        accounts = (account.account_id for account in self.accounts)
        named = len({*(key.id for key in self.keys), *self.users, *people, *accounts})
        if named > most:
            raise InputError(
                f"max_principals: the incident names {named} keys, users and accounts, allowed are {most}. Nothing was "
                "read or written. Check the list, then set max_principals to that number"
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
            *(f"Identity Center user {user.user_id}" for user in self.identity_center_users),
            *(role.arn for role in self.roles),
            *(session.role for session in self.sessions),
            *(user for user in users if not is_name_of_drill(user)),
        ]

    @classmethod
    def from_option(cls, value: t.Any, *, now: datetime) -> t.Self:
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
            reason=reader.read_text(
                "reason", lambda text: len(text) >= _SHORTEST_REASON, f"a text of {_SHORTEST_REASON} characters or more"
            ),
            keys=reader.read_list("keys", _read_key),
            users=reader.read_list("users", _read_user),
            sessions=reader.read_list("sessions", _read_session),
            identity_center_users=reader.read_list("identity_center_users", _read_center_user),
            roles=reader.read_list("roles", _read_role),
            seen=reader.read_list("seen", _read_seen),
            accounts=reader.read_list("accounts", _read_account),
            quarantine_ou=reader.read_optional("quarantine_ou", _UNIT, "an id (ou-…) or a path such as /Quarantine"),
            accept_lost_policies=reader.read_list("accept_lost_policies", _read_policy_name),
            known_keys=reader.read_list("known_keys", _read_known_key),
            minted_keys=_read_choice(reader, "minted_keys", MintedKeys, MintedKeys.REPORT),
            since=reader.read_since(now),
            confirm=reader.read_text("confirm"),
            confirmed_by=reader.read_text("confirmed_by"),
        )
        seeds = tuple(getattr(incident, name) for name in _SEEDS)
        # One that can't be read is a problem of its own.
        is_silent = not reader.problems or not any(map(reader.given.get, _SEEDS))
        if isinstance(value, Mapping) and is_silent and not any(seeds):
            reader.problems.append(f"{OPTION}: it names no credential; give at least one of {', '.join(_SEEDS)}")
        if incident.confirmed_by and incident.confirmed_by.casefold() == incident.declared_by.casefold():
            reader.refuse("confirmed_by", incident.confirmed_by, "another person than declared_by")
        incident._check_accounts(reader)
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


def split_items(value: t.Any) -> t.Any:
    """Split a list that is one text: ids or ARNs, separated by commas or white space. All else stays as it is."""
    return [part for part in _BETWEEN_ITEMS.split(value) if part] if isinstance(value, str) else value


class _Reader:
    """Reads a mapping that people wrote, and collects what is wrong with it. ``place`` is the mapping, for messages."""

    def __init__(
        self, given: Mapping[t.Any, t.Any], place: str = OPTION, problems: t.Optional[list[str]] = None
    ) -> None:
        self.given = given
        self.place = place
        self.problems: list[str] = [] if problems is None else problems

    def refuse(self, name: str, value: t.Any, allowed: str) -> None:
        """Add a problem."""
        self.problems.append(f"{self._name(name)}: {value!r} is not allowed; allowed is {allowed}")

    def check_names(self, name: str, given: Mapping[t.Any, t.Any], names: tuple[str, ...]) -> None:
        """Refuse members that have no meaning."""
        unknown = sorted(str(key) for key in given if key not in names)
        if unknown:
            self.problems.append(f"{self._name(name)}: {', '.join(unknown)} is unknown; known are {', '.join(names)}")

    def read_text(
        self, name: str, is_allowed: t.Optional[Callable[[str], t.Any]] = None, allowed: str = "a text"
    ) -> str:
        """Read a text on one line, without characters that could forge what a terminal shows. Empty if it is missing.

        With ``is_allowed`` the text is required to pass.
        """
        value = self.given.get(name)
        # An account id without quotes is a number in YAML. Zeros at its beginning are gone then.
        if type(value) is int:
            value = f"{value:012d}" if name == "account_id" else str(value)
        if value is not None and not isinstance(value, str):
            self.refuse(name, value, allowed)
            return ""
        text = _clean(value or "")
        if is_allowed is not None and not is_allowed(text):
            self.refuse(name, value, allowed)
        return text

    def read_optional(self, name: str, pattern: re.Pattern[str], allowed: str) -> str:
        """Read a text that may be missing, or must match."""
        return self.read_text(name, lambda text: not text or pattern.fullmatch(text), allowed)

    def read_list(self, name: str, read: Callable[[_Reader, t.Any], _T]) -> tuple[_T, ...]:
        """Read each item of a list. An item that is no mapping is read as one of its own name and ``id`` or ``arn``.

        A text is a list too: ids or ARNs, separated by commas or white space.
        """
        value = split_items(self.given.get(name))
        if value is None:
            return ()
        if not isinstance(value, (list, tuple)):
            self.refuse(name, value, "a list")
            return ()
        found = []
        for number, item in enumerate(value):
            place = f"{self._name(name)}[{number}]"
            reader = _Reader(item if isinstance(item, Mapping) else {}, place, self.problems)
            found.append(read(reader, item))
        return tuple(dict.fromkeys(found))

    def read_since(self, now: datetime) -> t.Optional[datetime]:
        """Read the first suspicious moment."""
        value = self.given.get("since")
        if value is None or value == "":
            return None
        earliest = now - _LONGEST_AGO
        allowed = f"a moment such as {format_utc(now)}, from {format_utc(earliest)} on and not in the future"
        try:
            moment = parse_moment(value.isoformat() if isinstance(value, datetime) else str(value))
        except ValueError:
            self.refuse("since", value, allowed)
            return None
        if not earliest <= moment <= now:
            self.refuse("since", value, allowed)
        return moment

    def read_mapping(self, item: t.Any, names: tuple[str, ...]) -> bool:
        """Whether an item is a mapping; one with unknown members, or none, is a problem."""
        if isinstance(item, Mapping):
            self.check_names("", item, names)
            return True
        self.refuse("", item, f"a mapping with {', '.join(names)}")
        return False

    def _name(self, name: str) -> str:
        return f"{self.place}.{name}" if name else self.place


def _clean(text: str) -> str:
    flat = " ".join(text.split())
    return "".join(character for character in flat if unicodedata.category(character)[0] != "C")


def _as_member(reader: _Reader, item: t.Any, name: str) -> _Reader:
    """The reader of an item that may be a text in place of a mapping with one member."""
    return reader if isinstance(item, Mapping) else _Reader({name: item}, reader.place, reader.problems)


def _read_key(reader: _Reader, item: t.Any) -> KeySeed:
    found = _as_member(reader, item, "id")
    found.check_names("", found.given, ("id", "user", "account_id"))

    def is_user(text: str) -> bool:
        return not text or bool(_USER_NAME.fullmatch(text) or _USER_ARN.fullmatch(text))

    return KeySeed(
        found.read_text("id", _KEY_ID.fullmatch, "the whole id of an access key, such as AKIAIOSFODNN7EXAMPLE"),
        found.read_text("user", is_user, "the name or the ARN of a user, without wildcards"),
        found.read_optional("account_id", _ACCOUNT, "12 digits in quotes"),
    )


def _read_known_key(reader: _Reader, item: t.Any) -> str:
    found = _Reader({"": item}, reader.place, reader.problems)
    return found.read_text("", _KEY_ID.fullmatch, "the whole id of an access key, such as AKIAIOSFODNN7EXAMPLE")


def _read_user(reader: _Reader, item: t.Any) -> str:
    found = _Reader({"": item}, reader.place, reader.problems)
    return found.read_text("", _USER_ARN.fullmatch, "the ARN of a user, without wildcards")


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
    without = found.given.get("without_break_glass", False)
    if not isinstance(without, bool):
        found.refuse("without_break_glass", without, "true or false")
    return AccountSeed(
        found.read_text("account_id", _ACCOUNT.fullmatch, "12 digits in quotes, without wildcards"),
        _read_choice(found, "action", AccountAction, AccountAction.POLICY),
        without is True,
    )


def _read_policy_name(reader: _Reader, item: t.Any) -> str:
    return _Reader({"": item}, reader.place, reader.problems).read_text("", bool, "the name of a control policy")


class _Cut(enum.StrEnum):
    OLDER = "older_sessions"
    ALL = "all_sessions"


def _read_role(reader: _Reader, item: t.Any) -> RoleSeed:
    found = _as_member(reader, item, "arn")
    found.check_names("", found.given, ("arn", "cut"))
    return RoleSeed(_read_role_arn(found, "arn"), _read_choice(found, "cut", _Cut, _Cut.OLDER) is _Cut.ALL)


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
