# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies from evidence: principals and options in, documents with lists, coverage and proof out."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..._account.collect import collect
from ..._account.model import Dataset, Group, Snapshot
from ..._account.permissions import Permissions
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.errors import InputError
from ..._converge.store import Store
from ..._converge.untouchable import UntouchablePrincipals
from ..._module.arguments import ORGANIZATION_ARGUMENTS, REPORT_PLACE_ARGUMENTS, ArgumentSpec
from ..._module.connection import Connection
from ..._module.documents import policy_of
from ..._module.functions import OPERATIONS as OPERATIONS_OF_FUNCTIONS
from ..._module.functions import read_functions
from ..._module.policy_files import write_files
from ..._module.policy_settings import SETTINGS_ARGUMENTS, settings_of
from ..._module.snapshots import add_organization_policies
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from ..._policy.documents.policy import Kind, Policy
from ..._policy.evaluation.narrowing import condition_keys
from ..._policy.least_privilege.generate import (
    list_needed_keys,
)
from ..._policy.least_privilege.settings import Settings
from ..._prediction.document import layers_not_read
from ..._prediction.evidence import RECORDS_OPERATIONS, read_records
from ..._prediction.least_privilege import build, build_principal
from ..._prediction.proposals.paths import count_paths
from ..._prediction.proposals.propose import Proposed, Proposer
from ..._prediction.proposals.subjects import Choice, choose, describe
from ..._prediction.records.evidence_options import (
    EXCLUDE_EVIDENCE_ARGUMENTS,
    SOURCE_ARGUMENTS,
    EvidenceOptions,
)
from ..._report.least_privilege_text import condense, render
from ..._report.parts import part_key
from ..recommendations import Asking
from ..simulation.requests import LAYERS_ARGUMENT
from .confirmation import (
    ADVISERS,
    ANALYZER,
    LOCAL,
    VERIFIERS,
    ask_advisers,
    check_new_access,
    check_request,
    count_checks,
    describe_checks,
    open_asking,
)
from .confirmation import OPERATIONS as OPERATIONS_OF_CONFIRMATION
from .offline import Offline
from .result import build_result

ARGUMENTS: t.Final[ArgumentSpec] = {
    "principals": {"type": "list", "elements": "str", "required": True},
    "principal_tags": {"type": "dict", "default": {}},
    "documents": {"type": "list", "elements": "raw", "default": []},
    "break_glass": {"type": "list", "elements": "str", "default": []},
    **SETTINGS_ARGUMENTS,
    **SOURCE_ARGUMENTS,
    **EXCLUDE_EVIDENCE_ARGUMENTS,
    **ORGANIZATION_ARGUMENTS,
    **REPORT_PLACE_ARGUMENTS,
    "run_id": {"type": "str"},
    "placeholders": {"type": "bool", "default": False},
    "second_opinion": {"type": "list", "elements": "str", "choices": ADVISERS, "default": []},
    "second_opinion_request": {"type": "bool", "default": False},
    "second_opinion_wait": {"type": "int", "default": 30},
    "verify_with": {"type": "list", "elements": "str", "choices": VERIFIERS, "default": [LOCAL]},
    "offline": {"type": "bool", "default": False},
    "old_policies": {"type": "dict", "default": {}},
    "layers": LAYERS_ARGUMENT,
    "return_lists": {"type": "str", "choices": ["none", "short", "all"]},
    "terminal": {"type": "str", "choices": ["full", "none"], "default": "full"},
    "ascii": {"type": "bool", "default": False},
    "now": {"type": "str"},
}

_DATASETS: t.Final = frozenset(
    {
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.ACCOUNT_ALIASES,
        Dataset.ACCOUNT_SUMMARY,
        Dataset.ORGANIZATION,
        Dataset.ORGANIZATION_POLICIES,
        Dataset.TRAILS,
    }
)
OPERATIONS: t.Final = RECORDS_OPERATIONS.union(
    OPERATIONS_OF_FUNCTIONS,
    OPERATIONS_OF_CONFIRMATION,
    Operations(reads=frozenset({"sts:GetCallerIdentity"})),
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS),
)
_MODULE: t.Final = "least_privilege_info"


