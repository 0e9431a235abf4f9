# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of one account in one region names principals: buckets, keys, clusters and sign-in sessions."""

from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import datetime

from moto.s3.models import s3_backends

from emulator.extensions.signin.models import SigninSession, signin_backends
from emulator.seed import model
from emulator.seed.identifiers import moment


@dataclasses.dataclass(frozen=True)
class Place:
    """An account, one of its regions, and the moment of seeding."""

    account: model.Account
    region: str
    now: datetime

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.account.partition}:{service}:{self.region}:{self.account.id}:{resource}"

    def role_arn(self, name: str) -> str:
        role = self.account.roles[name]
        return f"arn:{self.account.partition}:iam::{self.account.id}:role{role.path}{role.name}"

    def bucket(self, name: str) -> None:
        """Make a bucket unless this account has it already."""
        backend = s3_backends[self.account.id][self.account.partition]
        if name not in backend.buckets:
            backend.create_bucket(name, self.region)


def seed_resources(place: Place, seeded: model.Region) -> None:
    """Make the buckets, keys, clusters and sign-in sessions of a region."""
    for bucket in seeded.buckets.values():
        place.bucket(bucket.name)
        if bucket.policy is not None:
            backend = s3_backends[place.account.id][place.account.partition]
            backend.put_bucket_policy(bucket.name, json.dumps(bucket.policy).encode())
    for key in seeded.keys.values():
        _key(place, key)
    for cluster in seeded.clusters.values():
        _cluster(place, cluster)
    for session in seeded.signin_sessions.values():
        _signin_session(place, session)


def _key(place: Place, seeded: model.Key) -> None:
    # As with clusters: importing it takes a while.
    from moto.kms.models import kms_backends

    backend = kms_backends[place.account.id][place.region]
    policy = None if seeded.policy is None else json.dumps(seeded.policy)
    made = backend.create_key(policy, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [])
    # As recorded calls name it. moto makes up the id of a new key.
    backend.keys[seeded.name] = backend.keys.pop(made.id)
    made.id, made.arn = seeded.name, place.arn("kms", f"key/{seeded.name}")
    for name, grant in seeded.grants.items():
        context = {"EncryptionContextSubset": grant.encryption_context} if grant.encryption_context else {}
        backend.create_grant(
            key_id=made.id,
            grantee_principal=grant.grantee,
            operations=list(grant.operations),
            name=name,
            constraints=context,
            retiring_principal=grant.retiring,
        )


def _cluster(place: Place, seeded: model.Cluster) -> None:
    # Importing it takes a while, and few seeds have clusters.
    from moto.eks.models import eks_backends

    from emulator.extensions import eks

    cluster = eks_backends[place.account.id][place.region].create_cluster(
        name=seeded.name, role_arn=place.role_arn(seeded.role), resources_vpc_config={"subnetIds": []}
    )
    eks.set_mode(cluster, seeded.mode)
    access = eks.access_of(cluster)
    access.denied = seeded.denied
    access.addons = seeded.addons
    for principal, entry in seeded.entries.items():
        access.entries[principal] = {
            "clusterName": seeded.name,
            "principalArn": principal,
            "kubernetesGroups": list(entry.groups),
            "accessEntryArn": place.arn("eks", f"access-entry/{seeded.name}/role/{_unique(place, principal)}"),
            "createdAt": place.now,
            "modifiedAt": place.now,
            "username": principal,
            "type": entry.type,
        }
        access.policies[principal] = [
            {"policyArn": arn, "accessScope": {"type": "cluster", "namespaces": []}, "associatedAt": place.now}
            for arn in entry.policies
        ]
    for pod in seeded.pods.values():
        namespace, _slash, account = pod.name.partition("/")
        unique = f"a-{_unique(place, seeded.name, pod.name)[:17]}"
        access.associations[unique] = {
            "clusterName": seeded.name,
            "namespace": namespace,
            "serviceAccount": account,
            "roleArn": pod.role,
            "associationId": unique,
            "associationArn": place.arn("eks", f"podidentityassociation/{seeded.name}/{unique}"),
            "createdAt": place.now,
            "modifiedAt": place.now,
        }


def _signin_session(place: Place, seeded: model.SigninSession) -> None:
    kind, _slash, name = seeded.principal.partition("/")
    used = seeded.last_used_hours
    signin_backends[place.account.id][place.region].add(
        SigninSession(
            arn=place.arn("signin", f"session/{seeded.name}"),
            principal_arn=f"arn:{place.account.partition}:iam::{place.account.id}:{kind}/{name}",
            issued=moment(place.now, seeded.age_hours / 24),
            expires=moment(place.now, -seeded.expires_in_hours / 24),
            region=place.region,
            client_type=seeded.client_type,
            last_used=None if used is None else moment(place.now, used / 24),
            user_agent=seeded.user_agent,
            status=seeded.status,
        )
    )


def _unique(place: Place, *names: str) -> str:
    """A number that follows from the names, the same in each run."""
    return uuid.uuid5(uuid.NAMESPACE_URL, " ".join((place.account.id, place.region, *names))).hex
