# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, passwords and other long-term credentials."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    ServiceSpecificCredential,
    SshPublicKey,
)

from ..samples import (
    ADMIN,
    arn,
    certificate,
    days_ago,
    failing,
    judge,
    key,
    people,
    report,
    root,
    row,
    snapshot,
    status,
    user,
)

ALICE = arn("user", "alice")
KEY_CONTROLS = ("access_key_unused", "access_key_age", "access_key_single", "access_key_for_workload")


@pytest.mark.parametrize("control", KEY_CONTROLS)
def test_no_active_key_is_nothing_to_judge(control: str) -> None:
    """Inactive keys are never findings (Prowler issue 1929); root's are root's."""
    account = people(row("alice", access_keys=(key(1, age=900, used=900, active=False),)))
    assert status(control, account) == "NOT_APPLICABLE"
    of_root = snapshot(credential_report=report(of_root=root(access_keys=(key(age=900, used=900),))))
    assert status(control, of_root) == "NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("one", "fails"),
    [
        (key(age=200, used=44), False),
        (key(age=200, used=45), True),
        (key(age=44, used=None), False),
        (key(age=45, used=None), True),
        (key(age=0, used=None), False),
        (key(age=10, used=-1), False),
        (AccessKey(1, True, None, None, None, None), True),
    ],
)
def test_unused_key(one: AccessKey, fails: bool) -> None:
    """A key that was never used counts by its age, or by its user's where the report has none."""
    assert bool(failing("access_key_unused", people(row("alice", access_keys=(one,))))) is fails


def test_a_key_without_any_date_is_named_as_not_assessed() -> None:
    bare = row("alice", created=None, access_keys=(AccessKey(1, True, None, None, None, None),))
    (finding,) = judge("access_key_unused", people(bare))
    assert (finding.resource, finding.resource_detail, finding.status.value) == (ALICE, "access key 1", "NOT_ASSESSED")
    assert finding.detail == "the credential report has no date of this key, nor of its user"


def test_a_password_that_was_reset_is_not_called_unused() -> None:
    used = {"password_enabled": True, "password_last_used": days_ago(100)}
    assert status("console_password_unused", people(row(**used, password_last_changed=days_ago(44)))) == "PASS"
    (finding,) = judge("console_password_unused", people(row(**used, password_last_changed=days_ago(45))))
    assert finding.detail == "console password last used 2026-08-17 (100 days), changed 2026-10-11; limit 45"


def test_unused_keys_are_told_apart() -> None:
    """One finding a key (in Prowler issue 2847 the second overwrote the first)."""
    rows = (row("alice", access_keys=(key(1, age=300, used=296), key(2, age=300, used=None))),)
    found = judge("access_key_unused", people(*rows))
    assert [(item.resource, item.resource_detail) for item in found] == [
        (ALICE, "access key 1"),
        (ALICE, "access key 2"),
    ]
    assert found[0].detail == "last used 2026-02-02 (296 days); limit 45"
    assert found[1].detail == "never used; created 300 days ago; limit 45"
    assert found[0].fingerprint != found[1].fingerprint


@pytest.mark.parametrize(("age", "fails"), [(90, False), (91, True), (900, True)])
def test_old_key(age: int, fails: bool) -> None:
    assert bool(failing("access_key_age", people(row("alice", access_keys=(key(age=age),))))) is fails


def test_age_limit_of_choice() -> None:
    assert failing("access_key_age", people(row("alice", access_keys=(key(age=31),))), key_age_days=30)


@pytest.mark.parametrize(
    ("keys", "fails"),
    [((key(1),), False), ((key(1), key(2)), True), ((key(1), key(2, active=False)), False)],
)
def test_two_keys(keys: tuple[AccessKey, ...], fails: bool) -> None:
    assert bool(failing("access_key_single", people(row("alice", access_keys=keys)))) is fails


@pytest.mark.parametrize(
    ("one", "password", "fails"),
    [
        (key(age=30, used=None), True, True),
        (key(age=3, used=None), True, False),
        (key(age=30, used=None), False, False),
        (key(age=30, used=2), True, False),
    ],
)
def test_key_of_setup(one: AccessKey, password: bool, fails: bool) -> None:
    """A fresh key is still being set up (Prowler issue 645)."""
    account = people(row("alice", access_keys=(one,), password_enabled=password))
    assert bool(failing("access_key_of_setup", account)) is fails


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        ({"password_enabled": True, "access_keys": (key(),)}, True),
        ({"password_enabled": True, "access_keys": (key(active=False),)}, False),
        ({"access_keys": (key(),)}, False),
    ],
)
def test_password_and_key_in_one_user(fields: dict[str, t.Any], fails: bool) -> None:
    assert bool(failing("console_user_without_key", people(row("alice", **fields)))) is fails


