#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: least_privilege_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Generate least-privilege policies from recorded calls, with coverage and proof
description:
  - Generates new policies for users, groups, roles and permission sets from what they were recorded to do. Nothing in the account is
    changed.
  - The new policies name resources, and for C(iam:PassRole) the roles and services that were seen. They never allow more than the
    present policies, and they keep every present statement that denies.
  - Each action that is granted today is in at least one of three lists. RV(principals[].kept) is used or needed,
    RV(principals[].removed) is unused, and RV(principals[].unknown) stays because nobody can know whether it is unused.
  - RV(principals[].coverage) says how complete the evidence is, for each service. RV(principals[].proofs) says whether every recorded
    call is still allowed, and whether nothing is allowed that was not allowed before.
  - Denied calls add nothing. Calls of an earlier principal with the same name add nothing. If no event of the account could be read, no
    policy is generated. A principal without any recorded call keeps only what is unknown.
  - With O(documents) the module proves documents that you wrote instead of generating them. With one template for many accounts, each
    account has its own proof. Without evidence nothing is proved.
  - Break-glass principals and others that are never changed get no new policies, see O(break_glass).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._evidence
  - hardening.iam._exclude_evidence
  - hardening.iam._policy_settings
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  principals:
    description:
      - Users, groups, roles and permission sets, by ARN, by name or as V(role/NAME), V(user/NAME), V(group/NAME) or
        V(permission_set/NAME), with C(*) and C(?). A path such as
        V(role/teams/NAME) may be given. A pattern that matches nobody fails the task.
      - For a group the calls of all its members count. A role of IAM Identity Center is answered with its permission set.
      - Service-linked roles can't be changed. They are skipped, and RV(not_changeable) lists them.
    type: list
    elements: str
    required: true
  principal_tags:
    description:
      - Tags that the principals must have, all of them, with C(*) and C(?) in the values. The case of keys does not matter.
      - Groups have no tags, so they never match. If no principal matches, the task fails.
    type: dict
    default: {}
  documents:
    description:
      - Documents to prove, instead of generated ones. Each is JSON text, a structure, or the path of a JSON or YAML file. They count as
        managed policies, and as all policies of the principal.
    type: list
    elements: raw
    default: []
  break_glass:
    description:
      - ARNs of break-glass users and roles, with C(*) and C(?). They get no new policies, and neither do principals below the path
        V(/iam-hardening/break-glass/), the caller of the run, and roles of AWS and of landing zones.
    type: list
    elements: str
    default: []
  run_id:
    description:
      - The id that the files of one run share. The report of that run then has a section on least privilege.
    type: str
  placeholders:
    description:
      - Whether the policies in the JSON files name the account as C({{ aws_account_id }}), so that one template serves many accounts. The
        templates of CloudFormation and Terraform name the account itself.
    type: bool
    default: false
  second_opinion:
    description:
      - Recommendations of AWS on unused permissions to compare with the result. They change nothing.
      - Recommendations that AWS has made before are read. O(second_opinion_request) also asks AWS to make them.
      - A recommendation on policies that have changed since is discarded.
    type: list
    elements: str
    choices: [access_analyzer, security_hub]
    default: []
  second_opinion_request:
    description:
      - Whether AWS is asked to make the recommendations that are missing, outdated or failed. Nothing in the account changes, and
        nothing is applied.
      - Check mode does not ask AWS for them.
      - They are requested in the role of the class V(detective) in O(assume_role_arns), else in O(assume_role_arn) or
        O(assessor_role_arn). It needs C(access-analyzer:GenerateFindingRecommendation) or
        C(securityhub:GenerateRecommendedPolicyV2).
    type: bool
    default: false
  second_opinion_wait:
    description:
      - How many seconds recommendations that AWS is making are waited for, from 0 to 900. If they are not ready then,
        the status is V(not_ready). Run again to read them.
    type: int
    default: 30
  verify_with:
    description:
      - With V(access_analyzer), AWS checks that the new policies give no new access. It is one call of C(CheckNoNewAccess) for each
        principal, and each call is charged. If AWS finds new access, the result is V(unproven).
      - The proof of this collection is always made.
    type: list
    elements: str
    choices: [local, access_analyzer]
    default: [local]
  offline:
    description:
      - Whether to work without AWS. O(old_policies) are then the present policies, and O(trail_logs) are directories.
      - Nobody knows then when an action was last accessed, and which trail wrote the files. If each region with files has management reads
        all the time, then all management reads count as recorded, and so do writes. A trail can leave out single services only for KMS and
        the RDS Data API. A warning says what is inferred.
      - Unused actions with data events stay as unknown, unless O(assume_logged) says that the trail records them.
      - Regions without files count as regions without calls.
      - If the files show several unique ids of a principal, only the newest one counts.
    type: bool
    default: false
  old_policies:
    description:
      - The present policies of users and roles, by ARN, as lists of documents. Each document is JSON text, a structure, or the path of a
        JSON or YAML file. Only with O(offline).
    type: dict
    default: {}
  layers:
    description:
      - The other policies that apply to the principals, if they are known. Only with O(offline). A layer that is not given does not
        apply, since the recorded calls succeeded under it.
    type: dict
    suboptions:
      identity:
        description: Not allowed here. The identity-based policies are O(old_policies).
        type: raw
      boundary:
        description: The document of the permissions boundary.
        type: raw
      session:
        description: The policies that were passed when the sessions were opened, as a list of documents.
        type: raw
      scps:
        description: The service control policies as a list of levels, from the root of the organization to the account.
        type: raw
      rcps:
        description: The resource control policies as a list of levels.
        type: raw
      endpoint:
        description: The policy of the VPC endpoint that the calls use.
        type: raw
  return_lists:
    description:
      - How much of the lists is returned. V(short) returns 20 entries of each, V(none) returns none. The files have all entries.
      - With both, RV(principals[].coverage) names only services of the lists of kept and unknown actions, and RV(results) is not
        returned.
      - If it is not set, RV(principals) has short lists, and RV(results) is complete.
    type: str
    choices: [none, short, all]
  terminal:
    description:
      - Whether a summary is displayed in the terminal.
    type: str
    choices: [full, none]
    default: full
  ascii:
    description:
      - Whether only ASCII characters are displayed, for terminals without Unicode.
    type: bool
    default: false
  now:
    description:
      - The time that counts as now, in ISO 8601. Defaults to the start of the task.
    type: str
