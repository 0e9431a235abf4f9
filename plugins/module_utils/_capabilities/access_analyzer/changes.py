# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The single changes to analyzers and their archive rules, each with how to take it back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..._account.analyzers import AnalyzerDetails, ArchiveRule, Criteria, Exclusion, Inclusion
from ..._account.model import Snapshot
from ..._controls.catalogue.access_analyzer import format_filter
from ..._converge.change import Change, Impact, Undo

SERVICE: t.Final = "accessanalyzer"
CREATE: t.Final = "CreateAnalyzer"
UPDATE: t.Final = "UpdateAnalyzer"
DELETE: t.Final = "DeleteAnalyzer"
TAG: t.Final = "TagResource"
UNTAG: t.Final = "UntagResource"
CREATE_RULE: t.Final = "CreateArchiveRule"
UPDATE_RULE: t.Final = "UpdateArchiveRule"
DELETE_RULE: t.Final = "DeleteArchiveRule"
APPLY_RULE: t.Final = "ApplyArchiveRule"
_RULE_PART: t.Final = "/archive-rule/"

Shape = dict[str, t.Any]


def analyzer_arn(snapshot: Snapshot, region: str, name: str) -> str:
    return f"arn:{snapshot.partition}:access-analyzer:{region}:{snapshot.account_id}:analyzer/{name}"


def rule_arn(analyzer: str, name: str) -> str:
    return f"{analyzer}{_RULE_PART}{name}"


def parts_of(target: str) -> tuple[str, str]:
    """The names of the analyzer and of the archive rule (empty for none) in the target of a change."""
    name, _part, rule = target.partition(":analyzer/")[2].partition(_RULE_PART)
    return name, rule


def describe_setup(analyzer: AnalyzerDetails) -> Shape:
    """Describe the settings of an analyzer, whatever the order in which AWS answers."""
    return build_setup(analyzer.unused_access_age, analyzer.exclusions, analyzer.inclusions)


def build_setup(age: t.Optional[int], exclusions: Sequence[Exclusion], inclusions: Sequence[Inclusion]) -> Shape:
    return {
        "unused_access_age": age,
        "exclusions": _sort_entries(_build_exclusions(exclusions)),
        "inclusions": _sort_entries(_build_inclusions(inclusions)),
    }


def describe_analyzer(analyzer: AnalyzerDetails, tag_keys: Sequence[str]) -> Shape:
    """Describe an analyzer with those of its tags that we set. Tags that others add are no change of ours."""
    return {
        "type": analyzer.type,
        **describe_setup(analyzer),
        "tags": {key: analyzer.tags.get(key) for key in sorted(tag_keys)},
    }


def _sort_entries(entries: list[Shape]) -> list[Shape]:
    return sorted(entries, key=repr)


def _build_exclusions(entries: Sequence[Exclusion]) -> list[Shape]:
    return [
        _drop_empty_lists(
            accountIds=sorted(entry.account_ids),
            resourceTags=sorted((dict(sorted(tags.items())) for tags in entry.resource_tags), key=repr),
        )
        for entry in entries
    ]


def _build_inclusions(entries: Sequence[Inclusion]) -> list[Shape]:
    return [
        _drop_empty_lists(
            accountIds=sorted(entry.account_ids),
            resourceTypes=sorted(entry.resource_types),
            resourceArns=sorted(entry.resource_arns),
        )
        for entry in entries
    ]


def _drop_empty_lists(**lists: list[t.Any]) -> Shape:
    return {key: value for key, value in lists.items() if value}


def build_configuration(wanted: Shape) -> Shape:
    """Build the request for a form of :func:`build_setup`; empty for an analyzer of external access."""
    if wanted["inclusions"]:
        return {"internalAccess": {"analysisRule": {"inclusions": wanted["inclusions"]}}}
    if wanted["unused_access_age"] is None:
        return {}
    rule = {"analysisRule": {"exclusions": wanted["exclusions"]}} if wanted["exclusions"] else {}
    return {"unusedAccess": {"unusedAccessAge": wanted["unused_access_age"], **rule}}


def create(
    snapshot: Snapshot,
    region: str,
    *,
    name: str,
    kind: str,
    wanted: Shape,
    tags: Mapping[str, str],
    remedies: tuple[str, ...],
) -> Change:
    setting = build_configuration(wanted)
    parameters = {"analyzerName": name, "type": kind, "tags": dict(tags)}
    return Change(
        account_id=snapshot.account_id,
        region=region,
        service=SERVICE,
        operation=CREATE,
        target=analyzer_arn(snapshot, region, name),
        parameters={**parameters, "configuration": setting} if setting else parameters,
        before=None,
        after={"type": kind, **wanted, "tags": dict(sorted(tags.items()))},
        kind="analyzer_create",
        impact=Impact.ADDITIVE,
        remedies=remedies,
        undo=Undo(DELETE, {"analyzerName": name}),
    )


