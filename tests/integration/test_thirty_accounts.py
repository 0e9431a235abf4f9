# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thirty accounts in one run, most of them in trouble: the others are not affected, and the report says who is."""

from __future__ import annotations

import typing as t

from troubled_fleet import TroubledFleet

from .conftest import MakeAnsible, write_inventory

FLEET: t.Final = TroubledFleet(accounts=30)
# The time-outs of a run take minutes: the benchmark of a thousand accounts waits for them.
DEAD: t.Final = {"kind": "drop"}


def test_accounts_in_trouble_cost_the_others_nothing(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(FLEET.seed())
    inventory = write_inventory(ansible.directory, FLEET.hosts())
    compared = [*FLEET.account_ids[:2], *FLEET.throttled[:4]]
    hosts = ",".join(["localhost", *map(FLEET.host_of, compared)])
    arguments = ("--check", "--forks", "10", "--limit", hosts)
    before = ansible.playbook("assess", *arguments, inventory=inventory, hardening_report_dir="./before").succeeded()
    ansible.control.faults(FLEET.faults(DEAD))
    outcome = ansible.playbook("assess", *arguments[:3], inventory=inventory)
    ansible.control.clear_faults()
    assert outcome.status == 2
    assert outcome.writes == []
    FLEET.check(outcome.reports, outcome.output, before=before.directory / "before", requests=outcome.requests)
    assert all(outcome.count_tasks(host) <= 4 for host in list(FLEET.hosts())[1:])
