# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which role a module writes with, where each class has its own."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Roles, Writer

ROLE: t.Final = "arn:aws:iam::111122223333:role/iam-hardening/"
ONE: t.Final = f"{ROLE}automation"
ASSESSOR: t.Final = f"{ROLE}assessor"
MANY: t.Final = {"credentials": f"{ROLE}automation-credentials", "policies": f"{ROLE}automation-policies"}
WRITES: t.Final = Operations(reads=frozenset({"iam:GetUser"}), writes=frozenset({"iam:DeleteUser"}))
READS: t.Final = Operations(reads=frozenset({"iam:GetUser"}))


@pytest.mark.parametrize(
    ("options", "writer", "role"),
    [
        ({"assume_role_arn": ONE}, Writer.POLICIES, ONE),
        ({"assume_role_arns": MANY}, Writer.POLICIES, MANY["policies"]),
        ({"assume_role_arns": MANY, "assume_role_arn": ONE}, Writer.POLICIES, MANY["policies"]),
        ({"assume_role_arns": MANY, "assume_role_arn": ONE}, Writer.DETECTIVE, ONE),
        ({"assume_role_arns": MANY}, Writer.DETECTIVE, None),
        ({"assume_role_arn": ONE}, Writer.CONTAINMENT, ONE),
        ({"assume_role_arns": MANY, "assume_role_arn": ONE}, Writer.CONTAINMENT, None),
        ({"assume_role_arns": {"containment": ONE}}, Writer.CONTAINMENT, ONE),
        ({"assume_role_arns": {**MANY, "detective": ""}, "assume_role_arn": ONE}, Writer.DETECTIVE, ONE),
        ({"assume_role_arns": MANY, "assume_role_arn": ONE}, None, ONE),
        ({}, Writer.POLICIES, None),
    ],
)
def test_the_role_of_the_class_wins_over_the_one_for_all(
    options: dict[str, t.Any], writer: t.Optional[Writer], role: t.Optional[str]
) -> None:
    assert Roles.from_options(options).of(writer) == role


@pytest.mark.parametrize(
    "text", [f"credentials: {MANY['credentials']}\npolicies: {MANY['policies']}", str(MANY).replace("'", '"')]
)
def test_a_survey_gives_the_mapping_as_text(text: str) -> None:
    assert Roles.from_options({"assume_role_arns": text}).by_class == MANY


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"credential": ONE}, "credential is not a class of roles; allowed are credentials, policies, roles"),
        (
            {"credentials": "automation"},
            "'automation' of the class credentials is not allowed",
        ),
        ({"credentials": "arn:aws:iam::111122223333:user/x"}, "allowed is the ARN of a role"),
        ([ONE], "is not allowed; allowed is a mapping of credentials, policies"),
        (ONE, "is not allowed; allowed is a mapping"),
        ("a: [", "it is not YAML"),
        ("!!bool x", "it is not YAML"),
    ],
)
def test_bad_input_names_the_variable_and_what_is_allowed(value: t.Any, message: str) -> None:
    with pytest.raises(InputError, match="^aws_assume_role_arns: ") as caught:
        Roles.from_options({"assume_role_arns": value})
    assert message in str(caught.value)


def test_all_roles_that_write_are_known_to_every_module() -> None:
    roles = Roles.from_options({"assume_role_arns": MANY, "assume_role_arn": ONE, "assessor_role_arn": ASSESSOR})
    assert roles.writing == (ONE, *MANY.values())
    assert roles.all == (ONE, *MANY.values(), ASSESSOR)
    assert Roles.from_options({}).all == ()


def task(
    writer: t.Optional[Writer], *, check_mode: bool = False, operations: Operations = WRITES, **options: t.Any
) -> Task:
    made = Task(options={"mode": "enforce", **options}, operations=operations, check_mode=check_mode, writer=writer)
    made.validate()
    return made


def writing_role(made: Task) -> t.Optional[str]:
    """The role that a task reaches AWS in where it writes."""
    return made.access_options.assume_role_arn


