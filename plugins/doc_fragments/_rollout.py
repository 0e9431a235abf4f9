# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with ROLLOUT_ARGUMENTS of module_utils/_capabilities/organization_policy/rollout/run.py.
    DOCUMENTATION = r"""
options:
  rollout:
    description:
      - A staged rollout. The policies are attached to the targets of one stage after the other. A stage starts after the one before has
        passed its gate. Each run does at most one stage, so a scheduled job completes the rollout.
      - The steps are recorded in O(journal), below C(rollouts/). These records are never overwritten.
      - The gate of a stage checks whether, since the stage began, the policy denied calls that had succeeded before in the affected
        accounts.
      - Denials do not count if they were predicted and accepted, if the principal had never succeeded with the call, or if they name
        another policy. Denials in other accounts do not count either. Denials that name no policy hold the stage.
      - If somebody else changed the policy since the stage began, the stage is held, and nothing is written for the policy.
      - A record that contradicts other records, the soak time or the clock is ignored. The soak time of the stage then starts again.
      - If no evidence can be read, the stage is held. A run fails as long as a stage is held or withdrawn.
      - A changed content applies to all attached targets at once, and the soak time of the current stage starts again.
    type: dict
    suboptions:
      stages:
        description:
          - The stages in their order, such as a canary unit first. Stages that have begun must keep their names and places.
          - A passed stage can't get new targets. Add them as a new stage at the end.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description:
              - The name of the stage, here and in the records.
            type: str
            required: true
          targets:
            description:
              - The targets of this stage, in addition to those of earlier stages. They have the form of the targets of a policy.
            type: list
            elements: dict
            required: true
          soak_hours:
            description:
              - The soak time of the stage in hours, after which its gate is checked. At most 2160, which is 90 days.
              - CloudTrail delivers late, so the gate is checked at least 15 minutes after the soak time.
            type: float
            default: 24
      on_gate_failure:
        description:
          - With V(hold) the policies keep their targets and get no further ones.
          - With V(withdraw) they are detached from the targets of all stages until O(rollout.stage_approved) names the stage. A stage is
            only held if there is no evidence, if denials name no policy, or if somebody else changed the policy.
        type: str
        choices: [hold, withdraw]
        default: hold
      stage_approved:
        description:
          - The name of a held or withdrawn stage that should continue anyway. The denials that were found are then accepted.
          - A withdrawn stage begins again, with its soak time. So does a stage whose policy somebody else changed, and the policy is
            restored to its declared content. The approver and the time are recorded.
          - Only a stage that an earlier run held or withdrew can be approved. An approval that was declared before the gate failed is
            ignored. Remove it for one run, and declare it again.
        type: str
      look_back_days:
        description:
          - The number of days before the stage that are searched for successful calls, from 1 to 90.
        type: int
        default: 30
  trail_logs:
    description:
      - The places of the log files of the organization's trail, V(s3://bucket/prefix) or a directory. Each must contain the folder
        C(AWSLogs), and all must be readable. A file that is in two places counts once.
      - A place or a list of places. As a text, several are separated by commas, or written as a list in JSON.
      - Only the files of the affected accounts and days are read, with the credentials of the task or with O(trail_logs_role_arn).
    type: list
    elements: str
    default: []
  trail_logs_role_arn:
    description:
      - The role to read O(trail_logs) in S3 with, such as a role of a log archive account.
    type: str
  member_role_arn:
    description:
      - The role to read member accounts with, as C(arn:PARTITION:iam::<account_id>:role/NAME). C(<account_id>) is replaced by the id of
        the account. The role is assumed with the credentials of the task.
      - Without O(trail_logs), the gate of a rollout reads CloudTrail's event history with it, of at most five accounts.
    type: str
"""
