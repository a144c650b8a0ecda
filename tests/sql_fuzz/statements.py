"""Random statements over a few tables: queries of every shape, changes of data, DDL, and text with words missing."""

import dataclasses
import random

from tests.sql_fuzz.expressions import AGGREGATES, COLUMNS, TYPES, WINDOWS, Expressions

ROWS = (
    "select 1 as i, bigint '10' as g, 1.5 as f, decimal '1.25' as e, 'a' as s, true as b, date '2020-01-01' as d, "
    "timestamp '2020-01-01 10:00:00' as t, array[1, 2] as a, map(array['a'], array[1]) as m "
    "union all select 2, 20, nan(), decimal '-2.50', '', false, date '2020-02-29', timestamp '2021-06-01 00:00:00', "
    "array[3], map(array['b', 'c'], array[2, null]) "
    "union all select cast(null as integer), null, null, null, null, null, null, null, null, null"
)
"""What every table holds, as a query."""


@dataclasses.dataclass
class Statements:
    """Statements over tables that exist.

    Args:
        tables: names in FROM, which may be subqueries with an alias.
        iceberg: tables whose rows may change.
        scratch: S3 location for new tables.
    """

    random: random.Random
    tables: tuple[str, ...]
    iceberg: tuple[str, ...] = ()
    scratch: str = ""
    count: int = 0

    def next(self) -> str:
        """One statement."""
        self.count += 1
        made = self.query() if not self.iceberg or self.random.random() < 0.8 else self._other()
        return self._mutated(made) if self.random.random() < 0.05 else made

    def query(self, depth: int = 2) -> str:
        """A SELECT, a set operation or VALUES, sometimes with common table expressions."""
        shape = self.random.random()
        if depth > 0 and shape < 0.12:
            kinds = self._kinds()
            operator = self.random.choice(("union", "union all", "intersect", "except"))
            return f"({self._select(depth - 1, kinds)}) {operator} ({self._select(depth - 1, kinds)})"
        if depth > 0 and shape < 0.22:
            return f"with w as ({self.query(depth - 1)}) select count(*) from w"
        if shape < 0.25:
            values = Expressions(self.random, {}, 1)
            return f"values ({values.of('integer')}, {values.of('varchar')}), (1, 'x')"
        return self._select(depth, None)

    def _kinds(self) -> list[str]:
        return [self.random.choice(TYPES[:8]) for _ in range(self.random.randint(1, 3))]

    def _select(self, depth: int, kinds: list[str] | None) -> str:
        sources, columns = self._from(depth)
        expressions = Expressions(self.random, columns)
        where = f" where {expressions.of('boolean')}" if self.random.random() < 0.5 else ""
        if kinds is None and self.random.random() < 0.3:
            return self._aggregation(expressions, sources, where)
        distinct = "distinct " if self.random.random() < 0.1 else ""
        items = [expressions.of(kind) for kind in kinds or self._kinds()]
        if kinds is None and self.random.random() < 0.2:
            form = expressions.filled(self.random.choice(WINDOWS), 1)
            parts = f"partition by {expressions.of('varchar', 1)} order by {expressions.of('integer', 1)}"
            items.append(f"{form} over ({parts})")
        selected = ", ".join(f"{item} as c{i}" for i, item in enumerate(items))
        tail = " order by 1" if self.random.random() < 0.3 else ""
        tail += self.random.choice(("", "", " limit 5", " offset 1 limit 2", " fetch first 1 row only"))
        return f"select {distinct}{selected} from {sources}{where}{tail}"

    def _aggregation(self, expressions: Expressions, sources: str, where: str) -> str:
        keys = [expressions.any(1) for _ in range(self.random.randint(0, 2))]
        measures = [expressions.filled(self.random.choice(AGGREGATES), 1) for _ in range(self.random.randint(1, 2))]
        grouped = f" group by {', '.join(str(i) for i in range(1, len(keys) + 1))}" if keys else ""
        having = " having count(*) > 0" if self.random.random() < 0.2 else ""
        return f"select {', '.join(keys + measures)} from {sources}{where}{grouped}{having}"

    def _from(self, depth: int) -> tuple[str, dict[str, str]]:
        sources, columns = "", dict[str, str]()
        for number in range(self.random.choice((1, 1, 2))):
            alias = f"t{number}"
            known = {f"{alias}.{name}": kind for name, kind in COLUMNS.items()}
            if depth > 0 and self.random.random() < 0.15:
                kinds = self._kinds()
                table = f"({self._select(0, kinds)})"
                known = {f"{alias}.c{i}": kind for i, kind in enumerate(kinds)}
            else:
                table = self.random.choice(self.tables)
            if sources:
                both = Expressions(self.random, {**columns, **known}, 1)
                join = self.random.choice((" join ", " left join ", " full join ", " cross join "))
                on = "" if "cross" in join else f" on {both.of('boolean')}"
                sources += f"{join}{table} {alias}{on}"
            else:
                sources = f"{table} {alias}"
            columns |= known
        if self.random.random() < 0.15:
            lists = Expressions(self.random, columns, 1)
            form, names = self.random.choice(
                (
                    ("{a}", {"u.x": "integer"}),
                    ("{m}", {"u.k": "varchar", "u.v": "integer"}),
                    ("{a}, {a}", {"u.x": "integer"}),
                )
            )
            header = ", ".join(name[2:] for name in names) + (", y" if form == "{a}, {a}" else "")
            sources += f" cross join unnest({lists.filled(form, 1)}) as u ({header})"
            columns |= names
        return sources, columns

    def _other(self) -> str:
        table, name = self.random.choice(self.iceberg), f"made_{self.count}"
        row = Expressions(self.random, COLUMNS, 2)
        plain = Expressions(self.random, {}, 1)
        location = f"external_location = '{self.scratch}{name}/'"
        form = self.random.choice(("PARQUET", "ORC", "JSON", "TEXTFILE", "AVRO"))
        double = plain.of("double")
        texts = (
            f"update {table} set s = {row.of('varchar')} where {row.of('boolean')}",
            f"delete from {table} where {row.of('boolean')} and i > 100",
            f"insert into {table} (i, s) values ({plain.of('integer')}, {plain.of('varchar')})",
            f"insert into {table} ({', '.join(COLUMNS)}) {ROWS}",
            f"merge into {table} t using (select 1 as i) u on t.i = u.i when matched then update set f = {double}",
            f"create table {name} with (format = '{form}', {location}) as {self.query(1)}",
            f"create or replace view v as {self.query(1)}",
            f"explain {self.query(1)}",
            "select count(*) from v",
            f"show create table {table}",
            f"describe {table}",
            f"alter table {table} set tblproperties ('x' = '{self.count}')",
            f'select * from "{table}$files"',
            f"drop table if exists {name}",
            f"unload ({self.query(1)}) to '{self.scratch}{name}/' with (format = 'PARQUET')",
        )
        return self.random.choice(texts)

    def _mutated(self, sql: str) -> str:
        """The statement with a word left out, twice or changed."""
        words = sql.split(" ")
        at = self.random.randrange(len(words))
        words[at] = self.random.choice(("", f"{words[at]} {words[at]}", "(", "select", "'", "null", ";", "%"))
        return " ".join(words)
