"""What all commands share: the options that mean the same everywhere, and the two streams they print to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

#: Piped output is as wide as it needs: a cut figure is a wrong figure.
WIDE = None if sys.stdout.isatty() else 250
out = Console(highlight=False, width=WIDE)
err = Console(stderr=True, highlight=False, width=WIDE)

HomeOption = Annotated[Path | None, typer.Option("--home", help="Where snapshots and state live (or COLLECTIONS_HOME).")]
DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Data set; the one last loaded unless told.")]
LangOption = Annotated[str, typer.Option("--lang", help="en or zh")]
FormatOption = Annotated[str, typer.Option("--format", help="table, csv or json")]
