"""What a run of the pipeline reports of batches that Lambda discarded."""

import json

import pytest

from orchestration.window.discarded import report_discarded


def test_each_function_has_its_count_also_when_it_is_zero(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # as it is deployed: Powertools adds it as a dimension, unless there is one of this name
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "todo-resolve-window")
    report_discarded({"todo-cdc": ["a", "b"], "somebody-else": ["c"]})
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["service"], one["DiscardedBatches"]) for one in written] == [
        ("todo-cdc", [2.0]), ("todo-webhooks-fan-out", [0.0]),
    ]  # fmt: skip
    (metric,) = written[0]["_aws"]["CloudWatchMetrics"]
    assert (metric["Namespace"], metric["Dimensions"]) == ("TodoInsights", [["service"]])
