# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Certificate,
    CredentialReport,
    Dataset,
    ServiceSpecificCredential,
    SshPublicKey,
    Unread,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.candidates import (
    add_live_keys,
    add_ssh_keys,
    find_reasons,
    find_users_in_question,
    match_keys_to_report,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.declared import Reason
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Credential, Kind
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts

from ..._controls.samples import allow, document
from .keys import NOW, account, credential, days_ago, declare, row, slot, user, user_arn

DELETING = {"delete_after_days": "90"}
EVERY = {"stage_reasons": [reason.value for reason in Reason]}


def in_question(*rows: t.Any, options: t.Optional[dict[str, t.Any]] = None, **fields: t.Any) -> list[str]:
    facts = Facts(account(*rows, **fields))
    return [found.name for found in find_users_in_question(facts, declare(**options or {}), NOW)]


@pytest.mark.parametrize(
    ("keys", "options", "expected"),
    [
        pytest.param([slot(used=45)], {}, True, id="idle"),
        pytest.param([slot(used=44)], {}, False, id="in use"),
        pytest.param([slot(age=45, used=None)], {}, True, id="never used"),
        pytest.param([slot(age=44, used=None)], {}, False, id="never used, young"),
        pytest.param([slot(used=1), slot(2, used=90)], {}, True, id="the second"),
        pytest.param([slot(used=90, active=False)], {}, False, id="inactive"),
        pytest.param([slot(used=90, active=False)], DELETING, True, id="inactive, to be deleted"),
        pytest.param([slot(used=20)], {"min_idle_days": 14, **EVERY}, True, id="further reasons, idle enough"),
        pytest.param([slot(used=13)], {"min_idle_days": 14, **EVERY}, False, id="further reasons, in use"),
        pytest.param([], {}, False, id="none"),
    ],
)
def test_users_are_in_question_for_their_keys(keys: t.Any, options: dict[str, t.Any], expected: bool) -> None:
    assert in_question(row("svc", *keys), options=options) == (["svc"] if expected else [])


def test_the_tag_of_a_stage_keeps_its_user_in_question() -> None:
    tags = {"iam-hardening:key-7Q2M": "noticed=…"}
    tagged = (User(**{**dataclasses.asdict(user("svc")), "tags": tags}), user("other"))
    assert in_question(row("svc"), row("other"), users=tagged) == ["svc"]


def test_excluded_users_are_never_read() -> None:
    assert in_question(row("svc", slot()), options={"exclude_users": ["svc"]}) == []


def test_a_user_that_the_report_does_not_have_yet_is_not_in_question() -> None:
    assert in_question(row("svc", slot(used=90)), users=(user("svc"), user("new"))) == ["svc"]
    tagged = dataclasses.replace(user("new"), tags={"iam-hardening:key-7Q2M": "noticed=…"})
    assert in_question(users=(tagged,)) == ["new"]


# Idle for longer than the first limit, and not for the second.
BETWEEN: t.Final = {"min_idle_days": 14, "notify_after_days": 60, "deactivate_after_days": 74}


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["unused"], False),
        (["never_used"], False),
        (["unused", "never_used"], False),
        (["unused", "old"], True),
        (["unused", "never_used", "second"], True),
    ],
)
def test_further_reasons_bring_keys_into_question_sooner(reasons: list[str], expected: bool) -> None:
    options = {**BETWEEN, "stage_reasons": reasons}
    assert in_question(row("svc", slot(used=20)), options=options) == (["svc"] if expected else [])


def test_the_earlier_of_two_limits_counts() -> None:
    later = {"min_idle_days": 60, "stage_reasons": ["unused", "old"]}
    assert in_question(row("svc", slot(used=50)), options=later) == ["svc"]


def test_a_key_without_dates_is_as_idle_as_its_user_is_old() -> None:
    key = dataclasses.replace(slot(used=None), last_rotated=None)
    assert in_question(row("svc", key)) == ["svc"]
    assert in_question(row("svc", key, created=days_ago(44))) == []
    # Of nothing that AWS tells, nobody knows how long it is idle.
    assert in_question(row("svc", key, created=None)) == []


@pytest.mark.parametrize(("age", "expected"), [(90, True), (89, False), (None, True)])
def test_credentials_of_services_count_where_that_is_declared(age: t.Optional[int], expected: bool) -> None:
    created = None if age is None else days_ago(age)
    made = tuple(
        ServiceSpecificCredential(name, f"ACCA{name}", "codecommit.amazonaws.com", "Active", created, None)
        for name in ("svc", "gone")
    )
    fields: dict[str, t.Any] = {"service_specific_credentials": made}
    assert in_question(row("svc"), row("other"), **fields) == []
    options = {"stage_credentials": ["service_specific_credential"]}
    assert in_question(row("svc"), row("other"), options=options, **fields) == (["svc"] if expected else [])


