"""/workflows, schemas, events, graph."""

from kit import WORKFLOWS, detail, schema_fields


async def graph_of(api, name):
    response = await api.get(f"/workflows/{name}/representation")
    assert response.status_code == 200
    assert set(response.json()) == {"graph"}
    return response.json()["graph"]


def node_ids(graph, kind):
    return {n["id"] for n in graph["nodes"] if n["node_type"] == kind}


def edges_of(graph):
    return {(e["source"], e["target"]) for e in graph["edges"]}


async def schema_of(api, name):
    response = await api.get(f"/workflows/{name}/schema")
    assert response.status_code == 200
    assert set(response.json()) == {"start", "stop"}
    return response.json()


async def event_schemas(api, name):
    response = await api.get(f"/workflows/{name}/events")
    assert response.status_code == 200
    assert set(response.json()) == {"events"}
    return {s["title"]: s for s in response.json()["events"]}


async def test_workflows_lists_every_fixture_once(api):
    response = await api.get("/workflows")
    assert response.status_code == 200
    assert set(response.json()) == {"workflows"}
    names = response.json()["workflows"]
    assert WORKFLOWS <= set(names)
    assert len(names) == len(set(names))


# schema --------------------------------------------------------------------
async def test_schema_start_has_title_type_and_default(api):
    start = (await schema_of(api, "greet"))["start"]
    assert start["title"] == "GreetStart"
    assert start["type"] == "object"
    assert set(start["properties"]) == {"name"}
    assert schema_fields(start)["name"]["types"] == {"string"}
    assert start["properties"]["name"]["default"] == "World"
    assert not start.get("required")


async def test_schema_of_builtin_stop_event_has_no_declared_fields(api):
    stop = (await schema_of(api, "greet"))["stop"]
    assert stop["title"] == "StopEvent"
    assert stop["type"] == "object"
    assert not stop.get("properties")


async def test_schema_of_builtin_start_event_has_no_declared_fields(api):
    start = (await schema_of(api, "hello"))["start"]
    assert start["title"] == "StartEvent"
    assert start["type"] == "object"
    assert not start.get("properties")


async def test_schema_of_custom_stop_event(api):
    stop = (await schema_of(api, "human"))["stop"]
    assert stop["title"] == "OutEvent"
    assert {k: v["types"] for k, v in schema_fields(stop).items()} == {"output": {"string"}}


async def test_schema_lists_required_start_fields(api):
    start = (await schema_of(api, "echo"))["start"]
    assert start["title"] == "EchoStart"
    assert start["required"] == ["text"]


async def test_schema_describes_nested_list_optional_and_enum_fields(api):
    fields = schema_fields((await schema_of(api, "echo"))["start"])
    assert {k: v["types"] - {"null"} for k, v in fields.items() if k != "color"} == {
        "text": {"string"},
        "number": {"integer"},
        "ratio": {"number"},
        "flag": {"boolean"},
        "tags": {"array"},
        "inner": {"object"},
        "children": {"array"},
    }
    assert "null" in fields["ratio"]["types"]
    assert "null" in fields["inner"]["types"]
    assert fields["tags"]["items"]["types"] == {"string"}
    assert fields["color"]["enum"] == {"red", "green", "blue"}
    assert fields["inner"]["fields"]["id"]["types"] == {"integer"}
    assert fields["inner"]["fields"]["note"]["types"] == {"string", "null"}
    assert set(fields["children"]["items"]["fields"]) == {"id", "note"}


async def test_schema_of_unknown_workflow_is_404(api):
    response = await api.get("/workflows/missing/schema")
    assert response.status_code == 404
    assert detail(response) == "Workflow not found"


# events --------------------------------------------------------------------
async def test_events_lists_accepted_and_returned_types(api):
    schemas = await event_schemas(api, "human")
    assert set(schemas) == {"StartEvent", "RequestEvent", "ResponseEvent", "OutEvent"}
    assert set(schemas["RequestEvent"]["properties"]) == {"prompt"}
    assert set(schemas["ResponseEvent"]["properties"]) == {"response"}


