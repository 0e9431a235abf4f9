# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running emulator with a small organization."""

from __future__ import annotations

import typing as t

import pytest

from emulator.client import Emulator, EmulatorProcess

from .small import SMALL, Aws


@pytest.fixture(scope="session")
def process() -> t.Iterator[EmulatorProcess]:
    """The emulator that all tests share; ask for ``emulator`` to have it fresh."""
    with EmulatorProcess(seed="bare") as running:
        yield running


@pytest.fixture
def emulator(process: EmulatorProcess) -> Emulator:
    """The emulator with the small organization, without faults, with an empty log."""
    process.control.reset(SMALL)
    return process.control


@pytest.fixture
def aws(emulator: Emulator) -> Aws:
    """Clients for the emulator."""
    return Aws(emulator.url)
