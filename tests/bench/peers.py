# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other readers of an account cost.

Source: measured on 2026-11-24 on two cores, on one seeded account (N users with one or two keys, N/2 roles, N/2
customer policies, groups, inline policies, boundaries), AWS emulated over HTTP behind a counting proxy. Calls, CPU and
memory are stable; wall times vary by 40 %.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Peer:
    """One reader at one size; None where it was not measured. ``wall_50`` is with 50 ms added to every answer."""

    name: str
    users: int
    calls: t.Optional[int]
    cpu: t.Optional[float]
    wall: t.Optional[float]
    wall_50: t.Optional[float]
    peak_mb: t.Optional[float]


PROWLER: t.Final = "Prowler 5.46, --service iam"
CUSTODIAN: t.Final = "Cloud Custodian 0.9.53, nine policies, cached"
MODULES: t.Final = "a playbook of amazon.aws modules, --check"
FLOOR: t.Final = "floor: a script that reads and judges nothing"

PEERS: t.Final = (
    Peer(PROWLER, 50, 721, 19, 24, 57, 386),
    Peer(PROWLER, 500, 6_824, 37, 58, 332, 731),
    Peer(PROWLER, 2_000, 27_144, 124, 232, None, 1_797),
    Peer(CUSTODIAN, 50, 160, 1.0, 1.7, 9.3, 80),
    Peer(CUSTODIAN, 500, 1_520, 2.8, 6.9, 73, 80),
    Peer(CUSTODIAN, 2_000, 6_058, 10, 28, 288, 93),
    Peer(MODULES, 50, 619, 132, 136, 173, 167),
    # Extrapolated from 50 users.
    Peer(MODULES, 500, 6_110, 1_300, None, 1_630, None),
    Peer(FLOOR, 50, 15, 0.5, 0.7, 0.7, 55),
    Peer(FLOOR, 500, 16, 0.5, 1.8, 0.6, 61),
    Peer(FLOOR, 2_000, 20, 1.3, 4.2, 1.5, 80),
)

#: Prowler's wall time in seconds with 500 users and 50 ms.
PROWLER_WALL: t.Final = 332.0

#: Fifty accounts, 13 calls each, a role assumed in each, 50 ms: design, forks, wall s, CPU s, MB of all processes.
FLEETS: t.Final = (
    ("a module per host", "5", "23-34", "40-43", "584"),
    ("a module per host", "10", "22-27", "40-43", "1,110"),
    ("an action plugin per host, 8 threads", "5", "6-9", "8-10", "440-485"),
    ("an action plugin per host, 8 threads", "10", "6", "8-10", "800"),
    ("one task for all accounts, 16 threads", "1", "6.5-7", "5.3-6.6", "184"),
)

#: CPU ms that a task costs with ansible-core 2.21 and a local connection.
TASKS: t.Final = (
    ("a module that does nothing", "250-300"),
    ("a module that imports boto3 and makes a client", "490-540"),
    ("amazon.aws.aws_caller_info, 2 calls", "530-600"),
    ("an action plugin that does nothing", "15-20"),
    ("an action plugin, boto3 imported in the worker", "170-230"),
    ("an action plugin, boto3 imported by the parent", "40-46"),
)
