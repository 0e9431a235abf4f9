#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_alerts
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Alert people of critical IAM events by rules of Amazon EventBridge
description:
  - Manages a set of tested EventBridge rules, and rules of your own, in the regions where their events occur. The rules notify an SNS
    topic with a readable message and can have a dead-letter queue.
  - A rule can notify only a topic of its own region. So one rule of every other region forwards the events to the default bus of the
    topic's region, and the rules there notify. With O(topology=topics) every region has a topic of its own instead.
  - With many accounts, each forwards its events to one bus of a security account (O(bus_arn)). That account has the topic
    (O(receive_from_organization=true)).
  - Rules that AWS services manage, targets that others added, and rules of the same name that others created are ignored.
  - A missing confirmed subscription, a missing trail, or a key that does not admit EventBridge is a finding. It does not fail the task.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._ownership
  - hardening.iam._ownership.plan
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - V(present) creates and updates the rules that are on, and removes rules of this collection that are no longer on.
      - V(absent) removes the rules of this collection in O(regions), its role, and its statement in the policy of the bus. Topics and
        queues stay, because they hold subscriptions and undelivered events.
      - With V(absent), list every region that has rules. The rules in other regions stop forwarding when the role is gone.
    type: str
    choices: [present, absent]
    default: present
  rules:
    description:
      - Turns rules of the collection on or off, by their names. Other rules keep their default.
      - On by default are V(root-activity), V(assume-root), V(quarantine-attached-by-aws),
        V(health-exposed-credentials),
        V(guardrail-tamper), and in the management account V(organizations-guardrail-change).
      - Off by default are V(iam-credential-and-privilege-change), V(admin-policy-attached), V(console-login-without-mfa),
        V(signin-anomaly), V(access-analyzer-finding) and V(securityhub-cspm-iam-failed). They alert on everyday work as well.
    type: dict
    default: {}
  own_rules:
    description:
      - Rules of your own.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the rule, without the prefix C(iam-hardening-).
        type: str
        required: true
      title:
        description:
          - The first line of the message.
        type: str
        required: true
      severity:
        description:
          - The severity, for the first line of the message.
        type: str
        choices: [critical, high, medium, low]
        default: medium
      pattern:
        description:
          - The event pattern, as a mapping or as JSON text. Its syntax is checked before anything is written.
        type: raw
        required: true
      where:
        description:
          - The regions where its events occur, every region or the home region of IAM.
        type: str
        choices: [everywhere, iam_home]
        default: everywhere
      reads:
        description:
          - Whether the rule also matches CloudTrail events of reading calls, such as sts:AssumeRole.
        type: bool
        default: false
      names_caller:
        description:
          - Whether the rule ignores O(ignore_principals). This needs events of CloudTrail, which name a caller.
        type: bool
        default: false
      paths:
        description:
          - JSON paths into the event by name, for O(own_rules[].lines).
        type: dict
        default: {}
      lines:
        description:
          - The lines of the message after the first. V(<name>) is replaced by the value at the path of that name.
          - By default the message has the event, place and time, and the details of the event unchanged.
        type: list
        elements: str
        default: []
  ignore_principals:
    description:
      - ARNs of users and roles whose calls do not alert, such as pipelines. V(*) is a wildcard. The caller of a session is its role.
      - Calls of root and of AWS itself can't be ignored.
      - An ARN that matches users, roles or sessions of any name, such as V(arn:*), is refused.
    type: list
    elements: str
    default: []
  topology:
    description:
      - V(forward) notifies one topic. All other regions forward their events to the region of the topic. Each forwarded event is billed.
      - V(topics) creates a topic in each region. Each topic needs subscriptions. Requires O(create_topic=true).
    type: str
    choices: [forward, topics]
    default: forward
  topic_arn:
    description:
      - An existing SNS topic. If it is in this account, a statement that lets EventBridge publish is added to its policy.
    type: str
  create_topic:
    description:
      - Create the topic O(topic_name) in the home region of IAM, or with O(topology=topics) in each region.
    type: bool
    default: false
  topic_name:
    description:
      - The name of the created topic.
    type: str
    default: iam-hardening-alerts
  kms_key_id:
    description:
      - The KMS key that encrypts the created topic. Its policy must allow C(events.amazonaws.com) the actions C(kms:Decrypt) and
        C(kms:GenerateDataKey). If it does not, that is a finding.
      - AWS's own key C(alias/aws/sns) can't be used, because its policy does not admit EventBridge.
    type: str
  bus_arn:
    description:
      - The event bus of another account. Every region forwards its alert events to it. The other account notifies people.
    type: str
  receive_from_organization:
    description:
      - Let accounts of the same organization forward events to the default bus of this account, in the region of the topic.
    type: bool
    default: false
  dead_letter_queue_arn:
    description:
      - An existing SQS queue for undelivered events. It serves the rules of its own region.
    type: str
  create_dead_letter_queue:
    description:
      - Create the queue O(dead_letter_queue_name) in each region with rules.
    type: bool
    default: false
  dead_letter_queue_name:
    description:
      - The name of the created queues.
    type: str
    default: iam-hardening-undelivered
  role_arn:
    description:
      - An existing role with which EventBridge forwards events. By default O(role_name) is created.
    type: str
  role_name:
    description:
      - The name of the created role, below the path C(/iam-hardening/).
    type: str
    default: iam-hardening-event-forwarding
  role_permissions_boundary:
    description:
      - The ARN of a managed policy that becomes the permissions boundary of the created role.
      - The roles of C(examples/bootstrap) may create this role only with the boundary
        C(/iam-hardening/automation-event-forwarding-boundary), which is part of the bootstrap.
      - An existing role without the boundary is ignored, and a change of it is refused.
    type: str
  adopt:
    description:
      - Take over rules, and the role, that have the names of this collection but were created by others. By default they are refused.
    type: bool
    default: false
  probe:
    description:
      - Probe the existing rules of this collection, and change nothing else. All options of the declaration are then ignored. O(state)
        must be V(present).
      - For each rule, the probe creates a temporary rule with the same target and input transformer, on events of the source
        V(hardening.iam.probe). It subscribes a temporary queue to the topic, sends an event for each rule, and waits for the messages
        that begin with V(PROBE).
      - Then it removes everything temporary, including leftovers of an earlier probe that was killed.
      - With O(mode=report) and in check mode nothing is created or sent.
    type: bool
    default: false
  probe_accept:
    description:
      - ARNs of topics and buses whose other subscribers may get the messages or events of a probe. A topic or bus with other subscribers
        is probed only if it is listed.
    type: list
    elements: str
    default: []
  probe_seconds:
    description:
      - The number of seconds to wait for the messages of a probe, from V(1) to V(900).
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Alert people of critical events through a new topic
  hardening.iam.event_alerts:
    account_id: "111122223333"
    regions: [enabled]
    create_topic: true
    create_dead_letter_queue: true

