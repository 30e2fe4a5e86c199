//! Printing the body of a PDU from its fields, SMPP 3.4 section 4.
use super::{Body, ShortMessagePdu};

/// The string up to its first NUL, characters beyond ISO 8859-1 as `?`, and NUL.
fn print_string(text: &str, octets: &mut Vec<u8>) {
    let characters = text.chars().take_while(|c| *c != '\0');
    octets.extend(characters.map(|c| u8::try_from(c).unwrap_or(b'?')));
    octets.push(0);
}

pub(super) fn print_body(body: &Body, octets: &mut Vec<u8>) {
    match body {
        Body::Bind(_, bind) => {
            print_string(&bind.system_id, octets);
            print_string(&bind.password, octets);
            print_string(&bind.system_type, octets);
            octets.extend([bind.interface_version, bind.addr_ton, bind.addr_npi]);
            print_string(&bind.address_range, octets);
        }
        Body::BindResp(text) | Body::MessageId(Some(text)) => print_string(text, octets),
        Body::ShortMessage(message) => {
            print_addresses(message, octets);
            octets.extend([message.protocol_id, message.priority]);
            print_string(&message.schedule, octets);
            print_string(&message.validity, octets);
            octets.extend([
                message.registered_delivery,
                message.replace,
                message.data_coding,
                message.default_message_id,
            ]);
            let length = u8::try_from(message.short_message.len()).unwrap_or(u8::MAX);
            octets.push(length);
            octets.extend(message.short_message.iter().take(usize::from(length)));
        }
        Body::Data(message) => {
            print_addresses(message, octets);
            octets.extend([message.registered_delivery, message.data_coding]);
        }
        Body::MessageId(None) | Body::Empty => {}
        Body::Other(other) => octets.extend_from_slice(other),
    }
}

fn print_addresses(message: &ShortMessagePdu, octets: &mut Vec<u8>) {
    print_string(&message.service_type, octets);
    octets.extend([message.source_ton, message.source_npi]);
    print_string(&message.source, octets);
    octets.extend([message.dest_ton, message.dest_npi]);
    print_string(&message.dest, octets);
    octets.push(message.esm_class);
}
