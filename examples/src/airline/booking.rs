//! The airline's booking system: a few customers, bookings and flights in memory, and the rules.
//!
//! Nothing in here knows of telemetry; it stands for the system that an agent's tools talk to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::airline::toolbox::ToolError;

const DATA: &str = include_str!("../../data/bookings.json");

/// The price of a checked bag, in dollars.
const BAG: u32 = 50;

/// The booking system. It only opens with the key.
#[derive(Debug)]
pub struct BookingSystem {
    key: String,
    bookings: Mutex<Bookings>,
}

/// What is in the booking system.
#[derive(Debug, Deserialize)]
pub struct Bookings {
    users: BTreeMap<String, User>,
    reservations: BTreeMap<String, Reservation>,
    flights: BTreeMap<String, Flight>,
    fares: BTreeMap<Cabin, FareRules>,
}

/// A customer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct User {
    /// Their id.
    pub user_id: String,
    /// Their name.
    pub name: String,
    /// What they can pay with, and how much is left on it: `null` where there is no limit.
    pub payment_methods: BTreeMap<String, Option<u32>>,
    /// Their bookings.
    pub reservations: Vec<String>,
}

/// A booking.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reservation {
    /// Its number.
    pub reservation_id: String,
    /// Whose it is.
    pub user_id: String,
    /// The flight.
    pub flight: String,
    /// The day of the flight.
    pub date: String,
    /// How they sit.
    pub cabin: Cabin,
    /// How many they are.
    pub passengers: u32,
    /// How many bags they check in.
    pub bags: u32,
    /// What was paid in all, in dollars.
    pub paid: u32,
    /// Whether they are insured.
    pub insured: bool,
    /// `confirmed` or `cancelled`.
    pub status: String,
}

/// A flight, which goes every day.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Flight {
    /// Its number.
    pub flight: String,
    /// Where it starts.
    pub origin: String,
    /// Where it lands.
    pub destination: String,
    /// When it starts.
    pub departs: String,
    /// When it lands.
    pub arrives: String,
    /// What a seat costs, in dollars.
    pub price: BTreeMap<Cabin, u32>,
    /// The seats left, by day.
    pub seats: BTreeMap<String, u32>,
}

/// How one sits.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Cabin {
    /// Cheap, and nothing can be changed.
    BasicEconomy,
    /// Not so cheap.
    Economy,
    /// Not cheap.
    Business,
}

/// What a fare allows.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FareRules {
    /// The fare.
    pub cabin: Cabin,
    /// Whether the flight can be changed.
    pub changeable: bool,
    /// What comes back of the price after a cancellation.
    pub refund_percent: u32,
    /// The same with insurance, for illness and weather.
    pub insured_refund_percent: u32,
}

/// What comes back after a cancellation.
#[derive(Clone, Debug, Serialize)]
pub struct Refund {
    /// The booking.
    pub reservation_id: String,
    /// What was paid, in dollars.
    pub paid: u32,
    /// What comes back, in dollars.
    pub refund: u32,
}

impl BookingSystem {
    /// A booking system as it is each morning, which opens for `key`.
    pub fn new(key: &str) -> Result<Self, serde_json::Error> {
        Ok(Self { key: key.to_owned(), bookings: Mutex::new(serde_json::from_str(DATA)?) })
    }

