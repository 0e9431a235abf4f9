# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the module ``access_analyzer`` reads live around a change, and how it makes one."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..._account import analyzer_reads
from ..._account.analyzers import AnalyzerDetails
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._controls.catalogue.access_analyzer import format_filter
from ..._converge.capability import Caller
from ..._converge.change import Change
from ..._converge.run_control.lease import LeaseError
from . import changes

_GET: t.Final = "GetAnalyzer"
_GET_RULE: t.Final = "GetArchiveRule"
_LIST: t.Final = "ListAnalyzers"
_QUOTA: t.Final = "ServiceQuotaExceededException"
_THERE: t.Final = frozenset({"ACTIVE", "CREATING"})
_WRITES: t.Final = (
    changes.CREATE,
    changes.UPDATE,
    changes.DELETE,
    changes.TAG,
    changes.UNTAG,
    changes.CREATE_RULE,
    changes.UPDATE_RULE,
    changes.DELETE_RULE,
)

# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(f"{changes.SERVICE}:{name}" for name in (_GET, _GET_RULE, _LIST)),
    writes=frozenset(f"{changes.SERVICE}:{name}" for name in _WRITES),
)


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access)


def _reread(access: Access, change: Change) -> t.Any:
    name, rule = changes.parts_of(change.target)
    if rule:
        return _read_rule(access, change.region, name, rule)
    analyzer = _read_analyzer(access, change.region, name)
    if change.operation in (changes.TAG, changes.UNTAG):
        keys = change.after or change.before
        return {key: analyzer.tags.get(key) for key in keys} if analyzer else None
    if change.operation == changes.UPDATE:
        return changes.describe_setup(analyzer) if analyzer else None
    shape = change.after or change.before
    if analyzer:
        return changes.describe_analyzer(analyzer, sorted(shape["tags"]))
    return _find_another(access, change.region, shape["type"]) if change.operation == changes.CREATE else None


def _read_analyzer(access: Access, region: str, name: str) -> t.Optional[AnalyzerDetails]:
    try:
        answer = access.call(changes.SERVICE, _GET, {"analyzerName": name}, region=region)
    except NotFound:
        return None
    return analyzer_reads.details_of(answer["analyzer"], region, ())


def _find_another(access: Access, region: str, kind: str) -> t.Optional[dict[str, str]]:
    """Find an analyzer of the type that somebody else has made: where AWS allows one, there is no room for ours."""
    listed = access.items(changes.SERVICE, _LIST, "analyzers", {"type": kind}, region=region)
    found = sorted(item["arn"] for item in listed if item["status"] in _THERE and not item.get("managedBy"))
    return {"existing": found[0]} if found else None


def _read_rule(access: Access, region: str, analyzer: str, name: str) -> t.Optional[dict[str, t.Any]]:
    try:
        parameters = {"analyzerName": analyzer, "ruleName": name}
        answer = access.call(changes.SERVICE, _GET_RULE, parameters, region=region)
    except NotFound:
        return None
    return {"filter": format_filter(analyzer_reads.criteria(answer["archiveRule"]["filter"]))}


@dataclasses.dataclass
class AnalyzerAws:
    """AWS for the changes of a run.

    AWS tells that a type of analyzer has its quota only when one more is asked for. Where somebody else was quicker,
    what was to be brought about is there, though not made by us: ``existing`` has the targets of such changes.
    ``applied`` names the declared archive rules that are also to archive what was found before them, which AWS does
    when it is asked to.
    """

    access: Access
    account: str
    applied: frozenset[str] = frozenset()
    existing: set[str] = dataclasses.field(default_factory=set)

    @property
    def caller(self) -> Caller:
        return self.access.caller

    @property
    def chain(self) -> Sequence[str]:
        return self.access.chain

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        given = dict(parameters or {})
        try:
            answer = self.access.call(service, operation, given, region=region)
        except AwsError as error:
            if operation != changes.CREATE or error.code != _QUOTA:
                raise
            other = _find_another(self.access, region or "", given["type"])
            if other is None:
                raise
            self.existing.add(f"{region} {given['analyzerName']}")
            raise error.rephrase(f"{error.message}; there is {other['existing']}") from error
        if operation in (changes.CREATE_RULE, changes.UPDATE_RULE) and given["ruleName"] in self.applied:
            arn = (
                f"arn:{self.access.partition}:access-analyzer:{region}:{self.account}:analyzer/{given['analyzerName']}"
            )
            self._apply(service, {"analyzerArn": arn, "ruleName": given["ruleName"]}, region)
        return answer

    def _apply(self, service: str, request: Mapping[str, t.Any], region: t.Optional[str]) -> None:
        try:
            self.access.call(service, changes.APPLY_RULE, request, region=region)
        except LeaseError as error:
            # As it stands it would say that nothing was sent. But the rule was made, and by us.
            raise AwsError(str(error), service=service, operation=changes.APPLY_RULE, region=region) from error

    def reread(self, change: Change) -> t.Any:
        """As :func:`reread`, but that what somebody else made in our place will do."""
        name, rule = changes.parts_of(change.target)
        if change.operation == changes.CREATE and not rule and f"{change.region} {name}" in self.existing:
            return change.after
        return _reread(self.access, change)