def update(snapshot: Snapshot, analyzer: AnalyzerDetails, wanted: Shape) -> Change:
    before = describe_setup(analyzer)

    def request(setting: Shape) -> Shape:
        return {"analyzerName": analyzer.name, "configuration": build_configuration(setting)}

    return Change(
        account_id=snapshot.account_id,
        region=analyzer.region,
        service=SERVICE,
        operation=UPDATE,
        target=analyzer.arn,
        parameters=request(wanted),
        before=before,
        after=wanted,
        kind="analyzer_update",
        impact=Impact.ADDITIVE,
        undo=Undo(UPDATE, request(before)) if build_configuration(before) else None,
    )


def delete(snapshot: Snapshot, analyzer: AnalyzerDetails, population: int) -> Change:
    """A removal. Its findings go with it, and with them which of them were archived: nothing brings those back."""
    return Change(
        account_id=snapshot.account_id,
        region=analyzer.region,
        service=SERVICE,
        operation=DELETE,
        target=analyzer.arn,
        parameters={"analyzerName": analyzer.name},
        before=describe_analyzer(analyzer, sorted(analyzer.tags)),
        after=None,
        kind="analyzer_delete",
        impact=Impact.DESTRUCTIVE,
        population=population,
    )


def tag(snapshot: Snapshot, analyzer: AnalyzerDetails, tags: Mapping[str, str]) -> list[Change]:
    """The tags that are missing, then those with another value: what undoes one does not undo the other."""
    missing = {key: value for key, value in sorted(tags.items()) if key not in analyzer.tags}
    other = {key: value for key, value in sorted(tags.items()) if analyzer.tags.get(key, value) != value}
    untag = Undo(UNTAG, {"resourceArn": analyzer.arn, "tagKeys": sorted(missing)})
    restore = Undo(TAG, {"resourceArn": analyzer.arn, "tags": {key: analyzer.tags[key] for key in other}})
    return [_tag(snapshot, analyzer, values, undo) for values, undo in ((missing, untag), (other, restore)) if values]


def _tag(snapshot: Snapshot, analyzer: AnalyzerDetails, tags: Mapping[str, str], undo: Undo) -> Change:
    return Change(
        account_id=snapshot.account_id,
        region=analyzer.region,
        service=SERVICE,
        operation=TAG,
        target=analyzer.arn,
        parameters={"resourceArn": analyzer.arn, "tags": dict(tags)},
        before={key: analyzer.tags.get(key) for key in tags},
        after=dict(tags),
        kind="analyzer_tag",
        impact=Impact.ADDITIVE,
        undo=undo,
    )


def change_rule(
    snapshot: Snapshot,
    region: str,
    analyzer: str,
    *,
    name: str,
    present: t.Optional[ArchiveRule],
    wanted: t.Optional[Criteria],
    remedies: tuple[str, ...] = (),
) -> Change:
    """Make an archive rule, give it another filter, or remove it."""
    before = {"filter": format_filter(present.criteria)} if present else None
    after = {"filter": format_filter(wanted)} if wanted is not None else None
    named = {"analyzerName": parts_of(analyzer)[0], "ruleName": name}
    operation = DELETE_RULE if after is None else UPDATE_RULE if before else CREATE_RULE
    undo = Undo(DELETE_RULE, named)
    if before is not None:
        undo = Undo(CREATE_RULE if after is None else UPDATE_RULE, {**named, **before})
    return Change(
        account_id=snapshot.account_id,
        region=region,
        service=SERVICE,
        operation=operation,
        target=rule_arn(analyzer, name),
        parameters={**named, **(after or {})},
        before=before,
        after=after,
        kind=f"archive_rule_{'delete' if after is None else 'put'}",
        impact=Impact.ADDITIVE,
        remedies=remedies,
        undo=undo,
    )


def stays_with(change: Change, refused: Change) -> bool:
    """Whether a change is of no use where another one is not made.

    A rule needs its analyzer, and one that is to replace another finds no room while that is there.
    """
    if refused.operation == CREATE:
        return change.target.startswith(f"{refused.target}{_RULE_PART}")
    if change.operation != CREATE or refused.operation != DELETE or change.region != refused.region:
        return False
    return bool(change.after["type"] == refused.before["type"])


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether a later change of a run is one of the same analyzer, or of a rule of it."""
    return later.target == earlier.target or later.target.startswith(f"{earlier.target}{_RULE_PART}")
