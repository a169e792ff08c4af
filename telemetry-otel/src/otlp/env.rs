//! What the `OTEL_*` variables ask for that the SDK and its exporters do not read themselves, or
//! read and then pass over.

use std::fmt;
use std::time::Duration;

/// One of the three signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

/// Why OTLP could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum InstallError {
    /// A variable asks for something that this crate, as it was built, cannot do.
    Unsupported {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
        /// What would do.
        hint: &'static str,
    },
    /// An exporter cannot be built, such as for a malformed address.
    Exporter(String),
    /// Something of that id is attached already.
    AlreadyInstalled(String),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { variable, value, hint } => {
                write!(f, "{variable} is `{value}`, which is not supported: {hint}")
            }
            Self::Exporter(why) => write!(f, "the exporter cannot be set up: {why}"),
            Self::AlreadyInstalled(id) => write!(f, "`{id}` is installed already"),
        }
    }
}

impl std::error::Error for InstallError {}

/// How to reach the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http(Encoding),
    #[cfg(feature = "grpc")]
    Grpc,
}

/// Where a signal is exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exporters {
    pub(crate) otlp: bool,
    /// Standard output.
    pub(crate) console: bool,
}

/// How messages are encoded over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    #[cfg(feature = "json")]
    Json,
}

impl From<Encoding> for opentelemetry_otlp::Protocol {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Protobuf => Self::HttpBinary,
            #[cfg(feature = "json")]
            Encoding::Json => Self::HttpJson,
        }
    }
}

/// The environment, which tests give by hand.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of the process; an empty variable counts as unset.
pub(crate) fn process(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Whether `OTEL_SDK_DISABLED` is true.
pub(crate) fn is_disabled(variables: Variables<'_>) -> bool {
    variables("OTEL_SDK_DISABLED").is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }

    /// Where it is exported to, by `OTEL_{SIGNAL}_EXPORTER`: a list, or `none`.
    pub(crate) fn exporters(self, variables: Variables<'_>) -> Result<Exporters, InstallError> {
        let variable = format!("OTEL_{}_EXPORTER", self.name());
        let Some(value) = variables(&variable) else { return Ok(Exporters { otlp: true, console: false }) };
        let asked: Vec<&str> = value.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let hint = if asked.iter().any(|name| !matches!(*name, "otlp" | "console" | "none")) {
            "use `otlp`, `console` or `none`, or give the builder a provider of your own"
        } else if asked.contains(&"none") && asked.len() > 1 {
            "write `none` alone"
        } else if asked.contains(&"console") && !cfg!(feature = "console") {
            "`console` takes the feature of that name of `telemetry-otel`"
        } else {
            return Ok(Exporters { otlp: asked.contains(&"otlp"), console: asked.contains(&"console") });
        };
        Err(InstallError::Unsupported { variable, value, hint })
    }

    /// The protocol, and that the address is one it can reach.
    pub(crate) fn protocol(
        self,
        endpoint: Option<&str>,
        variables: Variables<'_>,
    ) -> Result<Protocol, InstallError> {
        let refused = |(variable, value), hint| Err(InstallError::Unsupported { variable, value, hint });
        for what in ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"] {
            if let Some(setting) = self.first(variables, what) {
                return refused(
                    setting,
                    "add what is to be trusted to `SSL_CERT_FILE`, or give the builder a provider",
                );
            }
        }
        let protocol = match self.first(variables, "PROTOCOL") {
            None => Protocol::Http(Encoding::Protobuf),
            Some(setting) => match setting.1.trim() {
                "http/protobuf" => Protocol::Http(Encoding::Protobuf),
                #[cfg(feature = "json")]
                "http/json" => Protocol::Http(Encoding::Json),
                #[cfg(not(feature = "json"))]
                "http/json" => return refused(setting, "it takes the feature `json` of `telemetry-otel`"),
                #[cfg(feature = "grpc")]
                "grpc" => Protocol::Grpc,
                #[cfg(not(feature = "grpc"))]
                "grpc" => return refused(setting, "it takes the feature `grpc` of `telemetry-otel`"),
                _ => return refused(setting, "use `http/protobuf`, `http/json` or `grpc`"),
            },
        };
        if let Some(setting) = self.first(variables, "COMPRESSION") {
            match (setting.1.trim(), protocol) {
                ("none", _) => {}
                ("gzip", Protocol::Http(_)) if cfg!(feature = "gzip") => {}
                ("gzip", Protocol::Http(_)) => {
                    return refused(setting, "it takes the feature `gzip` of `telemetry-otel`");
                }
                _ => return refused(setting, "use `gzip` over `http/protobuf`, or `none`"),
            }
        }
        let setting = endpoint.map(|endpoint| ("the endpoint".to_owned(), endpoint.to_owned()));
        let endpoint = setting.or_else(|| self.first(variables, "ENDPOINT"));
        if let Some(setting) =
            endpoint.filter(|(_, url)| url.trim().to_ascii_lowercase().starts_with("https:"))
        {
            match protocol {
                Protocol::Http(_) if cfg!(feature = "tls") => {}
                Protocol::Http(_) => {
                    return refused(setting, "it takes the feature `tls` of `telemetry-otel`");
                }
                #[cfg(feature = "grpc")]
                Protocol::Grpc => {
                    return refused(
                        setting,
                        "over https use `http/protobuf`, or give the builder a provider",
                    );
                }
            }
        }
        Ok(protocol)
    }

    /// Where the signal goes at a collector of that address.
    pub(crate) fn url(self, base: &str) -> String {
        format!("{}/v1/{}", base.trim_end_matches('/'), self.name().to_ascii_lowercase())
    }

    /// The signal's own variable, else that of all signals.
    fn first(self, variables: Variables<'_>, what: &str) -> Option<(String, String)> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{what}", self.name());
        let all = format!("OTEL_EXPORTER_OTLP_{what}");
        [own, all].into_iter().find_map(|variable| {
            let value = variables(&variable)?;
            Some((variable, value))
        })
    }

    /// How long one export may take, if that is limited: as the exporter's variable says, and no longer than the
    /// processor's, which the SDK does not enforce.
    pub(crate) fn timeout(self, variables: Variables<'_>) -> Result<Option<Duration>, InstallError> {
        let exporter =
            self.first(variables, "TIMEOUT").map_or(Ok(10_000), |(name, value)| number(name, value))?;
        let variable = match self {
            Self::Traces => "OTEL_BSP_EXPORT_TIMEOUT",
            Self::Metrics => "OTEL_METRIC_EXPORT_TIMEOUT",
            Self::Logs => "OTEL_BLRP_EXPORT_TIMEOUT",
        };
        let processor = variables(variable).map_or(Ok(0), |value| number(variable.to_owned(), value))?;
        // Zero is no limit.
        let limits = [exporter, processor].into_iter().filter(|millis| *millis > 0);
        Ok(limits.min().map(Duration::from_millis))
    }

    /// Refuses headers that the exporter would leave out. What they hold is not shown: keys stand there.
    fn check_headers(self, variables: Variables<'_>) -> Result<(), InstallError> {
        let Some((variable, value)) = self.first(variables, "HEADERS") else { return Ok(()) };
        let pairs = value.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if pair.split_once('=').is_none_or(|(key, _)| key.trim().is_empty()) {
                return Err(InstallError::Unsupported {
                    variable,
                    value: format!("[no `key=value` in place {}]", index + 1),
                    hint: "write `key=value` pairs with commas between them, and percent-encode commas and the like",
                });
            }
        }
        Ok(())
    }
}

