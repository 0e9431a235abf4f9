# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plugin of pytest: integration tests run as always, and what their modules read is recorded.

HARDENING_SOURCES_TO names the directory that takes the recordings. It needs ``-p sources.recording_plugin``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_CALLBACKS = Path(__file__).with_name("callback")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Record the modules that tests run in this process, and by a callback those that playbooks run."""
    from . import recorder  # after conftest.py has made the collection importable

    os.environ["ANSIBLE_CALLBACKS_ENABLED"] = "record_sources"
    os.environ["ANSIBLE_CALLBACK_PLUGINS"] = str(_CALLBACKS)
    # Else the command ansible, which runs one module, loads none.
    os.environ["ANSIBLE_LOAD_CALLBACK_PLUGINS"] = "1"
    recorder.record_all(Path(os.environ["HARDENING_SOURCES_TO"]), setattr)
