# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The names of an incident: its id, its record, the modules that contain, and their passes."""

from __future__ import annotations

import enum
import re
import typing as t

#: The folder of all records beside the journal, with a folder for each account.
INCIDENTS: t.Final = "control/incidents/"
#: The folder of the indexes of released records. They are not among the records: each object there counts as one.
RELEASED: t.Final = "control/incidents-released/"
#: The modules whose changes contain principals, and release them.
MODULES: t.Final = ("credential_quarantine", "session_revocation", "organization_containment")
#: Those that contain credentials and sessions in an account, and the one that contains whole accounts.
OF_CREDENTIALS: t.Final = MODULES[:2]
ORGANIZATION_MODULE: t.Final = MODULES[2]
#: The ending of the id of a record of the organization's containment: it is released by itself.
OF_ORGANIZATION: t.Final = ".organization"
#: The control policy that the bootstrap makes and attaches before any incident. Only its content is ever changed.
DORMANT_POLICY: t.Final = "IamHardeningDormant"
#: Begins the kinds of the changes that switch off a key which may have been made for another user.
KIND_MINTED: t.Final = "minted_key"
#: What an id may look like: it becomes part of keys, policy names and tags.
ALLOWED_ID: t.Final = "3 to 32 letters, digits and '-', beginning with a letter or digit"

_ID: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,31}", re.ASCII)
_ENDING: t.Final = ".json"


class Pass(enum.StrEnum):
    """The passes of a containment. Each does the same: whatever is not as wanted is done, or done again.

    After all but ``LAST`` something else judges what is left: a later pass, or the end of ``contain.yml``.
    """

    FIRST = "first"
    SECOND = "second"
    RECHECK = "recheck"
    LAST = "last"


def is_incident_id(text: str) -> bool:
    """Whether a text can be the id of an incident."""
    return _ID.fullmatch(text) is not None


def is_record_id(text: str) -> bool:
    """Whether a text can be the id of a record: that of an incident, or of what it contains of the organization."""
    return is_incident_id(text.removesuffix(OF_ORGANIZATION))


def incident_of(record_id: str) -> str:
    """The incident that a record is of."""
    return record_id.removesuffix(OF_ORGANIZATION)


def record_folder(account_id: str) -> str:
    """Where the records of an account are: a prefix of keys."""
    return f"{INCIDENTS}{account_id}/"


def record_key(account_id: str, incident_id: str) -> str:
    """Where the record of an incident in an account is."""
    return f"{record_folder(account_id)}{incident_id}{_ENDING}"


def index_key(account_id: str) -> str:
    """Where the index of the released records of an account is."""
    return f"{RELEASED}{account_id}.json"


def find_id(key: str, account_id: str) -> t.Optional[str]:
    """Find the id that the key of a record names, which may be none; None if the key is not that of a record.

    Folders that the console of S3 makes are objects as well, and other tools leave files.
    """
    name = key.removeprefix(record_folder(account_id))
    return name.removesuffix(_ENDING) if name.endswith(_ENDING) else None
