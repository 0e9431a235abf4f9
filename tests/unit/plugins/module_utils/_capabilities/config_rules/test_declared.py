# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What options declare of AWS Config, in the forms that plays and surveys give."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.config_catalogue import BY_NAME, CATALOGUE
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.declared import (
    Declared,
    WantedRule,
    build_input_parameters,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

DEFAULTS: t.Final[dict[str, t.Any]] = {
    "default_rules": True,
    "rules": [],
    "extra_rules": [],
    "remove_rules": [],
    "iam_region": None,
    "recorder": None,
    "scope": "account",
    "excluded_accounts": None,
    "tags": {},
}


def declare(**options: t.Any) -> Declared:
    rules = [{"enabled": True, "parameters": {}, "frequency": None, **item} for item in options.pop("rules", [])]
    return Declared.from_options({**DEFAULTS, **options, "rules": rules})


def one(name: str, **given: t.Any) -> WantedRule:
    (only,) = declare(default_rules=False, rules=[{"name": name, **given}]).rules
    return only


def test_the_defaults_are_those_of_the_catalogue() -> None:
    found = declare()
    assert [rule.name for rule in found.rules] == [rule.name for rule in CATALOGUE if rule.by_default]
    assert found.tags == {"iam-hardening:managed": "true"}
    assert (found.recorder, found.of_organization, found.excluded_accounts) == (None, False, None)


def test_nobody_is_forced_to_change_passwords_by_default() -> None:
    assert "MaxPasswordAge" not in one("password-policy").parameters
    assert one("password-policy", parameters={"MaxPasswordAge": 365}).parameters["MaxPasswordAge"] == "365"


@pytest.mark.parametrize("given", [True, "True", "yes", "true", "TRUE"])
def test_a_boolean_is_written_with_small_letters(given: t.Any) -> None:
    found = one("password-policy", parameters={"RequireNumbers": given, "RequireSymbols": False})
    assert (found.parameters["RequireNumbers"], found.parameters["RequireSymbols"]) == ("true", "false")
    sent = json.loads(build_input_parameters(found.parameters))
    assert all(isinstance(value, str) and value for value in sent.values())


def test_values_come_as_texts_and_lists() -> None:
    assert (
        one("password-policy", parameters={"MinimumPasswordLength": " 16 "}).parameters["MinimumPasswordLength"] == "16"
    )
    blocked = one("blocked-policies", parameters={"policyArns": ["arn:b", "arn:a"]})
    assert blocked.parameters["policyArns"] == "arn:b,arn:a"


def test_an_empty_value_leaves_a_parameter_out() -> None:
    found = one("password-policy", parameters={"PasswordReusePrevention": None})
    assert "PasswordReusePrevention" not in found.parameters
    assert found.named == {"PasswordReusePrevention": None}
    with pytest.raises(InputError, match="the parameter maxAccessKeyAge can't be left out"):
        one("access-keys-rotated", parameters={"maxAccessKeyAge": ""})


def test_partitions_have_arns_of_their_own() -> None:
    found = one("support-role")
    assert found.fill_parameters("aws-cn")["policyARN"] == "arn:aws-cn:iam::aws:policy/AWSSupportAccess"
    assert found.named == {}


def test_a_rule_can_be_named_in_three_ways() -> None:
    names = {one(name).name for name in ("root-mfa", "iam-hardening-root-mfa", "ROOT_ACCOUNT_MFA_ENABLED")}
    assert names == {"root-mfa"}


def test_what_is_left_out_or_removed_is_not_declared() -> None:
    found = declare(
        rules=[{"name": "root-mfa", "enabled": False}], remove_rules=["iam-hardening-console-mfa", " x", ""]
    )
    assert {"root-mfa", "console-mfa"} & {rule.name for rule in found.rules} == set()
    assert found.remove == {"console-mfa", "x"}


def test_a_rule_that_changes_trigger_has_no_frequency() -> None:
    assert one("user-no-policies").frequency is None
    assert one("root-mfa").frequency == "TwentyFour_Hours"
    assert one("root-mfa", frequency="Six_Hours").frequency == "Six_Hours"


def test_rules_of_ones_own() -> None:
    given = {"name": "groups", "identifier": "IAM_GROUP_HAS_USERS_CHECK", "parameters": {"a": True}, "regions": [" x "]}
    (found,) = declare(default_rules=False, extra_rules=[given]).rules
    assert (found.full_name, found.parameters, found.regions) == ("iam-hardening-groups", {"a": "true"}, ("x",))
    assert found.is_offered("anywhere")


def test_accounts_have_12_digits() -> None:
    found = declare(scope="organization", excluded_accounts=["011122223333", " 222233334444", ""])
    assert found.excluded_accounts == ("011122223333", "222233334444")
    assert declare(scope="organization", excluded_accounts=[]).excluded_accounts == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": [{"name": "x"}]}, r"rules\[0\].name: 'x' is not allowed; allowed are password-policy, "),
        ({"rules": [{"name": "root-mfa", "parameters": {"x": 1}}]}, "it has no parameter 'x'; allowed are none"),
        (
            {"rules": [{"name": "password-policy", "parameters": {"MinimumPasswordLength": 129}}]},
            "allowed are 6 to 128",
        ),
        (
            {"rules": [{"name": "password-policy", "parameters": {"MinimumPasswordLength": "-7"}}]},
            "allowed are 6 to 128",
        ),
        ({"rules": [{"name": "blocked-policies", "parameters": {"policyArns": "a" * 1020}}]}, "allowed are 1024"),
        ({"extra_rules": [{"name": "a b", "identifier": "X"}]}, r"extra_rules\[0\].name: 'a b' is not allowed"),
        ({"extra_rules": [{"name": "a" * 51, "identifier": "X"}]}, "up to 50 letters"),
        ({"extra_rules": [{"name": "a", "identifier": "X", "parameters": {"b": " "}}]}, "b is empty"),
        ({"extra_rules": [{"name": "a", "identifier": "X"}] * 2}, "extra_rules: a is listed twice"),
        ({"extra_rules": [{"name": "a", "identifier": "X"}], "remove_rules": ["a"]}, "remove_rules: a is declared"),
        ({"recorder": {"bucket": "b", "kms_key_arn": "alias/x"}}, "recorder.kms_key_arn: 'alias/x' is no ARN"),
        ({"scope": "organization", "excluded_accounts": ["11122223333"]}, "excluded_accounts: .* 12 digits"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare(**options)


def test_every_rule_of_the_catalogue_can_be_declared() -> None:
    found = declare(default_rules=False, rules=[{"name": name} for name in BY_NAME])
    assert len(found.rules) == len(CATALOGUE)
    for rule in found.rules:
        required = {name for name, item in BY_NAME[rule.name].parameters.items() if item.required}
        assert required <= set(rule.parameters)
