"""Routes are analysed once, when they are first needed, and find requests before."""

import threading
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.routing import Match

from api.models.model import Model
from api.routes.lazy_route import LazyRoute


class Filter(Model, extra="forbid"):
    """A query."""

    limit: int = Field(ge=1)


class Body(Model, extra="forbid"):
    """A body."""

    title: str


def made() -> LazyRoute:
    router = APIRouter(prefix="/things", route_class=LazyRoute)

    @router.put("/{thing_id}", operation_id="putThing")
    async def put(thing_id: str, body: Body, query: Annotated[Filter, Query()]) -> Any:
        return thing_id, body, query

    (route,) = router.routes
    assert isinstance(route, LazyRoute)
    return route


def scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}


def test_a_route_is_found_without_analysis() -> None:
    route = made()
    match, found = route.matches(scope("PUT", "/things/7"))
    assert (match, found["path_params"]) == (Match.FULL, {"thing_id": "7"})
    assert route.matches(scope("GET", "/things/7"))[0] is Match.PARTIAL
    assert route.matches(scope("PUT", "/others/7"))[0] is Match.NONE
    assert "dependant" not in vars(route)


def test_reading_an_attribute_analyses_the_route() -> None:
    route = made()
    assert route.operation_id == "putThing"
    assert [parameter.name for parameter in route.dependant.path_params] == ["thing_id"]
    assert route.body_field is not None
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = route.no_such_thing


def test_the_analysis_warns_of_nothing_and_builds_the_validators(recwarn: pytest.WarningsRecorder) -> None:
    route = made()
    route.prepare()
    assert route.body_field is not None
    assert route.body_field.validate({"title": "x"}) == (Body(title="x"), [])
    assert [str(warning.message) for warning in recwarn] == []


def test_threads_that_need_a_route_at_once_all_get_it() -> None:
    route = made()
    apps: list[Any] = []
    threads = [threading.Thread(target=lambda: apps.append(route.app)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(apps) == 8
    assert len({id(app) for app in apps}) == 1
