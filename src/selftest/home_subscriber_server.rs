//! A small HSS behind Cx (3GPP TS 29.229): capabilities, watchdog, and authentication vectors. The first vector of a user is test set 1 of
//! 3GPP TS 35.208 as it is printed, so that nothing of ours has computed it; what follows a resynchronisation is computed.
use ims_conformance::wire::authentication::{Autn, Auts, Milenage};
use ims_conformance::wire::diameter::{
    Avp, Command, Definition, Flags, Framer, Message, ResultCode, name,
};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};

const CX: u32 = 16_777_216;
const MULTIMEDIA_AUTH: Command = Command(303);
const TGPP: u32 = 10_415;

const fn cx(code: u32) -> Definition {
    Definition {
        code,
        vendor: TGPP,
        mandatory: true,
    }
}

const PUBLIC_IDENTITY: Definition = cx(601);
const NUMBER_OF_ITEMS: Definition = cx(607);
const SCHEME: Definition = cx(608);
const AUTHENTICATE: Definition = cx(609);
const AUTHORIZATION: Definition = cx(610);
const AUTH_DATA_ITEM: Definition = cx(612);
const ITEM_NUMBER: Definition = cx(613);
const CONFIDENTIALITY_KEY: Definition = cx(625);
const INTEGRITY_KEY: Definition = cx(626);

/// Test set 1.
pub const K: u128 = 0x465b_5ce8_b199_b49f_aa5f_0a2e_e238_a6bc;
pub const OPC: u128 = 0xcd63_cb71_954a_9f4e_48a5_994e_37a0_2baf;
pub const SQN: u64 = 0xff9b_b4d0_b607;
const RAND: u128 = 0x2355_3cbe_9637_a89d_218a_e64d_ae47_bf35;
/// SQN exclusive-or AK, AMF, MAC-A (f1).
const AUTN: u128 = 0x55f3_28b4_3577_b9b9_4a9f_fac3_54df_afb3;
const XRES: u64 = 0xa542_11d5_e3ba_50bf;
const CK: u128 = 0xb40b_a9a3_c58b_2a05_bbf0_d987_b21b_f8cb;
const IK: u128 = 0xf769_bcd7_5104_4604_1276_7271_1c6d_3441;

/// Serves until the test ends.
pub fn start() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for peer in listener.incoming().flatten() {
            std::thread::spawn(move || serve(peer));
        }
    });
    address
}

fn serve(mut peer: TcpStream) {
    let (mut framer, mut buffer) = (Framer::default(), [0; 4096]);
    while let Ok(count @ 1..) = peer.read(&mut buffer) {
        framer.push(&buffer[..count]);
        while let Some(frame) = framer.next_frame() {
            let message = Message::parse(&frame.unwrap()).unwrap();
            if message.is_request() {
                peer.write_all(&answer(&message).to_octets()).unwrap();
            }
        }
    }
}

fn answer(request: &Message) -> Message {
    let mut avps: Vec<Avp> = request
        .find(name::SESSION_ID)
        .cloned()
        .into_iter()
        .collect();
    avps.extend([
        ResultCode::Base(2001).to_avp(),
        // The name by which Kamailio knows where to connect to.
        Avp::text(name::ORIGIN_HOST, "localhost"),
        Avp::text(name::ORIGIN_REALM, "home1.example"),
    ]);
    let application = Avp::group(
        name::VENDOR_SPECIFIC_APPLICATION_ID,
        &[
            Avp::number(name::VENDOR_ID, TGPP),
            Avp::number(name::AUTH_APPLICATION_ID, CX),
        ],
    );
    match request.command {
        Command::CAPABILITIES_EXCHANGE => avps.extend([
            Avp::address(name::HOST_IP_ADDRESS, IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Avp::number(name::VENDOR_ID, TGPP),
            Avp::text(name::PRODUCT_NAME, "test"),
            Avp::number(name::SUPPORTED_VENDOR_ID, TGPP),
            Avp::number(name::AUTH_APPLICATION_ID, CX),
            application,
        ]),
        MULTIMEDIA_AUTH => {
            avps.push(application);
            avps.push(Avp::number(name::AUTH_SESSION_STATE, 1));
            for who in [name::USER_NAME, PUBLIC_IDENTITY] {
                avps.extend(request.find(who).cloned());
            }
            avps.push(Avp::number(NUMBER_OF_ITEMS, 1));
            avps.push(vector(request));
        }
        _ => {}
    }
    Message {
        flags: Flags(request.flags.0 & Flags::PROXIABLE.0),
        avps,
        ..request.clone()
    }
}

/// SIP-Auth-Data-Item.
fn vector(request: &Message) -> Avp {
    let asked = request.find(AUTH_DATA_ITEM).unwrap().members().unwrap();
    let out_of_range = asked.iter().find(|avp| avp.is(AUTHORIZATION));
    let (authenticate, response, keys) = match out_of_range {
        None => (
            [RAND.to_be_bytes(), AUTN.to_be_bytes()].concat(),
            XRES.to_be_bytes(),
            [CK.to_be_bytes(), IK.to_be_bytes()],
        ),
        Some(rand_and_auts) => computed(&rand_and_auts.data),
    };
    Avp::group(
        AUTH_DATA_ITEM,
        &[
            Avp::number(ITEM_NUMBER, 1),
            Avp::text(SCHEME, "Digest-AKAv1-MD5"),
            Avp::new(AUTHENTICATE, authenticate),
            Avp::new(AUTHORIZATION, response),
            Avp::new(CONFIDENTIALITY_KEY, keys[0]),
            Avp::new(INTEGRITY_KEY, keys[1]),
        ],
    )
}

/// A vector behind the sequence number that the USIM has named.
fn computed(rand_and_auts: &[u8]) -> (Vec<u8>, [u8; 8], [[u8; 16]; 2]) {
    let milenage = Milenage::new(&K.to_be_bytes(), OPC.to_be_bytes());
    let (rand, auts) = rand_and_auts.split_first_chunk::<16>().unwrap();
    let auts = Auts::from_octets(auts.try_into().unwrap());
    let sqn = auts
        .open(&milenage, rand)
        .expect("AUTS is not of this user");
    let rand: [u8; 16] = std::array::from_fn(|_| fastrand::u8(..));
    let autn = Autn::new(&milenage, &rand, sqn + 32, [0; 2]);
    let token = [&autn.concealed_sqn[..], &autn.amf, &autn.mac].concat();
    let vector = milenage.vector(&rand);
    (
        [&rand[..], &token].concat(),
        vector.res,
        [vector.ck, vector.ik],
    )
}
