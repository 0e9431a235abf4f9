# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variable hardening_owners."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.declared import (
    find_declared,
    parse_owners,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import Write

from .owned import ACCOUNT, POLICY, ROLE, USER, item

APP: t.Final = {"arn": "arn:aws:iam::*:role/apps/*", "owner": "team app", "tool": "Terraform", "repository": "git/app"}


def test_an_entry_has_an_owner_a_place_and_refuses_by_default() -> None:
    (entry,) = parse_owners([APP])
    owner = entry.make_owner()
    assert (owner.name, owner.tool, owner.is_certain, owner.write) == ("team app", "Terraform", True, Write.REFUSE)
    assert owner.place is not None
    assert (owner.place.text, owner.place.language) == ("git/app", "terraform")
    assert owner.evidence == ("hardening_owners[0] matches arn:aws:iam::*:role/apps/*",)


@pytest.mark.parametrize("given", [None, "", []])
def test_nothing_is_declared(given: t.Any) -> None:
    assert parse_owners(given) == ()


@pytest.mark.parametrize(
    ("entry", "matching"),
    [
        ({"arn": "arn:aws:iam::*:role/apps/*"}, {ROLE}),
        ({"arn": "arn:aws:iam::111122223333:role/APPS/app"}, {ROLE}),
        ({"arn": "arn:*:iam::*:*"}, {ROLE, USER, POLICY}),
        ({"arn": "arn:aws:iam::999988887777:role/*"}, set()),
        ({"account": "1111*"}, {ROLE, USER, POLICY}),
        ({"account": ACCOUNT}, {ROLE, USER, POLICY}),
        ({"account": int(ACCOUNT)}, {ROLE, USER, POLICY}),
        ({"account": "9*"}, set()),
    ],
)
def test_globs_match_arns_or_accounts(entry: t.Any, matching: set[str]) -> None:
    owners = parse_owners([{"owner": "x", **entry}])
    assert {arn for arn in (ROLE, USER, POLICY) if find_declared(owners, item(arn))} == matching


def test_the_first_entry_that_matches_counts() -> None:
    owners = parse_owners([{**APP, "write": "allow"}, {"account": "*", "owner": "all"}])
    first, second = (find_declared(owners, item(arn)) for arn in (ROLE, USER))
    assert first is not None and first.write is Write.ALLOW
    assert second is not None and second.owner == "all"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("all", "owners: 'all' is not allowed; allowed is a list"),
        ({"arn": "x"}, "owners: .* allowed is a list"),
        (["arn:aws:iam::*:role/*"], r"owners\[0\]: 'arn.*' is not allowed; allowed is a mapping"),
        ([APP, {**APP, "writes": "allow"}], r"owners\[1\]: writes is not allowed; allowed are arn, account"),
        ([{**APP, "write": "yes"}], r"owners\[0\].write: 'yes' is not allowed; allowed are allow, refuse"),
        ([{**APP, "write": True}], r"owners\[0\].write: True is not allowed; allowed is a text"),
        ([{"arn": APP["arn"]}], r"owners\[0\]: it names no owner"),
        ([{"owner": "x"}], r"owners\[0\]: give either arn"),
        ([{**APP, "account": "1*"}], r"owners\[0\]: give either arn"),
        ([{"owner": "x", "arn": "*"}], r"owners\[0\].arn: '\*' is not allowed"),
        ([{"owner": "x", "arn": "role/app"}], r"owners\[0\].arn"),
        ([{"owner": "x", "arn": "arn:aws:s3:::bucket"}], r"owners\[0\].arn"),
        ([{"owner": "x", "arn": "arn:aws:iam::*:instance-profile/x"}], r"owners\[0\].arn"),
        ([{"owner": "x", "account": "12345"}], r"owners\[0\].account: '12345' is not allowed"),
        ([{"owner": "x", "account": "acme"}], r"owners\[0\].account"),
        ([{**APP, "owner": "x\ny"}], r"owners\[0\].owner: .* allowed is a text of one line"),
        ([{**APP, "owner": "x\u2028y"}], r"owners\[0\].owner"),
        ([{**APP, "owner": ["x"]}], r"owners\[0\].owner: .* allowed is a text"),
    ],
)
def test_a_bad_entry_is_an_error_that_names_it(given: t.Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_owners(given)
