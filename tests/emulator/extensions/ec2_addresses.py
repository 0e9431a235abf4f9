# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter of DescribeInstances by all addresses of an instance, which moto lacks.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
"""

from __future__ import annotations

from moto.ec2 import utils
from moto.ec2.models.instances import Instance


def _list_addresses(instance: Instance) -> list[str]:
    """The private addresses of all network interfaces."""
    return [one["PrivateIpAddress"] for nic in instance.nics.values() for one in nic.private_ip_addresses]


def install() -> None:
    """Give moto's DescribeInstances this filter."""
    Instance.emulated_addresses = property(_list_addresses)
    utils.filter_dict_attribute_mapping["network-interface.addresses.private-ip-address"] = "emulated_addresses"
