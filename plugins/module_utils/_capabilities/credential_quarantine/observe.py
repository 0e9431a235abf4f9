# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads: whose each seed is, and about a dozen of each user, all side by side.

Nothing reads the whole account. A containment cuts first.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime

from ..._account.answer import NO, Unknown, Yes
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.fence import ASSUME_ROOT, AUDIT_TASK, REMOVAL_TASK
from ..._aws.operations import Operations
from ..._aws.root_sessions import RootSessions
from ..._converge.change import Change
from ..._converge.identity_changes import IdentityWriter
from ..._converge.incident.declaration import Incident, KeySeed
from ..._incident.deletions import Kind as Deleted
from ..._incident.observe import OPERATIONS as OF_NAMES
from ..._incident.observe import Proofs
from ..._module.managed_policies import (
    is_attached,
    read_default_document,
    read_inline_document,
    read_policy,
    reread_version,
    split_holder,
)
from ..._module.roles import read_target
from ..._module.session_keys import OPERATIONS as OF_EVENTS
from ..._module.session_keys import describe_bearer, find_bearer
from .changes import DENY_POLICY, denies_everything, is_of_root
from .locate import (
    Answers,
    Place,
    Seed,
    is_long_term,
    locate_center_users,
    locate_key,
    locate_sessions,
    locate_user,
    names_session,
)
from .names.observe import ask_deletion
from .states import CALLS_OF, Calls, Credential, DenyPolicy, Device, Kind, RootState, Use, UserState

_LAST_USED: t.Final = "GetAccessKeyLastUsed"
_LOGIN: t.Final = "GetLoginProfile"
#: The reads of a containment as the role of the run.
READS: t.Final = frozenset(
    {
        "sts:GetAccessKeyInfo",
        *(f"iam:{calls.read}" for calls in CALLS_OF.values()),
        *(f"iam:{name}" for name in (_LAST_USED, _LOGIN, "GetUser", "ListMFADevices", "GetAccountSummary")),
        *(f"iam:{name}" for name in ("ListAttachedUserPolicies", "ListUserPolicies", "GetUserPolicy")),
        *(f"iam:{name}" for name in ("ListGroupsForUser", "ListUserTags", "GetPolicy", "GetPolicyVersion")),
        *OF_EVENTS.reads,
        *OF_NAMES.reads,
        # A release also takes back what was cut of roles.
        *(f"iam:{name}" for name in ("ListAttachedRolePolicies", "GetRolePolicy", "GetRole", "ListPolicyVersions")),
    }
)
_OF_ROOT: t.Final = Operations(
    reads=frozenset(
        f"iam:{name}" for name in (_LAST_USED, _LOGIN, "ListAccessKeys", "ListMFADevices", "ListSigningCertificates")
    )
)
_REMOVALS: t.Final = Operations(
    writes=frozenset(f"iam:{name}" for name in ("DeleteAccessKey", "DeleteLoginProfile", "DeleteSigningCertificate"))
)
#: The calls of sessions as root of a member account, by their tasks.
TASKS: t.Final = {AUDIT_TASK: _OF_ROOT, REMOVAL_TASK: _REMOVALS}
ROOT_WRITES: t.Final = frozenset({ASSUME_ROOT})


def read_seeds(
    access: Access,
    opened: RootSessions,
    incident: Incident,
    place: Place,
    proofs: t.Optional[Proofs] = None,
) -> tuple[Seed, ...]:
    """Find out where each seed of the incident is. ``proofs`` are those that a seed that is not there was deleted."""
    proofs = proofs or Proofs(access, incident)
    reads: dict[str, Callable[[], Seed]] = {
        **{
            seed.id: functools.partial(_locate_key, access, opened, incident, seed, place, proofs)
            for seed in incident.keys
        },
        **{arn: functools.partial(_locate_user, access, arn, place, proofs) for arn in incident.users},
    }
    found = access.gather(reads)
    for result in found.values():
        if isinstance(result, AwsError):
            raise result
    located = tuple(seed for seed in found.values() if isinstance(seed, Seed))
    return (
        *located,
        *locate_sessions(incident.sessions, [role.arn for role in incident.roles], place),
        *locate_center_users(incident.identity_center_users),
    )


