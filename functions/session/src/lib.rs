//! `/session` and `/login`: people sign in, with a token of an identity provider or with what the
//! app's own identity server knows, and are signed up on the fly. `POST /users` too, since in an
//! application session it comes with such credentials.

mod application;
mod fetch;
mod identity;
mod identity_server;
mod keys;
mod settings;
mod tokens;

use api::{
    ApiError, Call, Credentials, Endpoint, Login, Reply, SessionRequest, UserRequest, own_user,
    session_json,
};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda::metrics::{Metric, Metrics};
use model::{Clock, Profile, Session, SessionUser};
use numbering::Phone;
use protocol::{AccountError, PhoneClaim, ProfilePatch, SignUpStore, sign_up_within};
use store::{Outcome, SessionStore};

pub use application::Application;
pub use fetch::Fetch;
pub use identity::{ClaimRules, Identity, Passwords, SignInError};
pub use identity_server::IdentityServer;
pub use keys::KeysAt;
pub use settings::of_environment;
pub use tokens::{Issuer, Trust, TrustedIssuers};

const NO_SUCH_SESSION: &str = "There is no such session.";

/// What a deployment decides about sessions.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it decides about users.
    pub users: users::Settings,
    /// How long a session lasts, in milliseconds.
    pub session_ms: u64,
    pub application: Application,
}

/// Who knows the people who sign in.
#[derive(Debug)]
pub struct Providers<C, P> {
    pub issuers: TrustedIssuers<C>,
    pub passwords: P,
}

/// How a request to sign in ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignInReport {
    pub signed_in: usize,
    pub refused: usize,
}

impl Metrics for SignInReport {
    fn metrics(&self) -> Vec<Metric> {
        let Self { signed_in, refused } = *self;
        vec![("SignIns", "Count", signed_in as u64), ("SignInsRefused", "Count", refused as u64)]
    }
}

/// Answers one request.
pub async fn handle<S, C, K, P>(
    store: &S,
    clock: &C,
    settings: &Settings,
    providers: &Providers<K, P>,
    event: ApiGatewayV2httpRequest,
) -> (ApiGatewayV2httpResponse, SignInReport)
where
    S: SignUpStore + SessionStore,
    C: Clock,
    K: Clock,
    P: Passwords,
{
    let call = Call::new(event);
    let mut report = SignInReport::default();
    let serving = async {
        let handler = Handler { store, clock, settings, providers, call: &call };
        handler.serve(&mut report).await
    };
    (call.answer(serving).await, report)
}

struct Handler<'a, S, C, K, P> {
    store: &'a S,
    clock: &'a C,
    settings: &'a Settings,
    providers: &'a Providers<K, P>,
    call: &'a Call,
}

