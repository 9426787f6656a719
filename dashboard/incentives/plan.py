"""Pay plans as dated data: what a plan and its steps are. Knows no files, no data, no database; planfile.py reads and checks them.

A plan says which cash counts (`Eligible`), whose it is (`Credit`) and in which order its steps work: on a running total, and on named
quantities that later steps may use. `Scaled` is "times × a quantity", or a bare amount. All numbers are Decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

#: What a table of weights and rates may be cut by: the case and payment's, then the collector's.
OF_CASH = ("bucket", "product", "method", "touch", "placement")
OF_PEOPLE = ("team", "grade", "agency")
CUTS = (*OF_CASH, *OF_PEOPLE)
TOUCHES = ("worked", "self_cure")
CONTACTS = ("attempt", "conversation", "right_party")
#: Quantities that are there before the first step, by collector.
GIVEN = (
    "cash", "hours", "worked_days", "leave_days", "service_months", "caseload", "qa_score", "qa_reviews", "critical_reviews",
    "training_valid", "complaints_upheld", "members",
)  # fmt: skip
#: Of these a collector has a value for each kind of cash, not only one.
TEAM, PREVIOUS = "team.", "previous."
ROUNDINGS = {"half_up": "ROUND_HALF_UP", "half_even": "ROUND_HALF_EVEN", "down": "ROUND_DOWN", "up": "ROUND_UP"}
COMPARISONS = ("at_least", "above", "at_most", "below")
Words = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Scaled:
    """times × the quantity `of`; a bare amount where there is none."""

    times: Decimal
    of: str | None = None


@dataclass(frozen=True)
class Row:
    """One row of a table: the values it is for (a cut not named is any), and what holds for them."""

    cut: tuple[tuple[str, str], ...]
    value: Decimal


@dataclass(frozen=True)
class Table:
    """Rows of which the most specific that fits wins; that it is always one is checked when the plan is read."""

    rows: tuple[Row, ...]

    @property
    def cuts(self) -> frozenset[str]:
        return frozenset(name for row in self.rows for name, _ in row.cut)

    def find(self, of: Mapping[str, str]) -> Decimal | None:
        """The value for a kind of cash of a collector, None where no row fits."""
        fit = [row for row in self.rows if all(of.get(name) == value for name, value in row.cut)]
        return max(fit, key=lambda row: len(row.cut)).value if fit else None


@dataclass(frozen=True)
class Band:
    """A factor that holds where a quantity passes a comparison (at_least, above, at_most, below); the first band that fits decides."""

    compare: str | None
    edge: Decimal
    factor: Decimal

    def fits(self, value: Decimal) -> bool:
        """Whether a value lies in it; the last band, without a comparison, takes all."""
        match self.compare:
            case "at_least":
                return value >= self.edge
            case "above":
                return value > self.edge
            case "at_most":
                return value <= self.edge
            case "below":
                return value < self.edge
        return True


@dataclass(frozen=True)
class Level:
    """From here on (an amount, a quantity, or an attainment) this rate or factor."""

    start: Scaled
    rate: Decimal


@dataclass(frozen=True)
class Charge:
    """What one upheld complaint costs; a cut not named is any."""

    cut: tuple[tuple[str, str], ...]
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a plan; its kind is its class."""

    id: str
    label: Words

    kind = ""

    def name(self, lang: str) -> str:
        """Its label in a language."""
        return dict(self.label).get(lang) or self.id


@dataclass(frozen=True, kw_only=True)
class Fixed(Step):
    """An amount by team and grade: pay (a base, a flat premium), or only a quantity (a salary that a threshold is a multiple of)."""

    kind = "fixed"
    table: Table
    defines: str | None = None
    pays: bool = True
    prorated: bool = False


@dataclass(frozen=True, kw_only=True)
class Supplied(Step):
    """A quantity from the export's targets table under a metric's name, for the collector, else the team, else everybody."""

    kind = "supplied"
    metric: str
    defines: str
    otherwise: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Weigh(Step):
    """A quantity by kind of cash × a weight or rate from a table: credited cash, an agency's fees; pays nothing."""

    kind = "weigh"
    of: str
    defines: str
    table: Table


