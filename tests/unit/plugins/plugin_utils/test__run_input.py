# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the hosts of a run, found in one pass before its first task."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._run_input import Host, RunProblems, check_run

DEV, PROD = "333344445555", "222233334444"
PYTHON = "/usr/bin/python3"
ASSESSOR = {"aws_assessor_role_arn": "arn"}


def host(name: str, account_id: t.Any = DEV, **variables: t.Any) -> Host:
    declared = {"aws_account_id": account_id, **variables}

    def value(variable: str) -> t.Any:
        found = declared.get(variable)
        return None if found == "{{ undefined }}" else found

    return Host(name=name, variables=declared, value=value)


def check(
    *hosts: Host,
    enforces: bool = False,
    declared: t.Optional[str] = None,
    extra: t.Optional[t.Mapping[str, t.Any]] = None,
) -> RunProblems:
    return check_run(hosts, enforces=enforces, find_assessor=lambda: declared, interpreter=PYTHON, extra=extra or {})


def error(*hosts: Host, **options: t.Any) -> str:
    (found,) = check(*hosts, **options).errors
    assert len(found.splitlines()) <= 3
    return found


def test_nothing_is_wrong() -> None:
    assert check(host("a", **ASSESSOR), host("b", int(PROD), **ASSESSOR), enforces=True) == RunProblems()


def test_a_removed_variable_of_any_host() -> None:
    found = error(host("a"), host("b", PROD, access_keys_waivers=[], hardening_ignore_variables="access_keys_*"))
    assert found.startswith("Removed variable of hardening.iam: access_keys_waivers (set hardening_waivers).\n")


def test_a_removed_variable_that_is_somebody_elses() -> None:
    assert check(host("a", report_dir="/srv", hardening_ignore_variables=["report_dir"])) == RunProblems()


@pytest.mark.parametrize("account_id", [33344445555, "33344445555", "acme", True])
@pytest.mark.parametrize("enforces", [True, False])
def test_a_malformed_account_id(account_id: t.Any, enforces: bool) -> None:
    assert f"aws_account_id of a: '{account_id}' is not an account id of 12" in error(
        host("a", account_id), host("b"), enforces=enforces
    )


def test_two_hosts_with_one_account() -> None:
    found = error(host("a"), host("c", PROD), host("b", int(DEV)))
    assert f"a: another host has the same aws_account_id, {DEV}: b.\n" in found


@pytest.mark.parametrize("enforces", [True, False])
@pytest.mark.parametrize("others", [0, 1])
def test_an_account_id_that_uses_an_undefined_variable(enforces: bool, others: int) -> None:
    """One audited host alone would be assessed as the account of its credentials, whichever that is."""
    hosts = [host("a", "{{ undefined }}"), *[host("b")] * others]
    found = error(*hosts, enforces=enforces)
    assert found.startswith("aws_account_id of a: '{{ undefined }}' is empty, or uses a variable that is not set.\n")


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_a_template_of_an_account_id_that_leads_to_nothing(nothing: t.Optional[str]) -> None:
    declared = {"aws_account_id": "{{ ids.dev | default('') }}"}
    assert "is empty, or uses a variable that is not set" in error(Host("a", declared, lambda _name: nothing))


@pytest.mark.parametrize("empty", [None, "", " "])
def test_a_missing_account_id(empty: t.Any) -> None:
    assert check(host("a", empty)).errors == ()
    assert "aws_account_id is not set for a. A run that enforces needs it." in error(host("a", empty), enforces=True)
    several = error(host("b"), host("a", empty))
    assert "aws_account_id is not set for a. A run of several hosts needs it for each of them." in several


def test_a_host_that_is_named_by_an_account_is_that_account() -> None:
    assert check(host(PROD, ""), host(DEV, "")).errors == ()
    assert "another host has the same aws_account_id" in error(host(PROD, ""), host("a", PROD))


def test_nothing_is_written_where_only_the_name_says_the_account() -> None:
    assert "aws_account_id is not set for 222233334444. A run that enforces needs it." in error(
        host(PROD, ""), enforces=True
    )
    assert "aws_account_id is not set for localhost. A run that enforces needs it." in error(
        host("localhost", ""), enforces=True
    )


@pytest.mark.parametrize("enforces", [True, False])
def test_a_host_that_is_named_by_another_account(enforces: bool) -> None:
    found = error(host(PROD, DEV), enforces=enforces)
    assert f"aws_account_id of {PROD}: '{DEV}' is another account than the one that names the host.\n" in found


