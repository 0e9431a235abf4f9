# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The waves of a run as it goes on: the input of the gate behind a wave, its verdict, and the state of every wave."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping

from ..module_utils._converge.run_control.wave_state import CLOSED, PASSED
from ._fleet import host_of
from ._run_input import Host, account_of
from ._run_notes import RunNotes
from ._task_input import WAVE_PASSED
from ._wave_hosts import hash_declaration
from ._waves import Wave, WavePlan

# The states of waves without a verdict.
CHECKED: t.Final = "checked"
DONE: t.Final = "done"
NOT_BEGUN: t.Final = "not_begun"

Result = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class WaveRun:
    """The waves of a run: the plan, the variables of hosts, and the notes with the verdicts of the gates."""

    plan: WavePlan
    hostvars: t.Any
    templar: t.Any
    notes: RunNotes

    def ask_gate(self, position: int) -> dict[str, t.Any]:
        """The options of the gate behind the wave at this position."""
        wave, names = self.plan.present[position]
        return {
            "wave": wave.name,
            "accounts": [self._describe_account(name) for name in names],
            "soak_hours": wave.soak_hours,
            "declaration": self.hash_wave(wave),
        }

    def hash_wave(self, wave: Wave) -> str:
        """The hash of what is declared for a wave, with or without ``--limit``. It is worked out once in a process."""
        names = self.plan.hosts[self.plan.waves.index(wave)]
        return self.notes.recall(
            f"declaration {wave.name}", lambda: hash_declaration(wave.name, names, self.hostvars, self.templar)
        )

    def hash_wave_of(self, host: str) -> str:
        """The hash of what is declared for the wave of a host; empty if it is in none."""
        position = self.plan.find_position(host)
        return "" if position is None else self.hash_wave(self.plan.present[position][0])

    def find_closed_gate_of(self, host: str) -> str:
        """Explain why the wave of a host may not begin; empty if it may."""
        position = self.plan.find_position(host)
        return f"{host} is in no wave" if position is None else self.find_obstacle(position)

    def find_obstacle(self, position: int) -> str:
        """Explain why no gate has to be asked: a wave before the one at this position has not passed its own."""
        for before in range(position):
            verdict = self.find_verdict(before)
            if verdict is None or verdict["verdict"] != PASSED:
                return f"the gate after wave {self.plan.present[before][0].name} has not passed"
        return ""

    def keep_verdict(self, position: int, result: Mapping[str, t.Any]) -> None:
        """Keep the verdict on the wave at this position.

        A wave in which nothing was written, or no role enforces, passes, and lifts no cap: it proves nothing.
        """
        kept = {name: result.get(name) for name in ("verdict", "reasons", "until")}
        self.notes.keep(f"wave {position}", json.dumps(kept, default=str))
        if kept["verdict"] == PASSED and result.get("lifts_cap") is True:
            self.notes.claim(WAVE_PASSED, self.plan.present[position][0].name)

    def find_verdict(self, position: int) -> t.Optional[dict[str, t.Any]]:
        """The verdict on the wave at this position; None if its gate was not asked."""
        found = self.notes.find(f"wave {position}")
        return None if found is None else t.cast(dict[str, t.Any], json.loads(found))

    def list_states(self, *, check_mode: bool) -> list[dict[str, t.Any]]:
        """The state of every wave, for the report of the run."""
        return [self._describe_wave(position, check_mode=check_mode) for position in range(len(self.plan.present))]

    def _describe_wave(self, position: int, *, check_mode: bool) -> dict[str, t.Any]:
        wave, names = self.plan.present[position]
        accounts = [account_of(host) or host.name for host in map(self._find_host, names)]
        known = {"verdict": CHECKED} if check_mode else self._judge_wave(position)
        return {
            "name": wave.name,
            "state": known["verdict"],
            "accounts": accounts,
            "reasons": list(known.get("reasons") or ()),
            "until": known.get("until"),
        }

    def _judge_wave(self, position: int) -> Mapping[str, t.Any]:
        if self.find_obstacle(position):
            return {"verdict": NOT_BEGUN}
        is_last = position == len(self.plan.present) - 1
        no_answer = {"verdict": DONE} if is_last else {"verdict": CLOSED, "reasons": ["the gate gave no answer"]}
        return self.find_verdict(position) or no_answer

    def _describe_account(self, name: str) -> dict[str, t.Any]:
        host = self._find_host(name)
        failure = host.variables.get("hardening_failure")
        reason = str(failure.get("reason") or "it failed") if isinstance(failure, Mapping) else ""
        return {
            "account_id": account_of(host) or "",
            "role_arn": host.value("aws_assessor_role_arn") or host.value("aws_assume_role_arn") or "",
            "external_id": host.value("aws_external_id") or "",
            "failure": reason,
        }

    def _find_host(self, name: str) -> Host:
        return host_of(name, self.hostvars, self.templar)


def close_gate(wave: str, reason: str) -> Result:
    """The result of a gate that could not be judged."""
    return {"changed": False, "wave": wave, "verdict": CLOSED, "reasons": [" ".join(reason.split())], "until": None}
