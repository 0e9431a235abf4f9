# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that people may have meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._incident.near_names import find_near

USER = "arn:aws:iam::222233334444:user/ci/ci-deploy"


@pytest.mark.parametrize(
    ("name", "candidate", "is_near"),
    [
        ("AKIATHPRDSKW6WGDHIQZ", "AKIATHPRDSKW6WGDHIOZ", True),
        ("AKIATHPRDSKW6WGDHIQZ", "AKIATHPRDSKW6WGDHOIZ", True),
        ("AKIATHPRDSKW6WGDHIQZ", "AKIATHPRDSKW6WGDH7OA", False),
        ("222233334444", "222233334445", True),
        ("222233334444", "333344445555", False),
        # Case and path count in an ARN, and are the first slips to think of.
        (USER, USER.replace("ci-deploy", "CI-Deploy"), True),
        (USER, USER.replace("/ci/", "/"), True),
        (USER, USER.replace("ci-deploy", "ci-deplyo"), True),
        (USER, USER.replace(":user/", ":role/"), False),
        (USER, USER.replace("222233334444", "222233334445"), True),
        (USER, USER.replace("222233334444", "222233334445").replace("ci-deploy", "ci-dep"), False),
        # One character of the account and two of the name are three.
        (USER, USER.replace("222233334444", "222233334445").replace("ci-deploy", "ci-depl"), False),
        (USER, USER.replace("222233334444", "222233334445").replace("ci-deploy", "ci-deplo"), True),
        (USER, USER.replace("222233334444", "333344445555"), False),
        # A user and a role of the same name are two.
        (USER.replace(":user/", ":role/"), USER, False),
        (USER.replace(":user/", ":role/"), USER.replace(":user/ci/", ":role/"), True),
        (USER, USER, False),
        # Two characters to insert or to leave out, wherever they are, and no third one.
        ("deployer", "xxdeployer", True),
        ("xxdeployer", "deployer", True),
        ("xxxdeployer", "deployer", False),
        ("deployer", "depxxloyer", True),
        ("deployer", "deployerxx", True),
        ("deployer", "deployerxxx", False),
        ("deployer", "ploxyer", False),
        ("deployer", "dxployxr", True),
        ("deployer", "xxxloyer", False),
        ("DEPLOYER", "deployer", True),
        ("deployer", "DEPLOYER", True),
        ("DEPLOYER", "deployxr", True),
        # Of a short name two other characters are another name.
        ("ab", "xy", False),
        ("ci", "cd", True),
    ],
)
def test_what_is_near(name: str, candidate: str, is_near: bool) -> None:
    assert find_near(name, [candidate]) == ((candidate,) if is_near else ())


def test_the_nearest_names_come_first_whatever_their_letters() -> None:
    names = ["abuild-77", "zbuild-7", "BUILD-7", "build-77", "xbuild-7y"]
    assert find_near("build-7", names) == ("BUILD-7", "build-77", "zbuild-7", "abuild-77", "xbuild-7y")
    # Of an ARN the account and the name count together.
    other = USER.replace("222233334444", "222233334445")
    candidates = [other.replace("ci-deploy", "ci-deplo"), other, USER.replace("/ci/", "/x/")]
    assert find_near(USER, candidates) == tuple(candidates[::-1])


def test_the_nearest_names_come_first_and_not_too_many() -> None:
    names = ["build-77", "build-6", "BUILD-7", *(f"build-{letter}" for letter in "abcdef")]
    assert find_near("build-7", names)[0] == "BUILD-7"
    assert len(find_near("build-7", names)) == 5


@given(st.text("abcAB/-", min_size=8), st.text("abcAB/-", min_size=8))
def test_near_is_mutual(one: str, other: str) -> None:
    assert bool(find_near(one, [other])) == bool(find_near(other, [one]))