@pytest.mark.parametrize(("service", "fails"), [("s3", True), ("sts", False), ("iam", False)])
def test_workload_keys(service: str, fails: bool) -> None:
    account = people(row("alice", access_keys=(key(service=service),)))
    assert bool(failing("access_key_for_workload", account)) is fails


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        ({"password_last_used": days_ago(44)}, False),
        ({"password_last_used": days_ago(45)}, True),
        ({"password_last_changed": days_ago(3)}, False),
        ({"password_last_changed": days_ago(100)}, True),
        ({"created": days_ago(2)}, False),
        ({"created": None}, False),
    ],
)
def test_unused_password(fields: dict[str, t.Any], fails: bool) -> None:
    """A fresh user is not called unused; a password that was never used counts by its last change."""
    account = people(row("alice", password_enabled=True, **fields))
    assert bool(failing("console_password_unused", account)) is fails


def test_no_password_is_nothing_to_judge() -> None:
    assert status("console_password_unused", people(row("alice"))) == "NOT_APPLICABLE"


def test_keys_of_administrators() -> None:
    account = snapshot(
        users=(user("alice", attached_policies=(ADMIN,)), user("bob")),
        credential_report=report(row("alice", access_keys=(key(),)), row("bob", access_keys=(key(),))),
    )
    assert failing("admin_access_key", account) == [f"{ALICE} access key 1"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [(certificate(91), "FAIL"), (certificate(90), "PASS"), (certificate(900, active=False), "NOT_APPLICABLE")],
)
def test_signing_certificates(one: t.Any, expected: str) -> None:
    assert status("signing_certificate_age", people(row("alice", certificates=(one,)))) == expected


def credential(
    service: str, *, status: str = "Active", age: float = 10, expires: t.Any = None
) -> ServiceSpecificCredential:
    return ServiceSpecificCredential("alice", "ACCAEXAMPLE123EXAMPLE", service, status, days_ago(age), expires)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (credential("bedrock.amazonaws.com"), "FAIL"),
        (credential("logs.amazonaws.com"), "FAIL"),
        (credential("bedrock.amazonaws.com", expires=days_ago(-30)), "PASS"),
        (credential("bedrock.amazonaws.com", status="Inactive"), "NOT_APPLICABLE"),
        (credential("codecommit.amazonaws.com"), "NOT_APPLICABLE"),
    ],
)
def test_api_keys_without_an_end(one: ServiceSpecificCredential, expected: str) -> None:
    assert status("api_key_expires", snapshot(users=(user("alice"),), service_specific_credentials=(one,))) == expected


@pytest.mark.parametrize(("age", "expected"), [(91, "FAIL"), (90, "PASS")])
def test_old_service_credentials(age: int, expected: str) -> None:
    found = snapshot(
        users=(user("alice"),), service_specific_credentials=(credential("codecommit.amazonaws.com", age=age),)
    )
    assert status("service_credential_age", found) == expected


def test_a_service_credential_names_the_user_with_its_path() -> None:
    pathed = user("alice", arn=arn("user", "team/alice"), path="/team/")
    account = snapshot(users=(pathed,), service_specific_credentials=(credential("bedrock.amazonaws.com"),))
    assert failing("api_key_expires", account) == [f"{pathed.arn} ACCAEXAMPLE123EXAMPLE"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (SshPublicKey("APKAEXAMPLE", True, days_ago(91)), "FAIL"),
        (SshPublicKey("APKAEXAMPLE", True, days_ago(90)), "PASS"),
        (SshPublicKey("APKAEXAMPLE", False, days_ago(900)), "NOT_APPLICABLE"),
    ],
)
def test_old_ssh_keys(key: SshPublicKey, expected: str) -> None:
    account = snapshot(users=(user("alice"),), ssh_public_keys={arn("user", "alice"): (key,)})
    assert status("ssh_public_key_age", account) == expected
    if expected == "FAIL":
        assert failing("ssh_public_key_age", account) == [f"{arn('user', 'alice')} APKAEXAMPLE"]
