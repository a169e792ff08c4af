//! Our attributes above and below those of other crates, and the events that come out.
//!
//! An attribute above is expanded first and sees the other as an attribute of its function; one below
//! sees what the other has made of the function. Either way one call is one start and one stop, with
//! the function's own arguments and result.

mod rmcp_tool {
    use rmcp::handler::server::wrapper::Parameters;
    use rmcp::model::{CallToolResult, ContentBlock};
    use rmcp::{ErrorData, tool, tool_router};
    use serde_json::json;
    use telemetry_runtime::tool_call;

    use tests::seen::observe;

    #[derive(serde::Deserialize, serde::Serialize, rmcp::schemars::JsonSchema)]
    #[schemars(crate = "rmcp::schemars")]
    struct City {
        /// The city to look at.
        name: String,
        days: u8,
    }

    struct Weather;

    #[tool_router]
    impl Weather {
        /// Looks up the weather, our attribute above.
        #[tool_call]
        #[tool]
        async fn above(&self, Parameters(City { name, days }): Parameters<City>) -> String {
            format!("{name}: {days} days of rain")
        }

        /// Looks up the weather, our attribute below.
        #[tool]
        #[tool_call]
        async fn below(&self, Parameters(City { name, days }): Parameters<City>) -> String {
            format!("{name}: {days} days of rain")
        }

        /// Looks up the weather, without a pattern.
        #[tool(name = "forecast")]
        #[tool_call(name = "forecast")]
        async fn whole(&self, city: Parameters<City>) -> Result<CallToolResult, ErrorData> {
            if city.0.days > 9 {
                return Err(ErrorData::invalid_params("too far ahead", None));
            }
            Ok(CallToolResult::success(vec![ContentBlock::text(city.0.name)]))
        }

        /// Fails in rmcp's way: with an `Ok` whose `is_error` is true.
        #[tool_call(stop(|result| status = if result.is_error == Some(true) { "error" } else { "ok" }))]
        #[tool]
        async fn refused(&self) -> Result<CallToolResult, ErrorData> {
            Ok(CallToolResult::error(vec![ContentBlock::text("no such city")]))
        }

        /// A tool that is not `async`.
        #[tool]
        #[tool_call]
        #[allow(clippy::unused_self, reason = "it is what is tested")]
        fn at_once(&self, Parameters(City { name, .. }): Parameters<City>) -> String {
            name
        }
    }

    fn oslo(days: u8) -> Parameters<City> {
        Parameters(City { name: "Oslo".to_owned(), days })
    }

    #[tokio::test]
    async fn above() {
        let seen = observe(async { Weather.above(oslo(2)).await }).await;
        seen.one_tool_call("above", &json!({"name": "Oslo", "days": 2}), "ok");
        assert_eq!(seen.stop("result"), json!("Oslo: 2 days of rain"));
        assert_eq!(seen.description(), "Looks up the weather, our attribute above.");
    }

    #[tokio::test]
    async fn below() {
        let seen = observe(async { Weather.below(oslo(3)).await }).await;
        seen.one_tool_call("below", &json!({"name": "Oslo", "days": 3}), "ok");
        assert_eq!(seen.stop("result"), json!("Oslo: 3 days of rain"));
        assert_eq!(seen.description(), "Looks up the weather, our attribute below.");
    }

    #[tokio::test]
    async fn without_a_pattern() {
        let seen = observe(async { Weather.whole(oslo(1)).await.expect("near enough") }).await;
        seen.one_tool_call("forecast", &json!({"name": "Oslo", "days": 1}), "ok");
        assert_eq!(seen.stop("result")["content"][0]["text"], json!("Oslo"));
    }

    #[tokio::test]
    async fn err() {
        let seen = observe(async { Weather.whole(oslo(10)).await.expect_err("too far") }).await;
        seen.one_tool_call("forecast", &json!({"name": "Oslo", "days": 10}), "error");
        assert_eq!(seen.stop("error_type"), json!("-32602"));
    }

    #[tokio::test]
    async fn ok_that_is_an_error() {
        let seen = observe(async { Weather.refused().await.expect("rmcp has it as an Ok") }).await;
        seen.one_tool_call("refused", &json!({}), "error");
    }

    #[tokio::test]
    async fn not_async() {
        let seen = observe(async { Weather.at_once(oslo(1)) }).await;
        seen.one_tool_call("at_once", &json!({"name": "Oslo", "days": 1}), "ok");
    }

    #[test]
    fn the_router_still_has_them_all() {
        let mut names: Vec<_> = Weather::tool_router().list_all().into_iter().map(|tool| tool.name).collect();
        names.sort();
        assert_eq!(names, ["above", "at_once", "below", "forecast", "refused"]);
        let tool = Weather::above_tool_attr();
        assert_eq!(tool.description.as_deref(), Some("Looks up the weather, our attribute above."));
        assert_eq!(tool.input_schema["required"], json!(["name", "days"]));
    }
}

mod async_trait_impl {
    use async_trait::async_trait;
    use serde_json::json;
    use telemetry_runtime::tool_call;

    use tests::seen::observe;

    #[async_trait]
    trait Tools: Send + Sync {
        async fn weather(&self, city: &str) -> Result<usize, String>;