def test_a_task_works_in_the_role_of_its_class() -> None:
    assert writing_role(task(Writer.POLICIES, assume_role_arns=MANY, assume_role_arn=ONE)) == MANY["policies"]
    assert writing_role(task(Writer.DETECTIVE, assume_role_arns=MANY, assume_role_arn=ONE)) == ONE
    assert writing_role(task(Writer.POLICIES, assume_role_arn=ONE)) == ONE


def test_no_class_writes_with_the_credentials_of_the_controller() -> None:
    with pytest.raises(TaskError, match="aws_assume_role_arns has no role of the class detective"):
        task(Writer.DETECTIVE, assume_role_arns=MANY)
    with pytest.raises(TaskError, match="aws_assume_role_arns has no role of the class detective"):
        task(Writer.DETECTIVE, assume_role_arns=MANY, assessor_role_arn=ASSESSOR)


def test_check_mode_reads_as_the_assessor_and_says_what_a_real_run_lacks() -> None:
    checked = task(Writer.DETECTIVE, check_mode=True, assume_role_arns=MANY, assessor_role_arn=ASSESSOR)
    assert writing_role(checked) is None
    (warning,) = checked.warnings
    assert warning.startswith("without check mode this fails: aws_assume_role_arns has no role of the class detective")
    reporting = task(Writer.DETECTIVE, mode="report", assume_role_arns=MANY, assessor_role_arn=ASSESSOR)
    assert reporting.warnings == []


def test_an_assessment_needs_the_assessor_beside_the_roles_that_write() -> None:
    with pytest.raises(TaskError, match="reading needs aws_assessor_role_arn as well"):
        task(None, operations=READS, assume_role_arns=MANY)
    task(None, operations=READS, assume_role_arns=MANY, assessor_role_arn=ASSESSOR)
    task(None, operations=READS, assume_role_arns=MANY, assume_role_arn=ONE)


def test_what_was_never_declared_changes_nothing() -> None:
    for given in (None, "", {}):
        assert writing_role(task(Writer.POLICIES, assume_role_arns=given, assume_role_arn=ONE)) == ONE
        assert Roles.from_options({"assume_role_arns": given}).explain_lack(Writer.POLICIES) is None


def test_the_one_role_for_all_is_a_role_of_the_run_also_where_a_class_has_its_own() -> None:
    """It still writes for the classes without one, so no module may act on it."""
    made = task(Writer.POLICIES, assume_role_arns=MANY, assume_role_arn=ONE)
    assert writing_role(made) == MANY["policies"]
    assert set(made.roles.writing) == {ONE, *MANY.values()}
    of_many = task(None, assume_role_arns=MANY, assume_role_arn=ONE)
    # A rollback begins with the role of one of its modules.
    of_many.work_as(MANY["credentials"])
    assert writing_role(of_many) == MANY["credentials"]
    assert set(of_many.roles.writing) == {ONE, *MANY.values()}
    assert task(Writer.POLICIES, assume_role_arn=ONE).roles.writing == (ONE,)


def test_the_role_of_a_rollback_counts_also_where_the_options_were_asked_for_before() -> None:
    """The check of the clock asks where AWS is, before a rollback has chosen its role."""
    made = task(None, assume_role_arns=MANY, now="2031-01-01T00:00:00Z", endpoint_url="http://127.0.0.1:5055")
    assert writing_role(made) is None
    made.work_as(MANY["credentials"])
    assert writing_role(made) == MANY["credentials"]


@pytest.mark.parametrize(
    ("other", "first"),
    [({"account_id": "acme"}, "account_id: 'acme'"), ({"now": "tomorrow"}, "now: 'tomorrow'")],
)
@pytest.mark.parametrize("roles", [{"admin": ONE}, MANY], ids=["malformed", "lacking"])
def test_roles_are_checked_after_the_account_and_the_clock(
    roles: dict[str, str], other: dict[str, str], first: str
) -> None:
    with pytest.raises(TaskError, match=first):
        task(Writer.DETECTIVE, assume_role_arns=roles, **other)
    with pytest.raises(TaskError, match="aws_assume_role_arns"):
        task(Writer.DETECTIVE, assume_role_arns=roles, now="2031-01-01T00:00:00Z", endpoint_url="http://127.0.0.1:5055")
