#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_simulation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Tell whether AWS would allow requests, and which policy decides
description:
  - Judges requests as AWS does, by identity-based policies, permissions boundary, session policies, SCPs, RCPs, the
    policy of a VPC endpoint and the policy of the resource, and names the layer, the policy and the statement that decide.
  - Changes that AWS accepts from nobody are V(implicit_deny) whatever the policies say, such as those of AWS's own
    policies, of roles of IAM Identity Center, of service-linked roles and of aliases that begin with C(alias/aws/).
  - Works on documents that are given, on the policies of a live principal, or on a mixture of both.
  - Where the answer hangs on something that is not known, it is V(unknown), never V(allowed).
  - Without O(principal_arn) and with O(engine=local) nothing is called, and no credentials are needed.
  - A policy document is JSON text, a structure, or the path of a file that holds JSON, or YAML where its name ends with
    C(.yml) or C(.yaml). A relative path starts where C(ansible-playbook) was called. A document that IAM would refuse
    fails the task, naming the place in it.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  requests:
    description:
      - The requests to judge.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description:
          - What the result is called. Defaults to the place in the list, from V(0).
        type: str
      action:
        description:
          - One action, such as V(s3:GetObject). The name of an API operation mostly, but not always, names its action.
        type: str
        required: true
      resource:
        description:
          - The ARN of the resource; V(*) for actions that are about no single resource.
          - Policies are held against it as it is written. Where it is a pattern, or V(*) for an action that is about
            resources, and policies allow or deny some of them, the answer is V(unknown).
        type: str
        default: "*"
      principal:
        description:
          - Who makes the request. The ARN of a user, a role, a session of a role, or the root user of an account; the name
            of a service, such as V(ec2.amazonaws.com); V(*) for somebody without credentials.
          - Defaults to O(principal_arn). With O(principal_arn), a principal of the same account, whose live layers
            are then those that count.
        type: str
      context:
        description:
          - The condition keys of the request, such as C(aws:SourceIp), each with a string or a list of strings.
          - Keys that follow from the request need not be given, such as C(aws:PrincipalArn) and C(aws:username). Of a live
            principal its tags and its organization are known too.
        type: dict
        default: {}
      resource_policy:
        description:
          - The policy of the resource, of a key, or the trust policy of a role that is to be assumed.
            Policies of resources are never read from AWS.
        type: raw
      resource_account:
        description:
          - The account that owns the resource. Defaults to the one in the ARN, or else to that of the principal.
        type: str
      layers:
        description:
          - Layers for this request, like O(layers). A layer that is given here wins over the same one there.
        type: dict
        suboptions:
          identity:
            description: Like O(layers.identity).
            type: raw
          boundary:
            description: Like O(layers.boundary).
            type: raw
          session:
            description: Like O(layers.session).
            type: raw
          scps:
            description: Like O(layers.scps).
            type: raw
          rcps:
            description: Like O(layers.rcps).
            type: raw
          endpoint:
            description: Like O(layers.endpoint).
            type: raw
  layers:
    description:
      - The policies that bear on all requests. They take the place of the live ones of O(principal_arn), layer by layer,
        unless O(extend) names the layer. What is not given stays as it is live; without O(principal_arn) it does
        not apply.
      - An empty list, or an empty dictionary for O(layers.boundary), takes the live layer away.
    type: dict
    suboptions:
      identity:
        description:
          - The identity-based policies of a user with those of its groups, or of a role, as a list of documents.
        type: raw
      boundary:
        description:
          - The document of the permissions boundary.
        type: raw
      session:
        description:
          - The policies that were passed when the session was opened, as a list of documents.
        type: raw
      scps:
        description:
          - The service control policies as a list of levels, from the root of the organization through its units to
            the account. Each level is a list of documents.
        type: raw
      rcps:
        description:
          - The resource control policies of the account that owns the resource, as a list of levels like O(layers.scps).
        type: raw
      endpoint:
        description:
          - The policy of the VPC endpoint that the requests come through. It has to allow them too, and gives nothing by
            itself. It is never read from AWS.
          - Its principals are judged like those of a policy of a resource. Endpoints of S3 and DynamoDB want V(*) there, with
            a condition on C(aws:PrincipalArn).
        type: raw
  principal_arn:
    description:
      - A user, a role, a session of a role, or the root user, whose layers are read from AWS in one pass over its account.
      - SCPs and RCPs are told by AWS to the management account and to delegated administrators only, see
        O(organization_role_arn). In the management account and on service-linked roles they have no effect.
    type: str
  extend:
    description:
      - The layers among those that are given which are added to the live ones, in place of replacing them.
      - Documents in V(scps) and V(rcps) are added to the live ones of the same level, counted from the root; an empty
        list leaves a level as it is.
    type: list
    elements: str
    choices: [identity, session, scps, rcps]
    default: []
  context_complete:
    description:
      - With V(true), a condition key that is not given is absent from the request, as AWS would see it.
      - With V(false), it may have any value, and the decision is V(unknown) where that matters.
    type: bool
    default: true
  assume_unread_allow:
    description:
      - Whether live layers that could not be read are taken to allow everything. By default a request that only they
        could deny is V(unknown).
    type: bool
    default: false
  engine:
    description:
      - V(local) judges by the rules that AWS documents.
      - V(aws) asks AWS's simulator, C(SimulatePrincipalPolicy) where it can express the layers, else
        C(SimulateCustomPolicy). It does not know session policies, RCPs, SCPs that have conditions, policies of VPC
        endpoints, and the policies of resources for principals other than users, and SCPs that are given only with a
        botocore from 2026. What it allows without knowing a layer that is given or was read is V(unknown).
      - V(both) returns the local decisions, those of AWS beside them, and where they disagree.
    type: str
    choices: [local, aws, both]
    default: local
