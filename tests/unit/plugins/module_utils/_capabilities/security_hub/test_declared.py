# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of security_hub may say."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import StandardName
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.declared import (
    ALIASES,
    Aggregation,
    Declared,
    WantedStandard,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

CIS_5 = StandardName("cis-aws-foundations-benchmark", "5.0.0")
CIS_3 = StandardName("cis-aws-foundations-benchmark", "3.0.0")


def declare(**options: t.Any) -> Declared:
    defaults = {
        "enable": True,
        "standards": ["fsbp", "cis"],
        "disable_standards": [],
        "controls": [],
        "aggregation_mode": "all_regions",
        "aggregation_regions": [],
    }
    return Declared.from_options({**defaults, **options})


def control(**fields: t.Any) -> dict[str, t.Any]:
    return {"controls": [{"id": "IAM.6", **fields}]}


@pytest.mark.parametrize("text", [*ALIASES, *ALIASES.values()])
def test_a_standard_has_a_short_name_and_one_of_aws(text: str) -> None:
    wanted = WantedStandard.parse(text, "standards")
    assert (wanted.slug, wanted.version) == (ALIASES.get(text, text), None)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("cis", (True, True)),
        ("cis/5.0.0", (True, False)),
        ("cis/v/3.0.0", (False, True)),
        ("fsbp", (False, False)),
        ("arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/3.0.0", (False, True)),
    ],
)
def test_a_version_is_meant_alone(text: str, fits: tuple[bool, bool]) -> None:
    wanted = WantedStandard.parse(text, "standards")
    assert (wanted.fits(CIS_5), wanted.fits(CIS_3)) == fits


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"standards": ["cis_aws"]}, "standards: 'cis_aws' is not allowed; allowed are fsbp, cis,"),
        ({"standards": ["cis/5.0.0/x"]}, "'cis/5.0.0/x' is not allowed"),
        ({"disable_standards": [{"standard": "nothing", "reason": "x"}]}, "disable_standards: 'nothing'"),
        ({"disable_standards": [{"standard": "pci_dss", "reason": " "}]}, "pci_dss needs a reason"),
        ({"disable_standards": [{"standard": "cis", "reason": "x"}]}, "cis is declared in standards as well"),
        (
            {"standards": ["cis/5.0.0"], "disable_standards": [{"standard": "cis/5.0.0", "reason": "x"}]},
            "cis/5.0.0 is declared in standards as well",
        ),
        (control(), "controls: IAM.6 declares nothing"),
        (control(enabled=False), "controls: IAM.6 needs a reason"),
        (control(enabled=False, reason="  "), "controls: IAM.6 needs a reason"),
        (control(parameters={"x": 1}), "controls: IAM.6 needs a reason"),
        (control(enabled=False, reason="x", standards=["none"]), "controls: IAM.6: 'none' is not allowed"),
        ({"aggregation_regions": ["eu-west-1"]}, "it needs aggregation_region"),
        (
            {"aggregation_region": "us-east-1", "aggregation_regions": ["eu-west-1"]},
            "aggregation_mode: all_regions takes no aggregation_regions",
        ),
        (
            {"aggregation_region": "us-east-1", "aggregation_mode": "specified_regions"},
            "aggregation_mode: specified_regions needs aggregation_regions",
        ),
    ],
)
def test_what_makes_no_sense_is_named(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        declare(**options)
    assert message in str(raised.value)


def test_lists_are_taken_as_a_survey_sends_them() -> None:
    assert [wanted.text for wanted in declare(standards=["fsbp", " cis "]).standards] == ["fsbp", "cis"]
    assert declare(standards=[""], aggregation_regions=[""]).standards == ()


def test_an_older_version_goes_while_the_newest_comes() -> None:
    """``cis`` is the newest that is offered; a version of which it is not said that it is wanted may go."""
    found = declare(disable_standards=[{"standard": "cis/1.2.0", "reason": " replaced "}])
    assert [(wanted.version, reason) for wanted, reason in found.disable] == [("1.2.0", "replaced")]


def test_a_control_is_enabled_again_without_a_reason() -> None:
    (wish,) = declare(**control(enabled=True)).controls
    assert (wish.enabled, wish.reason) == (True, "")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (True, True)),
        ({"regions": ["us-east-1"]}, (True, False)),
        ({"exclude_regions": ["us-east-1"]}, (False, True)),
        ({"regions": ["us-east-1"], "exclude_regions": ["us-east-1"]}, (False, False)),
    ],
)
def test_a_control_is_meant_in_some_regions(fields: dict[str, t.Any], expected: tuple[bool, bool]) -> None:
    (wish,) = declare(**control(enabled=True, **fields)).controls
    assert (wish.holds_in("us-east-1"), wish.holds_in("eu-west-1")) == expected


def test_a_control_is_meant_in_some_standards() -> None:
    (everywhere,) = declare(**control(enabled=True)).controls
    (somewhere,) = declare(**control(enabled=True, standards=["cis/3.0.0", "fsbp"])).controls
    assert (everywhere.fits(CIS_5), somewhere.fits(CIS_5), somewhere.fits(CIS_3)) == (True, False, True)


def test_aggregation_is_declared_in_words_of_aws() -> None:
    assert declare().aggregation is None
    found = declare(
        aggregation_region="us-east-1",
        aggregation_mode="all_regions_except_specified",
        aggregation_regions=["sa-east-1", "ap-south-1"],
    )
    assert found.aggregation == Aggregation("us-east-1", "ALL_REGIONS_EXCEPT_SPECIFIED", ("ap-south-1", "sa-east-1"))
