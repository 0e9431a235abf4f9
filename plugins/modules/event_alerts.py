#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_alerts
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Tell people of what matters most in IAM, by rules of Amazon EventBridge
description:
  - Keeps a set of vetted EventBridge rules, and rules of your own, in the regions where their events occur, with an
    SNS topic that they
    notify, a readable message, and a dead-letter queue.
  - A rule can only notify a topic of its own region. So one rule of every other region hands on what alerts to the
    default bus of the
    region of the topic, and the rules there notify. Or every region has a topic of its own (O(topology=topics)).
  - For many accounts, each hands its events on to one bus of a security account (O(bus_arn)), and that account has
    the one topic
    (O(receive_from_organization=true)).
  - Rules that AWS services manage, targets that others added, and rules of the same name that others made are not
    touched.
  - That nobody confirmed a subscription, that no trail logs, or that a key does not admit EventBridge is a finding,
    not a failure.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - V(present) makes and updates the rules that are on, and removes those of this collection that are not on any
        more.
      - V(absent) removes the rules of this collection in O(regions), its role, and its statement in the policy of the
        bus. Topics and
        queues stay, since they hold what people subscribed to and what was not delivered.
      - With V(absent), name every region that has rules. Without the role, those of others hand nothing on any more.
    type: str
    choices: [present, absent]
    default: present
  rules:
    description:
      - Rules of the collection that are on or off, by their names. Those that are not named are as by default.
      - On by default are V(root-activity), V(assume-root), V(quarantine-attached-by-aws),
        V(health-exposed-credentials),
        V(guardrail-tamper), and in the management account V(organizations-guardrail-change).
      - Off by default, since they tell of everyday work as well, are V(iam-credential-and-privilege-change),
        V(admin-policy-attached),
        V(console-login-without-mfa), V(signin-anomaly), V(access-analyzer-finding) and V(securityhub-cspm-iam-failed).
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
          - Its name, to which C(iam-hardening-) is put in front.
        type: str
        required: true
      title:
        description:
          - The first line of the message.
        type: str
        required: true
      severity:
        description:
          - How much it matters, for the first line of the message.
        type: str
        choices: [critical, high, medium, low]
        default: medium
      pattern:
        description:
          - The event pattern, as a mapping or as JSON text. It is checked against EventBridge's syntax before
            anything is written.
        type: raw
        required: true
      where:
        description:
          - Where its events occur, in every region or in the home region of IAM.
        type: str
        choices: [everywhere, iam_home]
        default: everywhere
      reads:
        description:
          - Whether it is to match events of CloudTrail that only read, such as sts:AssumeRole, as well.
        type: bool
        default: false
      names_caller:
        description:
          - Whether O(ignore_principals) is taken out of its pattern, since its events are of CloudTrail and name a
            caller.
        type: bool
        default: false
      paths:
        description:
          - JSON paths into the event by name, for O(own_rules[].lines).
        type: dict
        default: {}
      lines:
        description:
          - The lines of the message after the first, in which V(<name>) stands for what a path leads to.
          - By default the message tells what, where and when, and has the details of the event as they are.
        type: list
        elements: str
        default: []
  ignore_principals:
    description:
      - ARNs of users and roles whose calls do not alert, pipelines for one. V(*) in them is a wildcard. The caller of
        a session is its
        role.
      - Root, and what AWS itself does, can't be ignored.
      - An ARN that means users, roles or sessions of any name, such as V(arn:*), is refused.
    type: list
    elements: str
    default: []
  topology:
    description:
      - V(forward) notifies one topic, to whose region all others hand on what alerts. Each event handed on is billed.
      - V(topics) makes a topic in each region, which all need subscriptions. It needs O(create_topic=true).
    type: str
    choices: [forward, topics]
    default: forward
  topic_arn:
    description:
      - An SNS topic that exists. In the account itself its policy is extended by a statement that lets EventBridge
        publish.
    type: str
  create_topic:
    description:
      - Make the topic O(topic_name) in the home region of IAM, or with O(topology=topics) in each region.
    type: bool
    default: false
  topic_name:
    description:
      - The name of the topic that is made.
    type: str
    default: iam-hardening-alerts
  kms_key_id:
    description:
      - The KMS key that encrypts the topic that is made. Its policy must allow C(events.amazonaws.com) the actions
        C(kms:Decrypt) and
        C(kms:GenerateDataKey). That it does not is a finding.
      - AWS's own key C(alias/aws/sns) can't be used, since its policy does not admit EventBridge.
    type: str
  bus_arn:
    description:
      - An event bus, in another account, that all events which alert are handed on to from every region. People are
        told there.
    type: str
  receive_from_organization:
    description:
      - Let accounts of the same organization hand events on to the default bus of this account, in the region of the
        topic.
    type: bool
    default: false
  dead_letter_queue_arn:
    description:
      - An SQS queue that exists, for what could not be delivered. It serves the rules of its own region.
    type: str
  create_dead_letter_queue:
    description:
      - Make the queue O(dead_letter_queue_name) in each region where there are rules.
    type: bool
    default: false
  dead_letter_queue_name:
    description:
      - The name of the queues that are made.
    type: str
    default: iam-hardening-undelivered
  role_arn:
    description:
      - A role that exists, by which EventBridge hands events on. By default O(role_name) is made.
    type: str
  role_name:
    description:
      - The name of the role that is made, below the path C(/iam-hardening/).
    type: str
    default: iam-hardening-event-forwarding
  role_permissions_boundary:
    description:
      - The ARN of a managed policy that the role which is made gets as its permissions boundary.
      - The roles of C(examples/bootstrap) may make no role without the boundary that they bring for it,
        C(/iam-hardening/automation-event-forwarding-boundary).
      - A role that exists without it is left as it is, and a change of it is refused.
    type: str
  adopt:
    description:
      - Take over rules, and the role, that bear our names but were made by others. Without it they are refused.
    type: bool
    default: false
  probe:
    description:
      - Probe the rules of this collection that are there, and change nothing else. With it, all options of the
        declaration are ignored but O(state), which has to be V(present).
      - Beside each rule a temporary one is made with the same target and the same input transformer, on events of the
        source V(hardening.iam.probe). A temporary queue is subscribed to the topic. Then an event is sent for each rule,
        and the message that begins with V(PROBE) is waited for. At last all of it is removed, and so is what an
        earlier probe left that was killed.
      - With O(mode=report) and in check mode nothing is made and nothing is sent.
    type: bool
    default: false
  probe_accept:
    description:
      - ARNs of topics and buses whose other subscribers may get the messages or the events of a probe. A topic or a
        bus that has some and is not named is not probed.
    type: list
    elements: str
    default: []
  probe_seconds:
    description:
      - How many seconds to wait for the messages of a probe, V(1) to V(900).
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Tell people of what matters most, by a topic that is made
  hardening.iam.event_alerts:
    account_id: "111122223333"
    regions: [enabled]
    create_topic: true
    create_dead_letter_queue: true

