# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes as the services count them, against their limits."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import minify
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import (
    ATTACHMENTS,
    LIMITS,
    RAISED_LIMITS,
    excess,
    inline_total,
    size,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind

from ..samples import load_managed_policies

DOCUMENT: dict[str, t.Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
COMPACT: t.Final = json.dumps(DOCUMENT, separators=(",", ":"))
SPACED: t.Final = json.dumps(DOCUMENT, indent=4)


@pytest.mark.parametrize("kind", sorted(Kind))
def test_whitespace_counts_for_some_services(kind: Kind) -> None:
    """IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "white space"

    Organizations: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    """
    counts = kind in (Kind.SCP, Kind.RCP, Kind.SESSION)
    assert size(COMPACT, kind) == len(COMPACT)
    assert size(SPACED, kind) == (len(SPACED) if counts else len(COMPACT))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        pytest.param('{"a" :\t"b"}\r\n', Kind.MANAGED, 9, id="whitespace"),
        pytest.param('{"a": "b c"}', Kind.MANAGED, 11, id="whitespace in a string"),
        pytest.param('{"a": "b\\" c"}', Kind.MANAGED, 13, id="escaped quotation mark"),
        pytest.param('{"a": "é"}', Kind.MANAGED, 9, id="characters"),
        pytest.param('{"a":"é"}', Kind.SCP, 10, id="bytes"),
        pytest.param('{"a": "b c', Kind.MANAGED, 9, id="not even JSON"),
        pytest.param("", Kind.MANAGED, 0, id="empty"),
    ],
)
def test_size_of_text(text: str, kind: Kind, expected: int) -> None:
    assert size(text, kind) == expected


def test_structures_and_policies_count_as_they_would_be_sent() -> None:
    assert size(DOCUMENT, Kind.SCP) == len(COMPACT)
    # A statement or a value alone needs no list.
    policy = parse({"Statement": {"Effect": "Deny", "Action": ["*"], "Resource": ["*"]}})
    assert size(policy, Kind.SCP) == len(minify(policy)) == len(COMPACT)


def test_inline_policies_count_together() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: "the total aggregate policy size" """
    assert inline_total([COMPACT, SPACED, DOCUMENT], Kind.INLINE_USER) == 3 * len(COMPACT)
    assert inline_total([], Kind.INLINE_ROLE) == 0
    with pytest.raises(ValueError, match="managed is not a kind of inline policy"):
        inline_total([COMPACT], Kind.MANAGED)


def test_excess() -> None:
    assert excess(COMPACT, Kind.TRUST) == 0
    assert excess("x" * 2048, Kind.TRUST) == 0
    assert excess("x" * 2050, Kind.TRUST) == 2
    assert excess("x" * 100_000, Kind.RESOURCE) == 0


def test_limits_are_known_for_all_kinds_but_those_of_services() -> None:
    assert set(Kind) - set(LIMITS) == {Kind.RESOURCE}
    assert all(RAISED_LIMITS[kind] > LIMITS[kind] for kind in RAISED_LIMITS)
    assert all(raised >= default for default, raised in ATTACHMENTS.values())


def test_sizes_of_the_policies_of_aws() -> None:
    """AWS's own may be larger than a customer's: 84 of them could not be copied."""
    documents = load_managed_policies()
    sizes = {name: size(content, Kind.MANAGED) for name, content in documents.items()}
    assert sizes["AdministratorAccess"] == len(COMPACT.replace("Deny", "Allow"))
    assert sizes["ReadOnlyAccess"] > 6_144
    assert sum(excess(content, Kind.BOUNDARY) > 0 for content in documents.values()) == 84
    assert all(size(json.dumps(content, indent=2), Kind.MANAGED) == sizes[name] for name, content in documents.items())
