# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The API as the doors see it: asked from the control node or, by the real modules, from a delegated task's machine."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import time
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import may_go
from ansible_collections.falconops.auth.plugins.module_utils._connection import Connection
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import PACE

if t.TYPE_CHECKING:
    from ansible_collections.falconops.auth.plugins.module_utils._line import Tokens
    from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire


class Api(t.Protocol):
    """What a broker needs of the API. Each call raises FalconError."""

    @property
    def way(self) -> str:
        """Stands for the way on which it is asked: what failed on one may succeed on another."""

    def request(self, client: Client) -> Token:
        """A new token."""

    def revoke(self, client: Client, access_token: str) -> None:
        """Make a token dead; the client's host is the one that issued it."""

    def is_live(self, client: Client, access_token: str) -> bool:
        """Whether the API at the client's host still takes this token."""

    def call(self, client: Client, call: Call, tokens: Tokens, **streams: t.Any) -> dict[str, t.Any]:
        """The result of a call at the client's host; streams: as of `perform`."""


class ApiFromHere:
    """The API, asked from this process. Only here, and only when it must be asked, is requests loaded."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def way(self) -> str:
        return _way(self._connection)

    def request(self, client: Client) -> Token:
        from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import request_token

        return request_token(self._wire(), client)

    def revoke(self, client: Client, access_token: str) -> None:
        from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import revoke_token

        revoke_token(self._wire(), client, access_token)

    def is_live(self, client: Client, access_token: str) -> bool:
        from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import is_live

        return is_live(self._wire(), client, access_token)

    def call(self, client: Client, call: Call, tokens: Tokens, **streams: t.Any) -> dict[str, t.Any]:
        from ansible_collections.falconops.auth.plugins.module_utils._calls import perform

        return perform(self._wire(), client, call, tokens, **streams)

    def _wire(self) -> Wire:
        from ansible_collections.falconops.auth.plugins.module_utils._wire import wire_of_process

        return wire_of_process(self._connection, os.getpid(), PACE)


class ApiFromThere:
    """The API, asked from the machine that a task is delegated to, where it alone may reach the cloud."""

    def __init__(self, action: ActionBase, variables: dict[str, t.Any], connection: Connection) -> None:
        self._action = action
        self._variables = variables
        self._connection = connection

    @property
    def way(self) -> str:
        return _way(self._connection, self._action._task.delegate_to)

    def request(self, client: Client) -> Token:
        result = self._run("falcon_token", client)
        try:
            token = Token.from_answer(result, hostname=str(result.get("hostname")), now=time.time())
        except ValueError:
            raise self._did_not_run(client) from None
        if may_go(client.hostname, token.hostname):
            return token
        raise FalconError(
            f"Asking {client.hostname} from {self._action._task.delegate_to} failed: the token is said to come from a "
            "host that is not CrowdStrike's and was not asked, and was not taken; find out what answers there.",
            refused=True,
        )

    def revoke(self, client: Client, access_token: str) -> None:
        if self._run("falcon_token_revoke", client, access_token=access_token).get("changed") is not True:
            raise self._did_not_run(client)

    def is_live(self, client: Client, access_token: str) -> bool:
        live = self._run("falcon_token_info", client, access_token=access_token).get("token")
        if not isinstance(live, bool):
            raise self._did_not_run(client)
        return live

    def call(self, client: Client, call: Call, tokens: Tokens, **streams: t.Any) -> dict[str, t.Any]:
        told = {name: value for name, value in dataclasses.asdict(call).items() if value is not None}
        told["read_only"] = told.pop("reads")
        access_token = tokens.current()
        result = self._run("falcon_api", client, access_token=access_token, **told)
        if result.get("dead"):
            result = self._run("falcon_api", client, access_token=tokens.renewed(access_token), **told)
        if result.get("dead"):
            failure = FalconError(
                f"On {self._action._task.delegate_to}: {call} at {client.hostname} failed with 401, and with a new "
                "token again; the API client may have been disabled.",
                refused=True,
            )
            tokens.in_vain(failure)
            raise failure
        if not isinstance(result.get("status"), int):
            raise self._did_not_run(client, "" if call.reads else f"look whether {call} was done, and mind that ")
        return _only_told(result)

    def _run(self, module: str, client: Client, **more: t.Any) -> dict[str, t.Any]:
        """The result of the real module there, with options that are resolved and checked."""
        action = self._action
        self._refuse_to_show(client)
        try:
            with _as_the_module_needs_it(action):
                result = action._execute_module(
                    module_name=f"falconops.auth.{module}",
                    module_args={
                        "client_id": client.client_id,
                        "client_secret": client.client_secret,
                        "hostname": client.hostname,
                        "member_cid": client.member_cid,
                        **dataclasses.asdict(self._connection),
                        **more,
                    },
                    task_vars=self._variables,
                )
        except AnsibleConnectionFailure:
            raise  # the machine cannot be reached, which is Ansible's to tell
        except AnsibleError:
            raise FalconError(
                f"Asking {client.hostname} from {action._task.delegate_to} failed before anything was sent: Ansible "
                "could not start the module there; if the task has become, check its password, and that become_user "
                "may read what the connection's user puts there."
            ) from None
        if "refused" in result:
            words, refused = f"On {action._task.delegate_to}: {result['msg']}", bool(result["refused"])
            if isinstance(result.get("done"), dict):
                raise CallFailed(words, _only_told(result["done"]), refused=refused)
            raise FalconError(words, refused=refused, lasting=bool(result.get("lasting")))
        # What else went wrong is Ansible's or Python's to tell, in words that may hold what was sent there.
        return {} if result.get("failed") else t.cast("dict[str, t.Any]", result)

    def _refuse_to_show(self, client: Client) -> None:
        """Refuse what would show the secret among the module's arguments, or leave it to others in their file there."""
        action = self._action
        machine = action._task.delegate_to
        if C.DEFAULT_DEBUG:
            raise FalconError(
                f"ANSIBLE_DEBUG is on, so that Ansible would print the secret of {client} on its way to {machine}; "
                "switch it off, and use -vvv."
            )
        if C.DEFAULT_KEEP_REMOTE_FILES:
            raise FalconError(
                f"keep_remote_files is on, so that the secret of {client} would stay in a file on {machine}; switch it "
                "off (ANSIBLE_KEEP_REMOTE_FILES, or keep_remote_files in ansible.cfg)."
            )
        for_all = action._is_become_unprivileged() and action.get_shell_option("world_readable_temp", False)
        if for_all and not action._is_pipelining_enabled("new"):
            raise FalconError(
                f"allow_world_readable_tmpfiles is on, so that every user of {machine} could read the secret of "
                f"{client} while the module runs as {action.get_become_option('become_user')}; switch it off, or "
                "pipelining on."
            )

    def _did_not_run(self, client: Client, doubt: str = "") -> FalconError:
        return FalconError(
            f"Asking {client.hostname} from {self._action._task.delegate_to} failed: the module did not run there, or "
            f"not to its end; {doubt}it needs Python 3.8 or newer with the library requests there, see "
            "ansible_python_interpreter."
        )


