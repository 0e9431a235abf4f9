# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading the target roles of a campaign: what belongs to them in AWS, their records and the journal."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.model import ManagedPolicy, PolicyDocument, Role, Snapshot
from ..._account.policy_versions import LivePolicy
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.affects.live import HOLDERS_READS
from ..._converge.change import Change
from ..._converge.journal import read_recorded
from ..._converge.store import Store
from ..._module.managed_policies import LIST_VERSIONS, read_policy
from ..._module.roles import TARGET_READS, read_role, read_target
from .archive import Archive, DocumentError, Log
from .changes import RoleWriter, Subject
from .dossier import Dossier, DossierError
from .revert import Recorded, list_aspects
from .trial import is_trial

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
    """Find the ARN of the role beside a role: the same path, and a suffix that fits."""
    name = f"{role.name[: LONGEST_NAME - len(SUFFIX)]}{SUFFIX}"
    return f"{role.arn.removesuffix(role.name)}{name}"


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
    names = [policy.name for policy in (*policies, *([trial] if trial else ())) if policy.is_managed]
    live = read_role(access, role.arn) if needs_duration else None
    boundary = role.boundary or ""
    trials = [boundary] if is_trial(writer.policy_arn(""), boundary) else []
    named = {writer.policy_arn(name) for name in names}
    managed = _read_policies(access, {*named, *trials})
    own = {arn for arn in trials if arn in managed and writer.is_own(managed[arn])}
    return Subject(
        role=role,
        parallel_arn=arn,
        parallel=next((item for item in snapshot.roles if item.arn.lower() == arn.lower()), None),
        policies=policies,
        trial=trial,
        misfit=dossier.misfit if dossier else "",
        live={arn: policy for arn, policy in managed.items() if arn in named | own},
        found_trial=next(iter(own), ""),
        duration=live.duration if live else None,
        last=f"arn:{snapshot.partition}:iam::aws:policy/AdministratorAccess",
    )


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


def read_entries(store: Store, account_id: str, log: Log, warn: Callable[[str], None]) -> tuple[Recorded, ...]:
    """Read the changes of the runs that a role's records name, oldest first.

    The records only say where to look: what was done, the journal says.

    :raises StoreError: the journal can't be read.
    """
    runs = dict.fromkeys(event.run_id for event in log.events if event.run_id)
    found: list[Recorded] = []
    for run_id in runs:
        for intent, outcome in read_recorded(store, account_id, run_id, warn):
            change = intent.change
            is_whole = all(state is None or isinstance(state, Mapping) for state in (change.before, change.after))
            if intent.module == MODULE and is_whole:
                found.append((intent, outcome))
    return tuple(found)


def select_entries(entries: Sequence[Recorded], subject: Subject) -> tuple[Recorded, ...]:
    """Select the changes to a role, to the new one, and to the policies of the campaign for it."""
    own = {subject.role.arn, subject.parallel_arn, *subject.live}
    return tuple(entry for entry in entries if entry[0].change.target in own)


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
