//! Preparing users by XCAP (RFC 4825, 3GPP TS 24.623): documents of theirs are put on Ut, as they would put them themselves or as an
//! administrator who may. What no document of the profile has a placeholder for is for the ways that stand behind.
use super::{Properties, template};
use crate::capture::{HttpLink, Tap};
use crate::peer::xcap_client::{XcapClient, XcapConfig, XcapRequest};
use crate::sut::SutError;
use crate::sut::profile::{XcapDocument, XcapProvisioning};
use crate::wire::http::HttpMessage;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Xcap {
    settings: XcapProvisioning,
    domain: String,
    /// Bodies that were put last, by number and application usage.
    put: Arc<Mutex<BTreeMap<(String, String), String>>>,
}

impl Xcap {
    pub fn new(settings: &XcapProvisioning, domain: &str) -> Self {
        Self {
            settings: settings.clone(),
            domain: domain.to_owned(),
            put: Arc::default(),
        }
    }

    fn put(&self) -> MutexGuard<'_, BTreeMap<(String, String), String>> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one of the documents says something of a property.
    pub fn expresses(&self, property: &str) -> bool {
        let placeholder = format!("{{{property}}}");
        let mut documents = self.settings.documents.iter();
        documents.any(|document| document.body.contains(&placeholder))
    }

    pub async fn prepare_user(&self, properties: &Properties) -> Result<(), SutError> {
        for document in &self.settings.documents {
            let body = template::fill_document(&document.body, properties);
            let place = (number(properties), document.auid.clone());
            // What he has changed himself since then is not put back.
            if self.put().get(&place) == Some(&body) {
                continue;
            }
            let request = XcapRequest {
                media_type: Some(document.media_type.clone()),
                body: body.clone().into_bytes(),
                ..request("PUT", document)
            };
            let status = self.send(&request, properties).await?;
            if !(200..300).contains(&status) {
                return Err(self.fail(document, format!("PUT is answered with {status}; may the user of `username` write this document, and does it follow its schema?")));
            }
            self.put().insert(place, body);
        }
        Ok(())
    }

    pub async fn forget_user(&self, properties: &Properties) -> Result<(), SutError> {
        for document in &self.settings.documents {
            self.put()
                .remove(&(number(properties), document.auid.clone()));
            let status = self.send(&request("DELETE", document), properties).await?;
            if !(200..300).contains(&status) && status != 404 {
                return Err(self.fail(document, format!("DELETE is answered with {status}")));
            }
        }
        Ok(())
    }

    fn fail(&self, document: &XcapDocument, message: String) -> SutError {
        SutError::Provisioning {
            what: format!(
                "users (provisioning.xcap, {} at {})",
                document.auid, self.settings.base
            ),
            message,
        }
    }

    /// One request in the name of the profile's user name, which may be the user's own; the status of its answer.
    async fn send(&self, request: &XcapRequest, properties: &Properties) -> Result<u16, SutError> {
        let settings = &self.settings;
        let fail = |message: String| SutError::Provisioning {
            what: format!("users (provisioning.xcap.base {})", settings.base),
            message,
        };
        let rest = settings.base.strip_prefix("http://").unwrap_or_default();
        let (host, root) = rest.split_once('/').unwrap_or((rest, ""));
        let server: SocketAddr = host.parse().map_err(|_| {
            fail("write an address and a port like http://192.0.2.20:8090".to_owned())
        })?;
        let number = number(properties);
        let mut client = XcapClient::new(XcapConfig {
            host: host.to_owned(),
            root: format!("/{root}").trim_end_matches('/').to_owned(),
            username: settings.username.replace("{number}", &number),
            password: settings.password.expose().to_owned(),
            domain: self.domain.clone(),
            seed: fastrand::u64(..),
            number,
        });
        let limit = Duration::from_secs_f64(settings.limit_seconds);
        let exchange = async |message: HttpMessage| {
            // How users are prepared is no evidence and stands in no capture.
            let link = HttpLink::connect(server, Tap::new(), limit).await;
            let mut link = link.map_err(|error| {
                fail(format!(
                    "{error}; is the server started, and is this its address?"
                ))
            })?;
            let answer = link.exchange(message.to_octets(), limit).await;
            link.close().await;
            answer.map_err(|error| fail(error.to_string()))
        };
        let mut answer = exchange(client.message(request)).await?;
        if let Some(again) = client.again(request, &answer) {
            answer = exchange(again).await?;
        }
        match answer.status().unwrap_or(0) {
            status @ (401 | 403) => Err(fail(format!(
                "answers {status} to {}; do username and password of provisioning.xcap fit?",
                settings.username
            ))),
            status => Ok(status),
        }
    }
}

fn number(properties: &Properties) -> String {
    let number = properties.get("number").and_then(Value::as_str);
    number.unwrap_or_default().to_owned()
}

fn request(method: &'static str, document: &XcapDocument) -> XcapRequest {
    XcapRequest {
        method,
        auid: document.auid.clone(),
        document: document.document.clone(),
        ..XcapRequest::default()
    }
}
