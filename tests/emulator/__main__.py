# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m emulator`: start, print one JSON line with the addresses, run until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from dataclasses import asdict
from pathlib import Path

from emulator.service import BindError, Ports, Service
from emulator.settings import Settings
from emulator.state import State

_PARENT_CHECK = 0.5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emulator", description="The CrowdStrike Falcon clouds on loopback.")
    parser.add_argument("--dir", type=Path, required=True, help="an existing directory, for the CA's certificate")
    parser.add_argument("--token-life", type=int, default=Settings.token_life, help="in seconds")
    for name in Ports.__dataclass_fields__:
        parser.add_argument(f"--port-{name}", type=int, default=0, help="default: any free port")
    return parser.parse_args()


def _watch(stop: asyncio.Event) -> None:
    """Ends the emulator with a signal, with its standard input if that is a pipe, and with its parent."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def on_input() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop.set()

    try:
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            loop.add_reader(0, on_input)
    except OSError:
        pass  # started without a standard input

    # The pipe may have been inherited by a sibling that outlives the parent, so it is not enough.
    parent = os.getppid()

    def check_parent() -> None:
        if os.getppid() != parent:
            stop.set()
        else:
            loop.call_later(_PARENT_CHECK, check_parent)

    check_parent()


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    _watch(stop)
    state = State(Settings().changed({"token_life": arguments.token_life}))
    ports = Ports(**{name: getattr(arguments, f"port_{name}") for name in Ports.__dataclass_fields__})
    service = Service(state, arguments.dir, ports)
    try:
        addresses = await service.start(os.getpid())
        print(json.dumps(asdict(addresses)), flush=True)
        await stop.wait()
    finally:
        await service.stop()


def main() -> int:
    try:
        asyncio.run(_run(_arguments()))
    except (BindError, OSError, ValueError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
