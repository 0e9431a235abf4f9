# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names of variables are misspelt ones of ours, and which may belong to somebody else."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.plugin_utils._variables import (
    MisspeltName,
    count_edits,
    describe_misspelt,
    describe_removed,
    find_doubtful,
    find_misspelt,
    find_removed,
    load_variables,
    parse_ignored,
)

LETTERS: t.Final = "abcdefghijklmnopqrstuvwxyz"
OWN: t.Final = load_variables().own_prefixes
# Long enough for two differences to leave it recognizable.
NAMES: t.Final = sorted(name for name in load_variables().names if name.startswith(OWN))


def names(*given_names: str, **variables: t.Any) -> list[str]:
    return [str(item) for item in find_misspelt({**dict.fromkeys(given_names, "x"), **variables})]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("hardening_wavers", "hardening_waivers"),
        ("hardning_waivers", "hardening_waivers"),
        ("hardening_max", "hardening_max_changes"),
        ("password_polcy_mode", "password_policy_mode"),
        ("pasword_policy_mode", "password_policy_mode"),
        ("passwrod_poilcy_mode", "password_policy_mode"),
        ("passwordpolicy_mode", "password_policy_mode"),
        ("password_policymode", "password_policy_mode"),
        ("password_policy_length", "password_policy_minimum_password_length"),
        ("access_key_mode", "access_keys_mode"),
        ("acces_keys_exclud_user", "access_keys_exclude_users"),
        ("user_permission_mode", "user_permissions_mode"),
        ("assesment_scope", "assessment_scope"),
        ("report_scop", "report_scope"),
        ("preflight_modess", "preflight_modes"),
        ("explain_denial_acton", "explain_denial_action"),
    ],
)
def test_misspelt_names_are_found_with_the_nearest(name: str, nearest: str) -> None:
    assert find_misspelt({name: "x"}) == [MisspeltName(name, nearest)]


@pytest.mark.parametrize(
    ("name", "successor"),
    [
        ("assesment_regions", "aws_regions"),
        ("report_formts", "hardening_report_formats"),
        ("password_policy_acount_id", "aws_account_id"),
        ("PASSWORD_POLICY_ACCOUNT_ID", "aws_account_id"),
    ],
)
def test_a_misspelt_removed_name_leads_to_its_successor(name: str, successor: str) -> None:
    assert find_misspelt({name: "x"}) == [MisspeltName(name, successor)]


@pytest.mark.parametrize("name", sorted(load_variables().removed))
def test_a_removed_name_is_an_error_with_its_successors(name: str) -> None:
    (found,) = find_removed({name: "x", "aws_account_id": "x"})
    assert find_misspelt({name: "x"}) == []
    assert found.name == name
    assert set(found.successors) <= load_variables().names | {"awx_job_id"}
    message = describe_removed([found])
    assert name in message and all(successor in message for successor in found.successors)


def test_the_error_for_a_removed_name_says_what_to_do() -> None:
    assert describe_removed(find_removed(["password_policy_account_id"])) == (
        "Removed variable of hardening.iam: password_policy_account_id (set aws_account_id).\n"
        "Where one role needs another value, set the successor in vars of its play or of its import_role.\n"
        "If the name belongs to something else, list it in hardening_ignore_variables."
    )


def test_only_a_whole_name_excuses_a_removed_one() -> None:
    assert find_removed(["report_dir"], ignore=["report_dir"]) == []
    assert [item.name for item in find_removed(["report_dir"], ignore=["report_*", "*"])] == ["report_dir"]


def test_no_removed_name_is_still_read() -> None:
    assert not load_variables().names & load_variables().removed.keys()


def test_many_removed_names_are_shortened() -> None:
    names = sorted(load_variables().removed)[:7]
    assert "Removed variables of hardening.iam: " in describe_removed(find_removed(names))
    assert describe_removed(find_removed(names)).count("(set ") == 5
    assert " and 2 more." in describe_removed(find_removed(names))


@pytest.mark.parametrize("prefix", OWN)
def test_nobody_else_has_names_with_our_prefixes(prefix: str) -> None:
    (found,) = find_misspelt({f"{prefix}zzzz_qqqq": "x"})
    assert found.nearest in load_variables().names
    assert found.nearest.startswith(prefix)


@pytest.mark.parametrize(
    "name",
    [
        "report_date",
        "report_email",
        "reports_dir",
        "rport_dir",
        "assessment_owner",
        "rollback_strategy",
        "acceptance_environment",
        "preflight_hosts",
        "access_key_id",
        "access_key_secret",
        "config_rule_names",
        "security_group_ids",
        "event_alert_email",
        "hardened_mode",
        "password_policy",
        "mode",
        "my_password_policy_mode",
        "organization_guardrail",
        "ansible_host",
        "_hardening_waivers_",
        "x",
        "",
    ],
)
def test_names_of_others_are_left_alone(name: str) -> None:
    assert find_misspelt({name: "x"}) == []


def test_known_names_are_no_error() -> None:
    assert find_misspelt(dict.fromkeys(load_variables().names, "x")) == []


@given(st.sampled_from(NAMES), st.data())
def test_one_wrong_letter_in_a_prefix_is_found(name: str, data: st.DataObject) -> None:
    prefix = next(prefix for prefix in OWN if name.startswith(prefix))
    at = data.draw(st.integers(0, len(prefix) - 2))
    letter = data.draw(st.sampled_from(LETTERS))
    for wrong in (name[:at] + name[at + 1 :], name[:at] + letter + name[at + 1 :], name[:at] + letter + name[at:]):
        if wrong not in load_variables().names and not wrong.startswith(OWN):
            assert [item.name for item in find_misspelt({wrong: "x"})] == [wrong]


