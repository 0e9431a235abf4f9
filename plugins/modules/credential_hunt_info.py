#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: credential_hunt_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Find out what was done with a leaked credential
description:
  - Starts with access keys, principals, addresses or times. Follows them through CloudTrail to the sessions and keys that were made with
    them, in all accounts whose events it has. Nothing in the account is changed.
  - RV(nodes) and RV(edges) are the graph. RV(timeline) has the events of the credential and of everything that it led to.
  - Each event has a class, and a verdict whether it is an intruder's. An event of a key that a suspected event made is suspected. Other
    events are compared with the habits of their principal in the 30 days before. No verdict is certain, so each has reasons.
  - RV(headline) says what is missing. It names steps that were not followed, regions that were not read, changes of trails, and that
    events are late. Read it first.
  - Each account has its own event history. The playbook C(hunt.yml) of this collection runs this module in all accounts of the inventory,
    several times, and joins the results. Without AWS, with O(offline), one task reads log files of all accounts.
  - An intruder chooses the names of sessions, user agents and more. They are returned on one line and without control characters.
  - The ids of access keys are returned in full, since they are what is hunted.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  access_key_ids:
    description:
      - Ids of access keys to begin with. V(AKIA…) are those of users and of root users, V(ASIA…) those of sessions.
    type: list
    elements: str
    default: []
  principals:
    description:
      - Users, roles and root users to begin with, each with all its keys and sessions.
      - An ARN, a unique id such as V(AROA…), or a name such as V(user/ci-deploy) or V(role/deploy).
    type: list
    elements: str
    default: []
  source_addresses:
    description:
      - IP addresses to begin with. Calls of any principal from there are in the time line.
      - CloudTrail's event history can't be asked by address. So without O(trail_logs) all its events are read, up to O(max_calls).
    type: list
    elements: str
    default: []
  since:
    description:
      - The first suspicious time in ISO 8601, such as the time at which the key was published. Events before it show the habits.
      - An alert often comes late. If calls of the two days before differ from the habits, the time of the first of them counts.
      - If it is not set, it is estimated. It is the time at which the principal began to call from elsewhere or with another tool.
      - If no other option to begin with is set, every principal whose habits change after this time counts.
    type: str
  until:
    description:
      - The last time to look at, in ISO 8601. Defaults to now.
    type: str
    aliases: [end]
  trail_logs:
    description:
      - The places of CloudTrail's log files, each a directory, a file or V(s3://bucket/prefix). A place or a list of places.
      - Log files are read besides the event history. They may have calls on data, and more than 90 days.
      - Files whose path names an account must fit it, and the digest files beside them must confirm them if there are any. Other files
        that end with C(.json), C(.jsonl) or C(.ndjson), also packed with gzip, are read as well. Nothing confirms these.
      - A place in S3 is read with the credentials of the task, or with O(trail_logs_role_arn).
    type: list
    elements: str
    default: []
  trail_logs_role_arn:
    description:
      - The role to read O(trail_logs) in S3 with, such as a role of a log archive account.
    type: str
  event_history:
    description:
      - Whether CloudTrail's event history is read, in the listed O(regions), or else in all enabled regions. The home region of IAM is
        always read.
    type: bool
    default: true
  max_calls:
    description:
      - The largest number of calls to the event history of the account. AWS allows two per second and region, with 50 events each.
      - If it is reached, RV(headline) says so. Run again with the same O(report_dir) and O(incident_id) or O(run_id) to go on.
    type: int
    default: 1000
  sweep:
    description:
      - Whether the account is asked if what suspected events left behind is still there, who depends on the keys, and which secrets
        the suspected principals could read. If not, the answers of an earlier hunt of the run are returned.
    type: bool
    default: true
  offline:
    description:
      - Whether to work without AWS and without credentials, in the log files in O(trail_logs). They may be of any number of accounts.
      - Without O(trail_logs), what the accounts of a run have left in O(report_dir) is joined.
    type: bool
    default: false
  incident_id:
    description:
      - The id of the incident. The evidence is then in the folder C(incident/<id>/) of O(report_dir), and a later hunt goes on there.
      - Without it the folder is C(hunt/<run id>/).
    type: str
  evidence_lock_days:
    description:
      - The days for which nobody can delete or change the evidence, not even the root user. V(0) locks nothing.
      - It needs an O(report_dir) in S3, in a bucket with Object Lock, and C(s3:PutObjectRetention). Otherwise the task fails.
      - The files that a later hunt goes on with are not locked.
    type: int
    default: 0
  run_id:
    description:
      - The id that the files of one run share. Defaults to the start of the task.
    type: str
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
notes:
  - Events arrive 5 to 15 minutes late. Hunt again after 1 hour and after 24 hours.
  - CloudTrail has no event of a call that was made with an inactive key.
