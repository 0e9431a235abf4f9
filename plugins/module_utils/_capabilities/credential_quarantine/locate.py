# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whose a leaked credential is: decided from a few answers of AWS, by each account of the run for itself.

An access key lives in one account. Its id tells which: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence

from ..._account.answer import Answer, Unknown, Yes
from ..._converge.arn import principal_of
from ..._converge.incident.declaration import CenterUserSeed, Incident, KeySeed, SessionSeed
from ..._incident.deletions import Deletion
from ..._incident.near_names import find_near

_LONG_TERM: t.Final = "AKIA"
#: What people do about a key of root that the account itself can't delete.
ROOT_OF_MEMBER: t.Final = (
    "run with the management account's host, group organization_management, and accept_irreversible root_access_key"
)
#: No call of AWS reaches root of the management account.
_ROOT_OF_MANAGEMENT: t.Final = "a person signs in as root"

_NOT_LOOKED_FOR: t.Final = Unknown("nobody looked for its deletion")


class Status(enum.StrEnum):
    """Where a seed is, as one account sees it."""

    HOME = "home"
    NOT_HERE = "not_here"
    FOREIGN = "foreign"
    DELETED = "deleted"
    ROOT = "root"
    SESSION = "session"
    UNRESOLVED = "unresolved"
    MISMATCH = "mismatch"
    ORGANIZATION = "organization"


@dataclasses.dataclass(frozen=True)
class Seed:
    """Where a credential of the incident is. ``id`` is a key's id, or an ARN; ``user`` the name of its user.

    ``near`` are the names that people may have meant by one that is not found.
    """

    id: str
    kind: str
    status: Status
    account_id: str = ""
    user: str = ""
    detail: str = ""
    next_step: str = ""
    near: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """The seed in a result."""
        return {**dataclasses.asdict(self), "status": self.status.value, "near": list(self.near)}


@dataclasses.dataclass(frozen=True)
class Place:
    """The account that looks, and the accounts of the run."""

    account_id: str
    inventory: frozenset[str] = frozenset()
    acts_for_organization: bool = False

    def place(self, account_id: str) -> Status:
        """Whether something of another account is that of a host of this run, or of nobody here."""
        if account_id == self.account_id:
            return Status.HOME
        return Status.NOT_HERE if account_id in self.inventory else Status.FOREIGN

    @property
    def step_of_root(self) -> str:
        """What people do about a credential of root of this very account."""
        return _ROOT_OF_MANAGEMENT if self.acts_for_organization else ROOT_OF_MEMBER


@dataclasses.dataclass(frozen=True)
class Answers:
    """What AWS says of one key. What was not asked, or not answered, is None; ``problem`` says why.

    ``user`` is empty if IAM knows the key, but names nobody. ``root_keys`` is the number of keys of the root user here,
    ``of_root`` whether root of a member account has this very key. ``deletion`` is the proof that a key was deleted
    that IAM does not know, and ``named_user`` the user whose it was, unless there is no such user any more.
    ``bearer`` says whose the key of a session is, by its events.
    """

    account_id: t.Optional[str] = None
    user: t.Optional[str] = None
    is_unknown: bool = False
    root_keys: t.Optional[int] = None
    of_root: t.Optional[bool] = None
    named_user: str = ""
    bearer: str = ""
    problem: str = ""
    deletion: Answer[Deletion] = _NOT_LOOKED_FOR


def is_long_term(key_id: str) -> bool:
    """Whether a key id is that of a user or of root, in place of a session."""
    return key_id.startswith(_LONG_TERM)


def names_session(incident: Incident, key_id: str) -> bool:
    """Whether an incident says which session a key is of, so that it is cut with its role.

    Another session of the same account says nothing of this key.
    """
    pointed = (*(seed.access_key_id for seed in incident.sessions), *(one.access_key_id for one in incident.seen))
    return key_id in pointed


def locate_key(seed: KeySeed, answers: Answers, place: Place, *, has_session: bool = False) -> Seed:
    """Decide where a key is. ``has_session`` says of the key of a session that the incident names its session."""

    def make(status: Status, detail: str, next_step: str = "", user: str = "") -> Seed:
        account = answers.account_id or (place.account_id if status is Status.HOME else "")
        return Seed(seed.id, "access_key", status, account, user, detail, next_step)

    account = answers.account_id
    expected = seed.account_id or (seed.user.split(":")[4] if seed.user.startswith("arn:") else "")
    if account and expected and expected != account:
        return make(
            Status.MISMATCH,
            f"the key belongs to account {account}, and the incident names {expected}",
            "check the id of the key: a slip of the finger names the key of somebody else",
        )
    if account and account != place.account_id:
        return _locate_elsewhere(account, answers, place, make, is_session=not is_long_term(seed.id))
    if not is_long_term(seed.id):
        return _locate_session(seed, answers, place, make, has_session=has_session)
    return _locate_here(seed, answers, place, make)


