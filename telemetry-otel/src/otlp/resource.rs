//! The resource: what exports the signals.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use percent_encoding::percent_decode_str;

use super::env::{InstallError, Variables};

/// The resource of the environment, as the specification has it.
pub(super) fn resource(variables: Variables<'_>) -> Result<Resource, InstallError> {
    let attributes = attributes(variables)?;
    let named = attributes.iter().find(|attribute| attribute.key.as_str() == "service.name");
    // The variable of its own wins over the attribute.
    let name = variables("OTEL_SERVICE_NAME").or_else(|| named.map(|attribute| attribute.value.to_string()));
    let builder = Resource::builder().with_attributes(attributes);
    Ok(match name {
        Some(name) => builder.with_service_name(name).build(),
        None => builder.build(),
    })
}

/// `OTEL_RESOURCE_ATTRIBUTES`: pairs whose values are percent-encoded.
fn attributes(variables: Variables<'_>) -> Result<Vec<KeyValue>, InstallError> {
    const VARIABLE: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let Some(list) = variables(VARIABLE) else { return Ok(Vec::new()) };
    let pairs = list.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let key = key.trim();
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        (!key.is_empty()).then(|| KeyValue::new(key.to_owned(), value.into_owned()))
    });
    decoded.collect::<Option<Vec<_>>>().ok_or(InstallError::Unsupported {
        variable: VARIABLE.to_owned(),
        value: list.clone(),
        hint: "write `key=value` pairs with commas between them, and percent-encode commas and the like",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::Key;

    fn of(set: &[(&str, &str)], key: &'static str) -> Option<String> {
        let variables =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let resource = resource(&variables).unwrap();
        resource.get(&Key::from_static_str(key)).map(|value| value.to_string())
    }

    #[test]
    fn the_service_name_of_its_own_variable_wins() {
        let both =
            [("OTEL_SERVICE_NAME", "svc"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,team=a%2Cb, v = 1 ")];
        assert_eq!(of(&both, "service.name").as_deref(), Some("svc"));
        assert_eq!(of(&both, "team").as_deref(), Some("a,b"));
        assert_eq!(of(&both, "v").as_deref(), Some("1"));
        assert_eq!(of(&both[1..], "service.name").as_deref(), Some("x"));
        assert!(of(&[], "service.name").unwrap().starts_with("unknown_service"));
    }

    #[test]
    fn a_malformed_list_of_pairs_is_refused() {
        for wrong in ["team", "=x", "a=%ff"] {
            let error =
                resource(&|name| (name == "OTEL_RESOURCE_ATTRIBUTES").then(|| wrong.to_owned())).unwrap_err();
            assert!(error.to_string().starts_with("OTEL_RESOURCE_ATTRIBUTES is"), "{error}");
        }
    }
}
