# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The places that a workload can move to, the stages of its move, and what a run is asked to do."""

from __future__ import annotations

import enum
import typing as t


class Target(enum.StrEnum):
    """The platforms whose workloads can be moved: the way in which each gets the credentials of a role."""

    EC2 = "ec2"
    ECS = "ecs"
    LAMBDA = "lambda"
    EKS_POD_IDENTITY = "eks_pod_identity"
    EKS_IRSA = "eks_irsa"
    GITHUB = "github"


EKS: t.Final = frozenset({Target.EKS_POD_IDENTITY, Target.EKS_IRSA})


class Stage(enum.StrEnum):
    """What a run is asked to do."""

    ASSESS = "assess"
    PREPARE = "prepare"
    VERIFY = "verify"
    RETIRE = "retire"
    REVERT = "revert"


class State(enum.StrEnum):
    """How far a workload is, as its records have it; ``REVERTED`` ends a move, so that another one can begin."""

    PREPARED = "prepared"
    VERIFIED = "verified"
    KEY_INACTIVE = "key_inactive"
    KEY_DELETED = "key_deleted"
    REVERTED = "reverted"


#: The tags of a role that a run made: hints for people, never proof.
WORKLOAD_TAG: t.Final = "iam-hardening:workload"
USER_TAG: t.Final = "iam-hardening:moved-from"
MODULE: t.Final = "key_migration"
