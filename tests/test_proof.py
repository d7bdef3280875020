"""All tables in one run: what is asked, what is gathered, and that a failure is told."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES, chosen, main
from benchmarks.children import REPOSITORY
from benchmarks.proof import FULL, QUICK, Asked, Done, reports_in, run_all, summary, write_documents
from benchmarks.table import Goal, Report, show

GOOD = Report("Good", [{"a": 1}], [Goal("few", 1.0, 2.0, " s")], ["a note"], {"seed": 3}, [{"b": None}], [])
BAD = Report("Bad", [], [Goal("many", math.nan, 2.0, "", "least")], left_out=["whisperX cannot be installed here: no network"])


def test_every_benchmark_is_known_by_name() -> None:
    """Each module that prints a report of its own and takes the common options is in the list, and nothing else is."""
    with_tables = {
        path.stem for path in (REPOSITORY / "benchmarks").glob("*.py") if "arguments(__doc__)" in path.read_text("utf-8")
    }
    assert with_tables - {"archive", "pyannote_memory"} == set(NAMES)
    assert {asked.name for asked in (*FULL, *QUICK)} <= set(NAMES)
    assert list(dict.fromkeys(asked.name for asked in FULL)) == [asked.name for asked in QUICK]


def test_names_take_the_options_of_the_table_they_are_in() -> None:
    """Without names, the tables beside peers; with --all, everything."""
    assert chosen([], quick=False, every=False) == FULL
    assert chosen([], quick=True, every=False) == QUICK
    (edges, notes) = chosen(["turn_edges", "notes"], quick=True, every=False)
    assert edges.options
    assert notes == Asked("notes")
    assert chosen(["speech"], quick=False, every=False) == [asked for asked in FULL if asked.name == "speech"]
    assert list(dict.fromkeys(asked.name for asked in chosen([], quick=False, every=True))) == list(NAMES)


@pytest.mark.parametrize("asked", QUICK, ids=[asked.name for asked in QUICK])
def test_the_quick_tables_ask_for_options_that_there_are(asked: Asked) -> None:
    """A benchmark that knows none of them would end before it measured anything."""
    command = [sys.executable, "-m", f"benchmarks.{asked.name}", *asked.options, "--seed", "2", "--json", "--help"]
    told = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    assert all(option in told for option in asked.options if option.startswith("--"))


def test_what_a_benchmark_wrote_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Several documents one behind the other, and figures that could not be measured."""
    show(GOOD, as_json=True)
    show(BAD, as_json=True)
    first, second = reports_in(capsys.readouterr().out)
    assert first == GOOD
    assert math.isnan(second.goals[0].value)
    assert second.left_out == BAD.left_out
    assert reports_in("Traceback …") == ()
    assert reports_in(json.dumps([GOOD.document(), GOOD.document()])) == (GOOD, GOOD)


def test_all_goals_stand_in_one_table_with_what_failed_and_what_is_missing() -> None:
    """A benchmark without a report has failed, whatever its status was."""
    every = [
        Done(Asked("one"), 0, 60.0, (GOOD,)),
        Done(Asked("two", ("--x", "1")), 1, 30.0, (GOOD, BAD)),
        Done(Asked("three"), 1, 30.0, ()),
        Done(Asked("four"), 3, 0.0, (GOOD,)),
    ]
    assert [done.verdict for done in every] == ["met", "NOT MET", "FAILED with status 1", "FAILED with status 3"]
    told = summary(every)
    assert [(row["benchmark"], row["verdict"]) for row in told.rows] == [
        ("one", "met"),
        ("two", "met"),
        ("two", "NOT MET"),
        ("three", "FAILED with status 1"),
        ("four", "met"),
        ("four", "FAILED with status 3"),
    ]
    assert told.rows[0]["figure"] == "1 s"
    assert told.rows[0]["bound"] == "≤ 2 s"
    assert told.left_out == ["two: whisperX cannot be installed here: no network"]
    assert told.notes == ["2 minutes in all"]


def test_everything_is_written_to_a_file_in_strict_json(tmp_path: Path) -> None:
    """With the machine, the options and every row; a figure that is no number is null."""
    write_documents(tmp_path / "raw.json", [Done(Asked("two", ("--x", "1")), 1, 30.04, (GOOD, BAD))])
    told = json.loads((tmp_path / "raw.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert told["machine"]["cores"] >= 1
    (two,) = told["benchmarks"]
    assert (two["name"], two["options"], two["status"], two["seconds"]) == ("two", ["--x", "1"], 1, 30.0)
    assert two["reports"][0]["rows"] == [{"a": 1}]
    assert two["reports"][1]["goals"][0]["value"] is None


def test_benchmarks_run_one_after_the_other_and_print_their_tables(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The tables, the goals of all, the file; the status tells whether all were met."""
    raw = tmp_path / "raw.json"
    status = main(["word_speakers", "--seed", "4", "--json", str(raw)])
    printed = capfd.readouterr().out
    assert "=== python -m benchmarks.word_speakers --seed 4" in printed
    assert "All goals" in printed
    (told,) = json.loads(raw.read_text("utf-8"))["benchmarks"]
    assert told["status"] == status
    assert told["options"] == ["--seed", "4"]


def test_a_benchmark_that_dies_does_not_stop_the_next(capfd: pytest.CaptureFixture[str]) -> None:
    """And is told as failed."""
    every = list(run_all([Asked("no_such_benchmark"), Asked("word_speakers", ("--help",))], seed=None))
    assert [done.verdict for done in every] == ["FAILED with status 1", "FAILED with status 0"]
    assert "no_such_benchmark: FAILED with status 1" in capfd.readouterr().out


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    with pytest.raises(SystemExit) as ended:
        main(["nonsense"])
    assert ended.value.code == 2
    assert "there is no benchmark nonsense" in capsys.readouterr().err
