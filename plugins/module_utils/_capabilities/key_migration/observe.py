# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads of a move: where workloads run, the state of their roles and keys, and the targets of changes."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.answer import NO, Answer, Unknown, Yes
from ..._account.model import Snapshot
from ..._account.permissions import Permissions
from ..._aws.access import Access
from ..._aws.errors import AwsError, InvalidCredentials, NotFound
from ..._aws.operations import Operations
from ..._converge.affects.live import HOLDERS_READS
from ..._converge.change import Change, Refusal
from ..._converge.user_keys import DELETE_KEY, UPDATE_KEY, VERIFY_FLOOR, Key, describe_key
from ..._module.connection import Connection
from ..._module.key_mentions import OPERATIONS as MENTION_READS
from ..._module.key_mentions import Mentions, read_mentions
from ..._module.roles import TARGET_READS, LiveRole, read_role, read_target
from ..._module.user_keys import OPERATIONS as KEY_READS
from ..._module.user_keys import read_keys
from ..._policy.evaluation.evaluate import Layers
from ..._policy.evaluation.narrowing import condition_keys
from ..._policy.least_privilege.generate import list_needed_keys
from ..._policy.least_privilege.settings import Settings
from ..._prediction.evidence import read_records
from ..._prediction.key_users.model import Consumer
from ..._prediction.records.evidence_options import EvidenceOptions
from .detection import Detection, Instance, detect, list_addresses
from .inferring import find_clusters, find_doubt
from .model import EKS, USER_TAG, Target
from .proposing import describe_as_role, index_users, make_subject, propose
from .situation import Proposal, Situation
from .trusts import Place, build_trust

ADDON: t.Final = "DescribeAddon"
CLUSTER: t.Final = "DescribeCluster"
INSTANCES: t.Final = "DescribeInstances"
UNDO_OPERATIONS: t.Final = Operations(
    reads=HOLDERS_READS | {"iam:GetAccountAuthorizationDetails"},
    writes=frozenset({"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:UpdateAccessKey"}),
).union(KEY_READS, TARGET_READS)
PLACE_READS: t.Final = Operations(reads=frozenset({f"ec2:{INSTANCES}", f"eks:{CLUSTER}", f"eks:{ADDON}"})).union(
    MENTION_READS
)
# AWS takes so many values in one filter: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
_MOST_VALUES: t.Final = 200
# Each interface of a node has addresses of pods, which are those of calls within its network.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
_FILTERS: t.Final = ("ip-address", "network-interface.addresses.private-ip-address")
_AGENT: t.Final = "eks-pod-identity-agent"

Obstacle = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The instances that have the addresses of callers, and what has the ids of keys in its settings."""

    addresses: Mapping[str, tuple[Instance, ...]] = dataclasses.field(default_factory=dict)
    mentions: Mentions = Mentions(())

    def of(self, consumers: Iterable[Consumer], key_id: str) -> Detection:
        """Detect the platform of the workload that uses a key."""
        mentions = [one for one in self.mentions.mentions if one.key_id == key_id]
        return detect(consumers, self.addresses, mentions, self.mentions.unread)


def read_evidence(
    access: Access, regions: t.Optional[Sequence[str]], consumers: Iterable[Consumer], keys: Collection[str]
) -> Evidence:
    """Read where the callers of keys are, and which settings name one of ``keys``.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    addresses = list_addresses(consumers)
    if not addresses and not keys:
        return Evidence()
    reached = access.reach(regions).regions
    instances, unread = read_instances(access, reached, addresses)
    mentions = read_mentions(access, keys, regions=reached)
    return Evidence(instances, dataclasses.replace(mentions, unread=(*mentions.unread, *unread)))


