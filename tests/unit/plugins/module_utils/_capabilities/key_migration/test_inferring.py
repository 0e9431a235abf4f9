# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import Workload
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.detection import (
    Detection,
    Instance,
    detect,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.inferring import (
    complete,
    find_clusters,
    find_doubt,
    list_contradictions,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Situation

from .test_detection import BOTO, EARLIER, NODE, REGION, call, name

FUNCTION: t.Final = "arn:aws:lambda:eu-west-1:111122223333:function:resize"
TASK: t.Final = "arn:aws:ecs:eu-west-1:111122223333:task-definition/report:7"
ON_NODE: t.Final = detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": (NODE,)})
ON_TWO: t.Final = detect(
    [call(BOTO, "10.0.0.5"), call(BOTO, "10.0.0.6")],
    {"10.0.0.5": (NODE,), "10.0.0.6": (Instance("i-0123456789abcdef2", "us-east-1", EARLIER, ("web",)),)},
)


def situation(detection: Detection, platform: t.Optional[Target] = None, **declared: str) -> Situation:
    workload = Workload("name", "user", **t.cast("dict[str, t.Any]", declared))
    return Situation(workload, detection=detection, platform=platform, region=workload.region or "eu-central-1")


@pytest.mark.parametrize(
    ("tags", "clusters"),
    [
        ({"eks:cluster-name": "apps", "kubernetes.io/cluster/apps": "owned"}, ("apps",)),
        ({"eks:eks-cluster-name": "apps"}, ("apps",)),
        ({"kubernetes.io/cluster/apps": "owned", "kubernetes.io/cluster/web": "shared"}, ("apps", "web")),
        ({"eks:cluster-name": "apps --role-arn x; rm", "kubernetes.io/cluster/$(x)": "owned"}, ()),
        ({"eks:cluster-name": "", "Name": "apps", "eks:cluster-name/x": "y"}, ()),
    ],
)
def test_tags_name_clusters_in_the_form_of_names(tags: dict[str, str], clusters: tuple[str, ...]) -> None:
    assert find_clusters(tags) == clusters


def test_a_workload_is_completed_by_what_is_clear() -> None:
    found = complete(situation(ON_NODE))
    assert (found.workload.cluster, found.region) == ("apps", REGION)
    found = complete(situation(detect([], {}, [name("function", FUNCTION)]), Target.LAMBDA))
    assert (found.workload.function, found.workload.cluster, found.region) == ("resize", "", REGION)
    found = complete(situation(detect([], {}, [name("task_definition", TASK)]), Target.ECS))
    assert found.workload.task_definition == "report"
    found = complete(situation(detect([], {}, [name("instance", "i-0123456789abcdef0")]), Target.EC2))
    assert found.workload.instances == ("i-0123456789abcdef0",)


def test_what_is_declared_stays_and_what_contradicts_it_is_said() -> None:
    declared = {"cluster": "web", "region": "us-east-1"}
    found = complete(situation(ON_NODE, Target.EKS_IRSA, **declared))
    assert (found.workload.cluster, found.region) == ("web", "us-east-1")
    assert list_contradictions(found) == "the calls come from nodes of apps; the evidence is in eu-west-1"
    assert list_contradictions(complete(situation(ON_NODE, Target.EKS_IRSA, cluster="apps"))) == ""


def test_of_two_clusters_and_regions_none_is_taken() -> None:
    found = complete(situation(ON_TWO))
    assert (found.workload.cluster, found.region) == ("", "eu-central-1")
    assert find_doubt(found, Target.EKS_IRSA) == "region: the evidence is in eu-west-1, us-east-1"
    found = complete(situation(ON_TWO, region="us-east-1"))
    assert find_doubt(found, Target.EKS_IRSA) == "cluster: the calls come from nodes of apps, web"
    assert find_doubt(complete(situation(ON_TWO, region="us-east-1", cluster="web")), Target.EKS_IRSA) == ""
    two = detect([], {}, [name("task_definition", TASK), name("task_definition", TASK, "us-east-1")])
    assert "region" in find_doubt(complete(situation(two, Target.ECS)), Target.ECS)
    # The trust policy for Lambda has no region.
    assert find_doubt(situation(dataclasses.replace(two)), Target.LAMBDA) == ""


def test_names_that_are_no_names_get_into_no_command() -> None:
    found = complete(situation(detect([], {}, [name("function", "arn:aws:lambda:x:y:function:a;b")]), Target.LAMBDA))
    assert found.workload.function == ""
