//! The tools: [`AssistantTools`] for the assistant, [`FareDeskTools`] for the fare desk.
//!
//! Each tool is a plain method with `#[tool_call]` on it. The attribute takes the tool's name and
//! arguments from the method, and its result or its error from what it returns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};

use async_openai::types::chat::{ChatCompletionRequestSystemMessage, ChatCompletionTools};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use telemetry_runtime::{Context, tool_call};

use crate::airline::agent::{Chat, FARE_DESK, ask_fare_desk};
use crate::airline::booking::{BookingSystem, Bookings, Cabin, FareRules, Flight, Refund, Reservation, User};
use crate::airline::model::Model;
use crate::airline::toolbox::{ToolCall, ToolError, Toolbox};

/// The name under which a session holds the key to the booking system.
pub const BOOKING_KEY: &str = "BOOKING_API_KEY";

/// The fare desk's system prompt.
pub const FARE_DESK_INSTRUCTIONS: &str = "You are the fare desk of Larkwing Air. A colleague asks you about fares, \
changes and refunds. Look up the rules and the quote with your tools, then answer in two sentences at most.";

const DEFINITIONS: &str = include_str!("../../data/tools.json");

/// The tools as the models receive them.
#[derive(Deserialize)]
struct Definitions {
    assistant: Vec<ChatCompletionTools>,
    fare_desk: Vec<ChatCompletionTools>,
}

/// The assistant's tools.
pub struct AssistantTools {
    definitions: Vec<ChatCompletionTools>,
    bookings: Arc<BookingSystem>,
    fare_tools: Arc<FareDeskTools>,
    /// The fare desk's model.
    model: Model,
    handed_over: AtomicBool,
}

/// The fare desk's tools.
pub struct FareDeskTools {
    definitions: Vec<ChatCompletionTools>,
    bookings: Arc<BookingSystem>,
}

impl AssistantTools {
    /// A desk over a booking system. Questions about fares go to an agent of their own on `model`.
    pub fn new(bookings: BookingSystem, model: Model) -> Result<Self, serde_json::Error> {
        let definitions: Definitions = serde_json::from_str(DEFINITIONS)?;
        let bookings = Arc::new(bookings);
        Ok(Self {
            definitions: definitions.assistant,
            bookings: bookings.clone(),
            fare_tools: Arc::new(FareDeskTools { definitions: definitions.fare_desk, bookings }),
            model,
            handed_over: AtomicBool::new(false),
        })
    }

    /// Looks up a customer.
    #[tool_call]
    async fn get_user_details(&self, user_id: &str) -> Result<User, ToolError> {
        Ok(open(&self.bookings).await?.user(user_id)?.clone())
    }

    /// Looks up a booking.
    #[tool_call]
    async fn get_reservation_details(&self, reservation_id: &str) -> Result<Reservation, ToolError> {
        Ok(open(&self.bookings).await?.reservation(reservation_id)?.clone())
    }

    /// Lists the flights between two airports on a day.
    #[tool_call]
    async fn search_flights(
        &self,
        origin: &str,
        destination: &str,
        date: &str,
    ) -> Result<Vec<Flight>, ToolError> {
        Ok(open(&self.bookings).await?.flights(origin, destination, date))
    }

    /// Moves a booking to another flight.
    #[tool_call]
    async fn change_flight(
        &self,
        reservation_id: &str,
        flight: &str,
        date: &str,
        payment_method: &str,
    ) -> Result<Reservation, ToolError> {
        open(&self.bookings).await?.change_flight(reservation_id, flight, date, payment_method)
    }

    /// Checks in more bags.
    #[tool_call]
    async fn add_bags(
        &self,
        reservation_id: &str,
        bags: u32,
        payment_method: &str,
    ) -> Result<Reservation, ToolError> {
        open(&self.bookings).await?.add_bags(reservation_id, bags, payment_method)
    }

    /// Cancels a booking.
    #[tool_call]
    async fn cancel_reservation(&self, reservation_id: &str) -> Result<Refund, ToolError> {
        open(&self.bookings).await?.cancel(reservation_id)
    }

    /// Asks a colleague about fares, changes and refunds.
    #[tool_call]
    async fn ask_fare_desk(&self, question: &str) -> Result<String, ToolError> {
        let mut fare_desk = Chat::new(FARE_DESK, self.model.clone(), self.fare_tools.clone());
        fare_desk.read(ChatCompletionRequestSystemMessage::from(FARE_DESK_INSTRUCTIONS).into());
        Ok(ask_fare_desk(fare_desk, question.to_owned()).await.map_err(Box::new)?)
    }

