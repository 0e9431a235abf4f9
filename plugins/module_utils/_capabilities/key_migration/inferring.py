# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a workload does not declare: its region, its cluster, and the names for the step of people. Pure.

Anybody who may tag instances can set the tags of a node. So the name of a cluster is held against the form that a
declared one has, and the cluster has to be there. Once a role is prepared, its trust policy says what was inferred.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .declared import is_allowed
from .detection import Detection, find_contradictions
from .model import EKS, Target
from .situation import Situation

# Set by managed node groups, by EKS Auto Mode and Karpenter, and by the nodes that others made:
# https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
# https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html
# https://docs.aws.amazon.com/eks/latest/userguide/worker.html
_NAMES: t.Final = ("eks:cluster-name", "eks:eks-cluster-name")
_PREFIX: t.Final = "kubernetes.io/cluster/"
_PLACES: t.Final = re.compile(r"arn:[^:]+:(?:ecs|eks):(?P<region>[^:]+):\d{12}:(?:cluster/(?P<cluster>.+)|\*)")


def find_clusters(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Find the clusters of EKS that the tags of an instance name."""
    values = [tags[name] for name in _NAMES if name in tags]
    values += [key.removeprefix(_PREFIX) for key in tags if key.startswith(_PREFIX)]
    return tuple(sorted({value for value in values if is_allowed("cluster", value)}))


def complete(situation: Situation) -> Situation:
    """Complete a workload by what the evidence shows, as far as it is clear and nobody declared it."""
    workload, detection = situation.workload, situation.detection
    region, cluster = _read_trust(situation)
    clusters = detection.clusters if detection.targets & EKS else ()
    return dataclasses.replace(
        situation,
        region=workload.region or region or _only(detection.regions) or situation.region,
        workload=dataclasses.replace(
            workload,
            cluster=workload.cluster or cluster or _only(clusters),
            function=workload.function or _only(_list_names(detection, "function", ":")),
            task_definition=workload.task_definition or _only(_list_names(detection, "task_definition", "/")),
            instances=workload.instances or tuple(_list_names(detection, "instance", "/")),
        ),
    )


def find_doubt(situation: Situation, platform: Target) -> str:
    """Find what the evidence leaves open that the trust policy of a platform needs; empty if nothing."""
    regions = situation.detection.regions
    if platform in {Target.ECS, *EKS} and not situation.workload.region and len(regions) > 1:
        return f"region: the evidence is in {', '.join(regions)}"
    clusters = situation.detection.clusters
    if platform in EKS and not situation.workload.cluster and len(clusters) > 1:
        return f"cluster: the calls come from nodes of {', '.join(clusters)}"
    return ""


def list_contradictions(situation: Situation) -> str:
    """List the evidence against the platform, the cluster and the region of a workload; empty if there is none."""
    platform, workload, detection = situation.platform, situation.workload, situation.detection
    if platform is None:
        return ""
    found = [find_contradictions(detection, platform)]
    if platform in EKS and detection.clusters and workload.cluster not in detection.clusters:
        found.append(f"the calls come from nodes of {', '.join(detection.clusters)}")
    if detection.targets and detection.regions and situation.region not in detection.regions:
        found.append(f"the evidence is in {', '.join(detection.regions)}")
    return "; ".join(filter(None, found))


def _only(found: Iterable[str]) -> str:
    names = list(dict.fromkeys(found))
    return names[0] if len(names) == 1 else ""


def _list_names(detection: Detection, kind: str, separator: str) -> Iterator[str]:
    """List the names of what has the key, without paths and versions."""
    for one in detection.mentions:
        if one.kind == kind:
            name = one.resource.rpartition(separator)[2].partition(":")[0]
            if kind == "instance" or is_allowed(kind, name):
                yield name


def _read_trust(situation: Situation) -> tuple[str, str]:
    """Read the region and the cluster that the trust policy of a prepared role names; empty for those that it lacks."""
    if situation.past.last is None or situation.role is None:
        return "", ""
    found = (_PLACES.fullmatch(text) for text in _list_texts(situation.role.trust.document))
    match = next(filter(None, found), None)
    return (match["region"], match["cluster"] or "") if match else ("", "")


def _list_texts(value: t.Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _list_texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _list_texts(one)