def _locate_key(
    access: Access, opened: RootSessions, incident: Incident, seed: KeySeed, place: Place, proofs: Proofs
) -> Seed:
    problem, account = "", None
    try:
        account = str(access.call("sts", "GetAccessKeyInfo", {"AccessKeyId": seed.id})["Account"])
    except AwsError as error:
        problem = str(error)
    answers = Answers(account, problem=problem)
    if is_long_term(seed.id) and account in (None, place.account_id):
        answers = ask_deletion(proofs, seed, _ask_iam(access, seed, answers))
    elif is_long_term(seed.id) and account in place.inventory and place.acts_for_organization:
        answers = _ask_root(opened, str(account), seed.id, answers)
    has_session = names_session(incident, seed.id)
    if not is_long_term(seed.id) and not has_session and account in (None, place.account_id):
        answers = _ask_events(access, seed, answers)
    return locate_key(seed, answers, place, has_session=has_session)


def _ask_events(access: Access, seed: KeySeed, answers: Answers) -> Answers:
    """Ask CloudTrail whose the key of a session is. A user that was made again since is another one."""
    try:
        found = find_bearer(access, seed.id)
        bearer = found.bearer
        if bearer is None:
            return dataclasses.replace(answers, problem=found.problem)
        described = dataclasses.replace(answers, bearer=describe_bearer(bearer))
        if bearer.is_root or bearer.seed:
            return dataclasses.replace(described, user="" if bearer.is_root else None)
        user = _read_user(access, bearer.arn.rpartition("/")[2])
    except AwsError as error:
        return dataclasses.replace(answers, problem=str(error))
    if str(user["UserId"]) != bearer.unique_id:
        return dataclasses.replace(answers, problem=f"{described.bearer}, and somebody made that user again since")
    return dataclasses.replace(described, user=str(user["UserName"]))


def _ask_iam(access: Access, seed: KeySeed, answers: Answers) -> Answers:
    try:
        user = access.call("iam", _LAST_USED, {"AccessKeyId": seed.id}).get("UserName") or ""
        return dataclasses.replace(answers, user=str(user))
    except NotFound:
        # Of a key that is gone. Where keys of root are concerned, the account summary alone says that there is one.
        if answers.account_id is None:
            return dataclasses.replace(answers, problem=answers.problem or "IAM does not know it here")
        try:
            summary = access.call("iam", "GetAccountSummary").get("SummaryMap") or {}
            keys = int(summary["AccountAccessKeysPresent"])
            return dataclasses.replace(answers, is_unknown=True, root_keys=keys)
        except (AwsError, KeyError) as error:
            return dataclasses.replace(answers, is_unknown=True, problem=str(error))
    except AwsError as error:
        # AWS answers AccessDenied for keys of others, and so for those of a deleted user.
        return dataclasses.replace(answers, problem=str(error))


def _ask_root(opened: RootSessions, account_id: str, key_id: str, answers: Answers) -> Answers:
    """Ask whether root of a member account has a key."""
    try:
        keys = opened.of(account_id, AUDIT_TASK).items("iam", "ListAccessKeys", "AccessKeyMetadata")
        return dataclasses.replace(answers, of_root=any(key["AccessKeyId"] == key_id for key in keys))
    except AwsError as error:
        return dataclasses.replace(answers, problem=str(error))


def _locate_user(access: Access, arn: str, place: Place, proofs: Proofs) -> Seed:
    if arn.split(":")[4] != place.account_id:
        return locate_user(arn, None, "", place)
    try:
        present = access.call("iam", "GetUser", {"UserName": arn.rpartition("/")[2]})["User"]["Arn"]
        return locate_user(arn, str(present), "", place)
    except NotFound:
        return locate_user(arn, None, "", place, proofs.find(Deleted.USER, arn))
    except AwsError as error:
        return locate_user(arn, None, str(error), place)


@dataclasses.dataclass(frozen=True)
class Account:
    """What is the same for all users of the account: the policy that denies, and how many a user may have attached."""

    deny: DenyPolicy = DenyPolicy()
    slots: t.Optional[int] = None


def read_users(access: Access, names: Collection[str]) -> tuple[dict[str, t.Union[UserState, AwsError]], Account]:
    """Read users by their names, and what is the same for all of them, side by side."""
    if not names:
        return {}, Account()
    # One pool for the parts of all users: the users one after the other would take as long as all their parts.
    parts: dict[tuple[str, str], Callable[[], t.Any]] = {
        (name, part): functools.partial(read, access, name) for name in names for part, read in _PARTS.items()
    }
    parts["", "deny"] = functools.partial(_read_deny_policy, access)
    parts["", "slots"] = functools.partial(_read_slots, access)
    found = access.gather(parts)
    deny, slots = found["", "deny"], found["", "slots"]
    account = Account(
        DenyPolicy(problem=str(deny)) if isinstance(deny, AwsError) else deny,
        None if isinstance(slots, AwsError) else slots,
    )
    return {name: _join({part: found[name, part] for part in _PARTS}) for name in names}, account