- name: Also tell of every change of credentials and permissions, but for those of the pipeline
  hardening.iam.event_alerts:
    account_id: "111122223333"
    regions: [enabled]
    topic_arn: arn:aws:sns:us-east-1:111122223333:security
    rules:
      iam-credential-and-privilege-change: true
    ignore_principals:
      - arn:aws:iam::111122223333:role/deployer

- name: Hand everything on to the security account
  hardening.iam.event_alerts:
    account_id: "222233334444"
    regions: [enabled]
    bus_arn: arn:aws:events:us-east-1:444455556666:event-bus/default

- name: Receive it there
  hardening.iam.event_alerts:
    account_id: "444455556666"
    regions: [enabled]
    create_topic: true
    receive_from_organization: true

- name: Alert on a rule of one's own
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

- name: See whether the messages of all rules arrive
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
  description: What the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T020000Z
already_done:
  description:
    - Changes that this run did not make, because somebody else made their targets as wanted since the account was read.
    - They are not among RV(changes), and a rollback of the run leaves them.
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
      description: What is as wanted.
      type: str
plan_sha256:
  description: Identifies the plan. It covers every planned change, let through or held back by a cap.
  returned: success
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: Where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T020000Z
# End of the generated part.
findings:
  description:
    - What the controls on alerts said before any change, as O(return_findings) says.
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that the guards let through.
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
      description: What is changed.
      type: str
    before:
      description: What was found. Empty where there was nothing.
      type: dict
    after:
      description: What is left. Empty where it was removed.
      type: dict
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: The fingerprints of the findings that the change mends.
      type: list
      elements: str
    reversible:
      description: Whether the change can be undone.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Never in check mode and with O(mode=report).
      type: bool
refused:
  description: What was not let through.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The guard that refused.
      type: str
    reason:
      description: Why, and what would lift the refusal.
      type: str
    target:
      description: What would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
  sample:
    - rule: foreign
      reason: there is a rule of this name that this collection did not make; adopt takes it over
      target: arn:aws:events:us-east-1:111122223333:rule/iam-hardening-root-activity
      operation: PutRule
probe:
  description: What the probe found. Nothing was sent in check mode and with O(mode=report).
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
          description: The topic or the bus that it leads to.
          type: str
        pattern_matches:
          description: Whether its pattern matches an example of its events, as TestEventPattern says. Empty if not known.
          type: bool
        sent:
          description: Whether a test event was sent.
          type: bool
        arrived:
          description:
            - Whether its message arrived at the topic. Empty if nothing was sent, or if it was handed on to another account,
              where nothing can be seen.
          type: bool
        seconds:
          description: After how many seconds it was seen. Empty if it was not.
          type: float
    not_proven:
      description: What a probe can't prove.
      type: str
rules:
  description: The rules that are on. Empty with O(probe).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    title:
      description: The first line of its message.
      type: str
    severity:
      description: How much it matters.
      type: str
    applies:
      description: Whether such events can reach this account at all.
      type: bool
    regions:
      description: The regions in which its events occur, of those that could be read.
      type: list
      elements: str
    reason:
      description: Why it does not apply. Empty where it does.
      type: str
costs:
  description: What AWS bills for, in units. How many events there will be, nobody knows beforehand.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that it comes from.
      type: str
    unit:
      description: What is counted.
      type: str
    count:
      description: How many of it.
      type: int
    note:
      description: What is billed of it.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.event_alerts.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.task import Entry, finish

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
