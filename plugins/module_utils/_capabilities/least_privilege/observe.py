# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading the target roles of a campaign: what belongs to them in AWS, their records and the journal."""

from __future__ import annotations

import functools
import hashlib
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ..._account.model import ManagedPolicy, PolicyDocument, Role, Snapshot
from ..._account.policy_versions import LivePolicy
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.affects.live import HOLDERS_READS
from ..._converge.change import Change
from ..._converge.journal import Outcome, find_runs, read_recorded
from ..._converge.store import Store
from ..._converge.verification import settle
from ..._module.interrupted import make_tolerant
from ..._module.managed_policies import LIST_VERSIONS, read_policy
from ..._module.roles import TARGET_READS, read_role, read_target
from .archive import Archive, DocumentError
from .changes import CAMPAIGN, PARALLEL_OF, RoleWriter, Subject, is_name_of, name_trial
from .dossier import Dossier, DossierError
from .revert import Recorded, list_aspects

MODULE: t.Final = "least_privilege"
#: Beside the name of the old role.
SUFFIX: t.Final = "-lp"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_NAME: t.Final = 64

READ_OPERATIONS: t.Final = TARGET_READS.union(Operations(reads=HOLDERS_READS | {f"iam:{LIST_VERSIONS}"}))
UNDO_OPERATIONS: t.Final = READ_OPERATIONS.union(
    Operations(
        writes=frozenset(
            f"iam:{name}"
            for name in (
                "AttachRolePolicy",
                "CreatePolicy",
                "DeletePolicy",
                "DeletePolicyVersion",
                "DeleteRole",
                "DeleteRolePermissionsBoundary",
                "DeleteRolePolicy",
                "DetachRolePolicy",
                "PutRolePermissionsBoundary",
                "PutRolePolicy",
                "SetDefaultPolicyVersion",
                "UpdateAssumeRolePolicy",
            )
        )
    )
)


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """Make a function that reads the target of a change."""
    return functools.partial(read_target, access)


def find_parallel_arn(role: Role) -> str:
    """Find the ARN of the role beside a role: the same path, and a suffix.

    A long name is cut, and gets a hash, so that two roles never share the role beside them.
    """
    name = f"{role.name}{SUFFIX}"
    if len(name) > LONGEST_NAME:
        mark = f"-{hashlib.sha256(role.name.lower().encode()).hexdigest()[:8]}{SUFFIX}"
        name = f"{role.name[: LONGEST_NAME - len(mark)]}{mark}"
    return f"{role.arn.removesuffix(role.name)}{name}"


def is_made_beside(role: Role, roles: Iterable[Role], campaign: str) -> bool:
    """Whether a role was made by a campaign beside another one, which a glob may select as well.

    Tags alone exempt no role from the campaign: anybody who may tag could set them.
    """
    if role.tags.get(CAMPAIGN) != campaign:
        return False
    old = next((other for other in roles if other.unique_id == role.tags.get(PARALLEL_OF)), None)
    return old is not None and find_parallel_arn(old).lower() == role.arn.lower()


def read_dossier(archive: Archive, role: Role, sha256: str) -> t.Union[Dossier, str, None]:
    """Read the dossier of a role; the reason if it can't be used, None if none was generated."""
    if not sha256:
        return None
    try:
        return Dossier.of_bytes(archive.read_document(role.name, sha256), role.arn, role.unique_id)
    except (DocumentError, DossierError) as error:
        return f"the generated documents can't be used: {error}"


def read_subject(
    access: Access, writer: RoleWriter, role: Role, dossier: t.Optional[Dossier], *, needs_duration: bool
) -> Subject:
    """Read what belongs to a role: the new role beside it, and the policies of our names.

    :raises AwsError: it can't be read.
    """
    snapshot = writer.snapshot
    arn = find_parallel_arn(role)
    policies = dossier.policies if dossier else ()
    trial = dossier.trial if dossier else None
    names = {policy.name for policy in policies if policy.is_managed}
    if trial is not None or is_on_trial(writer, role):
        names.add(name_trial(role.name))
    # Earlier documents may have been more than those of today.
    names.update(_list_names(writer, role))
    live = read_role(access, role.arn) if needs_duration else None
    return Subject(
        role=role,
        parallel_arn=arn,
        parallel=next((item for item in snapshot.roles if item.arn.lower() == arn.lower()), None),
        policies=policies,
        trial=trial,
        misfit=dossier.misfit if dossier else "",
        live=_read_policies(access, map(writer.policy_arn, sorted(names))),
        duration=live.duration if live else None,
        last=f"arn:{snapshot.partition}:iam::aws:policy/AdministratorAccess",
    )


