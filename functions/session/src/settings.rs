//! What a deployment decides, read from the environment.

use lambda::Boot;
use lambda::config::{ConfigError, SignIn};
use model::SystemClock;

use crate::{
    Application, ClaimRules, Fetch, IdentityServer, Issuer, KeysAt, Providers, Settings, Trust,
    TrustedIssuers,
};

/// Returns the settings of a deployment, and who knows its people.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn of_environment(
    boot: &Boot,
) -> Result<(Settings, Providers<SystemClock, Option<IdentityServer>>), ConfigError> {
    let SignIn { issuers, identity_server, session_ms } = boot.sign_in()?;
    let (auth_key, auth_secret) = boot.application();
    let users = users::Settings {
        default_region: boot.home_region()?,
        trust_body_phone: boot.trust_body_phone()?,
        issuers: boot.issuers(),
        holder_changes: boot.limits()?.holder_changes,
        public_id_claim: boot.public_id_claim(),
    };
    let rules = ClaimRules::from(&users);
    let issuers = issuers.into_iter().map(|(name, audiences)| Issuer {
        name,
        audiences,
        trust: Trust::Signature(KeysAt::Discovered),
    });
    let fetch = Fetch::default();
    let server = |url| IdentityServer::new(url, rules.clone(), fetch.clone());
    let passwords = identity_server.map(server);
    let issuers = TrustedIssuers::new(issuers.collect(), rules.clone(), fetch.clone(), SystemClock);
    let application = Application { auth_key, auth_secret };
    Ok((Settings { users, session_ms, application }, Providers { issuers, passwords }))
}