Make = t.Callable[..., Seed]


def _locate_elsewhere(account: str, answers: Answers, place: Place, make: Make, *, is_session: bool) -> Seed:
    if place.place(account) is Status.FOREIGN:
        return make(
            Status.FOREIGN,
            f"the key belongs to account {account}, which is not in the inventory",
            f"tell the owner of account {account}, or AWS; here nothing can be done",
        )
    if answers.of_root:
        return make(Status.ROOT, f"a key of the root user of account {account}")
    if answers.of_root is None and place.acts_for_organization and not is_session:
        return make(
            Status.UNRESOLVED,
            f"the key belongs to account {account}; whether it is one of its root user is not known: {answers.problem}",
            "let the role of the containment assume root of members, and run again",
        )
    return make(Status.NOT_HERE, f"the key belongs to account {account}, which this run contains as well")


def _locate_session(seed: KeySeed, answers: Answers, place: Place, make: Make, *, has_session: bool) -> Seed:
    """The key of a session: of one that the incident or its events name, of a user by a token, or of nobody known."""
    if has_session:
        return make(Status.SESSION, "the key of a session; session_revocation ends sessions")
    if answers.user:
        found = _locate_here(seed, answers, place, make)
        is_same = found.status is Status.HOME
        return dataclasses.replace(found, detail=f"{answers.bearer}, as its calls show") if is_same else found
    if answers.user == "":
        return make(Status.ROOT, f"{answers.bearer}, as its calls show", place.step_of_root)
    if answers.bearer:
        return make(Status.SESSION, f"{answers.bearer}, as its calls show; session_revocation ends sessions")
    return make(
        Status.UNRESOLVED,
        f"the key of a session, and it is not known of which one: {answers.problem or 'the incident does not say it'}",
        "events are 5 to 15 minutes late, so run again; or name its session in incident.sessions, with role, name and "
        "this key as access_key_id; if it is a token of a user, name the user in incident.users",
    )


def _locate_here(seed: KeySeed, answers: Answers, place: Place, make: Make) -> Seed:
    if answers.user:
        expected = seed.user.rpartition("/")[2]
        if expected and expected.casefold() != answers.user.casefold():
            return make(
                Status.MISMATCH,
                f"the key belongs to the user {answers.user}, and the incident names {seed.user}",
                "check the id of the key: a slip of the finger names the key of somebody else",
                user=answers.user,
            )
        return make(Status.HOME, f"a key of the user {answers.user}", user=answers.user)
    if answers.user is None and isinstance(answers.deletion, Yes):
        return _locate_deleted(seed, answers.deletion.value, answers, make)
    if answers.user == "" or (answers.is_unknown and answers.root_keys):
        return make(
            Status.ROOT,
            "a key of the root user" if answers.user == "" else "a key of the root user, or one that does not exist",
            place.step_of_root,
        )
    if answers.is_unknown and answers.root_keys == 0:
        return make(
            Status.UNRESOLVED,
            f"IAM knows no such key, and nothing proves that it was deleted: {_explain_missing(answers.deletion)}",
            f"check each character of the id; {_DECLARE}",
        )
    return make(
        Status.UNRESOLVED,
        f"it is not known whose the key is: {answers.problem}",
        "let the role of the containment make these calls, and run again",
    )


#: What people do if they know that something was deleted, and no event shows it.
_DECLARE: t.Final = "if you know that it was deleted, give it deleted: true in the incident"


def _explain_missing(deletion: Answer[Deletion]) -> str:
    return deletion.reason if isinstance(deletion, Unknown) else "no event shows it"


def _locate_deleted(seed: KeySeed, deletion: Deletion, answers: Answers, make: Make) -> Seed:
    """A deleted key does nothing, but tokens and sessions that it opened live on, and its user may have others."""
    expected = seed.user.rpartition("/")[2]
    if expected and deletion.user and expected.casefold() != deletion.user.casefold():
        return make(
            Status.MISMATCH,
            f"the key was one of the user {deletion.user}, and the incident names {seed.user}",
            "check the id of the key: a slip of the finger names the key of somebody else",
            user=deletion.user,
        )
    if answers.named_user:
        detail = f"the key is deleted ({deletion.how}); it was one of the user {answers.named_user}"
        return make(Status.HOME, detail, user=answers.named_user)
    return make(
        Status.DELETED,
        f"the key is deleted ({deletion.how}), so it does nothing any more",
        "sessions that it opened may live: name its user in incident.users",
    )


