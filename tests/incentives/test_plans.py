"""Plans as files: the three that are shipped, what a broken one says, versions by date, and the order of steps in words."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from dashboard.contract import ROOT
from dashboard.incentives import sentences
from dashboard.incentives.planfile import PLANS, Plans, parse, read
from dashboard.incentives.problems import NoSuchPlan, PlanError, Problem, lines
from dashboard.words import words
from tests.incentives.paying import d, inputs, paid, pay, person, plan

GOOD = """
[plan]
id = "p"
version = 1
valid_from = 2026-01-01
title = { en = "Plan", zh = "方案" }
[[step]]
id = "credited"
kind = "weigh"
as = "credited"
table = [{ weight = "75%" }]
[[step]]
id = "rates"
kind = "rate"
of = "credited"
table = [{ rate = 0.004 }, { bucket = "M2", rate = "1%" }, { product = "card", rate = "2%" }, { bucket = "M2", product = "card", rate = "3%" }]
[[step]]
id = "quality"
kind = "gate"
on = "qa_score"
bands = [{ at_least = 85, factor = 1 }, { factor = 0.5 }]
missing = 1
[[step]]
id = "round"
kind = "round"
rule = "half_up"
to = 0.01
"""


def problems(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(PlanError) as caught:
        parse(text, "p.toml")
    return [split(one) for one in caught.value.problems]


def split(problem: Problem) -> tuple[str, str, str]:
    """Where, what is got, what was expected of what a problem says."""
    where, _, rest = str(problem).partition(": got ")
    where = where.removeprefix("p.toml: ")
    got, _, expected = rest.partition(", expected ")
    return where, got, expected


BROKEN = [
    # (what stands there, what is written instead, where, got, expected)
    ('version = 1', "version = 0", "plan.version", "0", "a whole number, 1 or more"),
    ("valid_from = 2026-01-01", "valid_from = 2026-01-02", "plan.valid_from", "2026-01-02", "the first day of a month, such as 2026-01-01"),
    ('title = { en = "Plan", zh = "方案" }', 'title = "Plan"', "plan.title", '"Plan"', '{ en = "…", zh = "…" }'),
    ('id = "p"', 'id = "Plan 1"', "plan.id", '"Plan 1"', "small letters, digits and _"),
    ('[[step]]\nid = "credited"', '[credit]\nrule = "owner"\n[[step]]\nid = "credited"', "credit.rule", '"owner"', "one of holder, payment, right_party"),
    ('[[step]]\nid = "credited"', '[credit]\ntransfer_days = 7\ntransfer_share = 1.2\n[[step]]\nid = "credited"', "credit.transfer_share", "1.2", "a share from 0 to 1"),
    ('[[step]]\nid = "credited"', '[eligible]\ncut_off_days = 7\n[[step]]\nid = "credited"', "eligible.cut_off_days", "an unknown name", "one of cutoff_days, rule, touch, touch_days (did you mean cutoff_days?)"),
    ('[[step]]\nid = "credited"', '[eligible]\nrule = [{ touch = "self_cure", share = 0, reason = "self_cure" }]\n[[step]]\nid = "credited"', "eligible.rule", "touch", "eligible.touch and touch_days, which say what a touch is"),
    ('kind = "gate"', 'kind = "gait"', "step 3 quality.kind", '"gait"', "one of fixed, supplied, weigh, rate, sum, target, tiers, accelerator, gate, bands, limit, pool, deduct, clawback, corrections, adjustments, carry, round (did you mean gate?)"),
    ('of = "credited"', 'of = "credit"', "step 2 rates.of", "credit", "cash or what a weigh step before it defines: cash, credited"),
    ('on = "qa_score"', 'on = "qa_scores"', "step 3 quality.on", "qa_scores", "a quantity known by then: caseload, cash, complaints_upheld, credited, critical_reviews, hours, leave_days, members, qa_reviews, qa_score, service_months, training_valid, worked_days (did you mean qa_score?)"),
    (', { bucket = "M2", product = "card", rate = "3%" }', "", "step 2 rates.table", "bucket M2 and product card, equally specific", "a row for bucket M2 product card to decide"),
    ("{ rate = 0.004 }", "{ rate = 0.004 }, { rate = 0.005 }", "step 2 rates.table", "everything twice", "one row for each"),
    ("{ rate = 0.004 }", '{ rate = "lots" }', "step 2 rates.table 1.rate", '"lots"', 'a number such as 0.004, 1200, "0.4%"'),
    ("{ rate = 0.004 }", '{ rate = 0.004, buckets = "M1" }', "step 2 rates.table 1.buckets", "an unknown name", "one of agency, bucket, grade, method, placement, product, rate, team, touch (did you mean bucket?)"),
    (", { factor = 0.5 }]", "]", "step 3 quality.bands", "no band for the rest", "a last band with only a factor"),
    ("missing = 1\n", "", "step 3 quality.missing", "nothing", 'a number such as 0.004, 1200, "0.4%"'),
    ('rule = "half_up"', 'rule = "bankers"', "step 4 round.rule", '"bankers"', "one of half_up, half_even, down, up"),
    ('id = "quality"', 'id = "rates"', "step 3 rates.id", "rates", "an id of its own"),
    ('[[step]]\nid = "round"\nkind = "round"\nrule = "half_up"\nto = 0.01', "", "step", "no round step", "one, and it is the last step"),
    ('[[step]]\nid = "round"', '[[step]]\nid = "q"\nkind = "deduct"\ntable = [{ amount = 5 }]\n[[step]]\nid = "round"', "step", "q that may take more than there is", "a carry step, or a limit with least, after them"),
    ('[[step]]\nid = "round"', '[[step]]\nid = "t"\nkind = "tiers"\nof = "cash"\nby = "qa_score"\nlevels = [{ from = 0, rate = 0 }]\n[[step]]\nid = "round"', "step 4 t.mode", "marginal by qa_score", 'whole, or by = "cash", "attainment": only they have a part in a tier'),
    ('[[step]]\nid = "round"', '[[step]]\nid = "t"\nkind = "tiers"\nof = "cash"\nlevels = [{ from = 9, rate = 0 }, { from = 5, rate = 0 }]\n[[step]]\nid = "round"', "step 4 t.levels", "9, 5", "each from above the one before"),
    ('[[step]]\nid = "round"', '[[step]]\nid = "g"\nkind = "gate"\non = "cash"\nonly = ["credited"]\nmissing = 1\nbands = [{ factor = 1 }]\n[[step]]\nid = "round"', "step 4 g.only", "credited", "a step before it that pays: rates"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "got", "expected"), BROKEN, ids=[row[2] + " " + row[3][:20] for row in BROKEN])
def test_a_broken_plan_says_where_what_and_what_else(old: str, new: str, where: str, got: str, expected: str) -> None:
    assert old in GOOD
    assert problems(GOOD.replace(old, new, 1)) == [(where, got, expected)]


def test_everything_wrong_is_said_at_once() -> None:
    broken = GOOD.replace("version = 1", "version = 0").replace('kind = "gate"', 'kind = "gait"').replace('rule = "half_up"', 'rule = "x"')
    assert [where for where, _, _ in problems(broken)] == ["plan.version", "step 3 quality.kind", "step 4 round.rule"]
    cause = "Expected '=' after a key in a key/value pair"
    toml = "a TOML file: names = values, texts in quotes"
    assert problems("\nthis is not toml") == [("p.toml", f'"this is not toml" on line 2, column 6 ({cause})', toml)]
    assert problems("[plan") == [("p.toml", """"[plan" on line 1, column 6 (Expected ']' at the end of a table declaration)""", toml)]


CHINESE = [
    # (what stands there, what is written instead, the whole message)
    ("version = 1", "version = 0", "p.toml: plan.version：现为 0，应为 不小于 1 的整数"),
    ('kind = "round"', 'kind = "rond"', "p.toml: step 4 round.kind：现为 \"rond\"，应为 以下之一：fixed、supplied、weigh、rate、sum、target、tiers、accelerator、gate、bands、limit、pool、deduct、clawback、corrections、adjustments、carry、round（是否指 round？）"),
    ("{ rate = 0.004 }", "{ rate = 0.004 }, { rate = 0.005 }", "p.toml: step 2 rates.table：现为 重复的 全部，应为 每种一行"),
    ("missing = 1\n", "", "p.toml: step 3 quality.missing：现为 空缺，应为 数字，如 0.004、1200、\"0.4%\""),
    (', { bucket = "M2", product = "card", rate = "3%" }', "", "p.toml: step 2 rates.table：现为 bucket M2 与 product card 同样具体，应为 另有一行 bucket M2 product card 以定取舍"),
    ('version = 1', "version 1", "p.toml：现为 第 4 行第 9 列的 \"version 1\"（Expected '=' after a key in a key/value pair），应为 TOML 文件：名称 = 值，文本加引号"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), CHINESE)
def test_problems_are_said_in_chinese_too(old: str, new: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse(GOOD.replace(old, new, 1), "p.toml")
    first, *_ = lines(caught.value.problems, "zh")
    assert first == said and lines(caught.value.problems, "zh")[-1] == "请按所列位置更正后重试。"


def test_what_is_not_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "gbk.toml").write_bytes("# 方案\n".encode("gbk"))
    with pytest.raises(PlanError) as caught:
        read(tmp_path / "gbk.toml")
    assert [one.read("zh") for one in caught.value.problems] == ["gbk.toml：现为 第 3 字节不是 UTF-8 编码，应为 UTF-8 文本文件"]


def test_every_phrase_is_said_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dashboard" / "incentives").glob("*.py"))
    asked = set(re.findall(r'\bphrase\(\s*"(\w+)"', code)) | {"sentence", "near", "what_next"}
    assert asked == {name.removeprefix("plan_problem.") for name in words() if name.startswith("plan_problem.")}


def test_numbers_are_read_exactly() -> None:
    made = parse(GOOD.replace("0.004", "0.1"))
    assert pay(made, inputs([paid("P1", "0.30", product="loan")], [person(qa=90)])) == d("0.02")  # 0.3 × 75% × 0.1 = 0.0225, no binary dust


def test_a_hash_is_of_the_meaning() -> None:
    same = GOOD.replace("0.004", "4e-3").replace('id = "p"\n', "# a comment\nid    = 'p'\n")
    assert parse(same).hash == parse(GOOD).hash != parse(GOOD.replace("0.004", "0.005")).hash


def written(folder: Path, version: int, valid_from: str, rate: str) -> None:
    text = GOOD.replace("version = 1", f"version = {version}").replace("2026-01-01", valid_from).replace("0.004", rate)
    (folder / f"p_{version}.toml").write_text(text, encoding="utf-8")


def test_before_and_after_each_version(tmp_path: Path) -> None:
    for version, valid_from, rate in ((1, "2026-01-01", "0.01"), (2, "2026-03-01", "0.02"), (3, "2026-04-01", "0.03")):
        written(tmp_path, version, valid_from, rate)
    known = Plans(tmp_path)
    found = {}
    for month in range(1, 6):
        when = date(2026, month, 1)
        given = inputs([paid("P1", 1000, product="loan", paid_day=f"2026-{month:02}-10")], [person(qa=90)], month=when)
        made = known.at("p", when)
        found[month] = (made.version, pay(made, given))
    assert found == {1: (1, d("7.50")), 2: (1, d("7.50")), 3: (2, d("15.00")), 4: (3, d("22.50")), 5: (3, d("22.50"))}
    with pytest.raises(LookupError, match="valid from 2026-01-01, later than 2025-12"):
        known.at("p", date(2025, 12, 1))
    with pytest.raises(NoSuchPlan, match="known: p") as caught:
        known.at("q", date(2026, 1, 1))
    assert caught.value.said.read("zh") == "没有方案 q；现有：p"
    with pytest.raises(LookupError, match="no version 4; it has 1, 2, 3"):
        known.version("p", 4)


def test_versions_must_follow_each_other(tmp_path: Path) -> None:
    written(tmp_path, 1, "2026-03-01", "0.01")
    written(tmp_path, 2, "2026-03-01", "0.02")
    with pytest.raises(PlanError, match="later than version 1's 2026-03-01"):
        Plans(tmp_path)
    (tmp_path / "again.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(PlanError, match="p 1 twice"):
        Plans(tmp_path)
    with pytest.raises(PlanError, match="a UTF-8 text file"):
        read(tmp_path / "nowhere.toml")


def test_the_plans_that_are_shipped() -> None:
    shipped = Plans(PLANS)
    assert set(shipped.names()) >= {"agency", "bank", "flat"}
    kinds = {name: [step.kind for step in shipped.at(name, date(2026, 1, 1)).steps] for name in shipped.names()}
    assert {"target", "accelerator", "gate", "limit", "pool", "deduct", "clawback", "corrections", "carry"} <= set(kinds["bank"])
    assert "tiers" in kinds["agency"] and "rate" not in kinds["flat"] and "tiers" not in kinds["flat"]
    for made in shipped:
        for lang in ("en", "zh"):
            said = sentences.order(made, lang, "CNY")
            assert [number for number, _, _ in said] == list(range(1, len(made.steps) + 1))
            assert all(label and text and "{" not in text for _, label, text in said)


def test_the_agency_pays_by_marginal_tiers() -> None:
    agency = Plans(PLANS).at("agency", date(2026, 3, 1))
    worked = {"touched_day": "2026-03-01"}
    given = inputs([paid("P1", 250_000, **worked), paid("P2", 150_000, bucket="M7+", **worked), paid("P3", 10_000)], [person(qa=90)])
    # 250,000 + 150,000 × 1.4 + half of 10,000 = 465,000: 1,000 + 1,600 + 780, beside 3,000 of base pay
    assert pay(agency, given) == d("6380.00")


def test_flat_pay_depends_on_quality_not_on_cash() -> None:
    flat = Plans(PLANS).at("flat", date(2026, 3, 1))
    for cash in (0, 1_000_000):
        assert pay(flat, inputs([paid("P1", cash or 1)], [person(qa=90)])) == d("5600.00")
    assert pay(flat, inputs([], [person(qa=90, critical_reviews=1)])) == d("5000.00")


def test_the_order_is_printed() -> None:
    made = plan('{ id = "r", kind = "rate", label = { en = "Rates", zh = "比例" }, table = [{ rate = "1%" }] }')
    assert sentences.order(made, "en", "CNY") == [(1, "Rates", "Pays cash × rate"), (2, "round", "Rounds once: halves up to 0.01")]
    assert sentences.order(made, "zh", "CNY")[0] == (1, "比例", "计 回款 × 比例")