@dataclass(frozen=True, kw_only=True)
class Rate(Step):
    """Pay: a quantity by kind of cash × a rate from a table."""

    kind = "rate"
    of: str
    table: Table


@dataclass(frozen=True, kw_only=True)
class Sum(Step):
    """A quantity made of others: Σ times × quantity."""

    kind = "sum"
    defines: str
    terms: tuple[Scaled, ...]


@dataclass(frozen=True, kw_only=True)
class Target(Step):
    """What is asked of a collector (`target`) and how far a quantity reaches it (`attainment`).

    From the export's targets (`collector`, else `team` shared by heads) or a table; times the share of the month not on leave, the
    caseload against a standard one, and the ramp of the months since hiring (the last ramp value, then whole).
    """

    kind = "target"
    of: str
    metric: str | None = None
    sources: tuple[str, ...] = ()
    table: Table | None = None
    leave: bool = False
    caseload: Decimal | None = None
    ramp: tuple[Decimal, ...] = ()
    missing: str = "refuse"


@dataclass(frozen=True, kw_only=True)
class Tiers(Step):
    """Pay by tiers of a quantity. Marginal: each tier's rate on what lies in it; whole: the reached tier's rate on all.

    `by` may be another quantity than `of` (an attainment, last month's credited cash): then the tier it reaches holds for all of `of`.
    """

    kind = "tiers"
    of: str
    by: str
    mode: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, kw_only=True)
class Accelerator(Step):
    """More for what lies above a level of a quantity (attainment): pay so far × the part of it there × (factor − 1), level by level."""

    kind = "accelerator"
    of: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, kw_only=True)
class Gate(Step):
    """Pay so far (or what some steps added) × the factor of the band that a quantity lies in."""

    kind = "gate"
    on: str
    bands: tuple[Band, ...]
    missing: Decimal
    only: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bands(Step):
    """Pay: an amount × the factor of the band that a quantity lies in (a bonus by points)."""

    kind = "bands"
    on: str
    amount: Scaled
    bands: tuple[Band, ...]
    missing: Decimal


@dataclass(frozen=True, kw_only=True)
class Limit(Step):
    """A cap (`most`) on pay so far, or a floor (`least`): the greater of it and an amount."""

    kind = "limit"
    most: Scaled | None = None
    least: Scaled | None = None


@dataclass(frozen=True, kw_only=True)
class Pool(Step):
    """Pay: a team's amount, if its condition is met, shared among its collectors equally or by a quantity."""

    kind = "pool"
    amount: Scaled
    share: str
    on: str | None = None
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deduct(Step):
    """Less for each upheld complaint, by its category, severity or channel; one that no row fits costs nothing."""

    kind = "deduct"
    charges: tuple[Charge, ...]


@dataclass(frozen=True, kw_only=True)
class Clawback(Step):
    """Less for reversals of payments of earlier months, at the rate they earned: `base` by rates and tiers, or `paid` after gates too."""

    kind = "clawback"
    at: str


@dataclass(frozen=True, kw_only=True)
class Corrections(Step):
    """Locked months of the last `months` worked out again on today's data: what each would pay more or less than was paid for it."""

    kind = "corrections"
    months: int


@dataclass(frozen=True, kw_only=True)
class Adjustments(Step):
    """What the ledger adds or takes for this month, each with its author and reason."""

    kind = "adjustments"


@dataclass(frozen=True, kw_only=True)
class Carry(Step):
    """Brings the balance carried from the month before in, pays at least the draw, and carries what is below it to the next month."""

    kind = "carry"
    draw: Scaled = field(default_factory=lambda: Scaled(Decimal(0)))


@dataclass(frozen=True, kw_only=True)
class Round(Step):
    """The one rounding, last."""

    kind = "round"
    rule: str
    to: Decimal


@dataclass(frozen=True)
class Rule:
    """Cash of these kinds counts for a share only; the rest is not eligible, for a reason."""

    cut: tuple[tuple[str, frozenset[str]], ...]
    share: Decimal
    reason: str