seealso:
  - name: How AWS evaluates policies
    description: The rules that this module follows.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

EXAMPLES = r"""
- name: Ask of documents in a repository, without AWS
  hardening.iam.policy_simulation_info:
    requests:
      - id: read
        action: s3:GetObject
        resource: arn:aws:s3:::acme-data/report.csv
      - id: delete
        action: s3:DeleteObject
        resource: arn:aws:s3:::acme-data/report.csv
    layers:
      identity: [policies/analyst.json]
      boundary: policies/boundary.yml
      scps:
        - [policies/full-access.json]
        - [policies/full-access.json, policies/no-deletion.json]

- name: Explain why a live role is denied
  hardening.iam.policy_simulation_info:
    principal_arn: arn:aws:iam::111122223333:role/app/deployer
    organization_role_arn: arn:aws:iam::999988887777:role/iam-hardening/assessor
    requests:
      - action: ec2:RunInstances
        context: {"aws:RequestedRegion": eu-central-1}
  register: simulation

- name: Show the reason
  ansible.builtin.debug:
    msg: "{{ simulation.results | map(attribute='explanation') }}"

- name: Ask what one more SCP on the account would deny, where the account is the third level
  hardening.iam.policy_simulation_info:
    principal_arn: arn:aws:iam::111122223333:role/app/deployer
    extend: [scps]
    layers:
      scps:
        - []
        - []
        - [policies/new-scp.json]
    requests:
      - action: iam:CreateUser

- name: Compare with AWS's simulator
  hardening.iam.policy_simulation_info:
    engine: both
    principal_arn: arn:aws:iam::111122223333:user/alice
    requests:
      - action: iam:ListUsers
"""

RETURN = r"""
results:
  description: One result a request, in the order of O(requests).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the request.
      type: str
      sample: delete
    decision:
      description: V(allowed), V(implicit_deny), V(explicit_deny) or V(unknown).
      type: str
      sample: explicit_deny
    layer:
      description:
        - The layer that decides, V(identity), V(boundary), V(session), V(scp), V(rcp), V(endpoint) or V(resource); of an
          V(unknown) decision the one that is in doubt. V(none) where no policy decides.
      type: str
      sample: scp
    policy:
      description: The name of the policy that decides, of its file, or its place in the options. V(none) where several could have
        allowed the request, and none does.
      type: str
      sample: no-deletion.json
    statement:
      description: The id of the statement that decides, or its place in the policy.
      type: str
      sample: NoDeletion
    missing_context:
      description: The condition keys that an V(unknown) decision hangs on.
      type: list
      elements: str
      sample: []
    explanation:
      description: The decision in words.
      type: str
    aws:
      description: What AWS's simulator says, with the same keys but RV(results[].id).
      returned: when O(engine=both)
      type: dict
disagreements:
  description: Where the local decision and that of AWS's simulator differ and neither is V(unknown).
  returned: when O(engine=both)
  type: list
  elements: dict
  contains:
    id:
      description: The id of the request.
      type: str
    local:
      description: The local decision.
      type: str
    aws:
      description: That of AWS's simulator.
      type: str
account_id:
  description: The account that was read.
  returned: when live layers are read
  type: str
  sample: "111122223333"
unread_layers:
  description: Layers that are in force and could not be read, or not in full.
  returned: when live layers are read
  type: list
  elements: dict
  contains:
    layer:
      description: The layer.
      type: str
      sample: scp
    reason:
      description: Why.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._questions.simulation.run import ARGUMENTS, CONSTRAINTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, constraints=CONSTRAINTS)


def main() -> t.NoReturn:
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, check_boto3=False, **CONSTRAINTS)
    finish(module, ENTRY)


if __name__ == "__main__":
    main()
