//! Requests of the peer: which of them this node serves, and who does.

use super::messages::SH;
use super::{Node, mobile_terminated, routing, subscriber_data};
use crate::wire::diameter::{Avp, Command, Message, ResultCode, application, result};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Where answers go: the connection the request came on.
pub type Answers = mpsc::UnboundedSender<Message>;

/// Takes a request; it is answered now or later, on the connection it came on.
pub fn serve(node: &Arc<Node>, request: Message, answers: Answers) {
    let pending = Pending {
        node: node.clone(),
        request,
        answers,
    };
    match (pending.request.application, pending.request.command) {
        (application::SGD, Command::MT_FORWARD) => mobile_terminated::deliver(pending),
        (application::S6C, Command::SEND_ROUTING_INFO) => routing::answer(pending),
        (SH, subscriber_data::PUSH_NOTIFICATION) => subscriber_data::pushed(pending),
        (application::SGD | application::S6C | SH, _) => {
            pending.answer(ResultCode::Base(result::COMMAND_UNSUPPORTED), Vec::new());
        }
        _ => pending.answer(
            ResultCode::Base(result::APPLICATION_UNSUPPORTED),
            Vec::new(),
        ),
    }
}

/// A request that has not been answered yet.
pub struct Pending {
    pub node: Arc<Node>,
    pub request: Message,
    answers: Answers,
}

impl Pending {
    pub fn answer(self, result: ResultCode, avps: Vec<Avp>) {
        let answer = self.node.identity.answer(&self.request, result, avps);
        // A connection that is gone meanwhile wants no answer.
        self.answers.send(answer).ok();
    }
}
