"""`name__holds="机器"`: plain containment, with an index behind it where the engine offers one.

Two characters are the usual question in Chinese. PostgreSQL's trigrams need three, so that names
are indexed by their pairs of neighbouring characters (the function `bigrams`, migration 0006); the
condition on the pairs only narrows, the answer is that of `icontains` on both engines.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
class Holds(IContains):
    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """As `icontains`, under whose name the engine knows its pattern."""
        return IContains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        sql, params = self.as_sql(compiler, connection)
        if len(str(self.rhs)) < 2:
            return sql, params
        column, column_params = compiler.compile(self.lhs)
        narrowed = f"bigrams(UPPER({column})) @> bigrams(UPPER(%s))"
        return f"({narrowed} AND {sql})", [*column_params, self.rhs, *params]
