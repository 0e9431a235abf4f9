# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The temporary queue of a probe of alerts, which shows what arrives at a topic."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ...._account.event_rules import PREFIX

QUEUE: t.Final = f"{PREFIX}probe"


def queue_arn(topic_arn: str) -> str:
    """The temporary queue at a topic."""
    _arn, partition, _service, region, account, _name = topic_arn.split(":")
    return f"arn:{partition}:sqs:{region}:{account}:{QUEUE}"


def build_queue_policy(topic_arns: Iterable[str], queue: str) -> dict[str, t.Any]:
    """Build the policy that lets topics, and nobody else, send to the temporary queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": sorted(topic_arns)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def is_of_probe(live: Mapping[str, t.Any], queue: str) -> bool:
    """Whether a queue is one that a probe makes, or left: with the policy that CreateQueue gave it, and no other."""
    policy: t.Any = live.get("policy")
    try:
        served = policy["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"]
    except (IndexError, KeyError, TypeError):
        return False
    topics = [served] if isinstance(served, str) else served
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        return False
    return bool(policy == build_queue_policy(topics, queue))
