//! Who may call: tokens, hosts and origins.

use std::collections::BTreeSet;

use stepwell_server::{Cors, Host, Server, Token, TokenError};

use crate::fixture::{Fixture, detail};

const TOKEN: &str = "s3cret-t0ken";

/// The paths that everybody may see.
const OPEN: [&str; 3] = ["/", "/health", "/index.html"];

async fn closed() -> Fixture {
    Fixture::with(|server| server.token(TOKEN.parse().unwrap())).await
}

/// Returns all routes. No router has one that its document does not have, so a new one is tested
/// as well.
async fn routes() -> BTreeSet<String> {
    let document = Fixture::new().await.body("GET /openapi.json").await;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let routes: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert!(routes.len() >= 15 && routes.contains("/events/{handler_id}"), "{routes:?}");
    routes
}

#[tokio::test(start_paused = true)]
async fn nothing_but_the_page_and_the_health_is_told_without_the_token() {
    let fixture = closed().await;
    let unknown =
        ["/nope", "/health/", "//", "/workflows/greet/run/x", "/%68ealth", "/a/../health"];
    let bearer = format!("Bearer {TOKEN}");
    for path in routes().await.into_iter().chain(unknown.map(str::to_owned)) {
        let path = path.replace("{name}", "greet").replace("{handler_id}", "h");
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let request = format!("{method} {path}");
            let answer = fixture.send(&request).await;
            if OPEN.contains(&path.as_str()) {
                assert_ne!(answer.status(), 401, "{request}");
                continue;
            }
            assert_eq!(answer.status(), 401, "{request}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer", "{request}");
            if method != "HEAD" {
                let detail = detail(answer).await;
                assert!(detail.contains("Authorization: Bearer"), "{request}: {detail}");
            }
            let answer = fixture.send_with(&[("Authorization", &bearer)], &request).await;
            assert_ne!(answer.status(), 401, "{request} with the token");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_names_no_workflows_to_strangers() {
    let open = Fixture::new().await.body("GET /").await;
    assert!(open.contains("<code>greet</code>"), "{open}");
    let fixture = closed().await;
    for path in OPEN {
        let page = fixture.body(&format!("GET {path}")).await;
        assert!(!page.contains("greet"), "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_token_itself_opens() {
    let fixture = closed().await;
    let status = async |sent: &[(&str, &str)]| {
        fixture.send_with(sent, "GET /workflows").await.status().as_u16()
    };
    for good in ["Bearer s3cret-t0ken", "bearer s3cret-t0ken", "BEARER   s3cret-t0ken  "] {
        assert_eq!(status(&[("Authorization", good)]).await, 200, "{good}");
    }
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer s3cret-t0ke",
        "Bearer s3cret-t0ken1",
        "Bearer S3CRET-T0KEN",
        "Bearer s3cret-t0ken, Bearer s3cret-t0ken",
        "Bearers3cret-t0ken",
        "Bearer\ts3cret-t0ken",
        "Basic s3cret-t0ken",
        "s3cret-t0ken",
        "Bearer \u{e4}",
    ] {
        assert_eq!(status(&[("Authorization", bad)]).await, 401, "{bad}");
    }
    let good = ("Authorization", "Bearer s3cret-t0ken");
    assert_eq!(status(&[good, good]).await, 401, "two of them");
    assert_eq!(status(&[("X-Authorization", good.1)]).await, 401, "in another header");
    assert_eq!(fixture.send(&format!("GET /workflows?token={TOKEN}")).await.status(), 401);
}

#[tokio::test(start_paused = true)]
async fn preflights_pass_without_the_token_and_refusals_can_be_read_by_pages() {
    let origin = "https://app.example.com";
    let fixture = Fixture::with(|server| {
        let origins = vec![origin.parse().unwrap()];
        server.token(TOKEN.parse().unwrap()).cors(Cors::Origins(origins))
    })
    .await;
    let method = ("Access-Control-Request-Method", "POST");
    let sent = [("Origin", origin), method, ("Access-Control-Request-Headers", "authorization")];
    let answer = fixture.send_with(&sent, "OPTIONS /workflows/greet/run").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-headers"], "authorization");

    let answer = fixture.send_with(&[("Origin", origin)], "GET /workflows").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["access-control-allow-origin"], origin);

    let evil = [("Origin", "https://evil.example"), method];
    let answer = fixture.send_with(&evil, "OPTIONS /workflows/greet/run").await;
    assert_eq!(answer.status(), 403);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[test]
fn a_token_is_not_empty_and_fits_a_header() {
    for (text, error) in [
        ("", TokenError::Empty),
        (" ", TokenError::Character),
        ("two words", TokenError::Character),
        ("line\n", TokenError::Character),
        ("schlüssel", TokenError::Character),
    ] {
        let found = text.parse::<Token>().unwrap_err();
        assert_eq!(found, error, "{text}");
        assert!(text.trim().is_empty() || !found.to_string().contains(text), "{found}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_does_not_print_its_token() {
    let printed = format!("{:?}", closed().await.server);
    assert!(printed.contains("Token(..)") && !printed.contains(TOKEN), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn pages_of_others_change_nothing() {
    let evil = "http://evil.example";
    for (cors, host, origin, status) in [
        (Cors::SameOrigin, "localhost:8080", "http://localhost:8080", 404),
        (Cors::SameOrigin, "LocalHost:8080", "http://localhost:8080", 404),
        (Cors::SameOrigin, "flows.example", "https://flows.example", 404),
        (Cors::SameOrigin, "flows.example:443", "https://flows.example", 404),
        (Cors::SameOrigin, "flows.example", "http://flows.example:80", 404),
        (Cors::SameOrigin, "[::1]:8080", "http://[::1]:8080", 404),
        (Cors::SameOrigin, "localhost:8080", "http://localhost:8081", 403),
        (Cors::SameOrigin, "localhost:8080", "http://localhost", 403),
        (Cors::SameOrigin, "localhost:8080", "http://127.0.0.1:8080", 403),
        (Cors::SameOrigin, "flows.example:80", "https://flows.example", 403),
        (Cors::SameOrigin, "localhost:8080", evil, 403),
        (Cors::SameOrigin, "localhost:8080", "null", 403),
        (Cors::SameOrigin, "localhost:8080", "", 403),
        (Cors::SameOrigin, "localhost:8080", "chrome-extension://localhost:8080", 403),
        (Cors::SameOrigin, "localhost:8080", "http://localhost:8080@evil.example", 403),
        (Cors::SameOrigin, "localhost:8080", "http://evil.example/localhost:8080", 403),
        (Cors::SameOrigin, "localhost:8080", "http://localhost:8080, http://evil.example", 403),
        (Cors::Origins(vec![evil.parse().unwrap()]), "localhost", evil, 404),
        (Cors::Origins(vec![evil.parse().unwrap()]), "localhost", "http://localhost", 404),
        (Cors::Origins(vec![evil.parse().unwrap()]), "localhost", "null", 403),
        (Cors::Any, "localhost", evil, 404),
        (Cors::Any, "localhost", "null", 404),
    ] {
        let fixture = Fixture::with(|server| server.cors(cors.clone())).await;
        let sent = [("Host", host), ("Origin", origin)];
        let answer = fixture.send_with(&sent, "POST /handlers/missing/cancel").await;
        assert_eq!(answer.status(), status, "{cors:?}: {origin:?} asks {host}");
        if status == 403 {
            assert!(detail(answer).await.contains("--cors"));
        }
        let read = fixture.send_with(&sent, "GET /handlers").await;
        assert_eq!(read.status(), 200, "reading changes nothing: {origin:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_another_server_hosts_are_checked_when_some_are_allowed() {
    let host = [("Host", "evil.example")];
    let fixture = Fixture::new().await;
    assert_eq!(fixture.send_with(&host, "GET /health").await.status(), 200);
    let allowing = |server: Server| server.allow_host("flows.example".parse().unwrap());
    let fixture = Fixture::with(allowing).await;
    assert_eq!(fixture.send_with(&host, "GET /health").await.status(), 421);
    for host in ["flows.example", "FLOWS.example.:8080", "localhost:1"] {
        let answer = fixture.send_with(&[("Host", host)], "GET /health").await;
        assert_eq!(answer.status(), 200, "{host}");
    }
}

#[test]
fn a_host_is_a_name_or_an_address() {
    for (text, same) in [("[::1]", "::1"), ("a.example.", "a.example"), ("127.0.0.1", "127.0.0.1")]
    {
        assert_eq!(text.parse::<Host>().unwrap(), same.parse().unwrap(), "{text}");
    }
    for text in ["", ".", "*", "*.example", "a.example:80", "http://a.example", "a b", "[::1]:80"] {
        let error = text.parse::<Host>().unwrap_err().to_string();
        assert!(error.contains("such as flows.example.com"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_too_long_is_refused() {
    let fixture = Fixture::new().await;
    let path = format!("/handlers?status={}", "x".repeat(8 << 10));
    let answer = fixture.send(&format!("GET {path}")).await;
    assert_eq!(answer.status(), 414);
    assert_eq!(detail(answer).await, "Path and query are longer than 8192 bytes");
    let answer = fixture.send(&format!("GET {}", &path[..8 << 10])).await;
    assert_eq!(answer.status(), 200);
}
