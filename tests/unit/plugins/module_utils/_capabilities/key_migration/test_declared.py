# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import (
    Declared,
    Workload,
    is_allowed,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Stage, Target
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .test_steps import ACCOUNT, USER

TODAY: t.Final = dt.date(2026, 3, 1)
BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/team/boundary"
GIVEN: t.Final[dict[str, t.Any]] = {
    "workloads": [{"name": "job", "user": "svc"}],
    "stage": None,
    "role_path": "/workload/",
    "verify_days": 14,
}
POD: t.Final = {"cluster": "prod", "namespace": "jobs", "service_account": "job.sa"}


def parse(**options: t.Any) -> Declared:
    return Declared.from_options({**GIVEN, **options}, today=TODAY)


def parse_one(**fields: t.Any) -> Workload:
    (found,) = parse(workloads=[{"name": "job", "user": "svc", **fields}]).workloads
    return found


def complain(**options: t.Any) -> str:
    with pytest.raises(InputError) as raised:
        parse(**options)
    return str(raised.value)


def complain_of(**fields: t.Any) -> str:
    return complain(workloads=[{"name": "job", "user": "svc", **fields}])


def test_what_is_not_declared_has_a_default() -> None:
    assert parse() == Declared(Stage.ASSESS, (Workload("job", "svc"),), TODAY)
    assert (parse().path, parse().verify, parse().delete_after) == ("/workload/", 14, None)


def test_every_option_arrives() -> None:
    accepted = {"principal": USER, "reason": "seen", "expires": "2026-04-01"}
    found = parse(
        workloads=[{"name": "job", "user": "svc"}, {"name": " Other ", "user": " batch ", "boundary": BOUNDARY}],
        stage="revert",
        revert=[" job "],
        role_path=" /team/jobs/ ",
        boundary="arn:aws:iam::aws:policy/PowerUserAccess",
        verify_days=7,
        delete_after_days=" 30 ",
        accept_unproven=[accepted],
    )
    job, other = found.workloads
    assert (other.name, other.user) == ("Other", "batch")
    assert (found.stage, found.verify, found.delete_after) == (Stage.REVERT, 7, 30)
    assert [found.reverts(one) for one in (job, other)] == [True, False]
    assert [found.name_role(one) for one in (job, other)] == ["/team/jobs/job", "/team/jobs/Other"]
    assert found.boundary_of(job) == "arn:aws:iam::aws:policy/PowerUserAccess" and found.boundary_of(other) == BOUNDARY
    assert found.accepts_unproven(USER) and not found.accepts_unproven(f"{USER}2")


def test_nothing_is_reverted_in_another_stage() -> None:
    found = Declared(Stage.RETIRE, (Workload("job", "svc"),), TODAY, revert=frozenset({"job"}))
    assert not found.reverts(found.workloads[0])


PLACES: t.Final[dict[str, dict[str, t.Any]]] = {
    "ec2": {"instances": (" i-0123456789abcdef0", "i-01234567")},
    "ecs": {"task_definition": "family_1-a"},
    "lambda": {"function": "my-function_1"},
    "eks_pod_identity": POD,
    "eks_irsa": POD,
    "github": {"repository": "owner@12/name.x@34", "branch": "release/1.x"},
}


@pytest.mark.parametrize("platform", PLACES)
def test_each_platform_takes_its_own_members_and_those_of_all(platform: str) -> None:
    common = {"key": "AKIAOLDOLDOLDOLDOLD1", "role": "my+role", "boundary": BOUNDARY, "region": "eu-central-1"}
    found = parse_one(platform=platform, **PLACES[platform], **common)
    assert found.platform == Target(platform) and found.find_lack(Target(platform)) == ""
    for name, value in {**PLACES[platform], **common}.items():
        read = getattr(found, name)
        assert read == (tuple(map(str.strip, value)) if name == "instances" else value)
    assert parse(workloads=[{"name": "job", "user": "svc", "role": "other"}]).name_role(found) == "/workload/my+role"


@pytest.mark.parametrize("platform", PLACES)
def test_members_of_other_platforms_are_refused(platform: str) -> None:
    own = PLACES[platform]
    for fields in PLACES.values():
        for name, value in fields.items():
            if name in own:
                continue
            # Without a platform each member is allowed: the evidence decides.
            assert parse_one(**{name: value}).platform is None
            said = complain_of(platform=platform, **own, **{name: value})
            assert f"{name} of job" in said and f"not for the platform {platform}" in said


