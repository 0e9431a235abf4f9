#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_simulation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Simulate whether AWS would allow requests, and name the policy that decides
description:
  - Evaluates requests as AWS does. The layers are identity-based policies, permissions boundary, session policies, SCPs, RCPs, the
    policy of a VPC endpoint and the policy of the resource. Names the layer, the policy and the statement that decide.
  - Changes that nobody can make are V(implicit_deny) under any policies. Examples are changes of AWS's own policies, of roles of IAM
    Identity Center, of service-linked roles and of aliases that begin with C(alias/aws/).
  - Works on given documents, on the policies of a live principal, or on a mixture of both.
  - If the answer depends on something unknown, it is V(unknown), never V(allowed).
  - Without O(principal_arn) and with O(engine=local), no AWS call is made and no credentials are needed.
  - A policy document is JSON text, a structure, or the path of a file. The file is JSON, or YAML if its name ends with C(.yml) or
    C(.yaml). A relative path starts where C(ansible-playbook) was called. If IAM would refuse a document, the task fails and names the
    place in it.
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
      - The requests to simulate.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description:
          - The id of the result. Defaults to the place in the list, from V(0).
        type: str
      action:
        description:
          - One action, such as V(s3:GetObject). It often, but not always, has the name of its API operation.
        type: str
        required: true
      resource:
        description:
          - The ARN of the resource, or V(*) for actions without a resource.
          - It is compared with policies as it is written. If it is a pattern and policies allow or deny only some of its resources, the
            answer is V(unknown). The same is true of V(*) for an action on resources.
        type: str
        default: "*"
      principal:
        description:
          - The caller. It is the ARN of a user, a role, a role session, or the root user of an account. It can also be the name of a
            service, such as V(ec2.amazonaws.com), or V(*) for a caller without credentials.
          - Defaults to O(principal_arn). With O(principal_arn), it must be a principal of the same account, and its live layers are
            used.
        type: str
      context:
        description:
          - The condition keys of the request, such as C(aws:SourceIp), each with a string or a list of strings.
          - Keys that follow from the request are known, such as C(aws:PrincipalArn) and C(aws:username). For a live principal, its tags
            and its organization are known too.
        type: dict
        default: {}
      resource_policy:
        description:
          - The policy of the resource or key, or the trust policy of the role to assume. Resource policies are never read from AWS.
        type: raw
      resource_account:
        description:
          - The account that owns the resource. Defaults to the account in the ARN, or else to that of the principal.
        type: str
      layers:
        description:
          - Layers for this request, like O(layers). A layer that is given here replaces the same layer of O(layers).
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
      - The policies for all requests. Each given layer replaces the live one of O(principal_arn), unless O(extend) lists the layer. A
        layer that is not given is read live; without O(principal_arn) it does not apply.
      - An empty list, or an empty dictionary for O(layers.boundary), removes the live layer.
    type: dict
    suboptions:
      identity:
        description:
          - The identity-based policies of a user and its groups, or of a role, as a list of documents.
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
          - The policy of the VPC endpoint that the requests use. It must allow them too, and grants nothing by itself. It is never read
            from AWS.
          - Its principals are evaluated like those of a resource policy. Endpoints of S3 and DynamoDB need V(*) there, with a condition
            on C(aws:PrincipalArn).
        type: raw
  principal_arn:
    description:
      - A user, a role, a session of a role, or the root user, whose layers are read from AWS in one pass over its account.
      - Only the management account and delegated administrators can read SCPs and RCPs, see O(organization_role_arn). They have no
        effect in the management account and on service-linked roles.
    type: str
  extend:
    description:
      - The given layers that are added to the live ones instead of replacing them.
      - Documents in V(scps) and V(rcps) are added to the live ones of the same level, counted from the root. An empty list adds nothing
        to a level.
    type: list
    elements: str
    choices: [identity, session, scps, rcps]
    default: []
  context_complete:
    description:
      - With V(true), a condition key that is not given is absent from the request, as AWS would see it.
      - With V(false), it may have any value. If that matters, the decision is V(unknown).
    type: bool
    default: true
  assume_unread_allow:
    description:
      - Whether live layers that could not be read count as allowing everything. By default a request that only they could deny is
        V(unknown).
    type: bool
    default: false
  engine:
    description:
      - V(local) evaluates by the rules that AWS documents.
      - V(aws) calls AWS's simulator, C(SimulatePrincipalPolicy) if it can express the layers, else C(SimulateCustomPolicy).
      - The simulator ignores session policies, RCPs, SCPs with conditions, policies of VPC endpoints, and resource policies for
        principals other than users. It needs a botocore from 2026 for given SCPs. If it allows a request but ignores a layer that is
        given or was read, the answer is V(unknown).
      - V(both) returns the local decisions, AWS's decisions, and the disagreements.
    type: str
    choices: [local, aws, both]
    default: local
seealso:
  - name: How AWS evaluates policies
    description: The rules that this module implements.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

EXAMPLES = r"""
- name: Simulate documents of a repository, without AWS
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

- name: Simulate one more SCP on the account, which is the third level
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
  description: One result for each request, in the order of O(requests).
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
        - The layer that decides, one of V(identity), V(boundary), V(session), V(scp), V(rcp), V(endpoint) and V(resource). For an
          V(unknown) decision, the layer in doubt. V(none) if no policy decides.
      type: str
      sample: scp
    policy:
      description: The name of the policy that decides, the name of its file, or its place in the options. V(none) if several policies
        could have allowed the request, and none does.
      type: str
      sample: no-deletion.json
    statement:
      description: The id of the statement that decides, or its place in the policy.
      type: str
      sample: NoDeletion
    missing_context:
      description: The condition keys that an V(unknown) decision depends on.
      type: list
      elements: str
      sample: []
    explanation:
      description: The decision in words.
      type: str
    aws:
      description: The answer of AWS's simulator, with the same keys except RV(results[].id).
      returned: when O(engine=both)
      type: dict
disagreements:
  description: The requests for which the local decision and that of AWS's simulator differ, and neither is V(unknown).
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
      description: The decision of AWS's simulator.
      type: str
account_id:
  description: The account that was read.
  returned: when live layers are read
  type: str
  sample: "111122223333"
unread_layers:
  description: Layers that apply but could not be read in full.
  returned: when live layers are read
  type: list
  elements: dict
  contains:
    layer:
      description: The layer.
      type: str
      sample: scp
    reason:
      description: The reason.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.simulation.run import ARGUMENTS, CONSTRAINTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, constraints=CONSTRAINTS)


def main() -> t.NoReturn:
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, check_boto3=False, **CONSTRAINTS)
    finish(module, ENTRY)


if __name__ == "__main__":
    main()
