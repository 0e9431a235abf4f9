# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of analyzers and archive rules back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record, check_arn, split_tags
from . import changes


def _read_analyzer_name(record: Record) -> str:
    check_arn(record, record.target, "access-analyzer")
    name, rule = changes.parts_of(record.target)
    record.check(bool(name) and not rule, f"{record.target} is no analyzer")
    return name


def _undo_creation(record: Record) -> Undo:
    return Undo(changes.DELETE, {"analyzerName": _read_analyzer_name(record)})


def _undo_update(record: Record) -> t.Optional[Undo]:
    setting = changes.build_configuration(dict(record.before))
    name = _read_analyzer_name(record)
    return Undo(changes.UPDATE, {"analyzerName": name, "configuration": setting}) if setting else None


def _undo_tags(record: Record) -> Undo:
    _read_analyzer_name(record)
    missing, other = split_tags(record, record.before)
    if missing:
        return Undo(changes.UNTAG, {"resourceArn": record.target, "tagKeys": sorted(missing)})
    return Undo(changes.TAG, {"resourceArn": record.target, "tags": other})


def _undo_rule(record: Record) -> Undo:
    check_arn(record, record.target, "access-analyzer")
    name, rule = changes.parts_of(record.target)
    record.check(bool(name and rule), f"{record.target} is no archive rule")
    named = {"analyzerName": name, "ruleName": rule}
    if record.is_new:
        return Undo(changes.DELETE_RULE, named)
    operation = changes.CREATE_RULE if record.change.after is None else changes.UPDATE_RULE
    return Undo(operation, {**named, "filter": record.before["filter"]})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (changes.SERVICE, changes.CREATE): _undo_creation,
    (changes.SERVICE, changes.UPDATE): _undo_update,
    (changes.SERVICE, changes.TAG): _undo_tags,
    (changes.SERVICE, changes.CREATE_RULE): _undo_rule,
    (changes.SERVICE, changes.UPDATE_RULE): _undo_rule,
    (changes.SERVICE, changes.DELETE_RULE): _undo_rule,
}
