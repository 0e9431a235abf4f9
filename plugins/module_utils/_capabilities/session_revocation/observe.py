# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What ``session_revocation`` reads: the account, the other accounts of the run, live roles, sign-in sessions.

The account is read after its sources were denied, and always anew: what an intruder has changed meanwhile counts.
"""

from __future__ import annotations

import dataclasses
import functools
import time
import types
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from ..._account import fields
from ..._account.answer import Answer, Unknown, Yes
from ..._account.collect import OPERATIONS as READS
from ..._account.documents import policy_document
from ..._account.model import Dataset, Snapshot
from ..._account.moments import format_moment, parse_moment
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._converge.affects.live import HOLDERS_READS
from ..._converge.arn import principal_of
from ..._converge.change import Change
from ..._converge.identity_changes import SET_TRUST
from ..._converge.incident.declaration import Incident, KeySeed, SessionSeed
from ..._converge.incident.record import By, Record, State
from ..._converge.incident.records import read_record
from ..._converge.journal import read_recorded
from ..._converge.store import Store, StoreError
from ..._converge.user_keys import UPDATE_KEY
from ..._incident.deletions import Deletion, Kind
from ..._module.answers import fail_as_a_call
from ..._module.connection import Connection
from ..._module.managed_policies import LIST_VERSIONS, is_attached, read_inline_document, read_policy
from ..._module.roles import TARGET_READS, read_target
from ..._module.session_keys import OPERATIONS as OF_EVENTS
from ..._module.session_keys import find_bearer
from ..._module.shared_parts import SharedParts
from ..._module.snapshots import add_organization_policies
from .changes import CutWriter, LiveRole
from .cut import name_inline
from .edges import AccountEdges
from .minted.observe import OPERATIONS as OF_MINTED
from .minted.observe import reread_key
from .signin import ACTIVE, GET, LIST, PARTITION, REVOKED, SERVICE, SigninSession

#: Finds the proof that a key, or a user or role by its ARN, was deleted.
Finder = Callable[[Kind, str], Answer[Deletion]]
_DATASETS: t.Final = frozenset({Dataset.ACCOUNT_SUMMARY, Dataset.AUTHORIZATION_DETAILS, Dataset.ORGANIZATION})
_SESSION_KEY: t.Final = "ASIA"
# The seconds between two looks at what other hosts have left.
_PAUSE: t.Final = 0.25
#: So many regions are asked for sign-in sessions at a time.
_WORKERS: t.Final = 16
READ_OPERATIONS: t.Final = TARGET_READS.union(
    Operations(
        reads=HOLDERS_READS
        | {"iam:GetAccessKeyLastUsed", f"iam:{LIST_VERSIONS}", "sts:GetAccessKeyInfo", "ec2:DescribeRegions"}
        | {f"{SERVICE}:{LIST}", f"{SERVICE}:{GET}"}
    ),
    OF_EVENTS,
    Operations(reads=OF_MINTED.reads),
    *(READS[dataset] for dataset in (*_DATASETS, Dataset.ORGANIZATION_POLICIES)),
)


def read_account(connection: Connection) -> Snapshot:
    """Read the account anew, with the control policies on it where a role may read them.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    live = dataclasses.replace(connection, snapshot=connection.snapshot.without_files())
    return add_organization_policies(live, live.collect(_DATASETS))


# Keys


@dataclasses.dataclass(frozen=True)
class Keys:
    """The leaked access keys: the users of this account, the accounts of the others, and what is not known.

    ``sessions`` are those of this account that the keys of sessions are of.
    """

    users: tuple[str, ...] = ()
    sessions: tuple[SessionSeed, ...] = ()
    homes: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()

    def are_known(self, incident: Incident, accounts: Collection[str]) -> bool:
        """Whether it is known of each key who has it: its account was read, or its session is named."""
        named = {one.access_key_id for one in incident.seen} | {seed.access_key_id for seed in incident.sessions}
        sessions = all(key.id in named for key in incident.keys if key.id.startswith(_SESSION_KEY))
        return sessions and not self.unread and self.homes <= set(accounts)


