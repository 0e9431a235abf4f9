# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies without AWS: old policies and log files in, the same document out."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.model import Caller, PolicyDocument, Role, Snapshot, User
from ..._account.permissions import Permissions
from ..._converge.arn import resource_of
from ..._converge.errors import InputError
from ..._converge.store import Store
from ..._converge.untouchable import UntouchablePrincipals
from ..._module.documents import absolute, structure_of
from ..._module.task import Task, TaskError
from ..._policy.documents.arn import arn_parts
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError
from ..._policy.evaluation.evaluate import Layers
from ..._policy.evaluation.narrowing import condition_keys
from ..._policy.least_privilege.generate import list_needed_keys
from ..._policy.least_privilege.settings import Settings
from ..._policy.trail.callers import KnownPrincipal
from ..._prediction.least_privilege import build, build_principal
from ..._prediction.proposals.propose import Proposed, Proposer
from ..._prediction.proposals.subjects import Choice, choose, describe
from ..._prediction.records.evidence_options import EvidenceOptions
from ..._prediction.records.offline import FileSource, read_file_records
from ..simulation.requests import parse_layers

_KINDS: t.Final = ("user", "role")


class _GivenPermissions(Permissions):
    """The old policies of one account. Layers that nobody gave do not apply: recorded successes passed them."""

    def __init__(self, snapshot: Snapshot, given: Mapping[str, t.Any]) -> None:
        super().__init__(snapshot)
        self._given: t.Final = given

    def layers(self, arn: str) -> Layers:
        return dataclasses.replace(super().layers(arn), **self._given)


@dataclasses.dataclass(frozen=True)
class Offline:
    """The options of work without AWS: old policies by ARN, the layers that are known, and places with log files."""

    principals: tuple[str, ...]
    untouchable: UntouchablePrincipals
    old: Mapping[str, tuple[PolicyDocument, ...]]
    layers: Mapping[str, t.Any]
    logs: tuple[Store, ...]
    evidence: EvidenceOptions
    settings: Settings
    given: tuple[Policy, ...]
    now: datetime

    @classmethod
    def of(cls, task: Task, evidence: EvidenceOptions, settings: Settings, given: tuple[Policy, ...]) -> t.Self:
        """Check the options. Raises TaskError: one can't be used without AWS."""
        options = task.options
        for place in evidence.trail_logs:
            if place.location.startswith("s3://"):
                raise TaskError(
                    f"trail_logs: {place.location} is in S3, and offline is set; copy the files to a directory"
                )
        if not evidence.trail_logs:
            raise TaskError("trail_logs: not set; with offline, directories with log files of CloudTrail are needed")
        for name in ("second_opinion", "principal_tags"):
            if options[name]:
                raise TaskError(f"{name}: it needs AWS, and offline is set; remove one of the two")
        if "access_analyzer" in options["verify_with"]:
            raise TaskError("verify_with: access_analyzer needs AWS, and offline is set; remove one of the two")
        layers = parse_layers(options["layers"], "layers")
        if "identity" in layers:
            raise TaskError("layers.identity: the identity-based policies are given in old_policies")
        return cls(
            tuple(options["principals"]),
            UntouchablePrincipals(frozenset(), tuple(options["break_glass"])),
            _parse_old(options["old_policies"]),
            layers,
            tuple(task.open_store(place) for place in evidence.trail_logs),
            evidence,
            settings,
            given,
            task.now,
        )

    def build(self, *, run_id: t.Optional[str]) -> list[dict[str, t.Any]]:
        """Generate and prove, account by account: the documents of the accounts.

        :raises TaskError: a pattern matches no ARN of the old policies.
        """
        accounts: dict[str, list[str]] = {}
        for arn in self.old:
            accounts.setdefault(arn.split(":")[4], []).append(arn)
        missing = dict.fromkeys(self.principals)
        found = []
        for account_id, arns in sorted(accounts.items()):
            permissions = _GivenPermissions(_make_snapshot(account_id, arns, self.old, self.now), self.layers)
            patterns = [pattern for pattern in self.principals if self._choose([pattern], permissions)]
            for pattern in patterns:
                missing.pop(pattern, None)
            choice = self._choose(patterns, permissions) if patterns else None
            found += [self._build_account(permissions, choice, run_id)] if choice else []
        if missing:
            raise TaskError(f"principals: {next(iter(missing))!r} matches no ARN of old_policies")
        return found

    def _choose(self, patterns: Sequence[str], permissions: Permissions) -> t.Optional[Choice]:
        """Choose the principals that patterns match; None if one matches nobody."""
        try:
            return choose(patterns, {}, permissions.snapshot, self.untouchable)
        except InputError:
            return None

    def _build_account(self, permissions: Permissions, choice: Choice, run_id: t.Optional[str]) -> dict[str, t.Any]:
        snapshot = permissions.snapshot
        principals = {item.arn: describe(item, permissions, {}) for item in choice.subjects}
        keys = list_needed_keys(principals.values(), self.settings)
        keys |= condition_keys(permissions.layers(arn) for arn in principals)
        evidence = self.evidence
        source = FileSource(self.logs, snapshot.account_id, evidence.trail_days, self.now, evidence.exclusions)
        records = read_file_records(source, dict.fromkeys(principals, KnownPrincipal()), keys=keys)
        proposer = Proposer(permissions, self.settings, self.given)
        found = [proposer.propose(item, principals[item.arn], records) for item in choice.subjects]
        return build(
            [_build_principal(item) for item in found],
            account={"account_id": snapshot.account_id, "account_alias": None},
            run_id=run_id,
            created=self.now,
            skipped=choice.skipped,
            unread=["service last accessed, trails and their selectors: offline is set"],
        )