seealso:
  - module: hardening.iam.least_privilege_info
  - name: CloudTrail record contents
    description: The fields of the events that the hunt reads.
    link: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
  - name: LookupEvents
    description: The questions that the event history answers.
    link: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

EXAMPLES = r"""
- name: Find out what was done with a leaked key in this account
  hardening.iam.credential_hunt_info:
    access_key_ids: [AKIAIOSFODNN7EXAMPLE]
    since: "2026-11-27T09:00:00Z"
    incident_id: INC-7
    report_dir: reports
  register: hunt

- name: Read the log files of the organization as well, with calls on data
  hardening.iam.credential_hunt_info:
    access_key_ids: [AKIAIOSFODNN7EXAMPLE]
    trail_logs: s3://acme-organization-trail/AWSLogs/o-exampleorgid
    trail_logs_role_arn: arn:aws:iam::999988887777:role/log-reader
    incident_id: INC-7
    report_dir: s3://acme-evidence/reports

- name: Hunt without AWS in the log files of all accounts
  hardening.iam.credential_hunt_info:
    offline: true
    principals: [arn:aws:iam::111122223333:user/ci-deploy]
    source_addresses: [198.51.100.66]
    trail_logs: /var/log/cloudtrail
    report_dir: reports

- name: Show what was left behind
  ansible.builtin.debug:
    msg: "{{ hunt.persistence | rejectattr('present', 'equalto', 'false') }}"
"""

