# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Validation of actions and resources: do they exist, and do they go together?"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Iterator, Sequence

from ..documents.policy import Kind, Statement
from ..evaluation import catalogue
from ..evaluation.catalogue import Action
from ..evaluation.matching import overlaps
from .draft import Draft, DraftIssue, PlacedText, is_everything, is_wild, join_names

_VARIABLE: t.Final = re.compile(r"\$\{(\w+)\}")
# Names without a slash end where a slash is: an object is no bucket although both begin alike.
_WITHOUT_SLASH: t.Final = frozenset({"BucketName", "TableName"})
_FIELDS: t.Final = 6
_SEVERAL: t.Final = re.compile(r",\s*arn:")


def find_unknown_actions(draft: Draft) -> Iterator[DraftIssue]:
    """Find actions that do not exist, and wildcards that match none."""
    for statement in draft.policy.statements:
        for placed in draft.actions(statement):
            if not is_everything(placed.text) and not catalogue.expand(placed.text):
                code, message = _describe_unknown(placed.text)
                yield DraftIssue(code, placed.path, message)


def _describe_unknown(text: str) -> tuple[str, str]:
    service = text.partition(":")[0]
    if not is_wild(service) and service.lower() not in catalogue.services():
        return "invalid_service_in_action", f"no service has the prefix {service}{_suggest(_services_for(text))}"
    if is_wild(text):
        return "wildcard_matches_no_action", f"{text} matches no action"
    return "invalid_action", f"{text} does not exist{_suggest(catalogue.nearest(text))}"


def _services_for(text: str) -> Sequence[str]:
    return catalogue.nearest(text) or catalogue.nearest_services(text.partition(":")[0])


def _suggest(names: Sequence[str]) -> str:
    return f"; meant may be {' or '.join(names)}" if names else ""


def find_misfit_resources(draft: Draft) -> Iterator[DraftIssue]:
    """Find actions whose statement lists no resource that they take, and resources that no action of theirs takes."""
    for statement in draft.policy.statements:
        resources = draft.texts(statement, "Resource")
        if statement.actions is None or not resources or any(is_everything(placed.text) for placed in resources):
            continue
        if draft.kind is Kind.RESOURCE:
            # A service's own policies may name resources in its own way: API Gateway has execute-api:/stage/GET.
            resources = tuple(placed for placed in resources if placed.text.startswith("arn:"))
        yield from _find_misfits(draft, statement, resources)


def _find_misfits(draft: Draft, statement: Statement, resources: Sequence[PlacedText]) -> Iterator[DraftIssue]:
    patterns = [draft.pattern(placed.text) for placed in resources]
    useful = True
    for placed in draft.actions(statement):
        actions = () if is_everything(placed.text) else catalogue.expand(placed.text)
        if not actions or not patterns or any(fits(action, pattern) for action in actions for pattern in patterns):
            continue
        useful = False
        if not any(action.resources for action in actions):
            message = f"{placed.text} has no resources: it needs Resource *"
            yield DraftIssue("action_needs_all_resources", placed.path, message)
        else:
            message = f"{placed.text} takes {_types_of(actions)}, and no Resource of the statement is one"
            yield DraftIssue("resource_does_not_fit_action", placed.path, message)
    if not useful or any(is_everything(pattern) for pattern in statement.actions or ()):
        return
    listed_actions = draft.expanded[statement.index]
    for placed, pattern in zip(resources, patterns, strict=True):
        if listed_actions and not any(fits(action, pattern) for action in listed_actions):
            message = f"no action of the statement takes {placed.text}"
            yield DraftIssue("resource_without_action", placed.path, message)


def _types_of(actions: Sequence[Action]) -> str:
    # A wildcard before the colon is about actions of several services.
    types = {(action.service, name): None for action in actions for name in action.resources}
    known = ((name, catalogue.resource_types(service).get(name.lower())) for service, name in types)
    return join_names([f"{name} ({', '.join(kind.formats)})" if kind else name for name, kind in known], most=3)


@functools.lru_cache(maxsize=65536)
def fits(action: Action, pattern: str) -> bool:
    """Whether a resource that an action takes can match ``pattern``, in which variables are wildcards already.

    An action that has no resource-level permissions asks for the resource ``*``, which is no ARN:
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    if is_everything(pattern):
        return True
    types = catalogue.resource_types(action.service)
    # Tagging is documented for some types of resources and works on more: AddTags of load balancers on target groups.
    names = types if "Tagging" in action.levels and action.resources else action.resources
    kinds = (types[name.lower()] for name in names if name.lower() in types)
    return any(_fits_type(pattern, arn) for kind in kinds for arn in kind.formats)


@functools.lru_cache(maxsize=65536)
def _fits_type(pattern: str, arn: str) -> bool:
    fields, formats = pattern.split(":", _FIELDS - 1), arn.split(":", _FIELDS - 1)
    if len(fields) < _FIELDS or len(formats) < _FIELDS:
        # A wildcard that ends the pattern goes on beyond colons, as in arn:aws:s3*.
        return overlaps(pattern, _VARIABLE.sub("*", arn))
    resource, format_ = fields[-1], formats[-1]
    if set(_VARIABLE.findall(format_)) <= _WITHOUT_SLASH and resource.count("/") > format_.count("/"):
        return False
    return all(overlaps(mine, _VARIABLE.sub("*", theirs)) for mine, theirs in zip(fields, formats, strict=True))


def find_malformed_arns(draft: Draft) -> Iterator[DraftIssue]:
    """Find ARNs of resources and principals that can't match anything."""
    for statement in draft.policy.statements:
        principals = [placed for kind, placed in draft.principals(statement) if kind == "AWS"]
        for placed in (*draft.resources(statement), *principals):
            if placed.text.startswith("arn:"):
                yield from _check_arn(placed, draft.partition)


def _check_arn(placed: PlacedText, partition: t.Optional[str]) -> Iterator[DraftIssue]:
    if _SEVERAL.search(placed.text):
        message = f"{placed.text} is one text, which no ARN is equal to: give each ARN in a list"
        yield DraftIssue("several_arns_in_one", placed.path, message)
        return
    fields = placed.text.split(":", _FIELDS - 1)
    if len(fields) < _FIELDS:
        if not fields[-1].endswith("*"):
            message = (
                f"{placed.text} has {len(fields)} of the fields arn:partition:service:region:account:resource; a "
                "missing field means anything in a resource, and nobody in a principal"
            )
            yield DraftIssue("missing_arn_field", placed.path, message)
        return
    account = fields[4]
    if account.isdigit() and len(account) != 12:
        yield DraftIssue("invalid_arn_account", placed.path, f"{account} is not an account id of 12 digits")
    if partition and not is_wild(fields[1]) and fields[1] != partition and "$" not in fields[1]:
        message = f"{placed.text} is of the partition {fields[1]}; the policy is for {partition}"
        yield DraftIssue("arn_of_other_partition", placed.path, message)
