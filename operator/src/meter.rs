//! What the work of a command takes of DynamoDB.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use local::units::{self, Kind};
use serde::Serialize;

/// The units that DynamoDB says requests took. It doesn't say it of those that it refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Units {
    pub read: f64,
    pub write: f64,
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (read, write) = (self.read.ceil(), self.write.ceil());
        write!(f, "DynamoDB units: {read:.0} read, {write:.0} written")
    }
}

/// Adds up the units of all clients that it is put on.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Units>>);

impl Meter {
    /// Returns the units until now.
    #[must_use]
    pub fn units(&self) -> Units {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a client whose requests are counted, and which else is the same.
    pub(crate) fn on(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }
}

/// Returns which kind of units the operation takes. One that takes none can't be asked for them.
fn kind(settings: &ConfigBag) -> Option<Kind> {
    units::kind(settings.load::<Metadata>()?.name())
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    // Before signing, which covers the body.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if kind(settings).is_some() {
            units::ask(context.request_mut());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(kind) = kind(settings) else { return Ok(()) };
        let consumed = units::consumed(context.response().body().bytes().unwrap_or_default());
        let taken: f64 = consumed.iter().map(|one| one.units).sum();
        let mut units = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kind {
            Kind::Read => units.read += taken,
            Kind::Write => units.write += taken,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
    use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4::SigningParams;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::date_time::{DateTime, Format};

    use super::*;

    /// Keeps the last request, and gives every one the same answer.
    #[derive(Clone, Debug)]
    struct Aws {
        answer: &'static str,
        asked: Arc<Mutex<Option<HttpRequest>>>,
    }

    impl HttpConnector for Aws {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            *self.asked.lock().expect("no panic") = Some(request);
            let status = 200.try_into().expect("a status");
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.answer))))
        }
    }

    impl Aws {
        fn new(answer: &'static str) -> Self {
            Self { answer, asked: Arc::default() }
        }

        fn client(&self, meter: &Meter) -> Client {
            let aws = self.clone();
            let config = aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::from_static("eu-west-1"))
                .credentials_provider(credentials())
                .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(aws.clone())));
            meter.on(&Client::from_conf(config.build()))
        }

        /// Returns the body of the request, which has to be signed as it was sent.
        fn signed_body(&self) -> String {
            let request = self.asked.lock().expect("no panic").take().expect("a request");
            let body = request.body().bytes().expect("a body in memory");
            let header = |name| request.headers().get(name).expect("the SDK sends it");
            assert_eq!(header("content-length"), body.len().to_string());
            let (_, signature) = header("authorization").split_once("Signature=").expect("V4");
            assert_eq!(signature, signature_of(&request, body), "signed otherwise than sent");
            String::from_utf8(body.to_vec()).expect("JSON")
        }
    }

    fn credentials() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "a secret", None, None, "test")
    }

    /// Signs a request once more, by the headers that it says are signed.
    fn signature_of(request: &HttpRequest, body: &[u8]) -> String {
        let header = |name| request.headers().get(name).expect("the SDK sends it");
        let (_, signed) = header("authorization").split_once("SignedHeaders=").expect("V4");
        let signed: Vec<&str> = signed.split(',').next().expect("a list").split(';').collect();
        let headers = request.headers().iter().filter(|(name, _)| signed.contains(name));
        let identity = credentials().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("dynamodb")
            .time(time(header("x-amz-date")).try_into().expect("a time"))
            .settings(SigningSettings::default())
            .build()
            .expect("all is set")
            .into();
        let method = request.method().to_owned();
        let body = SignableBody::Bytes(body);
        let signable = SignableRequest::new(&method, request.uri(), headers, body);
        sign(signable.expect("a request"), &params).expect("signed").signature().to_owned()
    }

    /// Reads a time such as 20261124T080000Z.
    fn time(text: &str) -> DateTime {
        let [year, month, day, hour, minute, second] =
            [0..4, 4..6, 6..8, 9..11, 11..13, 13..15].map(|part| &text[part]);
        let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
        DateTime::from_str(&text, Format::DateTime).expect("a time")
    }

    #[tokio::test]
    async fn the_units_of_reads_and_writes_are_added_up_and_what_asks_for_them_is_signed() {
        let meter = Meter::default();
        let key = AttributeValue::S("v".to_owned());
        let one = Aws::new(r#"{"ConsumedCapacity":{"TableName":"T","CapacityUnits":1.5}}"#);
        for client in [one.client(&meter), one.client(&meter)] {
            client.get_item().table_name("T").key("k", key.clone()).send().await.expect("read");
            assert!(one.signed_body().contains(r#""ReturnConsumedCapacity":"TOTAL""#));
        }
        assert_eq!(meter.units(), Units { read: 3.0, write: 0.0 });

        let each = Aws::new(
            r#"{"ConsumedCapacity":[{"TableName":"T","CapacityUnits":2},
                {"TableName":"U","CapacityUnits":4.0}]}"#,
        );
        let put = Put::builder().table_name("T").item("k", key).build().expect("a put");
        let put = TransactWriteItem::builder().put(put).build();
        let written = each.client(&meter).transact_write_items().transact_items(put).send();
        written.await.expect("written");
        assert!(each.signed_body().contains(r#""ReturnConsumedCapacity":"TOTAL""#));
        assert_eq!(meter.units(), Units { read: 3.0, write: 6.0 });
    }

    #[tokio::test]
    async fn an_operation_that_takes_no_units_is_not_asked_for_them() {
        let (meter, aws) = (Meter::default(), Aws::new("{}"));
        aws.client(&meter).describe_table().table_name("T").send().await.expect("described");
        assert_eq!(aws.signed_body(), r#"{"TableName":"T"}"#);
        assert_eq!(meter.units(), Units::default());
    }
}
