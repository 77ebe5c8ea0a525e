"""Measures the pages and writes that have a budget and prints one table.

CPU of this process, the median of many calls, each beside a call of an empty view (`/healthz/`, through the whole
middleware) so that a busy machine slows both alike. SQL statements and bytes are counted, not timed. It runs on SQLite
in a folder of its own, or on the PostgreSQL database that DATABASE_URL names, which must be empty.
"""

import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="agileml-bench-") as folder:
        os.environ["AGILEML_DATA"] = folder
        os.environ.setdefault("AGILEML_SECRET_KEY", "bench")
        os.environ.setdefault("AGILEML_FIELD_KEYS", "for benchmarks alone and long enough")
        os.environ["AGILEML_LOG_LEVEL"] = "ERROR"
        os.environ["DJANGO_SETTINGS_MODULE"] = "agileml.settings"
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        import django

        django.setup()
        from benchmarks import cases, measure, scene, sync

        made = scene.build()
        print(measure.table([*cases.run(made), *sync.run(made)]))


if __name__ == "__main__":
    main()
