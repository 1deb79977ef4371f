"""The OpenAPI document of a running server: valid, and its examples are good ones."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from wire import SSE_FRAME, Api


@pytest_asyncio.fixture
async def document(http: Api) -> dict[str, Any]:
    answer = await http.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document, cls=OpenAPIV31SpecValidator)
    # So that it is sure that the validator looks.
    del document["paths"]["/handlers/{handler_id}"]["get"]["parameters"]
    with pytest.raises(OpenAPIValidationError):
        validate(document, cls=OpenAPIV31SpecValidator)


async def test_examples_of_answers_are_what_the_schemas_say(document: dict[str, Any]) -> None:
    count = 0
    for content_type, schema, example in examples(document):
        check = validator(document, schema)
        match content_type:
            case "application/json":
                check.validate(example)
            case "application/x-ndjson":
                for line in example.splitlines():
                    check.validate(json.loads(line))
            case "text/event-stream":
                event = validator(document, {"$ref": "#/components/schemas/StreamEvent"})
                for number, data in SSE_FRAME.findall(example.encode()):
                    check.validate({"id": number.decode(), "data": data.decode()})
                    event.validate(json.loads(data))
        count += 1
    assert count > 100


async def test_examples_of_bodies_are_taken(document: dict[str, Any], http: Api) -> None:
    schemas = document["components"]["schemas"]
    for body in schemas["Start"]["examples"]:
        validator(document, schemas["Start"]).validate(body)
        answer = await http.post("/workflows/greet/run-nowait", json=body)
        assert answer.status_code == 200, answer.text
    for body in schemas["Send"]["examples"]:
        validator(document, schemas["Send"]).validate(body)
        record = (await http.post("/workflows/human/run-nowait", json={})).json()
        answer = await http.post(f"/events/{record['handler_id']}", json=body)
        assert answer.json() == {"status": "sent"}


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """All examples of answers, with their types and schemas."""
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                for content_type, content in answer.get("content", {}).items():
                    for example in content.get("examples", {}).values():
                        yield content_type, content["schema"], example["value"]
                    if "example" in content:
                        yield content_type, content["schema"], content["example"]


def validator(document: dict[str, Any], schema: dict[str, Any]) -> OAS31Validator:
    schema = {**schema, "components": document["components"]}
    return OAS31Validator(schema, format_checker=oas31_format_checker)