- name: Also alert on every change of credentials and permissions, except changes of the pipeline

  hardening.iam.event_alerts:
    account_id: "111122223333"
    regions: [enabled]
    topic_arn: arn:aws:sns:us-east-1:111122223333:security
    rules:
      iam-credential-and-privilege-change: true
    ignore_principals:
      - arn:aws:iam::111122223333:role/deployer

- name: Forward all alert events to the security account

  hardening.iam.event_alerts:
    account_id: "222233334444"
    regions: [enabled]
    bus_arn: arn:aws:events:us-east-1:444455556666:event-bus/default

- name: Receive them in the security account

  hardening.iam.event_alerts:
    account_id: "444455556666"
    regions: [enabled]
    create_topic: true
    receive_from_organization: true

- name: Alert by a rule of your own

  hardening.iam.event_alerts:
    account_id: "111122223333"
    create_topic: true
    own_rules:
      - name: break-glass-used
        title: The role for emergencies was assumed
        severity: critical
        reads: true
        pattern:
          source: [aws.sts]
          detail-type: [AWS API Call via CloudTrail]
          detail:
            eventName: [AssumeRole]
            requestParameters:
              roleArn: [{suffix: ":role/iam-hardening/break-glass"}]
        paths:
          who: $.detail.userIdentity.arn
        lines: ["By: <who>"]

- name: Check that the messages of all rules arrive

  hardening.iam.event_alerts:
    account_id: "111122223333"
    regions: [enabled]
    mode: enforce
    journal: ./journal
    probe: true
    probe_accept:
      - arn:aws:sns:us-east-1:111122223333:iam-hardening-alerts
"""

RETURN = r"""
# Generated by tests/scripts/generate_descriptions.py; do not edit this part.
mode:
  description: The mode that the task ran in.
  returned: success
  type: str
  sample: enforce
account_id:
  description: The account that the credentials belong to.
  returned: success
  type: str
  sample: "111122223333"
run_id:
  description: The id that the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T020000Z
already_done:
  description:
    - Changes that this run skipped, because somebody else already made them after the account was read.
    - They are not part of RV(changes), and a rollback of the run ignores them.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation that was not needed.
      type: str
    target:
      description: The resource that is already as declared.
      type: str
