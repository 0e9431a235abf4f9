# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A campaign of right-sizing, as ``least_privilege`` leaves it: what texts and pages are drawn from here."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._report.document import Report, complete

from . import samples

ACCOUNT: t.Final = samples.ACCOUNT


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def denial(**fields: t.Any) -> dict[str, t.Any]:
    """A new denial of what the role had used, with a proposal."""
    return {
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::acme-orders/2026/11/orders.csv",
        "count": 3,
        "first": "2026-11-10T08:00:00Z",
        "last": "2026-11-12T09:30:00Z",
        "by": "ours",
        "used_before": True,
        "message": "no identity-based policy allows the s3:GetObject action",
        "accepted": None,
        "proposal": {
            "name": "denied-s3-GetObject-01234567",
            "owner": "",
            "actions": ["s3:GetObject"],
            "resources": ["arn:aws:s3:::acme-orders/2026/11/orders.csv"],
            "reason": "denied 3 times; the evidence has the action as used",
            "expires": "2027-11-20",
        },
        "diff": '- lp-dev-1:\n-   {"Action": "s3:ListBucket"}\n+ lp-dev-1:\n+   {"Action": "s3:GetObject"}',
        **fields,
    }


def consumer(**fields: t.Any) -> dict[str, t.Any]:
    """A function that still has the old role."""
    return {
        "kind": "function",
        "resource": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:shop-orders",
        "region": "eu-west-1",
        "detail": "version 7 keeps the old role",
        "is_machine": True,
        "has_moved": False,
        "move": f"aws lambda update-function-configuration --function-name shop-orders --role {arn('dev-shop-lp')}",
        **fields,
    }


def namer(**fields: t.Any) -> dict[str, t.Any]:
    """A bucket policy that names the old role only."""
    return {
        "kind": "bucket_policy",
        "resource": "arn:aws:s3:::acme-orders",
        "account_id": ACCOUNT,
        "where": "principal",
        "names_new": False,
        "adapt": f"add {arn('dev-shop-lp')} to the principals of the statement",
        "accepted": None,
        **fields,
    }


def role(name: str = "dev-shop", **fields: t.Any) -> dict[str, t.Any]:
    """A role that is right-sized beside a new one, and that is watched."""
    return {
        "role": arn(name),
        "role_id": "AROAEXAMPLE",
        "way": "parallel",
        "canary": True,
        "stage": "canary",
        "since": "2026-11-09T12:00:00Z",
        "state": "soaking",
        "reason": "stage canary soaks until 2026-11-23T12:00:00Z",
        "rule": "",
        "next": "run least_privilege_stage=cut_over",
        "days_left": 3.04,
        "deadline": "2027-01-08T12:00:00Z",
        "warnings": ["only the old role is named in bucket_policy of arn:aws:s3:::acme-orders"],
        "parallel": {"arn": arn(f"{name}-lp"), "id": "AROAEXAMPLELP"},
        "documents": [{"name": "lp-dev-1", "sha256": "a" * 64, "size": 1234}],
        "outcome": "proved",
        "granted": {"before": 22321, "after": 84},
        "privileged": {"before": 12626, "after": 9},
        "paths": {"before": 31, "after": 0},
        "losses": ["It can no longer call CreateUser of iam.", "It can no longer delete buckets."],
        "consumers": [
            consumer(kind="person", resource=f"arn:aws:iam::{ACCOUNT}:user/alice", is_machine=False, has_moved=True),
            consumer(),
            consumer(
                kind="pipeline", resource="repo:acme/shop:ref:refs/heads/main", has_moved=None, move="", region=""
            ),
        ],
        "consumers_unread": ["ecs:ListClusters in eu-west-1: AccessDenied"],
        "namers": [namer(), namer(kind="key_policy", names_new=True), namer(kind="key_grant", accepted="the key goes")],
        "namers_unread": [
            {"account_id": "444455556666", "reason": "it can't be read", "blocks": True, "accepted": None},
            {"account_id": "", "reason": "access entries of eks can't be read", "blocks": False, "accepted": "no EKS"},
        ],
        "denials": {
            "since": "2026-11-09T12:00:00Z",
            "baseline": 2,
            "calls": 1406,
            "new": [
                denial(),
                denial(
                    action="iam:CreateUser",
                    resource="",
                    by="organization",
                    used_before=False,
                    proposal=None,
                    diff="",
                    accepted="a probe of the security team",
                ),
            ],
            "not_watched": ["data events of dynamodb are not logged"],
            "failure": None,
        },
        "old_role_used": {"last": "2026-11-11T12:00:00Z", "by": [f"user alice of {ACCOUNT}"]},
        "revert": "ansible-playbook hardening.iam.right_size -e "
        """'{"least_privilege_stage": "revert", "least_privilege_revert": ["dev-shop"]}'""",
        "patch": None,
        **fields,
    }


#: A role of which nothing was read yet.
NEW: t.Final[dict[str, t.Any]] = {
    "canary": False,
    "stage": "",
    "since": None,
    "state": "waiting",
    "reason": "nothing was done yet",
    "next": "run least_privilege_stage=assess",
    "days_left": None,
    "deadline": None,
    "warnings": [],
    "parallel": None,
    "documents": [],
    "outcome": None,
    **{name: {"before": None, "after": None} for name in ("granted", "privileged", "paths")},
    **{name: [] for name in ("losses", "consumers", "consumers_unread", "namers", "namers_unread")},
    "denials": None,
    "old_role_used": None,
}


def campaign(*roles: dict[str, t.Any], **fields: t.Any) -> dict[str, t.Any]:
    return {"campaign": "developers", "stage": "cut_over", "roles": list(roles), **fields}


def make_campaign() -> dict[str, t.Any]:
    """A campaign with roles in each way and in many states."""
    unknown = {**role()["denials"], "new": [], "failure": "the log files could not be read"}
    return campaign(
        role(),
        role(
            "dev-data-etl",
            way="in_place",
            state="refused",
            reason="machines use the role (i-0123456789abcdef0), and a trial denies for real",
            rule="machines",
            parallel=None,
            old_role_used=None,
            denials=unknown,
        ),
        role(
            "dev-platform-pipeline",
            way="by_owner",
            canary=False,
            stage="prepare",
            state="waiting",
            reason="the owner has not applied the patch yet",
            next="let the owner apply the patch",
            parallel=None,
            days_left=None,
            patch={"language": "Terraform", "text": 'resource "aws_iam_role_policy" "lp" {}\n', "to": "acme/infra"},
        ),
        role("dev-shop-web", canary=False, stage="watch", state="closed", days_left=0.4),
        role("dev-shop-api", canary=False, stage="retire", state="retired", old_role_used={"last": None, "by": []}),
        role("dev-new", **NEW),
        role("dev-back", state="reverted", reason="it was reverted"),
    )


def make_report(*campaigns: dict[str, t.Any]) -> Report:
    """The report of a run that took a stage of a campaign."""
    part = {
        "run_id": samples.run().id,
        "module": "least_privilege",
        "mode": "enforce",
        "campaigns": list(campaigns or [make_campaign()]),
    }
    return complete(samples.assessment(), [*samples.parts(), part])
