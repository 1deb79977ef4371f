use std::fs::{File, write};
use std::path::Path;

use serde::Deserialize;
use tempfile::{TempDir, tempdir};

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Model {
    name: String,
    #[serde(default)]
    stops: Vec<u32>,
}

const SETTINGS: &str = r#"{
    "llm": {
        "primary": {"name": "large", "stops": [1, 2]},
        "broken": {"name": "large", "stops": [1, "two"]},
        "nameless": {}
    },
    "models": [{"name": "small"}],
    "name": "whole"
}"#;

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    write(folder.path().join("settings.json"), SETTINGS).unwrap();
    folder
}

/// Reads a resource as a workflow does.
async fn read<T>(path: &Path, selector: Option<&str>) -> Result<Res<T>, StepError>
where
    T: serde::de::DeserializeOwned + Send + Sync + 'static,
{
    let mut resources = Resources::default();
    resources.provide_with(true, config::<T>(path, selector));
    resources.for_body().get::<T>().await
}

/// Reads a resource and shows it, or why it cannot be read.
async fn check(file: &str, selector: Option<&str>, expected: Expect) {
    let folder = folder();
    let shown = match read::<Model>(&folder.path().join(file), selector).await {
        Ok(model) => format!("{:?}", *model),
        Err(error) => {
            let causes: Vec<String> =
                error.causes().into_iter().map(|cause| format!(": {}", cause.message)).collect();
            lines(&(text(&error).replace("config::", "") + &causes.concat()))
        }
    };
    let folder = format!("{}/", folder.path().display());
    expected.assert_eq(&shown.replace(&folder, ""));
}

#[tokio::test]
async fn rs_6_a_config_is_read_from_the_selected_part_of_a_file() {
    let large = expect![[r#"Model { name: "large", stops: [1, 2] }"#]];
    check("settings.json", Some("llm.primary"), large).await;
    let small = expect![[r#"Model { name: "small", stops: [] }"#]];
    check("settings.json", Some("models.0"), small).await;
    for selector in [None, Some("")] {
        let whole = expect![[r#"Model { name: "whole", stops: [] }"#]];
        check("settings.json", selector, whole).await;
    }
}

#[tokio::test]
async fn rs_6_a_config_is_of_any_type_that_can_be_read() {
    let folder = folder();
    let path = folder.path().join("settings.json");
    assert_eq!(*read::<u32>(&path, Some("llm.primary.stops.1")).await.unwrap(), 2);
    assert_eq!(read::<Vec<Model>>(&path, Some("models")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn rs_6_a_wrong_field_is_named_with_its_file() {
    let wrong = expect![[r#"
        fatal ConfigError
        cannot make resource `Model`
        `llm.broken.stops[1]` in `settings.json`
        invalid type
        string "two", expected u32"#]];
    check("settings.json", Some("llm.broken"), wrong).await;
    let missing = expect![[r#"
        fatal ConfigError
        cannot make resource `Model`
        `llm.nameless` in `settings.json`
        missing field `name`"#]];
    check("settings.json", Some("llm.nameless"), missing).await;
    let list = expect![[r#"
        fatal ConfigError
        cannot make resource `Model`
        `models[0]` in `settings.json`
        invalid type
        map, expected a string"#]];
    check("settings.json", Some("models"), list).await;
}

#[tokio::test]
async fn rs_6_a_selector_that_leads_nowhere_says_how_far_it_leads() {
    let folder = folder();
    let path = folder.path().join("settings.json");
    for (selector, at) in [
        ("llm.secondary.name", "llm.secondary"),
        ("models.1", "models.1"),
        ("models.first", "models.first"),
        ("name.first.second", "name.first"),
    ] {
        let error = text(&read::<Model>(&path, Some(selector)).await.unwrap_err());
        let expected = format!("settings.json` has no `{at}`, so `{selector}` selects nothing");
        assert!(error.starts_with("fatal ConfigError") && error.ends_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn rs_6_a_file_that_is_no_json_is_refused() {
    check(
        "settings.toml",
        None,
        expect![[r#"
        fatal ConfigError
        cannot make resource `Model`
        `settings.toml` is not a .json file"#]],
    )
    .await;
    let folder = folder();
    let path = folder.path().join("settings.json");
    write(&path, "{\n  \"name\": large\n}").unwrap();
    let error = text(&read::<Model>(&path, None).await.unwrap_err());
    let expected = "settings.json` is not JSON: expected value at line 2 column 11";
    assert!(error.ends_with(expected), "{error}");
}

#[tokio::test]
async fn rs_6_a_file_that_cannot_be_read_may_be_there_at_the_next_attempt() {
    check(
        "absent.json",
        None,
        expect![[r#"
        ConfigError
        cannot make resource `Model`
        cannot read `absent.json`
        No such file or directory (os error 2)"#]],
    )
    .await;

    let folder = folder();
    let path = folder.path().join("later.json").display().to_string();
    let mut resources = Resources::default();
    {
        let (path, selector) = (path.clone(), "a.b".to_owned());
        resources.provide_with(true, config::<u8>(path, Some(&selector)));
    }
    assert!(!resources.get::<u8>().await.unwrap_err().is_fatal());
    write(&path, r#"{"a": {"b": 3}}"#).unwrap();
    assert_eq!(*resources.get::<u8>().await.unwrap(), 3);
    write(&path, "{}").unwrap();
    assert_eq!(*resources.get::<u8>().await.unwrap(), 3, "it is read once");
}

#[tokio::test]
async fn rs_6_a_file_that_is_too_long_is_refused() {
    let folder = folder();
    let path = folder.path().join("long.json");
    File::create(&path).unwrap().set_len((16 << 20) + 1).unwrap();
    let error = text(&read::<Model>(&path, None).await.unwrap_err());
    assert!(error.ends_with("long.json` is longer than the limit of 16777216 bytes"), "{error}");
}
