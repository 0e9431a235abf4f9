# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The elements of a statement, in identity-based policies alone: Effect, Action, NotAction, Resource, NotResource."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Outcome, Request

from .case import ACCOUNT, ALLOWED, EXPLICIT, IAM, IMPLICIT, OBJECT, USER, Case, Statement, allow, deny, policy

ACTION: t.Final = f"{IAM}reference_policies_elements_action.html"
NOT_ACTION: t.Final = f"{IAM}reference_policies_elements_notaction.html"
RESOURCE: t.Final = f"{IAM}reference_policies_elements_resource.html"
INCOMPLETE: t.Final = f"{IAM}reference_identifiers.html#identifiers-arns"
NOT_RESOURCE: t.Final = f"{IAM}reference_policies_elements_notresource.html"
EFFECT: t.Final = f"{IAM}reference_policies_elements_effect.html"
INTERPLAY: t.Final = f"{IAM}reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html"
UNION: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-basics-single-account.html"

ROLE_APP: t.Final = f"arn:aws:iam::{ACCOUNT}:role/app"
QUEUE: t.Final = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:app-in"

Row = tuple[str, str, list[Statement], str, str, Outcome]


def _case(row: Row) -> Case:
    name, source, statements, action, resource, outcome = row
    layers = Layers((policy("Mine", *statements),) if statements else ())
    return Case(name, source, Request(action, resource, USER), layers, outcome, layer="identity")


