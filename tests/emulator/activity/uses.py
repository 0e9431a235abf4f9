# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What service last accessed and a role's last use say of the events: the two must agree.

AWS counts denied calls as well, and calls by services in the caller's name.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import dataclasses
import typing as t

from emulator.activity.records import Record

# The names that policies have for a service and for actions, where CloudTrail has others.
_SERVICES: t.Final[t.Mapping[str, str]] = {"monitoring": "cloudwatch"}
_ACTIONS: t.Final[t.Mapping[str, str]] = {
    "lambda:Invoke": "InvokeFunction",
    "s3:HeadBucket": "ListBucket",
    "s3:HeadObject": "GetObject",
    "s3:ListBuckets": "ListAllMyBuckets",
    "s3:ListObjects": "ListBucket",
}


@dataclasses.dataclass(frozen=True)
class LastUse:
    """The last call of an action: when, as the event has it, and in which region."""

    when: str
    region: str


def last_uses(events: t.Iterable[Record]) -> dict[str, dict[str, dict[str, LastUse]]]:
    """By the ARN of the principal, the service and the action of policies: the last use.

    Sessions of a former role of the same name count for nobody: its ARN leads to the one of today.
    """
    found: dict[str, dict[str, dict[str, LastUse]]] = {}
    newest: dict[str, str] = {}
    for event in events:
        identity = event["userIdentity"]
        issuer = identity.get("sessionContext", {}).get("sessionIssuer", identity)
        if identity["type"] not in ("AssumedRole", "IAMUser") or event["eventType"] != "AwsApiCall":
            continue
        newest[issuer["arn"]] = issuer["principalId"]
        service, action = _name(event)
        uses = found.setdefault(issuer["principalId"], {}).setdefault(service, {})
        use = LastUse(event["eventTime"], event["awsRegion"])
        if action not in uses or uses[action].when < use.when:
            uses[action] = use
    return {arn: found[unique_id] for arn, unique_id in newest.items()}


def _name(event: Record) -> tuple[str, str]:
    source, name = event["eventSource"].partition(".")[0], event["eventName"]
    service = _SERVICES.get(source, source)
    if service == "lambda":
        name = name.partition("20")[0]
    return service, _ACTIONS.get(f"{service}:{name}", name)
