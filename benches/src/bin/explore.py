"""One task of exploring, by one of the peers: `explore.py PEER TASK FILE`. Prints seconds, CPU seconds of all threads, the
most memory that the process ever held, and a number by which the results of all peers are compared."""

import json
import resource
import sys
import time

peer, task, path = sys.argv[1:4]
is_csv = path.endswith(".csv")
SAMPLE = 100_000
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def duck():
    import duckdb

    duckdb.sql("SELECT 1").fetchall()
    source = f"read_csv('{path}')" if is_csv else f"read_parquet('{path}')"

    def ask(sql):
        return duckdb.sql(sql.format(t=source)).fetchall()

    def histogram():
        low, high = ask("SELECT min(real), max(real) FROM {t}")[0]
        width = (high - low) / 40
        rows = ask(
            f"SELECT least(floor((real - {low!r}) / {width!r}), 39) AS bin, count(*) FROM {{t}}"
            " WHERE real IS NOT NULL GROUP BY bin"
        )
        return sum(row[1] for row in rows)

    def generate():
        rows, csv_rows, csv_path = (json.loads(sys.argv[4])[key] for key in ("rows", "csv_rows", "csv"))
        select = """
            SELECT
                i AS id,
                (hash(i * 31 + 1) % 1325)::SMALLINT AS few,
                (hash(i * 31 + 2) % 2000000)::INTEGER AS many,
                (hash(i * 31 + 3) % 24)::TINYINT AS hour,
                CASE WHEN hash(i * 31 + 4) % 20 = 0 THEN NULL ELSE (hash(i * 31 + 5) % 5000)::INTEGER END AS distance,
                (hash(i * 31 + 6) % 1000000000)::DOUBLE / 1e6 AS real,
                ln(1 + (hash(i * 31 + 7) % 1000000))::DOUBLE AS skewed,
                CASE WHEN hash(i * 31 + 8) % 10 = 0 THEN NULL ELSE (hash(i * 31 + 9) % 100000)::DOUBLE / 7 END AS gaps,
                (hash(i * 31 + 10) % 100)::FLOAT / 4 AS quarter,
                TIMESTAMP '2013-01-01' + to_seconds((i / 2)::BIGINT) AS at,
                DATE '2013-01-01' + (hash(i * 31 + 11) % 3650)::INTEGER AS day,
                (hash(i * 31 + 12) % 4 = 0) AS late,
                ['UA', 'AA', 'DL', 'B6', 'EV', 'WN', 'US', 'MQ'][1 + (hash(i * 31 + 13) % 8)::INTEGER] AS carrier,
                'N' || (hash(i * 31 + 14) % 4000)::VARCHAR AS tail,
                'user-' || (hash(i * 31 + 15) % 3000000)::VARCHAR || '@example.org' AS mail,
                (hash(i * 31 + 16) % 9223372036854775807)::BIGINT AS hash
            FROM range({rows}) AS rows(i)"""
        if rows:
            duckdb.sql(f"COPY ({select.format(rows=rows)}) TO '{path}' (FORMAT parquet, COMPRESSION snappy)")
        if csv_rows:
            duckdb.sql(f"COPY ({select.format(rows=csv_rows)}) TO '{csv_path}' (FORMAT csv, HEADER)")
        return rows + csv_rows

    return {
        "generate": generate,
        "open": lambda: len(ask("SELECT * FROM {t} LIMIT 1000")),
        "count": lambda: ask("SELECT count(*) FROM {t}")[0][0],
        "sample": lambda: len(ask(f"SELECT * FROM {{t}} USING SAMPLE reservoir({SAMPLE} ROWS) REPEATABLE (7)")),
        "profile": lambda: len(ask("SUMMARIZE SELECT * FROM {t}")),
        "group_few": lambda: len(ask("SELECT few, count(*), avg(real) FROM {t} GROUP BY few")),
        "group_many": lambda: ask("SELECT count(*) FROM (SELECT many, count(*) AS n, avg(real) AS r FROM {t} GROUP BY many)")[0][0],
        "histogram": histogram,
    }


def pandas():
    import numpy
    import pandas

    def read(columns=None, **options):
        if is_csv:
            return pandas.read_csv(path, usecols=columns, **options)
        return pandas.read_parquet(path, columns=columns)

    def head():
        if is_csv:
            return len(read(nrows=1000))
        import pyarrow.parquet

        batches = pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1000)
        return len(next(batches).to_pandas())

    def profile():
        frame = read()
        frame.isna().sum()
        frame.describe(include="all", percentiles=QUANTILES)
        frame.nunique()
        for name in frame:
            frame[name].value_counts().head(8)
            if frame[name].dtype.kind in "if":
                numpy.histogram(frame[name].dropna(), bins=24)
        return frame.shape[1]

    def histogram():
        values = read(["real"])["real"].dropna()
        return int(numpy.histogram(values, bins=40)[0].sum())

    def group(column):
        return len(read([column, "real"]).groupby(column)["real"].agg(["size", "mean"]))

    return {
        "open": head,
        "count": lambda: len(read(["id"])),
        "sample": lambda: len(read().sample(SAMPLE, random_state=7)),
        "profile": profile,
        "group_few": lambda: group("few"),
        "group_many": lambda: group("many"),
        "histogram": histogram,
    }


def pyarrow():
    import numpy
    import pyarrow
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet

    def read(columns=None):
        if is_csv:
            options = pyarrow.csv.ConvertOptions(include_columns=columns)
            return pyarrow.csv.read_csv(path, convert_options=options)
        return pyarrow.parquet.read_table(path, columns=columns)

    def head():
        if is_csv:
            return min(1000, pyarrow.csv.open_csv(path).read_next_batch().num_rows)
        batches = pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1000)
        return next(batches).num_rows

    def count():
        return len(read(["id"])) if is_csv else pyarrow.parquet.ParquetFile(path).metadata.num_rows

    def sample():
        table = read()
        rows = numpy.sort(numpy.random.default_rng(7).choice(len(table), SAMPLE, replace=False))
        return len(table.take(rows))

    def profile():
        of = pyarrow.compute
        file = None if is_csv else pyarrow.parquet.ParquetFile(path)
        names = read().column_names if is_csv else file.schema_arrow.names
        for name in names:
            column = read([name]).column(0)
            of.count(column, mode="only_null"), of.count_distinct(column), of.min_max(column)
            if pyarrow.types.is_floating(column.type) or pyarrow.types.is_integer(column.type):
                of.mean(column), of.stddev(column), of.tdigest(column, q=QUANTILES)
                numpy.histogram(column.drop_null().to_numpy(), bins=24)
            of.value_counts(column)
        return len(names)

    def group(column):
        return len(read([column, "real"]).group_by(column).aggregate([("real", "count"), ("real", "mean")]))

    def histogram():
        return int(numpy.histogram(read(["real"]).column(0).drop_null().to_numpy(), bins=40)[0].sum())

    return {
        "open": head,
        "count": count,
        "sample": sample,
        "profile": profile,
        "group_few": lambda: group("few"),
        "group_many": lambda: group("many"),
        "histogram": histogram,
    }


work = {"duckdb": duck, "pandas": pandas, "pyarrow": pyarrow}[peer]()[task]
start, cpu = time.perf_counter(), time.process_time()
check = work()
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "megabytes": peak, "check": check}))