_ROWS: list[Row] = [
    # Effect: "To allow access to a resource, you must set the Effect element to Allow", everything else is denied.
    ("no-policy", EFFECT, [], "s3:GetObject", OBJECT, IMPLICIT),
    ("allow", EFFECT, [allow("s3:GetObject")], "s3:GetObject", OBJECT, ALLOWED),
    ("only-a-deny", EFFECT, [deny("s3:PutObject")], "s3:GetObject", OBJECT, IMPLICIT),
    ("deny-wins", INTERPLAY, [allow("*"), deny("s3:GetObject")], "s3:GetObject", OBJECT, EXPLICIT),
    ("deny-wins-in-any-order", INTERPLAY, [deny("s3:GetObject"), allow("*")], "s3:GetObject", OBJECT, EXPLICIT),
    ("deny-without-allow-is-explicit", INTERPLAY, [deny("s3:*")], "s3:GetObject", OBJECT, EXPLICIT),
    ("deny-of-another-action", INTERPLAY, [allow("*"), deny("s3:PutObject")], "s3:GetObject", OBJECT, ALLOWED),
    # Action.
    ("another-action", ACTION, [allow("s3:GetObject")], "s3:PutObject", OBJECT, IMPLICIT),
    ("action-of-another-service", ACTION, [allow("s3:GetObject")], "s3-object-lambda:GetObject", OBJECT, IMPLICIT),
    ("a-name-that-begins-alike", ACTION, [allow("s3:GetObject")], "s3:GetObjectAcl", OBJECT, IMPLICIT),
    ("case-of-the-policy", ACTION, [allow("S3:getobject")], "s3:GetObject", OBJECT, ALLOWED),
    ("case-of-the-request", ACTION, [allow("s3:GetObject")], "S3:GETOBJECT", OBJECT, ALLOWED),
    ("case-in-a-deny", ACTION, [allow("*"), deny("S3:GETOBJECT")], "s3:GetObject", OBJECT, EXPLICIT),
    ("any-action", ACTION, [allow("*")], "iam:CreateUser", "*", ALLOWED),
    ("any-of-a-service", ACTION, [allow("s3:*")], "s3:GetObject", OBJECT, ALLOWED),
    ("any-of-another-service", ACTION, [allow("sqs:*")], "s3:GetObject", OBJECT, IMPLICIT),
    ("prefix", ACTION, [allow("s3:Get*")], "s3:GetObject", OBJECT, ALLOWED),
    ("prefix-may-be-all", ACTION, [allow("s3:GetObject*")], "s3:GetObject", OBJECT, ALLOWED),
    ("prefix-of-others", ACTION, [allow("s3:Put*")], "s3:GetObject", OBJECT, IMPLICIT),
    ("suffix", ACTION, [allow("s3:*Object")], "s3:GetObject", OBJECT, ALLOWED),
    ("suffix-of-others", ACTION, [allow("s3:*Bucket")], "s3:GetObject", OBJECT, IMPLICIT),
    ("star-in-the-middle", ACTION, [allow("iam:*AccessKey*")], "iam:UpdateAccessKey", USER, ALLOWED),
    ("star-in-the-middle-of-others", ACTION, [allow("iam:*AccessKey*")], "iam:UpdateUser", USER, IMPLICIT),
    ("question-mark", ACTION, [allow("s3:GetObjec?")], "s3:GetObject", OBJECT, ALLOWED),
    ("question-mark-is-one", ACTION, [allow("s3:GetObject?")], "s3:GetObject", OBJECT, IMPLICIT),
    ("question-mark-is-only-one", ACTION, [allow("s3:Get?")], "s3:GetObject", OBJECT, IMPLICIT),
    ("a-dot-is-a-dot", ACTION, [allow("s3:Get.bject")], "s3:GetObject", OBJECT, IMPLICIT),
    ("brackets-are-brackets", ACTION, [allow("s3:[G]etObject")], "s3:GetObject", OBJECT, IMPLICIT),
    ("second-of-a-list", ACTION, [allow(["sqs:*", "s3:GetObject"])], "s3:GetObject", OBJECT, ALLOWED),
    ("none-of-a-list", ACTION, [allow(["sqs:*", "s3:PutObject"])], "s3:GetObject", OBJECT, IMPLICIT),
    # NotAction.
    ("not-action", NOT_ACTION, [allow(None, NotAction="iam:*")], "s3:GetObject", OBJECT, ALLOWED),
    ("not-action-leaves-out", NOT_ACTION, [allow(None, NotAction="iam:*")], "iam:CreateUser", USER, IMPLICIT),
    ("not-action-in-any-case", NOT_ACTION, [allow(None, NotAction="IAM:*")], "iam:CreateUser", USER, IMPLICIT),
    (
        "not-action-is-no-deny",
        NOT_ACTION,
        [allow(None, NotAction="iam:*"), allow("iam:CreateUser")],
        "iam:CreateUser",
        USER,
        ALLOWED,
    ),
    (
        "not-actions-that-complete-each-other",
        NOT_ACTION,
        [allow(None, NotAction="iam:*"), allow(None, NotAction="s3:*")],
        "iam:CreateUser",
        USER,
        ALLOWED,
    ),
    (
        "deny-not-action",
        NOT_ACTION,
        [allow("*"), deny(None, NotAction=["iam:*", "sts:*"])],
        "s3:GetObject",
        OBJECT,
        EXPLICIT,
    ),
    (
        "deny-not-action-leaves-out",
        NOT_ACTION,
        [allow("*"), deny(None, NotAction=["iam:*", "sts:*"])],
        "iam:CreateUser",
        USER,
        ALLOWED,
    ),
    (
        "deny-not-action-grants-nothing",
        NOT_ACTION,
        [deny(None, NotAction="iam:*")],
        "iam:CreateUser",
        USER,
        IMPLICIT,
    ),
    ("not-action-of-everything", NOT_ACTION, [allow(None, NotAction="*")], "s3:GetObject", OBJECT, IMPLICIT),
    # Resource.
    ("resource", RESOURCE, [allow("s3:*", OBJECT)], "s3:GetObject", OBJECT, ALLOWED),
    ("another-resource", RESOURCE, [allow("s3:*", OBJECT)], "s3:GetObject", f"{OBJECT}.bak", IMPLICIT),
    ("case-of-a-resource", RESOURCE, [allow("s3:*", "arn:aws:s3:::Data/*")], "s3:GetObject", OBJECT, IMPLICIT),
    ("star-in-a-resource", RESOURCE, [allow("s3:*", "arn:aws:s3:::data/*")], "s3:GetObject", OBJECT, ALLOWED),
    (
        "star-goes-over-slashes",
        RESOURCE,
        [allow("s3:*", "arn:aws:s3:::data/*.csv")],
        "s3:GetObject",
        "arn:aws:s3:::data/2026/11/a.csv",
        ALLOWED,
    ),
    ("a-bucket-is-no-object", RESOURCE, [allow("s3:*", "arn:aws:s3:::data")], "s3:GetObject", OBJECT, IMPLICIT),
    (
        "objects-are-not-the-bucket",
        RESOURCE,
        [allow("s3:*", "arn:aws:s3:::data/*")],
        "s3:ListBucket",
        "arn:aws:s3:::data",
        IMPLICIT,
    ),
    (
        "question-mark-in-a-resource",
        RESOURCE,
        [allow("s3:*", "arn:aws:s3:::dat?/*")],
        "s3:GetObject",
        OBJECT,
        ALLOWED,
    ),
    ("any-account", RESOURCE, [allow("iam:*", "arn:aws:iam::*:role/app")], "iam:GetRole", ROLE_APP, ALLOWED),
    # "When you specify an incomplete ARN in an identity-based policy, AWS automatically completes the ARN".
    ("incomplete-arn", INCOMPLETE, [allow("sqs:*", "arn:aws:sqs")], "sqs:SendMessage", QUEUE, ALLOWED),
    ("incomplete-arn-of-another", INCOMPLETE, [allow("*", "arn:aws:sq")], "sqs:SendMessage", QUEUE, IMPLICIT),
    ("incomplete-arn-in-a-deny", INCOMPLETE, [allow(), deny("*", "arn:aws:sqs")], "sqs:SendMessage", QUEUE, EXPLICIT),
    ("incomplete-arn-of-a-bucket", INCOMPLETE, [allow(), deny("*", "arn:aws:s3")], "s3:GetObject", OBJECT, EXPLICIT),
    (
        "incomplete-arn-with-a-region",
        INCOMPLETE,
        [allow("*", "arn:aws:sqs:eu-west-1")],
        "sqs:SendMessage",
        QUEUE,
        ALLOWED,
    ),
    (
        "incomplete-arn-of-another-account",
        INCOMPLETE,
        [allow("*", "arn:aws:sqs:eu-west-1:444455556666")],
        "sqs:SendMessage",
        QUEUE,
        IMPLICIT,
    ),
    (
        "incomplete-arn-left-out",
        INCOMPLETE,
        [allow(), deny("*", None, NotResource="arn:aws:sqs")],
        "sqs:SendMessage",
        QUEUE,
        ALLOWED,
    ),
    (
        "another-account-in-the-resource",
        RESOURCE,
        [allow("iam:*", "arn:aws:iam::444455556666:role/*")],
        "iam:GetRole",
        ROLE_APP,
        IMPLICIT,
    ),
    (
        "any-region",
        RESOURCE,
        [allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:app-*")],
        "sqs:SendMessage",
        QUEUE,
        ALLOWED,
    ),
    (
        "another-region",
        RESOURCE,
        [allow("sqs:*", f"arn:aws:sqs:us-east-1:{ACCOUNT}:*")],
        "sqs:SendMessage",
        QUEUE,
        IMPLICIT,
    ),
    ("another-partition", RESOURCE, [allow("s3:*", "arn:aws-cn:s3:::data/*")], "s3:GetObject", OBJECT, IMPLICIT),
    (
        "actions-without-resources-need-a-star",
        RESOURCE,
        [allow("s3:*", "arn:aws:s3:::*")],
        "s3:ListAllMyBuckets",
        "*",
        IMPLICIT,
    ),
    ("actions-without-resources", RESOURCE, [allow("s3:*", "*")], "s3:ListAllMyBuckets", "*", ALLOWED),
    (
        "second-of-the-resources",
        RESOURCE,
        [allow("s3:*", ["arn:aws:s3:::logs/*", "arn:aws:s3:::data/*"])],
        "s3:GetObject",
        OBJECT,
        ALLOWED,
    ),
    ("deny-of-a-resource", RESOURCE, [allow(), deny("s3:*", "arn:aws:s3:::data/*")], "s3:GetObject", OBJECT, EXPLICIT),
    (
        "deny-of-another-resource",
        RESOURCE,
        [allow(), deny("s3:*", "arn:aws:s3:::logs/*")],
        "s3:GetObject",
        OBJECT,
        ALLOWED,
    ),
    # NotResource.
    (
        "not-resource",
        NOT_RESOURCE,
        [allow("s3:*", None, NotResource="arn:aws:s3:::logs/*")],
        "s3:GetObject",
        OBJECT,
        ALLOWED,
    ),
    (
        "not-resource-leaves-out",
        NOT_RESOURCE,
        [allow("s3:*", None, NotResource="arn:aws:s3:::data/*")],
        "s3:GetObject",
        OBJECT,
        IMPLICIT,
    ),
    (
        "deny-not-resource",
        NOT_RESOURCE,
        [allow(), deny("s3:*", None, NotResource=["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"])],
        "s3:GetObject",
        OBJECT,
        EXPLICIT,
    ),
    (
        "deny-not-resource-leaves-out",
        NOT_RESOURCE,
        [allow(), deny("s3:*", None, NotResource=["arn:aws:s3:::data", "arn:aws:s3:::data/*"])],
        "s3:GetObject",
        OBJECT,
        ALLOWED,
    ),
    (
        "not-action-and-not-resource",
        NOT_RESOURCE,
        [allow(), deny(None, None, NotAction="iam:*", NotResource="arn:aws:s3:::data/*")],
        "sqs:SendMessage",
        QUEUE,
        EXPLICIT,
    ),
]

CASES: t.Final = (
    *map(_case, _ROWS),
    Case(
        "two-policies-together",
        UNION,
        Request("sqs:SendMessage", QUEUE, USER),
        Layers((policy("First", allow("s3:*")), policy("Second", allow("sqs:*", Sid="Queues")))),
        ALLOWED,
        "identity",
        "Second",
        "Queues",
    ),
    Case(
        "deny-in-the-policy-of-a-group",
        UNION,
        Request("s3:GetObject", OBJECT, USER),
        Layers((policy("Own", allow()), policy("Group", allow("sqs:*"), deny("s3:*", Sid="NoData")))),
        EXPLICIT,
        "identity",
        "Group",
        "NoData",
    ),
    Case(
        "statement-without-id-by-its-place",
        f"{IAM}reference_policies_elements_sid.html",
        Request("s3:GetObject", OBJECT, USER),
        Layers((policy("Own", allow("sqs:*"), allow("s3:*")),)),
        ALLOWED,
        "identity",
        "Own",
        "statement 2",
    ),
)