impl<S, C, K, P> Handler<'_, S, C, K, P>
where
    S: SignUpStore + SessionStore,
    C: Clock,
    K: Clock,
    P: Passwords,
{
    async fn serve(&self, report: &mut SignInReport) -> Result<Reply, ApiError> {
        match self.call.endpoint()? {
            (Endpoint::BeginSession, _) => self.begin(report).await,
            (Endpoint::SignIn, _) => self.sign_in(report).await,
            (Endpoint::SignUp, _) => self.sign_up(report).await,
            (Endpoint::ReadSession, _) => {
                let (session, token) = self.call.session(self.store).await?;
                Ok(Reply::ok(&session_json(&session, token)))
            }
            (Endpoint::EndSession, id) => {
                // It may be ended already: an app that signs out and then ends its session does both.
                let (session, _) = self.call.own_session(self.store)?;
                if !id.is_empty() && id.parse() != Ok(session.id.number()) {
                    return Err(ApiError::not_found(NO_SUCH_SESSION));
                }
                self.store.end_session(&session).await?;
                Ok(Reply::empty())
            }
            (Endpoint::SignOut, _) => self.sign_out().await,
            _ => Err(ApiError::no_route()),
        }
    }

    /// Begins a session. Whatever token the request comes with doesn't count: the SDKs still send
    /// the one that has expired.
    async fn begin(&self, report: &mut SignInReport) -> Result<Reply, ApiError> {
        let request = SessionRequest::read(self.call.fields()?)?;
        if !self.settings.application.has_sent(&request.fields) {
            report.refused += 1;
            return Err(ApiError::refused());
        }
        let signed_in = match &request.credentials {
            Some(credentials) => {
                let identity = self.identity(credentials, report).await?;
                Some(self.known(identity, report).await?)
            }
            None => None,
        };
        let (profile, user) = signed_in.unzip();
        let began_ms = self.clock.now_ms();
        let session = Session {
            id: self.store.new_session_id(),
            application: request.application,
            user,
            began_ms,
            until_ms: began_ms + self.settings.session_ms,
        };
        let token = self.store.session_token(&session).ok_or_else(ApiError::no_keys)?;
        self.call.belongs_to(&session);
        Ok(Reply::created(&request.answer(&session, &token, profile.as_ref())))
    }

    /// Signs somebody in within a session. An application session becomes theirs.
    async fn sign_in(&self, report: &mut SignInReport) -> Result<Reply, ApiError> {
        let (session, token) = self.call.session(self.store).await?;
        let request = SessionRequest::read(self.call.fields()?)?;
        let credentials = request.credentials.ok_or_else(ApiError::nobody_named)?;
        let identity = self.identity(&credentials, report).await?;
        // If the token itself says whose it is, nobody else is signed up by it.
        let own = self.store.open_session(token).and_then(|opened| opened.user);
        if own.as_ref().is_some_and(|own| own.user != identity.user) {
            return Err(ApiError::session_of_another());
        }
        let (profile, user) = self.known(identity, report).await?;
        if own.is_none()
            && self.store.bind_session(&session, Some(&user)).await? == Outcome::Conflict
        {
            return Err(ApiError::no_session());
        }
        Ok(Reply::accepted(&own_user(&profile)))
    }

    /// Signs the user of a session out. What was an application session is one again, and any other
    /// ends.
    async fn sign_out(&self) -> Result<Reply, ApiError> {
        let (session, _) = self.call.own_session(self.store)?;
        if session.user.is_some() {
            self.store.end_session(&session).await?;
        } else {
            // A conflict means that it was ended.
            let _ = self.store.bind_session(&session, None).await?;
        }
        Ok(Reply::empty())
    }

    /// Signs somebody up. In an application session the body says who they are, by a login and a
    /// password.
    async fn sign_up(&self, report: &mut SignInReport) -> Result<Reply, ApiError> {
        let users = &self.settings.users;
        if !self.call.is_of_application(self.store).await? {
            return users::sign_up(self.store, self.clock, users, self.call).await;
        }
        let fields = self.call.fields()?;
        let request = SessionRequest::read(fields.clone())?;
        let credentials = request.credentials.ok_or_else(ApiError::nobody_named)?;
        let identity = self.identity(&credentials, report).await?;
        let caller = identity.caller();
        let request = UserRequest::read(&fields, &caller.home(users.default_region))?;
        let claim = caller.dated(request.phone_claim(caller.phone, users.trust_body_phone)?);
        let patch = ProfilePatch { given_id: identity.given_id, ..request.patch };
        let (user, limit) = (&caller.user, &users.holder_changes);
        let profile = sign_up_within(self.store, self.clock, limit, user, claim, &patch).await?;
        Ok(Reply::created(&own_user(&profile)))
    }

    /// Returns the user of an identity, signed up if they weren't.
    async fn known(
        &self,
        identity: Identity,
        report: &mut SignInReport,
    ) -> Result<(Profile, SessionUser), ApiError> {
        let (profile, proven) = self.signed_up(&identity).await?;
        let subject = self.store.subject(&identity.user).await?;
        report.signed_in += 1;
        let (id, generation) = (profile.id, subject.generation);
        Ok((profile, SessionUser { user: identity.user, id, generation, proven }))
    }

    /// Returns whom the credentials name.
    async fn identity(
        &self,
        credentials: &Credentials,
        report: &mut SignInReport,
    ) -> Result<Identity, ApiError> {
        let Providers { issuers, passwords } = self.providers;
        let identity = match credentials {
            Credentials::Token { token, audience } => {
                issuers.check(token, audience.as_deref()).await
            }
            Credentials::Password { login: Login::Name(token), .. }
                if issuers.may_be_token(token) =>
            {
                issuers.check(token, None).await
            }
            Credentials::Password { login, password } => {
                let identity = passwords.check(login, password).await;
                // Whatever that server lets people call themselves, it isn't another issuer's user.
                identity.and_then(|identity| match issuers.have_qualified(identity.user.as_str()) {
                    true => Err(SignInError::Refused),
                    false => Ok(identity),
                })
            }
        };
        if matches!(identity, Err(SignInError::Refused)) {
            report.refused += 1;
        }
        Ok(identity?)
    }

    /// Signs up whom a provider knows, or finds them signed up. Returns also their proof of a phone.
    /// It is void if somebody else has registered the phone since.
    async fn signed_up(
        &self,
        identity: &Identity,
    ) -> Result<(Profile, Option<(Phone, u64)>), ApiError> {
        let Self { store, clock, settings, .. } = *self;
        let Identity { user, proven, given_id } = identity;
        let patch = ProfilePatch { given_id: *given_id, ..ProfilePatch::default() };
        let limit = &settings.users.holder_changes;
        if let Some((phone, at_ms)) = *proven {
            let claim = PhoneClaim::ProvenAt(phone, at_ms);
            match sign_up_within(store, clock, limit, user, claim, &patch).await {
                Err(AccountError::PhoneTaken) => {}
                signed_up => return Ok((signed_up?, *proven)),
            }
        }
        let claim = PhoneClaim::None;
        Ok((sign_up_within(store, clock, limit, user, claim, &patch).await?, None))
    }
}