def test_who_may_use_codecommit_may_have_ssh_keys() -> None:
    """AWS lists SSH keys one user at a time, and has no list of those who have some."""
    git = dataclasses.replace(user("git"), inline_policies=(document(allow("codecommit:GitPull")),))
    users = (git, dataclasses.replace(user("s3"), inline_policies=(document(allow("s3:*")),)))
    rows = (row("git"), row("s3"))
    assert in_question(*rows, users=users) == []
    assert in_question(*rows, users=users, options={"stage_credentials": ["ssh_public_key"]}) == ["git"]


@pytest.mark.parametrize(("rotated", "expected"), [(90, True), (89, False), (None, True)])
def test_signing_certificates_count_where_that_is_declared(rotated: t.Optional[int], expected: bool) -> None:
    old = Certificate(slot=1, active=True, last_rotated=None if rotated is None else days_ago(rotated))
    svc = row("svc", certificates=(old,))
    assert in_question(svc) == []
    assert in_question(svc, options={"stage_credentials": ["signing_certificate"]}) == (["svc"] if expected else [])


def test_passwords_count_where_that_is_declared() -> None:
    idle = row("alice", password_enabled=True, password_last_changed=days_ago(60))
    removing = {"remove_unused_passwords": True}
    assert in_question(idle) == []
    assert in_question(idle, options=removing) == ["alice"]
    assert in_question(row("alice", password_enabled=False), options=removing) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"password_last_used": days_ago(45)}, True),
        ({"password_last_used": days_ago(44)}, False),
        ({"password_last_used": days_ago(45), "password_enabled": False}, False),
        ({"password_last_used": days_ago(45), "password_enabled": None}, False),
        ({"password_last_changed": days_ago(45)}, True),
        ({"password_last_changed": days_ago(44)}, False),
        # The last use counts, whatever the password's age.
        ({"password_last_used": days_ago(1), "password_last_changed": days_ago(400)}, False),
        ({"created": days_ago(45)}, True),
        # Without any date nobody knows for how long it is idle.
        ({"created": None}, False),
    ],
    ids=str,
)
def test_a_password_is_idle_since_its_last_use(fields: dict[str, t.Any], expected: bool) -> None:
    alice = row("alice", **{"password_enabled": True, **fields})
    assert in_question(alice, options={"remove_unused_passwords": True}) == (["alice"] if expected else [])


# Reasons


def reasons(key: Credential, *siblings: Credential, **fields: t.Any) -> set[str]:
    facts = Facts(account(row("svc", slot(), **fields)))
    found = find_reasons(key, [key, *siblings], facts=facts, declared=declare(**EVERY), now=NOW)
    return {reason.value for reason in found}


def test_reasons_of_a_key() -> None:
    assert reasons(credential(age=50)) == {"unused"}
    assert reasons(credential(age=50, used=None)) == {"never_used"}
    assert reasons(credential(age=91)) == {"unused", "old"}
    assert reasons(credential(age=50), credential(id="AKIASECOND")) == {"unused", "second"}
    assert reasons(credential(age=50), credential(id="AKIASECOND", status="Inactive")) == {"unused"}
    assert reasons(credential(age=50), password_enabled=True) == {"unused", "console_user"}


def test_a_key_is_old_after_the_limit() -> None:
    assert "old" not in reasons(credential(age=90))
    assert "old" in reasons(credential(age=91))


def test_the_key_of_an_administrator_has_that_as_a_reason() -> None:
    admin = dataclasses.replace(user("svc"), inline_policies=(document(allow("*")),))
    key = credential(age=50)
    for who, expected in ((admin, {"unused", "admin"}), (user("svc"), {"unused"})):
        facts = Facts(account(row("svc", slot()), users=(who,)))
        found = find_reasons(key, [key], facts=facts, declared=declare(**EVERY), now=NOW)
        assert {reason.value for reason in found} == expected


@pytest.mark.parametrize("kind", [Kind.SERVICE_CREDENTIAL, Kind.SSH_KEY, Kind.CERTIFICATE])
def test_credentials_without_a_last_use_are_only_old(kind: Kind) -> None:
    assert reasons(credential(kind=kind, used=None)) == {"old"}


def test_a_password_is_unused_or_never_used_and_nothing_else() -> None:
    other = credential(id="AKIASECOND")
    assert reasons(credential(kind=Kind.PASSWORD), other, password_enabled=True) == {"unused"}
    assert reasons(credential(kind=Kind.PASSWORD, used=None), other, password_enabled=True) == {"never_used"}


def test_only_other_access_keys_are_a_second_one() -> None:
    assert reasons(credential(age=50), credential(id="APKA", kind=Kind.SSH_KEY)) == {"unused"}


def test_the_console_password_of_somebody_else_is_no_reason() -> None:
    rows = (row("svc", slot()), row("bob", password_enabled=True))
    key = credential(age=50)
    assert find_reasons(key, [key], facts=Facts(account(*rows)), declared=declare(**EVERY), now=NOW) == {Reason.UNUSED}


def test_reasons_that_are_not_declared_are_none() -> None:
    facts = Facts(account(row("svc", slot(), password_enabled=True)))
    key = credential(age=400)
    assert find_reasons(key, [key], facts=facts, declared=declare(), now=NOW) == {Reason.UNUSED}
    assert find_reasons(key, [key], facts=facts, declared=declare(stage_reasons=["never_used"]), now=NOW) == set()