fn number(variable: String, value: String) -> Result<u64, InstallError> {
    match value.trim().parse() {
        Ok(number) => Ok(number),
        Err(_) => Err(InstallError::Unsupported { variable, value, hint: "write a whole number" }),
    }
}

/// How many of a signal may wait.
pub(crate) fn queue_size(variables: Variables<'_>, variable: &str) -> Result<usize, InstallError> {
    let size = variables(variable).map(|value| number(variable.to_owned(), value)).transpose()?;
    Ok(size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0).unwrap_or(2048))
}

/// Variables that the SDK reads, and passes over where they are no number.
const NUMBERS: &[&str] = &[
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_EXPORT_TIMEOUT",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY",
    "OTEL_BLRP_EXPORT_TIMEOUT",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRIC_EXPORT_TIMEOUT",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
];

/// How many attributes an event or a link of a span may have.
pub(crate) fn attributes_of(what: &str, variables: Variables<'_>) -> u32 {
    let own = variables(&format!("OTEL_{what}_ATTRIBUTE_COUNT_LIMIT"));
    own.and_then(|value| value.trim().parse().ok()).unwrap_or(128)
}

/// Refuses what cannot be done and what nothing can be made of, and warns of what changes nothing.
pub(crate) fn check(variables: Variables<'_>) -> Result<(), InstallError> {
    for variable in NUMBERS {
        if let Some(value) = variables(variable) {
            number((*variable).to_owned(), value)?;
        }
    }
    let refused = |variable: &str, value, hint| {
        Err(InstallError::Unsupported { variable: variable.to_owned(), value, hint })
    };
    if let Some(value) = variables("OTEL_TRACES_SAMPLER") {
        let known = [
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ];
        if !known.contains(&value.trim()) {
            return refused(
                "OTEL_TRACES_SAMPLER",
                value,
                "use one of the specification's samplers, such as `parentbased_traceidratio`",
            );
        }
        let argument = variables("OTEL_TRACES_SAMPLER_ARG").filter(|_| value.contains("ratio"));
        if let Some(argument) = argument
            && !argument.trim().parse::<f64>().is_ok_and(|ratio| (0.0..=1.0).contains(&ratio))
        {
            return refused("OTEL_TRACES_SAMPLER_ARG", argument, "write a number from 0 to 1");
        }
    }
    if let Some(value) = variables("OTEL_PROPAGATORS") {
        let mut asked: Vec<&str> = value.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.iter().any(|name| !matches!(*name, "tracecontext" | "baggage")) {
            return refused("OTEL_PROPAGATORS", value, "contexts cross processes as `tracecontext,baggage`");
        }
        if asked.len() == 1 {
            tracing::warn!(
                target: "telemetry",
                "OTEL_PROPAGATORS is `{value}`: `tracecontext` and `baggage` are both read and written all the same"
            );
        }
    }
    for variable in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] {
        if let Some(value) = variables(variable) {
            return refused(
                variable,
                value,
                "configuration files are not read; use the variables or the builder",
            );
        }
    }
    for signal in [Signal::Traces, Signal::Metrics, Signal::Logs] {
        signal.check_headers(variables)?;
    }
    let temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    if let Some(value) = variables(temporality) {
        let known = ["cumulative", "delta", "lowmemory"];
        if !known.contains(&value.trim().to_ascii_lowercase().as_str()) {
            return refused(temporality, value, "use `cumulative`, `delta` or `lowmemory`");
        }
    }
    if let Some(value) = variables("OTEL_METRICS_EXEMPLAR_FILTER") {
        match value.trim() {
            "always_off" => {}
            "always_on" | "trace_based" => tracing::warn!(
                target: "telemetry",
                "OTEL_METRICS_EXEMPLAR_FILTER is `{value}` and changes nothing: the SDK for Rust makes no exemplars"
            ),
            _ => {
                return refused(
                    "OTEL_METRICS_EXEMPLAR_FILTER",
                    value,
                    "use `always_off`: the SDK for Rust makes no exemplars",
                );
            }
        }
    }
    for signal in ["", "TRACES_", "METRICS_", "LOGS_"] {
        let variable = format!("OTEL_EXPORTER_OTLP_{signal}INSECURE");
        if variables(&variable).is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
            tracing::warn!(
                target: "telemetry",
                "{variable} changes nothing: the endpoint's `http://` or `https://` says whether it is encrypted"
            );
        }
    }
    let content = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
    if let Some(value) = variables(content).filter(|value| value.trim().eq_ignore_ascii_case("event_only")) {
        tracing::warn!(
            target: "telemetry",
            "{content} is `{value}`, and no content is exported: it stands on spans, as `SPAN_ONLY` or `true` ask for"
        );
    }
    let histograms = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    if let Some(value) = variables(histograms).filter(|value| value.trim() != "explicit_bucket_histogram") {
        return refused(
            histograms,
            value,
            "the conventions ask for explicit buckets; give the builder a meter provider with views",
        );
    }
    if let Some(value) = variables("OTEL_LOG_LEVEL") {
        tracing::warn!(
            target: "telemetry",
            "OTEL_LOG_LEVEL is `{value}` and changes nothing: what this export has to say goes to `tracing` with the \
             target `telemetry`, where the program's subscriber filters it"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn a_signal_is_exported_unless_the_environment_disables_it() {
        let to = |otlp, console| Exporters { otlp, console };
        assert_eq!(Signal::Traces.exporters(&with(&[])).unwrap(), to(true, false));
        let no = with(&[("OTEL_LOGS_EXPORTER", "none"), ("OTEL_TRACES_EXPORTER", "otlp")]);
        assert_eq!(Signal::Logs.exporters(&no).unwrap(), to(false, false));
        assert_eq!(Signal::Traces.exporters(&no).unwrap(), to(true, false));
        for odd in ["prometheus", "otlp,zipkin", "none,otlp"] {
            let error =
                Signal::Metrics.exporters(&with(&[("OTEL_METRICS_EXPORTER", odd)])).unwrap_err().to_string();
            assert!(error.starts_with(&format!("OTEL_METRICS_EXPORTER is `{odd}`")), "{error}");
        }
        for (value, expected) in [("console", to(false, true)), ("otlp, console", to(true, true))] {
            let asked = Signal::Traces.exporters(&with(&[("OTEL_TRACES_EXPORTER", value)]));
            if cfg!(feature = "console") {
                assert_eq!(asked.unwrap(), expected);
            } else {
                assert!(asked.unwrap_err().to_string().contains("takes the feature"));
            }
        }
        assert!(is_disabled(&with(&[("OTEL_SDK_DISABLED", "True")])));
        assert!(!is_disabled(&with(&[("OTEL_SDK_DISABLED", "1")])));
    }

    #[test]
    fn every_variable_is_honoured_or_refused() {
        let refused = |name: &'static str, value: &'static str| {
            check(&with(&[(name, value)])).err().map(|error| error.to_string())
        };
        for (name, value) in [
            ("OTEL_BSP_SCHEDULE_DELAY", "abc"),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-1"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_PROPAGATORS", "tracecontext,b3"),
            ("OTEL_CONFIG_FILE", "otel.yaml"),
            ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "few"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1.5"),
            ("OTEL_METRICS_EXEMPLAR_FILTER", "sometimes"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both"),
            (
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                "base2_exponential_bucket_histogram",
            ),
        ] {
            let error = refused(name, value).unwrap_or_else(|| panic!("{name} is not refused"));
            assert!(error.starts_with(&format!("{name} is `{value}`, which is not supported: ")), "{error}");
        }
        for (name, value) in [
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
            ("OTEL_PROPAGATORS", "baggage, tracecontext"),
            ("OTEL_LOG_LEVEL", "debug"),
            ("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
            ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=b, authorization=Basic%20eDp5,"),
            ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "EVENT_ONLY"),
        ] {
            assert_eq!(refused(name, value), None);
        }
        let ratio = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
        assert!(check(&with(&ratio)).is_err());
        assert!(Signal::Traces.timeout(&with(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")])).is_err());
        assert!(
            queue_size(&with(&[("OTEL_BSP_MAX_QUEUE_SIZE", "many")]), "OTEL_BSP_MAX_QUEUE_SIZE").is_err()
        );
    }

    #[test]
    fn a_header_that_is_none_is_refused_and_not_shown() {
        let set = [("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "team=a,Bearer s3cr3t")];
        let error = check(&with(&set)).unwrap_err().to_string();
        assert!(
            error.starts_with("OTEL_EXPORTER_OTLP_LOGS_HEADERS is `[no `key=value` in place 2]`"),
            "{error}"
        );
        assert!(!error.contains("s3cr3t"));
    }

    #[test]
    fn an_export_takes_no_longer_than_its_exporter_and_its_processor_may() {
        let of =
            |set: &[(&str, &str)]| Signal::Traces.timeout(&with(set)).unwrap().map(|limit| limit.as_millis());
        let exporter = ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000");
        assert_eq!(of(&[]), Some(10_000));
        assert_eq!(of(&[exporter]), Some(3000));
        assert_eq!(of(&[exporter, ("OTEL_BSP_EXPORT_TIMEOUT", "700")]), Some(700));
        assert_eq!(of(&[exporter, ("OTEL_BSP_EXPORT_TIMEOUT", "30000")]), Some(3000));
        assert_eq!(of(&[exporter, ("OTEL_BLRP_EXPORT_TIMEOUT", "700")]), Some(3000));
        assert_eq!(of(&[("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0")]), None);
    }

    #[test]
    fn an_unsupported_setting_is_an_error() {
        assert_eq!(Signal::Logs.protocol(None, &with(&[])).unwrap(), Protocol::Http(Encoding::Protobuf));
        let odd = with(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml")]);
        assert!(Signal::Logs.protocol(None, &odd).is_err());
        let json = with(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
        assert_eq!(Signal::Logs.protocol(None, &json).is_ok(), cfg!(feature = "json"));
        let own = with(&[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"),
        ]);
        assert_eq!(Signal::Logs.protocol(None, &own).unwrap(), Protocol::Http(Encoding::Protobuf));
        let grpc = with(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert_eq!(Signal::Traces.protocol(None, &grpc).is_ok(), cfg!(feature = "grpc"));
        let https = with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318")]);
        assert_eq!(Signal::Traces.protocol(None, &https).is_ok(), cfg!(feature = "tls"));
        assert!(Signal::Traces.protocol(Some("http://collector:4318"), &https).is_ok());
        let both = with(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ]);
        assert!(Signal::Traces.protocol(None, &both).is_err());
        let gzip = with(&[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
        assert_eq!(Signal::Traces.protocol(None, &gzip).is_ok(), cfg!(feature = "gzip"));
        let certificate = with(&[("OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem")]);
        assert!(Signal::Traces.protocol(None, &certificate).is_err());
        assert_eq!(Signal::Traces.url("http://collector:4318/"), "http://collector:4318/v1/traces");
    }
}
