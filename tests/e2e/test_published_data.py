"""The drift that NannyML documents in its car-loan data, which lie beside the checkout on the developers' machines."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from terminal import atalaia, strict_json

DATA = Path(__file__).resolve().parents[3] / "shared/samples/datasets/nannyml"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the published data are not on this machine")


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    half = tmp_path_factory.mktemp("car") / "second-half.parquet"
    pq.write_table(pq.read_table(DATA / "synthetic_car_loan_analysis.parquet").slice(25_000), half)
    done = atalaia("compare", DATA / "synthetic_car_loan_reference.parquet", half, "--json")
    assert done.returncode == 1, done.stderr
    return {column["column"]: column for column in strict_json(done.stdout)["columns"]}


def test_exactly_the_documented_columns_drift(compared):
    drifted = {name for name, column in compared.items() if column["finding"]["status"] == "alert"}

    assert drifted == {"car_value", "repaid_loan_on_prev_car", "loan_length", "y_pred_proba", "salary_range"}


@pytest.mark.parametrize(
    ("column", "metric", "low", "high"),
    [
        ("car_value", "kolmogorov_smirnov", 0.43, 0.44),
        ("loan_length", "kolmogorov_smirnov", 0.18, 0.20),
        ("y_pred_proba", "kolmogorov_smirnov", 0.12, 0.14),
        ("repaid_loan_on_prev_car", "l_infinity", 0.24, 0.26),
        ("salary_range", "l_infinity", 0.085, 0.095),
    ],
)
def test_drift_is_as_large_as_documented(compared, column, metric, low, high):
    assert low <= compared[column]["metrics"][metric] <= high
