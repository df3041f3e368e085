"""How fast the pages are, as ratios to bare references measured in the same run."""

import logging
import os
import sys
from typing import Any

import environ
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler
from django.test.utils import override_settings

from liuzhou_invest.bench import measures, world

# The database need not be there: the bench makes one of its own beside it, `test_bench`.
LOCAL = "postgres://postgres@127.0.0.1:5432/bench"


class Command(BaseCommand):
    help = "Measure list, detail, board, move and API at several sizes in a database of its own (PostgreSQL)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of projects")
        parser.add_argument("--repeats", type=int, default=measures.REPEATS)
        parser.add_argument("--ledger", type=int, default=measures.LARGEST_LEDGER, help="rows of a ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        require_postgresql()
        sizes = sorted(int(size) for size in options["sizes"].split(","))
        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        logging.disable(logging.INFO)
        try:
            with override_settings(ROOT_URLCONF="liuzhou_invest.bench.urls", ALLOWED_HOSTS=["testserver"]):
                self._measure(sizes, options["repeats"], options["ledger"])
        finally:
            logging.disable(logging.NOTSET)
            connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)
            self.stdout.write(f"Database {name} is removed.")

    def _measure(self, sizes: list[int], repeats: int, rows: int) -> None:
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        user, found = world.clerk(), {}
        for size in sizes:
            self.stdout.write(f"Laying down {size:,} projects …")
            world.grow_to(size, user)
            found[size] = [measures.run(measure, repeats) for measure in measures.measures(user, rows)]
            self._tell(found[size])
        if len(sizes) > 1:
            self._tell_growth(found)

    def _tell(self, results: list[measures.Result]) -> None:
        self.stdout.write(f"{'work':46}{'ms':>9}{'bare ms':>9}{'ratio':>8}{'queries':>9}  wanted")
        for result in results:
            memory = f" (+{result.megabytes:.0f} MB)" if result.wanted.megabytes else ""
            memory += f" ({result.core:.1f} s of one core)" if result.wanted.core else ""
            self.stdout.write(
                f"{result.name:46}{result.milliseconds:9.1f}{result.reference:9.1f}{result.ratio:8.2f}"
                f"{result.queries:9}  {result.verdict}{memory}"
            )

    def _tell_growth(self, found: dict[int, list[measures.Result]]) -> None:
        """What the largest city costs, as a multiple of each smaller one's time."""
        *smaller, largest = found
        heads = "".join(f"{f'÷ {size:,}':>14}" for size in smaller)
        self.stdout.write(f"{f'time at {largest:,}':46}{heads}")
        for position, result in enumerate(found[largest]):
            growths = [result.milliseconds / found[size][position].milliseconds for size in smaller]
            self.stdout.write(f"{result.name:46}" + "".join(f"{growth:14.2f}" for growth in growths))


def require_postgresql() -> None:
    """Without DATABASE_URL, the PostgreSQL of this machine if it answers."""
    if connection.vendor == "postgresql":
        return
    if os.environ.get("DATABASE_URL"):
        raise CommandError("DATABASE_URL names no PostgreSQL server: the bench measures on PostgreSQL.")
    try:
        with ConnectionHandler({"default": {**environ.Env.db_url_config(LOCAL), "NAME": "postgres"}})[
            "default"
        ].cursor():
            pass
    except OperationalError as error:
        raise CommandError(
            "No PostgreSQL answers at 127.0.0.1:5432 for the user postgres. Name a server in DATABASE_URL"
            f" (postgres://user:password@host:5432/name); the bench makes its own database there.\n{error}"
        ) from error
    sys.stdout.write(f"Measuring at {LOCAL} (set DATABASE_URL for another server).\n")
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "DATABASE_URL": LOCAL})  # noqa: S606