def read_instances(
    access: Access, regions: Sequence[str], addresses: Iterable[str]
) -> tuple[dict[str, tuple[Instance, ...]], tuple[str, ...]]:
    """Read which EC2 instances have these addresses now, by address, and a sentence about each failed question."""
    wanted = sorted(set(addresses))
    parts = [wanted[start : start + _MOST_VALUES] for start in range(0, len(wanted), _MOST_VALUES)]
    calls = {
        f"{region} {name} {part[0]}": functools.partial(_ask_instances, access, region, name, part)
        for region in regions
        for name in _FILTERS
        for part in parts
    }
    found: dict[str, tuple[Instance, ...]] = {}
    unread: dict[str, None] = {}
    for answer in access.gather(calls).values():
        if isinstance(answer, AwsError):
            unread[f"the instances that have the addresses of callers can't be read: {answer}"] = None
            continue
        for address, instance in answer:
            if instance not in found.get(address, ()):
                found[address] = (*found.get(address, ()), instance)
    return found, tuple(unread)


def _ask_instances(access: Access, region: str, name: str, addresses: Sequence[str]) -> list[tuple[str, Instance]]:
    asked = {"Filters": [{"Name": name, "Values": list(addresses)}]}
    reservations = access.items("ec2", INSTANCES, "Reservations", asked, region=region)
    return [
        (address, _describe_instance(one, region))
        for reservation in reservations
        for one in reservation.get("Instances") or ()
        for address in sorted(set(_list_addresses_of(one)) & set(addresses))
    ]


def _list_addresses_of(instance: Mapping[str, t.Any]) -> Iterator[str]:
    """List the addresses of an instance: a node has those of its pods as further ones of its network interfaces."""
    for name in ("PublicIpAddress", "PrivateIpAddress"):
        if instance.get(name):
            yield str(instance[name])
    for interface in instance.get("NetworkInterfaces") or ():
        yield from (str(one["PrivateIpAddress"]) for one in interface.get("PrivateIpAddresses") or ())


def _describe_instance(instance: Mapping[str, t.Any], region: str) -> Instance:
    tags = {str(one["Key"]): str(one.get("Value") or "") for one in instance.get("Tags") or ()}
    return Instance(str(instance["InstanceId"]), region, instance["LaunchTime"], find_clusters(tags))


def add_trust(access: Access, snapshot: Snapshot, situation: Situation) -> Mapping[str, t.Any]:
    """Find the trust policy of a workload, or the obstacle that nobody can write one over: fields of the situation."""
    workload, detection = situation.workload, situation.detection
    if situation.platform is None and detection.targets == EKS:
        return _add_trust_of_pods(access, snapshot, situation)
    if situation.platform is None:
        reason = f"the platform of {workload.name} is not clear: {detection.reason}. Set platform"
        return {"obstacle": ("platform_unclear", reason)}
    return _find_trust(access, snapshot, situation, situation.platform)


def _add_trust_of_pods(access: Access, snapshot: Snapshot, situation: Situation) -> Mapping[str, t.Any]:
    """Choose the way in which pods of a cluster get roles, and find the trust policy for it.

    It is Pod Identity where its agent is there, which EKS Auto Mode has built in, else the identity provider in IAM.
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
    """
    workload = situation.workload
    if not workload.cluster:
        lack = find_doubt(situation, Target.EKS_IRSA) or "cluster"
        return {"obstacle": ("incomplete", f"{workload.name} runs on EKS; declare {lack}")}
    place = Place(snapshot.account_id, snapshot.partition, situation.region)
    cluster = _read_cluster(access, situation, place)
    if isinstance(cluster, tuple):
        return {"obstacle": cluster}
    provider = dataclasses.replace(place, issuer=_find_issuer(cluster)).name_provider(Target.EKS_IRSA)
    agent = _find_agent(access, cluster, place)
    if isinstance(agent, Unknown):
        return {"obstacle": ("unread", f"{agent.reason}. Let the run read it, or set platform")}
    if isinstance(agent, Yes):
        platform = Target.EKS_POD_IDENTITY
    elif provider and provider in snapshot.oidc_provider_arns:
        platform = Target.EKS_IRSA
    else:
        reason = f"no agent of Pod Identity and no identity provider of the cluster {workload.cluster} were found"
        return {"obstacle": ("platform_unclear", f"{reason}. Add one of them, or set platform")}
    return {"platform": platform, **_find_trust(access, snapshot, situation, platform, cluster)}


