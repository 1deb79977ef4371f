//! Health, workflows, schemas, and the page.

use expect_test::expect;
use stepwell::Engine;

use crate::fixture::{Fixture, describe, text};
use crate::workflows;

#[tokio::test(start_paused = true)]
async fn a_server_is_healthy_until_it_stops() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            "GET /health",
            expect![[r#"
                200
                content-type: application/json

                {"status":"healthy"}"#]],
        )
        .await;
    fixture.server.close();
    fixture
        .check(
            "GET /health",
            expect![[r#"
                503
                content-type: application/json

                {"status":"unhealthy"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn workflows_are_listed_in_the_order_of_registration() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            "GET /workflows",
            expect![[r#"
                200
                content-type: application/json

                {"workflows":["greet","hello","quiet","human","classic-human","fail","timeout","gated","burst","echo","target","poison","grüße-世界 100%?#"]}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_schema_tells_what_a_workflow_begins_and_ends_with() {
    let fixture = Fixture::new().await;
    fixture.check("GET /workflows/greet/schema", expect![[r#"
        200
        content-type: application/json

        {"start":{"properties":{"name":{"default":"World","type":"string"}},"title":"GreetStart","type":"object"},"stop":{"additionalProperties":true,"description":"Ends a run with any JSON value as its result.","properties":{},"title":"StopEvent","type":"object"}}"#]]).await;
    fixture.check("GET /workflows/echo/schema", expect![[r##"
        200
        content-type: application/json

        {"start":{"$defs":{"Inner":{"properties":{"id":{"format":"int64","type":"integer"},"note":{"default":null,"type":["string","null"]}},"required":["id"],"type":"object"}},"properties":{"children":{"default":[],"items":{"$ref":"#/$defs/Inner"},"type":"array"},"inner":{"anyOf":[{"$ref":"#/$defs/Inner"},{"type":"null"}],"default":null},"number":{"default":0,"format":"int64","type":"integer"},"ratio":{"default":null,"format":"double","type":["number","null"]},"text":{"type":"string"}},"required":["text"],"title":"EchoStart","type":"object"},"stop":{"$defs":{"Inner":{"properties":{"id":{"format":"int64","type":"integer"},"note":{"default":null,"type":["string","null"]}},"required":["id"],"type":"object"}},"properties":{"children":{"items":{"$ref":"#/$defs/Inner"},"type":"array"},"inner":{"anyOf":[{"$ref":"#/$defs/Inner"},{"type":"null"}]},"number":{"format":"int64","type":"integer"},"ratio":{"format":"double","type":["number","null"]},"text":{"type":"string"}},"required":["text","number","children"],"title":"EchoStop","type":"object"}}"##]]).await;
}

#[tokio::test(start_paused = true)]
async fn events_are_those_of_the_signatures() {
    let fixture = Fixture::new().await;
    fixture.check("GET /workflows/human/events", expect![[r#"
        200
        content-type: application/json

        {"events":[{"additionalProperties":true,"description":"Begins a run of a workflow without a start event of its own. All its fields are undeclared.","properties":{},"title":"StartEvent","type":"object"},{"properties":{"prompt":{"type":"string"}},"required":["prompt"],"title":"RequestEvent","type":"object"},{"properties":{"response":{"type":"string"}},"required":["response"],"title":"ResponseEvent","type":"object"},{"properties":{"output":{"type":"string"}},"required":["output"],"title":"OutEvent","type":"object"}]}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn the_events_of_an_unknown_workflow_name_it() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            "GET /workflows/missing/schema",
            expect![[r#"
                404
                content-type: application/json

                {"detail":"Workflow not found"}"#]],
        )
        .await;
    fixture
        .check(
            "GET /workflows/m'issing/events",
            expect![[r#"
                404
                content-type: application/json

                {"detail":"Workflow 'm'issing' not found"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_page_lists_workflows_and_lets_nobody_write_html() {
    let evil = "<script>alert('1')</script>&\"";
    let engine = Engine::builder()
        .workflow(evil, workflows::greet())
        .workflow("hello", workflows::hello())
        .open()
        .await
        .unwrap();
    let fixture = Fixture::of(engine);
    let response = fixture.send("GET /").await;
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")]
    {
        assert_eq!(response.headers()[name], value);
    }
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let page = text(response).await;
    let list = &page[page.find("<h2>Workflows").unwrap()..page.find("<h2>API").unwrap()];
    expect![[r#"
        <h2>Workflows</h2>
        <ul>
        <li><code>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;</code> <small>Greets &lt;somebody&gt;.</small></li>
        <li><code>hello</code></li>
        </ul>
    "#]]
    .assert_eq(list);
    assert!(page.contains(env!("CARGO_PKG_VERSION")));
    assert!(!page.contains("<script"));
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_server_without_workflows_says_so() {
    let engine = Engine::builder().open().await.unwrap();
    let fixture = Fixture::of(engine);
    let page = describe(fixture.send("GET /index.html").await).await;
    assert!(page.starts_with("200\ncontent-type: text/html; charset=utf-8\n\n<!doctype html>"));
    assert!(page.contains("<p>There are none.</p>"));
}
