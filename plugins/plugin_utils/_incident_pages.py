# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Two pages of an incident, for the person on call and for management, from its last containment and its last hunt.

Each run of contain.yml and of hunt.yml writes them again from its own document and the other's file.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..module_utils._converge.store import Store, StoreError
from ..module_utils._questions.credential_hunt.output import SCHEMA as HUNT_SCHEMA
from ..module_utils._questions.credential_hunt.workspace import DOCUMENT as HUNT
from ..module_utils._report.document import DocumentError, decode
from ..module_utils._report.incident_story import Story, tell_management, tell_on_call
from ._render import incident_html

#: The verdict of a containment, in the folder of an incident.
VERDICT: t.Final = "verdict.json"
VERDICT_SCHEMA: t.Final = "hardening.iam/incident-verdict/1"
ON_CALL: t.Final = "on_call.html"
MANAGEMENT: t.Final = "management.html"

Document = Mapping[str, t.Any]


def write_pages_of_containment(store: Store, verdict: Document, *, now: datetime) -> list[str]:
    """Write both pages with this verdict, and with the last hunt from its file; return their places.

    :raises StoreError: a page can't be written.
    """
    hunt, notes = _read(store, verdict["incident_id"], HUNT, HUNT_SCHEMA, lambda found: _tell(verdict, found))
    return _write(store, verdict["incident_id"], _tell(verdict, hunt, notes), now)


def write_pages_of_hunt(store: Store, hunt: Document, *, now: datetime) -> list[str]:
    """Write both pages with this hunt, and with the last verdict from its file. As write_pages_of_containment."""
    verdict, notes = _read(store, hunt["incident_id"], VERDICT, VERDICT_SCHEMA, lambda found: _tell(found, hunt))
    return _write(store, hunt["incident_id"], _tell(verdict, hunt, notes), now)


def _tell(verdict: t.Optional[Document], hunt: t.Optional[Document], notes: Sequence[str] = ()) -> tuple[Story, Story]:
    return tell_on_call(verdict, hunt, notes), tell_management(verdict, hunt, notes)


def _write(store: Store, incident_id: str, stories: tuple[Story, Story], now: datetime) -> list[str]:
    places = []
    for name, reader, story in zip((ON_CALL, MANAGEMENT), incident_html.READERS, stories, strict=True):
        page = incident_html.render(story, reader, incident_id=incident_id, now=now)
        places.append(store.put(f"incident/{incident_id}/{name}", page.encode()))
    return places


def _read(
    store: Store, incident_id: str, name: str, schema: str, tell: Callable[[Document], object]
) -> tuple[t.Optional[Document], tuple[str, ...]]:
    """Read a document of the incident; None if there is none, or none that can be shown, and then a note says why.

    Anybody who can write to the place of reports can forge it: what can be shown has all members that the pages need.
    """
    key = f"incident/{incident_id}/{name}"
    where = f"{store.location.rstrip('/')}/{key}"
    try:
        content = store.get(key)
        if content is None:
            return None, ()
        document = decode(content, where=where, schema=schema)
        if document["incident_id"] != incident_id:
            raise DocumentError(f"{where} is of the incident {document['incident_id']!r}")
        tell(document)
    except (StoreError, DocumentError) as error:
        return None, (f"Not known: {error}.",)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None, (f"Not known: {where} lacks members, or has others than it should.",)
    return document, ()
