# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The prediction of a change: principals and a change in, verdicts and their evidence out."""

from __future__ import annotations

import fnmatch
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..._account.collect import collect
from ..._account.model import Dataset, Role, Snapshot
from ..._account.permissions import Permissions
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._module.arguments import ORGANIZATION_ARGUMENTS, ArgumentSpec
from ..._module.connection import Connection
from ..._module.snapshots import add_organization_policies
from ..._module.task import Task, TaskError
from ..._policy.impact.judge import Impact
from ..._prediction.acceptance import acceptance_warnings
from ..._prediction.document import build, find_accepted, layers_not_read, verdict_record
from ..._prediction.evidence import EVIDENCE_OPERATIONS, Predictor, Proposal
from ..._prediction.records.evidence_options import EVIDENCE_ARGUMENTS, EXCLUDE_EVIDENCE_ARGUMENTS, EvidenceOptions
from ..._report.impact_text import render
from .change import CHANGE_ARGUMENTS, CHANGE_OPERATIONS, Change, ChangeOptions

ARGUMENTS: t.Final[ArgumentSpec] = {
    "principals": {"type": "list", "elements": "str", "required": True},
    **CHANGE_ARGUMENTS,
    **EVIDENCE_ARGUMENTS,
    **EXCLUDE_EVIDENCE_ARGUMENTS,
    **ORGANIZATION_ARGUMENTS,
    "return_uses": {"type": "str", "choices": ["none", "unsafe", "all"], "default": "unsafe"},
    "terminal": {"type": "str", "choices": ["full", "none"], "default": "full"},
    "ascii": {"type": "bool", "default": False},
    "now": {"type": "str"},
}

_DATASETS: t.Final = frozenset(
    {Dataset.AUTHORIZATION_DETAILS, Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES, Dataset.ACCOUNT_ALIASES}
)
OPERATIONS: t.Final = EVIDENCE_OPERATIONS.union(
    CHANGE_OPERATIONS,
    Operations(reads=frozenset({"sts:GetCallerIdentity"})),
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS),
)


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``policy_impact_info``: its options in, its result out.

    :raises TaskError: a bad option, the credentials of another account, or policies that can't be read.
    """
    options = task.options
    change_options, evidence = ChangeOptions(options), EvidenceOptions.of(task)
    task.expect_account(task.access.caller.account_id)
    connection = task.connection
    snapshot = _observe(connection)
    permissions = Permissions(snapshot)
    change = Change(connection.access, change_options, permissions)
    chosen, skipped = _choose(options["principals"], snapshot, permissions)
    predictor = Predictor(connection, evidence, snapshot, permissions)
    proposals = {arn: _make_proposal(predictor, change, arn) for arn in chosen}
    for name in change.find_missed():
        task.warn(f"{name} is not a policy of any of the principals that can be detached or replaced")
    impacts = predictor.predict(proposals)
    result = _build_result(connection, evidence, snapshot, change, impacts, skipped, uses=options["return_uses"])
    if options["terminal"] == "full":
        result["terminal"] = render(result["impact"], ascii_only=options["ascii"])
    return result


def _observe(connection: Connection) -> Snapshot:
    snapshot = collect(connection.access, datasets=_DATASETS, regions=(), now=connection.now)
    snapshot = add_organization_policies(connection, snapshot)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise TaskError(f"the policies of account {snapshot.account_id} can't be read: {unread_reason(unread)}")
    return snapshot


def _make_proposal(predictor: Predictor, change: Change, arn: str) -> Proposal:
    before = predictor.current(arn)
    return Proposal(before, change.after(arn, before))


def _choose(
    patterns: Sequence[str], snapshot: Snapshot, permissions: Permissions
) -> tuple[list[str], list[dict[str, str]]]:
    """The principals that patterns match, by ARN or name, and those of them that AWS lets nobody change.

    :raises TaskError: a pattern names nobody: a prediction on nobody would be safe.
    """
    reserved = {role.arn for role in snapshot.roles if role.is_aws_reserved}
    found: dict[str, None] = {}
    for pattern in patterns:
        matching = [arn for arn in permissions.principals if _matches(arn, pattern)]
        if not matching:
            raise TaskError(f"principals: {pattern!r} matches no user and no role of account {snapshot.account_id}")
        found.update(dict.fromkeys(matching))
    skipped = [
        {"principal": arn, "reason": _explain_reserved(permissions.entities[arn])} for arn in found if arn in reserved
    ]
    return [arn for arn in found if arn not in reserved], skipped


def _matches(arn: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(arn, pattern) or fnmatch.fnmatchcase(arn.rpartition("/")[2], pattern)


def _explain_reserved(entity: t.Any) -> str:
    if isinstance(entity, Role) and entity.is_service_linked:
        return "a service-linked role belongs to its AWS service, and nobody can change it"
    return "IAM Identity Center manages this role: change its permission set there"


def _build_result(
    connection: Connection,
    evidence: EvidenceOptions,
    snapshot: Snapshot,
    change: Change,
    impacts: Mapping[str, Impact],
    skipped: list[dict[str, str]],
    *,
    uses: str,
) -> dict[str, t.Any]:
    today = connection.now.date()
    acceptances = evidence.acceptances
    unsafe = [impact for impact in impacts.values() if not impact.is_safe]
    accepted = find_accepted(unsafe, acceptances, today)
    for warning in acceptance_warnings(acceptances, [impact.principal_arn for impact in unsafe], today):
        connection.warn(warning)
    document = build(
        list(impacts.values()),
        account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
        change=change.texts,
        accepted=accepted,
        skipped=skipped,
        created=connection.now,
        unread=layers_not_read(snapshot),
        assumed=evidence.unused_resources,
    )
    return {
        "account_id": snapshot.account_id,
        "outcome": document["outcome"],
        "passes": all(impact.principal_arn in accepted for impact in unsafe),
        "blocked": [impact.principal_arn for impact in unsafe if impact.principal_arn not in accepted],
        "counts": document["counts"],
        "principals": [_principal_as_dict(impact, accepted, uses) for impact in impacts.values()],
        "impact": document,
    }


def _principal_as_dict(impact: Impact, accepted: Mapping[str, t.Any], wanted: str) -> dict[str, t.Any]:
    verdicts = [] if wanted == "none" else impact.verdicts
    evidence = impact.evidence
    return {
        "principal": impact.principal_arn,
        "outcome": impact.outcome.value,
        "counts": impact.counts,
        "summary": impact.summary,
        "accepted": accepted.get(impact.principal_arn),
        "uses": [verdict_record(item) for item in verdicts if wanted == "all" or item.outcome.value != "safe"],
        "evidence": {
            "sources": [source.value for source in evidence.sources],
            "window_days": evidence.window_days,
            "lag": evidence.lag,
            "blind_spots": list(evidence.blind_spots),
        },
    }
