# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How verdicts add up: the statements of a layer, and the layers of a request."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.compiled import compile_policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.verdict import Layer, Verdict, Way, weigh

from .cases.case import allow, deny, policy

ALLOWS, DENIES, ALSO_ALLOWS = compile_policy(policy("P", allow(Sid="A"), deny(Sid="D"), allow(Sid="B"))).statements


def verdict(allows: Truth = NO, denies: Truth = NO, layer: Layer = Layer.IDENTITY) -> Verdict:
    found = Verdict(layer)
    found.take(ALLOWS, allows, frozenset({f"{layer}:allow"} if allows is UNKNOWN else ()))
    found.take(DENIES, denies, frozenset({f"{layer}:deny"} if denies is UNKNOWN else ()))
    return found


def test_a_statement_that_is_sure_goes_before_one_that_is_not() -> None:
    found = verdict(UNKNOWN)
    assert (found.allow, found.allowed_by) == (UNKNOWN, ALLOWS)
    found.take(ALSO_ALLOWS, YES)
    found.take(ALLOWS, UNKNOWN)
    assert (found.allow, found.allowed_by) == (YES, ALSO_ALLOWS)


def test_what_does_not_apply_changes_nothing() -> None:
    found = verdict(NO, NO)
    assert (found.allow, found.deny, found.allowed_by, found.denied_by) == (NO, NO, None, None)


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.product((YES, NO, UNKNOWN), repeat=2)), ids=lambda value: value.value
)
def test_gates_are_and(first: Truth, second: Truth) -> None:
    gates = (verdict(first), verdict(second, layer=Layer.BOUNDARY))
    expected = NO if NO in (first, second) else UNKNOWN if UNKNOWN in (first, second) else YES
    assert Way(gates[0], gates).truth() is expected
    assert weigh(gates, (Way(gates[0], gates),)).allowed is expected


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.product((YES, NO, UNKNOWN), repeat=2)), ids=lambda value: value.value
)
def test_ways_are_or(first: Truth, second: Truth) -> None:
    one, other = verdict(first, layer=Layer.RESOURCE), verdict(second)
    expected = YES if YES in (first, second) else UNKNOWN if UNKNOWN in (first, second) else NO
    assert weigh((one, other), (Way(one, (one,)), Way(other, (other,)))).allowed is expected


@pytest.mark.parametrize("allows", [YES, NO, UNKNOWN], ids=lambda value: value.value)
def test_a_deny_wins(allows: Truth) -> None:
    identity, boundary = verdict(allows), verdict(YES, YES, Layer.BOUNDARY)
    found = weigh((identity, boundary), (Way(identity, (identity, boundary)),))
    assert (found.allowed, found.denied, found.decider, found.statement) == (NO, True, boundary, DENIES)


def test_a_possible_deny_makes_an_allow_unknown() -> None:
    identity, scp = verdict(YES), verdict(YES, UNKNOWN, Layer.SCP)
    found = weigh((scp, identity), (Way(identity, (scp, identity)),))
    assert (found.allowed, found.denied, found.decider, found.statement) == (UNKNOWN, True, scp, DENIES)
    assert found.missing == {"scp:deny"}


def test_a_possible_deny_changes_nothing_where_nothing_allows() -> None:
    identity, scp = verdict(NO), verdict(YES, UNKNOWN, Layer.SCP)
    found = weigh((scp, identity), (Way(identity, (scp, identity)),))
    assert (found.allowed, found.denied, found.decider, found.missing) == (NO, False, identity, frozenset())


def test_everything_that_is_missing() -> None:
    identity, scp = verdict(UNKNOWN), verdict(UNKNOWN, UNKNOWN, Layer.SCP)
    found = weigh((scp, identity), (Way(identity, (scp, identity)),))
    assert found.missing == {"identity:allow", "scp:allow", "scp:deny"}


def test_a_closed_way_is_not_missing_anything() -> None:
    """Where the boundary is closed, nothing that the way through it needs is of interest."""
    direct, identity = verdict(UNKNOWN, layer=Layer.RESOURCE), verdict(UNKNOWN)
    boundary = verdict(NO, layer=Layer.BOUNDARY)
    ways = (Way(direct, (direct,)), Way(identity, (identity, boundary)))
    assert weigh((direct, identity, boundary), ways).missing == {"resource:allow"}


def test_the_gate_that_is_named_is_on_a_way_where_something_is_granted() -> None:
    identity, boundary = verdict(NO), verdict(NO, layer=Layer.BOUNDARY)
    limited = verdict(YES, layer=Layer.RESOURCE)
    ways = (Way(limited, (limited, boundary)), Way(identity, (identity, boundary)))
    assert weigh((limited, identity, boundary), ways).decider is boundary
    assert weigh((identity, boundary), ways[1:]).decider is identity


def test_what_was_passed_by() -> None:
    direct, identity = verdict(YES, layer=Layer.RESOURCE), verdict(YES)
    boundary, session = verdict(NO, layer=Layer.BOUNDARY), verdict(YES, layer=Layer.SESSION)
    ways = (Way(direct, (direct,)), Way(identity, (identity, boundary, session)))
    assert weigh((direct, identity, boundary, session), ways).bypassed == (Layer.BOUNDARY,)
