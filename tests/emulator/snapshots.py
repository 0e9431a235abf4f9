# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy moto's whole state into bytes, and put it back. The bytes are of use to the process that made them only."""

from __future__ import annotations

import copyreg
import functools
import io
import pickle
import threading
import types
import typing as t
import weakref

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from moto.core.base_backend import BackendDict, backend_lock
from moto.moto_api._internal import mock_random
from moto.s3.utils import _VersionedKeyStore
from moto.securityhub.models import SecurityHubBackend

from emulator.seed import populate

Registry: t.TypeAlias = "BackendDict[t.Any]"

# Every registry is a global of a module of moto's, so it lives as long as the process.
_registries: dict[int, Registry] = {}
# Functions within functions, which nothing can find by name. They stay as long as the process.
_functions: dict[int, types.FunctionType] = {}


def take() -> bytes:
    """Copy the state of all accounts. The caller holds the server's lock."""
    with backend_lock:
        registries = list(BackendDict._instances)
        _registries.update({id(registry): registry for registry in registries})
        state = (
            [(id(registry), dict(dict.items(registry)), _maps(registry)) for registry in registries],
            dict(SecurityHubBackend._org_configs),
            mock_random.getstate(),
        )
    stream = io.BytesIO()
    pickler = _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL)
    # moto's modules hold the registries themselves: an object that refers to one must find that one again, not a copy.
    kinds: dict[type, t.Any] = {**copyreg.dispatch_table, **{type(registry): _refer for registry in registries}}
    # The queues of SQS have locks. Nobody holds one while the server is locked.
    kinds |= {type(make()): functools.partial(_make, make) for make in (threading.Lock, threading.RLock)}
    kinds[_VersionedKeyStore] = _copy_versions
    # Lambda finds its functions by ARN in such a one; what is in it is kept elsewhere too.
    kinds[weakref.WeakValueDictionary] = lambda found: (weakref.WeakValueDictionary, (dict(found),))
    pickler.dispatch_table = kinds
    pickler.dump(state)
    return stream.getvalue()


def restore(state: bytes) -> None:
    """Replace the state of all accounts by a copy. The caller holds the server's lock."""
    # First, since it closes what the present state has open, such as the buffers of S3's objects.
    populate.reset()
    # This process made the bytes, in take().
    registries, hubs, random_state = pickle.loads(state)
    with backend_lock:
        for key, accounts, maps in registries:
            registry = _registries[key]
            registry.update(accounts)
            for name, value in maps.items():
                getattr(registry, name).clear()
                getattr(registry, name).update(value)
            BackendDict._instances.append(registry)
        SecurityHubBackend._org_configs.update(hubs)
        mock_random.setstate(random_state)


class _Pickler(pickle.Pickler):
    """A pickler that copies the private keys of KMS too, and refers to functions that have no name of their own."""

    def reducer_override(self, item: t.Any) -> t.Any:
        """How to copy a private key or such a function; everything else is copied as usual."""
        if isinstance(item, types.FunctionType) and "<locals>" in item.__qualname__:
            # Lambda makes the entries of a dictionary by one, once a function was asked for.
            _functions[id(item)] = item
            return _function, (id(item),)
        if (type(item).__module__, type(item).__name__) == ("moto.ssm.models", "ParameterDict"):
            # A dictionary that is made from the place it is of, which pickle does not know.
            place = (item.account_id, item.region_name)
            return type(item), place, vars(item), None, iter(list(dict.items(item)))
        if not isinstance(item, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
            return NotImplemented
        content = item.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return _private_key, (content,)


def _private_key(content: bytes) -> t.Any:
    return load_der_private_key(content, None)


def _maps(registry: Registry) -> dict[str, t.Any]:
    """What a registry knows besides its backends, such as which account a bucket or an organization belongs to."""
    return {name: dict(value) for name, value in vars(registry).items() if isinstance(value, dict)}


def _refer(registry: Registry) -> tuple[t.Any, tuple[int]]:
    _registries[id(registry)] = registry
    return _registry, (id(registry),)


def _copy_versions(keys: t.Any) -> tuple[t.Any, tuple[list[tuple[str, list[t.Any]]]]]:
    """Copy the objects of a bucket with their versions: as a dictionary it shows the newest ones only."""
    return _make_versions, (list(keys._iterlists()),)


def _make_versions(lists: list[tuple[str, list[t.Any]]]) -> t.Any:
    keys = _VersionedKeyStore()
    for key, versions in lists:
        keys.setlist(key, versions)
    return keys


def _make(maker: t.Any, _lock: t.Any) -> tuple[t.Any, tuple[()]]:
    return maker, ()


def _function(key: int) -> types.FunctionType:
    return _functions[key]


def _registry(key: int) -> Registry:
    return _registries[key]
