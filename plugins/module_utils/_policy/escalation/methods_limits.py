# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Ways past what limits a user or a role: permissions boundaries, and policies that deny."""

from __future__ import annotations

import typing as t

from .methods_schema import Fact, Gain, Method, Whom, aws, hacking, needs, pathfinding

_OWN: t.Final = (
    Method(
        "delete_own_user_boundary",
        "removing the permissions boundary of one's own user",
        Whom.OWN_USER,
        Gain.UNBOUND,
        needs(self="iam:DeleteUserPermissionsBoundary"),
        (hacking("iamdeleteuserpermissionsboundary"),),
    ),
    Method(
        "delete_own_role_boundary",
        "removing the permissions boundary of one's own role",
        Whom.OWN_ROLE,
        Gain.UNBOUND,
        needs(self="iam:DeleteRolePermissionsBoundary"),
        (hacking("iamdeleterolepermissionsboundary"),),
    ),
    Method(
        "put_own_user_boundary",
        "setting a wider permissions boundary of one's own user",
        Whom.OWN_USER,
        Gain.UNBOUND,
        needs(self="iam:PutUserPermissionsBoundary"),
        (hacking("iamputuserpermissionsboundary"),),
    ),
    Method(
        "put_own_role_boundary",
        "setting a wider permissions boundary of one's own role",
        Whom.OWN_ROLE,
        Gain.UNBOUND,
        needs(self="iam:PutRolePermissionsBoundary"),
        (hacking("iamputrolepermissionsboundary"),),
    ),
    Method(
        "rewrite_own_user_boundary",
        "writing a new version of the policy that bounds one's own user",
        Whom.OWN_USER,
        Gain.UNBOUND,
        needs(policy="iam:CreatePolicyVersion"),
        (pathfinding("iam-001"), aws("IAM/latest/UserGuide/access_policies_boundaries.html")),
    ),
    Method(
        "rewrite_own_role_boundary",
        "writing a new version of the policy that bounds one's own role",
        Whom.OWN_ROLE,
        Gain.UNBOUND,
        needs(policy="iam:CreatePolicyVersion"),
        (pathfinding("iam-001"), aws("IAM/latest/UserGuide/access_policies_boundaries.html")),
    ),
    Method(
        "delete_own_user_deny",
        "deleting an inline policy of one's own user that denies",
        Whom.OWN_USER,
        Gain.WITHOUT_INLINE_DENY,
        needs(self="iam:DeleteUserPolicy"),
        (hacking("iamdeleteuserpolicy"),),
    ),
    Method(
        "delete_own_role_deny",
        "deleting an inline policy of one's own role that denies",
        Whom.OWN_ROLE,
        Gain.WITHOUT_INLINE_DENY,
        needs(self="iam:DeleteRolePolicy"),
        (hacking("iamdeleterolepolicy"),),
    ),
    Method(
        "detach_own_user_deny",
        "detaching a policy of one's own user that denies",
        Whom.OWN_USER,
        Gain.WITHOUT_ATTACHED_DENY,
        needs(self="iam:DetachUserPolicy"),
        (hacking("iamdetachuserpolicy"),),
    ),
    Method(
        "detach_own_role_deny",
        "detaching a policy of one's own role that denies",
        Whom.OWN_ROLE,
        Gain.WITHOUT_ATTACHED_DENY,
        needs(self="iam:DetachRolePolicy"),
        (hacking("iamdetachrolepolicy"),),
    ),
    Method(
        "leave_group",
        "taking one's own user out of a group that denies",
        Whom.OWN_USER,
        Gain.LEFT,
        needs(group="iam:RemoveUserFromGroup"),
        (aws("IAM/latest/APIReference/API_RemoveUserFromGroup.html"),),
    ),
    Method(
        "delete_own_group_deny",
        "deleting an inline policy of one's own group that denies",
        Whom.OWN_USER,
        Gain.WITHOUT_INLINE_GROUP_DENY,
        needs(group="iam:DeleteGroupPolicy"),
        (aws("IAM/latest/APIReference/API_DeleteGroupPolicy.html"),),
    ),
    Method(
        "detach_own_group_deny",
        "detaching a policy of one's own group that denies",
        Whom.OWN_USER,
        Gain.WITHOUT_ATTACHED_GROUP_DENY,
        needs(group="iam:DetachGroupPolicy"),
        (aws("IAM/latest/APIReference/API_DetachGroupPolicy.html"),),
    ),
)