    /// Its contents, if the key is right.
    pub async fn open(&self, key: Option<&str>) -> Result<MutexGuard<'_, Bookings>, ToolError> {
        // A real one is a network away, and the other calls of the turn go on meanwhile.
        tokio::task::yield_now().await;
        if key != Some(self.key.as_str()) {
            return Err(ToolError::Unauthorised);
        }
        // Each change below is made whole or not at all, so that a panic elsewhere spoils nothing.
        Ok(self.bookings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bookings {
    /// A customer.
    pub fn user(&self, user_id: &str) -> Result<&User, ToolError> {
        self.users.get(user_id).ok_or_else(|| not_found("user", user_id))
    }

    /// A booking.
    pub fn reservation(&self, reservation_id: &str) -> Result<&Reservation, ToolError> {
        self.reservations.get(reservation_id).ok_or_else(|| not_found("reservation", reservation_id))
    }

    /// The flights between two airports that have seats on a day.
    pub fn flights(&self, origin: &str, destination: &str, date: &str) -> Vec<Flight> {
        let fits = |flight: &&Flight| {
            flight.origin == origin && flight.destination == destination && flight.seats.contains_key(date)
        };
        let on_that_day = |flight: &Flight| Flight {
            seats: flight
                .seats
                .iter()
                .filter(|(day, _)| *day == date)
                .map(|(day, seats)| (day.clone(), *seats))
                .collect(),
            ..flight.clone()
        };
        self.flights.values().filter(fits).map(on_that_day).collect()
    }

    /// What a fare allows.
    pub fn fare_rules(&self, cabin: Cabin) -> Result<&FareRules, ToolError> {
        self.fares.get(&cabin).ok_or_else(|| not_found("fare", &format!("{cabin:?}")))
    }

    /// What would come back after a cancellation.
    pub fn refund(&self, reservation_id: &str) -> Result<Refund, ToolError> {
        let reservation = self.confirmed(reservation_id)?;
        let rules = self.fare_rules(reservation.cabin)?;
        let percent = if reservation.insured { rules.insured_refund_percent } else { rules.refund_percent };
        Ok(Refund {
            reservation_id: reservation_id.to_owned(),
            paid: reservation.paid,
            refund: reservation.paid * percent / 100,
        })
    }

    /// Moves a booking to another flight on the same route. What it costs more is taken from
    /// `payment_method`; what it costs less is not given back.
    pub fn change_flight(
        &mut self,
        reservation_id: &str,
        flight: &str,
        date: &str,
        payment_method: &str,
    ) -> Result<Reservation, ToolError> {
        let reservation = self.confirmed(reservation_id)?;
        if !self.fare_rules(reservation.cabin)?.changeable {
            return Err(ToolError::Refused("this fare cannot be changed".to_owned()));
        }
        let old =
            self.flights.get(&reservation.flight).ok_or_else(|| not_found("flight", &reservation.flight))?;
        let new = self.flights.get(flight).ok_or_else(|| not_found("flight", flight))?;
        if (&old.origin, &old.destination) != (&new.origin, &new.destination) {
            return Err(ToolError::Refused(format!("flight {flight} goes elsewhere")));
        }
        if new.seats.get(date).is_none_or(|&seats| seats < reservation.passengers) {
            return Err(ToolError::Refused(format!("not enough seats on flight {flight} on {date}")));
        }
        let price = |flight: &Flight| flight.price.get(&reservation.cabin).copied().unwrap_or_default();
        let due = price(new).saturating_sub(price(old)) * reservation.passengers;

        let user_id = reservation.user_id.clone();
        self.pay(&user_id, payment_method, due)?;
        let reservation = self.change(reservation_id)?;
        flight.clone_into(&mut reservation.flight);
        date.clone_into(&mut reservation.date);
        reservation.paid += due;
        Ok(reservation.clone())
    }

    /// Checks in more bags.
    pub fn add_bags(
        &mut self,
        reservation_id: &str,
        bags: u32,
        payment_method: &str,
    ) -> Result<Reservation, ToolError> {
        if !(1..=10).contains(&bags) {
            return Err(ToolError::Refused("between 1 and 10 bags can be added".to_owned()));
        }
        let user_id = self.confirmed(reservation_id)?.user_id.clone();
        self.pay(&user_id, payment_method, bags * BAG)?;
        let reservation = self.change(reservation_id)?;
        reservation.bags += bags;
        reservation.paid += bags * BAG;
        Ok(reservation.clone())
    }

    /// Cancels a booking.
    pub fn cancel(&mut self, reservation_id: &str) -> Result<Refund, ToolError> {
        let refund = self.refund(reservation_id)?;
        "cancelled".clone_into(&mut self.change(reservation_id)?.status);
        Ok(refund)
    }

    fn confirmed(&self, reservation_id: &str) -> Result<&Reservation, ToolError> {
        match self.reservation(reservation_id)? {
            reservation if reservation.status == "confirmed" => Ok(reservation),
            _ => Err(ToolError::Refused(format!("reservation {reservation_id} is cancelled"))),
        }
    }

    fn change(&mut self, reservation_id: &str) -> Result<&mut Reservation, ToolError> {
        self.reservations.get_mut(reservation_id).ok_or_else(|| not_found("reservation", reservation_id))
    }

    fn pay(&mut self, user_id: &str, payment_method: &str, due: u32) -> Result<(), ToolError> {
        let user = self.users.get_mut(user_id).ok_or_else(|| not_found("user", user_id))?;
        match user.payment_methods.get_mut(payment_method) {
            None => Err(not_found("payment method", payment_method)),
            Some(None) => Ok(()),
            Some(Some(left)) if *left < due => {
                Err(ToolError::Refused(format!("{payment_method} holds {left} dollars, but {due} are due")))
            }
            Some(Some(left)) => {
                *left -= due;
                Ok(())
            }
        }
    }
}

fn not_found(what: &'static str, id: &str) -> ToolError {
    ToolError::NotFound { what, id: id.to_owned() }
}