def _find_nothing(_kind: Kind, _identifier: str) -> Answer[Deletion]:
    return Unknown("nobody looked for its deletion")


def read_keys(access: Access, incident: Incident, snapshot: Snapshot, find: Finder = _find_nothing) -> Keys:
    """Find out whose the leaked keys are. Of the key of a session its calls tell, unless the incident does.

    ``find`` finds the proof that a key or a user was deleted. Without one, a key that is not there has no user.
    """
    users: list[str] = []
    sessions: list[SessionSeed] = []
    homes: set[str] = set()
    unread: list[str] = []
    pointed = {seed.access_key_id for seed in incident.sessions} | {one.access_key_id for one in incident.seen}
    for key in incident.keys:
        try:
            account_id = _find_account(access, key)
            homes.add(account_id)
            if account_id == snapshot.account_id and not key.id.startswith(_SESSION_KEY):
                users += _find_user(access, key, snapshot, find)
            elif account_id == snapshot.account_id and key.id not in pointed:
                bearer = find_bearer(access, key.id).bearer
                users += [bearer.arn] if bearer and ":user/" in bearer.arn else []
                sessions += [bearer.seed] if bearer and bearer.seed else []
        except AwsError as error:
            unread.append(f"it is not known whose key …{key.id[-4:]} is: {error}")
    return Keys(tuple(users), tuple(sessions), frozenset(homes), tuple(unread))


@fail_as_a_call()
def _find_account(access: Access, key: KeySeed) -> str:
    return fields.text(access.call("sts", "GetAccessKeyInfo", {"AccessKeyId": key.id}), "Account")


@fail_as_a_call()
def _find_user(access: Access, key: KeySeed, snapshot: Snapshot, find: Finder) -> tuple[str, ...]:
    """Find the user of a key of this account; nobody for one of root, or if another is expected."""
    try:
        answer = access.call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key.id})
    except NotFound:
        return _find_former_user(key, snapshot, find)
    name = fields.optional_text(answer, "UserName") or ""
    made_up = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:user/{name}"
    arn = next((user.arn for user in snapshot.users if user.name == name), made_up)
    is_expected = key.user.lower() in ("", name.lower(), arn.lower()) and key.account_id in ("", snapshot.account_id)
    return (arn,) if name and is_expected else ()


def _find_former_user(key: KeySeed, snapshot: Snapshot, find: Finder) -> tuple[str, ...]:
    """Find the user whose a deleted key was; nobody if nothing proves that there was such a key, and such a user.

    If the user is gone too, the sessions that it opened are not.
    """
    deletion = find(Kind.KEY, key.id)
    if not isinstance(deletion, Yes) or key.account_id not in ("", snapshot.account_id):
        return ()
    name, expected = deletion.value.user, key.user.rpartition("/")[2]
    if not (name or expected) or (name and expected and name.casefold() != expected.casefold()):
        return ()
    made_up = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:user/{name or expected}"
    arn = key.user if key.user.startswith("arn:") else made_up
    if arn.split(":")[4] != snapshot.account_id:
        return ()
    meant = principal_of(arn)
    present = next((user.arn for user in snapshot.users if principal_of(user.arn) == meant), None)
    if present is not None:
        return (present,)
    return (arn,) if name or isinstance(find(Kind.USER, arn), Yes) else ()


# Records, and the parts of other accounts


@dataclasses.dataclass(frozen=True)
class Past:
    """What the records of an incident say: the sources that are contained, and when they were denied last.

    ``cut`` are the roles whose sessions are, and ``seeds`` the credentials for which all are.
    """

    users: tuple[str, ...] = ()
    cut: frozenset[str] = frozenset()
    seeds: frozenset[str] = frozenset()
    denied_at: t.Optional[datetime] = None
    unread: tuple[str, ...] = ()


