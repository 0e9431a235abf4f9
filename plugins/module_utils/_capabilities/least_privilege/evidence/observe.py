# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What one run reads for all roles of a campaign: evidence, surroundings and denials."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from ...._account.permissions import Permissions
from ...._module.connection import Connection
from ...._module.functions import read_functions
from ...._module.ownership import OwnershipOptions
from ...._policy.evaluation.narrowing import condition_keys
from ...._policy.least_privilege.generate import list_needed_keys
from ...._policy.least_privilege.principal import Principal
from ...._policy.least_privilege.settings import Settings
from ...._policy.trail.coverage import Record
from ...._prediction.evidence import read_records
from ...._prediction.proposals.paths import count_paths
from ...._prediction.proposals.propose import Proposed, Proposer
from ...._prediction.proposals.subjects import Subject as Chosen
from ...._prediction.proposals.subjects import describe
from ...._prediction.records.evidence_options import EvidenceOptions
from ..cases.found import Found
from ..cases.proposing import propose, propose_again
from ..changes import RoleWriter
from ..consumers.assumptions import AssumptionScan
from ..consumers.observe import read_surroundings
from ..declared import Declared
from ..dossier import Dossier
from ..live import Observer
from ..model import Stage, Surroundings, Watched
from ..observe import (
    read_detached,
)
from ..owners.observe import HandoutReader
from ..owners.patches import Handout
from ..records import Kind
from ..situation import LiveRole, Proposal, Situation, find_watch_start
from ..watch.observe import read_watched
from ..watch.proposals import Basis, add_proposals
from ..watch.roles import WatchedRole

