//! Direct invocations: an app's own systems register, change and remove users under IAM.
//!
//! The phone that they name is taken as proven. Only they get in through IAM, and nothing that
//! comes through the API can be mistaken for theirs: see [`is_http`].

use api::{ApiError, UserRequest, own_user};
use model::{Clock, PublicId, UserId};
use numbering::{HomeRegion, Region};
use protocol::push::Endpoints;
use protocol::{
    AccountError, PhoneClaim, UsersStore, own_id, remove_account, sign_up, update_account,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What an app's own system asks for.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    /// Signs a user up, or updates a user who exists already.
    Register(Account),
    /// Changes a user who exists.
    Update(Account),
    /// Deletes all of a user's data. It may be repeated.
    Remove { user_id: UserId },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    /// The subject of the user's tokens.
    user_id: UserId,
    /// The user's public id, if it isn't drawn: for people who have an id in the app's chat.
    #[serde(default)]
    id: Option<PublicId>,
    /// Whether nobody is told that the user joined: for people who move in.
    #[serde(default)]
    silent: bool,
    /// The user's number. If it is absent, the number stays as it is.
    #[serde(default)]
    phone: Option<String>,
    /// The profile, as in the body of `POST /users`.
    #[serde(default)]
    user: Map<String, Value>,
}

impl Account {
    fn read(self, region: Region) -> Result<(UserId, PhoneClaim, UserRequest), ApiError> {
        let Self { user_id, id, silent, phone, mut user } = self;
        if let Some(phone) = phone {
            user.insert("phone".to_owned(), phone.into());
        }
        let body = Map::from_iter([("user".to_owned(), Value::Object(user))]);
        let mut request = UserRequest::read(&body, &HomeRegion::from(region))?;
        (request.patch.given_id, request.patch.is_silent) = (id, silent);
        let claim = request.phone.map_or(PhoneClaim::None, PhoneClaim::Proven);
        Ok((user_id, claim, request))
    }
}

/// Returns whether `event` came through the API. API Gateway puts a `requestContext` at the top of
/// each event, and what its callers sent is never at the top.
pub(crate) fn is_http(event: &Value) -> bool {
    event.get("requestContext").is_some()
}

/// Does what a direct event asks for. Returns the user's profile, or `{}` if the user is removed.
pub(crate) async fn serve<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    region: Region,
    event: Value,
) -> Result<Value, ApiError>
where
    S: UsersStore,
    E: Endpoints,
    C: Clock,
{
    // The parser's own message may quote the event.
    let request = serde_json::from_value(event).map_err(|_| {
        ApiError::malformed(
            "The event needs an action, which is register, update or remove, and a user_id.",
        )
    })?;
    match request {
        Request::Register(account) => {
            let (user, claim, request) = account.read(region)?;
            keeps_its_id(store, &user, request.patch.given_id).await?;
            Ok(own_user(&sign_up(store, clock, &user, claim, &request.patch).await?))
        }
        Request::Update(account) => {
            let (user, claim, request) = account.read(region)?;
            let id = own_id(store, &user).await?;
            keeps_its_id(store, &user, request.patch.given_id).await?;
            Ok(own_user(&update_account(store, clock, &user, id, claim, &request.patch).await?))
        }
        Request::Remove { user_id } => {
            remove_account(store, endpoints, clock, &user_id).await?;
            Ok(json!({}))
        }
    }
}

/// Fails if a user who has signed up is to get another id than they have.
async fn keeps_its_id<S: UsersStore>(
    store: &S,
    user: &UserId,
    given: Option<PublicId>,
) -> Result<(), ApiError> {
    let Some(given) = given else { return Ok(()) };
    match own_id(store, user).await {
        Ok(own) if own != given => {
            Err(ApiError::unacceptable("id", "can't be changed: the user has another one"))
        }
        Ok(_) | Err(AccountError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_gateway_writes_a_request_context() {
        for (event, http) in [
            (json!({"requestContext": {"http": {"method": "POST"}}, "body": "{}"}), true),
            (json!({"requestContext": {}, "action": "remove", "user_id": "alice"}), true),
            (json!({"requestContext": null, "action": "remove", "user_id": "alice"}), true),
            (json!({"action": "remove", "user_id": "alice"}), false),
            (json!({"body": "{\"requestContext\":{}}"}), false),
            (json!([]), false),
        ] {
            assert_eq!(is_http(&event), http, "{event}");
        }
    }

    #[test]
    fn a_direct_event_is_read_or_refused() {
        for (event, readable) in [
            (json!({"action": "register", "user_id": "alice"}), true),
            (
                json!({"action": "update", "user_id": "alice", "phone": "+16505550123", "user": {"login": "a"}}),
                true,
            ),
            (json!({"action": "remove", "user_id": "alice"}), true),
            (json!({"action": "remove", "user_id": "alice", "phone": "+16505550123"}), false),
            (json!({"action": "register", "user_id": ""}), false),
            (json!({"action": "register", "userId": "alice"}), false),
            (json!({"action": "promote", "user_id": "alice"}), false),
            (json!({"user_id": "alice"}), false),
            (json!({"body": "{}"}), false),
        ] {
            assert_eq!(
                serde_json::from_value::<Request>(event.clone()).is_ok(),
                readable,
                "{event}"
            );
        }
    }
}