_OF_OTHERS: t.Final = (
    Method(
        "delete_role_boundary_and_assume",
        "removing the permissions boundary of a role and assuming it",
        Whom.ROLE,
        Gain.UNBOUND,
        needs(target=("iam:DeleteRolePermissionsBoundary", "sts:AssumeRole")),
        (hacking("iamdeleterolepermissionsboundary"), pathfinding("sts-001")),
    ),
    Method(
        "delete_user_boundary_and_create_key",
        "removing the permissions boundary of another user and making an access key",
        Whom.USER,
        Gain.UNBOUND,
        needs(target=("iam:DeleteUserPermissionsBoundary", "iam:CreateAccessKey")),
        (hacking("iamdeleteuserpermissionsboundary"), pathfinding("iam-002")),
        facts=(Fact.FREE_KEY_SLOT,),
    ),
    Method(
        "put_role_boundary_and_assume",
        "setting a wider permissions boundary of a role and assuming it",
        Whom.ROLE,
        Gain.UNBOUND,
        needs(target=("iam:PutRolePermissionsBoundary", "sts:AssumeRole")),
        (hacking("iamputrolepermissionsboundary"), pathfinding("sts-001")),
    ),
    Method(
        "put_user_boundary_and_create_key",
        "setting a wider permissions boundary of another user and making an access key",
        Whom.USER,
        Gain.UNBOUND,
        needs(target=("iam:PutUserPermissionsBoundary", "iam:CreateAccessKey")),
        (hacking("iamputuserpermissionsboundary"), pathfinding("iam-002")),
        facts=(Fact.FREE_KEY_SLOT,),
    ),
    Method(
        "rewrite_role_boundary_and_assume",
        "writing a new version of the policy that bounds a role and assuming it",
        Whom.ROLE,
        Gain.UNBOUND,
        needs(policy="iam:CreatePolicyVersion", target="sts:AssumeRole"),
        (pathfinding("iam-016"), aws("IAM/latest/UserGuide/access_policies_boundaries.html")),
    ),
    Method(
        "rewrite_user_boundary_and_create_key",
        "writing a new version of the policy that bounds another user and making an access key",
        Whom.USER,
        Gain.UNBOUND,
        needs(policy="iam:CreatePolicyVersion", target="iam:CreateAccessKey"),
        (pathfinding("iam-001"), aws("IAM/latest/UserGuide/access_policies_boundaries.html")),
        facts=(Fact.FREE_KEY_SLOT,),
    ),
    Method(
        "delete_role_deny_and_assume",
        "deleting an inline policy of a role that denies and assuming it",
        Whom.ROLE,
        Gain.WITHOUT_INLINE_DENY,
        needs(target=("iam:DeleteRolePolicy", "sts:AssumeRole")),
        (hacking("iamdeleterolepolicy"), pathfinding("sts-001")),
    ),
    Method(
        "detach_role_deny_and_assume",
        "detaching a policy of a role that denies and assuming it",
        Whom.ROLE,
        Gain.WITHOUT_ATTACHED_DENY,
        needs(target=("iam:DetachRolePolicy", "sts:AssumeRole")),
        (hacking("iamdetachrolepolicy"), pathfinding("sts-001")),
    ),
    Method(
        "delete_user_deny_and_create_key",
        "deleting an inline policy of another user that denies and making an access key",
        Whom.USER,
        Gain.WITHOUT_INLINE_DENY,
        needs(target=("iam:DeleteUserPolicy", "iam:CreateAccessKey")),
        (hacking("iamdeleteuserpolicy"), pathfinding("iam-002")),
        facts=(Fact.FREE_KEY_SLOT,),
    ),
    Method(
        "detach_user_deny_and_create_key",
        "detaching a policy of another user that denies and making an access key",
        Whom.USER,
        Gain.WITHOUT_ATTACHED_DENY,
        needs(target=("iam:DetachUserPolicy", "iam:CreateAccessKey")),
        (hacking("iamdetachuserpolicy"), pathfinding("iam-002")),
        facts=(Fact.FREE_KEY_SLOT,),
    ),
)

METHODS: t.Final = (*_OWN, *_OF_OTHERS)
