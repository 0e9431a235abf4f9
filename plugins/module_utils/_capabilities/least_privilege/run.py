# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Right-sizing the roles of one account by one stage, as the options of a task say."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset, Snapshot
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.affects.affected import with_affected
from ..._converge.affects.after import snapshot_after
from ..._converge.affects.reach import KnownReach
from ..._converge.break_glass import Rescue, principals_for_emergencies
from ..._converge.capability import Capability, Documents
from ..._converge.change import Change, Refusal, content_hash
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import ChangeFacts, Plan
from ..._converge.store import Store
from ..._converge.untouchable import UntouchablePrincipals
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.functions import OPERATIONS as OPERATIONS_OF_FUNCTIONS
from ..._module.options import Run, StoreOptions
from ..._module.ownership import PLAN_OPERATIONS as OWNERS_OPERATIONS
from ..._module.ownership import OwnershipOptions
from ..._module.policy_files import name_folder, write_files, write_patches
from ..._module.policy_settings import settings_of
from ..._module.registration import Registration, Reversal, Row
from ..._module.roles import read_role
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, add_organization_policies, rescue_now
from ..._module.task import Task, TaskError
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from ..._prediction.document import layers_not_read
from ..._prediction.evidence import RECORDS_OPERATIONS
from ..._prediction.least_privilege import build, build_principal
from ..._prediction.records.evidence_options import EvidenceOptions
from .after import LASTING, describe_recorded, refuse_guarded, refuse_planned
from .archive import Archive
from .cases.found import Found
from .cases.observe import CaseReader, Observed
from .changes import APPROVAL_KINDS, DEADLINE_KINDS, LOCKOUT_KINDS, WRITES, RoleWriter
from .consumers.observe import CONSUMERS_OPERATIONS
from .containment import hold_contained
from .declared import Declared
from .events import Author, make_event
from .evidence.observe import Options
from .findings import CONTROLS, findings
from .grants import CONTEXT, GRANTS, SAMPLES
from .lifting import describe_deadline
from .live import Observer
from .model import Way
from .observe import MODULE, UNDO_OPERATIONS, reread
from .owners.decision import list_files
from .owners.observe import OPERATIONS as LIVE_OPERATIONS
from .plan import Case, CasePlanner, Planned
from .records import Kind
from .situation import Situation
from .step import Step
from .steps import decide
from .summary import Details, build_summary, render_summary
from .trial import is_trial
from .trials.observe import Overdue, TrialReader
from .trust import close_trust
from .undo import DERIVATIONS, needs_approval
from .watch.observe import OPERATIONS as WATCH_OPERATIONS

DATASETS: t.Final = frozenset(
    {
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.ACCOUNT_ALIASES,
        Dataset.ACCOUNT_SUMMARY,
        Dataset.CREDENTIAL_REPORT,
        Dataset.ORGANIZATION,
        Dataset.ORGANIZATION_POLICIES,
    }
)
OPERATIONS: t.Final = Operations(writes=frozenset(f"iam:{name}" for name in WRITES)).union(
    BREAK_GLASS_OPERATIONS,
    UNDO_OPERATIONS,
    RECORDS_OPERATIONS,
    OPERATIONS_OF_FUNCTIONS,
    OWNERS_OPERATIONS,
    CONSUMERS_OPERATIONS,
    WATCH_OPERATIONS,
    LIVE_OPERATIONS,
    *(READS[dataset] for dataset in DATASETS),
)
REGISTRATION: t.Final = Registration(
    role="least_privilege",
    module=MODULE,
    writer=Writer.ROLES,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, needs_approval=needs_approval),
    row=Row((Dataset.AUTHORIZATION_DETAILS,)),
    grants=GRANTS,
    samples=SAMPLES,
    context=CONTEXT,
)


def run(task: Task) -> dict[str, t.Any]:
    """Right-size the roles of an account by one stage, as the options of a task say."""
    try:
        declared = Declared.from_options(task.options, today=task.now.date())
        ownership = OwnershipOptions.from_options(task.options)
    except InputError as error:
        raise TaskError(str(error)) from error
    evidence = EvidenceOptions.of(task)
    options = Options(
        declared,
        settings_of(task),
        evidence,
        evidence.regions,
        str(task.options.get("member_role_arn") or "").strip(),
        tuple(task.guards.break_glass),
        ownership,
        task.has_reports,
    )
    reports = task.open_store(task.reports) if task.has_reports else None
    make = functools.partial(RightSizing, options, task.run, task.journal, reports)
    return converge(task, make, module=MODULE)


