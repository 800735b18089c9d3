# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The fact-cache backend as a place for opaque texts: the only file that knows cache plugins."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import os
import threading
import time
import typing as t
from concurrent.futures import Future, wait

from ansible import constants as C
from ansible.plugins.loader import cache_loader
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE
from ansible_collections.falconops.auth.plugins.plugin_utils._private import (
    PrivateFiles,
    Warn,
    private_directory,
    sweep,
)

_LOG = logging.getLogger(__name__)

# Plugins whose content no second process sees: ansible-playbook forks a worker for each host and task.
_MEMORY = ("memory", "ansible.builtin.memory", "ansible.legacy.memory")
# Plugins that keep files answer at once. Any other may wait for a server, for as long as its library likes.
_FILES = ("jsonfile", "pickle", "yaml")
# Seconds that a server may take before it counts as down. The client of Memcached gives up after three, and then says
# that there is nothing.
_PATIENCE = 2.5


@dataclasses.dataclass(frozen=True)
class StoreSettings:
    """Which cache plugin keeps tokens; None: as configured for facts."""

    plugin: str | None
    connection: str | None
    prefix: str


def load(*plugins: str) -> None:
    """Load the classes of these cache plugins, and what is configured for facts, where tokens can lie in it."""
    for plugin in {C.CACHE_PLUGIN, *plugins}.difference(_MEMORY):
        with contextlib.suppress(Exception):  # what is wrong with it is told where it is used
            cache_loader.get(plugin, class_only=True)


class Breaker:
    """Whether a process of this run has found the store to be of no use, so that the others need not find out."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings

    @property
    def _path(self) -> str:
        # The run's temporary directory: every process of the run has it, and it goes when the run ends.
        name = hashlib.sha256(repr(self._settings).encode()).hexdigest()[:16]
        return os.path.join(C.DEFAULT_LOCAL_TMP, f"falconops_auth_store_{name}_is_down")

    def is_open(self) -> bool:
        """Whether somebody gave up."""
        return os.path.exists(self._path)

    def open(self) -> bool:
        """Give up, for the whole run. Whether this process was the first to do so."""
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except FileExistsError:
            return False
        except OSError:
            return True  # nobody else will know, but this process does
        return True


class _AnyKey:
    """In place of the set in which the plugin for Memcached lists the keys of everything, facts too.

    It reads that set once and writes it as a whole at every look, without what seems expired to whoever looks: what
    another process added in between is lost. So it is left to the facts, and what can be got is there.
    """

    def __contains__(self, key: str) -> bool:
        return True

    def change(self, *_keys: t.Any) -> None:
        """Change nothing."""

    add = discard = remove_by_timerange = change


class _Plugin:
    """Texts by name in a cache plugin of Ansible's. It raises whatever the plugin, or a library below it, raises."""

    def __init__(self, plugin: t.Any) -> None:
        self._plugin = plugin

    def get(self, name: str) -> t.Any:
        """What lies under this name; None if nothing does, "" if it cannot be read."""
        if not self._plugin.contains(name):
            return None
        try:
            return self._plugin.get(name)
        except KeyError as error:
            # It went in between, unless ansible-core misses its own wrapping around the value (2.19 and later).
            return "" if "__payload__" in error.args else None
        except Exception:
            return ""  # it is there, but it is garbage

    def set(self, name: str, text: str) -> None:
        """Keep a text.

        Ansible's file plugins leave open every file that they write: in a loop over hundreds of members, until nothing
        can be opened any more. Such a file has the lowest free number, and the text in it.
        """
        number = os.open(os.devnull, os.O_RDONLY)
        os.close(number)
        self._plugin.set(name, text)
        with contextlib.suppress(OSError):
            if text.encode() in os.pread(number, 2 * len(text) + 1000, 0):
                os.close(number)

    def delete(self, name: str) -> None:
        """Forget what lies under this name. Some plugins delete only what they have read."""
        if self.get(name) is not None:
            with contextlib.suppress(KeyError):
                self._plugin.delete(name)