RETURN = r"""
schema:
  description: The version of the result.
  returned: success
  type: str
  sample: hardening.iam/hunt/1
run_id:
  description: The id of the run.
  returned: success
  type: str
incident_id:
  description: The id of the incident. Empty without one.
  returned: success
  type: str
created:
  description: The time of the hunt.
  returned: success
  type: str
account_id:
  description: The account that was read. Empty with O(offline), where files of many accounts may be read.
  returned: success
  type: str
  sample: "111122223333"
caller_arn:
  description: The ARN that the hunt read with. Empty with O(offline).
  returned: success
  type: str
headline:
  description: The sentences to read first. They name verdicts, gaps, unread regions and delays.
  returned: success
  type: list
  elements: str
  sample:
    - 9 events are suspected in 3 accounts, 0 are uncertain and 12 are not suspected; no verdict is certain
    - 1 steps were not followed, to arn:aws:iam::444455556666:role/warehouse
numbers:
  description: The numbers of events, by verdict and by class of the suspected ones, of accounts with such events, and of nodes and edges.
  returned: success
  type: dict
  sample: {events: 21, suspected: {"yes": 9, "no": 12, uncertain: 0}, failed: 1, accounts: 3}
record:
  description: V(history) if the event history was read, V(files) if all events are from log files. The event history has no data events.
  returned: success
  type: str
taken:
  description:
    - The successful reads of suspected and uncertain events, by operation. Reads of data come first.
    - They are what the record shows, which is never the whole.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: The service and the operation.
      type: str
      sample: secretsmanager:GetSecretValue
    content:
      description: V(data), or V(other) for settings and what is not known to be data.
      type: str
    suspected:
      description: The number of suspected calls.
      type: int
    uncertain:
      description: The number of uncertain calls.
      type: int
    accounts:
      description: The accounts that recorded them.
      type: list
      elements: str
    first:
      description: The time of the first call.
      type: str
    last:
      description: The time of the last call.
      type: str
since:
  description: The first suspicious time. Empty if nothing is suspicious.
  returned: success
  type: str
until:
  description: The last time that was looked at.
  returned: success
  type: str
nodes:
  description: The nodes of the graph, those of the options first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the key or session, the ARN of the user or role, or the address. A session without a key has an id such
        as C(AROA…:name).
      type: str
    kind:
      description: V(key), V(session), V(user), V(role) or V(address). A root user is a V(user).
      type: str
    account_id:
      description: Its account. Empty for addresses.
      type: str
    principal:
      description: The ARN of its user or role. Empty if it is not known.
      type: str
    suspected:
      description: The worst verdict of its events, and of those of its keys and sessions. V(yes), V(no) or V(uncertain).
      type: str
    is_seed:
      description: Whether the hunt began with it.
      type: bool
    events:
      description: The number of its events in the time line.
      type: int
edges:
  description: The edges of the graph, by time.
  returned: success
  type: list
  elements: dict
  contains:
    from:
      description: The id of a node.
      type: str
    to:
      description: The id of a node.
      type: str
    event_id:
      description: The first event that shows the edge.
      type: str
    event_name:
      description: Its name.
      type: str
    time:
      description: Its time.
      type: str
    relation:
      description:
        - V(made) from a caller to a key, a session or a principal that it made or changed.
        - V(belongs_to) from a key or session to its user or role.
        - V(came_from) from an address to a key or session that was used there.
        - V(switched) from a principal to the session that it switched to in the console.
      type: str
    shared_event_id:
      description: The id that the events of both accounts share, if the call is about two accounts.
      type: str
unfollowed:
  description:
    - Suspected and uncertain steps whose further use can't be seen, the suspected ones first.
    - Among them are all changes by which somebody can come back, and that show neither a principal nor the name of a session.
  returned: success
  type: list
  elements: dict
  contains:
    from:
      description: The id of the node that made the step.
      type: str
    to:
      description: The ARN of the role or user, or what was made.
      type: str
    reason:
      description: The reason.
      type: str
    account_id:
      description: The account where to look.
      type: str
    event_id:
      description: The event of the step.
      type: str
    access_key_id:
      description: The key or session that was made, if the event shows it.
      type: str
timeline:
  description: The events of the credential and of everything it led to, by time. All texts are printable.
  returned: success
  type: list
  elements: dict
  contains:
    event_id:
      description: The id of the event.
      type: str
    shared_event_id:
      description: The id that the events of two accounts about one call share.
      type: str
    time:
      description: The time of the event.
      type: str
    account_id:
      description: The account that recorded it.
      type: str
    region:
      description: The region.
      type: str
    event_source:
      description: The service, such as V(sts.amazonaws.com).
      type: str
    event_name:
      description: The name of the event.
      type: str
    class:
      description: V(reconnaissance), V(escalation), V(persistence), V(impact), V(defence_evasion) or V(other). A failed call has the
        class that it would have had.
      type: str
    suspected:
      description: Whether it is an intruder's. V(yes), V(no) or V(uncertain).
      type: str
    reasons:
      description: The reasons of the verdict.
      type: list
      elements: str
    is_inference:
      description: Whether the verdict rests on an address or on the kind of calls alone.
      type: bool
    error_code:
      description: The error of the call. Empty if it succeeded.
      type: str
    principal:
      description: The ARN of the user or role, or another id of the caller.
      type: str
    access_key_id:
      description: The key of the call. Empty if the event shows none.
      type: str
    session_name:
      description: The name of the session.
      type: str
    source_identity:
      description: The source identity of the session.
      type: str
    source_address:
      description: The address or service that the call came from.
      type: str
    user_agent:
      description: The user agent.
      type: str
    chain:
      description: The keys from the first one to that of the call.
      type: list
      elements: str
    source:
      description: The C(place), the C(file) and the C(line) of the record. Of the event history the file is the region.
      type: dict
    sha256:
      description: The SHA-256 of the record as JSON with sorted keys and without spaces.
      type: str
persistence:
  description:
    - The changes that suspected and uncertain events left behind, the nearest deadline first. People decide what is removed.
    - Each successful change is an entry. Failed calls and reads that say the same are one.
  returned: success
  type: list
  elements: dict
  contains:
    event_id:
      description: The event. Empty for an object of today that was made since the first suspicious time, and that no event explains.
      type: str
    family:
      description: V(iam), V(certificate), V(sign_in), V(code), V(sharing), V(money), V(blindfold), V(credential), V(principal), V(trust),
        V(network), V(schedule) or V(unknown).
      type: str
    class:
      description: The class of the operation. V(credential), V(principal), V(trust), V(code), V(blindfold), V(data_out), V(network),
        V(schedule) or V(other).
      type: str
    suspected:
      description: Whether the event is an intruder's. V(yes) or V(uncertain).
      type: str
    target:
      description: The thing that was made or changed.
      type: str
    present:
      description: Whether it is still there. V(true), V(false) or V(unknown).
      type: str
    undo:
      description: The call that undoes it, with C(service), C(operation) and C(parameters). Not set if there is none.
      type: dict
    deadline:
      description: The time until which it can be undone, if AWS's clock runs.
      type: str
    time:
      description: The time of the event.
      type: str
    account_id:
      description: The account.
      type: str
    region:
      description: The region.
      type: str
    event_name:
      description: The name of the event.
      type: str
    principal:
      description: The ARN of the caller.
      type: str
    chain:
      description: The keys from the first one to that of the call.
      type: list
      elements: str
    error_code:
      description: The error of an attempt that failed.
      type: str
    urgent:
      description: Whether others can use it at any moment.
      type: bool
    count:
      description: The number of events that say the same. It is 1 for a successful change.
      type: int
    reason:
      description: The reason of what is said about it.
      type: str
    use:
      description: How a later use of it appears in the record.
      type: str
sessions:
  description: The sessions of roles with suspected events, in the form of the variable C(compromise_response_seen).
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The ARN of the role.
      type: str
    session_name:
      description: The name of the session.
      type: str
    access_key_id:
      description: Its key.
      type: str
    source_identity:
      description: Its source identity. Empty without one.
      type: str
dependants:
  description:
    - The workloads that depend on the keys, the surest first. V(certain) is a place that names the id of a key, V(likely) are usual calls
      whose agent names their platform, and V(inferred) are other usual calls.
    - The rows have C(key_id), C(kind), C(resource), C(confidence), C(platform), C(account_id), C(region), C(place), C(owner), C(addresses),
      C(actions), C(first_seen), C(last_seen) and C(count).
  returned: success
  type: list
  elements: dict
last_used:
  description: The last use of the keys as IAM has it, each with C(access_key_id), C(time), C(service) and C(region).
  returned: success
  type: list
  elements: dict
secrets:
  description:
    - The secrets, encrypted parameters and KMS keys that the suspected principals could read, those that were read first. Change all of
      them.
    - The rows have C(kind), C(arn), C(name), C(account_id), C(region), C(readable), C(principals), C(used), C(reads) and C(last_read).
  returned: success
  type: list
  elements: dict
unread:
  description: The data that could not be read for RV(dependants) and RV(secrets), with the reason.
  returned: success
  type: list
  elements: str
coverage:
  description:
    - The coverage by account and region. V(complete), V(partial) or V(denied).
    - Log files are V(complete) if all that are there could be read and nothing shows that some are missing. Only digest files notice a
      missing file.
  returned: success
  type: dict
  sample: {"111122223333": {eu-central-1: complete, us-east-1: partial}}
coverage_reasons:
  description: The reasons why a region is not complete, each with C(account_id), C(region) and C(reason).
  returned: success
  type: list
  elements: dict
gaps:
  description: Calls after which a trail may have recorded less, each with C(time), C(account_id), C(region), C(event_name) and
    C(event_id).
  returned: success
  type: list
  elements: dict
baseline:
  description: The first suspicious time C(since), its C(basis), the C(days) before it that show habits, and C(principals) with the numbers
    of their habits. The basis is V(given), V(earlier), V(estimated), V(address) or V(none).
  returned: success
  type: dict
lag:
  description: How late events are in C(seconds), the time of the C(newest_event), and the times to hunt again in C(repeat_at).
  returned: success
  type: dict
next_steps:
  description: The next steps.
  returned: success
  type: list
  elements: str
files:
  description: The files that were written, if O(report_dir) is set.
  returned: success
  type: list
  elements: str
folder:
  description: The folder of the evidence. Empty if O(report_dir) is not set.
  returned: success
  type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.credential_hunt.run import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **REGIONS_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