        /// By default.
        #[tool_call]
        async fn time(&self, city: String) -> usize {
            city.len()
        }
    }

    struct Real;

    #[async_trait]
    impl Tools for Real {
        /// Looks up the weather.
        #[tool_call]
        async fn weather(&self, city: &str) -> Result<usize, String> {
            if city.is_empty() {
                return Err("which city?".to_owned());
            }
            Ok(std::future::ready(city).await.len())
        }
    }

    #[tokio::test]
    async fn implemented() {
        let tools: Box<dyn Tools> = Box::new(Real);
        let seen = observe(async { tools.weather("Oslo").await.expect("a city") }).await;
        seen.one_tool_call("weather", &json!({"city": "Oslo"}), "ok");
        assert_eq!(seen.stop("result"), json!(4));
        assert_eq!(seen.description(), "Looks up the weather.");
    }

    #[tokio::test]
    async fn failed() {
        let seen = observe(async { Real.weather("").await.expect_err("no city") }).await;
        seen.one_tool_call("weather", &json!({"city": ""}), "error");
        assert_eq!(seen.stop("error"), json!("which city?"));
    }

    #[tokio::test]
    async fn by_default() {
        let seen = observe(async { Real.time("Oslo".to_owned()).await }).await;
        seen.one_tool_call("time", &json!({"city": "Oslo"}), "ok");
    }
}

mod tokio_main {
    use serde_json::json;
    use telemetry_runtime::tool_call;

    use tests::seen::observe_sync;

    #[tool_call]
    #[tokio::main(flavor = "current_thread")]
    async fn above(city: &str) -> usize {
        tokio::task::yield_now().await;
        city.len()
    }

    #[tokio::main(flavor = "current_thread")]
    #[tool_call]
    async fn below(city: &str) -> usize {
        tokio::task::yield_now().await;
        city.len()
    }

    #[test]
    fn main_above() {
        let seen = observe_sync(|| assert_eq!(above("Oslo"), 4));
        seen.one_tool_call("above", &json!({"city": "Oslo"}), "ok");
    }

    #[test]
    fn main_below() {
        let seen = observe_sync(|| assert_eq!(below("Oslo"), 4));
        seen.one_tool_call("below", &json!({"city": "Oslo"}), "ok");
    }

    #[telemetry_runtime::agent_span(agent)]
    #[tokio::test]
    async fn test_below() {
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    #[telemetry_runtime::agent_span(agent)]
    async fn test_above() -> Result<(), String> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

mod tracing_instrument {
    use serde_json::json;
    use telemetry_runtime::tool_call;
    use tracing::instrument;

    use tests::seen::observe;

    #[tool_call]
    #[instrument(skip_all, err)]
    async fn above(city: &str) -> Result<usize, std::fmt::Error> {
        if city.is_empty() { Err(std::fmt::Error) } else { Ok(city.len()) }
    }

    #[instrument(ret, err)]
    #[tool_call]
    async fn below(city: &str) -> Result<usize, std::fmt::Error> {
        if city.is_empty() { Err(std::fmt::Error) } else { Ok(city.len()) }
    }

    #[tool_call]
    #[instrument]
    fn sync_above(city: &str) -> usize {
        city.len()
    }

    #[instrument]
    #[tool_call]
    fn sync_below(city: &str) -> usize {
        city.len()
    }

    #[tokio::test]
    async fn async_above() {
        let seen = observe(async { above("Oslo").await.expect("a city") }).await;
        seen.one_tool_call("above", &json!({"city": "Oslo"}), "ok");
        let seen = observe(async { above("").await.expect_err("no city") }).await;
        seen.one_tool_call("above", &json!({"city": ""}), "error");
    }

    #[tokio::test]
    async fn async_below() {
        let seen = observe(async { below("Oslo").await.expect("a city") }).await;
        seen.one_tool_call("below", &json!({"city": "Oslo"}), "ok");
        let seen = observe(async { below("").await.expect_err("no city") }).await;
        seen.one_tool_call("below", &json!({"city": ""}), "error");
    }

    #[tokio::test]
    async fn not_async() {
        let seen = observe(async { sync_above("Oslo") }).await;
        seen.one_tool_call("sync_above", &json!({"city": "Oslo"}), "ok");
        let seen = observe(async { sync_below("Oslo") }).await;
        seen.one_tool_call("sync_below", &json!({"city": "Oslo"}), "ok");
    }
}

mod both_of_ours {
    use telemetry_runtime::{agent_span, tool_call};

    use tests::seen::observe;

    /// An agent that looks like a tool to its caller.
    #[tool_call]
    #[agent_span(agent, agent = "researcher")]
    async fn research(topic: String) -> Result<usize, String> {
        Ok(topic.len())
    }

    #[tokio::test]
    async fn one_within_the_other() {
        let seen = observe(async { research("rust".to_owned()).await.expect("a topic") }).await;
        // The one above is expanded first, and so is inside.
        assert_eq!(
            seen.names(),
            [
                "condukt.agent.start",
                "condukt.tool_call.start",
                "condukt.tool_call.stop",
                "condukt.agent.stop"
            ]
        );
    }
}
