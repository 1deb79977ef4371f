"""Health, routing, error bodies, CORS."""

import httpx
import pytest

from kit import detail

ORIGIN = "http://debugger.example"


async def test_health_is_exactly_healthy(api):
    response = await api.get("/health")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == {"status": "healthy"}


async def test_health_ignores_query_parameters(api):
    response = await api.get("/health", params={"x": "1"})
    assert response.json() == {"status": "healthy"}


async def test_head_health_has_status_200_and_no_body(api):
    response = await api.http.head("/health")
    assert response.status_code == 200
    assert response.content == b""


async def test_root_serves_an_html_page(api):
    response = await api.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "<html" in response.text.lower()


@pytest.mark.parametrize(
    "path", ["/nope", "/workflows/greet", "/workflows/greet/nope", "/events", "/results"]
)
async def test_get_on_unknown_route_is_404_not_found(api, path):
    response = await api.get(path)
    assert response.status_code == 404
    assert detail(response) == "Not Found"


async def test_post_on_unknown_route_is_a_json_error(api):
    response = await api.post("/nope", json={})
    assert response.status_code in (404, 405)
    assert detail(response) in ("Not Found", "Method Not Allowed")


@pytest.mark.parametrize(
    "method,path",
    [
        ("POST", "/health"),
        ("DELETE", "/health"),
        ("POST", "/workflows"),
        ("POST", "/handlers"),
        ("PUT", "/handlers/x"),
        ("DELETE", "/handlers/x"),
        ("POST", "/results/x"),
        ("PUT", "/events/x"),
        ("PUT", "/workflows/greet/run"),
    ],
)
async def test_wrong_method_is_405_method_not_allowed(api, method, path):
    response = await api.http.request(method, path)
    assert response.status_code == 405
    assert detail(response) == "Method Not Allowed"


@pytest.mark.parametrize(
    "path", ["/workflows/greet/run", "/workflows/greet/run-nowait", "/handlers/x/cancel"]
)
async def test_get_on_a_post_route_is_a_json_error(api, path):
    response = await api.get(path)
    assert response.status_code in (404, 405)
    assert detail(response) in ("Not Found", "Method Not Allowed")


async def test_cors_simple_request_echoes_the_origin_with_credentials(api):
    response = await api.get("/health", headers={"Origin": ORIGIN})
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "origin" in response.headers["vary"].lower()


async def test_no_cors_headers_without_an_origin(api):
    response = await api.get("/health")
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_cors_preflight_allows_method_and_requested_headers(api, method):
    response = await api.http.options(
        "/workflows/greet/run",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,x-custom",
        },
    )
    assert response.status_code in (200, 204)
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    allowed = response.headers["access-control-allow-methods"].upper()
    assert method in [m.strip() for m in allowed.split(",")]
    headers = response.headers["access-control-allow-headers"].lower()
    assert {"content-type", "x-custom"} <= {h.strip() for h in headers.split(",")}


@pytest.mark.parametrize(
    "method,path,status",
    [
        ("GET", "/handlers/missing", 404),
        ("GET", "/nope", 404),
        ("POST", "/workflows/fail/run", 500),
        ("POST", "/workflows/greet/run", 200),
        ("POST", "/handlers/missing/cancel", 404),
    ],
)
async def test_cors_headers_are_on_errors_too(api, method, path, status):
    kwargs = {"json": {}} if method == "POST" else {}
    response = await api.http.request(method, path, headers={"Origin": ORIGIN}, **kwargs)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"


async def test_cors_headers_are_on_event_streams(api):
    handler_id = (await api.finish("quiet"))["handler_id"]
    for query in ("?after_sequence=-1", "?after_sequence=-1&sse=false", ""):
        response = await api.raw_events(handler_id, query, headers={"Origin": ORIGIN})
        assert response.headers["access-control-allow-origin"] == ORIGIN


async def test_head_of_an_unknown_handler_is_404_without_body(api):
    response = await api.http.head("/handlers/missing")
    assert response.status_code == 404
    assert response.content == b""


async def test_trailing_slash_is_another_route(api):
    for path in ("/health/", "/workflows/", "/handlers/"):
        response = await api.get(path)
        assert response.status_code == 404
        assert detail(response) == "Not Found"


async def test_many_requests_on_one_connection(api):
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(base_url=api.base_url, limits=limits) as http:
        for i in range(30):
            response = await http.post(
                "/workflows/echo/run", json={"start_event": {"text": str(i)}}
            )
            assert response.json()["result"]["value"]["text"] == str(i)
            assert (await http.get("/nope")).status_code == 404
