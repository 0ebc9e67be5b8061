"""Only users of one arm of an experiment are asked about, and a log that lists have shaped is said to be."""

import json
from pathlib import Path

import numpy as np
import pytest
from broker.experiment import experiment_from
from click.testing import CliRunner, Result

from cli.evaluate import arms, command
from tests.evaluation import made_up

EXPERIMENT = {"name": "autumn", "holdout": 40, "variants": {"control": {"weight": 1}}}
FIXED = "--no-tuning"


def invoke(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def mpid(user: str) -> str:
    return str(10**17 + int(user[1:]))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return interactions of mpids, with each one's arm and, of some in control, the list they came from."""
    experiment = experiment_from(EXPERIMENT)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,ML_VARIANT,RECOMMENDATION_ID"]
    for number, (user, *others) in enumerate(made_up.rows(users=80)):
        arm = experiment.variant_of(int(mpid(user)))
        named = "RID-1" if arm == "control" and number % 9 == 0 else ""
        lines.append(",".join(map(str, (mpid(user), *others, "moved" if number == 0 else arm, named))))
    path = tmp_path_factory.mktemp("shop") / "interactions.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def asked(file: Path, tmp_path: Path, *options: str | Path) -> set[str]:
    """Return whom the comparison asks about."""
    rows = tmp_path / "per_user.csv"
    result = invoke(file, FIXED, "--task", "all-items", "--per-user", rows, "--json", *options)
    assert result.exit_code == 0, result.output
    rows_of_users = [line.split(",")[2] for line in rows.read_text().splitlines()[1:]]
    return set(rows_of_users)


def test_the_hashes_and_the_column_ask_the_same_users(file: Path, tmp_path: Path) -> None:
    everybody = asked(file, tmp_path)
    of_hash = asked(file, tmp_path, "--arm", "holdout", "--experiment", json.dumps(EXPERIMENT))
    of_column = asked(file, tmp_path, "--arm", "holdout", "--arm-column", "ML_VARIANT")
    experiment = experiment_from(EXPERIMENT)
    assert of_hash == {user for user in everybody if experiment.variant_of(int(user)) == "holdout"}
    assert of_hash - of_column <= {mpid("u0")}  # one row says something else, so nobody knows
    assert of_column < everybody
    assert mpid("u0") not in of_column


def test_a_split_asks_the_same_users_and_says_its_arm(file: Path, tmp_path: Path) -> None:
    arm = ("--arm", "holdout", "--arm-column", "ML_VARIANT")
    done = invoke("split", file, "--out", tmp_path / "split", *arm)
    assert done.exit_code == 0, done.output
    assert asked(tmp_path / "split", tmp_path) == asked(file, tmp_path, *arm)
    assert asked(tmp_path / "split", tmp_path, "--arm", "holdout") == asked(file, tmp_path, *arm)
    how = json.loads(invoke(tmp_path / "split", FIXED, "--json").stdout)["how"]
    assert how["hold_out"]["arm"] == "holdout"
    refused = invoke(tmp_path / "split", FIXED, "--arm", "control")
    assert refused.exit_code == 2
    assert "split already, with --arm holdout" in refused.stderr


def test_a_log_that_lists_have_shaped_is_said_to_be_unless_only_others_are_asked(file: Path) -> None:
    everybody = json.loads(invoke(file, FIXED, "--json").stdout)
    (shaped,) = [each for each in everybody["diagnostics"] if each["name"] == "shaped_by_lists"]
    assert shaped["fault"]
    named = file.read_text().count("RID-1")
    assert shaped["message"].startswith(
        f"{named:,} of {everybody['how']['data']['interactions']:,} interactions name the list that they came from"
    )
    assert any("--arm holdout" in caveat for caveat in everybody["caveats"])
    without = invoke(file, FIXED, "--json", "--arm", "holdout", "--arm-column", "ML_VARIANT")
    report = json.loads(without.stdout)
    assert not [each for each in report["diagnostics"] if each["name"] == "shaped_by_lists"]
    assert not any("--arm holdout" in caveat for caveat in report["caveats"])


def test_a_holdout_that_saw_the_popular_list_is_said_to_favour_it() -> None:
    for holdout_list, words in (("popular", "the log favours popularity"), ("none", None)):
        notes = arms.of_experiment("holdout", experiment_from({**EXPERIMENT, "holdout_list": holdout_list})).notes
        assert (words is None and not notes) or words in notes[0]
    assert "saw its lists" in arms.of_experiment("control", experiment_from(EXPERIMENT)).notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--arm", "holdout"), "--arm goes with one of --experiment and --arm-column"),
        (("--arm-column", "ML_VARIANT"), "--arm-column and --experiment go with --arm"),
        (("--arm", "holdouts", "--arm-column", "ML_VARIANT"), "nobody is in it (there are: control, holdout)"),
        (("--arm", "holdout", "--arm-column", "VARIANT"), "no column VARIANT"),
        (("--arm", "holdout", "--experiment", '{"name": "autumn"}'), "must have 1 to 20 variants"),
    ],
)
def test_an_arm_that_nobody_can_be_found_in_is_refused(options: tuple[str, ...], message: str, file: Path) -> None:
    result = invoke(file, FIXED, *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_half_of_the_mpids_are_not_members_by_accident() -> None:
    members = arms.of_experiment("holdout", experiment_from(EXPERIMENT)).members([str(mpid) for mpid in range(2_000)])
    assert members.dtype == np.bool_
    assert 700 < members.sum() < 900  # 40 %
