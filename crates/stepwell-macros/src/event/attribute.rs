//! Reads `#[event(…)]`, on structs and on fields.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Lit, Meta, Path, Token};

const STRUCT_KEYS: [&str; 8] =
    ["start", "stop", "request", "response", "open", "module", "name", "alias"];
const FIELD_KEYS: [&str; 2] = ["default", "extra"];

/// What `#[event(…)]` says on a struct.
#[derive(Default)]
pub(super) struct StructKeys {
    /// The variant of `stepwell::Family`.
    pub(super) family: Option<Ident>,
    pub(super) open: Option<Path>,
    pub(super) module: Option<String>,
    pub(super) name: Option<String>,
    pub(super) aliases: Vec<String>,
}

/// What `#[event(…)]` says on a field.
#[derive(Default)]
pub(super) struct FieldKeys {
    pub(super) default: Option<FieldDefault>,
    pub(super) extra: Option<Path>,
}

/// What a field is if it is absent.
pub(super) enum FieldDefault {
    /// The default of its type.
    OfType,
    /// This value.
    Value(Box<Expr>),
}

impl StructKeys {
    pub(super) fn read(attributes: &[Attribute], errors: &mut Vec<Error>) -> Self {
        let mut keys = Self::default();
        for meta in items(attributes, errors) {
            errors.extend(keys.take(&meta).err());
        }
        keys
    }

    fn take(&mut self, meta: &Meta) -> Result<(), Error> {
        let key = key(meta);
        match key.as_str() {
            "start" => self.take_family("Start", meta),
            "stop" => self.take_family("Stop", meta),
            "request" => self.take_family("Request", meta),
            "response" => self.take_family("Response", meta),
            "open" => word(meta).map(|path| self.open = Some(path.clone())),
            "module" => once(&mut self.module, meta),
            "name" => once(&mut self.name, meta),
            "alias" => text(meta).map(|alias| self.aliases.push(alias)),
            _ => Err(unknown(meta, &STRUCT_KEYS)),
        }
    }

    fn take_family(&mut self, variant: &str, meta: &Meta) -> Result<(), Error> {
        let path = word(meta)?;
        if let Some(family) = &self.family {
            let family = family.to_string().to_lowercase();
            let message = format!("an event has one family; this one is already `{family}`");
            return Err(Error::new_spanned(path, message));
        }
        self.family = Some(Ident::new(variant, path.span()));
        Ok(())
    }
}

impl FieldKeys {
    pub(super) fn read(attributes: &[Attribute], errors: &mut Vec<Error>) -> Self {
        let mut keys = Self::default();
        for meta in items(attributes, errors) {
            errors.extend(keys.take(meta).err());
        }
        keys
    }

    fn take(&mut self, meta: Meta) -> Result<(), Error> {
        let key = key(&meta);
        match (key.as_str(), meta) {
            ("default", meta) if self.default.is_some() => Err(twice(&meta)),
            ("default", Meta::Path(_)) => {
                self.default = Some(FieldDefault::OfType);
                Ok(())
            }
            ("default", Meta::NameValue(pair)) => {
                self.default = Some(FieldDefault::Value(Box::new(pair.value)));
                Ok(())
            }
            ("default", meta) => {
                let message = "write `default` or `default = value`";
                Err(Error::new_spanned(meta, message))
            }
            ("extra", meta) => word(&meta).map(|path| self.extra = Some(path.clone())),
            (_, meta) => Err(unknown(&meta, &FIELD_KEYS)),
        }
    }
}

/// Returns the items of all `#[event(…)]` among the attributes.
fn items(attributes: &[Attribute], errors: &mut Vec<Error>) -> Vec<Meta> {
    let mut items = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("event")) {
        match attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
            Ok(found) => items.extend(found),
            Err(error) => errors.push(error),
        }
    }
    items
}

fn key(meta: &Meta) -> String {
    meta.path().get_ident().map(Ident::to_string).unwrap_or_default()
}

fn word(meta: &Meta) -> Result<&Path, Error> {
    let Meta::Path(path) = meta else {
        return Err(Error::new_spanned(meta, format!("`{}` takes no value", key(meta))));
    };
    Ok(path)
}

fn text(meta: &Meta) -> Result<String, Error> {
    let key = key(meta);
    let text = match meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let Some(text) = text else {
        return Err(Error::new_spanned(meta, format!("write `{key} = \"…\"`")));
    };
    if text.value().is_empty() {
        return Err(Error::new_spanned(text, format!("`{key}` is empty")));
    }
    Ok(text.value())
}

fn once(slot: &mut Option<String>, meta: &Meta) -> Result<(), Error> {
    if slot.is_some() {
        return Err(twice(meta));
    }
    *slot = Some(text(meta)?);
    Ok(())
}

fn twice(meta: &Meta) -> Error {
    Error::new_spanned(meta, format!("`{}` is given twice", key(meta)))
}

fn unknown(meta: &Meta, known: &[&str]) -> Error {
    let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    let message = format!("unknown key; the known ones here are {}", known.join(", "));
    Error::new_spanned(meta.path(), message)
}