async def test_events_leaves_out_types_that_are_only_streamed(api):
    assert set(await event_schemas(api, "greet")) == {"GreetStart", "StopEvent"}


async def test_events_includes_additional_events(api):
    schemas = await event_schemas(api, "wait")
    assert set(schemas) == {"WaitStart", "StopEvent", "Approval"}
    assert {k: v["types"] for k, v in schema_fields(schemas["Approval"]).items()} == {
        "ticket": {"string"},
        "approved": {"boolean"},
    }


async def test_events_includes_inner_step_events(api):
    assert set(await event_schemas(api, "fanout")) == {
        "FanoutStart",
        "WorkItem",
        "WorkDone",
        "StopEvent",
    }


async def test_events_of_unknown_workflow_is_404_with_its_name(api):
    response = await api.get("/workflows/missing/events")
    assert response.status_code == 404
    assert detail(response) == "Workflow 'missing' not found"


# representation ------------------------------------------------------------
async def test_graph_top_level_fields(api):
    graph = await graph_of(api, "greet")
    assert set(graph) == {"name", "nodes", "edges", "description"}
    assert graph["name"] == "GreetWorkflow"
    assert graph["description"] is None or isinstance(graph["description"], str)


async def test_graph_node_and_edge_fields_by_kind(api):
    graph = await graph_of(api, "human")
    fields = {
        "step": {"id", "label", "node_type", "description"},
        "event": {
            "id",
            "label",
            "node_type",
            "event_type",
            "event_types",
            "event_schema",
            "produced_by",
        },
        "external": {"id", "label", "node_type"},
    }
    for node in graph["nodes"]:
        assert set(node) == fields[node["node_type"]], node
        assert node["label"] == node["id"]
    for edge in graph["edges"]:
        assert set(edge) == {"source", "target", "label"}
        assert edge["label"] is None
    assert len({n["id"] for n in graph["nodes"]}) == len(graph["nodes"])


async def test_graph_of_a_single_step(api):
    graph = await graph_of(api, "greet")
    assert node_ids(graph, "step") == {"greet"}
    assert node_ids(graph, "event") == {"GreetStart", "StopEvent"}
    assert node_ids(graph, "external") == set()
    assert edges_of(graph) == {("GreetStart", "greet"), ("greet", "StopEvent")}


async def test_graph_event_node_carries_type_chain_schema_and_producers(api):
    graph = await graph_of(api, "human")
    nodes = {n["id"]: n for n in graph["nodes"]}
    assert nodes["OutEvent"]["event_type"] == "OutEvent"
    assert nodes["OutEvent"]["event_types"] == ["OutEvent", "StopEvent"]
    assert nodes["OutEvent"]["produced_by"] == ["greet_human"]
    assert nodes["RequestEvent"]["event_types"] == [
        "RequestEvent",
        "InputRequiredEvent",
    ]
    assert nodes["ResponseEvent"]["event_types"] == [
        "ResponseEvent",
        "HumanResponseEvent",
    ]
    assert nodes["ResponseEvent"]["produced_by"] == []
    assert nodes["StartEvent"]["event_types"] == ["StartEvent"]
    assert set(nodes["ResponseEvent"]["event_schema"]["properties"]) == {"response"}


async def test_graph_routes_human_events_through_external_step(api):
    graph = await graph_of(api, "human")
    assert node_ids(graph, "step") == {"prompt_human", "greet_human"}
    assert node_ids(graph, "external") == {"external_step"}
    assert edges_of(graph) == {
        ("StartEvent", "prompt_human"),
        ("prompt_human", "RequestEvent"),
        ("RequestEvent", "external_step"),
        ("external_step", "ResponseEvent"),
        ("ResponseEvent", "greet_human"),
        ("greet_human", "OutEvent"),
    }