seealso:
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.policy_validation_info
  - name: CloudTrail record contents
    description: The fields of the events that the policies are generated from.
    link: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

EXAMPLES = r"""
- name: Generate policies for the roles of developers, and write them for a pull request
  hardening.iam.least_privilege_info:
    principals: [role/dev-team-*]
    trail_logs: s3://acme-log-archive/AWSLogs/o-exampleorgid/111122223333
    trail_logs_role_arn: arn:aws:iam::999988887777:role/log-reader
    report_dir: reports
  register: proposed

- name: Keep what the restore test of every quarter needs
  hardening.iam.least_privilege_info:
    principals: [role/backup-operator]
    trail_logs: /var/log/cloudtrail
    always_allow:
      - name: restore test
        actions: [rds:RestoreDBInstanceFromDBSnapshot]
        resources: ["*"]
        owner: platform team
        reason: restore test of every quarter, ACME-23
        expires: "2027-12-31"

- name: Generate policies without AWS, from log files in a directory
  hardening.iam.least_privilege_info:
    offline: true
    principals: [role/app]
    trail_logs: /var/log/cloudtrail
    assume_logged: [management_read, management_write]
    old_policies:
      arn:aws:iam::111122223333:role/app: [policies/app.json]
  register: proposed

- name: Prove one template in every account
  hardening.iam.least_privilege_info:
    principals: [permission_set/Developer]
    documents: [policies/developer.json]
  register: proposed
  failed_when: proposed.counts.proved | default(0) < 1
"""

