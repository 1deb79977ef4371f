//! Reads events from clients as events of a workflow.

use stepwell::event::EventTypeError;
use stepwell::{EventType, Payload, RawEvent, Workflow};
use stepwell_wire::llama::{ClientEnvelope, EventError, Mistake};

/// Reads an event of whichever of the workflow's types it names.
pub(super) fn read(workflow: &Workflow, event: ClientEnvelope) -> Result<RawEvent, EventError> {
    let found = find(workflow.event_types(), &event)?;
    if !event.is_object() {
        let problem = "Input should be an object".to_owned();
        return Err(EventError::Fields {
            class: found.name().to_string(),
            mistakes: vec![Mistake { field: String::new(), problem }],
        });
    }
    read_as(found, event.value.into())
}

/// Reads an object as an event of a type.
pub(super) fn read_as(event_type: &EventType, fields: Payload) -> Result<RawEvent, EventError> {
    event_type.read(&fields).map_err(|_| {
        let mistakes = event_type.mistakes(&fields).into_iter().map(describe).collect();
        EventError::Fields { class: event_type.name().to_string(), mistakes }
    })
}

/// The bare name wins over the qualified one, and one that is good makes up for one that is bad.
fn find<'a>(types: &'a [EventType], event: &ClientEnvelope) -> Result<&'a EventType, EventError> {
    let by_name = event
        .r#type
        .as_deref()
        .and_then(|name| types.iter().find(|known| names(known).any(|known| known == name)));
    if let Some(found) = by_name {
        return Ok(found);
    }
    match (&event.qualified_name, &event.r#type) {
        (Some(qualified), _) => types
            .iter()
            .find(|known| is_qualified(known, qualified))
            .ok_or_else(|| EventError::Undeclared { qualified_name: qualified.clone() }),
        (None, Some(name)) => {
            let known = types.iter().map(|known| known.name().to_string());
            Err(EventError::UnknownType { name: name.clone(), known: known.collect() })
        }
        (None, None) => Err(EventError::Unnamed),
    }
}

fn names(event_type: &EventType) -> impl Iterator<Item = &str> {
    std::iter::once(event_type.name().as_str()).chain(event_type.aliases().iter().copied())
}

fn is_qualified(event_type: &EventType, qualified: &str) -> bool {
    let name = qualified.strip_prefix(event_type.module().as_str());
    let name = name.and_then(|rest| rest.strip_prefix('.'));
    name.is_some_and(|name| names(event_type).any(|known| known == name))
}

/// Returns which field is wrong, and how.
fn describe(error: EventTypeError) -> Mistake {
    let EventTypeError { field, message } = error;
    // Clients know the path `children.1.id`, and not `children[1].id`.
    let parent =
        if field == "." { String::new() } else { field.replace('[', ".").replace(']', "") };
    let problem = without_place(&message);
    // An absent field has no path of its own.
    match problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(missing) => Mistake {
            field: if parent.is_empty() {
                missing.to_owned()
            } else {
                format!("{parent}.{missing}")
            },
            problem: "Field required".to_owned(),
        },
        None => Mistake { field: parent, problem: problem.to_owned() },
    }
}

/// Cuts off where in the text the problem was found, for it is not the text that the client sent.
fn without_place(message: &str) -> &str {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match message.rsplit_once(" at line ") {
        Some((problem, place))
            if place
                .split_once(" column ")
                .is_some_and(|(line, column)| is_number(line) && is_number(column)) =>
        {
            problem
        }
        _ => message,
    }
}