def test_a_platform_needs_what_its_trust_policy_names() -> None:
    for platform in ("eks_irsa", "eks_pod_identity"):
        for name in POD:
            rest = {key: value for key, value in POD.items() if key != name}
            assert f"job on {platform} also needs {name}" in complain_of(platform=platform, **rest)
    said = complain_of(platform="github")
    assert "job on github also needs repository and either branch or environment" in said
    repository = {"platform": "github", "repository": "owner/name"}
    assert "also needs either branch or environment" in complain_of(**repository)
    assert "also needs either branch or environment" in complain_of(**repository, branch="main", environment="prod")
    assert parse_one(**repository, environment="prod").environment == "prod"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("key", ["AKIAOLDOLDOLDOLDOLD1"], ["ASIAOLDOLDOLDOLDOLD1", "AKIA", "akiaoldoldoldoldold1"]),
        ("role", ["x" * 64, "a+=,.@-_1"], ["x" * 65, "team/job", "a*", "${aws:username}"]),
        (
            "boundary",
            [BOUNDARY, "arn:aws-cn:iam::aws:policy/X"],
            ["boundary", f"{BOUNDARY} x", "arn:aws:iam::1:role/x"],
        ),
        ("region", ["us-gov-west-1", "eu-central-2"], ["Mars", "eu-central", "eu-central-1; rm"]),
        ("task_definition", ["x" * 255], ["x" * 256, "family:3", "*"]),
        ("function", ["x" * 64], ["x" * 65, "name:alias", "$LATEST"]),
        ("cluster", ["x" * 100, "1a"], ["x" * 101, "-a", "a*"]),
        ("namespace", ["x" * 63, "a-1", "a"], ["x" * 64, "-a", "a-", "A", "*"]),
        ("service_account", ["a.b-c", "a"], [".a", "a.", "A", "sa:*"]),
        ("repository", ["o/n", "owner-1@1/n.a_m-e@2"], ["owner", "o/*", "*/n", "a/b/c", "-o/n"]),
        ("branch", ["main", "a/b.c-d"], ["/a", "-a", ".a", "a..b", "a//b", "a/.b", "a/", "a.", "a*", "x" * 201]),
        ("environment", ["prod.1_a-b"], ["a b", "prod*", "x" * 256]),
    ],
)
def test_a_member_has_the_form_of_its_service(field: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert is_allowed(field, value) and getattr(parse_one(**{field: f" {value} "}), field) == value
    for value in bad:
        assert not is_allowed(field, value)
        assert f"workloads: {field} of job {value!r} is not allowed; allowed is" in complain_of(**{field: value})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": None}, "workloads: '' is not allowed as a name"),
        ({"name": "a/b"}, "workloads: 'a/b' is not allowed as a name"),
        ({"name": "-a"}, "is not allowed as a name"),
        ({"name": "x" * 65}, "is not allowed as a name"),
        ({"user": None}, "workloads: '' of job is not the name of a user"),
        ({"user": "team/svc"}, "'team/svc' of job is not the name of a user"),
        ({"user": "x" * 65}, "is not the name of a user"),
        ({"platform": "mainframe"}, "platform 'mainframe' of job is not allowed; allowed are ec2, ecs, lambda"),
        ({"instances": ["i-0123456789abcdef0", "web"]}, "'web' of job is not the id of an instance"),
        ({"instances": ["i-0123"]}, "'i-0123' of job is not the id of an instance"),
    ],
)
def test_a_workload_that_is_not_allowed_is_refused(fields: dict[str, t.Any], words: str) -> None:
    assert words in complain_of(**fields)


def test_no_name_and_no_role_is_there_twice() -> None:
    one = {"name": "one", "user": "svc"}
    assert "the name one is there twice" in complain(workloads=[one, {"name": "ONE", "user": "x", "role": "other"}])
    assert "the role one is there twice" in complain(workloads=[one, {"name": "two", "user": "x", "role": "One"}])
    two = [{**one, "role": "same"}, {"name": "two", "user": "x", "role": "SAME"}]
    assert "the role same is there twice" in complain(workloads=two)
    assert len(parse(workloads=[one, {"name": "two", "user": "svc"}]).workloads) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"role_path": "workload"}, "role_path: 'workload' is not allowed"),
        ({"role_path": "/"}, "role_path: '/' is not allowed"),
        ({"role_path": f"/{'x' * 511}/"}, "is not allowed"),
        ({"role_path": "/iam-hardening/x/"}, "below none of"),
        ({"role_path": "/aws-reserved/"}, "below none of"),
        ({"role_path": "/service-role/"}, "below none of"),
        ({"role_path": "/aws-service-role/x/"}, "below none of"),
        ({"boundary": "boundary"}, "boundary 'boundary' is not allowed; allowed is the ARN of a policy"),
        ({"verify_days": 6}, "verify_days: 6 is not allowed"),
        ({"delete_after_days": "6"}, "delete_after_days: '6' is not allowed"),
        ({"stage": "revert"}, "revert: the names of the workloads to revert are needed"),
        ({"stage": "retire", "revert": ["job"]}, "and only with it"),
        ({"stage": "revert", "revert": ["job", "other"]}, "revert: 'other' is not allowed"),
        ({"accept_unproven": [{"principal": USER}]}, "accept_unproven"),
    ],
)
def test_an_option_that_is_not_allowed_is_refused(options: dict[str, t.Any], words: str) -> None:
    assert words in complain(**options)


def test_the_longest_path_is_allowed() -> None:
    assert len(parse(role_path=f"/{'x' * 510}/").path) == 512


def test_an_acceptance_ends_with_its_day() -> None:
    accepted = [{"principal": USER, "reason": "seen", "expires": "2026-03-01"}]
    assert parse(accept_unproven=accepted).accepts_unproven(USER)
    found = Declared(
        Stage.RETIRE, (), dt.date(2026, 3, 2), accept_unproven=parse(accept_unproven=accepted).accept_unproven
    )
    assert not found.accepts_unproven(USER)