    /// Hands the customer over to a human.
    #[tool_call]
    fn transfer_to_human(&self, summary: &str) -> String {
        self.handed_over.store(true, Ordering::Relaxed);
        format!("A human takes over: {summary}")
    }

    async fn dispatch(&self, call: &ToolCall) -> Result<String, ToolError> {
        let text = |name| call.argument::<&str>(name);
        match call.name.as_str() {
            "get_user_details" => written(&self.get_user_details(text("user_id")?).await?),
            "get_reservation_details" => {
                written(&self.get_reservation_details(text("reservation_id")?).await?)
            }
            "search_flights" => {
                written(&self.search_flights(text("origin")?, text("destination")?, text("date")?).await?)
            }
            "change_flight" => written(
                &self
                    .change_flight(
                        text("reservation_id")?,
                        text("flight")?,
                        text("date")?,
                        text("payment_method")?,
                    )
                    .await?,
            ),
            "add_bags" => written(
                &self
                    .add_bags(text("reservation_id")?, call.argument("bags")?, text("payment_method")?)
                    .await?,
            ),
            "cancel_reservation" => written(&self.cancel_reservation(text("reservation_id")?).await?),
            "ask_fare_desk" => self.ask_fare_desk(text("question")?).await,
            "transfer_to_human" => Ok(self.transfer_to_human(text("summary")?)),
            unknown => Err(ToolError::Unknown(unknown.to_owned())),
        }
    }
}

#[async_trait]
impl Toolbox for AssistantTools {
    fn definitions(&self) -> &[ChatCompletionTools] {
        &self.definitions
    }

    async fn call(&self, call: &ToolCall) -> Result<String, ToolError> {
        self.dispatch(call).await.or_else(|error| reject(call, error))
    }

    fn handed_over(&self) -> bool {
        self.handed_over.swap(false, Ordering::Relaxed)
    }
}

impl FareDeskTools {
    /// Looks up what a fare allows.
    #[tool_call]
    async fn get_fare_rules(&self, cabin: Cabin) -> Result<FareRules, ToolError> {
        Ok(open(&self.bookings).await?.fare_rules(cabin)?.clone())
    }

    /// Works out what comes back if a booking is cancelled now.
    #[tool_call]
    async fn quote_refund(&self, reservation_id: &str) -> Result<Refund, ToolError> {
        open(&self.bookings).await?.refund(reservation_id)
    }

    async fn dispatch(&self, call: &ToolCall) -> Result<String, ToolError> {
        match call.name.as_str() {
            "get_fare_rules" => written(&self.get_fare_rules(call.argument("cabin")?).await?),
            "quote_refund" => written(&self.quote_refund(call.argument("reservation_id")?).await?),
            unknown => Err(ToolError::Unknown(unknown.to_owned())),
        }
    }
}

#[async_trait]
impl Toolbox for FareDeskTools {
    fn definitions(&self) -> &[ChatCompletionTools] {
        &self.definitions
    }

    async fn call(&self, call: &ToolCall) -> Result<String, ToolError> {
        self.dispatch(call).await.or_else(|error| reject(call, error))
    }

    fn handed_over(&self) -> bool {
        false
    }
}

/// Opens the booking system with the key that the session holds, which no event shows.
async fn open(bookings: &BookingSystem) -> Result<MutexGuard<'_, Bookings>, ToolError> {
    let context = Context::current();
    bookings.open(context.secrets().and_then(|secrets| secrets.get(BOOKING_KEY))).await
}

/// A call that never got as far as a tool is a failed call all the same.
fn reject(call: &ToolCall, error: ToolError) -> Result<String, ToolError> {
    #[tool_call(name = call.name.as_str(), args = &call.arguments)]
    fn refused(call: &ToolCall, error: ToolError) -> Result<String, ToolError> {
        Err(error)
    }
    match error {
        ToolError::Unknown(_) | ToolError::BadArgument { .. } => refused(call, error),
        other => Err(other),
    }
}

/// A result as the model reads it.
fn written(result: &impl Serialize) -> Result<String, ToolError> {
    serde_json::to_string(result).map_err(|error| ToolError::Refused(error.to_string()))
}
