# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.detection import (
    Instance,
    detect,
    find_contradictions,
    list_addresses,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import EKS, Target
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.find import Confidence, Mention
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.platforms import Platform
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer

NOW: t.Final = datetime(2026, 11, 28, tzinfo=UTC)
EARLIER: t.Final = NOW - timedelta(days=30)
BOTO: t.Final = "Boto3/1.40.0 md/Botocore#1.40.0"
FARGATE: t.Final = f"{BOTO} exec-env/AWS_ECS_FARGATE"
REGION: t.Final = "eu-west-1"
NODE: t.Final = Instance("i-0123456789abcdef0", REGION, EARLIER, ("apps",))
PLAIN: t.Final = Instance("i-0123456789abcdef1", REGION, EARLIER)


def call(agent: str, address: str = "198.51.100.7") -> Consumer:
    return Consumer("AKIAEXAMPLE", address, agent, 1, NOW, NOW)


def name(kind: str, resource: str = "resize", region: str = REGION) -> Mention:
    return Mention("AKIAEXAMPLE", kind, resource, "111122223333", region, "environment KEY")


@pytest.mark.parametrize(
    ("agents", "platform", "words"),
    [
        ([f"{BOTO} exec-env/EC2"], Target.EC2, ""),
        ([FARGATE, f"{BOTO} exec-env/AWS_ECS_EC2"], Target.ECS, ""),
        ([f"{BOTO} exec-env/AWS_Lambda_python3.13"], Target.LAMBDA, ""),
        (["aws-sdk-nodejs/3.9 configure-aws-credentials-for-github-actions"], Target.GITHUB, ""),
        ([f"{BOTO} exec-env/EKS"], None, "eks_irsa, eks_pod_identity"),
        ([FARGATE, f"{BOTO} exec-env/AWS_Lambda_python3.13"], None, "several platforms"),
        ([FARGATE, BOTO], None, "is not certain"),
        (["gitlab-runner 17"], None, "gitlab is no platform"),
        ([BOTO], None, "is not certain"),
        ([], None, "no calls"),
    ],
)
def test_a_platform_is_detected_if_all_calls_name_it(agents: list[str], platform: Target | None, words: str) -> None:
    found = detect(map(call, agents), {})
    assert found.platform is platform
    assert found.confidence is (Confidence.LIKELY if found.targets else None)
    assert words in found.reason


@pytest.mark.parametrize(
    ("kinds", "agents", "platform", "words"),
    [
        (["function"], [], Target.LAMBDA, ""),
        (["function"], [BOTO], Target.LAMBDA, ""),
        (["task_definition"], [BOTO, FARGATE], Target.ECS, ""),
        (["instance", "launch_template", "stack"], [BOTO], Target.EC2, ""),
        (["function", "task_definition"], [BOTO], None, "lambda (certain"),
        (["function"], [FARGATE], None, "ecs_fargate (likely"),
        (["build_project"], [], None, "codebuild is no platform"),
        (["build_project", "function"], [], None, "several platforms"),
        (["stack"], [], None, "does not show what uses it"),
        (["stack"], [BOTO], None, "is not certain"),
    ],
)
def test_what_has_the_key_in_its_settings_is_certain(
    kinds: list[str], agents: list[str], platform: Target | None, words: str
) -> None:
    found = detect(map(call, agents), {}, list(map(name, kinds)))
    assert found.platform is platform
    assert found.confidence is (Confidence.CERTAIN if platform else None)
    assert words in found.reason


def test_settings_and_calls_that_contradict_each_other_are_both_named() -> None:
    found = detect([call(FARGATE)], {}, [name("function", "arn:aws:lambda:eu-west-1:111122223333:function:resize")])
    assert found.platform is None
    assert "lambda (certain: the key is in the function resize in eu-west-1)" in found.reason
    assert f"ecs_fargate (likely: the user agent of {FARGATE} from 198.51.100.7)" in found.reason