RETURN = r"""
account_id:
  description: The account that was read.
  returned: success
  type: str
  sample: "111122223333"
counts:
  description: The number of principals by outcome.
  returned: success
  type: dict
  sample: {proved: 14, unproven: 1}
results:
  description: The principals with complete lists, in a form for other tools that does not change.
  returned: if O(return_lists) is V(all), or not set
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN.
      type: str
    documents:
      description: The new policies, each with C(name) and C(document). Empty if there are none.
      type: list
      elements: dict
    kept:
      description: Actions that are used or needed, each with C(action), C(resources), C(count), C(first), C(last) and C(why).
      type: list
      elements: dict
    removed:
      description: Actions that are no longer granted, each with C(action) and C(why).
      type: list
      elements: dict
    unknown:
      description: Actions that stay because nobody can know that they are unused, each with C(action) and C(why).
      type: list
      elements: dict
    coverage:
      description: The coverage of each service, V(complete), V(partial) or V(blind).
      type: dict
    proof:
      description: The number C(recorded) of judged uses, and the lists C(lost), C(beyond) and C(unproven) of entries with C(action),
        C(resource) and C(why). Everything is proved if all lists are empty.
      type: dict
    reason:
      description: The reason, if there are no new policies.
      type: str
principals:
  description: The principals, by ARN.
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN.
      type: str
    principal_id:
      description: The unique id. Empty for a group.
      type: str
    kind:
      description: V(user), V(group), V(role) or V(permission_set).
      type: str
    permission_set:
      description: The name of the permission set, if IAM Identity Center manages the role.
      type: str
    outcome:
      description:
        - V(proved) and V(unproven) have new policies. V(does_not_fit), V(no_evidence) and V(refused) have none.
        - Policies that are V(unproven) must not be applied without a review of RV(principals[].proofs).
      type: str
    reason:
      description: The reason, if there are no new policies.
      type: str
    documents:
      description: The new policies.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the policy.
          type: str
        kind:
          description: The kind, V(managed) or an inline kind.
          type: str
        document:
          description: The document.
          type: dict
        size:
          description: The number of characters that count against the limit.
          type: int
        limit:
          description: The limit.
          type: int
        issues:
          description: Errors of validation in statements that were kept verbatim.
          type: list
          elements: str
    kept:
      description: Actions that are used or needed.
      type: list
      elements: dict
      contains:
        action:
          description: The action.
          type: str
        resources:
          description: The resources in the new policies.
          type: list
          elements: str
        reason:
          description: V(used), V(companion) or V(declared).
          type: str
        why:
          description: The reason in words.
          type: str
        count:
          description: The number of recorded calls.
          type: int
        first:
          description: The time of the first call.
          type: str
        last:
          description: The time of the last call.
          type: str
        sources:
          description: The sources of evidence.
          type: list
          elements: str
    removed:
      description: Actions that are no longer granted, by service and reason.
      type: list
      elements: dict
      contains:
        service:
          description: The prefix of the service.
          type: str
        why:
          description: The reason.
          type: str
        last_accessed:
          description: The time of the last access that AWS recorded.
          type: str
        actions:
          description: The actions, without the prefix of the service.
          type: list
          elements: str
        sensitive:
          description: Those of them that give access to data, secrets, identities or permissions.
          type: list
          elements: str
        escalation:
          description: The methods of privilege escalation that these actions are a step of.
          type: list
          elements: str
    unknown:
      description: Actions that stay because nobody can know whether they are unused.
      type: list
      elements: dict
      contains:
        action:
          description: The action.
          type: str
        resources:
          description: The resources in the new policies.
          type: list
          elements: str
        why:
          description: The reason.
          type: str
        settled_by:
          description: How to find out.
          type: str
        levels:
          description: The access levels of the action.
          type: list
          elements: str
        last_accessed:
          description: The time of the last access that AWS recorded.
          type: str
    ungranted:
      description: Recorded calls that no present policy of the principal allows. The policy of a resource may allow them.
      type: list
      elements: dict
    list_lengths:
      description: The number of entries of the lists, however many are returned.
      type: dict
    generalised:
      description: Patterns that are wider than the resources that were seen. Those with C(needs_acceptance) are not used.
      type: list
      elements: dict
    foreign:
      description: Resources of other accounts.
      type: list
      elements: str
    conditions_seen:
      description: Condition keys with few values, and how many calls had them. None of them is added.
      type: list
      elements: dict
    totals:
      description: Actions, privileged actions, services and escalation paths before and after.
      type: dict
    losses:
      description: Sentences about what the team can no longer do.
      type: list
      elements: str
    coverage:
      description: The window, files, regions, gaps and services of the evidence.
      type: dict
    denied:
      description: The number of denied calls. They add nothing.
      type: int
    proofs:
      description: The proof, or one for each member of a group.
      type: list
      elements: dict
      contains:
        principal:
          description: The principal whose calls were judged.
          type: str
        principal_id:
          description: Its unique id.
          type: str
        is_proved:
          description: Whether nothing speaks against the new policies.
          type: bool
        recorded:
          description: The number of recorded uses.
          type: int
        lost:
          description: Recorded uses that are no longer allowed.
          type: list
          elements: dict
        beyond:
          description: Permissions that the present policies do not grant.
          type: list
          elements: dict
        unproven:
          description: The permissions that could not be decided, with the reason.
          type: list
          elements: dict
        probes:
          description: Requests that were allowed before and are denied now.
          type: list
          elements: dict
        counts:
          description: Numbers of what was compared.
          type: dict
        documents_before:
          description: The name and the SHA-256 of each present policy.
          type: list
          elements: dict
        documents_after:
          description: The name and the SHA-256 of each new policy.
          type: list
          elements: dict
        evidence_sha256:
          description: The SHA-256 over the evidence.
          type: str
    second_opinion:
      description: The recommendations of AWS beside the result, one entry for each source in O(second_opinion).
      type: list
      elements: dict
      contains:
        source:
          description: V(access_analyzer) or V(security_hub).
          type: str
        status:
          description:
            - V(compared), or why nothing was compared.
            - V(stale) is a recommendation on older policies, V(failed) one that AWS could not make, V(absent) a missing service or
              finding, and V(not_assessed) an error.
            - With V(not_asked) AWS was not asked for one. With V(not_ready) it was, so run again.
          type: str
        reason:
          description: The reason, if nothing was compared, and the next step.
          type: str
        agree:
          description: The number of actions that AWS treats alike.
          type: int
        aws_would_also_remove:
          description: Actions that only AWS would remove.
          type: list
          elements: dict
        aws_would_keep:
          description: Actions that only AWS would keep.
          type: list
          elements: dict
        notes:
          description: Facts about the recommendation.
          type: list
          elements: str
    new_access:
      description: The answer of AWS with O(verify_with=access_analyzer). V(PASS), V(FAIL) or V(NOT_ASSESSED), with the reasons.
      type: dict
    warnings:
      description: Facts to know before the policies are used.
      type: list
      elements: str
    window_days:
      description: The number of whole days that the evidence covers.
      type: int
    digest:
      description: The SHA-256 over the evidence and the documents.
      type: str
    files:
      description: The files that were written, if O(report_dir) is set.
      type: list
      elements: str
not_changeable:
  description: Principals that nobody can change, with the reason.
  returned: success
  type: list
  elements: dict
unread:
  description: The data that could not be read, with the reason.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.least_privilege.run import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **REGIONS_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