@given(st.sampled_from(NAMES), st.data())
def test_two_wrong_letters_in_a_prefix_are_found(name: str, data: st.DataObject) -> None:
    """The cheap test before the edit distance leaves nothing out."""
    prefix = next(prefix for prefix in OWN if name.startswith(prefix))
    first, second = sorted(data.draw(st.lists(st.integers(0, len(prefix) - 3), min_size=2, max_size=2)))
    letters = list(prefix)
    if data.draw(st.booleans()):
        letters[first], letters[first + 1] = letters[first + 1], letters[first]
        letters[second], letters[second + 1] = letters[second + 1], letters[second]
    else:
        letters[first], letters[second] = "q", "z"
    wrong = "".join(letters) + name.removeprefix(prefix)
    if wrong != name and count_edits("".join(letters), prefix) <= 2:
        assert [item.name for item in find_misspelt({wrong: "x"})] == [wrong]


# Variables that begin with aws_.


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("aws_acount_id", "aws_account_id"),
        ("aws_assesor_role_arn", "aws_assessor_role_arn"),
        ("aws_asessor_rol_arn", "aws_assessor_role_arn"),
        ("aws_assume_rolearn", "aws_assume_role_arn"),
        ("aws_externalid", "aws_external_id"),
        ("aws_regoin", "aws_regions"),
    ],
)
def test_a_name_within_two_letters_of_ours_is_an_error_while_ours_is_not_set(name: str, nearest: str) -> None:
    assert find_misspelt({name: "x"}) == [MisspeltName(name, nearest)]
    for empty in (None, "", []):
        assert find_misspelt({name: "x", nearest: empty}) == [MisspeltName(name, nearest)]
    assert find_misspelt({name: "x", nearest: "x"}) == []
    assert find_doubtful({name: "x", nearest: "x"}) == [MisspeltName(name, nearest)]
    assert find_doubtful({name: "x"}) == []


@pytest.mark.parametrize("name", ["aws_assessor_role", "aws_account", "aws_vpc_id", "aws_asessr_rol_arn", "aws_"])
def test_other_names_of_aws_are_left_alone(name: str) -> None:
    assert find_misspelt({name: "x"}) == []
    assert find_doubtful({name: "x"}) == []


def test_the_usual_names_of_amazon_aws_are_never_an_error() -> None:
    usual = ("aws_region", "aws_profile", "aws_access_key", "aws_secret_key", "aws_session_token", "aws_endpoint_url")
    assert names(*usual) == []
    assert find_doubtful({"aws_region": "x"}) == [MisspeltName("aws_region", "aws_regions")]
    assert find_doubtful({"aws_region": "x", "aws_regions": ["x"]}) == []


def test_a_vaulted_value_is_not_decrypted() -> None:
    class Vaulted:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("decrypted")

        __hash__ = None  # type: ignore[assignment]

    assert find_misspelt({"aws_externalid": "x", "aws_external_id": Vaulted()}) == []


# What is ignored, and what is said.


def test_names_and_globs_are_ignored() -> None:
    variables = {"hardening_level": 1, "hardening_ssh_port": 22, "hardening_wavers": [], "aws_acount_id": 1}
    ignore = parse_ignored("hardening_level, hardening_ssh_*,,aws_acount_id")
    assert [item.name for item in find_misspelt(variables, ignore=ignore)] == ["hardening_wavers"]
    assert find_doubtful({"aws_region": "x"}, ignore=["aws_*"]) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, ()), ("", ()), ([], ()), (" a , b* ", ("a", "b*")), (["a", " b ", ""], ("a", "b")), (True, ())],
)
def test_what_is_ignored_is_a_list_or_a_text(value: t.Any, found: tuple[str, ...]) -> None:
    assert parse_ignored(value) == found


def test_the_error_is_short() -> None:
    found = find_misspelt({f"hardening_{letter}": 1 for letter in LETTERS})
    message = describe_misspelt(found)
    assert message.splitlines()[0].endswith(" and 21 more.")
    assert len(message.splitlines()) == 2
    assert len(message) < 600


# The edit distance.


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("policy", "polcy", 1),
        ("policy", "poilcy", 1),
        ("policy", "pollicy", 1),
        ("policy", "pilocy", 2),
        ("ab", "ba", 1),
        ("abcd", "badc", 2),
        ("waivers", "wavers", 1),
        ("waivers", "wvers", 2),
        ("waivers", "waiversabc", 3),
        ("abc", "xyz", 3),
    ],
)
def test_edit_distance(left: str, right: str, distance: int) -> None:
    assert count_edits(left, right) == count_edits(right, left) == distance


@given(st.text("ab_", max_size=6), st.text("ab_", max_size=6))
def test_edit_distance_is_a_distance(left: str, right: str) -> None:
    assert (count_edits(left, right) == 0) == (left == right)
    assert count_edits(left, right) == count_edits(right, left)
    assert abs(len(left) - len(right)) <= count_edits(left, right) <= max(len(left), len(right))


@pytest.mark.parametrize(
    "name", ["HARDENING_BREAK_GLASS", "Hardening_break_glass", "AWS_ACCOUNT_ID", "aws_Assessor_role_arn"]
)
def test_a_name_in_other_letters_is_another_variable(name: str) -> None:
    assert find_misspelt({name: 1}) == [MisspeltName(name, name.lower())]
    assert find_misspelt({name: 1}, ignore=[name]) == []


def test_upper_case_names_of_aws_are_no_error_where_ours_is_set() -> None:
    assert find_misspelt({"AWS_ACCOUNT_ID": "1", "aws_account_id": "111122223333"}) == []
    assert find_misspelt({"AWS_PROFILE": "x", "AWS_REGION": "eu-west-1"}) == []