@dataclasses.dataclass(frozen=True)
class _Options:
    """The options, checked before anything is called. ``given`` are documents to prove instead of generated ones."""

    evidence: EvidenceOptions
    settings: Settings
    given: tuple[Policy, ...]
    advisers: tuple[str, ...] = ()
    asks_analyzer: bool = False

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The options of a task. Raises TaskError: one can't be used."""
        options = task.options
        check_request(options["second_opinion"], options["second_opinion_request"], options["second_opinion_wait"])
        return cls(
            EvidenceOptions.of(task),
            settings_of(task),
            tuple(
                policy_of(value, option=f"documents[{index}]", kind=Kind.MANAGED, name=f"document {index + 1}")
                for index, value in enumerate(options["documents"])
            ),
            tuple(dict.fromkeys(options["second_opinion"])),
            ANALYZER in options["verify_with"],
        )


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``least_privilege_info``: its options in, its result out. Nothing in the account is changed.

    :raises TaskError: a bad option, the credentials of another account, or policies that can't be read.
    """
    options = _Options.of(task)
    if task.options["offline"]:
        offline = Offline.of(task, options.evidence, options.settings, options.given)
        return _Output.of(task).finish(offline.build(run_id=task.given_run_id))
    for name in ("old_policies", "layers"):
        if task.options[name]:
            raise TaskError(f"{name}: it is only used with offline: true; the policies of the account are read")
    task.expect_account(task.access.caller.account_id)
    connection = task.connection
    snapshot = _observe(connection, options.evidence.regions)
    permissions = Permissions(snapshot)
    untouchable = UntouchablePrincipals(connection.principals, tuple(task.options["break_glass"]))
    try:
        choice = choose(task.options["principals"], task.options["principal_tags"], snapshot, untouchable)
    except InputError as error:
        raise TaskError(str(error)) from error
    asking = open_asking(
        task.options["second_opinion_request"],
        task.options["second_opinion_wait"],
        open_jobs=None if task.check_mode else functools.partial(task.open_for_jobs, Writer.DETECTIVE),
    )
    work = _Work(connection, options, permissions, choice, asking)
    return _Output.of(task).finish([work.build(run_id=task.given_run_id)])


@dataclasses.dataclass(frozen=True)
class _Output:
    """Where the documents go, and how much of them is shown. ``reports`` is None where no files are wanted."""

    reports: t.Optional[Store]
    run_id: str
    check_mode: bool
    lists: t.Optional[str]
    placeholders: bool
    terminal: bool
    ascii_only: bool

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The options of a task."""
        options = task.options
        return cls(
            task.open_store(task.reports) if task.has_reports else None,
            task.run_id,
            task.check_mode,
            options["return_lists"],
            options["placeholders"],
            options["terminal"] == "full",
            options["ascii"],
        )

    def finish(self, documents: Sequence[Mapping[str, t.Any]]) -> dict[str, t.Any]:
        """Write the files of the documents, one an account, and make the result."""
        files: dict[str, list[str]] = {}
        for document in documents:
            files |= self._write(document)
        result = build_result(documents, files, lists=self.lists)
        if self.terminal:
            result["terminal"] = "\n".join(render(document, ascii_only=self.ascii_only) for document in documents)
        return result

    def _write(self, document: Mapping[str, t.Any]) -> dict[str, list[str]]:
        if self.reports is None:
            return {}
        files = write_files(self.reports, document, placeholders=self.placeholders)
        part = _make_part(document, files, run_id=self.run_id, check_mode=self.check_mode)
        key = part_key(document["account_id"], self.run_id, _MODULE)
        self.reports.put(key, (json.dumps(part, indent=1) + "\n").encode())
        return files