# A campaign does not take longer. Anybody who can write to the journal can date a record back.
_MOST_EARLIER: t.Final = 400
_WITH_RECORDS: t.Final = frozenset(set(Stage) - {Stage.REVERT})
_WITH_DOCUMENTS: t.Final = frozenset({Stage.PREPARE, Stage.CANARY, Stage.CUT_OVER})
_WITH_SURROUNDINGS: t.Final = frozenset({Stage.ASSESS, Stage.CANARY, Stage.CUT_OVER, Stage.RETIRE})
_WATCHED: t.Final = frozenset({Stage.CUT_OVER, Stage.WATCH, Stage.RETIRE})


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a run beside the declaration. With ``has_reports`` there are files."""

    declared: Declared
    settings: Settings
    evidence: EvidenceOptions
    regions: tuple[str, ...] = ()
    member_role_arn: str = ""
    break_glass: tuple[str, ...] = ()
    ownership: OwnershipOptions = OwnershipOptions()
    has_reports: bool = False


class Reading:
    """The evidence of one run, read once for all roles."""

    def __init__(self, connection: Connection, options: Options, writer: RoleWriter, found: Sequence[Found]) -> None:
        self._connection, self._options, self._snapshot = connection, options, writer.snapshot
        self._found = found
        self._stage = self._options.declared.stage
        self._permissions = Permissions(self._snapshot)
        self._observer = Observer(writer, self._permissions, self._options.break_glass)
        self._scan = AssumptionScan(dict(_list_ids(found)))
        self._live: dict[str, LiveRole] = {}
        self.new: dict[str, Dossier] = {}
        self.unread: tuple[str, ...] = ()
        self.calls = 0

    @property
    def _active(self) -> list[Found]:
        return [item for item in self._found if item.target is not None]

    @functools.cached_property
    def _original(self) -> Permissions:
        """The account with the old policies of roles that the campaign has replaced already, by its records."""
        restored = {item.role.arn: item.restored for item in self._found if self._is_replaced(item)}
        if not restored:
            return self._permissions
        roles = tuple(restored.get(role.arn, role) for role in self._snapshot.roles)
        policies = (*self._snapshot.policies, *read_detached(self._connection.access, self._snapshot, roles))
        return Permissions(dataclasses.replace(self._snapshot, roles=roles, policies=policies))

    def _is_replaced(self, item: Found) -> bool:
        return item.is_replaced(self._describe_live(item).owned, generates=self._stage is Stage.GENERATE)

    @functools.cached_property
    def _principals(self) -> Mapping[str, Principal]:
        functions, self.unread = read_functions(self._connection.access, self._snapshot.regions)
        described = {}
        for item in self._active:
            principal = describe(_choose(item), self._original, functions)
            # The boundary of a trial limits no document: it goes with the cut-over.
            boundary = self._observer.find_layers(item.subject).boundary
            layers = dataclasses.replace(principal.layers, boundary=boundary)
            described[item.role.arn] = dataclasses.replace(principal, layers=layers)
        return described

    @functools.cached_property
    def _records(self) -> Mapping[str, Record]:
        if self._stage not in _WITH_RECORDS or not self._active:
            return {}
        arns = [item.role.arn for item in self._active]
        keys = list_needed_keys(self._principals.values(), self._options.settings)
        keys |= condition_keys(self._original.layers(arn) for arn in arns)
        return read_records(
            self._connection,
            self._evidence,
            self._snapshot,
            self._original,
            arns,
            keys=keys,
            scans=[self._scan],
        )

    @property
    def _evidence(self) -> EvidenceOptions:
        """The sources of evidence, read as far back as they were when the documents were generated.

        Else a call that the documents were made of is too old some days later, and its date of last access seems to be
        a use that nobody knows.
        """
        evidence = self._options.evidence
        if self._stage not in _WITH_DOCUMENTS:
            return evidence
        moments = (item.past.times.get(Kind.GENERATED) for item in self._active)
        first = min((moment for moment in moments if moment is not None), default=self._connection.now)
        days = min(_MOST_EARLIER, -((first - self._connection.now) // timedelta(days=1)))
        return dataclasses.replace(evidence, trail_days=evidence.trail_days + max(0, days))

    @functools.cached_property
    def _surroundings(self) -> Mapping[str, Surroundings]:
        if self._stage not in _WITH_SURROUNDINGS or not self._active:
            return {}
        records = self._records
        read = read_surroundings(
            self._connection,
            self._permissions,
            [item.role for item in self._active],
            {item.role.arn: item.new_arn for item in self._active if item.new_arn},
            records=records,
            assumptions=self._scan.assumptions,
            regions=self._options.regions,
            member_role_arn=self._options.member_role_arn,
        )
        self.calls += read.calls
        return read.surroundings

    @functools.cached_property
    def _watched(self) -> Mapping[str, Watched]:
        if self._stage not in _WATCHED:
            return {}
        roles = [role for item in self._active if (role := self._make_watched(item)) is not None]
        return read_watched(self._connection, self._options.evidence, self._permissions, roles)

    def _make_watched(self, item: Found) -> t.Optional[WatchedRole]:
        plain = Situation(item.role.arn, item.past, self._describe_live(item), item.target)
        since = find_watch_start(self._options.declared, plain)
        if since is None:
            return None
        parallel = item.subject.parallel if item.new_arn else None
        used = item.dossier.used if item.dossier else ()
        return WatchedRole(
            arn=item.role.arn,
            since=since,
            role_id=item.role.unique_id,
            new_arn=parallel.arn if parallel else None,
            new_id=parallel.unique_id if parallel else "",
            untouched_until=min(item.past.since.values(), default=None),
            used_actions=frozenset(used),
            services=frozenset(action.partition(":")[0] for action in used),
            trial_boundary_arn=self._observer.writer.trial_arn(item.subject),
        )

    # Situations

    def describe(self, item: Found) -> Situation:
        """Describe the situation of one role."""
        return Situation(
            item.role.arn,
            item.past,
            self._describe_live(item),
            item.target,
            proposal=self._propose(item),
            surroundings=self._surroundings.get(item.role.arn),
            watched=self._add_proposals(item),
            handout=self._handouts.get(item.role.arn),
            other_campaign=item.other_campaign,
        )

    def _describe_live(self, item: Found) -> LiveRole:
        arn = item.role.arn
        if arn not in self._live:
            is_mfa_required = item.target is not None and item.target.is_mfa_required
            self._live[arn] = self._observer.describe(
                item.subject,
                item.dossier,
                item.way,
                entries=item.entries,
                break_glass=item.past.break_glass,
                is_mfa_required=is_mfa_required,
            )
        return self._live[arn]

    def _propose(self, item: Found) -> t.Optional[Proposal]:
        if item.target is None:
            return None
        arn = item.role.arn
        if self._stage is Stage.GENERATE:
            before = item.find_before(self._observer.contents, self._describe_live(item).owned)
            found = propose(self.proposed[arn], self._principals[arn], self._paths.get(arn), before)
            if found.dossier is not None:
                self.new[arn] = found.dossier
            is_other = item.dossier is not None and item.dossier.before != before
            return dataclasses.replace(found.proposal, has_other_before=is_other)
        if self._stage not in _WITH_DOCUMENTS or item.past.reached is None:
            return None
        if item.dossier is None:
            return Proposal(failure=item.failure) if item.failure else None
        return propose_again(self._proposer, _choose(item), self._principals[arn], self._records, item.dossier)

    @functools.cached_property
    def _handouts(self) -> Mapping[str, Handout]:
        """What owners of roles can apply, by the ARN of the role."""
        options = self._options
        reader = HandoutReader(
            self._connection, options.declared, options.ownership, self._observer, has_files=options.has_reports
        )
        return reader.read([(item, owned) for item in self._found if (owned := self._describe_live(item).owned)])

    @functools.cached_property
    def proposed(self) -> Mapping[str, Proposed]:
        """The documents that this run generates, by the ARN of the role."""
        if self._stage is not Stage.GENERATE:
            return {}
        return {
            item.role.arn: self._proposer.propose(_choose(item), self._principals[item.role.arn], self._records)
            for item in self._active
        }

    @functools.cached_property
    def _paths(self) -> Mapping[str, tuple[int, int]]:
        return count_paths(self._original, self.proposed.values())

    @functools.cached_property
    def _proposer(self) -> Proposer:
        return Proposer(self._original, self._options.settings)

    def _add_proposals(self, item: Found) -> t.Optional[Watched]:
        watched = self._watched.get(item.role.arn)
        if watched is None or self._stage is not Stage.WATCH or not watched.new:
            return watched
        basis = Basis(
            self._proposer,
            _choose(item),
            self._principals[item.role.arn],
            self._records,
            trial_boundary_arn=self._observer.writer.trial_arn(item.subject),
        )
        return add_proposals(watched, basis, now=self._connection.now)


def _list_ids(found: Sequence[Found]) -> Iterator[tuple[str, str]]:
    """List the old and the new roles with their unique ids, empty where one is not known."""
    for item in found:
        yield item.role.arn, item.role.unique_id
        if item.new_arn:
            yield item.new_arn, item.subject.parallel.unique_id if item.subject.parallel else ""


def _choose(item: Found) -> Chosen:
    return Chosen(item.role, (item.role.arn,))