def test_the_address_of_an_instance_is_no_more_than_a_hint() -> None:
    """Pods and tasks call from the address of their node."""
    found = detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": (PLAIN,)})
    (caller,) = found.callers
    assert (caller.platform, caller.confidence) == (Platform.EC2, Confidence.INFERRED)
    assert PLAIN.id in caller.why
    assert found.platform is None
    # It rules out what does not run on instances.
    assert detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": (PLAIN,)}, [name("task_definition")]).platform is Target.ECS
    assert detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": (PLAIN,)}, [name("function")]).platform is None


def test_the_tags_of_a_node_let_its_cluster_be_inferred() -> None:
    found = detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": (NODE,)})
    (caller,) = found.callers
    assert (caller.platform, caller.confidence) == (Platform.EKS, Confidence.INFERRED)
    assert "a node of the cluster apps" in caller.why
    assert (found.targets, found.clusters, found.regions) == (EKS, ("apps",), (REGION,))
    assert found.confidence is Confidence.INFERRED


@pytest.mark.parametrize(
    "owners",
    [
        (NODE, PLAIN),
        (NODE, Instance("i-0123456789abcdef2", REGION, EARLIER, ("web",))),
        (NODE, Instance("i-0123456789abcdef2", "us-east-1", EARLIER, ("apps",))),
        (Instance(NODE.id, REGION, NOW + timedelta(hours=1), ("apps",)),),
        (),
    ],
)
def test_an_address_that_several_may_have_or_that_is_newer_shows_no_cluster(owners: tuple[Instance, ...]) -> None:
    """Networks that don't know each other have the same addresses, and an address is given to another instance."""
    found = detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": owners})
    assert (found.platform, found.targets, found.clusters) == (None, frozenset(), ())
    assert "is not certain" in found.reason


def test_an_agent_of_an_instance_on_a_node_and_a_function_with_the_key_contradict_the_tags() -> None:
    owners = {"10.0.0.5": (NODE,)}
    on_node = detect([call(f"{BOTO} exec-env/EC2", "10.0.0.5")], owners)
    assert on_node.platform is None and "ec2 (likely" in on_node.reason and "eks (inferred" in on_node.reason
    assert "lambda (certain" in detect([call(BOTO, "10.0.0.5")], owners, [name("function")]).reason
    # A task can't be on a node.
    assert detect([call(BOTO, "10.0.0.5")], owners, [name("task_definition")]).platform is None


def test_the_regions_of_evidence_are_those_of_what_may_move() -> None:
    mentions = [name("task_definition"), name("task_definition", region="us-east-1"), name("stack", region="us-west-2")]
    assert detect([], {}, mentions).regions == (REGION, "us-east-1")


def test_names_of_others_do_not_forge_lines() -> None:
    found = detect([], {}, [name("function", "x\nfunction"), name("task_definition", "y" * 4096)])
    assert "\n" not in found.reason and len(found.reason) < 1000


def test_evidence_against_the_declared_platform_is_found() -> None:
    named = detect([call(f"{BOTO} exec-env/AWS_Lambda_python3.13")], {})
    assert "lambda (likely" in find_contradictions(named, Target.ECS)
    assert not find_contradictions(named, Target.LAMBDA)
    assert not find_contradictions(detect([call(BOTO)], {}), Target.ECS)
    mixed = detect([call(FARGATE)], {}, [name("function")])
    assert "lambda (certain" in find_contradictions(mixed, Target.ECS)
    # Among the certain evidence one other user agent counts for nothing.
    assert not find_contradictions(mixed, Target.LAMBDA)


def test_only_addresses_of_callers_that_may_be_on_an_instance_are_looked_up() -> None:
    calls = [call(BOTO, "10.0.0.5"), call(f"{BOTO} exec-env/EC2", "10.0.0.6"), call(BOTO, "others"), call("", "::1")]
    calls += [call(FARGATE, "10.0.0.7"), call(f"{BOTO} exec-env/AWS_Lambda_python3.13", "10.0.0.8")]
    assert list_addresses(calls) == {"10.0.0.5", "10.0.0.6", "::1"}