def _find_agent(access: Access, cluster: Mapping[str, t.Any], place: Place) -> Answer[str]:
    """Find where the agent is from, if it works: built in, or an add-on."""
    if (cluster.get("computeConfig") or {}).get("enabled"):
        return Yes("EKS Auto Mode")
    try:
        asked = {"clusterName": cluster["name"], "addonName": _AGENT}
        found = access.call("eks", ADDON, asked, region=place.region)["addon"]
    except InvalidCredentials:
        raise
    except NotFound:
        return NO
    except AwsError as error:
        return Unknown(f"the add-on {_AGENT} of the cluster {cluster['name']} can't be read: {error}")
    return Yes("its add-on") if found.get("status") in ("ACTIVE", "UPDATING") else NO


def _find_trust(
    access: Access,
    snapshot: Snapshot,
    situation: Situation,
    platform: Target,
    cluster: t.Optional[Mapping[str, t.Any]] = None,
) -> Mapping[str, t.Any]:
    """Find the trust policy on a platform. ``cluster`` is that of the workload, if it was read already."""
    workload = situation.workload
    lack = " and ".join(filter(None, (find_doubt(situation, platform), workload.find_lack(platform))))
    if lack:
        return {"obstacle": ("incomplete", f"{workload.name} runs on {platform}; declare {lack}")}
    place = Place(snapshot.account_id, snapshot.partition, situation.region)
    if platform in EKS:
        found = cluster or _read_cluster(access, situation, place)
        if isinstance(found, tuple):
            return {"obstacle": found}
        place = dataclasses.replace(place, issuer=_find_issuer(found))
    return _check_place(snapshot, situation, platform, place)


def _check_place(snapshot: Snapshot, situation: Situation, platform: Target, place: Place) -> Mapping[str, t.Any]:
    provider = place.name_provider(platform)
    if platform is Target.EKS_IRSA and not provider:
        return {"obstacle": ("no_provider", f"the cluster {situation.workload.cluster} has no OpenID Connect issuer")}
    if provider and provider not in snapshot.oidc_provider_arns:
        reason = f"the account has no identity provider {provider}; make it with the audience sts.amazonaws.com"
        return {"obstacle": ("no_provider", reason)}
    boundary = situation.boundary
    if (
        boundary
        and not boundary.startswith(f"arn:{place.partition}:iam::aws:")
        and all(policy.arn != boundary for policy in snapshot.policies)
    ):
        return {"obstacle": ("no_boundary", f"there is no policy {boundary}; make it, or correct boundary")}
    return {"trust": build_trust(situation.workload, platform, place)}


def _read_cluster(access: Access, situation: Situation, place: Place) -> t.Union[Mapping[str, t.Any], Obstacle]:
    """Read the workload's cluster, which has to be there."""
    name = situation.workload.cluster
    try:
        found: Mapping[str, t.Any] = access.call("eks", CLUSTER, {"name": name}, region=place.region)["cluster"]
    except NotFound:
        return "no_cluster", f"there is no cluster {name} in {place.region}; correct cluster or region"
    except AwsError as error:
        return "unread", f"the cluster {name} can't be read: {error}"
    return found


def _find_issuer(cluster: Mapping[str, t.Any]) -> str:
    issuer = str(((cluster.get("identity") or {}).get("oidc") or {}).get("issuer") or "")
    return issuer.removeprefix("https://")