def _way(connection: Connection, machine: str | None = None) -> str:
    """A digest, since the URL of a proxy may hold a password."""
    from urllib.request import getproxies_environment

    parts = (dataclasses.astuple(connection), sorted(getproxies_environment().items()), machine)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@contextlib.contextmanager
def _as_the_module_needs_it(action: ActionBase) -> t.Iterator[None]:
    """The action's task as it is to be while a module runs."""
    task, play = action._task, action._play_context
    kept = task.no_log, play.no_log, task.environment, task.check_mode
    # The connection shows at -vvv what a module says, unless it knows better.
    task.no_log = play.no_log = True
    # It begins the command that lists of processes show. What is ours in it comes among the module's arguments.
    task.environment = [
        {name: value for name, value in overlay.items() if not str(name).startswith("FALCON_")}
        for overlay in task.environment or ()
    ]
    # Nor is the environment of the task that of ssh: what is ours in it has been read.
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("FALCON_")}
    # The action has left out what is not to be done in check mode.
    task.check_mode = False
    try:
        yield
    finally:
        os.environ.update(ours)
        task.no_log, play.no_log, task.environment, task.check_mode = kept


def _only_told(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """What a module says of a call, and nothing else that may stand in its result, such as facts."""
    from ansible_collections.falconops.auth.plugins.module_utils._outcome import TOLD

    return {name: result[name] for name in TOLD if name in result}


def is_elsewhere(action: ActionBase) -> bool:
    """Whether the task is delegated to a machine other than the control node."""
    return bool(action._task.delegate_to) and action._connection.transport != "local"
