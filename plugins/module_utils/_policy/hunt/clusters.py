# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Clusters: what one principal did from one address with one kind of agent, held against its habits.

An intruder's calls share an address and an agent, so that a call which says nothing by itself is judged by its
neighbours. Calls from where the principal always works, with what it always uses, are judged one by one.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import types
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .callers import SERVICE, find_build, find_family, find_network, find_tool, is_attack_tool
from .classes import SENSITIVE, EventClass, classify
from .event import Caller, Event
from .links import find_minted, find_target, opens_session, short_name
from .profile import Profile, is_opening, name_action, name_opening, name_repository, name_session


class Suspected(enum.StrEnum):
    """Whether an event is an intruder's, as far as anybody can tell. It is never certain."""

    YES = "yes"
    NO = "no"
    UNCERTAIN = "uncertain"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A verdict with its reasons, as sentences without a full stop."""

    suspected: Suspected
    reasons: tuple[str, ...]
    is_inference: bool = False


#: The principal, the address and the family of the agent. From anywhere it is the build of the agent instead.
ClusterKey = tuple[str, str, str]
_YES_FROM: t.Final = 4
_NO_UNTIL: t.Final = 1
# Without a baseline, so many of these signs in a cluster are typical of an intrusion.
_SIGNS: t.Final = 2
_MANY_DENIED: t.Final = 3
_MANY_READS: t.Final = 8
_MANY_SERVICES: t.Final = 3
_FEW_FAMILIES: t.Final = 5
_GAINS: t.Final = (EventClass.ESCALATION, EventClass.PERSISTENCE, EventClass.IMPACT, EventClass.DEFENCE_EVASION)
_RIGHTS: t.Final = (EventClass.ESCALATION, EventClass.PERSISTENCE, EventClass.IMPACT)
_ROTATION: t.Final = ("iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey")
# With so many sensitive actions that it never called, and hardly another one, a principal is not at its own work.
_MANY_UNUSUAL: t.Final = 3
# The address of a cluster of calls from anywhere.
_ANYWHERE: t.Final = "*"
_MANY_SECRETS: t.Final = 10
_SECRETS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "ec2:GetPasswordData": ("instanceId",),
    "secretsmanager:GetSecretValue": ("secretId",),
    "secretsmanager:BatchGetSecretValue": ("secretIdList",),
    "ssm:GetParameter": ("name",),
    "ssm:GetParameters": ("names",),
}


def key_of(event: Event, profiles: Mapping[str, Profile] = types.MappingProxyType({})) -> ClusterKey:
    """The cluster that an event is in. A session name with habits of its own, such as an instance, is one by itself.

    For a principal that comes from new networks all the time, the build of the agent counts, and not the address.
    """
    principal = short_name(event.principal_arn) or name_opening(event) or event.principal_id or event.on_behalf_of
    name = name_opening(event, is_by_name=True) if is_opening(event) else name_session(event)
    own = profiles.get(name)
    if own is not None and own.is_enough:
        principal = name
    profile = profiles.get(principal)
    if profile is not None and profile.is_roaming and _is_of_stranger(event, profile):
        return key_anywhere(principal, event)
    return principal, event.source_address, find_family(event.user_agent)


def key_anywhere(principal: str, event: Event) -> ClusterKey:
    """The cluster of all calls of a principal with the build of an agent, from any address."""
    return principal, _ANYWHERE, find_build(event.user_agent)


def _is_of_stranger(event: Event, profile: Profile) -> bool:
    is_new = find_network(event.source_address) not in profile.networks
    return is_new and find_build(event.user_agent) not in profile.builds


def is_by_service(event: Event) -> bool:
    """Whether a service made the call in the name of the caller."""
    return bool(event.invoked_by) or find_network(event.source_address) == SERVICE


@dataclasses.dataclass
class Cluster:
    """What is counted of a cluster."""

    address: str
    agent: str
    events: int = 0
    denied: int = 0
    in_usual_hours: int = 0
    has_attack_tool: bool = False
    classes: collections.Counter[EventClass] = dataclasses.field(default_factory=collections.Counter)
    reads: set[str] = dataclasses.field(default_factory=set)
    unusual: set[str] = dataclasses.field(default_factory=set)
    usual: set[str] = dataclasses.field(default_factory=set)
    has_gains: bool = False
    # Calls that gain rights or do harm, but for those with which a user changes its own keys.
    gains: int = 0
    secret_gains: int = 0
    made: set[str] = dataclasses.field(default_factory=set)
    keys: set[str] = dataclasses.field(default_factory=set)
    secrets: set[str] = dataclasses.field(default_factory=set)
    has_new_opener: bool = False
    has_new_ref: bool = False
    regions: set[str] = dataclasses.field(default_factory=set)

    def add(self, event: Event, profile: Profile) -> None:
        """Count an event."""
        found = classify(event)
        self.events += 1
        self.denied += _is_denied(event)
        self.has_attack_tool = self.has_attack_tool or is_attack_tool(event.user_agent)
        self.in_usual_hours += profile.is_usual_hour(event.time)
        self.classes[found] += 1
        self.regions.add(event.region)
        if found is EventClass.RECONNAISSANCE:
            self.reads.add(name_action(event))
        self.keys.add(event.access_key_id)
        if not _renews_own_key(event):
            self.gains += found in _RIGHTS
            self.secret_gains += found in _RIGHTS and name_action(event) in _SECRETS
            self.made.update(minted.key_id for minted in find_minted(event) if not minted.is_session)
        self.secrets.update(_list_secrets(event))
        if is_usual(event, profile):
            self.usual.add(name_action(event))
        elif found in SENSITIVE:
            self.unusual.add(name_action(event))
            self.has_gains = self.has_gains or found in _GAINS
        if is_opening(event) and event.principal_id not in profile.openers:
            is_known = name_repository(event) in profile.repositories
            self.has_new_opener = self.has_new_opener or not is_known
            self.has_new_ref = self.has_new_ref or is_known


def _list_secrets(event: Event) -> Iterator[str]:
    """The secrets, parameters and machines whose content or password an event reads."""
    for member in _SECRETS.get(name_action(event), ()):
        named = event.request.get(member)
        yield from (one for one in (named if isinstance(named, list) else (named,)) if isinstance(one, str))


def _renews_own_key(event: Event) -> bool:
    """Whether a user makes, turns off or deletes a key of its own, as a rotation does."""
    action = name_action(event)
    if event.caller is not Caller.USER or action not in _ROTATION:
        return False
    if action == "iam:UpdateAccessKey" and event.request.get("status") != "Inactive":
        return False
    # Without a name AWS takes the user whose key signs the call.
    return event.request.get("userName", "") in ("", None, event.principal_arn.rpartition("/")[2])


def _is_denied(event: Event) -> bool:
    return any(word in event.error_code for word in ("AccessDenied", "Unauthorized"))


def is_usual(event: Event, profile: Profile) -> bool:
    """Whether the principal is used to calling this; and of a role, to assume it."""
    if name_action(event) not in profile.actions:
        return False
    return not opens_session(event) or find_target(event) in profile.targets


class Clusters:
    """The clusters of some events since the first suspicious time."""

    def __init__(self, events: Iterable[Event], profiles: Mapping[str, Profile], *, touched: frozenset[str]) -> None:
        """``touched`` are principals that an intruder made or changed, by their short names."""
        self._profiles: t.Final = profiles
        self._touched: t.Final = touched
        self._clusters: t.Final[dict[ClusterKey, Cluster]] = {}
        self._verdicts: t.Final[dict[ClusterKey, Verdict]] = {}
        #: By address and family of the agent, what all principals without a baseline did from there.
        self._strangers: t.Final[dict[tuple[str, str], Cluster]] = {}
        for event in events:
            if is_by_service(event):
                continue
            key = key_of(event, profiles)
            known = self._clusters.setdefault(key, Cluster(event.source_address, event.user_agent))
            profile = self.profile_of(event)
            known.add(event, profile)
            if not profile.is_enough:
                stranger = Cluster(event.source_address, event.user_agent)
                self._strangers.setdefault((event.source_address, find_family(event.user_agent)), stranger).add(
                    event, profile
                )

    def profile_of(self, event: Event) -> Profile:
        """The habits of the principal behind an event; an empty profile if nothing is known."""
        return self._profiles.get(key_of(event, self._profiles)[0]) or Profile()

    def judge(self, event: Event) -> Verdict:
        """Judge an event by its cluster and the habits of its principal."""
        profile = self.profile_of(event)
        if is_by_service(event):
            return _judge_alone(event, profile, "a service made the call for the principal")
        key = key_of(event, self._profiles)
        if key not in self._clusters:
            return Verdict(Suspected.UNCERTAIN, ("nothing else is known of this caller",))
        if key not in self._verdicts:
            self._verdicts[key] = self._judge_cluster(
                self._clusters[key], profile, is_touched=key[0].partition("|")[0] in self._touched
            )
        verdict = self._verdicts[key]
        if verdict.suspected is Suspected.NO:
            return _judge_alone(event, profile, verdict.reasons[0])
        return verdict

    def find_sign(self, event: Event, networks: frozenset[str]) -> str:
        """Find a sign in the cluster of an event that usual work has seldom, as a reason; empty if there is none.

        ``networks`` are those that anybody used before. What a service does for a principal has the signs of it all.
        """
        key = key_of(event, self._profiles)
        known = self._clusters.get(key)
        found = [known] if known else [one for name, one in self._clusters.items() if name[0] == key[0]]
        return next(filter(None, (_find_sign(one, networks) for one in found)), "")

    def _judge_cluster(self, cluster: Cluster, profile: Profile, *, is_touched: bool) -> Verdict:
        if not profile.is_enough:
            together = self._strangers[cluster.address, find_family(cluster.agent)]
            return _judge_without_baseline(together, profile)
        score, reasons = _score_caller(cluster, profile)
        for points, reason in _score_content(cluster, profile):
            score += points
            reasons.append(reason)
        if is_touched:
            score += 2
            reasons.append("an intruder made or changed this principal")
        if score >= _YES_FROM:
            return Verdict(Suspected.YES, tuple(reasons))
        if score > _NO_UNTIL:
            return Verdict(Suspected.UNCERTAIN, tuple(reasons))
        return Verdict(Suspected.NO, tuple(reasons) or ("address and agent are those of the baseline",))


def _find_sign(cluster: Cluster, networks: frozenset[str]) -> str:
    if cluster.has_attack_tool:
        return "the agent names a tool or a system for attacks"
    if find_network(cluster.address) not in networks:
        return f"nobody used the network of {cluster.address} before"
    if cluster.denied:
        return f"{cluster.denied} calls were denied"
    gains = sum(cluster.classes[one] for one in _GAINS)
    return f"{gains} calls of the classes escalation, persistence, impact and defence_evasion" if gains else ""


def _score_caller(cluster: Cluster, profile: Profile) -> tuple[int, list[str]]:
    """Score how unusual address and agent are, with reasons."""
    score, reasons = 0, []
    if cluster.address not in profile.addresses and find_network(cluster.address) not in profile.networks:
        score += 1 if profile.is_roaming else 4 if profile.is_settled else 3
        reasons.append(
            "a new network, as often with this principal"
            if profile.is_roaming
            else f"the baseline has no call from the network of {cluster.address}"
        )
    family = find_family(cluster.agent)
    if family not in profile.families:
        is_other_tool = find_tool(cluster.agent) not in profile.tools
        score += 3 if is_other_tool and len(profile.families) < _FEW_FAMILIES else 2
        reasons.append(f"the baseline has no call with the agent {family!r}")
    if cluster.has_new_opener:
        score += 2
        reasons.append("the baseline has no session that this caller opened")
    elif cluster.has_new_ref:
        score += 1
        reasons.append("the baseline has no session of this branch, tag or environment, but others of its repository")
    if not reasons and (cluster.address, family) not in profile.pairs and not profile.is_roaming:
        score += 1
        reasons.append("address and agent are known, but not together")
    return score, reasons


def _score_content(cluster: Cluster, profile: Profile) -> list[tuple[int, str]]:
    """Score what was called from an unusual address or with an unusual agent. Elsewhere each call stands for itself."""
    family = find_family(cluster.agent)
    if (cluster.address, family) in profile.pairs:
        return []
    is_near = find_network(cluster.address) in profile.networks
    is_known = family in profile.families and (is_near or profile.is_roaming)
    found = []
    if cluster.unusual and not is_known:
        names = ", ".join(sorted(cluster.unusual)[:3])
        found.append((2, f"{len(cluster.unusual)} sensitive actions are not in the baseline, such as {names}"))
    elif not is_near and len(cluster.unusual) >= max(_MANY_UNUSUAL, len(cluster.usual) + 1):
        found += _score_novelty(cluster)
    if cluster.denied >= _MANY_DENIED:
        found.append((1, f"{cluster.denied} calls were denied"))
    if not cluster.in_usual_hours:
        found.append((1, "all calls are outside the usual hours"))
    if not cluster.regions <= profile.regions:
        found.append((1, "calls in regions that the baseline does not have"))
    if cluster.has_attack_tool:
        found.append((2, "the agent names a tool or a system for attacks"))
    return found


def _score_novelty(cluster: Cluster) -> Iterator[tuple[int, str]]:
    """Score calls of a principal that comes from new networks all the time, and never called most of these."""
    yield 2, f"{len(cluster.unusual)} sensitive actions are not in the baseline, more than those that are"
    services = {name.partition(":")[0] for name in cluster.unusual}
    if cluster.has_gains:
        yield 1, "calls of the classes escalation, persistence, impact or defence_evasion are among them"
    elif len(cluster.unusual) >= _MANY_READS and len(services) >= _MANY_SERVICES:
        yield 1, f"they are of {len(services)} services"


def _judge_without_baseline(cluster: Cluster, profile: Profile) -> Verdict:
    """Judge by what was called alone, since there are no habits to compare with.

    A first deployment reads and makes as much as an intruder. So one of the signs must be a hostile one.
    """
    lack = f"no baseline: {profile.events} events on {len(profile.days)} days before the first suspicious time"
    signs = []
    if cluster.has_attack_tool:
        signs += ["the agent names a tool or a system for attacks"] * (_SIGNS + 1)
    if cluster.denied >= _MANY_DENIED:
        signs.append(f"{cluster.denied} calls were denied")
    services = {name.partition(":")[0] for name in cluster.reads}
    if len(cluster.reads) >= _MANY_READS and len(services) >= _MANY_SERVICES:
        signs.append(f"{len(cluster.reads)} kinds of reads in {len(services)} services")
    # Deployments do these as well, so that all of them are one sign.
    # So many reads of secrets are a sign below, and no second one here.
    gains = cluster.gains - (cluster.secret_gains if len(cluster.secrets) >= _MANY_SECRETS else 0)
    if gains:
        signs.append(f"{gains} calls of the classes escalation, persistence and impact")
    if cluster.classes[EventClass.DEFENCE_EVASION]:
        signs.append(f"{cluster.classes[EventClass.DEFENCE_EVASION]} calls of the class defence_evasion")
    if cluster.made & cluster.keys:
        signs.append("the caller made an access key of somebody else, and works with it")
    if len(cluster.secrets) >= _MANY_SECRETS:
        signs.append(f"{len(cluster.secrets)} secrets and passwords were read")
    if cluster.classes[EventClass.RECONNAISSANCE] and "sts:GetCallerIdentity" in cluster.reads:
        signs.append("the caller asked who it is")
    is_hostile = (
        cluster.has_attack_tool
        or cluster.denied >= _MANY_DENIED
        or bool(cluster.classes[EventClass.DEFENCE_EVASION])
        or bool(cluster.made & cluster.keys)
        or len(cluster.secrets) >= _MANY_SECRETS
    )
    if is_hostile and len(signs) > _SIGNS:
        return Verdict(Suspected.YES, (*dict.fromkeys(signs), lack), is_inference=True)
    return Verdict(Suspected.UNCERTAIN, (lack, *dict.fromkeys(signs)))


def _judge_alone(event: Event, profile: Profile, where: str) -> Verdict:
    """Judge a call from where the principal always works: only what it never called is doubtful."""
    if is_usual(event, profile):
        return Verdict(Suspected.NO, (where, "the action is in the baseline"))
    if classify(event) in SENSITIVE and profile.is_enough:
        return Verdict(Suspected.UNCERTAIN, (where, f"{name_action(event)} is not in the baseline"))
    if not profile.is_enough:
        return Verdict(Suspected.UNCERTAIN, (where, "there is no baseline"))
    return Verdict(Suspected.NO, (where, "the action is none that intruders need"))
