//! A CPM UE as the gateway sees it on the ISC reference point: S-CSCF and UE in one.
//!
//! Owns the transactions, dialogs and message sessions of one user; takes octets, commands and time, gives octets and events.
//! It does not judge: what it tells by events only moves scenarios on.
mod order;

pub use order::{
    ChatText, Invitation, PagerMessage, SipTimers, Transport, UeCommand, UeConfig, UeEvent,
};

use std::collections::VecDeque;

use crate::peer::{Input, Machine, Output, Time};

/// The machine of one CPM UE.
#[derive(Debug)]
pub struct Ue {
    config: UeConfig,
    outputs: VecDeque<Output<UeEvent>>,
}

impl Ue {
    pub fn new(config: UeConfig) -> Self {
        Self {
            config,
            outputs: VecDeque::new(),
        }
    }
    pub fn config(&self) -> &UeConfig {
        &self.config
    }
}

impl Machine for Ue {
    type Command = UeCommand;
    type Event = UeEvent;
    fn handle(&mut self, _now: Time, _input: Input<UeCommand>) {}
    fn poll(&mut self) -> Option<Output<UeEvent>> {
        self.outputs.pop_front()
    }
    fn wake_at(&self) -> Option<Time> {
        None
    }
}
