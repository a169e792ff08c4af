//! What a call costs, by a table of prices with a date.
//!
//! ```
//! use std::time::SystemTime;
//! use serde_json::json;
//! use telemetry_llm::{Usage, prices::Prices};
//!
//! let prices = Prices::builtin();
//! let usage = Usage::read(&json!({"prompt_tokens": 1_000_000, "completion_tokens": 100_000,
//!     "prompt_tokens_details": {"cached_tokens": 600_000}})).unwrap();
//! let cost = prices.cost("openai", "gpt-4o", &usage, SystemTime::now()).unwrap();
//! assert!((cost.total - (0.4 * 2.5 + 0.6 * 1.25 + 0.1 * 10.0)).abs() < 1e-9);
//! // Who serves it may stand before the model, or follow from its name; what is unknown is `None`.
//! assert!(prices.cost(None, "azure/gpt-4o", &usage, SystemTime::now()).is_some());
//! assert!(prices.cost("ollama", "llama3.2", &usage, SystemTime::now()).is_none());
//! ```
//!
//! The table is made from the data of [genai-prices] (MIT, Copyright (c) Pydantic Services Inc. 2025 to
//! present) by `scripts/prices.py`; [`Prices::date`] is its date. Prices are those of the list: without
//! discounts of batches, service tiers, tools that are billed by the call, or taxes. A cost that the
//! provider states ([`Usage::cost`]) is better.
//!
//! [genai-prices]: https://github.com/pydantic/genai-prices

mod cost;
mod find;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Usage;
pub use cost::Cost;
use find::Found;
use table::{PriceSet, Table};

/// A price of your own, in US dollars for a million tokens.
///
/// ```
/// use telemetry_llm::prices::Price;
///
/// let price = Price::per_million(2.0, 8.0).cache_read(0.5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Price(PriceSet);

impl Price {
    /// The prices of what goes in and of what comes out.
    pub fn per_million(input: f64, output: f64) -> Self {
        Self(PriceSet::plain(input, output))
    }

    /// The price of what is read from a cache; by default that of all input.
    pub fn cache_read(mut self, price: f64) -> Self {
        self.0.cache_read = Some(price.into());
        self
    }

    /// The price of what is written to a cache; by default that of all input.
    pub fn cache_write(mut self, price: f64) -> Self {
        self.0.cache_write = Some(price.into());
        self
    }
}

/// Why prices cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum PricesError {
    /// The text is no table of prices.
    Table(serde_json::Error),
    /// No model of the table has that name.
    UnknownModel {
        /// The name.
        name: String,
        /// The nearest name of the table.
        nearest: Option<String>,
    },
}

impl std::fmt::Display for PricesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table(error) => write!(f, "not a table of prices: {error}"),
            Self::UnknownModel { name, nearest: Some(nearest) } => {
                write!(f, "no price of a model `{name}` is known; did you mean `{nearest}`?")
            }
            Self::UnknownModel { name, nearest: None } => write!(f, "no price of a model `{name}` is known"),
        }
    }
}

impl std::error::Error for PricesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Table(error) => Some(error),
            Self::UnknownModel { .. } => None,
        }
    }
}

/// A table of prices, with overrides. Cheap to clone.
///
/// ```
/// use telemetry_llm::prices::{Price, Prices};
///
/// let prices = Prices::builtin()
///     .with_override("gpt-4o", Price::per_million(2.0, 8.0))?
///     .with_model("my-deployment", Price::per_million(1.0, 4.0));
/// # Ok::<(), telemetry_llm::prices::PricesError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prices {
    table: Arc<Table>,
    overrides: Arc<HashMap<Found, PriceSet>>,
    added: Arc<HashMap<String, PriceSet>>,
}

impl Prices {
    /// The table that is built in.
    ///
    /// # Panics
    ///
    /// Never: that the table can be read is tested.
    pub fn builtin() -> Self {
        static BUILTIN: OnceLock<Arc<Table>> = OnceLock::new();
        let table = BUILTIN.get_or_init(|| {
            let table = serde_json::from_str(include_str!("data.json"));
            Arc::new(table.expect("the table that is built in is valid"))
        });
        Self::of(Arc::clone(table))
    }

    /// A newer table, as `scripts/prices.py` of this crate writes it.
    ///
    /// # Errors
    ///
    /// If the text is not such a table.
    pub fn from_json(json: &str) -> Result<Self, PricesError> {
        let table: Table = serde_json::from_str(json).map_err(PricesError::Table)?;
        Ok(Self::of(Arc::new(table)))
    }

    fn of(table: Arc<Table>) -> Self {
        Self { table, overrides: Arc::default(), added: Arc::default() }
    }

    /// The day on which the table was made, as `2026-11-28`.
    pub fn date(&self) -> &str {
        &self.table.date
    }

    /// What the table was made from.
    pub fn source(&self) -> &str {
        &self.table.source
    }

    /// Returns this table with a price of your own for a model that the table knows, as `gpt-4o` or
    /// `azure/gpt-4o`.
    ///
    /// # Errors
    ///
    /// If the table knows no model of that name, with the nearest one that it knows.
    /// [`Prices::with_model`] adds one.
    pub fn with_override(mut self, model: &str, price: Price) -> Result<Self, PricesError> {
        let Some(found) = self.table.find(None, model) else {
            return Err(PricesError::UnknownModel {
                name: model.chars().take(128).collect(),
                nearest: self.table.nearest(model),
            });
        };
        Arc::make_mut(&mut self.overrides).insert(found, price.0);
        Ok(self)
    }

    /// The same with the price of a model that the table need not know, by its exact name: a deployment,
    /// a model of your own. It applies to every provider.
    pub fn with_model(mut self, model: &str, price: Price) -> Self {
        Arc::make_mut(&mut self.added).insert(model.to_owned(), price.0);
        self
    }

    /// What a call cost; `None` where the provider, the model, a price or the tokens are not known.
    ///
    /// The provider is a name of the conventions (`openai`, `aws.bedrock`) or of the table; without one
    /// the model's name shows. The time is that of the call: prices change, and some have hours.
    pub fn cost<'p>(
        &self,
        provider: impl Into<Option<&'p str>>,
        model: &str,
        usage: &Usage,
        at: SystemTime,
    ) -> Option<Cost> {
        let seconds = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
        if let Some(price) = self.added.get(model) {
            return price.cost(usage);
        }
        let found = self.table.find(provider.into().filter(|name| !name.is_empty()), model)?;
        match self.overrides.get(&found) {
            Some(price) => price.cost(usage),
            None => self.table.price(found, seconds)?.cost(usage),
        }
    }
}