@dataclass(frozen=True)
class Eligible:
    """Which cash counts in which month. `cutoff_days`: posted by so many days after the month's end, else in the next month."""

    cutoff_days: int | None
    touch: str | None
    touch_days: int | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Credit:
    """Whose a payment is: `holder` at its value date, `payment` (its own collector), `right_party` (last talk within so many days)."""

    rule: str
    within_days: int | None
    otherwise: str
    transfer_days: int | None
    transfer_share: Decimal


@dataclass(frozen=True)
class Conduct:
    """Which training must be valid (one of some kinds, for how many months), and which day of a complaint puts it in a month."""

    training_kinds: tuple[str, ...]
    training_months: int
    complaint_day: str


@dataclass(frozen=True)
class Plan:
    """One version of a plan. `hash` is of its meaning: comments and layout don't change it."""

    id: str
    version: int
    valid_from: date
    title: Words
    note: Words
    applies: tuple[tuple[str, tuple[str, ...]], ...]
    eligible: Eligible
    credit: Credit
    conduct: Conduct
    steps: tuple[Step, ...]
    hash: str
    text: str = field(repr=False, compare=False)

    def name(self, lang: str) -> str:
        """Its title in a language."""
        return dict(self.title)[lang]

    def step(self, identifier: str) -> Step:
        """A step by id; KeyError where there is none."""
        return next(step for step in self.steps if step.id == identifier)

    @property
    def cuts(self) -> tuple[str, ...]:
        """What cash is grouped by: bucket and product always, and whatever else a table asks for."""
        asked = {name for step in self.steps if isinstance(step, Weigh | Rate) for name in step.table.cuts}
        return tuple(name for name in OF_CASH if name in asked | {"bucket", "product"})

    @property
    def uses(self) -> frozenset[str]:
        """The quantities its steps read."""
        return frozenset(name for step in self.steps for name, _ in read_by(step))

    @property
    def carries(self) -> bool:
        """Whether balances are brought in and carried on."""
        return any(isinstance(step, Carry) for step in self.steps)

    def takes(self, team: str, grade: str, agency: str) -> bool:
        """Whether a collector is paid under it."""
        of = {"team": team, "grade": grade, "agency": agency}
        return all(of[name] in values for name, values in self.applies)


def read_by(step: Step) -> Iterator[tuple[str, str]]:
    """(quantity, field) of everything a step reads."""
    match step:
        case Weigh() | Rate() | Target():
            yield step.of, "of"
        case Sum():
            yield from ((term.of, "terms") for term in step.terms if term.of)
        case Tiers():
            yield from ((step.of, "of"), (step.by, "by"))
            yield from ((level.start.of, "levels") for level in step.levels if level.start.of)
        case Accelerator():
            yield step.of, "of"
            yield from ((level.start.of, "levels") for level in step.levels if level.start.of)
        case Gate():
            yield step.on, "on"
        case Bands():
            yield step.on, "on"
            yield from ((name, "amount") for name in (step.amount.of,) if name)
        case Limit():
            yield from ((limit.of, "limit") for limit in (step.most, step.least) if limit and limit.of)
        case Pool():
            yield from ((name, "amount") for name in (step.amount.of,) if name)
            yield from ((name, "on") for name in (step.on,) if name)
            yield from ((name, "share") for name in (step.share,) if name != "equal")
        case Carry():
            yield from ((name, "draw") for name in (step.draw.of,) if name)


def defined_by(step: Step) -> tuple[str, ...]:
    """The quantities a step defines."""
    match step:
        case Target():
            return ("target", "attainment")
        case Fixed() | Supplied() | Weigh() | Sum():
            return (step.defines,) if step.defines else ()
    return ()


def pays(step: Step) -> bool:
    """Whether a step adds pay of its own, which a later gate may be put on alone."""
    return isinstance(step, Rate | Tiers | Accelerator | Bands | Pool) or (isinstance(step, Fixed) and step.pays)
