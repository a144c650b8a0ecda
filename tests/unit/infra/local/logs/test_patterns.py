"""Filter patterns of CloudWatch Logs; the cases are those of its user guide."""

import json

import pytest

from infra.local.logs.patterns import PatternError, compiled

EVENT = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "latency": 42.5,
}


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] disk", True),
        ("ERROR", "[error] disk", False),
        ("ERROR ARGUMENTS", "ERROR invalid ARGUMENTS", True),
        ("ERROR ARGUMENTS", "ERROR", False),
        ("ERROR -ARGUMENTS", "ERROR invalid ARGUMENTS", False),
        ("?ERROR ?WARN", "WARN low", True),
        ("?ERROR ?WARN", "INFO", False),
        ('"INTERNAL SERVER ERROR"', "500 INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "SERVER INTERNAL ERROR", False),
        (r"%status=5\d\d%", "status=503", True),
        (r"%status=5\d\d%", "status=404", False),
    ],
)
def test_terms_look_at_the_text(pattern: str, message: str, matches: bool) -> None:
    assert compiled(pattern)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ('{ $.eventType = "Update" }', False),
        ("{ $.eventType = Update* }", True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[5].id = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.eventType EXISTS }", True),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag = 1 }", False),
        ("{ $.latency > 42 && $.latency <= 42.5 }", True),
        ("{ $.latency > 50 || $.ThisFlag IS TRUE }", True),
        ("{ ($.latency > 50 || $.latency < 45) && $.eventType = %^Up% }", True),
        ("{ $.eventType > 1 }", False),
        ("{ $.missing != 1 }", False),
    ],
)
def test_json_patterns_look_at_fields(pattern: str, matches: bool) -> None:
    assert compiled(pattern)(json.dumps(EVENT)) is matches
    assert compiled(pattern)("UpdateTrail 111.111.111.111") is False


@pytest.mark.parametrize(
    "pattern",
    [
        "[ip, user]",
        "{ $.a = 1",
        "{ $.a = }",
        "{ $.a ~ 1 }",
        "{ a = 1 }",
        "{ ($.a = 1 }",
        "{ $.a = 1 $.b = 2 }",
        "{ $.a > x }",
        "{ $.a IS 1 }",
        "%(%",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)
