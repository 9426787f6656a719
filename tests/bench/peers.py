"""The same questions answered the way a person would instead: pandas, polars and DuckDB straight on the raw tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl

Answer = dict[Any, tuple[float, ...]]
TABLES = ("cases", "payments", "balances")


def parquet(folder: Path, table: str) -> str:
    return str(folder / f"{table}.parquet") if (folder / f"{table}.parquet").exists() else str(folder / table / "*.parquet")


class Pandas:
    """Frames in memory, typed, as a notebook holds them."""

    name = "pandas"

    def __init__(self, folder: Path) -> None:
        con = duckdb.connect()
        self.cases = con.sql(f"select * from read_parquet('{parquet(folder, 'cases')}')").df()
        self.payments = con.sql(f"select * from read_parquet('{parquet(folder, 'payments')}')").df()
        self.balances = con.sql(f"select case_id, as_of, balance, days_past_due from read_parquet('{parquet(folder, 'balances')}')").df()
        self.cash = self.payments[self.payments.kind.isin(["payment", "reversal"]) & ~self.payments.status.isin(["pending", "failed"])]

    def recovery_by_month(self) -> Answer:
        cash = self.cash.groupby(self.cash.paid_on.dt.to_period("M")).amount.sum()
        open_ = self.balances.merge(self.cases[["case_id", "closed_on"]], on="case_id")
        open_ = open_[open_.closed_on.isna() | (open_.closed_on > open_.as_of)]
        stock = open_.groupby((open_.as_of + pd.Timedelta(days=1)).dt.to_period("M")).balance.sum()
        return {str(month): (float(cash.get(month, 0)), float(stock[month])) for month in stock.index if month in cash.index}

    def recovery_by_product(self) -> Answer:
        last = self.balances.as_of.max()
        month = last.to_period("M")
        cash = self.cash[self.cash.paid_on.dt.to_period("M") == month].merge(self.cases[["case_id", "product"]], on="case_id")
        eve = month.start_time - pd.Timedelta(days=1)
        open_ = self.balances[self.balances.as_of == eve].merge(self.cases[["case_id", "closed_on", "product"]], on="case_id")
        open_ = open_[open_.closed_on.isna() | (open_.closed_on > open_.as_of)]
        stock, paid = open_.groupby("product").balance.sum(), cash.groupby("product").amount.sum()
        return {name: (float(paid[name]), float(stock[name])) for name in stock.index}

    def liquidation(self) -> Answer:
        cases = self.cases.assign(cohort=self.cases.placed_on.dt.to_period("M"))
        placed = cases.groupby("cohort").placed_balance.sum()
        cash = self.cash.merge(cases[["case_id", "cohort"]], on="case_id")
        months = (cash.paid_on.dt.year * 12 + cash.paid_on.dt.month) - (cash.cohort.dt.year * 12 + cash.cohort.dt.month)
        table = cash.assign(months=months.clip(lower=0)).groupby(["cohort", "months"]).amount.sum().unstack(fill_value=0).cumsum(axis=1)
        last = self.balances.as_of.max().to_period("M")
        return {
            (str(cohort), int(month)): (float(table.loc[cohort, month]), float(placed[cohort]))
            for cohort in table.index
            for month in table.columns
            if (cohort + int(month)) <= last
        }

    def paid_cases(self) -> Answer:
        net = self.cash.groupby("case_id").amount.sum()
        cases = self.cases.assign(cohort=self.cases.placed_on.dt.to_period("M"), net=self.cases.case_id.map(net).fillna(0))
        grouped = cases.groupby("cohort").net
        return {str(c): (float((v > 0).sum()), float(len(v))) for c, v in grouped}


class Polars:
    """Eager polars frames in memory."""

    name = "polars"

    def __init__(self, folder: Path) -> None:
        self.cases = pl.read_parquet(parquet(folder, "cases"))
        self.payments = pl.read_parquet(parquet(folder, "payments"))
        self.balances = pl.read_parquet(parquet(folder, "balances")).select("case_id", "as_of", "balance")
        self.cash = self.payments.filter(pl.col("kind").is_in(["payment", "reversal"]) & ~pl.col("status").is_in(["pending", "failed"]))

    def recovery_by_month(self) -> Answer:
        cash = self.cash.group_by(pl.col("paid_on").dt.strftime("%Y-%m").alias("month")).agg(pl.col("amount").sum())
        stock = (
            self.balances.join(self.cases.select("case_id", "closed_on"), on="case_id")
            .filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > pl.col("as_of")))
            .group_by(pl.col("as_of").dt.offset_by("1d").dt.strftime("%Y-%m").alias("month"))
            .agg(pl.col("balance").sum())
        )
        return {row[0]: (float(row[2]), float(row[1])) for row in stock.join(cash, on="month").iter_rows()}

    def recovery_by_product(self) -> Answer:
        last = self.balances["as_of"].max()
        month = last.replace(day=1)  # type: ignore[union-attr]
        cash = (
            self.cash.filter((pl.col("paid_on") >= month) & (pl.col("paid_on") <= last))
            .join(self.cases.select("case_id", "product"), on="case_id")
            .group_by("product")
            .agg(pl.col("amount").sum())
        )
        stock = (
            self.balances.filter(pl.col("as_of").dt.offset_by("1d") == month)
            .join(self.cases.select("case_id", "closed_on", "product"), on="case_id")
            .filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > pl.col("as_of")))
            .group_by("product")
            .agg(pl.col("balance").sum())
        )
        return {row[0]: (float(row[2]), float(row[1])) for row in stock.join(cash, on="product").iter_rows()}

    def liquidation(self) -> Answer:
        number = lambda column: pl.col(column).dt.year().cast(pl.Int32) * 12 + pl.col(column).dt.month().cast(pl.Int32) - 1  # noqa: E731
        cases = self.cases.select("case_id", "placed_balance", number("placed_on").alias("cohort"))
        placed = dict(cases.group_by("cohort").agg(pl.col("placed_balance").sum()).iter_rows())
        cash = self.cash.join(cases.select("case_id", "cohort"), on="case_id").with_columns(
            (number("paid_on") - pl.col("cohort")).clip(0).alias("months")
        )
        sums = {(row[0], row[1]): float(row[2]) for row in cash.group_by("cohort", "months").agg(pl.col("amount").sum()).iter_rows()}
        last = self.balances["as_of"].max()
        end = last.year * 12 + last.month - 1  # type: ignore[union-attr]
        result: Answer = {}
        for cohort, amount in placed.items():
            total = 0.0
            for month in range(end - cohort + 1):
                total += sums.get((cohort, month), 0.0)
                result[f"{cohort // 12}-{cohort % 12 + 1:02d}", month] = (total, float(amount))
        return result

    def paid_cases(self) -> Answer:
        net = self.cash.group_by("case_id").agg(pl.col("amount").sum().alias("net"))
        rows = (
            self.cases.join(net, on="case_id", how="left")
            .group_by(pl.col("placed_on").dt.strftime("%Y-%m").alias("cohort"))
            .agg((pl.col("net").fill_null(0) > 0).sum(), pl.len())
        )
        return {row[0]: (float(row[1]), float(row[2])) for row in rows.iter_rows()}


class RawDuckdb:
    """The same tables in DuckDB, typed, queried without a model."""

    name = "duckdb on raw tables"
    CASH = "kind in ('payment', 'reversal') and coalesce(status, 'posted') not in ('pending', 'failed')"

    def __init__(self, folder: Path) -> None:
        self.con = duckdb.connect()
        for table in TABLES:
            self.con.execute(f"create table {table} as select * from read_parquet('{parquet(folder, table)}')")

    def recovery_by_month(self) -> Answer:
        rows = self.con.execute(
            f"""with cash as (select strftime(paid_on, '%Y-%m') as month, sum(amount) as amount from payments where {self.CASH} group by all),
            stock as (select strftime(as_of + interval 1 day, '%Y-%m') as month, sum(balance) as balance from balances
            join cases using (case_id) where closed_on is null or closed_on > as_of group by all)
            select month, amount, balance from stock join cash using (month)"""
        ).fetchall()
        return {row[0]: (float(row[1]), float(row[2])) for row in rows}

    def recovery_by_product(self) -> Answer:
        rows = self.con.execute(
            f"""with last as (select max(as_of) as day from balances),
            cash as (select product, sum(amount) as amount from payments join cases using (case_id), last
            where {self.CASH} and paid_on between date_trunc('month', day) and day group by all),
            stock as (select product, sum(balance) as balance from balances join cases using (case_id), last
            where as_of = date_trunc('month', day) - interval 1 day and (closed_on is null or closed_on > as_of) group by all)
            select product, amount, balance from stock join cash using (product)"""
        ).fetchall()
        return {row[0]: (float(row[1]), float(row[2])) for row in rows}

    def liquidation(self) -> Answer:
        rows = self.con.execute(
            f"""with last as (select max(as_of) as day from balances),
            cohorts as (select date_trunc('month', placed_on)::date as cohort, sum(placed_balance) as placed from cases group by all),
            cash as (select date_trunc('month', placed_on)::date as cohort, greatest(date_diff('month', placed_on, paid_on), 0) as m,
            sum(amount) as amount from payments join cases using (case_id) where {self.CASH} group by all),
            grid as (select cohort, placed, unnest(range(date_diff('month', cohort, day) + 1)) as m from cohorts, last)
            select strftime(cohort, '%Y-%m'), m, sum(coalesce(amount, 0)) over (partition by cohort order by m), placed
            from grid left join cash using (cohort, m)"""
        ).fetchall()
        return {(row[0], int(row[1])): (float(row[2]), float(row[3])) for row in rows}

    def paid_cases(self) -> Answer:
        rows = self.con.execute(
            f"""with net as (select case_id, sum(amount) as net from payments where {self.CASH} group by all)
            select strftime(placed_on, '%Y-%m'), count(*) filter (where net > 0), count(*) from cases left join net using (case_id) group by all"""
        ).fetchall()
        return {row[0]: (float(row[1]), float(row[2])) for row in rows}


PEERS: tuple[Callable[[Path], Any], ...] = (Pandas, Polars, RawDuckdb)
QUESTIONS = ("recovery_by_month", "recovery_by_product", "liquidation", "paid_cases")