def _make_part(
    document: Mapping[str, t.Any], files: Mapping[str, Sequence[str]], *, run_id: str, check_mode: bool
) -> dict[str, t.Any]:
    """The part of the report of the account, as the modules of a run leave it."""
    return {
        "module": _MODULE,
        "run_id": run_id,
        "check_mode": check_mode,
        "least_privilege": [condense(item, files[item["principal"]]) for item in document["principals"]],
    }


def _observe(connection: Connection, regions: Sequence[str]) -> Snapshot:
    reach = connection.access.reach(regions)
    snapshot = collect(connection.access, datasets=_DATASETS, regions=reach.regions, now=connection.now)
    snapshot = add_organization_policies(connection, snapshot)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise TaskError(f"the policies of account {snapshot.account_id} can't be read: {unread_reason(unread)}")
    return snapshot


class _Work:
    """Makes the document of one account."""

    def __init__(
        self,
        connection: Connection,
        options: _Options,
        permissions: Permissions,
        choice: Choice,
        asking: Asking,
    ) -> None:
        self._asking = asking
        self._connection = connection
        self._options = options
        self._permissions = permissions
        self._snapshot = permissions.snapshot
        self._choice = choice

    def build(self, *, run_id: t.Optional[str]) -> dict[str, t.Any]:
        """Read the evidence, generate, prove, and put it all together."""
        members = list(dict.fromkeys(arn for item in self._choice.subjects for arn in item.members))
        functions, unread = read_functions(self._connection.access, self._snapshot.regions)
        principals = {item.arn: describe(item, self._permissions, functions) for item in self._choice.subjects}
        keys = list_needed_keys(principals.values(), self._options.settings)
        keys |= condition_keys(self._permissions.layers(arn) for arn in members)
        records = read_records(
            self._connection, self._options.evidence, self._snapshot, self._permissions, members, keys=keys
        )
        proposer = Proposer(self._permissions, self._options.settings, self._options.given)
        answers = [proposer.propose(item, principals[item.arn], records) for item in self._choice.subjects]
        paths = count_paths(self._permissions, answers)
        opinions = ask_advisers(
            self._connection.access,
            self._options.advisers,
            self._options.evidence.regions,
            self._permissions,
            [answer.generated for answer in answers if not isinstance(answer.subject.entity, Group)],
            self._asking,
        )
        checks = self._check_access(answers)
        snapshot = self._snapshot
        # An answer takes megabytes. It is no longer needed when it is plain data.
        answers.reverse()
        items = [self._build_principal(answers.pop(), paths, opinions, checks) for _answer in range(len(answers))]
        return build(
            items,
            account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
            run_id=run_id,
            created=self._connection.now,
            skipped=self._choice.skipped,
            unread=[*layers_not_read(snapshot), *unread],
        )

    def _check_access(self, answers: Sequence[Proposed]) -> dict[str, dict[str, t.Any]]:
        """Ask AWS about the new policies of each principal, by its ARN."""
        if not self._options.asks_analyzer:
            return {}
        self._connection.warn(describe_checks(count_checks(answer.generated for answer in answers)))
        access = self._connection.access
        calls = {
            answer.subject.arn: functools.partial(
                check_new_access, access, self._permissions.layers(answer.subject.arn).identity, answer.policies
            )
            for answer in answers
            if answer.policies
        }
        return {arn: found for arn, found in access.gather(calls).items() if not isinstance(found, AwsError)}

    def _build_principal(
        self,
        answer: Proposed,
        paths: Mapping[str, tuple[int, int]],
        opinions: Mapping[str, Sequence[Mapping[str, t.Any]]],
        checks: Mapping[str, Mapping[str, t.Any]],
    ) -> dict[str, t.Any]:
        counted = paths.get(answer.subject.arn)
        return build_principal(
            answer.generated,
            answer.record,
            kind=answer.subject.kind.value,
            permission_set=answer.subject.permission_set,
            proofs=[proof.to_data() for proof in answer.proofs],
            paths={"before": counted[0], "after": counted[1]} if counted else None,
            second_opinion=opinions.get(answer.subject.arn, ()),
            new_access=checks.get(answer.subject.arn),
            notes=answer.notes,
        )