def read_proposals(
    connection: Connection,
    evidence: EvidenceOptions,
    settings: Settings,
    snapshot: Snapshot,
    wanted: Iterable[tuple[str, str]],
) -> dict[tuple[str, str], Proposal]:
    """Generate the policies for users, by their names in lower case and the boundary of the role, and prove them.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    users = index_users(snapshot.users)
    pairs = [pair for pair in dict.fromkeys(wanted) if pair[0] in users]
    subjects = {name: make_subject(users[name]) for name, _boundary in pairs}
    if not subjects:
        return {}
    permissions = Permissions(snapshot)
    arns = [subject.arn for subject in subjects.values()]
    keys = list_needed_keys([describe_as_role(subject, permissions) for subject in subjects.values()], settings)
    boundaries = (Layers(boundary=permissions.policy(boundary)) for _name, boundary in pairs if boundary)
    keys |= condition_keys((*(permissions.layers(arn) for arn in arns), *boundaries))
    records = read_records(connection, evidence, snapshot, permissions, arns, keys=keys)
    return {
        (name, boundary): propose(permissions, settings, subjects[name], boundary, records) for name, boundary in pairs
    }


def read_last_uses(access: Access, arns: Iterable[str]) -> dict[str, t.Union[t.Optional[datetime], AwsError]]:
    """Read the last use of roles that are there."""
    found = access.gather({arn: functools.partial(read_role, access, arn) for arn in arns})
    return {
        arn: one if isinstance(one, AwsError) else (one.last_used if one is not None else None)
        for arn, one in found.items()
    }


# The targets of changes


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(read_state, access)


def read_state(access: Access, change: Change) -> t.Any:
    """Read the target of a change live; None where it is gone.

    :raises AwsError: it can't be read.
    """
    if change.operation not in (UPDATE_KEY, DELETE_KEY):
        return read_target(access, change)
    shown: Mapping[str, t.Any] = change.after or change.before
    keys = read_keys(access, change.target.rpartition("/")[2])
    return next((describe_key(key) for key in keys if key.id == shown["id"]), None)


def refuse_undos(access: Access, undos: Sequence[Change], now: datetime) -> Mapping[str, Refusal]:
    """Refuse to take a role, or its policies, from a workload that uses it, or that has no active key."""
    return {undo.undoes: refusal for undo in undos for refusal in _refuse_undo(access, undo, now)}


def _refuse_undo(access: Access, undo: Change, now: datetime) -> Iterator[Refusal]:
    if undo.operation not in ("DeleteRole", "DeleteRolePolicy"):
        return
    try:
        role = read_role(access, undo.target)
        rule, reason = _object_to_undo(access, role, now) if role is not None else ("", "")
    except AwsError as error:
        rule, reason = "unread", f"the role or the keys of its user can't be read: {error}"
    if rule:
        yield Refusal(rule, reason, undo.target, undo.operation)


def _object_to_undo(access: Access, role: LiveRole, now: datetime) -> Obstacle:
    """Object to the deletion of a role: a rule and its reason, empty if nothing speaks against it.

    :raises AwsError: the keys can't be read.
    """
    way = "give its workload the key back first, with the stage revert of key_migration"
    if role.last_used is not None and now < role.last_used + timedelta(days=VERIFY_FLOOR):
        return "in_use", f"{role.arn} is in use; {way}"
    user_id = role.tags.get(USER_TAG, "")
    if not any(key.is_active for key in _read_keys_of(access, user_id)):
        return (
            "no_key",
            f"no active key of the user of {role.arn} is known, so its workload may lose all; {way}",
        )
    return "", ""


def _read_keys_of(access: Access, user_id: str) -> tuple[Key, ...]:
    """Read the keys of the user with an id; none if there is none. IAM reads no user by its id.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    users = access.items("iam", "GetAccountAuthorizationDetails", "UserDetailList", {"Filter": ["User"]})
    name = next((str(user["UserName"]) for user in users if user_id and user["UserId"] == user_id), "")
    return read_keys(access, name) if name else ()