def _make_snapshot(
    account_id: str, arns: Sequence[str], old: Mapping[str, tuple[PolicyDocument, ...]], now: datetime
) -> Snapshot:
    parts = arn_parts(arns[0])
    return Snapshot(
        Caller(account_id, "", ""),
        parts.partition if parts else "aws",
        "us-east-1",
        now,
        (),
        users=tuple(_make_user(arn, old[arn]) for arn in arns if _kind_of(arn) == "user"),
        roles=tuple(_make_role(arn, old[arn]) for arn in arns if _kind_of(arn) == "role"),
    )


def _build_principal(item: Proposed) -> dict[str, t.Any]:
    return build_principal(
        item.generated,
        item.record,
        kind=item.subject.kind.value,
        permission_set=item.subject.permission_set,
        proofs=[proof.to_data() for proof in item.proofs],
        notes=item.notes,
    )


def _parse_old(value: t.Any) -> dict[str, tuple[PolicyDocument, ...]]:
    if not isinstance(value, Mapping) or not value:
        raise TaskError("old_policies: with offline, a mapping of ARNs to lists of policy documents is needed")
    return {str(arn): tuple(_parse_documents(str(arn), documents)) for arn, documents in value.items()}


def _parse_documents(arn: str, documents: t.Any) -> Iterator[PolicyDocument]:
    option = f"old_policies.{arn}"
    parts = arn_parts(arn)
    if parts is None or parts.service != "iam" or _kind_of(arn) not in _KINDS:
        raise TaskError(
            f"{option}: the ARN of a user or role is needed. Log files do not say who is in a group; give the "
            "policies of a group with those of each member"
        )
    given = documents if isinstance(documents, list) else [documents]
    for index, document in enumerate(given):
        place = f"{option}[{index}]"
        content = structure_of(document, option=place)
        try:
            parse(content)
        except PolicyError as error:
            raise TaskError(f"{place}: not a policy document that IAM accepts: {error}") from error
        yield PolicyDocument(f"old policy {index + 1}", content)


def _kind_of(arn: str) -> str:
    return resource_of(arn).partition("/")[0]


def _split(arn: str) -> tuple[str, str]:
    path, _slash, name = resource_of(arn).partition("/")[2].rpartition("/")
    return (f"/{path}/" if path else "/"), name


def _make_user(arn: str, policies: tuple[PolicyDocument, ...]) -> User:
    path, name = _split(arn)
    return User(name, arn, path, None, (), (), policies, None)


def _make_role(arn: str, policies: tuple[PolicyDocument, ...]) -> Role:
    path, name = _split(arn)
    trust = PolicyDocument("AssumeRolePolicyDocument", None, "offline is set")
    return Role(name, arn, path, None, trust, (), policies, None, None, None)


def make_absolute(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task arguments with old policies and layers, with paths of files made absolute; for the action plugin."""
    found: dict[str, t.Any] = {}
    for name in ("old_policies", "layers"):
        if isinstance(arguments.get(name), Mapping):
            found[name] = {key: absolute(value) for key, value in arguments[name].items()}
    return found