async def test_graph_of_fan_out_and_collect(api):
    graph = await graph_of(api, "fanout")
    assert node_ids(graph, "step") == {"dispatch", "work", "gather"}
    assert edges_of(graph) == {
        ("FanoutStart", "dispatch"),
        ("dispatch", "WorkItem"),
        ("WorkItem", "work"),
        ("work", "WorkDone"),
        ("WorkDone", "gather"),
        ("gather", "StopEvent"),
    }


async def test_graph_of_a_step_that_waits_shows_only_its_signature(api):
    graph = await graph_of(api, "wait")
    assert node_ids(graph, "external") == set()
    assert edges_of(graph) == {("WaitStart", "ask"), ("ask", "StopEvent")}


async def test_graph_of_unknown_workflow_is_404(api):
    response = await api.get("/workflows/missing/representation")
    assert response.status_code == 404
    assert detail(response) == "Workflow not found"


async def parts_of(api, name):
    graph = await graph_of(api, name)
    return {n["id"]: n for n in graph["nodes"]}, edges_of(graph)


async def test_graph_of_two_questions(api):
    nodes, edges = await parts_of(api, "two-human")
    assert edges == {
        ("StartEvent", "ask_first"),
        ("ask_first", "FirstQuestion"),
        ("FirstQuestion", "external_step"),
        ("external_step", "FirstAnswer"),
        ("FirstAnswer", "ask_second"),
        ("ask_second", "SecondQuestion"),
        ("SecondQuestion", "external_step"),
        ("external_step", "SecondAnswer"),
        ("SecondAnswer", "finish"),
        ("finish", "TwoHumanStop"),
    }
    assert sum(n["node_type"] == "external" for n in nodes.values()) == 1


async def test_graph_of_two_steps_on_one_event(api):
    nodes, edges = await parts_of(api, "steps-target")
    assert edges == {
        ("StartEvent", "ready"),
        ("ready", "TargetReady"),
        ("TargetReady", "external_step"),
        ("external_step", "Ping"),
        ("Ping", "left"),
        ("Ping", "right"),
        ("external_step", "Finish"),
        ("Finish", "finish"),
        ("finish", "StopEvent"),
    }
    assert "Hit" not in nodes
    assert nodes["Ping"]["produced_by"] == []
    assert nodes["finish"]["node_type"] == "step"
    assert nodes["Finish"]["node_type"] == "event"


async def test_graph_producers_of_the_fan_out(api):
    nodes, _ = await parts_of(api, "fanout")
    producers = {k: n["produced_by"] for k, n in nodes.items() if n["node_type"] == "event"}
    assert producers == {
        "FanoutStart": [],
        "WorkItem": ["dispatch"],
        "WorkDone": ["work"],
        "StopEvent": ["gather"],
    }


async def test_graph_of_untyped_human_events(api):
    nodes, edges = await parts_of(api, "classic-human")
    assert edges == {
        ("StartEvent", "ask"),
        ("ask", "InputRequiredEvent"),
        ("InputRequiredEvent", "external_step"),
        ("external_step", "HumanResponseEvent"),
        ("HumanResponseEvent", "answer"),
        ("answer", "StopEvent"),
    }
    assert nodes["InputRequiredEvent"]["event_types"] == ["InputRequiredEvent"]


async def test_graph_schema_equals_the_event_schema(api):
    nodes, _ = await parts_of(api, "echo")
    schema = (await api.get("/workflows/echo/schema")).json()
    assert nodes["EchoStart"]["event_schema"] == schema["start"]
    assert nodes["EchoStop"]["event_schema"] == schema["stop"]


async def test_events_list_equals_the_start_and_stop_schemas(api):
    schema = (await api.get("/workflows/echo/schema")).json()
    events = (await api.get("/workflows/echo/events")).json()["events"]
    by_title = {e["title"]: e for e in events}
    assert by_title == {"EchoStart": schema["start"], "EchoStop": schema["stop"]}