def test_a_key_switched_off_and_on_is_as_old_as_its_creation() -> None:
    """The report's ``last_rotated`` is that of the last change of status."""
    assert "old" in reasons(credential(age=91, changed=days_ago(1)))


# The report's numbers and the API's ids


def match(*keys: Credential, slots: t.Any) -> list[Credential]:
    return match_keys_to_report(row("svc", *slots), keys, CredentialReport(days_ago(0.1), None, ()))


def test_keys_find_their_numbers_by_what_both_sides_tell() -> None:
    first, second = credential(id="A" * 20, age=300, used=9), credential(id="B" * 20, age=400, used=60)
    found = match(first, second, slots=[slot(1, 400, 60), slot(2, 300, 9)])
    assert [key.slots for key in found] == [(2,), (1,)]
    assert [key.changed for key in found] == [None, None]


def test_a_change_of_status_is_later_than_the_creation() -> None:
    (found,) = match(credential(age=400, used=60), slots=[slot(1, 20, 60)])
    assert found.changed == days_ago(20) == found.idle_since


def test_a_status_that_the_report_does_not_know_yet_changed_after_it() -> None:
    (found,) = match(credential(age=400, used=60), slots=[slot(1, 400, 60, active=False)])
    assert found.changed == days_ago(0.1)


def test_twins_carry_both_numbers_and_the_later_date() -> None:
    twins = [credential(id=letter * 20, used=None) for letter in "AB"]
    found = match(*twins, slots=[slot(1, 30, None), slot(2, 20, None)])
    assert [key.slots for key in found] == [(1, 2), (1, 2)]
    assert {key.changed for key in found} == {days_ago(20)}


def test_a_key_that_the_report_does_not_have_has_no_number() -> None:
    assert [key.slots for key in match(credential(), slots=[])] == [()]


def test_a_key_that_was_made_after_the_report_has_no_number() -> None:
    old, new = credential(id="A" * 20, age=400, used=60), credential(id="B" * 20, age=0, used=None)
    for keys in ((old, new), (new, old)):
        assert {key.id: key.slots for key in match(*keys, slots=[slot(1, 400, 60)])} == {"A" * 20: (1,), "B" * 20: ()}


def test_a_number_of_a_key_that_was_deleted_since_the_report_is_nobodys() -> None:
    (found,) = match(credential(age=300, used=9), slots=[slot(1, 400, 60), slot(2, 300, 9)])
    assert found.slots == (2,)


def test_a_number_whose_last_change_is_older_than_a_key_is_not_that_key() -> None:
    """Nothing else tells them apart: both were switched off and on, so neither number has its key's creation."""
    old, young = credential(id="A" * 20, age=400, used=None), credential(id="B" * 20, age=100, used=None)
    found = match(old, young, slots=[slot(1, 50, None), slot(2, 300, None)])
    assert [key.slots for key in found] == [(2,), (1,)]


def test_the_status_tells_keys_apart() -> None:
    keys = [credential(id="A" * 20), credential(id="B" * 20, status="Inactive")]
    found = match(*keys, slots=[slot(1, active=False), slot(2)])
    assert [key.slots for key in found] == [(2,), (1,)]


def test_findings_see_what_was_read_live() -> None:
    snapshot = account(row("svc", slot(1, 20, None)))
    report = add_live_keys(snapshot, [credential(age=400, used=3)]).credential_report
    assert report is not None
    (key,) = report.users[0].access_keys
    assert (key.last_rotated, key.last_used, key.last_used_service) == (days_ago(400), days_ago(3), "s3")
    assert add_live_keys(snapshot, [credential(kind=Kind.PASSWORD)]) == snapshot


def test_findings_see_the_ssh_keys_and_no_other_credential_as_one() -> None:
    gaps = tuple(
        Unread(dataset, UnreadKind.NOT_REQUESTED, "not asked for", "iam:List", None)
        for dataset in (Dataset.SSH_PUBLIC_KEYS, Dataset.SAML_PROVIDERS)
    )
    snapshot = account(row("svc"), row("bob"), unread=gaps)
    keys = [
        credential(kind=Kind.SSH_KEY, id="APKA1", age=50),
        credential(kind=Kind.SSH_KEY, id="APKA2", age=60, status="Inactive"),
        credential(kind=Kind.ACCESS_KEY),
        credential("bob", kind=Kind.CERTIFICATE, id="CERT"),
    ]
    found = add_ssh_keys(snapshot, keys, {})
    uploaded = (SshPublicKey("APKA1", True, days_ago(50)), SshPublicKey("APKA2", False, days_ago(60)))
    assert found.ssh_public_keys == {user_arn("svc"): uploaded}
    assert [gap.dataset for gap in found.unread] == [Dataset.SAML_PROVIDERS]
    gap = add_ssh_keys(snapshot, keys, {user_arn("git"): "AccessDenied: no"}).missing(Dataset.SSH_PUBLIC_KEYS)
    assert gap is not None and gap.reason == f"{user_arn('git')}: AccessDenied: no"