def read_past(store: Store, incident_id: str, account_ids: Iterable[str]) -> Past:
    """Read the records of some accounts."""
    records: list[Record] = []
    unread: list[str] = []
    for account_id in sorted(set(account_ids)):
        try:
            records += filter(None, [read_record(store, account_id, incident_id)])
        except StoreError as error:
            unread.append(f"it is not known when account {account_id} was contained: {error}")
    sources = (item.arn for record in records for item in record.contained if item.by is By.SOURCE)
    moments = [record.last_source_write for record in records if record.last_source_write]
    seeds = frozenset(seed for record in records for seed in record.seeds)
    lasting = (record for record in records if record.state is not State.RELEASED)
    cut = frozenset(item.arn for record in lasting for item in record.contained if item.by is By.CUT)
    return Past(tuple(dict.fromkeys(sources)), cut, seeds, max(moments, default=None), tuple(unread))


def read_trusts(store: Store, account_id: str, runs: Iterable[str]) -> tuple[tuple[str, t.Any], ...]:
    """Read the trust policies that runs of the incident meant to change, each as it was before, with its role.

    Raises StoreError.
    """
    changes = (intent.change for run in sorted(runs) for intent, _outcome in read_recorded(store, account_id, run))
    return tuple((one.target, (one.before or {}).get("trust")) for one in changes if one.operation == SET_TRUST)


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of the accounts of a run, and when the roles of each were cut in it."""

    accounts: Mapping[str, AccountEdges] = dataclasses.field(default_factory=dict)
    cut_at: Mapping[str, datetime] = dataclasses.field(default_factory=dict)

    @property
    def users(self) -> tuple[str, ...]:
        """The users that other hosts found to be sources."""
        return tuple(arn for one in self.accounts.values() for arn in one.sources if ":user/" in arn)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that other hosts found to be sources: the incident names them, or a leaked key is of a session."""
        return tuple(arn for one in self.accounts.values() for arn in one.sources if ":role/" in arn)


