# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import typing as t

from ansible import constants as C
from ansible_collections.falconops.auth.plugins.module_utils import _client
from ansible_collections.falconops.auth.plugins.module_utils._argspec import SESSION_GATE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import what_is_left
from ansible_collections.falconops.auth.plugins.plugin_utils._context import FACT, context_fact, remembered_client
from ansible_collections.falconops.auth.plugins.plugin_utils._credentials import stored_names
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, own_session, run_id, shown, warn
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import locked
from ansible_collections.falconops.auth.plugins.plugin_utils._options import VARIABLES, Level, Options, plain
from ansible_collections.falconops.auth.plugins.plugin_utils._private import PrivateFiles

# What says who asks: in a session all of it is the role's to say.
_SWITCHED = ("client", "session", "client_id", "client_secret", "cloud", "hostname", "member_cid")
# Seconds that another host may take; the last one out asks the API.
_PATIENCE = 600.0


class ActionModule(FalconAction):
    """A host's way into a session of the role falcon_session and out of it; the last one out revokes its tokens."""

    _door = "role falcon_session"

    def answer(self, variables: Result) -> Result:
        options = self.options(SESSION_GATE_SPEC, variables)
        states = {"current": self._current, "named": self._named, "entered": self._entered, "left": self._left}
        return states[options.value("state")](options)

    def _current(self, options: Options) -> Result:
        """The session of the context, if the token in use is that of the context's client."""
        with contextlib.suppress(FalconError):  # of nobody's token, falcon_token_info tells
            door = self.door(options)
            if door.remembered and door.remembered.client_id == door.client.client_id:
                return {"changed": False, "session": door.remembered.session or ""}
        return {"changed": False}

    def _named(self, options: Options) -> Result:
        """What the role was given, as it stands now: within the session the same variables mean the session."""
        client, given = (options.at(Level.ARGUMENT, name) for name in ("client", "session"))
        if client is None or client.empty:
            raise FalconError("falcon_session_client is empty; give it the name of a stored client.")
        path = os.path.join(options.variables["playbook_dir"], options.value("tasks") or "")
        if not os.path.isfile(path):
            raise FalconError(
                f"falcon_session_tasks is {path}, which is no file; a relative path is relative to the playbook, and a "
                "role of yours gives a file of its own by ansible_parent_role_paths[0] rather than by role_path."
            )
        within = options.value("within")
        if given is None or given.empty or given.value == within:
            # Another one for each use of the role in this run, so that none revokes the token of another.
            use = hashlib.sha256("\n".join((client.value, path, within or "")).encode()).hexdigest()[:8]
            session = f"{own_session()}{use}"
        else:
            session = given.checked(_client.check_session)
        return {"changed": False, "client": client.value, "session": session, "tasks": path}

    def _entered(self, options: Options) -> Result:
        for name in _SWITCHED:
            argument, variable = (options.at(level, name) for level in (Level.ARGUMENT, Level.VARIABLE))
            if argument and variable and (argument.value or "") != (variable.value or ""):
                raise FalconError(
                    f"{VARIABLES[name]} is an extra variable (-e), which beats what the role falcon_session sets for "
                    "its tasks; set it in another place, such as group_vars or vars_files."
                )
        if not options.value("cache"):
            raise options.find("cache").wrong(
                "is false, and what is kept nowhere cannot be revoked in the end; set it to true for the session"
            )
        door = self.door(options)  # where nothing says who asks, nobody enters
        with _noted(options, self._play) as (hosts, clients):
            hosts[options.host] = _context_of(options)
            # In the end tokens are revoked as whom they were issued to, whatever is stored under the name by then.
            clients[door.client.client_id] = context_fact(door.client)[FACT]
        result: Result = {}
        if self._task.check_mode:
            token = door.cached()
            cached = token is not None
            if not cached:
                result["msg"] = f"Would ask {door.client.hostname} for a new token of {door.client}."
        else:
            token, cached = door.token()
        client = door.client.at(token.hostname) if token else door.client
        return {"changed": not cached, **result, **shown(client, token, time.time())}

    def _left(self, options: Options) -> Result:
        # Also in check mode a lookup asks, for a session of the run's own that nobody else revokes.
        may_revoke = not self._task.check_mode or _is_own(options)
        revoked: list[tuple[Client, Token]] = []
        failures: list[FalconError] = []
        now = _context_of(options)
        with _noted(options, self._play) as (hosts, clients):
            entered = bool(hosts)
            before = hosts.pop(options.host, now)
            # Those that became unreachable will not come to leave.
            if entered and may_revoke and not hosts.keys() & set(options.variables["ansible_play_batch"]):
                try:
                    for door in self._doors(options, clients):
                        gone, kept = door.broker.revoke_each(_owners(door))
                        revoked, failures = revoked + gone, failures + kept
                        for owner, token in gone:
                            door.tell("revoked", token, owner=owner)
                except FalconError as error:
                    failures.append(error)
                clients.clear()
                if failures:
                    hosts.clear()  # a thousand hosts need not try in vain
        result: Result = {
            "changed": bool(revoked),
            "revoked": [shown(owner, token, time.time()) for owner, token in revoked],
        }
        if failures:
            result.update(failed=True, msg=_not_revoked(what_is_left(revoked, failures), options))
        elif before != now:
            result["ansible_facts"] = {FACT: before}
        return result

    @property
    def _play(self) -> str:
        """In another play nobody is in a session any more, however it was left."""
        return str(self._task.get_play()._uuid)

    def _doors(self, options: Options, clients: dict[str, t.Any]) -> t.Iterator[Door]:
        """To the tokens of the session's client, and to those of others that its tasks may have named."""
        for fact in clients.values():
            yield self.door(options, remembered_client({"ansible_facts": {FACT: fact}}))
        others: set[str] = set()
        if _is_own(options):  # a session by a name of the user's may be in use elsewhere, by those others
            with contextlib.suppress(FalconError):
                others = stored_names(options, self._loader) - {options.value("client")}
        for name in sorted(others):
            with contextlib.suppress(FalconError):  # nobody has asked as a client that is not fit for it
                yield self.door(self._options_of(options, client=name))

    def _options_of(self, options: Options, **others: str) -> Options:
        arguments = {**self._task.args, **others}
        variables, templar = options.variables, self._templar
        return Options(SESSION_GATE_SPEC, door=self._door, arguments=arguments, variables=variables, templar=templar)


