//! `/users`: users sign up, read and change their own profile, export all else that is stored about
//! them, and leave. An app's own systems sign users up, change and remove them.

mod direct;

use api::{
    ApiError, Call, Caller, Endpoint, Reply, UserRequest, export_json, export_part, own_user,
    public_id,
};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda::HttpAnswer;
use model::{Budget, Clock, Issuers, hide_debug};
use numbering::Region;
use protocol::push::Endpoints;
use protocol::{
    ProfilePatch, SignUpStore, UsersStore, delete_account, export, own_id, remove_account,
    sign_up_within, update_account_within,
};
use serde::Serialize;
use serde_json::Value;
use store::SessionStore;

const NO_SUCH_USER: &str = "There is no such user.";
const UNUSABLE_PHONE: &str = "of the token isn't a phone that can be used";

/// What a deployment decides about users.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The home region of callers whose token proves no number.
    pub default_region: Region,
    /// Whether the phone in a body counts if the token has none.
    pub trust_body_phone: bool,
    /// Whose tokens hold only verified phones.
    pub issuers: Issuers,
    /// How often users may change who has a phone, and whether they can be found by it. The app's
    /// own systems aren't limited.
    pub holder_changes: Budget,
    /// The claim of a token that gives a user their public id, if there is one.
    pub public_id_claim: Option<String>,
}

/// An answer, in the form that the caller expects.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The answer to a caller of the API.
    Http(Box<ApiGatewayV2httpResponse>),
    /// The answer to a direct invocation: what the API has as a body, also for a caller's mistakes.
    Direct(Value),
}

// An answer may hold a profile.
hide_debug!(Answer);

impl HttpAnswer for Answer {
    fn status(&self) -> Option<i64> {
        match self {
            Self::Http(response) => response.status(),
            Self::Direct(_) => None,
        }
    }
}

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The event has a `requestContext`, but isn't an event of API Gateway.
    #[error("the event isn't a request of API Gateway")]
    Event,
    /// A table or the push service failed. The call may be repeated.
    #[error("a direct invocation failed")]
    Failed(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
}

/// Answers one invocation, by the API or by an app's own systems.
///
/// # Errors
/// [`InvocationError`]. A caller's mistake isn't an error here, but an answer.
pub async fn invoke<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    settings: &Settings,
    event: Value,
) -> Result<Answer, InvocationError>
where
    S: UsersStore + SessionStore,
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
    settings: &Settings,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    S: UsersStore + SessionStore,
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
    settings: &Settings,
    call: &Call,
) -> Result<Reply, ApiError>
where
    S: UsersStore + SessionStore,
    E: Endpoints,
    C: Clock,
{
    match call.endpoint()? {
        (Endpoint::SignUp, _) => sign_up(store, clock, settings, call).await,
        (Endpoint::ExportUser, id) => {
            // It returns all that there is, so a session that was ended isn't enough.
            let caller = call.writer(store, &settings.issuers).await?;
            let (id, part) = (public_id(id, NO_SUCH_USER)?, export_part(&call.query()?)?);
            let export = export(store, &caller.user, id, &caller.payer()).await?;
            Ok(Reply::ok(&export_json(&export, part)?))
        }
        (Endpoint::UpdateUser, id) => {
            let caller = call.writer(store, &settings.issuers).await?;
            let id = match id {
                "" => own_id(store, &caller.user).await?,
                named => public_id(named, NO_SUCH_USER)?,
            };
            let request = read(call, &caller, settings)?;
            // A user's number changes only if the request names it. Another user may have taken
            // over the number that an old token proves.
            let proven = caller.phone.filter(|_| request.phone.is_some());
            let claim = caller.dated(request.phone_claim(proven, settings.trust_body_phone)?);
            let (user, limit) = (&caller.user, &settings.holder_changes);
            let profile =
                update_account_within(store, clock, limit, user, id, claim, &request.patch).await?;
            Ok(Reply::ok(&own_user(&profile)))
        }
        (Endpoint::DeleteUser, id) => {
            let caller = call.leaver(store).await?;
            let id = match id {
                // A session is of one account. A later one of the same user isn't its to delete.
                "" => caller.id,
                named => Some(public_id(named, NO_SUCH_USER)?),
            };
            match id {
                Some(id) => delete_account(store, endpoints, clock, &caller.user, id).await?,
                None => remove_account(store, endpoints, clock, &caller.user).await?,
            }
            Ok(Reply::empty())
        }
        _ => Err(ApiError::no_route()),
    }
}

/// Signs the caller up. Also the function `session` does so, whose callers may have no user yet.
///
/// # Errors
/// 401 without a caller, 422 for a phone that isn't theirs or a profile that can't be read, and
/// those of [`sign_up_within`].
pub async fn sign_up<S, C>(
    store: &S,
    clock: &C,
    settings: &Settings,
    call: &Call,
) -> Result<Reply, ApiError>
where
    S: SignUpStore + SessionStore,
    C: Clock,
{
    let caller = call.writer(store, &settings.issuers).await?;
    if caller.has_unusable_phone {
        return Err(ApiError::unacceptable("phone", UNUSABLE_PHONE));
    }
    let request = read(call, &caller, settings)?;
    let claim = caller.dated(request.phone_claim(caller.phone, settings.trust_body_phone)?);
    let given_id = call.given_id(settings.public_id_claim.as_deref())?;
    let patch = ProfilePatch { given_id, ..request.patch };
    let limit = &settings.holder_changes;
    let profile = sign_up_within(store, clock, limit, &caller.user, claim, &patch).await?;
    Ok(Reply::created(&own_user(&profile)))
}

fn read(call: &Call, caller: &Caller, settings: &Settings) -> Result<UserRequest, ApiError> {
    UserRequest::read(&call.fields()?, &caller.home(settings.default_region))
}
