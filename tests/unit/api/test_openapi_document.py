"""The committed OpenAPI document is the API's, complete, and keeps its promises to the clients of the one before."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

from api.openapi.__main__ import FILE, build_document, format_document
from api.openapi.compatibility import breaking_changes

Document = dict[str, Any]
# statuses that API Gateway may answer instead of the API, where a token is needed
GATEWAY = {"401", "403", "413", "429", "500", "503"}
TASKS, TASK = "/api/v1/tasks", "/api/v1/tasks/{task_id}"


@pytest.fixture(scope="module")
def document() -> Document:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return build_document()


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_no_client_of_the_committed_document_breaks(document: Document) -> None:
    assert breaking_changes(json.loads(FILE.read_text()), document) == []


def test_the_committed_document_is_the_codes(document: Document) -> None:
    assert FILE.read_text() == format_document(document), "`make openapi` writes it anew"


def test_a_client_generator_finds_what_it_needs(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["components"]["securitySchemes"]["CognitoToken"]["scheme"] == "bearer"
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names)) == 27
    for place, operation in operations(document):
        assert operation["operationId"].isidentifier(), place
        assert all(operation[part] for part in ("summary", "description", "tags")), place
        # an empty list says that no token is needed; without one, a generator could not tell it from an omission
        assert operation["security"] == ([] if place == "GET /health" else [{"CognitoToken": []}])
        secured = bool(operation["security"])
        assert ("401" in operation["responses"]) == secured


def test_every_refusal_is_a_problem_with_an_example(document: Document) -> None:
    for place, operation in operations(document):
        refusals = {status: one for status, one in operation["responses"].items() if status >= "400"}
        assert refusals, place
        for status, response in refusals.items():
            problem = response["content"].get("application/problem+json")
            if problem is None:  # API Gateway's own
                assert status in {"403", "429", "503"}, (place, status)
                continue
            name = "GatewayErrorOrProblem" if status in GATEWAY else "Problem"
            assert problem["schema"] == {"$ref": f"#/components/schemas/{name}"}
            for slug in problem["examples"]:
                value = document["components"]["examples"][slug]["value"]
                assert (value["status"], value["type"]) == (int(status), f"urn:problem-type:todo:{slug}")
    assert "HTTPValidationError" not in json.dumps(document)


def test_what_the_gateway_itself_answers_comes_first_wherever_it_may_answer(document: Document) -> None:
    for place, operation in operations(document):
        answered_by_gateway = GATEWAY if operation["security"] else {"429", "500", "503"}
        for status in answered_by_gateway:
            media = operation["responses"][status]["content"]
            assert next(iter(media)) == "application/json", (place, status)
            assert media["application/json"]["schema"] == {"$ref": "#/components/schemas/GatewayErrorOrProblem"}
    either = schema(document, "GatewayErrorOrProblem")["anyOf"]
    assert [one["$ref"].rpartition("/")[2] for one in either] == ["GatewayError", "Problem"]


def test_an_answer_s_fields_are_all_required_and_more_may_come(document: Document) -> None:
    for name in ("Task", "User", "Insights", "ChangesPage", "DeletedTask", "Result", "WeekFigures", "Health"):
        answer = schema(document, name)
        always = answer["properties"].keys() - {"deleted_at", "purge_at"}
        assert set(answer["required"]) == always, name
        assert "additionalProperties" not in answer, name
    assert {"type": "null"} in schema(document, "Task")["properties"]["description"]["anyOf"]


def test_what_a_request_may_leave_out_is_not_required(document: Document) -> None:
    assert schema(document, "NewTask")["required"] == ["title"]
    assert "required" not in schema(document, "TaskChanges")


def test_no_schema_has_a_field_of_its_own_name(document: Document) -> None:
    """A generator in Python names a local variable after the class: such a field would hide it."""
    schemas = document["components"]["schemas"]
    fields = {name: {field.replace("_", "") for field in one.get("properties", ())} for name, one in schemas.items()}
    assert [name for name in fields if name.lower() in fields[name]] == []


def test_every_enumeration_has_readable_names(document: Document) -> None:
    named = {name: one for name, one in document["components"]["schemas"].items() if "enum" in one}
    assert set(named) == {"Status", "Priority", "Sort", "EventType", "DeliveryStatus"}
    for name, one in named.items():
        assert len(one["x-enum-varnames"]) == len(one["enum"]), name
        assert all(varname.isidentifier() for varname in one["x-enum-varnames"])
    assert named["Sort"]["x-enum-varnames"][1] == "CREATED_AT_DESCENDING"


def test_tags_contact_licence_and_server_are_declared(document: Document) -> None:
    used = {tag for _, operation in operations(document) for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"] if tag["description"]} == used
    assert document["info"]["contact"]["name"]
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert [bool(server["description"]) for server in document["servers"]] == [True]


def test_every_example_is_valid_by_its_schema(document: Document) -> None:
    checked = 0
    for place, operation in operations(document):
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in [one for content in contents for one in content.get("content", {}).values()]:
            named = [document["components"]["examples"][slug]["value"] for slug in media.get("examples", ())]
            for example in [media["example"]] if "example" in media else named:
                schema = {**media["schema"], "components": document["components"]}
                try:
                    jsonschema.validate(example, schema, jsonschema.Draft202012Validator)
                except jsonschema.ValidationError as error:
                    pytest.fail(f"{place}: {error.message}")
                checked += 1
    assert checked > 100


def parameter(document: Document, path: str, method: str, name: str) -> Document:
    found: Document
    (found,) = [one for one in document["paths"][path][method]["parameters"] if one["name"] == name]
    return found


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


BREAKS: dict[str, tuple[Callable[[Document], object], str]] = {
    "a path": (lambda d: d["paths"].pop(TASK), f"GET {TASK} is gone"),
    "a method": (lambda d: d["paths"][TASK].pop("patch"), f"PATCH {TASK} is gone"),
    "an operation's name": (lambda d: d["paths"][TASK]["get"].update(operationId="x"), "no longer called getTask"),
    "a success": (lambda d: d["paths"][TASKS]["post"]["responses"].pop("201"), "answers 201 no more"),
    "another success": (
        lambda d: d["paths"][TASKS]["post"]["responses"].update({"202": {"description": ""}}),
        "may now answer 202",
    ),
    "a header": (
        lambda d: d["paths"][TASKS]["get"]["responses"]["200"]["headers"].pop("Link"),
        "200 has no header Link any more",
    ),
    "an answer's media type": (
        lambda d: d["paths"][TASK]["get"]["responses"]["200"].update(content={"text/plain": {"schema": {}}}),
        "200 is application/json no more",
    ),
    "an answer's field": (lambda d: schema(d, "Task")["properties"].pop("category"), "200 answer.category: gone"),
    "a field that was always there": (
        lambda d: schema(d, "Task")["required"].remove("version"),
        "200 answer.version: not always there",
    ),
    "a field that may be null now": (
        lambda d: schema(d, "Task")["properties"].update(version={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        "200 answer.version: null instead of integer",
    ),
    "a field's type": (
        lambda d: schema(d, "Task")["properties"].update(version={"type": "string"}),
        "200 answer.version: string instead of integer",
    ),
    "a required field": (lambda d: schema(d, "NewTask")["required"].append("category"), "request body.category"),
    "a field that is not taken any more": (
        lambda d: schema(d, "NewTask")["properties"].pop("category"),
        "request body.category: ignored",
    ),
    "a value that is not taken any more": (
        lambda d: schema(d, "Priority")["enum"].remove("urgent"),
        "request body.priority: urgent instead of one of",
    ),
    "a value that clients do not know": (
        lambda d: schema(d, "Status")["enum"].append("blocked"),
        "200 answer.status: blocked instead of one of",
    ),
    "a shorter text": (
        lambda d: schema(d, "NewTask")["properties"]["title"].update(maxLength=100),
        "request body.title: maxLength 200 against 100",
    ),
    "null is not taken any more": (
        lambda d: schema(d, "TaskChanges")["properties"].update(due_date={"type": "string", "format": "date"}),
        "request body.due_date: null instead of string",
    ),
    "a parameter": (lambda d: d["paths"][TASKS]["get"]["parameters"].pop(0), "query parameter status is gone"),
    "a required parameter": (
        lambda d: parameter(d, TASK, "put", "Idempotency-Key").update(required=True),
        "header parameter Idempotency-Key is now required",
    ),
    "a smaller page": (
        lambda d: parameter(d, TASKS, "get", "limit")["schema"].update(maximum=100),
        "query parameter limit: maximum 200 against 100",
    ),
    "one value of a parameter only": (
        lambda d: parameter(d, TASKS, "get", "status").update(schema=schema(d, "Status")),
        "query parameter status: array instead of string",
    ),
    "a body's media type": (
        lambda d: d["paths"][TASK]["patch"]["requestBody"]["content"].pop("application/json"),
        "takes no application/json any more",
    ),
    "a token": (
        lambda d: d["paths"]["/health"]["get"].update(security=[{"CognitoToken": []}]),
        "GET /health now needs a token",
    ),
}
ADDITIONS: dict[str, Callable[[Document], object]] = {
    "a path": lambda d: d["paths"].update({"/new": d["paths"]["/health"]}),
    "an optional field": lambda d: schema(d, "NewTask")["properties"].update(note={"type": "string"}),
    "a field in the answer": lambda d: schema(d, "Task")["properties"].update(note={"type": "string"}),
    "a longer text": lambda d: schema(d, "NewTask")["properties"]["title"].update(maxLength=300),
    "an optional parameter": lambda d: d["paths"][TASKS]["get"]["parameters"].append(
        {"name": "page", "in": "query", "required": False, "schema": {"type": "integer"}}
    ),
    "several values of a parameter": lambda d: parameter(d, TASKS, "get", "sort").update(
        schema={"type": "array", "items": parameter(d, TASKS, "get", "sort")["schema"]}
    ),
    "a field that is optional now": lambda d: schema(d, "NewTask")["required"].remove("title"),
    "another refusal": lambda d: d["paths"][TASKS]["get"]["responses"].update({"418": {"description": ""}}),
    "other words": lambda d: schema(d, "Task").update(description="Something to do."),
}


@pytest.mark.parametrize("what", list(BREAKS))
def test_a_breaking_change_is_found_and_named(document: Document, what: str) -> None:
    change, message = BREAKS[what]
    changed = copy.deepcopy(document)
    change(changed)
    found = breaking_changes(document, changed)
    assert [one for one in found if message in one], found


@pytest.mark.parametrize("what", list(ADDITIONS))
def test_an_addition_breaks_nothing(document: Document, what: str) -> None:
    changed = copy.deepcopy(document)
    ADDITIONS[what](changed)
    assert changed != document
    assert breaking_changes(document, changed) == []