def _is_own(options: Options) -> bool:
    """Whether the session is this run's own."""
    return str(options.value("session")).startswith(own_session())


def _context_of(options: Options) -> dict[str, t.Any]:
    """The host's context as it stands."""
    context: dict[str, t.Any] = plain((options.variables.get("ansible_facts") or {}).get(FACT) or {})
    return context


def _not_revoked(words: str, options: Options) -> str:
    """The failure, and how to finish by hand: in the next run the session has another name."""
    client, session = options.value("client"), options.value("session")
    return FalconError(
        f"{words} A token of the session lives on, for half an hour at most; to end it earlier, run "
        f"falcon_token_revoke with client '{client}' and session '{session}'. If a task of the session failed as well, "
        "its failure stands above."
    ).message


def _owners(door: Door) -> list[Client]:
    """Of every token of the session: tasks in it may have asked for some of members."""
    home = door.broker.home_of(door.client)
    others = [owner for owner, _token in door.broker.all(door.client) if owner != home]
    return [door.client, *(owner for owner in others if owner.session == home.session)]


@contextlib.contextmanager
def _noted(options: Options, play: str) -> t.Iterator[tuple[dict[str, t.Any], dict[str, t.Any]]]:
    """The hosts in the session, each with the context that it came with; and by id, as sealed facts, whom they ask as.

    Hosts may know different clients by the same name. No other process sees or changes this meanwhile. It stands in a
    file in this run's own temporary directory, which a killed process leaves as it was. Facts would do for a few hosts,
    but a thousand of them would each have to look at the facts of a thousand.
    """
    client, session = options.value("client"), options.value("session")
    name = hashlib.sha256(repr((run_id(), play, client, session)).encode()).hexdigest()
    files = PrivateFiles(str(C.DEFAULT_LOCAL_TMP), "falcon_session_")
    with locked(name, warn, seconds=_PATIENCE) as handle:
        if handle is None:
            raise FalconError(
                f"Another host has been entering or leaving the session {session} for more than {_PATIENCE:.0f} "
                "seconds; end its process or try again later."
            )
        noted = json.loads(files.get(name) or "[{}, {}]")
        yield noted[0], noted[1]
        try:
            files.set(name, json.dumps(noted))
            return
        except OSError as error:
            reason = error.strerror or str(error)
    raise FalconError(
        f"The hosts of the session {session} could not be noted in {C.DEFAULT_LOCAL_TMP} ({reason}); make room there, "
        f"and run falcon_token_revoke with client '{client}' and session '{session}'."
    )