def _join(parts: Mapping[str, t.Any]) -> t.Union[UserState, AwsError]:
    user = parts["user"]
    if isinstance(user, AwsError):
        return user
    unread = {part: str(value) for part, value in parts.items() if isinstance(value, AwsError)}
    known = {part: None if part in unread else value for part, value in parts.items()}
    password = known["password"]
    return UserState(
        arn=str(user["Arn"]),
        unique_id=str(user.get("UserId") or ""),
        tags=known["tags"] or {},
        boundary=(user.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
        credentials=tuple(one for kind in Kind for one in known[kind.value] or ()),
        password_created=_parse_moment(password),
        password_used=_parse_moment(user.get("PasswordLastUsed")),
        devices=known["devices"] or (),
        attached=known["attached"] or (),
        inline=known["inline"] or {},
        groups=known["groups"] or (),
        unread=unread,
    )


def _read_user(access: Access, name: str) -> Mapping[str, t.Any]:
    return t.cast(Mapping[str, t.Any], access.call("iam", "GetUser", {"UserName": name})["User"])


def _read_credentials(kind: Kind, access: Access, name: str) -> tuple[Credential, ...]:
    calls = CALLS_OF[kind]
    return tuple(
        _read_credential(access, kind, calls, item)
        for item in access.items("iam", calls.read, calls.items, {"UserName": name})
    )


def _read_credential(access: Access, kind: Kind, calls: Calls, item: Mapping[str, t.Any]) -> Credential:
    found = Credential(kind, str(item[calls.identifier]), str(item["Status"]), _parse_moment(item.get(calls.created)))
    if kind is not Kind.ACCESS_KEY:
        return found
    try:
        used = access.call("iam", _LAST_USED, {"AccessKeyId": found.id}).get("AccessKeyLastUsed") or {}
    except AwsError as error:
        return dataclasses.replace(found, use=Unknown(str(error)))
    date = _parse_moment(used.get("LastUsedDate"))
    use = Yes(Use(date, str(used.get("ServiceName") or ""), str(used.get("Region") or ""))) if date else NO
    return dataclasses.replace(found, use=use)


def _read_password(access: Access, name: str) -> t.Optional[datetime]:
    try:
        found: datetime = access.call("iam", _LOGIN, {"UserName": name})["LoginProfile"]["CreateDate"]
        return found
    except NotFound:
        return None


def _read_devices(access: Access, name: str) -> tuple[Device, ...]:
    items = access.items("iam", "ListMFADevices", "MFADevices", {"UserName": name})
    return tuple(Device(str(item["SerialNumber"]), _parse_moment(item.get("EnableDate"))) for item in items)


def _read_attached(access: Access, name: str) -> tuple[str, ...]:
    items = access.items("iam", "ListAttachedUserPolicies", "AttachedPolicies", {"UserName": name})
    return tuple(str(item["PolicyArn"]) for item in items)


def _read_inline(access: Access, name: str) -> dict[str, t.Any]:
    names = [str(item) for item in access.items("iam", "ListUserPolicies", "PolicyNames", {"UserName": name})]
    user = f"user/{name}"
    return {policy: read_inline_document(access, user, policy) for policy in names}


def _read_groups(access: Access, name: str) -> tuple[str, ...]:
    items = access.items("iam", "ListGroupsForUser", "Groups", {"UserName": name})
    return tuple(str(item["GroupName"]) for item in items)


def _read_tags(access: Access, name: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in access.items("iam", "ListUserTags", "Tags", {"UserName": name})}


_PARTS: t.Final[Mapping[str, Callable[[Access, str], t.Any]]] = {
    "user": _read_user,
    **{kind.value: functools.partial(_read_credentials, kind) for kind in Kind},
    "password": _read_password,
    "devices": _read_devices,
    "attached": _read_attached,
    "inline": _read_inline,
    "groups": _read_groups,
    "tags": _read_tags,
}


def _read_deny_policy(access: Access) -> DenyPolicy:
    """The policy of the bootstrap stack if it denies everything, else that of AWS, which nobody can change.

    An intruder may have made a new version of ours that allows everything.
    """
    own = DENY_POLICY.format(partition=access.partition, account_id=access.caller.account_id)
    document = read_default_document(access, own)
    if denies_everything(document):
        return DenyPolicy(own)
    of_aws = f"arn:{access.partition}:iam::aws:policy/AWSDenyAll"
    problem = "" if document is None else f"{own} does not deny everything any more, so it is not used: find out why"
    return DenyPolicy(of_aws, problem)


def _read_slots(access: Access) -> t.Optional[int]:
    found = (access.call("iam", "GetAccountSummary").get("SummaryMap") or {}).get("AttachedPoliciesPerUserQuota")
    return None if found is None else int(found)


def read_roots(opened: RootSessions, account_ids: Iterable[str], partition: str) -> dict[str, RootState]:
    """Read the credentials of the root users of member accounts. Raises AwsError: those of one can't be read."""
    return {account_id: _read_root(opened, account_id, partition) for account_id in account_ids}


def _read_root(opened: RootSessions, account_id: str, partition: str) -> RootState:
    root = opened.of(account_id, AUDIT_TASK)
    keys = root.items("iam", "ListAccessKeys", "AccessKeyMetadata")
    found = []
    for kind, items in (
        (Kind.ACCESS_KEY, keys),
        (Kind.CERTIFICATE, root.items("iam", "ListSigningCertificates", "Certificates")),
    ):
        found += [_read_credential(root, kind, CALLS_OF[kind], item) for item in items]
    try:
        password = root.call("iam", _LOGIN)["LoginProfile"]["CreateDate"]
    except NotFound:
        password = None
    devices = root.items("iam", "ListMFADevices", "MFADevices")
    return RootState(
        account_id,
        f"arn:{partition}:iam::{account_id}:root",
        tuple(one for one in found if one.kind is Kind.ACCESS_KEY),
        tuple(one for one in found if one.kind is Kind.CERTIFICATE),
        _parse_moment(password),
        tuple(Device(str(item["SerialNumber"]), _parse_moment(item.get("EnableDate"))) for item in devices),
    )


def read_state(access: Access, opened: RootSessions, change: Change) -> t.Any:
    """Read the target of a change live, in the shape of its ``before`` and ``after``.

    It needs no more of the change than the journal has. None if its principal is gone.

    :raises AwsError: it can't be read.
    """
    try:
        return _read_shown(access, opened, change)
    except NotFound:
        return None


def _read_shown(access: Access, opened: RootSessions, change: Change) -> t.Any:
    shown: Mapping[str, t.Any] = change.after or change.before
    if is_of_root(change):
        return _read_root_credential(opened, change.account_id, shown)
    holder = change.target
    if "tag" in shown:
        return {"tag": shown["tag"], "value": _read_tags(access, split_holder(holder)[1]).get(shown["tag"])}
    if "policy" in shown:
        return {"policy": shown["policy"], "attached": is_attached(access, holder, shown["policy"])}
    if "inline_policy" in shown:
        name = shown["inline_policy"]
        return {"inline_policy": name, "document": read_inline_document(access, holder, name)}
    if "boundary" in shown:
        user = _read_user(access, split_holder(holder)[1])
        return {"boundary": (user.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")}
    if "trust" in shown:
        return read_target(access, change)
    if "kind" in shown:
        return _read_credential_state(access, split_holder(holder)[1], shown)
    if "version" in shown:
        return reread_version(access, holder, shown["version"])
    # The content of a managed policy, which a cut of a role made.
    document = read_default_document(access, holder)
    return None if document is None else {"document": document}


def list_deletions(access: Access, deletion: Change) -> tuple[Change, ...]:
    """List the changes that delete a policy: its other versions first, since AWS else refuses.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html

    :raises AwsError: its versions can't be read.
    """
    live = read_policy(access, deletion.target)
    writer = IdentityWriter(deletion.account_id, deletion.kind)
    others = live.others if live else ()
    return (*(writer.delete_version(deletion.target, version) for version in others), deletion)


def _read_credential_state(access: Access, user: str, shown: Mapping[str, t.Any]) -> t.Any:
    if shown["kind"] == "console_password":
        created = _read_password(access, user)
        return None if created is None else {"kind": shown["kind"], "id": user}
    calls = CALLS_OF[Kind(shown["kind"])]
    items = access.items("iam", calls.read, calls.items, {"UserName": user})
    return next(
        ({**shown, "status": str(item["Status"])} for item in items if item[calls.identifier] == shown["id"]), None
    )


def _read_root_credential(opened: RootSessions, account_id: str, shown: Mapping[str, t.Any]) -> t.Any:
    root = opened.of(account_id, AUDIT_TASK)
    if shown["kind"] == "console_password":
        try:
            root.call("iam", _LOGIN)
            return {"kind": shown["kind"], "id": "root"}
        except NotFound:
            return None
    calls = CALLS_OF[Kind(shown["kind"])]
    items = root.items("iam", calls.read, calls.items)
    return next(
        ({**shown, "status": str(item["Status"])} for item in items if item[calls.identifier] == shown["id"]), None
    )


def _parse_moment(value: t.Optional[datetime]) -> t.Optional[datetime]:
    return None if value is None else value.astimezone(UTC).replace(microsecond=0)
