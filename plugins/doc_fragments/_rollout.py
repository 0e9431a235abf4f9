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
      - A staged rollout. The policies are attached to the targets of one stage after the other, each once the one before has passed
        its gate. Every run does at most the next stage that is due, so that a schedule walks the rollout.
      - What happened is recorded in O(journal), below C(rollouts/), and nothing there is ever written over.
      - The gate of a stage asks whether the policy denied a principal of the accounts in question, since the stage began, what it had
        succeeded at before. Denials that the lock-out guard predicted and that were accepted do not count. Neither do those of
        principals that had never succeeded at it, or of other accounts, or those that name another policy. Denials that name no
        policy hold the stage.
      - If somebody else edited the policy since the stage began, the stage is held, and nothing is written for the policy.
      - A record that contradicts the others, the soak or the clock is not believed. The stage then soaks anew.
      - Where there is no evidence that can be read, the stage is held. A run fails as long as a stage is held or withdrawn.
      - If the content changes, it reaches all attached targets at once, and the soak of the current stage begins anew.
    type: dict
    suboptions:
      stages:
        description:
          - The stages in their order, such as a canary unit first. Those that have begun keep their names and places.
          - A stage that was passed takes no new targets. What is new is a stage of its own, behind the others.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description:
              - What the stage is called, here and in the records.
            type: str
            required: true
          targets:
            description:
              - What the policies are attached to in this stage, besides what the stages before have. As the targets of a policy.
            type: list
            elements: dict
            required: true
          soak_hours:
            description:
              - How long the stage is watched before its gate is judged. At most 2160, which is 90 days.
              - CloudTrail delivers late, so that the gate is judged 15 minutes after the soak at the earliest.
            type: float
            default: 24
      on_gate_failure:
        description:
          - With V(hold) the policies stay where they are, and go no farther.
          - With V(withdraw) they are taken off the targets of all stages, and stay off until O(rollout.stage_approved) names the stage.
            Without evidence a stage is held all the same, and so it is if denials name no policy or if somebody else edited the policy.
        type: str
        choices: [hold, withdraw]
        default: hold
      stage_approved:
        description:
          - The name of a stage that is held or withdrawn, and is to go on all the same. What was lost is then accepted.
          - A stage that was withdrawn begins again, with its soak. So does one whose policy somebody else edited, which is restored to
            what is declared. It is recorded by whom and when it was approved.
          - Only a stage that an earlier run held or withdrew can be approved. An approval that was declared before the gate failed
            approves nothing. Take it out for one run, and declare it again.
        type: str
      look_back_days:
        description:
          - How many days before a stage began are searched for what principals had succeeded at. From 1 to 90.
        type: int
        default: 30
  trail_logs:
    description:
      - Where the log files of the organization's trail lie, V(s3://bucket/prefix) or a directory. Its folder C(AWSLogs) must be there.
      - Only the files of the accounts and the days in question are read, with the credentials that the task starts with, or in
        O(trail_logs_role_arn).
    type: str
  trail_logs_role_arn:
    description:
      - The role to read O(trail_logs) in S3 with, such as one of a log archive account.
    type: str
  member_role_arn:
    description:
      - The role to read member accounts with, as C(arn:PARTITION:iam::<account_id>:role/NAME), where C(<account_id>) stands for the
        id of the account. It is assumed with the credentials that the task starts with.
      - Without O(trail_logs), the gate of a rollout reads CloudTrail's event history in it, of at most five accounts.
    type: str
"""