def locate_user(
    arn: str,
    present: t.Optional[str],
    problem: str,
    place: Place,
    deletion: Answer[Deletion] = _NOT_LOOKED_FOR,
) -> Seed:
    """Decide where a user is whose console password leaked. ``present`` is the ARN that IAM gives for the name.

    ``deletion`` is the proof that a user that is not there was deleted.
    """
    account, name = arn.split(":")[4], arn.rpartition("/")[2]

    def make(status: Status, detail: str, next_step: str = "", near: tuple[str, ...] = ()) -> Seed:
        return Seed(arn, "console_password", status, account, name, detail, next_step, near)

    status = place.place(account)
    if status is Status.FOREIGN:
        near = tuple(arn.replace(account, one) for one in find_near(account, place.inventory))
        return make(status, f"a user of account {account}, which is not in the inventory", "check the account", near)
    if status is not Status.HOME:
        return make(status, f"a user of account {account}")
    if present is not None and present != arn:
        detail = f"the user with this name is {present}; case and path count in an ARN"
        return make(Status.MISMATCH, detail, "check the ARN of the user", (present,))
    if present is not None:
        return make(Status.HOME, f"the user {name}")
    if problem:
        return make(Status.UNRESOLVED, f"the user can't be read: {problem}")
    if isinstance(deletion, Yes):
        return make(Status.DELETED, f"the user is deleted ({deletion.value.how})")
    detail = f"there is no such user, and nothing proves that it was deleted: {_explain_missing(deletion)}"
    return make(Status.UNRESOLVED, detail, f"check the ARN of the user; {_DECLARE}")


def locate_sessions(sessions: Collection[SessionSeed], roles: Collection[str], place: Place) -> tuple[Seed, ...]:
    """List the sessions and roles of the incident. Another module cuts them, so nothing is written for them here."""
    named = [(seed.role, seed.name or seed.source_identity) for seed in sessions]
    found = []
    for role, name in (*named, *((role, "") for role in roles)):
        principal = principal_of(role)
        account = principal.account_id if principal else ""
        status = place.place(account)
        detail = f"the session {name}" if name else "sessions of the role"
        found.append(
            Seed(
                role,
                "session" if name else "role",
                Status.SESSION if status is Status.HOME else status,
                account,
                detail=f"{detail}; session_revocation ends sessions",
            )
        )
    return tuple(found)


def locate_center_users(users: Iterable[CenterUserSeed]) -> tuple[Seed, ...]:
    """List the users of Identity Center. They are in no account: only a policy of the organization denies them."""
    detail = "a user of Identity Center; organization_containment denies it in the member accounts"
    return tuple(Seed(user.user_id, "identity_center_user", Status.ORGANIZATION, detail=detail) for user in users)


#: The kind of a seed that only the record of the incident names.
OF_RECORD: t.Final = "user"


def add_contained(seeds: Sequence[Seed], arns: Iterable[str], account_id: str) -> tuple[Seed, ...]:
    """Add the users of this account that an earlier pass of the incident contained.

    An intruder may have deleted the leaked key since, and made another one.
    """
    known = {seed.user.casefold() for seed in seeds if seed.status is Status.HOME}
    found = list(seeds)
    for arn in arns:
        name = arn.rpartition("/")[2]
        if ":user/" in arn and arn.split(":")[4] == account_id and name.casefold() not in known:
            known.add(name.casefold())
            detail = f"the user {name}, which an earlier pass contained"
            found.append(Seed(arn, OF_RECORD, Status.HOME, account_id, name, detail))
    return tuple(found)


def check_contained(
    seeds: Iterable[Seed], recorded: Mapping[str, Collection[str]], live: Mapping[str, t.Optional[str]]
) -> tuple[Seed, ...]:
    """Keep of the users that only the record names those that are still the same, by their unique id.

    Others than a run may write to a record, and a name may be that of another user by now. ``recorded`` are the unique
    ids by ARN. ``live`` has those of IAM by name: None for a user that is gone, none at all for one that can't be read.
    """
    return tuple(_check_same(seed, recorded, live) if seed.kind == OF_RECORD else seed for seed in seeds)


def _check_same(seed: Seed, recorded: Mapping[str, Collection[str]], live: Mapping[str, t.Optional[str]]) -> Seed:
    present = live.get(seed.user, "")
    if present is None:
        gone = f"the user {seed.user}, which an earlier pass contained, is deleted"
        return dataclasses.replace(seed, status=Status.DELETED, detail=gone)
    if seed.user not in live or present in recorded.get(seed.id, ()):
        return seed
    return dataclasses.replace(
        seed,
        status=Status.MISMATCH,
        detail=f"the user {seed.user} has another unique id than the one that the record of the incident names",
        next_step="find out who made it, and who wrote the record; to contain it, name it in incident.users",
    )
