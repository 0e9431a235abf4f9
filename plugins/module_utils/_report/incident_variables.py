# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Files of variables for the next playbook of an incident: what a hunt begins with, and the sessions that it found.

Ansible takes texts of such a file for templates. Intruders choose the names of their sessions, so only what AWS allows
as an id, an ARN or a name is written: letters, digits and ``_+=,.@/:-``. Nothing in them begins a template.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._account.moments import format_utc
from .._converge.incident.declaration import Incident

#: The names of the files, in the folder of an incident.
SEEN: t.Final = "seen.yml"
SEEDS: t.Final = "hunt_seeds.yml"

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_NAME: t.Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_FIELDS: t.Final[Mapping[str, re.Pattern[str]]] = {
    "session_name": _NAME,
    "access_key_id": re.compile(r"A(KIA|SIA)[A-Z0-9]{12,124}", re.ASCII),
    "source_identity": _NAME,
}
_ROLE: t.Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)


def select_sessions(sessions: Iterable[Mapping[str, t.Any]]) -> list[dict[str, str]]:
    """Select the sessions that a containment can use, each without the names that AWS does not allow.

    Without a name of the session, all sessions of its role that began before the containment are cut.
    """
    found = [
        {"role": str(session["role"]), **{name: _allow(session.get(name), form) for name, form in _FIELDS.items()}}
        for session in sessions
        if _ROLE.fullmatch(str(session.get("role")))
    ]
    return list({json.dumps(session, sort_keys=True): session for session in found}.values())


def _allow(value: t.Any, form: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def write_seen(incident_id: str, sessions: Sequence[Mapping[str, t.Any]]) -> bytes:
    """Write the sessions that a hunt found, for contain.yml. It is of one incident, and contains nobody for another."""
    return _write(
        "Sessions that a hunt suspects, for contain.yml.",
        {"compromise_response_incident_id": incident_id, "compromise_response_seen": select_sessions(sessions)},
    )


def write_seeds(incident: Incident, headline: str) -> bytes:
    """Write what a hunt begins with, for hunt.yml: keys of an incident, its users, and the roles of its sessions.

    ``headline`` is the verdict of the containment, in one line.
    """
    keys = dict.fromkeys(key.id for key in incident.keys)
    principals = dict.fromkeys((*incident.users, *(session.role for session in incident.sessions)))
    return _write(
        f"What the incident names, for hunt.yml. The containment ended with: {headline}",
        {
            "credential_hunt_incident_id": incident.id,
            "credential_hunt_access_key_ids": list(keys),
            "credential_hunt_principals": list(principals),
            "credential_hunt_since": format_utc(incident.since) if incident.since else "",
        },
    )


def _write(head: str, variables: Mapping[str, t.Any]) -> bytes:
    lines = [f"# {head}", "---"]
    for name, value in variables.items():
        if value and isinstance(value, list):
            # JSON is YAML.
            lines += [f"{name}:", *(f"  - {json.dumps(item)}" for item in value)]
        elif value:
            lines.append(f"{name}: {json.dumps(value)}")
    return "\n".join([*lines, ""]).encode()
