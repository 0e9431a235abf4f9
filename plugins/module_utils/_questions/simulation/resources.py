# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Requests that say no single resource: allowed, or denied, only where that holds for whichever it is.

Policies are held against a resource as it is written, as AWS's simulator does it too: a denial for one bucket is not
about ``*``, and neither is an Allow. A request is about one resource however, and it may be that one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._policy.documents.arn import arn_account
from ..._policy.evaluation import catalogue
from ..._policy.evaluation.context import Context
from ..._policy.evaluation.evaluate import Decision, Evaluator, Layers, Outcome, Request
from ..._policy.evaluation.narrowing import RESOURCE_KEY, open_resources

#: The name of the resource in explanations where it decides.
WHICH_RESOURCE: t.Final = "which resource it is"


def decide(evaluator: Evaluator, request: Request, context: Context) -> Decision:
    """Decide a request. ``context`` is all that is known of it.

    The decision is unknown and depends on ``RESOURCE_KEY`` if some resources are allowed and perhaps not all.
    """
    decision = evaluator.decide(dataclasses.replace(request, context=context))
    if decision.outcome not in (Outcome.ALLOWED, Outcome.IMPLICIT_DENY):
        return decision
    if not _leaves_resource_open(request, by_default=decision.outcome is Outcome.IMPLICIT_DENY):
        return decision
    open_layers = open_resources(evaluator.layers, request.resource, ())
    policy = request.resource_policy
    if policy is not None:
        policy = open_resources(Layers(identity=(policy,)), request.resource, ()).identity[0]
    return Evaluator(open_layers).decide(
        dataclasses.replace(
            request,
            resource="*",
            resource_account=request.resource_account or arn_account(request.resource),
            resource_policy=policy,
            context=context.but_unknown(RESOURCE_KEY),
        )
    )


def _leaves_resource_open(request: Request, *, by_default: bool) -> bool:
    """Whether a request may be about one of several resources; ``by_default`` where the action is not known."""
    if request.resource != "*":
        return "*" in request.resource or "?" in request.resource
    service, _colon, name = request.action.partition(":")
    known = catalogue.action(service, name)
    # An action that is about no resource is asked for with "*".
    return by_default if known is None else bool(known.resources)
