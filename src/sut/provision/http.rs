//! Preparing users by templated HTTP requests.
use super::{Properties, template};
use crate::sut::{
    SutError,
    profile::{HttpProvisioning, HttpRequest},
    secret::Secrets,
};
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Http {
    settings: HttpProvisioning,
    secrets: Secrets,
    client: reqwest::Client,
}

impl Http {
    pub fn new(settings: &HttpProvisioning, secrets: &Secrets) -> Result<Self, SutError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs_f64(settings.limit_seconds))
            .build()
            .map_err(|error| SutError::Provisioning {
                what: "the HTTP client".into(),
                message: error.to_string(),
            })?;
        Ok(Self {
            settings: settings.clone(),
            secrets: secrets.clone(),
            client,
        })
    }

    pub fn user(&self) -> &HttpRequest {
        &self.settings.user
    }

    pub fn pool(&self) -> &HttpRequest {
        &self.settings.pool
    }

    pub fn forget_user(&self) -> Option<&HttpRequest> {
        self.settings.forget_user.as_ref()
    }

    /// What a request may name: what is known of the user, and the secrets.
    fn with_secrets(&self, properties: &Properties) -> Properties {
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|(name, secret)| (format!("secret.{name}"), secret.expose()));
        let mut all = properties.clone();
        all.extend(secrets.map(|(name, value)| (name, value.into())));
        all
    }

    /// Method, path and body of the request about a user, without what only the client adds.
    pub fn user_request(&self, properties: &Properties) -> (String, String, serde_json::Value) {
        let request = &self.settings.user;
        let body = request.body.as_ref();
        let body = body.and_then(|body| template::fill_body(body, properties));
        let path = template::fill_path(&request.path, properties);
        let empty = || serde_json::json!({});
        (request.method.clone(), path, body.unwrap_or_else(empty))
    }

    pub async fn send(
        &self,
        request: &HttpRequest,
        what: &str,
        properties: &Properties,
    ) -> Result<(), SutError> {
        let properties = &self.with_secrets(properties);
        let url = format!(
            "{}{}",
            self.settings.base.trim_end_matches('/'),
            template::fill_path(&request.path, properties)
        );
        let fail = |message: String| SutError::Provisioning {
            what: what.to_owned(),
            message: format!("{} {url}: {message}", request.method),
        };
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|error| fail(error.to_string()))?;
        let mut builder = self.client.request(method, &url);
        for (name, value) in &self.settings.headers {
            builder = builder.header(name, template::fill(value, properties));
        }
        if let Some(own) = &self.settings.credentials {
            builder = builder.basic_auth(&own.username, Some(own.password.expose()));
        }
        if let Some(body) = &request.body {
            // With no property set at all, an empty object is sent: the request itself may be what matters.
            let filled = template::fill_body(body, properties);
            builder = builder.json(&filled.unwrap_or_else(|| serde_json::json!({})));
        }
        let answer = builder
            .send()
            .await
            .map_err(|error| fail(error.to_string()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = answer.text().await.unwrap_or_default();
        Err(fail(format!(
            "answered {status}: {}",
            text.chars().take(300).collect::<String>()
        )))
    }
}