plan_sha256:
  description:
    - The hash of the plan. It covers the changes that would be made, and those that only a cap or the lack of an approval holds back.
    - Empty if there are none, if the task failed, and with O(mode=report).
  returned: success
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: The place where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T020000Z
# End of the generated part.
findings:
  description:
    - The findings of the controls on alerts before any change, as selected by O(return_findings).
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that no guard refused.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The resource that is changed.
      type: str
    before:
      description: The state before the change. Empty if there was nothing.
      type: dict
    after:
      description: The state after the change. Empty if it is removed.
      type: dict
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: The fingerprints of the findings that the change resolves.
      type: list
      elements: str
    reversible:
      description: Whether the change can be undone.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Always false in check mode and with O(mode=report).
      type: bool
refused:
  description: The refused changes.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The guard that refused the change.
      type: str
    reason:
      description: The reason, and how to lift the refusal.
      type: str
    target:
      description: The resource that would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
    owner:
      description: The owner of the target, if the guard C(foreign_owner) or C(drift_war) refused the change. The keys are those of
        RV(hardening.iam.ownership_info#module:owners).
      type: dict
    patch:
      description: The change as a snippet of CloudFormation or Terraform, for the owner to apply, if the owner's template is known.
      type: str
  sample:
    - rule: foreign
      reason: there is a rule of this name that this collection did not make; adopt takes it over
      target: arn:aws:events:us-east-1:111122223333:rule/iam-hardening-root-activity
      operation: PutRule
probe:
  description: The results of the probe. Nothing is sent in check mode and with O(mode=report).
  returned: with O(probe)
  type: dict
  contains:
    rules:
      description: The rules of this collection that are on, each with its target.
      type: list
      elements: dict
      contains:
        rule:
          description: The name of the real rule.
          type: str
        region:
          description: Its region.
          type: str
        target:
          description: The topic or bus that the rule sends to.
          type: str
        pattern_matches:
          description: Whether its pattern matches an example of its events, by C(TestEventPattern). Empty if not known.
          type: bool
        sent:
          description: Whether a test event was sent.
          type: bool
        arrived:
          description:
            - Whether its message arrived at the topic. Empty if nothing was sent, or if the event was forwarded to another account,
              which the probe can't see.
          type: bool
        seconds:
          description: The number of seconds until the message arrived. Empty if it did not.
          type: float
    not_proven:
      description: The limits of a probe.
      type: str
rules:
  description: The rules that are declared to be on, whether or not this run could make them. Empty with O(probe).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the rule.
      type: str
    title:
      description: The first line of the message.
      type: str
    severity:
      description: The severity of the rule.
      type: str
    applies:
      description: Whether such events can reach this account.
      type: bool
    regions:
      description: The regions where its events occur, of those that could be read.
      type: list
      elements: str
    reason:
      description: The reason why the rule does not apply. Empty if it applies.
      type: str
costs:
  description: The units that AWS bills. The number of future events is not known.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that causes the cost.
      type: str
    unit:
      description: The unit that is counted.
      type: str
    count:
      description: The number of units.
      type: int
    note:
      description: An explanation of the unit.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.event_alerts.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, PLAN_OWNERS_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry

_OWN_RULE: t.Final[dict[str, dict[str, t.Any]]] = {
    "name": {"type": "str", "required": True},
    "title": {"type": "str", "required": True},
    "severity": {"type": "str", "choices": ["critical", "high", "medium", "low"], "default": "medium"},
    "pattern": {"type": "raw", "required": True},
    "where": {"type": "str", "choices": ["everywhere", "iam_home"], "default": "everywhere"},
    "reads": {"type": "bool", "default": False},
    "names_caller": {"type": "bool", "default": False},
    "paths": {"type": "dict", "default": {}},
    "lines": {"type": "list", "elements": "str", "default": []},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **PLAN_OWNERS_ARGUMENTS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "rules": {"type": "dict", "default": {}},
        "own_rules": {"type": "list", "elements": "dict", "default": [], "options": _OWN_RULE},
        "ignore_principals": {"type": "list", "elements": "str", "default": []},
        "topology": {"type": "str", "choices": ["forward", "topics"], "default": "forward"},
        "topic_arn": {"type": "str"},
        "create_topic": {"type": "bool", "default": False},
        "topic_name": {"type": "str", "default": "iam-hardening-alerts"},
        "kms_key_id": {"type": "str", "no_log": False},
        "bus_arn": {"type": "str"},
        "receive_from_organization": {"type": "bool", "default": False},
        "dead_letter_queue_arn": {"type": "str"},
        "create_dead_letter_queue": {"type": "bool", "default": False},
        "dead_letter_queue_name": {"type": "str", "default": "iam-hardening-undelivered"},
        "role_arn": {"type": "str"},
        "role_name": {"type": "str", "default": "iam-hardening-event-forwarding"},
        "role_permissions_boundary": {"type": "str"},
        "adopt": {"type": "bool", "default": False},
        "probe": {"type": "bool", "default": False},
        "probe_accept": {"type": "list", "elements": "str", "default": []},
        "probe_seconds": {"type": "int", "default": 60},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
