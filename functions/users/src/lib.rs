//! `/users`: signing up, one's own profile and all else that is stored, leaving; and the same for an app's
//! own systems.

mod direct;

use api::{ApiError, Call, Caller, Endpoint, Reply, UserRequest, export_json, own_user, public_id};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use model::{Clock, hide_debug};
use numbering::Region;
use protocol::push::Endpoints;
use protocol::{UsersStore, delete_account, export, own_profile, sign_up, update_account};
use serde::Serialize;
use serde_json::Value;

const NO_SUCH_USER: &str = "There is no such user.";

/// What a deployment decides about users.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The home region of callers whose token proves no number.
    pub default_region: Region,
    /// Whether the phone in a body counts where the token has none.
    pub trust_body_phone: bool,
}

/// An answer, in the form that suits who asked.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a caller of the API.
    Http(Box<ApiGatewayV2httpResponse>),
    /// To a direct invocation: what the API has as a body, errors of the caller's included.
    Direct(Value),
}

// It is somebody's profile.
hide_debug!(Answer);

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// API Gateway sent what isn't its event.
    #[error("the event is no request of API Gateway")]
    Event,
    /// A table or the push service failed; may be repeated.
    #[error("a direct invocation failed")]
    Failed(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
}

/// Answers one invocation, by the API or by an app's own systems.
///
/// # Errors
/// [`InvocationError`]; a caller's mistake is an answer.
pub async fn invoke<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    settings: Settings,
    event: Value,
) -> Result<Answer, InvocationError>
where
    S: UsersStore,
    E: Endpoints,
    C: Clock,
{
    if direct::is_http(&event) {
        let event = serde_json::from_value(event).map_err(|_| InvocationError::Event)?;
        return Ok(Answer::Http(Box::new(handle(store, endpoints, clock, settings, event).await)));
    }
    match direct::serve(store, endpoints, clock, settings.default_region, event).await {
        Ok(answer) => Ok(Answer::Direct(answer)),
        Err(error) if error.status < 500 => Ok(Answer::Direct(error.body())),
        Err(error) => Err(InvocationError::Failed(error.cause)),
    }
}

/// Answers one request.
pub async fn handle<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    settings: Settings,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    S: UsersStore,
    E: Endpoints,
    C: Clock,
{
    let call = Call::new(event);
    call.answer(serve(store, endpoints, clock, settings, &call)).await
}

async fn serve<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    settings: Settings,
    call: &Call,
) -> Result<Reply, ApiError>
where
    S: UsersStore,
    E: Endpoints,
    C: Clock,
{
    match call.endpoint()? {
        (Endpoint::SignUp, _) => {
            let caller = call.caller()?;
            let request = read(call, &caller, settings)?;
            let claim = request.phone_claim(caller.phone, settings.trust_body_phone)?;
            let profile = sign_up(store, clock, &caller.user, claim, &request.patch).await?;
            Ok(Reply::created(&own_user(&profile)))
        }
        (Endpoint::ReadUser, id) => {
            let (caller, id) = (call.caller()?, public_id(id, NO_SUCH_USER)?);
            let profile = own_profile(store, &caller.user, id).await?;
            Ok(Reply::ok(&own_user(&profile)))
        }
        (Endpoint::ExportUser, id) => {
            let (caller, id) = (call.caller()?, public_id(id, NO_SUCH_USER)?);
            let export = export(store, &caller.user, id, &caller.payer()).await?;
            Ok(Reply::ok(&export_json(&export)))
        }
        (Endpoint::UpdateUser, id) => {
            let (caller, id) = (call.caller()?, public_id(id, NO_SUCH_USER)?);
            let request = read(call, &caller, settings)?;
            // A number moves only by a request that names it: the proof in an old token may be one that
            // somebody else has overtaken.
            let proven = caller.phone.filter(|_| request.phone.is_some());
            let claim = request.phone_claim(proven, settings.trust_body_phone)?;
            let profile =
                update_account(store, clock, &caller.user, id, claim, &request.patch).await?;
            Ok(Reply::ok(&own_user(&profile)))
        }
        (Endpoint::DeleteUser, id) => {
            let (caller, id) = (call.caller()?, public_id(id, NO_SUCH_USER)?);
            delete_account(store, endpoints, clock, &caller.user, id).await?;
            Ok(Reply::empty())
        }
        _ => Err(ApiError::no_route()),
    }
}

fn read(call: &Call, caller: &Caller, settings: Settings) -> Result<UserRequest, ApiError> {
    UserRequest::read(&call.json()?, &caller.home(settings.default_region))
}