class Backend:
    """Texts by name, in the cache plugin that the user has chosen or, where that is no help, in private files.

    Whatever a plugin raises, and that it says nothing for too long, means that it cannot be used now: one warning, and
    the private files take over, for all processes of the run.
    """

    def __init__(self, settings: StoreSettings, warn: Warn) -> None:
        self._settings = settings
        self._warn = warn
        self._plugin = settings.plugin or C.CACHE_PLUGIN
        self._private = self._plugin in _MEMORY
        self._patience = None if self._plugin.rpartition(".")[2] in _FILES else _PATIENCE
        self._broken = Breaker(settings)

    def get(self, name: str) -> t.Any:
        """What lies under this name, unverified; None if nothing does; "" if it is there but cannot be read."""
        began = time.perf_counter()
        found = self._do(lambda keeper: keeper.get(name))
        took, where = (time.perf_counter() - began) * 1000, "private files" if self._private else self._plugin
        there = "not there" if found is None else "there"
        _LOG.debug("entry %s%s is %s (%s, %.1f ms)", self._settings.prefix, name, there, where, took)
        return found

    def set(self, name: str, text: str) -> None:
        """Keep a text. File plugins only warn when they cannot write, so it is read back.

        What stands there instead is another control node's, if it is none of what stood there before: locks do not
        reach other nodes. One of them may also have deleted ours in between, so that it is written once more.
        """
        before = None if self._private else self.get(name)
        for _try in range(2):
            self._do(lambda keeper: keeper.set(name, text))
            if self._private or (found := self.get(name)) == text or found not in (None, "", before):
                break
        else:
            self._give_up("what was written cannot be read back")
            self._do(lambda keeper: keeper.set(name, text))
        if self._private:
            with contextlib.suppress(OSError):  # of which the user has been warned
                sweep(self._directory(), older_than=LONGEST_LIFE)

    def delete(self, name: str) -> None:
        """Forget what lies under this name. File plugins say nothing when they cannot, so it is looked for."""
        before = None if self._private else self.get(name)
        self._do(lambda keeper: keeper.delete(name))
        if not self._private and before is not None and self.get(name) == before:
            self._give_up("what was deleted is still there")

    def _do(self, action: t.Callable[[_Plugin | PrivateFiles], t.Any]) -> t.Any:
        # Any plugin, any library below it, any exception: for us it is a store that is down. Its text is not shown,
        # since a connection's may hold a password.
        if not self._private and not self._broken.is_open():
            try:
                return self._bounded(lambda: action(self._opened()))
            except Exception as error:
                reason = type(error).__name__
            self._give_up(reason)
        try:
            return action(PrivateFiles(self._directory(), self._settings.prefix))
        except Exception as error:
            reason = str(getattr(error, "strerror", None) or type(error).__name__)
        self._warn(f"falconops.auth can keep no tokens in its private files ({reason}); each host asks for its own.")
        return None

    def _give_up(self, reason: str) -> None:
        self._private = True
        if self._broken.open():
            self._warn(
                f"The token store '{self._plugin}' cannot be used ({reason}); falconops.auth keeps tokens in private "
                "files of this control node instead. Check how this plugin is configured."
            )

    def _bounded(self, call: t.Callable[[], t.Any]) -> t.Any:
        """What the call returns or raises. Raises TimeoutError if it takes too long, or another process gave up."""
        if self._patience is None:
            return call()
        outcome: Future[t.Any] = Future()

        def run() -> None:
            try:
                outcome.set_result(call())
            except BaseException as error:
                outcome.set_exception(error)

        # A daemon, since nothing can end a thread that waits for a server, and nobody shall wait for it.
        threading.Thread(target=run, daemon=True).start()
        end = time.monotonic() + self._patience
        while not wait([outcome], timeout=0.1).done:
            if time.monotonic() > end or self._broken.is_open():
                raise TimeoutError
        return outcome.result()

    # A plugin object remembers what it has once read and never looks again, so each use gets a new one.

    def _opened(self) -> _Plugin:
        try:
            return self._chosen()
        except Exception:
            return self._chosen()  # of two processes that make the plugin's directory, one fails

    def _chosen(self) -> _Plugin:
        given = {} if self._settings.connection is None else {"_uri": self._settings.connection}
        plugin = cache_loader.get(
            self._plugin,
            _prefix=self._settings.prefix,
            _timeout=LONGEST_LIFE,
            # Redis keeps its keys in a set, and drops what seems expired there: the facts' set is not ours.
            _keyset_name=f"{self._settings.prefix}keys",
            **given,
        )
        if plugin is None:
            raise LookupError("no such cache plugin")
        if self._plugin.endswith("memcached"):
            plugin._keys = _AnyKey()
        return _Plugin(plugin)

    def _directory(self) -> str:
        return private_directory("tokens", self._warn)
