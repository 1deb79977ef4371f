"""Names, paths and methods that the server does not know."""

import pytest

from wire import Api, answer, detail

pytestmark = pytest.mark.usefixtures("the_server_lives_on")


@pytest.mark.parametrize("name", ["missing", "GREET", "%20", "gr%C3%BC%C3%9Fe", "a%00b", "..%00"])
async def test_an_unknown_workflow_is_404(http: Api, name: str) -> None:
    for endpoint in ("run", "run-nowait"):
        for body in (b"{}", b"not json"):
            response = await http.post(f"/workflows/{name}/{endpoint}", content=body)
            assert detail(response, 404) == "Workflow not found"
    for endpoint in ("schema", "representation"):
        response = await http.get(f"/workflows/{name}/{endpoint}")
        assert detail(response, 404) == "Workflow not found"


async def test_the_events_of_an_unknown_workflow_are_404_and_name_it(http: Api) -> None:
    response = await http.get("/workflows/missing/events")
    assert detail(response, 404) == "Workflow 'missing' not found"


@pytest.mark.parametrize("name", ["missing", "%20", "a%00b", "a%3Fb", "%E4%B8%96", "x" * 2000])
async def test_an_unknown_handler_is_404(http: Api, name: str) -> None:
    for response in (
        await http.get(f"/handlers/{name}"),
        await http.get(f"/results/{name}"),
        await http.get(f"/events/{name}"),
        await http.post(f"/events/{name}", json=answer("Ada")),
        await http.post(f"/handlers/{name}/cancel"),
        await http.post(f"/handlers/{name}/cancel?purge=true"),
    ):
        assert detail(response, 404) == "Handler not found"


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/workflows/greet",
        "/workflows/greet/nope",
        "/events",
        "/results",
        "/health/",
        "/workflows/",
        "/handlers/",
        "/handlers/a%2Fb",
    ],
)
async def test_an_unknown_path_is_404(http: Api, path: str) -> None:
    assert detail(await http.get(path), 404) == "Not Found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/health"),
        ("DELETE", "/health"),
        ("OPTIONS", "/health"),
        ("POST", "/workflows"),
        ("POST", "/workflows/greet/schema"),
        ("POST", "/workflows/greet/events"),
        ("POST", "/workflows/greet/representation"),
        ("PUT", "/workflows/greet/run"),
        ("DELETE", "/workflows/greet/run-nowait"),
        ("POST", "/handlers"),
        ("PUT", "/handlers/x"),
        ("DELETE", "/handlers/x"),
        ("DELETE", "/handlers/x/cancel"),
        ("POST", "/results/x"),
        ("PUT", "/events/x"),
        ("PATCH", "/events/x"),
    ],
)
async def test_a_wrong_method_is_405(http: Api, method: str, path: str) -> None:
    assert detail(await http.request(method, path), 405) == "Method Not Allowed"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/workflows/greet/run"),
        ("GET", "/workflows/greet/run-nowait"),
        ("GET", "/handlers/x/cancel"),
        ("POST", "/nope"),
        ("DELETE", "/nope"),
    ],
)
async def test_where_the_protocol_leaves_a_choice_it_is_404_or_405(
    http: Api, method: str, path: str
) -> None:
    response = await http.request(method, path)
    if response.status_code == 404:
        assert detail(response, 404) == "Not Found"
    else:
        assert detail(response, 405) == "Method Not Allowed"
