# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``on_call.html`` and ``management.html``: an incident in words. An intruder chose some of them, so all is escaped."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ...module_utils._account.moments import format_utc
from ...module_utils._report.incident_story import Story
from . import page
from .page import Section

#: For whom the pages are.
READERS: t.Final = ("For the person on call", "For management")
_SENTENCES: t.Final = "incident/sentences.html.j2"


def render(story: Story, reader: str, *, incident_id: str, now: datetime) -> str:
    """Render a page. What to do comes first, and what is open next."""
    sections = [
        Section("steps", "What to do now", "incident/steps.html.j2", {"steps": story.steps}),
        *(
            Section(name, title, _SENTENCES, {"sentences": sentences})
            for name, title, sentences in (
                ("open", "What is open", story.open),
                ("closed", "What is closed", story.closed),
                ("what", "What happened", story.what),
                ("since", "Since when", story.since),
                ("taken", "What was taken", story.taken),
            )
        ),
    ]
    return page.render(
        "incident.html.j2",
        title=f"Incident {incident_id}: {reader[0].lower()}{reader[1:]}",
        subtitle=reader,
        sections=sections,
        footer="Times are in UTC. No verdict on a call is certain. What the record lacks is not known.",
        incident_id=incident_id,
        is_open=story.is_open,
        written=format_utc(now),
    )