class RightSizing(Capability[Observed]):
    """One stage of one campaign in one account."""

    lockout_kinds = LOCKOUT_KINDS
    approval_kinds = APPROVAL_KINDS
    deadline_kinds = DEADLINE_KINDS
    reports = CONTROLS
    _observed: Observed
    _steps: tuple[Step, ...]
    _overdue: tuple[Overdue, ...]
    _planned: tuple[Planned, ...]
    _roles_of_changes: Mapping[str, int]

    def __init__(
        self,
        options: Options,
        run: Run,
        journal: StoreOptions,
        reports: t.Optional[Store],
        connection: Connection,
    ) -> None:
        self._options = options
        self._declared = options.declared
        self._run = run
        self._connection = connection
        self._untouchable = UntouchablePrincipals(connection.principals, options.break_glass)
        self._journal = connection.open_store(journal)
        self._reports = reports
        self._archive = Archive(self._journal, connection.access.caller.account_id, options.declared.campaign)
        self._made: set[str] = set()
        self._after: dict[str, tuple[Situation, Step]] = {}

    # The walk

    def observe(self) -> Observed:
        """The roles of the campaign, and what this stage needs to know of them."""
        snapshot = add_organization_policies(self._connection, self._connection.collect(DATASETS))
        unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread is not None:
            account = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:root"
            refusal = Refusal("unread", f"roles and policies are not known: {unread_reason(unread)}", account)
            self._observed, self._steps, self._overdue = Observed(snapshot, (), (), refused=(refusal,)), (), ()
            return self._observed
        writer = self._make_writer(snapshot)
        reader = CaseReader(self._connection, self._options, self._archive, self._journal, writer, self._untouchable)
        self._observed = reader.read()
        steps = decide(self._declared, self._observed.situations, now=self._connection.now)
        pairs = zip(self._observed.found, steps, strict=True)
        self._steps = tuple(self._hold_contained(writer, found, step) for found, step in pairs)
        known = {item.role.arn for item in self._observed.found}
        trials = TrialReader(self._connection, self._declared, self._journal, writer, known)
        overdue = trials.find(Observer(writer, self._observed.facts.permissions, self._options.break_glass))
        self._overdue = tuple(
            dataclasses.replace(item, step=self._hold_contained(writer, item.found, item.step)) for item in overdue
        )
        return self._observed

    def _hold_contained(self, writer: RoleWriter, found: Found, step: Step) -> Step:
        is_on_trial = is_trial(writer.policy_arn(""), found.role.boundary or "")
        roles = (found.role.arn, found.subject.parallel_arn)
        return hold_contained(self._connection.freeze, step, roles, is_on_trial=is_on_trial)

    def _make_writer(self, snapshot: Snapshot) -> RoleWriter:
        return RoleWriter(snapshot, self._declared.campaign, {"iam-hardening:collection-version": COLLECTION_VERSION})

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        if not observed.found:
            return ()
        now = self._connection.now
        return findings(observed.snapshot, self._declared, observed.situations, now=now)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        glass = self._list_break_glass()
        planner = CasePlanner(
            self._make_writer(observed.snapshot), close_trust(observed.snapshot, glass) if glass else None
        )
        pairs = zip(observed.found, self._steps, strict=True)
        cases = [self._make_case(item, step) for item, step in pairs]
        # Trials of other campaigns that are over come last.
        self._planned = planner.plan([*cases, *(Case(item.found.subject, item.step) for item in self._overdue)])
        self._roles_of_changes = _index_changes(self._planned)
        self._steps = tuple(map(refuse_planned, self._steps, self._planned))
        return Plan(
            changes=tuple(change for item in self._planned for change in item.changes),
            refused=(*observed.refused, *(refusal for item in self._planned for refusal in item.refused)),
            warnings=(
                *self._list_acceptance_warnings(),
                *_list_warnings(self._steps, self._overdue),
                *_list_untested(self._observed.found, self._steps),
            ),
        )

    def _list_break_glass(self) -> tuple[str, ...]:
        found = principals_for_emergencies(self._observed.snapshot, self._options.break_glass)
        return tuple(item.arn for item in found)

    def _list_acceptance_warnings(self) -> Iterable[str]:
        """List warnings about acceptances, unless the roles are not known."""
        roles = [item.role.arn for item in self._observed.found]
        return self._declared.list_warnings(roles) if roles else ()

    def _make_case(self, item: Found, step: Step) -> Case:
        return Case(
            item.subject,
            step,
            item.target,
            self._observed.facts.permissions.trust(item.role.arn),
            item.entries,
            item.present,
            is_new_role_used=item.is_new_role_used(self._connection.now),
            returns_admin=item.returns_admin(self._observed.snapshot) if step.event is Kind.REVERTED else True,
            new_id=item.past.parallel_id,
        )

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        # Of a role that the plan makes itself the later changes are known as well.
        snapshot = functools.reduce(snapshot_after, changes, observed.snapshot)
        return with_affected(changes, KnownReach(snapshot))

    def facts(self, change: Change) -> ChangeFacts:
        """The deadline of the trial of a role."""
        ours, now = self._make_writer(self._observed.snapshot).policy_arn(""), self._connection.now
        return ChangeFacts(deadline=describe_deadline(change, self._declared, self._observed.situations, ours, now))

    def defines(self, change: Change) -> bool:
        """Whether a change is about a policy or a role of the campaign."""
        return any(
            change.target == item.subject.parallel_arn or change.target in item.subject.live
            for item in (*self._observed.found, *(one.found for one in self._overdue))
        )

    def tags(self, observed: Observed) -> Mapping[str, Mapping[str, str]]:
        return observed.snapshot.tags_of_principals

    def rescue(self, observed: Observed) -> t.Optional[Rescue]:
        return rescue_now(self._connection, observed.snapshot, self._options.break_glass)

    def stays_with(self, change: Change, refused: Change) -> bool:
        """The changes of one role are made together or not at all."""
        role = self._roles_of_changes.get(_identify(change))
        return role is not None and role == self._roles_of_changes.get(_identify(refused))

    def reread(self, change: Change) -> t.Any:
        return reread(self._connection.access, self._connection.now)(change)

    def learn(self, change: Change, _answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        self._made.add(_identify(change))
        return {}

    # The records

    def conclude(self, result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Write the files of generated documents, and record the steps that are done.

        A step is done once all its changes are made. One that was refused in part is taken again by the next run.
        """
        self._write_files()
        self._write_patches()
        own = zip(self._observed.found, self._steps, [self._archive] * len(self._steps), strict=True)
        others = ((item.found, item.step, item.archive) for item in self._overdue)
        for (found, step, archive), planned in zip((*own, *others), self._planned, strict=True):
            is_done = not planned.refused and all(_identify(change) in self._made for change in planned.changes)
            if not self._run.writes or not is_done:
                continue
            if archive is not None and step.advances and (completed or planned.changes):
                self._record(found, step, archive)
        pairs = zip(self._steps, self._planned[: len(self._steps)], strict=True)
        self._steps = tuple(self._refuse(step, planned, result) for step, planned in pairs)

    def _refuse(self, step: Step, planned: Planned, result: Mapping[str, t.Any]) -> Step:
        """Say of a step that guards refused it, unless a part of it was done."""
        if not step.advances or any(_identify(change) in self._made for change in planned.changes):
            return step
        rules = () if self._run.writes else LASTING
        return refuse_guarded(step, planned.changes, result["refused"], rules=rules)

    def _record(self, found: Found, step: Step, archive: Archive) -> None:
        dossier = self._observed.new.get(found.role.arn) if step.event is Kind.GENERATED else None
        if dossier is not None:
            archive.keep_document(found.role.name, dossier.as_bytes())
        access = self._connection.access
        new = read_role(access, found.subject.parallel_arn) if step.event is Kind.PREPARED else None
        author = Author(
            self._observed.snapshot.account_id,
            archive.campaign,
            access.caller.arn,
            self._run.id,
            self._connection.now,
            self._list_break_glass(),
        )
        event = make_event(
            step,
            found.role.unique_id,
            found.past,
            self._declared,
            author,
            dossier=dossier,
            new_role=(new.arn, new.unique_id) if new else ("", ""),
        )
        archive.write(event, found.log)
        if found.identity is not None:
            (situation,) = (one for one in self._observed.situations if one.role_arn == found.role.arn)
            now = self._connection.now
            self._after[found.role.arn] = describe_recorded(
                self._declared, situation, step, found.log, found.identity, event, now
            )

    def _write_files(self) -> None:
        """Write the generated documents below the report prefix, for people and for the owners of roles."""
        observed = self._observed
        if self._reports is None or not observed.proposed:
            return
        snapshot = observed.snapshot
        document = build(
            [
                build_principal(
                    item.generated,
                    item.record,
                    kind=item.subject.kind.value,
                    permission_set=None,
                    proofs=[proof.to_data() for proof in item.proofs],
                    notes=item.notes,
                )
                for item in observed.proposed.values()
            ],
            account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
            run_id=self._run.id,
            created=self._connection.now,
            skipped=(),
            unread=[*layers_not_read(snapshot), *observed.unread],
        )
        write_files(self._reports, document, placeholders=False)

    def _write_patches(self) -> None:
        """Write the patches that owners of roles are handed out, and void those that nobody may apply any more."""
        if self._reports is None:
            return
        for situation, step in zip(self._observed.situations, self._steps, strict=True):
            files = list_files(situation, step)
            if files:
                write_patches(self._reports, name_folder(step.role_arn.split(":")[4], "role", step.role_arn), files)

    # The result

    @functools.cached_property
    def _summary(self) -> dict[str, t.Any]:
        """The state of the campaign, once the run is concluded."""
        found = zip(self._observed.found, self._steps, strict=True)
        details = {item.role.arn: self._describe(item, step) for item, step in found}
        pairs = zip(self._observed.situations, self._steps, strict=True)
        after = [self._after.get(situation.role_arn, (situation, step)) for situation, step in pairs]
        return build_summary(self._declared, [one for one, _step in after], [step for _one, step in after], details)

    def _describe(self, item: Found, step: Step) -> Details:
        dossier = self._observed.new.get(item.role.arn) or item.dossier
        if dossier is None:
            return Details()
        known = dossier.summary
        return Details(
            granted=known.get("granted", {}),
            privileged=known.get("privileged", {}),
            paths=known.get("paths", {}),
            losses=tuple(known.get("losses", ())),
            patch=step.handout.patch if step.handout else None,
        )

    def sections(self) -> Mapping[str, Documents]:
        return {"campaigns": [self._summary]} if self._observed.found else {}

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        # The report has the rest: of an administrator everything that it can no longer do.
        roles = [{**role, "losses": []} for role in self._summary["roles"]]
        text = render_summary(self._summary, self._after.keys() if self._run.writes else None)
        return {"campaign": {**self._summary, "roles": roles}, "terminal": text}


def _list_untested(found: Iterable[Found], steps: Iterable[Step]) -> Iterator[str]:
    """List which services a trial that begins does not test."""
    for item, step in zip(found, steps, strict=True):
        untested = item.dossier.summary.get("untested") if item.dossier else ()
        if step.event is Kind.OPENED and step.way is Way.IN_PLACE and untested:
            names = ", ".join(map(str, untested))
            yield f"{step.role_arn}: the trial does not test all of {names}, since one boundary can't hold its policies"


def _list_warnings(steps: Iterable[Step], overdue: Iterable[Overdue]) -> Iterator[str]:
    for step in steps:
        yield from (f"{step.role_arn}: {text}" for text in step.warnings)
    for item in overdue:
        verb = "is ended" if item.step.advances else "is over and stays"
        yield f"{item.step.role_arn}: its trial, by campaign {item.campaign}, {verb}: {item.step.reason}"


def _index_changes(planned: Sequence[Planned]) -> dict[str, int]:
    """Index the changes of a plan by the place of the role that they are for. A plan has hundreds of them."""
    return {_identify(change): place for place, item in enumerate(planned) for change in item.changes}


def _identify(change: Change) -> str:
    return content_hash([change.target, change.operation, change.parameters])