def _list_names(writer: RoleWriter, role: Role) -> Iterator[str]:
    """List the managed policies that are there with the path and a name that only those of one role have."""
    start = writer.policy_arn("")
    for policy in writer.snapshot.policies:
        name = policy.arn.removeprefix(start)
        if name != policy.arn and (is_name_of(name, role.name) or name == name_trial(role.name)):
            yield name


def is_on_trial(writer: RoleWriter, role: Role) -> bool:
    """Whether the boundary of a role has the name of its trial. No other boundary has one below our path."""
    return role.boundary == writer.policy_arn(name_trial(role.name))


def _read_policies(access: Access, arns: Iterable[str]) -> dict[str, LivePolicy]:
    found = access.gather({arn: functools.partial(read_policy, access, arn) for arn in arns})
    for policy in found.values():
        if isinstance(policy, AwsError):
            raise policy
    return {arn: t.cast(LivePolicy, policy) for arn, policy in found.items() if policy is not None}


def read_detached(access: Access, snapshot: Snapshot, roles: Iterable[Role]) -> Iterator[ManagedPolicy]:
    """Read old policies that nobody has any more: AWS lists those of its own only while somebody has them.

    :raises AwsError: one can't be read.
    """
    known = {policy.arn for policy in snapshot.policies}
    for arn in sorted({arn for role in roles for arn in role.attached_policies} - known):
        live = read_policy(access, arn)
        if live is not None and live.default is not None:
            name, is_aws = arn.rpartition("/")[2], arn.split(":")[4] == "aws"
            document = PolicyDocument(name, live.document)
            yield ManagedPolicy(arn, name, "/", document, 0, 0, None, live.default.created, is_aws)


def read_entries(store: Store, account_id: str, warn: Callable[[str], None]) -> tuple[Recorded, ...]:
    """Read the changes that all campaigns made in an account, oldest first.

    The records of a campaign do not name a run that was killed, nor one that a guard stopped half-way.

    :raises StoreError: the journal can't be read.
    """
    found: list[Recorded] = []
    for run_id in find_runs(store, account_id, MODULE):
        for intent, outcome in read_recorded(store, account_id, run_id, warn):
            change = intent.change
            is_whole = all(state is None or isinstance(state, Mapping) for state in (change.before, change.after))
            if intent.module == MODULE and is_whole:
                found.append((intent, outcome))
    return tuple(sorted(found, key=_rank_by_time))


def _rank_by_time(entry: Recorded) -> datetime:
    """The time of a record. The sort is stable: changes of one run stay in their order."""
    return entry[0].at or datetime.min.replace(tzinfo=UTC)


def select_entries(
    entries: Sequence[Recorded], subject: Subject, since: t.Optional[datetime] = None
) -> tuple[Recorded, ...]:
    """Select the changes to a role, to the new one, and to the policies of the campaign for it.

    ``since`` is when the campaign began for the role. What an earlier one did to the role is not taken back.
    """
    own = {subject.parallel_arn, *subject.live}
    return tuple(
        entry
        for entry in entries
        if entry[0].change.target in own
        or (entry[0].change.target == subject.role.arn and not _is_before(entry[0].at, since))
    )


def settle_entries(access: Access, entries: Iterable[Recorded]) -> tuple[Recorded, ...]:
    """Find out how the changes of a run that was killed ended, by what is there now."""
    read = make_tolerant(functools.partial(read_target, access))
    return tuple(
        (intent, settle(read, intent.change, errors=(AwsError,)) if outcome is Outcome.UNKNOWN else outcome)
        for intent, outcome in entries
    )


def _is_before(moment: t.Optional[datetime], since: t.Optional[datetime]) -> bool:
    return moment is not None and since is not None and moment < since


def read_present(access: Access, role: Role, entries: Sequence[Recorded]) -> dict[str, t.Any]:
    """Read the present state of each aspect of a role that the campaign changed.

    :raises AwsError: it can't be read.
    """
    aspects = list_aspects(role.arn, entries)
    found = access.gather({item.name: functools.partial(read_target, access, item.change) for item in aspects})
    for state in found.values():
        if isinstance(state, AwsError):
            raise state
    return dict(found)