def test_variables_of_hosts_that_the_plays_override() -> None:
    hosts = [
        host("a", ansible_connection="ssh", ansible_python_interpreter="/opt/python"),
        host("b", PROD, ansible_connection="local", ansible_python_interpreter=PYTHON),
        host("c", "111122223333", ansible_python_interpreter="/opt/python", hardening_python="/opt/python"),
    ]
    assert check(*hosts).warnings == (
        "ansible_connection of a is ignored: the playbooks of hardening.iam run on the controller, with local.",
        "ansible_python_interpreter of a is ignored: the playbooks of hardening.iam run on the controller, with "
        f"{PYTHON}.",
    )


def test_no_host_becomes_another_user() -> None:
    """``ansible_become`` of machines in the same inventory would use the credentials of another user."""
    hosts = [host("a", ansible_become=True), host("b", PROD, ansible_become="yes"), host("c", "111122223333")]
    assert check(*hosts, host("d", "555566667777", ansible_become=False)).warnings == (
        "ansible_become of a, b is ignored: the playbooks of hardening.iam run on the controller, with the user who "
        "starts them.",
    )
    assert check(host("a", ansible_become=True), extra={"ansible_become": True}).warnings == ()


def test_the_choice_of_hosts_has_no_effect_in_the_inventory() -> None:
    given = {"hardening_hosts": "production"}
    assert "hardening_hosts of a is set in the inventory, where it has no effect.\n" in error(host("a", **given))
    assert check(host("a", **given), extra=given) == RunProblems()


def test_extra_variables_override_the_plays() -> None:
    given = {"ansible_connection": "local", "ansible_python_interpreter": "/opt/python"}
    assert check(host("a", **given), extra=given) == RunProblems()
    found = error(host("a", ansible_connection="ssh"), extra={"ansible_connection": "ssh"})
    assert found.startswith("ansible_connection is 'ssh' on the command line. Remove it: hosts are accounts")


def test_roles_that_use_an_undefined_variable() -> None:
    unusable = {"aws_assume_role_arn": "{{ undefined }}", **ASSESSOR}
    assert "aws_assume_role_arn of a uses a variable that is not set.\n" in error(host("a", "", **unusable))


def test_a_missing_assessor_role() -> None:
    found = error(
        host("a", **ASSESSOR), host("b", PROD), host("c", "111122223333", aws_assessor_role_arn=""), declared="a"
    )
    assert "aws_assessor_role_arn is declared for a and missing for b, c." in found
    assert check(host("a"), host("b", PROD)).errors == ()


def test_other_hosts_are_not_looked_at_where_all_have_an_assessor_role() -> None:
    def find() -> t.Optional[str]:
        raise AssertionError("looked at")

    hosts = [host("a", **ASSESSOR)]
    found = check_run(hosts, enforces=True, find_assessor=find, interpreter=PYTHON, extra={})
    assert found == RunProblems()


def test_misspelt_names_are_said_once_for_all_hosts() -> None:
    hosts = [host(str(number), f"{number:012d}", hardening_wavers=1, **ASSESSOR) for number in range(300)]
    assert error(*hosts).count("hardening_wavers") == 1


def test_each_host_ignores_its_own_names() -> None:
    ignoring = {"hardening_level": 1, "hardening_ignore_variables": ["hardening_l*"]}
    assert check(host("a", **ignoring), host("b", PROD)).errors == ()
    assert "hardening_level" in error(host("a", **ignoring), host("b", PROD, hardening_level=1))


def test_usual_names_are_a_warning() -> None:
    assert check(host("a", aws_region="x")) == RunProblems(warnings=("Nothing reads aws_region; aws_regions does.",))


def test_all_errors_are_said_at_once() -> None:
    found = check(host("a", "1"), host("b"), host("c"), host("d", ""), declared="z", enforces=True).errors
    assert [text.split(":")[0].split(".")[0] for text in found] == [
        "aws_account_id of a",
        "b",
        "aws_account_id is not set for d",
        "aws_assessor_role_arn is declared for z and missing for a, b, c, d",
    ]


def test_messages_stay_short_in_a_large_fleet() -> None:
    found = check(*(host(f"host-{number}", "") for number in range(300)), enforces=True).errors
    assert found[0].startswith("aws_account_id is not set for host-0, host-1, host-2, host-3, host-4 and 295 more.")
    malformed = check(*(host(f"host-{number}", "x") for number in range(300))).errors
    assert len(malformed) == 6
    assert malformed[-1] == "295 more hosts have a malformed one."