def read_parts(shared: SharedParts, account_ids: Collection[str]) -> Parts:
    """Read what the hosts of the run have left. A part that can't be used is one of an account that was not read."""
    accounts: dict[str, AccountEdges] = {}
    cut_at: dict[str, datetime] = {}
    for account_id in account_ids:
        part = shared.read(account_id)
        if part is None:
            continue
        try:
            accounts[account_id] = AccountEdges.from_document(part["edges"])
            cut_at |= {arn: parse_moment(text) for arn, text in part["cut_at"].items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            accounts.pop(account_id, None)
    return Parts(accounts, cut_at)


def wait_for_parts(shared: SharedParts, account_ids: Collection[str], most: float) -> None:
    """Wait for the hosts that read other accounts at the same time, so many seconds at most."""
    waited = 0.0
    while shared.are_shared and waited < most and any(shared.read(account_id) is None for account_id in account_ids):
        time.sleep(_PAUSE)
        waited += _PAUSE


def leave_part(shared: SharedParts, edges: AccountEdges, cut_at: Mapping[str, datetime]) -> None:
    """Leave the part of an account for the other hosts of the run, and for its own next pass."""
    own = {arn: format_moment(at) for arn, at in cut_at.items() if arn.split(":")[4] == edges.account_id}
    shared.write(edges.account_id, {"edges": edges.as_document(), "cut_at": own})


# Live roles


def read_roles(
    access: Access, arns: Collection[str], snapshot: Snapshot, writer: CutWriter
) -> dict[str, t.Union[LiveRole, str, None]]:
    """Read the targets live: None for one that is gone, and the reason for one that can't be read."""
    known = {policy.arn for policy in snapshot.policies}
    is_read = snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is None
    reads = {arn: functools.partial(read_live_role, access, arn, writer, known if is_read else None) for arn in arns}
    found = access.gather(reads)
    return {arn: str(role) if isinstance(role, AwsError) else role for arn, role in found.items()}


@fail_as_a_call()
def read_live_role(
    access: Access, arn: str, writer: CutWriter, policies: t.Optional[Collection[str]] = None
) -> t.Optional[LiveRole]:
    """Read a role with the policy of the incident; None if there is no role of this name.

    ``policies`` are the ARNs of the managed policies of the account, None if they are not known.
    """
    try:
        record = fields.structure(access.call("iam", "GetRole", {"RoleName": arn.rpartition("/")[2]}), "Role")
    except NotFound:
        return None
    live, role_id = fields.text(record, "Arn"), fields.text(record, "RoleId")
    name = writer.name_policy(role_id)
    managed = read_policy(access, name) if policies is None or name in policies else None
    return LiveRole(
        live,
        role_id,
        fields.number(record, "MaxSessionDuration") if "MaxSessionDuration" in record else 3_600,
        read_inline_document(access, live, name_inline(writer.incident_id)),
        managed,
        managed is not None and is_attached(access, live, name),
        policy_document("AssumeRolePolicyDocument", record.get("AssumeRolePolicyDocument")).document,
    )


def reread(access: Access, change: Change, role_ids: Mapping[str, str] = types.MappingProxyType({})) -> t.Any:
    """Read the target of a change of this module, in the shape of its ``before`` and ``after``.

    ``role_ids`` has the unique ids of roles by ARN. A role that was made again under the same name is another one, and
    is as no change expects it.
    """
    if change.operation == UPDATE_KEY:
        return reread_key(access, change)
    if change.service == SERVICE:
        sessions = (change.before or {}).get("sessions", ())
        return {"sessions": {arn: _read_status(access, arn, change) for arn in sessions}}
    found, expected = read_target(access, change), role_ids.get(change.target)
    if expected is None or not isinstance(found, Mapping):
        return found
    role_id = _read_role_id(access, change.target)
    return found if role_id == expected else {**found, "unique_id": role_id}


def _read_role_id(access: Access, arn: str) -> str:
    try:
        answer = access.call("iam", "GetRole", {"RoleName": arn.rpartition("/")[2]})
    except NotFound:
        return ""
    return fields.text(fields.structure(answer, "Role"), "RoleId")


# Sign-in sessions


def read_signin(access: Access, account_id: str) -> tuple[tuple[SigninSession, ...], dict[str, str]]:
    """Read the active sessions of ``aws login`` of everybody, and why a region is not known."""
    if access.partition != PARTITION:
        return (), {"all": f"Sign-In lists no sessions in the partition {access.partition}"}
    reach = access.reach()
    others = f"it is not known which regions the account has enabled: {reach.unread}"
    unread = {"others": others} if reach.unread else {}
    calls = {region: functools.partial(_list_sessions, access, account_id, region) for region in reach.regions}
    found: list[SigninSession] = []
    for region, sessions in access.gather(calls, workers=_WORKERS).items():
        if isinstance(sessions, AwsError):
            unread[region] = str(sessions)
        else:
            found += sessions
    return tuple(found), unread


def _list_sessions(access: Access, account_id: str, region: str) -> list[SigninSession]:
    # All of them, whenever they began: an intruder may have taken over an old one.
    asked = {"principalArn": f"arn:{access.partition}:iam::{account_id}:*", "status": ACTIVE}
    items = access.items(SERVICE, LIST, "items", asked, region=region)
    return [SigninSession.from_answer(item, region) for item in items]


def add_details(access: Access, sessions: Collection[SigninSession]) -> tuple[SigninSession, ...]:
    """Add when each session was used last, and what its client says of itself; a list does not have that."""
    calls = {one: functools.partial(_read_session, access, one) for one in sessions}
    found = access.gather(calls)
    return tuple(one if isinstance(session, AwsError) else session for one, session in found.items())


def _read_session(access: Access, session: SigninSession) -> SigninSession:
    asked = {"sessionArn": session.arn, "principalArn": session.principal_arn}
    return SigninSession.from_answer(access.call(SERVICE, GET, asked, region=session.region), session.region)


def _read_status(access: Access, arn: str, change: Change) -> str:
    """The status of a session; one that is gone is over."""
    asked = {"sessionArn": arn, "principalArn": f"arn:{access.partition}:iam::{change.account_id}:*"}
    try:
        answer = access.call(SERVICE, GET, asked, region=change.region)
    except NotFound:
        return REVOKED
    return str(answer.get("status") or ACTIVE)
